package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"antechamber/internal/guess"
)

// methods are those that a request is likely to have.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodHead, http.MethodOptions,
}

// Check refuses a verification that could never be satisfied, or that would
// not say what it seems to: all that is wrong with it, in one error. operations
// are the names that there are.
func (v Verification) Check(operations []string) error {
	if len(v.Expect) == 0 && !v.NoOthers {
		return errors.New("expect: nothing is expected; give at least one expectation, or no_others to expect that nothing was called")
	}
	var faults []string
	for i, e := range v.Expect {
		for _, fault := range e.faults(operations) {
			faults = append(faults, fmt.Sprintf("expect[%d]%s", i, fault))
		}
		if fault := v.misplaced(i); fault != "" {
			faults = append(faults, fmt.Sprintf("expect[%d]%s", i, fault))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "; "))
}

// misplaced tells what is wrong with an expectation among the others.
func (v Verification) misplaced(i int) string {
	e := v.Expect[i]
	if v.InOrder {
		if e.Times != nil && *e.Times == 0 {
			return ".times: what is never called has no place in an order; verify it apart from in_order"
		}
		return ""
	}
	for first := range v.Expect[:i] {
		if same(v.Expect[first], e) {
			return fmt.Sprintf(": is the same as expect[%d], and every call would meet both; use times, or in_order", first)
		}
	}
	return ""
}

// same tells whether two expectations describe the same calls.
func same(a, b Expectation) bool {
	x, y := wantedOf(a), wantedOf(b)
	return x.Operation == y.Operation && strings.EqualFold(x.Method, y.Method) && x.Path == y.Path &&
		reflect.DeepEqual(x.Status, y.Status) && x.hasBody == y.hasBody && reflect.DeepEqual(x.body, y.body) &&
		maps.EqualFunc(x.Query, y.Query, func(v, w Values) bool { return slices.Equal(v, w) })
}

func (e Expectation) faults(operations []string) (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if e.Operation == "" && e.Method == "" && e.Path == "" && len(e.Query) == 0 && len(e.Body) == 0 && e.Status == nil {
		add(": describes no call; name an operation, method, path, query, body or status")
	}
	if e.Operation != "" && !slices.Contains(operations, e.Operation) {
		hint := ""
		if best := guess.Operation(e.Operation, operations); best != "" {
			hint = fmt.Sprintf("; did you mean %q?", best)
		}
		add(".operation: there is no operation %q%s", e.Operation, hint)
	}
	if e.Method != "" && !slices.Contains(methods, strings.ToUpper(e.Method)) {
		add(".method: there is no method %q%s", e.Method, didYouMean(e.Method, methods))
	}
	if e.Path != "" && !strings.HasPrefix(e.Path, "/") {
		add(".path: %q does not begin with a slash", e.Path)
	}
	if strings.Contains(e.Path, "?") {
		add(".path: %q has a query; it goes into query", e.Path)
	}
	if len(e.Body) > 0 && !json.Valid(e.Body) {
		add(".body: is not valid JSON")
	}
	if body := bytes.TrimSpace(e.Body); json.Valid(body) && body[0] != '{' && string(body) != "null" {
		add(".body: is no JSON object, as every body of the Admin API is; null is no body")
	}
	if len(e.Body) > MaxBody {
		add(".body: has %d bytes; the journal keeps %d of a body", len(e.Body), MaxBody)
	}
	if e.Status != nil && *e.Status != 0 && (*e.Status < 100 || *e.Status > 599) {
		add(".status: %d is no status; 100 to 599, or 0 for a dropped connection", *e.Status)
	}
	if e.Times != nil && *e.Times < 0 {
		add(".times: %d is less than none", *e.Times)
	}
	return all
}

// didYouMean words a suggestion when one of the names is near.
func didYouMean(name string, names []string) string {
	if best := guess.Nearest(name, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}
