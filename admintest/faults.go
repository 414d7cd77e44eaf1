package admintest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"antechamber/api"
	"antechamber/handlers/faults"
	"antechamber/internal/remote"
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

	Times       int     // how often it happens; always when 0
	After       int     // how many requests are let through before
	Probability float64 // that it happens to a request, from 0 to 1; always when 0
}

// Action is what happens to a request: one of the types of this package that
// have a method action.
type Action interface{ action() faults.Action }

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

func (e Error) action() faults.Action {
	a := faults.Action{Type: faults.Error, Status: e.Status, Message: e.Message, ErrorCode: e.ErrorCode}
	if e.RetryAfter != 0 {
		a.RetryAfter = new(int(e.RetryAfter / time.Second))
	}
	return a
}

func (d Delay) action() faults.Action {
	return faults.Action{Type: faults.Delay, Duration: faults.Duration(d.Duration)}
}
func (Drop) action() faults.Action            { return faults.Action{Type: faults.Drop} }
func (DropAfterCommit) action() faults.Action { return faults.Action{Type: faults.DropAfterCommit} }
func (t Truncate) action() faults.Action {
	return faults.Action{Type: faults.Truncate, Bytes: &t.Bytes}
}
func (Malformed) action() faults.Action { return faults.Action{Type: faults.Malformed} }
func (r StaleRead) action() faults.Action {
	return faults.Action{Type: faults.StaleRead, Writes: cmp.Or(r.Writes, faults.MaxWrites)}
}

// ArmedFault is a fault that waits for requests.
type ArmedFault struct {
	ID string

	s *Server
}

// Fault arms a fault until the end of the test. It fails when the fault could
// never happen.
func (s *Server) Fault(f Fault) *ArmedFault {
	s.t.Helper()
	if f.Action == nil {
		s.t.Fatalf("admintest: Fault: it has no Action, such as admintest.Error{Status: 529} or admintest.Drop{}")
	}
	if e, ok := f.Action.(Error); ok && e.RetryAfter%time.Second != 0 {
		s.t.Fatalf("admintest: Fault: RetryAfter is in whole seconds, and %v is none", e.RetryAfter)
	}
	in := armed{
		Match:  faults.Match{Operation: string(f.Operation), Method: f.Method, Path: f.Path},
		Action: f.Action.action(), Times: f.Times, After: f.After, Probability: f.Probability,
	}
	if f.Body != nil {
		body, err := json.Marshal(f.Body)
		if err != nil {
			s.fatal("Fault: Body", err)
		}
		in.Match.Body = body
	}
	var out faults.Fault
	s.call("Fault", http.MethodPost, "/faults", in, &out)
	armed := &ArmedFault{out.ID, s}
	s.log.arm(out)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			armed.remember()
		}
		if err := armed.clear(); err != nil {
			s.t.Errorf("admintest: the fault could not be cleared: %v", err)
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

// Hits tells how often the fault has happened.
func (f *ArmedFault) Hits() int {
	f.s.t.Helper()
	fault, err := f.now()
	if err != nil {
		f.s.fatal("Hits", err)
	}
	return fault.Hits
}

// now is the fault as it is.
func (f *ArmedFault) now() (faults.Fault, error) {
	var all struct{ Data []faults.Fault }
	if err := f.s.plane.Call(context.Background(), http.MethodGet, "/faults", nil, &all); err != nil {
		return faults.Fault{}, err
	}
	for _, fault := range all.Data {
		if fault.ID == f.ID {
			return fault, nil
		}
	}
	return faults.Fault{}, fmt.Errorf("the fault %s was cleared", f.ID)
}

// remember notes how often the fault has happened, for the report.
func (f *ArmedFault) remember() {
	if fault, err := f.now(); err == nil {
		f.s.log.arm(fault)
	}
}

// Clear ends the fault before the test does.
func (f *ArmedFault) Clear() {
	f.s.t.Helper()
	f.remember()
	if err := f.clear(); err != nil {
		f.s.fatal("Clear", err)
	}
}

// clear ends the fault, if it is still there: a reset ends faults too.
func (f *ArmedFault) clear() error {
	err := f.s.plane.Call(context.Background(), http.MethodDelete, "/faults/"+url.PathEscape(f.ID), nil, nil)
	if refused, ok := errors.AsType[*remote.Error](err); ok && refused.Status == http.StatusNotFound {
		return nil
	}
	return err
}
