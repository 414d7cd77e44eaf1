package control

import (
	"fmt"
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

var apiKeyRoutes = []route{
	{ID: "createApiKey", Method: http.MethodPost, Path: Base + "/api_keys", handle: createAPIKey, fields: []string{"name", "workspace_id", "created_by", "expires_at"}},
	{ID: "useApiKey", Method: http.MethodPost, Path: Base + "/api_keys/{id}/use", handle: useAPIKey},
}

// keyWithSecret is a key with its secret, which only the response that creates
// the key contains.
type keyWithSecret struct {
	api.APIKey
	Secret string `json:"secret"`
}

var aKeyName = form{want: fmt.Sprintf("a name of 1 to %d characters", api.MaxAPIKeyName), valid: characters(1, api.MaxAPIKeyName)}

func createAPIKey(c *call) (any, error) {
	in := store.NewAPIKey{
		Name:        c.require("name", aKeyName),
		WorkspaceID: c.text("workspace_id", anID),
		CreatedBy:   c.text("created_by", anID),
		ExpiresAt:   c.time("expires_at", 9999),
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	key, secret, err := c.org.CreateAPIKey(in)
	return keyWithSecret{key.Value.APIKey, secret}, err
}

func useAPIKey(c *call) (any, error) { return rawObject(c.org.UseAPIKey(c.path["id"])) }
