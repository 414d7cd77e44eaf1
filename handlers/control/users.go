package control

import (
	"net/http"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/text"
	"antechamber/store"
)

var userRoutes = []route{
	{ID: "addUser", Method: http.MethodPost, Path: Base + "/users", handle: addUser, fields: []string{"email", "name", "role"}},
}

var (
	anEmail = form{want: "an email address", valid: email.Valid}
	aRole   = form{want: text.OneOf(api.OrganizationRoles), valid: func(s string) bool {
		return api.OneOf(api.OrganizationRole(s), api.OrganizationRoles)
	}}
)

func addUser(c *call) (any, error) {
	in := store.NewUser{
		Email: c.require("email", anEmail),
		Name:  c.text("name", aName),
		Role:  api.OrganizationRole(c.require("role", aRole)),
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	return rawObject(c.org.AddUser(in))
}
