package handlers

import (
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

var userOperations = []operation{
	{"listOrganizationMembers", http.MethodGet, "/organizations/users", listOrganizationMembers},
	{"getOrganizationMember", http.MethodGet, "/organizations/users/:user_id", getOrganizationMember},
	{"updateOrganizationMember", http.MethodPost, "/organizations/users/:user_id", updateOrganizationMember},
	{"removeOrganizationMember", http.MethodDelete, "/organizations/users/:user_id", removeOrganizationMember},
}

func listOrganizationMembers(c *call) error {
	q := queryOf(c)
	l := q.list()
	f := store.UserFilter{Email: q.email(), Roles: anyOf(q, "roles", api.OrganizationRoles)}
	p, err := c.org.ListOrganizationMembers(f, l, q.err())
	return answerPage(c, p, err)
}

func getOrganizationMember(c *call) error {
	u, err := c.org.GetOrganizationMember(c.id("user_id"))
	return answer(c, u, err)
}

func updateOrganizationMember(c *call) error {
	b := decode(c)
	var role api.OrganizationRole
	if value, ok := b.required("role"); ok {
		role = enum(b, "role", value, api.AssignableRoles)
	}
	u, err := c.org.UpdateOrganizationMember(c.id("user_id"), role, b.err())
	return answer(c, u, err)
}

func removeOrganizationMember(c *call) error {
	d, err := c.org.RemoveOrganizationMember(c.id("user_id"))
	return answer(c, d, err)
}
