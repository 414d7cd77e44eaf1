// Package email defines what an email address is, and when two of them are the same.
package email

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxLength is the maximum length of an address, and maxLocalPart that of its local
// part, in characters.
const (
	maxLength    = 254
	maxLocalPart = 64
)

// Valid reports whether the emulator accepts s as an email address: an unquoted
// local part of 1 to 64 characters, in any script, and a domain of at least two
// labels. (Production's rules are not documented; these are our choice.)
func Valid(s string) bool {
	_, domain, _ := strings.Cut(s, "@")
	return WellFormed(s) && ValidDomain(domain)
}

// ValidDomain reports whether s can be the domain of an email address: at least two
// labels, in any script, the last of which is not a number.
func ValidDomain(s string) bool {
	ascii, ok := toASCII(s)
	return ok && WellFormedDomain(s) && WellFormedDomain(ascii)
}

// WellFormed and WellFormedDomain report whether s meets the part of the rules of
// Valid and ValidDomain that a regular expression can express.
func WellFormed(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxLength && wellFormedLocalPart(local) && WellFormedDomain(domain)
}

func WellFormedDomain(s string) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxLength-len("a@") {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !wellFormedLabel(label) {
			return false
		}
	}
	return len(labels) >= 2 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func wellFormedLabel(s string) bool {
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

func wellFormedLocalPart(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > maxLocalPart || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, c := range s {
		if !unicode.In(c, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", c) {
			return false
		}
	}
	return true
}

// Canonical returns the form in which addresses are compared: two addresses are the
// same if their local parts agree, ignoring case and the composition of characters,
// and their domains agree in ASCII form. A string that is not an address has a
// canonical form too, which no address has.
func Canonical(s string) string {
	if isASCII(s) && !strings.Contains(s, "--") {
		return strings.ToLower(s) // as below, but faster
	}
	local, domain, found := strings.Cut(s, "@")
	local = strings.Map(fold, norm.NFC.String(local))
	if !found {
		return local
	}
	return local + "@" + CanonicalDomain(domain)
}

// CanonicalDomain returns a domain in ASCII form and lower case.
func CanonicalDomain(s string) string {
	ascii, ok := toASCII(s)
	if !ok {
		return strings.ToLower(s)
	}
	return ascii
}

// fold returns the same character for all that strings.EqualFold regards as equal.
func fold(c rune) rune {
	least := c
	for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

// domains is the profile for mapping domains as browsers do, which accept hyphens
// anywhere in a label.
var domains = idna.New(
	idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false), idna.VerifyDNSLength(true),
)

func toASCII(domain string) (string, bool) {
	if !utf8.ValidString(domain) || len(domain) > maxLength*utf8.UTFMax {
		return "", false
	}
	ascii, err := domains.ToASCII(domain)
	return ascii, err == nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
