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
