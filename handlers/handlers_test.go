package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/api"
	"antechamber/internal/conform"
	"antechamber/internal/vendordoc"
	"antechamber/seed"
	"antechamber/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The documents that responses are checked against. The vendor's is available if its
// SDK is in the module cache.
var (
	ours   = sync.OnceValues(func() (*conform.Document, error) { return conform.Load(api.OpenAPI) })
	older  = sync.OnceValues(func() (*conform.Document, error) { return conform.LoadVendor(vendordoc.Older) })
	newest = sync.OnceValues(func() (*conform.Document, error) { return conform.LoadVendor(vendordoc.Newest) })
)

const testKey = "sk-ant-admin01-test"

// instant is the time on the tests' clocks, unless a seed sets another.
var instant = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testServer is a server with a clock and a log for tests.
type testServer struct {
	t       testing.TB
	handler http.Handler
	store   *store.Store
	log     *bytes.Buffer
	errors  Errors
	options Options
	sleep   func()    // called by faults that delay; may be nil
	now     time.Time // real time, which running clocks follow
}

// serve starts a server with a seed given as JSON. The first organization's admin
// key is testKey unless the seed sets another.
func serve(t testing.TB, json string, options ...func(*Options)) *testServer {
	t.Helper()
	s, err := seed.Parse("test.json", []byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return serveSeed(t, s, options...)
}

func serveBuiltin(t testing.TB, name string, options ...func(*Options)) *testServer {
	t.Helper()
	s, ok := seed.Builtin(name)
	if !ok {
		t.Fatalf("no such seed %q", name)
	}
	return serveSeed(t, s, options...)
}

func serveSeed(t testing.TB, s *seed.Seed, options ...func(*Options)) *testServer {
	t.Helper()
	srv := &testServer{t: t, log: new(bytes.Buffer), now: instant}
	srv.store = store.New(func() time.Time { return srv.now })
	all, err := s.Load(seed.Options{Real: instant, IDSeed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		if i == 0 && len(c.AdminKeys) == 0 {
			c.AdminKeys = []string{testKey}
		}
		if _, err := srv.store.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Store: srv.store, Log: slog.New(slog.NewTextHandler(srv.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	o.Sleep = func(context.Context, time.Duration) error {
		if srv.sleep != nil {
			srv.sleep()
		}
		return nil
	}
	for _, option := range options {
		option(&o)
	}
	srv.errors, srv.options = o.Errors, o
	srv.handler = New(o)
	return srv
}

func production(o *Options) { o.Errors = ErrorsProduction }

// contents returns the state of the first organization.
func (s *testServer) contents() store.Contents { return s.store.First().Contents() }

// result is a response.
type result struct {
	status int
	header http.Header
	body   string
}

// do sends a request with the test's admin key and the usual version, which headers
// override ("name: value", or "name:" for no header). The path is below /v1 unless it
// starts with a tilde. Every response of an operation is checked against the OpenAPI
// documents.
func (s *testServer) do(method, path, body string, headers ...string) result {
	s.t.Helper()
	target, outside := strings.CutPrefix(path, "~")
	if !outside {
		target = base + path
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://127.0.0.1:4020/", reader)
	parsed, err := url.Parse(target)
	if err != nil {
		s.t.Fatal(err)
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
	setHeaders(r.Header, body, headers)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := result{w.Code, w.Header(), w.Body.String()}
	conforms(s.t, s.errors, method, strings.TrimPrefix(parsed.Path, base), r.Header.Get(headerVersion), got)
	return got
}

// setHeaders sets the usual headers of a request, and then those of a test, which
// override them.
func setHeaders(to http.Header, body string, headers []string) {
	to.Set("x-api-key", testKey)
	to.Set("anthropic-version", "2023-06-01")
	if body != "" {
		to.Set("content-type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		to.Del(name)
		if value = strings.TrimSpace(value); value != "" {
			to.Set(name, value)
		}
	}
}

// conforms fails the test unless the response conforms to the OpenAPI documents: ours,
// and the vendor's for the version of the request.
func conforms(t testing.TB, errors Errors, method, path, version string, got result) {
	t.Helper()
	doc, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	route, ok := doc.Route(path)
	if !ok || !slices.Contains(methods(base+regexp.MustCompile(`{(\w+)}`).ReplaceAllString(route, ":$1")), method) {
		return
	}
	if err := doc.CheckResponse(method, route, got.status, got.header, []byte(got.body)); err != nil {
		t.Errorf("%s %s: the response %d %s\ndoes not conform to api/openapi.yaml: %v", method, path, got.status, got.body, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(got.body)); err != nil || compact.String() != got.body {
		t.Errorf("%s %s: the response is not compact JSON: %s", method, path, got.body)
	}
	if got.status >= 400 {
		failureConforms(t, errors, method, route, got)
		return
	}
	load := older
	if version >= vendordoc.Newest {
		load = newest
	}
	vendor, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if err := vendor.CheckResponse(method, route, got.status, got.header, []byte(got.body)); err != nil && !deviates(got, err) {
		t.Errorf("%s %s: the response %d %s\ndoes not conform to the vendor's document: %v", method, path, got.status, got.body, err)
	}
}

// deviations are the only responses that may violate the vendor's document.
var deviations = []struct {
	status    int
	violation string // prefix of the error
	why       string
}{
	{http.StatusConflict, "body/error", "production documents conflict_error for the API, but only operations with codes for their 409 list a type for it"},
	{http.StatusRequestEntityTooLarge, "body/error", "the vendor's list of error types has request_too_large, but its union of errors does not"},
}

func deviates(got result, err error) bool {
	for _, d := range deviations {
		if d.status == got.status && strings.HasPrefix(err.Error(), d.violation) && !strings.Contains(err.Error(), "\n") {
			return true
		}
	}
	return false
}

// get sends a GET, which must succeed, and returns the body of the response.
func (s *testServer) get(path string) string {
	s.t.Helper()
	return s.must("GET", path, "")
}

// must sends a request, which must succeed, and returns the body of the response.
func (s *testServer) must(method, path, body string) string {
	s.t.Helper()
	got := s.do(method, path, body)
	if got.status != http.StatusOK {
		s.t.Fatalf("%s %s %s: %d %s", method, path, body, got.status, got.body)
	}
	return got.body
}

// field returns a field of a JSON object, given the keys that lead to it.
func field(t testing.TB, body string, keys ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, key := range keys {
		object, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("no field %q in %s", key, body)
		}
		v = object[key]
	}
	return v
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// acme is a small organization with a user of each role.
const acme = `{
  "id": "12345678-1234-5678-1234-567812345678", "name": "Acme",
  "clock": {"frozen_at": "2026-03-01T12:00:00Z"}, "ids": {"seed": 1},
  "default_workspace": {"id": "wrkspc_default", "compartment_id": "00000000-0000-4000-8000-000000000000", "display_color": "#000000", "created_at": "2025-01-01T00:00:00Z"},
  "users": [
    {"id": "user_admin", "email": "admin@example.com", "role": "admin", "added_at": "2025-01-01T00:00:00Z"},
    {"id": "user_billing", "email": "billing@example.com", "role": "billing", "added_at": "2025-01-02T00:00:00Z"},
    {"id": "user_dev", "email": "Dev@example.com", "role": "developer", "added_at": "2025-01-03T00:00:00Z"},
    {"id": "user_code", "email": "code@example.com", "role": "claude_code_user", "added_at": "2025-01-04T00:00:00Z"},
    {"id": "user_user", "email": "user@example.com", "role": "user", "added_at": "2025-01-05T00:00:00Z"}
  ],
  "invites": [
    {"id": "invite_pending", "email": "pending@example.com", "role": "user", "invited_at": "2026-02-20T00:00:00Z"},
    {"id": "invite_accepted", "email": "user@example.com", "role": "user", "status": "accepted", "invited_at": "2025-01-04T00:00:00Z", "accepted_at": "2025-01-05T00:00:00Z"},
    {"id": "invite_expired", "email": "expired@example.com", "role": "developer", "invited_at": "2026-01-01T00:00:00Z"},
    {"id": "invite_deleted", "email": "deleted@example.com", "role": "billing", "status": "deleted", "invited_at": "2026-02-21T00:00:00Z"}
  ],
  "workspaces": [
    {"id": "wrkspc_live", "name": "Live", "created_at": "2025-02-01T00:00:00Z", "display_color": "#111111", "compartment_id": "00000000-0000-4000-8000-000000000001",
     "tags": {"team": "core"}, "external_key_id": "extkey_1",
     "members": [{"user": "user_dev", "workspace_role": "workspace_developer"}, {"user": "user_user", "workspace_role": "workspace_user"}]},
    {"id": "wrkspc_archived", "name": "Archived", "created_at": "2025-02-02T00:00:00Z", "archived_at": "2025-06-01T00:00:00Z", "display_color": "#222222", "compartment_id": "00000000-0000-4000-8000-000000000002",
     "members": [{"user": "user_dev", "workspace_role": "workspace_developer"}]},
    {"id": "wrkspc_us", "name": "US", "created_at": "2025-02-03T00:00:00Z", "display_color": "#333333", "compartment_id": "00000000-0000-4000-8000-000000000003",
     "data_residency": {"workspace_geo": "us", "allowed_inference_geos": ["us"], "default_inference_geo": "us"}}
  ],
  "api_keys": [
    {"id": "apikey_active", "name": "Active", "workspace": "wrkspc_live", "created_by": "user_dev", "created_at": "2025-03-01T00:00:00Z", "partial_key_hint": "sk-ant-api03-AAA...aaAA", "last_used_at": "2026-02-28T00:00:00Z"},
    {"id": "apikey_inactive", "name": "Inactive", "workspace": "wrkspc_live", "created_by": "user_dev", "created_at": "2025-03-02T00:00:00Z", "status": "inactive", "partial_key_hint": "sk-ant-api03-BBB...bbAA"},
    {"id": "apikey_archived", "name": "Archived", "workspace": "wrkspc_archived", "created_by": "user_dev", "created_at": "2025-03-03T00:00:00Z", "status": "archived", "partial_key_hint": "sk-ant-api03-CCC...ccAA"},
    {"id": "apikey_expired", "name": "Expired", "workspace": "wrkspc_live", "created_by": "user_gone", "created_at": "2025-03-04T00:00:00Z", "expires_at": "2025-04-04T00:00:00Z", "partial_key_hint": "sk-ant-api03-DDD...ddAA"},
    {"id": "apikey_default", "name": "Default", "created_by": "user_admin", "created_at": "2025-03-05T00:00:00Z", "partial_key_hint": "sk-ant-api03-EEE...eeAA"},
    {"id": "apikey_personal", "name": "Personal", "created_by": "user_user", "principal": {"type": "user_actor", "user_id": "user_user"}, "created_at": "2025-03-06T00:00:00Z", "partial_key_hint": "sk-ant-api03-FFF...ffAA"},
    {"id": "apikey_service", "name": "Service account", "workspace": "wrkspc_live", "created_by": {"type": "service_account", "id": "svac_1"}, "principal": {"type": "service_account_actor", "service_account_id": "svac_2"}, "created_at": "2025-03-07T00:00:00Z", "partial_key_hint": "sk-ant-api03-GGG...ggAA"},
    {"id": "apikey_legacy", "name": "Legacy", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "svac_2"}, "status": "inactive", "created_at": "2025-03-08T00:00:00Z", "partial_key_hint": "sk-ant-api03-HHH...hhAA"}
  ],
  "removed": [{"id": "user_gone", "added_at": "2025-01-02T12:00:00Z"}]
}`
