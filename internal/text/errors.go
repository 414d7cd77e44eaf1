package text

import (
	"cmp"
	"strconv"
	"strings"

	"antechamber/internal/redact"
)

// The functions in this file are the grammar of every error that doesn't imitate
// production: in seeds, the control plane and the command line.

// Invalid returns the error of a field, flag or argument with a wrong value:
//
//	invalid --clock "tomorrow": want an RFC 3339 time, such as 2026-01-01T00:00:00Z
//
// The caller passes strings through Quote. value is empty for secrets, objects and
// arrays.
func Invalid(name, value, want string) string {
	if value != "" {
		name += " " + value
	}
	return "invalid " + name + ": want " + want
}

// Missing returns the error of an object without a required field:
//
//	missing required field "role"
func Missing(field string) string { return "missing required field " + Quote(field) }

// Unknown returns the error of a thing, such as a field, with an unknown name:
//
//	unknown field "rol" (allowed: email, name, role)
func Unknown(thing, name string, allowed []string) string {
	return "unknown " + thing + " " + Quote(name) + " " + Allowed(allowed)
}

// Allowed returns the list that follows something that is not allowed:
//
//	(allowed: email, name, role)
func Allowed(names []string) string {
	return "(allowed: " + cmp.Or(strings.Join(names, ", "), "none") + ")"
}

// AndMore returns the last line of a list that was cut: and 20 more.
func AndMore(n int) string { return "and " + Number(n) + " more" }

// OneOf formats words as alternatives: a, b or c.
func OneOf[T ~string](words []T) string {
	var b strings.Builder
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}

// maxQuoted is how many characters of a value an error repeats.
const maxQuoted = 60

// Quote returns untrusted text as an error repeats it: an Excerpt in double quotes, on
// one line.
func Quote(s string) string { return strconv.Quote(Excerpt(s)) }

// Excerpt returns untrusted text shortened, and with keys redacted.
func Excerpt(s string) string {
	const enough = 4 << 10 // bytes, for the longest key with escapes
	if len(s) > enough {
		s = redact.Prefix(s[:enough]) + "…" // shortened below
	} else {
		s = redact.Text(s)
	}
	return Shorten(s, maxQuoted)
}
