// Package text formats messages: numbers, errors and untrusted text.
package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Count formats a number of things, such as 1 user or 1,200 users.
func Count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Number(n) + " " + thing
}

// Number formats a number with thousands separators.
func Number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Shorten cuts s to its first maxChars characters and an ellipsis if it is longer.
func Shorten(s string, maxChars int) string {
	chars := 0
	for i := range s {
		if chars++; chars > maxChars {
			return strings.ToValidUTF8(s[:i], string(utf8.RuneError)) + "…"
		}
	}
	return s
}

// Printable returns text that is safe to print on a terminal: on one line, with
// control characters and characters that could mislead the reader replaced by
// U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		const joiner, nonJoiner = '\u200d', '\u200c' // some scripts and emoji need them
		switch {
		case r == joiner || r == nonJoiner:
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
