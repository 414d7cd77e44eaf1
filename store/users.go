package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/email"
)

// User is a member of the organization in the store.
type User struct {
	api.User
	address string // the email in canonical form
}

// RemovedUser is what the store keeps of a removed user: the position in lists.
type RemovedUser struct {
	ID      string
	AddedAt api.Time
}

func (u *User) latest() api.Time { return u.AddedAt }

func (t *tables) latestRemoved() (latest api.Time) {
	t.removed.Scan(func(_ string, p position) bool {
		latest = latestOf(latest, p.time())
		return true
	})
	return latest
}

// The types of effects on users.
const (
	UserAdded   = "user.added"
	UserUpdated = "user.updated"
	UserRemoved = "user.removed"
)

const (
	usersListed = iota
	usersByRole
	usersByEmail
)

var userIndexes = []index[User]{
	usersListed:  {},
	usersByRole:  {group: func(a, b *User) int { return cmp.Compare(a.Role, b.Role) }},
	usersByEmail: {group: func(a, b *User) int { return cmp.Compare(a.address, b.address) }},
}

func userRow(u api.User) *row[User] {
	return &row[User]{u.ID, at(u.AddedAt, u.ID), User{u, email.Canonical(u.Email)}, api.Encode(u)}
}

func (t *tx) buildUser(u api.User) error {
	if t.users.get(u.ID) != nil {
		return fmt.Errorf("duplicate user %q", u.ID)
	}
	for _, other := range t.users.span(usersByEmail, User{address: email.Canonical(u.Email)}).all() {
		if strings.EqualFold(other.Value.Email, u.Email) { // earlier versions compared addresses in this way
			return fmt.Errorf("duplicate email %q", u.Email)
		}
	}
	t.users.put(userRow(u))
	return nil
}

func (t *tx) buildRemovedUser(r RemovedUser) error {
	if t.users.get(r.ID) != nil {
		return fmt.Errorf("user %q is both present and removed", r.ID)
	}
	if _, replaced := t.removed.Set(r.ID, at(r.AddedAt, r.ID)); replaced {
		return fmt.Errorf("duplicate removed user %q", r.ID)
	}
	return nil
}

func (t *tables) userContents() []api.User {
	return collect(nil, t.users.span(usersListed, User{}), func(u *User) api.User { return u.User })
}

func (t *tables) removedContents() (removed []RemovedUser) {
	t.removed.Scan(func(id string, p position) bool {
		removed = append(removed, RemovedUser{ID: id, AddedAt: p.time()})
		return true
	})
	slices.SortFunc(removed, func(a, b RemovedUser) int { return at(a.AddedAt, a.ID).compare(at(b.AddedAt, b.ID)) })
	return removed
}

func (s *state) userByEmail(address string) *row[User] {
	return s.users.span(usersByEmail, User{address: email.Canonical(address)}).first()
}

// checkNotMember refuses an address that belongs to a user.
func (t *tx) checkNotMember(address string) error {
	u := t.userByEmail(address)
	if u == nil {
		return nil
	}
	return refused(api.AlreadyMember, "email: "+address+" already belongs to User `"+u.key+"` of the organization.")
}

// checkMemberLimit refuses if the limit allows no more members. Pending invites
// count as members.
func (t *tx) checkMemberLimit() error {
	if reached(t.settings.MemberLimit, t.users.len()+t.invites.orders[invitesPending].Len()) {
		return refused(api.OrgMemberLimitExceeded, "The organization has reached its limit of members; pending invites count.")
	}
	return nil
}

// userPosition returns the list position of a current or removed user.
func (s *state) userPosition(id string) (position, bool) {
	if p, ok := s.users.positionOf(id); ok {
		return p, true
	}
	return s.removed.Get(id)
}

// UserFilter filters a list of users. A user must match all fields.
type UserFilter struct {
	Email string                 // as Canonical compares; empty for any
	Roles []api.OrganizationRole // any of these; empty for all
}

// ListOrganizationMembers returns a page of the users, newest first.
//
// Without a filter, a page walks the list itself; by role, one span per requested
// role; by email, the only user who can match.
func (o *Organization) ListOrganizationMembers(f UserFilter, l List, inputErr error) (Page[User], error) {
	if inputErr != nil {
		return Page[User]{}, inputErr
	}
	s := o.view()
	c, err := l.cursor("User", s.userPosition)
	if err != nil {
		return Page[User]{}, err
	}
	switch {
	case f.Email != "":
		u := s.userByEmail(f.Email)
		if u == nil || len(f.Roles) > 0 && !slices.Contains(f.Roles, u.Value.Role) {
			return Page[User]{}, nil
		}
		return pageOf(c, s.users.span(usersByEmail, u.Value)), nil
	case len(f.Roles) > 0:
		var spans []span[User]
		for _, role := range distinct(f.Roles) {
			spans = append(spans, s.users.span(usersByRole, User{User: api.User{Role: role}}))
		}
		return pageOf(c, spans...), nil
	}
	return pageOf(c, s.users.span(usersListed, User{})), nil
}

// distinct returns the values without repetitions.
func distinct[T cmp.Ordered](values []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// GetOrganizationMember returns the user with the given id.
func (o *Organization) GetOrganizationMember(id string) (Object[User], error) {
	u := o.view().users.get(id)
	if u == nil {
		return Object[User]{}, notFound("User", id)
	}
	return u.object(), nil
}

// UpdateOrganizationMember changes the user's role. Workspace roles derived from it
// change with it, see EffectiveRole.
func (o *Organization) UpdateOrganizationMember(id string, role api.OrganizationRole, inputErr error) (Object[User], error) {
	return update(o, func(t *tx) (Object[User], error) {
		u := t.users.get(id)
		switch {
		case u == nil:
			return Object[User]{}, notFound("User", id)
		case inputErr != nil:
			return Object[User]{}, inputErr
		case u.Value.Role == api.RoleAdmin:
			return Object[User]{}, invalid("User `" + id + "` is an admin of the organization: an admin's role cannot be changed through the API.")
		}
		if u.Value.Role == role {
			return u.object(), nil
		}
		changed := u.Value.User
		changed.Role = role
		u = userRow(changed)
		t.users.put(u)
		t.note(UserUpdated, id)
		return u.object(), nil
	})
}

// RemoveOrganizationMember removes the user from the organization and from every
// workspace, and archives the user's personal API keys. Other keys that the user
// created are unchanged.
func (o *Organization) RemoveOrganizationMember(id string) (Object[api.Deleted], error) {
	return update(o, func(t *tx) (Object[api.Deleted], error) {
		u := t.users.get(id)
		switch {
		case u == nil:
			return Object[api.Deleted]{}, notFound("User", id)
		case t.users.len() == 1:
			return Object[api.Deleted]{}, refused(api.CannotRemoveLastMember,
				"User `"+id+"` is the only member of the organization and cannot be removed.")
		case u.Value.Role == api.RoleAdmin:
			return Object[api.Deleted]{}, invalid("User `" + id + "` is an admin of the organization: admins cannot be removed through the API.")
		}
		for _, m := range t.members.span(membersByUser, Member{UserID: id}).all() {
			t.removeMember(m, WorkspaceMemberRemoved)
		}
		t.note(UserRemoved, id)
		t.archiveKeysOf(id)
		t.users.remove(id)
		t.removed.Set(id, u.position)
		return objectOf(api.Deleted{ID: id, Type: api.TypeUserDeleted}), nil
	})
}

// NewUser is the input of AddUser.
type NewUser struct {
	Email string
	Name  string               // derived from the email when empty
	Role  api.OrganizationRole // any role, including admin
}

// AddUser adds a user who joins without accepting an invite. It deletes a pending
// invite for the email. The Admin API has no operation for it.
func (o *Organization) AddUser(in NewUser) (Object[User], error) {
	return update(o, func(t *tx) (none Object[User], err error) {
		if err := t.checkNotMember(in.Email); err != nil {
			return none, err
		}
		if i := t.pendingInvite(in.Email); i != nil {
			t.deleteInvite(i)
		}
		if err := t.checkMemberLimit(); err != nil {
			return none, err
		}
		return t.addUser(in).object(), nil
	})
}

func (t *tx) addUser(in NewUser) *row[User] {
	if in.Name == "" {
		in.Name = api.NameFromEmail(in.Email)
	}
	u := userRow(api.User{
		ID: t.newUserID(), Type: api.TypeUser, Email: in.Email, Name: in.Name, Role: in.Role, AddedAt: t.now,
	})
	t.users.put(u)
	t.note(UserAdded, u.key)
	return u
}

// newUserID returns a new id that no current or removed user has.
func (t *tx) newUserID() string {
	for {
		id := newID(t, &t.users, "user_")
		if _, removed := t.removed.Get(id); !removed {
			return id
		}
	}
}
