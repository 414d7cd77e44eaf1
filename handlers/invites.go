package handlers

import (
	"net/http"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/store"
)

var inviteOperations = []operation{
	{"listOrganizationInvites", http.MethodGet, "/organizations/invites", listOrganizationInvites},
	{"createOrganizationInvite", http.MethodPost, "/organizations/invites", createOrganizationInvite},
	{"getOrganizationInvite", http.MethodGet, "/organizations/invites/:invite_id", getOrganizationInvite},
	{"deleteOrganizationInvite", http.MethodDelete, "/organizations/invites/:invite_id", deleteOrganizationInvite},
}

func listOrganizationInvites(c *call) error {
	q := queryOf(c)
	l := q.list()
	f := store.InviteFilter{
		Email:    q.email(),
		Roles:    anyOf(q, "roles", api.OrganizationRoles),
		Statuses: anyOf(q, "statuses", api.ListedInviteStatuses),
	}
	p, err := c.org.ListOrganizationInvites(f, l, q.err())
	return answerPage(c, p, err)
}

func createOrganizationInvite(c *call) error {
	b := decode(c)
	var in store.NewInvite
	if value, ok := b.required("email"); ok {
		if in.Email, ok = b.str("email", value); ok {
			b.email("email", in.Email)
		}
	}
	if value, ok := b.required("role"); ok {
		in.Role = enum(b, "role", value, api.AssignableRoles)
	}
	b.checkGroups()
	i, err := c.org.CreateOrganizationInvite(in, b.err())
	return answer(c, i, err)
}

// checkGroups reads rbac_group_ids, which must be empty outside Claude Enterprise.
func (b *body) checkGroups() {
	const name = "rbac_group_ids"
	value, ok := b.take(name)
	if !ok {
		return
	}
	switch {
	case value.Kind != jsontree.Array:
		b.problem(name, "Input should be a valid list")
	case len(value.Items) > 0:
		b.problem(name, "RBAC groups are available to Claude Enterprise organizations only")
	}
}

func getOrganizationInvite(c *call) error {
	i, err := c.org.GetOrganizationInvite(c.id("invite_id"))
	return answer(c, i, err)
}

func deleteOrganizationInvite(c *call) error {
	d, err := c.org.DeleteOrganizationInvite(c.id("invite_id"))
	return answer(c, d, err)
}
