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
	"antechamber/internal/text"
)

// Fields are the fields of a fault to arm.
var Fields = []string{"match", "action", "times", "after", "probability"}

// Parse reads a fault from a JSON object, which must have no repeated fields. It
// returns the problems of all fields or, if there are none, the reason why the
// fault could never fire on one of the operations.
func Parse(doc *jsontree.Document, operations []Operation) (Fault, []remedy.Problem) {
	p := &parser{doc: doc, operations: operations, noted: map[string]bool{}}
	o := object{p, doc.Root}
	for _, name := range []string{"id", "hits"} {
		if o.has(name) {
			p.want(name, o.Get(name).Quote(), "no value, since the server assigns it", nil)
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
		f.Probability = read(o, "probability", "a number greater than 0 and at most 1", above(0.0, 1), nil)
	}
	if len(p.problems) == 0 {
		p.checkPossible(f)
	}
	return f, p.problems
}

// parser notes the first problem of each field: later ones may follow from it.
type parser struct {
	doc        *jsontree.Document
	operations []Operation
	problems   []remedy.Problem
	noted      map[string]bool // the fields with a problem
}

func (p *parser) note(problem remedy.Problem) {
	if !p.noted[problem.Field] {
		p.problems = append(p.problems, problem)
		p.noted[problem.Field] = true
	}
}

func (p *parser) want(field, value, want string, how *remedy.Remedy) {
	problem := remedy.Want(field, value, want)
	problem.Remedy = how
	p.note(problem)
}

func (p *parser) match(o object) (match Match) {
	m, ok := o.object("match")
	if !ok {
		return match
	}
	m.only("operation", "method", "path", "body")
	match.Operation = nonEmpty[string](m, "operation")
	match.Method = nonEmpty[string](m, "method")
	match.Path = read(m, "path", "a path starting with a slash, without a query string or fragment", func(s string) bool {
		return strings.HasPrefix(s, "/") && !strings.ContainsAny(s, "?#")
	}, nil)
	if len(match.Path) > pattern.MaxPath {
		p.want("match.path", text.Quote(match.Path), fmt.Sprintf("at most %d bytes", pattern.MaxPath), nil)
	}
	if body, ok := m.object("body"); ok {
		var b bytes.Buffer
		_ = json.Compact(&b, p.doc.Raw(body.Node)) // it was parsed
		match.Body = b.Bytes()
	}
	return match
}

func (p *parser) action(o object) (a Action) {
	o.need("action", `an object, such as {"type":"drop"}`, nil)
	in, ok := o.object("action")
	if !ok {
		return a
	}
	in.need("type", "", oneOf(actionTypes))
	a.Type = read(in, "type", text.OneOf(actionTypes), oneIn(actionTypes), among(actionTypes))
	switch a.Type {
	case Error:
		p.errorAction(in, &a)
	case Delay:
		p.delayAction(in, &a)
	case Drop, DropAfterCommit, Malformed:
		in.only("type")
	case Truncate:
		in.only("type", "bytes")
		a.Bytes = new(require(in, "bytes", "a whole number of at least 0", atLeast(0)))
	case StaleRead:
		in.only("type", "writes")
		a.Writes = require(in, "writes", fmt.Sprintf("a whole number from 1 to %d", MaxWrites), between(1, MaxWrites))
	}
	return a
}

var (
	actionTypes   = []ActionType{Error, Delay, Drop, DropAfterCommit, Truncate, Malformed, StaleRead}
	distributions = []Distribution{Uniform, Lognormal}
)

// errorAction reads the fields of an error.
func (p *parser) errorAction(in object, a *Action) {
	in.only("type", "status", "message", "error_code", "details", "retry_after")
	codes := api.ErrorCodes()
	a.ErrorCode = read(in, "error_code", "an error code of the Admin API, such as already_member", oneIn(codes), nearest(codes))
	if coded, ok := api.Coded(a.ErrorCode); ok {
		read(in, "status", fmt.Sprintf("%d, the status of %s", coded.Status, coded.Code), between(coded.Status, coded.Status), nil)
		a.Status = coded.Status
		a.Details = p.details(in, coded)
	} else {
		if !in.has("error_code") { // with a code that is wrong, the right one may have the status
			in.need("status", wantStatus, nil)
		}
		a.Status = read(in, "status", wantStatus, between(400, 599), nil)
		if in.has("details") {
			in.need("error_code", "the code that has these details", nil)
		}
	}
	a.Message = nonEmpty[string](in, "message")
	if in.has("retry_after") {
		least, want := 0, "a whole number of at least 0"
		if a.Status == http.StatusTooManyRequests {
			least, want = 1, "a whole number of at least 1 with status 429"
		}
		a.RetryAfter = new(read(in, "retry_after", want, atLeast(least), nil))
	}
}

const wantStatus = "a whole number from 400 to 599"

// details reads the further details of an error with a code. Those that the code
// requires are made if they are missing.
func (p *parser) details(in object, coded api.CodedError) (details api.DetailFields) {
	given, ok := in.object("details")
	if !ok && in.has("details") {
		return details
	}
	const made = "workspace_id"
	if ok && given.has(made) && coded.Code == api.WorkspaceCreatedIncomplete {
		p.want(given.PathOf(made), given.Get(made).Quote(), "no value, since the fault creates the workspace", nil)
	}
	settable := lists.Filter(coded.Details, func(f api.DetailField) bool { return f.Name != made })
	values := p.detailFields(given, settable)
	for _, f := range settable {
		if _, ok := values[f.Name]; !ok && !f.Optional {
			values[f.Name] = example(f)
		}
	}
	encoded, _ := json.Marshal(values) // strings, and lists of objects of strings
	_ = json.Unmarshal(encoded, &details)
	return details
}

// example returns a value of a field that must be sent.
func example(f api.DetailField) any {
	switch {
	case f.Items != nil:
		item := map[string]any{}
		for _, f := range f.Items {
			item[f.Name] = example(f)
		}
		return []any{item}
	case f.Nullable:
		return nil
	}
	return f.Example
}

// detailFields returns the values of the fields that are present in an object. The
// object may be absent.
func (p *parser) detailFields(in object, fields []api.DetailField) map[string]any {
	values := map[string]any{}
	if in.Node == nil {
		return values
	}
	in.only(lists.Map(fields, func(f api.DetailField) string { return f.Name })...)
	for _, f := range fields {
		if in.has(f.Name) {
			values[f.Name] = p.detail(in, f)
		}
	}
	return values
}

// detail returns the value of a field that is present.
func (p *parser) detail(in object, f api.DetailField) any {
	n := in.Get(f.Name)
	switch {
	case f.Nullable && n.Kind == jsontree.Null:
		return nil
	case f.Items == nil && f.Values == nil:
		return nonEmpty[string](in, f.Name)
	case f.Items == nil && len(f.Values) > 10: // too many to list
		return read(in, f.Name, "a value that the Admin API documents, such as "+f.Values[0], oneIn(f.Values), nearest(f.Values))
	case f.Items == nil:
		return read(in, f.Name, text.OneOf(f.Values), oneIn(f.Values), among(f.Values))
	case n.Kind != jsontree.Array:
		p.want(n.Path(), n.Quote(), "a list", nil)
		return nil
	}
	items := []any{}
	for _, item := range n.Items {
		if item.Kind != jsontree.Object {
			p.want(item.Path(), item.Quote(), "an object", nil)
			continue
		}
		o := object{p, item}
		items = append(items, p.detailFields(o, f.Items))
		for _, field := range f.Items {
			if !field.Optional {
				o.need(field.Name, "", nil)
			}
		}
	}
	return items
}

// delayAction reads the fields of a delay.
func (p *parser) delayAction(in object, a *Action) {
	a.Distribution = read(in, "distribution", text.OneOf(distributions), oneIn(distributions), among(distributions))
	switch {
	case a.Distribution == Uniform:
		in.only("type", "distribution", "min", "max")
		a.Min = read(in, "min", "a duration of at least 0s, such as 250ms", atLeast(Duration(0)), nil)
		a.Max = p.duration(in, "max")
		if a.Min > a.Max && !p.noted["action.max"] {
			p.want("action.min", in.Get("min").Quote(), "a duration no longer than the maximum", nil)
		}
	case a.Distribution == Lognormal:
		in.only("type", "distribution", "median", "sigma")
		a.Median = p.duration(in, "median")
		a.Sigma = require(in, "sigma", fmt.Sprintf("a number greater than 0 and at most %d", maxSigma), above(0.0, maxSigma))
	case !in.has("distribution"):
		in.only("type", "duration", "distribution")
		a.Duration = p.duration(in, "duration")
	}
}

// maxSigma is far above any real delay's.
const maxSigma = 10

// duration reads a required duration.
func (p *parser) duration(in object, name string) Duration {
	return require(in, name, "a duration greater than 0s and at most 1h, such as 250ms", above(0, Duration(maxDelay)))
}

// checkPossible notes a fault that no request could match, at the first field that
// excludes the last operation.
func (p *parser) checkPossible(f Fault) {
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
	case m.Path != "" && !keep(func(op Operation) bool { return couldMatch(segments(m.Path), op.Path) }):
		p.wantPath(m)
	case m.Body != nil && !keep(func(op Operation) bool { return op.Body }):
		p.want("match.body", "", "no body, since no matching operation takes one", nil)
	case f.Action.ErrorCode != "" && !keep(documents(f.Action.ErrorCode)):
		p.wantDocumented(f.Action.ErrorCode)
	case f.Action.Type == StaleRead && !keep(func(op Operation) bool { return op.Method == http.MethodGet }):
		p.want("action.type", text.Quote(string(StaleRead)), "another action, since no matching operation is a read", nil)
	}
}

// documents returns a function that reports whether an operation documents a code.
func documents(code api.ErrorCode) func(Operation) bool {
	coded, _ := api.Coded(code)
	return func(op Operation) bool { return coded.In(op.ID) }
}

// wantDocumented notes an error code that no operation of the match documents.
func (p *parser) wantDocumented(code api.ErrorCode) {
	coded, _ := api.Coded(code)
	p.want("action.error_code", text.Quote(string(code)),
		"a code that a matching operation documents (the operations with this code: "+strings.Join(coded.Operations, ", ")+")", nil)
}

// Impossible returns why no request of the operations could meet a match, or nil.
// The problem's field has no prefix "match.".
func Impossible(m Match, operations []Operation) *remedy.Problem {
	p := &parser{operations: operations, noted: map[string]bool{}}
	p.checkPossible(Fault{Match: m})
	if len(p.problems) == 0 {
		return nil
	}
	p.problems[0].Field = strings.TrimPrefix(p.problems[0].Field, "match.")
	return &p.problems[0]
}

// wantMethod notes a method that excludes all operations.
func (p *parser) wantMethod(m Match) {
	value := text.Quote(m.Method)
	if i := slices.IndexFunc(p.operations, func(op Operation) bool { return op.ID == m.Operation }); i >= 0 {
		p.want("match.method", value, fmt.Sprintf("%s, the method of %s", p.operations[i].Method, m.Operation), nil)
		return
	}
	var methods []string
	for _, op := range p.operations {
		if !slices.Contains(methods, op.Method) {
			methods = append(methods, op.Method)
		}
	}
	p.want("match.method", value, text.OneOf(methods), nearest(methods)(m.Method))
}

// wantPath notes a path that excludes all operations, or the last of those with
// the operation or the method of the match.
func (p *parser) wantPath(m Match) {
	value := text.Quote(m.Path)
	if slices.ContainsFunc(p.operations, func(op Operation) bool { return couldMatch(segments(m.Path), op.Path) }) {
		want := fmt.Sprintf("the path of an operation with method %s", m.Method)
		if i := slices.IndexFunc(p.operations, func(op Operation) bool { return op.ID == m.Operation }); i >= 0 {
			want = fmt.Sprintf("%s, the path of %s", base+p.operations[i].Path, m.Operation)
		}
		p.want("match.path", value, want, nil)
		return
	}
	paths := lists.Map(p.operations, func(op Operation) string { return op.Path })
	renamed := lists.Map(segments(m.Path), func(s string) string {
		if pattern.IsParameter(s) {
			return "*"
		}
		return s
	})
	if matching := lists.Filter(paths, func(path string) bool { return couldMatch(renamed, path) }); len(matching) > 0 {
		paths = matching // only the name of a parameter differs
	}
	paths = lists.Map(paths, func(path string) string { return base + path })
	p.want("match.path", value, "the path of an operation", nearest(paths)(base+strings.TrimPrefix(m.Path, base)))
}

// object is a JSON object and the parser that reads it.
type object struct {
	p *parser
	*jsontree.Node
}

func (o object) has(name string) bool { return o.Get(name) != nil }

// object returns the value of a field that must be an object, and reports whether
// it is one.
func (o object) object(name string) (object, bool) {
	n := o.Get(name)
	if n != nil && n.Kind != jsontree.Object {
		o.p.want(n.Path(), n.Quote(), "an object", nil)
	}
	return object{o.p, n}, n != nil && n.Kind == jsontree.Object
}

// need notes a missing field. want may be empty.
func (o object) need(name, want string, how *remedy.Remedy) {
	if o.has(name) {
		return
	}
	problem := remedy.Problem{Type: remedy.Missing, Field: o.PathOf(name), Remedy: how}
	if want != "" {
		problem.Message = "want " + want
	}
	o.p.note(problem)
}

// only notes fields other than the known ones.
func (o object) only(known ...string) {
	for _, n := range o.Unknown(known...) {
		problem := remedy.UnknownField(n.Path(), n.Name, known)
		o.p.note(problem)
		if problem.Remedy != nil && !o.has(problem.Remedy.Value) {
			o.p.noted[o.PathOf(problem.Remedy.Value)] = true // don't report it as missing too
		}
	}
}

// require is read for a field that must not be missing.
func require[T any](o object, name, want string, valid func(T) bool) T {
	o.need(name, want, nil)
	return read(o, name, want, valid, nil)
}

// read returns the value of a field, or the zero value if it is absent or invalid.
// how returns the remedy for an invalid value; it may be nil.
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
	o.p.want(n.Path(), n.Quote(), want, r)
	return value
}

// nonEmpty reads a string that must not be empty.
func nonEmpty[T ~string](o object, name string) T {
	return read(o, name, "a non-empty string", func(s T) bool { return s != "" }, nil)
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
