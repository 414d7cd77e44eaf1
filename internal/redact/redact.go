// Package redact removes API keys from text for journals and logs.
package redact

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A key is recognized in plain text and with the escapes of URLs (%2D) and JSON
// (\u002d). It needs no word boundary before it: the preceding character may be the
// end of an escape, and redacting too much is better than leaking a key.
var (
	keyText = escapable("sk-ant-") + `(?:[A-Za-z0-9_-]|(?:%|\\u00)` + keyHex + `)+`

	wholeKey = regexp.MustCompile(`(` + keyText + `)(\.\.\.)?`)
	cutKey   = regexp.MustCompile(keyText + `(?:\\(?:u[0-9a-fA-F]{0,3})?|%[0-9a-fA-F]?)?$`)
	escaped  = regexp.MustCompile(`(?:%|\\u00)[0-9a-fA-F]{2}`)
)

// keyHex matches the hexadecimal codes of the characters of a key.
const keyHex = `(?:2[dD]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])`

// escapable returns a regular expression that matches s with any of its characters
// escaped.
func escapable(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(`(?:` + string(r) + `|(?:%|\\u00)(?i:` + strconv.FormatInt(int64(r), 16) + `))`)
	}
	return b.String()
}

// maxHintPrefix is the maximum length of the prefix in the API's partial_key_hint,
// such as sk-ant-api03-R2D...igAA.
const maxHintPrefix = len("sk-ant-admin01-") + 4

// Text reduces every key in a text to its last four characters.
func Text(text string) string {
	// Fast path: most texts have neither a key nor an escape.
	if !strings.Contains(text, "ant-") && !strings.ContainsAny(text, `%\`) {
		return text
	}
	return wholeKey.ReplaceAllStringFunc(text, func(match string) string {
		key, isHint := strings.CutSuffix(match, "...")
		switch {
		case isHint && len(key) <= maxHintPrefix:
			return match
		case isHint:
			return Key(unescape(key)) + "..."
		}
		return Key(unescape(key))
	})
}

// Prefix is Text for the beginning of a text, which may end inside a key. It then
// drops the last four characters too: they are not those of the whole key.
func Prefix(text string) string {
	return Text(cutKey.ReplaceAllLiteralString(text, "sk-ant-…"))
}

// unescape removes the escapes from a key.
func unescape(key string) string {
	return escaped.ReplaceAllStringFunc(key, func(e string) string {
		code, _ := strconv.ParseUint(e[len(e)-2:], 16, 8)
		return string(rune(code))
	})
}

// Key reduces a key to its last four characters, or to nothing if it has no more.
func Key(key string) string {
	if key == "" {
		return ""
	}
	secret, hasPrefix := strings.CutPrefix(key, "sk-ant-")
	prefix := ""
	if hasPrefix {
		prefix = "sk-ant-"
	}
	r := []rune(strings.ToValidUTF8(secret, "?"))
	if len(r) <= 4 {
		return prefix + "…"
	}
	return prefix + "…" + string(r[len(r)-4:])
}

// Query is Text for a query string. The result is a valid query string.
func Query(query string) string {
	redacted := Text(query)
	if redacted == query {
		return query
	}
	return strings.ReplaceAll(redacted, "…", url.QueryEscape("…"))
}
