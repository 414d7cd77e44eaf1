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
	// host is the name of servers without a port. The top-level domain is kept
	// for tests: nothing answers there, and where somebody forgets Client the
	// error has this name in it.
	host = "use-server-client.antechamber.test"
	// journalEntries is more than a test asks.
	journalEntries = 10_000
	// lifetime is how long an organization of a running server lives when the
	// test that made it was killed.
	lifetime = "2h"
)

// TB is what a server asks of its test: *testing.T, *testing.B and *testing.F
// have it, and so have *rapid.T and what GinkgoT gives.
type TB interface {
	Name() string
	Helper()
	Log(args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// Server is an organization of a server, for one test. Its methods end that
// test when they fail, as its Fatalf does: call them from the goroutine of the
// test where they may fail. Otherwise several goroutines may call them at once.
type Server struct {
	// URL is where clients find the Admin API, to be used as the base URL of an
	// SDK. Without a port it leads there from Client alone.
	URL string
	// AdminKey selects the organization.
	AdminKey string
	// OrganizationID is its UUID.
	OrganizationID string
	// Clock is the organization's clock.
	Clock *ServerClock

	t         TB
	transport http.RoundTripper
	client    *http.Client // of the test, which may change it
	handler   http.Handler
	plane     remote.Plane
	inProcess bool   // nobody else is on the server
	port      bool   // programs can reach it
	origin    string // how to create the organization again, for reports
	shared    *shared
	org       *organization
}

// Run starts a server within the process, and ends it with the test.
func Run(t TB, opts ...Option) *Server {
	t.Helper()
	o, err := read(opts)
	if err != nil {
		t.Fatalf("admintest.Run: %v", err)
	}
	s, err := run(t, o)
	if err != nil {
		t.Fatalf("admintest.Run: %v", err)
	}
	return s
}

// Connect makes an organization for the test on a server that runs already, and
// removes it with the test. It begins with the seed that the options give, and
// demo otherwise, as with Run; with [ServerSeed] it is the server's own. With an
// empty url it is Run.
//
// An organization of a running server has an id and an admin key of its own; all
// else is as with Run, ids and times of objects too.
func Connect(t TB, url string, opts ...Option) *Server {
	t.Helper()
	if url == "" {
		return Run(t, opts...)
	}
	o, err := read(opts)
	if err == nil {
		err = o.ofRunning()
	}
	if err != nil {
		t.Fatalf("admintest.Connect: %v", err)
	}
	s, err := connect(t, strings.TrimRight(url, "/"), o)
	if err != nil {
		t.Fatalf("admintest.Connect: %s", inGo(err))
	}
	return s
}

// Client returns an HTTP client that reaches the server, the same one at every
// call. It sends no key by itself, and may be changed: what this package does
// goes another way.
func (s *Server) Client() *http.Client { return s.client }

// Handler returns all that the server answers, to be served elsewhere. Requests to
// it select an organization by their key.
func (s *Server) Handler() http.Handler { return s.handler }

// Env returns the variables by which the official SDKs in a program find the
// server, to be added to others: cmd.Env = append(os.Environ(), srv.Env()...). A
// program cannot reach a server without a port: see Listen.
func (s *Server) Env() []string {
	s.t.Helper()
	if !s.port {
		s.t.Fatalf("admintest: Env: a program cannot reach a server without a port: give Run the option Listen")
	}
	return []string{"ANTHROPIC_BASE_URL=" + s.URL, "ANTHROPIC_API_KEY=" + s.AdminKey}
}

// In returns the same organization to a subtest: failures are that subtest's,
// with the requests that were made in it, and faults end with it. Subtests that
// run in parallel would meet each other: give those a Fork.
func (s *Server) In(t TB) *Server {
	t.Helper()
	c := s.with(t)
	c.reportWhenFailed(c.newest())
	return c
}

// with returns the same organization for another test.
func (s *Server) with(t TB) *Server {
	c := *s
	c.t = t
	c.client = &http.Client{Transport: s.transport}
	c.Clock = &ServerClock{&c}
	return &c
}

// Organization returns another organization of the server, by its admin key: a
// seed may have several. On a running server others would have it too, so only
// Run has them.
func (s *Server) Organization(adminKey string) *Server {
	s.t.Helper()
	if !s.inProcess {
		s.t.Fatalf("admintest: Organization: a running server's other organizations are not this test's alone; Run has them")
	}
	c := s.with(s.t)
	c.plane.AdminKey = adminKey
	var manifest struct {
		Organization made `json:"organization"`
	}
	c.call("Organization", http.MethodGet, "", nil, &manifest)
	c.is(adminKey, manifest.Organization.ID)
	if c.OrganizationID != s.OrganizationID { // which has its report already
		c.reportWhenFailed(c.newest())
	}
	return c
}

// Fork makes another organization from this one as it is, for a subtest that
// runs in parallel, and removes it with the subtest. It costs the same however
// much there is: set up once, and fork. Faults, snapshots and the journal do not
// come with it.
func (s *Server) Fork(t TB) *Server {
	t.Helper()
	in := map[string]string{"from": s.OrganizationID}
	if s.inProcess {
		// Forks are the same in every run, whichever is made first.
		in["admin_key"] = s.shared.keyOf(t.Name())
	} else {
		in["ttl"] = lifetime
	}
	made, err := s.make(t, in)
	if err != nil {
		t.Fatalf("admintest: Fork: %s", inGo(err))
	}
	made.origin = "a fork of what began with " + strings.TrimPrefix(s.origin, "a fork of what began with ")
	return made
}

// run starts a server within the process.
func run(t TB, o *options) (*Server, error) {
	o.orDemo()
	realTime := store.RealTime()
	begin := o.loading(t)
	organizations, err := o.seed.Load(begin.At(realTime()))
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
	if err := o.seed.AddTo(all, organizations, begin); err != nil {
		return nil, err
	}
	ending, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	handler := handlers.New(handlers.Options{
		Store: all, Seed: begin, ForkUnknownKeys: o.fork, Errors: o.errors, RateLimit: o.rateLimit,
		JournalEntries: journalEntries, Version: "admintest", Ending: ending,
	})
	var transport http.RoundTripper
	var at string
	if o.listen {
		listening := httptest.NewServer(handler)
		t.Cleanup(func() {
			end() // streams never end by themselves
			listening.CloseClientConnections()
			listening.Close()
		})
		transport, at = once{listening.Client().Transport.(*http.Transport)}, listening.URL
	} else {
		direct := inprocess.New(handler, host, "the server of "+t.Name())
		t.Cleanup(direct.Close)
		transport, at = direct, "http://"+host
	}
	s := newServer(t, at, transport, handler)
	s.inProcess, s.port = true, o.listen
	s.is(all.First().AdminKeys()[0], all.First().ID())
	s.origin = o.told(begin, *first)
	s.reportWhenFailed(0)
	return s, nil
}

// patience is how long the control plane of a server may take to answer.
const patience = 30 * time.Second

func newServer(t TB, at string, transport http.RoundTripper, handler http.Handler) *Server {
	s := &Server{
		URL: at, t: t, transport: transport, client: &http.Client{Transport: transport}, handler: handler,
		plane:  remote.Plane{URL: at, HTTP: &http.Client{Transport: transport, Timeout: patience}},
		shared: &shared{},
	}
	s.Clock = &ServerClock{s}
	return s
}

// is says which organization the server's methods are about.
func (s *Server) is(key, id string) {
	s.AdminKey, s.OrganizationID, s.plane.AdminKey = key, id, key
	s.org = s.shared.organization(id)
}

// loading returns the options that the seed is loaded with.
func (o *options) loading(t TB) seed.Options {
	standing := store.FrozenAt(Start)
	b := seed.Options{IDSeed: idSeedOf(t.Name()), Clock: o.clock, NoClock: &standing}
	if o.idSeed != nil {
		b.IDSeed = *o.idSeed
	}
	return b
}

// idSeedOf makes an id seed of a test's name.
func idSeedOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum64() & seed.MaxIDSeed
}

// connect makes an organization on a running server.
func connect(t TB, at string, o *options) (*Server, error) {
	to, err := remote.Parse(at)
	if err != nil {
		return nil, err
	}
	transport := once{&http.Transport{Proxy: http.ProxyFromEnvironment}}
	t.Cleanup(transport.CloseIdleConnections)
	s := newServer(t, at, transport, proxyTo(to, transport))
	s.port = true
	s.plane.Token = o.token
	if o.token == "" {
		s.plane.Token = os.Getenv("ANTECHAMBER_CONTROL_TOKEN")
	}
	if !o.serverSeed {
		o.orDemo()
		return s.seeded(t, o)
	}
	if o.clock != nil || o.idSeed != nil {
		return nil, errors.New("Clock and IDSeed do not go with ServerSeed: the server has loaded that already")
	}
	s.origin = "the seed of " + s.plane.Address()
	return s.make(t, o.new("seed"))
}

// new is how a new organization is asked for.
func (o *options) new(from string) map[string]string {
	in := map[string]string{"from": from, "ttl": lifetime}
	if o.adminKey != "" {
		in["admin_key"] = o.adminKey
	}
	return in
}

// seeded makes an organization of a seed that the server does not know. It is
// made from another one that got it, so that a reset leads back there.
func (s *Server) seeded(t TB, o *options) (*Server, error) {
	begin := o.loading(t)
	organizations, err := o.seed.Load(begin.At(store.RealTime()()))
	if err != nil {
		return nil, err
	}
	if len(organizations) > 1 {
		return nil, fmt.Errorf("a seed of %d organizations: a running server gets one at a time", len(organizations))
	}
	ctx := context.Background()
	var origin made
	if err := s.plane.Call(ctx, http.MethodPost, "/organizations", map[string]string{"from": "empty", "ttl": lifetime}, &origin); err != nil {
		return nil, err
	}
	defer func() {
		if err := s.remove(origin.ID); err != nil {
			t.Errorf("admintest.Connect: the organization that was to be forked could not be removed: %s", inGo(err))
		}
	}()
	first, at := organizations[0], s.plane
	at.AdminKey = origin.AdminKey
	first.ID, first.AdminKeys = origin.ID, []string{origin.AdminKey}
	if _, err := at.Do(ctx, http.MethodPut, "/state", seed.Export(first)); err != nil {
		return nil, err
	}
	s.origin = o.told(begin, first)
	return s.make(t, o.new(origin.ID))
}

// made is an organization as the control plane answers it.
type made struct {
	ID       string `json:"id"`
	AdminKey string `json:"admin_key"`
}

// make makes an organization, and removes it with the test.
func (s *Server) make(t TB, in map[string]string) (*Server, error) {
	var out made
	if err := s.plane.Call(context.Background(), http.MethodPost, "/organizations", in, &out); err != nil {
		return nil, err
	}
	c := s.with(t)
	c.is(out.AdminKey, out.ID)
	t.Cleanup(func() {
		if err := s.remove(out.ID); err != nil {
			t.Errorf("admintest: the organization of the test could not be removed: %s", inGo(err))
		}
	})
	c.reportWhenFailed(0)
	return c, nil
}

// remove removes an organization, if it is still there.
func (s *Server) remove(id string) error {
	return s.delete("/organizations/" + url.PathEscape(id))
}

// delete deletes what the control plane has at a path, if it is still there.
func (s *Server) delete(path string) error {
	err := s.plane.Call(context.Background(), http.MethodDelete, path, nil, nil)
	if refused, ok := errors.AsType[*remote.Error](err); ok && refused.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// call calls the control plane, and ends the test when that is refused.
func (s *Server) call(what, method, path string, body, into any) {
	s.t.Helper()
	if err := s.plane.Call(context.Background(), method, path, body, into); err != nil {
		s.fatal(what, err)
	}
}

// fatal ends the test, saying what a method could not do.
func (s *Server) fatal(what string, err error) {
	s.t.Helper()
	s.t.Fatalf("admintest: %s: %s", what, inGo(err))
}

// object is call for what is answered with an object of the API.
func object[T any](s *Server, what, path string, body any) T {
	s.t.Helper()
	var out T
	s.call(what, http.MethodPost, path, body, &out)
	return out
}

// timeOf is how the control plane reads a time.
func timeOf(t time.Time) string { return t.UTC().Format(api.TimeFormat) }

// named ends the test at a name that is empty.
func (s *Server) named(what, is, name string) {
	s.t.Helper()
	if name == "" {
		s.t.Fatalf("admintest: %s: expected %s, not nothing", what, is)
	}
}
