package handlers

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/hint"
	"antechamber/internal/journal"
	"antechamber/internal/jsontree"
	"antechamber/internal/text"
	"antechamber/store"
)

// MaxBody is the maximum size of a request body in bytes. Production's limit for
// the Admin API is not documented; this one is our choice.
const MaxBody = 1 << 20

// maxValues is the maximum number of JSON values and names in a body (our choice).
// No operation reads nearly as many; the limit bounds the memory for a body.
const maxValues = 10_000

// body is the JSON object of a request. Its methods read one field each and collect
// the problems with it. err returns all of them as one error, in the order in which
// the fields were read, followed by unknown fields.
type body struct {
	prefix   string // of field names in problems, for a nested object
	fields   map[string]*jsontree.Node
	known    map[string]bool // fields that were read
	problems *[]string       // shared with nested objects
	fatal    error           // set if the body is not a readable JSON object
}

// decode reads the body of the request. Errors are returned by body.err, so that
// the store can report an unknown id first.
func decode(c *call) *body {
	b := &body{known: map[string]bool{}, problems: new([]string)}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		b.fatal = &apiError{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("The request body is larger than the %d bytes that are allowed.", MaxBody),
		}
	case err != nil:
		b.fatal = badRequest("The request body could not be read: " + err.Error())
	default:
		c.record.RequestBody = journal.BodyOf(raw)
		b.fields, b.fatal = object(raw)
		if refused, ok := errors.AsType[*apiError](b.fatal); ok {
			refused.hint = hint.Body(c.Request().Header, raw)
		}
	}
	return b
}

// object parses the body as one JSON object.
func object(raw []byte) (map[string]*jsontree.Node, error) {
	doc, err := jsontree.ParseWithin(raw, jsontree.Limits{Values: maxValues})
	switch {
	case err != nil:
		return nil, badRequest("The request body is not valid JSON: " + err.Error())
	case doc.Root.Kind != jsontree.Object:
		return nil, badRequest("body: " + notDictionary)
	}
	return fieldsOf(doc.Root), nil
}

// fieldsOf returns the fields of an object by name. If a field is repeated, the
// last one wins, as in production's framework.
func fieldsOf(n *jsontree.Node) map[string]*jsontree.Node {
	fields := make(map[string]*jsontree.Node, len(n.Items))
	for _, field := range n.Items {
		fields[field.Name] = field
	}
	return fields
}

// err returns the problems with the body, or nil.
func (b *body) err() error {
	if b.fatal != nil {
		return b.fatal
	}
	b.rejectUnknown()
	return problemsErr(*b.problems)
}

// maxProblems is how many problems an error lists (our choice).
const maxProblems = 100

// problemsErr returns the error that lists problems, or nil if there are none.
func problemsErr(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	if more := len(problems) - maxProblems; more > 0 {
		problems = append(problems[:maxProblems:maxProblems], text.AndMore(more))
	}
	return badRequest(strings.Join(problems, "; "))
}

// rejectUnknown reports the fields that were not read.
func (b *body) rejectUnknown() {
	for _, name := range slices.Sorted(maps.Keys(b.fields)) {
		if !b.known[name] {
			b.problem(name, "Extra inputs are not permitted")
		}
	}
}

func (b *body) problem(field, what string) {
	*b.problems = append(*b.problems, b.prefix+text.Shorten(field, store.MaxEcho)+": "+what)
}

// take returns a field and whether it is present.
func (b *body) take(name string) (*jsontree.Node, bool) {
	b.known[name] = true
	value, ok := b.fields[name]
	return value, ok
}

// null is whether a field may be null, which then counts as absent.
type null bool

const (
	nullable null = true
	notNull  null = false
)

// optional is take for a field that may be absent.
func (b *body) optional(name string, n null) (*jsontree.Node, bool) {
	value, ok := b.take(name)
	if ok && bool(n) && value.Kind == jsontree.Null {
		return nil, false
	}
	return value, ok
}

// required is take for a field that must be present.
func (b *body) required(name string) (*jsontree.Node, bool) {
	value, ok := b.take(name)
	if !ok && b.fatal == nil {
		b.problem(name, "Field required")
	}
	return value, ok
}

// str reads a string.
func (b *body) str(name string, value *jsontree.Node) (string, bool) {
	if value.Kind != jsontree.String {
		b.problem(name, "Input should be a valid string")
		return "", false
	}
	return value.Text, true
}

// length checks the number of characters of a string.
func (b *body) length(name, s string, shortest, longest int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < shortest:
		b.problem(name, "String should have at least "+text.Count(shortest, "character"))
	case n > longest:
		b.problem(name, "String should have at most "+text.Count(longest, "character"))
	}
}

// email checks that a string is an email address.
func (b *body) email(name, s string) {
	if !email.Valid(s) {
		b.problem(name, "value is not a valid email address")
	}
}

var color = regexp.MustCompile(api.ColorPattern)

// displayColor reads display_color, if present.
func (b *body) displayColor(n null) *string {
	s := b.optionalStr("display_color", n)
	if s != nil && !color.MatchString(*s) {
		b.problem("display_color", "String should match pattern '"+color.String()+"'")
	}
	return s
}

// optionalStr reads a string, if present.
func (b *body) optionalStr(name string, n null) *string {
	value, ok := b.optional(name, n)
	if !ok {
		return nil
	}
	s, ok := b.str(name, value)
	if !ok {
		return nil
	}
	return &s
}

// externalKey reads external_key_id, if present. The empty string is rejected (our
// choice): it would read back as null, as if it had never been set.
func (b *body) externalKey(n null) *string {
	id := b.optionalStr("external_key_id", n)
	if id != nil && *id == "" {
		b.problem("external_key_id", "String should have at least 1 character")
	}
	return id
}

// enum reads one of a set of values.
func enum[T ~string](b *body, name string, value *jsontree.Node, values []T) T {
	if value.Kind != jsontree.String || !api.OneOf(T(value.Text), values) {
		b.problem(name, shouldBe(values))
		return ""
	}
	return T(value.Text)
}

// shouldBe returns the message for a value that is not in a set: Input should be
// 'a', 'b' or 'c'.
func shouldBe[T ~string](values []T) string {
	var s strings.Builder
	s.WriteString("Input should be ")
	for i, v := range values {
		switch {
		case i > 0 && i == len(values)-1:
			s.WriteString(" or ")
		case i > 0:
			s.WriteString(", ")
		}
		s.WriteString("'" + string(v) + "'")
	}
	return s.String()
}

const notDictionary = "Input should be a valid dictionary"

// dictionary reads a nested object. Its problems are added to those of b.
func (b *body) dictionary(name string, value *jsontree.Node) *body {
	in := &body{prefix: b.prefix + name + ".", known: map[string]bool{}, problems: b.problems}
	if value.Kind == jsontree.Object {
		in.fields = fieldsOf(value)
	} else {
		b.problem(name, notDictionary)
	}
	return in
}

// tags reads the tags of a new workspace, if present, or the changes of an update. In
// an update, a tag may be null, which is returned as nil and deletes it, but the tags
// as a whole must not be. (Observed; the vendor's document allows null.)
func (b *body) tags(updating bool) map[string]*string {
	value, ok := b.optional("tags", null(!updating))
	if !ok {
		return nil
	}
	in := b.dictionary("tags", value)
	tags := make(map[string]*string, len(in.fields))
	for _, key := range slices.Sorted(maps.Keys(in.fields)) {
		if api.ReservedTag(key) {
			in.problem(key, "tag keys may not begin with '"+api.ReservedTagPrefix+"'")
		}
		value := in.fields[key]
		if updating && value.Kind == jsontree.Null {
			tags[key] = nil
		} else if s, ok := in.str(key, value); ok {
			tags[key] = &s
		}
	}
	return tags
}

// geos reads allowed_inference_geos of a data residency, if present.
func (b *body) geos() *api.AllowedGeos {
	const name = "allowed_inference_geos"
	value, ok := b.optional(name, nullable)
	if !ok {
		return nil
	}
	if value.Kind != jsontree.Array {
		if value.Kind != jsontree.String || value.Text != api.Unrestricted {
			b.problem(name, "Input should be '"+api.Unrestricted+"' or a valid list")
		}
		return new(api.AllowedGeos)
	}
	geos := api.AllowedGeos{}
	for i, item := range value.Items {
		geos = append(geos, enum(b, fmt.Sprintf("%s.%d", name, i), item, api.InferenceGeos))
	}
	return &geos
}

// geo reads one geo of a data residency, if present.
func (b *body) geo(name string, values []string) *string {
	value, ok := b.optional(name, nullable)
	if !ok {
		return nil
	}
	g := enum(b, name, value, values)
	return &g
}
