package admintest

import (
	"net/url"
	"time"

	"antechamber/api"
)

// NewKey describes an API key to create: of a workspace, of a user (a personal key), or
// of a service account.
type NewKey struct {
	Name        string         // 1 to 500 characters
	WorkspaceID string         // if empty, the Default Workspace for a key without a principal, and none for others
	CreatedBy   string         // id of a user; chosen by the server if empty
	ExpiresAt   time.Time      // never if zero
	Principal   *api.Principal // what the key acts as, see api.UserPrincipal and api.ServiceAccountPrincipal; nil for the key of a workspace
}

// Key is a new API key with its secret, which is not available again later.
type Key struct {
	api.APIKey
	Secret string `json:"secret"`
}

// CreateAPIKey creates an API key, which in production only the Console can do.
func (s *Server) CreateAPIKey(in NewKey) Key {
	s.t.Helper()
	body := map[string]any{"name": in.Name}
	for name, value := range map[string]string{"workspace_id": in.WorkspaceID, "created_by": in.CreatedBy} {
		if value != "" {
			body[name] = value
		}
	}
	if !in.ExpiresAt.IsZero() {
		body["expires_at"] = formatTime(in.ExpiresAt)
	}
	if in.Principal != nil {
		body["principal"] = in.Principal
	}
	return post[Key](s, "CreateAPIKey", "/api_keys", body)
}

// UseAPIKey marks an API key as used now, as a call to the Messages API would.
func (s *Server) UseAPIKey(id string) api.APIKey {
	s.t.Helper()
	s.require("UseAPIKey", "id", id)
	return post[api.APIKey](s, "UseAPIKey", "/api_keys/"+url.PathEscape(id)+"/use", nil)
}
