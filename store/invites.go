package store

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/text"
)

// InviteLifetime is how long an invite can be accepted. It cannot be configured in
// production. (Documented.)
const InviteLifetime = 21 * 24 * time.Hour

// Invite is an invite in the store.
type Invite struct {
	api.Invite
	address string // the email in canonical form
}

func (i *Invite) latest() api.Time {
	if i.Status == api.InviteExpired {
		return latestOf(i.InvitedAt, i.AcceptedAt, i.ExpiresAt)
	}
	return latestOf(i.InvitedAt, i.AcceptedAt)
}

// The types of effects on invites.
const (
	InviteCreated  = "invite.created"
	InviteAccepted = "invite.accepted"
	InviteExpired  = "invite.expired"
	InviteDeleted  = "invite.deleted"
)

const (
	invitesListed = iota
	invitesSent
	invitesByState
	invitesByEmail
	invitesPending
	invitesByExpiry
)

func listed(i *Invite) bool  { return i.Status != api.InviteDeleted }
func pending(i *Invite) bool { return i.Status == api.InvitePending }

var inviteIndexes = []index[Invite]{
	invitesListed: {holds: listed},
	invitesSent:   {},
	invitesByState: {holds: listed, group: func(a, b *Invite) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Status, b.Status))
	}},
	invitesByEmail: {holds: listed, group: func(a, b *Invite) int {
		return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Status, b.Status))
	}},
	invitesPending: {holds: pending, group: func(a, b *Invite) int { return cmp.Compare(a.address, b.address) }},
	invitesByExpiry: {holds: pending, less: func(a, b *row[Invite]) bool {
		return cmp.Or(a.Value.ExpiresAt.Compare(b.Value.ExpiresAt.Time), cmp.Compare(a.key, b.key)) < 0
	}},
}

func inviteRow(i api.Invite) *row[Invite] {
	return &row[Invite]{i.ID, at(i.InvitedAt, i.ID), Invite{i, email.Canonical(i.Email)}, api.Encode(i)}
}

func (t *tx) buildInvite(i api.Invite) error {
	if t.invites.get(i.ID) != nil {
		return fmt.Errorf("duplicate invite %q", i.ID)
	}
	if i.Status == api.InvitePending {
		address := email.Canonical(i.Email)
		var taken []string
		for _, u := range t.users.span(usersByEmail, User{address: address}).all() {
			taken = append(taken, u.Value.Email)
		}
		for _, other := range t.invites.span(invitesPending, Invite{address: address}).all() {
			taken = append(taken, other.Value.Email)
		}
		// Earlier versions compared addresses in this way.
		if slices.ContainsFunc(taken, func(other string) bool { return strings.EqualFold(other, i.Email) }) {
			return fmt.Errorf("pending invite %q: the email belongs to a user or to another pending invite", i.ID)
		}
	}
	t.invites.put(inviteRow(i))
	return nil
}

func (t *tables) inviteContents() []api.Invite {
	return collect(nil, t.invites.span(invitesSent, Invite{}), func(i *Invite) api.Invite { return i.Invite })
}

func (s *state) pendingInvite(address string) *row[Invite] {
	return s.invites.span(invitesPending, Invite{address: email.Canonical(address)}).first()
}

// inviteDue returns when the next invite expires, in microseconds since 1970.
func (t *tables) inviteDue() int64 {
	if r := t.invites.span(invitesByExpiry, Invite{}).first(); r != nil {
		return r.Value.ExpiresAt.UnixMicro()
	}
	return math.MaxInt64
}

// expireInvite expires the first invite that is due, and reports whether there was
// one.
func (t *tx) expireInvite() bool {
	r := t.invites.span(invitesByExpiry, Invite{}).first()
	if r == nil || r.Value.ExpiresAt.After(t.now.Time) {
		return false
	}
	expired := r.Value.Invite
	expired.Status = api.InviteExpired
	t.invites.put(inviteRow(expired))
	t.noteAt(InviteExpired, expired.ID, expired.ExpiresAt)
	return true
}

// InviteFilter filters a list of invites. An invite must match all fields.
type InviteFilter struct {
	Email    string                 // as Canonical compares; empty for any
	Roles    []api.OrganizationRole // any of these; empty for all
	Statuses []api.InviteStatus     // any of these from api.ListedInviteStatuses; empty for all
}

// ListOrganizationInvites returns a page of the invites, newest first, without
// deleted ones.
//
// Without a filter, a page walks the list itself; otherwise, one span per requested
// pair of role and status, at most 15, of the whole list or of one email.
func (o *Organization) ListOrganizationInvites(f InviteFilter, l List, inputErr error) (Page[Invite], error) {
	if inputErr != nil {
		return Page[Invite]{}, inputErr
	}
	s := o.view()
	c, err := l.cursor("Invite", s.invites.positionOf)
	if err != nil {
		return Page[Invite]{}, err
	}
	if f.Email == "" && len(f.Roles) == 0 && len(f.Statuses) == 0 {
		return pageOf(c, s.invites.span(invitesListed, Invite{})), nil
	}
	index := invitesByState
	if f.Email != "" {
		index = invitesByEmail
	}
	var spans []span[Invite]
	for _, role := range valuesOrAll(f.Roles, api.OrganizationRoles) {
		for _, status := range valuesOrAll(f.Statuses, api.ListedInviteStatuses) {
			spans = append(spans, s.invites.span(index, Invite{
				Invite: api.Invite{Role: role, Status: status}, address: email.Canonical(f.Email),
			}))
		}
	}
	return pageOf(c, spans...), nil
}

// valuesOrAll returns the distinct values of a filter, or all if the filter is
// empty.
func valuesOrAll[T cmp.Ordered](values, all []T) []T {
	if len(values) == 0 {
		return all
	}
	return distinct(values)
}

// readableInvite returns the invite with the given id. Whether a deleted one can be
// read is a setting.
func (s *state) readableInvite(id string) (*row[Invite], error) {
	i := s.invites.get(id)
	if i == nil || i.Value.Status == api.InviteDeleted && s.settings.DeletedInvites == DeletedGone {
		return nil, notFound("Invite", id)
	}
	return i, nil
}

// GetOrganizationInvite returns the invite with the given id.
func (o *Organization) GetOrganizationInvite(id string) (Object[Invite], error) {
	i, err := o.view().readableInvite(id)
	if err != nil {
		return Object[Invite]{}, err
	}
	return i.object(), nil
}

// NewInvite is the input of CreateOrganizationInvite.
type NewInvite struct {
	Email string
	Role  api.OrganizationRole // one of api.AssignableRoles
}

// CreateOrganizationInvite invites a person who is not a user and has no pending
// invite.
func (o *Organization) CreateOrganizationInvite(in NewInvite, inputErr error) (Object[Invite], error) {
	if inputErr != nil {
		return Object[Invite]{}, inputErr
	}
	return update(o, func(t *tx) (Object[Invite], error) {
		if err := t.checkNotMember(in.Email); err != nil {
			return Object[Invite]{}, err
		}
		if i := t.pendingInvite(in.Email); i != nil {
			return Object[Invite]{}, refused(api.InviteAlreadyExists,
				"email: Invite `"+i.key+"` to "+i.Value.Email+" is pending already.")
		}
		_, domain, _ := strings.Cut(email.Canonical(in.Email), "@")
		if domains := t.settings.AllowedInviteDomains; domains != nil && !slices.ContainsFunc(domains, func(d string) bool {
			return email.CanonicalDomain(d) == domain
		}) {
			return Object[Invite]{}, refused(api.EmailDomainNotAllowed,
				"email: the organization does not allow invites to the domain of "+in.Email+".")
		}
		if err := t.checkMemberLimit(); err != nil {
			return Object[Invite]{}, err
		}
		i := inviteRow(api.Invite{
			ID: newID(t, &t.invites, "invite_"), Type: api.TypeInvite,
			Email: in.Email, Role: in.Role, Status: api.InvitePending,
			InvitedAt: t.now, ExpiresAt: api.At(t.now.Add(InviteLifetime)),
			RBACGroupIDs: []string{},
		})
		t.invites.put(i)
		t.note(InviteCreated, i.key)
		return i.object(), nil
	})
}

// deleteInvite deletes a pending invite, which removes it from the lists.
func (t *tx) deleteInvite(i *row[Invite]) {
	deleted := i.Value.Invite
	deleted.Status = api.InviteDeleted
	t.invites.put(inviteRow(deleted))
	t.note(InviteDeleted, i.key)
}

// DeleteOrganizationInvite deletes a pending invite, which is no longer listed.
func (o *Organization) DeleteOrganizationInvite(id string) (Object[api.Deleted], error) {
	return update(o, func(t *tx) (Object[api.Deleted], error) {
		i, err := t.readableInvite(id)
		switch {
		case err != nil:
			return Object[api.Deleted]{}, err
		case i.Value.Status != api.InvitePending:
			return Object[api.Deleted]{}, invalid("Invite `" + id + "` is " + string(i.Value.Status) + ": only a pending invite can be deleted.")
		}
		t.deleteInvite(i)
		return objectOf(api.Deleted{ID: id, Type: api.TypeInviteDeleted}), nil
	})
}

// AcceptInvite makes the recipient of a pending invite a user with the invite's
// role. An empty name is derived from the email. The Admin API has no operation for
// it.
func (o *Organization) AcceptInvite(id, name string) (Object[User], error) {
	return update(o, func(t *tx) (none Object[User], err error) {
		i := t.invites.get(id)
		switch {
		case i == nil:
			return none, noSuch("invite", id)
		case i.Value.Status != api.InvitePending:
			return none, refused("invite_not_pending", "invite "+text.Quote(id)+" is "+string(i.Value.Status)+": only a pending invite can be accepted")
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

// Mail is an email that production would have sent.
type Mail struct {
	To        string               `json:"to"`
	SentAt    api.Time             `json:"sent_at"`
	InviteID  string               `json:"invite_id"`
	Role      api.OrganizationRole `json:"role"`
	Status    api.InviteStatus     `json:"status"` // current status of the invite
	ExpiresAt api.Time             `json:"expires_at"`
}

// MaxMails is the maximum number of emails that Outbox returns.
const MaxMails = 1000

// Outbox returns the emails of the newest invites, newest first. Deleted invites
// are included, because their emails were sent.
func (o *Organization) Outbox() []Mail {
	mails := []Mail{}
	next := o.view().invites.span(invitesSent, Invite{}).walk(newest, false)
	for r := next(); r != nil && len(mails) < MaxMails; r = next() {
		i := r.Value.Invite
		mails = append(mails, Mail{i.Email, i.InvitedAt, i.ID, i.Role, i.Status, i.ExpiresAt})
	}
	return mails
}
