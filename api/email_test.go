package api

import "testing"

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
