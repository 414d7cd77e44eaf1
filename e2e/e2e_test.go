// Package e2e drives the built binary over TCP with the vendor's own clients,
// as its users do.
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
	// frozen is what the clock shows wherever a test knows its times.
	frozen = "2026-03-01T12:00:00Z"
	// patience is how long the binary may take to start or to end.
	patience = 20 * time.Second
)

// binary is the path of the binary that TestMain builds.
var binary string

func TestMain(m *testing.M) {
	// The environment would reach into both the binary and the clients.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "ANTHROPIC_") || strings.HasPrefix(name, "ANTECHAMBER_") && name != typeScriptSwitch {
			os.Unsetenv(name)
		}
	}
	dir, err := os.MkdirTemp("", "antechamber-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "antechamber")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "antechamber")
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
	URL     string
	line    string // what it said at the start
	http    *http.Client
	logs    []string
	process *os.Process
	told    bool // to end

	productionErrors bool
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// start runs the binary on a free port until the test ends, and holds it to
// its manners: one line on stdout, nothing on stderr but what expectLog names,
// and exit code 0 when it is told to end.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	return startReading(t, "", args...)
}

// startReading is start with something on stdin.
func startReading(t *testing.T, stdin string, args ...string) *server {
	t.Helper()
	return startAs(t, stdin, append([]string{"serve", "--addr", "127.0.0.1:0", "--admin-key", adminKey}, args...)...)
}

// startAs is startReading with the command line to the letter.
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
				t.Errorf("the binary ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the binary did not end on SIGTERM")
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
			t.Fatalf("no address in the start line %q of antechamber %s", s.line, strings.Join(args, " "))
		}
	case <-time.After(patience):
		t.Fatal("the binary did not say where it listens")
	}
	return s
}

// terminate tells the binary to end.
func (s *server) terminate(t *testing.T) {
	if s.told {
		return
	}
	s.told = true
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the binary was gone before it was told to end: %v", err)
	}
}

// expectLog says that a line with these words will be on stderr.
func (s *server) expectLog(words string) { s.logs = append(s.logs, words) }

func (s *server) checkLog(t *testing.T, stderr string) {
	seen := map[string]bool{}
lines:
	for line := range strings.Lines(stderr) {
		for _, words := range s.logs {
			if strings.Contains(line, words) {
				seen[words] = true
				continue lines
			}
		}
		t.Errorf("unexpected on stderr: %s", line)
	}
	for _, words := range s.logs {
		if !seen[words] {
			t.Errorf("no line with %q on stderr", words)
		}
	}
}

// newHTTPClient returns a client with connections of its own, closed when the
// test ends.
func newHTTPClient(t *testing.T) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// seedFile writes a seed where the binary can read it.
func seedFile(t *testing.T, seed string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// answer is what came back, byte for byte.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// raw makes one request of the Admin API without a client in between that
// could be lenient. The body is sent as it is, none when it is empty; further
// headers come in pairs, and an empty value takes a header away.
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
	s.conforms(t, method, req.URL.Path, res, got)
	return answer{res.StatusCode, res.Header, string(got)}
}

// conforms fails the test unless an answer of an operation is what our document
// describes.
func (s *server) conforms(t *testing.T, method, path string, res *http.Response, body []byte) {
	t.Helper()
	doc, err := document()
	noError(t, "document", err)
	route, ok := doc.Route(strings.TrimPrefix(path, "/v1"))
	if !ok || res.StatusCode == http.StatusMethodNotAllowed || !slices.ContainsFunc(doc.Operations(), func(o conform.Operation) bool {
		return o.Method == method && o.Path == route
	}) {
		return
	}
	if err := doc.CheckResponse(method, route, res.StatusCode, res.Header, body); err != nil {
		t.Errorf("%s %s: the answer %d %s\nis not what api/openapi.yaml describes: %v", method, path, res.StatusCode, body, err)
	}
}

// equal reports a difference between two values.
func equal[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// noError ends the test at an error that the rest of it could not bear.
func noError(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// at reads a time of the kind that the API writes.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	noError(t, "time", err)
	return v
}

// ago is an instant before the frozen clock.
func ago(t *testing.T, days int, rest time.Duration) time.Time {
	t.Helper()
	return at(t, frozen).Add(-time.Duration(days)*24*time.Hour - rest)
}

// TestServe holds what belongs to no operation.
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
		t.Errorf("GET /openapi.yaml: %d, begins with %.20q", got.Status, got.Body)
	}
}

// TestSeedFromStdin starts from a seed that is piped in.
func TestSeedFromStdin(t *testing.T) {
	t.Parallel()
	s := startReading(t, `{"id": "0b54c6a2-5d0f-4a8f-9d4e-6c1f3a7e2b90", "name": "Piped"}`, "--seed", "-")
	got := s.raw(t, http.MethodGet, "/v1/organizations/me", "")
	equal(t, "organization", `{"id":"0b54c6a2-5d0f-4a8f-9d4e-6c1f3a7e2b90","type":"organization","name":"Piped"}`, got.Body)
}

// TestTerminationDoesNotWaitForIdleConnections ends the binary while a client
// keeps its connection open.
func TestTerminationDoesNotWaitForIdleConnections(t *testing.T) {
	t.Parallel()
	client := newHTTPClient(t) // cleaned up after the server, since it is made before it
	s := start(t, "--seed", "empty")
	s.http = client
	s.raw(t, http.MethodGet, "/livez", "")
}

// TestTerminationDrains tells the binary to end while the body of a request is
// on its way: the request is answered all the same.
func TestTerminationDrains(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.DialTimeout("tcp", host, patience)
	noError(t, "connection", err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	const body = `{"name": "Last of all"}`
	fmt.Fprintf(conn, "POST /v1/organizations/workspaces HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n"+
		"Anthropic-Version: 2023-06-01\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", host, adminKey, len(body))
	r := bufio.NewReader(conn)
	goOn, err := http.ReadResponse(r, nil) // the binary asks for the body, so it is at work
	noError(t, "100 Continue", err)
	equal(t, "status", http.StatusContinue, goOn.StatusCode)

	s.terminate(t)
	for deadline := time.Now().Add(patience); ; { // until nobody else gets in
		late, err := net.DialTimeout("tcp", host, patience)
		if err != nil {
			break
		}
		late.Close()
		if time.Now().After(deadline) {
			t.Fatal("the binary goes on listening when it was told to end")
		}
	}
	io.WriteString(conn, body)
	res, err := http.ReadResponse(r, nil)
	noError(t, "answer", err)
	defer res.Body.Close()
	equal(t, "status", http.StatusOK, res.StatusCode)
	got, err := io.ReadAll(res.Body)
	noError(t, "body", err)
	if !strings.Contains(string(got), `"name":"Last of all"`) {
		t.Errorf("answer: %s", got)
	}
}

// decode reads JSON.
func decode(t *testing.T, body string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
}
