package seed

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// value is what a field of the file says.
type value[T any] struct {
	at     *node // nil when the field is absent
	v      T
	given  bool // neither absent, nor null, nor faulty
	faulty bool // reported already, and nothing is to be concluded from it
}

// or is the value, or another one where none is given.
func (v value[T]) or(other T) T {
	if v.given {
		return v.v
	}
	return other
}

// nodeOr is where the value stands, or another place when it is absent.
func (v value[T]) nodeOr(other *node) *node {
	if v.at != nil {
		return v.at
	}
	return other
}

// reader turns nodes into values, and reports what is not of the form that
// its place asks for.
type reader struct{ *report }

// fields gives the fields of an object, all of which must be known and some
// of which must be there. It gives false when n is no object at all.
func (r *reader) fields(n *node, is string, known []string, required ...string) (map[string]*node, bool) {
	if n.kind != objectKind {
		r.malformed(n, "expected %s, not %s", is, n)
		return nil, false
	}
	for _, field := range n.items {
		if !slices.Contains(known, field.key) {
			r.add(true, field.keyOffset, field.pointer(), "expected no such field: %s has %s", is, strings.Join(known, ", "))
		}
	}
	for _, key := range required {
		if n.byKey[key] == nil {
			r.malformed(n, "expected a field %q", key)
		}
	}
	return n.byKey, true
}

// list gives what each makes of the elements. It gives false when n is there
// and no list at all.
func list[T any](r *reader, n *node, is string, atLeast int, each func(*node) T) ([]T, bool) {
	if n == nil {
		return nil, true
	}
	if n.kind != listKind {
		r.malformed(n, "expected a list of %s, not %s", is, n)
		return nil, false
	}
	if len(n.items) < atLeast {
		r.malformed(n, "expected at least one of the %s", is)
	}
	out := make([]T, len(n.items))
	for i, item := range n.items {
		out[i] = each(item)
	}
	return out, true
}

// form is what a text has to look like.
type form struct {
	is      string         // in messages
	pattern *regexp.Regexp // nil for any
	valid   func(string) bool
	atLeast int // characters
	atMost  int // 0 for any number
	secret  bool
}

func (r *reader) text(n *node, f form) value[string] {
	v := value[string]{at: n}
	if n == nil {
		return v
	}
	length := utf8.RuneCountInString(n.text)
	switch {
	case n.kind != textKind:
		r.malformed(n, "expected %s, not %s", f.is, n)
	case f.pattern != nil && !f.pattern.MatchString(n.text), f.valid != nil && !f.valid(n.text):
		if f.secret {
			r.malformed(n, "expected %s", f.is)
		} else {
			r.malformed(n, "expected %s, not %s", f.is, n)
		}
	case length < f.atLeast || f.atMost > 0 && length > f.atMost:
		r.malformed(n, "expected %s, not %d characters", f.is, length)
	default:
		v.v, v.given = n.text, true
		return v
	}
	v.faulty = true
	if n.kind == textKind {
		v.v = n.text // so that what refers to it is not reported too
	}
	return v
}

// unlessNull gives what read makes of the node, and for null a value that is
// there and not given.
func unlessNull[T any](n *node, read func(*node) value[T]) value[T] {
	if n != nil && n.kind == nullKind {
		return value[T]{at: n}
	}
	return read(n)
}

func enum[T ~string](r *reader, n *node, values []T) value[T] {
	v := value[T]{at: n}
	if n == nil {
		return v
	}
	if v.v = T(n.text); n.kind == textKind && slices.Contains(values, v.v) {
		v.given = true
		return v
	}
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = strconv.Quote(string(value))
	}
	r.malformed(n, "expected %s, not %s", strings.Join(quoted, " or "), n)
	v.faulty = true
	return v
}

func (r *reader) instant(n *node) value[instant] {
	return r.timeOf(n, instantForm, `a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h"`)
}

func (r *reader) instantOrNull(n *node) value[instant] { return unlessNull(n, r.instant) }

func (r *reader) absolute(n *node) value[instant] {
	return r.timeOf(n, absoluteForm, `a time such as "2024-10-30T23:58:27Z"`)
}

func (r *reader) timeOf(n *node, form *regexp.Regexp, is string) value[instant] {
	v := value[instant]{at: n}
	if n == nil {
		return v
	}
	if n.kind != textKind || !form.MatchString(n.text) {
		r.malformed(n, "expected %s, not %s", is, n)
		v.faulty = true
	} else if v.v, v.given = parseInstant(n.text); !v.given {
		r.contradictory(n, "expected a day that exists, from 1970 to 9999 or at most %d days from the clock, not %s", farthest/(24*time.Hour), n)
		v.faulty = true
	}
	return v
}

func (r *reader) offset(n *node) value[time.Duration] {
	v := value[time.Duration]{at: n, faulty: true}
	if n.kind != textKind || !offsetForm.MatchString(n.text) {
		r.malformed(n, `expected a duration such as "504h0m0s", not %s`, n)
		return v
	}
	d, err := time.ParseDuration(n.text)
	if err != nil {
		r.contradictory(n, "expected a duration of at most 292 years, not %s", n)
		return v
	}
	return value[time.Duration]{at: n, v: d, given: true}
}

// maxInteger is the greatest number that every JSON reader keeps exactly.
const maxInteger = 1<<53 - 1

func (r *reader) integer(n *node, least, most int64) value[int64] {
	v := value[int64]{at: n}
	if n == nil {
		return v
	}
	if n.kind == numberKind {
		if i, ok := parseInteger(n.text); ok && least <= i && i <= most {
			v.v, v.given = i, true
			return v
		}
	}
	if most == maxInteger {
		r.malformed(n, "expected a whole number from %d to 2^53-1, not %s", least, n)
	} else {
		r.malformed(n, "expected a whole number from %d to %d, not %s", least, most, n)
	}
	v.faulty = true
	return v
}

// parseInteger reads a JSON number that is an integer, however it is written:
// 1e2 is one, and so is 1.0. It fails for others, and for those that do not
// fit.
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
