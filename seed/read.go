package seed

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"antechamber/internal/jsontree"
	"antechamber/internal/redact"
	"antechamber/internal/text"
)

// node is a value of the file and where it is.
type node = jsontree.Node

// object reads the fields of an object and reports what does not have the form
// that its place asks for. It remembers which fields were asked for: end
// reports all others.
type object struct {
	*report
	at    *node
	known []string
}

// object reads n as an object, which may be nil, with fields that must be there.
func (r *report) object(n *node, is string, required ...string) *object {
	if n != nil && n.Kind != jsontree.Object {
		r.malformed(n, "expected %s, not %s", is, describe(n))
		n = nil
	}
	for _, name := range required {
		if n != nil && n.Get(name) == nil {
			r.malformed(n, "missing required field %q", name)
		}
	}
	return &object{r, n, nil}
}

// get returns the value of a field, or nil.
func (o *object) get(name string) *node {
	o.known = append(o.known, name)
	return o.at.Get(name)
}

// end reports the fields that are not known.
func (o *object) end() {
	for _, field := range o.at.Unknown(o.known...) {
		o.add(true, field.NameStart, field.Pointer(), "unknown field %s (allowed: %s)", quote(field.Name), strings.Join(o.known, ", "))
	}
}

// list reads the elements of an array, or returns nil where there is none.
func list[T any](r *report, n *node, is string, atLeast int, element func(*node) T) []T {
	if n == nil {
		return nil
	}
	if n.Kind != jsontree.Array {
		r.malformed(n, "expected a list of %s, not %s", is, describe(n))
		return nil
	}
	if len(n.Items) < atLeast {
		r.malformed(n, "expected at least one of the %s", is)
	}
	all := make([]T, len(n.Items))
	for i, item := range n.Items {
		all[i] = element(item)
	}
	return all
}

// form is what a text must look like.
type form struct {
	is      string         // in messages
	pattern *regexp.Regexp // nil for any
	valid   func(string) bool
	atLeast int // characters
	atMost  int // 0 for any number
	secret  bool
}

// text reads a text that may be left out. One that does not have the form is
// returned all the same, so that references to it are not reported too.
func (o *object) text(name string, f form) string { return o.textAt(o.get(name), f) }

// textOrNull is text for a field where null is the same as nothing.
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
	case n.Kind != jsontree.String:
		r.malformed(n, "expected %s, not %s", f.is, describe(n))
		return ""
	case f.pattern != nil && !f.pattern.MatchString(n.Text), f.valid != nil && !f.valid(n.Text):
		if f.secret {
			r.malformed(n, "expected %s", f.is)
		} else {
			r.malformed(n, "expected %s, not %s", f.is, describe(n))
		}
	case length < f.atLeast || f.atMost > 0 && length > f.atMost:
		r.malformed(n, "expected %s, not %d characters", f.is, length)
	}
	return n.Text
}

// enum reads one of some values, or returns the empty one.
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
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = strconv.Quote(string(value))
	}
	r.malformed(n, "expected %s, not %s", strings.Join(quoted, " or "), describe(n))
	return ""
}

// time reads a time, absolute or relative to the clock.
func (o *object) time(name string) Time { return o.timeAt(o.get(name), instantForm, instantIs) }

// timeOrNull is time for a field that may be null.
func (o *object) timeOrNull(name string) Time {
	if n := o.get(name); n == nil || n.Kind != jsontree.Null {
		return o.timeAt(n, instantForm, instantIs)
	}
	return NoTime
}

func (o *object) absolute(name string) Time { return o.timeAt(o.get(name), absoluteForm, absoluteIs) }

const (
	instantIs  = `a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h"`
	absoluteIs = `a time such as "2024-10-30T23:58:27Z"`
)

func (r *report) timeAt(n *node, form *regexp.Regexp, is string) Time {
	if n == nil {
		return Time{}
	}
	if n.Kind != jsontree.String || !form.MatchString(n.Text) {
		r.malformed(n, "expected %s, not %s", is, describe(n))
		return Time{}
	}
	t, ok := parseTime(n.Text)
	if !ok {
		r.contradictory(n, "expected a day that exists, from 1970 to 9999 or at most %d days from the clock, not %s", farthest/(24*time.Hour), describe(n))
		r.faulty[n] = true
		return Time{}
	}
	return t
}

// duration reads a duration as Go writes it.
func (o *object) duration(name string) *Duration {
	n := o.get(name)
	if n == nil {
		return nil
	}
	if n.Kind != jsontree.String || !offsetForm.MatchString(n.Text) {
		o.malformed(n, `expected a duration such as "504h0m0s", not %s`, describe(n))
		return nil
	}
	d, err := time.ParseDuration(n.Text)
	if err != nil {
		o.contradictory(n, "expected a duration of at most 292 years, not %s", describe(n))
		return nil
	}
	return new(Duration(d))
}

// maxInteger is the greatest number that every JSON reader keeps exactly.
const maxInteger = 1<<53 - 1

// integer reads a whole number, or returns otherwise.
func (o *object) integer(name string, least, most, otherwise int64) int64 {
	return o.integerAt(o.get(name), least, most, otherwise)
}

func (r *report) integerAt(n *node, least, most, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	if n.Kind == jsontree.Number {
		if i, ok := parseInteger(n.Text); ok && least <= i && i <= most {
			return i
		}
	}
	if most == maxInteger {
		r.malformed(n, "expected a whole number from %d to 2^53-1, not %s", least, describe(n))
	} else {
		r.malformed(n, "expected a whole number from %d to %d, not %s", least, most, describe(n))
	}
	return otherwise
}

// parseInteger reads a JSON number that is an integer, however it is written:
// 1e2 is one, and so is 1.0. It fails for others, and for those that do not fit.
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

// describe returns a value as it is named in a message.
func describe(n *node) string {
	switch n.Kind {
	case jsontree.Null:
		return "null"
	case jsontree.String:
		return quote(n.Text)
	case jsontree.Array:
		return "a list"
	case jsontree.Object:
		return "an object"
	}
	return shorten(n.Text)
}

// quote returns a text of the file for a message: on one line, and shortened
// when it is long.
func quote(s string) string { return strconv.Quote(shorten(s)) }

func shorten(s string) string { return text.Shorten(redact.Text(s), 60) }
