package faults

import (
	"bytes"
	"cmp"
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

// Fields are the fields of a fault that is to be armed.
var Fields = []string{"match", "action", "times", "after", "probability"}

// Parse reads a fault from a JSON object without repeated fields. It returns
// everything that is not understood or, if that is nothing, why the fault could
// never fire on one of the operations.
func Parse(doc *jsontree.Document, operations []Operation) (Fault, []remedy.Problem) {
	p := &parser{doc: doc, operations: operations, noted: map[string]bool{}}
	o := object{p, doc.Root}
	for _, answered := range []string{"id", "hits"} {
		if o.has(answered) {
			p.want(answered, "none, since the server sets it", nil)
		}
	}
	o.only(Fields...)
	f := Fault{
		Match:       p.match(o),
		Action:      p.action(o),
		Times:       read(o, "times", "a whole number of at least 1", atLeast(1), func(int) *remedy.Remedy { return &remedy.Remedy{Type: remedy.LeaveOutTimes} }),
		After:       read(o, "after", "a whole number of at least 0", atLeast(0), nil),
		Probability: 1,
	}
	if o.has("probability") {
		f.Probability = read(o, "probability", "a number of more than 0 and at most 1", above(0.0, 1), nil)
	}
	if len(p.problems) == 0 {
		p.possible(f)
	}
	return f, p.problems
}

// parser notes one problem of each field: what is wrong with it besides may be
// the consequence.
type parser struct {
	doc        *jsontree.Document
	operations []Operation
	problems   []remedy.Problem
	noted      map[string]bool // the fields that have a problem
}

func (p *parser) note(problem remedy.Problem) {
	if !p.noted[problem.Field] {
		p.problems = append(p.problems, problem)
		p.noted[problem.Field] = true
	}
}

func (p *parser) want(field, want string, how *remedy.Remedy) {
	problem := remedy.Want(field, "", want)
	problem.Remedy = how
	p.note(problem)
}

func (p *parser) match(o object) (match Match) {
	m, ok := o.object("match")
	if !ok {
		return match
	}
	m.only("operation", "method", "path", "body")
	match.Operation = text[string](m, "operation")
	match.Method = text[string](m, "method")
	match.Path = read(m, "path", "a path, beginning with a slash, without query and fragment", func(s string) bool {
		return strings.HasPrefix(s, "/") && !strings.ContainsAny(s, "?#")
	}, nil)
	if body, ok := m.object("body"); ok {
		var b bytes.Buffer
		_ = json.Compact(&b, p.doc.Raw(body.Node)) // it is JSON
		match.Body = b.Bytes()
	}
	return match
}

func (p *parser) action(o object) (a Action) {
	o.need("action", nil)
	in, ok := o.object("action")
	if !ok {
		return a
	}
	in.need("type", oneOf(actionTypes))
	a.Type = read(in, "type", "an action", oneIn(actionTypes), among(actionTypes))
	switch a.Type {
	case Error:
		p.failing(in, &a)
	case Delay:
		p.delaying(in, &a)
	case Drop, DropAfterCommit, Malformed:
		in.only("type")
	case Truncate:
		in.only("type", "bytes")
		in.need("bytes", nil)
		a.Bytes = new(read(in, "bytes", "a whole number of at least 0", atLeast(0), nil))
	case StaleRead:
		in.only("type", "writes")
		in.need("writes", nil)
		a.Writes = read(in, "writes", fmt.Sprintf("a whole number from 1 to %d", MaxWrites), between(1, MaxWrites), nil)
	}
	return a
}

var (
	actionTypes   = []ActionType{Error, Delay, Drop, DropAfterCommit, Truncate, Malformed, StaleRead}
	distributions = []Distribution{Uniform, Lognormal}
)

func (p *parser) failing(in object, a *Action) {
	in.only("type", "status", "message", "error_code", "retry_after")
	in.need("status", nil)
	a.Status = read(in, "status", "a whole number from 400 to 599", between(400, 599), nil)
	a.Message = text[string](in, "message")
	a.ErrorCode = read(in, "error_code", "an error code of the Admin API", oneIn(api.ErrorCodes), func(code api.ErrorCode) *remedy.Remedy {
		return meant(code, api.ErrorCodes)
	})
	if in.has("retry_after") {
		least, want := 0, "a whole number of at least 0"
		if a.Status == http.StatusTooManyRequests {
			least, want = 1, "a whole number of at least 1 with status 429"
		}
		a.RetryAfter = new(read(in, "retry_after", want, atLeast(least), nil))
	}
}

func (p *parser) delaying(in object, a *Action) {
	a.Distribution = read(in, "distribution", "a distribution", oneIn(distributions), among(distributions))
	switch {
	case a.Distribution == Uniform:
		in.only("type", "distribution", "min", "max")
		a.Min = read(in, "min", "a duration of at least 0s, such as 250ms", atLeast(Duration(0)), nil)
		a.Max = p.length(in, "max")
		if a.Min > a.Max && !p.noted["action.max"] {
			p.want("action.min", "a duration of at most the maximum", nil)
		}
	case a.Distribution == Lognormal:
		in.only("type", "distribution", "median", "sigma")
		a.Median = p.length(in, "median")
		in.need("sigma", nil)
		a.Sigma = read(in, "sigma", fmt.Sprintf("a number of more than 0 and at most %d", maxSigma), above(0.0, maxSigma), nil)
	case !in.has("distribution"):
		in.only("type", "duration", "distribution")
		a.Duration = p.length(in, "duration")
	}
}

// maxSigma is far beyond any delay that was ever measured.
const maxSigma = 10

// length reads a duration that a delay cannot do without.
func (p *parser) length(in object, name string) Duration {
	in.need(name, nil)
	return read(in, name, "a duration of more than 0s and at most 1h, such as 250ms", above(0, Duration(maxDelay)), nil)
}

// possible notes what no request could ever be hit by, at the first field that
// leaves no operation.
func (p *parser) possible(f Fault) {
	m := f.Match
	left := p.operations
	keep := func(fits func(Operation) bool) bool {
		left = lists.Filter(left, fits)
		return len(left) > 0
	}
	switch {
	case m.Operation != "" && !keep(func(op Operation) bool { return op.ID == m.Operation }):
		ids := lists.Map(p.operations, func(op Operation) string { return op.ID })
		p.note(remedy.WantOperation("match.operation", m.Operation, ids))
	case m.Method != "" && !keep(func(op Operation) bool { return op.Method == m.Method }):
		p.wantMethod(m)
	case m.Path != "" && !keep(func(op Operation) bool { return could(segments(m.Path), op.Path) }):
		p.wantPath(m)
	case m.Body != nil && !keep(func(op Operation) bool { return op.Body }):
		p.want("match.body", "none, since no operation that matches takes a body", nil)
	case f.Action.Type == StaleRead && !keep(func(op Operation) bool { return op.Method == http.MethodGet }):
		p.want("action.type", "another action than stale_read, since no operation that matches is a read", nil)
	}
}

// Impossible returns why no request to one of the operations could agree with a
// match, or nil. Its field is named without the "match." before it.
func Impossible(m Match, operations []Operation) *remedy.Problem {
	p := &parser{operations: operations, noted: map[string]bool{}}
	p.possible(Fault{Match: m})
	if len(p.problems) == 0 {
		return nil
	}
	p.problems[0].Field = strings.TrimPrefix(p.problems[0].Field, "match.")
	return &p.problems[0]
}

func (p *parser) wantMethod(m Match) {
	if i := slices.IndexFunc(p.operations, func(op Operation) bool { return op.ID == m.Operation }); i >= 0 {
		p.want("match.method", fmt.Sprintf("%s, the method of %s", p.operations[i].Method, m.Operation), nil)
		return
	}
	methods := lists.Map(p.operations, func(op Operation) string { return op.Method })
	p.want("match.method", "the method of an operation, such as GET", meant(m.Method, methods))
}

func (p *parser) wantPath(m Match) {
	if slices.ContainsFunc(p.operations, func(op Operation) bool { return could(segments(m.Path), op.Path) }) {
		p.want("match.path", "the path of an operation that matches otherwise", nil)
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
	p.want("match.path", "the path of an operation", meant(strings.TrimPrefix(m.Path, base), paths))
}

// object is a JSON object that is being read.
type object struct {
	p *parser
	*jsontree.Node
}

func (o object) has(name string) bool { return o.Get(name) != nil }

// object returns the object that is the value of a field, and whether there is
// one.
func (o object) object(name string) (object, bool) {
	n := o.Get(name)
	if n != nil && n.Kind != jsontree.Object {
		o.p.want(n.Path(), "an object", nil)
	}
	return object{o.p, n}, n != nil && n.Kind == jsontree.Object
}

// need notes a field that is missing.
func (o object) need(name string, how *remedy.Remedy) {
	if !o.has(name) {
		o.p.note(remedy.Problem{Type: remedy.Missing, Field: o.PathOf(name), Remedy: how})
	}
}

// only notes fields other than these.
func (o object) only(known ...string) {
	for _, n := range o.Unknown(known...) {
		problem := remedy.UnknownField(n.Path(), n.Name, known)
		o.p.note(problem)
		if problem.Remedy != nil && !o.has(problem.Remedy.Value) {
			o.p.noted[o.PathOf(problem.Remedy.Value)] = true // or else it would be missing too
		}
	}
}

// read returns the value of a field, or the zero value when it is absent or not
// as wanted. how returns what to do about another value.
func read[T any](o object, name, want string, valid func(T) bool, how func(T) *remedy.Remedy) (value T) {
	n := o.Get(name)
	if n == nil {
		return value
	}
	var got T
	if n.Kind != jsontree.Null && json.Unmarshal(o.p.doc.Raw(n), &got) == nil && valid(got) {
		return got
	}
	var r *remedy.Remedy
	if how != nil {
		r = how(got)
	}
	o.p.want(n.Path(), want, r)
	return value
}

// text reads a text that must not be empty.
func text[T ~string](o object, name string) T {
	return read(o, name, "a text that is not empty", func(s T) bool { return s != "" }, nil)
}

func atLeast[T cmp.Ordered](least T) func(T) bool { return func(v T) bool { return v >= least } }

func between[T cmp.Ordered](least, most T) func(T) bool {
	return func(v T) bool { return least <= v && v <= most }
}

func above[T cmp.Ordered](limit, most T) func(T) bool {
	return func(v T) bool { return limit < v && v <= most }
}

func oneIn[T comparable](all []T) func(T) bool {
	return func(v T) bool { return slices.Contains(all, v) }
}
