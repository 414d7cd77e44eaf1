package admintest_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"antechamber/admintest"
	"antechamber/seed"
)

func TestNewServesUntilClosed(t *testing.T) {
	srv, err := admintest.New(admintest.SeedJSON(acme))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			own := srv.Fork(t)
			if got := len(own.Outbox()); got != 1 {
				t.Errorf("fork %d has %d invites", i, got)
			}
			invite(t, own, "ada@example.com")
		})
	}
	t.Run("in", func(t *testing.T) {
		same(t, "organization", srv.OrganizationID, srv.In(t).OrganizationID)
	})
	t.Cleanup(func() { // after the parallel subtests
		armed := srv.Fault(admintest.Fault{Action: admintest.Drop{}})
		srv.Close()
		srv.Close()
		_ = armed
		_, err := srv.Client().Get(srv.URL + "/readyz")
		if err == nil || !strings.HasSuffix(err.Error(), "admintest: the server is closed") {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestNewListens(t *testing.T) {
	srv, err := admintest.New(admintest.Listen(), admintest.Seed("empty"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Get(srv.URL + "/readyz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", res, err)
	}
	res.Body.Close()
	srv.Close()
	if c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://")); err == nil {
		c.Close()
		t.Error("the port is still open after Close")
	}
}

func TestNewIsReproducible(t *testing.T) {
	var ids [2]string
	for i := range ids {
		srv, err := admintest.New(admintest.SeedJSON(acme))
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = invite(t, srv.In(t), "ada@example.com").ID
		srv.Close()
	}
	same(t, "id", ids[0], ids[1])
}

func TestNewReturnsItsErrors(t *testing.T) {
	for _, option := range []admintest.Option{admintest.Seed("dmeo"), admintest.SeedJSON(`{"name":"A","users":[{"email":"a@b.c","role":"user","added_at":"2027-01-01T00:00:00Z"}]}`)} {
		if srv, err := admintest.New(option); err == nil || srv != nil || !strings.HasPrefix(err.Error(), "admintest: New: ") {
			t.Errorf("%v, %v", srv, err)
		}
	}
}

// Without a test to end, there is nothing else to do.
func TestMethodsOfNewPanic(t *testing.T) {
	srv, err := admintest.New(admintest.Seed("empty"))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	for name, do := range map[string]func(){
		"AcceptInvite": func() { srv.AcceptInvite("invite_none") },
		"Verify":       func() { srv.Verify(admintest.Call{Operation: admintest.CreateWorkspace}) },
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.HasPrefix(said, "admintest: "+name) {
					t.Errorf("%s panics with %q", name, said)
				}
			}()
			do()
		}()
	}
}

func TestCloseIsForServersOfNew(t *testing.T) {
	mustFail(t, "Close", func(f *fakeTB) { admintest.Run(f).Close() }, "admintest: Close: the server stops when the test ends")
}

// A client that was made without Client must not wait for, or trust, a name server.
func TestForgottenClientAsksNoNameServer(t *testing.T) {
	asked := false
	resolver := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = resolver })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked = true
		return nil, net.ErrClosed
	}}
	srv := admintest.Run(t)
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: net.DefaultResolver}).DialContext}}
	_, err := client.Get(srv.URL + "/v1/organizations/me")
	if err == nil || !strings.Contains(err.Error(), "lookup use-server-client-because") {
		t.Errorf("the error is %v", err)
	}
	if asked {
		t.Error("a name server was asked")
	}
}

func TestContradictoryOptionsAreRefused(t *testing.T) {
	const key = "sk-ant-admin01-a"
	for want, options := range map[string][]admintest.Option{
		"Clock and RunningClock cannot be combined": {admintest.Clock(admintest.Start), admintest.RunningClock()},
		"IDSeed is given twice":                     {admintest.IDSeed(1), admintest.IDSeed(1)},
		"AdminKey is given twice":                   {admintest.AdminKey(key), admintest.AdminKey(key)},
		"ControlToken is given twice":               {admintest.ControlToken("a"), admintest.ControlToken("b")},
		"RateLimit is given twice":                  {admintest.RateLimit("1/min"), admintest.RateLimit("2/min")},
		"invalid ControlToken: want 1 to 256":       {admintest.ControlToken("tok\n")},
	} {
		mustFail(t, want, func(f *fakeTB) { admintest.Run(f, options...) }, "admintest: Run: "+want)
	}
}

// The lines of JSON that nobody has written would only mislead.
func TestErrorsOfSeedOfHaveNoLines(t *testing.T) {
	f := &fakeTB{T: t}
	output := f.run(func(f *fakeTB) {
		admintest.Run(f, admintest.SeedOf(seed.Organization{Name: "Acme", Users: []seed.User{{Email: "ada"}}}))
	})
	if !strings.Contains(output, "SeedOf: /organizations/0/users/0/email: ") || regexp.MustCompile(`:\d+:\d+:`).MatchString(output) {
		t.Error(output)
	}
}

func TestEffectsRefusesUnknownTypes(t *testing.T) {
	mustFail(t, "a typo", func(f *fakeTB) { admintest.Run(f).Effects("user.remove") }, `admintest: Effects: no such type "user.remove" (did you mean "user.removed"?)`)
	// Every type that the store has is known.
	files, err := filepath.Glob("../store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	srv, found := admintest.Run(t), 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\s+[A-Z]\w+\s+= "([a-z_]+\.[a-z_]+)"$`).FindAllStringSubmatch(string(source), -1) {
			found++
			srv.Effects(m[1])
		}
	}
	if found < 18 {
		t.Errorf("%d types were found", found)
	}
}
