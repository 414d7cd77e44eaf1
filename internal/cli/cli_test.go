package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/api"
	"antechamber/store"
)

// asProgram makes the test binary behave as the program.
const asProgram = "TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		Main("", "")
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "ANTECHAMBER_") {
			name, _, _ := strings.Cut(variable, "=")
			os.Unsetenv(name)
		}
	}
	if signal.Ignored(syscall.SIGHUP) { // as under nohup; the programs that tests start would ignore it too
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	goleak.VerifyTestMain(m)
}

// buffer is a bytes.Buffer for concurrent use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *buffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *buffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// execute runs a command to its end.
func execute(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	// This ends a server that should not have started.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs buffer
	code = run(ctx, args, &process{strings.NewReader(stdin), &out, &errs, time.Now(), store.RealTime(), newBuild("", ""), false})
	return code, out.String(), errs.String()
}

// wantError checks that a command fails with an exit code and a message.
func wantError(t *testing.T, code int, message string, args ...string) {
	t.Helper()
	got, stdout, stderr := execute(t, "", args...)
	if got != code || stderr != message+"\n" || stdout != "" {
		t.Errorf("antechamber %s\nexits with %d: %swant %d:       %s\nstdout: %q",
			strings.Join(args, " "), got, stderr, code, message, stdout)
	}
}

// parse returns the parsed command line.
func parse(t *testing.T, args ...string) commandLine {
	t.Helper()
	var c commandLine
	p := &process{stdout: io.Discard, stderr: io.Discard}
	if _, err := newParser(p, &c, func(int) {}).Parse(args); err != nil {
		t.Fatalf("antechamber %s: %v", strings.Join(args, " "), err)
	}
	return c
}

func TestFlagsAndVariables(t *testing.T) {
	key, other := "sk-ant-admin01-one", "sk-ant-admin01-two"
	frozen := func(year int) *instant {
		return &instant{store.Clock{Frozen: true, At: api.At(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))}}
	}
	for _, test := range []struct {
		verb, flag, variable string
		one, two             string
		get                  func(commandLine) any
		absent, isOne, isTwo any
	}{
		{"serve", "addr", "ANTECHAMBER_ADDR", ":1", ":2", func(c commandLine) any { return c.Serve.Addr.String() }, "127.0.0.1:4020", ":1", ":2"},
		{"serve", "expose", "ANTECHAMBER_EXPOSE", "true", "false", func(c commandLine) any { return c.Serve.Expose }, false, true, false},
		{"serve", "seed", "ANTECHAMBER_SEED", "empty", "-", func(c commandLine) any { return c.Serve.Seed }, "demo", "empty", "-"},
		{"serve", "admin-key", "ANTECHAMBER_ADMIN_KEY", key, other, func(c commandLine) any { return c.Serve.AdminKey }, (*string)(nil), &key, &other},
		{"serve", "clock", "ANTECHAMBER_CLOCK", "2026-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00", func(c commandLine) any { return c.Serve.Clock }, (*instant)(nil), frozen(2026), frozen(2027)},
		{"serve", "id-seed", "ANTECHAMBER_ID_SEED", "0", "9007199254740991", func(c commandLine) any { return c.Serve.IDSeed }, (*idSeed)(nil), new(idSeed(0)), new(idSeed(maxIDSeed))},
		{"serve", "state-file", "ANTECHAMBER_STATE_FILE", "a", "b", func(c commandLine) any { return string(c.Serve.StateFile) }, "", "a", "b"},
		{"serve", "fork-ttl", "ANTECHAMBER_FORK_TTL", "off", "1h30m", func(c commandLine) any { return time.Duration(c.Serve.ForkTTL).String() }, "1h0m0s", "0s", "1h30m0s"},
		{"serve", "unknown-keys", "ANTECHAMBER_UNKNOWN_KEYS", "fork", "refuse", func(c commandLine) any { return string(c.Serve.UnknownKeys) }, "refuse", "fork", "refuse"},
		{"serve", "rate-limit", "ANTECHAMBER_RATE_LIMIT", "production", "7/min", func(c commandLine) any { return c.Serve.RateLimit.String() }, "off", "production", "7/min"},
		{"serve", "control-token", "ANTECHAMBER_CONTROL_TOKEN", "a", "b", func(c commandLine) any { return string(c.Serve.ControlToken) }, "", "a", "b"},
		{"serve", "allow-host", "ANTECHAMBER_ALLOW_HOST", "a.test", "B.test.,[::1],my_service", func(c commandLine) any { return c.Serve.AllowHost }, []hostName(nil), []hostName{"a.test"}, []hostName{"b.test", "::1", "my_service"}},
		{"serve", "cors", "ANTECHAMBER_CORS", "*", "http://A:80,null,https://b:8443", func(c commandLine) any { return c.Serve.CORS }, []origin(nil), []origin{"*"}, []origin{"http://a", "null", "https://b:8443"}},
		{"serve", "journal-size", "ANTECHAMBER_JOURNAL_SIZE", "0", "7", func(c commandLine) any { return c.Serve.JournalSize }, journalSize(1000), journalSize(0), journalSize(7)},
		{"serve", "errors", "ANTECHAMBER_ERRORS", "production", "both", func(c commandLine) any { return string(c.Serve.Errors) }, "both", "production", "both"},
		{"serve", "log", "ANTECHAMBER_LOG", "json", "text", func(c commandLine) any { return string(c.Serve.Log) }, "text", "json", "text"},
		{"serve", "log-level", "ANTECHAMBER_LOG_LEVEL", "debug", "error", func(c commandLine) any { return string(c.Serve.LogLevel) }, "info", "debug", "error"},
		{"wait", "url", "ANTECHAMBER_URL", "http://a", "http://b", func(c commandLine) any { return c.Wait.URL }, (*string)(nil), new("http://a"), new("http://b")},
		{"wait", "timeout", "ANTECHAMBER_TIMEOUT", "0", "2m", func(c commandLine) any { return time.Duration(c.Wait.Timeout) }, 30 * time.Second, time.Duration(0), 2 * time.Minute},
		{"validate", "json", "ANTECHAMBER_JSON", "true", "false", func(c commandLine) any { return c.Validate.JSON }, false, true, false},
		{"version", "json", "ANTECHAMBER_JSON", "true", "false", func(c commandLine) any { return c.Version.JSON }, false, true, false},
	} {
		t.Run(test.verb+" --"+test.flag, func(t *testing.T) {
			want := func(what string, want any, args ...string) {
				t.Helper()
				args = append([]string{test.verb}, args...)
				if test.verb == "validate" {
					args = append(args, "FILE")
				}
				if diff := cmp.Diff(want, test.get(parse(t, args...))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
			want("nothing given", test.absent)
			want("the flag", test.isOne, "--"+test.flag+"="+test.one)
			t.Setenv(test.variable, test.one)
			want("the variable", test.isOne)
			want("both", test.isTwo, "--"+test.flag+"="+test.two)
		})
	}
}

// oneOff are the commands that act once. Only their flags for finding the server
// have variables: others would still apply to the next call.
var oneOff = []string{"init", "env", "reset", "export", "import", "organizations", "outbox", "snapshot", "clock", "fault", "requests", "verify", "accept", "pull"}

func TestEveryFlagHasAVariable(t *testing.T) {
	for _, verb := range commands() {
		for _, flag := range verb.Flags {
			want := []string{"ANTECHAMBER_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))}
			if slices.Contains(oneOff, strings.Fields(verb.FullPath())[1]) && !slices.Contains(serverFlags, flag.Name) && verb.FullPath()+" "+flag.Name != "antechamber pull from" {
				want = nil
			}
			if !slices.Equal(flag.Envs, want) {
				t.Errorf("%s --%s has the variables %v, want %v", verb.FullPath(), flag.Name, flag.Envs, want)
			}
		}
	}
}

// commands returns all commands and their subcommands.
func commands() []*kong.Node {
	return commandsOf(newParser(&process{}, new(commandLine), nil).Model.Node)[1:]
}

func TestServeIsTheDefault(t *testing.T) {
	for _, args := range [][]string{{"--seed", "empty"}, {"serve", "--seed", "empty"}, {"--seed=empty", "serve"}} {
		if c := parse(t, args...); c.Serve.Seed != "empty" {
			t.Errorf("%v: the seed is %q", args, c.Serve.Seed)
		}
	}
}

func TestEmptyVariablesAreIgnored(t *testing.T) {
	t.Setenv("ANTECHAMBER_CLOCK", "")
	t.Setenv("ANTECHAMBER_SEED", "")
	dropEmptyVariables()
	if c := parse(t); c.Serve.Clock != nil || c.Serve.Seed != "demo" {
		t.Errorf("clock %v, seed %q", c.Serve.Clock, c.Serve.Seed)
	}
}

func TestBadArguments(t *testing.T) {
	for args, message := range map[string]string{
		"--adr :0":                          `antechamber: unknown flag --adr (did you mean "--addr"?)`,
		"wait --addr :0":                    `antechamber: unknown flag --addr (did you mean "--url URL"?)`,
		"demo.json":                         `antechamber: unexpected argument demo.json (did you mean "--seed demo.json"?)`,
		"serve demo.json":                   `antechamber: unexpected argument demo.json (did you mean "--seed demo.json"?)`,
		"--addr":                            `antechamber: missing value for --addr (see antechamber serve --help)`,
		"--id-seed":                         `antechamber: missing value for --id-seed (see antechamber serve --help)`,
		"--id-seed=-1":                      `antechamber: invalid --id-seed "-1": want a whole number from 0 to 9007199254740991 (see antechamber serve --help)`,
		"--id-seed=1.5":                     `antechamber: invalid --id-seed "1.5": want a whole number from 0 to 9007199254740991 (see antechamber serve --help)`,
		"--id-seed=9007199254740992":        `antechamber: invalid --id-seed "9007199254740992": want a whole number from 0 to 9007199254740991 (see antechamber serve --help)`,
		"--journal-size=-5":                 `antechamber: invalid --journal-size "-5": want a whole number from 0 to 100000 (see antechamber serve --help)`,
		"--cors=localhost:3000":             `antechamber: invalid --cors "localhost:3000": want an origin, such as http://localhost:3000, or * (see antechamber serve --help)`,
		"--cors=http://localhost:3000/":     `antechamber: invalid --cors "http://localhost:3000/": want only scheme, host and port: http://localhost:3000 (see antechamber serve --help)`,
		"--cors=https://a.test/app?x=1":     `antechamber: invalid --cors "https://a.test/app?x=1": want only scheme, host and port: https://a.test (see antechamber serve --help)`,
		"--cors=http://*":                   `antechamber: invalid --cors "http://*": want an origin, such as http://localhost:3000, or * alone for all origins (see antechamber serve --help)`,
		"--cors=https://*.a.test":           `antechamber: invalid --cors "https://*.a.test": want an origin, such as http://localhost:3000, or * alone for all origins (see antechamber serve --help)`,
		"--cors=http://:3000":               `antechamber: invalid --cors "http://:3000": want an origin, such as http://localhost:3000, or * (see antechamber serve --help)`,
		"--allow-host=http://a.test":        `antechamber: invalid --allow-host "http://a.test": want a host name without scheme and port, such as emulator.test (see antechamber serve --help)`,
		"--allow-host=a.test:4020":          `antechamber: invalid --allow-host "a.test:4020": want a host name without scheme and port, such as emulator.test (see antechamber serve --help)`,
		"--allow-host=*":                    `antechamber: invalid --allow-host "*": want a host name without scheme and port, such as emulator.test (see antechamber serve --help)`,
		"--clock=now":                       `antechamber: invalid --clock "now": want an RFC 3339 time from 1970 to 9998, such as 2026-01-01T00:00:00Z (see antechamber serve --help)`,
		"--clock=1969-12-31T23:59:59Z":      `antechamber: invalid --clock "1969-12-31T23:59:59Z": want an RFC 3339 time from 1970 to 9998, such as 2026-01-01T00:00:00Z (see antechamber serve --help)`,
		"--clock=9999-12-31T23:59:59-01:00": `antechamber: invalid --clock "9999-12-31T23:59:59-01:00": want an RFC 3339 time from 1970 to 9998, such as 2026-01-01T00:00:00Z (see antechamber serve --help)`,
		"--errors=contract":                 `antechamber: invalid --errors "contract": want both or production (see antechamber serve --help)`,
		"--log=xml":                         `antechamber: invalid --log "xml": want text or json (see antechamber serve --help)`,
		"--log-level=loud":                  `antechamber: invalid --log-level "loud": want debug, info, warn or error (see antechamber serve --help)`,
		"--unknown-keys=allow":              `antechamber: invalid --unknown-keys "allow": want refuse or fork (see antechamber serve --help)`,
		"--expose=maybe":                    `antechamber: invalid --expose "maybe": want true or false (see antechamber serve --help)`,
		"--addr :0 validate x.json":         `antechamber: --addr is a flag of serve, not of validate (see antechamber serve --help)`,
		"-addr 127.0.0.1:0":                 `antechamber: unknown flag -addr (did you mean "--addr"?)`,
		"-q":                                `antechamber: unknown flag -q (see antechamber serve --help)`,
		"wait -t 5s":                        `antechamber: unknown flag -t (see antechamber wait --help)`,
		"--id-seed -1":                      `antechamber: invalid --id-seed "-1": want a whole number from 0 to 9007199254740991 (see antechamber serve --help)`,
		"fault add drop --times -1":         `antechamber: invalid --times "-1": want a value that does not start with "-" (see antechamber fault add --help)`,
		"--clock -1":                        `antechamber: invalid --clock "-1": want an RFC 3339 time from 1970 to 9998, such as 2026-01-01T00:00:00Z (see antechamber serve --help)`,
		"--seed -1":                         `antechamber: invalid --seed "-1": want a value that does not start with "-" (see antechamber serve --help)`,
		"fault add drop --url -1":           `antechamber: invalid --url "-1": want a value that does not start with "-" (see antechamber fault add --help)`,
		"wait --timeout -1s":                `antechamber: invalid --timeout "-1s": want a duration, such as 30s, or 0 (see antechamber wait --help)`,
		"--addr --expose":                   `antechamber: missing value for --addr ("--expose" looks like a flag)`,
		"--admin-key k clock":               `antechamber: --admin-key must follow the command (did you mean "antechamber clock --admin-key"?)`,
		"clock reset":                       `antechamber: unexpected argument reset (did you mean "antechamber reset"?)`,
		"serve reset":                       `antechamber: unexpected argument reset (did you mean "antechamber reset"?)`,
		"clock 21d":                         `antechamber: unexpected argument 21d (did you mean "clock advance 21d"?)`,
		"clock 2030-01-01T00:00:00Z":        `antechamber: unexpected argument 2030-01-01T00:00:00Z (did you mean "clock set 2030-01-01T00:00:00Z"?)`,
		"organizations create Test":         `antechamber: unexpected argument Test (did you mean "--name Test"?)`,
		"clock --port 4020":                 `antechamber: unknown flag --port (did you mean "--url URL"?)`,
		"fault add error 529":               `antechamber: unexpected argument 529 (did you mean "--status 529"?)`,
		"export --out x.json":               `antechamber: unknown flag --out (did you mean "antechamber export FILE"?)`,
		"export -o x.json":                  `antechamber: unknown flag -o (did you mean "antechamber export FILE"?)`,
		"accept --all x":                    `antechamber: unknown flag --all (see antechamber accept --help)`,
		"requests --lim 5":                  `antechamber: unknown flag --lim (did you mean "--limit"?)`,
		"snapshot t":                        `antechamber: unexpected argument t (did you mean "take"?)`,
		"clock advnce 21d":                  `antechamber: unexpected argument advnce (did you mean "advance"?)`,
		"clock advance -1h":                 `antechamber: invalid argument "-1h": want a value that does not start with "-" (see antechamber clock advance --help)`,
		"faults":                            `antechamber: unexpected argument faults (did you mean "fault"?)`,
		"validte x.json":                    `antechamber: unexpected argument validte (did you mean "validate"?)`,
		"users list":                        `antechamber: unexpected argument users (see antechamber --help)`,
		"stop":                              `antechamber: unexpected argument stop (see antechamber --help)`,
		"frobnicate":                        `antechamber: unexpected argument frobnicate (see antechamber --help)`,
		"--url http://a requests":           `antechamber: unknown flag --url (did you mean "antechamber requests --url"?)`,
		"--follow requests":                 `antechamber: unknown flag --follow (did you mean "antechamber requests --follow"?)`,
		"serve --url http://a":              `antechamber: unknown flag --url (did you mean "antechamber wait --url"?)`,
		"--port 4020":                       `antechamber: unknown flag --port (did you mean "--addr HOST:PORT"?)`,
		"serve -p 4020":                     `antechamber: unknown flag -p (did you mean "--addr HOST:PORT"?)`,
		"--rate-limit seldom":               `antechamber: invalid --rate-limit "seldom": want off, production or a number per minute, such as 50/min (see antechamber serve --help)`,
		"pull https://a":                    `antechamber: unexpected argument https://a (did you mean "--from https://a"?)`,
		"pull --admin-key k":                `antechamber: unknown flag --admin-key (set the key with the environment variable ANTHROPIC_ADMIN_API_KEY)`,
		"reset now":                         `antechamber: unexpected argument now (see antechamber reset --help)`,
		"snapshot take":                     `antechamber: <NAME> is required (see antechamber snapshot take --help)`,
		"fault add error --status 5xx":      `antechamber: invalid --status "5xx": want a whole number (see antechamber fault add --help)`,
		"requests --limit some":             `antechamber: invalid --limit "some": want a whole number of at least 1, or all (see antechamber requests --help)`,
		"validate":                          `antechamber: <FILE> is required (see antechamber validate --help)`,
		"wait --timeout soon":               `antechamber: invalid --timeout "soon": want a duration, such as 30s, or 0 (see antechamber wait --help)`,
	} {
		wantError(t, exitBadInput, message, strings.Fields(args)...)
	}
}

func TestBadVariableIsNamed(t *testing.T) {
	t.Setenv("ANTECHAMBER_ID_SEED", "x")
	wantError(t, exitBadInput, `antechamber: invalid --id-seed "x": want a whole number from 0 to 9007199254740991 `+
		`(from ANTECHAMBER_ID_SEED; see antechamber serve --help)`)
	// Other commands ignore it.
	if code, _, stderr := execute(t, "", "version"); code != exitFine {
		t.Errorf("version exits with %d: %s", code, stderr)
	}
}

// example is a command in a help text.
var example = regexp.MustCompile(`(?m)^ +antechamber( |$)`)

func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "300")
	verbs := []string{""}
	for _, verb := range commands() {
		verbs = append(verbs, strings.TrimPrefix(verb.FullPath(), "antechamber "))
		if strings.HasPrefix(verb.Detail, "Examples:") {
			t.Errorf("%s --help has no explanation", verb.FullPath())
		}
	}
	for _, verb := range verbs {
		code, stdout, stderr := execute(t, "", append(strings.Fields(verb), "--help")...)
		if code != exitFine || stderr != "" {
			t.Errorf("%s --help: exit code %d: %s", verb, code, stderr)
		}
		_, after, found := strings.Cut(stdout, "Examples:")
		if !found || !example.MatchString(after) {
			t.Errorf("%s --help has no example:\n%s", verb, stdout)
		}
		for line := range strings.Lines(stdout) {
			if len(strings.TrimSuffix(line, "\n")) > 100 {
				t.Errorf("%s --help has a line of more than 100 columns:\n%s", verb, line)
			}
		}
	}
}

func TestExamplesInHelpParse(t *testing.T) {
	texts := []string{description}
	for _, verb := range commands() {
		texts = append(texts, verb.Detail)
	}
	between := regexp.MustCompile(` {2,}|&+| [<>|] `) // between commands and comments
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		if !example.MatchString(line) {
			continue
		}
		for _, command := range between.Split(line, -1) {
			args := strings.Fields(command)
			if len(args) == 0 || args[0] != "antechamber" {
				continue
			}
			parse(t, args[1:]...)
		}
	}
}

func TestCommonSpellings(t *testing.T) {
	for _, same := range [][2][]string{{{"help"}, {"--help"}}, {{"help", "serve"}, {"serve", "--help"}}, {{"--version"}, {"version"}}, {{"-v"}, {"version"}}, {{"clock", "stop", "--help"}, {"clock", "freeze", "--help"}}, {{"fault", "rm", "--help"}, {"fault", "delete", "--help"}}} {
		code, got, _ := execute(t, "", same[0]...)
		_, want, _ := execute(t, "", same[1]...)
		if code != exitFine || got != want || got == "" {
			t.Errorf("antechamber %s exits with %d and prints %q", strings.Join(same[0], " "), code, got)
		}
	}
}
