package seed

import (
	"cmp"

	"antechamber/api"
	"antechamber/internal/text"
	"antechamber/store"
)

// Invite is an invite in a seed.
type Invite struct {
	ID         string               `json:"id,omitempty"` // generated if empty
	Email      string               `json:"email"`
	Role       api.OrganizationRole `json:"role"`
	Status     api.InviteStatus     `json:"status,omitempty"`     // pending or expired, depending on the clock, if empty
	InvitedAt  Time                 `json:"invited_at,omitzero"`  // now if omitted
	ExpiresAt  Time                 `json:"expires_at,omitzero"`  // 21 days later if omitted
	AcceptedAt Time                 `json:"accepted_at,omitzero"` // only with status accepted

	at *node
}

func (r *report) invite(n *node) Invite {
	o := r.object(n, "email", "role")
	defer o.end()
	i := Invite{
		at:         n,
		ID:         o.text("id", idForm),
		Email:      o.text("email", emailForm),
		Role:       enum(o, "role", api.OrganizationRoles),
		Status:     enum(o, "status", api.InviteStatuses),
		InvitedAt:  o.time("invited_at"),
		ExpiresAt:  o.time("expires_at"),
		AcceptedAt: o.timeOrNull("accepted_at"),
	}
	accepted, at := i.Status == api.InviteAccepted, n.Get("accepted_at")
	hasTime := i.AcceptedAt.given() || rejected(at)
	switch {
	case o.at == nil || rejected(n.Get("status")):
	case accepted && !hasTime:
		r.mismatched(cmp.Or(at, n), "accepted_at must be set when status is accepted")
	case !accepted && hasTime:
		r.mismatched(at, "accepted_at must not be set unless status is accepted")
	}
	return i
}

func (i Invite) times(each func(moment)) {
	each(moment{i.at, "invited_at", i.InvitedAt, creation})
	each(moment{i.at, "accepted_at", i.AcceptedAt, pastEvent})
	each(moment{i.at, "expires_at", i.ExpiresAt, maybeFuture})
}

func (r *report) linkInvites(o *Organization) {
	ids := r.unique("id")
	for _, i := range o.Invites {
		ids.add(i.at, i.ID)
	}
}

// expiry returns when an invite expires: as given, or after production's lifetime.
func (i Invite) expiry() Time {
	if i.ExpiresAt.given() {
		return i.ExpiresAt
	}
	return i.InvitedAt.plus(store.InviteLifetime)
}

// currentStatus returns an invite's status at the clock's time, and whether that is
// known.
func (c checker) currentStatus(i Invite) (status api.InviteStatus, known bool) {
	if i.Status != "" && i.Status != api.InvitePending {
		return i.Status, true
	}
	if c.anyFaulty(i.at, "status", "invited_at", "expires_at") {
		return "", false
	}
	due, known := c.due(i.expiry())
	if due {
		return api.InviteExpired, known
	}
	return api.InvitePending, known
}

// invites reports pending invites whose email is that of a user or of another
// pending invite.
func (c checker) invites(o *Organization) {
	users := map[string]*node{}
	for _, u := range o.Users {
		if at := u.at.Get("email"); c.usable(at) {
			users[c.mailbox(u.Email)] = at
		}
	}
	invited := map[string]*node{}
	for _, i := range o.Invites {
		c.invite(i)
		at := i.at.Get("email")
		if status, known := c.currentStatus(i); !known || status != api.InvitePending || !c.usable(at) {
			continue
		}
		email := c.mailbox(i.Email)
		switch user, first := users[email], invited[email]; {
		case user != nil:
			c.contradictory(at, "email %s of a pending invite belongs to a user (at %s)", text.Quote(i.Email), user.Pointer())
		case first != nil:
			c.contradictory(at, "duplicate email %s of a pending invite (first at %s)", text.Quote(i.Email), first.Pointer())
		default:
			invited[email] = at
		}
	}
}

func (c checker) invite(i Invite) {
	if c.anyFaulty(i.at, "invited_at", "expires_at", "accepted_at") {
		return
	}
	expiry, expiresAt := i.expiry(), i.at.Get("expires_at")
	if c.before(expiry, i.InvitedAt) {
		c.contradictory(expiresAt, "expires_at must not be before %s", startOf(i.at, "invited_at"))
	}
	if i.AcceptedAt.given() {
		if c.before(i.AcceptedAt, i.InvitedAt) {
			c.contradictory(i.at.Get("accepted_at"), "accepted_at must not be before %s", startOf(i.at, "invited_at"))
		} else if c.before(expiry, i.AcceptedAt) {
			c.contradictory(i.at.Get("accepted_at"), "accepted_at must not be after expires_at")
		}
	}
	if due, known := c.due(expiry); i.Status == api.InviteExpired && known && !due {
		c.contradictory(cmp.Or(expiresAt, i.at.Get("status")), "expires_at must not be in the future when status is expired")
	}
}

func (l *loader) invites() (invites []api.Invite) {
	ids := usedIDs{}
	for _, i := range l.o.Invites {
		ids.add(i.ID)
	}
	for _, i := range l.o.Invites {
		invited := i.InvitedAt.at(l.now)
		status, _ := l.currentStatus(i)
		invites = append(invites, api.Invite{
			ID: ids.orDraw(i.ID, l.draw("invite_", invited)), Type: api.TypeInvite,
			Email: i.Email, Role: i.Role, Status: status,
			InvitedAt: invited, ExpiresAt: i.expiry().at(l.now), AcceptedAt: i.AcceptedAt.atOrNull(l.now),
			RBACGroupIDs: []string{},
		})
	}
	return invites
}

func exportInvite(i api.Invite) Invite {
	return Invite{
		ID: i.ID, Email: i.Email, Role: i.Role, Status: i.Status,
		InvitedAt: At(i.InvitedAt.Time), ExpiresAt: At(i.ExpiresAt.Time), AcceptedAt: OrNull(i.AcceptedAt),
	}
}
