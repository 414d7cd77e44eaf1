package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"antechamber/internal/redact"
	"antechamber/internal/text"
)

// The weights of differences. A call of another operation is further away than one
// with entirely different input.
const (
	inputWeight = 1
	routeWeight = 1000
)

// comparison collects the differences between a call and an expectation. Their texts
// are costly, and needed for the nearest calls only.
type comparison struct {
	distance int      // the total weight of the differences
	describe bool     // whether to write texts
	texts    []string // the first maxDifferences
	more     int      // the number of further ones
}

// maxDifferences is the maximum number of differences that are listed for a call.
const maxDifferences = 20

// add adds a difference. want and have return the texts of both values.
func (d *comparison) add(weight int, what string, want, have func() string) {
	d.distance += weight
	switch {
	case !d.describe:
	case len(d.texts) < maxDifferences:
		d.texts = append(d.texts, fmt.Sprintf("%s: want %s, got %s", text.Shorten(what, maxValue), want(), have()))
	default:
		d.more++
	}
}

// maxValue is how many characters of a value a difference repeats.
const maxValue = 200

// wanted is an expectation prepared for comparison with many calls.
type wanted struct {
	Expectation
	path    []string // its segments
	names   []string // of the query's parameters, sorted
	query   map[string][]string
	body    any
	sent    bool
	hasBody bool // the expectation has a body, or expects none
}

func wantedOf(e Expectation) wanted {
	w := wanted{Expectation: e, query: map[string][]string{}, hasBody: len(e.Body) > 0}
	if e.Path != "" {
		w.path = segments(redact.Text(e.Path)) // as it is in the entries
	}
	for name, values := range e.Query {
		for _, v := range values {
			w.query[name] = append(w.query[name], redact.Text(v))
		}
		slices.Sort(w.query[name])
	}
	w.names = slices.Sorted(maps.Keys(e.Query))
	w.body, w.sent = parseBody(json.RawMessage(redact.Text(string(e.Body))))
	return w
}

// distance returns how far a call is from the expectation, 0 if it meets it.
func (w *wanted) distance(c *call) int {
	var d comparison
	w.compare(c, &d)
	return d.distance
}

// differences returns how a call differs from the expectation.
func (w *wanted) differences(c *call) []string {
	d := comparison{describe: true}
	w.compare(c, &d)
	if d.more > 0 {
		d.texts = append(d.texts, text.AndMore(d.more))
	}
	return d.texts
}

// compare adds the differences between a call and the expectation, none if the call
// meets it. It doesn't compare the input of calls of another operation.
func (w *wanted) compare(c *call, d *comparison) {
	got := c.last()
	if w.Operation != "" && w.Operation != got.Operation {
		d.add(routeWeight, "operation", quoting(w.Operation, ""), quoting(got.Operation, "none (unknown path or key)"))
	}
	if w.Method != "" && !strings.EqualFold(w.Method, got.Method) {
		d.add(routeWeight, "method", quoting(w.Method, ""), quoting(got.Method, ""))
	}
	if w.Path != "" && !matchSegments(w.path, c.path) {
		d.add(routeWeight, "path", quoting(w.Path, ""), quoting(got.Path, ""))
	}
	if d.distance > 0 {
		return
	}
	for _, name := range w.names {
		if want, have := w.query[name], c.query[name]; !slices.Equal(want, have) {
			d.add(inputWeight, "query."+name, func() string { return valuesText(want) }, func() string { return valuesText(have) })
		}
	}
	if w.hasBody {
		w.compareBody(c, d)
	}
	if w.Status != nil && !slices.ContainsFunc(c.attempts, func(e Entry) bool { return e.Status == *w.Status }) {
		d.add(inputWeight, "status", func() string { return statusText(*w.Status) }, func() string { return statusesOf(c) })
	}
}

// resembles reports whether a call that doesn't meet the expectation has to do with it:
// its operation, its method or its path is the expected one, its path differs in one
// segment only, or it went to a path without an operation, perhaps by mistake. Calls of
// other operations would only be noise.
func (w *wanted) resembles(c *call) bool {
	got := c.last()
	switch {
	case w.Operation == "" && w.Path == "": // the method alone says little about a call
		return true
	case w.Operation != "" && (w.Operation == got.Operation || got.Operation == ""):
		return true
	case w.Path != "":
		return matchSegments(w.path, c.path) || oneDiffers(w.path, c.path)
	}
	return false
}

// oneDiffers reports whether exactly one segment of a path does not match.
func oneDiffers(want, path []string) bool {
	if len(want) != len(path) {
		return false
	}
	different := 0
	for i := range want {
		if !matchSegments(want[i:i+1], path[i:i+1]) {
			different++
		}
	}
	return different == 1
}

func (w *wanted) compareBody(c *call, d *comparison) {
	switch {
	case c.cut:
		d.add(inputWeight, "body", func() string { return textOf(w.body) }, func() string {
			return fmt.Sprintf("a body too long to compare (only the first %d bytes are kept)", MaxBody)
		})
	case !w.sent && c.sent:
		d.add(inputWeight, "body", none, func() string { return textOf(c.body) })
	case w.sent && !c.sent:
		d.add(inputWeight, "body", func() string { return textOf(w.body) }, none)
	default:
		compareJSON(place{name: "body"}, w.body, c.body, d)
	}
}

// place is the place of a value in a body. Its text is built when it is needed.
type place struct {
	within *place
	name   string // of a member
	index  int    // of an element, if name is empty
}

func (p place) String() string {
	switch {
	case p.within == nil:
		return p.name
	case p.name != "":
		return p.within.String() + "." + p.name
	}
	return fmt.Sprintf("%s[%d]", p.within, p.index)
}

// compareJSON adds the differences between two JSON values, by the rule of faults: an
// object may have more fields than are wanted, and an array as many elements, each of
// which matches.
func compareJSON(at place, want, have any, d *comparison) {
	add := func(at place, want any, have func() string) {
		what := ""
		if d.describe {
			what = at.String()
		}
		d.add(inputWeight, what, func() string { return textOf(want) }, have)
	}
	switch wanted := want.(type) {
	case map[string]any:
		fields, ok := have.(map[string]any)
		if !ok {
			break
		}
		for _, name := range namesOf(wanted, d.describe) {
			if value, present := fields[name]; present {
				compareJSON(place{within: &at, name: name}, wanted[name], value, d)
			} else {
				add(place{within: &at, name: name}, wanted[name], none)
			}
		}
		return
	case []any:
		elements, ok := have.([]any)
		if !ok || len(elements) != len(wanted) {
			break
		}
		for i := range wanted {
			compareJSON(place{within: &at, index: i}, wanted[i], elements[i], d)
		}
		return
	default:
		if want == have {
			return
		}
	}
	add(at, want, func() string { return textOf(have) })
}

// namesOf returns the names of an object's fields, sorted if the order matters.
func namesOf(object map[string]any, sorted bool) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	if sorted {
		slices.Sort(names)
	}
	return names
}

func none() string { return "none" }

// textOf returns a value as JSON, shortened if it is long.
func textOf(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return text.Shorten(strings.TrimSpace(b.String()), maxValue)
}

// quoting returns a function that returns s in quotes, or none if it is empty.
func quoting(s, none string) func() string {
	return func() string {
		if s == "" && none != "" {
			return none
		}
		return strconv.Quote(text.Shorten(s, maxValue))
	}
}

// valuesText returns the values of a query parameter.
func valuesText(values []string) string {
	switch len(values) {
	case 0:
		return "none"
	case 1:
		return strconv.Quote(text.Shorten(values[0], maxValue))
	}
	return textOf(values)
}

func statusText(status int) string {
	if status == 0 {
		return "no response"
	}
	return strconv.Itoa(status)
}

// statusesOf lists the statuses of the first attempts.
func statusesOf(c *call) string {
	var all []string
	for i, e := range c.attempts {
		if i == maxDifferences {
			all = append(all, "…")
			break
		}
		all = append(all, statusText(e.Status))
	}
	return strings.Join(all, ", then ")
}

// parseQuery returns the valid parameters of a query, each with its values sorted.
func parseQuery(query string) map[string][]string {
	values, _ := url.ParseQuery(query) // on error, it returns the valid ones
	for _, each := range values {
		slices.Sort(each)
	}
	return values
}
