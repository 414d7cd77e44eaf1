package api

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxEmailLength is how many characters an e-mail address has at most.
const MaxEmailLength = 254

// ValidEmail reports whether s is an e-mail address that the emulator takes: an
// unquoted local part of 1 to 64 characters and a domain of at least two
// labels. (Which addresses production takes is not documented; this is our
// choice.)
func ValidEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && utf8.RuneCountInString(s) <= MaxEmailLength && validLocalPart(local) && ValidDomain(domain)
}

// ValidDomain reports whether s can be the domain of an e-mail address: at least
// two labels of letters, digits and inner hyphens, letters of any script.
func ValidDomain(s string) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxEmailLength-len("a@") {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return false
		}
	}
	return len(labels) >= 2
}

func validLocalPart(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && !strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", c) {
			return false
		}
	}
	return true
}

func validLabel(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		// Marks are parts of letters in many scripts.
		if c != '-' && !unicode.In(c, unicode.L, unicode.M, unicode.N) {
			return false
		}
	}
	return true
}

// FoldEmail returns what two addresses have in common when they are the same: they
// are compared without case.
func FoldEmail(s string) string { return strings.ToLower(s) }

// NameFromEmail makes a person's name of an e-mail address, for want of a better one:
// jane.doe@example.com is Jane Doe.
func NameFromEmail(email string) string {
	local, _, _ := strings.Cut(email, "@")
	words := strings.FieldsFunc(local, func(c rune) bool { return strings.ContainsRune("._-+", c) })
	if len(words) == 0 {
		return local
	}
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return strings.Join(words, " ")
}
