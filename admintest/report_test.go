package admintest_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"antechamber/admintest"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ArtifactDir implements the method of testing.T.
func (f *fakeTB) ArtifactDir() string { return f.T.TempDir() }

func TestFailedTestReportsRequests(t *testing.T) {
	output := mustFail(t, "a workspace", func(f *fakeTB) {
		srv := admintest.Run(f, admintest.IDSeed(7))
		for range 25 {
			send(t, srv, "GET", "/me", "")
		}
		srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.Drop{}})
		send(t, srv, "POST", "/workspaces", `{"name":"W"}`)
		send(t, srv, "POST", "/invites", `{"email":"new@example.com","role":"admin"}`)
		send(t, srv, "GET", "/users?limit=1&roles[]=admin", "")
		send(t, srv, "POST", "/workspaces/x/members", `{"user_id":"`+strings.Repeat("u", 300)+`"}`)
		f.Errorf("failed")
	})
	const want = `
  #26 POST /v1/organizations/workspaces {"name":"W"} → dropped (fault_1)
  #27 POST /v1/organizations/invites {"email":"new@example.com","role":"admin"} → 400 invalid_request_error
  #28 GET /v1/organizations/users?limit=1&roles%5B%5D=admin → 200
  #29 POST /v1/organizations/workspaces/x/members {"user_id":"` + "u"
	if !strings.Contains(output, want) {
		t.Errorf("no\n%s\nin\n%s", want, output)
	}
	for _, want := range []string{
		"failed\nadmintest: fault_1: drop on createWorkspace, fired once\n",
		"\nadmintest: last 20 requests:\n  at 2026-01-01T00:00:00.000000Z\n  #10 GET /v1/organizations/me → 200\n",
		"u… → 404 not_found_error\n",
		"admintest: started with --seed demo --id-seed 7 --clock 2026-01-01T00:00:00Z; to run this test alone: go test -run '^TestOf$/^a workspace$'\n",
		"admintest: go test -artifacts saves the organization's final state as a seed",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

// A subtest reports only the requests made during it.
// The report says what the response does not, in both error modes.
func TestReportHasHints(t *testing.T) {
	for _, options := range [][]admintest.Option{nil, {admintest.ProductionErrors()}} {
		output := mustFail(t, "a near miss", func(f *fakeTB) {
			srv := admintest.Run(f, options...)
			send(t, srv, "GET", "/members", "")
			if got := srv.Requests()[0].Hint; got != "did you mean /v1/organizations/users?" {
				t.Errorf("hint %q", got)
			}
			f.Errorf("failed")
		})
		const want = "GET /v1/organizations/members → 404 not_found_error (hint: did you mean /v1/organizations/users?)\n"
		if !strings.Contains(output, want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

func TestSubtestsReportTheirOwnRequests(t *testing.T) {
	whole := mustFail(t, "a table", func(f *fakeTB) {
		srv := admintest.Run(f, admintest.Seed("empty"))
		send(t, srv, "GET", "/me", "")
		for _, row := range []struct {
			before func(*admintest.Server)
			want   string
		}{
			{func(*admintest.Server) {}, `  at 2026-01-01T00:00:00.000000Z
  #2 GET /v1/organizations/users → 200
  at 2026-01-02T12:00:00.000000Z
  #3 GET /v1/organizations/invites → 200
`},
			{(*admintest.Server).ClearRequests, `  at 2026-01-02T12:00:00.000000Z
  #4 GET /v1/organizations/users → 200
  at 2026-01-04T00:00:00.000000Z
  #5 GET /v1/organizations/invites → 200
`},
			{(*admintest.Server).Reset, `  at 2026-01-01T00:00:00.000000Z
  #1 GET /v1/organizations/users → 200
  at 2026-01-02T12:00:00.000000Z
  #2 GET /v1/organizations/invites → 200
`},
		} {
			part := mustFail(t, "a row", func(f *fakeTB) {
				srv := srv.In(f)
				row.before(srv)
				srv.Fault(admintest.Fault{Action: admintest.Error{Status: 403}, After: 9})
				send(t, srv, "GET", "/users", "")
				srv.Clock.Advance(36 * time.Hour)
				send(t, srv, "GET", "/invites", "")
				f.Errorf("failed")
			})
			want := regexp.MustCompile(`^failed
admintest: fault_\d: error 403, never fired
admintest: last 2 requests:
` + row.want + "admintest: started with ")
			if !want.MatchString(part) {
				t.Errorf("want\n%s\ngot\n%s", want, part)
			}
		}
		send(t, srv, "GET", "/workspaces", "")
		f.Errorf("failed")
	})
	if !strings.HasPrefix(whole, "failed\nadmintest: last 3 requests:\n") || !strings.Contains(whole, "\n  #3 GET /v1/organizations/workspaces → 200\nadmintest: started") {
		t.Error(whole)
	}
}

// Reports stay correct whatever the test has done.
func TestReports(t *testing.T) {
	for what, c := range map[string]struct {
		name  string // of the test
		do    func(*fakeTB)
		want  []string
		never []string
	}{
		"fault of the parent test": {
			do: func(f *fakeTB) {
				srv := admintest.Run(f)
				srv.Fault(admintest.Fault{Action: admintest.Drop{}, After: 7})
				mustFail(t, "inner", func(f *fakeTB) { srv.In(f); f.Errorf("inner") }, "fault_1: drop, never fired")
			},
			want: []string{"admintest: fault_1: drop, never fired\n"},
		},
		"fault removed by a reset": {
			do: func(f *fakeTB) {
				srv := admintest.Run(f)
				srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
				send(t, srv, "GET", "/me", "")
				srv.Reset()
			},
			want: []string{"no requests in the journal"}, never: []string{"fault_1"},
		},
		"two Servers of one organization": {
			do: func(f *fakeTB) {
				srv := admintest.Run(f)
				send(t, srv.Organization(srv.AdminKey), "GET", "/me", "")
			},
			want: []string{"#1 GET /v1/organizations/me"}, never: []string{"no requests in the journal"},
		},
		"fork of a fork": {
			do:   func(f *fakeTB) { admintest.Run(&fakeTB{T: t}).Fork(&fakeTB{T: t}).Fork(f) },
			want: []string{"admintest: forked from a server started with --seed demo"}, never: []string{"forked from a server forked"},
		},
		"options": {
			do: func(f *fakeTB) {
				admintest.Run(f, admintest.RateLimit("9/min"), admintest.ProductionErrors(), admintest.AdminKey("sk-ant-admin01-k"))
			},
			want: []string{" --rate-limit 9/min --errors production --admin-key sk-ant-admin01-k; "},
		},
		"benchmark":            {name: "BenchmarkX/a", do: func(f *fakeTB) { admintest.Run(f) }, want: []string{`go test -run '^$' -bench '^BenchmarkX$/^a$'`}},
		"apostrophe in a name": {name: "TestX/it's", do: func(f *fakeTB) { admintest.Run(f) }, want: []string{`go test -run '^TestX$/^it'\''s$'`}},
	} {
		f := &fakeTB{T: t, name: c.name}
		output := f.run(func(f *fakeTB) {
			c.do(f)
			f.Errorf("failed")
		})
		for _, want := range c.want {
			if n := strings.Count(output, want); n != 1 {
				t.Errorf("%s: %d times %q, want once, in\n%s", what, n, want, output)
			}
		}
		for _, unwanted := range c.never {
			if strings.Contains(output, unwanted) {
				t.Errorf("%s: unwanted %q in\n%s", what, unwanted, output)
			}
		}
	}
}

func TestPassingTestLogsNothing(t *testing.T) {
	f := &fakeTB{T: t}
	if output := f.run(func(f *fakeTB) { admintest.Run(f).Fork(f).Clock.Now() }); output != "" || f.failed {
		t.Error(output)
	}
}

func TestArtifactsSaveTheFinalState(t *testing.T) {
	artifacts := flag.Lookup("test.artifacts").Value
	before := artifacts.String()
	if err := artifacts.Set("true"); err != nil {
		t.Fatal(err)
	}
	defer artifacts.Set(before)
	output := mustFail(t, "a test", func(f *fakeTB) {
		invite(t, admintest.Run(f), "ada@example.com")
		f.Errorf("failed")
	})
	file := regexp.MustCompile(`antechamber serve --seed (\S+)`).FindStringSubmatch(output)
	if file == nil {
		t.Fatal(output)
	}
	again := admintest.Run(t, admintest.Seed(file[1]))
	again.AcceptInvite("ada@example.com")
	if info, err := os.Stat(file[1]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v: the file has keys, want mode 0600", info.Mode(), err)
	}
	if filepath.Ext(file[1]) != ".json" {
		t.Error(file[1])
	}
}

// A method that fails ends the test with a message in Go's names.
func TestMethodsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*admintest.Server)
		want []string
	}{
		"no invite to an address": {func(s *admintest.Server) { s.AcceptInvite("nobody@example.com") }, []string{`AcceptInvite("nobody@example.com")`, "no invite was sent to nobody@example.com (Outbox lists the invites that were sent)"}},
		"unknown invite":          {func(s *admintest.Server) { s.AcceptInvite("invite_nothing") }, []string{`no such invite "invite_nothing"`}},
		"already a member":        {func(s *admintest.Server) { s.AddUser("a@b.c", "user"); s.AddUser("A@b.c", "user") }, []string{"AddUser", "A@b.c"}},
		"invalid role":            {func(s *admintest.Server) { s.AddUser("a@b.c", "boss") }, []string{`AddUser: invalid role "boss": want user, developer, billing, claude_code_user or admin`}},
		"unknown workspace":       {func(s *admintest.Server) { s.CreateAPIKey(admintest.NewKey{Name: "a", WorkspaceID: "wrkspc_x"}) }, []string{"wrkspc_x"}},
		"unknown key":             {func(s *admintest.Server) { s.UseAPIKey("apikey_x") }, []string{"apikey_x"}},
		"clock moved backwards":   {func(s *admintest.Server) { s.Clock.Advance(-1) }, []string{"never goes backwards", "Reset and Restore return to an earlier time"}},
		"unknown snapshot":        {func(s *admintest.Server) { s.Restore("x") }, []string{"x"}},
		"invalid seed":            {func(s *admintest.Server) { s.Import([]byte(`{"nmae":"A"}`)) }, []string{"/nmae"}},
		"unknown setting":         {func(s *admintest.Server) { s.UpdateSettings(map[string]any{"limit": 1}) }, []string{"limit"}},
		"unknown operation":       {func(s *admintest.Server) { s.Requests("listWorkspace") }, []string{"an operation of the Admin API", `did you mean "listWorkspaces"?`}},
		"no action":               {func(s *admintest.Server) { s.Fault(admintest.Fault{}) }, []string{"Fault: Action is required"}},
		"no invite":               {func(s *admintest.Server) { s.AcceptInvite("") }, []string{"AcceptInvite: idOrEmail is required"}},
		"no key":                  {func(s *admintest.Server) { s.UseAPIKey("") }, []string{"UseAPIKey: id is required"}},
		"no snapshot":             {func(s *admintest.Server) { s.Restore("") }, []string{"Restore: name is required"}},
		"key without a name":      {func(s *admintest.Server) { s.CreateAPIKey(admintest.NewKey{}) }, []string{"CreateAPIKey: invalid Name"}},
		"key that has expired": {func(s *admintest.Server) {
			s.CreateAPIKey(admintest.NewKey{Name: "CI", ExpiresAt: admintest.Start.Add(-time.Hour)})
		}, []string{"CreateAPIKey: ExpiresAt"}},
		"clock before 1970": {func(s *admintest.Server) { s.Clock.Set(time.Time{}) }, []string{"Clock.Set: invalid to"}},
		"fault that can never fire": {func(s *admintest.Server) {
			s.Fault(admintest.Fault{Operation: "listWorkspaces", Method: "POST", Action: admintest.Drop{}})
		}, []string{"never"}},
		"fault on an unknown operation": {func(s *admintest.Server) {
			s.Fault(admintest.Fault{Operation: "listWorkspace", Action: admintest.Drop{}})
		}, []string{`invalid Operation "listWorkspace": want an operation of the Admin API`, `did you mean "listWorkspaces"?`}},
		"fault with an invalid status": {func(s *admintest.Server) { s.Fault(admintest.Fault{Action: admintest.Error{Status: 200}}) }, []string{"invalid Action.Status 200: want a whole number from 400 to 599"}},
		"fault without a status":       {func(s *admintest.Server) { s.Fault(admintest.Fault{Action: admintest.Error{}}) }, []string{"Action.Status is required"}},
		"fault with an invalid body":   {func(s *admintest.Server) { s.Fault(admintest.Fault{Body: func() {}, Action: admintest.Drop{}}) }, []string{"Fault: invalid Body: "}},
		"invalid calls": {func(s *admintest.Server) {
			s.Verify(admintest.Call{Operation: "listWorkspace"}, admintest.Call{Method: "GET", Times: new(-1)}, admintest.Call{Times: new(1)})
		}, []string{
			`Verify: invalid calls[0].Operation "listWorkspace": want an operation of the Admin API`, `(did you mean "listWorkspaces"?)`,
			"\ninvalid calls[1].Times -1: want a whole number of at least 0\ninvalid calls[2]: want an operation, method, path",
		}},
		"fault with two invalid fields": {func(s *admintest.Server) {
			s.Fault(admintest.Fault{Action: admintest.Error{Status: 200}, Times: new(-1)})
		}, []string{"Fault: invalid Action.Status 200: want a whole number from 400 to 599\ninvalid Times -1: want a whole number of at least 1"}},
		"no calls":          {func(s *admintest.Server) { s.Verify() }, []string{"Verify: want at least one call (VerifyOnly() expects none)"}},
		"no calls in order": {func(s *admintest.Server) { s.VerifyInOrder() }, []string{"VerifyInOrder: want at least one call (VerifyOnly() expects none)"}},
	} {
		output := mustFail(t, name, func(f *fakeTB) {
			c.do(admintest.Run(f))
			f.Log("continued")
		}, append(c.want, "admintest: ")...)
		if strings.Contains(output, "continued") {
			t.Errorf("%s: the test was not ended", name)
		}
	}
}

func TestVerifyReportsNearMisses(t *testing.T) {
	output := mustFail(t, "unmet calls", func(f *fakeTB) {
		srv := admintest.Run(f)
		invite(t, srv, "ada@example.com")
		send(t, srv, http.MethodGet, "/me", "")
		srv.Verify(admintest.Call{Operation: admintest.CreateOrganizationInvite, Body: map[string]string{"email": "bob@example.com"}})
		srv.VerifyOnly(admintest.Call{Method: "POST"})
		srv.VerifyInOrder(admintest.Call{Method: "GET"}, admintest.Call{Method: "POST"})
		f.Log("continued")
	})
	for _, want := range []string{
		"near miss: #1 POST /v1/organizations/invites", `Body.email: want "bob@example.com", got "ada@example.com"`,
		"VerifyOnly: 1 unexpected call:\n    #2 GET /v1/organizations/me → 200",
		"Verify: calls[0]: want at least 1 call, got none\n", "VerifyInOrder: calls[1]: want", "continued",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

// A failed test shows which key was refused.
func TestReportShowsRefusedKeys(t *testing.T) {
	output := (&fakeTB{T: t}).run(func(f *fakeTB) {
		srv := admintest.Run(f)
		r := newRequestWith(t, srv, "sk-ant-admin01-mistaken")
		if res, err := srv.Client().Do(r); err == nil {
			res.Body.Close()
		}
		f.Errorf("failed")
	})
	if !strings.Contains(output, "401 authentication_error (key sk-ant-…aken)") {
		t.Error(output)
	}
}

func newRequestWith(t *testing.T, srv *admintest.Server, key string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/v1/organizations/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-api-key", key)
	r.Header.Set("anthropic-version", "2023-06-01")
	return r
}
