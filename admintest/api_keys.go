package admintest

import (
	"net/url"
	"time"

	"antechamber/api"
)

// NewKey is an API key that a person makes.
type NewKey struct {
	Name        string    // 1 to 500 characters
	WorkspaceID string    // the Default Workspace when empty
	CreatedBy   string    // the id of a user; the server's choice when empty
	ExpiresAt   time.Time // never when zero
}

// Key is an API key, with what nobody sees a second time.
type Key struct {
	api.APIKey
	Secret string `json:"secret"`
}

// CreateAPIKey makes an API key, as a person does in the Console.
func (s *Server) CreateAPIKey(in NewKey) Key {
	s.t.Helper()
	body := map[string]any{"name": in.Name}
	for name, value := range map[string]string{"workspace_id": in.WorkspaceID, "created_by": in.CreatedBy} {
		if value != "" {
			body[name] = value
		}
	}
	if !in.ExpiresAt.IsZero() {
		body["expires_at"] = timeOf(in.ExpiresAt)
	}
	return object[Key](s, "CreateAPIKey", "/api_keys", body)
}

// UseAPIKey marks a key as used now, as a call of the Messages API does.
func (s *Server) UseAPIKey(id string) api.APIKey {
	s.t.Helper()
	s.named("UseAPIKey", "the id of a key", id)
	return object[api.APIKey](s, "UseAPIKey", "/api_keys/"+url.PathEscape(id)+"/use", nil)
}
