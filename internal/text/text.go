// Package text words numbers, and makes text from elsewhere fit to print.
package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Count returns a number of things: 1 user, 1,200 users.
func Count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Number(n) + " " + thing
}

// Number returns a number with its thousands apart.
func Number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Shorten returns the first characters of text that is longer, and an ellipsis.
func Shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// Printable returns text for a terminal: on one line, and without characters
// that would steer it or deceive the reader: each becomes U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		const joiner, nonJoiner = '\u200d', '\u200c' // scripts and emoji need them
		switch {
		case r == joiner || r == nonJoiner:
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
