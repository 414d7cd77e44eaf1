package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// result is the result of a command.
type result struct {
	Code           int
	Stdout, Stderr string
}

// runCommand runs a command of the binary to its end. Its environment has only
// variables, in the form NAME=VALUE.
func runCommand(t *testing.T, stdin string, variables []string, args ...string) result {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.Stdin, cmd.Dir = append([]string{}, variables...), strings.NewReader(stdin), t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	timeout := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("antechamber %s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// splitArgs splits a command line at spaces, except in single quotes.
func splitArgs(line string) (args []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		args = append(args, strings.Fields(part)...)
	}
	return args
}

// verb is a command for a running server, its output, and the call of the control
// plane that it makes.
type verb struct {
	line, prints       string
	method, path, body string
}

// verbs run in this order on the contract seed.
var verbs = []verb{
	{"clock", "2024-11-01T23:59:27.427722Z frozen\n", "GET", "/clock", ""},
	{"snapshot take before", "saved snapshot before at 2024-11-01T23:59:27Z\n", "POST", "/snapshots", `{"name":"before"}`},
	{"snapshot", "NAME    TAKEN AT\nbefore  2024-11-01T23:59:27Z\n", "GET", "/snapshots", ""},
	{"outbox", "SENT AT               TO                   SUBJECT         INVITE   EXPIRES AT            ACCEPT WITH\n2024-10-30T23:58:27Z  newuser@example.com  invite as user  pending  2024-11-20T23:58:27Z  antechamber accept invite_015gWxCN9Hfg2QhZwTK7Mdeu\n", "GET", "/outbox", ""},
	{"accept newuser@example.com --name 'New User'", "New User (newuser@example.com) joined with role user: user_01JBN2PV636Y92J000000031Y3\n", "POST", "/invites/invite_015gWxCN9Hfg2QhZwTK7Mdeu/accept", `{"name":"New User"}`},
	{"snapshot restore before", "restored Acme Corporation from snapshot before at 2024-11-01T23:59:27Z\n", "POST", "/snapshots/before/restore", ""},
	{"snapshot delete before", "deleted snapshot before\n", "DELETE", "/snapshots/before", ""},
	{"clock advance 21d", "2024-11-22T23:59:27.427722Z frozen\nAT                    EFFECT          ID\n2024-11-20T23:58:27Z  invite.expired  invite_015gWxCN9Hfg2QhZwTK7Mdeu\n", "POST", "/clock", `{"advance":"21d"}`},
	{"clock set 2030-01-01T00:00:00Z --freeze", "2030-01-01T00:00:00.000000Z frozen\n", "POST", "/clock", `{"set":"2030-01-01T00:00:00Z","freeze":true}`},
	{"clock freeze", "2030-01-01T00:00:00.000000Z frozen\n", "POST", "/clock", `{"freeze":true}`},
	{"fault add error --status 529 --times 3 --operation createWorkspace", "armed fault_1: error status=529, on createWorkspace, 3 times\n", "POST", "/faults", `{"match":{"operation":"createWorkspace"},"action":{"type":"error","status":529},"times":3}`},
	{"fault", "ID       HITS  ACTION            MATCH            TIMES\nfault_1  0     error status=529  createWorkspace  3 times\n", "GET", "/faults", ""},
	{"fault delete fault_1", "deleted fault_1\n", "DELETE", "/faults/fault_1", ""},
	{"fault add drop --times 3", "armed fault_2: drop, on every request, 3 times\n", "POST", "/faults", `{"action":{"type":"drop"},"times":3}`},
	{"fault clear", "deleted 1 fault\n", "DELETE", "/faults", ""},
	{"verify --no-others", "all expectations met\n", "POST", "/verify", `{"expect":[],"no_others":true}`},
	{"requests", "", "GET", "/requests?limit=20", ""},
	{"requests --clear", "deleted 0 requests\n", "DELETE", "/requests", ""},
	{"import -", "imported Small from stdin at 2030-01-01T00:00:00Z\n", "PUT", "/state", smallState},
	{"export", "", "GET", "/state", ""},
	{"reset", "reset Acme Corporation to its initial state at 2024-11-01T23:59:27Z\n", "POST", "/reset", ""},
}

const smallState = `{"name": "Small", "admin_keys": ["` + adminKey + `"]}`

// TestVerbs runs the commands with and without --json, and makes the same calls of
// another server. The responses of the calls are what --json prints.
func TestVerbs(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"for people": nil, "--json": {"--json"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "--seed", "contract", "--id-seed", "1")
			twin := start(t, "--seed", "contract", "--id-seed", "1")
			for _, v := range verbs {
				want := twin.emulate(t, v.method, v.path, v.body)
				if flags == nil && v.line != "export" {
					want = v.prints
				}
				got := runCommand(t, smallState, []string{"ANTECHAMBER_URL=" + s.URL}, append(splitArgs(v.line), flags...)...)
				equal(t, "output of antechamber "+v.line, want, got.Stdout)
				if got.Code != 0 || got.Stderr != "" && v.line != "requests" {
					t.Errorf("exit code %d of antechamber %s: %s", got.Code, v.line, got.Stderr)
				}
			}
		})
	}
}

// TestVerbsReportFailures runs every command without a server, without a control
// token, and with invalid flags.
func TestVerbsReportFailures(t *testing.T) {
	t.Parallel()
	exposed := startAs(t, "", "serve", "--addr", ":0", "--expose", "--seed", "empty", "--control-token", "open-sesame")
	lines := []string{"env", "requests --follow", "verify --operation createWorkspace"}
	for _, v := range verbs {
		lines = append(lines, v.line)
	}
	const secret = "sk-ant-admin01-very-secret"
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				stderr string
				args   []string
			}{
				{"start one with antechamber --addr 127.0.0.1:1", []string{"--url", "http://127.0.0.1:1"}},
				{"set --control-token", []string{"--url", exposed.URL}},
				{"set --control-token", []string{"--url", exposed.URL, "--control-token", "very-secret"}},
			} {
				got := runCommand(t, smallState, []string{"ANTECHAMBER_ADMIN_KEY=" + secret}, append(splitArgs(line), c.args...)...)
				if got.Code != 1 || strings.TrimPrefix(got.Stdout, "false\n") != "" || !strings.Contains(got.Stderr, c.stderr) || strings.Contains(got.Stderr, "very-secret") {
					t.Errorf("%v: exit code %d: %s%s", c.args, got.Code, got.Stdout, got.Stderr)
				}
			}
			for _, args := range [][]string{{"--url", "nonsense"}, {"--admin-key", "very-secret"}, {"--nonsense"}, {"--url", exposed.URL, "--control-token", "open-sesame", "--organization", "nobody"}} {
				got := runCommand(t, smallState, nil, append(splitArgs(line), args...)...)
				if got.Code != 2 || strings.TrimPrefix(got.Stdout, "false\n") != "" || got.Stderr == "" || strings.Contains(got.Stderr, "very-secret") {
					t.Errorf("%v: exit code %d: %s%s", args, got.Code, got.Stdout, got.Stderr)
				}
			}
		})
	}
}

func TestVerbsReadTheEnvironment(t *testing.T) {
	t.Parallel()
	exposed := startAs(t, "", "serve", "--addr", ":0", "--expose", "--control-token", "open-sesame", "--seed", seedFile(t, `{"organizations": [
		{"name": "First", "clock": {"frozen_at": "2026-01-01T00:00:00Z"}},
		{"id": "22222222-2222-2222-2222-222222222222", "name": "Second", "clock": {"frozen_at": "2027-01-01T00:00:00Z"}, "admin_keys": ["sk-ant-admin01-second"]}]}`))
	url, token := "ANTECHAMBER_URL="+exposed.URL, "ANTECHAMBER_CONTROL_TOKEN=open-sesame"
	const first, second = "reset First to its initial state at 2026-01-01T00:00:00Z\n", "reset Second to its initial state at 2027-01-01T00:00:00Z\n"
	port := exposed.URL[strings.LastIndex(exposed.URL, ":"):]
	for want, all := range map[string][][]string{
		first:  {{url, token}, {"ANTECHAMBER_ADDR=0.0.0.0" + port, token}},
		second: {{url, token, "ANTECHAMBER_ADMIN_KEY=sk-ant-admin01-second"}, {url, token, "ANTECHAMBER_ORGANIZATION=22222222-2222-2222-2222-222222222222"}},
	} {
		for _, variables := range all {
			equal(t, strings.Join(variables, " "), result{0, want, ""}, runCommand(t, "", variables, "reset"))
		}
	}
	// No variable changes what a command does, only which server it calls.
	got := runCommand(t, "", []string{url, token, "ANTECHAMBER_CLOCK=2030-01-01T00:00:00Z", "ANTECHAMBER_STATUS=500", "ANTECHAMBER_PATH=x", "ANTECHAMBER_FREEZE=true"}, "clock")
	equal(t, "unknown variables", 3, strings.Count(got.Stderr, "antechamber: unknown environment variable "))
	equal(t, "variables of other commands", result{0, "2026-01-01T00:00:00.000000Z frozen\n", got.Stderr}, got)
}

func TestVerifyReportsUnmetExpectations(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "contract")
	s.raw(t, http.MethodGet, "/v1/organizations/me", "")
	s.raw(t, http.MethodGet, "/v1/organizations/users?limit=5", "")
	got := runCommand(t, "", nil, "verify", "--operation", "listOrganizationMembers", "--status", "404", "--url", s.URL)
	want := `expect[0] {"operation":"listOrganizationMembers","status":404}
  want at least 1 call, got none
  nearest: request 2, GET /v1/organizations/users?limit=5, 200 listOrganizationMembers
    status: want 404, got 200
antechamber: verification failed: 1 expectation not met
`
	equal(t, "verify", result{3, "", want}, got)
}

// TestEnvSetsTheVariablesOfAShell evaluates the output of env in a shell.
func TestEnvSetsTheVariablesOfAShell(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	for url, want := range map[string]string{s.URL: s.URL + " " + adminKey + "\n", "http://127.0.0.1:1": " \nfails\n"} {
		cmd := exec.Command("sh", "-c", `eval "$("$0" env --url "$1")"; status=$?; echo "$ANTHROPIC_BASE_URL $ANTHROPIC_API_KEY"; [ "$status" = 0 ] || echo fails`, binary, url)
		out, err := cmd.Output()
		noError(t, "sh", err)
		equal(t, "variables", want, string(out))
	}
}

// TestServeTheSeedOfInit serves the seed that init writes.
func TestServeTheSeedOfInit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seed.json")
	if got := runCommand(t, "", nil, "init", file); got.Code != 0 || !strings.HasSuffix(got.Stdout, "\nserve it with: antechamber --seed "+file+"\n") {
		t.Fatalf("exit code %d of init: %s%s", got.Code, got.Stdout, got.Stderr)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "seed.schema.json")); err != nil {
		t.Error(err)
	}
	s := start(t, "--seed", file)
	if got := s.raw(t, http.MethodGet, "/v1/organizations/me", ""); !strings.Contains(got.Body, `"name":"Blue Heron Books"`) {
		t.Errorf("organization: %s", got.Body)
	}
	if got := runCommand(t, "", nil, "init", file); got.Code != 2 || got.Stdout != "" {
		t.Errorf("exit code %d of a second init: %s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestExportAndImportAFile copies an organization to another server.
func TestExportAndImportAFile(t *testing.T) {
	t.Parallel()
	from, to := start(t, "--seed", "contract"), start(t, "--seed", "empty")
	file := filepath.Join(t.TempDir(), "acme.json")
	equal(t, "export", result{0, "wrote Acme Corporation to " + file + " (contains its admin keys)\n", ""}, runCommand(t, "", nil, "export", file, "--url", from.URL))
	info, err := os.Stat(file)
	noError(t, "file", err)
	equal(t, "file mode", os.FileMode(0o600), info.Mode())
	equal(t, "import", result{0, "imported Acme Corporation from " + file + " at 2024-11-01T23:59:27Z\n", ""}, runCommand(t, "", nil, "import", file, "--url", to.URL))
	invalid := runCommand(t, "{\n  \"nme\": 1}", nil, "import", "-", "--url", to.URL)
	if invalid.Code != 2 || !strings.HasPrefix(invalid.Stderr, "stdin:") || !strings.Contains(invalid.Stderr, "stdin:2:3: /nme: unknown field") {
		t.Errorf("exit code %d for an invalid seed: %s%s", invalid.Code, invalid.Stdout, invalid.Stderr)
	}
}

// TestFollowRequests follows the journal until Ctrl-C.
func TestFollowRequests(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "contract")
	cmd := exec.Command(binary, "requests", "--follow", "--json", "--url", s.URL)
	stdout, err := cmd.StdoutPipe()
	noError(t, "stdout", err)
	stderr, err := cmd.StderrPipe()
	noError(t, "stderr", err)
	noError(t, "requests", cmd.Start())
	timeout := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	messages := bufio.NewReader(stderr)
	line, err := messages.ReadString('\n')
	noError(t, "stderr", err)
	equal(t, "stderr", "antechamber: waiting for requests to "+s.URL+", organization Acme Corporation (stop with Ctrl-C; --admin-key or --organization selects another)\n", line)
	s.raw(t, http.MethodGet, "/v1/organizations/users/nobody", "")
	line, err = bufio.NewReader(stdout).ReadString('\n')
	noError(t, "stdout", err)
	if want := `{"data":[` + strings.TrimSuffix(line, "\n") + "]}\n"; want != s.emulate(t, http.MethodGet, "/requests", "") {
		t.Errorf("stdout: %s", line)
	}
	noError(t, "SIGINT", cmd.Process.Signal(syscall.SIGINT))
	rest, _ := io.ReadAll(messages)
	if err := cmd.Wait(); err != nil || len(rest) > 0 {
		t.Errorf("it exits with %v: %s", err, rest)
	}
}

// TestHelpOfVerbs checks that the help lists every command, and that the help of
// each shows an example.
func TestHelpOfVerbs(t *testing.T) {
	t.Parallel()
	list := runCommand(t, "", nil, "--help")
	for _, name := range []string{"init", "env", "reset", "export", "import", "snapshot", "clock", "fault", "requests", "verify", "accept"} {
		if !regexp.MustCompile(`(?m)^  ` + name + ` +\S`).MatchString(list.Stdout) {
			t.Errorf("the help does not list %s:\n%s", name, list.Stdout)
		}
		got := runCommand(t, "", nil, name, "--help")
		if got.Code != 0 || got.Stderr != "" || !strings.Contains(got.Stdout, "\n    antechamber "+name) {
			t.Errorf("exit code %d of the help of %s, or it has no example: %s%s", got.Code, name, got.Stdout, got.Stderr)
		}
	}
}
