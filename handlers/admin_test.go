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

// server is a server as its users have it in their tests, whose every answer is
// held against the documents.
type server struct {
	*admintest.Server
	t      testing.TB
	errors handlers.Errors
}

// serve starts a server with a seed that stands in the test.
func serve(t testing.TB, seed string, opts ...admintest.Option) *server {
	t.Helper()
	opts = append([]admintest.Option{admintest.AdminKey(handlers.TestKey), admintest.IDSeed(1)}, opts...)
	return &server{admintest.Run(t, append(opts, admintest.SeedJSON(seed))...), t, handlers.ErrorsBoth}
}

// serveBuiltin is serve for a seed that is built in.
func serveBuiltin(t testing.TB, name string) *server {
	t.Helper()
	return &server{admintest.Run(t, admintest.Seed(name), admintest.AdminKey(handlers.TestKey), admintest.IDSeed(1)), t, handlers.ErrorsBoth}
}

// production is serve for a server whose errors are production's.
func production(t testing.TB, seed string) *server {
	t.Helper()
	srv := serve(t, seed, admintest.ProductionErrors())
	srv.errors = handlers.ErrorsProduction
	return srv
}

// result is an answer.
type result struct {
	status int
	header http.Header
	body   string
}

// try sends a request with the test's admin key and the usual version, unless
// headers say otherwise ("name: value"; "name:" leaves one out). The path is
// below /v1 unless it begins with a tilde.
func (s *server) try(method, path, body string, headers ...string) (result, error) {
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

// do is try for what is answered. Every answer of an operation is held against
// the documents.
func (s *server) do(method, path, body string, headers ...string) result {
	s.t.Helper()
	got, err := s.try(method, path, body, headers...)
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return got
	}
	route, _, _ := strings.Cut(path, "?")
	handlers.Conforms(s.t, s.errors, method, route, got.status, got.header, got.body)
	return got
}

// get sends a GET and gives the answer's body, which must be a success.
func (s *server) get(path string) string {
	s.t.Helper()
	return s.must("GET", path, "")
}

// must sends a request that has to succeed.
func (s *server) must(method, path, body string) string {
	s.t.Helper()
	got := s.do(method, path, body)
	if got.status != http.StatusOK {
		s.t.Fatalf("%s %s %s: %d %s", method, path, body, got.status, got.body)
	}
	return got.body
}
