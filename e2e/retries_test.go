package e2e

import (
	"net/http"
	"slices"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// TestRetries lets the SDK meet refusals that pass.
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, plan string
		want       []int // what the SDK was answered, try by try
	}{
		{"429, then 500", "429;retry-after-ms=1 500;retry-after=0.001", []int{429, 500, 200}},
		{"529, then 409", "529;retry-after-ms=1 409;retry-after-ms=1", []int{529, 409, 200}},
		{"three times 503", "503;retry-after-ms=1 503;retry-after-ms=1 503;retry-after-ms=1", []int{503, 503, 503}},
		{"500 that is final", "500;x-should-retry=false", []int{500}},
		{"400 that is not", "400;x-should-retry=true;retry-after-ms=1", []int{400, 200}},
		{"400", "400", []int{400}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, start(t, "--seed", "empty"))
			org := newClientOf(t, p, option.WithHeader(headerPlan, c.plan))
			made, err := org.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "Patience"})
			equal(t, "tries", c.want, p.tries(http.MethodPost, "/v1/organizations/workspaces"))
			if last := c.want[len(c.want)-1]; last != http.StatusOK {
				if got := refusalOf(t, err); got.Status != last {
					t.Errorf("the SDK says %d, want %d", got.Status, last)
				}
				return
			}
			noError(t, "create", err)
			found, err := newClientOf(t, p).Workspaces.List(t.Context(), anthropic.OrganizationWorkspaceListParams{})
			noError(t, "list", err)
			equal(t, "workspaces", 1, len(found.Data))
			equal(t, "workspace", made.RawJSON(), found.Data[0].RawJSON())
		})
	}
}

// TestLostAnswers drops the connection when the work is done: the SDK tries
// again, and meets the consequences.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	p := newProxy(t, start(t, "--seed", "demo"))
	ctx := t.Context()
	c := production{*newClientOf(t, p)}
	forgetful := production{*newClientOf(t, p, option.WithHeader(headerPlan, "drop-after-commit"))}

	run := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
	run("never sent", func(t *testing.T) {
		unlucky := production{*newClientOf(t, p, option.WithHeader(headerPlan, "drop"))}
		_, err := unlucky.CreateOrganizationInvite(ctx, "unlucky@example.com", "user")
		noError(t, "create", err)
		equal(t, "invites", 1, len(invitesTo(t, c, "unlucky@example.com")))
	})
	run("create invite", func(t *testing.T) {
		_, err := forgetful.CreateOrganizationInvite(ctx, "lost@example.com", "user")
		invites := invitesTo(t, c, "lost@example.com")
		equal(t, "invites", 1, len(invites))
		wantRefusal(t, "the second try", err, coded("invite_already_exists", "email: Invite `"+invites[0].ID+"` …"))
	})
	run("delete invite", func(t *testing.T) {
		made, err := c.CreateOrganizationInvite(ctx, "taken.back@example.com", "user")
		noError(t, "create", err)
		_, err = forgetful.DeleteOrganizationInvite(ctx, made.ID)
		wantRefusal(t, "the second try", err, notFound("Invite", made.ID))
	})
	run("remove user", func(t *testing.T) {
		u := userByEmail(t, c, "owen.gallagher@example.com")
		_, err := forgetful.RemoveOrganizationMember(ctx, u.ID)
		wantRefusal(t, "the second try", err, notFound("User", u.ID))
		equal(t, "tries", []int{0, 404}, p.tries(http.MethodDelete, "/v1/organizations/users/"+u.ID))
	})
	run("update user", func(t *testing.T) {
		u := userByEmail(t, c, "emma.fitzgerald@example.com")
		got, err := forgetful.UpdateOrganizationMember(ctx, u.ID, "developer")
		noError(t, "the second try", err)
		equal(t, "role", "developer", got.Role)
	})
	run("create workspace", func(t *testing.T) {
		_, err := forgetful.CreateWorkspace(ctx, workspaceParams{Name: "Twins"})
		noError(t, "the second try", err)
		found, err := c.AllWorkspaces(ctx, anthropic.OrganizationWorkspaceListParams{})
		noError(t, "list", err)
		found = slices.DeleteFunc(found, func(w workspace) bool { return w.Name != "Twins" })
		equal(t, "workspaces of the name", 2, len(found))
	})
	run("archive workspace", func(t *testing.T) {
		w := workspaceByName(t, c, "Sandbox")
		got, err := forgetful.ArchiveWorkspace(ctx, w.ID)
		noError(t, "the second try", err)
		// The clock runs on between the tries, archived_at does not.
		tries := p.exchangesOf(http.MethodPost, "/v1/organizations/workspaces/"+w.ID+"/archive")
		equal(t, "number of tries", 2, len(tries))
		equal(t, "answers of the first and the second try", tries[0].Body, tries[1].Body)
		equal(t, "workspace that is read", got, workspaceByName(t, c, "Sandbox"))
	})
	run("add workspace member", func(t *testing.T) {
		w, u := workspaceByName(t, c, "Marketing"), userByEmail(t, c, "sofia.marchetti@example.com")
		_, err := forgetful.AddWorkspaceMember(ctx, w.ID, u.ID, "workspace_user")
		wantRefusal(t, "the second try", err, badRequest("User `"+u.ID+"` is a member of Workspace `"+w.ID+"` already."))
	})
	run("remove workspace member", func(t *testing.T) {
		w, u := workspaceByName(t, c, "Marketing"), userByEmail(t, c, "camille.laurent@example.com")
		_, err := forgetful.RemoveWorkspaceMember(ctx, w.ID, u.ID)
		wantRefusal(t, "the second try", err, notFound("Workspace member", u.ID))
	})
	run("archive key", func(t *testing.T) {
		k := keyByName(t, c, "Newsletter")
		got, err := forgetful.UpdateAPIKey(ctx, k.ID, apiKeyParams{Status: "archived"})
		noError(t, "the second try", err)
		equal(t, "status", "archived", got.Status)
	})
	run("read", func(t *testing.T) {
		_, err := forgetful.GetCurrentOrganization(ctx)
		noError(t, "the second try", err)
	})
}
