package seed

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/store"
)

// real is the real time in tests.
var real = time.Date(2026, 2, 3, 4, 5, 6, 789_012_345, time.UTC)

// loadBuiltin returns the single organization of a built-in seed.
func loadBuiltin(t *testing.T, name string, opts Options) store.Contents {
	t.Helper()
	s, ok := Builtin(name)
	if !ok {
		t.Fatalf("no built-in seed %q", name)
	}
	all, err := s.Load(opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%s has %d organizations, want 1", name, len(all))
	}
	return all[0]
}

// stored returns contents after adding them to a store.
func stored(t interface {
	Helper()
	Fatal(args ...any)
}, c store.Contents,
) store.Contents {
	t.Helper()
	s := store.New(func() time.Time { return real })
	o, err := s.Add(c)
	if err != nil {
		t.Fatal(err)
	}
	return o.Contents()
}

func TestBuiltinNames(t *testing.T) {
	if got := slices.Sorted(maps.Keys(builtins)); !slices.Equal(got, slices.Sorted(slices.Values(BuiltinNames))) {
		t.Errorf("BuiltinNames = %v, but the seeds are %v", BuiltinNames, got)
	}
	if _, ok := Builtin("none"); ok {
		t.Error("Builtin returned a seed named none")
	}
	for _, name := range BuiltinNames {
		first, _ := Builtin(name)
		second, _ := Builtin(name)
		if first != second {
			t.Errorf("%s is parsed more than once", name)
		}
	}
}

func TestBuiltinSeedsSurviveStoreAndExport(t *testing.T) {
	for _, name := range BuiltinNames {
		t.Run(name, func(t *testing.T) {
			c := loadBuiltin(t, name, Options{Real: real, IDSeed: 1})
			export := Export(c)
			if diff := cmp.Diff(sorted(c), sorted(stored(t, c))); diff != "" {
				t.Errorf("the store changed the contents (-want +got):\n%s", diff)
			}
			s, err := Parse("export", export)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Load(Options{Real: real})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sorted(c), again[0]); diff != "" {
				t.Errorf("the export changed the contents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmptyHasNoMembers(t *testing.T) {
	c := loadBuiltin(t, "empty", Options{Real: real})
	if c.Name != "Empty" || len(c.Users)+len(c.Invites)+len(c.Workspaces)+len(c.APIKeys)+len(c.Removed) != 0 {
		t.Errorf("empty is not empty: %s", Export(c))
	}
	if c.DefaultWorkspace.Name != "Default" || !c.DefaultWorkspace.CreatedAt.Equal(api.At(real)) {
		t.Errorf("the Default Workspace is %s", api.Encode(c.DefaultWorkspace))
	}
}

func TestContractHasTheExamples(t *testing.T) {
	c := loadBuiltin(t, "contract", Options{Real: real})
	timeOf := func(s string) api.Time {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return api.At(at)
	}
	const day = "2024-10-30T23:58:27.427722Z"
	jane, john := "user_01WCz1FkmYMm4gnmykNKUu3Q", "user_02XDa2GlnYNn5hoozlNLVu4R"
	engineering, marketing := "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", "wrkspc_02KxRvs8sQMB6BHy4ILGgGVK"
	want := store.Contents{
		ID: "12345678-1234-5678-1234-567812345678", Name: "Acme Corporation",
		Settings: store.DefaultSettings(),
		Clock:    store.FrozenAt(timeOf("2024-11-01T23:59:27.427722Z").Time),
		IDs:      store.IDs{Seed: store.SeedOf(0, 0)},
		DefaultWorkspace: api.Workspace{
			ID: "wrkspc_00DefaultWorkspaceOfAcme", Type: "workspace", Name: "Default", DisplayColor: "#2E8B7A",
			CreatedAt: timeOf("2024-01-01T00:00:00Z"), CompartmentID: "5e0b7c14-96fa-4d28-b3c7-1f8d2a6e9054",
			Tags: map[string]string{}, DataResidency: api.DefaultDataResidency(),
		},
		Users: []api.User{
			{ID: jane, Type: "user", Email: "jane.doe@example.com", Name: "Jane Doe", Role: "developer", AddedAt: timeOf(day)},
			{ID: john, Type: "user", Email: "john.smith@example.com", Name: "John Smith", Role: "user", AddedAt: timeOf("2024-10-15T10:30:00Z")},
		},
		Invites: []api.Invite{{
			ID: "invite_015gWxCN9Hfg2QhZwTK7Mdeu", Type: "invite", Email: "newuser@example.com", Role: "user", Status: "pending",
			InvitedAt: timeOf(day), ExpiresAt: timeOf("2024-11-20T23:58:27.427722Z"), RBACGroupIDs: []string{},
		}},
		Workspaces: []api.Workspace{
			{
				ID: engineering, Type: "workspace", Name: "Engineering Team", DisplayColor: "#6C5BB9", CreatedAt: timeOf(day),
				CompartmentID: "3f1c9a52-7d0e-4b86-9a4d-5c2e8f6b1a70", Tags: map[string]string{}, DataResidency: api.DefaultDataResidency(),
			},
			{
				ID: marketing, Type: "workspace", Name: "Marketing Team", DisplayColor: "#4A90D9", CreatedAt: timeOf("2024-09-15T14:20:00Z"),
				CompartmentID: "b84d6e07-21c5-4f39-8e5b-0a9d7c3f62e4", Tags: map[string]string{}, DataResidency: api.DefaultDataResidency(),
			},
		},
		Members: []store.Member{
			{WorkspaceID: engineering, UserID: jane, Role: "workspace_developer"},
			{WorkspaceID: engineering, UserID: john, Role: "workspace_user"},
		},
		APIKeys: []store.APIKey{{
			APIKey: api.APIKey{
				ID: "apikey_01Rj2N8VfPzQ7Lm3KsT6XyW9", Type: "api_key", Name: "Production API Key", WorkspaceID: api.Nullable(engineering),
				CreatedAt: timeOf(day), CreatedBy: api.Actor{ID: jane, Type: "user"}, Status: "active",
				LastUsedAt: timeOf("2024-11-15T10:30:00Z"), PartialKeyHint: "sk-ant-api03-R2D...igAA",
				Scope: api.Scope{Type: "workspace", WorkspaceID: engineering},
			},
			History: []store.StatusChange{{Status: "active", At: timeOf(day)}},
		}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
}

// The OpenAPI document has the same objects, with the same extra fields of
// production.
func TestContractAgreesWithTheOpenAPIDocument(t *testing.T) {
	document := string(api.OpenAPI)
	for _, w := range loadBuiltin(t, "contract", Options{Real: real}).Workspaces {
		_, example, found := strings.Cut(document, "id: "+w.ID)
		if !found {
			t.Fatalf("the document has no example of %s", w.ID)
		}
		_, example, _ = strings.Cut(example, "compartment_id: ")
		if got, _, _ := strings.Cut(example, "\n"); got != w.CompartmentID {
			t.Errorf("compartment_id of %s is %s in the document, %s in the seed", w.ID, got, w.CompartmentID)
		}
	}
}

func TestDemoIsRealistic(t *testing.T) {
	c := loadBuiltin(t, "demo", Options{Real: real, IDSeed: 7})
	now := c.Clock.Now(real)

	roles, emails := map[api.OrganizationRole]int{}, map[string]api.User{}
	for _, u := range c.Users {
		roles[u.Role]++
		emails[u.Email] = u
		if age := now.Sub(u.AddedAt.Time); age < 0 || age > 2*366*24*time.Hour || !strings.HasSuffix(u.Email, "@example.com") {
			t.Errorf("%s joined %s ago", u.Email, age)
		}
	}
	if want := map[api.OrganizationRole]int{"admin": 3, "billing": 2, "developer": 19, "claude_code_user": 8, "user": 16}; !maps.Equal(roles, want) {
		t.Errorf("roles %v, want %v", roles, want)
	}

	invites := map[api.InviteStatus]int{}
	for _, i := range c.Invites {
		invites[i.Status]++
		user, joined := emails[i.Email]
		switch {
		case joined != (i.Status == api.InviteAccepted):
			t.Errorf("%s: the status of the invite is %s", i.Email, i.Status)
		case joined && !(user.AddedAt.Equal(i.AcceptedAt) && user.Role == i.Role):
			t.Errorf("%s: user and accepted invite differ in time or role", i.Email)
		}
	}
	if want := map[api.InviteStatus]int{"pending": 4, "accepted": 3, "expired": 2, "deleted": 1}; !maps.Equal(invites, want) {
		t.Errorf("invites %v, want %v", invites, want)
	}
	if !slices.ContainsFunc(c.Invites, func(i api.Invite) bool {
		left := i.ExpiresAt.Sub(now.Time)
		return i.Status == api.InvitePending && left > 0 && left < 6*time.Hour
	}) {
		t.Error("no invite is about to expire")
	}

	archived, usOnly := map[string]api.Workspace{}, 0
	workspaces := map[string]api.Workspace{c.DefaultWorkspace.ID: c.DefaultWorkspace}
	for _, w := range c.Workspaces {
		workspaces[w.ID] = w
		if !w.ArchivedAt.IsZero() {
			archived[w.ID] = w
		}
		if slices.Equal(w.DataResidency.AllowedInferenceGeos, api.AllowedGeos{"us"}) {
			usOnly++
		}
	}
	if len(c.Workspaces) != 12 || len(archived) != 3 || usOnly != 1 {
		t.Errorf("%d workspaces, %d archived, %d in the US only, want 12, 3 and 1", len(c.Workspaces), len(archived), usOnly)
	}
	if d := c.DefaultWorkspace; slices.ContainsFunc(c.Users, func(u api.User) bool { return u.AddedAt.Before(d.CreatedAt.Time) }) {
		t.Error("a user joined before the Default Workspace was created")
	}

	members, memberRoles := map[string]int{}, map[api.WorkspaceRole]int{}
	for _, m := range c.Members {
		members[m.WorkspaceID]++
		memberRoles[m.Role]++
	}
	if len(memberRoles) != len(api.AssignableWorkspaceRoles) || slices.Max(slices.Collect(maps.Values(members))) <= 20 {
		t.Errorf("workspace roles %v, members per workspace %v", memberRoles, members)
	}

	addedAt := map[string]api.Time{}
	for _, u := range c.Users {
		addedAt[u.ID] = u.AddedAt
	}
	keys, inDefault, byFormer := map[api.PrincipalType]map[api.APIKeyStatus]int{}, 0, 0
	creators := map[api.ActorType]int{}
	for _, k := range c.APIKeys {
		kind := api.PrincipalType("")
		if k.Principal != nil {
			kind = k.Principal.Type
		}
		if keys[kind] == nil {
			keys[kind] = map[api.APIKeyStatus]int{}
		}
		keys[kind][k.Status]++
		if k.Scope.WorkspaceID == c.DefaultWorkspace.ID {
			inDefault++
		}
		creators[k.CreatedBy.Type]++
		added, present := addedAt[k.CreatedBy.ID]
		if !present && k.CreatedBy.Type == "user" {
			byFormer++
			i := slices.IndexFunc(c.Removed, func(r store.RemovedUser) bool { return r.ID == k.CreatedBy.ID })
			if i < 0 {
				t.Fatalf("%s was created by an unknown user", k.Name)
			}
			added = c.Removed[i].AddedAt
		}
		if k.CreatedAt.Before(added.Time) || k.CreatedAt.Before(workspaces[k.Scope.WorkspaceID].CreatedAt.Time) {
			t.Errorf("%s was created before its creator joined or its workspace existed", k.Name)
		}
		stopped := now
		if k.Status != api.KeyActive {
			stopped = k.History[len(k.History)-1].At
		}
		if used := k.LastUsedAt; !used.IsZero() && (used.Before(k.CreatedAt.Time) || used.After(stopped.Time)) {
			t.Errorf("%s was used while it was not active", k.Name)
		}
	}
	want := map[api.PrincipalType]map[api.APIKeyStatus]int{
		"":                      {"active": 18, "inactive": 3, "archived": 4, "expired": 2},
		"user_actor":            {"active": 1, "inactive": 1, "archived": 1, "expired": 1},
		"service_account_actor": {"active": 2, "inactive": 1, "archived": 1, "expired": 1},
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("keys by kind and status (-want +got):\n%s", diff)
	}
	if creators["service_account"] == 0 || creators[""] == 0 {
		t.Errorf("types of creators: %v", creators)
	}
	if inDefault < 2 || byFormer < 2 || len(c.Removed) != 3 {
		t.Errorf("%d keys in the Default Workspace, %d keys of former users, %d removed users", inDefault, byFormer, len(c.Removed))
	}
}

func TestLoadIsDeterministic(t *testing.T) {
	first := loadBuiltin(t, "demo", Options{Real: real, IDSeed: 7})
	if diff := cmp.Diff(first, loadBuiltin(t, "demo", Options{Real: real, IDSeed: 7})); diff != "" {
		t.Errorf("the second load differs (-first +second):\n%s", diff)
	}
	if other := loadBuiltin(t, "demo", Options{Real: real, IDSeed: 8}); other.ID == first.ID || other.Users[0].ID == first.Users[0].ID {
		t.Error("different id seeds generate the same ids")
	}
}

func TestLoadResolvesRelativeTimesAgain(t *testing.T) {
	later := real.Add(30 * 24 * time.Hour)
	first, second := loadBuiltin(t, "demo", Options{Real: real}), loadBuiltin(t, "demo", Options{Real: later})
	for i := range first.Invites {
		if a, b := first.Invites[i], second.Invites[i]; a.Status != b.Status || b.InvitedAt.Sub(a.InvitedAt.Time) != later.Sub(real) {
			t.Errorf("invite %d was %s, sent at %s, and a month later it is %s, sent at %s", i, a.Status, a.InvitedAt, b.Status, b.InvitedAt)
		}
	}
}
