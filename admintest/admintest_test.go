package admintest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/handlers"
	"antechamber/seed"
	"antechamber/store"
)

func TestMain(m *testing.M) {
	for _, name := range []string{"ANTECHAMBER_URL", "ANTECHAMBER_CONTROL_TOKEN"} {
		os.Unsetenv(name) // the examples read them
	}
	goleak.VerifyTestMain(m)
}

// send sends a request to the Admin API, and returns the status and body of the
// response.
func send(t testing.TB, srv *admintest.Server, method, path, body string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, srv.URL+"/v1/organizations"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-api-key", srv.AdminKey)
	r.Header.Set("anthropic-version", "2023-06-01")
	res, err := srv.Client().Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	response, err := io.ReadAll(res.Body)
	return res.StatusCode, string(response), err
}

// get sends a request that must succeed, and decodes the response.
func get[T any](t testing.TB, srv *admintest.Server, method, path, body string) (out T) {
	t.Helper()
	status, response, err := send(t, srv, method, path, body)
	if err == nil {
		err = json.Unmarshal([]byte(response), &out)
	}
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, status, response, err)
	}
	return out
}

// page is a page of a list.
type page[T any] struct {
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

func invite(t testing.TB, srv *admintest.Server, email string) api.Invite {
	t.Helper()
	return get[api.Invite](t, srv, "POST", "/invites", `{"email":"`+email+`","role":"developer"}`)
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// modes are the ways to run a test suite. Each starts a server in the same state.
var modes = map[string]func(t admintest.TB, opts ...admintest.Option) *admintest.Server{
	"in process": admintest.Run,
	"on a port": func(t admintest.TB, opts ...admintest.Option) *admintest.Server {
		return admintest.Run(t, append(opts, admintest.Listen())...)
	},
	"connected": func(t admintest.TB, opts ...admintest.Option) *admintest.Server {
		return admintest.Connect(t, admintest.Run(t, admintest.Listen(), admintest.Seed("empty")).URL, opts...)
	},
}

func eachMode(t *testing.T, body func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server)) {
	t.Helper()
	for name, start := range modes {
		t.Run(name, func(t *testing.T) { body(t, start) })
	}
}

func TestOperationsMatchTheServer(t *testing.T) {
	source, err := filepath.Glob("operations.go")
	if err != nil || len(source) != 1 {
		t.Fatal(source, err)
	}
	declared := map[string]bool{}
	for _, found := range regexp.MustCompile(`Operation = "(\w+)"`).FindAllStringSubmatch(read(t, source[0]), -1) {
		declared[found[1]] = true
	}
	served := map[string]bool{}
	for _, op := range handlers.Operations() {
		served[op.ID] = true
	}
	same(t, "operations", served, declared)
}

// Users choose the version of their SDK themselves, and do not compile what only our
// own tests and the command line need.
func TestDependenciesLeaveOutTheSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "antechamber/admintest").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, unwanted := range []string{"anthropic-sdk-go", "alecthomas/kong", "kin-openapi", "pgregory.net/rapid", "google/go-cmp"} {
		if bytes.Contains(out, []byte(unwanted)) {
			t.Errorf("admintest depends on %s", unwanted)
		}
	}
}

// ownKey matches what depends on the organization's id: the secrets of API keys and
// their hints.
var ownKey = regexp.MustCompile(`sk-ant-api03-[\w.-]+`)

// A test sees identical responses in every mode and in every run, apart from the
// secrets of API keys: each organization has its own.
func TestAllModesBehaveAlike(t *testing.T) {
	journey := func(t testing.TB, srv *admintest.Server) (all []string) {
		note := func(value any) {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, ownKey.ReplaceAllString(string(text), "sk-ant-api03-"))
		}
		one := invite(t, srv, "ada@example.com")
		note(one)
		invite(t, srv, "grace@example.com")
		note(srv.AcceptInvite(one.ID))
		note(srv.AcceptInvite("Grace@example.com"))
		note(srv.AddUser("root@example.com", "admin"))
		srv.Snapshot("before")
		workspace := get[api.Workspace](t, srv, "POST", "/workspaces", `{"name":"W"}`)
		note(workspace)
		key := srv.CreateAPIKey(admintest.NewKey{Name: "CI", WorkspaceID: workspace.ID, ExpiresAt: srv.Clock.Now().Add(time.Hour)})
		note(key)
		note(srv.UseAPIKey(key.ID))
		note(srv.Clock.Advance(90 * time.Minute))
		note(srv.Outbox())
		note(srv.Clock.Set(srv.Clock.Now().Add(30 * 24 * time.Hour)))
		note(get[api.Workspace](t, srv, "POST", "/workspaces/"+workspace.ID+"/archive", ""))
		for _, list := range []string{"/users", "/invites", "/workspaces?include_archived=true", "/api_keys"} {
			note(get[json.RawMessage](t, srv, "GET", list, ""))
		}
		srv.UpdateSettings(map[string]any{"workspace_limit": 1})
		status, _, _ := send(t, srv, "POST", "/workspaces", `{"name":"one"}`)
		again, _, _ := send(t, srv, "POST", "/workspaces", `{"name":"too many"}`)
		note([]int{status, again})
		srv.Restore("before")
		note(srv.Clock.Now())
		note(get[api.Workspace](t, srv, "POST", "/workspaces", `{"name":"W"}`))
		for _, r := range srv.Requests() {
			r.Duration, r.RequestID, r.Key = 0, "", ""
			r.Answer = regexp.MustCompile(`req_\w+`).ReplaceAll(r.Answer, []byte("req_"))
			r.Answer = ownKey.ReplaceAll(r.Answer, []byte("sk-ant-api03-"))
			note(r)
		}
		srv.Reset()
		note(get[json.RawMessage](t, srv, "GET", "/users", ""))
		note(len(srv.Requests()))
		state := srv.Export()
		srv.AddUser("later@example.com", "user")
		srv.Import(state)
		note(get[json.RawMessage](t, srv, "GET", "/users?limit=1000", ""))
		return all
	}
	for _, options := range [][]admintest.Option{
		{admintest.Seed("demo")},
		{admintest.Seed("contract"), admintest.IDSeed(7)},
		{admintest.Seed("empty"), admintest.Clock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))},
		{admintest.SeedJSON(acme), admintest.AdminKey("sk-ant-admin01-another")},
	} {
		var want []string
		for _, name := range []string{"in process", "in process", "on a port", "connected"} {
			t.Run(name, func(t *testing.T) {
				f := &fakeTB{T: t, name: "TestTheSame"}
				output := f.run(func(f *fakeTB) {
					srv := modes[name](f, options...)
					got := journey(t, srv)
					if want == nil {
						want = got
					}
					same(t, "journey", want, got)
				})
				if f.failed {
					t.Error(output)
				}
			})
		}
	}
}

// acme is a seed without a clock.
const acme = `{
	"name": "Acme", "admin_keys": ["sk-ant-admin01-acme"],
	"users": [{"email": "root@acme.example", "role": "admin", "added_at": "-90d"}, {"email": "dev@acme.example", "role": "developer"}],
	"invites": [{"email": "new@acme.example", "role": "user", "invited_at": "-3d"}],
	"workspaces": [{"name": "Engineering", "members": [{"user": "dev@acme.example", "workspace_role": "workspace_developer"}]}]
}`

func TestInitialState(t *testing.T) {
	srv := admintest.Run(t)
	same(t, "clock", admintest.Start, srv.Clock.Now())
	same(t, "URL", "http://use-server-client-because-no-other-client-reaches-a-server-without-a-port.test", srv.URL)
	if me := get[api.Organization](t, srv, "GET", "/me", ""); me.ID != srv.OrganizationID {
		t.Errorf("organization %s, want %s", me.ID, srv.OrganizationID)
	}
	if users := get[page[api.User]](t, srv, "GET", "/users", ""); !users.HasMore {
		t.Error("the demo has only one page of users")
	}

	running := admintest.Run(t, admintest.RunningClock(), admintest.SeedJSON(acme))
	if behind := time.Since(running.Clock.Now()); behind < 0 || behind > time.Minute {
		t.Errorf("the running clock is %s behind", behind)
	}
	same(t, "admin key of the seed", "sk-ant-admin01-acme", running.AdminKey)
	same(t, "admin key of the option", "sk-ant-admin01-b", admintest.Run(t, admintest.SeedJSON(acme), admintest.AdminKey("sk-ant-admin01-b")).AdminKey)
	same(t, "clock of the seed", time.Date(2024, 11, 1, 23, 59, 27, 427722000, time.UTC), admintest.Run(t, admintest.Seed("contract")).Clock.Now())

	other := admintest.Run(&fakeTB{T: t, name: "TestOfAnotherName"})
	if a, b := invite(t, srv, "ada@example.com"), invite(t, other, "ada@example.com"); a.ID == b.ID {
		t.Error("two tests have the same ids")
	}
}

func TestRunRefusesInvalidOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acme.json")
	write(t, file, `{"name": "Acme", "users": [{"email": "a@b.c"}], "usres": []}`)
	for name, c := range map[string]struct {
		option admintest.Option
		want   []string
	}{
		"missing file":         {admintest.Seed("testdata/nowhere.json"), []string{"cannot read seed testdata/nowhere.json: no such file or directory"}},
		"unknown seed":         {admintest.Seed("dmeo"), []string{`invalid Seed "dmeo": want a file, demo, contract or empty`}},
		"invalid file":         {admintest.Seed(file), []string{"acme.json:1", "/users/0", "/usres"}},
		"invalid organization": {admintest.SeedOf(seed.Organization{Name: "Acme", Users: []seed.User{{Email: "ada"}}}), []string{"/organizations/0/users/0/email", "/organizations/0/users/0/role"}},
		"invalid JSON seed":    {admintest.SeedJSON(`{"name": "Acme", "invites": [{}]}`), []string{"SeedJSON:1", "/invites/0"}},
		"invalid admin key":    {admintest.AdminKey("sk-ant-api03-a"), []string{"invalid AdminKey: want sk-ant-admin"}},
		"invalid rate limit":   {admintest.RateLimit("seldom"), []string{"seldom"}},
		"invalid id seed":      {admintest.IDSeed(1 << 53), []string{"invalid IDSeed 9007199254740992: want a whole number from 0 to 9007199254740991"}},
		"invalid clock":        {admintest.Clock(time.Time{}), []string{"invalid Clock 0001-01-01T00:00:00Z: want a time from 1970 to 9998"}},
		"added in the future":  {admintest.SeedJSON(`{"name":"A","users":[{"email":"a@b.c","role":"user","added_at":"2027-01-01T00:00:00Z"}]}`), []string{"/users/0/added_at"}},
	} {
		mustFail(t, name, func(f *fakeTB) { admintest.Run(f, c.option) }, append(c.want, "admintest: Run: ")...)
	}
}

func TestConnectRefusesInvalidOptions(t *testing.T) {
	at := admintest.Run(t, admintest.Listen())
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	connect := func(url string, opts ...admintest.Option) func(*fakeTB) {
		return func(f *fakeTB) { admintest.Connect(f, url, opts...) }
	}
	mustFail(t, "options of Run only", connect(at.URL, admintest.ProductionErrors(), admintest.RateLimit("production"), admintest.ForkUnknownKeys()),
		"a running server does not accept ProductionErrors, RateLimit, ForkUnknownKeys (start it with --errors production --rate-limit production --unknown-keys fork)")
	mustFail(t, "invalid URL", connect("localhost:4020"), "want the base URL of a server, such as http://127.0.0.1:4020")
	mustFail(t, "no server", connect("http://127.0.0.1:1"), "no server answers at http://127.0.0.1:1: ")
	mustFail(t, "not an Antechamber server", connect(other.URL), "no Antechamber server at "+other.URL+": 404")
	mustFail(t, "clock with ServerSeed", connect(at.URL, admintest.ServerSeed(), admintest.Clock(admintest.Start)), "Clock and IDSeed cannot be combined with ServerSeed")
	mustFail(t, "admin key in use", connect(at.URL, admintest.AdminKey(at.AdminKey)), "the admin key belongs to another organization")
	mustFail(t, "seed with two organizations", connect(at.URL, admintest.SeedJSON(`{"organizations":[{"name":"A"},{"name":"B","admin_keys":["sk-ant-admin01-b"]}]}`)), "the seed has 2 organizations: want a seed with exactly one")

	same(t, "URL of Connect with an empty URL", "http://use-server-client-because-no-other-client-reaches-a-server-without-a-port.test", admintest.Connect(t, "").URL)
	same(t, "organizations", 1, len(organizations(t, at)))
}

func organizations(t *testing.T, srv *admintest.Server) []json.RawMessage {
	t.Helper()
	res, err := srv.Client().Get(srv.URL + "/_emulate/organizations")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var all struct{ Data []json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all.Data
}

func TestRunRefusesTwoSeeds(t *testing.T) {
	mustFail(t, "two seeds", func(f *fakeTB) { admintest.Run(f, admintest.Seed("demo"), admintest.SeedJSON(acme)) }, "Seed, SeedJSON, SeedOf and ServerSeed cannot be combined")
}

// Connect starts from demo, as Run does, and from the server's own seed only on
// request.
func TestConnectSelectsTheSeed(t *testing.T) {
	at := admintest.Run(t, admintest.Listen(), admintest.SeedJSON(acme), admintest.Clock(admintest.Start.Add(time.Hour)))
	invite(t, at, "ada@example.com")
	name := func(srv *admintest.Server) string { return get[api.Organization](t, srv, "GET", "/me", "").Name }
	same(t, "name without a seed", name(admintest.Run(t)), name(admintest.Connect(t, at.URL)))
	same(t, "clock without a seed", admintest.Start, admintest.Connect(t, at.URL).Clock.Now())
	own := admintest.Connect(t, at.URL, admintest.ServerSeed())
	same(t, "name with ServerSeed", "Acme", name(own))
	same(t, "clock with ServerSeed", admintest.Start.Add(time.Hour), own.Clock.Now())
	same(t, "mails", 1, len(own.Outbox()))
}

// Tests on one server are isolated from each other, and leave nothing behind.
func TestConnectCreatesAnOrganizationPerTest(t *testing.T) {
	at := admintest.Run(t, admintest.Listen())
	first, second := &fakeTB{T: t}, &fakeTB{T: t}
	first.run(func(f *fakeTB) {
		one := admintest.Connect(f, at.URL+"/")
		invite(t, one, "ada@example.com")
		second.run(func(f *fakeTB) {
			two := admintest.Connect(f, at.URL)
			invite(t, two, "ada@example.com")
			same(t, "organizations", 3, len(organizations(t, at)))
		})
		same(t, "organizations", 2, len(organizations(t, at)))
		one.Reset()
		same(t, "pending invites after a reset", 0, len(get[page[api.Invite]](t, one, "GET", "/invites?email=ada@example.com", "").Data))
	})
	same(t, "organizations", 1, len(organizations(t, at)))
	if first.failed || second.failed {
		t.Error(first.output.String(), second.output.String())
	}
}

func TestForksAreIsolated(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := start(t, admintest.SeedJSON(acme))
		invite(t, srv, "ada@example.com")
		before := srv.Export()
		t.Run("forks", func(t *testing.T) {
			for range 5 {
				t.Run("fork", func(t *testing.T) {
					t.Parallel()
					fork := srv.Fork(t)
					fork.AcceptInvite("ada@example.com")
					fork.Clock.Advance(time.Hour)
					fork.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
					if status, _, _ := send(t, fork, "GET", "/me", ""); status != 500 {
						t.Errorf("status %d", status)
					}
					same(t, "requests", 1, len(fork.Requests()))
				})
			}
		})
		same(t, "state of the original", string(before), string(srv.Export()))
		same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
	})
}

func first[A, B, C any](a A, _ B, _ C) A { return a }

// A server in process runs entirely inside a testing/synctest bubble, where a delay
// takes no real time.
func TestServerInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := admintest.Run(t, admintest.RunningClock())
		srv.Fault(admintest.Fault{Action: admintest.Delay{Duration: time.Hour}, Times: new(1)})
		began := srv.Clock.Now()
		same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
		same(t, "time passed", time.Hour, srv.Clock.Now().Sub(began).Truncate(time.Second))
	})
}

// A server outside a bubble can be used inside several, one after another.
func TestServerUsedInBubbles(t *testing.T) {
	srv := admintest.Run(t)
	for range 2 {
		same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
		synctest.Test(t, func(t *testing.T) {
			srv := srv.In(t)
			srv.Fault(admintest.Fault{Action: admintest.Delay{Duration: time.Hour}, Times: new(1)})
			began := time.Now()
			same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
			same(t, "time passed", time.Hour, time.Since(began))
		})
	}
	same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
}

// Faults that close connections work through Handler too.
func TestHandlerClosesConnections(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := start(t)
		elsewhere := httptest.NewUnstartedServer(srv.Handler())
		elsewhere.Config.ErrorLog = log.New(io.Discard, "", 0)
		elsewhere.Start()
		defer elsewhere.Close()
		fault := srv.Fault(admintest.Fault{Action: admintest.Drop{}, Times: new(1)})
		moved := *srv
		moved.URL = elsewhere.URL
		moved.Client().Transport = elsewhere.Client().Transport
		if status, response, err := send(t, &moved, "POST", "/workspaces", `{"name":"W"}`); err == nil {
			t.Errorf("a dropped request got %d %s", status, response)
		}
		same(t, "hits", 1, fault.Hits())
	})
}

func TestHandlerCanBeServedElsewhere(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := start(t)
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/v1/organizations/me", nil)
		r.Header.Set("x-api-key", srv.AdminKey)
		r.Header.Set("anthropic-version", "2023-06-01")
		srv.Handler().ServeHTTP(w, r)
		same(t, "status", 200, w.Code)
		if !strings.Contains(w.Body.String(), srv.OrganizationID) {
			t.Error(w.Body)
		}
	})
}

func TestServerOptions(t *testing.T) {
	srv := admintest.Run(t, admintest.ProductionErrors(), admintest.RateLimit("1/min"), admintest.ForkUnknownKeys())
	_, response, _ := send(t, srv, "GET", "/users/user_nobody", "")
	if !strings.HasPrefix(response, `{"type":"error","error":{`) {
		t.Error(response)
	}
	same(t, "status of the second request", 429, first(send(t, srv, "GET", "/me", "")))
	srv.Clock.Advance(time.Minute)
	same(t, "status a minute later", 200, first(send(t, srv, "GET", "/me", "")))
	other := *srv
	other.AdminKey = "sk-ant-admin01-invented"
	if me := get[api.Organization](t, &other, "GET", "/me", ""); me.ID == srv.OrganizationID {
		t.Error("an unknown key selects the first organization")
	}
}

// In a testing/synctest bubble with a running clock, a client's pauses, the rate limit
// and the organization share one time.
func TestRateLimitInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := admintest.Run(t, admintest.RunningClock(), admintest.RateLimit("1/min"))
		began := srv.Clock.Now()
		for range 5 {
			persist(t, srv, srv.Client(), time.Sleep)
		}
		if took := srv.Clock.Now().Sub(began); took < 4*time.Minute {
			t.Errorf("five requests took %s", took)
		}
	})
}

func TestImpatientAdvancesTheClock(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := start(t, admintest.Seed("contract"))
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 429, RetryAfter: time.Hour}, Times: new(2)})
		began := srv.Clock.Now()
		persist(t, srv, srv.Impatient(), func(pause time.Duration) {
			if pause > 0 {
				t.Errorf("the response asks for a pause of %s", pause)
			}
		})
		same(t, "time passed", 2*time.Hour, srv.Clock.Now().Sub(began))
	})
}

// persist reads the organization with a client, and pauses and retries for as long as
// the responses ask it to, as SDKs do.
func persist(t testing.TB, srv *admintest.Server, client *http.Client, pause func(time.Duration)) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), "GET", srv.URL+"/v1/organizations/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-api-key", srv.AdminKey)
	r.Header.Set("anthropic-version", "2023-06-01")
	for {
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
		if res.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("status %d, want 200 or 429", res.StatusCode)
		}
		header, unit := "retry-after-ms", time.Millisecond // SDKs prefer it
		if res.Header.Get(header) == "" {
			header, unit = "retry-after", time.Second
		}
		after, err := strconv.Atoi(res.Header.Get(header))
		if err != nil {
			t.Fatalf("%s: %v", header, err)
		}
		pause(time.Duration(after) * unit)
	}
}

func TestImportKeepsIDAndAdminKeys(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv, other := start(t, admintest.Seed("empty")), start(t, admintest.SeedJSON(acme))
		exported := other.Export()
		for _, seed := range []string{string(exported), `{"organizations": [` + string(exported) + `]}`} {
			srv.Reset()
			srv.Import([]byte(seed))
			me := get[api.Organization](t, srv, "GET", "/me", "")
			same(t, "organization", api.Organization{ID: srv.OrganizationID, Type: "organization", Name: "Acme"}, me)
		}
		same(t, "users", 2, len(get[page[api.User]](t, srv, "GET", "/users", "").Data))
		mustFail(t, "invalid seed", func(f *fakeTB) { srv.In(f).Import([]byte(`{"name": "A", "id": "x", "users": [{}]}`)) }, "/users/0")
		mustFail(t, "invalid JSON", func(f *fakeTB) { srv.In(f).Import([]byte(`{"name"`)) }, "Import: ")
	})
}

func TestSeveralOrganizations(t *testing.T) {
	srv := admintest.Run(t, admintest.SeedJSON(`{"organizations": [
		{"name": "One", "admin_keys": ["sk-ant-admin01-one"]},
		{"name": "Two", "admin_keys": ["sk-ant-admin01-two"]}]}`))
	two := srv.Organization("sk-ant-admin01-two")
	two.AddUser("ada@example.com", "user")
	same(t, "name of the second", "Two", get[api.Organization](t, two, "GET", "/me", "").Name)
	same(t, "users of the second", 1, len(get[page[api.User]](t, two, "GET", "/users", "").Data))
	same(t, "users of the first", 0, len(get[page[api.User]](t, srv, "GET", "/users", "").Data))
	same(t, "requests of the first", 1, len(srv.Requests()))
	mustFail(t, "unknown key", func(f *fakeTB) { srv.In(f).Organization("sk-ant-admin01-three") }, "Organization: no such organization")
}

func TestEnvPointsProgramsToTheServer(t *testing.T) {
	srv := admintest.Run(t, admintest.Listen())
	same(t, "environment", []string{"ANTHROPIC_BASE_URL=" + srv.URL, "ANTHROPIC_API_KEY=" + srv.AdminKey}, srv.Env())
	mustFail(t, "without a port", func(f *fakeTB) { admintest.Run(f).Env() }, "Env: the server has no port (pass Listen to Run)")
}

// A fork lasts until its test ends, even if a bubble's clock moves far ahead.
func TestForkInABubbleDoesNotExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fork := admintest.Run(t, admintest.RunningClock()).Fork(t)
		time.Sleep(300 * 24 * time.Hour)
		same(t, "status", 200, first(send(t, fork, "GET", "/me", "")))
	})
}

// Ids and keys of forks do not depend on the order in which they are made.
func TestForksAreReproducible(t *testing.T) {
	forks := func(names ...string) map[string]string {
		ids := map[string]string{}
		srv := admintest.Run(t)
		for _, name := range names {
			fork := srv.Fork(&fakeTB{T: t, name: name})
			ids[name] += fork.OrganizationID + " " + fork.AdminKey + "\n"
		}
		return ids
	}
	same(t, "ids", forks("TestA/b", "TestA/c", "TestA/b"), forks("TestA/c", "TestA/b", "TestA/b"))
}

// The methods of Server do not use the client that the test may modify.
func TestClientMayBeModified(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := start(t)
		srv.Client().Transport = down{}
		if _, _, err := send(t, srv, "GET", "/me", ""); err == nil {
			t.Error("Client returns another client each time")
		}
		srv.Clock.Advance(time.Hour)
		fork := srv.Fork(t)
		same(t, "status of a fork", 200, first(send(t, fork, "GET", "/me", "")))
	})
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("down") }

// Requests in progress are aborted when the test ends.
func TestEndOfTestAbortsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		aborted := make(chan error)
		f := &fakeTB{T: t, name: "TestEarlier"}
		f.run(func(f *fakeTB) {
			srv := admintest.Run(f, admintest.RunningClock())
			srv.Fault(admintest.Fault{Action: admintest.Delay{Duration: time.Hour}})
			go func() {
				_, _, err := send(t, srv, "GET", "/me", "")
				aborted <- err
			}()
			synctest.Wait()
		})
		if err := <-aborted; err == nil || !strings.Contains(err.Error(), "is closed") {
			t.Error(err)
		}
	})
}

// Event streams, which never end by themselves, are aborted too.
func TestEndOfTestAbortsStreams(t *testing.T) {
	for name, start := range modes {
		f := &fakeTB{T: t, name: "TestEarlier"}
		ended := make(chan error)
		f.run(func(f *fakeTB) {
			srv := start(f)
			res, err := srv.Client().Get(srv.URL + "/_emulate/requests/stream")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer res.Body.Close()
				_, err := io.Copy(io.Discard, res.Body)
				ended <- err
			}()
			send(t, srv, "GET", "/me", "")
		})
		if err := <-ended; name == "in process" && (err == nil || !strings.Contains(err.Error(), "is closed")) {
			t.Error(err)
		}
	}
}

// serve starts a server with options that admintest does not offer, and returns its URL.
func serve(t *testing.T, change func(*handlers.Options)) string {
	t.Helper()
	all := store.New(store.RealTime())
	demo, _ := seed.Builtin("demo")
	load := seed.Options{IDSeed: 99}
	organizations, err := demo.Load(load.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	organizations[0].AdminKeys = []string{"sk-ant-admin01-demo"}
	if err := demo.AddTo(all, organizations, load); err != nil {
		t.Fatal(err)
	}
	o := handlers.Options{Store: all, Seed: load, JournalEntries: 1000}
	change(&o)
	listening := httptest.NewServer(handlers.New(o))
	t.Cleanup(listening.Close)
	return listening.URL
}

// Counts that would miss requests dropped from the journal are refused.
func TestFullJournalIsReported(t *testing.T) {
	at := serve(t, func(o *handlers.Options) { o.JournalEntries = 3 })
	for name, count := range map[string]func(*admintest.Server){
		"Requests": func(srv *admintest.Server) { srv.Requests() },
		"Effects":  func(srv *admintest.Server) { srv.Effects() },
		"Verify":   func(srv *admintest.Server) { srv.Verify(admintest.Call{Method: "GET", Times: new(5)}) },
	} {
		output := mustFail(t, name, func(f *fakeTB) {
			srv := admintest.Connect(f, at)
			for range 5 {
				send(t, srv, "GET", "/me", "")
			}
			srv.ClearRequests()
			for range 3 {
				send(t, srv, "GET", "/me", "")
			}
			same(t, "requests", 3, len(srv.Requests()))
			send(t, srv, "GET", "/me", "")
			count(srv)
		}, ": the journal holds only 3 requests; older ones were dropped")
		if strings.Contains(output, "no requests in the journal") {
			t.Error(output)
		}
	}
	none := serve(t, func(o *handlers.Options) { o.JournalEntries = 0 })
	mustFail(t, "no journal", func(f *fakeTB) { admintest.Connect(f, none); f.Errorf("failed") }, "cannot list requests: the server keeps no journal")
}

// The control token comes from the option or from the environment.
func TestControlToken(t *testing.T) {
	at := serve(t, func(o *handlers.Options) { o.Exposed, o.Token = true, "s3cret" })
	mustFail(t, "no token", func(f *fakeTB) { admintest.Connect(f, at) }, "missing or invalid control token")
	invite(t, admintest.Connect(t, at, admintest.ControlToken("s3cret")), "ada@example.com")
	t.Setenv("ANTECHAMBER_CONTROL_TOKEN", "s3cret")
	admintest.Connect(t, at).AcceptInvite(admintest.Connect(t, at).Outbox()[0].InviteID)
}

// Using a server after its test is closed fails with an error that says so.
func TestServerUsedAfterItsTest(t *testing.T) {
	var left *admintest.Server
	f := &fakeTB{T: t, name: "TestEarlier"}
	f.run(func(f *fakeTB) { left = admintest.Run(f) })
	_, _, err := send(t, left, "GET", "/me", "")
	if err == nil || !strings.Contains(err.Error(), "the server of TestEarlier is closed") {
		t.Error(err)
	}
	if output := f.run(func(*fakeTB) { left.Clock.Now() }); !strings.Contains(output, "is closed") {
		t.Error(output)
	}
}

func TestEffects(t *testing.T) {
	srv := admintest.Run(t, admintest.Seed("empty"))
	srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.DropAfterCommit{}, Times: new(1)})
	send(t, srv, "POST", "/workspaces", `{"name":"W"}`)
	invite(t, srv, "ada@example.com")
	srv.AddUser("root@example.com", "admin")
	var types []string
	for _, effect := range srv.Effects() {
		types = append(types, effect.Type)
	}
	same(t, "effects", []string{admintest.WorkspaceCreated, admintest.InviteCreated}, types)
	same(t, "workspaces", 1, len(srv.Effects(admintest.WorkspaceCreated)))
	same(t, "removed users", 0, len(srv.Effects(admintest.UserRemoved)))
}

func TestClientReachesOnlyItsServer(t *testing.T) {
	srv := admintest.Run(t)
	if res, err := srv.Client().Get("http://api.example.com/v1/organizations/me"); err == nil {
		res.Body.Close()
		t.Error("the client reaches other hosts")
	}
	var dns error
	if res, err := http.Get(srv.URL); err == nil {
		res.Body.Close()
		t.Error("another client reaches " + srv.URL)
	} else {
		dns = err
	}
	if errors.Is(dns, context.Canceled) {
		t.Error(dns)
	}
}

// The cost of a fork does not depend on the size of the organization.
func TestForkCostIsConstant(t *testing.T) {
	cost := func(seed string) float64 {
		srv := admintest.Run(t, admintest.Seed(seed))
		return testing.AllocsPerRun(50, func() {
			f := &fakeTB{T: t}
			srv.Fork(f)
			for _, do := range f.cleanups {
				do()
			}
		})
	}
	if empty, demo := cost("empty"), cost("demo"); demo > empty+20 {
		t.Errorf("%.0f allocations to fork demo, %.0f to fork empty", demo, empty)
	}
}

// A frozen clock stands still and a resumed one runs, both from its current time.
func TestFreezeAndResume(t *testing.T) {
	srv := admintest.Run(t, admintest.RunningClock())
	runs := func() bool {
		before := srv.Clock.Now()
		time.Sleep(time.Millisecond) // the clock counts microseconds of real time
		return srv.Clock.Now().After(before)
	}
	for range 2 {
		before := srv.Clock.Now()
		srv.Clock.Freeze()
		frozen := srv.Clock.Now()
		same(t, "a frozen clock runs", false, runs())
		srv.Clock.Resume()
		same(t, "a resumed clock runs", true, runs())
		if frozen.Before(before) || srv.Clock.Now().Before(frozen) {
			t.Errorf("the clock went back: %s, frozen %s, resumed %s", before, frozen, srv.Clock.Now())
		}
	}
}
