package api

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxEmailLength is the maximum length of an email address, in characters.
const MaxEmailLength = 254

// ValidEmail reports whether the emulator accepts s as an email address: an
// unquoted local part of 1 to 64 characters and a domain of at least two labels.
// (Production's rules are not documented; these are our choice.)
func ValidEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && utf8.RuneCountInString(s) <= MaxEmailLength && validLocalPart(local) && ValidDomain(domain)
}

// ValidDomain reports whether s can be the domain of an email address: at least two
// labels of letters, digits and inner hyphens, in any script.
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
		// Marks are part of letters in many scripts.
		if c != '-' && !unicode.In(c, unicode.L, unicode.M, unicode.N) {
			return false
		}
	}
	return true
}

// FoldEmail returns email in the form in which addresses are compared, which
// ignores case.
func FoldEmail(s string) string { return strings.ToLower(s) }

// NameFromEmail returns a display name derived from an email address: Jane Doe for
// jane.doe@example.com.
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
