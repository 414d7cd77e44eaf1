package store_test

import (
	"errors"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// call calls an operation and returns only its error.
type call func(o *org, inputErr error) error

func errorOf[T any](_ T, err error) error { return err }

// callsWithInput returns calls that take an input error and have these ids in their
// paths. They check for unknown ids first, the input second and the state third.
func callsWithInput(userID, workspaceID, memberID, keyID string) map[string]call {
	return map[string]call{
		"update user": func(o *org, inputErr error) error {
			return errorOf(o.UpdateOrganizationMember(userID, "user", inputErr))
		},
		"update workspace": func(o *org, inputErr error) error {
			return errorOf(o.UpdateWorkspace(workspaceID, store.WorkspaceUpdate{Name: new("x")}, inputErr))
		},
		"add member": func(o *org, inputErr error) error {
			return errorOf(o.AddWorkspaceMember(workspaceID, store.NewWorkspaceMember{UserID: memberID, WorkspaceRole: "workspace_user"}, inputErr))
		},
		"update member": func(o *org, inputErr error) error {
			return errorOf(o.UpdateWorkspaceMember(workspaceID, memberID, "workspace_user", inputErr))
		},
		"update key": func(o *org, inputErr error) error {
			return errorOf(o.UpdateAPIKey(keyID, store.APIKeyUpdate{Name: new("x")}, inputErr))
		},
	}
}

func TestUnknownIDsAreNotFound(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}, Users: []api.User{user("ann", "user")}})
	in := store.NewWorkspaceMember{UserID: "user_ann", WorkspaceRole: "workspace_user"}
	for want, got := range map[string][]error{
		"User `user_x` not found.": {
			errorOf(o.GetOrganizationMember("user_x")),
			errorOf(o.UpdateOrganizationMember("user_x", "user", nil)),
			errorOf(o.RemoveOrganizationMember("user_x")),
			errorOf(o.AddWorkspaceMember("wrkspc_lab", store.NewWorkspaceMember{UserID: "user_x", WorkspaceRole: "workspace_user"}, nil)),
		},
		"Invite `invite_x` not found.": {
			errorOf(o.GetOrganizationInvite("invite_x")),
			errorOf(o.DeleteOrganizationInvite("invite_x")),
		},
		"Workspace `wrkspc_x` not found.": {
			errorOf(o.GetWorkspace("wrkspc_x")),
			errorOf(o.UpdateWorkspace("wrkspc_x", store.WorkspaceUpdate{}, nil)),
			errorOf(o.ArchiveWorkspace("wrkspc_x")),
			errorOf(o.ListWorkspaceMembers("wrkspc_x", all, nil)),
			errorOf(o.GetWorkspaceMember("wrkspc_x", "user_ann")),
			errorOf(o.AddWorkspaceMember("wrkspc_x", in, nil)),
			errorOf(o.UpdateWorkspaceMember("wrkspc_x", "user_ann", "workspace_user", nil)),
			errorOf(o.RemoveWorkspaceMember("wrkspc_x", "user_ann")),
		},
		"Workspace member `user_ann` not found.": {
			errorOf(o.GetWorkspaceMember("wrkspc_lab", "user_ann")),
			errorOf(o.UpdateWorkspaceMember("wrkspc_lab", "user_ann", "workspace_user", nil)),
			errorOf(o.RemoveWorkspaceMember("wrkspc_lab", "user_ann")),
		},
		"API key `apikey_x` not found.": {
			errorOf(o.GetAPIKey("apikey_x")),
			errorOf(o.UpdateAPIKey("apikey_x", store.APIKeyUpdate{}, nil)),
		},
	} {
		for _, err := range got {
			var e *store.Error
			if !errors.As(err, &e) {
				t.Errorf("error is %v, want %q", err, want)
				continue
			}
			diff(t, "refusal", store.Error{Kind: store.NotFound, Message: want}, *e)
		}
	}
}

// TestIDsOfOtherNounsAreNotFound uses the ids of objects of another kind.
func TestIDsOfOtherNounsAreNotFound(t *testing.T) {
	o := open(t, store.Contents{
		Users: []api.User{user("a", "user")}, Invites: []api.Invite{invite("i", "user", "pending")},
		Workspaces: []api.Workspace{workspace("w")}, APIKeys: []store.APIKey{key("k", "wrkspc_w", "active")},
	})
	notFound := store.Error{Kind: store.NotFound}
	for _, id := range []string{"user_a", "invite_i", "wrkspc_w", "apikey_k", "", " "} {
		if id != "user_a" {
			wantRefusal(t, notFound, errorOf(o.GetOrganizationMember(id)))
			wantRefusal(t, notFound, errorOf(o.GetWorkspaceMember("wrkspc_w", id)))
		}
		if id != "invite_i" {
			wantRefusal(t, notFound, errorOf(o.GetOrganizationInvite(id)))
		}
		if id != "wrkspc_w" {
			wantRefusal(t, notFound, errorOf(o.GetWorkspace(id)))
			wantRefusal(t, notFound, errorOf(o.ListWorkspaceMembers(id, all, nil)))
		}
		if id != "apikey_k" {
			wantRefusal(t, notFound, errorOf(o.GetAPIKey(id)))
		}
	}
}

func TestUnknownIDsAreCheckedBeforeInput(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", "user")}, Workspaces: []api.Workspace{workspace("lab")}})
	inputErr := errors.New("bad input")
	for name, call := range callsWithInput("user_x", "wrkspc_x", "user_ann", "apikey_x") {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, store.Error{Kind: store.NotFound}, call(o, inputErr))
		})
	}
	// The same goes for the second id of a path.
	wantRefusal(t, store.Error{Kind: store.NotFound, Message: "Workspace member `user_ann`"},
		errorOf(o.UpdateWorkspaceMember("wrkspc_lab", "user_ann", "workspace_user", inputErr)))
	// An id in the body is part of the input.
	err := errorOf(o.AddWorkspaceMember("wrkspc_lab", store.NewWorkspaceMember{UserID: "user_x"}, inputErr))
	if !errors.Is(err, inputErr) {
		t.Errorf("error is %v, want %v", err, inputErr)
	}
}

func TestInputIsCheckedBeforeState(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) {
			s.WorkspaceLimit, s.MemberLimit = 0, new(0)
		}),
		Users:      []api.User{user("boss", "admin"), user("ann", "user"), user("bob", "user")},
		Workspaces: []api.Workspace{archived(workspace("old"))},
		Members:    []store.Member{member("wrkspc_old", "user_ann", "workspace_developer")},
		APIKeys:    []store.APIKey{key("a", "wrkspc_old", "archived")},
	})
	inputErr := errors.New("bad input")
	calls := callsWithInput("user_boss", "wrkspc_old", "user_ann", "apikey_a")
	calls["create invite"] = func(o *org, inputErr error) error {
		return errorOf(o.CreateOrganizationInvite(store.NewInvite{Email: "ann@example.com", Role: "user"}, inputErr))
	}
	calls["create workspace"] = func(o *org, inputErr error) error {
		return errorOf(o.CreateWorkspace(store.NewWorkspace{Name: "new", DataResidency: api.DefaultDataResidency()}, inputErr))
	}
	before := o.Contents()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if err := call(o, inputErr); !errors.Is(err, inputErr) {
				t.Errorf("error is %v, want %v", err, inputErr)
			}
			var e *store.Error
			if err := call(o, nil); !errors.As(err, &e) || e.Kind != store.Invalid {
				t.Errorf("without an input error, the error is %v, want a refusal by the state", err)
			}
		})
	}
	diff(t, "contents", before, o.Contents())
}

// TestRefusedWriteDrawsNoID checks that refused writes do not change later ids.
func TestRefusedWriteDrawsNoID(t *testing.T) {
	ids := func(refusals bool) (ids []string) {
		o := open(t, store.Contents{Users: []api.User{user("ann", "user")}, Workspaces: []api.Workspace{workspace("lab")}})
		for range 3 {
			if refusals {
				refused(o, store.Error{Code: "already_member"}, o.createInvite("ann@example.com"))
				refused(o, store.Error{}, func() (store.Object[store.Workspace], error) {
					return o.CreateWorkspace(store.NewWorkspace{
						Name: "new", DataResidency: api.DataResidency{AllowedInferenceGeos: api.AllowedGeos{"us"}, DefaultInferenceGeo: "global"},
					}, nil)
				})
			}
			ids = append(ids, object(o.newWorkspace("new")())(t).ID)
			o.real.advance(time.Second)
		}
		return ids
	}
	diff(t, "ids", ids(false), ids(true))
}

// TestRefusedWriteIsRolledBack makes a write that is refused after its first change:
// it deletes the invite of the person who joins, then exceeds the member limit.
func TestRefusedWriteIsRolledBack(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) { s.MemberLimit = new(1) }),
		Users:    []api.User{user("ann", "user"), user("bob", "user")},
		Invites:  []api.Invite{invite("cat", "user", "pending")},
	})
	recording := o.Recording(func(effects []store.Effect) { t.Errorf("the refused write has the effects %v", effects) })
	refused(o, store.Error{Code: "org_member_limit_exceeded"}, func() (store.Object[store.User], error) {
		return recording.AddUser(store.NewUser{Email: "cat@example.com", Role: "user"})
	})
	diff(t, "status", api.InvitePending, object(o.GetOrganizationInvite("invite_cat"))(t).Status)
}
