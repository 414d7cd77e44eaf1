package store

import (
	"cmp"
	"fmt"
	"strings"

	"antechamber/api"
)

// Member is an assigned workspace membership. The role that the API shows also
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

// memberKey returns the key of a membership. Ids contain no spaces.
func memberKey(workspace, user string) string { return workspace + " " + user }

// memberRow returns the row of a member. pos is the user's position, because member
// lists are in the order of the users.
func memberRow(m Member, pos position) *row[Member] {
	return &row[Member]{key: memberKey(m.WorkspaceID, m.UserID), position: pos, Value: m}
}

func (t *tx) buildMember(m Member) error {
	u, w := t.users.get(m.UserID), t.workspaces.get(m.WorkspaceID)
	switch {
	case u == nil || w == nil || w.Value.isDefault:
		return fmt.Errorf("user %q cannot be a member of workspace %q", m.UserID, m.WorkspaceID)
	case t.members.get(memberKey(m.WorkspaceID, m.UserID)) != nil:
		return fmt.Errorf("duplicate member %q of workspace %q", m.UserID, m.WorkspaceID)
	}
	t.putMember(m, u.position)
	return nil
}

// memberContents returns the members of the workspaces, ordered by workspace.
func (t *tables) memberContents(workspaces []api.Workspace) (members []Member) {
	for _, w := range workspaces {
		in := t.members.span(membersByWorkspace, Member{WorkspaceID: w.ID})
		members = collect(members, in, func(m *Member) Member { return *m })
	}
	return members
}

func (t *tx) putMember(m Member, pos position) {
	if t.members.get(memberKey(m.WorkspaceID, m.UserID)) == nil {
		addToCount(t.assigned, m.WorkspaceID, 1)
	}
	t.members.put(memberRow(m, pos))
}

// removeMember removes an assigned membership. The effect is WorkspaceMemberRemoved,
// or WorkspaceMemberUpdated if the user remains a member by inheritance.
func (t *tx) removeMember(m *row[Member], effect string) {
	t.members.remove(m.key)
	t.noteMember(effect, m.Value)
	addToCount(t.assigned, m.Value.WorkspaceID, -1)
}

// EffectiveRole returns the role that the API shows for a member of a workspace:
// the higher of the role inherited from the organization and the assigned one,
// where admin is above billing and billing above the rest. It is empty for a user
// with neither, who is not a member. (Documented: admins and billing users are
// members everywhere. Our guess: which of two roles wins.)
func EffectiveRole(inOrganization api.OrganizationRole, assigned api.WorkspaceRole) api.WorkspaceRole {
	switch {
	case inOrganization == api.RoleAdmin || assigned == api.WorkspaceAdmin:
		return api.WorkspaceAdmin
	case inOrganization == api.RoleBilling:
		return api.WorkspaceBilling
	}
	return assigned
}

// member is a user in a workspace, with the assigned role, if any.
type member struct {
	user     *row[User]
	assigned api.WorkspaceRole
}

func (m member) pos() position { return m.user.position }

func (m member) apiMember(workspace string) api.WorkspaceMember {
	return api.WorkspaceMember{
		Type: api.TypeWorkspaceMember, UserID: m.user.key, WorkspaceID: workspace,
		WorkspaceRole: EffectiveRole(m.user.Value.Role, m.assigned),
	}
}

// member returns the user as a member of the workspace, and reports whether the
// user is one. The Default Workspace has no members.
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

// ListWorkspaceMembers returns a page of the workspace's members, in the order of
// the users.
//
// A page walks three spans: the assigned members, and the organization's admins and
// billing users.
func (o *Organization) ListWorkspaceMembers(workspaceID string, l List, inputErr error) (Page[api.WorkspaceMember], error) {
	s := o.view()
	w := s.workspaces.get(workspaceID)
	switch {
	case w == nil:
		return Page[api.WorkspaceMember]{}, notFound("Workspace", workspaceID)
	case inputErr != nil:
		return Page[api.WorkspaceMember]{}, inputErr
	}
	c, err := l.cursor("User", s.userPosition)
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
		value:   func(i int) api.WorkspaceMember { return members[i].apiMember(workspace) },
		encode:  func(b []byte, i int) []byte { return appendMember(b, members[i].apiMember(workspace)) },
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

// appendMember appends the JSON of a member, which is not stored because the role
// depends on the user's.
func appendMember(b []byte, m api.WorkspaceMember) []byte {
	b = append(b, `{"type":"workspace_member","user_id":`...)
	b = appendID(b, m.UserID)
	b = append(b, `,"workspace_id":`...)
	b = appendID(b, m.WorkspaceID)
	b = append(b, `,"workspace_role":`...)
	b = appendID(b, string(m.WorkspaceRole))
	return append(b, '}')
}

// memberObject returns a member with its JSON.
func memberObject(workspace string, m member) Object[api.WorkspaceMember] {
	v := m.apiMember(workspace)
	return Object[api.WorkspaceMember]{Value: v, JSON: string(appendMember(nil, v))}
}

// GetWorkspaceMember returns a member of the workspace.
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

// NewWorkspaceMember is the input of AddWorkspaceMember.
type NewWorkspaceMember struct {
	UserID        string
	WorkspaceRole api.WorkspaceRole // one of api.AssignableWorkspaceRoles
}

// AddWorkspaceMember adds a user of the organization to the workspace.
func (o *Organization) AddWorkspaceMember(workspaceID string, in NewWorkspaceMember, inputErr error) (Object[api.WorkspaceMember], error) {
	return update(o, func(t *tx) (none Object[api.WorkspaceMember], err error) {
		w, err := t.memberWorkspace(workspaceID, inputErr)
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

// memberWorkspace returns the workspace whose members an operation changes, or
// refuses, in the order of the checks: id, body, state.
func (t *tx) memberWorkspace(id string, inputErr error) (*row[Workspace], error) {
	w := t.workspaces.get(id)
	switch {
	case w == nil:
		return nil, notFound("Workspace", id)
	case inputErr != nil:
		return nil, inputErr
	case w.Value.isDefault:
		return nil, invalid("The Default Workspace has no members that could be managed.")
	case !w.Value.ArchivedAt.IsZero():
		return nil, archivedWorkspace(id)
	}
	return w, nil
}

// assign assigns the user a role in the workspace, within its member limit. The limit
// counts assigned members (our guess), so a change of role can exceed it too: for a
// billing user, it is the first assignment.
func (t *tx) assign(w *row[Workspace], u *row[User], role api.WorkspaceRole) (Object[api.WorkspaceMember], error) {
	if t.members.get(memberKey(w.key, u.key)) == nil && reached(t.settings.WorkspaceMemberLimit, countOf(t.assigned, w.key)) {
		return Object[api.WorkspaceMember]{}, refused(api.WorkspaceMemberLimitExceeded,
			"Workspace `"+w.key+"` has reached its limit of members.")
	}
	m, effect := Member{WorkspaceID: w.key, UserID: u.key, Role: role}, WorkspaceMemberUpdated
	old := t.members.get(memberKey(w.key, u.key))
	if old == nil && EffectiveRole(u.Value.Role, "") == "" {
		effect = WorkspaceMemberAdded
	}
	if old == nil || old.Value != m {
		t.putMember(m, u.position)
		t.noteMember(effect, m)
	}
	return memberObject(w.key, member{u, role}), nil
}

// UpdateWorkspaceMember changes a member's role. A role inherited from the
// organization cannot be changed, except that a billing user can become
// workspace_admin, and workspace_billing again. (The enumeration of an update has
// workspace_billing; our guess: what it does, and that everyone else is refused.)
func (o *Organization) UpdateWorkspaceMember(workspaceID, userID string, role api.WorkspaceRole, inputErr error) (Object[api.WorkspaceMember], error) {
	return update(o, func(t *tx) (none Object[api.WorkspaceMember], err error) {
		w, m, err := t.managedMember(workspaceID, userID, inputErr)
		if err != nil {
			return none, err
		}
		inherited := EffectiveRole(m.user.Value.Role, "")
		switch {
		case inherited == api.WorkspaceBilling && role == api.WorkspaceBilling:
			if m.assigned == api.WorkspaceAdmin {
				t.removeMember(t.members.get(memberKey(w.key, userID)), WorkspaceMemberUpdated)
				m.assigned = ""
			}
			return memberObject(w.key, m), nil
		case inherited == api.WorkspaceAdmin, inherited == api.WorkspaceBilling && role != api.WorkspaceAdmin:
			return none, inheritedRole(m.user)
		case role == api.WorkspaceBilling:
			return none, invalid("User `" + userID + "` cannot be workspace_billing: only billing users of the organization are.")
		}
		return t.assign(w, m.user, role)
	})
}

// RemoveWorkspaceMember takes away the role that a member was assigned in the
// workspace. A user who also inherits a role remains a member with that one (our
// guess); a role that is only inherited cannot be removed.
func (o *Organization) RemoveWorkspaceMember(workspaceID, userID string) (Object[api.WorkspaceMemberDeleted], error) {
	return update(o, func(t *tx) (none Object[api.WorkspaceMemberDeleted], err error) {
		w, m, err := t.managedMember(workspaceID, userID, nil)
		if err != nil {
			return none, err
		}
		if m.assigned == "" {
			return none, inheritedRole(m.user)
		}
		effect := WorkspaceMemberRemoved
		if EffectiveRole(m.user.Value.Role, "") != "" {
			effect = WorkspaceMemberUpdated
		}
		t.removeMember(t.members.get(memberKey(w.key, userID)), effect)
		return objectOf(api.WorkspaceMemberDeleted{
			Type: api.TypeWorkspaceMemberDeleted, UserID: userID, WorkspaceID: w.key,
		}), nil
	})
}

// managedMember returns the member that an operation changes, or refuses, in the
// order of the checks. The Default Workspace has no members, so for it the refusal
// is that there are none to manage.
func (t *tx) managedMember(workspaceID, userID string, inputErr error) (*row[Workspace], member, error) {
	w := t.workspaces.get(workspaceID)
	if w == nil {
		return nil, member{}, notFound("Workspace", workspaceID)
	}
	m, ok := t.member(w, userID)
	if !ok && !w.Value.isDefault {
		return nil, member{}, notFound("Workspace member", userID)
	}
	w, err := t.memberWorkspace(workspaceID, inputErr)
	return w, m, err
}

func inheritedRole(u *row[User]) error {
	return invalid("User `" + u.key + "` has a place in every workspace as " + string(u.Value.Role) +
		" of the organization; it cannot be changed or removed here.")
}
