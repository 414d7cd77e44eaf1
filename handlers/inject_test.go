package handlers

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/internal/jsontree"
	"antechamber/internal/server"
)

// equipped returns the servers of a test a journal and what else tools are.
func equipped(o *Options) {
	o.JournalEntries = 100
}

func (s *testServer) tools() *server.Tools { return s.options.ToolsOf(s.store.First()) }

// arm arms a fault as the control plane does.
func (s *testServer) arm(fault string) {
	s.t.Helper()
	doc, err := jsontree.Parse([]byte(fault))
	if err != nil {
		s.t.Fatal(err)
	}
	f, problems := faults.Parse(doc, Operations())
	if len(problems) > 0 {
		s.t.Fatal(problems)
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

// A body of one byte too many is too large, also where a fault has looked at it
// before the work did.
func TestFaultsLeaveABodyTooLarge(t *testing.T) {
	for _, armed := range []bool{false, true} {
		srv := serve(t, acme, equipped)
		if armed {
			srv.arm(`{"match":{"method":"POST"},"action":{"type":"delay","duration":"1s"}}`)
		}
		body := `{"name":"W"}`
		got := srv.do("POST", workspaces, body+strings.Repeat(" ", MaxBody+1-len(body)))
		same(t, "status", 413, got.status)
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
