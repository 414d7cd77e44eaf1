package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
)

// server responds to every request with body over TCP, unless its fault fires.
type server struct {
	*httptest.Server
	set   *Set
	mu    sync.Mutex
	works int
	slept []time.Duration
}

const body = `{"type":"workspace","name":"long enough to be cut anywhere"}`

func serve(t *testing.T, fault string) *server {
	s := &server{set: arm(t, fault)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("request-id", "req_1")
	h := s.set.Decide(Request{Operation: "removeOrganizationMember", Method: r.Method, Path: r.URL.EscapedPath()})
	Actor{Sleep: s.sleep, Fail: fail}.Serve(h, w, r, http.HandlerFunc(s.work))
}

func (s *server) work(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works++
	w.Header().Set("content-type", "application/json")
	w.Header().Set("content-length", fmt.Sprint(len(body)))
	fmt.Fprint(w, body)
}

func (s *server) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slept = append(s.slept, d)
	return ctx.Err()
}

// fail writes errors in place of the real server's function.
func fail(w http.ResponseWriter, _ *http.Request, f Failure) {
	w.WriteHeader(f.Status)
	fmt.Fprint(w, f.Message, "|")
	if f.Details != nil {
		fmt.Fprint(w, api.Encode(f.Details))
	}
}

// seen is what a client sees of a request's outcome.
type seen struct {
	Err        string // of the call, or of reading the body
	Status     int
	Body       string
	Fault      string
	RetryAfter string
	Length     int64
	JSON       bool
	Works      int // how many times the work was done
}

func (s *server) do(t *testing.T, method, path string, in io.Reader) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, in)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(r)
	var got seen
	if err == nil {
		got = seen{Status: res.StatusCode, Fault: res.Header.Get(Header), RetryAfter: res.Header.Get("retry-after"), Length: res.ContentLength}
		var b []byte
		b, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
		got.Body, got.JSON = string(b), json.Valid(b)
	}
	got.Err = kind(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	got.Works = s.works
	return got
}

// kind classifies a connection error.
func kind(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, io.EOF):
		return "EOF"
	}
	return err.Error()
}

func TestActionsAsClientsSeeThem(t *testing.T) {
	whole := int64(len(body))
	for _, c := range []struct {
		action string
		want   seen
	}{
		{`"type":"error","status":529`, seen{Status: 529, Body: "Overloaded|", Length: 11}},
		{`"type":"error","status":500`, seen{Status: 500, Body: "Internal server error|", Length: 22}},
		{`"type":"error","status":504`, seen{Status: 504, Body: "Request timed out|", Length: 18}},
		{`"type":"error","status":404`, seen{Status: 404, Body: "Not Found|", Length: 10}},
		{`"type":"error","status":499`, seen{Status: 499, Body: "Invalid request|", Length: 16}},
		{`"type":"error","status":429`, seen{Status: 429, Body: "This request would exceed your organization's rate limit.|", Length: 58, RetryAfter: "1"}},
		{`"type":"error","status":429,"retry_after":7`, seen{Status: 429, Body: "This request would exceed your organization's rate limit.|", Length: 58, RetryAfter: "7"}},
		{`"type":"error","status":503,"retry_after":0`, seen{Status: 503, Body: "Overloaded|", Length: 11, RetryAfter: "0"}},
		{
			`"type":"error","message":"m","error_code":"concurrent_membership_change"`,
			seen{Status: 409, Body: `m|{"error_code":"concurrent_membership_change"}`, Length: 47},
		},
		{`"type":"delay","duration":"250ms"`, seen{Status: 200, Body: body, Length: whole, JSON: true, Works: 1}},
		{`"type":"drop"`, seen{Err: "connection reset"}},
		{`"type":"drop_after_commit"`, seen{Err: "connection reset", Works: 1}},
		{`"type":"truncate","bytes":10`, seen{Err: "unexpected EOF", Status: 200, Body: body[:10], Length: whole, Works: 1}},
		{`"type":"truncate","bytes":0`, seen{Err: "unexpected EOF", Status: 200, Length: whole, Works: 1}},
		{`"type":"truncate","bytes":9999`, seen{Err: "unexpected EOF", Status: 200, Body: body[:len(body)-1], Length: whole, Works: 1}},
		{`"type":"malformed"`, seen{Status: 200, Body: body[:len(body)/2] + "<!--", Length: whole/2 + 4, Works: 1}},
		{`"type":"stale_read","writes":1`, seen{Status: 200, Body: body, Length: whole, JSON: true, Works: 1}},
	} {
		if c.want.Status != 0 {
			c.want.Fault = "fault_1"
		}
		t.Run(c.action, func(t *testing.T) {
			s := serve(t, action(c.action))
			s.Start()
			if diff := cmp.Diff(c.want, s.do(t, "GET", "/v1/organizations/workspaces", nil)); diff != "" {
				t.Errorf("what the client sees (-want +got):\n%s", diff)
			}
		})
	}
}

// A write fails in the same way even if the handler doesn't read its body.
func TestActionsOnAWriteWithUnreadBody(t *testing.T) {
	for name, want := range map[string]seen{
		`"type":"drop"`:               {Err: "connection reset"},
		`"type":"drop_after_commit"`:  {Err: "connection reset", Works: 1},
		`"type":"truncate","bytes":9`: {Err: "unexpected EOF", Status: 200, Body: body[:9], Length: int64(len(body)), Fault: "fault_1", Works: 1},
	} {
		s := serve(t, action(name))
		s.Start()
		if diff := cmp.Diff(want, s.do(t, "POST", "/v1/organizations/workspaces", bytes.NewReader(make([]byte, 4000)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// As the package comment says, Go's transport retries a GET on a reused connection.
func TestGoRetriesAGetOnAReusedConnection(t *testing.T) {
	s := serve(t, `{"action":{"type":"drop"},"after":1,"times":1}`)
	s.Start()
	for range 2 {
		if got := s.do(t, "GET", "/v1/organizations/workspaces", nil); got.Err != "" {
			t.Fatalf("the client saw the drop: %+v", got)
		}
	}
	if got := s.set.List()[0].Hits; got != 1 {
		t.Errorf("got %d hits, want 1", got)
	}
}

func TestDelaySleepsForItsDuration(t *testing.T) {
	s := serve(t, action(`"type":"delay","duration":"250ms"`))
	s.Start()
	s.do(t, "GET", "/v1/organizations/workspaces", nil)
	if diff := cmp.Diff([]time.Duration{250 * time.Millisecond}, s.slept); diff != "" {
		t.Errorf("slept (-want +got):\n%s", diff)
	}
}

// Over TLS the underlying connection is reset too. In HTTP/2 the stream ends with an
// error and the connection stays open.
func TestOverTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for _, action := range []string{action(`"type":"drop"`), action(`"type":"drop_after_commit"`), action(`"type":"truncate","bytes":3`)} {
			s := serve(t, action)
			s.EnableHTTP2 = http2
			s.StartTLS()
			got := s.do(t, "POST", "/v1/organizations/workspaces", nil)
			if got.Err == "" || !http2 && got.Status == 0 && got.Err != "connection reset" {
				t.Errorf("%s, HTTP/2 %t: %+v", action, http2, got)
			}
		}
	}
}

// Without a connection, Serve only panics with http.ErrAbortHandler.
func TestServePanicsWithoutAConnection(t *testing.T) {
	for name, want := range map[string]string{
		`"type":"drop"`:               "",
		`"type":"drop_after_commit"`:  "",
		`"type":"truncate","bytes":5`: body[:5],
	} {
		s := serve(t, action(name))
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("%s: panic %v", name, p)
				}
			}()
			s.handle(w, httptest.NewRequest("GET", "/v1/organizations/workspaces", nil))
		}()
		if diff := cmp.Diff(want, w.Body.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDelayEndsWhenTheClientDisconnects(t *testing.T) {
	s := serve(t, action(`"type":"delay","duration":"1m"`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler || s.works != 0 {
			t.Errorf("panic %v, work done %d times", p, s.works)
		}
	}()
	s.handle(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/v1/organizations/workspaces", nil))
}

func TestServeWithoutAHitDoesTheWork(t *testing.T) {
	s := serve(t, match(`"method":"DELETE"`))
	s.Start()
	want := seen{Status: 200, Body: body, Length: int64(len(body)), JSON: true, Works: 1}
	if diff := cmp.Diff(want, s.do(t, "GET", "/v1/organizations/workspaces", nil)); diff != "" {
		t.Errorf("what the client sees (-want +got):\n%s", diff)
	}
}

// gone responds with a 404.
var gone = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fail(w, r, Failure{Status: 404, Message: "gone"})
})

// A truncated error response keeps its status, however little of it is sent.
func TestTruncateKeepsTheStatusOfAnError(t *testing.T) {
	for _, n := range []int{0, 2, 100} {
		w := httptest.NewRecorder()
		h := &Hit{Fault: "fault_1", Action: Action{Type: Truncate, Bytes: &n}}
		func() {
			defer func() { recover() }() // the closed connection
			Actor{}.Serve(h, w, httptest.NewRequest("GET", "/", nil), gone)
		}()
		if want := "gone|"[:min(n, 4)]; w.Code != 404 || w.Body.String() != want || w.Header().Get("content-length") != "5" {
			t.Errorf("%d bytes: got %d %s, %v", n, w.Code, w.Body, w.Header())
		}
	}
}

// A garbled error response keeps its status.
func TestMalformedKeepsTheStatusOfAnError(t *testing.T) {
	w := httptest.NewRecorder()
	h := &Hit{Fault: "fault_1", Action: Action{Type: Malformed}}
	Actor{}.Serve(h, w, httptest.NewRequest("GET", "/", nil), gone)
	if w.Code != 404 || w.Body.String() != "go<!--" || w.Header().Get("content-length") != "6" {
		t.Errorf("got %d %s, %v", w.Code, w.Body, w.Header())
	}
}

func TestGarbledBodiesAreNotJSON(t *testing.T) {
	for _, whole := range []string{``, `1`, `12`, `""`, `"ab"`, `{}`, `[1,2]`, `null`, `[] `, ` {"a":"<!--"}`, `[[],[]]  `} {
		if got := garble([]byte(whole)); json.Valid(got) {
			t.Errorf("%q garbled is %q", whole, got)
		}
	}
}
