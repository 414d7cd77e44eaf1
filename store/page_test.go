package store_test

import (
	"slices"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// listing is one of the lists, for rules that apply to all of them.
type listing struct {
	name    string
	unknown string   // noun in the error for an unknown cursor
	order   []string // ids of its objects, in list order
	page    func(store.List) (listPage, error)
}

func (l listing) read(t *testing.T, list store.List) listPage {
	t.Helper()
	return must(l.page(list))(t)
}

// untyped returns the content of a page, or err.
func untyped[T any](t *testing.T, p store.Page[T], err error) (listPage, error) {
	t.Helper()
	if err != nil {
		return listPage{}, err
	}
	return readPage(p, nil)(t), nil
}

// listings returns the lists of an organization with seven objects of each kind (and
// a Default Workspace), added out of order, three of them with the same time.
func listings(t *testing.T) []listing {
	t.Helper()
	order := []string{"g", "c", "b", "a", "f", "e", "d"}
	created := map[string]api.Time{
		"g": at(-1 * time.Hour), "c": at(-2 * time.Hour), "b": at(-2 * time.Hour), "a": at(-2 * time.Hour),
		"f": at(-3 * time.Hour), "e": at(-4 * time.Hour), "d": at(-5 * time.Hour),
	}
	// Spans that a page merges: by role, by status, and live or archived.
	roles := map[string]api.OrganizationRole{"g": "admin", "b": "billing", "e": "admin"}
	inviteStatuses := map[string]api.InviteStatus{"c": "expired", "f": "accepted"}
	keyStatuses := map[string]api.APIKeyStatus{"g": "archived", "b": "inactive"}
	var c store.Contents
	for _, name := range []string{"b", "d", "g", "a", "e", "c", "f"} {
		role, isSet := roles[name]
		if !isSet {
			role = api.RoleUser
		}
		c.Users = append(c.Users, addedAt(created[name], user(name, role)))
		if role != api.RoleAdmin {
			c.Members = append(c.Members, member("wrkspc_g", "user_"+name, api.WorkspaceUser))
		}
		i := invite("invited."+name, api.RoleUser, api.InvitePending)
		i.ID = "invite_" + name
		if s, ok := inviteStatuses[name]; ok {
			i.Status = s
		}
		if name == "a" {
			i.Role = api.RoleBilling
		}
		c.Invites = append(c.Invites, invitedAt(created[name], i))
		w := createdAt(created[name], workspace(name))
		if name == "b" || name == "d" {
			w = archived(w)
		}
		c.Workspaces = append(c.Workspaces, w)
		status, ok := keyStatuses[name]
		if !ok {
			status = api.KeyActive
		}
		c.APIKeys = append(c.APIKeys, keyCreatedAt(created[name], key(name, "wrkspc_g", status)))
	}
	o := open(t, c)
	withPrefix := func(prefix string, more ...string) []string {
		var ids []string
		for _, name := range order {
			ids = append(ids, prefix+name)
		}
		return append(ids, more...)
	}
	return []listing{
		{"users", "User", withPrefix("user_"), func(l store.List) (listPage, error) {
			p, err := o.ListOrganizationMembers(store.UserFilter{}, l, nil)
			return untyped(t, p, err)
		}},
		{"users by role", "User", withPrefix("user_"), func(l store.List) (listPage, error) {
			p, err := o.ListOrganizationMembers(store.UserFilter{Roles: api.OrganizationRoles}, l, nil)
			return untyped(t, p, err)
		}},
		{"invites", "Invite", withPrefix("invite_"), func(l store.List) (listPage, error) {
			p, err := o.ListOrganizationInvites(store.InviteFilter{}, l, nil)
			return untyped(t, p, err)
		}},
		{"invites by status", "Invite", withPrefix("invite_"), func(l store.List) (listPage, error) {
			p, err := o.ListOrganizationInvites(store.InviteFilter{Statuses: api.ListedInviteStatuses}, l, nil)
			return untyped(t, p, err)
		}},
		{"workspaces", "Workspace", withPrefix("wrkspc_", defaultWorkspaceID), func(l store.List) (listPage, error) {
			p, err := o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true, IncludeDefault: true}, l, nil)
			return untyped(t, p, err)
		}},
		{"workspaces by id", "Workspace", withPrefix("wrkspc_", defaultWorkspaceID), func(l store.List) (listPage, error) {
			p, err := o.ListWorkspaces(store.WorkspaceFilter{
				IDs: append(withPrefix("wrkspc_"), defaultWorkspaceID), IncludeArchived: true, IncludeDefault: true,
			}, l, nil)
			return untyped(t, p, err)
		}},
		{"workspace members", "User", withPrefix("user_"), func(l store.List) (listPage, error) {
			p, err := o.ListWorkspaceMembers("wrkspc_g", l, nil)
			return untyped(t, p, err)
		}},
		{"API keys", "API key", withPrefix("apikey_"), func(l store.List) (listPage, error) {
			p, err := o.ListAPIKeys(store.APIKeyFilter{}, l, nil)
			return untyped(t, p, err)
		}},
		{"API keys by workspace", "API key", withPrefix("apikey_"), func(l store.List) (listPage, error) {
			p, err := o.ListAPIKeys(store.APIKeyFilter{WorkspaceID: "wrkspc_g"}, l, nil)
			return untyped(t, p, err)
		}},
	}
}

// eachListing runs a test for each list.
func eachListing(t *testing.T, test func(t *testing.T, l listing)) {
	t.Helper()
	for _, l := range listings(t) {
		t.Run(l.name, func(t *testing.T) { test(t, l) })
	}
}

func TestDefaultAndMaximumLimit(t *testing.T) {
	if store.DefaultLimit != 20 || store.MaxLimit != 1000 {
		t.Errorf("the limits are %d and %d", store.DefaultLimit, store.MaxLimit)
	}
}

func TestEmptyPageHasNoIDs(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	const want = `{"data":[],"has_more":false,"first_id":null,"last_id":null}`
	diff(t, "users", want, string(must(o.ListOrganizationMembers(store.UserFilter{}, all, nil))(t).JSON()))
	diff(t, "users by email", want, string(must(o.ListOrganizationMembers(store.UserFilter{Email: "a@b.com"}, all, nil))(t).JSON()))
	diff(t, "invites", want, string(must(o.ListOrganizationInvites(store.InviteFilter{}, all, nil))(t).JSON()))
	diff(t, "workspaces", want, string(must(o.ListWorkspaces(store.WorkspaceFilter{IDs: []string{"wrkspc_x"}}, all, nil))(t).JSON()))
	diff(t, "members", want, string(must(o.ListWorkspaceMembers("wrkspc_lab", all, nil))(t).JSON()))
	diff(t, "keys", want, string(must(o.ListAPIKeys(store.APIKeyFilter{}, all, nil))(t).JSON()))
}

func TestPageJSON(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", api.RoleUser), user("bob", api.RoleDeveloper), user("cat", api.RoleUser)}})
	const want = `{"data":[` +
		`{"id":"user_ann","type":"user","email":"ann@example.com","name":"Ann","role":"user","added_at":"2026-01-01T11:00:00.000000Z"},` +
		`{"id":"user_bob","type":"user","email":"bob@example.com","name":"Bob","role":"developer","added_at":"2026-01-01T10:00:00.000000Z"}` +
		`],"has_more":true,"first_id":"user_ann","last_id":"user_bob"}`
	diff(t, "page", want, string(must(o.ListOrganizationMembers(store.UserFilter{}, store.List{Limit: 2}, nil))(t).JSON()))
}

func TestListsAreNewestFirstThenByID(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		wantIDs(t, l.read(t, all), l.order...)
	})
}

func TestLimitIsThePageLength(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		for limit := 1; limit < len(l.order); limit++ {
			wantMore(t, l.read(t, store.List{Limit: limit}), l.order[:limit]...)
		}
		wantIDs(t, l.read(t, store.List{Limit: len(l.order)}), l.order...)
	})
}

func TestAfterIDReturnsTheNextPage(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		for i, id := range l.order {
			for limit := 1; limit <= len(l.order); limit++ {
				following := l.order[i+1:]
				n := min(limit, len(following))
				want := listPage{IDs: append([]string{}, following[:n]...), HasMore: n < len(following)}
				diff(t, "after "+id, want, l.read(t, store.List{Limit: limit, AfterID: id}))
			}
		}
	})
}

func TestBeforeIDReturnsThePreviousPageInListOrder(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		for i, id := range l.order {
			for limit := 1; limit <= len(l.order); limit++ {
				preceding := l.order[:i]
				n := min(limit, len(preceding))
				want := listPage{IDs: append([]string{}, preceding[len(preceding)-n:]...), HasMore: n < len(preceding)}
				diff(t, "before "+id, want, l.read(t, store.List{Limit: limit, BeforeID: id}))
			}
		}
	})
}

func TestHasMoreIsForTheRequestedDirection(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		n := len(l.order)
		// Objects precede this page, but none follow it.
		wantIDs(t, l.read(t, store.List{Limit: 2, AfterID: l.order[n-3]}), l.order[n-2:]...)
		// Objects follow these pages, but none precede the first one.
		wantIDs(t, l.read(t, store.List{Limit: 2, BeforeID: l.order[2]}), l.order[:2]...)
		wantMore(t, l.read(t, store.List{Limit: 1, BeforeID: l.order[2]}), l.order[1])
	})
}

func TestWalkingByLastIDReturnsEverythingOnce(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		for limit := 1; limit <= len(l.order)+1; limit++ {
			var got []string
			for list := (store.List{Limit: limit}); ; {
				p := l.read(t, list)
				got = append(got, p.IDs...)
				if !p.HasMore {
					break
				}
				list.AfterID = p.IDs[len(p.IDs)-1]
			}
			diff(t, "objects of all pages", l.order, got)
		}
	})
}

func TestWalkingByFirstIDReturnsEverythingOnce(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		last := l.order[len(l.order)-1]
		for limit := 1; limit <= len(l.order)+1; limit++ {
			got := []string{last}
			for list := (store.List{Limit: limit, BeforeID: last}); ; {
				p := l.read(t, list)
				got = append(slices.Clone(p.IDs), got...)
				if !p.HasMore {
					break
				}
				list.BeforeID = p.IDs[0]
			}
			diff(t, "objects of all pages", l.order, got)
		}
	})
}

func TestUnknownCursorIsRefused(t *testing.T) {
	eachListing(t, func(t *testing.T, l listing) {
		for _, id := range []string{"x", "user_x", "invite_x", "wrkspc_x", "apikey_x"} {
			_, err := l.page(store.List{Limit: 20, AfterID: id})
			wantRefusal(t, store.Error{Kind: store.Invalid, Message: "after_id: " + l.unknown + " `" + id + "`"}, err)
			_, err = l.page(store.List{Limit: 20, BeforeID: id})
			wantRefusal(t, store.Error{Kind: store.Invalid, Message: "before_id: " + l.unknown + " `" + id + "`"}, err)
		}
	})
}

func TestCursorOfAnotherListIsRefused(t *testing.T) {
	lists := listings(t)
	for _, l := range lists {
		for _, other := range lists {
			if other.unknown == l.unknown { // the same list, or users and members, which share cursors
				continue
			}
			_, err := l.page(store.List{Limit: 20, AfterID: other.order[0]})
			wantRefusal(t, store.Error{Kind: store.Invalid, Message: other.order[0]}, err)
		}
	}
}

// TestRemovedUserIsACursor removes users between two pages: no user is skipped or
// repeated, in either direction.
func TestRemovedUserIsACursor(t *testing.T) {
	const workspaceID = "wrkspc_lab"
	for _, noun := range []string{"users", "members"} {
		t.Run(noun, func(t *testing.T) {
			c := store.Contents{Workspaces: []api.Workspace{workspace("lab")}}
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				c.Users = append(c.Users, user(name, api.RoleUser))
				c.Members = append(c.Members, member(workspaceID, "user_"+name, api.WorkspaceUser))
			}
			o := open(t, c)
			list := func(l store.List) listPage { return o.users(store.UserFilter{}, l) }
			if noun == "members" {
				list = func(l store.List) listPage { return o.members(workspaceID, l) }
			}
			wantMore(t, list(store.List{Limit: 3}), "user_a", "user_b", "user_c")
			object(o.RemoveOrganizationMember("user_c"))(t)
			wantMore(t, list(store.List{Limit: 1, AfterID: "user_c"}), "user_d")
			wantMore(t, list(store.List{Limit: 1, BeforeID: "user_c"}), "user_b")
			object(o.RemoveOrganizationMember("user_d"))(t)
			wantIDs(t, list(store.List{Limit: 5, AfterID: "user_c"}), "user_e")
			wantIDs(t, list(store.List{Limit: 5, BeforeID: "user_d"}), "user_a", "user_b")
			object(o.RemoveOrganizationMember("user_e"))(t)
			wantIDs(t, list(store.List{Limit: 5, AfterID: "user_e"}))
			object(o.RemoveOrganizationMember("user_a"))(t)
			wantIDs(t, list(store.List{Limit: 5, BeforeID: "user_a"}))
			wantIDs(t, list(store.List{Limit: 5, AfterID: "user_a"}), "user_b")
		})
	}
}

func TestRemovedUserOfTheContentsIsACursor(t *testing.T) {
	o := open(t, store.Contents{
		Users:   []api.User{user("a", api.RoleUser), user("b", api.RoleUser)},
		Removed: []store.RemovedUser{{ID: "user_gone", AddedAt: at(-90 * time.Minute)}},
	})
	wantIDs(t, o.users(store.UserFilter{}, store.List{Limit: 5, AfterID: "user_gone"}), "user_b")
	wantIDs(t, o.users(store.UserFilter{}, store.List{Limit: 5, BeforeID: "user_gone"}), "user_a")
	wantIDs(t, o.users(store.UserFilter{Roles: []api.OrganizationRole{"user"}}, store.List{Limit: 5, AfterID: "user_gone"}), "user_b")
}

func TestAnyUserIsACursorOfMemberLists(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("a", api.RoleUser), user("b", api.RoleUser), user("c", api.RoleAdmin)},
		Workspaces: []api.Workspace{workspace("lab")},
		Members:    []store.Member{member("wrkspc_lab", "user_a", api.WorkspaceUser)},
	})
	wantIDs(t, o.members("wrkspc_lab", store.List{Limit: 5, AfterID: "user_b"}), "user_c")
	wantIDs(t, o.members("wrkspc_lab", store.List{Limit: 5, BeforeID: "user_b"}), "user_a")
}

func TestRemovedMemberIsACursor(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("a", api.RoleUser), user("b", api.RoleUser), user("c", api.RoleUser)},
		Workspaces: []api.Workspace{workspace("lab")},
		Members: []store.Member{
			member("wrkspc_lab", "user_a", api.WorkspaceUser), member("wrkspc_lab", "user_b", api.WorkspaceUser),
			member("wrkspc_lab", "user_c", api.WorkspaceUser),
		},
	})
	object(o.RemoveWorkspaceMember("wrkspc_lab", "user_b"))(t)
	wantIDs(t, o.members("wrkspc_lab", store.List{Limit: 5, AfterID: "user_b"}), "user_c")
	wantIDs(t, o.members("wrkspc_lab", store.List{Limit: 5, BeforeID: "user_b"}), "user_a")
}

func TestDeletedInviteIsACursor(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{
		invite("a", api.RoleUser, api.InvitePending), invite("b", api.RoleUser, api.InvitePending),
		invite("c", api.RoleUser, api.InvitePending), invite("d", api.RoleUser, api.InvitePending),
	}})
	pending := store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}
	wantMore(t, o.invites(pending, store.List{Limit: 2}), "invite_a", "invite_b")
	object(o.DeleteOrganizationInvite("invite_b"))(t)
	for _, f := range []store.InviteFilter{{}, pending} {
		wantIDs(t, o.invites(f, store.List{Limit: 5, AfterID: "invite_b"}), "invite_c", "invite_d")
		wantIDs(t, o.invites(f, store.List{Limit: 5, BeforeID: "invite_b"}), "invite_a")
	}
}

// TestCursorNeedNotMatchTheFilter uses cursors that the page's filter excludes.
func TestCursorNeedNotMatchTheFilter(t *testing.T) {
	o := open(t, store.Contents{
		Users:   []api.User{user("a", api.RoleUser), user("b", api.RoleDeveloper), user("c", api.RoleUser)},
		Invites: []api.Invite{invite("x", "user", "pending"), invite("y", "billing", "expired"), invite("z", "user", "pending")},
		Workspaces: []api.Workspace{
			workspace("a"), archived(workspace("b")), workspace("c"),
		},
		APIKeys: []store.APIKey{
			key("a", "wrkspc_a", "active"), createdBy("user_b", key("b", defaultWorkspaceID, "inactive")), key("c", "wrkspc_a", "active"),
		},
	})
	after := func(id string) store.List { return store.List{Limit: 5, AfterID: id} }
	before := func(id string) store.List { return store.List{Limit: 5, BeforeID: id} }

	for _, f := range []store.UserFilter{
		{Roles: []api.OrganizationRole{"user"}},
		{Roles: []api.OrganizationRole{"user", "admin"}},
	} {
		wantIDs(t, o.users(f, after("user_b")), "user_c")
		wantIDs(t, o.users(f, before("user_b")), "user_a")
	}
	wantIDs(t, o.users(store.UserFilter{Email: "a@example.com"}, before("user_b")), "user_a")
	wantIDs(t, o.users(store.UserFilter{Email: "a@example.com"}, after("user_b")))
	wantIDs(t, o.users(store.UserFilter{Email: "c@example.com"}, after("user_b")), "user_c")
	wantIDs(t, o.users(store.UserFilter{Email: "c@example.com"}, before("user_b")))

	for _, f := range []store.InviteFilter{
		{Statuses: []api.InviteStatus{"pending"}},
		{Roles: []api.OrganizationRole{"user"}},
		{Roles: []api.OrganizationRole{"user"}, Statuses: []api.InviteStatus{"pending", "accepted"}},
	} {
		wantIDs(t, o.invites(f, after("invite_y")), "invite_z")
		wantIDs(t, o.invites(f, before("invite_y")), "invite_x")
	}
	wantIDs(t, o.invites(store.InviteFilter{Email: "z@example.com"}, after("invite_y")), "invite_z")
	wantIDs(t, o.invites(store.InviteFilter{Email: "z@example.com"}, before("invite_y")))

	for _, f := range []store.WorkspaceFilter{{}, {IDs: []string{"wrkspc_a", "wrkspc_b", "wrkspc_c", defaultWorkspaceID}}} {
		wantIDs(t, o.workspaces(f, after("wrkspc_b")), "wrkspc_c")
		wantIDs(t, o.workspaces(f, before("wrkspc_b")), "wrkspc_a")
		wantIDs(t, o.workspaces(f, before(defaultWorkspaceID)), "wrkspc_a", "wrkspc_c")
		wantIDs(t, o.workspaces(f, after(defaultWorkspaceID)))
	}

	for _, f := range []store.APIKeyFilter{
		{Status: "active"},
		{WorkspaceID: "wrkspc_a"},
		{CreatedByUserID: "user_maker"},
		{WorkspaceID: "wrkspc_a", CreatedByUserID: "user_maker"},
		{Status: "active", WorkspaceID: "wrkspc_a", CreatedByUserID: "user_maker"},
	} {
		wantIDs(t, o.keys(f, after("apikey_b")), "apikey_c")
		wantIDs(t, o.keys(f, before("apikey_b")), "apikey_a")
	}
}

// TestWritesBetweenPagesSkipNothing creates an object during a walk of the list.
func TestWritesBetweenPagesSkipNothing(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{
		invite("a", "user", "pending"), invite("b", "user", "pending"), invite("c", "user", "pending"),
	}})
	wantMore(t, o.invites(store.InviteFilter{}, store.List{Limit: 1}), "invite_a")
	created := object(o.CreateOrganizationInvite(store.NewInvite{Email: "new@example.com", Role: "user"}, nil))(t)
	wantMore(t, o.invites(store.InviteFilter{}, store.List{Limit: 1, AfterID: "invite_a"}), "invite_b")
	wantIDs(t, o.invites(store.InviteFilter{}, store.List{Limit: 5, AfterID: "invite_b"}), "invite_c")
	wantIDs(t, o.invites(store.InviteFilter{}, store.List{Limit: 5, BeforeID: "invite_a"}), created.ID)
}

// TestListsReturnInputErrors checks that lists return the input error, once the ids in
// the path are known.
func TestListsReturnInputErrors(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	inputErr := &store.Error{Message: "limit: Input should be a valid integer"}
	unknown := store.List{Limit: 20, AfterID: "x"}
	_, users := o.ListOrganizationMembers(store.UserFilter{}, unknown, inputErr)
	_, invites := o.ListOrganizationInvites(store.InviteFilter{}, unknown, inputErr)
	_, workspaces := o.ListWorkspaces(store.WorkspaceFilter{}, unknown, inputErr)
	_, keys := o.ListAPIKeys(store.APIKeyFilter{}, unknown, inputErr)
	_, members := o.ListWorkspaceMembers("wrkspc_lab", unknown, inputErr)
	for _, err := range []error{users, invites, workspaces, keys, members} {
		if err != error(inputErr) {
			t.Errorf("error is %v, want %v", err, inputErr)
		}
	}
	_, err := o.ListWorkspaceMembers("wrkspc_x", unknown, inputErr)
	wantRefusal(t, store.Error{Kind: store.NotFound, Message: "Workspace `wrkspc_x` not found."}, err)
}
