package api

import (
	"encoding/json"
	"fmt"
	"strings"
)

// TypeWorkspace is the `type` of a Workspace.
const TypeWorkspace = "workspace"

// Workspace groups members and API keys.
type Workspace struct {
	ID            string            `json:"id"`
	Type          string            `json:"type"`
	Name          string            `json:"name"`
	DisplayColor  string            `json:"display_color"` // #RRGGBB
	CreatedAt     Time              `json:"created_at"`
	ArchivedAt    Time              `json:"archived_at"`     // null while in use
	CompartmentID string            `json:"compartment_id"`  // a UUID
	ExternalKeyID Nullable          `json:"external_key_id"` // fixed once set
	UserProfileID Nullable          `json:"user_profile_id"` // always null: there are no user profiles
	Tags          map[string]string `json:"tags"`            // replaced, never modified
	DataResidency DataResidency     `json:"data_residency"`
}

// ColorPattern is the form of a display color, and ReservedTagPrefix the prefix that
// no tag key may have, in any case. (Documented.)
const (
	ColorPattern      = `^#[0-9A-Fa-f]{6}$`
	ReservedTagPrefix = "anthropic"
	// ReservedTagPattern matches the same keys as ReservedTag.
	ReservedTagPattern = `^[Aa][Nn][Tt][Hh][Rr][Oo][Pp][Ii][Cc]`
)

// ReservedTag reports whether a tag key has the reserved prefix.
func ReservedTag(key string) bool {
	return len(key) >= len(ReservedTagPrefix) && strings.EqualFold(key[:len(ReservedTagPrefix)], ReservedTagPrefix)
}

// DataResidency is where a workspace's data is stored and where inference runs.
type DataResidency struct {
	WorkspaceGeo         string      `json:"workspace_geo"` // fixed at creation
	AllowedInferenceGeos AllowedGeos `json:"allowed_inference_geos"`
	DefaultInferenceGeo  string      `json:"default_inference_geo"`
}

// AllowedGeos is a list of inference geos. Nil allows all of them and is
// "unrestricted" in JSON.
type AllowedGeos []string

// Unrestricted is the JSON value that allows every inference geo.
const Unrestricted = "unrestricted"

// The geos listed in the reference.
var (
	WorkspaceGeos = []string{"us"}
	InferenceGeos = []string{"global", "us"}
)

// DefaultDataResidency returns the data residency of a workspace created without
// one.
func DefaultDataResidency() DataResidency {
	return DataResidency{WorkspaceGeo: "us", DefaultInferenceGeo: "global"}
}

// MarshalJSON writes the list, or "unrestricted".
func (g AllowedGeos) MarshalJSON() ([]byte, error) {
	if g == nil {
		return []byte(`"` + Unrestricted + `"`), nil
	}
	return json.Marshal([]string(g))
}

// UnmarshalJSON parses a list of geos, or "unrestricted".
func (g *AllowedGeos) UnmarshalJSON(b []byte) error {
	var word string
	if json.Unmarshal(b, &word) == nil {
		if word != Unrestricted {
			return fmt.Errorf("invalid allowed_inference_geos %q: want a list or %q", word, Unrestricted)
		}
		*g = nil
		return nil
	}
	list := []string{}
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*g = list
	return nil
}
