package store_test

import (
	"strings"
	"testing"

	"antechamber/api"
	"antechamber/store"
)

// Each write records its effects; a write that changes nothing records none.
func TestEffects(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("jane", "user"), user("john", "user")},
		Workspaces: []api.Workspace{workspace("lab")},
		Members:    []store.Member{member("wrkspc_lab", "user_jane", "workspace_user")},
		APIKeys:    []store.APIKey{key("a", "wrkspc_lab", "active")},
	})
	var got []string
	w := o.Recording(func(effects []store.Effect) {
		for _, e := range effects {
			got = append(got, strings.TrimSpace(e.Type+" "+e.ID+" "+e.WorkspaceID))
		}
	})
	for _, step := range []struct {
		write func() error
		want  []string
	}{
		{func() error { _, err := w.UpdateOrganizationMember("user_jane", "developer", nil); return err }, []string{"user.updated user_jane"}},
		{func() error { _, err := w.UpdateOrganizationMember("user_jane", "developer", nil); return err }, nil},
		{func() error {
			_, err := w.UpdateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Name: new("Lab")}, nil)
			return err
		}, []string{"workspace.updated wrkspc_lab"}},
		{func() error {
			_, err := w.UpdateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Name: new("Lab")}, nil)
			return err
		}, nil},
		{func() error {
			_, err := w.UpdateWorkspaceMember("wrkspc_lab", "user_jane", "workspace_admin", nil)
			return err
		}, []string{"workspace_member.updated user_jane wrkspc_lab"}},
		{func() error {
			_, err := w.UpdateWorkspaceMember("wrkspc_lab", "user_jane", "workspace_admin", nil)
			return err
		}, nil},
		{func() error {
			_, err := w.AddWorkspaceMember("wrkspc_lab", store.NewWorkspaceMember{UserID: "user_john", WorkspaceRole: "workspace_user"}, nil)
			return err
		}, []string{"workspace_member.added user_john wrkspc_lab"}},
		{func() error { _, err := w.RemoveOrganizationMember("user_john"); return err }, []string{"workspace_member.removed user_john wrkspc_lab", "user.removed user_john"}},
		{func() error {
			_, err := w.UpdateAPIKey("apikey_a", store.APIKeyUpdate{Name: new("A")}, nil)
			return err
		}, []string{"api_key.updated apikey_a"}},
		{func() error { _, err := w.UpdateAPIKey("apikey_a", store.APIKeyUpdate{}, nil); return err }, nil},
		{func() error { _, err := w.ArchiveWorkspace("wrkspc_lab"); return err }, []string{"workspace.archived wrkspc_lab", "api_key.archived apikey_a"}},
		{func() error { _, err := w.ArchiveWorkspace("wrkspc_lab"); return err }, nil},
	} {
		got = nil
		if err := step.write(); err != nil {
			t.Fatal(err)
		}
		diff(t, "effects", step.want, got)
	}
}
