package cli

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serveHTTP starts a server with a handler and returns its URL.
func serveHTTP(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestWaitUntilReady(t *testing.T) {
	var attempts atomic.Int32
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/base/readyz" || attempts.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	code, stdout, stderr := execute(t, "", "wait", "--url", url+"/base/")
	if code != exitFine || stdout != "" || stderr != "" || attempts.Load() != 3 {
		t.Errorf("exit code %d after %d attempts: %s%s", code, attempts.Load(), stdout, stderr)
	}
}

func TestWaitBeforeTheServerStarts(t *testing.T) {
	at := unusedAddress(t)
	waited := make(chan int)
	go func() {
		code, _, _ := execute(t, "", "wait", "--url", "http://"+at, "--timeout", "30s")
		waited <- code
	}()
	startServer(t, "", "--addr", at)
	if code := <-waited; code != exitFine {
		t.Errorf("the exit code is %d", code)
	}
}

func TestWaitGivesUp(t *testing.T) {
	hanging := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	unavailable := serveHTTP(t, status(http.StatusServiceUnavailable))
	elsewhere := serveHTTP(t, http.RedirectHandler(unavailable, http.StatusFound).ServeHTTP)
	closed := unusedAddress(t)
	refused := "dial tcp " + closed + ": connect: connection refused"
	for _, test := range []struct{ url, timeout, message string }{
		{unavailable, "0", unavailable + " is not ready: response status 503 Service Unavailable"},
		{elsewhere, "0", elsewhere + " is not ready: response status 302 Found"},
		{hanging, "150ms", hanging + " is not ready after 150ms: no response in time"},
		{"http://" + closed, "0", "http://" + closed + " is not ready: " + refused},
		{"http://me:secret@" + closed, "0", "http://me:xxxxx@" + closed + " is not ready: " + refused},
	} {
		wantError(t, exitNotReady, "antechamber: "+test.message, "wait", "--url", test.url, "--timeout", test.timeout)
	}
}

func TestWaitUsesItsWholeTimeout(t *testing.T) {
	url := serveHTTP(t, status(http.StatusServiceUnavailable))
	started := time.Now()
	execute(t, "", "wait", "--url", url, "--timeout", "300ms")
	if took := time.Since(started); took < 200*time.Millisecond {
		t.Errorf("gave up after %s", took)
	}
}

func TestWaitRefuses(t *testing.T) {
	for _, url := range []string{"127.0.0.1:4020", "localhost:4020", "http://", "ftp://localhost", "http://a b", "http://[::1", "http://localhost:4020/v1/"} {
		code, _, stderr := execute(t, "", "wait", "--url", url)
		if want := fmt.Sprintf("antechamber: invalid --url %q: want the base URL of a server, such as http://127.0.0.1:4020", url); code != exitBadInput || !strings.HasPrefix(stderr, want) {
			t.Errorf("%q: exit code %d: %s", url, code, stderr)
		}
	}
	wantError(t, exitBadInput, `antechamber: invalid --timeout "-1s": want a duration, such as 30s, or 0 (see antechamber wait --help)`, "wait", "--timeout=-1s")
}

// unusedAddress returns a loopback address that nothing listens on.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestWaitFindsTheServerOfItsEnvironment waits for the server that serve would
// start in the same environment, as in a container.
func TestWaitFindsTheServerOfItsEnvironment(t *testing.T) {
	url := serveHTTP(t, status(http.StatusOK))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	for _, host := range []string{"", "0.0.0.0", "[::]", "127.0.0.1"} {
		t.Setenv("ANTECHAMBER_ADDR", host+":"+port)
		if code, _, stderr := execute(t, "", "wait", "--timeout", "0"); code != exitFine {
			t.Errorf("with ANTECHAMBER_ADDR=%s:%s: exit code %d: %s", host, port, code, stderr)
		}
	}
}
