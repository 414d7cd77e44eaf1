package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

func invitesJourney(t *testing.T, s *server, c admin) {
	ctx := t.Context()
	const address = "nova.lindgren@example.com"

	made, err := c.CreateOrganizationInvite(ctx, address, "developer")
	noError(t, "create", err)
	want := invite{
		ID: made.ID, Type: "invite", Email: address, Role: "developer", Status: "pending",
		InvitedAt: at(t, frozen), ExpiresAt: at(t, frozen).AddDate(0, 0, 21), RBACGroupIDs: []string{},
	}
	equal(t, "invite", want, made)
	got, err := c.GetOrganizationInvite(ctx, made.ID)
	noError(t, "get", err)
	equal(t, "invite, read back", want, got)
	equal(t, "invites to the address", []invite{want}, invitesTo(t, c, strings.ToUpper(address)))
	raw := s.raw(t, http.MethodGet, "/v1/organizations/invites/"+made.ID, "")
	equal(t, "raw invite", `{"id":"`+made.ID+`","type":"invite","email":"`+address+`","role":"developer","status":"pending",`+
		`"invited_at":"2026-03-01T12:00:00.000000Z","expires_at":"2026-03-22T12:00:00.000000Z","accepted_at":null,"rbac_group_ids":[]}`, raw.Body)

	_, err = c.CreateOrganizationInvite(ctx, strings.ToUpper(address), "user")
	if r := refusalOf(t, err); r.Status != http.StatusBadRequest || r.Code != "invite_already_exists" || !strings.Contains(r.Message, made.ID) {
		t.Errorf("inviting twice: %+v, want invite_already_exists and the id %s", r, made.ID)
	}
	ingrid := userByEmail(t, c, "ingrid.solheim@example.com")
	_, err = c.CreateOrganizationInvite(ctx, "Ingrid.Solheim@example.com", "user")
	if r := refusalOf(t, err); r.Status != http.StatusBadRequest || r.Code != "already_member" || !strings.Contains(r.Message, ingrid.ID) {
		t.Errorf("inviting a member: %+v, want already_member and the id %s", r, ingrid.ID)
	}
	_, err = c.CreateOrganizationInvite(ctx, "somebody@example.com", "admin")
	wantRefusal(t, "inviting an admin", err, badRequest("role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"))
	_, err = c.CreateOrganizationInvite(ctx, "nobody", "admin")
	wantRefusal(t, "two invalid fields", err, badRequest("email: value is not a valid email address; "+
		"role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"))

	// A deleted invite is not listed, can be read, cannot be deleted twice, and
	// does not prevent another invite.
	gone, err := c.DeleteOrganizationInvite(ctx, made.ID)
	noError(t, "delete", err)
	equal(t, "deleted invite", deleted{made.ID, "invite_deleted"}, gone)
	equal(t, "invites to the address after the deletion", nil, invitesTo(t, c, address))
	want.Status = "deleted"
	got, err = c.GetOrganizationInvite(ctx, made.ID)
	noError(t, "get", err)
	equal(t, "deleted invite, read back", want, got)
	_, err = c.DeleteOrganizationInvite(ctx, made.ID)
	wantRefusal(t, "deleting twice", err, badRequest("Invite `"+made.ID+"` is deleted: …"))
	again, err := c.CreateOrganizationInvite(ctx, address, "billing")
	noError(t, "create again", err)
	if again.ID == made.ID {
		t.Errorf("two invites have the id %s", made.ID)
	}
	_, err = c.GetOrganizationInvite(ctx, "invite_nowhere")
	wantRefusal(t, "unknown invite", err, notFound("Invite", "invite_nowhere"))

	// The demo has invites in every state.
	everything, err := c.AllOrganizationInvites(ctx, anthropic.OrganizationInviteListParams{})
	noError(t, "all invites", err)
	if !slices.IsSortedFunc(everything, func(a, b invite) int { return b.InvitedAt.Compare(a.InvitedAt) }) {
		t.Error("invites are not listed newest first")
	}
	statuses := map[string]int{}
	for _, i := range everything {
		statuses[i.Status]++
	}
	equal(t, "statuses in the list", map[string]int{"accepted": 3, "expired": 2, "pending": 5}, statuses)
	settled, err := c.AllOrganizationInvites(ctx, anthropic.OrganizationInviteListParams{
		Statuses: []string{"accepted", "expired"}, Roles: []string{"user"}, Limit: param.NewOpt[int64](1),
	})
	noError(t, "settled invites", err)
	equal(t, "settled invites with the role user", []string{
		"camille.laurent@example.com", "lena.hoffmann@example.com", "freya.jonsdottir@example.com",
	}, addresses(settled))

	lena := invitesTo(t, c, "lena.hoffmann@example.com")
	equal(t, "statuses of two invites to one address", []string{"pending", "expired"}, []string{lena[0].Status, lena[1].Status})
	_, err = c.DeleteOrganizationInvite(ctx, lena[1].ID)
	wantRefusal(t, "deleting an expired invite", err, badRequest("Invite `"+lena[1].ID+"` …"))
	freya := invitesTo(t, c, "freya.jonsdottir@example.com")[0]
	equal(t, "accepted at", ago(t, 67, 4*time.Hour+36*time.Minute), freya.AcceptedAt)
	_, err = c.DeleteOrganizationInvite(ctx, freya.ID)
	wantRefusal(t, "deleting an accepted invite", err, badRequest("Invite `"+freya.ID+"` …"))
	_, err = c.ListOrganizationInvites(ctx, anthropic.OrganizationInviteListParams{Statuses: []string{"deleted"}})
	wantRefusal(t, "listing deleted invites", err, badRequest("statuses[]: Input should be …"))
}

func invitesTo(t *testing.T, c admin, email string) []invite {
	t.Helper()
	found, err := c.ListOrganizationInvites(t.Context(), anthropic.OrganizationInviteListParams{Email: param.NewOpt(email)})
	noError(t, "invites to "+email, err)
	return found.Data
}

func addresses(invites []invite) []string {
	var out []string
	for _, i := range invites {
		out = append(out, i.Email)
	}
	return out
}
