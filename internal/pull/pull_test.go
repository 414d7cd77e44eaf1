package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/seed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey = "sk-ant-admin01-the-key-of-the-tests"
	orgID   = "12345678-1234-5678-1234-567812345678"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// object is an object of the API.
type object = map[string]any

// fakeAPI is an Admin API that answers what it is given, good or bad.
type fakeAPI struct {
	t           *testing.T
	name        string
	lists       map[string][]object // by path below organizations
	page        int                 // objects on a page at most
	listsNoMore bool                // the Default Workspace, whoever asks

	before   func(w http.ResponseWriter, r *http.Request) bool // tells whether it has answered
	requests []string

	// One request at a time: where a connection breaks, net/http may send a GET
	// again before the handler of the first one has ended.
	one sync.Mutex
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.one.Lock()
	defer f.one.Unlock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery)
	if r.Method != http.MethodGet || r.Header.Get("X-Api-Key") != testKey || r.Header.Get("Anthropic-Version") != "2023-06-01" || !strings.HasPrefix(r.UserAgent(), "antechamber/") {
		f.t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
	}
	w.Header().Set("Date", now.Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	if f.before != nil && f.before(w, r) {
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v1/organizations/")
	if path == "me" {
		json.NewEncoder(w).Encode(object{"id": orgID, "type": "organization", "name": f.name})
		return
	}
	f.list(w, path, r.URL.Query())
}

func (f *fakeAPI) list(w http.ResponseWriter, path string, query url.Values) {
	objects := slices.Clone(f.lists[path])
	if path == "workspaces" && (f.listsNoMore || query.Get("include_default") == "") {
		objects = slices.DeleteFunc(objects, func(o object) bool { return o["id"] == "wrkspc_default" })
	}
	idOf := func(o object) string {
		if strings.HasSuffix(path, "/members") {
			return o["user_id"].(string)
		}
		return o["id"].(string)
	}
	if after := query.Get("after_id"); after != "" {
		at := slices.IndexFunc(objects, func(o object) bool { return idOf(o) == after })
		if at < 0 {
			fail(w, http.StatusBadRequest, "after_id: "+after+" is no object of this list")
			return
		}
		objects = objects[at+1:]
	}
	limit, _ := strconv.Atoi(query.Get("limit"))
	if f.page > 0 {
		limit = min(limit, f.page)
	}
	more := len(objects) > limit
	objects = objects[:min(limit, len(objects))]
	answer := object{"data": append([]object{}, objects...), "has_more": more}
	if len(objects) > 0 {
		answer["first_id"], answer["last_id"] = idOf(objects[0]), idOf(objects[len(objects)-1])
	}
	json.NewEncoder(w).Encode(answer)
}

func fail(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object{"type": "error", "error": object{"type": "some_error", "message": message}})
}

// acme is an organization with people in it, and in the names of things.
func acme(t *testing.T) *fakeAPI {
	return &fakeAPI{t: t, name: "jane.doe@corp.test's Organization", lists: map[string][]object{
		"users": {
			{"id": "user_3", "type": "user", "email": "mei-ling@corp.test", "name": "Mei-Ling Chou", "role": "billing", "added_at": "2026-01-03T00:00:00Z"},
			{"id": "user_2", "type": "user", "email": "cher@corp.test", "name": "Cher", "role": "developer", "added_at": "2026-01-02T00:00:00Z"},
			{"id": "user_1", "type": "user", "email": "Jane.Doe@corp.test", "name": "Jane Doe", "role": "admin", "added_at": "2026-01-01T00:00:00Z", "shoe_size": 38},
		},
		"invites": {
			{"id": "invite_3", "email": "new@corp.test", "role": "user", "status": "pending", "invited_at": "2026-02-20T00:00:00Z", "expires_at": "2026-03-13T00:00:00Z", "accepted_at": nil},
			{"id": "invite_2", "email": "cher@corp.test", "role": "developer", "status": "accepted", "invited_at": "2026-01-01T12:00:00Z", "expires_at": "2026-01-22T12:00:00Z"},
			{"id": "invite_1", "email": "NEW@corp.test", "role": "user", "status": "expired", "invited_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-22T00:00:00Z"},
		},
		"workspaces": {
			{"id": "wrkspc_2", "name": "Default", "display_color": "#123456", "created_at": "2026-01-05T00:00:00Z", "archived_at": nil},
			{
				"id": "wrkspc_1", "name": "Jane Doe's place", "display_color": "#123456", "created_at": "2026-01-04T00:00:00Z", "archived_at": "2026-02-01T00:00:00Z",
				"external_key_id": "ext_jane.doe@corp.test", "tags": object{"owner": "user=jane.doe@corp.test-old", "mei ling chou": "yes"},
			},
			{"id": "wrkspc_default", "name": "Default", "display_color": "#654321", "created_at": "2025-12-31T00:00:00Z", "archived_at": nil},
		},
		"workspaces/wrkspc_1/members": {
			{"user_id": "user_3", "workspace_id": "wrkspc_1", "workspace_role": "workspace_billing"},
			{"user_id": "user_2", "workspace_id": "wrkspc_1", "workspace_role": "workspace_developer"},
			{"user_id": "user_1", "workspace_id": "wrkspc_1", "workspace_role": "workspace_admin"},
		},
		"workspaces/wrkspc_2/members": {
			{"user_id": "user_3", "workspace_id": "wrkspc_2", "workspace_role": "workspace_admin"},
			{"user_id": "user_1", "workspace_id": "wrkspc_2", "workspace_role": "workspace_admin"},
		},
		"api_keys": {
			{"id": "apikey_3", "name": "sk-ant-api03-abcdefghijklmnop of Cher", "workspace_id": nil, "created_at": "2026-01-07T00:00:00Z", "created_by": object{"id": "user_2", "type": "user"}, "status": "active", "last_used_at": nil, "partial_key_hint": "sk-ant-api03-R2D...igAA"},
			{"id": "apikey_2", "name": "jane_doe, gone@else.test", "workspace_id": "wrkspc_2", "created_at": "2026-01-06T00:00:00Z", "created_by": object{"id": "user_1", "type": "user"}, "status": "inactive", "last_used_at": "2026-02-01T00:00:00Z", "partial_key_hint": nil},
			{"id": "apikey_1", "name": "Cher", "workspace_id": "wrkspc_1", "created_at": "2026-01-05T00:00:00Z", "created_by": object{"id": "user_gone", "type": "user"}, "status": "archived", "last_used_at": nil},
		},
	}}
}

// world is where a pull of a test happens.
type world struct {
	t     *testing.T
	api   *fakeAPI
	opts  Options
	said  []string
	slept []time.Duration
}

func newWorld(t *testing.T, api *fakeAPI) *world {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	w := &world{t: t, api: api}
	from, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.opts = Options{
		From: from, Key: testKey, Agent: "antechamber/test", Name: "seed.json", Partial: filepath.Join(t.TempDir(), "seed.json.partial"),
		Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.slept = append(w.slept, d)
			return context.Cause(ctx)
		},
		Progress: func(p Progress) { _ = p.String() },
		Say:      func(line string) { w.said = append(w.said, line) },
	}
	return w
}

// pull is a pull that succeeds.
func (w *world) pull() Result {
	w.t.Helper()
	result, err := Run(w.t.Context(), w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(result.Faults) > 0 {
		w.t.Errorf("the seed is faulty: %v\n%s", result.Faults, result.Seed)
	}
	return result
}

// fails is a pull that fails, and says so.
func (w *world) fails(says ...string) error {
	w.t.Helper()
	_, err := Run(w.t.Context(), w.opts)
	if err == nil {
		w.t.Fatal("it succeeded")
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			w.t.Errorf("it says %q, want %q", err, s)
		}
	}
	if strings.Contains(err.Error(), testKey) || strings.Contains(strings.Join(w.said, "\n"), testKey) {
		w.t.Errorf("it tells the key: %v, %v", err, w.said)
	}
	return err
}

func (w *world) partial() string {
	b, err := os.ReadFile(w.opts.Partial)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	return string(b)
}

// parsed is a seed as JSON.
func parsed(t *testing.T, data []byte) (o copied) {
	t.Helper()
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// personal are what must not be in a copy.
var personal = []string{"corp.test", "else.test", "jane", "doe", "mei-ling", "mei ling", "chou", "cher\"", "cher "}

func holdsNothingPersonal(t *testing.T, where, s string) {
	t.Helper()
	s = strings.ToLower(s)
	for _, p := range personal {
		if strings.Contains(s, p) {
			t.Errorf("%q is in %s:\n%s", p, where, s)
		}
	}
}

func TestPullTakesPeopleOut(t *testing.T) {
	w := newWorld(t, acme(t))
	result := w.pull()
	holdsNothingPersonal(t, "the seed", string(result.Seed))
	holdsNothingPersonal(t, "the partial file", w.partial())
	if want := []string{"people who are gone (1 of them have left a trace) are unknown by name: where a text names them, so does the copy"}; !slices.Equal(result.Notes, want) {
		t.Errorf("notes: %q", result.Notes)
	}
	jane, mei, cher := standIn("user_1"), standIn("user_3"), standIn("invite_2") // which Cher has accepted
	o := parsed(t, result.Seed)
	got := []string{
		o.Name, o.Users[2].Email, o.Users[2].Name, o.Invites[0].Email, o.Invites[1].Email, o.Invites[2].Email,
		o.Workspaces[1].Name, o.Workspaces[1].Tags["owner"], o.Workspaces[1].Tags[mei.name(0)], o.APIKeys[0].Name, o.APIKeys[2].Name,
		strings.Split(o.APIKeys[1].Name, ",")[0],
	}
	want := []string{
		jane.email(6) + "'s Organization", jane.email(6), jane.name(0), standIn("invite_1").email(6), cher.email(6), standIn("invite_1").email(6),
		jane.name(0) + "'s place", "user=" + jane.email(6) + "-old", "yes", "sk-ant-…mnop of " + cher.name(0), cher.name(0),
		jane.name(0),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(o.APIKeys[1].Name, "@example.com") {
		t.Errorf("the address of nobody is %q", o.APIKeys[1].Name)
	}
	if again := newWorld(t, acme(t)).pull(); string(again.Seed) != string(result.Seed) {
		t.Errorf("another pull gives another seed:\n%s", cmp.Diff(string(result.Seed), string(again.Seed)))
	}
}

func TestPullKeepsPersonalData(t *testing.T) {
	w := newWorld(t, acme(t))
	w.opts.KeepPersonalData = true
	result := w.pull()
	o := parsed(t, result.Seed)
	got := []string{o.Name, o.Users[2].Email, o.Users[2].Name, o.Workspaces[1].Name, o.Workspaces[1].Tags["owner"], o.APIKeys[0].Name}
	want := []string{
		"jane.doe@corp.test's Organization", "Jane.Doe@corp.test", "Jane Doe", "Jane Doe's place", "user=jane.doe@corp.test-old", "sk-ant-…mnop of Cher",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, s := range []string{string(result.Seed), w.partial()} {
		if strings.Contains(s, "abcdefgh") || strings.Contains(s, testKey) {
			t.Errorf("there is a key in\n%s", s)
		}
	}
}

func TestPullKnowsWhoWasAddedByHand(t *testing.T) {
	o := parsed(t, newWorld(t, acme(t)).pull().Seed)
	got := map[string][]copiedMember{}
	for _, ws := range o.Workspaces {
		got[ws.ID] = ws.Members
	}
	want := map[string][]copiedMember{
		"wrkspc_1": {{"user_2", "workspace_developer"}},
		"wrkspc_2": {{"user_3", "workspace_admin"}}, // of billing, which somebody must have made an admin
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPullFindsTheDefaultWorkspace(t *testing.T) {
	api := acme(t)
	w := newWorld(t, api)
	o := parsed(t, w.pull().Seed)
	if o.DefaultWorkspace == nil || o.DefaultWorkspace.ID != "wrkspc_default" || o.DefaultWorkspace.DisplayColor != "#654321" || len(o.Workspaces) != 2 {
		t.Errorf("it is %+v beside %d others", o.DefaultWorkspace, len(o.Workspaces))
	}
	if slices.ContainsFunc(api.requests, func(r string) bool { return strings.Contains(r, "wrkspc_default/members") }) {
		t.Errorf("its members were asked for: %v", api.requests)
	}

	// A server that never lists it.
	api = acme(t)
	api.listsNoMore = true
	o = parsed(t, newWorld(t, api).pull().Seed)
	if o.DefaultWorkspace != nil || len(o.Workspaces) != 2 {
		t.Errorf("it is %+v beside %d others", o.DefaultWorkspace, len(o.Workspaces))
	}
	api.lists["api_keys"][0]["scope"] = object{"type": "workspace", "workspace_id": "wrkspc_default"}
	o = parsed(t, newWorld(t, api).pull().Seed)
	if o.DefaultWorkspace == nil || o.DefaultWorkspace.ID != "wrkspc_default" {
		t.Errorf("it is %+v", o.DefaultWorkspace)
	}
}

func TestPullTurnsPages(t *testing.T) {
	want := newWorld(t, acme(t)).pull()
	api := acme(t)
	api.page = 1
	w := newWorld(t, api)
	if got := w.pull(); string(got.Seed) != string(want.Seed) || got.Requests <= want.Requests {
		t.Errorf("in %d requests instead of %d:\n%s", got.Requests, want.Requests, cmp.Diff(string(want.Seed), string(got.Seed)))
	}
	if first := api.requests[1]; first != "GET /v1/organizations/users?limit=1000" {
		t.Errorf("it begins with %s", first)
	}
}

func TestPullClockBeginsWhereTheServersIs(t *testing.T) {
	begins := func(change func(api *fakeAPI)) string {
		t.Helper()
		api := acme(t)
		change(api)
		w := newWorld(t, api)
		return parsed(t, w.pull().Seed).Clock.StartsAt.Format(time.RFC3339)
	}
	for what, test := range map[string]struct {
		change func(api *fakeAPI)
		want   string
	}{
		"real time":            {func(*fakeAPI) {}, "2026-03-01T12:00:00Z"},
		"a clock that is late": {func(api *fakeAPI) { api.lists["invites"][0]["expires_at"] = "2026-02-28T00:00:00Z" }, "2026-02-20T00:00:00Z"},
		"a clock ahead": {func(api *fakeAPI) {
			api.lists["invites"][0]["expires_at"] = "2026-12-31T00:00:00Z"
			api.lists["users"][0]["added_at"] = "2026-12-24T00:00:00Z"
			api.lists["api_keys"][1]["last_used_at"] = "2027-01-01T00:00:00Z" // of which nothing follows
		}, "2026-12-24T00:00:00Z"},
		"an expired key": {func(api *fakeAPI) {
			api.lists["invites"][0]["expires_at"] = "2026-12-31T00:00:00Z"
			api.lists["api_keys"][1]["status"], api.lists["api_keys"][1]["expires_at"] = "expired", "2026-11-11T00:00:00Z"
		}, "2026-11-11T00:00:00Z"},
	} {
		if got := begins(test.change); got != test.want {
			t.Errorf("%s: it begins at %s, want %s", what, got, test.want)
		}
	}
}

func TestPullMendsWhatASeedCannotHold(t *testing.T) {
	api := acme(t)
	users, invites, workspaces, keys := api.lists["users"], api.lists["invites"], api.lists["workspaces"], api.lists["api_keys"]
	users[0]["role"] = "managed"
	users[2]["role"] = "owner"
	users[1]["email"] = "JANE.doe@corp.test"
	users[1]["name"] = ""
	invites[0]["email"] = "jane.doe@corp.test"
	api.lists["invites"] = append(invites,
		object{"id": "invite_a", "email": "x@y.test", "role": "user", "status": "pending", "invited_at": "2026-02-20T00:00:00Z", "expires_at": "2026-03-13T00:00:00Z"},
		object{"id": "invite_b", "email": "x@y.test", "role": "user", "status": "pending", "invited_at": "2026-02-19T00:00:00Z", "expires_at": "2026-03-12T00:00:00Z"},
		object{"id": "invite_c", "email": "no address", "role": "user", "status": "pending", "invited_at": "2026-02-19T00:00:00Z", "expires_at": "2026-03-12T00:00:00Z"})
	workspaces[0]["data_residency"] = object{"workspace_geo": "mars", "allowed_inference_geos": []string{"us", "mars"}, "default_inference_geo": "global"}
	workspaces[0]["tags"] = object{"anthropic-x": "1", "a": "b"}
	workspaces[0]["display_color"] = "red"
	api.lists["workspaces/wrkspc_2/members"] = []object{
		{"user_id": "user_unknown", "workspace_role": "workspace_user"},
		{"user_id": "user_3", "workspace_role": "workspace_captain"},
		{"user_id": "user_2", "workspace_role": "workspace_billing"},
	}
	keys[2]["status"] = "active" // in an archived workspace
	keys[0]["created_by"] = object{"id": "svac_1", "type": "service_account"}
	keys[0]["partial_key_hint"] = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"
	keys[0]["name"] = ""
	keys[1]["name"] = strings.Repeat("x", 501)
	api.lists["api_keys"] = append(keys,
		object{"id": "apikey_0", "name": "late", "workspace_id": "wrkspc_9", "created_at": "2026-02-20T00:00:00Z", "created_by": object{"id": "user_1"}, "status": "active"},
		object{"id": "apikey_x", "name": "expired", "workspace_id": nil, "created_at": "2026-02-20T00:00:00Z", "created_by": object{"id": "user_1"}, "status": "expired"})
	for _, keep := range []bool{false, true} {
		w := newWorld(t, api)
		w.opts.KeepPersonalData = keep
		result := w.pull()
		for _, about := range []string{
			`user_3 has the role "managed"`, `user_1 has the role "owner", which is "admin"`, "invite_3 is pending and to a user", "invite_b is not the only",
			"wrkspc_2 has a data residency", `"anthropic-x"`, "user_unknown is a member", `"workspace_captain"`, `user_2 is "workspace_billing"`, "apikey_1 is active in an archived",
			"svac_1 made keys", "apikey_3 has a hint", "apikey_3 has no name", "apikey_2 has a name of more", "apikey_0 is in wrkspc_9",
		} {
			if !slices.ContainsFunc(result.Notes, func(n string) bool { return strings.Contains(n, about) }) {
				t.Errorf("no note says %q: %q", about, result.Notes)
			}
		}
		if keep != strings.Contains(strings.Join(result.Notes, "\n"), "user_1 has the address of another user") {
			t.Errorf("notes: %q", result.Notes)
		}
		if strings.Contains(string(result.Seed), "abcdefgh") {
			t.Errorf("there is a key in\n%s", result.Seed)
		}
	}
}

func TestPullMendsStatesThatCannotBe(t *testing.T) {
	api := acme(t)
	api.name = ""
	users, invites, workspaces, keys := api.lists["users"], api.lists["invites"], api.lists["workspaces"], api.lists["api_keys"]
	users[0]["added_at"] = nil
	delete(users[1], "added_at")
	made := func(id, status string, times ...any) object {
		o := object{"id": id, "email": id + "@x.test", "role": "user", "status": status}
		for i, field := range []string{"invited_at", "expires_at", "accepted_at"} {
			if i < len(times) {
				o[field] = times[i]
			}
		}
		return o
	}
	api.lists["invites"] = append(invites,
		made("invite_revoked", "revoked", "2026-01-01T00:00:00Z", "2026-01-22T00:00:00Z"),
		made("invite_late", "accepted", "2026-01-01T00:00:00Z", "2026-01-22T00:00:00Z", "2026-01-23T00:00:00Z"),
		made("invite_early", "accepted", "2026-01-05T00:00:00Z", "2026-01-22T00:00:00Z", "2026-01-01T00:00:00Z"),
		made("invite_back", "pending", "2026-02-25T00:00:00Z", "2026-01-22T00:00:00Z"),
		made("invite_over", "expired", "2026-02-25T00:00:00Z", "2026-01-22T00:00:00Z"),
		made("invite_timeless", "deleted"))
	workspaces[0]["compartment_id"], workspaces[0]["external_key_id"] = "cmp_1", ""
	workspaces[0]["tags"] = object{"n": 1.50, "null": nil, "deep": object{"who": "jane.doe@corp.test"}, "yes": true, "text": "null"}
	workspaces[1]["created_at"] = "2026-02-02T00:00:00Z" // after its archived_at
	delete(keys[0], "created_by")
	keys[0]["status"], keys[0]["created_at"], keys[0]["expires_at"] = "melted", nil, "2026-01-01T00:00:00Z"
	keys[1]["created_by"] = nil
	keys[2]["status"], keys[2]["created_at"] = "molten", "2026-02-03T00:00:00Z"
	result := newWorld(t, api).pull()
	for _, about := range []string{
		"the organization has no name", "user_3 has no added_at", "user_2 has no added_at", `invite_revoked has the status "revoked", and is deleted`,
		"invite_late was accepted after", "invite_early was accepted before", "invite_back expires before", "invite_over expired before", "invite_timeless has no invited_at",
		"wrkspc_2 has a compartment_id that is no UUID", "wrkspc_2 has an empty external_key_id", `wrkspc_2 has the tag "n" with a value that is no text`, "wrkspc_1 has a created_at after its archived_at",
		"apikey_3 was made by nobody", "apikey_2 was made by nobody", `apikey_3 has the status "melted", and is inactive`, `apikey_1 has the status "molten"`, "apikey_1 is molten in an archived workspace",
		"apikey_3 has no created_at", "apikey_3 has a created_at after its expires_at", "apikey_1 has a created_at after the archived_at",
	} {
		if !slices.ContainsFunc(result.Notes, func(n string) bool { return strings.Contains(n, about) }) {
			t.Errorf("no note says %q: %q", about, result.Notes)
		}
	}
	o := parsed(t, result.Seed)
	tags := map[string]string{"n": "1.5", "null": "null", "deep": `{"who":"` + o.Users[2].Email + `"}`, "yes": "true", "text": "null"}
	if diff := cmp.Diff(tags, o.Workspaces[0].Tags); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if o.Name != orgID || o.Workspaces[0].ExternalKeyID != nil || o.Workspaces[1].ExternalKeyID == nil || o.APIKeys[1].CreatedBy != nobody || o.Removed[0].ID != nobody || o.Users[0].AddedAt != o.Users[2].AddedAt {
		t.Errorf("it is %+v", o)
	}
}

func TestPullSaysWhatNeedsMending(t *testing.T) {
	api := acme(t)
	api.lists["api_keys"][0]["id"] = "a b"
	result, err := Run(t.Context(), newWorld(t, api).opts)
	if err != nil || len(result.Faults) != 1 || !strings.Contains(result.Faults.Error(), "/api_keys/0/id") || len(result.Seed) == 0 {
		t.Errorf("faults: %v, %v", result.Faults, err)
	}
}

// once gives a fault that happens with the nth request, and that many times.
func once(n, times int, fault func(w http.ResponseWriter, r *http.Request)) func(w http.ResponseWriter, r *http.Request) bool {
	seen := 0
	return func(w http.ResponseWriter, r *http.Request) bool {
		seen++
		if seen < n || seen >= n+times {
			return false
		}
		fault(w, r)
		return true
	}
}

func TestPullWaitsAndTriesAgain(t *testing.T) {
	want := newWorld(t, acme(t)).pull()
	limited := func(header ...string) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			fail(w, http.StatusTooManyRequests, "slow down, "+testKey)
		}
	}
	seconds := func(s ...float64) (out []time.Duration) {
		for _, s := range s {
			out = append(out, time.Duration(s*float64(time.Second)))
		}
		return out
	}
	for what, test := range map[string]struct {
		fault func(w http.ResponseWriter, r *http.Request)
		times int
		slept []time.Duration
	}{
		"seconds":      {limited("Retry-After", "17"), 2, seconds(17, 17)},
		"a date":       {limited("Retry-After", now.Add(time.Minute).Format(http.TimeFormat)), 1, seconds(60)},
		"a past date":  {limited("Retry-After", now.Add(-time.Minute).Format(http.TimeFormat)), 8, seconds(0.1, 2, 4, 8, 16, 32, 60, 60)},
		"at once":      {limited("Retry-After", "0"), 3, seconds(0.1, 2, 4)},
		"a long time":  {limited("Retry-After", "5"), 4, seconds(5, 5, 5, 8)},
		"garbage":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data": [], "has_more": false} {}`) }, 1, seconds(1)},
		"milliseconds": {limited("Retry-After", "17", "Retry-After-Ms", "1500"), 1, seconds(1.5)},
		"no time":      {limited(), 9, seconds(1, 2, 4, 8, 16, 32, 60, 60, 60)},
		"nonsense":     {limited("Retry-After", "soon"), 1, seconds(1)},
		"for ever":     {limited("Retry-After", "1e300"), 1, seconds(86400)},
		"overloaded":   {func(w http.ResponseWriter, _ *http.Request) { fail(w, 529, "overloaded") }, 5, seconds(1, 2, 4, 8, 16)},
		"unavailable": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3")
			fail(w, http.StatusServiceUnavailable, "")
		}, 1, seconds(3)},
		"dropped":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, seconds(1, 2, 4)},
		"malformed": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data": [{"id":`) }, 2, seconds(1, 2)},
		"truncated": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"data": []}`)
		}, 1, seconds(1)},
	} {
		t.Run(what, func(t *testing.T) {
			api := acme(t)
			api.before = once(3, test.times, test.fault)
			w := newWorld(t, api)
			got := w.pull()
			if string(got.Seed) != string(want.Seed) {
				t.Errorf("the seed is another one:\n%s", cmp.Diff(string(want.Seed), string(got.Seed)))
			}
			// A connection that was kept open may be tried again by net/http itself.
			if diff := cmp.Diff(test.slept, w.slept); diff != "" && what != "dropped" || len(w.slept) == 0 {
				t.Errorf("waited (-want +got):\n%s", diff)
			}
			if said := strings.Join(w.said, "\n"); !strings.Contains(said, "waiting ") || strings.Contains(said, testKey) {
				t.Errorf("it says %q", said)
			}
		})
	}
}

func TestPullGivesUp(t *testing.T) {
	api := acme(t)
	api.before = once(4, 1000, func(w http.ResponseWriter, _ *http.Request) { fail(w, 500, "broken, "+testKey) })
	w := newWorld(t, api)
	w.fails("it failed 6 times in a row: GET /v1/organizations/workspaces: 500 Internal Server Error: broken, sk-ant-…ests", "running it again goes on")

	api.before = nil
	before := len(api.requests)
	got := w.pull()
	if want := newWorld(t, acme(t)).pull(); string(got.Seed) != string(want.Seed) || got.Requests != want.Requests-1 {
		t.Errorf("it goes on with %d of %d requests", got.Requests, want.Requests)
	}
	if later := api.requests[before:]; slices.ContainsFunc(later, func(r string) bool { return strings.Contains(r, "invites") }) {
		t.Errorf("it asks for what it has: %v", later)
	}
}

func TestPullFailsAtOnce(t *testing.T) {
	for what, test := range map[string]struct {
		fault func(w http.ResponseWriter, r *http.Request)
		says  string
	}{
		"unauthorized": {func(w http.ResponseWriter, _ *http.Request) { fail(w, 401, "invalid x-api-key "+testKey) }, "401 Unauthorized: invalid x-api-key sk-ant-…ests (is ANTHROPIC_ADMIN_API_KEY an admin key"},
		"not found":    {func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "Not found") }, "404 Not Found: Not found"},
		"a bad request": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"message": "no\u001b[31m"}`)
		}, "400 Bad Request: no [31m"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.test/v1/organizations/me?"+testKey, http.StatusFound)
		}, "it sends on to https://elsewhere.test/v1/organizations/me?sk-ant-…ests, and the key does not go there"},
		"a web page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>")
		}, "it answers text/html: is "},
		"another API":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "with no organization"},
		"a list":           {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") }, "GET /v1/organizations/me: the answer: expected an object, not a list"},
		"a number":         {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id": 5}`) }, "GET /v1/organizations/me: id: expected a text, not a number"},
		"a status unnamed": {func(w http.ResponseWriter, _ *http.Request) { fail(w, 499, "gone\u202e\u0007\u2028away") }, "GET /v1/organizations/me: 499: gone  away"},
	} {
		t.Run(what, func(t *testing.T) {
			api := acme(t)
			api.before = once(1, 1, test.fault)
			w := newWorld(t, api)
			w.fails(test.says)
			if len(api.requests) != 1 || len(w.slept) > 0 {
				t.Errorf("after %v, %v", api.requests, w.slept)
			}
			if _, err := os.Stat(w.opts.Partial); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a partial file: %v", err)
			}
		})
	}
}

func TestPullFailsAtOnceWhereNobodyAnswers(t *testing.T) {
	w := newWorld(t, acme(t))
	server := httptest.NewServer(nil)
	w.opts.From, _ = url.Parse(server.URL)
	server.Close()
	w.fails("no server answers at " + server.URL)
	if len(w.slept) > 0 {
		t.Errorf("it waits %v", w.slept)
	}
}

func TestPullRefusesListsThatDoNotEnd(t *testing.T) {
	api := acme(t)
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/users") {
			fmt.Fprint(w, `{"data": [{"id": "user_1"}], "has_more": true}`)
		}
		return strings.HasSuffix(r.URL.Path, "/users")
	}
	newWorld(t, api).fails(`users: the page after "user_1" holds nothing new`)
}

func TestPullFailsAtOnceWithoutTLS(t *testing.T) {
	w := newWorld(t, acme(t))
	w.opts.From.Scheme = "https"
	w.fails("no server answers at https://", "HTTP response to HTTPS client")
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	w.opts.From, _ = url.Parse(secure.URL)
	w.fails("no server answers at https://", "certificate")
	if len(w.slept) > 0 {
		t.Errorf("it waits %v", w.slept)
	}
}

func TestPullFailsAtOnceOnAnotherShape(t *testing.T) {
	for body, says := range map[string]string{
		`{"data": {}, "has_more": false}`:                                                  "users: data: expected a list, not an object",
		`{"data": null, "has_more": false}`:                                                "users: the answer is no list",
		`{"data": []}`:                                                                     "users: the answer is no list",
		`{"data": [], "has_more": null}`:                                                   "users: the answer is no list",
		`{"data": [], "has_more": "no"}`:                                                   "users: has_more: expected true or false, not a text",
		`{"data": [], "has_more": true}`:                                                   `users: the page after "" is empty, and yet there are more`,
		`{"data": [{"id": 5}], "has_more": false}`:                                         "users: data.id: expected a text, not a number",
		`{"data": [{"id": "user_1", "name": {}}], "has_more": false}`:                      "users: data.name: expected a text, not an object",
		`{"data": [{"id": "user_1", "added_at": "yesterday\u202e"}], "has_more": false}`:   `users: data.added_at: expected a time such as 2024-10-30T23:58:27Z, not "yesterday\u202e"`,
		`{"data": [{"id": "user_1", "added_at": 5}], "has_more": false}`:                   "users: data.added_at: expected a text, not a number",
		`{"data": [{"id": "user_1"}, {"id": ""}], "has_more": false, "last_id": "user_1"}`: "users: there is an object without an id",
	} {
		api := acme(t)
		api.before = once(2, 99, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		w := newWorld(t, api)
		w.fails(says)
		if len(api.requests) != 2 || len(w.slept) > 0 {
			t.Errorf("%s: after %v, %v", body, api.requests, w.slept)
		}
		if b := w.partial(); b != "" {
			t.Errorf("%s: left behind: %s", body, b)
		}
	}
	for what, wrong := range map[string]object{
		"workspaces: data.tags: expected an object, not a text":                                          {"tags": "x"},
		"workspaces: data.data_residency.allowed_inference_geos: expected a list, not a number":          {"data_residency": object{"allowed_inference_geos": 5}},
		"workspaces: data.data_residency: expected an object, not true or false":                         {"data_residency": true},
		"workspaces: data.external_key_id: expected a text, not a number":                                {"external_key_id": 5},
		"workspaces: data.archived_at: expected a time such as 2024-10-30T23:58:27Z, not \"2026-01-01\"": {"archived_at": "2026-01-01"},
	} {
		api := acme(t)
		maps.Copy(api.lists["workspaces"][0], wrong)
		newWorld(t, api).fails(what)
	}
}

func TestPullNotesAPageThatMayNotBeTheLast(t *testing.T) {
	api := acme(t)
	var data []string
	for i := range pageSize {
		data = append(data, fmt.Sprintf(`{"id": "invite_%d", "email": "a%d@corp.test", "role": "user", "status": "deleted", "invited_at": "2026-01-01T00:00:00Z"}`, i, i))
	}
	last := "invite_x"
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/invites") {
			fmt.Fprintf(w, `{"data": [%s], "has_more": false, "last_id": %q}`, strings.Join(data, ","), last)
		}
		return strings.HasSuffix(r.URL.Path, "/invites")
	}
	about := "the last page of invites is full"
	if notes := strings.Join(newWorld(t, api).pull().Notes, "\n"); !strings.Contains(notes, about) {
		t.Errorf("notes: %s", notes)
	}
	last = fmt.Sprintf("invite_%d", pageSize-1)
	if notes := strings.Join(newWorld(t, api).pull().Notes, "\n"); strings.Contains(notes, about) {
		t.Errorf("notes: %s", notes)
	}
}

func TestPullFailsAtOnceWithoutItsProxy(t *testing.T) {
	c := &client{base: &url.URL{Scheme: "https", Host: "api.test"}}
	err := c.broken("/v1", &url.Error{Op: "Get", URL: "https://api.test", Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("refused")}})
	if _, passes := errors.AsType[*passing](err); passes || !strings.Contains(err.Error(), "no server answers at https://api.test: proxyconnect tcp: refused") {
		t.Errorf("it says %v", err)
	}
}

// joins lets somebody join, who is named in a key, before the nth request.
func joins(api *fakeAPI, n int, path string) {
	seen := 0
	api.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, path) {
			seen++
		}
		if seen == n && api.lists["users"][0]["id"] != "user_late" {
			api.lists["users"] = append([]object{{"id": "user_late", "email": "late.comer@else.test", "name": "Jane van der Doe", "role": "developer", "added_at": "2026-02-25T00:00:00Z"}}, api.lists["users"]...)
			api.lists["api_keys"] = append([]object{{"id": "apikey_late", "name": "janevanderdoe's", "workspace_id": nil, "created_at": "2026-02-26T00:00:00Z", "created_by": object{"id": "user_late"}, "status": "active"}}, api.lists["api_keys"]...)
			api.lists["workspaces/wrkspc_2/members"] = append(api.lists["workspaces/wrkspc_2/members"], object{"user_id": "user_late", "workspace_role": "workspace_user"})
		}
		return false
	}
}

func TestPullKnowsWhoJoinsMeanwhile(t *testing.T) {
	check := func(what string, w *world, result Result) {
		t.Helper()
		holdsNothingPersonal(t, "the seed, "+what, string(result.Seed))
		holdsNothingPersonal(t, "the partial file, "+what, w.partial())
		o := parsed(t, result.Seed)
		if late := o.Users[0]; late.ID != "user_late" || len(o.Users) != 4 || !strings.Contains(o.APIKeys[0].Name, late.Name) {
			t.Errorf("%s the users are %v, the key %s", what, o.Users, o.APIKeys[0].Name)
		}
		if notes := strings.Join(result.Notes, "\n"); !strings.Contains(notes, "user_late joined while") || !strings.Contains(notes, "invite_3 is pending and to somebody who joined since") {
			t.Errorf("%s notes: %q", what, result.Notes)
		}
	}
	awaiting := func() *fakeAPI {
		api := acme(t)
		api.lists["invites"][0]["email"] = "late.comer@else.test"
		return api
	}
	for _, path := range []string{"/invites", "/workspaces", "/members", "/api_keys"} {
		api := awaiting()
		joins(api, 1, path)
		w := newWorld(t, api)
		check("joined before "+path, w, w.pull())
	}

	// Over a stop: who has joined is known also when gone again.
	api := awaiting()
	w := newWorld(t, api)
	if _, err := Run(w.stopAfter(8), w.opts); err == nil {
		t.Fatal("it was not stopped")
	}
	joins(api, 1, "/me")
	first := w.pull()
	check("over a stop", w, first)
	api.before, api.lists["users"] = nil, api.lists["users"][1:]
	if again := w.pull(); string(again.Seed) != string(first.Seed) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(string(first.Seed), string(again.Seed)))
	}
}

func TestPullKnowsWhoWasReadAndIsGone(t *testing.T) {
	api := acme(t)
	api.page = 1
	api.lists["api_keys"][0]["name"] = "of Mei-Ling Chou, mei-ling@corp.test"
	w := newWorld(t, api)
	if _, err := Run(w.stopAfter(4), w.opts); err == nil {
		t.Fatal("it was not stopped")
	}
	api.before, api.lists["users"] = nil, api.lists["users"][2:] // the two that were read are gone
	holdsNothingPersonal(t, "the seed", string(w.pull().Seed))
	holdsNothingPersonal(t, "the seed of another run", string(w.pull().Seed))
}

func TestPullSealsWhatItKeeps(t *testing.T) {
	w := newWorld(t, acme(t))
	w.opts.KeepPersonalData = true
	want := w.pull()
	holdsNothingPersonal(t, "the partial file", w.partial())
	if got := w.pull(); string(got.Seed) != string(want.Seed) || got.Requests > 6 {
		t.Errorf("after %d requests (-want +got):\n%s", got.Requests, cmp.Diff(string(want.Seed), string(got.Seed)))
	}
	s := newSeal(testKey)
	closed := s.close([]byte("[]"))
	if data, ok := s.open(closed); !ok || string(data) != "[]" {
		t.Errorf("it is %q, %t", data, ok)
	}
	if _, ok := newSeal("another").open(closed); ok {
		t.Error("another key opens it")
	}
	closed[len(closed)-1] ^= 1
	if _, ok := s.open(closed); ok {
		t.Error("it opens damaged")
	}
}

func TestPullsOfOneFileKeepApart(t *testing.T) {
	api := acme(t)
	w := newWorld(t, api)
	other := newWorld(t, acme(t))
	other.opts.Partial = w.opts.Partial
	api.before = once(4, 1, func(http.ResponseWriter, *http.Request) {
		for _, other.opts.Fresh = range []bool{false, true} {
			err := other.fails("another pull is writing " + w.opts.Partial)
			if _, ok := errors.AsType[*Unusable](err); !ok || len(other.api.requests) > 0 {
				t.Errorf("%T after %v", err, other.api.requests)
			}
		}
		panic(http.ErrAbortHandler)
	})
	written := ""
	w.opts.Write = func(seed []byte) error {
		written = string(seed)
		other.fails("another pull is writing ")
		return nil
	}
	if result := w.pull(); string(result.Seed) != written || w.partial() != "" {
		t.Errorf("it has written %s, and there is %s", written, w.partial())
	}
	other.opts.Fresh = false
	other.pull()

	// What cannot be written is not lost.
	w.opts.Partial = filepath.Join(t.TempDir(), "partial")
	w.opts.Write = func([]byte) error { return errors.New("the disk is full") }
	w.fails("the disk is full", "running it again goes on from there")
	w.opts.Write = nil
	if again := w.pull(); again.Requests > 6 {
		t.Errorf("it needs %d requests", again.Requests)
	}
	// What somebody has taken away is not promised.
	w.opts.Write = func([]byte) error { return errors.Join(os.Remove(w.opts.Partial), errors.New("the disk is full")) }
	if err := w.fails("the disk is full"); strings.Contains(err.Error(), "goes on") {
		t.Errorf("it says %v", err)
	}
}

func TestPullSaysNothingThatSteersATerminal(t *testing.T) {
	api := acme(t)
	api.page = 1
	api.lists["users"][1]["id"] = "user_\x1b[31m\u202e\u2028\n2"
	api.lists["users"][1]["role"] = "\x1b]0;x\u0007"
	api.lists["workspaces"][0]["tags"] = object{"anthropic-\u009b\u200b": "1"}
	w := newWorld(t, api)
	result, err := Run(t.Context(), w.opts)
	if err != nil {
		t.Fatal(err)
	}
	api.before = once(3, 99, func(w http.ResponseWriter, _ *http.Request) { fail(w, 400, "no\x1b[2J\n\u202e") })
	w.opts.Fresh = true
	failure := w.fails("400 Bad Request: no [2J")
	for _, said := range slices.Concat(w.said, result.Notes, strings.Split(failure.Error(), "\n"), []string{result.Faults.Error()}) {
		if strings.ContainsFunc(said, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }) {
			t.Errorf("it says %q", said)
		}
	}
}

// stopAfter is a context that ends with the nth request from now on.
func (w *world) stopAfter(n int) context.Context {
	ctx, cancel := context.WithCancelCause(w.t.Context())
	w.api.before = once(n, 1, func(http.ResponseWriter, *http.Request) {
		cancel(errors.New("interrupted"))
		time.Sleep(20 * time.Millisecond) // the client is gone meanwhile
		panic(http.ErrAbortHandler)
	})
	return ctx
}

func TestPullGoesOnWhereItStopped(t *testing.T) {
	paged := func() *fakeAPI {
		api := acme(t)
		api.page = 1
		return api
	}
	want := newWorld(t, paged()).pull()
	for n := 2; n <= want.Requests; n++ {
		w := newWorld(t, paged())
		_, err := Run(w.stopAfter(n), w.opts)
		if err == nil || !strings.HasPrefix(err.Error(), "interrupted") {
			t.Fatalf("stopped with request %d it ends with %v", n, err)
		}
		holdsNothingPersonal(t, "the partial file", w.partial())
		w.api.before = nil
		got := w.pull()
		if string(got.Seed) != string(want.Seed) {
			t.Errorf("stopped with request %d the seed is another one:\n%s", n, cmp.Diff(string(want.Seed), string(got.Seed)))
		}
		// organizations/me, the search for the Default Workspace and the newest users are asked again.
		if got.Requests > want.Requests-n+1+4 {
			t.Errorf("stopped with request %d of %d it needs %d more", n, want.Requests, got.Requests)
		}
	}
}

func TestPullToleratesATornPartialFile(t *testing.T) {
	api := acme(t)
	api.page = 1
	w := newWorld(t, api)
	want := w.pull()
	whole := w.partial()
	for _, cut := range []int{1, 10, 40, len(whole) / 3, len(whole) / 2, len(whole) - 2, len(whole) - 1, len(whole)} {
		if err := os.WriteFile(w.opts.Partial, []byte(whole[:cut]), 0o644); err != nil {
			t.Fatal(err)
		}
		got := w.pull()
		if string(got.Seed) != string(want.Seed) || w.partial() != whole {
			t.Errorf("cut at %d of %d:\n%s", cut, len(whole), cmp.Diff(string(want.Seed), string(got.Seed)))
		}
		if info, _ := os.Stat(w.opts.Partial); info.Mode().Perm() != 0o600 {
			t.Errorf("its mode is %v", info.Mode())
		}
	}
}

func TestPullRefusesAPartialFileOfSomethingElse(t *testing.T) {
	w := newWorld(t, acme(t))
	w.pull()
	whole := w.partial()
	lines := strings.SplitAfter(whole, "\n")
	changed := func(change func(o *Options)) {
		t.Helper()
		saved := w.opts
		change(&w.opts)
		err := w.fails("--fresh")
		if _, ok := errors.AsType[*Unusable](err); !ok || w.partial() == "" {
			t.Errorf("%T %v", err, err)
		}
		w.opts.Fresh = true
		w.pull()
		w.opts = saved
		os.WriteFile(w.opts.Partial, []byte(whole), 0o600)
	}
	changed(func(o *Options) { o.KeepPersonalData = true })
	changed(func(o *Options) { os.WriteFile(o.Partial, []byte(strings.Replace(whole, orgID, "another", 1)), 0o600) })
	changed(func(o *Options) { os.WriteFile(o.Partial, []byte(strings.Replace(whole, `:2,`, `:1,`, 1)), 0o600) })
	changed(func(o *Options) {
		os.WriteFile(o.Partial, []byte(strings.Replace(whole, `"from":"http`, `"from":"xttp`, 1)), 0o600)
	})
	changed(func(o *Options) {
		os.WriteFile(o.Partial, []byte(strings.Replace(whole, `"key":"`, `"key":"0`, 1)), 0o600)
	})
	changed(func(o *Options) {
		os.WriteFile(o.Partial, []byte(lines[0]+"damaged\n"+strings.Join(lines[1:], "")), 0o600)
	})
	for _, diary := range []string{"my diary", "my diary\n", "{}", `{"antechamber": 1}`, "\x00"} {
		os.WriteFile(w.opts.Partial, []byte(diary), 0o600)
		for _, w.opts.Fresh = range []bool{false, true} {
			before := len(w.api.requests)
			err := w.fails("seed.json.partial is no copy that was begun: move it away")
			if _, ok := errors.AsType[*Unusable](err); !ok || w.partial() != diary || len(w.api.requests) > before {
				t.Errorf("%T %v, after %d requests", err, err, len(w.api.requests)-before)
			}
		}
	}
}

func TestPullWarnsOfAnOldPartialFile(t *testing.T) {
	w := newWorld(t, acme(t))
	w.pull()
	w.pull()
	if said := strings.Join(w.said, "\n"); !strings.HasPrefix(said, "going on from ") || strings.Contains(said, "--fresh") {
		t.Errorf("it says %q", said)
	}
	w.said, w.opts.Now = nil, func() time.Time { return now.Add(25 * time.Hour) }
	w.pull()
	if said := strings.Join(w.said, "\n"); !strings.Contains(said, "which is of 2026-03-01T12:00:00Z: with --fresh") {
		t.Errorf("it says %q", said)
	}
}

func TestPullBeginsAListAnewWhoseCursorIsGone(t *testing.T) {
	api := acme(t)
	api.page = 1
	w := newWorld(t, api)
	if _, err := Run(w.stopAfter(4), w.opts); err == nil {
		t.Fatal("it was not stopped")
	}
	api.before = nil
	api.lists["users"] = api.lists["users"][2:] // the two that were read are gone
	got := w.pull()
	if o := parsed(t, got.Seed); len(o.Users) != 1 || o.Users[0].ID != "user_1" || !strings.Contains(strings.Join(w.said, "\n"), "users does not go on from user_2: it is read anew") {
		t.Errorf("it says %q:\n%s", w.said, got.Seed)
	}
	holdsNothingPersonal(t, "the seed", string(got.Seed))
	if again := w.pull(); string(again.Seed) != string(got.Seed) { // the file tells the same
		t.Errorf("(-want +got):\n%s", cmp.Diff(string(got.Seed), string(again.Seed)))
	}
}

func TestPullKeepsNothingWithoutAFile(t *testing.T) {
	w := newWorld(t, acme(t))
	w.opts.Partial = ""
	w.pull()
	w.api.before = once(3, 99, func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "gone") })
	if err := w.fails("gone"); strings.Contains(err.Error(), "again") {
		t.Errorf("it says %v", err)
	}
}

func TestProgressReadsWell(t *testing.T) {
	w := newWorld(t, acme(t))
	var lines []string
	w.opts.Progress = func(p Progress) {
		if p.Finished {
			lines = append(lines, p.String())
		}
	}
	w.pull()
	want := []string{
		"users 3 · invites … · workspaces … · API keys …",
		"users 3 · invites 3 · workspaces … · API keys …",
		"users 3 · invites 3 · workspaces 3 (members of 0) · API keys …",
		"users 3 · invites 3 · workspaces 3 (members of 2) · API keys …",
		"users 3 · invites 3 · workspaces 3 (members of 2) · API keys 3",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

func TestHintFormIsTheSeeds(t *testing.T) {
	if !strings.Contains(string(seed.Schema), strings.Trim(strconv.Quote(hintForm.String()), `"`)) {
		t.Errorf("the schema does not have %s", hintForm)
	}
}
