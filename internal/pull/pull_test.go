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

// fakeAPI is an Admin API that serves given objects, valid or not.
type fakeAPI struct {
	t           *testing.T
	name        string
	lists       map[string][]object // by path below organizations
	page        int                 // page size
	hideDefault bool                // never list the Default Workspace

	before   func(w http.ResponseWriter, r *http.Request) bool // reports whether it has responded
	requests []string

	// mu allows one request at a time. When a connection breaks, net/http may send a GET
	// again before the handler of the first one has returned.
	mu sync.Mutex
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
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
	if path == "workspaces" && (f.hideDefault || query.Get("include_default") == "") {
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
			fail(w, http.StatusBadRequest, "after_id: "+after+" is not in the list")
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
	response := object{"data": append([]object{}, objects...), "has_more": more}
	if len(objects) > 0 {
		response["first_id"], response["last_id"] = idOf(objects[0]), idOf(objects[len(objects)-1])
	}
	json.NewEncoder(w).Encode(response)
}

func fail(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object{"type": "error", "error": object{"type": "some_error", "message": message}})
}

// acme returns an organization with personal data in names, tags and the id of an external key.
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

// fixture is a pull from a fake API.
type fixture struct {
	t     *testing.T
	api   *fakeAPI
	opts  Options
	lines []string // passed to Options.Say
	slept []time.Duration
}

func newFixture(t *testing.T, api *fakeAPI) *fixture {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	w := &fixture{t: t, api: api}
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
		Say:      func(line string) { w.lines = append(w.lines, line) },
	}
	return w
}

// pull runs a pull that must succeed.
func (w *fixture) pull() Result {
	w.t.Helper()
	result, err := Run(w.t.Context(), w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(result.Faults) > 0 {
		w.t.Errorf("the seed has faults: %v\n%s", result.Faults, result.Seed)
	}
	return result
}

// mustFail runs a pull that must fail with an error that contains every one of want.
func (w *fixture) mustFail(want ...string) error {
	w.t.Helper()
	_, err := Run(w.t.Context(), w.opts)
	if err == nil {
		w.t.Fatal("the pull succeeded")
	}
	for _, s := range want {
		if !strings.Contains(err.Error(), s) {
			w.t.Errorf("got error %q, want %q", err, s)
		}
	}
	if strings.Contains(err.Error(), testKey) || strings.Contains(strings.Join(w.lines, "\n"), testKey) {
		w.t.Errorf("the key is not redacted: %v, %v", err, w.lines)
	}
	return err
}

// The parts of a seed that the tests check.
type (
	seedFile struct {
		Name             string          `json:"name"`
		Clock            seedClock       `json:"clock"`
		DefaultWorkspace *seedWorkspace  `json:"default_workspace"`
		Users            []api.User      `json:"users"`
		Invites          []api.Invite    `json:"invites"`
		Workspaces       []seedWorkspace `json:"workspaces"`
		APIKeys          []seedKey       `json:"api_keys"`
		Removed          []api.User      `json:"removed"`
	}

	seedClock struct {
		StartsAt api.Time `json:"starts_at"`
	}

	seedWorkspace struct {
		api.Workspace
		Members []seedMember `json:"members"`
	}

	seedMember struct {
		User string            `json:"user"`
		Role api.WorkspaceRole `json:"workspace_role"`
	}

	seedKey struct {
		ID        string           `json:"id"`
		Name      string           `json:"name"`
		Workspace api.Nullable     `json:"workspace"`
		CreatedBy any              `json:"created_by"`
		Principal *api.Principal   `json:"principal"`
		Status    api.APIKeyStatus `json:"status"`
		ExpiresAt api.Time         `json:"expires_at"`
		Hint      *api.Nullable    `json:"partial_key_hint"`
	}
)

// parse decodes a seed.
func parse(t *testing.T, data []byte) (o seedFile) {
	t.Helper()
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// personal are texts that must not occur in a seed.
var personal = []string{"corp.test", "else.test", "jane", "doe", "mei-ling", "mei ling", "chou", "cher\"", "cher "}

func checkNothingPersonal(t *testing.T, where, s string) {
	t.Helper()
	s = strings.ToLower(s)
	for _, p := range personal {
		if strings.Contains(s, p) {
			t.Errorf("%s contains %q:\n%s", where, p, s)
		}
	}
}

func TestPullReplacesFreeText(t *testing.T) {
	w := newFixture(t, acme(t))
	result := w.pull()
	checkNothingPersonal(t, "the seed", string(result.Seed))
	wantNotes := []string{`omitted unsupported field "shoe_size" of users: user_1`, "replaced missing accepted_at with the user's added_at: invite_2"}
	if diff := cmp.Diff(wantNotes, result.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	// People in the order of their first occurrence: user_1, invite_1, invite_2 (to user_2), user_3.
	o := parse(t, result.Seed)
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
	if again := newFixture(t, acme(t)).pull(); string(again.Seed) != string(result.Seed) {
		t.Errorf("a second pull returns a different seed:\n%s", cmp.Diff(string(result.Seed), string(again.Seed)))
	}
}

func TestPullKeepsNames(t *testing.T) {
	w := newFixture(t, acme(t))
	w.opts.KeepNames = true
	result := w.pull()
	o := parse(t, result.Seed)
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
		t.Errorf("the seed contains a key:\n%s", s)
	}
}

// texts draws free text that cannot occur in a seed by chance, and records it.
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

// TestSeedHasNoFreeText puts free text wherever the API may have some, including unknown
// fields and values of enumerations.
func TestSeedHasNoFreeText(t *testing.T) {
	source := acme(t)
	w := newFixture(t, source)
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
				k["principal"] = object{"type": "service_account_actor", "service_account_id": "svac_1", "email": d.email(), "name": d.text()}
				k["scope"] = object{"type": d.text()}
			}
		}
		result := w.pull()
		for _, s := range d.drawn {
			quoted, _ := json.Marshal(s)
			if seed := string(result.Seed); strings.Contains(seed, s) || strings.Contains(seed, strings.Trim(string(quoted), `"`)) {
				r.Errorf("the seed contains %q:\n%s", s, seed)
			}
		}
		w.opts.KeepNames = true
		defer func() { w.opts.KeepNames = false }()
		kept, err := Run(t.Context(), w.opts) // may have faults, since some addresses are invalid
		if err != nil {
			r.Fatal(err)
		}
		if o := parse(t, kept.Seed); o.Name != source.name || o.Workspaces[0].Name != source.lists["workspaces"][0]["name"] || o.APIKeys[0].Name != source.lists["api_keys"][0]["name"] || o.Users[0].Name != source.lists["users"][0]["name"] {
			r.Errorf("names are replaced: %+v", o)
		}
	})
}

// Objects created later get new numbers and do not change those of others.
func TestPlaceholdersAreStable(t *testing.T) {
	source := acme(t)
	placeholders := func() map[string]string {
		t.Helper()
		o, out := parse(t, newFixture(t, source).pull().Seed), map[string]string{}
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
	want := placeholders()
	if unique := slices.Compact(slices.Sorted(maps.Values(want))); len(unique) != len(want)-1 { // invite_1 and invite_3 have the same address
		t.Errorf("placeholders: %v", want)
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
	if diff := cmp.Diff(want, placeholders()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Values of the form of an id are kept. Workspaces that share a key share its placeholder.
func TestPullReplacesExternalKeys(t *testing.T) {
	source := acme(t)
	for i, key := range []string{"projects/jane/key", "projects/jane/key", "ekey_01SDCCSbTxrXDpWc1phhtcfK"} {
		source.lists["workspaces"][i]["external_key_id"] = key
	}
	o := parse(t, newFixture(t, source).pull().Seed)
	got := []api.Nullable{o.Workspaces[0].ExternalKeyID, o.Workspaces[1].ExternalKeyID, o.DefaultWorkspace.ExternalKeyID}
	if diff := cmp.Diff([]api.Nullable{"external-key-1", "external-key-1", "ekey_01SDCCSbTxrXDpWc1phhtcfK"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPullNotesUnsupportedFields(t *testing.T) {
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
		scope := object{"type": "workspace", "workspace_id": "wrkspc_default"}
		if id := k["workspace_id"]; id != nil {
			scope["workspace_id"] = id
		}
		k["principal"], k["scope"], k["later"] = nil, scope, object{}
	}
	if notes := newFixture(t, source).pull().Notes; len(notes) > 0 {
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
	source.lists["api_keys"][0]["principal"] = object{"type": "user_actor", "user_id": "user_2", "seat": "premium"}
	source.lists["api_keys"][0]["scope"] = object{"type": "organization"}
	source.lists["api_keys"][1]["principal"] = object{"type": "group_actor", "group_id": "group_1"}
	want := []string{
		`omitted unsupported field "created_by.via" of API keys: apikey_3`,
		`omitted unsupported field "principal.seat" of API keys: apikey_3`,
		`omitted unsupported field "principal.group_id" of API keys: apikey_2`,
		`omitted unsupported field "rbac_group_ids" of invites: invite_3`,
		`omitted unsupported field "data_residency.backup_geo" of workspaces: wrkspc_2`,
		`omitted unsupported field "user_profile_id" of workspaces: wrkspc_2`,
		`omitted unsupported field "since" of workspace members: user_3`,
		`omitted unsupported field "seat" of users: user_00, user_01, user_02 and 2 more`,
		`omitted API key with unsupported principal "group_actor": apikey_2`,
	}
	result := newFixture(t, source).pull()
	if diff := cmp.Diff(want, result.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestPullReadsEveryKindOfAPIKey reads all kinds in the shapes of both versions of the
// API, and the keys of workspaces without scope and principal as older servers return
// them.
func TestPullReadsEveryKindOfAPIKey(t *testing.T) {
	type keep struct {
		Workspace api.Nullable
		CreatedBy any
		Principal *api.Principal
		Status    api.APIKeyStatus
	}
	user, service := object{"type": "user_actor", "user_id": "user_2"}, object{"type": "service_account_actor", "service_account_id": "svac_1"}
	organization := object{"type": "organization"}
	scope := func(id string) object { return object{"type": "workspace", "workspace_id": id} }
	kinds := []struct {
		workspace, createdBy, principal, scope, status any
		want                                           keep
	}{
		{"wrkspc_2", nil, nil, scope("wrkspc_2"), "active", keep{"wrkspc_2", nil, nil, "active"}},
		{nil, object{"id": "svac_1", "type": "service_account"}, nil, scope("wrkspc_default"), "active", keep{"", object{"id": "svac_1", "type": "service_account"}, nil, "active"}},
		{nil, object{"id": "user_2", "type": "user"}, user, organization, "active", keep{"", "user_2", api.UserPrincipal("user_2"), "active"}},
		{nil, nil, object{"type": "user_actor", "user_id": "user_left"}, organization, "archived", keep{"", nil, api.UserPrincipal("user_left"), "archived"}},
		{nil, nil, object{"type": "user_actor", "user_id": "person_left"}, organization, "archived", keep{"", nil, api.UserPrincipal("person_left"), "archived"}},
		{nil, nil, service, organization, "inactive", keep{"", nil, api.ServiceAccountPrincipal("svac_1"), "inactive"}},
		{"wrkspc_2", nil, service, scope("wrkspc_2"), "active", keep{"wrkspc_2", nil, api.ServiceAccountPrincipal("svac_1"), "active"}},
		{nil, nil, service, scope("wrkspc_default"), "active", keep{"wrkspc_default", nil, api.ServiceAccountPrincipal("svac_1"), "active"}},
	}
	want := []keep{}
	for _, kind := range kinds {
		want = append(want, kind.want)
	}
	for _, version := range []string{"2023-06-01", "2026-10-21"} {
		for _, hidden := range []bool{false, true} {
			source := acme(t)
			source.hideDefault = hidden
			source.lists["api_keys"] = nil
			for i, kind := range kinds {
				k := object{
					"id": fmt.Sprint("apikey_", i), "type": "api_key", "name": "K", "created_at": "2026-01-07T00:00:00Z", "status": kind.status,
					"created_by": kind.createdBy, "principal": kind.principal, "scope": kind.scope,
				}
				if version == "2023-06-01" {
					k["workspace_id"] = kind.workspace
				}
				source.lists["api_keys"] = append(source.lists["api_keys"], k)
			}
			result := newFixture(t, source).pull()
			got := []keep{}
			for _, k := range parse(t, result.Seed).APIKeys {
				got = append(got, keep{k.Workspace, k.CreatedBy, k.Principal, k.Status})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("version %s, Default Workspace hidden %t (-want +got):\n%s", version, hidden, diff)
			}
			wantNotes := []string{
				`omitted unsupported field "shoe_size" of users: user_1`, "replaced missing accepted_at with the user's added_at: invite_2",
				"replaced user of an API key who is not a user of the organization with a removed user: person_left",
			}
			if diff := cmp.Diff(wantNotes, result.Notes); diff != "" {
				t.Errorf("version %s: notes (-want +got):\n%s", version, diff)
			}
		}
	}
}

// TestPullNotesContradictoryAPIKeys reads keys that production would not return.
func TestPullNotesContradictoryAPIKeys(t *testing.T) {
	user := object{"type": "user_actor", "user_id": "user_2"}
	for _, test := range []struct {
		change object
		note   string
		kept   bool
	}{
		{object{"principal": object{"type": "user_actor"}}, `omitted API key with unsupported principal "user_actor": apikey_3`, false},
		{object{"principal": object{"type": "service_account_actor", "user_id": "user_2"}}, `omitted API key with unsupported principal "service_account_actor": apikey_3`, false},
		{object{"principal": object{"type": "user_actor", "user_id": "user_left"}, "scope": object{"type": "organization"}}, `replaced status "active" with "archived" (the user of the personal API key was removed): apikey_3`, true},
		{object{"principal": user, "scope": object{"type": "workspace", "workspace_id": "wrkspc_2"}}, "omitted workspace of a personal API key: apikey_3", true},
		{object{"principal": user, "workspace_id": "wrkspc_2"}, "omitted workspace of a personal API key: apikey_3", true},
		{object{"scope": object{"type": "organization"}}, `replaced scope "organization" of an API key without a principal with the Default Workspace: apikey_3`, true},
		{object{"scope": object{"type": "planet"}}, `omitted unknown scope "planet" of an API key: apikey_3`, true},
		{object{"scope": object{"type": "workspace", "workspace_id": "wrkspc_9"}}, "omitted API key of an unlisted workspace: apikey_3", false},
		{object{"created_by": object{"type": "user"}}, "replaced created_by without an id with null: apikey_3", true},
	} {
		source := acme(t)
		maps.Copy(source.lists["api_keys"][0], test.change)
		result := newFixture(t, source).pull()
		if !slices.Contains(result.Notes, test.note) {
			t.Errorf("no note %q in %q", test.note, result.Notes)
		}
		if n := len(parse(t, result.Seed).APIKeys); test.kept != (n == 3) {
			t.Errorf("%v: %d keys in the seed", test.change, n)
		}
	}
}

func TestPullLeavesOutInheritedMembers(t *testing.T) {
	o := parse(t, newFixture(t, acme(t)).pull().Seed)
	got := map[string][]seedMember{}
	for _, ws := range o.Workspaces {
		got[ws.ID] = ws.Members
	}
	want := map[string][]seedMember{
		"wrkspc_1": {{"user_2", "workspace_developer"}},
		"wrkspc_2": {{"user_3", "workspace_admin"}}, // a billing user who was also assigned
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPullFindsTheDefaultWorkspace(t *testing.T) {
	api := acme(t)
	w := newFixture(t, api)
	o := parse(t, w.pull().Seed)
	if o.DefaultWorkspace == nil || o.DefaultWorkspace.ID != "wrkspc_default" || o.DefaultWorkspace.DisplayColor != "#654321" || len(o.Workspaces) != 2 {
		t.Errorf("got %+v and %d others", o.DefaultWorkspace, len(o.Workspaces))
	}
	if slices.ContainsFunc(api.requests, func(r string) bool { return strings.Contains(r, "wrkspc_default/members") }) {
		t.Errorf("its members were requested: %v", api.requests)
	}

	// A server that never lists it.
	api = acme(t)
	api.hideDefault = true
	o = parse(t, newFixture(t, api).pull().Seed)
	if o.DefaultWorkspace != nil || len(o.Workspaces) != 2 {
		t.Errorf("got %+v and %d others", o.DefaultWorkspace, len(o.Workspaces))
	}
	api.lists["api_keys"][0]["scope"] = object{"type": "workspace", "workspace_id": "wrkspc_default"}
	o = parse(t, newFixture(t, api).pull().Seed)
	if o.DefaultWorkspace == nil || o.DefaultWorkspace.ID != "wrkspc_default" {
		t.Errorf("got %+v", o.DefaultWorkspace)
	}
}

func TestPullReadsAllPages(t *testing.T) {
	want := newFixture(t, acme(t)).pull()
	api := acme(t)
	api.page = 1
	w := newFixture(t, api)
	if got := w.pull(); string(got.Seed) != string(want.Seed) || got.Requests <= want.Requests {
		t.Errorf("%d requests instead of %d:\n%s", got.Requests, want.Requests, cmp.Diff(string(want.Seed), string(got.Seed)))
	}
	if !slices.Contains(api.requests, "GET /v1/organizations/users?limit=1000") {
		t.Errorf("requests: %v", api.requests)
	}
}

func TestPullStartsTheClockAtTheServersTime(t *testing.T) {
	startsAt := func(change func(api *fakeAPI)) string {
		t.Helper()
		api := acme(t)
		change(api)
		w := newFixture(t, api)
		return parse(t, w.pull().Seed).Clock.StartsAt.Format(time.RFC3339)
	}
	for what, test := range map[string]struct {
		change func(api *fakeAPI)
		want   string
	}{
		"real time":    {func(*fakeAPI) {}, "2026-03-01T12:00:00Z"},
		"clock behind": {func(api *fakeAPI) { api.lists["invites"][0]["expires_at"] = "2026-02-28T00:00:00Z" }, "2026-02-20T00:00:00Z"},
		"clock ahead": {func(api *fakeAPI) {
			api.lists["invites"][0]["expires_at"] = "2026-12-31T00:00:00Z"
			api.lists["users"][0]["added_at"] = "2026-12-24T00:00:00Z"
			api.lists["api_keys"][1]["last_used_at"] = "2027-01-01T00:00:00Z" // last_used_at is not evidence
		}, "2026-12-24T00:00:00Z"},
		"expired key": {func(api *fakeAPI) {
			api.lists["invites"][0]["expires_at"] = "2026-12-31T00:00:00Z"
			api.lists["api_keys"][1]["status"], api.lists["api_keys"][1]["expires_at"] = "expired", "2026-11-11T00:00:00Z"
		}, "2026-11-11T00:00:00Z"},
	} {
		if got := startsAt(test.change); got != test.want {
			t.Errorf("%s: the clock starts at %s, want %s", what, got, test.want)
		}
	}
}

func TestPullAdjustsUnsupportedValues(t *testing.T) {
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
	keys[0]["created_by"] = object{"id": "person_1", "type": "user"}
	keys[0]["partial_key_hint"] = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"
	keys[0]["name"] = ""
	keys[0]["status"] = "melted"
	keys[1]["created_by"] = object{"id": "robot_1", "type": "robot"}
	api.lists["api_keys"] = append(keys,
		object{"id": "apikey_0", "name": "late", "workspace_id": "wrkspc_9", "created_at": "2026-02-20T00:00:00Z", "created_by": object{"id": "user_1"}, "status": "active"})
	for _, keep := range []bool{false, true} {
		w := newFixture(t, api)
		w.opts.KeepNames = keep
		result := w.pull()
		for _, note := range []string{
			`replaced unknown role "managed" with "user": user_3`, `replaced unknown role "owner" with "admin": user_1`,
			`replaced status "pending" with "deleted" (the person is already a user): invite_3`, `replaced status "pending" with "deleted" (a newer invite to the address is pending): invite_b`,
			"replaced unsupported data_residency with the default: wrkspc_2", `omitted reserved tag "anthropic-x": wrkspc_2`, "omitted invalid display_color: wrkspc_2", "omitted invalid compartment_id: wrkspc_2",
			"omitted workspace member who is not a user: user_unknown in wrkspc_2", `replaced unknown role "workspace_captain" with "workspace_user": user_3 in wrkspc_2`,
			`omitted workspace member with role "workspace_billing" (the user does not have role "billing" in the organization): user_2 in wrkspc_2, user_3 in wrkspc_1`,
			`replaced status "active" with "archived" (the workspace of the API key is archived): apikey_1`, "replaced user of an API key who is not a user of the organization with a removed user: person_1",
			`replaced created_by of unknown type "robot" with null: apikey_2`,
			"omitted invalid partial_key_hint: apikey_3", "omitted API key of an unlisted workspace: apikey_0",
			`replaced unknown invite status "revoked" with "deleted": invite_c`, `replaced unknown API key status "melted" with "inactive": apikey_3`,
		} {
			if !slices.Contains(result.Notes, note) {
				t.Errorf("no note %q in %q", note, result.Notes)
			}
		}
		if note := "replaced missing name with a placeholder: " + orgID + ", apikey_3, user_2"; keep != slices.Contains(result.Notes, note) {
			t.Errorf("KeepNames %t: note %q in %q", keep, note, result.Notes)
		}
		if strings.Contains(string(result.Seed), "abcdefgh") {
			t.Errorf("the seed contains a key:\n%s", result.Seed)
		}
	}
}

// Impossible states, which production never returns, are copied and reported as faults.
func TestPullReportsImpossibleStates(t *testing.T) {
	api := acme(t)
	users, workspaces, keys := api.lists["users"], api.lists["workspaces"], api.lists["api_keys"]
	users[0]["added_at"] = nil
	users[1]["email"] = "JANE.doe@corp.test"
	users[2]["email"] = "not an address"
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
	w := newFixture(t, api)
	w.opts.KeepNames = true
	result, err := Run(t.Context(), w.opts)
	if err != nil || len(result.Seed) == 0 {
		t.Fatalf("error %v, seed %s", err, result.Seed)
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

func TestPullReportsFaults(t *testing.T) {
	api := acme(t)
	api.lists["api_keys"][0]["id"] = "a b"
	result, err := Run(t.Context(), newFixture(t, api).opts)
	if err != nil || len(result.Faults) != 1 || !strings.Contains(result.Faults.Error(), "/api_keys/0/id") || len(result.Seed) == 0 {
		t.Errorf("faults: %v, %v", result.Faults, err)
	}
}

// failing returns a hook that fails the nth request and the following ones, as many as
// times says.
func failing(n, times int, fault func(w http.ResponseWriter, r *http.Request)) func(w http.ResponseWriter, r *http.Request) bool {
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

func TestPullRetriesTemporaryFailures(t *testing.T) {
	want := newFixture(t, acme(t)).pull()
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
		"seconds":                  {limited("Retry-After", "17"), 2, seconds(17, 17)},
		"date":                     {limited("Retry-After", now.Add(time.Minute).Format(http.TimeFormat)), 1, seconds(60)},
		"past date":                {limited("Retry-After", now.Add(-time.Minute).Format(http.TimeFormat)), 8, seconds(1, 2, 4, 8, 16, 32, 60, 60)},
		"zero":                     {limited("Retry-After", "0"), 3, seconds(1, 2, 4)},
		"shorter than the backoff": {limited("Retry-After", "5"), 4, seconds(5, 5, 5, 8)},
		"trailing data":            {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data": [], "has_more": false} {}`) }, 1, seconds(1)},
		"fraction":                 {limited("Retry-After", "1.5"), 1, seconds(1.5)},
		"no Retry-After":           {limited(), 9, seconds(1, 2, 4, 8, 16, 32, 60, 60, 60)},
		"invalid Retry-After":      {limited("Retry-After", "soon"), 1, seconds(1)},
		"longer than a day":        {limited("Retry-After", "1e300"), 1, seconds(86400)},
		"overloaded":               {func(w http.ResponseWriter, _ *http.Request) { fail(w, 529, "overloaded") }, 5, seconds(1, 2, 4, 8, 16)},
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
			api.before = failing(3, test.times, test.fault)
			w := newFixture(t, api)
			got := w.pull()
			if string(got.Seed) != string(want.Seed) {
				t.Errorf("the seed differs:\n%s", cmp.Diff(string(want.Seed), string(got.Seed)))
			}
			// On a reused connection, net/http may retry by itself.
			if diff := cmp.Diff(test.slept, w.slept); diff != "" && what != "dropped" || len(w.slept) == 0 {
				t.Errorf("waited (-want +got):\n%s", diff)
			}
			if lines := strings.Join(w.lines, "\n"); !strings.Contains(lines, "waiting ") || strings.Contains(lines, testKey) {
				t.Errorf("lines: %q", lines)
			}
		})
	}
}

func TestPullGivesUp(t *testing.T) {
	api := acme(t)
	api.before = failing(4, 1000, func(w http.ResponseWriter, _ *http.Request) { fail(w, 500, "broken, "+testKey) })
	w := newFixture(t, api)
	w.mustFail("gave up after 6 failures: GET /v1/organizations/workspaces: 500 Internal Server Error: broken, sk-ant-…ests")

	api.before = nil // the next pull succeeds
	if got, want := w.pull(), newFixture(t, acme(t)).pull(); string(got.Seed) != string(want.Seed) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(string(want.Seed), string(got.Seed)))
	}
}

func TestPullFailsAtOnceOnPermanentFailures(t *testing.T) {
	for what, test := range map[string]struct {
		fault func(w http.ResponseWriter, r *http.Request)
		want  string
	}{
		"unauthorized": {func(w http.ResponseWriter, _ *http.Request) { fail(w, 401, "invalid x-api-key "+testKey) }, "401 Unauthorized: invalid x-api-key sk-ant-…ests (is ANTHROPIC_ADMIN_API_KEY an admin key"},
		"not found":    {func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "Not found") }, "404 Not Found: Not found"},
		"bad request": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"message": "no\u001b[31m"}`)
		}, "400 Bad Request: no�[31m"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.test/v1/organizations/me?"+testKey, http.StatusFound)
		}, "302 Found: redirect to https://elsewhere.test/v1/organizations/me?sk-ant-…ests, where the key is not sent"},
		"web page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>")
		}, "unexpected content type text/html (is "},
		"another API":    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "no organization in the response"},
		"list":           {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") }, "GET /v1/organizations/me: unexpected response: array instead of an object"},
		"wrong type":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id": 5}`) }, "GET /v1/organizations/me: unexpected response: number in id"},
		"unknown status": {func(w http.ResponseWriter, _ *http.Request) { fail(w, 499, "gone\u202e\u0007\u2028away") }, "GET /v1/organizations/me: 499: gone�� away"},
	} {
		t.Run(what, func(t *testing.T) {
			api := acme(t)
			api.before = failing(1, 1, test.fault)
			w := newFixture(t, api)
			w.mustFail(test.want)
			if len(api.requests) != 1 || len(w.slept) > 0 {
				t.Errorf("requests %v, waits %v", api.requests, w.slept)
			}
		})
	}
}

func TestPullFailsAtOnceWithoutAServer(t *testing.T) {
	w := newFixture(t, acme(t))
	server := httptest.NewServer(nil)
	w.opts.From, _ = url.Parse(server.URL)
	server.Close()
	w.mustFail("no server answers at " + server.URL)
	if len(w.slept) > 0 {
		t.Errorf("waits: %v", w.slept)
	}
}

func TestPullRefusesEndlessLists(t *testing.T) {
	api := acme(t)
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/users") {
			fmt.Fprint(w, `{"data": [{"id": "user_1"}], "has_more": true}`)
		}
		return strings.HasSuffix(r.URL.Path, "/users")
	}
	newFixture(t, api).mustFail(`users: the page after "user_1" has no new objects, although has_more is true`)
}

func TestPullBoundsResponses(t *testing.T) {
	response, total := maxResponse, maxTotal
	t.Cleanup(func() { maxResponse, maxTotal = response, total })
	maxResponse, maxTotal = 10_000, 100_000
	api, users := acme(t), 0
	respond := func(w http.ResponseWriter) {}
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/users") {
			return false
		}
		respond(w)
		return true
	}
	endless := func(w http.ResponseWriter) {
		for {
			if _, err := io.WriteString(w, `{"data": [`); err != nil {
				return
			}
		}
	}
	respond = endless
	newFixture(t, api).mustFail("/users: the response has more than 10000 bytes")

	respond = func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusForbidden)
		endless(w)
	}
	newFixture(t, api).mustFail("/users: 403 Forbidden")

	// Each page has something new, and there is always one more.
	respond = func(w http.ResponseWriter) {
		users++
		fmt.Fprintf(w, `{"data": [{"id": "user_%d"}], "has_more": true, "last_id": "user_1"}`, users)
	}
	newFixture(t, api).mustFail("/users: the organization is too large: its responses have more than 100000 bytes")
}

func TestPullFailsAtOnceWithoutTLS(t *testing.T) {
	w := newFixture(t, acme(t))
	w.opts.From.Scheme = "https"
	w.mustFail("no server answers at https://", "HTTP response to HTTPS client")
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	w.opts.From, _ = url.Parse(secure.URL)
	w.mustFail("no server answers at https://", "certificate")
	if len(w.slept) > 0 {
		t.Errorf("waits: %v", w.slept)
	}
}

func TestPullFailsAtOnceOnUnexpectedJSON(t *testing.T) {
	for body, want := range map[string]string{
		`{"data": {}, "has_more": false}`:                                                  "users: unexpected response: object in data",
		`{"data": null, "has_more": false}`:                                                "users: unexpected response: missing data or has_more",
		`{"data": []}`:                                                                     "users: unexpected response: missing data or has_more",
		`{"data": [], "has_more": null}`:                                                   "users: unexpected response: missing data or has_more",
		`{"data": [], "has_more": "no"}`:                                                   "users: unexpected response: string in has_more",
		`{"data": [], "has_more": true}`:                                                   `users: the page after "" has no new objects, although has_more is true`,
		`{"data": [{"id": 5}], "has_more": false}`:                                         "users: unexpected response: number in data.id",
		`{"data": [{"id": "user_1", "name": {}}], "has_more": false}`:                      "users: unexpected response: object in data.name",
		`{"data": [{"id": "user_1", "added_at": "yesterday\u202e"}], "has_more": false}`:   `users: unexpected response: parsing time "yesterday\xe2\x80\xae"`,
		`{"data": [{"id": "user_1", "added_at": 5}], "has_more": false}`:                   "users: unexpected response: number in data.added_at",
		`{"data": [{"id": "user_1"}, {"id": ""}], "has_more": false, "last_id": "user_1"}`: "users: unexpected response: object without an id",
	} {
		api := acme(t)
		requests := 0
		api.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/users") {
				return false
			}
			requests++
			fmt.Fprint(w, body)
			return true
		}
		w := newFixture(t, api)
		w.mustFail(want)
		if requests != 1 || len(w.slept) > 0 {
			t.Errorf("%s: requests %v, waits %v", body, api.requests, w.slept)
		}
	}
	for want, fields := range map[string]object{
		"workspaces: unexpected response: string in data.Workspace.tags":            {"tags": "x"},
		"workspaces: unexpected response: number in data.Workspace.external_key_id": {"external_key_id": 5},
		"workspaces: unexpected response: parsing time \"2026-01-01\"":              {"archived_at": "2026-01-01"},
	} {
		api := acme(t)
		maps.Copy(api.lists["workspaces"][0], fields)
		newFixture(t, api).mustFail(want)
	}
}

func TestPullFailsAtOnceWithoutItsProxy(t *testing.T) {
	c := &client{base: &url.URL{Scheme: "https", Host: "api.test"}}
	err := c.transportFailure(&url.Error{Op: "Get", URL: "https://api.test", Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("refused")}})
	if err.temporary || !strings.Contains(err.Error(), "no server answers at https://api.test: proxyconnect tcp: refused") {
		t.Errorf("got %v", err)
	}
}

// joinBefore adds a user, and an API key with their name, before the nth request of a
// path.
func joinBefore(api *fakeAPI, n int, path string) {
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

func TestPullHandlesUsersWhoJoinMeanwhile(t *testing.T) {
	for _, path := range []string{"/invites", "/workspaces", "/members", "/api_keys"} {
		api := acme(t)
		api.lists["invites"][0]["email"] = "late.comer@else.test"
		joinBefore(api, 1, path)
		result := newFixture(t, api).pull()
		what := "joined before " + path
		checkNothingPersonal(t, "the seed, "+what, string(result.Seed))
		o := parse(t, result.Seed)
		if late := o.Users[0]; late.ID != "user_late" || len(o.Users) != 4 || late.Email != o.Invites[0].Email {
			t.Errorf("%s the users are %v, the invites %v", what, o.Users, o.Invites)
		}
		if note := `replaced status "pending" with "accepted" (the person has joined since): invite_3`; !slices.Contains(result.Notes, note) {
			t.Errorf("%s notes: %q", what, result.Notes)
		}
	}
}

func TestPullOutputHasNoControlCharacters(t *testing.T) {
	api := acme(t)
	api.page = 1
	api.lists["users"][1]["id"] = "user_\x1b[31m\u202e\u2028\n2"
	api.lists["users"][1]["role"] = "\x1b]0;x\u0007"
	api.lists["workspaces"][0]["tags"] = object{"anthropic-\u009b\u200b": "1"}
	w := newFixture(t, api)
	result, err := Run(t.Context(), w.opts)
	if err != nil {
		t.Fatal(err)
	}
	api.before = failing(3, 99, func(w http.ResponseWriter, _ *http.Request) { fail(w, 400, "no\x1b[2J\n\u202e") })
	failure := w.mustFail("400 Bad Request: no�[2J �")
	for _, line := range slices.Concat(w.lines, result.Notes, strings.Split(failure.Error(), "\n"), []string{result.Faults.Error()}) {
		if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }) {
			t.Errorf("line %q", line)
		}
	}
}

func TestPullCanBeInterrupted(t *testing.T) {
	want := newFixture(t, acme(t)).pull()
	for n := 1; n <= want.Requests; n++ {
		w := newFixture(t, acme(t))
		ctx, cancel := context.WithCancelCause(t.Context())
		stopped := errors.New("interrupted")
		w.api.before = failing(n, 1, func(http.ResponseWriter, *http.Request) {
			cancel(stopped)
			time.Sleep(20 * time.Millisecond) // the client closes the connection meanwhile
			panic(http.ErrAbortHandler)
		})
		if result, err := Run(ctx, w.opts); !errors.Is(err, stopped) || result.Seed != nil {
			t.Fatalf("interrupted in request %d: error %v, seed %s", n, err, result.Seed)
		}
	}
}

// The object that is the cursor may be deleted while its list is read.
func TestPullRestartsAListWhoseCursorIsGone(t *testing.T) {
	api := acme(t)
	api.page = 1
	w := newFixture(t, api)
	seen := 0
	api.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/users") {
			if seen++; seen == 3 {
				api.lists["users"] = api.lists["users"][2:] // delete the two that were read
			}
		}
		return false
	}
	got := w.pull()
	if o := parse(t, got.Seed); len(o.Users) != 1 || o.Users[0].ID != "user_1" || !slices.Contains(w.lines, "users: cursor user_2 is gone; reading the list again") {
		t.Errorf("lines %q, seed\n%s", w.lines, got.Seed)
	}

	// Restarts are limited.
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("after_id") == "" {
			return false
		}
		fail(w, http.StatusBadRequest, "no such cursor")
		return true
	}
	w.mustFail("400 Bad Request: no such cursor")
}

func TestPullLimitsMemory(t *testing.T) {
	w := newFixture(t, acme(t))
	c := newClient(w.opts)
	defer c.close()
	c.left = 150
	first := c.get(t.Context(), "me", nil, new(api.Organization))
	second := c.get(t.Context(), "me", nil, new(api.Organization))
	if first != nil || second == nil || !strings.Contains(second.Error(), "the organization is too large") {
		t.Errorf("got %v, then %v", first, second)
	}
}

// Redaction finds escaped keys and keeps JSON valid.
func TestKeysAreRedactedInJSON(t *testing.T) {
	c := &client{key: `my"own\gateway/key`}
	for body, want := range map[string]string{
		`{"sk-ant-api03-abcdef": ["\u0073k-\u0061nt-api03-abcdef"]}`: `{"sk-ant-…cdef": ["sk-ant-…cdef"]}`,
		`"{\"key\": \"\\u0073k-ant-api03-abcdef\"}"`:                 `"{\"key\": \"sk-ant-…cdef\"}"`,
		`"my\"own\\gateway/key, \u006dy\u0022own\\gateway\/key"`:     `"…/key, …/key"`,
		`["a\u0026b", 5, {"\"": null}]`:                              `["a\u0026b", 5, {"\"": null}]`,
		`{"id": "sk-ant-api03-abcdef`:                                `{"id": "sk-ant-api03-abcdef`, // incomplete, so it is not used
	} {
		if got := string(c.redactJSON([]byte(body))); got != want || json.Valid([]byte(got)) != json.Valid([]byte(body)) {
			t.Errorf("%s becomes %s, want %s", body, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	w := newFixture(t, acme(t))
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
	lines, w.api.lists["workspaces"] = nil, nil // so there are no members to read
	w.pull()
	if diff := cmp.Diff([]string{"API keys: 3 (2 requests)", "invites: 3 (3 requests)", "workspaces: 0 (4 requests)", "users: 3 (5 requests)"}, lines); diff != "" {
		t.Errorf("without workspaces (-want +got):\n%s", diff)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := text.Number(n); got != want {
			t.Errorf("text.Number(%d) is %s, want %s", n, got, want)
		}
	}
}
