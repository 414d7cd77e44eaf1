package cli

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/store"
)

// testServer is a running server.
type testServer struct {
	t         *testing.T
	startLine string
	url       string
	stderr    *buffer
	stop      context.CancelFunc
	stopped   chan int // its exit code
}

var urlIn = regexp.MustCompile(`http://[^\s"]+`)

// startServer starts a server on a free port unless the arguments name one,
// and stops it when the test is over.
func startServer(t *testing.T, stdin string, args ...string) *testServer {
	t.Helper()
	return startServerAt(t, store.RealTime(), stdin, args...)
}

// startServerAt is startServer with another real time.
func startServerAt(t *testing.T, now func() time.Time, stdin string, args ...string) *testServer {
	t.Helper()
	if !slices.Contains(args, "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	ctx, cancel := context.WithCancel(context.Background())
	stdout, out := io.Pipe()
	s := &testServer{t: t, stderr: new(buffer), stop: cancel, stopped: make(chan int, 1)}
	go func() {
		s.stopped <- run(ctx, args, &process{strings.NewReader(stdin), out, s.stderr, time.Now(), now, newBuild("", ""), false})
		out.Close()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("antechamber %s exits with %d: %s", strings.Join(args, " "), <-s.stopped, s.stderr)
	}
	go io.Copy(io.Discard, stdout)
	s.startLine, s.url = strings.TrimSuffix(line, "\n"), urlIn.FindString(line)
	t.Cleanup(func() {
		cancel()
		<-s.stopped
		close(s.stopped)
	})
	return s
}

// stopAndWait stops the server and returns its exit code.
func (s *testServer) stopAndWait() int {
	s.stop()
	code := <-s.stopped
	s.stopped <- code // for the clean-up
	return code
}

// request sends a request with a key and returns the response.
func (s *testServer) request(method, path, key, body string) (status int, response string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("x-api-key", key)
	r.Header.Set("anthropic-version", "2023-06-01")
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// organization returns the name of the organization that a key selects, or "".
func (s *testServer) organization(key string) string {
	s.t.Helper()
	_, response := s.request("GET", "/v1/organizations/me", key, "")
	var o api.Organization
	if err := json.Unmarshal([]byte(response), &o); err != nil {
		s.t.Fatal(err)
	}
	return o.Name
}

func TestStartLine(t *testing.T) {
	files(t, map[string]string{"two.json": `{"organizations": [{"name": "A"}, {"name": "B", "admin_keys": ["sk-ant-admin01-b"]}]}`})
	for _, test := range []struct {
		name, pattern string
		args          []string
	}{
		{
			"demo", `^antechamber dev on http://127\.0\.0\.1:\d+  key sk-ant-admin01-antechamber  console http://127\.0\.0\.1:\d+/_emulate  seed demo  id-seed \d{1,16}  ready in [\d.]+ms$`,
			nil,
		},
		{
			"several organizations", `:\d+  key sk-ant-admin01-antechamber  console http://127\.0\.0\.1:\d+/_emulate  seed two\.json  organizations 2  id-seed 7  ready in [\d.]+ms$`,
			[]string{"--seed", "two.json", "--id-seed", "7"},
		},
		{
			"frozen by the seed", `  seed contract  clock frozen at 2024-11-01T23:59:27\.427722Z  id-seed`,
			[]string{"--seed", "contract"},
		},
		{
			"frozen by the flag", `  seed contract  clock frozen at 2026-01-01T00:00:00\.000000Z  id-seed`,
			[]string{"--seed", "contract", "--clock", "2026-01-01T01:00:00+01:00"},
		},
		{
			"rate limit on a frozen clock", `  rate-limit production \(moves with the clock only\)  id-seed`,
			[]string{"--seed", "contract", "--rate-limit", "production"},
		},
		{
			"exposed, and open", `  seed empty  id-seed \d{1,16}  ready`,
			[]string{"--addr", ":0", "--expose", "--seed", "empty", "--control-token", "none"},
		},
		{
			"exposed", `^antechamber dev on http://127\.0\.0\.1:(\d+)  exposed on (\[::\]|0\.0\.0\.0):\d+  key sk-ant-admin01-x  console http://127\.0\.0\.1:\d+/_emulate  seed empty  control-token [A-Z2-7]{26}`,
			[]string{"--addr", ":0", "--expose", "--seed", "empty", "--admin-key", "sk-ant-admin01-x"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if s := startServer(t, "", test.args...); !regexp.MustCompile(test.pattern).MatchString(s.startLine) {
				t.Errorf("%s\ndoes not match\n%s", s.startLine, test.pattern)
			}
		})
	}
}

func TestStartLineAsJSON(t *testing.T) {
	s := startServer(t, "", "--log", "json", "--seed", "contract", "--id-seed", "9007199254740991")
	var got map[string]any
	if err := json.Unmarshal([]byte(s.startLine), &got); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339Nano, got["time"].(string)); err != nil {
		t.Error(err)
	}
	if took := got["took_ms"].(float64); took < 0 || took > 60_000 {
		t.Errorf("took %v ms", took)
	}
	delete(got, "time")
	delete(got, "took_ms")
	want := map[string]any{
		"level": "INFO", "msg": "ready", "version": "dev", "url": s.url, "admin_key": defaultAdminKey, "console": s.url + "/_emulate",
		"seed": "contract", "organizations": 1.0, "frozen_at": "2024-11-01T23:59:27.427722Z", "id_seed": float64(maxIDSeed),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestURLOfTheStartLine(t *testing.T) {
	for _, args := range [][]string{
		{"--addr", "127.0.0.1:0"},
		{"--addr", ":0"},
		{"--addr", "localhost:0"},
		{"--addr", "[::1]:0"},
		{"--addr", ":0", "--expose"},
		{"--addr", "0.0.0.0:0", "--expose"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if args[1] == "[::1]:0" && !hasIPv6() {
				t.Skip("no IPv6 here")
			}
			s := startServer(t, "", append(args, "--seed", "empty")...)
			if name := s.organization(defaultAdminKey); name != "Empty" {
				t.Errorf("the organization is named %q", name)
			}
			if code, _, stderr := execute(t, "", "wait", "--url", s.url, "--timeout", "0"); code != exitFine {
				t.Errorf("waexit code %d: %s", code, stderr)
			}
		})
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

func TestBadAddresses(t *testing.T) {
	resolve(t, map[string][]string{"outside.test.": {"192.0.2.1"}, "both.test.": {"127.0.0.1", "192.0.2.1"}})
	exposed := func(addr string) string {
		return "antechamber: --addr " + addr + " requires --expose: other machines can reach it (use --addr 127.0.0.1:0 to keep it local)"
	}
	for addr, message := range map[string]string{
		"0.0.0.0:0":      exposed("0.0.0.0:0"),
		"[::]:0":         exposed("[::]:0"),
		"192.0.2.1:0":    exposed("192.0.2.1:0"),
		"outside.test:0": exposed("outside.test:0"),
		"both.test:0":    exposed("both.test:0"),
		"nobody.test:0":  `antechamber: cannot resolve --addr host "nobody.test"`,
		"localhost":      `antechamber: invalid --addr "localhost": want HOST:PORT or a port, such as 127.0.0.1:4020 or 4020 (see antechamber serve --help)`,
		"::1":            `antechamber: invalid --addr "::1": want HOST:PORT or a port, such as 127.0.0.1:4020 or 4020 (see antechamber serve --help)`,
		"localhost:":     `antechamber: invalid --addr "localhost:": want a port from 0 to 65535 (see antechamber serve --help)`,
		"localhost:http": `antechamber: invalid --addr "localhost:http": want a port from 0 to 65535 (see antechamber serve --help)`,
		":65536":         `antechamber: invalid --addr ":65536": want a port from 0 to 65535 (see antechamber serve --help)`,
	} {
		wantError(t, exitBadInput, message, "--addr", addr)
	}
	wantError(t, exitBadInput, "antechamber: cannot listen on 192.0.2.1:0: bind: cannot assign requested address", "--addr", "outside.test:0", "--expose")
}

func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wantError(t, exitBadInput, "antechamber: cannot listen on "+l.Addr().String()+": address already in use (use --addr 127.0.0.1:0 to pick a free port)", "--addr", l.Addr().String())
}

// resolve replaces DNS by a table.
func resolve(t *testing.T, table map[string][]string) {
	old := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = old })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerDNS(theirs, table)
		return ours, nil
	}}
}

// answerDNS answers one query for an address, in the framing of TCP.
func answerDNS(conn net.Conn, table map[string][]string) {
	defer conn.Close()
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return
	}
	name, end := "", 12
	for query[end] != 0 {
		n := int(query[end])
		name += string(query[end+1:end+1+n]) + "."
		end += 1 + n
	}
	end += 5 // the empty label, type and class
	addresses, known := table[name]
	if query[end-3] != 1 { // not an IPv4 address
		addresses = nil
	}
	answer := slices.Concat(query[:2], []byte{0x81, 0x80, 0, 1, 0, byte(len(addresses)), 0, 0, 0, 0}, query[12:end])
	if !known {
		answer[3] = 0x83 // no such name
	}
	for _, a := range addresses {
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, net.ParseIP(a).To4()...)
	}
	binary.BigEndian.PutUint16(length[:], uint16(len(answer)))
	conn.Write(append(length[:], answer...))
}

func TestSeeds(t *testing.T) {
	files(t, map[string]string{"valid.json": validSeed, "demo": validSeed})
	for _, test := range []struct{ seed, stdin, organization string }{
		{"demo", "", "Northlight Robotics"},
		{"contract", "", "Acme Corporation"},
		{"empty", "", "Empty"},
		{"valid.json", "", "Acme"},
		{"./demo", "", "Acme"},
		{"-", validSeed, "Acme"},
	} {
		t.Run(test.seed, func(t *testing.T) {
			s := startServer(t, test.stdin, "--seed", test.seed)
			if got := s.organization(defaultAdminKey); got != test.organization {
				t.Errorf("the organization is named %q, want %q", got, test.organization)
			}
			want := "  seed " + strings.ReplaceAll(test.seed, "-", "stdin") + "  "
			if !strings.Contains(s.startLine, want) {
				t.Errorf("%s\ndoes not contain %q", s.startLine, want)
			}
		})
	}
}

func TestHeadersAreBounded(t *testing.T) {
	s := startServer(t, "")
	for size, want := range map[int]string{64 << 10: "200", 64<<10 + 1: "431"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		before, after := "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ", "\r\n\r\n"
		fmt.Fprint(conn, before, strings.Repeat("x", size-len(before)-len(after)), after)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if !strings.HasPrefix(resp.Status, want) {
			t.Errorf("%d bytes: %s, want %s", size, resp.Status, want)
		}
	}
}

func TestBadSeeds(t *testing.T) {
	files(t, map[string]string{"invalid.json": invalidSeed, "future.json": futureSeed})
	wantError(t, exitBadInput, `antechamber: no such seed "dmeo" (use a file, - for standard input, demo, contract or empty)`, "--seed", "dmeo")
	wantError(t, exitBadInput, "antechamber: cannot read seed .: is a directory", "--seed", ".")
	wantError(t, exitBadInput, "antechamber: built-in seed demo cannot be used with --clock 1970-01-01T00:00:00.000000Z: its times would be before 1970 or ahead of the clock",
		"--clock", "1970-01-01T00:00:00Z")
	for _, test := range []struct{ seed, stdin, first, last string }{
		{"invalid.json", "", "invalid.json:1:18: /user: unknown field", "antechamber: 2 errors in seed invalid.json"},
		{"future.json", "", "future.json:4:56: /api_keys/0/expires_at: expires_at must", "antechamber: 1 error in seed future.json"},
		{"-", "{", "stdin:1:2: invalid JSON", "antechamber: 1 error in seed stdin"},
		// Faults that depend on the clock are reported with the others.
		{"-", `{"name": "A", "user": [], "users": [{"email": "a@b.c", "role": "user", "added_at": "2999-01-01T00:00:00Z"}]}`, "stdin:1:15: /user: unknown field", "antechamber: 2 errors in seed stdin"},
	} {
		code, stdout, stderr := execute(t, test.stdin, "--seed", test.seed)
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if code != exitBadInput || stdout != "" || !strings.HasPrefix(lines[0], test.first) || lines[len(lines)-1] != test.last {
			t.Errorf("%s: exit code %d:\n%s%s", test.seed, code, stdout, stderr)
		}
	}
	code, _, stderr := execute(t, "", "--seed", "future.json", "--clock", "9500-01-01T00:00:00Z", "--addr", "x")
	if code != exitBadInput || !strings.HasPrefix(stderr, "antechamber: invalid --addr") {
		t.Errorf("the seed is invalid with the clock of the flag: %s", stderr)
	}
}

func TestAdminKeys(t *testing.T) {
	files(t, map[string]string{
		"none.json": `{"name": "First"}`,
		"own.json":  `{"name": "First", "admin_keys": ["sk-ant-admin01-a", "sk-ant-admin01-b"]}`,
		"two.json":  `{"organizations": [{"name": "First"}, {"name": "Second", "admin_keys": ["sk-ant-admin01-second"]}]}`,
	})
	for _, test := range []struct {
		args  string
		shown string
		keys  map[string]string // the organization that each selects
	}{
		{"--seed none.json", defaultAdminKey, map[string]string{defaultAdminKey: "First"}},
		{"--seed none.json --admin-key sk-ant-admin02-x", "sk-ant-admin02-x", map[string]string{"sk-ant-admin02-x": "First", defaultAdminKey: ""}},
		{"--seed own.json", "sk-ant-admin01-a", map[string]string{"sk-ant-admin01-a": "First", "sk-ant-admin01-b": "First", defaultAdminKey: ""}},
		{"--seed own.json --admin-key sk-ant-admin01-b", "sk-ant-admin01-b", map[string]string{"sk-ant-admin01-a": "First", "sk-ant-admin01-b": "First"}},
		{"--seed own.json --admin-key " + defaultAdminKey, defaultAdminKey, map[string]string{"sk-ant-admin01-a": "First", defaultAdminKey: "First"}},
		{"--seed two.json", defaultAdminKey, map[string]string{defaultAdminKey: "First", "sk-ant-admin01-second": "Second"}},
		{"--seed two.json --admin-key sk-ant-admin01-x", "sk-ant-admin01-x", map[string]string{"sk-ant-admin01-x": "First", "sk-ant-admin01-second": "Second"}},
	} {
		t.Run(test.args, func(t *testing.T) {
			s := startServer(t, "", strings.Fields(test.args)...)
			if !strings.Contains(s.startLine, "  key "+test.shown+"  ") {
				t.Errorf("%s\ndoes not contain %s", s.startLine, test.shown)
			}
			got := map[string]string{}
			for key := range maps.Keys(test.keys) {
				got[key] = s.organization(key)
			}
			if diff := cmp.Diff(test.keys, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadAdminKeys(t *testing.T) {
	files(t, map[string]string{
		"two.json": `{"organizations": [{"name": "First"}, {"name": "Second", "admin_keys": ["` + defaultAdminKey + `"]}]}`,
	})
	const form = "antechamber: invalid --admin-key: want sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -, such as sk-ant-admin01-antechamber"
	wantError(t, exitBadInput, form, "--admin-key", "sk-ant-api03-x")
	const twice = `antechamber: duplicate --admin-key sk-ant-admin01-antechamber: organization "Second" in seed two.json has it too`
	wantError(t, exitBadInput, twice, "--seed", "two.json", "--admin-key", defaultAdminKey)
	wantError(t, exitBadInput, `antechamber: duplicate admin key sk-ant-admin01-antechamber: organization "Second" in seed two.json has the default key of the first organization (set another one with --admin-key)`, "--seed", "two.json")
}

func TestClockFlag(t *testing.T) {
	s := startServer(t, "", "--clock", "2026-01-01T00:00:00Z")
	_, response := s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "New"}`)
	var w api.Workspace
	if err := json.Unmarshal([]byte(response), &w); err != nil || w.CreatedAt.String() != "2026-01-01T00:00:00.000000Z" {
		t.Errorf("the frozen clock shows %s, %v", w.CreatedAt, err)
	}
	s = startServer(t, "")
	_, response = s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "New"}`)
	if err := json.Unmarshal([]byte(response), &w); err != nil || time.Since(w.CreatedAt.Time).Abs() > time.Minute {
		t.Errorf("the running clock shows %s, %v", w.CreatedAt, err)
	}
}

func TestIDSeed(t *testing.T) {
	lists := func(args ...string) string {
		s := startServer(t, "", append(args, "--clock", "2026-01-01T00:00:00Z")...)
		s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "New"}`)
		all := ""
		for _, path := range []string{"users", "invites", "workspaces", "api_keys"} {
			_, response := s.request("GET", "/v1/organizations/"+path+"?limit=1000", defaultAdminKey, "")
			all += response + "\n"
		}
		return all
	}
	one := lists("--id-seed", "1")
	if diff := cmp.Diff(one, lists("--id-seed", "1")); diff != "" {
		t.Errorf("two servers with one id seed differ (-one +other):\n%s", diff)
	}
	if one == lists("--id-seed", "2") {
		t.Error("servers with different id seeds do not differ")
	}
	random := lists()
	if random == one || random == lists() {
		t.Error("without an id seed the ids are not random")
	}
}

func TestErrorsFlag(t *testing.T) {
	for form, want := range map[string]bool{"both": true, "production": false} {
		s := startServer(t, "", "--errors", form)
		_, response := s.request("GET", "/v1/organizations/me", "nonsense", "")
		var got map[string]any
		if err := json.Unmarshal([]byte(response), &got); err != nil {
			t.Fatal(err)
		}
		if _, ok := got["message"]; ok != want {
			t.Errorf("--errors %s: %s", form, response)
		}
	}
}

func TestLog(t *testing.T) {
	s := startServer(t, "", "--log", "json", "--log-level", "debug")
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	s.stopAndWait()
	first, rest, _ := strings.Cut(s.stderr.String(), "\n")
	if !json.Valid([]byte(first)) || !strings.Contains(first, `"path":"/v1/organizations/me"`) || !strings.Contains(rest, `"msg":"stopping"`) {
		t.Errorf("the log is\n%s", s.stderr)
	}
	s = startServer(t, "")
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	s.stopAndWait()
	if got := s.stderr.String(); !strings.Contains(got, "level=INFO msg=stopping") || strings.Count(got, "\n") != 1 {
		t.Errorf("the log is\n%s", got)
	}
	s = startServer(t, "", "--log-level", "error")
	s.stopAndWait()
	if got := s.stderr.String(); got != "" {
		t.Errorf("the log is\n%s", got)
	}
}

// pending is a request whose handler waits for the rest of the body.
type pending struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// startRequest sends a request with half of its body.
func startRequest(t *testing.T, url string) *pending {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &pending{t, conn, bufio.NewReader(conn)}
	fmt.Fprintf(conn, "POST /v1/organizations/workspaces HTTP/1.1\r\nHost: antechamber\r\nx-api-key: %s\r\n"+
		"anthropic-version: 2023-06-01\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n", defaultAdminKey)
	// The server requests the body when the handler starts reading it.
	if line, err := p.r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("the server sent %q, %v", line, err)
	}
	p.r.ReadString('\n')
	fmt.Fprint(conn, `{"name": `)
	return p
}

// finish sends the rest and returns the status of the response.
func (p *pending) finish() int {
	p.t.Helper()
	fmt.Fprint(p.conn, `"New"}`)
	resp, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode
}

// waitUntilRefused waits until the server no longer accepts connections.
func waitUntilRefused(t *testing.T, url string) {
	t.Helper()
	for range 1000 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		conn.Close()
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the server still accepts connections")
}

func TestStopLetsARunningRequestFinish(t *testing.T) {
	s := startServer(t, "")
	p := startRequest(t, s.url)
	s.stop()
	waitUntilRefused(t, s.url)
	if status := p.finish(); status != http.StatusOK {
		t.Errorf("its status is %d", status)
	}
	if code := s.stopAndWait(); code != exitFine {
		t.Errorf("the exit code is %d: %s", code, s.stderr)
	}
}

// program is the program in a separate process.
type program struct {
	cmd    *exec.Cmd
	url    string
	stderr *buffer
}

// startProgram starts a server in a separate process, from a binary or from the
// test binary.
func startProgram(t *testing.T, binary string, env []string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(binary, args...), stderr: new(buffer)}
	p.cmd.Env, p.cmd.Stderr = env, p.stderr
	p.start(t)
	return p
}

// start starts the server and reads its URL from the start line.
func (p *program) start(t *testing.T) {
	t.Helper()
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("did not start: %v", p.stderr)
	}
	p.url = urlIn.FindString(line)
}

// programEnv returns the environment that makes the test binary the program. It
// disables the race detector's sleep at exit.
func programEnv() []string {
	return append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
}

func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestStoppingDoesNotWaitForUnusedConnections stops a server with a connection that
// has sent nothing, such as those that browsers open in advance.
func TestStoppingDoesNotWaitForUnusedConnections(t *testing.T) {
	s := startServer(t, "")
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "") // the server accepted the first connection before this one
	started := time.Now()
	s.stopAndWait()
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestControlPlaneTakesTheKeyAsABearerToken selects an organization with a Bearer
// token on loopback, where no control token is required.
func TestControlPlaneTakesTheKeyAsABearerToken(t *testing.T) {
	files(t, map[string]string{
		"two.json": `{"organizations": [{"name": "First"}, {"name": "Second", "admin_keys": ["sk-ant-admin01-second"]}]}`,
	})
	s := startServer(t, "", "--seed", "two.json")
	r, err := http.NewRequest(http.MethodPost, s.url+"/_emulate/reset", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk-ant-admin01-second")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), `"name":"Second"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
