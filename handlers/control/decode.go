package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"antechamber/api"
	"antechamber/internal/duration"
	"antechamber/internal/jsontree"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

// MaxBody is the maximum size of a body in bytes, except for that of replaceState,
// which is a seed.
const MaxBody = 1 << 20

// readBody reads the body of a request. While it is used, a state takes several times
// its size, so large ones wait until those before them are done.
func (c *call) readBody(w http.ResponseWriter, rt route) (body []byte, err error) {
	r, limit := c.request, int64(MaxBody)
	if rt.ID == "replaceState" {
		limit = int64(c.maxState)
		if length := r.ContentLength; length < 0 || length > MaxBody {
			if length < 0 { // not known
				length = limit
			}
			if c.giveBack, err = c.states.take(r.Context(), length); err != nil {
				return nil, err
			}
		}
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		message := text.Invalid("body", "", fmt.Sprintf("at most %d MiB", limit>>20))
		return nil, refuse(http.StatusRequestEntityTooLarge, "body_too_large", message, nil)
	}
	if err != nil {
		return nil, invalidBody("cannot read the body: " + err.Error())
	}
	return body, nil
}

func invalidBody(message string) error {
	return refuse(http.StatusBadRequest, codeInvalidBody, message, nil)
}

// fields reads the fields of a JSON object. Each method reads one field and notes
// a problem if it is invalid; refused returns all problems at once. null counts as
// absent. Problems repeat the value, with API keys redacted, unless it is secret.
type fields struct {
	doc      *jsontree.Document
	object   *jsontree.Node
	problems []remedy.Problem
	more     int // problems that are not kept
}

// maxValues bounds the memory that a body takes. A thousand expectations need
// less.
const maxValues = 100_000

// parseFields parses the body of a route. An empty body is an empty object.
func parseFields(body []byte, rt route) (*fields, error) {
	if rt.seed {
		return &fields{}, nil
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	doc, err := jsontree.ParseWithin(body, jsontree.Limits{Values: maxValues})
	if err != nil {
		return nil, invalidBody("invalid JSON: " + err.Error())
	}
	if doc.Root.Kind != jsontree.Object {
		return nil, invalidBody(text.Invalid("body", doc.Root.Quote(), "a JSON object"))
	}
	f := &fields{doc: doc, object: doc.Root}
	if !rt.fault {
		f = fieldsIn(doc, doc.Root, rt.fields)
	}
	for _, n := range doc.Repeated {
		f.note(remedy.Problem{Type: remedy.Repeated, Field: n.Path()})
	}
	return f, f.refused()
}

// fieldsIn returns the fields of an object and notes those that are unknown.
func fieldsIn(doc *jsontree.Document, object *jsontree.Node, known []string) *fields {
	f := &fields{doc: doc, object: object}
	for _, n := range object.Unknown(known...) {
		if len(f.problems) < maxProblems {
			f.note(remedy.UnknownField(n.Path(), n.Name, known))
		} else {
			f.more++
		}
	}
	return f
}

// refused returns the problems as a refusal, or nil if there are none.
func (f *fields) refused() error {
	if len(f.problems) == 0 {
		return nil
	}
	return refuseAll(codeInvalidBody, f.problems, f.more)
}

func (f *fields) note(p remedy.Problem) { f.problems = append(f.problems, p) }

// want notes that the value n is invalid.
func (f *fields) want(n *jsontree.Node, want string) {
	f.note(remedy.Want(n.Path(), n.Quote(), want))
}

// get returns the value of a field, or nil.
func (f *fields) get(name string) *jsontree.Node {
	n := f.object.Get(name)
	if n != nil && n.Kind == jsontree.Null {
		return nil
	}
	return n
}

func (f *fields) given(name string) bool { return f.get(name) != nil }

// form is the form that a string must have.
type form struct {
	want   string // for messages
	valid  func(string) bool
	secret bool // messages must not repeat the value
}

// text reads an optional string.
func (f *fields) text(name string, form form) string {
	n := f.get(name)
	switch {
	case n == nil:
	case n.Kind == jsontree.String && form.valid(n.Text):
		return n.Text
	case form.secret:
		f.note(remedy.Want(n.Path(), "", form.want))
	default:
		f.want(n, form.want)
	}
	return ""
}

// require reads a required string.
func (f *fields) require(name string, form form) string {
	if !f.given(name) {
		f.note(remedy.Problem{Type: remedy.Missing, Field: f.object.PathOf(name), Message: "want " + form.want})
	}
	return f.text(name, form)
}

// parsed reads an optional string and parses it. parse may change what is wanted.
func parsed[T any](f *fields, name string, want *string, parse func(string) (T, bool)) (v T) {
	n := f.get(name)
	if n == nil {
		return v
	}
	valid := n.Kind == jsontree.String
	if valid {
		v, valid = parse(n.Text)
	}
	if !valid {
		f.want(n, *want)
	}
	return v
}

// value reads an optional field of any type.
func value[T any](f *fields, name, want string) (v T) {
	if n := f.get(name); n != nil && json.Unmarshal(f.doc.Raw(n), &v) != nil {
		f.want(n, want)
	}
	return v
}

// flag reads an optional field that can only be true, and reports whether it is
// given.
func (f *fields) flag(name string) bool {
	n := f.get(name)
	if n != nil && (n.Kind != jsontree.Bool || n.Text != "true") {
		f.want(n, "true")
	}
	return n != nil
}

func (f *fields) duration(name string) time.Duration {
	want := "a duration, such as 504h, 90s, 21d or 3w"
	return parsed(f, name, &want, func(s string) (time.Duration, bool) {
		d, err := duration.Parse(s)
		if errors.Is(err, duration.ErrRange) {
			want = "a duration of at most " + duration.Longest + ", about 292 years"
		}
		return d, err == nil
	})
}

// time reads an optional time. lastYear is the last year that the operation accepts.
func (f *fields) time(name string, lastYear int) api.Time {
	want := fmt.Sprintf("an RFC 3339 time from 1970 to %d, such as 2026-01-01T00:00:00Z", lastYear)
	return parsed(f, name, &want, parseTime)
}

func parseTime(s string) (api.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9999 {
		return api.Time{}, false
	}
	return api.At(t), true
}

// characters returns a function that reports whether a string has from least to
// most characters.
func characters(least, most int) func(string) bool {
	return func(s string) bool {
		n := utf8.RuneCountInString(s)
		return least <= n && n <= most
	}
}

// Forms that several operations use.
var (
	nonEmpty = form{want: "a non-empty string", valid: func(s string) bool { return s != "" }}
	aName    = form{want: "a name of 1 to 255 characters", valid: characters(1, 255)}
	anID     = form{want: "an id", valid: characters(1, 128)}
)
