package api

import (
	"net/http"
	"strings"
)

// HeaderAPIKey is the header for the key, in net/http's canonical form. The key can
// also be sent as a Bearer token.
const HeaderAPIKey = "X-Api-Key"

// KeyPrefix is the prefix of every key, including admin keys.
const KeyPrefix = "sk-ant-"

// KeyOf returns the key of a request: x-api-key, or else the Bearer token. It is
// empty if there is neither.
func KeyOf(h http.Header) string {
	if key := h.Get(HeaderAPIKey); key != "" {
		return key
	}
	return BearerOf(h)
}

// BearerOf returns the Bearer token of a request. It is empty if there is none.
func BearerOf(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// TokenForm describes a ValidToken.
const TokenForm = "1 to 256 visible ASCII characters without spaces"

// ValidToken reports whether a header can carry a control token as a Bearer token.
func ValidToken(token string) bool {
	outside := func(r rune) bool { return r <= ' ' || r > '~' }
	return token != "" && len(token) <= 256 && !strings.ContainsFunc(token, outside)
}
