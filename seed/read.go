package seed

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"antechamber/internal/jsontree"
	"antechamber/internal/text"
)

// node is a value of the file, which knows its position.
type node = jsontree.Node

// object reads the fields of an object and reports invalid values. It remembers
// which fields were read: end reports all others.
type object struct {
	*report
	at    *node
	known []string
}

// object reads n, which may be nil, as an object with required fields.
func (r *report) object(n *node, required ...string) *object {
	if n != nil && n.Kind != jsontree.Object {
		r.invalid(n, "an object")
		n = nil
	}
	for _, name := range required {
		if n != nil && n.Get(name) == nil {
			r.malformed(n, "%s", text.Missing(name))
		}
	}
	return &object{r, n, nil}
}

// get returns the value of a field, or nil.
func (o *object) get(name string) *node {
	o.known = append(o.known, name)
	return o.at.Get(name)
}

// end reports unknown fields.
func (o *object) end() {
	for _, field := range o.at.Unknown(o.known...) {
		o.add(true, field.NameStart, field, "%s", text.Unknown("field", field.Name, o.known))
	}
}

// list reads the elements of an array, or returns nil if n is nil. maxItems is 0 for
// any number.
func list[T any](r *report, n *node, elements string, minItems, maxItems int, element func(*node) T) []T {
	if n == nil {
		return nil
	}
	if n.Kind != jsontree.Array {
		if n.Kind == jsontree.String { // which may be a key
			r.malformed(n, "%s", text.Invalid(fieldName(n), "", "a list of "+elements+" (got a string)"))
		} else {
			r.invalid(n, "a list of "+elements)
		}
		return nil
	}
	if len(n.Items) < minItems {
		r.malformed(n, "%s must not be empty", n.Name)
	}
	if maxItems > 0 && len(n.Items) > maxItems {
		r.malformed(n, "%s must have at most %s", n.Name, text.Count(maxItems, "element"))
		n.Items = n.Items[:maxItems]
	}
	all := make([]T, len(n.Items))
	for i, item := range n.Items {
		all[i] = element(item)
	}
	return all
}

// form is the required form of a string.
type form struct {
	want     string            // in messages
	pattern  *regexp.Regexp    // nil for any
	valid    func(string) bool // nil for any; not checked in saved states
	accepted func(string) bool // like valid, for what the JSON Schema cannot express
	minChars int
	maxChars int  // 0 for no limit
	secret   bool // messages never show the value
}

// text reads an optional string. It returns an invalid one too, so that
// references to it are not reported as well.
func (o *object) text(name string, f form) string { return o.textAt(o.get(name), f) }

// textOrNull is text for a field in which null means absent.
func (o *object) textOrNull(name string, f form) string { return o.textAt(unlessNull(o.get(name)), f) }

func unlessNull(n *node) *node {
	if n != nil && n.Kind == jsontree.Null {
		return nil
	}
	return n
}

func (r *report) textAt(n *node, f form) string {
	if n == nil {
		return ""
	}
	length := utf8.RuneCountInString(n.Text)
	switch {
	case f.secret && (n.Kind != jsontree.String || !f.pattern.MatchString(n.Text)):
		r.malformed(n, "%s", text.Invalid(fieldName(n), "", f.want))
	case n.Kind != jsontree.String,
		f.pattern != nil && !f.pattern.MatchString(n.Text),
		f.valid != nil && !r.saved && !f.valid(n.Text),
		length < f.minChars:
		r.invalid(n, f.want)
	case f.maxChars > 0 && length > f.maxChars:
		r.invalid(n, fmt.Sprintf("%s (got %d)", f.want, length))
	case f.accepted != nil && !r.saved && !f.accepted(n.Text):
		r.contradictory(n, "%s", text.Invalid(fieldName(n), valueOf(n), f.want))
		n.Invalid = true
	}
	if n.Kind != jsontree.String {
		return ""
	}
	return n.Text
}

// enum reads one of a closed set of values, or returns the empty string.
func enum[T ~string](o *object, name string, values []T) T {
	return enumAt(o.report, o.get(name), values)
}

func enumAt[T ~string](r *report, n *node, values []T) T {
	if n == nil {
		return ""
	}
	if n.Kind == jsontree.String && slices.Contains(values, T(n.Text)) {
		return T(n.Text)
	}
	r.invalid(n, text.OneOf(values))
	return ""
}

// time reads a time, absolute or relative to the clock.
func (o *object) time(name string) Time {
	return o.timeAt(o.get(name), timePattern, wantTime)
}

// timeOrNull is time for a field that may be null.
func (o *object) timeOrNull(name string) Time {
	if n := o.get(name); n == nil || n.Kind != jsontree.Null {
		return o.timeAt(n, timePattern, wantTime)
	}
	return NoTime
}

func (o *object) absolute(name string) Time {
	return o.timeAt(o.get(name), absolutePattern, wantAbsolute)
}

const (
	wantAbsolute = "an RFC 3339 time, such as 2026-01-01T00:00:00Z"
	wantTime     = wantAbsolute + ", or a time relative to the clock, such as -3d or +1d12h"
)

func (r *report) timeAt(n *node, pattern *regexp.Regexp, want string) Time {
	if n == nil {
		return Time{}
	}
	if n.Kind != jsontree.String || !pattern.MatchString(n.Text) {
		r.invalid(n, want)
		return Time{}
	}
	t, ok := parseTime(n.Text)
	if !ok {
		want := "an existing date from 1970 to 9999"
		if isDistance(n.Text) {
			want = fmt.Sprintf("a time at most %d days from the clock", maxDistance/(24*time.Hour))
		}
		r.contradictory(n, "%s", text.Invalid(fieldName(n), valueOf(n), want))
		n.Invalid = true
		return Time{}
	}
	return t
}

// duration reads a duration in Go's notation.
func (o *object) duration(name string) *Duration {
	n := o.get(name)
	if n == nil {
		return nil
	}
	if n.Kind != jsontree.String || !offsetPattern.MatchString(n.Text) {
		o.invalid(n, "a duration in hours, minutes and seconds, such as 504h0m0s")
		return nil
	}
	d, err := time.ParseDuration(n.Text)
	if err != nil {
		o.contradictory(n, "%s", text.Invalid(fieldName(n), valueOf(n), "a duration of at most 292 years"))
		return nil
	}
	return new(Duration(d))
}

// maxInteger is the largest integer that every JSON parser represents exactly.
const maxInteger = 1<<53 - 1

// integer reads a whole number, or returns otherwise.
func (o *object) integer(name string, minimum, maximum, otherwise int64) int64 {
	return o.integerAt(o.get(name), minimum, maximum, otherwise, "")
}

// integerAt is integer for a value; or names what is allowed besides a number.
func (r *report) integerAt(n *node, minimum, maximum, otherwise int64, or string) int64 {
	if n == nil {
		return otherwise
	}
	if n.Kind == jsontree.Number {
		if i, ok := parseInteger(n.Text); ok && minimum <= i && i <= maximum {
			return i
		}
	}
	largest := strconv.FormatInt(maximum, 10)
	if maximum == maxInteger {
		largest = "2^53-1"
	}
	r.invalid(n, fmt.Sprintf("a whole number from %d to %s%s", minimum, largest, or))
	return otherwise
}

// parseInteger reads a JSON number that is an integer in any notation, such as 1e2
// and 1.0. It fails for other numbers and for those out of range.
func parseInteger(s string) (int64, bool) {
	digits, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return 0, true
	}
	power := int64(0)
	if exponent != "" {
		var err error
		if power, err = strconv.ParseInt(exponent, 10, 32); err != nil {
			return 0, false
		}
	}
	power += int64(len(digits)-len(significant)) - int64(len(fraction))
	if power < 0 || power > 18 {
		return 0, false
	}
	i, err := strconv.ParseInt(sign+significant+strings.Repeat("0", int(power)), 10, 64)
	return i, err == nil
}

// invalid reports a value of another form than its field requires.
func (r *report) invalid(n *node, want string) {
	switch n.Kind { // values that the message does not repeat
	case jsontree.Array:
		want += " (got a list)"
	case jsontree.Object:
		want += " (got an object)"
	}
	r.malformed(n, "%s", text.Invalid(fieldName(n), valueOf(n), want))
}

// fieldName returns the name of a value in messages.
func fieldName(n *node) string { return cmp.Or(n.Name, "value") }

// maxNumber is how many characters of a number a message repeats.
const maxNumber = 60

// valueOf returns a value as messages repeat it. It is empty for a list and an
// object.
func valueOf(n *node) string {
	switch n.Kind {
	case jsontree.Null:
		return "null"
	case jsontree.String:
		return text.Quote(n.Text)
	case jsontree.Number, jsontree.Bool:
		return text.Shorten(n.Text, maxNumber)
	}
	return ""
}
