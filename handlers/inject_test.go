package handlers

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/handlers/faults"
	"antechamber/handlers/journal"
	"antechamber/handlers/limits"
	"antechamber/handlers/tools"
	"antechamber/store"
)

// equipped gives the servers of a test a journal and what else tools are.
func equipped(o *Options) {
	o.Tools = tools.Options{JournalEntries: 100, JournalBytes: 1 << 20}
}

func (s *testServer) tools() *tools.Tools { return s.options.Tools.Of(s.store.First()) }

// arm arms a fault as the control plane does.
func (s *testServer) arm(fault string) {
	s.t.Helper()
	f, err := faults.Parse([]byte(fault), Operations())
	if err != nil {
		s.t.Fatal(err)
	}
	s.tools().Faults.Arm(f)
	s.store.First().KeepHistory(s.tools().Faults.MaxStale())
}

// entries are those of the journal, without what differs from run to run.
func (s *testServer) entries() (all []journal.Entry) {
	for _, e := range s.tools().Journal.Entries(journal.Filter{}) {
		e.DurationMS, e.RequestID, e.Time = 0, "", api.Time{}
		all = append(all, e)
	}
	return all
}

func TestTheJournalHasEveryRequest(t *testing.T) {
	srv := serve(t, acme, equipped)
	srv.do("GET", users+"/user_dev?beta=true", "")
	srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`, "x-stainless-retry-count: 1")
	srv.do("POST", live+"/archive", "")
	srv.do("GET", users, "", "x-api-key: sk-ant-admin01-wrong")
	srv.do("POST", invites, `{"email":"new@example.com","role":"user","key":"sk-ant-admin01-secret"}`)
	srv.do("PATCH", "/nowhere", "")
	srv.do("GET", "~/livez", "")
	got := srv.entries()
	if len(got) != 6 {
		t.Fatalf("%d entries", len(got))
	}
	for i := range got {
		got[i].ResponseBody = nil
	}
	same(t, "a read", journal.Entry{
		Seq: 1, Operation: "getOrganizationMember", Method: "GET", Path: "/v1/organizations/users/user_dev", Query: "beta=true",
		Status: 200, Effects: []store.Effect{}, Key: "sk-ant-…test",
	}, got[0])
	id := got[1].Effects[0].ID
	same(t, "a write", journal.Entry{
		Seq: 2, Operation: "createOrganizationInvite", Method: "POST", Path: "/v1/organizations/invites", Status: 200, RetryCount: 1,
		RequestBody: []byte(`{"email":"new@example.com","role":"user"}`), Key: "sk-ant-…test",
		Effects: []store.Effect{{Type: store.InviteCreated, ID: id, At: api.At(instant)}},
	}, got[1])
	var kinds []string
	for _, e := range got[2].Effects {
		kinds = append(kinds, e.Type+" "+e.ID)
	}
	same(t, "an archive", []string{
		"workspace.archived wrkspc_live", "api_key.archived apikey_active", "api_key.archived apikey_inactive", "api_key.archived apikey_expired",
	}, kinds)
	same(t, "a wrong key", []any{401, "authentication_error", "sk-ant-…rong", ""}, []any{got[3].Status, got[3].ErrorType, got[3].Key, got[3].Operation})
	same(t, "a refusal", []any{400, "invalid_request_error", 0}, []any{got[4].Status, got[4].ErrorType, len(got[4].Effects)})
	same(t, "an unknown path", []any{404, "not_found_error", ""}, []any{got[5].Status, got[5].ErrorType, got[5].Operation})
	if body := string(got[4].RequestBody); strings.Contains(body, "secret") {
		t.Errorf("a key is in the journal: %s", body)
	}
}

// witness calls look when the first byte of an answer is sent, or the
// connection is taken to be cut.
type witness struct {
	*httptest.ResponseRecorder
	look func()
}

func (w *witness) Write(b []byte) (int, error) {
	w.look()
	return w.ResponseRecorder.Write(b)
}

func (w *witness) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.look()
	return nil, nil, http.ErrNotSupported
}

// A client that has its answer, or sees that there will be none, finds the
// request in the journal.
func TestTheJournalIsFirst(t *testing.T) {
	for _, action := range []string{
		"", `{"type":"error","status":500}`, `{"type":"drop"}`, `{"type":"drop_after_commit"}`, `{"type":"truncate","bytes":10}`,
		`{"type":"malformed"}`, `{"type":"delay","duration":"1s"}`,
	} {
		for _, body := range []string{`{"name":"W"}`, `{}`} {
			srv := serve(t, acme, equipped)
			if action != "" {
				srv.arm(`{"match":{"method":"POST"},"action":` + action + `}`)
			}
			looked := false
			w := &witness{httptest.NewRecorder(), func() {
				if looked = true; len(srv.entries()) != 1 {
					t.Errorf("%s, %s: %d entries when the answer begins", action, body, len(srv.entries()))
				}
			}}
			func() {
				defer func() { recover() }() // a dropped connection is a panic
				srv.handler.ServeHTTP(w, request("POST", workspaces, body))
			}()
			if !looked || len(srv.entries()) != 1 {
				t.Errorf("%s, %s: %d entries at the end, there was an answer: %t", action, body, len(srv.entries()), looked)
			}
		}
	}
}

func TestWithoutAJournal(t *testing.T) {
	srv := serve(t, acme)
	srv.get(users)
	if srv.tools().Journal != nil {
		t.Error("there is a journal")
	}
}

// Every action over TCP, as a client sees it: what comes back, and whether the
// work was done.
func TestFaultsActOnTheConnection(t *testing.T) {
	const create = `{"email":"new@example.com","role":"user"}`
	for _, c := range []struct {
		action string
		sees   string // the status, or the kind of error
		done   bool
		status int // in the journal
	}{
		{`{"type":"error","status":529}`, "529 overloaded_error", false, 529},
		{`{"type":"error","status":409,"error_code":"concurrent_membership_change","message":"so"}`, "409 conflict_error", false, 409},
		{`{"type":"error","status":429,"retry_after":7}`, "429 rate_limit_error", false, 429},
		{`{"type":"delay","duration":"250ms"}`, "200 ", true, 200},
		{`{"type":"drop"}`, "error", false, 0},
		{`{"type":"drop_after_commit"}`, "error", true, 0},
		{`{"type":"truncate","bytes":10}`, "unexpected EOF", true, 200},
		{`{"type":"malformed"}`, "not JSON", true, 200},
	} {
		t.Run(c.action, func(t *testing.T) {
			srv := serve(t, acme, equipped)
			srv.arm(`{"match":{"operation":"createOrganizationInvite"},"action":` + c.action + `}`)
			url, _ := over(t, srv)
			got := seen(t, url, "POST", invites, create)
			same(t, "what a client sees", c.sees, got)
			_, invited := field(t, srv.get(invites+"?email=new@example.com"), "first_id").(string)
			same(t, "the work is done", c.done, invited)
			entry := srv.entries()[0] // over TCP too: see TestTheJournalIsFirst
			same(t, "fault and status in the journal", []any{"fault_1", c.status}, []any{entry.Fault, entry.Status})
			if f := srv.tools().Faults.List()[0]; f.Hits != 1 {
				t.Errorf("%d hits", f.Hits)
			}
		})
	}
}

// seen is what a client sees of a request.
func seen(t *testing.T, url, method, path, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url+base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-api-key", testKey)
	r.Header.Set("anthropic-version", "2023-06-01")
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(r)
	if err != nil {
		return "error"
	}
	defer res.Body.Close()
	if got := res.Header.Get(faults.Header); got != "fault_1" {
		t.Errorf("%s is %q", faults.Header, got)
	}
	raw, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err.Error()
	case !strings.HasSuffix(string(raw), "}"):
		return "not JSON"
	case res.StatusCode == http.StatusTooManyRequests && res.Header.Get("retry-after") != "7":
		t.Errorf("retry-after is %q", res.Header.Get("retry-after"))
	}
	kind, _ := field(t, string(raw), "error").(map[string]any)
	text, _ := kind["type"].(string)
	return strings.TrimSpace(strings.Fields(res.Status)[0]) + " " + text
}

func TestStaleReads(t *testing.T) {
	srv := serve(t, acme, equipped)
	srv.arm(`{"match":{"operation":"getOrganizationMember"},"action":{"type":"stale_read","writes":1},"times":1}`)
	srv.must("POST", users+"/user_dev", `{"role":"user"}`)
	same(t, "the answer of one write ago", any("developer"), field(t, srv.get(users+"/user_dev"), "role"))
	same(t, "the answer after it", any("user"), field(t, srv.get(users+"/user_dev"), "role"))
}

func TestFaultsMatchTheBodyAndLeaveItThere(t *testing.T) {
	srv := serve(t, acme, equipped)
	srv.arm(`{"match":{"path":"/organizations/invites","body":{"email":"new@example.com"}},"action":{"type":"error","status":500}}`)
	srv.must("POST", invites, `{"email":"other@example.com","role":"user"}`)
	if got := srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`); got.status != 500 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestRateLimit(t *testing.T) {
	srv := serve(t, acme, equipped, func(o *Options) { o.Tools.RateLimit, _ = limits.ParsePolicy("3/min") })
	for i := range 3 {
		got := srv.do("GET", users, "")
		same(t, "status", 200, got.status)
		same(t, "headers", []string{"3", []string{"2", "1", "0"}[i]}, []string{got.header.Get(limits.HeaderLimit), got.header.Get(limits.HeaderRemaining)})
	}
	got := srv.do("GET", users, "")
	same(t, "status", 429, got.status)
	same(t, "type", any("rate_limit_error"), field(t, got.body, "type"))
	same(t, "retry-after", "20", got.header.Get("retry-after"))
	same(t, "before the limit comes the version", 400, srv.do("GET", users, "", "anthropic-version:").status)
	// The clock of the organization is what counts.
	if _, _, err := srv.store.First().Advance(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	same(t, "after a while", 200, srv.do("GET", users, "").status)
}

func TestCORS(t *testing.T) {
	srv := serve(t, acme, func(o *Options) { o.Origins = []string{"http://localhost:3000"} })
	preflight := srv.do("OPTIONS", users, "", "x-api-key:", "origin: http://localhost:3000", "access-control-request-method: GET", "access-control-request-headers: x-api-key")
	same(t, "preflight, without a key", []any{204, "http://localhost:3000", "x-api-key"}, []any{
		preflight.status, preflight.header.Get("access-control-allow-origin"), preflight.header.Get("access-control-allow-headers"),
	})
	same(t, "a request", "http://localhost:3000", srv.do("GET", users, "", "origin: http://localhost:3000").header.Get("access-control-allow-origin"))
	same(t, "a failure", "http://localhost:3000", srv.do("GET", users, "", "x-api-key:", "origin: http://localhost:3000").header.Get("access-control-allow-origin"))
	same(t, "another origin", "", srv.do("GET", users, "", "origin: http://elsewhere").header.Get("access-control-allow-origin"))
	same(t, "its preflight", 401, srv.do("OPTIONS", users, "", "x-api-key:", "origin: http://elsewhere", "access-control-request-method: GET").status)
	same(t, "no preflight", 405, srv.do("OPTIONS", users, "", "origin: http://localhost:3000").status)
	off := serve(t, acme)
	same(t, "off", "", off.do("GET", users, "", "origin: http://localhost:3000").header.Get("access-control-allow-origin"))
	anyone := serve(t, acme, func(o *Options) { o.Origins = []string{"*"} })
	same(t, "any", "http://x", anyone.do("GET", users, "", "origin: http://x").header.Get("access-control-allow-origin"))
}

// With one id seed and a frozen clock, two servers give equal answers and equal
// journals for the same requests, durations aside, faults by chance included;
// and so does one server after a reset.
func TestDeterminism(t *testing.T) {
	journey := func(srv *testServer) (all []journal.Entry, answers []string) {
		srv.arm(`{"match":{"method":"GET"},"action":{"type":"error","status":500},"probability":0.3}`)
		for range 10 {
			answers = append(answers,
				srv.do("GET", users, "").body,
				srv.do("POST", workspaces, `{"name":"W"}`).body,
				srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`).body)
		}
		for _, e := range srv.tools().Journal.Entries(journal.Filter{}) {
			e.DurationMS = 0
			all = append(all, e)
		}
		return all, answers
	}
	one, two := serve(t, acme, equipped), serve(t, acme, equipped)
	entries, answers := journey(one)
	again, same2 := journey(two)
	same(t, "answers", answers, same2)
	same(t, "journals", entries, again)
	if err := one.store.First().Reset(); err != nil {
		t.Fatal(err)
	}
	one.tools().Reset()
	again, same2 = journey(one)
	same(t, "answers after a reset", answers, same2)
	same(t, "journals after a reset", entries, again)
	failed := 0
	for _, e := range entries {
		if e.Status == 500 {
			failed++
		}
	}
	if failed == 0 || failed == 10 {
		t.Errorf("%d of 10 reads failed", failed)
	}
}

// The tries of one call are known as such, also when the first one met the rate
// limit before anybody read its body.
func TestRetriesOfWhatWasRefusedEarly(t *testing.T) {
	srv := serve(t, acme, equipped, func(o *Options) { o.Tools.RateLimit, _ = limits.ParsePolicy("1/min") })
	const body = `{"email":"new@example.com","role":"user"}`
	srv.do("GET", users, "")
	same(t, "status", 429, srv.do("POST", invites, body).status)
	srv.store.First().Advance(time.Minute)
	same(t, "status", 200, srv.do("POST", invites, body, "x-stainless-retry-count: 1").status)
	got := srv.entries()
	same(t, "retry_of", []uint64{0, 0, 2}, []uint64{got[0].RetryOf, got[1].RetryOf, got[2].RetryOf})
}

// Preflights are of the browser's making, and belong to nobody.
func TestPreflightsAreNotWrittenDown(t *testing.T) {
	srv := serve(t, acme, equipped, func(o *Options) { o.Origins = []string{"*"} })
	srv.do("OPTIONS", users, "", "x-api-key:", "origin: http://x", "access-control-request-method: GET")
	same(t, "entries", 0, len(srv.entries()))
}

// What was under way when the organization was reset is not written down: its
// request id is drawn again.
func TestAResetWhileRequestsRun(t *testing.T) {
	srv := serve(t, acme, equipped)
	srv.arm(`{"match":{"method":"GET"},"action":{"type":"delay","duration":"1s"}}`)
	inDelay, goOn := make(chan bool), make(chan bool)
	srv.sleep = func() { inDelay <- true; <-goOn }
	done := make(chan bool)
	go func() {
		srv.do("GET", users, "")
		close(done)
	}()
	<-inDelay
	srv.tools().Reset()
	close(goOn)
	<-done
	same(t, "entries", 0, len(srv.entries()))
}
