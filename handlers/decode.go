package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"antechamber/api"
	"antechamber/internal/journal"
)

// MaxBody is how many bytes a request body may have. Production's figure for
// the Admin API is not documented; this one is ours.
const MaxBody = 1 << 20

// body is the JSON object of a request. Its methods take out one field each
// and note what is wrong with it; end gives all that is wrong in one error, in
// the order in which the fields were asked for, unknown fields last.
type body struct {
	prefix string // names the fields of a nested object
	fields map[string]json.RawMessage
	known  map[string]bool
	faults *[]string
	broken error // the body is no JSON object at all
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
func object(raw []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(raw) {
		return nil, notJSON(raw, invalidUTF8(raw), "invalid UTF-8")
	}
	if at := loneSurrogate(raw); at >= 0 && json.Valid(raw) {
		return nil, notJSON(raw, at, "half of a surrogate pair")
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(raw, &fields)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) || err == nil && fields == nil:
		return nil, badRequest("body: Input should be a valid dictionary")
	case err != nil:
		return nil, syntax(raw, err)
	}
	return fields, nil
}

func invalidUTF8(raw []byte) int {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(raw)
}

// loneSurrogate finds an escaped half of a surrogate pair, which is no
// character: encoding/json would put another one in its place. It is -1 when
// there is none.
func loneSurrogate(raw []byte) int {
	unit := func(at int) rune {
		if at+6 > len(raw) || raw[at] != '\\' || raw[at+1] != 'u' {
			return 0
		}
		n, err := strconv.ParseUint(string(raw[at+2:at+6]), 16, 16)
		if err != nil {
			return 0
		}
		return rune(n)
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		switch first := unit(i); {
		case !utf16.IsSurrogate(first):
			i++ // over what is escaped
		case utf16.DecodeRune(first, unit(i+6)) == utf8.RuneError:
			return i
		default:
			i += 11
		}
	}
	return -1
}

// syntax words a JSON error with its place in the body.
func syntax(raw []byte, err error) error {
	offset := len(raw)
	var at *json.SyntaxError
	if errors.As(err, &at) && err.Error() != "unexpected end of JSON input" {
		offset = int(at.Offset) - 1 // it counts the offending byte as read
	}
	return notJSON(raw, offset, err.Error())
}

func notJSON(raw []byte, offset int, what string) error {
	before := raw[:min(max(offset, 0), len(raw))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return badRequest(fmt.Sprintf("The request body is not valid JSON: %s (line %d column %d)", what, line, column))
}

// end gives what is wrong with the body, or nil.
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

// unknown notes the fields that nobody asked for.
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

// take gives a field that is present.
func (b *body) take(name string) (json.RawMessage, bool) {
	b.known[name] = true
	raw, ok := b.fields[name]
	return raw, ok
}

// null says whether a field may be null, which then counts as absent.
type null bool

const (
	nullable null = true
	notNull  null = false
)

// optional is take for a field that may be absent.
func (b *body) optional(name string, n null) (json.RawMessage, bool) {
	raw, ok := b.take(name)
	if ok && bool(n) && string(raw) == "null" {
		return nil, false
	}
	return raw, ok
}

// need notes that a field is missing.
func (b *body) need(name string) (json.RawMessage, bool) {
	raw, ok := b.take(name)
	if !ok && b.broken == nil {
		b.fault(name, "Field required")
	}
	return raw, ok
}

// str reads a string, and notes it if it is none.
func (b *body) str(name string, raw json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		b.fault(name, "Input should be a valid string")
		return "", false
	}
	return *s, true
}

// length notes a string that has too few or too many characters.
func (b *body) length(name, s string, shortest, longest int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < shortest:
		b.fault(name, "String should have at least "+count(shortest, "character"))
	case n > longest:
		b.fault(name, "String should have at most "+count(longest, "character"))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// email notes a string that is no e-mail address.
func (b *body) email(name, s string) {
	if !api.ValidEmail(s) {
		b.fault(name, "value is not a valid email address")
	}
}

var color = regexp.MustCompile(api.ColorPattern)

// displayColor reads a color, if it is there.
func (b *body) displayColor(n null) *string {
	raw, ok := b.optional("display_color", n)
	if !ok {
		return nil
	}
	s, ok := b.str("display_color", raw)
	if ok && !color.MatchString(s) {
		b.fault("display_color", "String should match pattern '"+color.String()+"'")
	}
	return &s
}

// optionalStr reads a string, if it is there.
func (b *body) optionalStr(name string, n null) *string {
	raw, ok := b.optional(name, n)
	if !ok {
		return nil
	}
	s, ok := b.str(name, raw)
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
func enum[T ~string](b *body, name string, raw json.RawMessage, values []T) T {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil || !api.OneOf(T(*s), values) {
		b.fault(name, shouldBe(values))
		return ""
	}
	return T(*s)
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

// dictionary reads a nested object; its faults are noted with those of b.
func (b *body) dictionary(name string, raw json.RawMessage) *body {
	in := &body{prefix: b.prefix + name + ".", known: map[string]bool{}, faults: b.faults}
	if json.Unmarshal(raw, &in.fields) != nil || in.fields == nil {
		b.fault(name, "Input should be a valid dictionary")
	}
	return in
}

// tags reads tags, if they are there: nil deletes a tag, where that is
// allowed.
func (b *body) tags(deleting bool) map[string]*string {
	raw, ok := b.optional("tags", nullable)
	if !ok {
		return nil
	}
	in := b.dictionary("tags", raw)
	tags := make(map[string]*string, len(in.fields))
	for _, key := range slices.Sorted(maps.Keys(in.fields)) {
		if strings.HasPrefix(key, api.ReservedTagPrefix) {
			in.fault(key, "tag keys may not begin with '"+api.ReservedTagPrefix+"'")
		}
		raw := in.fields[key]
		if deleting && string(raw) == "null" {
			tags[key] = nil
		} else if s, ok := in.str(key, raw); ok {
			tags[key] = &s
		}
	}
	return tags
}

// geos reads allowed_inference_geos of a residency, if it is there.
func (b *body) geos() *api.AllowedGeos {
	const name = "allowed_inference_geos"
	raw, ok := b.optional(name, nullable)
	if !ok {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		var word string
		if json.Unmarshal(raw, &word) != nil || word != api.Unrestricted {
			b.fault(name, "Input should be '"+api.Unrestricted+"' or a valid list")
		}
		return new(api.AllowedGeos)
	}
	geos := api.AllowedGeos{}
	for i, raw := range list {
		geos = append(geos, enum(b, fmt.Sprintf("%s.%d", name, i), raw, api.InferenceGeos))
	}
	return &geos
}

// geo reads one geo of a residency, if it is there.
func (b *body) geo(name string, values []string) *string {
	raw, ok := b.optional(name, nullable)
	if !ok {
		return nil
	}
	g := enum(b, name, raw, values)
	return &g
}
