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
)

// methods are those that a request is likely to have.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodHead, http.MethodOptions,
}

// Fault is one thing that is wrong with a verification.
type Fault struct {
	Field   string // such as expect[0].operation
	Message string
	Remedy  *remedy.Remedy // what was probably meant; nil where that cannot be guessed
}

// Error returns the whole fault in one line.
func (f Fault) Error() string {
	text := f.Field + ": " + f.Message
	if f.Remedy != nil {
		text += "; " + f.Remedy.String()
	}
	return text
}

// Faults is everything that is wrong with a verification.
type Faults []Fault

// Error returns all faults in one line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "; ")
}

// Check refuses, with Faults, a verification that could never be satisfied, or
// that would not say what it seems to. operations are the known names.
func (v Verification) Check(operations []string) error {
	if len(v.Expect) == 0 && !v.NoOthers {
		return Faults{{Field: "expect", Message: "nothing is expected; give at least one expectation, or no_others to expect that nothing was called"}}
	}
	var all Faults
	for i, e := range v.Expect {
		for _, fault := range append(e.faults(operations), v.misplaced(i)...) {
			fault.Field = fmt.Sprintf("expect[%d]%s", i, fault.Field)
			all = append(all, fault)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// misplaced returns what is wrong with an expectation among the others.
func (v Verification) misplaced(i int) []Fault {
	e := v.Expect[i]
	if v.InOrder {
		if e.Times != nil && *e.Times == 0 {
			return []Fault{{Field: ".times", Message: "what is never called has no place in an order; verify it apart from in_order"}}
		}
		return nil
	}
	for first := range v.Expect[:i] {
		if same(v.Expect[first], e) {
			return []Fault{{Message: fmt.Sprintf("is the same as expect[%d], and every call would meet both; use times, or in_order", first)}}
		}
	}
	return nil
}

// same tells whether two expectations describe the same calls.
func same(a, b Expectation) bool {
	x, y := wantedOf(a), wantedOf(b)
	return x.Operation == y.Operation && strings.EqualFold(x.Method, y.Method) && x.Path == y.Path &&
		reflect.DeepEqual(x.Status, y.Status) && x.hasBody == y.hasBody && reflect.DeepEqual(x.body, y.body) &&
		maps.EqualFunc(x.Query, y.Query, func(v, w Values) bool { return slices.Equal(v, w) })
}

// faults returns what is wrong with an expectation by itself.
func (e Expectation) faults(operations []string) (all []Fault) {
	add := func(field, format string, args ...any) {
		all = append(all, Fault{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if e.Operation == "" && e.Method == "" && e.Path == "" && len(e.Query) == 0 && len(e.Body) == 0 && e.Status == nil {
		add("", "describes no call; name an operation, method, path, query, body or status")
	}
	if e.Operation != "" && !slices.Contains(operations, e.Operation) {
		all = append(all, Fault{".operation", fmt.Sprintf("there is no operation %q", e.Operation), remedy.Meant(guess.Operation(e.Operation, operations))})
	}
	if e.Method != "" && !slices.Contains(methods, strings.ToUpper(e.Method)) {
		all = append(all, Fault{".method", fmt.Sprintf("there is no method %q", e.Method), remedy.Meant(guess.Nearest(e.Method, methods))})
	}
	if e.Path != "" && !strings.HasPrefix(e.Path, "/") {
		add(".path", "%q does not begin with a slash", e.Path)
	}
	if strings.Contains(e.Path, "?") {
		add(".path", "%q has a query; it goes into query", e.Path)
	}
	if len(e.Body) > 0 && !json.Valid(e.Body) {
		add(".body", "is not valid JSON")
	}
	if body := bytes.TrimSpace(e.Body); json.Valid(body) && body[0] != '{' && string(body) != "null" {
		add(".body", "is no JSON object, as every body of the Admin API is; null is no body")
	}
	if len(e.Body) > MaxBody {
		add(".body", "has %d bytes; the journal keeps %d of a body", len(e.Body), MaxBody)
	}
	if e.Status != nil && *e.Status != 0 && (*e.Status < 100 || *e.Status > 599) {
		add(".status", "%d is no status; 100 to 599, or 0 for a dropped connection", *e.Status)
	}
	if e.Times != nil && *e.Times < 0 {
		add(".times", "%d is less than none", *e.Times)
	}
	return all
}
