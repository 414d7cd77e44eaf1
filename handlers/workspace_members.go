package handlers

import (
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

var workspaceMemberOperations = []operation{
	{"listWorkspaceMembers", http.MethodGet, "/organizations/workspaces/:workspace_id/members", listWorkspaceMembers},
	{"addWorkspaceMember", http.MethodPost, "/organizations/workspaces/:workspace_id/members", addWorkspaceMember},
	{"getWorkspaceMember", http.MethodGet, "/organizations/workspaces/:workspace_id/members/:user_id", getWorkspaceMember},
	{"updateWorkspaceMember", http.MethodPost, "/organizations/workspaces/:workspace_id/members/:user_id", updateWorkspaceMember},
	{"removeWorkspaceMember", http.MethodDelete, "/organizations/workspaces/:workspace_id/members/:user_id", removeWorkspaceMember},
}

func listWorkspaceMembers(c *call) error {
	q := queryOf(c)
	l := q.list()
	p, err := c.org.ListWorkspaceMembers(c.id("workspace_id"), l, q.err())
	return answerPage(c, p, err)
}

func getWorkspaceMember(c *call) error {
	m, err := c.org.GetWorkspaceMember(c.id("workspace_id"), c.id("user_id"))
	return answer(c, m, err)
}

func addWorkspaceMember(c *call) error {
	b := decode(c)
	var in store.NewWorkspaceMember
	if value, ok := b.required("user_id"); ok {
		in.UserID, _ = b.str("user_id", value)
	}
	in.WorkspaceRole = b.workspaceRole(api.AssignableWorkspaceRoles)
	m, err := c.org.AddWorkspaceMember(c.id("workspace_id"), in, b.err())
	return answer(c, m, err)
}

func (b *body) workspaceRole(roles []api.WorkspaceRole) api.WorkspaceRole {
	value, ok := b.required("workspace_role")
	if !ok {
		return ""
	}
	return enum(b, "workspace_role", value, roles)
}

func updateWorkspaceMember(c *call) error {
	b := decode(c)
	role := b.workspaceRole(api.UpdatableWorkspaceRoles)
	m, err := c.org.UpdateWorkspaceMember(c.id("workspace_id"), c.id("user_id"), role, b.err())
	return answer(c, m, err)
}

func removeWorkspaceMember(c *call) error {
	d, err := c.org.RemoveWorkspaceMember(c.id("workspace_id"), c.id("user_id"))
	return answer(c, d, err)
}
