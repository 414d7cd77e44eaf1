package api

import (
	"net/http"
	"strings"
)

// HeaderAPIKey is where a key is sent, as net/http writes it. The same key may
// come as a Bearer token instead.
const HeaderAPIKey = "X-Api-Key"

// KeyPrefix is how every key begins, an admin key and any other.
const KeyPrefix = "sk-ant-"

// KeyOf returns the key of a request, of x-api-key before that of a Bearer token.
// It is empty when there is none.
func KeyOf(h http.Header) string {
	if key := h.Get(HeaderAPIKey); key != "" {
		return key
	}
	return BearerOf(h)
}

// BearerOf returns the Bearer token of a request, empty when there is none.
func BearerOf(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
