package pull

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"antechamber/api"
)

// The objects as they are read from the API and as they are kept: with what a
// seed has room for, and everything that an older server may leave out left
// out.
type (
	user struct {
		ID      string               `json:"id"`
		Email   text                 `json:"email"`
		Name    text                 `json:"name"`
		Role    api.OrganizationRole `json:"role"`
		AddedAt api.Time             `json:"added_at"`
		Forms   known                `json:"antechamber_forms,omitzero"`
	}

	invite struct {
		ID         string               `json:"id"`
		Email      text                 `json:"email"`
		Role       api.OrganizationRole `json:"role"`
		Status     api.InviteStatus     `json:"status"`
		InvitedAt  api.Time             `json:"invited_at"`
		ExpiresAt  api.Time             `json:"expires_at"`
		AcceptedAt api.Time             `json:"accepted_at"`
		Forms      known                `json:"antechamber_forms,omitzero"`
	}

	workspace struct {
		ID            string    `json:"id"`
		Name          text      `json:"name"`
		DisplayColor  string    `json:"display_color,omitempty"`
		CreatedAt     api.Time  `json:"created_at"`
		ArchivedAt    api.Time  `json:"archived_at"`
		CompartmentID string    `json:"compartment_id,omitempty"`
		ExternalKeyID *text     `json:"external_key_id"`
		Tags          tags      `json:"tags,omitempty"`
		DataResidency residency `json:"data_residency"`
	}

	member struct {
		UserID string            `json:"user_id"`
		Role   api.WorkspaceRole `json:"workspace_role"`
	}

	apiKey struct {
		ID          string           `json:"id"`
		Name        text             `json:"name"`
		WorkspaceID api.Nullable     `json:"workspace_id"`
		CreatedAt   api.Time         `json:"created_at"`
		CreatedBy   api.Actor        `json:"created_by"`
		Status      api.APIKeyStatus `json:"status"`
		LastUsedAt  api.Time         `json:"last_used_at"`
		Hint        optional         `json:"partial_key_hint,omitzero"`
		ExpiresAt   api.Time         `json:"expires_at"`
		Scope       scope            `json:"scope"`
	}
)

// scope is where a key belongs, by the id that the workspace really has.
type scope struct {
	WorkspaceID string `json:"workspace_id,omitempty"`
}

// optional is a text that may be null, or not be there at all.
type optional struct {
	given bool
	v     api.Nullable
}

func (o *optional) UnmarshalJSON(b []byte) error {
	o.given = true
	return o.v.UnmarshalJSON(b)
}

func (o optional) MarshalJSON() ([]byte, error) { return o.v.MarshalJSON() }

func (o optional) IsZero() bool { return !o.given }

// residency is a data residency of any geos, known or not.
type residency struct {
	WorkspaceGeo string `json:"workspace_geo,omitempty"`
	Allowed      geos   `json:"allowed_inference_geos,omitempty"`
	Default      string `json:"default_inference_geo,omitempty"`
}

// geos is a list of geos, nil for the word unrestricted or another one.
type geos []string

func (g *geos) UnmarshalJSON(b []byte) error {
	var word string
	if json.Unmarshal(b, &word) == nil {
		return nil
	}
	if json.Unmarshal(b, (*[]string)(g)) != nil {
		return otherShape[[]string](b)
	}
	return nil
}

// text is what somebody wrote, in pieces: a piece stands as it is, or in the
// place of an e-mail address or a full name of which only the code is known,
// see people. As JSON it is a plain string where nothing was taken out.
type text []piece

type piece struct {
	Plain string `json:"plain,omitempty"`
	Email string `json:"email,omitempty"` // the code of an address
	Name  string `json:"name,omitempty"`  // the code of a full name
}

func plain(s string) text { return text{{Plain: s}} }

func (t text) plain() string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.Plain)
	}
	return b.String()
}

func (t *text) UnmarshalJSON(b []byte) error {
	var s *string
	if json.Unmarshal(b, &s) == nil {
		*t = nil
		if s != nil {
			*t = plain(*s)
		}
		return nil
	}
	if json.Unmarshal(b, (*[]piece)(t)) != nil {
		return otherShape[string](b)
	}
	return nil
}

func (t text) MarshalJSON() ([]byte, error) {
	if len(t) == 0 || len(t) == 1 && t[0].Plain != "" {
		return json.Marshal(t.plain())
	}
	return json.Marshal([]piece(t))
}

// tags are the labels of a workspace, in the order of their keys.
type tags []tag

type tag struct {
	Key   text `json:"key"`
	Value text `json:"value"`
	Other bool `json:"other,omitempty"` // the value was no text
}

func (t *tags) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*[]tag)(t)) == nil {
		return nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return otherShape[map[string]string](b)
	}
	*t = nil
	for key, value := range m {
		var s *string
		if err := json.Unmarshal(value, &s); err != nil || s == nil {
			*t = append(*t, tag{plain(key), plain(string(value)), true})
			continue
		}
		*t = append(*t, tag{plain(key), plain(*s), false})
	}
	slices.SortFunc(*t, func(a, b tag) int { return strings.Compare(a.Key.plain(), b.Key.plain()) })
	return nil
}

// otherShape is the error of a value that is no T, to which encoding/json adds
// the field.
func otherShape[T any](b []byte) error {
	value := "number"
	switch bytes.TrimLeft(b, " \t\r\n")[0] {
	case '{':
		value = "object"
	case '[':
		value = "array"
	case '"':
		value = "string"
	case 't', 'f':
		value = "bool"
	}
	return &json.UnmarshalTypeError{Value: value, Type: reflect.TypeFor[T]()}
}
