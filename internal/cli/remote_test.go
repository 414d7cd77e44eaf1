package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/internal/remedy"
	"antechamber/internal/remote"
	"antechamber/store"
)

// serverFlags are the flags of remoteFlags.
var serverFlags = []string{"url", "admin-key", "organization", "control-token", "json"}

// serverCommands are the commands that call a server, with required arguments.
var serverCommands = []string{
	"env", "reset", "export", "import seed.json",
	"organizations", "organizations list", "organizations create", "organizations delete a", "outbox",
	"snapshot", "snapshot list", "snapshot take a", "snapshot restore a", "snapshot delete a",
	"clock", "clock show", "clock advance 1h", "clock set 2030-01-01T00:00:00Z", "clock freeze", "clock resume",
	"fault", "fault list", "fault add drop", "fault delete fault_1", "fault clear",
	"requests", "requests --follow", "requests --clear", "verify --operation createWorkspace", "accept ada@example.com",
}

func TestServerCommandsAreComplete(t *testing.T) {
	tried := map[string]bool{"antechamber serve": true, "antechamber wait": true, "antechamber validate": true, "antechamber init": true, "antechamber pull": true, "antechamber version": true}
	for _, command := range serverCommands {
		parsed, err := newParser(&process{}, new(commandLine), nil).Parse(strings.Fields(command))
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		for n := parsed.Selected(); n != nil; n = n.Parent {
			tried[n.FullPath()] = true
		}
	}
	for _, command := range commands() {
		if !tried[command.FullPath()] {
			t.Errorf("%s is not in serverCommands", command.FullPath())
		}
	}
}

// contract serves the seed contract with fixed ids.
func contract(t *testing.T, args ...string) *testServer {
	t.Helper()
	s := startServer(t, "", append([]string{"--seed", "contract", "--id-seed", "1"}, args...)...)
	t.Setenv("ANTECHAMBER_URL", s.url)
	return s
}

// wantOutput checks that a command succeeds and prints the expected output.
func wantOutput(t *testing.T, stdout, stderr string, args ...string) {
	t.Helper()
	code, out, errs := execute(t, "", args...)
	if diff := cmp.Diff([]any{exitFine, stdout, stderr}, []any{code, out, errs}); diff != "" {
		t.Errorf("antechamber %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// wantRefusal checks that a command fails and prints only the expected messages.
func wantRefusal(t *testing.T, code int, stderr string, args ...string) {
	t.Helper()
	got, out, errs := execute(t, "", args...)
	stdout := ""
	if args[0] == "env" && !slices.Contains(args, "--json") {
		stdout = "false\n" // for the shell that evaluates it
	}
	if diff := cmp.Diff([]any{code, stdout, stderr}, []any{got, out, errs}); diff != "" {
		t.Errorf("antechamber %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// emulate sends a request to the control plane, as curl would.
func (s *testServer) emulate(method, path, body string) string {
	s.t.Helper()
	plane := &remote.Plane{URL: s.url, HTTP: client}
	response, err := plane.Do(s.t.Context(), method, path, []byte(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(response)
}

// refusal returns the server's message for a request that it refuses, without a full
// stop.
func (s *testServer) refusal(method, path, body string) string {
	s.t.Helper()
	plane := &remote.Plane{URL: s.url, HTTP: client}
	_, err := plane.Do(s.t.Context(), method, path, []byte(body))
	refusal, ok := errors.AsType[*remote.Error](err)
	if !ok {
		s.t.Fatalf("%s %s: %v, want a refusal", method, path, err)
	}
	return strings.TrimSuffix(refusal.Message, ".")
}

func TestWithoutAServer(t *testing.T) {
	files(t, map[string]string{"seed.json": validSeed})
	at := unusedAddress(t)
	message := fmt.Sprintf("antechamber: no server answers at http://%s: dial tcp %s: connect: connection refused\n"+
		"antechamber: start one with antechamber --addr %s, or choose another server with --url\n", at, at, at)
	for _, command := range serverCommands {
		wantRefusal(t, exitFailed, message, append(strings.Fields(command), "--url", "http://"+at)...)
	}
}

func TestServerURLFromTheEnvironment(t *testing.T) {
	at := unusedAddress(t)
	t.Setenv("ANTECHAMBER_ADDR", strings.Replace(at, "127.0.0.1", "", 1))
	if _, _, stderr := execute(t, "", "reset"); !strings.HasPrefix(stderr, "antechamber: no server answers at http://"+at+": ") {
		t.Errorf("with ANTECHAMBER_ADDR: %s", stderr)
	}
	t.Setenv("ANTECHAMBER_URL", "http://localhost:1")
	if _, _, stderr := execute(t, "", "reset"); !strings.HasPrefix(stderr, "antechamber: no server answers at http://localhost:1: ") {
		t.Errorf("with ANTECHAMBER_URL: %s", stderr)
	}
}

func TestUnexpectedResponses(t *testing.T) {
	url := serveHTTP(t, status(http.StatusTeapot))
	wantRefusal(t, exitFailed, "antechamber: no Antechamber server at "+url+": 418 I'm a teapot\n"+
		"antechamber: start it, or choose another server with --url\n", "reset", "--url", url)
	url = serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") })
	wantRefusal(t, exitFailed, "antechamber: unexpected response from the control plane: invalid character '<' looking for beginning of value\n", "reset", "--url", url)
	wantRefusal(t, exitFailed, "antechamber: unexpected response from the control plane: invalid character '<' looking for beginning of value\n", "env", "--url", url)
}

func TestHowToStart(t *testing.T) {
	const other = "start it, or choose another server with --url"
	for where, want := range map[string]string{
		"http://127.0.0.1:0":      other,
		"http://127.0.0.1:4020":   "start one with antechamber --addr 127.0.0.1:4020, or choose another server with --url",
		"http://[::1]:4020":       "start one with antechamber --addr [::1]:4020, or choose another server with --url",
		"http://localhost:1/base": "start one with antechamber --addr localhost:1, or choose another server with --url",
		"http://antechamber:4020": "start it, or choose another server with --url",
		"http://127.0.0.1":        "start it, or choose another server with --url",
		"https://127.0.0.1:4020":  "start it, or choose another server with --url",
	} {
		if got := howToStart(&remote.Unreachable{URL: where, Err: syscall.ECONNREFUSED}); got != want {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
		if got := howToStart(&remote.Unreachable{URL: where, Err: errors.New("unexpected response")}); got != other {
			t.Errorf("%s, where something else runs: %s", where, got)
		}
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	for _, url := range []string{"http://me:hunter 2@host", "http://me:hun/ter2@host", "http:me:hunter2@host", "me:hunter2@host"} {
		wantRefusal(t, exitBadInput, "antechamber: invalid --url \"…@host\": want the base URL of a server, such as http://127.0.0.1:4020\n", "reset", "--url", url)
	}
}

// Only the flag --json, not its variable, makes env print an object.
func TestEnvIgnoresTheJSONVariable(t *testing.T) {
	s := startServer(t, "", "--seed", "empty")
	t.Setenv("ANTECHAMBER_JSON", "true")
	wantOutput(t, "export ANTHROPIC_BASE_URL="+s.url+"\nexport ANTHROPIC_API_KEY="+defaultAdminKey+"\nexport ANTECHAMBER_URL="+s.url+"\n", "", "env", "--url", s.url)
}

func TestBadServerFlags(t *testing.T) {
	const key = "antechamber: invalid --admin-key: want sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -, such as sk-ant-admin01-antechamber\n"
	files(t, map[string]string{"seed.json": validSeed})
	for _, command := range serverCommands {
		args := strings.Fields(command)
		wantRefusal(t, exitBadInput, "antechamber: invalid --url \"127.0.0.1:4020\": want the base URL of a server, such as http://127.0.0.1:4020 (did you mean \"http://127.0.0.1:4020\"?)\n", append(args, "--url", "127.0.0.1:4020")...)
		wantRefusal(t, exitBadInput, key, append(args, "--admin-key", "sk-ant-api03-secret")...)
		code, stdout, stderr := execute(t, "", append(args, "--control-token", "a secret")...)
		if code != exitBadInput || !strings.HasPrefix(stderr, "antechamber: invalid --control-token: want "+api.TokenForm+" (see antechamber "+args[0]) || stdout != "" && command != "env" {
			t.Errorf("%s --control-token: exit code %d: %s%s", command, code, stdout, stderr)
		}
	}
}

// A shell that evaluates what env prints must fail when env does.
func TestEnvFailsTheShell(t *testing.T) {
	for _, args := range []string{"--url http://127.0.0.1:1", "--shell tcsh", "--urll x", "--control-token ä", "--url="} {
		code, stdout, stderr := execute(t, "", append([]string{"env"}, strings.Fields(args)...)...)
		if code == exitFine || stdout != "false\n" {
			t.Errorf("env %s: exit code %d: %q, %s", args, code, stdout, stderr)
		}
	}
}

// TestControlToken calls a server that other machines can reach.
func TestControlToken(t *testing.T) {
	files(t, map[string]string{"seed.json": validSeed})
	s := startServer(t, "", "--addr", ":0", "--expose", "--seed", "empty", "--control-token", "open-sesame")
	t.Setenv("ANTECHAMBER_URL", s.url)
	message := "antechamber: " + s.refusal("GET", "/clock", "") + " (set --control-token to the token that the server was started with, or printed at startup)\n"
	for _, command := range serverCommands {
		wantRefusal(t, exitFailed, message, strings.Fields(command)...)
		wantRefusal(t, exitFailed, message, append(strings.Fields(command), "--control-token", "wrong-one")...)
	}
	wantOutput(t, "no faults\n", "", "fault", "clear", "--control-token", "open-sesame")
	t.Setenv("ANTECHAMBER_CONTROL_TOKEN", "open-sesame")
	wantOutput(t, "no faults\n", "", "fault", "clear")
}

func TestSelectingAnOrganization(t *testing.T) {
	files(t, map[string]string{"two.json": `{"organizations": [
		{"id": "11111111-1111-1111-1111-111111111111", "name": "First", "clock": {"frozen_at": "2026-01-01T00:00:00Z"}},
		{"id": "22222222-2222-2222-2222-222222222222", "name": "Second", "clock": {"frozen_at": "2027-01-01T00:00:00Z"}, "admin_keys": ["sk-ant-admin01-second"]}]}`})
	s := startServer(t, "", "--seed", "two.json")
	t.Setenv("ANTECHAMBER_URL", s.url)
	const first, second = "reset First to its initial state at 2026-01-01T00:00:00Z\n", "reset Second to its initial state at 2027-01-01T00:00:00Z\n"
	wantOutput(t, first, "", "reset")
	wantOutput(t, second, "", "reset", "--admin-key", "sk-ant-admin01-second")
	wantOutput(t, second, "", "reset", "--organization", "22222222-2222-2222-2222-222222222222")
	wantOutput(t, first, "", "reset", "--admin-key", "sk-ant-admin01-second", "--organization", "11111111-1111-1111-1111-111111111111")
	wantOutput(t, "2027-01-01T00:00:00.000000Z frozen\n", "", "clock", "--admin-key", "sk-ant-admin01-second", "show")
	hint := " (select one with --admin-key or --organization; antechamber organizations lists all organizations)\n"
	wantRefusal(t, exitBadInput, "antechamber: no such organization"+hint, "reset", "--admin-key", "sk-ant-admin01-unknown")
	wantRefusal(t, exitBadInput, `antechamber: no such organization "x y&z"`+hint, "reset", "--organization", "x y&z")
	t.Setenv("ANTECHAMBER_ADMIN_KEY", "sk-ant-admin01-second")
	wantOutput(t, second, "", "reset")
	t.Setenv("ANTECHAMBER_ORGANIZATION", "11111111-1111-1111-1111-111111111111")
	wantOutput(t, first, "", "reset")
	t.Setenv("ANTECHAMBER_ADMIN_KEY", "")
	wantOutput(t, first, "", "reset")
	wantOutput(t, second, "", "reset", "--admin-key", "sk-ant-admin01-second")
	wantOutput(t, "2027-01-01T00:00:00.000000Z frozen\n", "", "clock", "show", "--admin-key", "sk-ant-admin01-second")
	wantOutput(t, first, "", "reset", "--admin-key", "sk-ant-admin01-second", "--organization", "11111111-1111-1111-1111-111111111111")
}

func TestJSONPrintsTheResponse(t *testing.T) {
	s := contract(t)
	s.request("GET", "/v1/organizations/users", defaultAdminKey, "")
	for command, call := range map[string][3]string{
		"reset":                       {"POST", "/reset", ""},
		"export":                      {"GET", "/state", ""},
		"snapshot take a":             {"POST", "/snapshots", `{"name":"a"}`},
		"snapshot":                    {"GET", "/snapshots", ""},
		"clock":                       {"GET", "/clock", ""},
		"clock freeze":                {"POST", "/clock", `{"freeze":true}`},
		"fault":                       {"GET", "/faults", ""},
		"fault clear":                 {"DELETE", "/faults", ""},
		"requests":                    {"GET", "/requests?limit=20", ""},
		"requests --status 200":       {"GET", "/requests?status=200&limit=20", ""},
		"requests --limit all --json": {"GET", "/requests", ""},
	} {
		want := s.emulate(call[0], call[1], call[2])
		wantOutput(t, want, "", append(strings.Fields(command), "--json")...)
	}
	t.Setenv("ANTECHAMBER_JSON", "true")
	wantOutput(t, `{"now":"2024-11-01T23:59:27.427722Z","frozen":true}`+"\n", "", "clock")
	// So is a refusal.
	code, stdout, stderr := execute(t, "", "clock", "set", "soon")
	_, err := (&remote.Plane{URL: s.url, HTTP: client}).Do(t.Context(), "POST", "/clock", []byte(`{"set":"soon"}`))
	refusal, ok := errors.AsType[*remote.Error](err)
	if !ok || code != exitBadInput || stdout != string(refusal.Body) || !json.Valid([]byte(stdout)) || !strings.HasPrefix(stderr, "antechamber: invalid <TIME>") {
		t.Errorf("a refusal: exit code %d: %s%s", code, stdout, stderr)
	}
	wantRefusal(t, exitBadInput, "antechamber: invalid <TIME> \"soon\": want an RFC 3339 time from 1970 to 9998, such as 2026-01-01T00:00:00Z\n", "clock", "set", "soon", "--json=false")
}

func TestExitCodesOfRefusals(t *testing.T) {
	for code, want := range map[int]int{400: 2, 401: 1, 403: 1, 404: 2, 405: 2, 409: 1, 413: 2, 422: 2, 500: 1, 503: 1} {
		url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, `{"error":{"code":"x","message":"No.","hint":"Try \u001b[31mthis."}}`)
		})
		wantRefusal(t, want, "antechamber: No (Try \uFFFD[31mthis)\n", "reset", "--url", url)
	}
}

// The value of a problem is shown if the server sends it.
func TestValuesOfProblems(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":{"code":"x","message":"invalid","problems":[`+
			`{"type":"invalid","field":"action.status","value":"200","message":"want a whole number from 400 to 599"},`+
			`{"type":"invalid","field":"action.type","value":"\"eror\"","message":"want error, delay, drop, drop_after_commit, truncate, malformed or stale_read","remedy":{"type":"did_you_mean","value":"error"}},`+
			`{"type":"missing","field":"action.bytes"},{"type":"missing","field":"action.writes","message":"want a whole number"},`+
			`{"type":"repeated","field":"match.body.a"}],"more":2}}`)
	})
	wantRefusal(t, exitBadInput, `antechamber: invalid --status 200: want a whole number from 400 to 599
antechamber: invalid <ACTION> "eror": want error, delay, drop, drop_after_commit, truncate, malformed or stale_read (did you mean "error"?)
antechamber: --bytes is required
antechamber: --writes is required: want a whole number
antechamber: repeated --body.a
antechamber: and 2 more
`, "fault", "add", "eror", "--url", url)
}

// Types without a hint of ours use the server's: it reads well on the command line
// too, or no command meets it.
func TestEveryRemedyHasAHint(t *testing.T) {
	f := &remoteFlags{URL: new("http://127.0.0.1:1/base/")}
	serverHints := []remedy.Type{remedy.DidYouMean, remedy.FixAdminKey, remedy.LeaveOutTimes, remedy.UseLocalPage, remedy.UseOneOf}
	for _, typ := range remedy.Types {
		hint := f.hint(&remedy.Remedy{Type: typ})
		if got := slices.Contains(serverHints, typ); got != (hint == "") {
			t.Errorf("%s has the hint %q", typ, hint)
		}
	}
	for _, r := range []*remedy.Remedy{nil, {Type: "of_a_newer_server"}} {
		if got := f.hint(r); got != "" {
			t.Errorf("%v has the hint %q", r, got)
		}
	}
}

// The commands in hints can be pasted into a shell. They reveal no key or token.
func TestCommandsInHints(t *testing.T) {
	t.Setenv("ANTECHAMBER_ADMIN_KEY", "sk-ant-admin01-env")
	url := new("http://me:secret@127.0.0.1:1/base/")
	removeLimit := &remedy.Remedy{Type: remedy.RemoveLimit, Limit: "member_limit"}
	for want, f := range map[string]*remoteFlags{
		`curl -X PATCH -d '{"member_limit":null}' http://me:xxxxx@127.0.0.1:1/base/_emulate/settings`:                                        {URL: url},
		`curl -X PATCH -d '{"member_limit":null}' 'http://me:xxxxx@127.0.0.1:1/base/_emulate/settings?organization=a+b'`:                     {URL: url, AdminKey: new("sk-ant-admin01-x"), Organization: "a b"},
		`curl -H "x-api-key: KEY" -X PATCH -d '{"member_limit":null}' http://me:xxxxx@127.0.0.1:1/base/_emulate/settings`:                    {URL: url, AdminKey: new("sk-ant-admin01-x")},
		`curl -H "x-api-key: $ANTECHAMBER_ADMIN_KEY" -X PATCH -d '{"member_limit":null}' http://me:xxxxx@127.0.0.1:1/base/_emulate/settings`: {URL: url, AdminKey: new("sk-ant-admin01-env")},
		`curl -H "Authorization: Bearer TOKEN" -X PATCH -d '{"member_limit":null}' http://me:xxxxx@127.0.0.1:1/base/_emulate/settings`:       {URL: url, ControlToken: "secret"},
	} {
		if got := f.hint(removeLimit); got != want+" removes the limit" {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAsFlag(t *testing.T) {
	for field, want := range map[string]string{
		"match.operation": "--operation", "action.retry_after": "--retry-after", "times": "--times",
		"match.body.a_b": "--body.a_b", "expect[0].path": "--path",
	} {
		if got := asFlag(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}

func TestWithoutAJournal(t *testing.T) {
	s := contract(t, "--journal-size", "0")
	for _, command := range []string{"requests", "requests --follow", "requests --clear", "verify --no-others"} {
		wantRefusal(t, exitFailed, "antechamber: "+s.refusal("GET", "/requests", "")+" (start the server with --journal-size 1000)\n", strings.Fields(command)...)
	}
}

func TestInterruptedCall(t *testing.T) {
	requested := make(chan struct{})
	url := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) {
		close(requested)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-requested
		cancel()
	}()
	var out, errs buffer
	code := run(ctx, []string{"reset", "--url", url}, &process{strings.NewReader(""), &out, &errs, time.Now(), store.RealTime(), newBuild("", ""), false})
	if code != exitFailed || out.String() != "" || errs.String() != "antechamber: interrupted\n" {
		t.Errorf("exit code %d: %s%s", code, &out, &errs)
	}
}

func TestReset(t *testing.T) {
	s := contract(t)
	s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name":"New"}`)
	wantOutput(t, "reset Acme Corporation to its initial state at 2024-11-01T23:59:27Z\n", "", "reset")
	if _, response := s.request("GET", "/v1/organizations/workspaces", defaultAdminKey, ""); strings.Contains(response, `"New"`) {
		t.Errorf("the workspace is still there: %s", response)
	}
}

func TestSnapshots(t *testing.T) {
	s := contract(t)
	wantOutput(t, "", "antechamber: no snapshots (antechamber snapshot take NAME saves one)\n", "snapshot")
	wantOutput(t, "saved snapshot a/b % at 2024-11-01T23:59:27Z\n", "", "snapshot", "take", "a/b %")
	wantOutput(t, "2024-12-01T23:59:27.427722Z frozen\nAT                    EFFECT          ID\n"+
		"2024-11-20T23:58:27Z  invite.expired  invite_015gWxCN9Hfg2QhZwTK7Mdeu\n", "", "clock", "advance", "30d")
	wantOutput(t, "saved snapshot later at 2024-12-01T23:59:27Z\n", "", "snapshot", "take", "later")
	wantOutput(t, "NAME   TAKEN AT\na/b %  2024-11-01T23:59:27Z\nlater  2024-12-01T23:59:27Z\n", "", "snapshot", "list")
	wantOutput(t, "restored Acme Corporation from snapshot a/b % at 2024-11-01T23:59:27Z\n", "", "snapshot", "restore", "a/b %")
	wantOutput(t, "deleted snapshot a/b %\n", "", "snapshot", "delete", "a/b %")
	wantRefusal(t, exitBadInput, "antechamber: "+s.refusal("DELETE", "/snapshots/a%2Fb%20%25", "")+" (antechamber snapshot lists the snapshots)\n", "snapshot", "restore", "a/b %")
	wantRefusal(t, exitBadInput, "antechamber: invalid <NAME> \"\": want the name of a snapshot\n", "snapshot", "restore", "")
	wantRefusal(t, exitBadInput, "antechamber: invalid <NAME> \"\": want the name of a snapshot\n", "snapshot", "delete", "")
	wantRefusal(t, exitBadInput, "antechamber: invalid <NAME> \"seed\": want a name of 1 to 255 characters, without control characters, other than seed, empty, . and ..\n", "snapshot", "take", "seed")
}

func TestClockCommands(t *testing.T) {
	contract(t)
	wantOutput(t, "2024-11-01T23:59:27.427722Z frozen\n", "", "clock")
	wantOutput(t, "2024-11-01T23:59:28.427722Z frozen\n", "", "clock", "advance", "1s")
	wantOutput(t, "2024-11-03T00:00:00.000000Z frozen\n", "", "clock", "set", "2024-11-03T00:00:00Z", "--freeze")
	code, stdout, stderr := execute(t, "", "clock", "resume")
	if code != exitFine || !strings.HasPrefix(stdout, "2024-11-03T00:00:00.") || !strings.HasSuffix(stdout, "Z running\n") || stderr != "" {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute(t, "", "clock", "freeze")
	if code != exitFine || !strings.HasPrefix(stdout, "2024-11-03T00:0") || !strings.HasSuffix(stdout, "Z frozen\n") || stderr != "" {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	wantRefusal(t, exitBadInput, "antechamber: invalid <DURATION> \"soon\": want a duration, such as 504h, 90s, 21d or 3w\n", "clock", "advance", "soon")
	code, _, stderr = execute(t, "", "clock", "set", "2024-01-01T00:00:00Z")
	if code != exitBadInput || !strings.HasSuffix(stderr, " and never goes backwards (antechamber reset and antechamber snapshot restore return to an earlier time)\n") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestAccept(t *testing.T) {
	s := contract(t)
	wantOutput(t, "Newuser (newuser@example.com) joined with role user: user_01JBN2PV636Y92J000000031Y3\n", "", "accept", "invite_015gWxCN9Hfg2QhZwTK7Mdeu")
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	code, stdout, _ := execute(t, "", "accept", "ADA@example.com", "--name", "Ada Lovelace")
	if code != exitFine || !strings.HasPrefix(stdout, "Ada Lovelace (ada@example.com) joined with role developer: user_") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	wantRefusal(t, exitBadInput, "antechamber: no invite was sent to bob@example.com (antechamber outbox lists the invites that were sent)\n", "accept", "bob@example.com")
	wantRefusal(t, exitBadInput, "antechamber: "+s.refusal("POST", "/invites/invite_015gWxCN9Hfg2QhZwTK7Mdeu/accept", "{}")+"\n", "accept", "invite_015gWxCN9Hfg2QhZwTK7Mdeu")
	wantRefusal(t, exitBadInput, "antechamber: invalid <INVITE> \"\": want the id of an invite or an email\n", "accept", "")
	wantRefusal(t, exitBadInput, "antechamber: no invite was sent to bob@example.com (antechamber outbox lists the invites that were sent)\n", "accept", "bob@example.com", "--json")
}

func TestExport(t *testing.T) {
	s := contract(t)
	state := s.emulate("GET", "/state", "")
	wantOutput(t, state, "", "export")
	wantOutput(t, state, "", "export", "-")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("acme.json", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("acme.json", "link.json"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"acme.json", "link.json", "new.json"} {
		if file != "new.json" {
			wantRefusal(t, exitBadInput, "antechamber: "+file+" already exists (use --force to overwrite it)\n", "export", file)
		}
		wantOutput(t, "wrote Acme Corporation to "+file+" (contains its admin keys)\n", "", "export", file, "--force")
		got, err := os.ReadFile(file)
		info, _ := os.Stat(file)
		if err != nil || string(got) != state || info.Mode() != 0o600 {
			t.Errorf("%s: %v, mode %v, content %q", file, err, info.Mode(), got)
		}
	}
	if info, err := os.Lstat("link.json"); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	wantOutput(t, "wrote Acme Corporation to /dev/null (contains its admin keys)\n", "", "export", "/dev/null")
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null was replaced: %v", err)
	}
	wantRefusal(t, exitFailed, "antechamber: cannot write nowhere/a.json: no such file or directory\n", "export", "nowhere/a.json")
	wantRefusal(t, exitFailed, "antechamber: cannot write .: is a directory\n", "export", ".")
	if left, _ := filepath.Glob(".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// An export can be served.
	if got := startServer(t, "", "--seed", "acme.json").organization(defaultAdminKey); got != "Acme Corporation" {
		t.Errorf("it serves %q", got)
	}
}

func TestImport(t *testing.T) {
	const two = `{"organizations":[{"name":"A"},{"name":"B","admin_keys":["sk-ant-admin01-b"]}]}`
	s := contract(t)
	files(t, map[string]string{"valid.json": validSeed, "invalid.json": invalidSeed, "two.json": two})
	wantOutput(t, "imported Acme from valid.json at 2024-11-01T23:59:27Z\n", "", "import", "valid.json")
	if got := s.emulate("GET", "/state", ""); !strings.Contains(got, "jane@example.com") {
		t.Errorf("not replaced: %s", got)
	}
	before := s.emulate("GET", "/state", "")
	_, _, checked := execute(t, "", "validate", "invalid.json")
	code, stdout, stderr := execute(t, "", "import", "invalid.json")
	if want := strings.Replace(checked, "2 errors in 1 of 1 file", "2 errors in seed invalid.json", 1); code != exitBadInput || stdout != "" || stderr != want {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute(t, "{", "import", "-", "--json")
	if code != exitBadInput || !json.Valid([]byte(stdout)) || !strings.HasPrefix(stderr, "stdin:1:2: invalid JSON") || !strings.HasSuffix(stderr, "antechamber: 1 error in seed stdin\n") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	wantRefusal(t, exitBadInput, "antechamber: two.json: "+s.refusal("PUT", "/state", two)+" (import one organization at a time, selected by --admin-key or --organization)\n", "import", "two.json")
	wantRefusal(t, exitBadInput, "antechamber: cannot read seed none.json: no such file or directory\n", "import", "none.json")
	if after := s.emulate("GET", "/state", ""); after != before {
		t.Errorf("a refused import changes something (-before +after):\n%s", cmp.Diff(before, after))
	}
}

func TestEnv(t *testing.T) {
	files(t, map[string]string{"two.json": `{"organizations": [{"name": "First"},
		{"id": "22222222-2222-2222-2222-222222222222", "name": "Second", "admin_keys": ["sk-ant-admin01-second"]}]}`})
	s := startServer(t, "", "--seed", "two.json")
	first := s.emulate(http.MethodGet, "/organizations?q=first", "")
	firstID := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(first)[1]
	const secondID = "22222222-2222-2222-2222-222222222222"
	check := func(key, organization string) {
		t.Helper()
		want := "export ANTHROPIC_BASE_URL=" + s.url + "\nexport ANTHROPIC_API_KEY=" + key + "\nexport ANTECHAMBER_URL=" + s.url + "\n"
		if organization != "" {
			want += "export ANTECHAMBER_ORGANIZATION=" + organization + "\n"
		}
		wantOutput(t, want, "", "env", "--url", s.url+"/")
	}
	check(defaultAdminKey, "")
	wantOutput(t, "set -gx ANTHROPIC_BASE_URL '"+s.url+"'\nset -gx ANTHROPIC_API_KEY '"+defaultAdminKey+"'\nset -gx ANTECHAMBER_URL '"+s.url+"'\n", "", "env", "--url", s.url, "--shell", "fish")
	wantOutput(t, "$env:ANTHROPIC_BASE_URL = '"+s.url+"'\n$env:ANTHROPIC_API_KEY = '"+defaultAdminKey+"'\n$env:ANTECHAMBER_URL = '"+s.url+"'\n", "", "env", "--url", s.url, "--shell", "powershell")
	wantOutput(t, "{\n  \"ANTECHAMBER_URL\": \""+s.url+"\",\n  \"ANTHROPIC_API_KEY\": \""+defaultAdminKey+"\",\n  \"ANTHROPIC_BASE_URL\": \""+s.url+"\"\n}\n", "", "env", "--url", s.url, "--json")
	t.Setenv("ANTECHAMBER_ADMIN_KEY", "sk-ant-admin01-second")
	check("sk-ant-admin01-second", secondID)
	t.Setenv("ANTECHAMBER_ADMIN_KEY", defaultAdminKey)
	check(defaultAdminKey, firstID)
	t.Setenv("ANTECHAMBER_ORGANIZATION", secondID)
	check("sk-ant-admin01-second", secondID)
	t.Setenv("ANTECHAMBER_ORGANIZATION", "nobody")
	wantRefusal(t, exitBadInput, "antechamber: "+s.refusal("GET", "/?organization=nobody", "")+" (from ANTECHAMBER_ORGANIZATION; select one with --admin-key or --organization; antechamber organizations lists all organizations)\n", "env", "--url", s.url, "--json")
}

func TestEnvNeedsAnAdminKey(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"organization":{"name":"Acme","admin_key":null}}`)
	})
	wantRefusal(t, exitFailed, "antechamber: organization \"Acme\" has no admin key\n", "env", "--url", url)
}

func TestShellQuoting(t *testing.T) {
	const odd = `it's \ $(x) "‘`
	for syntax, want := range map[shell]string{
		"sh":         `export A='it'\''s \ $(x) "‘'`,
		"fish":       `set -gx A 'it\'s \\ $(x) "‘'`,
		"powershell": `$env:A = 'it''s \ $(x) "‘‘'`,
	} {
		var out buffer
		c := envCmd{Shell: syntax}
		if err := c.print(&process{stdout: &out}, []variable{{"A", odd}}); err != nil || out.String() != want+"\n" {
			t.Errorf("%s: %v, %s want %s", syntax, err, &out, want)
		}
	}
}

// A URL that is nearly right is corrected in the hint.
func TestNearURL(t *testing.T) {
	for given, near := range map[string]string{
		"4020": "http://127.0.0.1:4020", ":4020": "http://127.0.0.1:4020", "0.0.0.0:4020": "http://127.0.0.1:4020",
		"localhost:4020": "http://localhost:4020", "antechamber": "http://antechamber", "localhost:4020/v1": "http://localhost:4020",
		"http://localhost:4020/v1": "http://localhost:4020", "http://localhost:4020/x/v1/": "http://localhost:4020/x",
		"https://localhost/_emulate": "https://localhost",
	} {
		wantRefusal(t, exitBadInput, fmt.Sprintf("antechamber: invalid --url %q: want the base URL of a server, such as http://127.0.0.1:4020 (did you mean %q?)\n", given, near),
			"clock", "--url", given)
	}
	for _, given := range []string{"ftp://localhost", "http://", "x@localhost:4020", "a b"} {
		code, _, stderr := execute(t, "", "clock", "--url", given)
		if code != exitBadInput || strings.Contains(stderr, "did you mean") {
			t.Errorf("%s: exit code %d: %s", given, code, stderr)
		}
	}
}
