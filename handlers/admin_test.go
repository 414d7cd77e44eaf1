package handlers_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/handlers"
)

const (
	acme       = handlers.Acme
	users      = handlers.Users
	invites    = handlers.Invites
	workspaces = handlers.Workspaces
	keys       = handlers.Keys
	live       = handlers.Live
)

var (
	field = handlers.Field
	same  = handlers.Same
)

// server is a server as users run it in their tests. Every response is checked
// against the OpenAPI documents.
type server struct {
	*admintest.Server
	t      testing.TB
	errors handlers.Errors
}

// serve starts a server with a seed given as JSON.
func serve(t testing.TB, seed string, opts ...admintest.Option) *server {
	t.Helper()
	opts = append([]admintest.Option{admintest.AdminKey(handlers.TestKey), admintest.IDSeed(1)}, opts...)
	return &server{admintest.Run(t, append(opts, admintest.SeedJSON(seed))...), t, handlers.ErrorsBoth}
}

// serveBuiltin is serve for a built-in seed.
func serveBuiltin(t testing.TB, name string) *server {
	t.Helper()
	return &server{admintest.Run(t, admintest.Seed(name), admintest.AdminKey(handlers.TestKey), admintest.IDSeed(1)), t, handlers.ErrorsBoth}
}

// production is serve with production's error format.
func production(t testing.TB, seed string) *server {
	t.Helper()
	srv := serve(t, seed, admintest.ProductionErrors())
	srv.errors = handlers.ErrorsProduction
	return srv
}

// result is a response.
type result struct {
	status int
	header http.Header
	body   string
}

// send sends a request with the test's admin key and the usual version, which
// headers override ("name: value", or "name:" for no header). The path is below /v1
// unless it starts with a tilde.
func (s *server) send(method, path, body string, headers ...string) (result, error) {
	s.t.Helper()
	target, outside := strings.CutPrefix(path, "~")
	if !outside {
		target = api.BasePath + path
	}
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	handlers.SetHeaders(r.Header, body, headers)
	res, err := s.Client().Do(r)
	if err != nil {
		return result{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return result{res.StatusCode, res.Header, string(raw)}, err
}

// do is send for a request that gets a response. Every response of an operation is
// checked against the OpenAPI documents.
func (s *server) do(method, path, body string, headers ...string) result {
	s.t.Helper()
	got, err := s.send(method, path, body, headers...)
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return got
	}
	route, _, _ := strings.Cut(path, "?")
	sent := http.Header{}
	handlers.SetHeaders(sent, body, headers)
	version := sent.Get("anthropic-version")
	handlers.Conforms(s.t, s.errors, method, route, version, got.status, got.header, got.body)
	return got
}

// get sends a GET, which must succeed, and returns the body of the response.
func (s *server) get(path string) string {
	s.t.Helper()
	return s.must("GET", path, "")
}

// must sends a request, which must succeed, and returns the body of the response.
func (s *server) must(method, path, body string) string {
	s.t.Helper()
	got := s.do(method, path, body)
	if got.status != http.StatusOK {
		s.t.Fatalf("%s %s %s: %d %s", method, path, body, got.status, got.body)
	}
	return got.body
}
