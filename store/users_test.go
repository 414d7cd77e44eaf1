package store_test

import (
	"slices"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

func TestGetOrganizationMember(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("jane.doe", api.RoleDeveloper)}})
	got := must(o.GetOrganizationMember("user_jane.doe"))(t)
	diff(t, "JSON", `{"id":"user_jane.doe","type":"user","email":"jane.doe@example.com","name":"Jane Doe",`+
		`"role":"developer","added_at":"2026-01-01T11:00:00.000000Z"}`, got.JSON)
	want := addedAt(at(-time.Hour), user("jane.doe", api.RoleDeveloper))
	diff(t, "user", want, got.Value.User)
}

func TestListOrganizationMembersByEmailIgnoresCase(t *testing.T) {
	ann := user("ann", api.RoleUser)
	ann.Email = "Ann@Example.com"
	o := open(t, store.Contents{Users: []api.User{user("bob", api.RoleUser), ann}})
	for _, email := range []string{"Ann@Example.com", "ann@example.com", "ANN@EXAMPLE.COM"} {
		wantIDs(t, o.users(store.UserFilter{Email: email}, all), "user_ann")
	}
	for _, email := range []string{"an@example.com", "nn@example.com", "ann@example.co", "ann", "cat@example.com"} {
		wantIDs(t, o.users(store.UserFilter{Email: email}, all))
	}
}

func TestListOrganizationMembersByRoles(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{
		user("a", api.RoleUser), user("b", api.RoleClaudeCodeUser), user("c", api.RoleDeveloper),
		user("d", api.RoleBilling), user("e", api.RoleAdmin), user("f", api.RoleUser),
	}})
	for _, test := range []struct {
		roles []api.OrganizationRole
		want  []string
	}{
		{nil, []string{"user_a", "user_b", "user_c", "user_d", "user_e", "user_f"}},
		{[]api.OrganizationRole{"user"}, []string{"user_a", "user_f"}},
		{[]api.OrganizationRole{"claude_code_user"}, []string{"user_b"}},
		{[]api.OrganizationRole{"developer"}, []string{"user_c"}},
		{[]api.OrganizationRole{"billing"}, []string{"user_d"}},
		{[]api.OrganizationRole{"admin"}, []string{"user_e"}},
		{[]api.OrganizationRole{"user", "admin"}, []string{"user_a", "user_e", "user_f"}},
		{[]api.OrganizationRole{"admin", "user"}, []string{"user_a", "user_e", "user_f"}},
		{[]api.OrganizationRole{"user", "user"}, []string{"user_a", "user_f"}},
		{[]api.OrganizationRole{"user", "admin", "user"}, []string{"user_a", "user_e", "user_f"}},
	} {
		wantIDs(t, o.users(store.UserFilter{Roles: test.roles}, all), test.want...)
	}
}

func TestListOrganizationMembersMatchesAllFilters(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser), user("bob", api.RoleAdmin)}})
	wantIDs(t, o.users(store.UserFilter{Email: "ann@example.com", Roles: []api.OrganizationRole{"user"}}, all), "user_ann")
	wantIDs(t, o.users(store.UserFilter{Email: "ann@example.com", Roles: []api.OrganizationRole{"admin", "user"}}, all), "user_ann")
	wantIDs(t, o.users(store.UserFilter{Email: "ann@example.com", Roles: []api.OrganizationRole{"admin"}}, all))
}

func TestListOrganizationMembersAfterWrites(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser), user("cat", api.RoleUser)}})
	object(o.UpdateOrganizationMember("user_bob", api.RoleDeveloper, nil))(t)
	wantIDs(t, o.users(store.UserFilter{Roles: []api.OrganizationRole{"user"}}, all), "user_ann", "user_cat")
	wantIDs(t, o.users(store.UserFilter{Roles: []api.OrganizationRole{"developer"}}, all), "user_bob")
	object(o.RemoveOrganizationMember("user_ann"))(t)
	wantIDs(t, o.users(store.UserFilter{}, all), "user_bob", "user_cat")
	wantIDs(t, o.users(store.UserFilter{Roles: []api.OrganizationRole{"user"}}, all), "user_cat")
	wantIDs(t, o.users(store.UserFilter{Email: "ann@example.com"}, all))
}

func TestUpdateOrganizationMemberChangesOnlyTheRole(t *testing.T) {
	for _, role := range api.AssignableRoles {
		o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser)}})
		o.real.advance(time.Hour)
		want := addedAt(at(-time.Hour), user("ann", role))
		diff(t, "response", want, object(o.UpdateOrganizationMember("user_ann", role, nil))(t).User)
		diff(t, "user", want, object(o.GetOrganizationMember("user_ann"))(t).User)
	}
}

func TestUpdateOrganizationMemberToTheSameRoleChangesNothing(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleDeveloper)}})
	before := o.Contents()
	object(o.UpdateOrganizationMember("user_ann", api.RoleDeveloper, nil))(t)
	diff(t, "contents", before, o.Contents())
}

func TestUpdateOrganizationMemberRefusesAdmins(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("boss", api.RoleAdmin), user("ann", api.RoleUser)}})
	refused(o, store.Error{Message: "user_boss"}, func() (store.Object[store.User], error) {
		return o.UpdateOrganizationMember("user_boss", api.RoleUser, nil)
	})
}

func TestRemoveOrganizationMember(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser)}})
	got := must(o.RemoveOrganizationMember("user_ann"))(t)
	diff(t, "JSON", `{"id":"user_ann","type":"user_deleted"}`, got.JSON)
	diff(t, "value", api.Deleted{ID: "user_ann", Type: "user_deleted"}, got.Value)

	gone := store.Error{Kind: store.NotFound, Message: "User `user_ann` not found."}
	_, err := o.GetOrganizationMember("user_ann")
	wantRefusal(t, gone, err)
	refused(o, gone, func() (store.Object[store.User], error) {
		return o.UpdateOrganizationMember("user_ann", "developer", nil)
	})
	refused(o, gone, func() (store.Object[api.Deleted], error) { return o.RemoveOrganizationMember("user_ann") })
}

func TestRemoveOrganizationMemberRemovesMemberships(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("ann", api.RoleUser), user("bob", api.RoleBilling), user("cat", api.RoleUser)},
		Workspaces: []api.Workspace{workspace("lab"), workspace("shop"), archived(workspace("old"))},
		Members: []store.Member{
			member("wrkspc_lab", "user_ann", api.WorkspaceUser), member("wrkspc_shop", "user_ann", api.WorkspaceAdmin),
			member("wrkspc_old", "user_ann", api.WorkspaceDeveloper), member("wrkspc_lab", "user_cat", api.WorkspaceUser),
		},
	})
	object(o.RemoveOrganizationMember("user_ann"))(t)
	object(o.RemoveOrganizationMember("user_bob"))(t)
	wantIDs(t, o.members("wrkspc_lab", all), "user_cat")
	wantIDs(t, o.members("wrkspc_shop", all))
	wantIDs(t, o.members("wrkspc_old", all))
	_, err := o.GetWorkspaceMember("wrkspc_shop", "user_ann")
	wantRefusal(t, store.Error{Kind: store.NotFound, Message: "Workspace member `user_ann` not found."}, err)
	diff(t, "members", []store.Member{member("wrkspc_lab", "user_cat", api.WorkspaceUser)}, o.Contents().Members)
}

func TestRemoveOrganizationMemberLeavesTheUsersKeys(t *testing.T) {
	o := open(t, store.Contents{
		Users:   []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser)},
		APIKeys: []store.APIKey{createdBy("user_ann", key("a", defaultWorkspaceID, "active")), createdBy("user_ann", key("b", defaultWorkspaceID, "inactive"))},
	})
	before := o.Contents().APIKeys
	object(o.RemoveOrganizationMember("user_ann"))(t)
	diff(t, "keys", before, o.Contents().APIKeys)
	wantIDs(t, o.keys(store.APIKeyFilter{CreatedByUserID: "user_ann"}, all), "apikey_a", "apikey_b")
	diff(t, "created_by", api.Actor{ID: "user_ann", Type: "user"}, object(o.GetAPIKey("apikey_a"))(t).CreatedBy)
}

func TestRemoveOrganizationMemberArchivesPersonalKeys(t *testing.T) {
	o := open(t, store.Contents{
		Users: []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser)},
		APIKeys: []store.APIKey{
			personalKey("a", "user_ann", "active"), personalKey("b", "user_ann", "inactive"), personalKey("c", "user_ann", "archived"),
			expiring(at(-time.Minute), personalKey("d", "user_ann", "expired")), personalKey("e", "user_bob", "active"),
			createdBy("user_ann", key("f", defaultWorkspaceID, "active")), createdBy("user_ann", serviceKey("g", "", "active")),
		},
	})
	o.real.advance(time.Minute)
	before := o.Contents().APIKeys
	var effects []store.Effect
	object(o.Recording(func(e []store.Effect) { effects = append(effects, e...) }).RemoveOrganizationMember("user_ann"))(t)
	diff(t, "effects", []store.Effect{
		{Type: "user.removed", ID: "user_ann", At: at(time.Minute)},
		{Type: "api_key.archived", ID: "apikey_a", At: at(time.Minute)},
		{Type: "api_key.archived", ID: "apikey_b", At: at(time.Minute)},
		{Type: "api_key.archived", ID: "apikey_d", At: at(time.Minute)},
	}, effects)
	want := slices.Clone(before)
	for _, i := range []int{0, 1, 3} {
		want[i].Status = "archived"
		want[i].History = append(slices.Clone(want[i].History), store.StatusChange{Status: "archived", At: at(time.Minute)})
	}
	diff(t, "keys", want, o.Contents().APIKeys)
	refused(o, store.Error{Message: "archived"}, o.setStatus("apikey_a", "active"))
}

func TestRemoveOrganizationMemberRefusesAdmins(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("boss", api.RoleAdmin), user("ann", api.RoleAdmin)}})
	refused(o, store.Error{Message: "user_boss"}, func() (store.Object[api.Deleted], error) {
		return o.RemoveOrganizationMember("user_boss")
	})
}

func TestRemoveOrganizationMemberRefusesTheLastMember(t *testing.T) {
	o := open(t, store.Contents{
		Users:   []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser)},
		Invites: []api.Invite{invite("cat", "user", "pending")},
	})
	object(o.RemoveOrganizationMember("user_ann"))(t)
	refused(o, store.Error{Code: "cannot_remove_last_member", Message: "user_bob"}, func() (store.Object[api.Deleted], error) {
		return o.RemoveOrganizationMember("user_bob")
	})
}

// TestBillingUserIsWorkspaceBillingEverywhere makes a user billing and undoes it.
func TestBillingUserIsWorkspaceBillingEverywhere(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("ann", api.RoleUser)},
		Workspaces: []api.Workspace{workspace("lab"), workspace("shop"), archived(workspace("old"))},
		Members:    []store.Member{member("wrkspc_lab", "user_ann", api.WorkspaceDeveloper)},
	})
	object(o.UpdateOrganizationMember("user_ann", api.RoleBilling, nil))(t)
	for _, id := range []string{"wrkspc_lab", "wrkspc_shop", "wrkspc_old"} {
		diff(t, "role in "+id, api.WorkspaceBilling, o.role(id, "user_ann"))
	}
	created := object(o.CreateWorkspace(store.NewWorkspace{Name: "new", DataResidency: api.DefaultDataResidency()}, nil))(t)
	diff(t, "role in a new workspace", api.WorkspaceBilling, o.role(created.ID, "user_ann"))

	object(o.UpdateOrganizationMember("user_ann", api.RoleUser, nil))(t)
	diff(t, "assigned role", api.WorkspaceDeveloper, o.role("wrkspc_lab", "user_ann"))
	for _, id := range []string{"wrkspc_shop", "wrkspc_old", created.ID} {
		diff(t, "role in "+id, "", o.role(id, "user_ann"))
	}
}

func TestContentsHaveRemovedUsers(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser)}})
	object(o.RemoveOrganizationMember("user_ann"))(t)
	diff(t, "removed", []store.RemovedUser{{ID: "user_ann", AddedAt: at(-time.Hour)}}, o.Contents().Removed)
}

// TestResultsDoNotChangeLater holds on to results while their objects change.
func TestResultsDoNotChangeLater(t *testing.T) {
	lab := workspace("lab")
	lab.Tags = map[string]string{"team": "core"}
	o := open(t, store.Contents{
		Users:      []api.User{user("ann", api.RoleUser), user("bob", api.RoleUser)},
		Workspaces: []api.Workspace{lab},
		APIKeys:    []store.APIKey{key("a", "wrkspc_lab", "active")},
	})
	users := must(o.ListOrganizationMembers(store.UserFilter{}, all, nil))(t)
	labBefore := must(o.GetWorkspace("wrkspc_lab"))(t)
	keyBefore := must(o.GetAPIKey("apikey_a"))(t)
	contents := o.Contents()

	object(o.RemoveOrganizationMember("user_ann"))(t)
	object(o.UpdateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Tags: map[string]*string{"team": nil, "cost": new("low")}}, nil))(t)
	object(o.UpdateAPIKey("apikey_a", store.APIKeyUpdate{Status: new(api.KeyInactive)}, nil))(t)
	object(o.ArchiveWorkspace("wrkspc_lab"))(t)

	wantIDs(t, readPage(users, nil)(t), "user_ann", "user_bob")
	diff(t, "tags", map[string]string{"team": "core"}, labBefore.Value.Tags)
	diff(t, "history", []store.StatusChange{{Status: "active", At: at(-time.Hour)}}, keyBefore.Value.History)
	diff(t, "users of the contents", []string{"user_ann", "user_bob"}, []string{contents.Users[0].ID, contents.Users[1].ID})
	diff(t, "history of the contents", keyBefore.Value.History, contents.APIKeys[0].History)
	diff(t, "tags of the contents", labBefore.Value.Tags, contents.Workspaces[0].Tags)
}

// TestListOrganizationMembersDoesNotChangeItsFilter checks that a filter can be reused.
func TestListOrganizationMembersDoesNotChangeItsFilter(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser)}})
	roles := []api.OrganizationRole{"user", "admin", "user", "billing"}
	wantIDs(t, o.users(store.UserFilter{Roles: roles}, all), "user_ann")
	if !slices.Equal(roles, []api.OrganizationRole{"user", "admin", "user", "billing"}) {
		t.Errorf("the filter was changed to %v", roles)
	}
}

func TestAddUserDeletesThePendingInvite(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("new", "user", "pending")}})
	u := object(o.AddUser(store.NewUser{Email: "NEW@example.com", Name: "N", Role: "admin"}))(t)
	diff(t, "role", api.RoleAdmin, u.Role)
	diff(t, "invite", api.InviteDeleted, object(o.GetOrganizationInvite("invite_new"))(t).Status)
	_, err := o.AddUser(store.NewUser{Email: "new@example.com", Role: "user"})
	wantRefusal(t, store.Error{Code: api.AlreadyMember, Message: u.ID}, err)
}
