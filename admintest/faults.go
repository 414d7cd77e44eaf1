package admintest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"antechamber/api"
	"antechamber/internal/faults"
)

// Fault makes requests fail on purpose: those that agree with every field of
// it that is set.
//
// The trap: the official SDKs try a call again, twice, when it ends with 408,
// 409, 429, any 5xx or a broken connection. A fault with Times 1 is invisible to
// their users: leave Times out to see a failure, or use 1 to see it survived.
// (A GET that is dropped is not repeated by net/http when it comes from Client.)
type Fault struct {
	Operation Operation
	Method    string
	Path      string // as the reference writes it, or a real one; * is any part of a segment
	Body      any    // a JSON object whose fields the request's body has, among others

	Action Action

	Times       int     // how often it happens; always when 0 (of a Call it is a pointer, where nil is at least once)
	After       int     // how many requests are let through before
	Probability float64 // that it happens to a request, from 0 to 1; always when 0
}

// Action is what happens to a request: Error, Delay, Drop, DropAfterCommit,
// Truncate, Malformed or StaleRead.
type Action interface{ action() (faults.Action, error) }

// Error answers an error, and the work is not done. Its type, its message and
// its headers are made to fit the status.
type Error struct {
	Status     int // from 400 to 599
	Message    string
	ErrorCode  api.ErrorCode
	RetryAfter time.Duration // whole seconds; none when 0, but 1s with status 429
}

// Delay makes a request wait before the work, in real time.
type Delay struct{ Duration time.Duration }

// Drop closes the connection before the work.
type Drop struct{}

// DropAfterCommit does the work, and closes the connection in place of an
// answer.
type DropAfterCommit struct{}

// Truncate does the work, and closes the connection after so many bytes of the
// answer's body.
type Truncate struct{ Bytes int }

// Malformed does the work, and answers what is not JSON.
type Malformed struct{}

// StaleRead lets reads answer from so many writes ago, up to 100, and at most
// from when the fault was armed, since history is kept from then on. Without
// Writes it is from when it was armed, until 100 writes have passed. An expiry
// and a move of the clock count as writes.
type StaleRead struct{ Writes int }

func (e Error) action() (faults.Action, error) {
	a := faults.Action{Type: faults.Error, Status: e.Status, Message: e.Message, ErrorCode: e.ErrorCode}
	if e.RetryAfter%time.Second != 0 {
		return a, fmt.Errorf("Action: RetryAfter is in whole seconds, and %v is none", e.RetryAfter)
	}
	if e.RetryAfter != 0 {
		a.RetryAfter = new(int(e.RetryAfter / time.Second))
	}
	return a, nil
}

func (d Delay) action() (faults.Action, error) {
	return faults.Action{Type: faults.Delay, Duration: faults.Duration(d.Duration)}, nil
}

func (Drop) action() (faults.Action, error) { return faults.Action{Type: faults.Drop}, nil }

func (DropAfterCommit) action() (faults.Action, error) {
	return faults.Action{Type: faults.DropAfterCommit}, nil
}

func (t Truncate) action() (faults.Action, error) {
	return faults.Action{Type: faults.Truncate, Bytes: &t.Bytes}, nil
}

func (Malformed) action() (faults.Action, error) { return faults.Action{Type: faults.Malformed}, nil }

func (r StaleRead) action() (faults.Action, error) {
	return faults.Action{Type: faults.StaleRead, Writes: cmp.Or(r.Writes, faults.MaxWrites)}, nil
}

// ArmedFault is a fault that waits for requests.
type ArmedFault struct {
	ID string

	s      *Server
	resets int // of the organization, before the fault was armed

	mu   sync.Mutex
	last faults.Fault // as it was when it was last seen
}

// Fault arms a fault until the end of the test. It fails when the fault could
// never happen.
func (s *Server) Fault(f Fault) *ArmedFault {
	s.t.Helper()
	if f.Action == nil {
		s.t.Fatalf("admintest: Fault: it has no Action, such as admintest.Error{Status: 529} or admintest.Drop{}")
	}
	action, err := f.Action.action()
	if err != nil {
		s.fatal("Fault", err)
	}
	in := armed{
		Match:  faults.Match{Operation: string(f.Operation), Method: f.Method, Path: f.Path},
		Action: action, Times: f.Times, After: f.After, Probability: f.Probability,
	}
	if f.Body != nil {
		if in.Match.Body, err = json.Marshal(f.Body); err != nil {
			s.fatal("Fault: Body", err)
		}
	}
	var out faults.Fault
	s.call("Fault", http.MethodPost, "/faults", in, &out)
	resets, _ := s.org.counts()
	armed := &ArmedFault{ID: out.ID, s: s, resets: resets, last: out}
	s.t.Cleanup(func() {
		last, err := armed.clear()
		if err != nil {
			s.t.Errorf("admintest: the fault could not be cleared: %s", inGo(err))
		}
		if s.t.Failed() && !armed.ended() {
			s.t.Log("admintest: " + armedOf(last))
		}
	})
	return armed
}

// armed is a fault as it is asked for.
type armed struct {
	Match       faults.Match  `json:"match"`
	Action      faults.Action `json:"action"`
	Times       int           `json:"times,omitempty"`
	After       int           `json:"after,omitempty"`
	Probability float64       `json:"probability,omitempty"`
}

// Hits tells how often the fault has happened, also after it was cleared.
func (f *ArmedFault) Hits() int {
	f.s.t.Helper()
	last, err := f.look()
	if err != nil {
		f.s.fatal("Hits", err)
	}
	return last.Hits
}

// look returns the fault as it is, or as it was when it was last seen.
func (f *ArmedFault) look() (faults.Fault, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended() {
		return f.last, nil
	}
	all, err := f.s.faults()
	for _, fault := range all {
		if fault.ID == f.ID {
			f.last = fault
		}
	}
	return f.last, err
}

// ended reports whether a reset has ended the fault. Another fault may have its
// id then.
func (f *ArmedFault) ended() bool {
	resets, _ := f.s.org.counts()
	return resets > f.resets
}

// faults returns the faults that are armed.
func (s *Server) faults() ([]faults.Fault, error) {
	var all struct{ Data []faults.Fault }
	err := s.plane.Call(context.Background(), http.MethodGet, "/faults", nil, &all)
	return all.Data, err
}

// Clear ends the fault before the test does.
func (f *ArmedFault) Clear() {
	f.s.t.Helper()
	if _, err := f.clear(); err != nil {
		f.s.fatal("Clear", err)
	}
}

// clear ends the fault, if it is still armed, and returns it as it was.
func (f *ArmedFault) clear() (faults.Fault, error) {
	last, err := f.look()
	if err != nil || f.ended() {
		return last, err
	}
	return last, f.s.delete("/faults/" + url.PathEscape(f.ID))
}
