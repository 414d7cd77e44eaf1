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
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/internal/text"
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

	before   func(w http.ResponseWriter, r *http.Request) bool // reports whether it has answered
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
		From: from, Key: testKey, Agent: "antechamber/test", Name: "seed.json",
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

// The parts of a seed that the tests look at.
type (
	copied struct {
		Name             string            `json:"name"`
		Clock            copiedClock       `json:"clock"`
		DefaultWorkspace *copiedWorkspace  `json:"default_workspace"`
		Users            []api.User        `json:"users"`
		Invites          []api.Invite      `json:"invites"`
		Workspaces       []copiedWorkspace `json:"workspaces"`
		APIKeys          []copiedKey       `json:"api_keys"`
		Removed          []api.User        `json:"removed"`
	}

	copiedClock struct {
		StartsAt api.Time `json:"starts_at"`
	}

	copiedWorkspace struct {
		api.Workspace
		Members []copiedMember `json:"members"`
	}

	copiedMember struct {
		User string            `json:"user"`
		Role api.WorkspaceRole `json:"workspace_role"`
	}

	copiedKey struct {
		ID        string           `json:"id"`
		Name      string           `json:"name"`
		Workspace api.Nullable     `json:"workspace"`
		CreatedBy string           `json:"created_by"`
		Status    api.APIKeyStatus `json:"status"`
		ExpiresAt api.Time         `json:"expires_at"`
		Hint      *api.Nullable    `json:"partial_key_hint"`
	}
)

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

func TestPullReplacesFreeText(t *testing.T) {
	w := newWorld(t, acme(t))
	result := w.pull()
	holdsNothingPersonal(t, "the seed", string(result.Seed))
	wantNotes := []string{`field "shoe_size" of users left out: user_1`, "missing accepted_at replaced by the user's added_at: invite_2"}
	if diff := cmp.Diff(wantNotes, result.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	// People in the order of their appearance: user_1, invite_1, invite_2 (to user_2), user_3.
	o := parsed(t, result.Seed)
	got := []string{
		o.Name, o.Users[0].Email, o.Users[0].Name, o.Users[1].Email, o.Users[1].Name, o.Users[2].Email, o.Users[2].Name,
		o.Invites[0].Email, o.Invites[1].Email, o.Invites[2].Email, o.Workspaces[0].Name, o.Workspaces[1].Name,
		o.APIKeys[0].Name, o.APIKeys[1].Name, o.APIKeys[2].Name, string(o.Workspaces[1].ExternalKeyID),
	}
	want := []string{
		"Organization", "user4@example.com", "User 4", "user3@example.com", "User 3", "user1@example.com", "User 1",
		"user2@example.com", "user3@example.com", "user2@example.com", "Workspace 2", "Workspace 1",
		"Key 3", "Key 2", "Key 1", "external-key-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"tag1": "value1", "tag2": "value2"}, o.Workspaces[1].Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if again := newWorld(t, acme(t)).pull(); string(again.Seed) != string(result.Seed) {
		t.Errorf("another pull gives another seed:\n%s", cmp.Diff(string(result.Seed), string(again.Seed)))
	}
}

func TestPullKeepsNames(t *testing.T) {
	w := newWorld(t, acme(t))
	w.opts.KeepNames = true
	result := w.pull()
	o := parsed(t, result.Seed)
	got := []string{
		o.Name, o.Users[2].Email, o.Users[2].Name, o.Workspaces[1].Name, o.Workspaces[1].Tags["owner"], o.Workspaces[1].Tags["mei ling chou"], o.APIKeys[0].Name,
		o.Invites[2].Email, string(o.Workspaces[1].ExternalKeyID),
	}
	want := []string{
		"jane.doe@corp.test's Organization", "Jane.Doe@corp.test", "Jane Doe", "Jane Doe's place", "user=jane.doe@corp.test-old", "yes", "sk-ant-…mnop of Cher",
		"NEW@corp.test", "ext_jane.doe@corp.test",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := string(result.Seed); strings.Contains(s, "abcdefgh") || strings.Contains(s, testKey) {
		t.Errorf("there is a key in\n%s", s)
	}
}

// texts draws free text, none of which can be in a seed by itself, and remembers
// it.
type texts struct {
	*rapid.T
	drawn []string
}

func (d *texts) text() string {
	n := len(d.drawn)
	s := fmt.Sprintf("%dx%s", n, rapid.StringOfN(rapid.RuneFrom([]rune("Zzéß山😀\u0130 _-'\"\\/<&%.@\n")), 6, 20, -1).Draw(d.T, fmt.Sprint("text ", n)))
	d.drawn = append(d.drawn, s)
	return s
}

func (d *texts) email() string {
	s := fmt.Sprintf("%dy%s@corp.test", len(d.drawn), rapid.StringMatching("[a-z.]{0,8}[a-z]").Draw(d.T, "address"))
	d.drawn = append(d.drawn, s)
	return s
}

// TestNoFreeTextIsInTheSeed puts free text wherever the API may have some, also
// into fields and enumerations that this version does not know.
func TestNoFreeTextIsInTheSeed(t *testing.T) {
	source := acme(t)
	w := newWorld(t, source)
	rapid.Check(t, func(r *rapid.T) {
		*source = *acme(t)
		d := &texts{T: r}
		source.name = d.text()
		maybe := func() bool { return rapid.Bool().Draw(r, "odd") }
		fill := func(o object, fields ...string) {
			for _, field := range fields {
				o[field] = d.text()
			}
			o["later_"+fields[0]] = object{"text": d.text(), "list": []any{d.text()}}
		}
		for _, u := range source.lists["users"] {
			fill(u, "name")
			u["email"] = d.email()
			if maybe() {
				fill(u, "email", "role")
			}
		}
		for _, i := range source.lists["invites"] {
			fill(i, "note")
			if i["email"] = d.email(); maybe() {
				fill(i, "email", "status", "role")
			}
		}
		for _, ws := range source.lists["workspaces"] {
			if ws["id"] != "wrkspc_default" || maybe() {
				fill(ws, "name")
			}
			ws["external_key_id"] = d.text()
			ws["tags"] = object{d.text(): d.text(), d.text(): d.text()}
			if maybe() {
				fill(ws, "display_color", "compartment_id", "user_profile_id")
				ws["data_residency"] = object{"workspace_geo": d.text(), "allowed_inference_geos": d.text(), "default_inference_geo": d.text()}
			}
		}
		for _, m := range source.lists["workspaces/wrkspc_1/members"] {
			if fill(m, "user_name"); maybe() {
				fill(m, "workspace_role")
			}
		}
		for _, k := range source.lists["api_keys"] {
			fill(k, "name")
			k["created_by"].(object)["name"] = d.text()
			if maybe() {
				fill(k, "status", "partial_key_hint")
				k["principal"], k["scope"] = object{"type": d.text(), "email": d.email()}, object{"type": d.text()}
			}
		}
		result := w.pull()
		for _, s := range d.drawn {
			quoted, _ := json.Marshal(s)
			if seed := string(result.Seed); strings.Contains(seed, s) || strings.Contains(seed, strings.Trim(string(quoted), `"`)) {
				r.Errorf("%q is in the seed:\n%s", s, seed)
			}
		}
		w.opts.KeepNames = true
		defer func() { w.opts.KeepNames = false }()
		kept, err := Run(t.Context(), w.opts) // with faults where an address is none
		if err != nil {
			r.Fatal(err)
		}
		if o := parsed(t, kept.Seed); o.Name != source.name || o.Workspaces[0].Name != source.lists["workspaces"][0]["name"] || o.APIKeys[0].Name != source.lists["api_keys"][0]["name"] || o.Users[0].Name != source.lists["users"][0]["name"] {
			r.Errorf("names are not kept: %+v", o)
		}
	})
}

// What is created later has other numbers, and changes none.
func TestStandInsAreStable(t *testing.T) {
	source := acme(t)
	standIns := func() map[string]string {
		t.Helper()
		o, out := parsed(t, newWorld(t, source).pull().Seed), map[string]string{}
		for _, u := range o.Users {
			out[u.ID] = u.Name + " <" + u.Email + ">"
		}
		for _, i := range o.Invites {
			out[i.ID] = i.Email
		}
		for _, ws := range o.Workspaces {
			out[ws.ID] = ws.Name
		}
		for _, k := range o.APIKeys {
			out[k.ID] = k.Name
		}
		return out
	}
	want := standIns()
	if unique := slices.Compact(slices.Sorted(maps.Values(want))); len(unique) != len(want)-1 { // invite_1 and invite_3 are to one address
		t.Errorf("stand-ins: %v", want)
	}
	prepend := func(list string, o object) { source.lists[list] = append([]object{o}, source.lists[list]...) }
	source.lists["invites"][0]["status"], source.lists["invites"][0]["accepted_at"] = "accepted", "2026-02-21T00:00:00Z"
	prepend("users", object{"id": "user_4", "email": "New@corp.test", "name": "New", "role": "user", "added_at": "2026-02-21T00:00:00Z"})
	prepend("users", object{"id": "user_5", "email": "x@corp.test", "name": "X", "role": "user", "added_at": "2026-02-22T00:00:00Z"})
	prepend("invites", object{"id": "invite_4", "email": "y@corp.test", "role": "user", "status": "pending", "invited_at": "2026-02-23T00:00:00Z", "expires_at": "2026-03-16T00:00:00Z"})
	prepend("workspaces", object{"id": "wrkspc_3", "name": "Z", "created_at": "2026-02-24T00:00:00Z"})
	prepend("api_keys", object{"id": "apikey_4", "name": "K", "workspace_id": "wrkspc_3", "created_at": "2026-02-25T00:00:00Z", "created_by": object{"id": "user_5", "type": "user"}, "status": "active"})
	want["user_4"], want["user_5"], want["invite_4"] = "User 2 <user2@example.com>", "User 5 <user5@example.com>", "user6@example.com"
	want["wrkspc_3"], want["apikey_4"] = "Workspace 3", "Key 4"
	if diff := cmp.Diff(want, standIns()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ids are kept that are ids, and workspaces that share a key go on sharing one.
func TestPullReplacesExternalKeys(t *testing.T) {
	source := acme(t)
	for i, key := range []string{"projects/jane/key", "projects/jane/key", "ekey_01SDCCSbTxrXDpWc1phhtcfK"} {
		source.lists["workspaces"][i]["external_key_id"] = key
	}
	o := parsed(t, newWorld(t, source).pull().Seed)
	got := []api.Nullable{o.Workspaces[0].ExternalKeyID, o.Workspaces[1].ExternalKeyID, o.DefaultWorkspace.ExternalKeyID}
	if diff := cmp.Diff([]api.Nullable{"external-key-1", "external-key-1", "ekey_01SDCCSbTxrXDpWc1phhtcfK"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPullNotesWhatHasNoPlaceInASeed(t *testing.T) {
	source := acme(t)
	delete(source.lists["users"][2], "shoe_size")
	source.lists["invites"][1]["accepted_at"] = "2026-01-02T00:00:00Z"
	for _, i := range source.lists["invites"] {
		i["rbac_group_ids"] = []any{}
	}
	for _, ws := range source.lists["workspaces"] {
		ws["user_profile_id"], ws["later"] = nil, ""
	}
	for _, k := range source.lists["api_keys"] {
		k["principal"], k["scope"], k["later"] = nil, object{"type": "workspace", "workspace_id": "wrkspc_1"}, object{}
	}
	if notes := newWorld(t, source).pull().Notes; len(notes) > 0 {
		t.Errorf("notes: %q", notes)
	}

	for n := range 5 {
		source.lists["users"] = append(source.lists["users"], object{"id": fmt.Sprint("user_0", n), "email": fmt.Sprintf("u%d@corp.test", n), "name": "U", "role": "user", "added_at": "2025-01-01T00:00:00Z", "seat": "premium"})
	}
	source.lists["invites"][0]["rbac_group_ids"] = []any{"group_1"}
	source.lists["workspaces"][0]["user_profile_id"] = "profile_1"
	source.lists["workspaces"][0]["data_residency"] = object{"workspace_geo": "us", "backup_geo": "us"}
	source.lists["workspaces/wrkspc_1/members"][0]["since"] = 5
	source.lists["api_keys"][0]["created_by"] = object{"id": "user_2", "type": "user", "via": "console"}
	source.lists["api_keys"][0]["principal"] = object{"type": "user_actor", "user_id": "user_2"}
	source.lists["api_keys"][0]["scope"] = object{"type": "organization"}
	source.lists["api_keys"][1]["principal"] = object{"type": "service_account_actor", "service_account_id": "svac_1"}
	want := []string{
		`field "created_by.via" of API keys left out: apikey_3`,
		`field "rbac_group_ids" of invites left out: invite_3`,
		`field "data_residency.backup_geo" of workspaces left out: wrkspc_2`,
		`field "user_profile_id" of workspaces left out: wrkspc_2`,
		`field "since" of workspace members left out: user_3`,
		`field "seat" of users left out: user_00, user_01, user_02 and 2 more`,
		`key with the principal "user_actor" and the scope "organization" becomes a key of the Default Workspace: apikey_3`,
		`key with the principal "service_account_actor" and the scope "workspace" becomes a key of its workspace: apikey_2`,
	}
	result := newWorld(t, source).pull()
	if diff := cmp.Diff(want, result.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if o := parsed(t, result.Seed); o.APIKeys[0].Workspace != "" || o.APIKeys[1].Workspace != "wrkspc_2" {
		t.Errorf("the keys are %+v", o.APIKeys)
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
		"wrkspc_2": {{"user_3", "workspace_admin"}}, // of billing, assigned on top
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
	if !slices.Contains(api.requests, "GET /v1/organizations/users?limit=1000") {
		t.Errorf("it asks for %v", api.requests)
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
	api.name = ""
	users, invites, workspaces, keys := api.lists["users"], api.lists["invites"], api.lists["workspaces"], api.lists["api_keys"]
	users[0]["role"] = "managed"
	users[2]["role"] = "owner"
	users[1]["name"] = ""
	invites[0]["email"] = "jane.doe@corp.test"
	api.lists["invites"] = append(invites,
		object{"id": "invite_a", "email": "x@y.test", "role": "user", "status": "pending", "invited_at": "2026-02-20T00:00:00Z", "expires_at": "2026-03-13T00:00:00Z"},
		object{"id": "invite_b", "email": "x@y.test", "role": "user", "status": "pending", "invited_at": "2026-02-19T00:00:00Z", "expires_at": "2026-03-12T00:00:00Z"},
		object{"id": "invite_c", "email": "y@y.test", "role": "user", "status": "revoked", "invited_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-22T00:00:00Z"})
	workspaces[0]["data_residency"] = object{"workspace_geo": "mars", "allowed_inference_geos": []string{"us", "mars"}, "default_inference_geo": "global"}
	workspaces[0]["tags"] = object{"anthropic-x": "1", "a": "b"}
	workspaces[0]["display_color"], workspaces[0]["compartment_id"] = "red", "cmp_1"
	api.lists["workspaces/wrkspc_2/members"] = []object{
		{"user_id": "user_unknown", "workspace_role": "workspace_user"},
		{"user_id": "user_3", "workspace_role": "workspace_captain"},
		{"user_id": "user_2", "workspace_role": "workspace_billing"},
	}
	keys[2]["status"] = "active" // in an archived workspace
	keys[0]["created_by"] = object{"id": "svac_1", "type": "service_account"}
	keys[0]["partial_key_hint"] = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"
	keys[0]["name"] = ""
	keys[0]["status"] = "melted"
	delete(keys[1], "created_by")
	api.lists["api_keys"] = append(keys,
		object{"id": "apikey_0", "name": "late", "workspace_id": "wrkspc_9", "created_at": "2026-02-20T00:00:00Z", "created_by": object{"id": "user_1"}, "status": "active"})
	for _, keep := range []bool{false, true} {
		w := newWorld(t, api)
		w.opts.KeepNames = keep
		result := w.pull()
		for _, note := range []string{
			`unknown role "managed" becomes "user": user_3`, `unknown role "owner" becomes "admin": user_1`,
			`pending invite to a user becomes "deleted": invite_3`, `pending invite to an address with a newer one becomes "deleted": invite_b`,
			"data_residency that a seed cannot hold becomes the default: wrkspc_2", `reserved tag "anthropic-x" left out: wrkspc_2`, "invalid display_color left out: wrkspc_2", "invalid compartment_id left out: wrkspc_2",
			"member that is not a user left out: user_unknown in wrkspc_2", `unknown role "workspace_captain" becomes "workspace_user": user_3 in wrkspc_2`,
			`member with the role "workspace_billing" and not with "billing" in the organization left out: user_2 in wrkspc_2, user_3 in wrkspc_1`,
			`status "active" of a key in an archived workspace becomes "archived": apikey_1`, "creator that is not a user becomes a removed user: svac_1, " + unknownCreator,
			"invalid partial_key_hint left out: apikey_3", "key of a workspace that is not listed left out: apikey_0",
			`unknown status "revoked" of an invite becomes "deleted": invite_c`, `unknown status "melted" of a key becomes "inactive": apikey_3`,
		} {
			if !slices.Contains(result.Notes, note) {
				t.Errorf("no note says %q: %q", note, result.Notes)
			}
		}
		if note := "missing name replaced: " + orgID + ", apikey_3, user_2"; keep != slices.Contains(result.Notes, note) {
			t.Errorf("%q with names kept, %t: %q", note, keep, result.Notes)
		}
		if strings.Contains(string(result.Seed), "abcdefgh") {
			t.Errorf("there is a key in\n%s", result.Seed)
		}
	}
}

// States that production never answers are copied, and faults say where.
func TestPullReportsStatesThatCannotBe(t *testing.T) {
	api := acme(t)
	users, workspaces, keys := api.lists["users"], api.lists["workspaces"], api.lists["api_keys"]
	users[0]["added_at"] = nil
	users[1]["email"] = "JANE.doe@corp.test"
	users[2]["email"] = "no address"
	invite := func(id, email, status, accepted string) object {
		return object{"id": id, "email": email, "role": "user", "status": status, "invited_at": "2026-02-05T00:00:00Z", "expires_at": "2026-02-22T00:00:00Z", "accepted_at": accepted}
	}
	api.lists["invites"] = []object{
		invite("invite_late", "a@x.test", "accepted", "2026-02-23T00:00:00Z"), invite("invite_early", "b@x.test", "accepted", "2026-02-01T00:00:00Z"),
		invite("invite_expired", "c@x.test", "expired", "2026-02-06T00:00:00Z"),
		{"id": "invite_timeless", "email": "JANE.doe@corp.test", "role": "user", "status": "expired"},
	}
	workspaces[1]["created_at"] = "2026-02-02T00:00:00Z" // after its archived_at
	keys[0]["status"], keys[0]["created_at"] = "expired", nil
	keys[1]["expires_at"], keys[1]["name"] = "2026-01-01T00:00:00Z", strings.Repeat("x", 501)
	w := newWorld(t, api)
	w.opts.KeepNames = true
	result, err := Run(t.Context(), w.opts)
	if err != nil || len(result.Seed) == 0 {
		t.Fatalf("%v, and the seed %s", err, result.Seed)
	}
	want := []string{
		"/users/0/added_at", "/users/2/email", "/invites/0/accepted_at", "/invites/1/accepted_at", "/invites/2/accepted_at", "/invites/3/invited_at", "/invites/3/expires_at",
		"/workspaces/1/archived_at", "/api_keys/0/created_at", "/api_keys/0/expires_at", "/api_keys/1/name", "/api_keys/1/expires_at",
	}
	var got []string
	for _, f := range result.Faults {
		got = append(got, f.Pointer)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("faults (-want +got):\n%s\n%v", diff, result.Faults)
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

// once returns a fault that happens with the nth request, and that many times.
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
		"seconds":     {limited("Retry-After", "17"), 2, seconds(17, 17)},
		"a date":      {limited("Retry-After", now.Add(time.Minute).Format(http.TimeFormat)), 1, seconds(60)},
		"a past date": {limited("Retry-After", now.Add(-time.Minute).Format(http.TimeFormat)), 8, seconds(1, 2, 4, 8, 16, 32, 60, 60)},
		"at once":     {limited("Retry-After", "0"), 3, seconds(1, 2, 4)},
		"a long time": {limited("Retry-After", "5"), 4, seconds(5, 5, 5, 8)},
		"garbage":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data": [], "has_more": false} {}`) }, 1, seconds(1)},
		"a fraction":  {limited("Retry-After", "1.5"), 1, seconds(1.5)},
		"no time":     {limited(), 9, seconds(1, 2, 4, 8, 16, 32, 60, 60, 60)},
		"nonsense":    {limited("Retry-After", "soon"), 1, seconds(1)},
		"for ever":    {limited("Retry-After", "1e300"), 1, seconds(86400)},
		"overloaded":  {func(w http.ResponseWriter, _ *http.Request) { fail(w, 529, "overloaded") }, 5, seconds(1, 2, 4, 8, 16)},
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
	w.fails("it failed 6 times in a row: GET /v1/organizations/workspaces: 500 Internal Server Error: broken, sk-ant-…ests")

	api.before = nil // and is run again
	if got, want := w.pull(), newWorld(t, acme(t)).pull(); string(got.Seed) != string(want.Seed) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(string(want.Seed), string(got.Seed)))
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
		}, "400 Bad Request: no�[31m"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.test/v1/organizations/me?"+testKey, http.StatusFound)
		}, "it sends on to https://elsewhere.test/v1/organizations/me?sk-ant-…ests, and the key does not go there"},
		"a web page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>")
		}, "it answers text/html: is "},
		"another API":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "without an organization"},
		"a list":           {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") }, "GET /v1/organizations/me: unexpected answer: array in place of an object"},
		"a number":         {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id": 5}`) }, "GET /v1/organizations/me: unexpected answer: number in id"},
		"a status unnamed": {func(w http.ResponseWriter, _ *http.Request) { fail(w, 499, "gone\u202e\u0007\u2028away") }, "GET /v1/organizations/me: 499: gone�� away"},
	} {
		t.Run(what, func(t *testing.T) {
			api := acme(t)
			api.before = once(1, 1, test.fault)
			w := newWorld(t, api)
			w.fails(test.says)
			if len(api.requests) != 1 || len(w.slept) > 0 {
				t.Errorf("after %v, %v", api.requests, w.slept)
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
	newWorld(t, api).fails(`users: the page after "user_1" has more pages after it, but no new object`)
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
		`{"data": {}, "has_more": false}`:                                                  "users: unexpected answer: object in data",
		`{"data": null, "has_more": false}`:                                                "users: the answer is not a list",
		`{"data": []}`:                                                                     "users: the answer is not a list",
		`{"data": [], "has_more": null}`:                                                   "users: the answer is not a list",
		`{"data": [], "has_more": "no"}`:                                                   "users: unexpected answer: string in has_more",
		`{"data": [], "has_more": true}`:                                                   `users: the page after "" has more pages after it, but no new object`,
		`{"data": [{"id": 5}], "has_more": false}`:                                         "users: unexpected answer: number in data.id",
		`{"data": [{"id": "user_1", "name": {}}], "has_more": false}`:                      "users: unexpected answer: object in data.name",
		`{"data": [{"id": "user_1", "added_at": "yesterday\u202e"}], "has_more": false}`:   `users: unexpected answer: parsing time "yesterday\xe2\x80\xae"`,
		`{"data": [{"id": "user_1", "added_at": 5}], "has_more": false}`:                   "users: unexpected answer: number in data.added_at",
		`{"data": [{"id": "user_1"}, {"id": ""}], "has_more": false, "last_id": "user_1"}`: "users: an object has no id",
	} {
		api := acme(t)
		asked := 0
		api.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/users") {
				return false
			}
			asked++
			fmt.Fprint(w, body)
			return true
		}
		w := newWorld(t, api)
		w.fails(says)
		if asked != 1 || len(w.slept) > 0 {
			t.Errorf("%s: after %v, %v", body, api.requests, w.slept)
		}
	}
	for what, wrong := range map[string]object{
		"workspaces: unexpected answer: string in data.Workspace.tags":            {"tags": "x"},
		"workspaces: unexpected answer: number in data.Workspace.external_key_id": {"external_key_id": 5},
		"workspaces: unexpected answer: parsing time \"2026-01-01\"":              {"archived_at": "2026-01-01"},
	} {
		api := acme(t)
		maps.Copy(api.lists["workspaces"][0], wrong)
		newWorld(t, api).fails(what)
	}
}

func TestPullFailsAtOnceWithoutItsProxy(t *testing.T) {
	c := &client{base: &url.URL{Scheme: "https", Host: "api.test"}}
	err := c.broken(&url.Error{Op: "Get", URL: "https://api.test", Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("refused")}})
	if err.passes || !strings.Contains(err.Error(), "no server answers at https://api.test: proxyconnect tcp: refused") {
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
	for _, path := range []string{"/invites", "/workspaces", "/members", "/api_keys"} {
		api := acme(t)
		api.lists["invites"][0]["email"] = "late.comer@else.test"
		joins(api, 1, path)
		result := newWorld(t, api).pull()
		what := "joined before " + path
		holdsNothingPersonal(t, "the seed, "+what, string(result.Seed))
		o := parsed(t, result.Seed)
		if late := o.Users[0]; late.ID != "user_late" || len(o.Users) != 4 || late.Email != o.Invites[0].Email {
			t.Errorf("%s the users are %v, the invites %v", what, o.Users, o.Invites)
		}
		if note := `pending invite to a user who joined since becomes "accepted": invite_3`; !slices.Contains(result.Notes, note) {
			t.Errorf("%s notes: %q", what, result.Notes)
		}
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
	failure := w.fails("400 Bad Request: no�[2J �")
	for _, said := range slices.Concat(w.said, result.Notes, strings.Split(failure.Error(), "\n"), []string{result.Faults.Error()}) {
		if strings.ContainsFunc(said, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }) {
			t.Errorf("it says %q", said)
		}
	}
}

func TestPullIsInterrupted(t *testing.T) {
	want := newWorld(t, acme(t)).pull()
	for n := 1; n <= want.Requests; n++ {
		w := newWorld(t, acme(t))
		ctx, cancel := context.WithCancelCause(t.Context())
		stopped := errors.New("interrupted")
		w.api.before = once(n, 1, func(http.ResponseWriter, *http.Request) {
			cancel(stopped)
			time.Sleep(20 * time.Millisecond) // the client is gone meanwhile
			panic(http.ErrAbortHandler)
		})
		if result, err := Run(ctx, w.opts); !errors.Is(err, stopped) || result.Seed != nil {
			t.Fatalf("interrupted in request %d it ends with %v and %s", n, err, result.Seed)
		}
	}
}

// An object that is a cursor may be deleted while its list is read.
func TestPullReadsAListAgainWhoseCursorIsGone(t *testing.T) {
	api := acme(t)
	api.page = 1
	w := newWorld(t, api)
	seen := 0
	api.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/users") {
			if seen++; seen == 3 {
				api.lists["users"] = api.lists["users"][2:] // the two that were read are gone
			}
		}
		return false
	}
	got := w.pull()
	if o := parsed(t, got.Seed); len(o.Users) != 1 || o.Users[0].ID != "user_1" || !slices.Contains(w.said, "users does not go on after user_2: reading it again") {
		t.Errorf("it says %q:\n%s", w.said, got.Seed)
	}

	// Not for ever.
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("after_id") == "" {
			return false
		}
		fail(w, http.StatusBadRequest, "no such cursor")
		return true
	}
	w.fails("400 Bad Request: no such cursor")
}

func TestPullBoundsWhatItKeeps(t *testing.T) {
	w := newWorld(t, acme(t))
	c := newClient(w.opts)
	defer c.close()
	c.left = 150
	first := c.get(t.Context(), "me", nil, new(api.Organization))
	second := c.get(t.Context(), "me", nil, new(api.Organization))
	if first != nil || second == nil || !strings.Contains(second.Error(), "the organization is too large") {
		t.Errorf("it says %v, then %v", first, second)
	}
}

// JSON is as valid as it was, and has no key however it is escaped.
func TestKeysAreCutInJSON(t *testing.T) {
	c := &client{key: `my"own\gateway/key`}
	for body, want := range map[string]string{
		`{"sk-ant-api03-abcdef": ["\u0073k-\u0061nt-api03-abcdef"]}`: `{"sk-ant-…cdef": ["sk-ant-…cdef"]}`,
		`"{\"key\": \"\\u0073k-ant-api03-abcdef\"}"`:                 `"{\"key\": \"sk-ant-…cdef\"}"`,
		`"my\"own\\gateway/key, \u006dy\u0022own\\gateway\/key"`:     `"…/key, …/key"`,
		`["a\u0026b", 5, {"\"": null}]`:                              `["a\u0026b", 5, {"\"": null}]`,
		`{"id": "sk-ant-api03-abcdef`:                                `{"id": "sk-ant-api03-abcdef`, // torn: nothing of it is used
	} {
		if got := string(c.redact([]byte(body))); got != want || json.Valid([]byte(got)) != json.Valid([]byte(body)) {
			t.Errorf("%s becomes %s, want %s", body, got, want)
		}
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
		"API keys: 3 (2 requests)",
		"invites: 3 (3 requests)",
		"workspaces: 2 (6 requests)", // without the Default Workspace
		"workspace members: 5 (8 requests)",
		"users: 3 (9 requests)",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	lines, w.api.lists["workspaces"] = nil, nil // and so no members are read
	w.pull()
	if diff := cmp.Diff([]string{"API keys: 3 (2 requests)", "invites: 3 (3 requests)", "workspaces: 0 (4 requests)", "users: 3 (5 requests)"}, lines); diff != "" {
		t.Errorf("without workspaces (-want +got):\n%s", diff)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := text.Number(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}
