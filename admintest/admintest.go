package admintest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/handlers"
	"antechamber/internal/inprocess"
	"antechamber/internal/remote"
	"antechamber/seed"
	"antechamber/store"
)

const (
	// host is the host name of servers without a port. A client that was not made with
	// Client fails with an error that shows this name: its label is longer than the 63
	// characters of a domain name, so resolvers refuse it without asking a name server.
	host = "use-server-client-because-no-other-client-reaches-a-server-without-a-port.test"
	// journalEntries is more than a test is likely to send.
	journalEntries = 10_000
	// organizationTTL is how long an organization on a running server outlives a test
	// that was killed.
	organizationTTL = "2h"
	// controlTimeout is how long a request to the control plane may take.
	controlTimeout = 30 * time.Second
)

// TB is the part of testing.TB that a Server uses. *testing.T, *testing.B and
// *testing.F implement it, and so do *rapid.T and the value of GinkgoT().
type TB interface {
	Name() string
	Helper()
	Log(args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// Server is one organization of a server, for use by one test. A method that fails
// calls the test's Fatalf, so methods that may fail must be called from the test's
// own goroutine. Otherwise a Server is safe for concurrent use.
type Server struct {
	// URL is the base URL for API clients, such as an SDK. Unless the server listens
	// on a port, only Client can reach it.
	URL string
	// AdminKey is an admin key of the organization. It selects the organization.
	AdminKey string
	// OrganizationID is the organization's UUID.
	OrganizationID string
	// Clock is the organization's clock.
	Clock *ServerClock

	t         TB
	transport http.RoundTripper
	client    *http.Client // returned by Client; the test may modify it
	handler   http.Handler
	plane     remote.Plane
	inProcess bool   // started by Run, so only this test uses it
	port      bool   // reachable from other processes
	origin    string // how to recreate the organization, for reports
	shared    *shared
	org       *organization
}

// Run starts a server in this process. The server stops when the test ends.
func Run(t TB, opts ...Option) *Server {
	t.Helper()
	o, err := parseOptions(opts)
	if err != nil {
		t.Fatalf("admintest: Run: %v", err)
	}
	s, err := run(t, o)
	if err != nil {
		t.Fatalf("admintest: Run: %v", err)
	}
	return s
}

// Connect creates an organization for the test on a running server, and deletes it
// when the test ends. As with Run, the organization starts from the seed of the
// options, or else from demo. [ServerSeed] selects the seed of the running server. If
// url is empty, Connect is Run.
//
// On a running server, the id and admin key of the organization differ from those of
// the seed. Everything else is as with Run, including the ids and times of objects.
func Connect(t TB, url string, opts ...Option) *Server {
	t.Helper()
	if url == "" {
		return Run(t, opts...)
	}
	o, err := parseOptions(opts)
	if err == nil {
		err = o.checkConnect()
	}
	if err != nil {
		t.Fatalf("admintest: Connect: %v", err)
	}
	s, err := connect(t, strings.TrimRight(url, "/"), o)
	if err != nil {
		t.Fatalf("admintest: Connect: %s", message("Connect", err))
	}
	return s
}

// Client returns an HTTP client that reaches the server. It adds no API key to
// requests. Every call returns the same client, and the test may modify it: the
// methods of Server do not use it.
func (s *Server) Client() *http.Client { return s.client }

// Handler returns the server's HTTP handler, to serve it elsewhere. The API key of a
// request selects its organization.
func (s *Server) Handler() http.Handler { return s.handler }

// Env returns environment variables that point the official SDKs in another program
// to the server:
//
//	cmd.Env = append(os.Environ(), srv.Env()...)
//
// The server must have a port: see [Listen].
func (s *Server) Env() []string {
	s.t.Helper()
	if !s.port {
		s.t.Fatalf("admintest: Env: the server has no port (pass Listen to Run)")
	}
	return []string{"ANTHROPIC_BASE_URL=" + s.URL, "ANTHROPIC_API_KEY=" + s.AdminKey}
}

// In returns a Server for the same organization that reports to a subtest. Failures
// are failures of the subtest, its log shows only the requests made during it, and its
// faults end with it. Parallel subtests would interfere with each other: use Fork for
// them.
func (s *Server) In(t TB) *Server {
	t.Helper()
	c := s.with(t)
	c.reportWhenFailed(c.newest())
	return c
}

// with returns a Server for the same organization that reports to another test.
func (s *Server) with(t TB) *Server {
	c := *s
	c.t = t
	c.client = &http.Client{Transport: s.transport}
	c.Clock = &ServerClock{&c}
	return &c
}

// Organization returns another organization of the seed, selected by its admin key. It
// requires a server started by Run, since other tests may use the organizations of a
// running server.
func (s *Server) Organization(adminKey string) *Server {
	s.t.Helper()
	if !s.inProcess {
		s.t.Fatalf("admintest: Organization: the server must be started by Run, since other tests may use the organizations of a running server")
	}
	c := s.with(s.t)
	c.plane.AdminKey = adminKey
	var manifest struct {
		Organization credentials `json:"organization"`
	}
	c.call("Organization", http.MethodGet, "", nil, &manifest)
	c.bind(credentials{manifest.Organization.ID, adminKey})
	if c.OrganizationID != s.OrganizationID { // s reports for itself
		c.reportWhenFailed(c.newest())
	}
	return c
}

// Fork copies the organization in its current state for a parallel subtest, and
// deletes the copy when the subtest ends. Faults, snapshots and the journal are not
// copied. The cost does not depend on the size of the organization: set it up once,
// then fork it.
func (s *Server) Fork(t TB) *Server {
	t.Helper()
	in := map[string]string{"from": s.OrganizationID}
	if s.inProcess {
		// The key makes forks reproducible, whatever order parallel subtests run in.
		in["admin_key"] = s.shared.forkKey(t.Name())
	} else {
		in["ttl"] = organizationTTL
	}
	fork, err := s.createOrganization(t, in)
	if err != nil {
		t.Fatalf("admintest: Fork: %s", message("Fork", err))
	}
	fork.origin = forkOrigin + strings.TrimPrefix(s.origin, forkOrigin)
	return fork
}

// forkOrigin is the beginning of a fork's origin, even of a fork of a fork.
const forkOrigin = "forked from a server "

// run starts a server in this process.
func run(t TB, o *options) (*Server, error) {
	o.defaultToDemo()
	realTime := store.RealTime()
	load := o.loadOptions(t)
	organizations, err := o.seed.Load(load.At(realTime()))
	if err != nil {
		return nil, err
	}
	first := &organizations[0]
	if o.adminKey != "" {
		first.AdminKeys = append([]string{o.adminKey}, first.AdminKeys...)
	}
	if len(first.AdminKeys) == 0 {
		first.AdminKeys = []string{seed.DefaultAdminKey}
	}
	all := store.New(realTime)
	if err := o.seed.AddTo(all, organizations, load); err != nil {
		return nil, err
	}
	ending, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	handler := handlers.New(handlers.Options{
		Store: all, Seed: load, ForkUnknownKeys: o.fork, Errors: o.errors, RateLimit: o.rateLimit,
		JournalEntries: journalEntries, Version: "admintest", Ending: ending,
	})
	var transport http.RoundTripper
	var at string
	if o.listen {
		listening := httptest.NewServer(handler)
		t.Cleanup(func() {
			end() // event streams do not end by themselves
			listening.CloseClientConnections()
			listening.Close()
		})
		transport, at = sendOnce{listening.Client().Transport.(*http.Transport)}, listening.URL
	} else {
		direct := inprocess.New(handler, host, closing(t))
		t.Cleanup(direct.Close)
		transport, at = direct, "http://"+host
	}
	s := newServer(t, at, transport, handler)
	s.inProcess, s.port = true, o.listen
	s.bind(credentials{all.First().ID(), all.First().AdminKeys()[0]})
	s.origin = o.describeStart(load, *first)
	s.reportWhenFailed(0)
	return s, nil
}

// closing returns the error of requests to a server that is closed.
func closing(t TB) string {
	if _, ok := t.(*program); ok {
		return "admintest: the server is closed"
	}
	return "admintest: the server of " + t.Name() + " is closed (a server lasts as long as its test)"
}

func newServer(t TB, at string, transport http.RoundTripper, handler http.Handler) *Server {
	s := &Server{
		URL: at, t: t, transport: transport, client: &http.Client{Transport: transport}, handler: handler,
		plane:  remote.Plane{URL: at, HTTP: &http.Client{Transport: transport, Timeout: controlTimeout}},
		shared: &shared{},
	}
	s.Clock = &ServerClock{s}
	return s
}

// bind selects the organization that the methods of s act on.
func (s *Server) bind(c credentials) {
	s.AdminKey, s.OrganizationID, s.plane.AdminKey = c.AdminKey, c.ID, c.AdminKey
	s.org = s.shared.organization(c.ID)
}

// loadOptions returns the options that the seed is loaded with.
func (o *options) loadOptions(t TB) seed.Options {
	frozen := store.FrozenAt(Start)
	load := seed.Options{IDSeed: defaultIDSeed(t.Name()), Clock: o.clock, NoClock: &frozen}
	if o.idSeed != nil {
		load.IDSeed = *o.idSeed
	}
	return load
}

// defaultIDSeed derives an id seed from a test's name.
func defaultIDSeed(testName string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(testName)) // never fails
	return h.Sum64() & seed.MaxIDSeed
}

// connect creates an organization on a running server.
func connect(t TB, at string, o *options) (*Server, error) {
	to, err := remote.Parse(at)
	if err != nil {
		return nil, err
	}
	transport := sendOnce{&http.Transport{Proxy: http.ProxyFromEnvironment}}
	t.Cleanup(transport.CloseIdleConnections)
	s := newServer(t, at, transport, proxyTo(to, transport))
	s.port = true
	s.plane.Token = o.token
	if o.token == "" {
		s.plane.Token = os.Getenv("ANTECHAMBER_CONTROL_TOKEN")
	}
	if !o.serverSeed {
		o.defaultToDemo()
		return s.createFromSeed(t, o)
	}
	if o.clock != nil || o.idSeed != nil {
		return nil, errors.New("Clock and IDSeed cannot be combined with ServerSeed: the server has already loaded its seed")
	}
	s.origin = "started with the seed of " + s.plane.Address()
	return s.createOrganization(t, o.organizationFrom("seed"))
}

// organizationFrom returns the request body that creates an organization from an
// origin: seed, empty or an organization id.
func (o *options) organizationFrom(origin string) map[string]string {
	in := map[string]string{"from": origin, "ttl": organizationTTL}
	if o.adminKey != "" {
		in["admin_key"] = o.adminKey
	}
	return in
}

// createFromSeed creates an organization from a seed that the server does not have.
// The seed is imported into a temporary organization, which is then forked, because
// an organization is reset to its origin: after an import alone, Reset would return
// to an empty organization.
func (s *Server) createFromSeed(t TB, o *options) (*Server, error) {
	load := o.loadOptions(t)
	organizations, err := o.seed.Load(load.At(store.RealTime()()))
	if err != nil {
		return nil, err
	}
	if len(organizations) > 1 {
		return nil, fmt.Errorf("the seed has %d organizations: want a seed with exactly one", len(organizations))
	}
	ctx := context.Background()
	var template credentials
	if err := s.plane.Call(ctx, http.MethodPost, "/organizations", map[string]string{"from": "empty", "ttl": organizationTTL}, &template); err != nil {
		return nil, err
	}
	defer func() {
		if err := s.deleteOrganization(template.ID); err != nil {
			t.Errorf("admintest: Connect: cannot delete the temporary organization: %s", message("Connect", err))
		}
	}()
	first, plane := organizations[0], s.plane
	plane.AdminKey = template.AdminKey
	first.ID, first.AdminKeys = template.ID, []string{template.AdminKey}
	if _, err := plane.Do(ctx, http.MethodPut, "/state", seed.Export(first)); err != nil {
		return nil, err
	}
	s.origin = o.describeStart(load, first)
	return s.createOrganization(t, o.organizationFrom(template.ID))
}

// credentials are the id and an admin key of an organization, as the control plane
// returns them.
type credentials struct {
	ID       string `json:"id"`
	AdminKey string `json:"admin_key"`
}

// createOrganization creates an organization, and deletes it when the test ends.
func (s *Server) createOrganization(t TB, in map[string]string) (*Server, error) {
	var created credentials
	if err := s.plane.Call(context.Background(), http.MethodPost, "/organizations", in, &created); err != nil {
		return nil, err
	}
	c := s.with(t)
	c.bind(created)
	t.Cleanup(func() {
		if err := s.deleteOrganization(created.ID); err != nil {
			t.Errorf("admintest: cannot delete the organization of the test: %s", message("", err))
		}
	})
	c.reportWhenFailed(0)
	return c, nil
}

// deleteOrganization deletes an organization if it still exists.
func (s *Server) deleteOrganization(id string) error {
	return s.delete("/organizations/" + url.PathEscape(id))
}

// delete deletes a resource of the control plane if it still exists.
func (s *Server) delete(path string) error {
	err := s.plane.Call(context.Background(), http.MethodDelete, path, nil, nil)
	if refused, ok := errors.AsType[*remote.Error](err); ok && refused.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// call sends a request to the control plane and decodes the response. It ends the
// test if the request fails.
func (s *Server) call(method, verb, path string, body, into any) {
	s.t.Helper()
	if err := s.plane.Call(context.Background(), verb, path, body, into); err != nil {
		s.fatal(method, err)
	}
}

// fatal ends the test with the error of a method.
func (s *Server) fatal(method string, err error) {
	s.t.Helper()
	name, _, _ := strings.Cut(method, "(") // without the arguments
	s.t.Fatalf("admintest: %s: %s", method, message(name, err))
}

// post is call for a POST whose response is an object of the API.
func post[T any](s *Server, method, path string, body any) T {
	s.t.Helper()
	var out T
	s.call(method, http.MethodPost, path, body, &out)
	return out
}

// formatTime returns a time as the control plane reads it.
func formatTime(t time.Time) string { return t.UTC().Format(api.TimeFormat) }

// require ends the test if an argument is empty.
func (s *Server) require(method, parameter, value string) {
	s.t.Helper()
	if value == "" {
		s.t.Fatalf("admintest: %s: %s is required", method, parameter)
	}
}
