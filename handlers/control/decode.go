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
)

// MaxBody is how many bytes a body may have, and MaxState how many a state.
const (
	MaxBody  = 1 << 20
	MaxState = 64 << 20
)

// readBody reads the body of a request.
func readBody(w http.ResponseWriter, r *http.Request, to route) ([]byte, error) {
	most := int64(MaxBody)
	if to.ID == "replaceState" {
		most = MaxState
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, refuse(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("The body is larger than the %d bytes that are allowed.", most), nil)
	}
	if err != nil {
		return nil, invalidBody("The body could not be read: " + err.Error())
	}
	return body, nil
}

func invalidBody(message string) error {
	return refuse(http.StatusBadRequest, codeInvalidBody, message, nil)
}

// fields are those of a JSON object. Its methods read one field each and note
// what is wrong with it; refused returns all of that at once. null counts as
// absent. No value is repeated in a message: it may be a key.
type fields struct {
	doc      *jsontree.Document
	object   *jsontree.Node
	problems []remedy.Problem
}

// maxValues bounds the memory that a body takes: it is more than a thousand
// expectations have.
const maxValues = 100_000

// fieldsOf reads the body of a route that takes fields. No body is an object
// without any.
func fieldsOf(body []byte, to route) (*fields, error) {
	if to.seed {
		return &fields{}, nil
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	doc, err := jsontree.ParseWithin(body, jsontree.Limits{Values: maxValues})
	if err != nil {
		return nil, invalidBody("The body is not valid JSON: " + err.Error() + ".")
	}
	if doc.Root.Kind != jsontree.Object {
		return nil, invalidBody("The body is not a JSON object.")
	}
	f := &fields{doc: doc, object: doc.Root}
	if !to.fault {
		f = fieldsIn(doc, doc.Root, to.fields)
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
		f.note(remedy.UnknownField(n.Path(), n.Name, known))
	}
	return f
}

// refused returns what is wrong with the fields, or nil.
func (f *fields) refused() error {
	if len(f.problems) == 0 {
		return nil
	}
	return refuseAll(codeInvalidBody, f.problems)
}

func (f *fields) note(p remedy.Problem) { f.problems = append(f.problems, p) }

// want notes that a value is not what its place asks for.
func (f *fields) want(name, want string) { f.note(remedy.Want(f.object.PathOf(name), "", want)) }

// get returns the value of a field, or nil.
func (f *fields) get(name string) *jsontree.Node {
	n := f.object.Get(name)
	if n != nil && n.Kind == jsontree.Null {
		return nil
	}
	return n
}

func (f *fields) given(name string) bool { return f.get(name) != nil }

// form is what a text has to look like.
type form struct {
	is    string
	valid func(string) bool
}

// text reads a text that may be left out.
func (f *fields) text(name string, form form) string {
	return parsed(f, name, form.is, func(s string) (string, bool) { return s, form.valid(s) })
}

// parsed reads a text that stands for a value of another type.
func parsed[T any](f *fields, name, is string, parse func(string) (T, bool)) (v T) {
	n := f.get(name)
	if n == nil {
		return v
	}
	valid := n.Kind == jsontree.String
	if valid {
		v, valid = parse(n.Text)
	}
	if !valid {
		f.want(name, is)
	}
	return v
}

// need reads a text that must not be left out.
func (f *fields) need(name string, form form) string {
	if !f.given(name) {
		f.note(remedy.Problem{Type: remedy.Missing, Field: f.object.PathOf(name), Message: "want " + form.is})
	}
	return f.text(name, form)
}

// value reads a field of any kind.
func value[T any](f *fields, name, is string) (v T) {
	if n := f.get(name); n != nil && json.Unmarshal(f.doc.Raw(n), &v) != nil {
		f.want(name, is)
	}
	return v
}

// set reads what can only be true.
func (f *fields) set(name string) bool {
	n := f.get(name)
	if n != nil && (n.Kind != jsontree.Bool || n.Text != "true") {
		f.want(name, "true")
	}
	return n != nil
}

func (f *fields) duration(name string) time.Duration {
	return parsed(f, name, "a duration such as 504h, 90s, 21d or 3w", parseDuration)
}

func parseDuration(s string) (time.Duration, bool) {
	d, err := duration.Parse(s)
	return d, err == nil
}

func (f *fields) time(name string) api.Time {
	return parsed(f, name, "an RFC 3339 time from 1970 to 9999, such as 2026-01-01T00:00:00Z", parseTime)
}

func parseTime(s string) (api.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9999 {
		return api.Time{}, false
	}
	return api.At(t), true
}

func characters(least, most int) func(string) bool {
	return func(s string) bool {
		n := utf8.RuneCountInString(s)
		return least <= n && n <= most
	}
}

// The forms of texts.
var (
	aText = form{"a text that is not empty", func(s string) bool { return s != "" }}
	aName = form{"a name of 1 to 255 characters", characters(1, 255)}
	anID  = form{"an id", characters(1, 128)}
)
