package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"antechamber/internal/guess"
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
	for i, e := range v.Expect {
		found := append(e.problems(operations), v.conflicts(i)...)
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

// conflicts returns the problems of an expectation in relation to the others.
func (v Verification) conflicts(i int) []remedy.Problem {
	e := v.Expect[i]
	if v.InOrder {
		if e.Times != nil && *e.Times == 0 {
			return []remedy.Problem{remedy.Want("times", "0", "at least 1, since a call that is never made has no place in an order")}
		}
		return nil
	}
	for first := range v.Expect[:i] {
		if sameCalls(v.Expect[first], e) {
			want := fmt.Sprintf("calls that differ from expect[%d], since every call would meet both (count the calls, or verify them in order)", first)
			return []remedy.Problem{remedy.Want("", "", want)}
		}
	}
	return nil
}

// sameCalls reports whether two expectations describe the same calls.
func sameCalls(a, b Expectation) bool {
	x, y := wantedOf(a), wantedOf(b)
	return x.Operation == y.Operation && strings.EqualFold(x.Method, y.Method) && x.Path == y.Path &&
		reflect.DeepEqual(x.Status, y.Status) && x.hasBody == y.hasBody && reflect.DeepEqual(x.body, y.body) &&
		maps.EqualFunc(x.Query, y.Query, func(v, w Values) bool { return slices.Equal(v, w) })
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
