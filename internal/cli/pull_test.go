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

// setPullKey sets the key in the environment and changes to an empty directory.
func setPullKey(t *testing.T, key string) {
	t.Helper()
	t.Setenv(pull.KeyVariable, key)
	t.Chdir(t.TempDir())
}

func TestPullWritesASeed(t *testing.T) {
	setPullKey(t, defaultAdminKey)
	s := startServer(t, "", "--seed", "demo")
	code, stdout, stderr := execute(t, "", "pull", "--from", s.url+"/v1/")
	if code != exitFine || stdout != "" {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	want := []string{
		"API keys: 36 (2 requests)\ninvites: 9 (3 requests)\nworkspaces: 12 (5 requests)\n", "users: 48 (18 requests)\n",
		"seed.json: 48 users, 9 invites, 12 workspaces, 36 API keys (18 requests)\nserve it with: antechamber --seed seed.json\n",
	}
	for _, line := range want {
		if !strings.Contains(stderr, line) {
			t.Errorf("no %q in\n%s", line, stderr)
		}
	}
	if strings.Contains(stderr, defaultAdminKey) || strings.ContainsAny(stderr, "\r\x1b") {
		t.Errorf("stderr is %q", stderr)
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
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	kept := startServer(t, "", "--seed", "seed.json")
	if got := kept.organization(defaultAdminKey); got != "Northlight Robotics" {
		t.Errorf("the copy with names is %q", got)
	}
}

func TestPullToStandardOutput(t *testing.T) {
	setPullKey(t, defaultAdminKey)
	s := startServer(t, "", "--seed", "contract")
	code, stdout, stderr := execute(t, "", "pull", "--from", s.url, "--out", "-", "--quiet")
	if code != exitFine || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if err := seed.Validate("stdout", []byte(stdout), seed.Options{Real: time.Now()}); err != nil {
		t.Errorf("%v\n%s", err, stdout)
	}
	if left, _ := filepath.Glob("*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestPullRefuses(t *testing.T) {
	setPullKey(t, defaultAdminKey)
	var requests atomic.Int32
	url := serveHTTP(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	if err := os.WriteFile("seed.json", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, message := range map[string]string{
		"":                                   "antechamber: --from is required (see antechamber pull --help)",
		"--from api.anthropic.com":           `antechamber: invalid --from "api.anthropic.com": want a URL, such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from https://":                    `antechamber: invalid --from "https://": want a URL, such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from ftp://api.anthropic.com":     `antechamber: invalid --from "ftp://api.anthropic.com": want a URL, such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from https://k@api.anthropic.com": `antechamber: invalid --from "…@api.anthropic.com": want a URL, such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from https://a/?key=1":            `antechamber: invalid --from "https://a/?key=1": want a URL, such as https://api.anthropic.com (see antechamber pull --help)`,
		"--from " + url:                      "antechamber: seed.json already exists (choose another --out, or use --force to overwrite it)",
		"--from " + url + " --out=":          `antechamber: invalid --out "": want a non-empty value (see antechamber pull --help)`,
		"--from " + url + " --out . --force": "antechamber: cannot write .: not a regular file",
		"--from " + url + " --out no/such":   `antechamber: cannot write no/such: no such directory "no"`,
		"--keep-personal-data --from " + url: "antechamber: unknown flag --keep-personal-data (see antechamber pull --help)",
		"--fresh --from " + url:              "antechamber: unknown flag --fresh (see antechamber pull --help)",
	} {
		wantError(t, exitBadInput, message, append([]string{"pull"}, strings.Fields(args)...)...)
	}
	for key, message := range map[string]string{
		"":                   "antechamber: ANTHROPIC_ADMIN_API_KEY is required (set it to an admin key of the organization, sk-ant-admin…)",
		"sk-ant-admin01-a b": "antechamber: invalid ANTHROPIC_ADMIN_API_KEY: want an admin key, without spaces or line breaks",
	} {
		t.Setenv(pull.KeyVariable, key)
		wantError(t, exitBadInput, message, "pull", "--from", url)
	}
	if requests.Load() > 0 {
		t.Errorf("%d requests were made", requests.Load())
	}
}

func TestPullOverwritesWithForce(t *testing.T) {
	setPullKey(t, defaultAdminKey)
	s := startServer(t, "", "--seed", "empty")
	if err := os.WriteFile("mine", []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := execute(t, "", "pull", "--from", s.url, "--out", "mine", "--force")
	if code != exitFine || !strings.Contains(stderr, "serve it with: antechamber --seed mine\n") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if b, _ := os.ReadFile("mine"); !strings.Contains(string(b), `"name": "Organization"`) {
		t.Errorf("the file is %s", b)
	}
}

func TestPullWithAWrongKey(t *testing.T) {
	setPullKey(t, "sk-ant-admin01-of-another-organization")
	s := startServer(t, "", "--seed", "empty")
	wantError(t, exitFailed, "antechamber: GET /v1/organizations/me: 401 Unauthorized: invalid x-api-key (is ANTHROPIC_ADMIN_API_KEY an admin key of the organization?)",
		"pull", "--from", s.url)
}

func TestPullWarnsOfPlainHTTP(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:1": false, "http://127.9.9.9": false, "http://[::1]:2": false, "http://api.localhost": false, "https://api.anthropic.com": false,
		"http://api.anthropic.com": true, "http://10.0.0.1": true, "http://[2001:db8::1]": true,
	} {
		var a apiAddress
		if err := a.UnmarshalText([]byte(address)); err != nil || a.unencrypted() != want {
			t.Errorf("%s: %t, %v", address, a.unencrypted(), err)
		}
	}
	// With a canceled context no request is sent.
	setPullKey(t, defaultAdminKey)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr buffer
	code := run(ctx, []string{"pull", "--from", "http://host.invalid"}, &process{strings.NewReader(""), &buffer{}, &stderr, time.Now(), store.RealTime(), newBuild("", ""), false})
	if want := "antechamber: warning: sending the key to host.invalid unencrypted\nantechamber: interrupted: nothing was written\n"; code != exitFailed || stderr.String() != want {
		t.Errorf("exit code %d: %s", code, stderr.String())
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
			t.Errorf("%s: got %s, %v", given, a.String(), err)
		}
	}
	for _, address := range []string{"https://me:secret@gateway", "https:me:secret@gateway", "https://me:se/cret@gateway"} {
		err := new(apiAddress).UnmarshalText([]byte(address))
		if want := `invalid "…@gateway": want a URL, such as https://api.anthropic.com`; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}

// TestPullIsInterrupted interrupts a pull that waits for a rate limit.
func TestPullIsInterrupted(t *testing.T) {
	setPullKey(t, defaultAdminKey)
	waiting := make(chan bool, 10)
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
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
	for _, message := range []string{"rate limit reached: waiting 1h0m0s\n", "\nantechamber: interrupted: nothing was written\n"} {
		if code != exitFailed || !strings.Contains(stderr, message) {
			t.Errorf("exit code %d, and no %q in:\n%s", code, message, stderr)
		}
	}
	if left, _ := filepath.Glob("*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestPullWritesAnInvalidSeed(t *testing.T) {
	setPullKey(t, defaultAdminKey)
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/me"):
			fmt.Fprint(w, `{"id": "no UUID", "name": "Acme"}`)
		default:
			fmt.Fprint(w, `{"data": [], "has_more": false}`)
		}
	})
	code, _, stderr := execute(t, "", "pull", "--from", url, "--quiet")
	if want := "seed.json:2:9: /id: invalid id \"no UUID\": want a UUID\nantechamber: wrote seed.json, but it must be corrected before it can be served: 1 error\n"; code != exitFailed || stderr != want {
		t.Errorf("exit code %d: %s", code, stderr)
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
	l.printLine("waiting 5s")
	l.show(pull.Progress{Noun: "users", Count: 1200, Requests: 2})
	l.end()
	if want := "\r\x1b[Kusers: 0 (1 request)\r\x1b[Kwaiting 5s\nusers: 0 (1 request)\r\x1b[Kusers: 1,200 (2 requests)\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestProgressWithoutATerminal(t *testing.T) {
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
	quiet.printLine("waiting")
	quiet.end()
	if out.String() != before {
		t.Errorf("quiet printed %q", out.String())
	}
}

func TestPullHelp(t *testing.T) {
	t.Setenv("COLUMNS", "300")
	code, stdout, _ := execute(t, "", "pull", "--help")
	if code != exitFine || !strings.Contains(stdout, "Examples:") || !strings.Contains(stdout, pull.KeyVariable) {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	for line := range strings.Lines(stdout) {
		if len(strings.TrimSuffix(line, "\n")) > 100 {
			t.Errorf("a line has more than 100 columns:\n%s", line)
		}
	}
}
