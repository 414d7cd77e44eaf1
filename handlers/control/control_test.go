package control

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/internal/conform"
	"antechamber/internal/faults"
	"antechamber/internal/remedy"
	"antechamber/internal/server"
	"antechamber/seed"
	"antechamber/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// description loads openapi.json.
var description = sync.OnceValues(func() (*conform.Document, error) { return conform.Load(OpenAPI) })

const (
	firstKey, secondKey = "sk-ant-admin01-first", "sk-ant-admin01-second"
	firstID, secondID   = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
)

// instant is the real time when a test starts.
var instant = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// acme is a seed of two organizations: one with a frozen clock and one with a
// running clock.
const acme = `{"organizations": [
	{"id": "` + firstID + `", "name": "First", "admin_keys": ["` + firstKey + `"], "clock": {"frozen_at": "2026-03-01T12:00:00Z"},
	 "users": [{"id": "user_admin", "email": "admin@example.com", "role": "admin", "added_at": "2026-01-01T00:00:00Z"}],
	 "invites": [{"id": "invite_pending", "email": "new@example.com", "role": "developer", "invited_at": "2026-02-28T12:00:00Z"},
	             {"id": "invite_expired", "email": "old@example.com", "role": "user", "invited_at": "2026-01-01T12:00:00Z"}],
	 "workspaces": [{"id": "wrkspc_live", "name": "Live", "created_at": "2026-01-02T00:00:00Z"},
	                {"id": "wrkspc_gone", "name": "Gone", "created_at": "2026-01-02T00:00:00Z", "archived_at": "2026-01-03T00:00:00Z"}],
	 "api_keys": [{"id": "apikey_live", "name": "Live", "workspace": "Live", "created_by": "user_admin", "created_at": "2026-01-02T00:00:00Z", "expires_at": "2026-03-08T12:00:00Z"},
	              {"id": "apikey_off", "name": "Off", "status": "inactive", "created_by": "user_admin", "created_at": "2026-01-02T00:00:00Z"}]},
	{"id": "` + secondID + `", "name": "Second", "admin_keys": ["` + secondKey + `"],
	 "users": [{"id": "user_admin", "email": "admin@example.com", "role": "admin"}]}
]}`

// someOperations are operations of the Admin API.
var someOperations = []faults.Operation{
	{ID: "createOrganizationInvite", Method: "POST", Path: "/organizations/invites", Body: true},
	{ID: "getOrganizationMember", Method: "GET", Path: "/organizations/users/{user_id}"},
	{ID: "listWorkspaces", Method: "GET", Path: "/organizations/workspaces"},
	{ID: "removeOrganizationMember", Method: "DELETE", Path: "/organizations/users/{user_id}"},
}

// testServer is a control plane with its own real time.
type testServer struct {
	t       testing.TB
	handler http.Handler
	store   *store.Store
	options server.Options
	log     *bytes.Buffer
	now     time.Time
}

func serve(t testing.TB, src string, options ...func(*server.Options)) *testServer {
	t.Helper()
	srv := &testServer{t: t, log: new(bytes.Buffer), now: instant}
	realTime := func() time.Time { return srv.now }
	srv.store = store.New(realTime)
	s, err := seed.Parse("test.json", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Load(seed.Options{Real: instant, IDSeed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if _, err := srv.store.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	o := server.Options{
		Store: srv.store, Seed: seed.Options{IDSeed: 1}, Version: "1.2.3", Log: slog.New(slog.NewTextHandler(srv.log, nil)),
		JournalEntries: 100,
	}
	for _, option := range options {
		option(&o)
	}
	srv.handler, srv.options = New(o, someOperations), o
	return srv
}

// result is a response.
type result struct {
	status int
	header http.Header
	body   string
}

// patience is the timeout for a request. A stream that should have been refused never
// ends by itself.
const patience = 20 * time.Second

// do sends a request to a path below Base, with headers as "name: value". It checks
// the response, and the body if the request succeeds, against openapi.json.
func (s *testServer) do(method, path, body string, headers ...string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1:4020"+Base+path, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if ctx.Err() != nil {
		s.t.Fatalf("%s %s does not end: %d %s", method, path, w.Code, w.Body)
	}
	got := result{w.Code, w.Header(), w.Body.String()}
	s.conforms(r, body, got)
	return got
}

// conforms checks a request and its response against openapi.json.
func (s *testServer) conforms(r *http.Request, body string, got result) {
	s.t.Helper()
	doc, err := description()
	if err != nil {
		s.t.Fatal(err)
	}
	route, ok := doc.Route(r.URL.EscapedPath())
	described := false
	for _, op := range doc.Operations() {
		described = described || ok && op.Method == r.Method && op.Path == route
	}
	if !described || strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		return
	}
	if err := doc.CheckResponse(r.Method, route, got.status, got.header, []byte(got.body)); err != nil {
		s.t.Errorf("%s %s: %v\n%s", r.Method, route, err, got.body)
	}
	if got.status != http.StatusOK || body == "{}" {
		return
	}
	if err := doc.CheckRequest(r.Method, route, []byte(body)); err != nil {
		s.t.Errorf("%s %s accepted a body that openapi.json does not allow: %v\n%s", r.Method, route, err, body)
	}
}

// must is do for a request that must succeed. It decodes the response.
func (s *testServer) must(method, path, body string, headers ...string) map[string]any {
	s.t.Helper()
	got := s.do(method, path, body, headers...)
	if got.status != http.StatusOK {
		s.t.Fatalf("%s %s %s: %d %s", method, path, body, got.status, got.body)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// contents returns the state and the snapshots of all organizations.
func (s *testServer) contents() string {
	var b strings.Builder
	for _, o := range s.store.Organizations() {
		b.Write(seed.Export(o.Contents()))
		_ = json.NewEncoder(&b).Encode(o.Snapshots())
	}
	return b.String()
}

// same reports a difference between want and got.
func same[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// failed decodes an error response.
func failed(t *testing.T, got result) failureObject {
	t.Helper()
	var f failure
	if err := json.Unmarshal([]byte(got.body), &f); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	return f.Error
}

// refused is failed for a request with problems. It checks that the message lists
// them all, and removes them from the result.
func refused(t *testing.T, got result) failureObject {
	t.Helper()
	f := failed(t, got)
	var lines []string
	for _, p := range f.Problems {
		lines = append(lines, p.Error())
	}
	if f.Problems != nil && f.Message != strings.Join(lines, "; ") {
		t.Errorf("message %q for the problems %q", f.Message, lines)
	}
	if len(f.Problems) == 1 {
		same(t, "field of the only problem", f.Problems[0].Field, f.Field)
		same(t, "remedy of the only problem", f.Problems[0].Remedy, f.Remedy)
	} else if f.Field != "" || f.Remedy != nil {
		t.Errorf("field %q and remedy %v for several problems: %q", f.Field, f.Remedy, lines)
	}
	f.Problems = nil
	return f
}

func TestOpenAPIListsEveryRemedyAndProblem(t *testing.T) {
	var raw struct {
		Components struct {
			Schemas struct {
				Remedy struct {
					Properties struct {
						Type struct{ Enum []remedy.Type }
						Key  struct{ Enum []remedy.KeyFault }
					}
				}
				Problem struct {
					Properties struct {
						Type struct{ Enum []remedy.ProblemType }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(OpenAPI, &raw); err != nil {
		t.Fatal(err)
	}
	same(t, "types", remedy.Types, raw.Components.Schemas.Remedy.Properties.Type.Enum)
	same(t, "faults of keys", remedy.KeyFaults, raw.Components.Schemas.Remedy.Properties.Key.Enum)
	problems := []remedy.ProblemType{remedy.Invalid, remedy.Missing, remedy.Repeated, remedy.Unknown}
	same(t, "types of problems", problems, raw.Components.Schemas.Problem.Properties.Type.Enum)
}

// Every route refuses unknown parameters, fields and organizations, and changes
// nothing.
func TestUnknownInputIsRefused(t *testing.T) {
	srv := serve(t, acme)
	srv.must("POST", "/snapshots", `{"name":"kept"}`)
	before := srv.contents()
	for _, rt := range routes {
		path := strings.NewReplacer("{id}", secondID, "{name}", "kept").Replace(strings.TrimPrefix(rt.Path, Base))
		same(t, rt.ID+" with a parameter", "invalid_query", failed(t, srv.do(rt.Method, path+"?nonsense=1", "")).Code)
		same(t, rt.ID+" with a bad escape", "invalid_query", failed(t, srv.do(rt.Method, path+"?organization=%zz", "")).Code)
		same(t, rt.ID+" with two organizations", "invalid_query", failed(t, srv.do(rt.Method, path+"?organization="+firstID+"&organization="+firstID, "")).Code)
		got := srv.do(rt.Method, path, `{"name":"x","nonsense":1}`)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "nonsense") {
			t.Errorf("%s with an unknown field: %d %s", rt.ID, got.status, got.body)
		}
		for _, body := range []string{"{", "[]", "null", `"x"`, "{} {}", `{"name":}`, `{"name":"a"`, "\xff", `{"a":1 "b":2}`, `{"name":"a","name":"b"}`} {
			if got := srv.do(rt.Method, path, body); got.status != http.StatusBadRequest {
				t.Errorf("%s with %q: %d %s", rt.ID, body, got.status, got.body)
			}
		}
		if !rt.global {
			same(t, rt.ID+" with an unknown id", 404, srv.do(rt.Method, path+"?organization=unknown", "").status)
			same(t, rt.ID+" with an unknown key", "organization_not_found", failed(t, srv.do(rt.Method, path, "", "x-api-key: sk-ant-admin01-unknown")).Code)
		}
	}
	same(t, "contents", before, srv.contents())
}

func TestUnknownPathsAndMethods(t *testing.T) {
	srv := serve(t, acme)
	for path, allow := range map[string]string{
		"": "GET, HEAD", "/organizations": "GET, HEAD, POST", "/state": "GET, HEAD, PUT", "/settings": "GET, HEAD, PATCH", "/clock": "GET, HEAD, POST",
		"/faults": "DELETE, GET, HEAD, POST", "/faults/a": "DELETE", "/requests": "DELETE, GET, HEAD", "/requests/stream": "GET", "/verify": "POST",
		"/snapshots/a": "DELETE", "/snapshots/a/restore": "POST",
	} {
		for _, method := range []string{"HEAD", "OPTIONS", "TRACE"} {
			got := srv.do(method, path, "")
			if method == "HEAD" && strings.Contains(allow, "HEAD") {
				same(t, "HEAD "+path, 200, got.status)
				same(t, "type", "application/json", got.header.Get("Content-Type"))
				continue
			}
			same(t, method+" "+path, 405, got.status)
			same(t, "allow", allow, got.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/nothing", "/clock/", "//clock", "/invites//accept", "/snapshots/a/b/restore", "x"} {
		r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
		r.URL.Path, r.URL.RawPath = Base+path, ""
		w := httptest.NewRecorder()
		srv.handler.ServeHTTP(w, r)
		same(t, path, 404, w.Code)
	}
}

func TestControlToken(t *testing.T) {
	guarded := func(o *server.Options) { o.Exposed, o.Token = true, "s3cret" }
	foreign := []string{"host: antechamber.example.com:4020", "origin: https://elsewhere.example.com"}
	srv := serve(t, acme, guarded)
	for _, authorization := range []string{"", "Bearer", "Bearer nonsense", "Basic s3cret", "s3cret"} {
		for _, path := range []string{"", "/clock", "/nothing"} {
			got := srv.do("GET", path, "", append(foreign, "authorization: "+authorization)...)
			same(t, authorization, "unauthorized", failed(t, got).Code)
			same(t, authorization, 401, got.status)
			same(t, "www-authenticate", "Bearer", got.header.Get("WWW-Authenticate"))
		}
	}
	got := srv.must("GET", "", "", append(foreign, "authorization: bearer s3cret", "x-api-key: "+secondKey)...)
	same(t, "organization", any("Second"), got["organization"].(map[string]any)["name"])
	srv.must("GET", "/clock", "", append(foreign, "authorization: Bearer s3cret")...)

	open := serve(t, acme, func(o *server.Options) { o.Exposed = true })
	open.must("GET", "/clock", "", foreign[0])
	same(t, "a web page", "forbidden_origin", failed(t, open.do("GET", "/clock", "", "host: 192.168.1.5:4020", foreign[1])).Code)
	same(t, "a web page under another name", "forbidden_host", failed(t, open.do("GET", "/clock", "", foreign...)).Code)
	same(t, "a web page that reads", "forbidden_host", failed(t, open.do("GET", "/state", "", foreign[0], "user-agent: Mozilla/5.0 (X11; Linux x86_64)")).Code)
	open.must("POST", "/reset", "", "host: 192.168.1.5:4020", "origin: http://192.168.1.5:4020") // its own page
}

// A page of another site that moves the clock sends its Origin. Without one, only
// links lead here.
func TestPagesOfOtherSites(t *testing.T) {
	srv := serve(t, acme, func(o *server.Options) { o.AllowedHosts = []string{"emulator.test"} })
	for _, c := range []struct {
		name    string
		method  string
		headers []string
		code    string
	}{
		{"a local page on another port", "POST", []string{"origin: http://localhost:3000", "sec-fetch-site: same-site"}, ""},
		{"a local page under another local name", "POST", []string{"origin: http://app.localhost:3000", "sec-fetch-site: cross-site"}, ""},
		{"a page of an allowed host", "POST", []string{"origin: http://emulator.test:3000", "sec-fetch-site: cross-site"}, ""},
		{"the console under an allowed host", "POST", []string{"host: emulator.test:4020", "origin: http://emulator.test:4020"}, ""},
		{"another site", "POST", []string{"origin: https://evil.test", "sec-fetch-site: cross-site"}, "forbidden_origin"},
		{"a sandboxed page", "POST", []string{"origin: null", "sec-fetch-site: cross-site"}, "forbidden_origin"},
		{"a cross-site write without an origin", "POST", []string{"sec-fetch-site: cross-site"}, "forbidden_origin"},
		{"an image on another site", "GET", []string{"sec-fetch-site: cross-site", "sec-fetch-mode: no-cors"}, "forbidden_origin"},
		{"a link on another site", "GET", []string{"sec-fetch-site: cross-site", "sec-fetch-mode: navigate"}, ""},
		{"the address bar", "GET", []string{"sec-fetch-site: none", "sec-fetch-mode: navigate"}, ""},
		{"a page whose name was rebound", "POST", []string{"host: evil.test:4020", "origin: http://evil.test:4020", "sec-fetch-site: same-origin"}, "forbidden_host"},
	} {
		path, body := "/clock", ""
		if c.method == "POST" {
			body = `{"advance":"1h"}`
		}
		before := srv.contents()
		got := srv.do(c.method, path, body, c.headers...)
		if c.code == "" {
			same(t, c.name, 200, got.status)
			continue
		}
		same(t, c.name, c.code, failed(t, got).Code)
		same(t, c.name, before, srv.contents())
	}
}

// A key that selects no organization is explained, and never repeated.
func TestKeysAreExplained(t *testing.T) {
	srv := serve(t, acme)
	for key, want := range map[string]remedy.KeyFault{
		"sk-ant-admin01-nobody": remedy.KeyUnknown, "sk-ant-api03-secret": remedy.KeyWorkspace, "sk-ant-oat01-secret": remedy.KeyOAuth,
		`"sk-ant-admin01-first"`: remedy.KeyNotAlone, "sk-ant-admin-secret": remedy.KeyMalformed, "secret": remedy.KeyNoPrefix,
	} {
		got := srv.do("GET", "/clock", "", "x-api-key: "+key)
		f := failed(t, got)
		same(t, key, &remedy.Remedy{Type: remedy.FixAdminKey, Key: want}, f.Remedy)
		same(t, key, want.String(), f.Hint)
		same(t, key, 404, got.status)
		if strings.Contains(got.body, "secret") {
			t.Errorf("%s: %s", key, got.body)
		}
	}
	forking := serve(t, acme, func(o *server.Options) { o.ForkUnknownKeys = true })
	same(t, "when forking", remedy.KeyMalformed, failed(t, forking.do("GET", "/clock", "", "x-api-key: sk-ant-admin1-x")).Remedy.Key)
	same(t, "an id", remedy.NameOrganization, failed(t, srv.do("GET", "/clock?organization=nobody", "", "x-api-key: secret")).Remedy.Type)
}

func TestForeignHostsAndOriginsAreForbidden(t *testing.T) {
	srv := serve(t, acme)
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:4020": true, "LOCALHOST:1": true, "app.localhost:3000": true, "127.0.0.1": true, "127.9.9.9:4020": true, "[::1]": true, "[::1]:4020": true,
		"": false, "example.com": false, "localhost.example.com": false, "127.0.0.1.example.com": false, "10.0.0.1:4020": false, "[::2]": false, "0.0.0.0": false, "a b": false,
	} {
		got := srv.do("POST", "/reset", "", "host: "+host)
		same(t, host, ok, got.status == 200)
		if !ok {
			same(t, host, "forbidden_host", failed(t, got).Code)
		}
		if host == "" {
			continue // no Origin
		}
		got = srv.do("POST", "/reset", "", "origin: http://"+host)
		same(t, host, ok, got.status == 200)
		if !ok {
			same(t, host, "forbidden_origin", failed(t, got).Code)
		}
	}
	same(t, "null", 403, srv.do("GET", "/state", "", "origin: null").status)
}

func TestOrganizationOfARequest(t *testing.T) {
	srv := serve(t, acme)
	name := func(path string, headers ...string) string {
		o, _ := srv.must("GET", path, "", headers...)["organization"].(map[string]any)
		return o["name"].(string)
	}
	same(t, "none selected", "First", name(""))
	same(t, "a slash", "First", name("/"))
	same(t, "by key", "Second", name("", "x-api-key: "+secondKey))
	same(t, "by Bearer", "Second", name("", "authorization: Bearer "+secondKey))
	same(t, "a token where none is required", "First", name("", "authorization: Bearer s3cret"))
	same(t, "a token and a key", "Second", name("", "authorization: Bearer s3cret", "x-api-key: "+secondKey))
	same(t, "by id", "Second", name("?organization="+secondID))
	same(t, "the id overrides the key", "Second", name("?organization="+secondID, "x-api-key: "+firstKey))

	forking := serve(t, acme, func(o *server.Options) { o.ForkUnknownKeys = true })
	forking.must("GET", "/clock", "", "x-api-key: sk-ant-admin01-invented")
	same(t, "organizations", 3, len(forking.store.Organizations()))

	// A load balancer that hashes the key must see the key of the new organization.
	made := forking.must("POST", "/organizations", `{"admin_key":"sk-ant-admin01-chosen"}`, "x-api-key: sk-ant-admin01-chosen")
	same(t, "admin_key", any("sk-ant-admin01-chosen"), made["admin_key"])
	same(t, "organizations, without a fork for the chosen key", 4, len(forking.store.Organizations()))
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	srv := serve(t, acme)
	before := srv.contents()
	same(t, "a body", "body_too_large", failed(t, srv.do("POST", "/users", strings.Repeat(" ", MaxBody+1))).Code)
	same(t, "a body of many values", "invalid JSON: more than 100000 values and names (line 1 column 200001)", failed(t, srv.do("POST", "/verify", `{"a":[0`+strings.Repeat(",0", maxValues)+`]}`)).Message)
	// Messages shorten names: otherwise each of a hundred paths would repeat the long one.
	long := srv.do("POST", "/verify", `{"`+strings.Repeat("n", 500_000)+`":{`+strings.Repeat(`"x":1,`, 600)+`"x":1}}`)
	same(t, "repeated fields below a long name", "invalid_body", failed(t, long).Code)
	if len(long.body) > 100_000 {
		t.Errorf("the response has %d bytes", len(long.body))
	}
	same(t, "settings", 413, srv.do("PATCH", "/settings", strings.Repeat(" ", MaxBody+1)).status)
	same(t, "a state of that size", "invalid_seed", failed(t, srv.do("PUT", "/state", strings.Repeat(" ", MaxBody+1))).Code)
	limit := &srv.handler.(*plane).maxState
	same(t, "the maximum size of a state", 256<<20, *limit)
	*limit = 2 << 20 // reading 256 MiB takes long with the race detector
	r := httptest.NewRequest("PUT", "http://localhost"+Base+"/state", io.LimitReader(spaces{}, 2<<20+1))
	w := httptest.NewRecorder()
	srv.handler.ServeHTTP(w, r)
	same(t, "a state", 413, w.Code)
	same(t, "contents", before, srv.contents())
}

type spaces struct{}

var blank = strings.Repeat(" ", 1<<20)

func (spaces) Read(b []byte) (int, error) { return copy(b, blank), nil }

func TestPage(t *testing.T) {
	srv := serve(t, strings.Replace(acme, "Second", "<b>", 1))
	const browser = "accept: text/html,application/xhtml+xml,*/*;q=0.8"
	for _, path := range []string{"", "/"} {
		got := srv.do("GET", path, "", browser)
		same(t, "type", "text/html; charset=utf-8", got.header.Get("Content-Type"))
		same(t, "policy", "default-src 'none'; style-src 'unsafe-inline'", got.header.Get("Content-Security-Policy"))
		for _, want := range []string{firstID, "/_emulate/state?organization=" + secondID, "&lt;b&gt;", `"/openapi.yaml"`} {
			if !strings.Contains(got.body, want) {
				t.Errorf("no %s in\n%s", want, got.body)
			}
		}
		same(t, "for a program", "application/json", srv.do("GET", path, "", "accept: */*").header.Get("Content-Type"))
	}
	same(t, "another path", "application/json", srv.do("GET", "/clock", "", browser).header.Get("Content-Type"))
}

// A browser shows why it does not get the page.
func TestRefusedPage(t *testing.T) {
	srv := serve(t, acme, func(o *server.Options) { o.Exposed, o.Token = true, "s3cret" })
	got := srv.do("GET", "", "", "accept: text/html")
	same(t, "status", 401, got.status)
	for _, want := range []string{"not available: missing or invalid control token", "</html>"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in\n%s", want, got.body)
		}
	}
	if strings.Contains(got.body, firstID) {
		t.Error("the page shows an organization")
	}
}

// All wrong parameters are reported at once, as problems.
func TestWrongParametersAreProblems(t *testing.T) {
	got := serve(t, acme).do("GET", "/clock?organisation=x&organization=a&organization=b&zzz=1", "")
	same(t, "problems", []remedy.Problem{
		{Type: remedy.Unknown, In: remedy.InQuery, Field: "organisation", Allowed: []string{"organization"}, Remedy: remedy.Meant("organization")},
		{Type: remedy.Repeated, In: remedy.InQuery, Field: "organization"},
		{Type: remedy.Unknown, In: remedy.InQuery, Field: "zzz", Allowed: []string{"organization"}},
	}, failed(t, got).Problems)
	same(t, "message", `unknown parameter "organisation" (allowed: organization); repeated parameter "organization"; unknown parameter "zzz" (allowed: organization)`, refused(t, got).Message)
}
