package cli

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"antechamber/internal/pull"
	"antechamber/seed"
	"antechamber/store"
)

// pullKeySet puts the key into the environment, and the test into a folder of
// its own.
func pullKeySet(t *testing.T, key string) {
	t.Helper()
	t.Setenv(pull.KeyVariable, key)
	t.Chdir(t.TempDir())
}

func TestPullWritesASeed(t *testing.T) {
	pullKeySet(t, defaultAdminKey)
	s := startServer(t, "", "--seed", "demo")
	code, stdout, stderr := execute(t, "", "pull", "--from", s.url+"/v1/")
	if code != exitFine || stdout != "" {
		t.Fatalf("it exits with %d: %s%s", code, stdout, stderr)
	}
	want := []string{
		"API keys: 27 (2 requests)\ninvites: 9 (3 requests)\nworkspaces: 12 (5 requests)\n", "users: 48 (18 requests)\n",
		"seed.json: 48 users, 9 invites, 12 workspaces, 27 API keys, in 18 requests. Serve it: antechamber --seed seed.json\n",
	}
	for _, line := range want {
		if !strings.Contains(stderr, line) {
			t.Errorf("it does not say %q:\n%s", line, stderr)
		}
	}
	if strings.Contains(stderr, defaultAdminKey) || strings.ContainsAny(stderr, "\r\x1b") {
		t.Errorf("it says %q", stderr)
	}
	info, err := os.Stat("seed.json")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if left, _ := filepath.Glob("*"); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if code, _, stderr := execute(t, "", "validate", "seed.json"); code != exitFine {
		t.Errorf("validate exits with %d: %s", code, stderr)
	}
	copied := startServer(t, "", "--seed", "seed.json")
	if got := copied.organization(defaultAdminKey); got != "Organization" {
		t.Errorf("the copy is %q", got)
	}
	if strings.Contains(stderr, "note:") {
		t.Errorf("there are notes:\n%s", stderr)
	}
	if code, _, stderr := execute(t, "", "pull", "--from", s.url, "--keep-names", "--force"); code != exitFine {
		t.Fatalf("it exits with %d: %s", code, stderr)
	}
	kept := startServer(t, "", "--seed", "seed.json")
	if got := kept.organization(defaultAdminKey); got != "Northlight Robotics" {
		t.Errorf("the copy with names is %q", got)
	}
}

func TestPullToStandardOutput(t *testing.T) {
	pullKeySet(t, defaultAdminKey)
	s := startServer(t, "", "--seed", "contract")
	code, stdout, stderr := execute(t, "", "pull", "--from", s.url, "--out", "-", "--quiet")
	if code != exitFine || stderr != "" {
		t.Fatalf("it exits with %d: %s", code, stderr)
	}
	if err := seed.Validate("stdout", []byte(stdout), seed.Options{Real: time.Now()}); err != nil {
		t.Errorf("%v\n%s", err, stdout)
	}
	if left, _ := filepath.Glob("*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestPullRefuses(t *testing.T) {
	pullKeySet(t, defaultAdminKey)
	var requests atomic.Int32
	url := answering(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	if err := os.WriteFile("seed.json", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, sentence := range map[string]string{
		"":                                   "antechamber: missing flags: --from=URL (see antechamber pull --help)",
		"--from api.anthropic.com":           `antechamber: invalid --from "api.anthropic.com": want a URL such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from https://":                    `antechamber: invalid --from "https://": want a URL such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from ftp://api.anthropic.com":     `antechamber: invalid --from "ftp://api.anthropic.com": want a URL such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from https://k@api.anthropic.com": `antechamber: invalid --from "https://…@api.anthropic.com": want a URL such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from https://a/?key=1":            `antechamber: invalid --from "https://a/?key=1": want a URL such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from " + url:                      "antechamber: --out: seed.json is there already: name another file, or overwrite it with --force",
		"--from " + url + " --out=":          "antechamber: --out: expected a file, or -, not nothing",
		"--from " + url + " --out . --force": "antechamber: --out: . is no regular file",
		"--from " + url + " --out no/such":   "antechamber: --out: there is no folder no",
		"--keep-personal-data --from " + url: "antechamber: unknown flag --keep-personal-data (see antechamber pull --help)",
		"--fresh --from " + url:              "antechamber: unknown flag --fresh (see antechamber pull --help)",
	} {
		wantError(t, exitBadInput, sentence, append([]string{"pull"}, strings.Fields(args)...)...)
	}
	for key, sentence := range map[string]string{
		"":                   "antechamber: there is no key: export ANTHROPIC_ADMIN_API_KEY=sk-ant-admin… with an admin key of the organization",
		"sk-ant-admin01-a b": "antechamber: ANTHROPIC_ADMIN_API_KEY: expected a key of letters, digits and hyphens, without a space or a line break in it",
	} {
		t.Setenv(pull.KeyVariable, key)
		wantError(t, exitBadInput, sentence, "pull", "--from", url)
	}
	if requests.Load() > 0 {
		t.Errorf("%d requests were made", requests.Load())
	}
}

func TestPullOverwritesWithForce(t *testing.T) {
	pullKeySet(t, defaultAdminKey)
	s := startServer(t, "", "--seed", "empty")
	if err := os.WriteFile("mine", []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := execute(t, "", "pull", "--from", s.url, "--out", "mine", "--force")
	if code != exitFine || !strings.Contains(stderr, "Serve it: antechamber --seed mine\n") {
		t.Errorf("it exits with %d: %s", code, stderr)
	}
	if b, _ := os.ReadFile("mine"); !strings.Contains(string(b), `"name": "Organization"`) {
		t.Errorf("the file holds %s", b)
	}
}

func TestPullWithAWrongKey(t *testing.T) {
	pullKeySet(t, "sk-ant-admin01-of-somebody-else")
	s := startServer(t, "", "--seed", "empty")
	wantError(t, exitFailed, "antechamber: GET /v1/organizations/me: 401 Unauthorized: invalid x-api-key (is ANTHROPIC_ADMIN_API_KEY an admin key of the organization?)",
		"pull", "--from", s.url)
}

func TestPullWarnsOfAPlainConnection(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:1": false, "http://127.9.9.9": false, "http://[::1]:2": false, "http://api.localhost": false, "https://api.anthropic.com": false,
		"http://api.anthropic.com": true, "http://10.0.0.1": true, "http://[2001:db8::1]": true,
	} {
		var a apiAddress
		if err := a.UnmarshalText([]byte(address)); err != nil || a.unencrypted() != want {
			t.Errorf("%s: %t, %v", address, a.unencrypted(), err)
		}
	}
	// A context that has ended keeps it from asking anybody.
	pullKeySet(t, defaultAdminKey)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr buffer
	code := run(ctx, []string{"pull", "--from", "http://host.invalid"}, &process{strings.NewReader(""), &buffer{}, &stderr, time.Now(), store.RealTime(), newBuild("", "")})
	if want := "antechamber: warning: the key goes to host.invalid unencrypted\nantechamber: interrupted: nothing was written\n"; code != exitFailed || stderr.String() != want {
		t.Errorf("it exits with %d: %s", code, stderr.String())
	}
}

func TestPullAddresses(t *testing.T) {
	for given, want := range map[string]string{
		"https://api.anthropic.com": "https://api.anthropic.com", "https://api.anthropic.com/": "https://api.anthropic.com",
		"https://api.anthropic.com/v1/": "https://api.anthropic.com", "http://gateway/claude/v1": "http://gateway/claude",
		"https://api.anthropic.com/v1/organizations": "https://api.anthropic.com", "http://gateway/v1/organizations/": "http://gateway", "http://gateway/organizations": "http://gateway/organizations",
		"http://v1": "http://v1",
	} {
		var a apiAddress
		if err := a.UnmarshalText([]byte(given)); err != nil || a.String() != want {
			t.Errorf("%s is %s, %v", given, a.String(), err)
		}
	}
	err := new(apiAddress).UnmarshalText([]byte("https://me:secret@gateway"))
	if want := `invalid "https://…@gateway": want a URL such as https://api.anthropic.com`; err == nil || err.Error() != want {
		t.Errorf("an address with a password: %v, want %s", err, want)
	}
}

// TestPullIsInterrupted stops a pull as Ctrl-C does, while it waits for a rate
// limit.
func TestPullIsInterrupted(t *testing.T) {
	pullKeySet(t, defaultAdminKey)
	waiting := make(chan bool, 10)
	url := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/me"):
			fmt.Fprint(w, `{"id": "12345678-1234-5678-1234-567812345678", "name": "Acme"}`)
		case strings.HasSuffix(r.URL.Path, "/api_keys"):
			fmt.Fprint(w, `{"data": [], "has_more": false}`)
		default:
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
			waiting <- true
		}
	})
	go func() {
		<-waiting
		time.Sleep(100 * time.Millisecond)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			self.Signal(os.Interrupt)
		}
	}()
	code, _, stderr := execute(t, "", "pull", "--from", url)
	for _, says := range []string{"the rate limit is reached: waiting 1h0m0s\n", "\nantechamber: interrupted: nothing was written\n"} {
		if code != exitFailed || !strings.Contains(stderr, says) {
			t.Errorf("it exits with %d and does not say %q:\n%s", code, says, stderr)
		}
	}
	if left, _ := filepath.Glob("*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestPullWritesWhatNeedsMendingToo(t *testing.T) {
	pullKeySet(t, defaultAdminKey)
	url := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/me"):
			fmt.Fprint(w, `{"id": "no UUID", "name": "Acme"}`)
		default:
			fmt.Fprint(w, `{"data": [], "has_more": false}`)
		}
	})
	code, _, stderr := execute(t, "", "pull", "--from", url, "--quiet")
	if want := "seed.json:2:9: /id: invalid id \"no UUID\": want a UUID\nantechamber: seed.json is written, and needs mending before it can be served: 1 fault\n"; code != exitFailed || stderr != want {
		t.Errorf("it exits with %d: %s", code, stderr)
	}
	if _, err := os.Stat("seed.json"); err != nil {
		t.Error(err)
	}
}

func TestProgressOnATerminalIsOneLine(t *testing.T) {
	var out buffer
	l := newProgressLine(&out, false)
	l.terminal = true
	l.show(pull.Progress{Noun: "users", Requests: 1})
	l.say("waiting 5s")
	l.show(pull.Progress{Noun: "users", Count: 1200, Requests: 2})
	l.end()
	if want := "\r\x1b[Kusers: 0 (1 request)\r\x1b[Kwaiting 5s\nusers: 0 (1 request)\r\x1b[Kusers: 1,200 (2 requests)\n"; out.String() != want {
		t.Errorf("it is %q, want %q", out.String(), want)
	}
}

func TestProgressElsewhereIsALineNowAndThen(t *testing.T) {
	var out buffer
	l := newProgressLine(&out, false)
	for n := range 60 {
		l.show(pull.Progress{Requests: n + 1, Finished: n == 10})
	}
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
	quiet := newProgressLine(&out, true)
	before := out.String()
	quiet.show(pull.Progress{Finished: true})
	quiet.say("waiting")
	quiet.end()
	if out.String() != before {
		t.Errorf("quiet says %q", out.String())
	}
}

func TestPullHelp(t *testing.T) {
	t.Setenv("COLUMNS", "300")
	code, stdout, _ := execute(t, "", "pull", "--help")
	if code != exitFine || !strings.Contains(stdout, "Examples:") || !strings.Contains(stdout, pull.KeyVariable) {
		t.Errorf("it exits with %d:\n%s", code, stdout)
	}
	for line := range strings.Lines(stdout) {
		if len(strings.TrimSuffix(line, "\n")) > 100 {
			t.Errorf("a line has more than 100 columns:\n%s", line)
		}
	}
}
