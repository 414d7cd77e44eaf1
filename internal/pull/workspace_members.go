package pull

import (
	"context"
	"net/url"

	"antechamber/api"
	"antechamber/seed"
)

func (p *puller) readMembers(ctx context.Context) (err error) {
	for _, w := range p.workspaces {
		if w.ID == p.defaultID { // has no members of its own
			continue
		}
		p.members[w.ID], err = readList(ctx, p, list[api.WorkspaceMember]{
			noun: "workspace members", path: "workspaces/" + url.PathEscape(w.ID) + "/members", fields: []string{"type", "user_id", "workspace_id", "workspace_role"},
			id: func(m api.WorkspaceMember) string { return m.UserID },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// seedMembers returns the assigned members of a workspace. It leaves out the inherited
// memberships of the organization's admins and billing users.
func (p *puller) seedMembers(workspace string) (out []seed.WorkspaceMember) {
	for _, m := range p.members[workspace] {
		role, present := p.roles[m.UserID]
		in := m.UserID + " in " + workspace
		switch {
		case !present:
			p.notes.add(in, "omitted workspace member who is not a user")
			continue
		case role == api.RoleAdmin && m.WorkspaceRole == api.WorkspaceAdmin, role == api.RoleBilling && m.WorkspaceRole == api.WorkspaceBilling:
			continue
		case m.WorkspaceRole == api.WorkspaceBilling:
			p.notes.add(in, "omitted workspace member with role %q (the user does not have role %q in the organization)", api.WorkspaceBilling, api.RoleBilling)
			continue
		case !api.OneOf(m.WorkspaceRole, api.AssignableWorkspaceRoles):
			p.notes.add(in, "replaced unknown role %q with %q", m.WorkspaceRole, api.WorkspaceUser)
			m.WorkspaceRole = api.WorkspaceUser
		}
		out = append(out, seed.WorkspaceMember{User: m.UserID, WorkspaceRole: m.WorkspaceRole})
	}
	return out
}
