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

	"antechamber/internal/remedy"
	"antechamber/internal/remote"
	"antechamber/store"
)

// serverFlags are those that find a server, and say how its answer is printed.
var serverFlags = []string{"url", "admin-key", "organization", "control-token", "json"}

// toServers are the verbs that talk to a server, each with what it needs.
var toServers = []string{
	"env", "reset", "export", "import seed.json",
	"snapshot", "snapshot list", "snapshot take a", "snapshot restore a", "snapshot delete a",
	"clock", "clock show", "clock advance 1h", "clock set 2030-01-01T00:00:00Z", "clock freeze", "clock resume",
	"fault", "fault list", "fault add drop", "fault delete fault_1", "fault clear",
	"requests", "requests --follow", "requests --clear", "verify --operation createWorkspace", "accept ada@example.com",
}

func TestEveryCommandToAServerIsTried(t *testing.T) {
	tried := map[string]bool{"antechamber serve": true, "antechamber wait": true, "antechamber validate": true, "antechamber init": true, "antechamber pull": true, "antechamber version": true}
	for _, command := range toServers {
		parsed, err := newParser(&process{}, new(commandLine), nil).Parse(strings.Fields(command))
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		for n := parsed.Selected(); n != nil; n = n.Parent {
			tried[n.FullPath()] = true
		}
	}
	for _, command := range commands(t) {
		if !tried[command.FullPath()] {
			t.Errorf("%s is in none of these tests", command.FullPath())
		}
	}
}

// contract serves the seed of that name, always with the same ids.
func contract(t *testing.T, args ...string) *testServer {
	t.Helper()
	s := startServer(t, "", append([]string{"--seed", "contract", "--id-seed", "1"}, args...)...)
	t.Setenv("ANTECHAMBER_URL", s.url)
	return s
}

// does checks what a command prints, and that it exits with 0.
func does(t *testing.T, stdout, stderr string, args ...string) {
	t.Helper()
	code, out, errs := execute(t, "", args...)
	if diff := cmp.Diff([]any{exitFine, stdout, stderr}, []any{code, out, errs}); diff != "" {
		t.Errorf("antechamber %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// refuses checks that a command fails, and prints nothing but why.
func refuses(t *testing.T, code int, stderr string, args ...string) {
	t.Helper()
	got, out, errs := execute(t, "", args...)
	said := ""
	if args[0] == "env" && !slices.Contains(args, "--json") {
		said = "false\n" // to the shell that evaluates it
	}
	if diff := cmp.Diff([]any{code, said, stderr}, []any{got, out, errs}); diff != "" {
		t.Errorf("antechamber %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// emulate sends a request to the control plane, as curl would.
func (s *testServer) emulate(method, path, body string) string {
	s.t.Helper()
	plane := &remote.Plane{URL: s.url, HTTP: client}
	answer, err := plane.Do(s.t.Context(), method, path, []byte(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(answer)
}

func TestWithoutAServer(t *testing.T) {
	files(t, map[string]string{"seed.json": soundSeed})
	at := freeAddress(t)
	sentence := fmt.Sprintf("antechamber: no server answers at http://%s: dial tcp %s: connect: connection refused\n"+
		"antechamber: start one with: antechamber --addr %s, or name another one with --url\n", at, at, at)
	for _, command := range toServers {
		refuses(t, exitFailed, sentence, append(strings.Fields(command), "--url", "http://"+at)...)
	}
}

func TestTheServerIsThatOfTheEnvironment(t *testing.T) {
	at := freeAddress(t)
	t.Setenv("ANTECHAMBER_ADDR", strings.Replace(at, "127.0.0.1", "", 1))
	if _, _, stderr := execute(t, "", "reset"); !strings.HasPrefix(stderr, "antechamber: no server answers at http://"+at+": ") {
		t.Errorf("with ANTECHAMBER_ADDR it says %s", stderr)
	}
	t.Setenv("ANTECHAMBER_URL", "http://localhost:1")
	if _, _, stderr := execute(t, "", "reset"); !strings.HasPrefix(stderr, "antechamber: no server answers at http://localhost:1: ") {
		t.Errorf("with ANTECHAMBER_URL it says %s", stderr)
	}
}

func TestWhatAnswersIsNoAntechamber(t *testing.T) {
	url := answering(t, status(http.StatusTeapot))
	refuses(t, exitFailed, "antechamber: no server answers at "+url+": what answers has no control plane: 418 I'm a teapot\n"+
		"antechamber: start it, or name another one with --url\n", "reset", "--url", url)
	url = answering(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") })
	refuses(t, exitFailed, "antechamber: the server's answer is not what a control plane says: invalid character '<' looking for beginning of value\n", "reset", "--url", url)
	refuses(t, exitFailed, "antechamber: the server's answer is not what a control plane says: invalid character '<' looking for beginning of value\n", "env", "--url", url)
}

func TestHowToStart(t *testing.T) {
	const other = "start it, or name another one with --url"
	for where, want := range map[string]string{
		"http://127.0.0.1:0":      other,
		"http://127.0.0.1:4020":   "start one with: antechamber --addr 127.0.0.1:4020, or name another one with --url",
		"http://[::1]:4020":       "start one with: antechamber --addr [::1]:4020, or name another one with --url",
		"http://localhost:1/base": "start one with: antechamber --addr localhost:1, or name another one with --url",
		"http://antechamber:4020": "start it, or name another one with --url",
		"http://127.0.0.1":        "start it, or name another one with --url",
		"https://127.0.0.1:4020":  "start it, or name another one with --url",
	} {
		if got := howToStart(&remote.Unreachable{URL: where, Err: syscall.ECONNREFUSED}); got != want {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
		if got := howToStart(&remote.Unreachable{URL: where, Err: errors.New("it is another server")}); got != other {
			t.Errorf("%s, where there is something else: %s", where, got)
		}
	}
}

func TestAPasswordIsNotRepeated(t *testing.T) {
	refuses(t, exitBadInput, "antechamber: --url: expected a URL such as http://127.0.0.1:4020, not \"http://…@host\"\n", "reset", "--url", "http://me:hunter 2@host")
}

// The variable for what a server answered is no word to a shell.
func TestTheEnvironmentIsForAShell(t *testing.T) {
	s := startServer(t, "", "--seed", "empty")
	t.Setenv("ANTECHAMBER_JSON", "true")
	does(t, "export ANTHROPIC_BASE_URL="+s.url+"\nexport ANTHROPIC_API_KEY="+defaultAdminKey+"\nexport ANTECHAMBER_URL="+s.url+"\n", "", "env", "--url", s.url)
}

func TestServerFlagsThatAreRefused(t *testing.T) {
	const key = "antechamber: --admin-key: expected sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -, such as sk-ant-admin01-antechamber\n"
	files(t, map[string]string{"seed.json": soundSeed})
	for _, command := range toServers {
		args := strings.Fields(command)
		refuses(t, exitBadInput, "antechamber: --url: expected a URL such as http://127.0.0.1:4020, not \"127.0.0.1:4020\"\n", append(args, "--url", "127.0.0.1:4020")...)
		refuses(t, exitBadInput, key, append(args, "--admin-key", "sk-ant-api03-secret")...)
		refuses(t, exitBadInput, "antechamber: --control-token: expected no blank and no control character in it\n", append(args, "--control-token", "a secret")...)
	}
}

// TestTheTokenOfAnExposedServer drives a server that other machines can reach.
func TestTheTokenOfAnExposedServer(t *testing.T) {
	files(t, map[string]string{"seed.json": soundSeed})
	s := startServer(t, "", "--addr", ":0", "--expose", "--seed", "empty", "--control-token", "open-sesame")
	t.Setenv("ANTECHAMBER_URL", s.url)
	const sentence = "antechamber: The control plane asks for its token (set --control-token to the token that the server was started with, or printed at start)\n"
	for _, command := range toServers {
		refuses(t, exitFailed, sentence, strings.Fields(command)...)
		refuses(t, exitFailed, sentence, append(strings.Fields(command), "--control-token", "wrong-one")...)
	}
	does(t, "there was no fault\n", "", "fault", "clear", "--control-token", "open-sesame")
	t.Setenv("ANTECHAMBER_CONTROL_TOKEN", "open-sesame")
	does(t, "there was no fault\n", "", "fault", "clear")
}

func TestWhichOrganization(t *testing.T) {
	files(t, map[string]string{"two.json": `{"organizations": [
		{"id": "11111111-1111-1111-1111-111111111111", "name": "First", "clock": {"frozen_at": "2026-01-01T00:00:00Z"}},
		{"id": "22222222-2222-2222-2222-222222222222", "name": "Second", "clock": {"frozen_at": "2027-01-01T00:00:00Z"}, "admin_keys": ["sk-ant-admin01-second"]}]}`})
	s := startServer(t, "", "--seed", "two.json")
	t.Setenv("ANTECHAMBER_URL", s.url)
	const first, second = "First is as it began, at 2026-01-01T00:00:00Z\n", "Second is as it began, at 2027-01-01T00:00:00Z\n"
	does(t, first, "", "reset")
	does(t, second, "", "reset", "--admin-key", "sk-ant-admin01-second")
	does(t, second, "", "reset", "--organization", "22222222-2222-2222-2222-222222222222")
	does(t, first, "", "reset", "--admin-key", "sk-ant-admin01-second", "--organization", "11111111-1111-1111-1111-111111111111")
	does(t, "2027-01-01T00:00:00.000000Z frozen\n", "", "clock", "--admin-key", "sk-ant-admin01-second", "show")
	const none = "antechamber: There is no such organization (select one with --admin-key or --organization; curl …/_emulate/organizations lists all organizations)\n"
	refuses(t, exitBadInput, none, "reset", "--admin-key", "sk-ant-admin01-nobody")
	refuses(t, exitBadInput, none, "reset", "--organization", "x y&z")
	t.Setenv("ANTECHAMBER_ADMIN_KEY", "sk-ant-admin01-second")
	does(t, second, "", "reset")
	t.Setenv("ANTECHAMBER_ORGANIZATION", "11111111-1111-1111-1111-111111111111")
	does(t, first, "", "reset")
}

func TestJSONIsWhatTheServerAnswers(t *testing.T) {
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
		does(t, want, "", append(strings.Fields(command), "--json")...)
	}
	t.Setenv("ANTECHAMBER_JSON", "true")
	does(t, `{"now":"2024-11-01T23:59:27.427722Z","frozen":true}`+"\n", "", "clock")
	// A refusal is an answer too.
	code, stdout, stderr := execute(t, "", "clock", "set", "soon")
	want := `{"error":{"code":"invalid_body","message":"invalid set: want an RFC 3339 time from 1970 to 9999, such as 2026-01-01T00:00:00Z","field":"set",` +
		`"problems":[{"type":"invalid","field":"set","message":"want an RFC 3339 time from 1970 to 9999, such as 2026-01-01T00:00:00Z"}]}}` + "\n"
	if code != exitBadInput || stdout != want || stderr != "antechamber: invalid TIME: want an RFC 3339 time from 1970 to 9999, such as 2026-01-01T00:00:00Z\n" {
		t.Errorf("a refusal exits with %d: %s%s", code, stdout, stderr)
	}
}

func TestCodesOfRefusals(t *testing.T) {
	for code, want := range map[int]int{400: 2, 401: 1, 403: 1, 404: 2, 405: 2, 409: 1, 413: 2, 422: 2, 500: 1, 503: 1} {
		url := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, `{"error":{"code":"x","message":"No.","hint":"Try \u001b[31mthis."}}`)
		})
		refuses(t, want, "antechamber: No (Try \uFFFD[31mthis)\n", "reset", "--url", url)
	}
}

// A type without words of its own is told as the server does: those here read
// right on the command line, or never come here.
func TestEveryRemedyOnTheCommandLine(t *testing.T) {
	asTheServer := []remedy.Type{remedy.DidYouMean, remedy.LeaveOutTimes, remedy.UseLocalPage, remedy.UseOneOf}
	for _, typ := range remedy.Types {
		words := onTheCommandLine(&remedy.Remedy{Type: typ})
		if got := slices.Contains(asTheServer, typ); got != (words == "") {
			t.Errorf("%s has the words %q", typ, words)
		}
	}
	for _, r := range []*remedy.Remedy{nil, {Type: "of_a_newer_server"}} {
		if got := onTheCommandLine(r); got != "" {
			t.Errorf("%v has the words %q", r, got)
		}
	}
	const want = `curl -X PATCH …/_emulate/settings -d '{"member_limit":null}' removes the limit`
	if got := onTheCommandLine(&remedy.Remedy{Type: remedy.RemoveLimit, Limit: "member_limit"}); got != want {
		t.Errorf("%s, want %s", got, want)
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
	contract(t, "--journal-size", "0")
	for _, command := range []string{"requests", "requests --follow", "requests --clear", "verify --no-others"} {
		refuses(t, exitFailed, "antechamber: There is no journal (start the server with a --journal-size above 0)\n", strings.Fields(command)...)
	}
}

func TestAnInterruptedCallSaysSo(t *testing.T) {
	asked := make(chan struct{})
	url := answering(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	var out, errs buffer
	code := run(ctx, []string{"reset", "--url", url}, &process{strings.NewReader(""), &out, &errs, time.Now(), store.RealTime(), newBuild("", "")})
	if code != exitFailed || out.String() != "" || errs.String() != "antechamber: interrupted\n" {
		t.Errorf("it exits with %d: %s%s", code, &out, &errs)
	}
}

func TestReset(t *testing.T) {
	s := contract(t)
	s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name":"New"}`)
	does(t, "Acme Corporation is as it began, at 2024-11-01T23:59:27Z\n", "", "reset")
	if _, answer := s.request("GET", "/v1/organizations/workspaces", defaultAdminKey, ""); strings.Contains(answer, `"New"`) {
		t.Errorf("the workspace is still there: %s", answer)
	}
}

func TestSnapshots(t *testing.T) {
	contract(t)
	does(t, "", "antechamber: there is no snapshot; antechamber snapshot take NAME takes one\n", "snapshot")
	does(t, "took the snapshot a/b %, at 2024-11-01T23:59:27Z\n", "", "snapshot", "take", "a/b %")
	does(t, "2024-12-01T23:59:27.427722Z frozen\nAT                    WHAT            ID\n"+
		"2024-11-20T23:58:27Z  invite.expired  invite_015gWxCN9Hfg2QhZwTK7Mdeu\n", "", "clock", "advance", "30d")
	does(t, "took the snapshot later, at 2024-12-01T23:59:27Z\n", "", "snapshot", "take", "later")
	does(t, "NAME   TAKEN AT\na/b %  2024-11-01T23:59:27Z\nlater  2024-12-01T23:59:27Z\n", "", "snapshot", "list")
	does(t, "Acme Corporation is as it was in the snapshot a/b %, at 2024-11-01T23:59:27Z\n", "", "snapshot", "restore", "a/b %")
	does(t, "deleted the snapshot a/b %\n", "", "snapshot", "delete", "a/b %")
	refuses(t, exitBadInput, "antechamber: no such snapshot \"a/b %\"\n", "snapshot", "restore", "a/b %")
	refuses(t, exitBadInput, "antechamber: expected the name of a snapshot, not nothing\n", "snapshot", "restore", "")
	refuses(t, exitBadInput, "antechamber: expected the name of a snapshot, not nothing\n", "snapshot", "delete", "")
	refuses(t, exitBadInput, "antechamber: invalid NAME: want a name of 1 to 255 characters other than seed, empty, . and ..\n", "snapshot", "take", "seed")
}

func TestTheClock(t *testing.T) {
	contract(t)
	does(t, "2024-11-01T23:59:27.427722Z frozen\n", "", "clock")
	does(t, "2024-11-01T23:59:28.427722Z frozen\n", "", "clock", "advance", "1s")
	does(t, "2024-11-03T00:00:00.000000Z frozen\n", "", "clock", "set", "2024-11-03T00:00:00Z", "--freeze")
	code, stdout, stderr := execute(t, "", "clock", "resume")
	if code != exitFine || !strings.HasPrefix(stdout, "2024-11-03T00:00:00.") || !strings.HasSuffix(stdout, "Z running\n") || stderr != "" {
		t.Errorf("it exits with %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute(t, "", "clock", "freeze")
	if code != exitFine || !strings.HasPrefix(stdout, "2024-11-03T00:0") || !strings.HasSuffix(stdout, "Z frozen\n") || stderr != "" {
		t.Errorf("it exits with %d: %s%s", code, stdout, stderr)
	}
	refuses(t, exitBadInput, "antechamber: invalid DURATION: want a duration such as 504h, 90s, 21d or 3w\n", "clock", "advance", "soon")
	code, _, stderr = execute(t, "", "clock", "set", "2024-01-01T00:00:00Z")
	if code != exitBadInput || !strings.HasSuffix(stderr, " and never goes backwards (antechamber reset and antechamber snapshot restore return to an earlier time)\n") {
		t.Errorf("it exits with %d: %s", code, stderr)
	}
}

func TestAccept(t *testing.T) {
	s := contract(t)
	does(t, "Newuser (newuser@example.com) is a member now, with the role user: user_01JBN2PV636Y92J000000031Y3\n", "", "accept", "invite_015gWxCN9Hfg2QhZwTK7Mdeu")
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	code, stdout, _ := execute(t, "", "accept", "ADA@example.com", "--name", "Ada Lovelace")
	if code != exitFine || !strings.HasPrefix(stdout, "Ada Lovelace (ada@example.com) is a member now, with the role developer: user_") {
		t.Errorf("it exits with %d: %s", code, stdout)
	}
	refuses(t, exitBadInput, "antechamber: no invite was sent to bob@example.com (curl …/_emulate/outbox lists the invites that were sent)\n", "accept", "bob@example.com")
	refuses(t, exitBadInput, "antechamber: invite \"invite_015gWxCN9Hfg2QhZwTK7Mdeu\" is accepted: only a pending invite can be accepted\n", "accept", "invite_015gWxCN9Hfg2QhZwTK7Mdeu")
	refuses(t, exitBadInput, "antechamber: expected the id of an invite, or an address, not nothing\n", "accept", "")
	refuses(t, exitBadInput, "antechamber: no invite was sent to bob@example.com (curl …/_emulate/outbox lists the invites that were sent)\n", "accept", "bob@example.com", "--json")
}

func TestExport(t *testing.T) {
	s := contract(t)
	state := s.emulate("GET", "/state", "")
	does(t, state, "", "export")
	does(t, state, "", "export", "-")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("acme.json", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("acme.json", "link.json"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"acme.json", "link.json", "new.json"} {
		if file != "new.json" {
			refuses(t, exitBadInput, "antechamber: "+file+" is there already: --force overwrites it\n", "export", file)
		}
		does(t, "wrote Acme Corporation to "+file+", which holds its admin keys\n", "", "export", file, "--force")
		got, err := os.ReadFile(file)
		info, _ := os.Stat(file)
		if err != nil || string(got) != state || info.Mode() != 0o600 {
			t.Errorf("%s: %v, mode %v, holds %q", file, err, info.Mode(), got)
		}
	}
	if info, err := os.Lstat("link.json"); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v", err)
	}
	does(t, "wrote Acme Corporation to /dev/null, which holds its admin keys\n", "", "export", "/dev/null")
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is a file now: %v", err)
	}
	refuses(t, exitFailed, "antechamber: cannot write nowhere/a.json: no such file or directory\n", "export", "nowhere/a.json")
	refuses(t, exitFailed, "antechamber: cannot write .: is a directory\n", "export", ".")
	if left, _ := filepath.Glob(".*"); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	// What is exported can be served.
	if got := startServer(t, "", "--seed", "acme.json").organization(defaultAdminKey); got != "Acme Corporation" {
		t.Errorf("it serves %q", got)
	}
}

func TestImport(t *testing.T) {
	s := contract(t)
	files(t, map[string]string{"sound.json": soundSeed, "faulty.json": faultySeed, "two.json": `{"organizations":[{"name":"A"},{"name":"B","admin_keys":["sk-ant-admin01-b"]}]}`})
	does(t, "Acme is as sound.json says, at 2024-11-01T23:59:27Z\n", "", "import", "sound.json")
	if got := s.emulate("GET", "/state", ""); !strings.Contains(got, "jane@example.com") {
		t.Errorf("it is not: %s", got)
	}
	before := s.emulate("GET", "/state", "")
	_, _, checked := execute(t, "", "validate", "faulty.json")
	code, stdout, stderr := execute(t, "", "import", "faulty.json")
	if want := strings.Replace(checked, "2 faults in 1 of 1 file", "2 faults in the seed faulty.json", 1); code != exitBadInput || stdout != "" || stderr != want {
		t.Errorf("it exits with %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute(t, "{", "import", "-", "--json")
	if code != exitBadInput || !json.Valid([]byte(stdout)) || !strings.HasPrefix(stderr, "stdin:1:2: invalid JSON") || !strings.HasSuffix(stderr, "antechamber: 1 fault in the seed stdin\n") {
		t.Errorf("it exits with %d: %s%s", code, stdout, stderr)
	}
	refuses(t, exitBadInput, "antechamber: two.json: /organizations: expected one organization (import one organization at a time, selected by --admin-key or --organization)\n", "import", "two.json")
	refuses(t, exitBadInput, "antechamber: cannot read the seed none.json: no such file or directory\n", "import", "none.json")
	if after := s.emulate("GET", "/state", ""); after != before {
		t.Errorf("a refused import changes something (-before +after):\n%s", cmp.Diff(before, after))
	}
}

func TestEnv(t *testing.T) {
	files(t, map[string]string{"two.json": `{"organizations": [{"name": "First"},
		{"id": "22222222-2222-2222-2222-222222222222", "name": "Second", "admin_keys": ["sk-ant-admin01-second"]}]}`})
	s := startServer(t, "", "--seed", "two.json")
	first := s.emulate(http.MethodGet, "/organizations", "")
	firstID := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(first)[1]
	const secondID = "22222222-2222-2222-2222-222222222222"
	says := func(key, chosen string) {
		t.Helper()
		want := "export ANTHROPIC_BASE_URL=" + s.url + "\nexport ANTHROPIC_API_KEY=" + key + "\nexport ANTECHAMBER_URL=" + s.url + "\n"
		if chosen != "" {
			want += "export ANTECHAMBER_ORGANIZATION=" + chosen + "\n"
		}
		does(t, want, "", "env", "--url", s.url+"/")
	}
	says(defaultAdminKey, "")
	does(t, "set -gx ANTHROPIC_BASE_URL '"+s.url+"'\nset -gx ANTHROPIC_API_KEY '"+defaultAdminKey+"'\nset -gx ANTECHAMBER_URL '"+s.url+"'\n", "", "env", "--url", s.url, "--shell", "fish")
	does(t, "$env:ANTHROPIC_BASE_URL = '"+s.url+"'\n$env:ANTHROPIC_API_KEY = '"+defaultAdminKey+"'\n$env:ANTECHAMBER_URL = '"+s.url+"'\n", "", "env", "--url", s.url, "--shell", "powershell")
	does(t, "{\n  \"ANTECHAMBER_URL\": \""+s.url+"\",\n  \"ANTHROPIC_API_KEY\": \""+defaultAdminKey+"\",\n  \"ANTHROPIC_BASE_URL\": \""+s.url+"\"\n}\n", "", "env", "--url", s.url, "--json")
	t.Setenv("ANTECHAMBER_ADMIN_KEY", "sk-ant-admin01-second")
	says("sk-ant-admin01-second", secondID)
	t.Setenv("ANTECHAMBER_ADMIN_KEY", defaultAdminKey)
	says(defaultAdminKey, firstID)
	t.Setenv("ANTECHAMBER_ORGANIZATION", secondID)
	says("sk-ant-admin01-second", secondID)
	t.Setenv("ANTECHAMBER_ORGANIZATION", "nobody")
	refuses(t, exitBadInput, "antechamber: There is no such organization (select one with --admin-key or --organization; curl …/_emulate/organizations lists all organizations)\n", "env", "--url", s.url, "--json")
}

func TestAnOrganizationWithoutAKeyHasNoEnv(t *testing.T) {
	url := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"organization":{"name":"Acme","admin_key":null}}`)
	})
	refuses(t, exitFailed, "antechamber: the organization Acme has no admin key\n", "env", "--url", url)
}

func TestQuoting(t *testing.T) {
	const odd = `it's \ $(x) "‘`
	for shell, want := range map[string]string{
		"sh":         `export A='it'\''s \ $(x) "‘'`,
		"fish":       `set -gx A 'it\'s \\ $(x) "‘'`,
		"powershell": `$env:A = 'it''s \ $(x) "‘‘'`,
	} {
		var out buffer
		c := envCmd{Shell: shell}
		if err := c.print(&process{stdout: &out}, []variable{{"A", odd}}); err != nil || out.String() != want+"\n" {
			t.Errorf("%s: %v, %s want %s", shell, err, &out, want)
		}
	}
}
