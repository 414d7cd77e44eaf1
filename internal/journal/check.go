package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"antechamber/internal/guess"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

// methods are those that a request is likely to have.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodHead, http.MethodOptions,
}

// Check returns everything that is wrong with a verification that could never be
// satisfied, or that would not say what it seems to. operations are the known
// names. impossible returns why no call could be as an expectation describes it,
// or nil; its field is one of the expectation.
func (v Verification) Check(operations []string, impossible func(Expectation) *remedy.Problem) (all []remedy.Problem) {
	if len(v.Expect) == 0 && !v.NoOthers {
		return []remedy.Problem{remedy.Want("expect", "", "at least one expectation, or no_others to expect that nothing was called")}
	}
	for i, e := range v.Expect {
		found := append(e.problems(operations), v.misplaced(i)...)
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

// misplaced returns what is wrong with an expectation among the others.
func (v Verification) misplaced(i int) []remedy.Problem {
	e := v.Expect[i]
	if v.InOrder {
		if e.Times != nil && *e.Times == 0 {
			return []remedy.Problem{remedy.Want("times", "0", "at least 1, since what is never called has no place in an order")}
		}
		return nil
	}
	for first := range v.Expect[:i] {
		if same(v.Expect[first], e) {
			want := fmt.Sprintf("other calls than those of the expectation with index %d, since every call would meet both; count them, or verify them in order", first)
			return []remedy.Problem{remedy.Want("", "", want)}
		}
	}
	return nil
}

// same reports whether two expectations describe the same calls.
func same(a, b Expectation) bool {
	x, y := wantedOf(a), wantedOf(b)
	return x.Operation == y.Operation && strings.EqualFold(x.Method, y.Method) && x.Path == y.Path &&
		reflect.DeepEqual(x.Status, y.Status) && x.hasBody == y.hasBody && reflect.DeepEqual(x.body, y.body) &&
		maps.EqualFunc(x.Query, y.Query, func(v, w Values) bool { return slices.Equal(v, w) })
}

// problems returns what is wrong with an expectation by itself.
func (e Expectation) problems(operations []string) (all []remedy.Problem) {
	want := func(field, want string) { all = append(all, remedy.Want(field, "", want)) }
	if e.Operation == "" && e.Method == "" && e.Path == "" && len(e.Query) == 0 && len(e.Body) == 0 && e.Status == nil {
		want("", "an operation, method, path, query, body or status")
	}
	if e.Operation != "" && !slices.Contains(operations, e.Operation) {
		all = append(all, remedy.WantOperation("operation", e.Operation, operations))
	}
	if e.Method != "" && !slices.Contains(methods, strings.ToUpper(e.Method)) {
		p := remedy.Want("method", text.Quote(e.Method), "a method of HTTP, such as GET")
		p.Remedy = remedy.Meant(guess.Nearest(e.Method, methods))
		all = append(all, p)
	}
	if e.Path != "" && !strings.HasPrefix(e.Path, "/") {
		want("path", "a path, beginning with a slash")
	}
	if strings.Contains(e.Path, "?") {
		want("path", "a path without a query, which has a field of its own")
	}
	if len(e.Body) > 0 && !json.Valid(e.Body) {
		want("body", "valid JSON")
	}
	if body := bytes.TrimSpace(e.Body); json.Valid(body) && body[0] != '{' && string(body) != "null" {
		want("body", "a JSON object, as every body of the Admin API is, or null for no body")
	}
	if len(e.Body) > MaxBody {
		want("body", fmt.Sprintf("at most %d bytes, not %d, since the journal keeps no more of a body", MaxBody, len(e.Body)))
	}
	if e.Status != nil && *e.Status != 0 && (*e.Status < 100 || *e.Status > 599) {
		want("status", "a status from 100 to 599, or 0 for a dropped connection")
	}
	if e.Times != nil && *e.Times < 0 {
		want("times", "a whole number of at least 0")
	}
	return all
}
