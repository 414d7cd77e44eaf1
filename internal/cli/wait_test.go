package cli

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// answering is a server that answers every request with a status, and gives
// its URL.
func answering(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestWaitUntilReady(t *testing.T) {
	var tries atomic.Int32
	url := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/base/readyz" || tries.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	code, stdout, stderr := execute(t, "", "wait", "--url", url+"/base/")
	if code != exitFine || stdout != "" || stderr != "" || tries.Load() != 3 {
		t.Errorf("it exits with %d after %d tries: %s%s", code, tries.Load(), stdout, stderr)
	}
}

func TestWaitForAServerThatIsStillToStart(t *testing.T) {
	at := freeAddress(t)
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
	hanging := answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	unavailable := answering(t, status(http.StatusServiceUnavailable))
	elsewhere := answering(t, http.RedirectHandler(unavailable, http.StatusFound).ServeHTTP)
	closed := freeAddress(t)
	refused := "dial tcp " + closed + ": connect: connection refused"
	for _, test := range []struct{ url, timeout, says string }{
		{unavailable, "0", unavailable + " is not ready: it answers 503 Service Unavailable"},
		{elsewhere, "0", elsewhere + " is not ready: it answers 302 Found"},
		{hanging, "150ms", hanging + " is not ready after 150ms: no answer in time"},
		{"http://" + closed, "0", "http://" + closed + " is not ready: " + refused},
		{"http://me:secret@" + closed, "0", "http://me:xxxxx@" + closed + " is not ready: " + refused},
	} {
		wantError(t, exitNotReady, "antechamber: "+test.says, "wait", "--url", test.url, "--timeout", test.timeout)
	}
}

func TestWaitKeepsOnUntilTheTimeIsUp(t *testing.T) {
	url := answering(t, status(http.StatusServiceUnavailable))
	began := time.Now()
	execute(t, "", "wait", "--url", url, "--timeout", "300ms")
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("it gave up after %s", took)
	}
}

func TestWaitRefuses(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:4020", "localhost:4020", "http://", "ftp://localhost", "http://a b", "http://[::1", "http://localhost:4020/v1/"} {
		code, _, stderr := execute(t, "", "wait", "--url", url)
		if want := "antechamber: --url: expected a URL such as http://127.0.0.1:4020, not "; code != exitBadInput || len(stderr) < len(want) || stderr[:len(want)] != want {
			t.Errorf("%q: it exits with %d: %s", url, code, stderr)
		}
	}
	wantError(t, exitBadInput, "antechamber: --timeout: expected a duration such as 30s, or 0, not -1s", "wait", "--timeout=-1s")
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestWaitFindsTheServerOfItsEnvironment takes the port that a server of the
// same environment would listen on: that of a container, say.
func TestWaitFindsTheServerOfItsEnvironment(t *testing.T) {
	url := answering(t, status(http.StatusOK))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	for _, host := range []string{"", "0.0.0.0", "[::]", "127.0.0.1"} {
		t.Setenv("ANTECHAMBER_ADDR", host+":"+port)
		if code, _, stderr := execute(t, "", "wait", "--timeout", "0"); code != exitFine {
			t.Errorf("with ANTECHAMBER_ADDR=%s:%s it exits with %d: %s", host, port, code, stderr)
		}
	}
}
