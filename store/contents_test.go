package store_test

import (
	"math/rand/v2"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/store"
)

// everything returns contents with an object of each kind and status, in the order
// in which the store returns them.
func everything() store.Contents {
	lab := workspace("lab")
	lab.Tags = map[string]string{"team": "core"}
	lab.ExternalKeyID = "kms-1"
	lab.DataResidency = api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: api.AllowedGeos{"us"}, DefaultInferenceGeo: "us"}
	used := key("used", "wrkspc_lab", "active")
	used.LastUsedAt = at(-time.Minute)
	gone := expiring(at(-time.Minute), key("gone", defaultWorkspaceID, "archived"))
	gone.History = []store.StatusChange{
		{Status: "active", At: at(-3 * time.Hour)}, {Status: "expired", At: at(-time.Minute)}, {Status: "archived", At: at(-time.Second)},
	}
	return complete(store.Contents{
		AdminKeys: []string{"sk-ant-admin01-b", "sk-ant-admin01-a"},
		Settings: store.Settings{
			WorkspaceLimit: 7, MemberLimit: new(20), WorkspaceMemberLimit: new(21), APIKeyLimit: new(22), WorkspaceAPIKeyLimit: new(23),
			AllowedInviteDomains: []string{"example.com"}, WorkspaceNameMaxLength: 255, AnthropicVersions: []string{"2023-06-01"},
		},
		Clock: store.Clock{Offset: time.Microsecond},
		IDs:   store.IDs{Seed: 1, Drawn: 42},
		Users: []api.User{
			user("a", "user"), user("b", "claude_code_user"), user("c", "developer"), user("d", "billing"), user("e", "admin"),
		},
		Invites: []api.Invite{
			invite("v", "user", "pending"), invite("w", "billing", "accepted"), invite("x", "developer", "expired"),
			invite("y", "user", "deleted"), invite("z", "user", "deleted"),
		},
		Workspaces: []api.Workspace{lab, archived(workspace("old")), workspace("shop")},
		Members: []store.Member{
			member("wrkspc_lab", "user_a", "workspace_user"), member("wrkspc_lab", "user_d", "workspace_admin"),
			member("wrkspc_lab", "user_e", "workspace_developer"),
			member("wrkspc_old", "user_a", "workspace_restricted_developer"),
			member("wrkspc_shop", "user_b", "workspace_user"), member("wrkspc_shop", "user_c", "workspace_user"),
		},
		APIKeys: []store.APIKey{
			used, key("b", "wrkspc_old", "archived"), gone, expiring(at(day), key("c", "wrkspc_shop", "inactive")),
			expiring(at(-time.Minute), key("d", defaultWorkspaceID, "expired")), createdBy("user_x", key("e", defaultWorkspaceID, "active")),
			personalKey("f", "user_a", "active"), personalKey("g", "user_x", "archived"), personalKey("h", "user_b", "inactive"),
			serviceKey("i", "", "active"), serviceKey("j", "wrkspc_lab", "inactive"), serviceKey("k", defaultWorkspaceID, "active"),
			serviceKey("l", "wrkspc_old", "archived"), madeByNobody(key("m", "wrkspc_lab", "inactive")),
		},
		Removed: []store.RemovedUser{{ID: "user_y", AddedAt: at(-time.Hour)}, {ID: "user_x", AddedAt: at(-time.Hour)}, {ID: "user_z", AddedAt: at(-day)}},
	})
}

// madeByNobody returns the key without a creator.
func madeByNobody(k store.APIKey) store.APIKey {
	k.CreatedBy = api.Actor{}
	return k
}

func TestContentsRoundTrip(t *testing.T) {
	want := everything()
	diff(t, "contents", want, open(t, want).Contents())
}

func TestContentsCanBeInAnyOrder(t *testing.T) {
	want := everything()
	for seed := range uint64(20) {
		c := everything()
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(c.Users), func(i, j int) { c.Users[i], c.Users[j] = c.Users[j], c.Users[i] })
		r.Shuffle(len(c.Invites), func(i, j int) { c.Invites[i], c.Invites[j] = c.Invites[j], c.Invites[i] })
		r.Shuffle(len(c.Workspaces), func(i, j int) { c.Workspaces[i], c.Workspaces[j] = c.Workspaces[j], c.Workspaces[i] })
		r.Shuffle(len(c.Members), func(i, j int) { c.Members[i], c.Members[j] = c.Members[j], c.Members[i] })
		r.Shuffle(len(c.APIKeys), func(i, j int) { c.APIKeys[i], c.APIKeys[j] = c.APIKeys[j], c.APIKeys[i] })
		r.Shuffle(len(c.Removed), func(i, j int) { c.Removed[i], c.Removed[j] = c.Removed[j], c.Removed[i] })
		diff(t, "contents", want, open(t, c).Contents())
	}
}

func TestContentsOfAnEmptyOrganization(t *testing.T) {
	want := complete(store.Contents{Clock: store.FrozenAt(epoch)})
	diff(t, "contents", want, open(t, want).Contents())
}

// TestRebuiltOrganizationBehavesTheSame rebuilds an organization from its contents
// between writes.
func TestRebuiltOrganizationBehavesTheSame(t *testing.T) {
	first := open(t, everything())
	object(first.RemoveOrganizationMember("user_b"))(t)
	object(first.createInvite("new@example.com")())(t)
	object(first.ArchiveWorkspace("wrkspc_shop"))(t)
	second := open(t, first.Contents())
	for _, o := range []*org{first, second} {
		o.real.advance(day)
		object(o.newWorkspace("new")())(t)
		object(o.DeleteOrganizationInvite("invite_v"))(t)
		object(o.UpdateOrganizationMember("user_d", "developer", nil))(t)
		object(o.setStatus("apikey_used", "inactive")())(t)
	}
	diff(t, "contents", first.Contents(), second.Contents())
}

func TestAddRefusesInconsistentContents(t *testing.T) {
	for name, change := range map[string]func(*store.Contents){
		"duplicate user": func(c *store.Contents) { c.Users = append(c.Users, addedAt(at(0), user("a", "user"))) },
		"duplicate email": func(c *store.Contents) {
			u := addedAt(at(0), user("new", "user"))
			u.Email = "A@Example.com"
			c.Users = append(c.Users, u)
		},
		"duplicate invite": func(c *store.Contents) {
			c.Invites = append(c.Invites, invitedAt(at(0), invite("x", "user", "expired")))
		},
		"two pending invites for one email": func(c *store.Contents) {
			i := invitedAt(at(0), invite("new", "user", "pending"))
			i.Email, i.ExpiresAt = "V@Example.com", at(day)
			c.Invites = append(c.Invites, i)
		},
		"pending invite for a user": func(c *store.Contents) {
			i := invitedAt(at(0), invite("new", "user", "pending"))
			i.Email, i.ExpiresAt = "A@Example.com", at(day)
			c.Invites = append(c.Invites, i)
		},
		"duplicate workspace": func(c *store.Contents) { c.Workspaces = append(c.Workspaces, createdAt(at(0), workspace("lab"))) },
		"Default Workspace in workspaces": func(c *store.Contents) {
			c.Workspaces = append(c.Workspaces, createdAt(at(0), workspace("default")))
		},
		"member of an unknown workspace": func(c *store.Contents) {
			c.Members = append(c.Members, member("wrkspc_x", "user_a", "workspace_user"))
		},
		"member who is not a user": func(c *store.Contents) {
			c.Members = append(c.Members, member("wrkspc_lab", "user_x", "workspace_user"))
		},
		"member of the Default Workspace": func(c *store.Contents) {
			c.Members = append(c.Members, member(defaultWorkspaceID, "user_a", "workspace_user"))
		},
		"duplicate member": func(c *store.Contents) {
			c.Members = append(c.Members, member("wrkspc_lab", "user_a", "workspace_developer"))
		},
		"duplicate key": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), key("b", defaultWorkspaceID, "active")))
		},
		"key in an unknown workspace": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), key("new", "wrkspc_x", "active")))
		},
		"live key in an archived workspace": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), key("new", "wrkspc_old", "inactive")))
		},
		"key without a workspace and a principal": func(c *store.Contents) {
			k := keyCreatedAt(at(0), key("new", "", "active"))
			k.Scope.Type = "organization"
			c.APIKeys = append(c.APIKeys, k)
		},
		"personal key in a workspace": func(c *store.Contents) {
			k := keyCreatedAt(at(0), personalKey("new", "user_a", "active"))
			k.Scope, k.WorkspaceID = api.ScopeOf("wrkspc_lab"), "wrkspc_lab"
			c.APIKeys = append(c.APIKeys, k)
		},
		"live personal key of a removed user": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), personalKey("new", "user_x", "inactive")))
		},
		"live personal key of an unknown user": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), personalKey("new", "user_unknown", "active")))
		},
		"live key of a service account in an archived workspace": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), serviceKey("new", "wrkspc_old", "active")))
		},
		"user both present and removed": func(c *store.Contents) {
			c.Removed = append(c.Removed, store.RemovedUser{ID: "user_a", AddedAt: at(0)})
		},
		"duplicate removed user": func(c *store.Contents) {
			c.Removed = append(c.Removed, store.RemovedUser{ID: "user_x", AddedAt: at(0)})
		},
		"archived Default Workspace": func(c *store.Contents) {
			c.DefaultWorkspace.ArchivedAt, c.APIKeys = at(0), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := everything()
			change(&c)
			s := store.New(new(realTime).now)
			if o, err := s.Add(c); err == nil || o != nil {
				t.Errorf("Add returned %v and %v", o, err)
			}
			if s.First() != nil || s.Authenticate(c.AdminKeys[0]) != nil {
				t.Error("the refused organization was added")
			}
		})
	}
}

// TestContentsMatchTheLists reads everything through the API's lists.
func TestContentsMatchTheLists(t *testing.T) {
	o := open(t, everything())
	c := o.Contents()
	var users []api.User
	for u := range must(o.ListOrganizationMembers(store.UserFilter{}, all, nil))(t).All() {
		users = append(users, u.User)
	}
	diff(t, "users", c.Users, users)
	var invites []api.Invite
	for i := range must(o.ListOrganizationInvites(store.InviteFilter{}, all, nil))(t).All() {
		invites = append(invites, i.Invite)
	}
	diff(t, "invites", c.Invites[:3], invites) // the other two are deleted
	var workspaces []api.Workspace
	for w := range must(o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true}, all, nil))(t).All() {
		workspaces = append(workspaces, w.Workspace)
	}
	diff(t, "workspaces", c.Workspaces, workspaces)
	var keys []store.APIKey
	for k := range must(o.ListAPIKeys(store.APIKeyFilter{}, all, nil))(t).All() {
		keys = append(keys, k)
	}
	if d := gocmp.Diff(c.APIKeys, keys); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
}
