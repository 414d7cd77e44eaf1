package control

import (
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

var userRoutes = []route{
	{ID: "addUser", Method: http.MethodPost, Path: Base + "/users", handle: addUser, fields: []string{"email", "name", "role"}},
}

var (
	anEmail = form{"an e-mail address", api.ValidEmail}
	aRole   = form{"one of user, developer, billing, claude_code_user and admin", func(s string) bool {
		return api.OneOf(api.OrganizationRole(s), api.OrganizationRoles)
	}}
)

func addUser(c *call) (any, error) {
	in := store.NewUser{
		Email: c.need("email", anEmail),
		Name:  c.text("name", aName),
		Role:  api.OrganizationRole(c.need("role", aRole)),
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	return object(c.org.AddUser(in))
}
