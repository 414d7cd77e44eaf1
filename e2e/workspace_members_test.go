package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
)

func workspaceMembersJourney(t *testing.T, s *server, c admin) {
	ctx := t.Context()
	w, err := c.CreateWorkspace(ctx, workspaceParams{Name: "Night shift"})
	noError(t, "create workspace", err)
	ingrid, priya := userByEmail(t, c, "ingrid.solheim@example.com"), userByEmail(t, c, "priya.raghunathan@example.com")
	sofia := userByEmail(t, c, "sofia.marchetti@example.com")
	// wantMembers compares the list, which is in the order of the users.
	wantMembers := func(when string, want ...string) {
		t.Helper()
		members, err := c.AllWorkspaceMembers(ctx, w.ID, anthropic.OrganizationWorkspaceMemberListParams{})
		noError(t, "members", err)
		var got []string
		for _, m := range members {
			u, err := c.GetOrganizationMember(ctx, m.UserID)
			noError(t, "user of a member", err)
			name, _, _ := strings.Cut(u.Email, ".")
			got = append(got, name+" "+m.WorkspaceRole)
		}
		equal(t, "members "+when, want, got)
	}

	wantMembers("by inheritance", "miriam workspace_admin", "rosa workspace_billing", "priya workspace_billing",
		"marcus workspace_admin", "ingrid workspace_admin")
	want := member{"workspace_member", sofia.ID, w.ID, "workspace_user"}
	got, err := c.AddWorkspaceMember(ctx, w.ID, sofia.ID, "workspace_user")
	noError(t, "add", err)
	equal(t, "member", want, got)
	got, err = c.GetWorkspaceMember(ctx, w.ID, sofia.ID)
	noError(t, "get", err)
	equal(t, "member, read back", want, got)
	wantMembers("with an added one", "miriam workspace_admin", "rosa workspace_billing", "sofia workspace_user",
		"priya workspace_billing", "marcus workspace_admin", "ingrid workspace_admin")
	raw := s.raw(t, http.MethodGet, "/v1/organizations/workspaces/"+w.ID+"/members/"+sofia.ID, "")
	equal(t, "raw member", `{"type":"workspace_member","user_id":"`+sofia.ID+`","workspace_id":"`+w.ID+`","workspace_role":"workspace_user"}`, raw.Body)

	for _, role := range []string{"workspace_developer", "workspace_restricted_developer", "workspace_admin", "workspace_user"} {
		want.WorkspaceRole = role
		got, err = c.UpdateWorkspaceMember(ctx, w.ID, sofia.ID, role)
		noError(t, "update", err)
		equal(t, "updated member", want, got)
	}

	_, err = c.AddWorkspaceMember(ctx, w.ID, sofia.ID, "workspace_developer")
	wantRefusal(t, "adding twice", err, badRequest("User `"+sofia.ID+"` …"))
	_, err = c.AddWorkspaceMember(ctx, w.ID, "user_nobody", "workspace_user")
	wantRefusal(t, "adding an unknown user", err, notFound("User", "user_nobody"))
	_, err = c.AddWorkspaceMember(ctx, "wrkspc_nowhere", sofia.ID, "workspace_user")
	wantRefusal(t, "adding to an unknown workspace", err, notFound("Workspace", "wrkspc_nowhere"))
	_, err = c.AddWorkspaceMember(ctx, w.ID, sofia.ID, "workspace_billing")
	wantRefusal(t, "adding as billing", err, badRequest("workspace_role: Input should be …"))
	_, err = c.UpdateWorkspaceMember(ctx, w.ID, sofia.ID, "workspace_billing")
	wantRefusal(t, "changing to billing", err, badRequest("User `"+sofia.ID+"` cannot be workspace_billing: …"))

	// An inherited role cannot be changed, except to promote a billing user.
	for name, u := range map[string]user{"an admin": ingrid, "a billing user": priya} {
		_, err = c.AddWorkspaceMember(ctx, w.ID, u.ID, "workspace_user")
		wantRefusal(t, "adding "+name, err, badRequest("User `"+u.ID+"` …"))
		_, err = c.UpdateWorkspaceMember(ctx, w.ID, u.ID, "workspace_user")
		wantRefusal(t, "changing "+name, err, badRequest("User `"+u.ID+"` …"))
		_, err = c.RemoveWorkspaceMember(ctx, w.ID, u.ID)
		wantRefusal(t, "removing "+name, err, badRequest("User `"+u.ID+"` …"))
	}
	got, err = c.UpdateWorkspaceMember(ctx, w.ID, priya.ID, "workspace_admin")
	noError(t, "promoting a billing user", err)
	equal(t, "promoted billing user", member{"workspace_member", priya.ID, w.ID, "workspace_admin"}, got)

	// The way back: an update, or removing the assigned role.
	for range 2 {
		got, err = c.UpdateWorkspaceMember(ctx, w.ID, priya.ID, "workspace_billing")
		noError(t, "taking the promotion back", err)
		equal(t, "billing user", member{"workspace_member", priya.ID, w.ID, "workspace_billing"}, got)
	}
	_, err = c.UpdateWorkspaceMember(ctx, w.ID, priya.ID, "workspace_admin")
	noError(t, "promoting again", err)
	_, err = c.RemoveWorkspaceMember(ctx, w.ID, priya.ID)
	noError(t, "removing the assigned role", err)
	got, err = c.GetWorkspaceMember(ctx, w.ID, priya.ID)
	noError(t, "get", err)
	equal(t, "billing user without an assigned role", member{"workspace_member", priya.ID, w.ID, "workspace_billing"}, got)

	gone, err := c.RemoveWorkspaceMember(ctx, w.ID, sofia.ID)
	noError(t, "remove", err)
	equal(t, "removed member", member{Type: "workspace_member_deleted", UserID: sofia.ID, WorkspaceID: w.ID}, gone)
	_, err = c.GetWorkspaceMember(ctx, w.ID, sofia.ID)
	wantRefusal(t, "removed member", err, notFound("Workspace member", sofia.ID))
	_, err = c.UpdateWorkspaceMember(ctx, w.ID, sofia.ID, "workspace_user")
	wantRefusal(t, "changing a removed member", err, notFound("Workspace member", sofia.ID))
	_, err = c.RemoveWorkspaceMember(ctx, w.ID, sofia.ID)
	wantRefusal(t, "removing a removed member", err, notFound("Workspace member", sofia.ID))
	wantMembers("at the end", "miriam workspace_admin", "rosa workspace_billing", "priya workspace_billing",
		"marcus workspace_admin", "ingrid workspace_admin")
	_, err = c.AddWorkspaceMember(ctx, w.ID, sofia.ID, "workspace_user")
	noError(t, "adding again", err)
}
