package store_test

import (
	"math/rand/v2"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/store"
)

// everything is contents with something of each kind in each state, sorted as
// they leave the store.
func everything() store.Contents {
	lab := workspace("lab")
	lab.Tags = map[string]string{"team": "core"}
	lab.ExternalKeyID = "kms-1"
	lab.DataResidency = api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: api.AllowedGeos{"us"}, DefaultInferenceGeo: "us"}
	used := key("used", "wrkspc_lab", "active")
	used.LastUsedAt = at(-time.Minute)
	gone := expiring(at(-time.Minute), key("gone", theDefault, "archived"))
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
			expiring(at(-time.Minute), key("d", theDefault, "expired")), madeBy("user_x", key("e", theDefault, "active")),
		},
		Removed: []store.RemovedUser{{ID: "user_y", AddedAt: at(-time.Hour)}, {ID: "user_x", AddedAt: at(-time.Hour)}, {ID: "user_z", AddedAt: at(-day)}},
	})
}

func TestContentsComeBackAsTheyWereAdded(t *testing.T) {
	want := everything()
	diff(t, "contents", want, open(t, want).Contents())
}

func TestContentsMayComeInAnyOrder(t *testing.T) {
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

// TestContentsGoOnAsTheyWere rebuilds an organization in the middle of some
// writes: the second one answers what the first one answers.
func TestContentsGoOnAsTheyWere(t *testing.T) {
	first := open(t, everything())
	object(first.RemoveOrganizationMember("user_b"))(t)
	object(first.create("new@example.com")())(t)
	object(first.ArchiveWorkspace("wrkspc_shop"))(t)
	second := open(t, first.Contents())
	for _, o := range []*org{first, second} {
		o.real.advance(day)
		object(o.newWorkspace("new")())(t)
		object(o.DeleteOrganizationInvite("invite_v"))(t)
		object(o.UpdateOrganizationMember("user_d", "developer", nil))(t)
		object(o.set("apikey_used", "inactive")())(t)
	}
	diff(t, "contents", first.Contents(), second.Contents())
}

func TestAddRefusesContentsThatContradictThemselves(t *testing.T) {
	for name, change := range map[string]func(*store.Contents){
		"a user twice": func(c *store.Contents) { c.Users = append(c.Users, addedAt(at(0), user("a", "user"))) },
		"an address twice": func(c *store.Contents) {
			u := addedAt(at(0), user("new", "user"))
			u.Email = "A@Example.com"
			c.Users = append(c.Users, u)
		},
		"an invite twice": func(c *store.Contents) {
			c.Invites = append(c.Invites, invitedAt(at(0), invite("x", "user", "expired")))
		},
		"two pending invites for an address": func(c *store.Contents) {
			i := invitedAt(at(0), invite("new", "user", "pending"))
			i.Email, i.ExpiresAt = "V@Example.com", at(day)
			c.Invites = append(c.Invites, i)
		},
		"a pending invite for a user": func(c *store.Contents) {
			i := invitedAt(at(0), invite("new", "user", "pending"))
			i.Email, i.ExpiresAt = "A@Example.com", at(day)
			c.Invites = append(c.Invites, i)
		},
		"a workspace twice": func(c *store.Contents) { c.Workspaces = append(c.Workspaces, createdAt(at(0), workspace("lab"))) },
		"the Default Workspace among the others": func(c *store.Contents) {
			c.Workspaces = append(c.Workspaces, createdAt(at(0), workspace("default")))
		},
		"a member of no workspace": func(c *store.Contents) {
			c.Members = append(c.Members, member("wrkspc_x", "user_a", "workspace_user"))
		},
		"a member who is no user": func(c *store.Contents) {
			c.Members = append(c.Members, member("wrkspc_lab", "user_x", "workspace_user"))
		},
		"a member of the Default Workspace": func(c *store.Contents) {
			c.Members = append(c.Members, member(theDefault, "user_a", "workspace_user"))
		},
		"a member twice": func(c *store.Contents) {
			c.Members = append(c.Members, member("wrkspc_lab", "user_a", "workspace_developer"))
		},
		"a key twice": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), key("b", theDefault, "active")))
		},
		"a key in no workspace": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), key("new", "wrkspc_x", "active")))
		},
		"a live key in an archived workspace": func(c *store.Contents) {
			c.APIKeys = append(c.APIKeys, keyCreatedAt(at(0), key("new", "wrkspc_old", "inactive")))
		},
		"a user who was removed and is present": func(c *store.Contents) {
			c.Removed = append(c.Removed, store.RemovedUser{ID: "user_a", AddedAt: at(0)})
		},
		"a user who was removed twice": func(c *store.Contents) {
			c.Removed = append(c.Removed, store.RemovedUser{ID: "user_x", AddedAt: at(0)})
		},
		"an archived Default Workspace": func(c *store.Contents) {
			c.DefaultWorkspace.ArchivedAt, c.APIKeys = at(0), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := everything()
			change(&c)
			s := store.New(new(realTime).now)
			if o, err := s.Add(c); err == nil || o != nil {
				t.Errorf("Add gives %v and %v", o, err)
			}
			if s.First() != nil || s.Authenticate(c.AdminKeys[0]) != nil {
				t.Error("the refused organization is there")
			}
		})
	}
}

// TestContentsAreWhatTheListsSay reads everything through the API's lists.
func TestContentsAreWhatTheListsSay(t *testing.T) {
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
