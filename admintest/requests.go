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
	"antechamber/internal/text"
)

// Request is a recorded request to the Admin API, with its response.
type Request struct {
	Seq        uint64 // counts from 1 in each organization
	Time       time.Time
	Operation  Operation // empty if the path is not part of the API
	Method     string
	Path       string
	Query      url.Values
	Status     int // 0 if the connection was dropped
	ErrorType  api.ErrorType
	ErrorCode  api.ErrorCode
	RequestID  string
	Fault      string // id of the fault that fired, if any
	Hint       string // why the request failed, if the response does not say
	RetryCount int    // as reported by the official SDKs
	Duration   time.Duration
	Body       json.RawMessage // null if the request had no body
	Answer     json.RawMessage // the body of the response
	Effects    []Effect        // what the request changed
	Key        string          // redacted to its last four characters
}

// Decode decodes the request's JSON body into a value.
func (r Request) Decode(into any) error { return json.Unmarshal(r.Body, into) }

// Requests returns the recorded requests, oldest first: all of them, or only those of
// the given operations. Keys are redacted to their last four characters, and long
// bodies are cut to a prefix.
func (s *Server) Requests(operations ...Operation) []Request {
	s.t.Helper()
	for _, operation := range operations { // the server refuses an unknown one, and suggests another
		s.call("Requests", http.MethodGet, "/requests?limit=1&operation="+url.QueryEscape(string(operation)), nil, nil)
	}
	all := []Request{}
	for _, entry := range s.entries("Requests") {
		if len(operations) == 0 || slices.Contains(operations, Operation(entry.Operation)) {
			all = append(all, newRequest(entry))
		}
	}
	return all
}

// entries returns the whole journal. It ends the test if the journal has dropped
// entries, since counts would be wrong.
func (s *Server) entries(method string) []journal.Entry {
	s.t.Helper()
	var found struct{ Data []journal.Entry }
	s.call(method, http.MethodGet, "/requests", nil, &found)
	if _, cleared := s.org.counts(); len(found.Data) > 0 && found.Data[0].Seq > cleared+1 {
		s.t.Fatalf("admintest: %s: the journal holds only %s; older ones were dropped (start the server with a larger --journal-size, or call ClearRequests earlier)", method, text.Count(len(found.Data), "request"))
	}
	return found.Data
}

// newRequest returns the request of a journal entry.
func newRequest(e journal.Entry) Request {
	query, _ := url.ParseQuery(e.Query) // badly escaped parameters are left out
	r := Request{
		Seq: e.Seq, Time: e.Time.Time, Operation: Operation(e.Operation), Method: e.Method, Path: e.Path, Query: query,
		Status: e.Status, ErrorType: api.ErrorType(e.ErrorType), RequestID: e.RequestID, Fault: e.Fault, Hint: e.Hint,
		RetryCount: e.RetryCount, Duration: time.Duration(e.DurationMS * float64(time.Millisecond)),
		Body: e.RequestBody, Answer: e.ResponseBody, Effects: e.Effects, Key: e.Key,
	}
	var failed api.ProductionError
	if r.ErrorType != "" && json.Unmarshal(r.Answer, &failed) == nil && failed.Error.Details != nil {
		r.ErrorCode = failed.Error.Details.ErrorCode
	}
	return r
}

// ClearRequests removes the recorded requests.
func (s *Server) ClearRequests() {
	s.t.Helper()
	newest := s.newest()
	var cleared struct{ Deleted uint64 }
	s.call("ClearRequests", http.MethodDelete, "/requests", nil, &cleared)
	s.org.noteCleared(cleared.Deleted, newest)
}

// Call describes calls that a test expects. Fields that are not set match any call.
//
// A request and its retries count as one call. That call matches a Status if any of
// its attempts got that status. To count how many times work was done, use
// [Server.Effects].
type Call struct {
	Operation Operation           `json:"operation,omitempty"`
	Method    string              `json:"method,omitempty"`
	Path      string              `json:"path,omitempty"` // a path template of the API reference or an actual path; * matches any part of a segment
	Query     map[string][]string `json:"query,omitempty"`
	Body      any                 `json:"body,omitempty"`   // an object matches a body with at least its fields
	Status    *int                `json:"status,omitempty"` // 0 for a dropped connection
	Times     *int                `json:"times,omitempty"`  // at least once if nil; new(1) means exactly once, new(0) never
}

// Verify fails the test unless each of the calls was made, and reports the nearest
// misses. The test continues.
func (s *Server) Verify(calls ...Call) {
	s.t.Helper()
	s.verify("Verify", verification{Expect: calls})
}

// VerifyInOrder is like Verify, and the calls must have been made in the given
// order. Other calls may come between them.
func (s *Server) VerifyInOrder(calls ...Call) {
	s.t.Helper()
	s.verify("VerifyInOrder", verification{Expect: calls, InOrder: true})
}

// VerifyOnly is like Verify, and also fails the test if any other call was made.
// VerifyOnly() expects no calls at all.
func (s *Server) VerifyOnly(calls ...Call) {
	s.t.Helper()
	s.verify("VerifyOnly", verification{Expect: calls, NoOthers: true})
}

type verification struct {
	Expect   []Call `json:"expect,omitempty"`
	InOrder  bool   `json:"in_order,omitempty"`
	NoOthers bool   `json:"no_others,omitempty"`
}

func (s *Server) verify(method string, v verification) {
	s.t.Helper()
	if len(v.Expect) == 0 && !v.NoOthers {
		s.t.Fatalf("admintest: %s: want at least one call (VerifyOnly() expects none)", method)
	}
	if !s.inProcess {
		s.entries(method)
	}
	err := s.plane.Call(context.Background(), http.MethodPost, "/verify", v, nil)
	refused, ok := errors.AsType[*remote.Error](err)
	switch {
	case ok && refused.Code == "not_satisfied":
		s.t.Errorf("admintest: %s: %s", method, unsatisfied(refused, v.InOrder))
	case err != nil:
		s.fatal(method, err)
	}
}

// unsatisfied describes a failed verification: each unmet expectation with its
// nearest misses, and each unexpected call. In order, only the first unmet
// expectation is shown, since the later ones may be unmet because of it.
func unsatisfied(e *remote.Error, inOrder bool) string {
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
			lines = append(lines, "    near miss: "+requestLine(newRequest(miss.Entry)))
			for _, difference := range miss.Differences {
				lines = append(lines, "      "+differenceInGo(difference))
			}
		}
	}
	if n := len(unexpected); n > 0 {
		lines = append(lines, text.Count(n, "unexpected call")+":")
	}
	for _, entry := range unexpected {
		lines = append(lines, "    "+requestLine(newRequest(entry)))
	}
	return strings.Join(lines, "\n")
}

// differenceInGo returns a difference with the name that its field has in Call:
// "Body.email: …" for "body.email: …", and calls[0] for expect[0].
func differenceInGo(difference string) string {
	if strings.HasPrefix(difference, "order: ") {
		return strings.Replace(difference, " expect[", " calls[", 1)
	}
	end := strings.IndexAny(difference, ".:")
	if end > 0 && slices.Contains(callFields, difference[:end]) {
		return camelCase(difference[:end]) + difference[end:]
	}
	return difference
}

// callFields are the JSON names of the fields of Call that a difference may name.
var callFields = []string{"operation", "method", "path", "query", "body", "status"}
