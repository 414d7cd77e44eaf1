package seed

import (
	"time"

	"antechamber/api"
	"antechamber/store"
)

// checker looks for states that the API could not have reached. Without a
// clock it passes over what only the clock can tell.
type checker struct {
	*report
	now *api.Time // nil while no clock runs
}

// before tells whether a is known to lie before b.
func (c checker) before(a, b instant) bool {
	order, known := a.compare(b, c.now)
	return known && order < 0
}

// apart tells whether a and b are known to be different instants.
func (c checker) apart(a, b instant) bool {
	order, known := a.compare(b, c.now)
	return known && order != 0
}

// due tells whether the clock has reached the instant, as far as that is
// known.
func (c checker) due(a instant) (due, known bool) {
	order, known := a.compare(instant{}, c.now)
	return order <= 0, known
}

// reach reports a time that the clock takes out of the range of times.
func (c checker) reach(times ...value[instant]) {
	for _, v := range times {
		if c.now != nil && v.given && !inRange(v.v.at(*c.now)) {
			c.contradictory(v.at, "expected a time from 1970 to 9999: the clock shows %s", c.now)
		}
	}
}

// happened reports times that have not come yet.
func (c checker) happened(times ...value[instant]) {
	for _, v := range times {
		due, known := c.due(v.v)
		switch {
		case !v.given || !known || due:
			c.reach(v)
		case v.v.absolute.IsZero():
			c.contradictory(v.at, "expected a time that has come")
		default:
			c.contradictory(v.at, "expected a time that has come: the clock shows %s", c.now)
		}
	}
}

// happened are the times of what has happened to the organization. Only an
// expiry may lie ahead of the clock, and a use of a key, since one of the
// contract's examples does.
func (o *organization) happened() []value[instant] {
	times := []value[instant]{o.defaultWorkspace.createdAt}
	for _, u := range o.users {
		times = append(times, u.addedAt)
	}
	for _, v := range o.removed {
		times = append(times, v.addedAt)
	}
	for _, i := range o.invites {
		times = append(times, i.invitedAt, i.acceptedAt)
	}
	for i := range o.workspaces {
		times = append(times, o.workspaces[i].createdAt, o.workspaces[i].archivedAt)
	}
	for i := range o.keys {
		times = append(times, o.keys[i].createdAt)
		for _, change := range o.keys[i].history {
			times = append(times, change.when)
		}
	}
	return times
}

// faulty tells whether nothing is to be concluded from some of the times.
func faulty(times ...value[instant]) bool {
	for _, v := range times {
		if v.faulty {
			return true
		}
	}
	return false
}

func (c checker) organization(o *organization) {
	c.happened(o.happened()...)
	c.invites(o)
	for i := range o.workspaces {
		c.workspace(&o.workspaces[i])
	}
	for i := range o.keys {
		c.key(&o.keys[i])
	}
}

// expiry is when an invite expires: as given, or as production decides.
func (i invite) expiry() instant {
	return i.expiresAt.or(i.invitedAt.or(instant{}).plus(store.InviteLifetime))
}

// state is an invite's status by the clock, as far as it is known.
func (c checker) state(i invite) (status api.InviteStatus, known bool) {
	if i.status.given && i.status.v != api.InvitePending {
		return i.status.v, true
	}
	if i.status.faulty || faulty(i.invitedAt, i.expiresAt) {
		return "", false
	}
	due, known := c.due(i.expiry())
	if due {
		return api.InviteExpired, known
	}
	return api.InvitePending, known
}

func (c checker) invites(o *organization) {
	users := map[string]*node{}
	for _, u := range o.users {
		if u.email.given {
			users[address(u.email.v)] = u.at
		}
	}
	invited := map[string]*node{}
	for _, i := range o.invites {
		c.invite(i)
		status, known := c.state(i)
		if !known || status != api.InvitePending || !i.email.given {
			continue
		}
		email := address(i.email.v)
		switch {
		case users[email] != nil:
			c.contradictory(i.email.at, "expected an address that belongs to no user while the invite is pending: the user at %s has it", users[email].pointer())
		case invited[email] != nil:
			c.contradictory(i.email.at, "expected an address with one pending invite: the one at %s is pending too", invited[email].pointer())
		default:
			invited[email] = i.at
		}
	}
}

func (c checker) invite(i invite) {
	c.reach(i.expiresAt)
	if faulty(i.invitedAt, i.expiresAt, i.acceptedAt) {
		return
	}
	invited, expiry := i.invitedAt.or(instant{}), i.expiry()
	if c.before(expiry, invited) {
		c.contradictory(i.expiresAt.at, "expected a time that is not before invited_at")
	}
	if accepted := i.acceptedAt; accepted.given {
		if c.before(accepted.v, invited) {
			c.contradictory(accepted.at, "expected a time that is not before invited_at")
		} else if c.before(expiry, accepted.v) {
			c.contradictory(accepted.at, "expected a time that is not after expires_at")
		}
	}
	if due, known := c.due(expiry); i.status.v == api.InviteExpired && known && !due {
		c.contradictory(i.expiresAt.nodeOr(i.status.at), `expected a time in "expires_at" that has come, for the status is "expired"`)
	}
}

func (c checker) workspace(w *workspace) {
	if !faulty(w.createdAt, w.archivedAt) && w.archivedAt.given && c.before(w.archivedAt.v, w.createdAt.or(instant{})) {
		c.contradictory(w.archivedAt.at, "expected a time that is not before created_at")
	}
}

// toldStatus is what the file says of a key's status: by the status itself, or
// by the last change.
func (k *key) toldStatus() (api.APIKeyStatus, *node) {
	switch {
	case k.status.given:
		return k.status.v, k.status.at
	case len(k.history) > 0 && !k.status.faulty && !k.historyFaulty:
		last := k.history[len(k.history)-1]
		return last.status.v, last.status.at
	}
	return "", k.at
}

func (c checker) key(k *key) {
	c.reach(k.lastUsedAt, k.expiresAt)
	archived := k.in != nil && k.in.archivedAt.given
	status, at := k.toldStatus()
	if archived && status != "" && status != api.KeyArchived {
		c.contradictory(at, `expected "archived": the key's workspace is archived`)
	}
	if faulty(k.createdAt, k.expiresAt) || k.in != nil && k.in.archivedAt.faulty {
		return
	}
	created := k.createdAt.or(instant{})
	if archived && c.before(k.in.archivedAt.v, created) {
		c.contradictory(k.createdAt.nodeOr(k.at), "expected a key that was created before its workspace was archived")
	}
	if k.expiresAt.given {
		if c.before(k.expiresAt.v, created) {
			c.contradictory(k.expiresAt.at, "expected a time that is not before created_at")
		}
		if due, known := c.due(k.expiresAt.v); status == api.KeyExpired && known && !due {
			c.contradictory(k.expiresAt.at, `expected a time that has come, for the status is "expired"`)
		}
	}
	if len(k.history) > 0 && !k.historyFaulty {
		c.history(k, created)
	}
}

// history reports a history of the status that the rules of the API forbid.
func (c checker) history(k *key, created instant) {
	if first := k.history[0]; c.apart(first.when.v, created) {
		c.contradictory(first.when.at, "expected created_at: the first change is how the key began")
	}
	for i, change := range k.history {
		if i > 0 {
			c.follows(k.history[i-1], change)
		}
		c.fits(k, i)
	}
	if last := k.history[len(k.history)-1]; k.status.given && last.status.v != k.status.v {
		c.contradictory(last.status.at, "expected the key's status, %q, as the last one", k.status.v)
	}
}

// follows reports a change that cannot come after another.
func (c checker) follows(earlier, change change) {
	was, is := earlier.status.v, change.status.v
	switch {
	case was == is:
		c.contradictory(change.status.at, "expected a change: the status is %q already", is)
	case was == api.KeyArchived:
		c.contradictory(change.status.at, "expected no change after archiving, which is final")
	case was == api.KeyExpired && is != api.KeyArchived:
		c.contradictory(change.status.at, `expected "archived": nothing else can follow "expired"`)
	}
	if c.before(change.when.v, earlier.when.v) {
		c.contradictory(change.when.at, "expected a time that is not before the change above")
	}
}

// fits reports a change that contradicts the key's other fields.
func (c checker) fits(k *key, i int) {
	change := k.history[i]
	expiry, when := k.expiresAt, change.when.v
	switch change.status.v {
	case api.KeyExpired:
		switch {
		case !expiry.given:
			c.contradictory(change.status.at, "expected a key that expires to have expires_at")
		case c.apart(when, expiry.v):
			c.contradictory(change.when.at, "expected expires_at, the instant from which a key is expired")
		}
	case api.KeyArchived:
		if expiry.given && i > 0 && k.history[i-1].status.v != api.KeyExpired && c.before(expiry.v, when) {
			c.contradictory(change.at, `expected a change to "expired" before this one: the key had passed expires_at`)
		}
		if k.in != nil && k.in.archivedAt.given && c.before(k.in.archivedAt.v, when) {
			c.contradictory(change.when.at, "expected a time that is not after the archiving of the key's workspace")
		}
	default:
		if expiry.given && c.before(expiry.v, when) {
			c.contradictory(change.when.at, "expected a time that is not after expires_at")
		}
	}
}

// clock gives what the organization's clock is at load.
func (c checker) clock(o *organization, opts Options) (store.Clock, bool) {
	var clock store.Clock
	at := o.clock.frozenAt.nodeOr(o.clock.offset.nodeOr(o.at))
	switch {
	case opts.Clock != nil:
		clock = *opts.Clock
	case o.clock.faulty:
		return store.Clock{}, false
	case o.clock.frozenAt.given:
		clock = store.FrozenAt(o.clock.frozenAt.v.absolute.Time)
	case o.clock.startsAt.given:
		from := o.clock.startsAt.v.absolute
		at = o.clock.startsAt.at
		clock.Offset = from.Sub(opts.Real)
		if !clock.Now(opts.Real).Equal(from) {
			c.contradictory(at, "expected a time at most %d years from now", int(clock.Offset.Abs()/(365*24*time.Hour)))
			return store.Clock{}, false
		}
	case !o.clock.offset.given && opts.NoClock != nil:
		clock = *opts.NoClock
	default:
		clock.Offset = o.clock.offset.v
		clock.Offset += o.ahead(clock.Now(opts.Real))
	}
	if now := clock.Now(opts.Real); now.Before(earliest.Time) || now.After(store.LatestClock.Time) {
		c.contradictory(at, "expected a clock that shows a time from 1970 to 9998, not %s", now)
		return store.Clock{}, false
	}
	return clock, true
}

// maxSkew is how far the clocks of two machines are thought to be apart.
const maxSkew = time.Hour

// ahead is by how much a running clock has to be set forward so that it is not
// behind what has happened: an export may come from a machine whose clock is a
// little ahead of this one's.
func (o *organization) ahead(now api.Time) time.Duration {
	var most time.Duration
	for _, v := range o.happened() {
		if by := v.v.absolute.Sub(now.Time); v.given && !v.v.absolute.IsZero() && by <= maxSkew {
			most = max(most, by)
		}
	}
	return most
}
