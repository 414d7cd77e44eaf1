package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"antechamber/internal/redact"
	"antechamber/internal/text"
)

// difference is one way in which a call differs from an expectation.
type difference struct {
	text   string
	weight int
}

// The weights of differences. A call of another operation is further away than one
// with entirely different input.
const (
	inputWeight = 1
	routeWeight = 1000
)

func distance(all []difference) (d int) {
	for _, each := range all {
		d += each.weight
	}
	return d
}

func texts(all []difference) []string {
	out := make([]string, len(all))
	for i, d := range all {
		out[i] = d.text
	}
	return out
}

// wanted is an expectation prepared for comparison with many calls.
type wanted struct {
	Expectation
	query   map[string][]string
	body    any
	sent    bool
	hasBody bool // the expectation has a body, or expects none
}

func wantedOf(e Expectation) wanted {
	w := wanted{Expectation: e, query: map[string][]string{}, hasBody: len(e.Body) > 0}
	for name, values := range e.Query {
		for _, v := range values {
			w.query[name] = append(w.query[name], redact.Text(v)) // as it is in the entries
		}
	}
	w.body, w.sent = parseBody(json.RawMessage(redact.Text(string(e.Body))))
	return w
}

// compare returns the differences between a call and the expectation, none if the
// call meets it. It doesn't compare the input of calls of another operation.
func (w wanted) compare(c *call) (all []difference) {
	got := c.last()
	add := func(weight int, what, want, have string) {
		all = append(all, difference{fmt.Sprintf("%s: want %s, got %s", what, want, have), weight})
	}
	if w.Operation != "" && w.Operation != got.Operation {
		add(routeWeight, "operation", strconv.Quote(w.Operation), quoted(got.Operation, "none (unknown path or key)"))
	}
	if w.Method != "" && !strings.EqualFold(w.Method, got.Method) {
		add(routeWeight, "method", strconv.Quote(w.Method), strconv.Quote(got.Method))
	}
	if w.Path != "" && !MatchPath(redact.Text(w.Path), got.Path) {
		add(routeWeight, "path", strconv.Quote(w.Path), strconv.Quote(got.Path))
	}
	if len(all) > 0 {
		return all
	}
	w.compareQuery(c, add)
	if w.hasBody {
		w.compareBody(c, add)
	}
	if w.Status != nil && !slices.ContainsFunc(c.attempts, func(e Entry) bool { return e.Status == *w.Status }) {
		add(inputWeight, "status", statusText(*w.Status), statusesOf(c))
	}
	return all
}

type adder func(weight int, what, want, have string)

func (w wanted) compareQuery(c *call, add adder) {
	for _, name := range slices.Sorted(maps.Keys(w.Query)) {
		want, have := slices.Sorted(slices.Values(w.query[name])), slices.Sorted(slices.Values(c.query[name]))
		if !slices.Equal(want, have) {
			add(inputWeight, "query."+name, valuesText(want), valuesText(have))
		}
	}
}

func (w wanted) compareBody(c *call, add adder) {
	switch {
	case c.cut:
		add(inputWeight, "body", textOf(w.body), fmt.Sprintf("a body too long to compare (only the first %d bytes are kept)", MaxBody))
	case !w.sent && c.sent:
		add(inputWeight, "body", "none", textOf(c.body))
	case w.sent && !c.sent:
		add(inputWeight, "body", textOf(w.body), "none")
	default:
		compareJSON("body", w.body, c.body, add)
	}
}

// compareJSON adds the differences between two JSON values. It only descends into
// objects: other values are equal or not.
func compareJSON(at string, want, have any, add adder) {
	wantFields, ok := want.(map[string]any)
	haveFields, both := have.(map[string]any)
	switch {
	case ok && both:
		for _, name := range slices.Sorted(maps.Keys(wantFields)) {
			value, present := haveFields[name]
			if !present {
				add(inputWeight, at+"."+name, textOf(wantFields[name]), "none")
				continue
			}
			compareJSON(at+"."+name, wantFields[name], value, add)
		}
	case !reflect.DeepEqual(want, have):
		add(inputWeight, at, textOf(want), textOf(have))
	}
}

// textOf returns a value as JSON, shortened if it is long.
func textOf(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return text.Shorten(strings.TrimSpace(b.String()), 200)
}

// quoted returns s in quotes, or none if it is empty.
func quoted(s, none string) string {
	if s == "" {
		return none
	}
	return strconv.Quote(s)
}

// valuesText returns the values of a query parameter.
func valuesText(values []string) string {
	switch len(values) {
	case 0:
		return "none"
	case 1:
		return strconv.Quote(values[0])
	}
	return textOf(values)
}

func statusText(status int) string {
	if status == 0 {
		return "no response"
	}
	return strconv.Itoa(status)
}

// statusesOf lists the statuses of all attempts.
func statusesOf(c *call) string {
	var all []string
	for _, e := range c.attempts {
		all = append(all, statusText(e.Status))
	}
	return strings.Join(all, ", then ")
}

// parseQuery returns the valid parameters of a query.
func parseQuery(query string) map[string][]string {
	values, _ := url.ParseQuery(query) // on error, it returns the valid ones
	return values
}
