package store_test

import (
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// twoOrgs returns a store with two organizations whose objects have the same ids.
func twoOrgs(t *testing.T) (s *store.Store, acme, globex *org) {
	t.Helper()
	real := new(realTime)
	s = store.New(real.now)
	add := func(id, name, key string, clock store.Clock) *org {
		o, err := s.Add(complete(store.Contents{
			ID: id, Name: name, AdminKeys: []string{key}, Clock: clock,
			Users:      []api.User{user("ann", "user"), user("bob", "user")},
			Invites:    []api.Invite{invite("cat", "user", "pending")},
			Workspaces: []api.Workspace{workspace("lab")},
			APIKeys:    []store.APIKey{activeKey("wrkspc_lab")},
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

func activeKey(workspaceID string) store.APIKey { return key("a", workspaceID, "active") }

func TestAdminKeySelectsTheOrganization(t *testing.T) {
	s, acme, globex := twoOrgs(t)
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
		t.Error("First did not return the organization that was added first")
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
	_, acme, globex := twoOrgs(t)
	before := globex.Contents()
	object(acme.RemoveOrganizationMember("user_ann"))(t)
	object(acme.createInvite("new@example.com")())(t)
	object(acme.ArchiveWorkspace("wrkspc_lab"))(t)
	diff(t, "the other organization", before, globex.Contents())
	object(globex.createInvite("new@example.com")())(t)

	_, err := globex.ListOrganizationInvites(store.InviteFilter{}, store.List{Limit: 20, AfterID: "invite_cat"}, nil)
	if err != nil {
		t.Errorf("its own invite is not a cursor: %v", err)
	}
	created := object(acme.newWorkspace("new")())(t)
	_, err = globex.GetWorkspace(created.ID)
	wantRefusal(t, store.Error{Kind: store.NotFound}, err)
	_, err = globex.ListWorkspaces(store.WorkspaceFilter{}, store.List{Limit: 20, AfterID: created.ID}, nil)
	wantRefusal(t, store.Error{Message: created.ID}, err)
}

func TestOrganizationsHaveTheirOwnClocks(t *testing.T) {
	_, acme, globex := twoOrgs(t)
	diff(t, "now", at(0), acme.Now())
	diff(t, "now in the other", at(time.Hour), globex.Now())
	// The invites are an hour old; the other organization's clock is an hour ahead.
	acme.real.advance(21*day - 2*time.Hour)
	diff(t, "status", api.InvitePending, object(acme.GetOrganizationInvite("invite_cat"))(t).Status)
	diff(t, "status in the other", api.InviteExpired, object(globex.GetOrganizationInvite("invite_cat"))(t).Status)
}

func TestOrganizationsHaveTheirOwnIDs(t *testing.T) {
	_, acme, globex := twoOrgs(t)
	first := object(globex.createInvite("x@example.com")())(t).ID
	_, alsoAcme, alsoGlobex := twoOrgs(t)
	for range 3 {
		object(alsoAcme.newWorkspace("new")())(t) // draws ids
	}
	diff(t, "id", first, object(alsoGlobex.createInvite("x@example.com")())(t).ID)
	diff(t, "ids drawn", store.IDs{Seed: 7}, acme.Contents().IDs)
}

// TestOrganizationsFromTheSameContentsAreIndependent builds two organizations from
// one value: writes must not affect the slices and maps that they share.
func TestOrganizationsFromTheSameContentsAreIndependent(t *testing.T) {
	lab := workspace("lab")
	lab.Tags = map[string]string{"team": "core"}
	k := key("a", "wrkspc_lab", "active")
	k.History = append(make([]store.StatusChange, 0, 8), store.StatusChange{Status: "active", At: at(-time.Hour)})
	c := complete(store.Contents{Workspaces: []api.Workspace{lab}, APIKeys: []store.APIKey{k}})
	first, second := open(t, c), open(t, c)
	object(first.setStatus("apikey_a", "inactive")())(t)
	object(second.setStatus("apikey_a", "archived")())(t)
	object(first.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Tags: map[string]*string{"team": new("first")}})())(t)

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
			t.Errorf("ValidAdminKey(%q) = %t, want %t", key, got, want)
		}
	}
}

func TestAddRefusesTakenOrInvalidKeys(t *testing.T) {
	const other = "33333333-3333-4333-8333-333333333333"
	for name, c := range map[string]store.Contents{
		"taken id":         {ID: "22222222-2222-4222-8222-222222222222", AdminKeys: []string{"sk-ant-admin01-new"}},
		"taken key":        {ID: other, AdminKeys: []string{"sk-ant-admin01-new", "sk-ant-admin01-acme"}},
		"malformed key":    {ID: other, AdminKeys: []string{"sk-ant-admin01-new", "acme"}},
		"not an admin key": {ID: other, AdminKeys: []string{"sk-ant-admin01-new", "sk-ant-api03-acme"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, acme, globex := twoOrgs(t)
			if o, err := s.Add(complete(c)); err == nil || o != nil {
				t.Errorf("Add returned %v and %v", o, err)
			}
			if o := s.Authenticate("sk-ant-admin01-new"); o != nil {
				t.Errorf("a key of the refused contents selects %v", o)
			}
			if s.Authenticate("sk-ant-admin01-acme") != acme.Organization || s.Authenticate("sk-ant-admin01-globex") != globex.Organization {
				t.Error("the keys of the other organizations no longer select them")
			}
		})
	}
}
