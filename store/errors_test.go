package store_test

import (
	"errors"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// call is one call of an operation, whatever it answers.
type call func(o *org, bad error) error

func answered[T any](_ T, err error) error { return err }

// callsWithABody are calls whose input can be bad and whose paths name these
// ids: they are refused for an unknown id first, for bad input second, for the
// state third.
func callsWithABody(userID, workspaceID, memberID, keyID string) map[string]call {
	return map[string]call{
		"update user": func(o *org, bad error) error {
			return answered(o.UpdateOrganizationMember(userID, "user", bad))
		},
		"update workspace": func(o *org, bad error) error {
			return answered(o.UpdateWorkspace(workspaceID, store.WorkspaceUpdate{Name: new("x")}, bad))
		},
		"add member": func(o *org, bad error) error {
			return answered(o.AddWorkspaceMember(workspaceID, store.NewWorkspaceMember{UserID: memberID, WorkspaceRole: "workspace_user"}, bad))
		},
		"update member": func(o *org, bad error) error {
			return answered(o.UpdateWorkspaceMember(workspaceID, memberID, "workspace_user", bad))
		},
		"update key": func(o *org, bad error) error {
			return answered(o.UpdateAPIKey(keyID, store.APIKeyUpdate{Name: new("x")}, bad))
		},
	}
}

func TestUnknownIDsAreNotFound(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}, Users: []api.User{user("ann", "user")}})
	in := store.NewWorkspaceMember{UserID: "user_ann", WorkspaceRole: "workspace_user"}
	for what, got := range map[string][]error{
		"User `user_x` not found.": {
			answered(o.GetOrganizationMember("user_x")),
			answered(o.UpdateOrganizationMember("user_x", "user", nil)),
			answered(o.RemoveOrganizationMember("user_x")),
			answered(o.AddWorkspaceMember("wrkspc_lab", store.NewWorkspaceMember{UserID: "user_x", WorkspaceRole: "workspace_user"}, nil)),
		},
		"Invite `invite_x` not found.": {
			answered(o.GetOrganizationInvite("invite_x")),
			answered(o.DeleteOrganizationInvite("invite_x")),
		},
		"Workspace `wrkspc_x` not found.": {
			answered(o.GetWorkspace("wrkspc_x")),
			answered(o.UpdateWorkspace("wrkspc_x", store.WorkspaceUpdate{}, nil)),
			answered(o.ArchiveWorkspace("wrkspc_x")),
			answered(o.ListWorkspaceMembers("wrkspc_x", all, nil)),
			answered(o.GetWorkspaceMember("wrkspc_x", "user_ann")),
			answered(o.AddWorkspaceMember("wrkspc_x", in, nil)),
			answered(o.UpdateWorkspaceMember("wrkspc_x", "user_ann", "workspace_user", nil)),
			answered(o.RemoveWorkspaceMember("wrkspc_x", "user_ann")),
		},
		"Workspace member `user_ann` not found.": {
			answered(o.GetWorkspaceMember("wrkspc_lab", "user_ann")),
			answered(o.UpdateWorkspaceMember("wrkspc_lab", "user_ann", "workspace_user", nil)),
			answered(o.RemoveWorkspaceMember("wrkspc_lab", "user_ann")),
		},
		"API key `apikey_x` not found.": {
			answered(o.GetAPIKey("apikey_x")),
			answered(o.UpdateAPIKey("apikey_x", store.APIKeyUpdate{}, nil)),
		},
	} {
		for _, err := range got {
			var e *store.Error
			if !errors.As(err, &e) {
				t.Errorf("the error is %v, want %q", err, what)
				continue
			}
			diff(t, "refusal", store.Error{Kind: store.NotFound, Message: what}, *e)
		}
	}
}

// TestIDsOfOtherNounsAreNotFound asks for objects that exist, but are
// something else.
func TestIDsOfOtherNounsAreNotFound(t *testing.T) {
	o := open(t, store.Contents{
		Users: []api.User{user("a", "user")}, Invites: []api.Invite{invite("i", "user", "pending")},
		Workspaces: []api.Workspace{workspace("w")}, APIKeys: []store.APIKey{key("k", "wrkspc_w", "active")},
	})
	notFound := store.Error{Kind: store.NotFound}
	for _, id := range []string{"user_a", "invite_i", "wrkspc_w", "apikey_k", "", " "} {
		if id != "user_a" {
			wantRefusal(t, notFound, answered(o.GetOrganizationMember(id)))
			wantRefusal(t, notFound, answered(o.GetWorkspaceMember("wrkspc_w", id)))
		}
		if id != "invite_i" {
			wantRefusal(t, notFound, answered(o.GetOrganizationInvite(id)))
		}
		if id != "wrkspc_w" {
			wantRefusal(t, notFound, answered(o.GetWorkspace(id)))
			wantRefusal(t, notFound, answered(o.ListWorkspaceMembers(id, all, nil)))
		}
		if id != "apikey_k" {
			wantRefusal(t, notFound, answered(o.GetAPIKey(id)))
		}
	}
}

func TestUnknownIDIsRefusedBeforeBadInput(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", "user")}, Workspaces: []api.Workspace{workspace("lab")}})
	bad := errors.New("bad input")
	for name, call := range callsWithABody("user_x", "wrkspc_x", "user_ann", "apikey_x") {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, store.Error{Kind: store.NotFound}, call(o, bad))
		})
	}
	// The second id of a path is one too.
	wantRefusal(t, store.Error{Kind: store.NotFound, Message: "Workspace member `user_ann`"},
		answered(o.UpdateWorkspaceMember("wrkspc_lab", "user_ann", "workspace_user", bad)))
	// One in the body is not.
	err := answered(o.AddWorkspaceMember("wrkspc_lab", store.NewWorkspaceMember{UserID: "user_x"}, bad))
	if !errors.Is(err, bad) {
		t.Errorf("the error is %v, want %v", err, bad)
	}
}

func TestBadInputIsRefusedBeforeTheState(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) {
			s.WorkspaceLimit, s.MemberLimit = 0, new(0)
		}),
		Users:      []api.User{user("boss", "admin"), user("ann", "user"), user("bob", "user")},
		Workspaces: []api.Workspace{archived(workspace("old"))},
		Members:    []store.Member{member("wrkspc_old", "user_ann", "workspace_developer")},
		APIKeys:    []store.APIKey{key("a", "wrkspc_old", "archived")},
	})
	bad := errors.New("bad input")
	calls := callsWithABody("user_boss", "wrkspc_old", "user_ann", "apikey_a")
	calls["create invite"] = func(o *org, bad error) error {
		return answered(o.CreateOrganizationInvite(store.NewInvite{Email: "ann@example.com", Role: "user"}, bad))
	}
	calls["create workspace"] = func(o *org, bad error) error {
		return answered(o.CreateWorkspace(store.NewWorkspace{Name: "new", DataResidency: api.DefaultDataResidency()}, bad))
	}
	before := o.Contents()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if err := call(o, bad); !errors.Is(err, bad) {
				t.Errorf("the error is %v, want %v", err, bad)
			}
			var e *store.Error
			if err := call(o, nil); !errors.As(err, &e) || e.Kind != store.Invalid {
				t.Errorf("without bad input the error is %v, want the refusal of the state", err)
			}
		})
	}
	diff(t, "contents", before, o.Contents())
}

// TestRefusedWriteDrawsNoID holds that ids do not depend on what was refused.
func TestRefusedWriteDrawsNoID(t *testing.T) {
	ids := func(refusals bool) (ids []string) {
		o := open(t, store.Contents{Users: []api.User{user("ann", "user")}, Workspaces: []api.Workspace{workspace("lab")}})
		for range 3 {
			if refusals {
				refused(o, store.Error{Code: "already_member"}, o.create("ann@example.com"))
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

// TestRefusedWriteForgetsWhatItHadBegun takes a write that is refused after its
// first change: the invite of a person who joins is deleted, then there is no
// room.
func TestRefusedWriteForgetsWhatItHadBegun(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) { s.MemberLimit = new(1) }),
		Users:    []api.User{user("ann", "user"), user("bob", "user")},
		Invites:  []api.Invite{invite("cat", "user", "pending")},
	})
	recording := o.Recording(func(effects []store.Effect) { t.Errorf("the refused write told of %v", effects) })
	refused(o, store.Error{Code: "org_member_limit_exceeded"}, func() (store.Object[store.User], error) {
		return recording.AddUser(store.NewUser{Email: "cat@example.com", Role: "user"})
	})
	diff(t, "status", api.InvitePending, object(o.GetOrganizationInvite("invite_cat"))(t).Status)
}
