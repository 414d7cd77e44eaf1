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
	"antechamber/internal/journal"
	"antechamber/internal/jsontree"
	"antechamber/internal/text"
)

// MaxBody is how many bytes a request body may have. Production's figure for
// the Admin API is not documented; this one is ours.
const MaxBody = 1 << 20

// maxValues is how many values and names the JSON of a body may have: far more than
// any operation reads, and what bounds the memory that a body takes. (Ours.)
const maxValues = 10_000

// body is the JSON object of a request. Its methods read one field each and note
// what is wrong with it; end returns all that is wrong as one error, in the order
// in which the fields were read, unknown fields last.
type body struct {
	prefix string // names the fields of a nested object
	fields map[string]*jsontree.Node
	known  map[string]bool
	faults *[]string
	broken error // the body is not a JSON object
}

// decode reads the body of the request.
func decode(c *call) *body {
	b := &body{known: map[string]bool{}, faults: new([]string)}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		b.broken = &apiError{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("The request body is larger than the %d bytes that are allowed.", MaxBody),
		}
	case err != nil:
		b.broken = badRequest("The request body could not be read: " + err.Error())
	default:
		c.record.RequestBody = journal.BodyOf(raw)
		b.fields, b.broken = object(raw)
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
		return nil, badRequest("body: " + noDictionary)
	}
	return fieldsOf(doc.Root), nil
}

// fieldsOf returns the fields of an object by name. Of a repeated field the last
// one counts, as in production's framework.
func fieldsOf(n *jsontree.Node) map[string]*jsontree.Node {
	fields := make(map[string]*jsontree.Node, len(n.Items))
	for _, field := range n.Items {
		fields[field.Name] = field
	}
	return fields
}

// end returns what is wrong with the body, or nil.
func (b *body) end() error {
	if b.broken != nil {
		return b.broken
	}
	b.unknown()
	if len(*b.faults) > 0 {
		return badRequest(strings.Join(*b.faults, "; "))
	}
	return nil
}

// unknown notes the fields that were not read.
func (b *body) unknown() {
	for _, name := range slices.Sorted(maps.Keys(b.fields)) {
		if !b.known[name] {
			b.fault(name, "Extra inputs are not permitted")
		}
	}
}

func (b *body) fault(field, what string) {
	*b.faults = append(*b.faults, b.prefix+field+": "+what)
}

// take returns a field and whether it is present.
func (b *body) take(name string) (*jsontree.Node, bool) {
	b.known[name] = true
	value, ok := b.fields[name]
	return value, ok
}

// null says whether a field may be null, which then counts as absent.
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

// need is take for a required field.
func (b *body) need(name string) (*jsontree.Node, bool) {
	value, ok := b.take(name)
	if !ok && b.broken == nil {
		b.fault(name, "Field required")
	}
	return value, ok
}

// str reads a string.
func (b *body) str(name string, value *jsontree.Node) (string, bool) {
	if value.Kind != jsontree.String {
		b.fault(name, "Input should be a valid string")
		return "", false
	}
	return value.Text, true
}

// length notes a string that has too few or too many characters.
func (b *body) length(name, s string, shortest, longest int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < shortest:
		b.fault(name, "String should have at least "+text.Count(shortest, "character"))
	case n > longest:
		b.fault(name, "String should have at most "+text.Count(longest, "character"))
	}
}

// email notes a string that is not an e-mail address.
func (b *body) email(name, s string) {
	if !api.ValidEmail(s) {
		b.fault(name, "value is not a valid email address")
	}
}

var color = regexp.MustCompile(api.ColorPattern)

// displayColor reads a color, if it is there.
func (b *body) displayColor(n null) *string {
	s := b.optionalStr("display_color", n)
	if s != nil && !color.MatchString(*s) {
		b.fault("display_color", "String should match pattern '"+color.String()+"'")
	}
	return s
}

// optionalStr reads a string, if it is there.
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

// externalKey reads external_key_id, if it is there. An empty one is refused
// (our choice): it would read null and seem to have been forgotten.
func (b *body) externalKey(n null) *string {
	id := b.optionalStr("external_key_id", n)
	if id != nil && *id == "" {
		b.fault("external_key_id", "String should have at least 1 character")
	}
	return id
}

// enum reads one of the values.
func enum[T ~string](b *body, name string, value *jsontree.Node, values []T) T {
	if value.Kind != jsontree.String || !api.OneOf(T(value.Text), values) {
		b.fault(name, shouldBe(values))
		return ""
	}
	return T(value.Text)
}

// shouldBe words the values of an enumeration: 'a', 'b' or 'c'.
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

const noDictionary = "Input should be a valid dictionary"

// dictionary reads a nested object; its faults are noted with those of b.
func (b *body) dictionary(name string, value *jsontree.Node) *body {
	in := &body{prefix: b.prefix + name + ".", known: map[string]bool{}, faults: b.faults}
	if value.Kind == jsontree.Object {
		in.fields = fieldsOf(value)
	} else {
		b.fault(name, noDictionary)
	}
	return in
}

// tags reads tags, if they are there: nil deletes a tag, where that is
// allowed.
func (b *body) tags(deleting bool) map[string]*string {
	value, ok := b.optional("tags", nullable)
	if !ok {
		return nil
	}
	in := b.dictionary("tags", value)
	tags := make(map[string]*string, len(in.fields))
	for _, key := range slices.Sorted(maps.Keys(in.fields)) {
		if strings.HasPrefix(key, api.ReservedTagPrefix) {
			in.fault(key, "tag keys may not begin with '"+api.ReservedTagPrefix+"'")
		}
		value := in.fields[key]
		if deleting && value.Kind == jsontree.Null {
			tags[key] = nil
		} else if s, ok := in.str(key, value); ok {
			tags[key] = &s
		}
	}
	return tags
}

// geos reads allowed_inference_geos of a residency, if it is there.
func (b *body) geos() *api.AllowedGeos {
	const name = "allowed_inference_geos"
	value, ok := b.optional(name, nullable)
	if !ok {
		return nil
	}
	if value.Kind != jsontree.Array {
		if value.Kind != jsontree.String || value.Text != api.Unrestricted {
			b.fault(name, "Input should be '"+api.Unrestricted+"' or a valid list")
		}
		return new(api.AllowedGeos)
	}
	geos := api.AllowedGeos{}
	for i, item := range value.Items {
		geos = append(geos, enum(b, fmt.Sprintf("%s.%d", name, i), item, api.InferenceGeos))
	}
	return &geos
}

// geo reads one geo of a residency, if it is there.
func (b *body) geo(name string, values []string) *string {
	value, ok := b.optional(name, nullable)
	if !ok {
		return nil
	}
	g := enum(b, name, value, values)
	return &g
}
