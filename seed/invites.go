package seed

import (
	"cmp"

	"antechamber/api"
	"antechamber/store"
)

// Invite is an invite of a seed.
type Invite struct {
	ID         string               `json:"id,omitempty"` // drawn when empty
	Email      string               `json:"email"`
	Role       api.OrganizationRole `json:"role"`
	Status     api.InviteStatus     `json:"status,omitempty"`     // pending or expired, by the clock, when empty
	InvitedAt  Time                 `json:"invited_at,omitzero"`  // now when left out
	ExpiresAt  Time                 `json:"expires_at,omitzero"`  // store.InviteLifetime later when left out
	AcceptedAt Time                 `json:"accepted_at,omitzero"` // only with status accepted

	at *node
}

func (r *report) invite(n *node) Invite {
	o := r.object(n, "an invite", "email", "role")
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
	there := i.AcceptedAt.given() || r.faulty[at]
	switch {
	case o.at == nil || r.faulty[n.Get("status")]:
	case accepted && !there:
		r.mismatched(cmp.Or(at, n), `expected a time in "accepted_at" where the status is "accepted"`)
	case !accepted && there:
		r.mismatched(at, `expected no accepted_at, or null, unless the status is "accepted"`)
	}
	return i
}

func (i Invite) times(each func(moment)) {
	each(moment{i.at, "invited_at", i.InvitedAt, began})
	each(moment{i.at, "accepted_at", i.AcceptedAt, happened})
	each(moment{i.at, "expires_at", i.ExpiresAt, ahead})
}

func (r *report) linkInvites(o *Organization) {
	ids := r.unique("id")
	for _, i := range o.Invites {
		ids.add(i.at, i.ID)
	}
}

// expiry is when an invite expires: as given, or as production decides.
func (i Invite) expiry() Time {
	if i.ExpiresAt.given() {
		return i.ExpiresAt
	}
	return i.InvitedAt.plus(store.InviteLifetime)
}

// state is an invite's status by the clock, as far as it is known.
func (c checker) state(i Invite) (status api.InviteStatus, known bool) {
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

// invites reports pending invites of one address, and those of users.
func (c checker) invites(o *Organization) {
	users := map[string]*node{}
	for _, u := range o.Users {
		if c.given(u.at.Get("email")) {
			users[api.FoldEmail(u.Email)] = u.at
		}
	}
	invited := map[string]*node{}
	for _, i := range o.Invites {
		c.invite(i)
		at := i.at.Get("email")
		if status, known := c.state(i); !known || status != api.InvitePending || !c.given(at) {
			continue
		}
		email := api.FoldEmail(i.Email)
		switch {
		case users[email] != nil:
			c.contradictory(at, "expected an address that belongs to no user while the invite is pending: the user at %s has it", users[email].Pointer())
		case invited[email] != nil:
			c.contradictory(at, "expected an address with one pending invite: the one at %s is pending too", invited[email].Pointer())
		default:
			invited[email] = i.at
		}
	}
}

func (c checker) invite(i Invite) {
	if c.anyFaulty(i.at, "invited_at", "expires_at", "accepted_at") {
		return
	}
	expiry, expiresAt := i.expiry(), i.at.Get("expires_at")
	if c.before(expiry, i.InvitedAt) {
		c.contradictory(expiresAt, "expected a time that is not before invited_at")
	}
	if i.AcceptedAt.given() {
		if c.before(i.AcceptedAt, i.InvitedAt) {
			c.contradictory(i.at.Get("accepted_at"), "expected a time that is not before invited_at")
		} else if c.before(expiry, i.AcceptedAt) {
			c.contradictory(i.at.Get("accepted_at"), "expected a time that is not after expires_at")
		}
	}
	if due, known := c.due(expiry); i.Status == api.InviteExpired && known && !due {
		c.contradictory(cmp.Or(expiresAt, i.at.Get("status")), `expected a time in "expires_at" that has come, for the status is "expired"`)
	}
}

func (l *loader) invites() (invites []api.Invite) {
	ids := taken{}
	for _, i := range l.o.Invites {
		ids.keep(i.ID)
	}
	for _, i := range l.o.Invites {
		invited := i.InvitedAt.at(l.now)
		status, _ := l.state(i)
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
