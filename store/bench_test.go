package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// A page of a list should cost the same among 10,000 objects as among 1,000,000,
// whatever its filter and position: the output has both next to each other.
// Building the larger organization takes most of a minute and several gigabytes.
var benchSizes = []int{10_000, 1_000_000}

// bench holds the organizations of the benchmarks, each built once, on first use.
var bench = map[int]func() *store.Organization{}

func init() {
	for _, n := range benchSizes {
		bench[n] = sync.OnceValue(func() *store.Organization {
			o, err := store.New(new(realTime).now).Add(benchContents(n))
			if err != nil {
				panic(err)
			}
			return o
		})
	}
}

const (
	bigWorkspace   = "wrkspc_0000000" // half of all keys and members
	smallWorkspace = "wrkspc_0000001" // 100 keys, 50 members
	bigCreator     = "user_0000000"   // half of all keys
	smallCreator   = "user_0000001"   // 1 or 2 keys
)

// benchContents returns n users, invites and API keys, and n/200 workspaces. One
// workspace has half of the keys and members, each other one 100 keys and 50
// members. One user created half of the keys.
func benchContents(n int) store.Contents {
	c := store.Contents{
		Users:   make([]api.User, n),
		Invites: make([]api.Invite, n),
		APIKeys: make([]store.APIKey, n),
		Settings: settings(func(s *store.Settings) {
			s.WorkspaceLimit = n
		}),
	}
	numbered := func(i int) string { return fmt.Sprintf("%07d", i) }
	// One object every ten seconds, regardless of n; nothing expires.
	ago := func(i int) api.Time { return at(-time.Duration(i+1) * 10 * time.Second) }
	small := func(i, each int) string { return "wrkspc_" + numbered(1+i/(2*each)) }
	for i := range n/200 + 1 {
		w := createdAt(ago(i), workspace(numbered(i)))
		if i%4 == 3 {
			w = archived(w)
		}
		c.Workspaces = append(c.Workspaces, w)
	}
	for i := range n {
		role := api.AssignableRoles[i%4]
		switch {
		case i%100 == 99:
			role = api.RoleAdmin
		case role == api.RoleBilling && i%100 != 2:
			role = api.RoleUser
		}
		c.Users[i] = addedAt(ago(i), user(numbered(i), role))
		in := invitedAt(ago(i), invite(numbered(i), api.AssignableRoles[i%4], []api.InviteStatus{
			api.InvitePending, api.InvitePending, api.InviteAccepted, api.InviteExpired, api.InviteDeleted,
		}[i%5]))
		in.Email = "invited." + in.Email
		in.ExpiresAt = at(1000 * day)
		c.Invites[i] = in

		w, by := bigWorkspace, bigCreator
		if i%2 == 1 {
			w = small(i, 100)
			by = "user_" + numbered(i/2)
		}
		status := []api.APIKeyStatus{api.KeyActive, api.KeyInactive, api.KeyActive, api.KeyArchived}[i/2%4]
		if w != bigWorkspace {
			status = api.KeyActive
			if (1+i/200)%4 == 3 {
				status = api.KeyArchived // with its workspace
			}
		}
		c.APIKeys[i] = createdBy(by, keyCreatedAt(ago(i), key(numbered(i), w, status)))
		switch {
		case i%2 == 0:
			c.Members = append(c.Members, member(bigWorkspace, "user_"+numbered(i), api.WorkspaceUser))
		case i%4 == 1:
			c.Members = append(c.Members, member(small(i, 100), "user_"+numbered(i), api.WorkspaceDeveloper))
		}
	}
	return complete(c)
}

// benchPages measures encoding the first page of twenty, a page deep in the list,
// and pages from all over the list, which CPU caches cannot hold.
func benchPages(b *testing.B, name, idPrefix string, page func(o *store.Organization, l store.List) ([]byte, error)) {
	b.Helper()
	for _, where := range []string{"first", "deep", "anywhere"} {
		benchBoth(b, name+"/"+where, func(b *testing.B, n int) func() {
			o := bench[n]()
			objects := n
			if idPrefix == "wrkspc_" {
				objects = n / 200
			}
			var cursors []string
			switch where {
			case "first":
				cursors = []string{""}
			case "deep":
				cursors = []string{fmt.Sprintf("%s%07d", idPrefix, objects/2)}
			case "anywhere":
				r := rand.New(rand.NewPCG(1, 2))
				for range 1 << 14 {
					cursors = append(cursors, fmt.Sprintf("%s%07d", idPrefix, r.IntN(objects)))
				}
			}
			i := 0
			return func() {
				i++
				l := store.List{Limit: store.DefaultLimit, AfterID: cursors[i%len(cursors)]}
				if _, err := page(o, l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchBoth measures a call at both sizes, and then alternates between them: growth
// is the median ratio of the larger size's time to the smaller one's.
func benchBoth(b *testing.B, name string, call func(b *testing.B, n int) func()) {
	b.Helper()
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			f := call(b, n)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	b.Run(name+"/growth", func(b *testing.B) {
		small, large := call(b, benchSizes[0]), call(b, benchSizes[1])
		turn := func(f func()) float64 {
			start := time.Now()
			for range 100 {
				f()
			}
			return float64(time.Since(start))
		}
		var growth []float64
		for b.Loop() {
			growth = append(growth, 1/turn(small)*turn(large))
		}
		slices.Sort(growth)
		b.ReportMetric(growth[len(growth)/2], "growth")
	})
}

func BenchmarkListOrganizationMembers(b *testing.B) {
	for _, f := range []struct {
		name   string
		filter store.UserFilter
	}{
		{"none", store.UserFilter{}},
		{"email", store.UserFilter{Email: "0007000@example.com"}},
		{"role", store.UserFilter{Roles: []api.OrganizationRole{"developer"}}},
		{"rare role", store.UserFilter{Roles: []api.OrganizationRole{"admin"}}},
		{"roles", store.UserFilter{Roles: []api.OrganizationRole{"user", "developer", "admin"}}},
		{"email and roles", store.UserFilter{Email: "0007000@example.com", Roles: []api.OrganizationRole{"user", "developer"}}},
	} {
		benchPages(b, f.name, "user_", func(o *store.Organization, l store.List) ([]byte, error) {
			return jsonOf(o.ListOrganizationMembers(f.filter, l, nil))
		})
	}
}

func BenchmarkListOrganizationInvites(b *testing.B) {
	for _, f := range []struct {
		name   string
		filter store.InviteFilter
	}{
		{"none", store.InviteFilter{}},
		{"email", store.InviteFilter{Email: "invited.0007000@example.com"}},
		{"role", store.InviteFilter{Roles: []api.OrganizationRole{"developer"}}},
		{"status", store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}},
		{"roles and statuses", store.InviteFilter{
			Roles: []api.OrganizationRole{"user", "billing"}, Statuses: []api.InviteStatus{"pending", "accepted"},
		}},
		{"all", store.InviteFilter{
			Email: "invited.0007000@example.com", Roles: []api.OrganizationRole{"user", "billing"}, Statuses: []api.InviteStatus{"pending", "accepted"},
		}},
	} {
		benchPages(b, f.name, "invite_", func(o *store.Organization, l store.List) ([]byte, error) {
			return jsonOf(o.ListOrganizationInvites(f.filter, l, nil))
		})
	}
}

func BenchmarkListWorkspaces(b *testing.B) {
	for _, f := range []struct {
		name   string
		filter store.WorkspaceFilter
	}{
		{"none", store.WorkspaceFilter{}},
		{"include archived", store.WorkspaceFilter{IncludeArchived: true}},
		{"include both", store.WorkspaceFilter{IncludeArchived: true, IncludeDefault: true}},
		{"ids", store.WorkspaceFilter{IDs: []string{"wrkspc_0000001", "wrkspc_0000002", "wrkspc_0000048", "wrkspc_0000049", "wrkspc_x"}}},
	} {
		benchPages(b, f.name, "wrkspc_", func(o *store.Organization, l store.List) ([]byte, error) {
			return jsonOf(o.ListWorkspaces(f.filter, l, nil))
		})
	}
}

func BenchmarkListWorkspaceMembers(b *testing.B) {
	for _, w := range []struct{ name, id string }{{"big workspace", bigWorkspace}, {"small workspace", smallWorkspace}} {
		benchPages(b, w.name, "user_", func(o *store.Organization, l store.List) ([]byte, error) {
			return jsonOf(o.ListWorkspaceMembers(w.id, l, nil))
		})
	}
}

func BenchmarkListAPIKeys(b *testing.B) {
	for _, f := range []struct {
		name   string
		filter store.APIKeyFilter
	}{
		{"none", store.APIKeyFilter{}},
		{"status", store.APIKeyFilter{Status: "active"}},
		{"big workspace", store.APIKeyFilter{WorkspaceID: bigWorkspace}},
		{"small workspace", store.APIKeyFilter{WorkspaceID: smallWorkspace}},
		{"big creator", store.APIKeyFilter{CreatedByUserID: bigCreator}},
		{"small creator", store.APIKeyFilter{CreatedByUserID: smallCreator}},
		{"status and workspace", store.APIKeyFilter{Status: "active", WorkspaceID: bigWorkspace}},
		{"status and creator", store.APIKeyFilter{Status: "active", CreatedByUserID: bigCreator}},
		{"workspace and creator", store.APIKeyFilter{WorkspaceID: bigWorkspace, CreatedByUserID: bigCreator}},
		{"workspace and other creator", store.APIKeyFilter{WorkspaceID: bigWorkspace, CreatedByUserID: smallCreator}},
		{"all", store.APIKeyFilter{Status: "inactive", WorkspaceID: bigWorkspace, CreatedByUserID: bigCreator}},
	} {
		benchPages(b, f.name, "apikey_", func(o *store.Organization, l store.List) ([]byte, error) {
			return jsonOf(o.ListAPIKeys(f.filter, l, nil))
		})
	}
}

// benchWrite measures a write on the organization as it was built, by restoring it
// after each write.
func benchWrite(b *testing.B, write func(o *store.Organization) error) {
	b.Helper()
	benchBoth(b, "write", func(b *testing.B, n int) func() {
		o := bench[n]()
		rewind := o.Rewind()
		return func() {
			if err := write(o); err != nil {
				b.Fatal(err)
			}
			rewind()
		}
	})
}

func BenchmarkCreateOrganizationInvite(b *testing.B) {
	benchWrite(b, func(o *store.Organization) error {
		return errorOf(o.CreateOrganizationInvite(store.NewInvite{Email: "new@example.com", Role: "user"}, nil))
	})
}

func BenchmarkArchiveWorkspaceWith100Keys(b *testing.B) {
	benchWrite(b, func(o *store.Organization) error { return errorOf(o.ArchiveWorkspace(smallWorkspace)) })
}

func BenchmarkUpdateAPIKey(b *testing.B) {
	benchWrite(b, func(o *store.Organization) error {
		return errorOf(o.UpdateAPIKey("apikey_0000000", store.APIKeyUpdate{Status: new(api.KeyInactive)}, nil))
	})
}

func BenchmarkRemoveOrganizationMember(b *testing.B) {
	benchWrite(b, func(o *store.Organization) error { return errorOf(o.RemoveOrganizationMember("user_0005000")) })
}

// BenchmarkAdd measures building an organization.
func BenchmarkAdd(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := benchContents(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.New(time.Now).Add(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
