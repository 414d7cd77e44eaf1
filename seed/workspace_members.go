package seed

import (
	"cmp"
	"slices"

	"antechamber/api"
	"antechamber/internal/text"
	"antechamber/store"
)

// WorkspaceMember is an assigned member of a workspace in a seed.
type WorkspaceMember struct {
	User          string            `json:"user"` // id, email, or unique name
	WorkspaceRole api.WorkspaceRole `json:"workspace_role"`

	at    *node
	index int // of the user in Organization.Users
}

func (r *report) workspaceMember(n *node) WorkspaceMember {
	o := r.object(n, "user", "workspace_role")
	defer o.end()
	return WorkspaceMember{
		at:            n,
		User:          o.text("user", userRefForm),
		WorkspaceRole: enum(o, "workspace_role", api.AssignableWorkspaceRoles),
	}
}

func (r *report) linkMembers(w *Workspace, p userIndex) {
	listed := map[int]*node{}
	for i := range w.Members {
		m := &w.Members[i]
		at := m.at.Get("user")
		if m.index = r.userOf(p, at, m.User); m.index < 0 {
			continue
		}
		if first := listed[m.index]; first != nil {
			r.contradictory(at, "duplicate member %s (first at %s)", text.Quote(m.User), first.Pointer())
		} else {
			listed[m.index] = at
		}
	}
}

func (l *loader) members(c store.Contents) (members []store.Member) {
	for i, w := range l.o.Workspaces {
		for _, m := range w.Members {
			members = append(members, store.Member{WorkspaceID: c.Workspaces[i].ID, UserID: c.Users[m.index].ID, Role: m.WorkspaceRole})
		}
	}
	return members
}

// exportMembers adds the members to their workspaces, in the order of the users.
func exportMembers(workspaces []Workspace, users []User, members []store.Member) {
	position := make(map[string]int, len(users))
	for i, u := range users {
		position[u.ID] = i
	}
	in := make(map[string]*Workspace, len(workspaces))
	for i := range workspaces {
		in[workspaces[i].ID] = &workspaces[i]
	}
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b store.Member) int { return cmp.Compare(position[a.UserID], position[b.UserID]) })
	for _, m := range members {
		w := in[m.WorkspaceID]
		w.Members = append(w.Members, WorkspaceMember{User: m.UserID, WorkspaceRole: m.Role})
	}
}
