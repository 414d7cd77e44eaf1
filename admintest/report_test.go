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

// ArtifactDir is where a test keeps what it leaves.
func (f *test) ArtifactDir() string { return f.T.TempDir() }

func TestATestThatFailsTellsWhatWasAsked(t *testing.T) {
	said := failing(t, "a workspace", func(f *test) {
		srv := admintest.Run(f, admintest.IDSeed(7))
		for range 25 {
			send(t, srv, "GET", "/me", "")
		}
		srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.Drop{}})
		send(t, srv, "POST", "/workspaces", `{"name":"W"}`)
		send(t, srv, "POST", "/invites", `{"email":"new@example.com","role":"admin"}`)
		send(t, srv, "GET", "/users?limit=1&roles[]=admin", "")
		send(t, srv, "POST", "/workspaces/x/members", `{"user_id":"`+strings.Repeat("u", 300)+`"}`)
		f.Errorf("so")
	})
	const want = `
  #26 POST /v1/organizations/workspaces {"name":"W"} → dropped (fault_1)
  #27 POST /v1/organizations/invites {"email":"new@example.com","role":"admin"} → 400 invalid_request_error
  #28 GET /v1/organizations/users?limit=1&roles%5B%5D=admin → 200
  #29 POST /v1/organizations/workspaces/x/members {"user_id":"` + "u"
	if !strings.Contains(said, want) {
		t.Errorf("no\n%s\nin\n%s", want, said)
	}
	for _, words := range []string{
		"so\nadmintest: fault_1 is drop on createWorkspace, which happened once\n",
		"\nadmintest: the last 20 requests\n  at 2026-01-01T00:00:00.000000Z\n  #10 GET /v1/organizations/me → 200\n",
		"u… → 404 not_found_error\n",
		"admintest: it began with --seed demo --id-seed 7 --clock 2026-01-01T00:00:00Z; this test alone is go test -run '^TestOf$/^a workspace$'\n",
		"go test -artifacts keeps the organization",
	} {
		if !strings.Contains(said, words) {
			t.Errorf("no %q in\n%s", words, said)
		}
	}
}

// A subtest reports the requests that were made in it.
func TestSubtestsTellTheirPart(t *testing.T) {
	whole := failing(t, "a table", func(f *test) {
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
			part := failing(t, "a row", func(f *test) {
				srv := srv.In(f)
				row.before(srv)
				srv.Fault(admintest.Fault{Action: admintest.Error{Status: 403}, After: 9})
				send(t, srv, "GET", "/users", "")
				srv.Clock.Advance(36 * time.Hour)
				send(t, srv, "GET", "/invites", "")
				f.Errorf("so")
			})
			want := regexp.MustCompile(`^so
admintest: fault_\d is error 403, which never happened
admintest: the last 2 requests
` + row.want + "admintest: it began with ")
			if !want.MatchString(part) {
				t.Errorf("want\n%s\ngot\n%s", want, part)
			}
		}
		send(t, srv, "GET", "/workspaces", "")
		f.Errorf("so")
	})
	if !strings.HasPrefix(whole, "so\nadmintest: the last 3 requests\n") || !strings.Contains(whole, "\n  #3 GET /v1/organizations/workspaces → 200\nadmintest: it began") {
		t.Error(whole)
	}
}

// What a report says is true, whatever the test has done meanwhile.
func TestWhatAReportSays(t *testing.T) {
	for what, c := range map[string]struct {
		name  string
		do    func(*test)
		want  []string
		never []string
	}{
		"a fault of the parent": {
			do: func(f *test) {
				srv := admintest.Run(f)
				srv.Fault(admintest.Fault{Action: admintest.Drop{}, After: 7})
				failing(t, "inner", func(f *test) { srv.In(f); f.Errorf("inner") }, "fault_1 is drop, which never happened")
			},
			want: []string{"admintest: fault_1 is drop, which never happened\n"},
		},
		"a fault that a reset has ended": {
			do: func(f *test) {
				srv := admintest.Run(f)
				srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
				send(t, srv, "GET", "/me", "")
				srv.Reset()
			},
			want: []string{"no requests in the journal"}, never: []string{"fault_1"},
		},
		"the same organization twice": {
			do: func(f *test) {
				srv := admintest.Run(f)
				send(t, srv.Organization(srv.AdminKey), "GET", "/me", "")
			},
			want: []string{"#1 GET /v1/organizations/me"}, never: []string{"no requests in the journal"},
		},
		"a fork": {
			do:   func(f *test) { admintest.Run(&test{T: t}).Fork(&test{T: t}).Fork(f) },
			want: []string{"it began with a fork of what began with --seed demo"}, never: []string{"a fork of what began with a fork"},
		},
		"options": {
			do: func(f *test) {
				admintest.Run(f, admintest.RateLimit("9/min"), admintest.ProductionErrors(), admintest.AdminKey("sk-ant-admin01-k"))
			},
			want: []string{" --rate-limit 9/min --errors production --admin-key sk-ant-admin01-k; "},
		},
		"a benchmark":   {name: "BenchmarkX/a", do: func(f *test) { admintest.Run(f) }, want: []string{`go test -run '^$' -bench '^BenchmarkX$/^a$'`}},
		"an apostrophe": {name: "TestX/it's", do: func(f *test) { admintest.Run(f) }, want: []string{`go test -run '^TestX$/^it'\''s$'`}},
	} {
		f := &test{T: t, name: c.name}
		said := f.run(func(f *test) {
			c.do(f)
			f.Errorf("so")
		})
		for _, words := range c.want {
			if strings.Count(said, words) != 1 {
				t.Errorf("%s: want once %q in\n%s", what, words, said)
			}
		}
		for _, words := range c.never {
			if strings.Contains(said, words) {
				t.Errorf("%s: there is %q in\n%s", what, words, said)
			}
		}
	}
}

func TestATestThatPassesSaysNothing(t *testing.T) {
	f := &test{T: t}
	if said := f.run(func(f *test) { admintest.Run(f).Fork(f).Clock.Now() }); said != "" || f.failed {
		t.Error(said)
	}
}

func TestWhatATestLeavesCanBeKept(t *testing.T) {
	kept := flag.Lookup("test.artifacts").Value
	was := kept.String()
	if err := kept.Set("true"); err != nil {
		t.Fatal(err)
	}
	defer kept.Set(was)
	said := failing(t, "it fails", func(f *test) {
		invite(t, admintest.Run(f), "ada@example.com")
		f.Errorf("so")
	})
	file := regexp.MustCompile(`antechamber serve --seed (\S+)`).FindStringSubmatch(said)
	if file == nil {
		t.Fatal(said)
	}
	again := admintest.Run(t, admintest.Seed(file[1]))
	again.AcceptInvite("ada@example.com")
	if info, err := os.Stat(file[1]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v: there are keys in it", info.Mode(), err)
	}
	if filepath.Ext(file[1]) != ".json" {
		t.Error(file[1])
	}
}

// What cannot be done ends the test, and says why.
func TestMethodsThatFail(t *testing.T) {
	for what, c := range map[string]struct {
		do    func(*admintest.Server)
		words []string
	}{
		"nobody's invite":  {func(s *admintest.Server) { s.AcceptInvite("nobody@example.com") }, []string{`AcceptInvite("nobody@example.com")`, "no invite was sent to nobody@example.com (Outbox returns the invites that were sent)"}},
		"no invite":        {func(s *admintest.Server) { s.AcceptInvite("invite_nothing") }, []string{`no such invite "invite_nothing"`}},
		"a member already": {func(s *admintest.Server) { s.AddUser("a@b.c", "user"); s.AddUser("A@b.c", "user") }, []string{"AddUser", "A@b.c"}},
		"no role":          {func(s *admintest.Server) { s.AddUser("a@b.c", "boss") }, []string{"invalid role: want one of user"}},
		"no workspace":     {func(s *admintest.Server) { s.CreateAPIKey(admintest.NewKey{Name: "a", WorkspaceID: "wrkspc_x"}) }, []string{"wrkspc_x"}},
		"no key":           {func(s *admintest.Server) { s.UseAPIKey("apikey_x") }, []string{"apikey_x"}},
		"backwards":        {func(s *admintest.Server) { s.Clock.Advance(-1) }, []string{"never goes backwards", "Reset and Restore return to an earlier time"}},
		"no snapshot":      {func(s *admintest.Server) { s.Restore("x") }, []string{"x"}},
		"no seed":          {func(s *admintest.Server) { s.Import([]byte(`{"nmae":"A"}`)) }, []string{"/nmae"}},
		"no setting":       {func(s *admintest.Server) { s.UpdateSettings(map[string]any{"limit": 1}) }, []string{"limit"}},
		"no operation":     {func(s *admintest.Server) { s.Requests("listWorkspace") }, []string{"an operation of the Admin API", `did you mean "listWorkspaces"?`}},
		"no action":        {func(s *admintest.Server) { s.Fault(admintest.Fault{}) }, []string{"it has no Action"}},
		"it can never happen": {func(s *admintest.Server) {
			s.Fault(admintest.Fault{Operation: "listWorkspaces", Method: "POST", Action: admintest.Drop{}})
		}, []string{"never"}},
		"a mistyped fault": {func(s *admintest.Server) {
			s.Fault(admintest.Fault{Operation: "listWorkspace", Action: admintest.Drop{}})
		}, []string{`invalid Operation: want an operation of the Admin API`, `did you mean "listWorkspaces"?`}},
		"no status":         {func(s *admintest.Server) { s.Fault(admintest.Fault{Action: admintest.Error{Status: 200}}) }, []string{"status"}},
		"a body of nothing": {func(s *admintest.Server) { s.Fault(admintest.Fault{Body: func() {}, Action: admintest.Drop{}}) }, []string{"Body"}},
		"mistyped calls": {func(s *admintest.Server) {
			s.Verify(admintest.Call{Operation: "listWorkspace"}, admintest.Call{Method: "GET", Times: new(-1)}, admintest.Call{Times: new(1)})
		}, []string{
			`Verify: invalid calls[0].Operation: want an operation of the Admin API`, `(did you mean "listWorkspaces"?)`,
			"\ninvalid calls[1].Times: want a whole number of at least 0\ninvalid calls[2]: want an operation, method, path",
		}},
		"a fault that is wrong twice": {func(s *admintest.Server) {
			s.Fault(admintest.Fault{Action: admintest.Error{Status: 200}, Times: -1})
		}, []string{"Fault: invalid Action.Status: want a whole number from 400 to 599\ninvalid Times: want"}},
		"no expectation": {func(s *admintest.Server) { s.Verify() }, []string{"VerifyOnly() says that none was made"}},
	} {
		failing(t, what, func(f *test) {
			c.do(admintest.Run(f))
			f.Log("it went on")
		}, append(c.words, "admintest: ")...)
	}
}

func TestVerifyTellsWhatCameNearest(t *testing.T) {
	said := failing(t, "no such call", func(f *test) {
		srv := admintest.Run(f)
		invite(t, srv, "ada@example.com")
		send(t, srv, http.MethodGet, "/me", "")
		srv.Verify(admintest.Call{Operation: admintest.CreateOrganizationInvite, Body: map[string]string{"email": "bob@example.com"}})
		srv.VerifyOnly(admintest.Call{Method: "POST"})
		srv.VerifyInOrder(admintest.Call{Method: "GET"}, admintest.Call{Method: "POST"})
		f.Log("it went on")
	})
	for _, words := range []string{
		"near: #1 POST /v1/organizations/invites", `body.email: expected "bob@example.com", got "ada@example.com"`,
		"VerifyOnly: calls that nothing expected: 1\n    #2 GET /v1/organizations/me → 200",
		"Verify: calls[0]: expected at least 1 call, found no call\n", "VerifyInOrder: calls[1]: expected", "it went on",
	} {
		if !strings.Contains(said, words) {
			t.Errorf("no %q in\n%s", words, said)
		}
	}
}
