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

// difference is one thing in which a call is not what was expected.
type difference struct {
	text   string
	weight int
}

// A call of another operation is further away than one that differs in all of
// its input.
const (
	ofInput = 1
	ofRoute = 1000
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

// wanted is an expectation made ready to be compared with many calls.
type wanted struct {
	Expectation
	query   map[string][]string
	body    any
	sent    bool
	hasBody bool // the expectation says something about the body
}

func wantedOf(e Expectation) wanted {
	w := wanted{Expectation: e, query: map[string][]string{}, hasBody: len(e.Body) > 0}
	for name, values := range e.Query {
		for _, v := range values {
			w.query[name] = append(w.query[name], redact.Text(v)) // the entries are redacted too
		}
	}
	w.body, w.sent = parseBody(json.RawMessage(redact.Text(string(e.Body))))
	return w
}

// compare returns the differences between a call and what is wanted, none when it
// is what is wanted. Of a call of another operation the input is not looked at.
func (w wanted) compare(c *call) (all []difference) {
	got := c.last()
	add := func(weight int, what, want, have string) {
		all = append(all, difference{fmt.Sprintf("%s: expected %s, got %s", what, want, have), weight})
	}
	if w.Operation != "" && w.Operation != got.Operation {
		add(ofRoute, "operation", strconv.Quote(w.Operation), quoted(got.Operation, "none: the path is not served"))
	}
	if w.Method != "" && !strings.EqualFold(w.Method, got.Method) {
		add(ofRoute, "method", strconv.Quote(w.Method), strconv.Quote(got.Method))
	}
	if w.Path != "" && !MatchPath(redact.Text(w.Path), got.Path) {
		add(ofRoute, "path", strconv.Quote(w.Path), strconv.Quote(got.Path))
	}
	if len(all) > 0 {
		return all
	}
	w.compareQuery(c, add)
	if w.hasBody {
		w.compareBody(c, add)
	}
	if w.Status != nil && !slices.ContainsFunc(c.attempts, func(e Entry) bool { return e.Status == *w.Status }) {
		add(ofInput, "status", statusText(*w.Status), statusesOf(c))
	}
	return all
}

type adder func(weight int, what, want, have string)

func (w wanted) compareQuery(c *call, add adder) {
	for _, name := range slices.Sorted(maps.Keys(w.Query)) {
		want, have := slices.Sorted(slices.Values(w.query[name])), slices.Sorted(slices.Values(c.query[name]))
		if !slices.Equal(want, have) {
			add(ofInput, "query."+name, valuesText(want), valuesText(have))
		}
	}
}

func (w wanted) compareBody(c *call, add adder) {
	switch {
	case c.cut:
		add(ofInput, "body", textOf(w.body), fmt.Sprintf("one that is too long to compare: only its first %d bytes are kept", MaxBody))
	case !w.sent && c.sent:
		add(ofInput, "body", "none", textOf(c.body))
	case w.sent && !c.sent:
		add(ofInput, "body", textOf(w.body), "none")
	default:
		compareJSON("body", w.body, c.body, add)
	}
}

// compareJSON descends into objects only: anything else is equal or not.
func compareJSON(at string, want, have any, add adder) {
	wantFields, ok := want.(map[string]any)
	haveFields, both := have.(map[string]any)
	switch {
	case ok && both:
		for _, name := range slices.Sorted(maps.Keys(wantFields)) {
			value, present := haveFields[name]
			if !present {
				add(ofInput, at+"."+name, textOf(wantFields[name]), "nothing")
				continue
			}
			compareJSON(at+"."+name, wantFields[name], value, add)
		}
	case !reflect.DeepEqual(want, have):
		add(ofInput, at, textOf(want), textOf(have))
	}
}

// textOf returns a value as JSON, shortened when it is long.
func textOf(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return text.Shorten(strings.TrimSpace(b.String()), 200)
}

func quoted(s, none string) string {
	if s == "" {
		return none
	}
	return strconv.Quote(s)
}

func valuesText(values []string) string {
	switch len(values) {
	case 0:
		return "nothing"
	case 1:
		return strconv.Quote(values[0])
	}
	return textOf(values)
}

func statusText(status int) string {
	if status == 0 {
		return "no answer"
	}
	return strconv.Itoa(status)
}

// statusesOf names the statuses of all attempts.
func statusesOf(c *call) string {
	var all []string
	for _, e := range c.attempts {
		all = append(all, statusText(e.Status))
	}
	return strings.Join(all, ", then ")
}

// parseQuery reads as much of a query as can be read.
func parseQuery(query string) map[string][]string {
	values, _ := url.ParseQuery(query) // it gives what it could read
	return values
}
