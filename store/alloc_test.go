package store_test

import (
	"fmt"
	"testing"

	"antechamber/api"
	"antechamber/store"
)

// openLarge builds an organization with n users, invites, API keys and workspaces,
// and n members of one workspace. The filters of the tests match many of them.
func openLarge(t tb, n int) *org {
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

// reading is a read of a page, whose cost a test measures.
type reading struct {
	name   string
	read   func(o *org, l store.List) (bytes []byte, err error)
	id     string // prefix of the cursors
	budget int    // maximum number of allocations
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
		{"keys by status", keys(store.APIKeyFilter{Status: "active"}), "apikey_", 15}, // 14 without the race detector
		{"keys by workspace and creator", keys(store.APIKeyFilter{WorkspaceID: "wrkspc_0000000", CreatedByUserID: "user_maker"}), "apikey_", 40},
	}
}

// TestPageAllocationsDoNotDependOnSize counts the allocations of reading a page and
// its JSON: they are the same for one object and a thousand, for short and long
// lists, and at the start of a list and deep in it.
func TestPageAllocationsDoNotDependOnSize(t *testing.T) {
	sizes := []int{30, 1200, 5000}
	orgs := map[int]*org{}
	for _, n := range sizes {
		orgs[n] = openLarge(t, n)
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
			// A cursor may cost allocations, but the same number everywhere.
			first := allocs(30, store.List{Limit: 1})
			cursor := func(i int) string { return fmt.Sprintf("%s%07d", r.id, i) }
			later := allocs(30, store.List{Limit: 1, AfterID: cursor(15)})
			if max(first, later) > r.budget {
				t.Errorf("the smallest page allocates %d times, after a cursor %d times, want at most %d", first, later, r.budget)
			}
			for _, n := range sizes {
				for _, limit := range []int{1, 20, 1000} {
					if got := allocs(n, store.List{Limit: limit}); got != first {
						t.Errorf("a page of %d of %d objects allocates %d times, the smallest page %d times", limit, n, got, first)
					}
					for _, l := range []store.List{
						{Limit: limit, AfterID: cursor(n / 2)},
						{Limit: limit, BeforeID: cursor(n / 2)},
						{Limit: limit, AfterID: cursor(2)},
						{Limit: limit, BeforeID: cursor(n - 2)},
					} {
						if got := allocs(n, l); got != later {
							t.Errorf("page %+v of %d objects allocates %d times, the smallest page %d times", l, n, got, later)
						}
					}
				}
			}
		})
	}
}

// TestGetAllocationsDoNotDependOnSize is the same for single objects.
func TestGetAllocationsDoNotDependOnSize(t *testing.T) {
	small, large := openLarge(t, 30), openLarge(t, 2000)
	for name, get := range map[string]func(o *org) error{
		"user":      func(o *org) error { return errorOf(o.GetOrganizationMember("user_0000017")) },
		"invite":    func(o *org) error { return errorOf(o.GetOrganizationInvite("invite_0000017")) },
		"workspace": func(o *org) error { return errorOf(o.GetWorkspace("wrkspc_0000017")) },
		"member":    func(o *org) error { return errorOf(o.GetWorkspaceMember("wrkspc_0000000", "user_0000017")) },
		"key":       func(o *org) error { return errorOf(o.GetAPIKey("apikey_0000017")) },
	} {
		allocs := func(o *org) float64 {
			return testing.AllocsPerRun(20, func() {
				if err := get(o); err != nil {
					t.Fatal(err)
				}
			})
		}
		if a, b := allocs(small), allocs(large); a != b || a > 8 {
			t.Errorf("getting a %s allocates %v times among 30 and %v times among 2000, want the same and at most 8", name, a, b)
		}
	}
}
