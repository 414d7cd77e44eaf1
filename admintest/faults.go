package admintest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/text"
)

// Fault makes requests fail on purpose. It affects the requests that match all of
// Operation, Method, Path and Body that are set.
//
// Watch out for retries: after 408, 409, 429, any 5xx or a broken connection, the
// official SDKs retry a call twice, so code that uses them never sees a fault with
// Times new(1). Leave Times out to test how the code fails, or use new(1) to test that
// it survives the failure. ([Server.Client] turns off the retries of net/http.)
type Fault struct {
	Operation Operation
	Method    string
	Path      string // a path template of the API reference or an actual path; * matches any part of a segment
	Body      any    // a JSON object; the request's body must have at least its fields

	Action Action

	Times       *int    // how many times it fires, as in Call.Times; every time if nil, new(1) means once
	After       int     // how many matching requests pass before it first fires
	Probability float64 // that it fires for a request, from 0 to 1; 0 means always
}

// Action is what a fault does to a request: [Error], [Delay], [Drop],
// [DropAfterCommit], [Truncate], [Malformed] or [StaleRead].
type Action interface{ action() (faults.Action, error) }

// Error responds with an error instead of executing the request. Error type and
// headers follow from the status, and so does the message unless it is set.
//
// With an ErrorCode, the fault fires only on operations that document the code, and
// the fault is invalid if none of the matching operations does.
// [api.WorkspaceCreatedIncomplete] executes the request: the error names the workspace.
type Error struct {
	Status     int // 400 to 599; with an ErrorCode, 0 or the code's status
	Message    string
	ErrorCode  api.ErrorCode
	Details    api.DetailFields // those that the ErrorCode requires have defaults
	RetryAfter time.Duration    // whole seconds; if 0, 1s with status 429 and none otherwise
}

// Delay waits for a duration of real time, then executes the request.
type Delay struct{ Duration time.Duration }

// Drop closes the connection without executing the request.
type Drop struct{}

// DropAfterCommit executes the request, then closes the connection without a
// response.
type DropAfterCommit struct{}

// Truncate executes the request, then closes the connection after the given number
// of bytes of the response body.
type Truncate struct{ Bytes int }

// Malformed executes the request and responds with a body that is not valid JSON.
type Malformed struct{}

// StaleRead makes reads return the state of the given number of writes ago, at most
// 100. They never go back further than the moment the fault was armed. Without
// Writes, they return the state at that moment until 100 writes have passed. An
// expiry and a move of the clock count as writes.
type StaleRead struct{ Writes int }

func (e Error) action() (faults.Action, error) {
	a := faults.Action{Type: faults.Error, Status: e.Status, Message: e.Message, ErrorCode: e.ErrorCode, Details: e.Details}
	if e.RetryAfter%time.Second != 0 {
		return a, errors.New(text.Invalid("Action.RetryAfter", e.RetryAfter.String(), "a whole number of seconds"))
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

// ArmedFault is a fault that the server applies to matching requests.
type ArmedFault struct {
	ID string

	s      *Server
	resets int // resets of the organization before the fault was armed

	mu   sync.Mutex
	last faults.Fault // its state when last fetched
}

// Fault arms a fault until the end of the test. It fails if the fault can never
// fire.
func (s *Server) Fault(f Fault) *ArmedFault {
	s.t.Helper()
	if f.Action == nil {
		s.t.Fatalf("admintest: Fault: Action is required, such as admintest.Error{Status: 529} or admintest.Drop{}")
	}
	action, err := f.Action.action()
	if err != nil {
		s.fatal("Fault", err)
	}
	in := faultRequest{
		Match:  faults.Match{Operation: string(f.Operation), Method: f.Method, Path: f.Path},
		Action: action, Times: f.Times, After: f.After, Probability: f.Probability,
	}
	if f.Body != nil {
		if in.Match.Body, err = json.Marshal(f.Body); err != nil {
			s.fatal("Fault", fmt.Errorf("invalid Body: want a value that encodes as JSON (%w)", err))
		}
	}
	var out faults.Fault
	s.call("Fault", http.MethodPost, "/faults", in, &out)
	resets, _ := s.org.counts()
	armed := &ArmedFault{ID: out.ID, s: s, resets: resets, last: out}
	s.t.Cleanup(func() {
		last, err := armed.clear()
		if err != nil {
			s.t.Errorf("admintest: cannot clear %s: %s", armed.ID, message("Clear", err))
		}
		if s.t.Failed() && !armed.endedByReset() {
			s.t.Log("admintest: " + faultLine(last))
		}
	})
	return armed
}

// faultRequest is the request body that arms a fault.
type faultRequest struct {
	Match       faults.Match  `json:"match"`
	Action      faults.Action `json:"action"`
	Times       *int          `json:"times,omitempty"`
	After       int           `json:"after,omitempty"`
	Probability float64       `json:"probability,omitempty"`
}

// Hits returns how many times the fault has fired. It keeps the count after the
// fault is cleared.
func (f *ArmedFault) Hits() int {
	f.s.t.Helper()
	last, err := f.fetch()
	if err != nil {
		f.s.fatal("Hits", err)
	}
	return last.Hits
}

// fetch returns the current state of the fault, or its last known state if it is no
// longer armed.
func (f *ArmedFault) fetch() (faults.Fault, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.endedByReset() {
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

// endedByReset reports whether a reset has removed the fault. After a reset, its id
// may belong to another fault.
func (f *ArmedFault) endedByReset() bool {
	resets, _ := f.s.org.counts()
	return resets > f.resets
}

// faults returns the armed faults.
func (s *Server) faults() ([]faults.Fault, error) {
	var all struct{ Data []faults.Fault }
	err := s.plane.Call(context.Background(), http.MethodGet, "/faults", nil, &all)
	return all.Data, err
}

// Clear removes the fault before the test ends.
func (f *ArmedFault) Clear() {
	f.s.t.Helper()
	if _, err := f.clear(); err != nil {
		f.s.fatal("Clear", err)
	}
}

// clear removes the fault if it is still armed, and returns its last state.
func (f *ArmedFault) clear() (faults.Fault, error) {
	last, err := f.fetch()
	if err != nil || f.endedByReset() {
		return last, err
	}
	return last, f.s.delete("/faults/" + url.PathEscape(f.ID))
}
