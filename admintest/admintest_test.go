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
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthropics/anthropic-sdk-go/option"
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
		os.Unsetenv(name) // the examples look at them
	}
	goleak.VerifyTestMain(m)
}

// send sends a request of the Admin API, and returns status and body of the
// answer.
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
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, string(answer), err
}

// get decodes what a request is answered that succeeds.
func get[T any](t testing.TB, srv *admintest.Server, method, path, body string) (out T) {
	t.Helper()
	status, answer, err := send(t, srv, method, path, body)
	if err == nil {
		err = json.Unmarshal([]byte(answer), &out)
	}
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
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

// ways are the ways in which a suite can run: each gives a server that begins
// alike.
var ways = map[string]func(t admintest.TB, opts ...admintest.Option) *admintest.Server{
	"in process": admintest.Run,
	"on a port": func(t admintest.TB, opts ...admintest.Option) *admintest.Server {
		return admintest.Run(t, append(opts, admintest.Listen())...)
	},
	"connected": func(t admintest.TB, opts ...admintest.Option) *admintest.Server {
		return admintest.Connect(t, admintest.Run(t, admintest.Listen(), admintest.Seed("empty")).URL, opts...)
	},
}

func eachWay(t *testing.T, body func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server)) {
	t.Helper()
	for name, begin := range ways {
		t.Run(name, func(t *testing.T) { body(t, begin) })
	}
}

func TestTheOperationsAreThoseThatAreServed(t *testing.T) {
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

// What a test of somebody else's compiles in is not the SDK, whose version is
// theirs to choose, nor what only our own tests need.
func TestNoSDKComesWithIt(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "antechamber/admintest").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, unwanted := range []string{"anthropic-sdk-go", "alecthomas/kong", "kin-openapi", "pgregory.net/rapid", "google/go-cmp"} {
		if bytes.Contains(out, []byte(unwanted)) {
			t.Errorf("it brings %s", unwanted)
		}
	}
}

// A test does the same in either way, to the letter, and in every run.
func TestEveryWayIsTheSame(t *testing.T) {
	journey := func(t testing.TB, srv *admintest.Server) (all []string) {
		note := func(what any) {
			text, err := json.Marshal(what)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
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
				f := &test{T: t, name: "TestTheSame"}
				said := f.run(func(f *test) {
					srv := ways[name](f, options...)
					got := journey(t, srv)
					if want == nil {
						want = got
					}
					same(t, "what it does", want, got)
				})
				if f.failed {
					t.Error(said)
				}
			})
		}
	}
}

// acme is an organization whose clock runs at first.
const acme = `{
	"name": "Acme", "admin_keys": ["sk-ant-admin01-acme"],
	"users": [{"email": "root@acme.example", "role": "admin", "added_at": "-90d"}, {"email": "dev@acme.example", "role": "developer"}],
	"invites": [{"email": "new@acme.example", "role": "user", "invited_at": "-3d"}],
	"workspaces": [{"name": "Engineering", "members": [{"user": "dev@acme.example", "workspace_role": "workspace_developer"}]}]
}`

func TestHowItBegins(t *testing.T) {
	srv := admintest.Run(t)
	same(t, "the clock", admintest.Start, srv.Clock.Now())
	same(t, "the URL", "http://use-server-client.antechamber.test", srv.URL)
	if me := get[api.Organization](t, srv, "GET", "/me", ""); me.ID != srv.OrganizationID {
		t.Errorf("%s is not %s", me.ID, srv.OrganizationID)
	}
	if users := get[page[api.User]](t, srv, "GET", "/users", ""); !users.HasMore {
		t.Error("the demo has less than a page of users")
	}

	running := admintest.Run(t, admintest.RunningClock(), admintest.SeedJSON(acme))
	if behind := time.Since(running.Clock.Now()); behind < 0 || behind > time.Minute {
		t.Errorf("a running clock is %s behind", behind)
	}
	same(t, "the key of the seed", "sk-ant-admin01-acme", running.AdminKey)
	same(t, "the key of an option", "sk-ant-admin01-b", admintest.Run(t, admintest.SeedJSON(acme), admintest.AdminKey("sk-ant-admin01-b")).AdminKey)
	same(t, "the seed's own clock", time.Date(2024, 11, 1, 23, 59, 27, 427722000, time.UTC), admintest.Run(t, admintest.Seed("contract")).Clock.Now())

	other := admintest.Run(&test{T: t, name: "TestOfAnotherName"})
	if a, b := invite(t, srv, "ada@example.com"), invite(t, other, "ada@example.com"); a.ID == b.ID {
		t.Error("two tests have the same ids")
	}
}

func TestWhatRunRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acme.json")
	write(t, file, `{"name": "Acme", "users": [{"email": "a@b.c"}], "usres": []}`)
	for what, c := range map[string]struct {
		option admintest.Option
		words  []string
	}{
		"a file that is not there": {admintest.Seed("testdata/nowhere.json"), []string{"testdata/nowhere.json"}},
		"a seed that is not there": {admintest.Seed("dmeo"), []string{"there is no file dmeo", "demo, contract, empty"}},
		"a faulty file":            {admintest.Seed(file), []string{"acme.json:1", "/users/0", "/usres"}},
		"a faulty organization":    {admintest.SeedOf(seed.Organization{Name: "Acme", Users: []seed.User{{Email: "ada"}}}), []string{"/organizations/0/users/0/email", "/organizations/0/users/0/role"}},
		"a faulty text":            {admintest.SeedJSON(`{"name": "Acme", "invites": [{}]}`), []string{"SeedJSON:1", "/invites/0"}},
		"no key":                   {admintest.AdminKey("sk-ant-api03-a"), []string{"AdminKey: expected sk-ant-admin"}},
		"no policy":                {admintest.RateLimit("seldom"), []string{"seldom"}},
		"no number":                {admintest.IDSeed(1 << 53), []string{"IDSeed: expected a number from 0"}},
		"a contradiction":          {admintest.SeedJSON(`{"name":"A","users":[{"email":"a@b.c","role":"user","added_at":"2027-01-01T00:00:00Z"}]}`), []string{"/users/0/added_at"}},
	} {
		failing(t, what, func(f *test) { admintest.Run(f, c.option) }, append(c.words, "admintest.Run: ")...)
	}
}

func TestWhatConnectRefuses(t *testing.T) {
	at := admintest.Run(t, admintest.Listen())
	silent := httptest.NewServer(http.NotFoundHandler())
	defer silent.Close()
	connect := func(url string, opts ...admintest.Option) func(*test) {
		return func(f *test) { admintest.Connect(f, url, opts...) }
	}
	failing(t, "what a server is told at its start", connect(at.URL, admintest.ProductionErrors(), admintest.RateLimit("production"), admintest.ForkUnknownKeys()),
		"--errors production", "--rate-limit production", "--unknown-keys fork")
	failing(t, "no URL", connect("localhost:4020"), "expected a URL such as http://127.0.0.1:4020")
	failing(t, "no server", connect("http://127.0.0.1:1"), "no server answers at http://127.0.0.1:1: ")
	failing(t, "another server", connect(silent.URL), "what answers has no control plane: 404")
	failing(t, "the clock of a seed that is loaded", connect(at.URL, admintest.ServerSeed(), admintest.Clock(admintest.Start)), "Clock and IDSeed do not go with ServerSeed")
	failing(t, "a key of somebody's", connect(at.URL, admintest.AdminKey(at.AdminKey)), "the admin key belongs to another organization")
	failing(t, "two organizations", connect(at.URL, admintest.SeedJSON(`{"organizations":[{"name":"A"},{"name":"B","admin_keys":["sk-ant-admin01-b"]}]}`)), "2 organizations")

	same(t, "with an empty URL it is Run", "http://use-server-client.antechamber.test", admintest.Connect(t, "").URL)
	same(t, "organizations are left", 1, len(organizations(t, at)))
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

func TestOneSeed(t *testing.T) {
	failing(t, "two seeds", func(f *test) { admintest.Run(f, admintest.Seed("demo"), admintest.SeedJSON(acme)) }, "a server begins with one seed")
}

// Without a seed it is the demo wherever a suite runs, and the server's own on
// request.
func TestWhatConnectBeginsWith(t *testing.T) {
	at := admintest.Run(t, admintest.Listen(), admintest.SeedJSON(acme), admintest.Clock(admintest.Start.Add(time.Hour)))
	invite(t, at, "ada@example.com")
	name := func(srv *admintest.Server) string { return get[api.Organization](t, srv, "GET", "/me", "").Name }
	same(t, "without a seed", name(admintest.Run(t)), name(admintest.Connect(t, at.URL)))
	same(t, "its clock", admintest.Start, admintest.Connect(t, at.URL).Clock.Now())
	own := admintest.Connect(t, at.URL, admintest.ServerSeed())
	same(t, "the server's", "Acme", name(own))
	same(t, "its clock", admintest.Start.Add(time.Hour), own.Clock.Now())
	same(t, "mails", 1, len(own.Outbox()))
}

// Tests on one server do not meet, and leave nothing behind.
func TestConnectMakesAnOrganizationForTheTest(t *testing.T) {
	at := admintest.Run(t, admintest.Listen())
	first, second := &test{T: t}, &test{T: t}
	first.run(func(f *test) {
		one := admintest.Connect(f, at.URL+"/")
		invite(t, one, "ada@example.com")
		second.run(func(f *test) {
			two := admintest.Connect(f, at.URL)
			invite(t, two, "ada@example.com")
			same(t, "organizations", 3, len(organizations(t, at)))
		})
		same(t, "organizations", 2, len(organizations(t, at)))
		one.Reset()
		same(t, "pending after a reset", 0, len(get[page[api.Invite]](t, one, "GET", "/invites?email=ada@example.com", "").Data))
	})
	same(t, "organizations", 1, len(organizations(t, at)))
	if first.failed || second.failed {
		t.Error(first.said.String(), second.said.String())
	}
}

func TestForksAreApart(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := begin(t, admintest.SeedJSON(acme))
		invite(t, srv, "ada@example.com")
		before := srv.Export()
		t.Run("forks", func(t *testing.T) {
			for range 5 {
				t.Run("one", func(t *testing.T) {
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
		same(t, "what was forked", string(before), string(srv.Export()))
		same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
	})
}

func first[A, B, C any](a A, _ B, _ C) A { return a }

// A server in process needs nothing that a bubble of testing/synctest could not
// have: a delay passes at once there.
func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := admintest.Run(t, admintest.RunningClock())
		srv.Fault(admintest.Fault{Action: admintest.Delay{Duration: time.Hour}, Times: 1})
		began := srv.Clock.Now()
		same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
		same(t, "the clock went on", time.Hour, srv.Clock.Now().Sub(began).Truncate(time.Second))
	})
}

// So it is in bubbles that come and go within the life of a server.
func TestInBubblesWithinATest(t *testing.T) {
	srv := admintest.Run(t)
	for range 2 {
		same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
		synctest.Test(t, func(t *testing.T) {
			srv := srv.In(t)
			srv.Fault(admintest.Fault{Action: admintest.Delay{Duration: time.Hour}, Times: 1})
			began := time.Now()
			same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
			same(t, "time went on", time.Hour, time.Since(began))
		})
	}
	same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
}

// A handler shows a fault as the server does.
func TestTheHandlerCutsConnections(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := begin(t)
		elsewhere := httptest.NewUnstartedServer(srv.Handler())
		elsewhere.Config.ErrorLog = log.New(io.Discard, "", 0)
		elsewhere.Start()
		defer elsewhere.Close()
		fault := srv.Fault(admintest.Fault{Action: admintest.Drop{}, Times: 1})
		there := *srv
		there.URL = elsewhere.URL
		there.Client().Transport = elsewhere.Client().Transport
		if status, answer, err := send(t, &there, "POST", "/workspaces", `{"name":"W"}`); err == nil {
			t.Errorf("a dropped request: %d %s", status, answer)
		}
		same(t, "hits", 1, fault.Hits())
	})
}

func TestTheHandlerServesElsewhere(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := begin(t)
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

func TestOptionsOfRun(t *testing.T) {
	srv := admintest.Run(t, admintest.ProductionErrors(), admintest.RateLimit("1/min"), admintest.ForkUnknownKeys())
	_, answer, _ := send(t, srv, "GET", "/users/user_nobody", "")
	if !strings.HasPrefix(answer, `{"type":"error","error":{`) {
		t.Error(answer)
	}
	same(t, "a second request", 429, first(send(t, srv, "GET", "/me", "")))
	srv.Clock.Advance(time.Minute)
	same(t, "a minute later", 200, first(send(t, srv, "GET", "/me", "")))
	other := *srv
	other.AdminKey = "sk-ant-admin01-invented"
	if me := get[api.Organization](t, &other, "GET", "/me", ""); me.ID == srv.OrganizationID {
		t.Error("an invented key has no organization of its own")
	}
}

// A bubble of testing/synctest has no real time to wait for: with a running clock
// the SDK's waiting, the rate limit and the organization go on together.
func TestWaitingInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := admintest.Run(t, admintest.RunningClock(), admintest.RateLimit("1/min"))
		client, began := sdk(srv), srv.Clock.Now()
		for range 5 {
			if _, err := client.Organization.Get(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := srv.Clock.Now().Sub(began); took < 4*time.Minute {
			t.Errorf("five requests took %s", took)
		}
	})
}

// Elsewhere a client can have the clock moved in place of waiting.
func TestImpatience(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := begin(t, admintest.Seed("contract"))
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 429, RetryAfter: time.Hour}, Times: 2})
		client, began := sdk(srv, option.WithHTTPClient(srv.Impatient())), srv.Clock.Now()
		if _, err := client.Organization.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "the clock went on", 2*time.Hour, srv.Clock.Now().Sub(began))
	})
}

func TestImportKeepsWhatSelectsTheOrganization(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv, other := begin(t, admintest.Seed("empty")), begin(t, admintest.SeedJSON(acme))
		exported := other.Export()
		for _, seed := range []string{string(exported), `{"organizations": [` + string(exported) + `]}`} {
			srv.Reset()
			srv.Import([]byte(seed))
			me := get[api.Organization](t, srv, "GET", "/me", "")
			same(t, "the organization", api.Organization{ID: srv.OrganizationID, Type: "organization", Name: "Acme"}, me)
		}
		same(t, "users", 2, len(get[page[api.User]](t, srv, "GET", "/users", "").Data))
		failing(t, "a faulty seed", func(f *test) { srv.In(f).Import([]byte(`{"name": "A", "id": "x", "users": [{}]}`)) }, "/users/0")
		failing(t, "no JSON", func(f *test) { srv.In(f).Import([]byte(`{"name"`)) }, "Import: ")
	})
}

func TestSeveralOrganizations(t *testing.T) {
	srv := admintest.Run(t, admintest.SeedJSON(`{"organizations": [
		{"name": "One", "admin_keys": ["sk-ant-admin01-one"]},
		{"name": "Two", "admin_keys": ["sk-ant-admin01-two"]}]}`))
	two := srv.Organization("sk-ant-admin01-two")
	two.AddUser("ada@example.com", "user")
	same(t, "the second", "Two", get[api.Organization](t, two, "GET", "/me", "").Name)
	same(t, "users of the second", 1, len(get[page[api.User]](t, two, "GET", "/users", "").Data))
	same(t, "users of the first", 0, len(get[page[api.User]](t, srv, "GET", "/users", "").Data))
	same(t, "requests of the first", 1, len(srv.Requests()))
	failing(t, "no organization", func(f *test) { srv.In(f).Organization("sk-ant-admin01-three") }, "Organization: There is no such organization")
}

func TestTheEnvironmentOfAProgram(t *testing.T) {
	srv := admintest.Run(t, admintest.Listen())
	same(t, "environment", []string{"ANTHROPIC_BASE_URL=" + srv.URL, "ANTHROPIC_API_KEY=" + srv.AdminKey}, srv.Env())
	failing(t, "within the process", func(f *test) { admintest.Run(f).Env() }, "give Run the option Listen")
}

// Time in a bubble is long when it is moved, and a fork is there until its test
// ends.
func TestAForkInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fork := admintest.Run(t, admintest.RunningClock()).Fork(t)
		time.Sleep(300 * 24 * time.Hour)
		same(t, "status", 200, first(send(t, fork, "GET", "/me", "")))
	})
}

// Which fork is made first does not matter to any of them.
func TestForksAreTheSameInEveryRun(t *testing.T) {
	forks := func(names ...string) map[string]string {
		ids := map[string]string{}
		srv := admintest.Run(t)
		for _, name := range names {
			fork := srv.Fork(&test{T: t, name: name})
			ids[name] += fork.OrganizationID + " " + fork.AdminKey + "\n"
		}
		return ids
	}
	same(t, "ids", forks("TestA/b", "TestA/c", "TestA/b"), forks("TestA/c", "TestA/b", "TestA/b"))
}

// A test may do to its client what it likes.
func TestTheClientIsTheTests(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := begin(t)
		srv.Client().Transport = down{}
		if _, _, err := send(t, srv, "GET", "/me", ""); err == nil {
			t.Error("the client is another one each time")
		}
		srv.Clock.Advance(time.Hour)
		fork := srv.Fork(t)
		same(t, "status of a fork's", 200, first(send(t, fork, "GET", "/me", "")))
	})
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("so") }

// A request that is under way when the test ends is cut.
func TestTheEndCutsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := make(chan error)
		f := &test{T: t, name: "TestOfBefore"}
		f.run(func(f *test) {
			srv := admintest.Run(f, admintest.RunningClock())
			srv.Fault(admintest.Fault{Action: admintest.Delay{Duration: time.Hour}})
			go func() {
				_, _, err := send(t, srv, "GET", "/me", "")
				cut <- err
			}()
			synctest.Wait()
		})
		if err := <-cut; err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Error(err)
		}
	})
}

// So is a stream of events, which would never end.
func TestTheEndCutsStreams(t *testing.T) {
	for name, begin := range ways {
		f := &test{T: t, name: "TestOfBefore"}
		ended := make(chan error)
		f.run(func(f *test) {
			srv := begin(f)
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
		if err := <-ended; name == "in process" && (err == nil || !strings.Contains(err.Error(), "has ended")) {
			t.Error(err)
		}
	}
}

// emulate serves something that admintest itself would not serve.
func emulate(t *testing.T, change func(*handlers.Options)) string {
	t.Helper()
	all := store.New(store.RealTime())
	demo, _ := seed.Builtin("demo")
	begin := seed.Options{IDSeed: 99}
	organizations, err := demo.Load(begin.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	organizations[0].AdminKeys = []string{"sk-ant-admin01-somebody"}
	if err := demo.AddTo(all, organizations, begin); err != nil {
		t.Fatal(err)
	}
	o := handlers.Options{Store: all, Seed: begin, JournalEntries: 1000}
	change(&o)
	listening := httptest.NewServer(handlers.New(o))
	t.Cleanup(listening.Close)
	return listening.URL
}

// What a journal has forgotten is not counted as never asked.
func TestAShortJournal(t *testing.T) {
	at := emulate(t, func(o *handlers.Options) { o.JournalEntries = 3 })
	for what, look := range map[string]func(*admintest.Server){
		"Requests": func(srv *admintest.Server) { srv.Requests() },
		"Effects":  func(srv *admintest.Server) { srv.Effects() },
		"Verify":   func(srv *admintest.Server) { srv.Verify(admintest.Call{Method: "GET", Times: new(5)}) },
	} {
		said := failing(t, what, func(f *test) {
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
			look(srv)
		}, ": the journal of the server has forgotten requests, of which it holds 3")
		if strings.Contains(said, "no requests in the journal") {
			t.Error(said)
		}
	}
	none := emulate(t, func(o *handlers.Options) { o.JournalEntries = 0 })
	failing(t, "no journal", func(f *test) { admintest.Connect(f, none); f.Errorf("so") }, "the requests cannot be told: There is no journal")
}

// A control plane that asks for its token gets it from an option, or from the
// environment.
func TestTheControlToken(t *testing.T) {
	at := emulate(t, func(o *handlers.Options) { o.Exposed, o.Token = true, "s3cret" })
	failing(t, "no token", func(f *test) { admintest.Connect(f, at) }, "The control plane asks for its token")
	invite(t, admintest.Connect(t, at, admintest.ControlToken("s3cret")), "ada@example.com")
	t.Setenv("ANTECHAMBER_CONTROL_TOKEN", "s3cret")
	admintest.Connect(t, at).AcceptInvite(admintest.Connect(t, at).Outbox()[0].InviteID)
}

// What outlives its test is told so.
func TestAfterTheEnd(t *testing.T) {
	var left *admintest.Server
	f := &test{T: t, name: "TestOfBefore"}
	f.run(func(f *test) { left = admintest.Run(f) })
	_, _, err := send(t, left, "GET", "/me", "")
	if err == nil || !strings.Contains(err.Error(), "the server of TestOfBefore has ended") {
		t.Error(err)
	}
	if said := f.run(func(*test) { left.Clock.Now() }); !strings.Contains(said, "has ended") {
		t.Error(said)
	}
}

func TestEffects(t *testing.T) {
	srv := admintest.Run(t, admintest.Seed("empty"))
	srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.DropAfterCommit{}, Times: 1})
	send(t, srv, "POST", "/workspaces", `{"name":"W"}`)
	invite(t, srv, "ada@example.com")
	srv.AddUser("root@example.com", "admin")
	var types []string
	for _, effect := range srv.Effects() {
		types = append(types, effect.Type)
	}
	same(t, "effects", []string{admintest.WorkspaceCreated, admintest.InviteCreated}, types)
	same(t, "workspaces", 1, len(srv.Effects(admintest.WorkspaceCreated)))
	same(t, "nothing", 0, len(srv.Effects(admintest.UserRemoved)))
}

func TestOneClientLeadsToOneServer(t *testing.T) {
	srv := admintest.Run(t)
	if res, err := srv.Client().Get("http://api.example.com/v1/organizations/me"); err == nil {
		res.Body.Close()
		t.Error("it leads elsewhere")
	}
	var dns error
	if res, err := http.Get(srv.URL); err == nil {
		res.Body.Close()
		t.Error("somebody answers at " + srv.URL)
	} else {
		dns = err
	}
	if errors.Is(dns, context.Canceled) {
		t.Error(dns)
	}
}

// A fork of much costs what a fork of nothing costs.
func TestAForkCostsTheSame(t *testing.T) {
	cost := func(seed string) float64 {
		srv := admintest.Run(t, admintest.Seed(seed))
		return testing.AllocsPerRun(50, func() {
			f := &test{T: t}
			srv.Fork(f)
			for _, do := range f.cleanups {
				do()
			}
		})
	}
	if nothing, much := cost("empty"), cost("demo"); much > nothing+20 {
		t.Errorf("%.0f allocations for a fork of the demo, %.0f for one of nothing", much, nothing)
	}
}
