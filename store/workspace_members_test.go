package store_test

import (
	"testing"

	"antechamber/api"
	"antechamber/store"
)

type memberCall = func() (store.Object[api.WorkspaceMember], error)

func (o *org) addMember(workspaceID, userID string, role api.WorkspaceRole) memberCall {
	return func() (store.Object[api.WorkspaceMember], error) {
		return o.AddWorkspaceMember(workspaceID, store.NewWorkspaceMember{UserID: userID, WorkspaceRole: role}, nil)
	}
}

func (o *org) updateMember(workspaceID, userID string, role api.WorkspaceRole) memberCall {
	return func() (store.Object[api.WorkspaceMember], error) {
		return o.UpdateWorkspaceMember(workspaceID, userID, role, nil)
	}
}

func (o *org) removeMember(workspaceID, userID string) func() (store.Object[api.WorkspaceMemberDeleted], error) {
	return func() (store.Object[api.WorkspaceMemberDeleted], error) {
		return o.RemoveWorkspaceMember(workspaceID, userID)
	}
}

// lab builds an organization with two workspaces, some users and the given members.
func lab(t *testing.T, members ...store.Member) *org {
	t.Helper()
	return open(t, store.Contents{
		Users: []api.User{
			user("ann", "user"), user("bob", "developer"), user("boss", "admin"), user("bill", "billing"), user("cleo", "claude_code_user"),
		},
		Workspaces: []api.Workspace{workspace("lab"), workspace("shop")},
		Members:    members,
	})
}

func TestAddWorkspaceMember(t *testing.T) {
	for _, role := range api.AssignableWorkspaceRoles {
		o := lab(t)
		got := must(o.addMember("wrkspc_lab", "user_ann", role)())(t)
		want := api.WorkspaceMember{Type: "workspace_member", UserID: "user_ann", WorkspaceID: "wrkspc_lab", WorkspaceRole: role}
		diff(t, "member", want, got.Value)
		diff(t, "JSON", `{"type":"workspace_member","user_id":"user_ann","workspace_id":"wrkspc_lab","workspace_role":"`+string(role)+`"}`, got.JSON)
		diff(t, "read back", want, object(o.GetWorkspaceMember("wrkspc_lab", "user_ann"))(t))
		diff(t, "role", role, o.role("wrkspc_lab", "user_ann"))
		diff(t, "role elsewhere", "", o.role("wrkspc_shop", "user_ann"))
	}
}

func TestAddWorkspaceMemberRefusesUnknownUsers(t *testing.T) {
	o := lab(t)
	refused(o, store.Error{Kind: store.NotFound, Message: "User `user_x` not found."}, o.addMember("wrkspc_lab", "user_x", api.WorkspaceUser))
	object(o.RemoveOrganizationMember("user_ann"))(t)
	refused(o, store.Error{Kind: store.NotFound, Message: "User `user_ann` not found."}, o.addMember("wrkspc_lab", "user_ann", api.WorkspaceUser))
}

func TestAddWorkspaceMemberRefusesMembers(t *testing.T) {
	o := lab(t, member("wrkspc_lab", "user_ann", api.WorkspaceUser))
	// Without an error code.
	refused(o, store.Error{Message: "user_ann"}, o.addMember("wrkspc_lab", "user_ann", api.WorkspaceUser))
	refused(o, store.Error{Message: "user_ann"}, o.addMember("wrkspc_lab", "user_ann", api.WorkspaceAdmin))
	object(o.addMember("wrkspc_shop", "user_ann", api.WorkspaceUser)())(t)
}

func TestAddWorkspaceMemberRefusesInheritedMembers(t *testing.T) {
	o := lab(t)
	for _, id := range []string{"user_boss", "user_bill"} {
		for _, role := range api.AssignableWorkspaceRoles {
			refused(o, store.Error{Message: id}, o.addMember("wrkspc_lab", id, role))
		}
	}
}

func TestAdminsAndBillingUsersAreMembersEverywhere(t *testing.T) {
	o := lab(t, member("wrkspc_lab", "user_ann", api.WorkspaceUser))
	wantIDs(t, o.members("wrkspc_lab", all), "user_ann", "user_boss", "user_bill")
	wantIDs(t, o.members("wrkspc_shop", all), "user_boss", "user_bill")
	for _, id := range []string{"wrkspc_lab", "wrkspc_shop"} {
		diff(t, "role of the admin", api.WorkspaceAdmin, o.role(id, "user_boss"))
		diff(t, "role of the billing user", api.WorkspaceBilling, o.role(id, "user_bill"))
	}
	created := object(o.newWorkspace("new")())(t)
	wantIDs(t, o.members(created.ID, all), "user_boss", "user_bill")
}

func TestMemberListsAreInTheOrderOfTheUsers(t *testing.T) {
	o := lab(t)
	for _, id := range []string{"user_cleo", "user_ann", "user_bob"} {
		object(o.addMember("wrkspc_lab", id, api.WorkspaceUser)())(t)
	}
	wantIDs(t, o.members("wrkspc_lab", all), "user_ann", "user_bob", "user_boss", "user_bill", "user_cleo")
}

func TestInheritedRolesCannotBeChangedOrRemoved(t *testing.T) {
	o := lab(t)
	for _, role := range api.AssignableWorkspaceRoles {
		refused(o, store.Error{Message: "user_boss"}, o.updateMember("wrkspc_lab", "user_boss", role))
		if role != api.WorkspaceAdmin {
			refused(o, store.Error{Message: "user_bill"}, o.updateMember("wrkspc_lab", "user_bill", role))
		}
	}
	refused(o, store.Error{Message: "user_boss"}, o.removeMember("wrkspc_lab", "user_boss"))
	refused(o, store.Error{Message: "user_bill"}, o.removeMember("wrkspc_lab", "user_bill"))
}

func TestBillingUserCanBecomeWorkspaceAdmin(t *testing.T) {
	o := lab(t)
	got := object(o.updateMember("wrkspc_lab", "user_bill", api.WorkspaceAdmin)())(t)
	diff(t, "response", api.WorkspaceAdmin, got.WorkspaceRole)
	diff(t, "role", api.WorkspaceAdmin, o.role("wrkspc_lab", "user_bill"))
	diff(t, "role elsewhere", api.WorkspaceBilling, o.role("wrkspc_shop", "user_bill"))
	wantIDs(t, o.members("wrkspc_lab", all), "user_boss", "user_bill")

	// The assigned role remains after the role in the organization changes.
	object(o.UpdateOrganizationMember("user_bill", api.RoleUser, nil))(t)
	diff(t, "assigned role", api.WorkspaceAdmin, o.role("wrkspc_lab", "user_bill"))
	diff(t, "role elsewhere afterwards", "", o.role("wrkspc_shop", "user_bill"))
}

// A billing user who was made workspace_admin can become workspace_billing again, any
// number of times.
func TestBillingUserCanBecomeWorkspaceBillingAgain(t *testing.T) {
	o := lab(t)
	object(o.updateMember("wrkspc_lab", "user_bill", api.WorkspaceAdmin)())(t)
	for range 2 {
		got := object(o.updateMember("wrkspc_lab", "user_bill", api.WorkspaceBilling)())(t)
		diff(t, "response", api.WorkspaceMember{
			Type: "workspace_member", UserID: "user_bill", WorkspaceID: "wrkspc_lab", WorkspaceRole: api.WorkspaceBilling,
		}, got)
		diff(t, "role", api.WorkspaceBilling, o.role("wrkspc_lab", "user_bill"))
	}
	diff(t, "assigned members", 0, len(o.Contents().Members))
	object(o.UpdateOrganizationMember("user_bill", api.RoleUser, nil))(t)
	diff(t, "role as a user", "", o.role("wrkspc_lab", "user_bill"))
}

func TestOnlyBillingUsersAreWorkspaceBilling(t *testing.T) {
	o := lab(t, member("wrkspc_lab", "user_ann", api.WorkspaceUser), member("wrkspc_lab", "user_boss", api.WorkspaceUser))
	for _, id := range []string{"user_ann", "user_boss"} {
		refused(o, store.Error{Message: id}, o.updateMember("wrkspc_lab", id, api.WorkspaceBilling))
	}
}

// Removing a member who was assigned a role and inherits another takes the assigned
// one away.
func TestRemoveWorkspaceMemberTakesAwayTheAssignedRole(t *testing.T) {
	o := lab(t, member("wrkspc_lab", "user_boss", api.WorkspaceUser), member("wrkspc_lab", "user_bill", api.WorkspaceAdmin))
	for id, inherited := range map[string]api.WorkspaceRole{"user_boss": api.WorkspaceAdmin, "user_bill": api.WorkspaceBilling} {
		got := object(o.removeMember("wrkspc_lab", id)())(t)
		diff(t, "response", api.WorkspaceMemberDeleted{Type: "workspace_member_deleted", UserID: id, WorkspaceID: "wrkspc_lab"}, got)
		diff(t, "role", inherited, o.role("wrkspc_lab", id))
		refused(o, store.Error{Message: id}, o.removeMember("wrkspc_lab", id))
	}
	diff(t, "assigned members", 0, len(o.Contents().Members))
}

// TestEffectiveRoleIsTheHigherRole checks every pair of roles: admin is above billing,
// and billing above the rest.
func TestEffectiveRoleIsTheHigherRole(t *testing.T) {
	for _, inOrganization := range api.OrganizationRoles {
		for _, assigned := range append([]api.WorkspaceRole{""}, api.AssignableWorkspaceRoles...) {
			want := assigned
			if inOrganization == api.RoleBilling && assigned != api.WorkspaceAdmin {
				want = api.WorkspaceBilling
			}
			if inOrganization == api.RoleAdmin {
				want = api.WorkspaceAdmin
			}
			c := store.Contents{Users: []api.User{user("ann", inOrganization)}, Workspaces: []api.Workspace{workspace("lab")}}
			if assigned != "" {
				c.Members = []store.Member{member("wrkspc_lab", "user_ann", assigned)}
			}
			o := open(t, c)
			what := string(inOrganization) + " with " + string(assigned)
			diff(t, what, want, o.role("wrkspc_lab", "user_ann"))
			diff(t, what, want, store.EffectiveRole(inOrganization, assigned))
		}
	}
}

// TestAssignedRoleSurvivesAnInheritedOne makes an assigned member billing and undoes
// it.
func TestAssignedRoleSurvivesAnInheritedOne(t *testing.T) {
	o := lab(t, member("wrkspc_lab", "user_ann", api.WorkspaceRestrictedDeveloper))
	object(o.UpdateOrganizationMember("user_ann", api.RoleBilling, nil))(t)
	diff(t, "as billing", api.WorkspaceBilling, o.role("wrkspc_lab", "user_ann"))
	refused(o, store.Error{Message: "user_ann"}, o.addMember("wrkspc_lab", "user_ann", api.WorkspaceUser))
	refused(o, store.Error{Message: "user_ann"}, o.updateMember("wrkspc_lab", "user_ann", api.WorkspaceUser))
	// Only an assigned workspace_admin is taken back: this role is below the inherited one.
	object(o.updateMember("wrkspc_lab", "user_ann", api.WorkspaceBilling)())(t)
	object(o.UpdateOrganizationMember("user_ann", api.RoleDeveloper, nil))(t)
	diff(t, "afterwards", api.WorkspaceRestrictedDeveloper, o.role("wrkspc_lab", "user_ann"))
	object(o.removeMember("wrkspc_lab", "user_ann")())(t)
	diff(t, "after leaving", "", o.role("wrkspc_lab", "user_ann"))
}

func TestUpdateWorkspaceMember(t *testing.T) {
	for _, role := range api.AssignableWorkspaceRoles {
		o := lab(t, member("wrkspc_lab", "user_ann", api.WorkspaceUser), member("wrkspc_shop", "user_ann", api.WorkspaceDeveloper))
		got := object(o.updateMember("wrkspc_lab", "user_ann", role)())(t)
		diff(t, "response", api.WorkspaceMember{Type: "workspace_member", UserID: "user_ann", WorkspaceID: "wrkspc_lab", WorkspaceRole: role}, got)
		diff(t, "role", role, o.role("wrkspc_lab", "user_ann"))
		diff(t, "role elsewhere", api.WorkspaceDeveloper, o.role("wrkspc_shop", "user_ann"))
	}
}

func TestRemoveWorkspaceMember(t *testing.T) {
	o := lab(t, member("wrkspc_lab", "user_ann", api.WorkspaceUser), member("wrkspc_shop", "user_ann", api.WorkspaceUser))
	got := must(o.removeMember("wrkspc_lab", "user_ann")())(t)
	diff(t, "JSON", `{"type":"workspace_member_deleted","user_id":"user_ann","workspace_id":"wrkspc_lab"}`, got.JSON)
	diff(t, "value", api.WorkspaceMemberDeleted{Type: "workspace_member_deleted", UserID: "user_ann", WorkspaceID: "wrkspc_lab"}, got.Value)
	diff(t, "role", "", o.role("wrkspc_lab", "user_ann"))
	diff(t, "role elsewhere", api.WorkspaceUser, o.role("wrkspc_shop", "user_ann"))
	object(o.GetOrganizationMember("user_ann"))(t)
	object(o.addMember("wrkspc_lab", "user_ann", api.WorkspaceUser)())(t)
}

func TestUsersWhoAreNotMembersAreNotFound(t *testing.T) {
	o := lab(t, member("wrkspc_shop", "user_ann", api.WorkspaceUser))
	for _, id := range []string{"user_ann", "user_x"} {
		want := store.Error{Kind: store.NotFound, Message: "Workspace member `" + id + "` not found."}
		_, err := o.GetWorkspaceMember("wrkspc_lab", id)
		wantRefusal(t, want, err)
		refused(o, want, o.updateMember("wrkspc_lab", id, api.WorkspaceUser))
		refused(o, want, o.removeMember("wrkspc_lab", id))
	}
}

func TestWorkspaceMemberLimit(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) { s.WorkspaceMemberLimit = new(2) }),
		Users: []api.User{
			user("ann", "user"), user("bob", "user"), user("cat", "user"), user("dan", "user"),
			user("boss", "admin"), user("bill", "billing"),
		},
		Workspaces: []api.Workspace{workspace("lab"), workspace("shop")},
		Members:    []store.Member{member("wrkspc_lab", "user_ann", api.WorkspaceUser)},
	})
	full := store.Error{Code: "workspace_member_limit_exceeded"}
	object(o.addMember("wrkspc_lab", "user_bob", api.WorkspaceUser)())(t)
	refused(o, full, o.addMember("wrkspc_lab", "user_cat", api.WorkspaceUser))
	// An update can exceed it too: the first assignment of a billing user.
	refused(o, full, o.updateMember("wrkspc_lab", "user_bill", api.WorkspaceAdmin))
	// Each workspace has its own limit, and a change of role adds no member.
	object(o.addMember("wrkspc_shop", "user_cat", api.WorkspaceUser)())(t)
	object(o.updateMember("wrkspc_lab", "user_bob", api.WorkspaceAdmin)())(t)

	object(o.removeMember("wrkspc_lab", "user_bob")())(t)
	object(o.updateMember("wrkspc_lab", "user_bill", api.WorkspaceAdmin)())(t)
	refused(o, full, o.addMember("wrkspc_lab", "user_cat", api.WorkspaceUser))

	object(o.RemoveOrganizationMember("user_ann"))(t)
	object(o.addMember("wrkspc_lab", "user_cat", api.WorkspaceUser)())(t)
	refused(o, full, o.addMember("wrkspc_lab", "user_dan", api.WorkspaceUser))
}

// TestWorkspaceMemberLimitCountsMembersOfTheContents checks that the limit counts each
// of them once.
func TestWorkspaceMemberLimitCountsMembersOfTheContents(t *testing.T) {
	o := open(t, store.Contents{
		Settings:   settings(func(s *store.Settings) { s.WorkspaceMemberLimit = new(3) }),
		Users:      []api.User{user("ann", "user"), user("bob", "user"), user("cat", "user"), user("dan", "user")},
		Workspaces: []api.Workspace{workspace("lab")},
		Members: []store.Member{
			member("wrkspc_lab", "user_ann", api.WorkspaceUser), member("wrkspc_lab", "user_bob", api.WorkspaceUser),
		},
	})
	object(o.addMember("wrkspc_lab", "user_cat", api.WorkspaceUser)())(t)
	refused(o, store.Error{Code: "workspace_member_limit_exceeded"}, o.addMember("wrkspc_lab", "user_dan", api.WorkspaceUser))
}
