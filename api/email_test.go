package api

import (
	"strings"
	"testing"
)

func TestValidEmail(t *testing.T) {
	label := strings.Repeat("a", 63)
	for email, want := range map[string]bool{
		"jane.doe@example.com":                   true,
		"a@b.c":                                  true,
		"Jane+tag@Example.CO.uk":                 true,
		"!#$%&'*+/=?^_`{|}~-@x.yz":               true,
		"0@1.2":                                  true,
		"jane@xn--bcher-kva.de":                  true,
		"jane@bücher.de":                         true,
		"jane@हिन्दी.भारत":                       true,
		strings.Repeat("l", 64) + "@example.com": true,
		"a@" + label + ".com":                    true,
		"aaaa@" + label + "." + label + "." + label + "." + label[:57]: true,
		strings.Repeat("l", 65) + "@example.com":                       false,
		"a@" + label + "a.com":                                         false,
		"aaaa@" + label + "." + label + "." + label + "." + label[:58]: false,
		"": false, "@": false, "jane": false, "jane@": false, "@example.com": false,
		"jane@example": false, "jane@@example.com": false, "jane@doe@example.com": false,
		".jane@example.com": false, "jane.@example.com": false, "jane..doe@example.com": false,
		"jane doe@example.com": false, `"jane"@example.com`: false, "jän@example.com": false,
		"jane@.example.com": false, "jane@example.com.": false, "jane@example..com": false,
		"jane@-example.com": false, "jane@example-.com": false, "jane@exa_mple.com": false,
		"jane@example.com ": false, " jane@example.com": false, "jane@example.com\n": false,
		"jane@[127.0.0.1]": false, "jane@exa\xffmple.com": false, "ja\x00ne@example.com": false,
	} {
		if got := ValidEmail(email); got != want {
			t.Errorf("ValidEmail(%q) = %t, want %t", email, got, want)
		}
	}
}

func TestNameOf(t *testing.T) {
	for email, want := range map[string]string{
		"jane.doe@example.com":           "Jane Doe",
		"jane@example.com":               "Jane",
		"mary-jane_o.neil+x@example.com": "Mary Jane O Neil X",
		"McCoy@example.com":              "McCoy",
		"_@example.com":                  "_",
		"7of9@example.com":               "7of9",
	} {
		if got := NameFromEmail(email); got != want {
			t.Errorf("NameFromEmail(%q) = %q, want %q", email, got, want)
		}
	}
}
