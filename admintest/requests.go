package admintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/remote"
)

// Request is a request that was made to the Admin API, and its answer.
type Request struct {
	Seq        uint64 // from 1, by organization
	Time       time.Time
	Operation  Operation // empty for a path that is not served
	Method     string
	Path       string
	Query      url.Values
	Status     int // 0 when the connection was dropped
	ErrorType  api.ErrorType
	ErrorCode  api.ErrorCode
	RequestID  string
	Fault      string // the fault that it met
	RetryCount int    // as the official SDKs tell it
	Duration   time.Duration
	Body       json.RawMessage // null when there was none
	Answer     json.RawMessage
	Effects    []Effect // what it changed
	Key        string   // its last four characters
}

// Decode reads the request's body into a value.
func (r Request) Decode(into any) error { return json.Unmarshal(r.Body, into) }

// Requests returns the requests that were made, oldest first: all of them, or
// those of some operations. Keys in them are cut to their last four characters,
// and long bodies to a prefix.
func (s *Server) Requests(operations ...Operation) []Request {
	s.t.Helper()
	for _, operation := range operations { // which the server knows, or else it says what was meant
		s.call("Requests", http.MethodGet, "/requests?limit=1&operation="+url.QueryEscape(string(operation)), nil, nil)
	}
	all := []Request{}
	for _, entry := range s.entries("Requests") {
		if len(operations) == 0 || slices.Contains(operations, Operation(entry.Operation)) {
			all = append(all, requestOf(entry))
		}
	}
	return all
}

// entries returns the whole journal. It ends the test when some of it was
// forgotten: what is counted in the rest would be wrong.
func (s *Server) entries(what string) []journal.Entry {
	s.t.Helper()
	var found struct{ Data []journal.Entry }
	s.call(what, http.MethodGet, "/requests", nil, &found)
	if _, cleared := s.org.counts(); len(found.Data) > 0 && found.Data[0].Seq > cleared+1 {
		s.t.Fatalf("admintest: %s: the journal of the server has forgotten requests, of which it holds %d: start it with a larger --journal-size, or use ClearRequests", what, len(found.Data))
	}
	return found.Data
}

// requestOf is a request as the journal has it.
func requestOf(e journal.Entry) Request {
	query, _ := url.ParseQuery(e.Query) // what is badly escaped is left out
	r := Request{
		Seq: e.Seq, Time: e.Time.Time, Operation: Operation(e.Operation), Method: e.Method, Path: e.Path, Query: query,
		Status: e.Status, ErrorType: api.ErrorType(e.ErrorType), RequestID: e.RequestID, Fault: e.Fault,
		RetryCount: e.RetryCount, Duration: time.Duration(e.DurationMS * float64(time.Millisecond)),
		Body: e.RequestBody, Answer: e.ResponseBody, Effects: e.Effects, Key: e.Key,
	}
	var failed api.ProductionError
	if r.ErrorType != "" && json.Unmarshal(r.Answer, &failed) == nil && failed.Error.Details != nil {
		r.ErrorCode = failed.Error.Details.ErrorCode
	}
	return r
}

// ClearRequests forgets the requests that were made.
func (s *Server) ClearRequests() {
	s.t.Helper()
	newest := s.newest()
	var cleared struct{ Deleted uint64 }
	s.call("ClearRequests", http.MethodDelete, "/requests", nil, &cleared)
	s.org.noteCleared(cleared.Deleted, newest)
}

// Call describes calls that a test expects. What it leaves out may be anything.
// A call and its retries count as one, which was answered with each status that
// one of its attempts was answered with. How often the work was done is another
// question: see [Server.Effects].
type Call struct {
	Operation Operation           `json:"operation,omitempty"`
	Method    string              `json:"method,omitempty"`
	Path      string              `json:"path,omitempty"` // as the reference writes it, or a real one; * is any part of a segment
	Query     map[string][]string `json:"query,omitempty"`
	Body      any                 `json:"body,omitempty"`   // of an object at least these fields
	Status    *int                `json:"status,omitempty"` // 0 for a dropped connection
	Times     *int                `json:"times,omitempty"`  // at least once when nil: new(1) is exactly once, new(0) never
}

// Verify fails the test unless every call was made, and says what came nearest.
// The test goes on.
func (s *Server) Verify(calls ...Call) {
	s.t.Helper()
	if len(calls) == 0 {
		s.t.Fatalf("admintest: Verify: no call is expected; VerifyOnly() says that none was made")
	}
	s.verify("Verify", verification{Expect: calls})
}

// VerifyInOrder is Verify for calls that were made one after the other, with
// others between them or not.
func (s *Server) VerifyInOrder(calls ...Call) {
	s.t.Helper()
	s.verify("VerifyInOrder", verification{Expect: calls, InOrder: true})
}

// VerifyOnly is Verify, and fails the test where any other call was made. Without
// calls it says that none was.
func (s *Server) VerifyOnly(calls ...Call) {
	s.t.Helper()
	s.verify("VerifyOnly", verification{Expect: calls, NoOthers: true})
}

type verification struct {
	Expect   []Call `json:"expect,omitempty"`
	InOrder  bool   `json:"in_order,omitempty"`
	NoOthers bool   `json:"no_others,omitempty"`
}

func (s *Server) verify(what string, v verification) {
	s.t.Helper()
	if !s.inProcess {
		s.entries(what)
	}
	err := s.plane.Call(context.Background(), http.MethodPost, "/verify", v, nil)
	refused, ok := errors.AsType[*remote.Error](err)
	switch {
	case ok && refused.Code == "not_satisfied":
		s.t.Errorf("admintest: %s: %s", what, said(refused, v.InOrder))
	case err != nil:
		s.fatal(what, err)
	}
}

// said words what was not satisfied: each expectation with what came nearest to
// it, and each call that nothing expected. In order, what follows the first one
// that is not met is not met because of that.
func said(e *remote.Error, inOrder bool) string {
	var (
		unmet      []journal.Unmet
		unexpected []journal.Entry
	)
	if err := errors.Join(json.Unmarshal(e.Unmet, &unmet), json.Unmarshal(e.Unexpected, &unexpected)); err != nil {
		return e.Message
	}
	if inOrder && len(unmet) > 1 {
		unmet = unmet[:1]
	}
	var lines []string
	for _, u := range unmet {
		lines = append(lines, fmt.Sprintf("calls[%d]: %s", u.Index, u.Message))
		for _, miss := range u.NearestMisses {
			lines = append(lines, "    near: "+line(requestOf(miss.Entry)))
			for _, difference := range miss.Differences {
				lines = append(lines, "      "+difference)
			}
		}
	}
	if len(unexpected) > 0 {
		lines = append(lines, fmt.Sprintf("calls that nothing expected: %d", len(unexpected)))
	}
	for _, entry := range unexpected {
		lines = append(lines, "    "+line(requestOf(entry)))
	}
	return strings.Join(lines, "\n")
}
