package store_test

import (
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// two are a store with two organizations that hold objects of the same ids.
func two(t *testing.T) (s *store.Store, acme, globex *org) {
	t.Helper()
	real := new(realTime)
	s = store.New(real.now)
	add := func(id, name, key string, clock store.Clock) *org {
		o, err := s.Add(complete(store.Contents{
			ID: id, Name: name, AdminKeys: []string{key}, Clock: clock,
			Users:      []api.User{user("ann", "user"), user("bob", "user")},
			Invites:    []api.Invite{invite("cat", "user", "pending")},
			Workspaces: []api.Workspace{workspace("lab")},
			APIKeys:    []store.APIKey{key1("wrkspc_lab")},
		}))
		if err != nil {
			t.Fatal(err)
		}
		return &org{o, t, real}
	}
	acme = add("11111111-1111-4111-8111-111111111111", "Acme", "sk-ant-admin01-acme", store.Clock{})
	globex = add("22222222-2222-4222-8222-222222222222", "Globex", "sk-ant-admin01-globex", store.Clock{Offset: time.Hour})
	return s, acme, globex
}

func key1(workspaceID string) store.APIKey { return key("a", workspaceID, "active") }

func TestAdminKeySelectsTheOrganization(t *testing.T) {
	s, acme, globex := two(t)
	for key, want := range map[string]*store.Organization{
		"sk-ant-admin01-acme":    acme.Organization,
		"sk-ant-admin01-globex":  globex.Organization,
		"sk-ant-admin01-unknown": nil,
		"sk-ant-admin01-ACME":    nil,
		"sk-ant-api03-acme":      nil,
		"":                       nil,
	} {
		if got := s.Authenticate(key); got != want {
			t.Errorf("the key %q selects %v, want %v", key, got, want)
		}
	}
	if s.First() != acme.Organization {
		t.Error("the first organization is not the one that was added first")
	}
	if o := store.New(time.Now).First(); o != nil {
		t.Errorf("an empty store has the organization %v", o)
	}
}

func TestOrganizationCanHaveSeveralAdminKeys(t *testing.T) {
	s := store.New(time.Now)
	keys := []string{"sk-ant-admin01-a", "sk-ant-admin99-" + strings.Repeat("b", 128)}
	o, err := s.Add(complete(store.Contents{AdminKeys: keys}))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if s.Authenticate(key) != o {
			t.Errorf("the key %q does not select the organization", key)
		}
	}
	got := o.AdminKeys()
	diff(t, "keys", keys, got)
	got[0] = "changed by the caller"
	diff(t, "keys", keys, o.AdminKeys())
}

func TestOrganizationsShareNothing(t *testing.T) {
	_, acme, globex := two(t)
	before := globex.Contents()
	object(acme.RemoveOrganizationMember("user_ann"))(t)
	object(acme.create("new@example.com")())(t)
	object(acme.ArchiveWorkspace("wrkspc_lab"))(t)
	diff(t, "the other organization", before, globex.Contents())
	object(globex.create("new@example.com")())(t)

	_, err := globex.ListOrganizationInvites(store.InviteFilter{}, store.List{Limit: 20, AfterID: "invite_cat"}, nil)
	if err != nil {
		t.Errorf("its own invite is no cursor: %v", err)
	}
	made := object(acme.newWorkspace("new")())(t)
	_, err = globex.GetWorkspace(made.ID)
	wantRefusal(t, store.Error{Kind: store.NotFound}, err)
	_, err = globex.ListWorkspaces(store.WorkspaceFilter{}, store.List{Limit: 20, AfterID: made.ID}, nil)
	wantRefusal(t, store.Error{Message: made.ID}, err)
}

func TestOrganizationsHaveClocksOfTheirOwn(t *testing.T) {
	_, acme, globex := two(t)
	diff(t, "now", at(0), acme.Now())
	diff(t, "now in the other", at(time.Hour), globex.Now())
	// The invites were made an hour ago; the other organization is an hour on.
	acme.real.advance(21*day - 2*time.Hour)
	diff(t, "status", api.InvitePending, object(acme.GetOrganizationInvite("invite_cat"))(t).Status)
	diff(t, "status in the other", api.InviteExpired, object(globex.GetOrganizationInvite("invite_cat"))(t).Status)
}

func TestOrganizationsHaveIDsOfTheirOwn(t *testing.T) {
	_, acme, globex := two(t)
	first := object(globex.create("x@example.com")())(t).ID
	_, alsoAcme, alsoGlobex := two(t)
	for range 3 {
		object(alsoAcme.newWorkspace("new")())(t) // draws ids
	}
	diff(t, "id", first, object(alsoGlobex.create("x@example.com")())(t).ID)
	diff(t, "ids drawn", store.IDs{Seed: 7}, acme.Contents().IDs)
}

// TestOrganizationsOfOneContentsAreApart builds two organizations from the
// same value: what grows in them does not meet in the slices and maps they
// began with.
func TestOrganizationsOfOneContentsAreApart(t *testing.T) {
	lab := workspace("lab")
	lab.Tags = map[string]string{"team": "core"}
	k := key("a", "wrkspc_lab", "active")
	k.History = append(make([]store.StatusChange, 0, 8), store.StatusChange{Status: "active", At: at(-time.Hour)})
	c := complete(store.Contents{Workspaces: []api.Workspace{lab}, APIKeys: []store.APIKey{k}})
	first, second := open(t, c), open(t, c)
	object(first.set("apikey_a", "inactive")())(t)
	object(second.set("apikey_a", "archived")())(t)
	object(first.update("wrkspc_lab", store.WorkspaceUpdate{Tags: map[string]*string{"team": new("first")}})())(t)

	diff(t, "history", api.KeyInactive, object(first.GetAPIKey("apikey_a"))(t).History[1].Status)
	diff(t, "history in the other", api.KeyArchived, object(second.GetAPIKey("apikey_a"))(t).History[1].Status)
	diff(t, "tags in the other", map[string]string{"team": "core"}, object(second.GetWorkspace("wrkspc_lab"))(t).Tags)
	diff(t, "tags of the contents", map[string]string{"team": "core"}, c.Workspaces[0].Tags)
	diff(t, "history of the contents", 1, len(c.APIKeys[0].History))
}

func TestValidAdminKey(t *testing.T) {
	for key, want := range map[string]bool{
		"sk-ant-admin01-antechamber":                 true,
		"sk-ant-admin00-A":                           true,
		"sk-ant-admin01-aZ_09-":                      true,
		"sk-ant-admin01-" + strings.Repeat("x", 128): true,
		"sk-ant-admin01-" + strings.Repeat("x", 129): false,
		"sk-ant-admin01-":                            false,
		"sk-ant-admin1-a":                            false,
		"sk-ant-admin001-a":                          false,
		"sk-ant-admin-a":                             false,
		"sk-ant-api03-a":                             false,
		"sk-ant-admin01-a b":                         false,
		"sk-ant-admin01-a\n":                         false,
		" sk-ant-admin01-a":                          false,
		"sk-ant-admin01-é":                           false,
		"":                                           false,
	} {
		if got := store.ValidAdminKey(key); got != want {
			t.Errorf("ValidAdminKey(%q) = %v", key, got)
		}
	}
}

func TestAddRefusesWhatBelongsToAnother(t *testing.T) {
	const other = "33333333-3333-4333-8333-333333333333"
	for name, c := range map[string]store.Contents{
		"the id":             {ID: "22222222-2222-4222-8222-222222222222", AdminKeys: []string{"sk-ant-admin01-new"}},
		"a key":              {ID: other, AdminKeys: []string{"sk-ant-admin01-new", "sk-ant-admin01-acme"}},
		"a key of no form":   {ID: other, AdminKeys: []string{"sk-ant-admin01-new", "acme"}},
		"a key of a program": {ID: other, AdminKeys: []string{"sk-ant-admin01-new", "sk-ant-api03-acme"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, acme, globex := two(t)
			if o, err := s.Add(complete(c)); err == nil || o != nil {
				t.Errorf("Add gives %v and %v", o, err)
			}
			if o := s.Authenticate("sk-ant-admin01-new"); o != nil {
				t.Errorf("a key of the refused contents selects %v", o)
			}
			if s.Authenticate("sk-ant-admin01-acme") != acme.Organization || s.Authenticate("sk-ant-admin01-globex") != globex.Organization {
				t.Error("the keys of the others no longer select them")
			}
		})
	}
}
