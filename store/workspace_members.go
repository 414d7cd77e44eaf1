package store

import (
	"cmp"
	"fmt"
	"strings"

	"antechamber/api"
)

// Member is an assigned workspace membership. What a member reads as also
// depends on the user's role in the organization, see EffectiveRole.
type Member struct {
	WorkspaceID string
	UserID      string
	Role        api.WorkspaceRole // one of api.AssignableWorkspaceRoles
}

// The types of effects on workspace members.
const (
	WorkspaceMemberAdded   = "workspace_member.added"
	WorkspaceMemberUpdated = "workspace_member.updated"
	WorkspaceMemberRemoved = "workspace_member.removed"
)

const (
	membersByWorkspace = iota
	membersByUser
)

var memberIndexes = []index[Member]{
	membersByWorkspace: {group: func(a, b *Member) int { return strings.Compare(a.WorkspaceID, b.WorkspaceID) }},
	membersByUser: {less: func(a, b *row[Member]) bool {
		return cmp.Or(strings.Compare(a.Value.UserID, b.Value.UserID), strings.Compare(a.key, b.key)) < 0
	}, group: func(a, b *Member) int { return strings.Compare(a.UserID, b.UserID) }},
}

// memberKey identifies a membership. No id holds a space.
func memberKey(workspace, user string) string { return workspace + " " + user }

// memberRow stands where the user stands: member lists are in the order of the
// users.
func memberRow(m Member, place position) *row[Member] {
	return &row[Member]{key: memberKey(m.WorkspaceID, m.UserID), position: place, Value: m}
}

func (t *tx) buildMember(m Member) error {
	u, w := t.users.get(m.UserID), t.workspaces.get(m.WorkspaceID)
	switch {
	case u == nil || w == nil || w.Value.isDefault:
		return fmt.Errorf("user %s cannot be a member of workspace %s", m.UserID, m.WorkspaceID)
	case t.members.get(memberKey(m.WorkspaceID, m.UserID)) != nil:
		return fmt.Errorf("user %s is twice a member of workspace %s", m.UserID, m.WorkspaceID)
	}
	t.putMember(m, u.position)
	return nil
}

// memberContents returns the members of the workspaces, one workspace after the
// other.
func (t *tables) memberContents(workspaces []api.Workspace) (members []Member) {
	for _, w := range workspaces {
		in := t.members.span(membersByWorkspace, Member{WorkspaceID: w.ID})
		members = collect(members, in, func(m *Member) Member { return *m })
	}
	return members
}

func (t *tx) putMember(m Member, place position) {
	if t.members.get(memberKey(m.WorkspaceID, m.UserID)) == nil {
		count(t.assigned, m.WorkspaceID, 1)
	}
	t.members.put(memberRow(m, place))
}

func (t *tx) removeMember(m *row[Member]) {
	t.members.remove(m.key)
	t.noteMember(WorkspaceMemberRemoved, m.Value)
	count(t.assigned, m.Value.WorkspaceID, -1)
}

// EffectiveRole is the role that a member of a workspace reads as: the higher
// of the one that the role in the organization brings and the one that was
// assigned, admin before billing before the rest. It is empty for somebody who
// has neither, who is no member. (That admins and billing users are members
// everywhere is documented; which of two roles wins is our guess.)
func EffectiveRole(inOrganization api.OrganizationRole, assigned api.WorkspaceRole) api.WorkspaceRole {
	switch {
	case inOrganization == api.RoleAdmin || assigned == api.WorkspaceAdmin:
		return api.WorkspaceAdmin
	case inOrganization == api.RoleBilling:
		return api.WorkspaceBilling
	}
	return assigned
}

// member is a user's place in a workspace: the user, and what was assigned.
type member struct {
	user     *row[User]
	assigned api.WorkspaceRole
}

func (m member) place() position { return m.user.position }

func (m member) in(workspace string) api.WorkspaceMember {
	return api.WorkspaceMember{
		Type: api.TypeWorkspaceMember, UserID: m.user.key, WorkspaceID: workspace,
		WorkspaceRole: EffectiveRole(m.user.Value.Role, m.assigned),
	}
}

// member gives the user's place in the workspace, or nothing. Nobody is a
// member of the Default Workspace.
func (s *state) member(w *row[Workspace], userID string) (member, bool) {
	u := s.users.get(userID)
	if u == nil || w.Value.isDefault {
		return member{}, false
	}
	m := member{user: u}
	if r := s.members.get(memberKey(w.key, userID)); r != nil {
		m.assigned = r.Value.Role
	}
	return m, EffectiveRole(u.Value.Role, m.assigned) != ""
}

// ListWorkspaceMembers returns a page of the workspace's members, in the order
// of the users.
//
// A page walks three runs: the members that were assigned, the admins and the
// billing users of the organization.
func (o *Organization) ListWorkspaceMembers(workspaceID string, l List, bad error) (Page[api.WorkspaceMember], error) {
	s := o.view()
	w := s.workspaces.get(workspaceID)
	switch {
	case w == nil:
		return Page[api.WorkspaceMember]{}, notFound("Workspace", workspaceID)
	case bad != nil:
		return Page[api.WorkspaceMember]{}, bad
	}
	c, err := l.cursor("User", s.userPlace)
	if err != nil || w.Value.isDefault {
		return Page[api.WorkspaceMember]{}, err
	}
	user := s.users.getter()
	assigned := s.members.span(membersByWorkspace, Member{WorkspaceID: workspaceID}).walk(c.from, c.backward)
	walks := []func() (member, bool){func() (member, bool) {
		m := assigned()
		if m == nil {
			return member{}, false
		}
		return member{user(m.Value.UserID), m.Value.Role}, true
	}}
	for _, role := range []api.OrganizationRole{api.RoleAdmin, api.RoleBilling} {
		inherited := s.users.span(usersByRole, User{User: api.User{Role: role}}).walk(c.from, c.backward)
		walks = append(walks, func() (member, bool) {
			u := inherited()
			return member{user: u}, u != nil
		})
	}
	return pageOfMembers(w.key, c, walks), nil
}

func pageOfMembers(workspace string, c cursor, walks []func() (member, bool)) Page[api.WorkspaceMember] {
	members, more := page(c, walks...)
	p := Page[api.WorkspaceMember]{
		HasMore: more,
		n:       len(members),
		value:   func(i int) api.WorkspaceMember { return members[i].in(workspace) },
		encode:  func(b []byte, i int) []byte { return appendMember(b, members[i].in(workspace)) },
	}
	for _, m := range members {
		p.size += len(`{"type":"workspace_member","user_id":"","workspace_id":"","workspace_role":"workspace_restricted_developer"}`) +
			len(m.user.key) + len(workspace)
	}
	if len(members) > 0 {
		p.FirstID, p.LastID = members[0].user.key, members[len(members)-1].user.key
	}
	return p
}

// appendMember encodes a member. Members are not stored as they read, so they
// are encoded when they are read.
func appendMember(b []byte, m api.WorkspaceMember) []byte {
	b = append(b, `{"type":"workspace_member","user_id":`...)
	b = appendID(b, m.UserID)
	b = append(b, `,"workspace_id":`...)
	b = appendID(b, m.WorkspaceID)
	b = append(b, `,"workspace_role":`...)
	b = appendID(b, string(m.WorkspaceRole))
	return append(b, '}')
}

// memberObject is a member as a single answer.
func memberObject(workspace string, m member) Object[api.WorkspaceMember] {
	v := m.in(workspace)
	return Object[api.WorkspaceMember]{v, string(appendMember(nil, v))}
}

// GetWorkspaceMember gives the user's place in the workspace.
func (o *Organization) GetWorkspaceMember(workspaceID, userID string) (Object[api.WorkspaceMember], error) {
	s := o.view()
	w := s.workspaces.get(workspaceID)
	if w == nil {
		return Object[api.WorkspaceMember]{}, notFound("Workspace", workspaceID)
	}
	m, ok := s.member(w, userID)
	if !ok {
		return Object[api.WorkspaceMember]{}, notFound("Workspace member", userID)
	}
	return memberObject(w.key, m), nil
}

// NewWorkspaceMember says who joins a workspace, and as what.
type NewWorkspaceMember struct {
	UserID        string
	WorkspaceRole api.WorkspaceRole // one of api.AssignableWorkspaceRoles
}

// AddWorkspaceMember gives a user of the organization a place in the
// workspace.
func (o *Organization) AddWorkspaceMember(workspaceID string, in NewWorkspaceMember, bad error) (Object[api.WorkspaceMember], error) {
	return update(o, func(t *tx) (none Object[api.WorkspaceMember], err error) {
		w, err := t.memberWorkspace(workspaceID, bad)
		if err != nil {
			return none, err
		}
		u := t.users.get(in.UserID)
		if u == nil {
			return none, notFound("User", in.UserID)
		}
		if m, ok := t.member(w, in.UserID); ok {
			if m.assigned == "" {
				return none, invalid("User `" + in.UserID + "` is a member of every workspace already, as " +
					string(u.Value.Role) + " of the organization.")
			}
			return none, invalid("User `" + in.UserID + "` is a member of Workspace `" + workspaceID + "` already.")
		}
		return t.assign(w, u, in.WorkspaceRole)
	})
}

// memberWorkspace finds the workspace whose members are to be changed, and
// refuses in the order of the checks: the id, the body, the state.
func (t *tx) memberWorkspace(id string, bad error) (*row[Workspace], error) {
	w := t.workspaces.get(id)
	switch {
	case w == nil:
		return nil, notFound("Workspace", id)
	case bad != nil:
		return nil, bad
	case w.Value.isDefault:
		return nil, invalid("The Default Workspace has no members that could be managed.")
	case !w.Value.ArchivedAt.IsZero():
		return nil, archivedWorkspace(id)
	}
	return w, nil
}

// assign gives the user a role in the workspace, within the limit of its
// members. The limit counts those who were assigned (our guess), so a change
// of role can meet it too: it is the first assignment of a billing user.
func (t *tx) assign(w *row[Workspace], u *row[User], role api.WorkspaceRole) (Object[api.WorkspaceMember], error) {
	if t.members.get(memberKey(w.key, u.key)) == nil && reached(t.settings.WorkspaceMemberLimit, counted(t.assigned, w.key)) {
		return Object[api.WorkspaceMember]{}, refused(api.WorkspaceMemberLimitExceeded,
			"Workspace `"+w.key+"` has reached its limit of members.")
	}
	m, what := Member{WorkspaceID: w.key, UserID: u.key, Role: role}, WorkspaceMemberUpdated
	old := t.members.get(memberKey(w.key, u.key))
	if old == nil && EffectiveRole(u.Value.Role, "") == "" {
		what = WorkspaceMemberAdded
	}
	if old == nil || old.Value != m {
		t.putMember(m, u.position)
		t.noteMember(what, m)
	}
	return memberObject(w.key, member{u, role}), nil
}

// UpdateWorkspaceMember gives a member another role. A role that comes from
// the organization cannot be changed, except that a billing user can become
// workspace_admin.
func (o *Organization) UpdateWorkspaceMember(workspaceID, userID string, role api.WorkspaceRole, bad error) (Object[api.WorkspaceMember], error) {
	return update(o, func(t *tx) (none Object[api.WorkspaceMember], err error) {
		w, m, err := t.managedMember(workspaceID, userID, bad)
		if err != nil {
			return none, err
		}
		if inherited := EffectiveRole(m.user.Value.Role, ""); inherited == api.WorkspaceAdmin ||
			inherited == api.WorkspaceBilling && role != api.WorkspaceAdmin {
			return none, inheritedRole(m.user)
		}
		return t.assign(w, m.user, role)
	})
}

// RemoveWorkspaceMember takes a member out of the workspace.
func (o *Organization) RemoveWorkspaceMember(workspaceID, userID string) (Object[api.WorkspaceMemberDeleted], error) {
	return update(o, func(t *tx) (none Object[api.WorkspaceMemberDeleted], err error) {
		w, m, err := t.managedMember(workspaceID, userID, nil)
		if err != nil {
			return none, err
		}
		if EffectiveRole(m.user.Value.Role, "") != "" {
			return none, inheritedRole(m.user)
		}
		t.removeMember(t.members.get(memberKey(w.key, userID)))
		return objectOf(api.WorkspaceMemberDeleted{
			Type: api.TypeWorkspaceMemberDeleted, UserID: userID, WorkspaceID: w.key,
		}), nil
	})
}

// managedMember finds the member whose place is to be changed, and refuses in
// the order of the checks. In the Default Workspace nobody is a member, so
// there the refusal is that it has none to manage.
func (t *tx) managedMember(workspaceID, userID string, bad error) (*row[Workspace], member, error) {
	w := t.workspaces.get(workspaceID)
	if w == nil {
		return nil, member{}, notFound("Workspace", workspaceID)
	}
	m, ok := t.member(w, userID)
	if !ok && !w.Value.isDefault {
		return nil, member{}, notFound("Workspace member", userID)
	}
	w, err := t.memberWorkspace(workspaceID, bad)
	return w, m, err
}

func inheritedRole(u *row[User]) error {
	return invalid("User `" + u.key + "` has a place in every workspace as " + string(u.Value.Role) +
		" of the organization; it cannot be changed or removed here.")
}
