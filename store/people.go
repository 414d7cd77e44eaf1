package store

import (
	"strings"

	"antechamber/api"
)

// What a person does, in the Console or with the mail of an invite: no
// operation of the API does it.

// AcceptInvite makes the person who got the mail of a pending invite a user,
// with the invite's role. Without a name it is made of the address.
func (o *Organization) AcceptInvite(id, name string) (Object[User], error) {
	return update(o, func(t *tx) (none Object[User], err error) {
		i := t.invites.get(id)
		switch {
		case i == nil:
			return none, notFound("Invite", id)
		case i.Value.Status != api.InvitePending:
			return none, refused("invite_not_pending", "Invite `"+id+"` is "+string(i.Value.Status)+": only a pending invite can be accepted.")
		case reached(t.settings.MemberLimit, t.users.len()):
			return none, refused(api.OrgMemberLimitExceeded, "The organization has reached its limit of members.")
		}
		accepted := i.Value.Invite
		accepted.Status, accepted.AcceptedAt = api.InviteAccepted, t.now
		t.invites.put(inviteRow(accepted))
		t.note(InviteAccepted, id)
		return t.addUser(NewUser{Email: accepted.Email, Name: name, Role: accepted.Role}).object(), nil
	})
}

// NewUser is a person who joins some other way than by an invite.
type NewUser struct {
	Email string
	Name  string               // made of the address when empty
	Role  api.OrganizationRole // any, admin too
}

// AddUser makes a person a user. A pending invite to the address is deleted.
func (o *Organization) AddUser(in NewUser) (Object[User], error) {
	return update(o, func(t *tx) (none Object[User], err error) {
		if err := t.notYetMember(in.Email); err != nil {
			return none, err
		}
		if i := t.pendingInvite(in.Email); i != nil {
			t.deleteInvite(i)
		}
		if err := t.roomForMember(); err != nil {
			return none, err
		}
		return t.addUser(in).object(), nil
	})
}

func (t *tx) addUser(in NewUser) *row[User] {
	if in.Name == "" {
		in.Name = api.NameOf(in.Email)
	}
	u := userRow(api.User{
		ID: t.newUserID(), Type: api.TypeUser, Email: in.Email, Name: in.Name, Role: in.Role, AddedAt: t.now,
	})
	t.users.put(u)
	t.note(UserAdded, u.key)
	return u
}

// newUserID draws an id that nobody has or had.
func (t *tx) newUserID() string {
	for {
		id := drawID(t, &t.users, "user_")
		if _, gone := t.removed.Get(id); !gone {
			return id
		}
	}
}

// NewAPIKey is a key that a person makes in the Console.
type NewAPIKey struct {
	Name        string
	WorkspaceID string   // the Default Workspace when empty
	CreatedBy   string   // a user; the first admin, or the first user, when empty
	ExpiresAt   api.Time // null for never
}

// CreateAPIKey makes a key and gives its secret, of which only the hint is
// kept.
func (o *Organization) CreateAPIKey(in NewAPIKey) (key Object[APIKey], secret string, err error) {
	key, err = update(o, func(t *tx) (none Object[APIKey], err error) {
		if in.WorkspaceID == "" {
			in.WorkspaceID = t.defaultWorkspace
		}
		if in.CreatedBy == "" {
			in.CreatedBy = t.somebody()
		}
		w := t.workspaces.get(in.WorkspaceID)
		switch {
		case w == nil:
			return none, notFound("Workspace", in.WorkspaceID)
		case in.CreatedBy == "":
			return none, refused("nobody", "There is no user who could make a key.")
		case t.users.get(in.CreatedBy) == nil:
			return none, notFound("User", in.CreatedBy)
		case !w.Value.ArchivedAt.IsZero():
			return none, archivedWorkspace(in.WorkspaceID)
		case !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(t.now.Time):
			return none, refused("invalid_expiry", "expires_at: the clock shows "+t.now.String()+" already.")
		}
		if err := t.roomForActive(in.WorkspaceID); err != nil {
			return none, err
		}
		k := APIKey{APIKey: api.APIKey{
			ID: drawID(t, &t.keys, "apikey_"), Type: api.TypeAPIKey, Name: in.Name, CreatedAt: t.now,
			CreatedBy: api.Actor{ID: in.CreatedBy, Type: api.TypeUser}, Status: api.KeyActive, ExpiresAt: in.ExpiresAt,
			Scope: api.Scope{Type: api.TypeWorkspace, WorkspaceID: w.key},
		}, History: []StatusChange{{api.KeyActive, t.now}}}
		if !w.Value.isDefault {
			k.WorkspaceID = api.Nullable(w.key)
		}
		secret = "sk-ant-api03-" + strings.ReplaceAll(t.ids.UUID()+t.ids.UUID(), "-", "") + "AA"
		k.PartialKeyHint = api.Nullable(hint(secret))
		t.note(APIKeyCreated, k.ID)
		return t.putKey(k).object(), nil
	})
	return key, secret, err
}

// somebody is a user who can have made a key: the admin who has been there
// longest, or else anybody. It is empty where there is nobody.
func (t *tx) somebody() (id string) {
	for _, s := range []span[User]{t.users.span(usersListed, User{}), t.users.span(usersByRole, User{User: api.User{Role: api.RoleAdmin}})} {
		if r := s.walk(oldest, true)(); r != nil {
			id = r.key
		}
	}
	return id
}

// hint is what is kept of a secret.
func hint(secret string) string {
	const front = len("sk-ant-api03-") + 3
	return secret[:front] + "..." + secret[len(secret)-4:]
}

// UseAPIKey marks a key used now, as a request with it would.
func (o *Organization) UseAPIKey(id string) (Object[APIKey], error) {
	return update(o, func(t *tx) (none Object[APIKey], err error) {
		r := t.keys.get(id)
		switch {
		case r == nil:
			return none, notFound("API key", id)
		case r.Value.Status != api.KeyActive:
			return none, refused("api_key_not_active", "API key `"+id+"` is "+string(r.Value.Status)+" and does not work.")
		}
		k := r.Value
		k.LastUsedAt = t.now
		t.note(APIKeyUsed, id)
		return t.putKey(k).object(), nil
	})
}

// Mail is one that production would have sent.
type Mail struct {
	To        string               `json:"to"`
	SentAt    api.Time             `json:"sent_at"`
	InviteID  string               `json:"invite_id"`
	Role      api.OrganizationRole `json:"role"`
	Status    api.InviteStatus     `json:"status"` // of the invite, by now
	ExpiresAt api.Time             `json:"expires_at"`
}

// MaxMails is how many mails the outbox shows.
const MaxMails = 1000

// Outbox gives the mails of the newest invites, newest first, deleted ones
// too: the mail was sent all the same.
func (o *Organization) Outbox() []Mail {
	mails := []Mail{}
	next := o.view().invites.span(invitesSent, Invite{}).walk(newest, false)
	for r := next(); r != nil && len(mails) < MaxMails; r = next() {
		i := r.Value.Invite
		mails = append(mails, Mail{i.Email, i.InvitedAt, i.ID, i.Role, i.Status, i.ExpiresAt})
	}
	return mails
}
