package store_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/store"
)

const day = 24 * time.Hour

// epoch is the real time at the start of a test.
var epoch = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// at returns the time d after epoch.
func at(d time.Duration) api.Time { return api.At(epoch.Add(d)) }

// realTime is a real time that only the test advances.
type realTime struct{ passed atomic.Int64 }

func (r *realTime) now() time.Time          { return epoch.Add(time.Duration(r.passed.Load())) }
func (r *realTime) advance(d time.Duration) { r.passed.Add(int64(d)) }

// tb is the part of testing.TB and rapid.T that the helpers need.
type tb interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// org is an organization under test and the real time that its clock follows.
type org struct {
	*store.Organization
	t    tb
	real *realTime
}

// open builds an organization from contents, after filling them in with complete.
func open(t tb, c store.Contents) *org {
	t.Helper()
	real := new(realTime)
	o, err := store.New(real.now).Add(complete(c))
	if err != nil {
		t.Fatal(err)
	}
	return &org{o, t, real}
}

const defaultWorkspaceID = "wrkspc_default"

// complete fills in the fields that the test leaves out. Objects without a time get
// one, some hours ago, that puts them in list order as they are in c.
func complete(c store.Contents) store.Contents {
	c.ID = cmp.Or(c.ID, "11111111-1111-4111-8111-111111111111")
	c.Name = cmp.Or(c.Name, "Acme")
	if c.AdminKeys == nil {
		c.AdminKeys = []string{"sk-ant-admin01-acme"}
	}
	if c.Settings.WorkspaceNameMaxLength == 0 {
		c.Settings = store.DefaultSettings()
	}
	c.IDs.Seed = cmp.Or(c.IDs.Seed, 7)
	if c.DefaultWorkspace.ID == "" {
		c.DefaultWorkspace = workspace("default")
		c.DefaultWorkspace.Name = "Default"
		c.DefaultWorkspace.CreatedAt = at(-365 * day)
	}
	c.Users, c.Invites, c.Workspaces = slices.Clone(c.Users), slices.Clone(c.Invites), slices.Clone(c.Workspaces)
	c.APIKeys, c.Removed = slices.Clone(c.APIKeys), slices.Clone(c.Removed)
	age := func(t *api.Time, i int) {
		if t.IsZero() {
			*t = at(-time.Duration(i+1) * time.Hour)
		}
	}
	for i := range c.Users {
		age(&c.Users[i].AddedAt, i)
	}
	for n := range c.Invites {
		i := &c.Invites[n]
		age(&i.InvitedAt, n)
		if i.ExpiresAt.IsZero() && i.Status == api.InviteExpired {
			i.ExpiresAt = api.At(i.InvitedAt.Add(time.Minute))
		}
		if i.ExpiresAt.IsZero() {
			i.ExpiresAt = api.At(i.InvitedAt.Add(21 * day))
		}
		if i.Status == api.InviteAccepted && i.AcceptedAt.IsZero() {
			i.AcceptedAt = api.At(i.InvitedAt.Add(time.Minute))
		}
	}
	for i := range c.Workspaces {
		age(&c.Workspaces[i].CreatedAt, i)
	}
	for i := range c.APIKeys {
		k := &c.APIKeys[i]
		age(&k.CreatedAt, i)
		if k.Scope.WorkspaceID != c.DefaultWorkspace.ID {
			k.WorkspaceID = api.Nullable(k.Scope.WorkspaceID)
		}
		if k.History == nil {
			k.History = []store.StatusChange{{Status: k.Status, At: k.CreatedAt}}
		}
	}
	return c
}

// settings returns the default settings with a change.
func settings(change func(*store.Settings)) store.Settings {
	s := store.DefaultSettings()
	change(&s)
	return s
}

func user(name string, role api.OrganizationRole) api.User {
	email := name + "@example.com"
	return api.User{ID: "user_" + name, Type: "user", Email: email, Name: api.NameFromEmail(email), Role: role}
}

func addedAt(t api.Time, u api.User) api.User {
	u.AddedAt = t
	return u
}

func invite(name string, role api.OrganizationRole, status api.InviteStatus) api.Invite {
	return api.Invite{
		ID: "invite_" + name, Type: "invite", Email: name + "@example.com", Role: role, Status: status,
		RBACGroupIDs: []string{},
	}
}

func invitedAt(t api.Time, i api.Invite) api.Invite {
	i.InvitedAt = t
	return i
}

func workspace(name string) api.Workspace {
	return api.Workspace{
		ID: "wrkspc_" + name, Type: "workspace", Name: name, DisplayColor: "#6C5BB9",
		CompartmentID: "3f1c9a52-7d0e-4b86-9a4d-5c2e8f6b1a70", Tags: map[string]string{},
		DataResidency: api.DefaultDataResidency(),
	}
}

func createdAt(t api.Time, w api.Workspace) api.Workspace {
	w.CreatedAt = t
	return w
}

func archived(w api.Workspace) api.Workspace {
	w.ArchivedAt = at(-time.Minute)
	return w
}

// key returns an API key created by user_maker.
func key(name, workspaceID string, status api.APIKeyStatus) store.APIKey {
	return store.APIKey{APIKey: api.APIKey{
		ID: "apikey_" + name, Type: "api_key", Name: name, CreatedBy: api.Actor{ID: "user_maker", Type: "user"},
		Status: status, PartialKeyHint: "sk-ant-api03-R2D...igAA",
		Scope: api.Scope{Type: "workspace", WorkspaceID: workspaceID},
	}}
}

// personalKey returns a personal API key of a user.
func personalKey(name, userID string, status api.APIKeyStatus) store.APIKey {
	k := createdBy(userID, key(name, "", status))
	k.Principal, k.Scope = &api.Principal{Type: "user_actor", UserID: userID}, api.Scope{Type: "organization"}
	return k
}

// serviceKey returns an API key of a service account, in a workspace or, if its id is
// empty, in none.
func serviceKey(name, workspaceID string, status api.APIKeyStatus) store.APIKey {
	k := key(name, workspaceID, status)
	k.CreatedBy = api.Actor{ID: "svac_maker", Type: "service_account"}
	k.Principal = &api.Principal{Type: "service_account_actor", ServiceAccountID: "svac_1"}
	if workspaceID == "" {
		k.Scope = api.Scope{Type: "organization"}
	}
	return k
}

func createdBy(userID string, k store.APIKey) store.APIKey {
	k.CreatedBy.ID = userID
	return k
}

func keyCreatedAt(t api.Time, k store.APIKey) store.APIKey {
	k.CreatedAt = t
	return k
}

// expiring returns the key with an expiry.
func expiring(t api.Time, k store.APIKey) store.APIKey {
	k.ExpiresAt = t
	return k
}

func member(workspaceID, userID string, role api.WorkspaceRole) store.Member {
	return store.Member{WorkspaceID: workspaceID, UserID: userID, Role: role}
}

// must returns the result of a call, which must not have been refused.
func must[T any](v T, err error) func(tb) T {
	return func(t tb) T {
		t.Helper()
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return v
	}
}

// diff fails the test if want and got differ.
func diff[T any](t tb, what string, want, got T) {
	t.Helper()
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// object checks that the JSON of an object encodes its value, and returns the value.
func object[T any](o store.Object[T], err error) func(tb) T {
	return func(t tb) T {
		t.Helper()
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		encoded := api.Encode(plain(o.Value))
		if o.JSON != encoded {
			t.Errorf("JSON is %s, want the value's %s", o.JSON, encoded)
		}
		diff(t, "JSON in the full shape", encoded, o.In(api.ShapeFull).JSON)
		diff(t, "JSON in the shape of 2026-10-21", in20261021(encoded), o.In(api.Shape20261021).JSON)
		return o.Value
	}
}

// in20261021 returns the JSON of an object or a page in the shape of version
// 2026-10-21: without the workspace_id of API keys.
func in20261021(full string) string {
	return keyWorkspace.ReplaceAllString(full, "$1")
}

var keyWorkspace = regexp.MustCompile(`("type":"api_key","name":"(?:[^"\\\\]|\\\\.)*",)"workspace_id":(?:null|"[^"]*"),`)

// plain returns the API's object in a value of the store.
func plain(v any) any {
	switch v := v.(type) {
	case store.User:
		return v.User
	case store.Invite:
		return v.Invite
	case store.Workspace:
		return v.Workspace
	case store.APIKey:
		return v.APIKey
	}
	return v
}

// wantRefusal fails the test unless err is a refusal with the kind and code of want
// and a message that contains want's.
func wantRefusal(t tb, want store.Error, err error) {
	t.Helper()
	var got *store.Error
	if !errors.As(err, &got) {
		t.Errorf("error is %v, want refusal %+v", err, want)
		return
	}
	if got.Kind != want.Kind || got.Code != want.Code || !strings.Contains(got.Message, want.Message) {
		t.Errorf("refused with %+v, want %+v", *got, want)
	}
	if got.Error() == "" {
		t.Error("the refusal has no message")
	}
}

// refused checks that the organization refuses a call, and that the call changed
// nothing, not even the counter of ids.
func refused[T any](o *org, want store.Error, call func() (T, error)) {
	o.t.Helper()
	before := o.Contents()
	_, err := call()
	wantRefusal(o.t, want, err)
	diff(o.t, "contents after a refused call", before, o.Contents())
}

// listPage is the content of a page.
type listPage struct {
	IDs     []string
	HasMore bool
}

// readPage returns the content of a page, and checks that its fields, values and
// JSON agree.
func readPage[T any](p store.Page[T], err error) func(tb) listPage {
	return func(t tb) listPage {
		t.Helper()
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		var body struct {
			Data    []json.RawMessage `json:"data"`
			HasMore *bool             `json:"has_more"`
			FirstID *string           `json:"first_id"`
			LastID  *string           `json:"last_id"`
		}
		full := string(p.JSON())
		diff(t, "page in the full shape", full, string(p.In(api.ShapeFull).JSON()))
		diff(t, "page in the shape of 2026-10-21", in20261021(full), string(p.In(api.Shape20261021).JSON()))
		dec := json.NewDecoder(strings.NewReader(full))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&body); err != nil {
			t.Fatalf("%s: %v", p.JSON(), err)
		}
		if body.Data == nil || body.HasMore == nil {
			t.Fatalf("no data or no has_more in %s", p.JSON())
		}
		a := listPage{IDs: []string{}, HasMore: *body.HasMore}
		values := slices.Collect(p.All())
		if len(values) != p.Len() || len(values) != len(body.Data) {
			t.Fatalf("%d values on a page of %d with the JSON %s", len(values), p.Len(), p.JSON())
		}
		for i, raw := range body.Data {
			if encoded := api.Encode(plain(any(values[i]))); string(raw) != encoded {
				t.Errorf("JSON is %s, want the value's %s", raw, encoded)
			}
			var o struct {
				ID     string `json:"id"`
				UserID string `json:"user_id"`
			}
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatal(err)
			}
			a.IDs = append(a.IDs, cmp.Or(o.ID, o.UserID))
		}
		var first, last *string
		if len(a.IDs) > 0 {
			first, last = &a.IDs[0], &a.IDs[len(a.IDs)-1]
		}
		diff(t, "first_id", first, body.FirstID)
		diff(t, "last_id", last, body.LastID)
		if p.HasMore != a.HasMore || first != nil && (p.FirstID != *first || p.LastID != *last) ||
			first == nil && p.FirstID+p.LastID != "" {
			t.Errorf("the page has %v %q %q, its JSON %s", p.HasMore, p.FirstID, p.LastID, p.JSON())
		}
		return a
	}
}

// all selects a first page that is long enough for every list in the tests.
var all = store.List{Limit: 1000}

// The lists of an organization without their types, for rules that they share.

func (o *org) users(f store.UserFilter, l store.List) listPage {
	o.t.Helper()
	return readPage(o.ListOrganizationMembers(f, l, nil))(o.t)
}

func (o *org) invites(f store.InviteFilter, l store.List) listPage {
	o.t.Helper()
	return readPage(o.ListOrganizationInvites(f, l, nil))(o.t)
}

func (o *org) workspaces(f store.WorkspaceFilter, l store.List) listPage {
	o.t.Helper()
	return readPage(o.ListWorkspaces(f, l, nil))(o.t)
}

func (o *org) members(workspaceID string, l store.List) listPage {
	o.t.Helper()
	return readPage(o.ListWorkspaceMembers(workspaceID, l, nil))(o.t)
}

func (o *org) keys(f store.APIKeyFilter, l store.List) listPage {
	o.t.Helper()
	return readPage(o.ListAPIKeys(f, l, nil))(o.t)
}

// role returns the user's role in the workspace, or an empty one for a user who is
// not a member, and checks that the list of members agrees.
func (o *org) role(workspaceID, userID string) api.WorkspaceRole {
	o.t.Helper()
	var listed api.WorkspaceRole
	for m := range must(o.ListWorkspaceMembers(workspaceID, all, nil))(o.t).All() {
		if m.UserID == userID {
			listed = m.WorkspaceRole
		}
	}
	m, err := o.GetWorkspaceMember(workspaceID, userID)
	if err != nil {
		wantRefusal(o.t, store.Error{Kind: store.NotFound}, err)
	}
	if m.Value.WorkspaceRole != listed {
		o.t.Errorf("%s is %q in %s, but %q in the list", userID, m.Value.WorkspaceRole, workspaceID, listed)
	}
	return listed
}

// wantIDs fails the test unless the page has exactly these objects and no more
// follow.
func wantIDs(t tb, got listPage, ids ...string) {
	t.Helper()
	if ids == nil {
		ids = []string{}
	}
	diff(t, "page", listPage{IDs: ids}, got)
}

// wantMore is wantIDs for a page that has more objects after it.
func wantMore(t tb, got listPage, ids ...string) {
	t.Helper()
	diff(t, "page", listPage{IDs: ids, HasMore: true}, got)
}
