package api

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

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
