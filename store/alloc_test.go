package store_test

import (
	"fmt"
	"testing"

	"antechamber/api"
	"antechamber/store"
)

// many is an organization with n users, invites, and API keys, n members of
// one workspace, and n workspaces, of which the filters of the tests match
// many.
func many(t tb, n int) *org {
	t.Helper()
	c := store.Contents{Workspaces: make([]api.Workspace, 0, n)}
	for i := range n {
		name := fmt.Sprintf("%07d", i)
		c.Workspaces = append(c.Workspaces, workspace(name))
		c.Users = append(c.Users, user(name, api.AssignableRoles[i%4]))
		c.Members = append(c.Members, member("wrkspc_0000000", "user_"+name, "workspace_user"))
		in := invite("invited."+name, api.AssignableRoles[i%4], "pending")
		in.ID = "invite_" + name
		c.Invites = append(c.Invites, in)
		c.APIKeys = append(c.APIKeys, key(name, "wrkspc_0000000", "active"))
	}
	c.Clock = store.FrozenAt(epoch.AddDate(-100, 0, 0)) // nothing has expired
	return open(t, c)
}

// reading is a page of a list, for those who want to know what it costs.
type reading struct {
	name   string
	read   func(o *org, l store.List) (bytes []byte, err error)
	id     string // what the ids of the cursors begin with
	budget int    // how often it may allocate
}

func jsonOf[T any](p store.Page[T], err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return p.JSON(), nil
}

func readings() []reading {
	users := func(f store.UserFilter) func(*org, store.List) ([]byte, error) {
		return func(o *org, l store.List) ([]byte, error) { return jsonOf(o.ListOrganizationMembers(f, l, nil)) }
	}
	invites := func(f store.InviteFilter) func(*org, store.List) ([]byte, error) {
		return func(o *org, l store.List) ([]byte, error) { return jsonOf(o.ListOrganizationInvites(f, l, nil)) }
	}
	keys := func(f store.APIKeyFilter) func(*org, store.List) ([]byte, error) {
		return func(o *org, l store.List) ([]byte, error) { return jsonOf(o.ListAPIKeys(f, l, nil)) }
	}
	return []reading{
		{"users", users(store.UserFilter{}), "user_", 14},
		{"users by role", users(store.UserFilter{Roles: []api.OrganizationRole{"user", "billing"}}), "user_", 28},
		{"invites", invites(store.InviteFilter{}), "invite_", 14},
		{"invites by status", invites(store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}), "invite_", 70},
		{"workspaces", func(o *org, l store.List) ([]byte, error) {
			return jsonOf(o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true}, l, nil))
		}, "wrkspc_", 24},
		{"members", func(o *org, l store.List) ([]byte, error) {
			return jsonOf(o.ListWorkspaceMembers("wrkspc_0000000", l, nil))
		}, "user_", 40},
		{"keys", keys(store.APIKeyFilter{}), "apikey_", 14},
		{"keys by status", keys(store.APIKeyFilter{Status: "active"}), "apikey_", 14},
		{"keys by workspace and creator", keys(store.APIKeyFilter{WorkspaceID: "wrkspc_0000000", CreatedByUserID: "user_maker"}), "apikey_", 40},
	}
}

// TestPageAllocatesAsOftenWhateverItsSize holds how often reading a page and
// its JSON allocates: as often for one object as for a thousand, for a few
// objects in the list as for many, at the beginning of the list as deep in it.
func TestPageAllocatesAsOftenWhateverItsSize(t *testing.T) {
	sizes := []int{30, 1200, 5000}
	orgs := map[int]*org{}
	for _, n := range sizes {
		orgs[n] = many(t, n)
	}
	for _, r := range readings() {
		t.Run(r.name, func(t *testing.T) {
			allocs := func(n int, l store.List) int {
				return int(testing.AllocsPerRun(10, func() {
					if _, err := r.read(orgs[n], l); err != nil {
						t.Fatal(err)
					}
				}))
			}
			// A cursor may cost something, but the same everywhere.
			first := allocs(30, store.List{Limit: 1})
			cursor := func(i int) string { return fmt.Sprintf("%s%07d", r.id, i) }
			later := allocs(30, store.List{Limit: 1, AfterID: cursor(15)})
			if max(first, later) > r.budget {
				t.Errorf("the smallest page allocates %d times, after a cursor %d times, want %d at most", first, later, r.budget)
			}
			for _, n := range sizes {
				for _, limit := range []int{1, 20, 1000} {
					if got := allocs(n, store.List{Limit: limit}); got != first {
						t.Errorf("%d of %d objects allocate %d times, one of a few %d times", limit, n, got, first)
					}
					for _, l := range []store.List{
						{Limit: limit, AfterID: cursor(n / 2)},
						{Limit: limit, BeforeID: cursor(n / 2)},
						{Limit: limit, AfterID: cursor(2)},
						{Limit: limit, BeforeID: cursor(n - 2)},
					} {
						if got := allocs(n, l); got != later {
							t.Errorf("%+v of %d objects allocates %d times, one of a few %d times", l, n, got, later)
						}
					}
				}
			}
		})
	}
}

// TestGetAllocatesAConstantNumberOfTimes holds the same of single objects.
func TestGetAllocatesAConstantNumberOfTimes(t *testing.T) {
	few, lots := many(t, 30), many(t, 2000)
	for name, get := range map[string]func(o *org) error{
		"user":      func(o *org) error { return answered(o.GetOrganizationMember("user_0000017")) },
		"invite":    func(o *org) error { return answered(o.GetOrganizationInvite("invite_0000017")) },
		"workspace": func(o *org) error { return answered(o.GetWorkspace("wrkspc_0000017")) },
		"member":    func(o *org) error { return answered(o.GetWorkspaceMember("wrkspc_0000000", "user_0000017")) },
		"key":       func(o *org) error { return answered(o.GetAPIKey("apikey_0000017")) },
	} {
		allocs := func(o *org) float64 {
			return testing.AllocsPerRun(20, func() {
				if err := get(o); err != nil {
					t.Fatal(err)
				}
			})
		}
		if a, b := allocs(few), allocs(lots); a != b || a > 8 {
			t.Errorf("getting a %s allocates %v times among few and %v times among many, want the same and 8 at most", name, a, b)
		}
	}
}
