package handlers

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/internal/jsontree"
	"antechamber/internal/server"
)

// withJournal is an option for a server with a journal.
func withJournal(o *Options) {
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
	if _, err := s.tools().Faults.Arm(f); err != nil {
		s.t.Fatal(err)
	}
	s.store.First().KeepHistory(s.tools().Faults.MaxStale())
}

// entries returns the journal, without values that differ from run to run.
func (s *testServer) entries() (all []journal.Entry) {
	for _, e := range s.tools().Journal.Entries(journal.Filter{}) {
		e.DurationMS, e.RequestID, e.Time = 0, "", api.Time{}
		all = append(all, e)
	}
	return all
}

// A body over the limit is rejected even if a fault has read it first.
func TestFaultsKeepTheBodyLimit(t *testing.T) {
	for _, armed := range []bool{false, true} {
		srv := serve(t, acme, withJournal)
		if armed {
			srv.arm(`{"match":{"method":"POST"},"action":{"type":"delay","duration":"1s"}}`)
		}
		body := `{"name":"W"}`
		got := srv.do("POST", workspaces, body+strings.Repeat(" ", MaxBody+1-len(body)))
		same(t, "status", 413, got.status)
	}
}

// observer calls look when the response is written or its connection is hijacked.
type observer struct {
	*httptest.ResponseRecorder
	look func()
}

func (w *observer) Write(b []byte) (int, error) {
	w.look()
	return w.ResponseRecorder.Write(b)
}

func (w *observer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.look()
	return nil, nil, http.ErrNotSupported
}

// A client that has received the response, or lost the connection, finds the request
// in the journal.
func TestRequestsAreRecordedBeforeTheResponse(t *testing.T) {
	for _, action := range []string{
		"", `{"type":"error","status":500}`, `{"type":"drop"}`, `{"type":"drop_after_commit"}`, `{"type":"truncate","bytes":10}`,
		`{"type":"malformed"}`, `{"type":"delay","duration":"1s"}`,
	} {
		for _, body := range []string{`{"name":"W"}`, `{}`} {
			srv := serve(t, acme, withJournal)
			if action != "" {
				srv.arm(`{"match":{"method":"POST"},"action":` + action + `}`)
			}
			looked := false
			w := &observer{httptest.NewRecorder(), func() {
				if looked = true; len(srv.entries()) != 1 {
					t.Errorf("%s, %s: %d entries at the start of the response, want 1", action, body, len(srv.entries()))
				}
			}}
			func() {
				defer func() { recover() }() // a dropped connection is a panic
				srv.handler.ServeHTTP(w, request("POST", workspaces, body))
			}()
			if !looked || len(srv.entries()) != 1 {
				t.Errorf("%s, %s: %d entries at the end, want 1; responded: %t", action, body, len(srv.entries()), looked)
			}
		}
	}
}

func TestServerWithoutJournal(t *testing.T) {
	srv := serve(t, acme)
	srv.get(users)
	if srv.tools().Journal != nil {
		t.Error("the server has a journal")
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
	same(t, "preflight of another origin", 401, srv.do("OPTIONS", users, "", "x-api-key:", "origin: http://elsewhere", "access-control-request-method: GET").status)
	same(t, "OPTIONS that is not a preflight", 405, srv.do("OPTIONS", users, "", "origin: http://localhost:3000").status)
	off := serve(t, acme)
	same(t, "off", "", off.do("GET", users, "", "origin: http://localhost:3000").header.Get("access-control-allow-origin"))
	anyOrigin := serve(t, acme, func(o *Options) { o.Origins = []string{"*"} })
	same(t, "any origin", "http://x", anyOrigin.do("GET", users, "", "origin: http://x").header.Get("access-control-allow-origin"))
	same(t, "any origin, a sandboxed page", "", anyOrigin.do("GET", users, "", "origin: null").header.Get("access-control-allow-origin"))
	null := serve(t, acme, func(o *Options) { o.Origins = []string{"*", "null"} })
	same(t, "null by name", "null", null.do("GET", users, "", "origin: null").header.Get("access-control-allow-origin"))
}

// Preflights come from the browser, not the client under test.
func TestPreflightsAreNotRecorded(t *testing.T) {
	srv := serve(t, acme, withJournal, func(o *Options) { o.Origins = []string{"*"} })
	srv.do("OPTIONS", users, "", "x-api-key:", "origin: http://x", "access-control-request-method: GET")
	same(t, "entries", 0, len(srv.entries()))
}

// A request that was in progress during a reset is not recorded, because its
// request id will be used again.
func TestResetDuringARequest(t *testing.T) {
	srv := serve(t, acme, withJournal)
	srv.arm(`{"match":{"method":"GET"},"action":{"type":"delay","duration":"1s"}}`)
	delayed, resume := make(chan bool), make(chan bool)
	srv.sleep = func() { delayed <- true; <-resume }
	done := make(chan bool)
	go func() {
		srv.do("GET", users, "")
		close(done)
	}()
	<-delayed
	srv.tools().Reset()
	close(resume)
	<-done
	same(t, "entries", 0, len(srv.entries()))
}

// A client that leaves during a delay gets no response, but its request is in the
// journal.
func TestRequestsOfClientsWhoLeaveAreRecorded(t *testing.T) {
	srv := serve(t, acme, withJournal, func(o *Options) {
		o.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	})
	srv.arm(`{"match":{"method":"POST"},"action":{"type":"delay","duration":"1s"}}`)
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("panic: %v", p)
			}
		}()
		srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`)
	}()
	entries := srv.entries()
	same(t, "entries", 1, len(entries))
	same(t, "operation", "createOrganizationInvite", entries[0].Operation)
	same(t, "status", 0, entries[0].Status)
	same(t, "effects", 0, len(entries[0].Effects))
}
