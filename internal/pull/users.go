package pull

import (
	"context"
	"fmt"

	"antechamber/api"
	"antechamber/seed"
)

func (p *puller) readUsers(ctx context.Context) (err error) {
	p.users, err = readList(ctx, p, list[api.User]{
		noun: "users", path: "users", fields: []string{"id", "type", "email", "name", "role", "added_at"},
		id: func(u api.User) string { return u.ID },
	})
	return err
}

func (p *puller) seedUsers() []seed.User {
	out := make([]seed.User, len(p.users))
	for i, u := range p.users {
		p.roles[u.ID] = p.role(u.ID, u.Role)
		p.joined[p.person[u.ID]] = u.AddedAt
		out[i] = seed.User{
			ID: u.ID, Email: p.email(u.ID, u.Email), Name: p.name(u.ID, u.Name, fmt.Sprintf("User %d", p.person[u.ID])),
			Role: p.roles[u.ID], AddedAt: seed.At(u.AddedAt.Time),
		}
	}
	return out
}

// role returns the role of a user or invite in the seed. The roles of Claude Enterprise
// are replaced with the closest role of the Admin API.
func (p *puller) role(id string, role api.OrganizationRole) api.OrganizationRole {
	if api.OneOf(role, api.OrganizationRoles) {
		return role
	}
	closest := api.RoleUser
	switch role {
	case "owner", "primary_owner", "membership_admin":
		closest = api.RoleAdmin
	}
	p.notes.add(id, "replaced unknown role %q with %q", role, closest)
	return closest
}
