// Package redact cuts API keys out of text for journals and logs.
package redact

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A key is recognised as it stands, as a URL escapes it (%2D) and as JSON may
// (\u002d). It needs no boundary before it: what precedes a key may be the end
// of an escape, and a word too many cut is better than a key told.
var (
	keyText = spelled("sk-ant-") + `(?:[A-Za-z0-9_-]|(?:%|\\u00)` + keyHex + `)+`

	wholeKey = regexp.MustCompile(`(` + keyText + `)(\.\.\.)?`)
	cutKey   = regexp.MustCompile(keyText + `(?:\\(?:u[0-9a-fA-F]{0,3})?|%[0-9a-fA-F]?)?$`)
	escaped  = regexp.MustCompile(`(?:%|\\u00)[0-9a-fA-F]{2}`)
)

// keyHex are the codes of the characters of a key.
const keyHex = `(?:2[dD]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])`

// spelled returns an expression for s, each of its characters escaped or not.
func spelled(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(`(?:` + string(r) + `|(?:%|\\u00)(?i:` + strconv.FormatInt(int64(r), 16) + `))`)
	}
	return b.String()
}

// longestHint is how long the beginning of a key is in the API's
// partial_key_hint, such as sk-ant-api03-R2D...igAA.
const longestHint = len("sk-ant-admin01-") + 4

// Text cuts every key in a text to its last four characters.
func Text(text string) string {
	// Most texts hold neither a key nor an escape.
	if !strings.Contains(text, "ant-") && !strings.ContainsAny(text, `%\`) {
		return text
	}
	return wholeKey.ReplaceAllStringFunc(text, func(match string) string {
		key, isHint := strings.CutSuffix(match, "...")
		switch {
		case isHint && len(key) <= longestHint:
			return match
		case isHint:
			return Key(plain(key)) + "..."
		}
		return Key(plain(key))
	})
}

// Prefix is Text for the beginning of a text, which may end inside a key:
// its last four characters are then not those of the key.
func Prefix(text string) string {
	return Text(cutKey.ReplaceAllLiteralString(text, "sk-ant-…"))
}

// plain undoes the escapes in a key.
func plain(key string) string {
	return escaped.ReplaceAllStringFunc(key, func(e string) string {
		code, _ := strconv.ParseUint(e[len(e)-2:], 16, 8)
		return string(rune(code))
	})
}

// Key cuts a key to its last four characters; one that has no more shows
// none.
func Key(key string) string {
	if key == "" {
		return ""
	}
	secret, ours := strings.CutPrefix(key, "sk-ant-")
	prefix := ""
	if ours {
		prefix = "sk-ant-"
	}
	r := []rune(strings.ToValidUTF8(secret, "?"))
	if len(r) <= 4 {
		return prefix + "…"
	}
	return prefix + "…" + string(r[len(r)-4:])
}

// Query is Text for a query string, which stays one.
func Query(query string) string {
	redacted := Text(query)
	if redacted == query {
		return query
	}
	return strings.ReplaceAll(redacted, "…", url.QueryEscape("…"))
}
