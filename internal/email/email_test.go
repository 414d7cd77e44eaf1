package email_test

import (
	"strings"
	"testing"

	"antechamber/internal/email"
)

func TestValid(t *testing.T) {
	label := strings.Repeat("a", 63)
	for address, want := range map[string]bool{
		"jane.doe@example.com":                   true,
		"a@b.c":                                  true,
		"Jane+tag@Example.CO.uk":                 true,
		"!#$%&'*+/=?^_`{|}~-@x.yz":               true,
		"0@1.2x":                                 true,
		"jane@xn--bcher-kva.de":                  true,
		"jane@bücher.de":                         true,
		"jane@हिन्दी.भारत":                       true,
		"jän@example.com":                        true,
		"ja\u0308n@example.com":                  true,
		"用户@例子.广告":                               true,
		"jane@r3---sn-ab.example.com":            true,
		strings.Repeat("l", 64) + "@example.com": true,
		strings.Repeat("ü", 64) + "@example.com": true,
		"a@" + label + ".com":                    true,
		"aaaa@" + label + "." + label + "." + label + "." + label[:57]: true,

		strings.Repeat("l", 65) + "@example.com":                       false,
		strings.Repeat("ü", 65) + "@example.com":                       false,
		"a@" + label + "a.com":                                         false,
		"a@" + strings.Repeat("ü", 60) + ".com":                        false, // more than 63 characters in ASCII form
		"aaaa@" + label + "." + label + "." + label + "." + label[:58]: false,
		"": false, "@": false, "jane": false, "jane@": false, "@example.com": false,
		"jane@example": false, "jane@@example.com": false, "jane@doe@example.com": false,
		".jane@example.com": false, "jane.@example.com": false, "jane..doe@example.com": false,
		"jane doe@example.com": false, `"jane"@example.com`: false,
		"jane@.example.com": false, "jane@example.com.": false, "jane@example..com": false,
		"jane@-example.com": false, "jane@example-.com": false, "jane@exa_mple.com": false,
		"jane@example.com ": false, " jane@example.com": false, "jane@example.com\n": false,
		"jane@[127.0.0.1]": false, "jane@127.0.0.1": false, "0@1.2": false, "jane@example.１２": false,
		"jane@xn--a.com": false, "jane@exa\xffmple.com": false, "j\xffne@example.com": false, "ja\x00ne@example.com": false,
		"ja\u200bne@example.com": false,
	} {
		if got := email.Valid(address); got != want {
			t.Errorf("Valid(%q) = %t, want %t", address, got, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, same := range [][]string{
		{"jane@example.com", "Jane@EXAMPLE.com"},
		{"j@exämple.com", "J@EXÄMPLE.COM", "j@xn--exmple-cua.com", "j@XN--EXMPLE-CUA.com", "j@exa\u0308mple.com"},
		{"jörg@example.com", "JÖRG@example.com", "jo\u0308rg@example.com", "JO\u0308RG@ＥＸＡＭＰＬＥ.com"},
		{"σίσυφος@example.com", "ΣΊΣΥΦΟΣ@example.com"},
		{"kim@example.com", "\u212aim@example.com"},          // the Kelvin sign
		{"boss@example.com", "bo\u017fs@example.com"},        // a long s
		{"j@straße.de", "J@STRAßE.DE", "j@xn--strae-oqa.de"}, // ß is not ss
		{"Jane Doe", "JANE DOE"},
	} {
		for _, address := range same[1:] {
			if got, want := email.Canonical(address), email.Canonical(same[0]); got != want {
				t.Errorf("Canonical(%q) = %q, want %q as for %q", address, got, want, same[0])
			}
		}
	}
	seen := map[string]string{}
	for _, address := range []string{
		"jane@example.com", "jäne@example.com", "jane@exämple.com", "j.ane@example.com", "jane+x@example.com", "jane@sub.example.com",
		"j@straße.de", "j@strasse.de", "groß@example.com", "gross@example.com", "ali@example.com", "alı@example.com", "jane", "jane@", "jane@xn--a.com",
	} {
		canonical := email.Canonical(address)
		if other, found := seen[canonical]; found {
			t.Errorf("%q and %q are both %q", address, other, canonical)
		}
		seen[canonical] = address
	}
}

func TestCanonicalDomain(t *testing.T) {
	for domain, want := range map[string]string{
		"Example.COM": "example.com", "EXÄMPLE.com": "xn--exmple-cua.com", "xn--Exmple-cua.com": "xn--exmple-cua.com", "_": "_",
	} {
		if got := email.CanonicalDomain(domain); got != want {
			t.Errorf("CanonicalDomain(%q) = %q, want %q", domain, got, want)
		}
	}
}
