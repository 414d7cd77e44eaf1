package store_test

import (
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

func TestAcceptInviteMakesAUser(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("new", "developer", "pending")}})
	o.real.advance(time.Hour)
	var effects []store.Effect
	u := object(o.Recording(func(e []store.Effect) { effects = append(effects, e...) }).AcceptInvite("invite_new", ""))(t)
	diff(t, "user", api.User{ID: u.ID, Type: "user", Email: "new@example.com", Name: "New", Role: "developer", AddedAt: at(time.Hour)}, u.User)
	i := object(o.GetOrganizationInvite("invite_new"))(t)
	diff(t, "status", api.InviteAccepted, i.Status)
	diff(t, "accepted_at", at(time.Hour), i.AcceptedAt)
	diff(t, "effects", []store.Effect{
		{Type: store.InviteAccepted, ID: "invite_new", At: at(time.Hour)}, {Type: store.UserAdded, ID: u.ID, At: at(time.Hour)},
	}, effects)
	if !strings.HasPrefix(u.ID, "user_") {
		t.Errorf("the id is %s", u.ID)
	}
	_, err := o.AcceptInvite("invite_new", "")
	wantRefusal(t, store.Error{Code: "invite_not_pending", Message: "accepted"}, err)
}

func TestAcceptInviteRefuses(t *testing.T) {
	c := store.Contents{
		Users:    []api.User{user("jane", "user")},
		Invites:  []api.Invite{invite("pending", "user", "pending"), invite("expired", "user", "expired"), invite("deleted", "user", "deleted")},
		Settings: settings(func(s *store.Settings) { s.MemberLimit = new(1) }),
	}
	o := open(t, c)
	before := o.Contents()
	for id, want := range map[string]store.Error{
		"invite_x":       {Kind: store.NotFound, Message: "Invite `invite_x` not found."},
		"invite_expired": {Code: "invite_not_pending", Message: "expired"},
		"invite_deleted": {Code: "invite_not_pending", Message: "deleted"},
		"invite_pending": {Code: api.OrgMemberLimitExceeded, Message: "limit"},
	} {
		_, err := o.AcceptInvite(id, "")
		wantRefusal(t, want, err)
	}
	diff(t, "contents", before, o.Contents())
}

func TestAddUserDeletesThePendingInvite(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("new", "user", "pending")}})
	u := object(o.AddUser(store.NewUser{Email: "NEW@example.com", Name: "N", Role: "admin"}))(t)
	diff(t, "role", api.RoleAdmin, u.Role)
	diff(t, "invite", api.InviteDeleted, object(o.GetOrganizationInvite("invite_new"))(t).Status)
	_, err := o.AddUser(store.NewUser{Email: "new@example.com", Role: "user"})
	wantRefusal(t, store.Error{Code: api.AlreadyMember, Message: u.ID}, err)
}

func TestCreateAPIKeyKeepsOnlyTheHint(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("jane", "user"), user("boss", "admin")},
		Workspaces: []api.Workspace{workspace("lab"), archived(workspace("old"))},
	})
	k, secret, err := o.CreateAPIKey(store.NewAPIKey{Name: "K", WorkspaceID: "wrkspc_lab", CreatedBy: "user_jane", ExpiresAt: at(day)})
	diff(t, "error", nil, err)
	diff(t, "key", api.APIKey{
		ID: k.Value.ID, Type: "api_key", Name: "K", WorkspaceID: "wrkspc_lab", CreatedAt: at(0), CreatedBy: api.Actor{ID: "user_jane", Type: "user"},
		Status: "active", PartialKeyHint: k.Value.PartialKeyHint, ExpiresAt: at(day), Scope: api.Scope{Type: "workspace", WorkspaceID: "wrkspc_lab"},
	}, k.Value.APIKey)
	front, back, _ := strings.Cut(string(k.Value.PartialKeyHint), "...")
	if !strings.HasPrefix(secret, front) || !strings.HasSuffix(secret, back) || len(secret) < 40 {
		t.Errorf("the hint %s of %s", k.Value.PartialKeyHint, secret)
	}
	other, another, _ := o.CreateAPIKey(store.NewAPIKey{Name: "K"})
	diff(t, "made by the admin, in the Default Workspace", api.Actor{ID: "user_boss", Type: "user"}, other.Value.CreatedBy)
	diff(t, "workspace_id", api.Nullable(""), other.Value.WorkspaceID)
	if another == secret {
		t.Error("two keys have one secret")
	}
	for want, in := range map[string]store.NewAPIKey{
		"Workspace `w` not found.":         {Name: "K", WorkspaceID: "w"},
		"User `u` not found.":              {Name: "K", CreatedBy: "u"},
		"Workspace `wrkspc_old` is archiv": {Name: "K", WorkspaceID: "wrkspc_old"},
		"expires_at":                       {Name: "K", ExpiresAt: at(0)},
	} {
		if _, _, err := o.CreateAPIKey(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestCreateAPIKeyWithNobodyThere(t *testing.T) {
	o := open(t, store.Contents{})
	before := o.Contents()
	_, secret, err := o.CreateAPIKey(store.NewAPIKey{Name: "K"})
	wantRefusal(t, store.Error{Code: "nobody", Message: "There is no user who could make a key."}, err)
	diff(t, "secret", "", secret)
	diff(t, "contents", before, o.Contents())
}

func TestUseAPIKey(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", theDefault, "active"), key("b", theDefault, "inactive")}})
	o.real.advance(time.Minute)
	diff(t, "last_used_at", at(time.Minute), object(o.UseAPIKey("apikey_a"))(t).LastUsedAt)
	_, err := o.UseAPIKey("apikey_b")
	wantRefusal(t, store.Error{Code: "api_key_not_active", Message: "inactive"}, err)
}

func TestOutbox(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("b", "user", "deleted"), invite("a", "admin", "accepted")}})
	got := o.Outbox()
	diff(t, "mails", []string{"b@example.com", "a@example.com"}, []string{got[0].To, got[1].To})
	diff(t, "the first", store.Mail{To: "b@example.com", SentAt: at(-time.Hour), InviteID: "invite_b", Role: "user", Status: "deleted", ExpiresAt: at(21*day - time.Hour)}, got[0])
}

// Each write tells what it changed, and one that changes nothing tells nothing.
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

func TestStaleReads(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("jane", "user")}})
	set := func(role api.OrganizationRole) { must(o.UpdateOrganizationMember("user_jane", role, nil))(t) }
	role := func(writes int) api.OrganizationRole {
		return object(o.Stale(writes).GetOrganizationMember("user_jane"))(t).Role
	}
	set("developer")
	diff(t, "without history", api.RoleDeveloper, role(1))
	o.KeepHistory(2)
	set("billing")
	set("claude_code_user")
	set("user")
	diff(t, "the present", api.RoleUser, object(o.GetOrganizationMember("user_jane"))(t).Role)
	diff(t, "one write ago", api.RoleClaudeCodeUser, role(1))
	diff(t, "two writes ago", api.RoleBilling, role(2))
	diff(t, "as long ago as there is history", api.RoleBilling, role(9))
	o.KeepHistory(0)
	diff(t, "no history", api.RoleUser, role(1))
}
