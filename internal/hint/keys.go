package hint

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/remedy"
)

// Key returns the hint for a request whose key selects no organization, or that has
// none. It never has the key.
func Key(h http.Header) string {
	sent, bearer := h.Get(api.HeaderAPIKey), api.BearerOf(h)
	switch key := api.KeyOf(h); {
	case key == "":
		return noKey(h)
	case sent != "" && bearer != "" && sent != bearer:
		return "x-api-key takes precedence over Authorization, which has another key; " + remedy.KeyFaultOf(key).String()
	default:
		return remedy.KeyFaultOf(key).String()
	}
}

func noKey(h http.Header) string {
	authorization := h.Get("Authorization")
	switch {
	case strings.Contains(authorization, api.KeyPrefix):
		return "the Authorization header has a key without the scheme Bearer: send Authorization: Bearer KEY, or x-api-key: KEY"
	case strings.EqualFold(strings.TrimSpace(authorization), "Bearer"):
		return "the Authorization header has the scheme Bearer without a key: is the variable with the key set?"
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if strings.Contains(strings.Join(h[name], " "), api.KeyPrefix) {
			return "the header " + Quote(strings.ToLower(name)) + " has a key: send it as x-api-key, or as Authorization: Bearer KEY"
		}
	}
	if _, empty := h[api.HeaderAPIKey]; empty {
		return "the x-api-key header is empty: is the variable with the key set?"
	}
	return "send an admin key as x-api-key: KEY, or as Authorization: Bearer KEY"
}
