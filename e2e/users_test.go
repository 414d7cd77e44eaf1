package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

func usersJourney(t *testing.T, s *server, c admin) {
	ctx := t.Context()

	// The filter by email ignores case.
	tomas := userByEmail(t, c, "Tomas.HERRERA@example.com")
	want := user{
		ID: tomas.ID, Type: "user", Email: "tomas.herrera@example.com", Name: "Tomás Herrera", Role: "developer",
		AddedAt: ago(t, 718, 2*time.Hour+31*time.Minute),
	}
	equal(t, "user in a list", want, tomas)
	got, err := c.GetOrganizationMember(ctx, tomas.ID)
	noError(t, "user", err)
	equal(t, "user", want, got)

	everyone, err := c.AllOrganizationMembers(ctx, anthropic.OrganizationUserListParams{})
	noError(t, "all users", err)
	equal(t, "number of users", 48, len(everyone))
	if !slices.IsSortedFunc(everyone, func(a, b user) int { return b.AddedAt.Compare(a.AddedAt) }) {
		t.Error("users are not listed newest first")
	}
	privileged, err := c.AllOrganizationMembers(ctx, anthropic.OrganizationUserListParams{
		Roles: []string{"admin", "billing"}, Limit: param.NewOpt[int64](2),
	})
	noError(t, "admins and billing users", err)
	equal(t, "admins and billing users", []string{
		"miriam.goldstein@example.com", "rosa.delgado@example.com", "priya.raghunathan@example.com",
		"marcus.adeyemi@example.com", "ingrid.solheim@example.com",
	}, emails(privileged))

	// A billing user inherits a role in every workspace, until the role changes.
	engineering, fleet, marketing := workspaceByName(t, c, "Engineering"), workspaceByName(t, c, "Fleet Operations"), workspaceByName(t, c, "Marketing")
	wantRoles := func(when string, want ...string) {
		t.Helper()
		var roles []string
		for _, w := range []workspace{engineering, fleet, marketing} {
			m, err := c.GetWorkspaceMember(ctx, w.ID, tomas.ID)
			if err != nil {
				wantRefusal(t, "member", err, notFound("Workspace member", tomas.ID))
			}
			roles = append(roles, m.WorkspaceRole)
		}
		equal(t, "roles in workspaces "+when, want, roles)
	}
	wantRoles("of a developer", "workspace_admin", "workspace_developer", "")
	want.Role = "billing"
	for range 2 { // the second time changes nothing
		got, err = c.UpdateOrganizationMember(ctx, tomas.ID, "billing")
		noError(t, "update", err)
		equal(t, "updated user", want, got)
	}
	equal(t, "updated user, read back", want, userByEmail(t, c, want.Email))
	wantRoles("of a billing user", "workspace_admin", "workspace_billing", "workspace_billing")
	want.Role = "claude_code_user"
	got, err = c.UpdateOrganizationMember(ctx, tomas.ID, "claude_code_user")
	noError(t, "update", err)
	equal(t, "user after another update", want, got)
	wantRoles("of a Claude Code user", "workspace_admin", "workspace_developer", "")

	_, err = c.UpdateOrganizationMember(ctx, tomas.ID, "admin")
	wantRefusal(t, "promoting to admin", err, badRequest("role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"))
	ingrid := userByEmail(t, c, "ingrid.solheim@example.com")
	_, err = c.UpdateOrganizationMember(ctx, ingrid.ID, "user")
	wantRefusal(t, "demoting an admin", err, badRequest("User `"+ingrid.ID+"` …"))
	_, err = c.RemoveOrganizationMember(ctx, ingrid.ID)
	wantRefusal(t, "removing an admin", err, badRequest("User `"+ingrid.ID+"` …"))

	// Removing a user removes memberships, and leaves the API keys.
	yuki, staging := userByEmail(t, c, "yuki.tanaka@example.com"), keyByName(t, c, "Staging")
	equal(t, "creator of the key", yuki.ID, staging.CreatedByID)
	removed, err := c.RemoveOrganizationMember(ctx, yuki.ID)
	noError(t, "remove", err)
	equal(t, "removed user", deleted{yuki.ID, "user_deleted"}, removed)
	_, err = c.GetOrganizationMember(ctx, yuki.ID)
	wantRefusal(t, "removed user", err, notFound("User", yuki.ID))
	_, err = c.UpdateOrganizationMember(ctx, yuki.ID, "user")
	wantRefusal(t, "updating a removed user", err, notFound("User", yuki.ID))
	_, err = c.RemoveOrganizationMember(ctx, yuki.ID)
	wantRefusal(t, "removing a removed user", err, notFound("User", yuki.ID))
	_, err = c.GetWorkspaceMember(ctx, engineering.ID, yuki.ID)
	wantRefusal(t, "membership of a removed user", err, notFound("Workspace member", yuki.ID))
	members, err := c.AllWorkspaceMembers(ctx, engineering.ID, anthropic.OrganizationWorkspaceMemberListParams{})
	noError(t, "members", err)
	equal(t, "number of remaining members", 29, len(members))
	if slices.ContainsFunc(members, func(m member) bool { return m.UserID == yuki.ID }) {
		t.Error("a removed user is still listed as a member")
	}
	equal(t, "key of a removed user", staging, keyByName(t, c, "Staging"))
	kept, err := c.AllAPIKeys(ctx, anthropic.OrganizationAPIKeyListParams{CreatedByUserID: param.NewOpt(yuki.ID)})
	noError(t, "keys of a removed user", err)
	equal(t, "keys of a removed user", []apiKey{staging}, kept)
	rest, err := c.AllOrganizationMembers(ctx, anthropic.OrganizationUserListParams{})
	noError(t, "all users", err)
	equal(t, "remaining users", slices.DeleteFunc(emails(everyone), func(e string) bool { return e == yuki.Email }), emails(rest))
	older, err := c.ListOrganizationMembers(ctx, anthropic.OrganizationUserListParams{AfterID: param.NewOpt(yuki.ID)})
	noError(t, "page after a removed user", err)
	equal(t, "page after a removed user", []string{
		"tomas.herrera@example.com", "priya.raghunathan@example.com", "marcus.adeyemi@example.com", "ingrid.solheim@example.com",
	}, emails(older.Data))

	raw := s.raw(t, http.MethodGet, "/v1/organizations/users/"+ingrid.ID, "")
	equal(t, "raw user", `{"id":"`+ingrid.ID+`","type":"user","email":"ingrid.solheim@example.com","name":"Ingrid Solheim",`+
		`"role":"admin","added_at":"2024-03-02T06:48:00.000000Z"}`, raw.Body)
}

func emails(users []user) []string {
	var out []string
	for _, u := range users {
		out = append(out, u.Email)
	}
	return out
}
