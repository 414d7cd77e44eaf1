// Package e2e tests the built binary over TCP with the vendor's own clients, as
// users run it.
package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/internal/conform"
)

const (
	adminKey = "sk-ant-admin01-e2e"
	// frozen is the time of a frozen clock, for tests that compare times.
	frozen = "2026-03-01T12:00:00Z"
	// patience is the timeout for a start, a stop or a request.
	patience = 20 * time.Second
)

// binary is the path of the binary that TestMain builds.
var binary string

func TestMain(m *testing.M) {
	// Both the binary and the clients read these variables.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "ANTHROPIC_") || strings.HasPrefix(name, "ANTECHAMBER_") {
			os.Unsetenv(name)
		}
	}
	dir, err := os.MkdirTemp("", "antechamber-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "antechamber")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	build.Dir = ".." // the main module, with the libraries that it requires
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// server is a running binary.
type server struct {
	URL        string
	line       string // the start line
	http       *http.Client
	logs       []string // parts of the lines that stderr must have
	process    *os.Process
	terminated bool // it was sent SIGTERM

	productionErrors bool
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// start runs the binary on a free port until the test ends. It checks that stdout
// has one line, that stderr has only lines that expectLog names, and that SIGTERM
// ends the binary with exit code 0.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	return startReading(t, "", args...)
}

// startReading is start with stdin.
func startReading(t *testing.T, stdin string, args ...string) *server {
	t.Helper()
	return startAs(t, stdin, append([]string{"serve", "--addr", "127.0.0.1:0", "--admin-key", adminKey}, args...)...)
}

// startAs is startReading without default arguments.
func startAs(t *testing.T, stdin string, args ...string) *server {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, stdoutWriter := io.Pipe()
	cmd.Stdout = stdoutWriter
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		stdoutWriter.Close()
		exited <- err
	}()
	first, rest := make(chan string, 1), make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		line, _ := r.ReadString('\n')
		first <- line
		more, _ := io.ReadAll(r)
		rest <- string(more)
	}()

	s := &server{
		http: newHTTPClient(t), process: cmd.Process, logs: []string{`level=INFO msg=stopping cause="terminated`},
		productionErrors: strings.Contains(strings.Join(args, " "), "--errors production"),
	}
	t.Cleanup(func() {
		s.terminate(t)
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("the binary exited with %v", err)
			}
		case <-time.After(patience):
			t.Error("the binary did not exit on SIGTERM")
			cmd.Process.Kill()
			<-exited
		}
		if more := <-rest; more != "" {
			t.Errorf("more than one line on stdout:\n%s", more)
		}
		s.checkLog(t, stderr.String())
	})

	select {
	case s.line = <-first:
		if s.URL = address.FindString(s.line); s.URL == "" {
			t.Fatalf("no URL in the start line %q of antechamber %s", s.line, strings.Join(args, " "))
		}
	case <-time.After(patience):
		t.Fatal("the binary printed no start line")
	}
	return s
}

// terminate sends the binary SIGTERM, once.
func (s *server) terminate(t *testing.T) {
	if s.terminated {
		return
	}
	s.terminated = true
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the binary exited before SIGTERM: %v", err)
	}
}

// expectLog requires a line on stderr that contains part.
func (s *server) expectLog(part string) { s.logs = append(s.logs, part) }

func (s *server) checkLog(t *testing.T, stderr string) {
	seen := map[string]bool{}
lines:
	for line := range strings.Lines(stderr) {
		for _, part := range s.logs {
			if strings.Contains(line, part) {
				seen[part] = true
				continue lines
			}
		}
		if strings.Contains(line, " hint=") {
			continue // of a request that a test wants to fail
		}
		t.Errorf("unexpected line on stderr: %s", line)
	}
	for _, part := range s.logs {
		if !seen[part] {
			t.Errorf("no line with %q on stderr", part)
		}
	}
}

// newHTTPClient returns a client with its own connections, which are closed when
// the test ends.
func newHTTPClient(t *testing.T) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// seedFile writes a seed to a temporary file.
func seedFile(t *testing.T, seed string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// answer is a response, byte for byte.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// raw sends one request without an SDK, which might correct it. Headers are alternating
// names and values; an empty value removes a header.
func (s *server) raw(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-api-key", adminKey)
	req.Header.Set("anthropic-version", "2023-06-01")
	if body != "" {
		req.Header.Set("content-type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	s.checkResponse(t, req, res, got)
	return answer{res.StatusCode, res.Header, string(got)}
}

// checkResponse checks the response of an operation against our OpenAPI document and
// the vendor's.
func (s *server) checkResponse(t *testing.T, req *http.Request, res *http.Response, body []byte) {
	t.Helper()
	doc, err := document()
	noError(t, "document", err)
	method, path := req.Method, req.URL.Path
	route, ok := doc.Route(strings.TrimPrefix(path, "/v1"))
	if !ok || res.StatusCode == http.StatusMethodNotAllowed || !slices.ContainsFunc(doc.Operations(), func(o conform.Operation) bool {
		return o.Method == method && o.Path == route
	}) {
		return
	}
	if err := doc.CheckResponse(method, route, res.StatusCode, res.Header, body); err != nil {
		t.Errorf("%s %s: response does not match api/openapi.yaml: %v\n%d %s", method, path, err, res.StatusCode, body)
	}
	if res.StatusCode != http.StatusOK && !s.productionErrors {
		body = asProduction(t, body)
	}
	if err := vendorDocument(t, req.Header.Get("anthropic-version")).CheckResponse(method, route, res.StatusCode, res.Header, body); err != nil {
		t.Errorf("%s %s: response does not match the vendor's document: %v\n%d %s", method, path, err, res.StatusCode, body)
	}
}

// equal fails the test if two values differ.
func equal[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// noError ends the test if err is not nil.
func noError(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// at parses a time of the API.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	noError(t, "time", err)
	return v
}

// ago returns the time that is days and rest before the frozen clock.
func ago(t *testing.T, days int, rest time.Duration) time.Time {
	t.Helper()
	return at(t, frozen).Add(-time.Duration(days)*24*time.Hour - rest)
}

// TestServe requests the endpoints that are not operations.
func TestServe(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	for path, body := range map[string]string{"/livez": "alive\n", "/readyz": "ready\n"} {
		got := s.raw(t, http.MethodGet, path, "", "x-api-key", "")
		if got.Status != http.StatusOK || got.Body != body {
			t.Errorf("GET %s: %d %q, want 200 %q", path, got.Status, got.Body, body)
		}
	}
	got := s.raw(t, http.MethodGet, "/openapi.yaml", "", "x-api-key", "")
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "openapi: 3.1") {
		t.Errorf("GET /openapi.yaml: %d %.20q…, want 200 and an OpenAPI document", got.Status, got.Body)
	}
}

func TestSeedFromStdin(t *testing.T) {
	t.Parallel()
	s := startReading(t, `{"id": "0b54c6a2-5d0f-4a8f-9d4e-6c1f3a7e2b90", "name": "Piped"}`, "--seed", "-")
	got := s.raw(t, http.MethodGet, "/v1/organizations/me", "")
	equal(t, "organization", `{"id":"0b54c6a2-5d0f-4a8f-9d4e-6c1f3a7e2b90","type":"organization","name":"Piped"}`, got.Body)
}

// TestTerminationDoesNotWaitForIdleConnections ends the binary while a client
// has an idle connection to it.
func TestTerminationDoesNotWaitForIdleConnections(t *testing.T) {
	t.Parallel()
	client := newHTTPClient(t) // before start: cleanups run last in, first out
	s := start(t, "--seed", "empty")
	s.http = client
	s.raw(t, http.MethodGet, "/livez", "")
}

// TestTerminationDrains terminates the binary while it waits for the body of a
// request, which it still answers.
func TestTerminationDrains(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.DialTimeout("tcp", host, patience)
	noError(t, "connection", err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	const body = `{"name": "Last one"}`
	fmt.Fprintf(conn, "POST /v1/organizations/workspaces HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n"+
		"Anthropic-Version: 2023-06-01\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", host, adminKey, len(body))
	r := bufio.NewReader(conn)
	interim, err := http.ReadResponse(r, nil) // the handler has started to read the body
	noError(t, "100 Continue", err)
	equal(t, "status", http.StatusContinue, interim.StatusCode)

	s.terminate(t)
	for deadline := time.Now().Add(patience); ; { // until the port is closed
		late, err := net.DialTimeout("tcp", host, patience)
		if err != nil {
			break
		}
		late.Close()
		if time.Now().After(deadline) {
			t.Fatal("the binary still listens after SIGTERM")
		}
	}
	io.WriteString(conn, body)
	res, err := http.ReadResponse(r, nil)
	noError(t, "response", err)
	defer res.Body.Close()
	equal(t, "status", http.StatusOK, res.StatusCode)
	got, err := io.ReadAll(res.Body)
	noError(t, "body", err)
	if !strings.Contains(string(got), `"name":"Last one"`) {
		t.Errorf("response: %s", got)
	}
}

// decode parses JSON into a value.
func decode(t *testing.T, body string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
}
