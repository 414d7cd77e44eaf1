package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/internal/lists"
	"antechamber/internal/pattern"
	"antechamber/internal/remedy"
)

// Refusal says why a fault is not armed.
type Refusal struct {
	Field   string // such as action.status; empty when the text is no JSON object
	Message string
	Remedy  *remedy.Remedy // what to write instead; nil where that cannot be guessed
}

// Error is the whole refusal in one line.
func (r *Refusal) Error() string {
	text := r.Message
	if r.Field != "" {
		text = r.Field + ": " + text
	}
	if r.Remedy != nil {
		text += "; " + r.Remedy.String()
	}
	return text
}

// Parse reads a fault, and refuses with a *Refusal what it does not understand
// and what could never fire on one of the operations.
func Parse(raw []byte, operations []Operation) (Fault, error) {
	doc, err := jsontree.Parse(raw)
	if err != nil {
		return Fault{}, &Refusal{Message: "is not valid JSON: " + err.Error()}
	}
	p := &parser{doc: doc, operations: operations}
	if len(doc.Repeated) > 0 {
		p.refuse(doc.Repeated[0].Path(), "is there twice", nil)
	}
	o := p.object(doc.Root)
	for _, answered := range []string{"id", "hits"} {
		if o.has(answered) {
			p.refuse(answered, "is told in answers and cannot be asked for", nil)
		}
	}
	o.only("match", "action", "times", "after", "probability")
	f := Fault{
		Match:       p.match(o),
		Action:      p.action(o),
		Times:       read[int](o, "times", wholeNumber),
		After:       read[int](o, "after", wholeNumber),
		Probability: 1,
	}
	switch {
	case o.has("times") && f.Times < 1:
		p.refuse("times", "must be at least 1", &remedy.Remedy{Type: remedy.LeaveOutTimes})
	case f.After < 0:
		p.refuse("after", "must be at least 0", nil)
	}
	if o.has("probability") {
		f.Probability = read[float64](o, "probability", "a number")
		if f.Probability <= 0 || f.Probability > 1 {
			p.refuse("probability", "must be more than 0 and at most 1", nil)
		}
	}
	p.possible(f)
	if p.refusal != nil {
		return Fault{}, p.refusal
	}
	return f, nil
}

// parser keeps the first refusal; what is refused after it may be its
// consequence.
type parser struct {
	doc        *jsontree.Document
	operations []Operation
	refusal    *Refusal
}

func (p *parser) refuse(field, message string, how *remedy.Remedy) {
	if p.refusal == nil {
		p.refusal = &Refusal{field, message, how}
	}
}

func (p *parser) match(o object) Match {
	if !o.has("match") {
		return Match{}
	}
	m := p.object(o.Get("match"))
	m.only("operation", "method", "path", "body")
	match := Match{
		Operation: text[string](m, "operation"),
		Method:    text[string](m, "method"),
		Path:      text[string](m, "path"),
	}
	switch {
	case !m.has("path"):
	case !strings.HasPrefix(match.Path, "/"):
		p.refuse("match.path", "must begin with a slash", nil)
	case strings.ContainsAny(match.Path, "?#"):
		p.refuse("match.path", "is a path alone, without query or fragment", nil)
	}
	if m.has("body") {
		body := p.object(m.Get("body"))
		var b bytes.Buffer
		_ = json.Compact(&b, p.doc.Raw(body.Node)) // it is JSON
		match.Body = b.Bytes()
	}
	return match
}

func (p *parser) action(o object) (a Action) {
	if !o.has("action") {
		p.refuse("action", "is missing", nil)
		return a
	}
	in := p.object(o.Get("action"))
	if !in.has("type") {
		p.refuse("action.type", "is missing", oneOf(actionTypes))
		return a
	}
	a.Type = text[ActionType](in, "type")
	switch a.Type {
	case Error:
		p.failing(in, &a)
	case Delay:
		p.delaying(in, &a)
	case Drop, DropAfterCommit, Malformed:
		in.only("type")
	case Truncate:
		in.only("type", "bytes")
		in.need("bytes")
		a.Bytes = new(read[int](in, "bytes", wholeNumber))
		if *a.Bytes < 0 {
			p.refuse("action.bytes", "must be at least 0", nil)
		}
	case StaleRead:
		in.only("type", "writes")
		in.need("writes")
		a.Writes = read[int](in, "writes", wholeNumber)
		if a.Writes < 1 || a.Writes > MaxWrites {
			p.refuse("action.writes", fmt.Sprintf("must be 1 to %d", MaxWrites), nil)
		}
	default:
		p.refuse("action.type", fmt.Sprintf("there is no action %q", a.Type), choose(a.Type, actionTypes))
	}
	return a
}

var (
	actionTypes   = []ActionType{Error, Delay, Drop, DropAfterCommit, Truncate, Malformed, StaleRead}
	distributions = []Distribution{Uniform, Lognormal}
)

func (p *parser) failing(in object, a *Action) {
	in.only("type", "status", "message", "error_code", "retry_after")
	in.need("status")
	a.Status = read[int](in, "status", wholeNumber)
	a.Message = text[string](in, "message")
	a.ErrorCode = text[api.ErrorCode](in, "error_code")
	if in.has("retry_after") {
		a.RetryAfter = new(read[int](in, "retry_after", wholeNumber))
	}
	switch {
	case a.Status < 400 || a.Status > 599:
		p.refuse("action.status", "must be 400 to 599", nil)
	case a.ErrorCode != "" && !slices.Contains(api.ErrorCodes, a.ErrorCode):
		p.refuse("action.error_code", fmt.Sprintf("there is no error code %q", a.ErrorCode), meant(a.ErrorCode, api.ErrorCodes))
	case a.RetryAfter != nil && *a.RetryAfter < 0:
		p.refuse("action.retry_after", "must be at least 0", nil)
	case a.Status == http.StatusTooManyRequests && a.RetryAfter != nil && *a.RetryAfter < 1:
		p.refuse("action.retry_after", "must be at least 1 with status 429", nil)
	}
}

func (p *parser) delaying(in object, a *Action) {
	a.Distribution = text[Distribution](in, "distribution")
	switch a.Distribution {
	case "":
		in.only("type", "duration", "distribution")
		a.Duration = p.length(in, "duration")
	case Uniform:
		in.only("type", "distribution", "min", "max")
		if in.has("min") {
			a.Min = read[Duration](in, "min", aDuration)
		}
		a.Max = p.length(in, "max")
		switch {
		case a.Min < 0:
			p.refuse("action.min", "must be at least 0s", nil)
		case a.Min > a.Max:
			p.refuse("action.min", "must be at most max", nil)
		}
	case Lognormal:
		in.only("type", "distribution", "median", "sigma")
		a.Median = p.length(in, "median")
		in.need("sigma")
		a.Sigma = read[float64](in, "sigma", "a number")
		if a.Sigma <= 0 || a.Sigma > maxSigma {
			p.refuse("action.sigma", fmt.Sprintf("must be more than 0 and at most %d", maxSigma), nil)
		}
	default:
		p.refuse("action.distribution", fmt.Sprintf("there is no distribution %q", a.Distribution), choose(a.Distribution, distributions))
	}
}

// maxSigma is far beyond any delay that was ever measured.
const maxSigma = 10

// length reads a duration that a delay cannot do without.
func (p *parser) length(in object, name string) Duration {
	in.need(name)
	d := read[Duration](in, name, aDuration)
	if d <= 0 || d > Duration(maxDelay) {
		p.refuse(in.PathOf(name), "must be more than 0s and at most 1h", nil)
	}
	return d
}

// possible refuses what no request could ever be hit by, and names the first
// field that leaves no operation.
func (p *parser) possible(f Fault) {
	if p.refusal != nil {
		return
	}
	m := f.Match
	left := p.operations
	keep := func(fits func(Operation) bool) bool {
		left = lists.Filter(left, fits)
		return len(left) > 0
	}
	switch {
	case m.Operation != "" && !keep(func(op Operation) bool { return op.ID == m.Operation }):
		ids := lists.Map(p.operations, func(op Operation) string { return op.ID })
		p.refuse("match.operation", fmt.Sprintf("there is no operation %q", m.Operation), meantOperation(m.Operation, ids))
	case m.Method != "" && !keep(func(op Operation) bool { return op.Method == m.Method }):
		p.refuseMethod(m)
	case m.Path != "" && !keep(func(op Operation) bool { return could(segments(m.Path), op.Path) }):
		p.refusePath(m)
	case m.Body != nil && !keep(func(op Operation) bool { return op.Body }):
		p.refuse("match.body", "no operation that matches takes a request body", nil)
	case f.Action.Type == StaleRead && !keep(func(op Operation) bool { return op.Method == http.MethodGet }):
		p.refuse("action.type", "no operation that matches is a read, which stale_read needs", nil)
	}
}

// Impossible tells why no request to one of the operations could agree with a
// match, or nil. Its fields are named without the "match." before them.
func Impossible(m Match, operations []Operation) *Refusal {
	p := &parser{operations: operations}
	p.possible(Fault{Match: m})
	if p.refusal != nil {
		p.refusal.Field = strings.TrimPrefix(p.refusal.Field, "match.")
	}
	return p.refusal
}

func (p *parser) refuseMethod(m Match) {
	methods := lists.Map(p.operations, func(op Operation) string { return op.Method })
	if !slices.Contains(methods, m.Method) {
		p.refuse("match.method", fmt.Sprintf("no operation has the method %q", m.Method), meant(m.Method, methods))
		return
	}
	i := slices.IndexFunc(p.operations, func(op Operation) bool { return op.ID == m.Operation })
	p.refuse("match.method", fmt.Sprintf("%s has the method %s", m.Operation, p.operations[i].Method), nil)
}

func (p *parser) refusePath(m Match) {
	if slices.ContainsFunc(p.operations, func(op Operation) bool { return could(segments(m.Path), op.Path) }) {
		p.refuse("match.path", "no operation that matches otherwise has this path", nil)
		return
	}
	paths := lists.Map(p.operations, func(op Operation) string { return op.Path })
	renamed := lists.Map(segments(m.Path), func(s string) string {
		if pattern.IsParameter(s) {
			return "*"
		}
		return s
	})
	if fitting := lists.Filter(paths, func(path string) bool { return could(renamed, path) }); len(fitting) > 0 {
		paths = fitting // only a parameter has another name
	}
	p.refuse("match.path", "no operation has this path", meant(strings.TrimPrefix(m.Path, base), paths))
}

// object is a JSON object that is being read.
type object struct {
	p *parser
	*jsontree.Node
}

func (p *parser) object(n *jsontree.Node) object {
	if n.Kind != jsontree.Object {
		p.refuse(n.Path(), "must be a JSON object", nil)
	}
	return object{p, n}
}

func (o object) has(name string) bool { return o.Get(name) != nil }

// need refuses the object when it lacks a field.
func (o object) need(name string) {
	if !o.has(name) {
		o.p.refuse(o.PathOf(name), "is missing", nil)
	}
}

// only refuses fields other than these.
func (o object) only(known ...string) {
	if unknown := o.Unknown(known...); len(unknown) > 0 {
		o.p.refuse(unknown[0].Path(), "there is no such field here", meant(unknown[0].Name, known))
	}
}

const (
	wholeNumber = "a whole number"
	aDuration   = `a duration such as "250ms"`
)

// read returns the value of a field, or the zero value when it is absent.
func read[T any](o object, name, kind string) (value T) {
	n := o.Get(name)
	if n != nil && (n.Kind == jsontree.Null || json.Unmarshal(o.p.doc.Raw(n), &value) != nil) {
		o.p.refuse(n.Path(), "must be "+kind, nil)
	}
	return value
}

// text returns the value of a field that must not be the empty string.
func text[T ~string](o object, name string) T {
	value := read[T](o, name, "a string")
	if value == "" && o.has(name) {
		o.p.refuse(o.PathOf(name), "must not be empty", nil)
	}
	return value
}
