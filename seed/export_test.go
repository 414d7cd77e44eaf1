package seed

import (
	"bytes"
	stdcmp "cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/lists"
	"antechamber/store"
)

// exportAll exports several organizations as one seed.
func exportAll(all []store.Contents) []byte { return EncodeAll(lists.Map(all, exported)) }

func TestExportRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := generateContents(t)
		export := Export(c)
		got := reload(t, export, Options{Real: real, IDSeed: 99})
		if len(got) != 1 {
			t.Fatalf("got %d organizations, want 1", len(got))
		}
		checkEqual(t, sorted(c), got[0])
		if again := Export(got[0]); !bytes.Equal(export, again) {
			t.Fatalf("the second export differs (-first +second):\n%s", cmp.Diff(string(export), string(again)))
		}
	})
}

// The store accepts and preserves everything that passes the checks.
func TestStorePreservesContents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := generateContents(t)
		got := stored(t, c)
		checkEqual(t, sorted(c), sorted(got))
	})
}

func TestExportAllRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []store.Contents
		keys, ids := distinct{}, distinct{}
		for range rapid.IntRange(1, 3).Draw(t, "organizations") {
			c := generateContents(t)
			c.AdminKeys = []string{keys.draw(t, "admin key", rapid.StringMatching(adminKeyForm.pattern.String()))}
			c.ID = ids.draw(t, "organization", rapid.StringMatching(uuidForm.pattern.String()).Filter(func(s string) bool { return !ids[strings.ToLower(s)] }))
			ids[strings.ToLower(c.ID)] = true
			all = append(all, c)
		}
		got := reload(t, exportAll(all), Options{Real: real})
		if len(got) != len(all) {
			t.Fatalf("got %d organizations, want %d", len(got), len(all))
		}
		for i := range all {
			checkEqual(t, sorted(all[i]), got[i])
		}
	})
}

func TestExportHasEveryField(t *testing.T) {
	var file map[string]any
	if err := json.Unmarshal(exportAll([]store.Contents{loadBuiltin(t, "demo", Options{Real: real})}), &file); err != nil {
		t.Fatal(err)
	}
	organization := func() map[string]any { return file["organizations"].([]any)[0].(map[string]any) }()
	first := func(list string) any { return organization[list].([]any)[0] }
	workspace := first("workspaces").(map[string]any)
	for _, one := range []struct {
		of     string
		got    any
		fields []string
	}{
		{"an organization", organization, organizationFields},
		{"settings", organization["settings"], settingsFields},
		{"ids", organization["ids"], idsFields},
		{"the Default Workspace", organization["default_workspace"], defaultFields},
		{"a user", first("users"), userFields},
		{"an invite", first("invites"), inviteFields},
		{"a workspace", workspace, workspaceFields},
		{"a data residency", workspace["data_residency"], residencyFields},
		{"a member", workspace["members"].([]any)[0], memberFields},
		{"an API key", first("api_keys"), keyFields},
		{"a status change", first("api_keys").(map[string]any)["status_history"].([]any)[0], changeFields},
		{"a removed user", first("removed"), removedFields},
	} {
		var got []string
		for field := range one.got.(map[string]any) {
			got = append(got, field)
		}
		slices.Sort(got)
		if diff := cmp.Diff(slices.Sorted(slices.Values(one.fields)), got); diff != "" {
			t.Errorf("an export of %s (-known +written):\n%s", one.of, diff)
		}
	}
}

func TestExportFormat(t *testing.T) {
	c := loadBuiltin(t, "contract", Options{Real: real})
	const want = `{
  "id": "12345678-1234-5678-1234-567812345678",
  "name": "Acme Corporation",
  "admin_keys": [],
  "settings": {
    "workspace_limit": 100,
    "member_limit": null,
`
	if got := string(Export(c)); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\n}\n") {
		t.Errorf("the export is\n%s", got)
	}
}

func TestExportDoesNotEscapeHTML(t *testing.T) {
	if got := string(Export(store.Contents{Name: "Bücher & <Co>"})); !strings.Contains(got, `"name": "Bücher & <Co>",`) {
		t.Errorf("the export is\n%s", got)
	}
}

func reload(t *rapid.T, export []byte, opts Options) []store.Contents {
	t.Helper()
	s, err := Parse("export", export)
	if err != nil {
		t.Fatalf("%v\n%s", err, export)
	}
	all, err := s.Load(opts)
	if err != nil {
		t.Fatalf("%v\n%s", err, export)
	}
	return all
}

// checkEqual fails unless both are equal, including nil and empty slices.
func checkEqual(t *rapid.T, want, got store.Contents) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("contents (-want +got):\n%s", diff)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("cmp.Diff finds no difference, reflect.DeepEqual does:\n%#v\n%#v", want, got)
	}
}

// sorted returns contents with their lists in the order of the store: newest
// first, and members by workspace and user.
func sorted(c store.Contents) store.Contents {
	c.Users = slices.Clone(c.Users)
	slices.SortFunc(c.Users, func(a, b api.User) int { return listed(a.AddedAt, a.ID, b.AddedAt, b.ID) })
	c.Invites = slices.Clone(c.Invites)
	slices.SortFunc(c.Invites, func(a, b api.Invite) int { return listed(a.InvitedAt, a.ID, b.InvitedAt, b.ID) })
	c.Workspaces = slices.Clone(c.Workspaces)
	slices.SortFunc(c.Workspaces, func(a, b api.Workspace) int { return listed(a.CreatedAt, a.ID, b.CreatedAt, b.ID) })
	c.APIKeys = slices.Clone(c.APIKeys)
	slices.SortFunc(c.APIKeys, func(a, b store.APIKey) int { return listed(a.CreatedAt, a.ID, b.CreatedAt, b.ID) })
	c.Removed = slices.Clone(c.Removed)
	slices.SortFunc(c.Removed, func(a, b store.RemovedUser) int { return listed(a.AddedAt, a.ID, b.AddedAt, b.ID) })
	user := func(id string) int { return slices.IndexFunc(c.Users, func(u api.User) bool { return u.ID == id }) }
	workspace := func(id string) int {
		return slices.IndexFunc(c.Workspaces, func(w api.Workspace) bool { return w.ID == id })
	}
	c.Members = slices.Clone(c.Members)
	slices.SortFunc(c.Members, func(a, b store.Member) int {
		return stdcmp.Or(
			stdcmp.Compare(workspace(a.WorkspaceID), workspace(b.WorkspaceID)),
			stdcmp.Compare(user(a.UserID), user(b.UserID)),
		)
	})
	return c
}

func listed(aTime api.Time, aID string, bTime api.Time, bID string) int {
	return stdcmp.Or(bTime.Compare(aTime.Time), strings.Compare(bID, aID))
}

// distinct are values that must not be drawn again.
type distinct map[string]bool

func (d distinct) draw(t *rapid.T, label string, from *rapid.Generator[string]) string {
	s := from.Filter(func(s string) bool { return !d[s] }).Draw(t, label)
	d[s] = true
	return s
}

// generator generates the contents of an organization in any reachable state, often
// with names that look like ids and emails.
type generator struct {
	*rapid.T
	now api.Time
}

// Few words, so that ids, names and emails often coincide.
var words = []string{"a", "b", "user_a", "user_b", "Default", "default", "a@b.c", "x.y~z-_"}

func (w generator) id(seen distinct) string {
	return seen.draw(w.T, "id", rapid.OneOf(
		rapid.SampledFrom(words).Filter(idForm.pattern.MatchString),
		rapid.StringMatching(`^[a-z]{1,8}_[0-9A-Za-z]{1,20}$`),
		rapid.StringMatching(idForm.pattern.String()),
	))
}

func (w generator) name(atMost int) string {
	return rapid.OneOf(rapid.SampledFrom(words), rapid.StringN(1, atMost, -1)).Draw(w.T, "name")
}

func (w generator) email() string {
	local := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "ü", "u\u0308"}), rapid.StringMatching(`[A-Za-z0-9!#$%&'*+/=?^_{|}~-]{1,20}`))
	domain := rapid.SampledFrom([]string{"b.c", "B.C", "example.com", "bücher.example", "xn--bcher-kva.example"})
	return local.Draw(w.T, "local part") + "@" + domain.Draw(w.T, "domain")
}

// between draws a time in a range, often one of its ends or the current time.
func (w generator) between(from, to api.Time) api.Time {
	if to.Before(from.Time) {
		panic(fmt.Sprintf("%s is after %s", from, to))
	}
	micros := []int64{from.UnixMicro(), to.UnixMicro()}
	if !w.now.Before(from.Time) && !w.now.After(to.Time) {
		micros = append(micros, w.now.UnixMicro())
	}
	return api.At(time.UnixMicro(rapid.OneOf(
		rapid.SampledFrom(micros), rapid.Int64Range(from.UnixMicro(), to.UnixMicro()),
	).Draw(w.T, "time")))
}

func (w generator) past() api.Time { return w.between(earliest, w.now) }

func earlier(a, b api.Time) api.Time {
	if b.Before(a.Time) {
		return b
	}
	return a
}

func (w generator) maybe() bool { return rapid.Bool().Draw(w.T, "maybe") }

func (w generator) few() int { return rapid.IntRange(0, 4).Draw(w.T, "how many") }

func (w generator) limit() *int {
	if w.maybe() {
		return nil
	}
	n := rapid.IntRange(0, maxInteger).Draw(w.T, "limit")
	return &n
}

func generateContents(t *rapid.T) store.Contents {
	w := generator{T: t}
	c := store.Contents{
		ID: rapid.StringMatching(uuidForm.pattern.String()).Draw(t, "organization id"), Name: w.name(60),
		IDs: store.IDs{Seed: rapid.Uint64Max(maxInteger).Draw(t, "seed"), Drawn: rapid.Uint64Max(maxInteger).Draw(t, "drawn")},
	}
	if w.maybe() {
		c.Clock = store.FrozenAt(w.between(earliest, store.LatestClock).Time)
	} else {
		c.Clock.Offset = time.Duration(rapid.Int64Range(-int64(50*365*24*time.Hour), int64(200*365*24*time.Hour)).Draw(t, "offset"))
	}
	w.now = c.Clock.Now(real)
	c.Settings = w.settings()
	keys := distinct{}
	for range w.few() {
		c.AdminKeys = append(c.AdminKeys, keys.draw(t, "admin key", rapid.StringMatching(adminKeyForm.pattern.String())))
	}
	userIDs, emails := distinct{}, distinct{}
	address := func() string {
		drawn := rapid.Custom(func(t *rapid.T) string { return generator{T: t}.email() }).
			Filter(func(s string) bool { return !emails[email.Canonical(s)] }).Draw(t, "email")
		emails[email.Canonical(drawn)] = true
		return drawn
	}
	for range w.few() {
		c.Users = append(c.Users, api.User{
			ID: w.id(userIDs), Type: "user", Email: address(), Name: w.name(60),
			Role: rapid.SampledFrom(api.OrganizationRoles).Draw(t, "role"), AddedAt: w.past(),
		})
	}
	for range w.few() {
		c.Removed = append(c.Removed, store.RemovedUser{ID: w.id(userIDs), AddedAt: w.past()})
	}
	invites := distinct{}
	for range w.few() {
		i := w.invite(invites)
		if i.Status == api.InvitePending {
			i.Email = address()
		}
		c.Invites = append(c.Invites, i)
	}
	workspaceIDs := distinct{}
	c.DefaultWorkspace = w.workspace(workspaceIDs)
	c.DefaultWorkspace.Name, c.DefaultWorkspace.ArchivedAt = "Default", api.Time{}
	for range w.few() {
		added := w.workspace(workspaceIDs)
		c.Workspaces = append(c.Workspaces, added)
		for _, u := range c.Users {
			if w.maybe() {
				role := rapid.SampledFrom(api.AssignableWorkspaceRoles).Draw(t, "workspace role")
				c.Members = append(c.Members, store.Member{WorkspaceID: added.ID, UserID: u.ID, Role: role})
			}
		}
	}
	keyIDs := distinct{}
	for range w.few() {
		c.APIKeys = append(c.APIKeys, w.key(c, keyIDs))
	}
	return c
}

func (w generator) settings() store.Settings {
	s := store.Settings{
		WorkspaceLimit: rapid.IntRange(0, maxInteger).Draw(w.T, "workspace limit"), MemberLimit: w.limit(),
		WorkspaceMemberLimit: w.limit(), APIKeyLimit: w.limit(), WorkspaceAPIKeyLimit: w.limit(),
		WorkspaceNameMaxLength: rapid.IntRange(1, 255).Draw(w.T, "name length"),
		AnthropicVersions:      rapid.SliceOfN(rapid.StringMatching(versionForm.pattern.String()), 1, 3).Draw(w.T, "versions"),
		DeletedInvites:         rapid.SampledFrom(store.AllDeletedInvites).Draw(w.T, "deleted invites"),
	}
	if w.maybe() {
		s.AllowedInviteDomains = append([]string{}, rapid.SliceOfN(rapid.SampledFrom([]string{"b.c", "Example.COM", "bücher.example"}), 0, 2).Draw(w.T, "domains")...)
	}
	return s
}

func (w generator) invite(seen distinct) api.Invite {
	i := api.Invite{
		ID: w.id(seen), Type: "invite", Email: w.email(), Role: rapid.SampledFrom(api.OrganizationRoles).Draw(w.T, "role"),
		Status: rapid.SampledFrom(api.InviteStatuses).Draw(w.T, "status"), InvitedAt: w.past(), RBACGroupIDs: []string{},
	}
	i.ExpiresAt = w.between(i.InvitedAt, latest)
	switch i.Status {
	case api.InviteAccepted:
		i.AcceptedAt = w.between(i.InvitedAt, earlier(i.ExpiresAt, w.now))
	case api.InviteDeleted:
	default:
		i.Status = api.InvitePending
		if !i.ExpiresAt.After(w.now.Time) {
			i.Status = api.InviteExpired
		}
	}
	return i
}

func (w generator) workspace(seen distinct) api.Workspace {
	added := api.Workspace{
		ID: w.id(seen), Type: "workspace", Name: w.name(255),
		DisplayColor:  rapid.StringMatching(colorForm.pattern.String()).Draw(w.T, "color"),
		CompartmentID: rapid.StringMatching(uuidForm.pattern.String()).Draw(w.T, "compartment"),
		CreatedAt:     w.past(), Tags: map[string]string{}, DataResidency: api.DefaultDataResidency(),
	}
	if w.maybe() {
		added.ArchivedAt = w.between(added.CreatedAt, w.now)
	}
	if w.maybe() {
		added.ExternalKeyID = api.Nullable(w.name(20))
	}
	if w.maybe() {
		added.Tags = rapid.MapOfN(rapid.String().Filter(func(s string) bool { return !strings.HasPrefix(s, "anthropic") }), rapid.String(), 1, 3).Draw(w.T, "tags")
	}
	if w.maybe() {
		geo := rapid.SampledFrom(api.InferenceGeos).Draw(w.T, "geo")
		added.DataResidency.AllowedInferenceGeos, added.DataResidency.DefaultInferenceGeo = api.AllowedGeos{"us", geo}, geo
	}
	return added
}

// key generates a key by simulating its history.
func (w generator) key(c store.Contents, seen distinct) store.APIKey {
	in := rapid.SampledFrom(append([]api.Workspace{c.DefaultWorkspace}, c.Workspaces...)).Draw(w.T, "workspace")
	var principal *api.Principal
	former := false
	switch rapid.IntRange(0, 5).Draw(w.T, "kind") {
	case 3:
		principal = api.ServiceAccountPrincipal(w.id(distinct{}))
	case 4:
		principal, in = api.ServiceAccountPrincipal(w.id(distinct{})), api.Workspace{}
	case 5:
		users := []string{"user_gone"}
		for _, u := range c.Users {
			users = append(users, u.ID)
		}
		for _, v := range c.Removed {
			users = append(users, v.ID)
		}
		i := rapid.IntRange(0, len(users)-1).Draw(w.T, "user")
		principal, in, former = api.UserPrincipal(users[i]), api.Workspace{}, i == 0 || i > len(c.Users)
	}
	end := w.now // of its history
	if !in.ArchivedAt.IsZero() {
		end = in.ArchivedAt
	}
	k := store.APIKey{APIKey: api.APIKey{
		ID: w.id(seen), Type: "api_key", Name: w.name(500), CreatedAt: w.between(earliest, end),
		CreatedBy: api.Actor{Type: "user"}, Principal: principal, Scope: api.ScopeOf(in.ID),
	}}
	if in.ID != c.DefaultWorkspace.ID {
		k.WorkspaceID = api.Nullable(in.ID)
	}
	creators := []string{"user_gone", "user_a"}
	for _, u := range c.Users {
		creators = append(creators, u.ID)
	}
	for _, v := range c.Removed {
		creators = append(creators, v.ID)
	}
	k.CreatedBy.ID = rapid.SampledFrom(creators).Draw(w.T, "creator")
	switch rapid.IntRange(0, 5).Draw(w.T, "kind of creator") {
	case 4:
		k.CreatedBy.Type = "service_account"
	case 5:
		k.CreatedBy = api.Actor{}
	}
	if w.maybe() {
		k.LastUsedAt = w.between(earliest, latest)
	}
	if w.maybe() {
		k.PartialKeyHint = api.Nullable(rapid.StringMatching(hintForm.pattern.String()).Draw(w.T, "hint"))
	}
	lastToggle := end
	if w.maybe() {
		k.ExpiresAt = w.between(k.CreatedAt, latest)
		if k.ExpiresAt.Before(lastToggle.Time) {
			lastToggle = k.ExpiresAt
		}
	}
	set := func(status api.APIKeyStatus, at api.Time) {
		k.Status = status
		k.History = append(k.History, store.StatusChange{Status: status, At: at})
	}
	set(rapid.SampledFrom([]api.APIKeyStatus{api.KeyActive, api.KeyInactive}).Draw(w.T, "status"), k.CreatedAt)
	for range w.few() {
		next := map[api.APIKeyStatus]api.APIKeyStatus{api.KeyActive: api.KeyInactive, api.KeyInactive: api.KeyActive}[k.Status]
		set(next, w.between(k.History[len(k.History)-1].At, lastToggle))
	}
	if !in.ArchivedAt.IsZero() || former || w.maybe() {
		at := w.between(k.History[len(k.History)-1].At, end)
		if !k.ExpiresAt.IsZero() && k.ExpiresAt.Before(at.Time) {
			set(api.KeyExpired, k.ExpiresAt)
		}
		set(api.KeyArchived, at)
	} else if !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(w.now.Time) {
		set(api.KeyExpired, k.ExpiresAt)
	}
	return k
}

// After any operations, the export of an organization is a seed of it.
func TestExportSurvivesOperations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := generateContents(t)
		now := real
		s := store.New(func() time.Time { return now })
		o, err := s.Add(c)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 12).Draw(t, "operations") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Hour, 21 * 24 * time.Hour}).Draw(t, "duration"))
			operate(t, o)
		}
		want := o.Contents()
		checkEqual(t, want, reload(t, Export(want), Options{Real: now})[0])
	})
}

// operate runs any write of the store on any of its objects. It may fail.
func operate(t *rapid.T, o *store.Organization) {
	c := o.Contents()
	users, invites := []string{"user_x"}, []string{"invite_x"}
	workspaces, keys := []string{c.DefaultWorkspace.ID}, []string{"apikey_x"}
	for _, u := range c.Users {
		users = append(users, u.ID)
	}
	for _, i := range c.Invites {
		invites = append(invites, i.ID)
	}
	for _, w := range c.Workspaces {
		workspaces = append(workspaces, w.ID)
	}
	for _, k := range c.APIKeys {
		keys = append(keys, k.ID)
	}
	one := func(of []string) string { return rapid.SampledFrom(of).Draw(t, "id") }
	role := rapid.SampledFrom(api.AssignableRoles).Draw(t, "role")
	workspaceRole := rapid.SampledFrom(api.AssignableWorkspaceRoles).Draw(t, "workspace role")
	status := rapid.SampledFrom(api.SettableKeyStatuses).Draw(t, "status")
	name := rapid.StringN(1, 40, -1).Draw(t, "name")
	operations := []func(){
		func() { o.UpdateOrganizationMember(one(users), role, nil) },
		func() { o.RemoveOrganizationMember(one(users)) },
		func() { o.CreateOrganizationInvite(store.NewInvite{Email: generator{T: t}.email(), Role: role}, nil) },
		func() { o.DeleteOrganizationInvite(one(invites)) },
		func() {
			o.CreateWorkspace(store.NewWorkspace{Name: name, DataResidency: api.DefaultDataResidency(), Tags: map[string]string{name: name}}, nil)
		},
		func() {
			o.UpdateWorkspace(one(workspaces), store.WorkspaceUpdate{Name: &name, ExternalKeyID: &name}, nil)
		},
		func() { o.ArchiveWorkspace(one(workspaces)) },
		func() {
			o.AddWorkspaceMember(one(workspaces), store.NewWorkspaceMember{UserID: one(users), WorkspaceRole: workspaceRole}, nil)
		},
		func() { o.UpdateWorkspaceMember(one(workspaces), one(users), workspaceRole, nil) },
		func() { o.RemoveWorkspaceMember(one(workspaces), one(users)) },
		func() { o.CreateAPIKey(store.NewAPIKey{Name: name, Principal: api.UserPrincipal(one(users))}) },
		func() {
			o.CreateAPIKey(store.NewAPIKey{Name: name, Principal: api.ServiceAccountPrincipal("svac_1"), WorkspaceID: one(workspaces)})
		},
		func() { o.UpdateAPIKey(one(keys), store.APIKeyUpdate{Name: &name, Status: &status}, nil) },
	}
	rapid.SampledFrom(operations).Draw(t, "operation")()
}
