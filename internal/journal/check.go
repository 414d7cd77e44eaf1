package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"antechamber/api"
	"antechamber/internal/guess"
	"antechamber/internal/pattern"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

// methods lists the known HTTP methods.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodHead, http.MethodOptions,
}

// Check returns the problems of a verification that could never be satisfied, or
// that doesn't verify what it seems to. operations are the known operation ids.
// impossible returns why no call could meet an expectation, or nil; the problem's
// field is one of the expectation's.
func (v Verification) Check(operations []string, impossible func(Expectation) *remedy.Problem) (all []remedy.Problem) {
	if len(v.Expect) == 0 && !v.NoOthers {
		return []remedy.Problem{remedy.Want("expect", "", "at least one expectation, or no_others to verify that nothing was called")}
	}
	first := map[string]int{} // the expectations by the calls that they describe
	for i, e := range v.Expect {
		found := e.problems(operations)
		if p := v.conflict(i, first); p != nil {
			found = append(found, *p)
		}
		p := impossible(e)
		if p != nil && !slices.ContainsFunc(found, func(other remedy.Problem) bool { return other.Field == p.Field }) {
			found = append(found, *p)
		}
		for _, p := range found {
			p.Field = strings.TrimSuffix(fmt.Sprintf("expect[%d].%s", i, p.Field), ".")
			all = append(all, p)
		}
	}
	return all
}

// conflict returns the problem of an expectation in relation to the previous ones, or
// nil. first is to be kept between calls.
func (v Verification) conflict(i int, first map[string]int) *remedy.Problem {
	e := v.Expect[i]
	if v.InOrder {
		if e.Times != nil && *e.Times == 0 {
			return new(remedy.Want("times", "0", "at least 1, since a call that is never made has no place in an order"))
		}
		return nil
	}
	calls := e.calls()
	if other, found := first[calls]; found {
		want := fmt.Sprintf("calls that differ from expect[%d], since every call would meet both (count the calls, or verify them in order)", other)
		return new(remedy.Want("", "", want))
	}
	first[calls] = i
	return nil
}

// calls returns a text that is the same for expectations of the same calls.
func (e Expectation) calls() string {
	w := wantedOf(e)
	return api.Encode(struct {
		Operation, Method, Path string
		Status                  *int
		Query                   map[string]Values
		HasBody                 bool
		Body                    any
	}{w.Operation, strings.ToUpper(w.Method), w.Path, w.Status, w.Query, w.hasBody, w.body})
}

// problems returns the problems of an expectation on its own.
func (e Expectation) problems(operations []string) (all []remedy.Problem) {
	want := func(field, value, want string) { all = append(all, remedy.Want(field, value, want)) }
	if e.Operation == "" && e.Method == "" && e.Path == "" && len(e.Query) == 0 && len(e.Body) == 0 && e.Status == nil {
		want("", "", "an operation, method, path, query, body or status")
	}
	if e.Operation != "" && !slices.Contains(operations, e.Operation) {
		all = append(all, remedy.WantOperation("operation", e.Operation, operations))
	}
	if e.Method != "" && !slices.Contains(methods, strings.ToUpper(e.Method)) {
		p := remedy.Want("method", text.Quote(e.Method), text.OneOf(methods))
		p.Remedy = remedy.Meant(guess.Nearest(e.Method, methods))
		all = append(all, p)
	}
	if len(e.Path) > pattern.MaxPath {
		want("path", text.Quote(e.Path), fmt.Sprintf("at most %d bytes", pattern.MaxPath))
	}
	if e.Path != "" && !strings.HasPrefix(e.Path, "/") {
		want("path", text.Quote(e.Path), "a path starting with a slash")
	}
	if strings.Contains(e.Path, "?") {
		want("path", text.Quote(e.Path), "a path without a query string, which belongs in query")
	}
	if len(e.Body) > 0 && !json.Valid(e.Body) {
		want("body", text.Quote(string(e.Body)), "JSON")
	}
	if body := bytes.TrimSpace(e.Body); json.Valid(body) && body[0] != '{' && string(body) != "null" {
		want("body", quoteBody(body), "a JSON object, like every body of the Admin API, or null for no body")
	}
	if len(e.Body) > MaxBody {
		want("body", "", fmt.Sprintf("at most %d bytes, not %d, since the journal keeps no more of a body", MaxBody, len(e.Body)))
	}
	if e.Status != nil && *e.Status != 0 && (*e.Status < 100 || *e.Status > 599) {
		want("status", strconv.Itoa(*e.Status), "a status from 100 to 599, or 0 for a dropped connection")
	}
	if e.Times != nil && *e.Times < 0 {
		want("times", strconv.Itoa(*e.Times), "a whole number of at least 0")
	}
	return all
}

// quoteBody returns a body that is not an object as an error repeats it.
func quoteBody(body []byte) string {
	var s string
	switch {
	case body[0] == '[':
		return ""
	case json.Unmarshal(body, &s) == nil:
		return text.Quote(s)
	}
	return text.Shorten(string(body), 60)
}
