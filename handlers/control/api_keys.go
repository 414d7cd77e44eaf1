package control

import (
	"fmt"
	"net/http"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

var apiKeyRoutes = []route{
	{ID: "createApiKey", Method: http.MethodPost, Path: Base + "/api_keys", handle: createAPIKey, fields: []string{"name", "workspace_id", "created_by", "expires_at", "principal"}},
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
		Principal:   c.principal("principal"),
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	key, secret, err := c.org.CreateAPIKey(in)
	return keyWithSecret{key.Value.APIKey, secret}, err
}

// principal reads an optional principal, which is an object as in the Admin API.
func (f *fields) principal(name string) *api.Principal {
	n := f.get(name)
	switch {
	case n == nil:
		return nil
	case n.Kind != jsontree.Object:
		f.want(n, "an object")
		return nil
	}
	p := &api.Principal{}
	known, id := []string{"type", "user_id", "service_account_id"}, ""
	if kind := n.Get("type"); kind != nil {
		switch p.Type = api.PrincipalType(kind.Text); p.Type {
		case api.PrincipalUser:
			id = "user_id"
		case api.PrincipalServiceAccount:
			id = "service_account_id"
		}
	}
	if id != "" {
		known = []string{"type", id}
	}
	in := fieldsIn(f.doc, n, known)
	in.require("type", aPrincipalType)
	switch id {
	case "user_id":
		p.UserID = in.require(id, anID)
	case "service_account_id":
		p.ServiceAccountID = in.require(id, aServiceAccount)
	}
	f.problems = append(f.problems, in.problems...)
	return p
}

var (
	aPrincipalType = form{want: text.OneOf(api.PrincipalTypes), valid: func(s string) bool {
		return api.OneOf(api.PrincipalType(s), api.PrincipalTypes)
	}}
	// There are no service accounts to refer to, so any id that an export can have
	// will do.
	aServiceAccount = form{want: seed.IDForm, valid: seed.ValidID}
)

func useAPIKey(c *call) (any, error) { return rawObject(c.org.UseAPIKey(c.path["id"])) }
