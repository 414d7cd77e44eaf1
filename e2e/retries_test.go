package e2e

import (
	"net/http"
	"slices"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// TestRetries checks which errors the SDK retries.
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, plan string
		want       []int // the status of each attempt
	}{
		{"429, then 500", "429;retry-after-ms=1 500;retry-after=0.001", []int{429, 500, 200}},
		{"529, then 409", "529;retry-after-ms=1 409;retry-after-ms=1", []int{529, 409, 200}},
		{"three times 503", "503;retry-after-ms=1 503;retry-after-ms=1 503;retry-after-ms=1", []int{503, 503, 503}},
		{"500 with x-should-retry=false", "500;x-should-retry=false", []int{500}},
		{"400 with x-should-retry=true", "400;x-should-retry=true;retry-after-ms=1", []int{400, 200}},
		{"400", "400", []int{400}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, start(t, "--seed", "empty"))
			org := newClientOf(t, p, option.WithHeader(headerPlan, c.plan))
			made, err := org.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "Patience"})
			equal(t, "attempts", c.want, p.attempts(http.MethodPost, "/v1/organizations/workspaces"))
			if last := c.want[len(c.want)-1]; last != http.StatusOK {
				if got := refusalOf(t, err); got.Status != last {
					t.Errorf("status %d, want %d", got.Status, last)
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

// TestLostResponses drops the connection after a write has succeeded, so that the
// SDK repeats it.
func TestLostResponses(t *testing.T) {
	t.Parallel()
	p := newProxy(t, start(t, "--seed", "demo"))
	ctx := t.Context()
	c := production{*newClientOf(t, p)}
	dropping := production{*newClientOf(t, p, option.WithHeader(headerPlan, "drop-after-commit"))}

	run := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
	run("dropped before the write", func(t *testing.T) {
		refusing := production{*newClientOf(t, p, option.WithHeader(headerPlan, "drop"))}
		_, err := refusing.CreateOrganizationInvite(ctx, "unlucky@example.com", "user")
		noError(t, "create", err)
		equal(t, "invites", 1, len(invitesTo(t, c, "unlucky@example.com")))
	})
	run("create invite", func(t *testing.T) {
		_, err := dropping.CreateOrganizationInvite(ctx, "lost@example.com", "user")
		invites := invitesTo(t, c, "lost@example.com")
		equal(t, "invites", 1, len(invites))
		wantRefusal(t, "the retry", err, coded("invite_already_exists", "email: Invite `"+invites[0].ID+"` …"))
	})
	run("delete invite", func(t *testing.T) {
		made, err := c.CreateOrganizationInvite(ctx, "taken.back@example.com", "user")
		noError(t, "create", err)
		_, err = dropping.DeleteOrganizationInvite(ctx, made.ID)
		wantRefusal(t, "the retry", err, badRequest("Invite `"+made.ID+"` is deleted: …"))
	})
	run("remove user", func(t *testing.T) {
		u := userByEmail(t, c, "owen.gallagher@example.com")
		_, err := dropping.RemoveOrganizationMember(ctx, u.ID)
		wantRefusal(t, "the retry", err, notFound("User", u.ID))
		equal(t, "attempts", []int{0, 404}, p.attempts(http.MethodDelete, "/v1/organizations/users/"+u.ID))
	})
	run("update user", func(t *testing.T) {
		u := userByEmail(t, c, "emma.fitzgerald@example.com")
		got, err := dropping.UpdateOrganizationMember(ctx, u.ID, "developer")
		noError(t, "the retry", err)
		equal(t, "role", "developer", got.Role)
	})
	run("create workspace", func(t *testing.T) {
		_, err := dropping.CreateWorkspace(ctx, workspaceParams{Name: "Twins"})
		noError(t, "the retry", err)
		found, err := c.AllWorkspaces(ctx, anthropic.OrganizationWorkspaceListParams{})
		noError(t, "list", err)
		found = slices.DeleteFunc(found, func(w workspace) bool { return w.Name != "Twins" })
		equal(t, "workspaces with the name", 2, len(found))
	})
	run("archive workspace", func(t *testing.T) {
		w := workspaceByName(t, c, "Sandbox")
		got, err := dropping.ArchiveWorkspace(ctx, w.ID)
		noError(t, "the retry", err)
		// The clock runs between the attempts, and archived_at does not change.
		attempts := p.exchangesOf(http.MethodPost, "/v1/organizations/workspaces/"+w.ID+"/archive")
		equal(t, "number of attempts", 2, len(attempts))
		equal(t, "responses of both attempts", attempts[0].Body, attempts[1].Body)
		equal(t, "workspace, read back", got, workspaceByName(t, c, "Sandbox"))
	})
	run("add workspace member", func(t *testing.T) {
		w, u := workspaceByName(t, c, "Marketing"), userByEmail(t, c, "sofia.marchetti@example.com")
		_, err := dropping.AddWorkspaceMember(ctx, w.ID, u.ID, "workspace_user")
		wantRefusal(t, "the retry", err, badRequest("User `"+u.ID+"` is a member of Workspace `"+w.ID+"` already."))
	})
	run("remove workspace member", func(t *testing.T) {
		w, u := workspaceByName(t, c, "Marketing"), userByEmail(t, c, "camille.laurent@example.com")
		_, err := dropping.RemoveWorkspaceMember(ctx, w.ID, u.ID)
		wantRefusal(t, "the retry", err, notFound("Workspace member", u.ID))
	})
	run("archive key", func(t *testing.T) {
		k := keyByName(t, c, "Newsletter")
		got, err := dropping.UpdateAPIKey(ctx, k.ID, apiKeyParams{Status: "archived"})
		noError(t, "the retry", err)
		equal(t, "status", "archived", got.Status)
	})
	run("read", func(t *testing.T) {
		_, err := dropping.GetCurrentOrganization(ctx)
		noError(t, "the retry", err)
	})
}
