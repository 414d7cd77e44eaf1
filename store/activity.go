package store

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"antechamber/api"
)

// Origin says what an organization was created from.
type Origin string

// The origins of organizations. Only forks are removed when they are unused.
const (
	OriginSeed         Origin = "seed"
	OriginEmpty        Origin = "empty"
	OriginFork         Origin = "fork" // of the seed, for an unknown key
	OriginOrganization Origin = "organization"
	OriginSnapshot     Origin = "snapshot"
)

// Origins lists all origins.
var Origins = []Origin{OriginSeed, OriginEmpty, OriginFork, OriginOrganization, OriginSnapshot}

// place is an organization's place in the order of last use: most recent first, and
// for equal times by id. It may be older than the last use, see refreshPlacesLocked.
type place struct {
	used int64 // real time, in microseconds since 1970
	id   string
	o    *Organization
}

func (p place) before(q place) bool {
	if p.used != q.used {
		return p.used > q.used
	}
	return p.id < q.id
}

// orders holds the organizations of a store, sorted in the ways that removals and lists
// need, so that neither looks at all of them. The store's lock guards it.
type orders struct {
	created  *btree.BTreeG[*Organization] // in order of creation
	expiring *btree.BTreeG[*Organization] // those with a time to live, the first to expire first
	recent   *btree.BTreeG[place]         // all
	forks    *btree.BTreeG[place]         // those that are removed when unused
}

func newOrders() orders {
	opts := btree.Options{NoLocks: true}
	return orders{
		created: btree.NewBTreeGOptions(func(a, b *Organization) bool { return a.number < b.number }, opts),
		expiring: btree.NewBTreeGOptions(func(a, b *Organization) bool {
			if c := a.expires.Compare(b.expires); c != 0 {
				return c < 0
			}
			return a.number < b.number
		}, opts),
		recent: btree.NewBTreeGOptions(place.before, opts),
		forks:  btree.NewBTreeGOptions(place.before, opts),
	}
}

func (p *orders) add(o *Organization) {
	p.created.Set(o)
	if !o.expires.IsZero() {
		p.expiring.Set(o)
	}
	p.move(o)
}

// move puts an organization at the place of its last use.
func (p *orders) move(o *Organization) {
	p.recent.Delete(o.place)
	p.forks.Delete(o.place)
	o.place = place{o.used.Load(), o.ID(), o}
	p.recent.Set(o.place)
	if o.createdFrom == OriginFork {
		p.forks.Set(o.place)
	}
}

func (p *orders) remove(o *Organization) {
	p.created.Delete(o)
	p.expiring.Delete(o)
	p.recent.Delete(o.place)
	p.forks.Delete(o.place)
}

// stalePlaces collects the organizations that were used since they got their place. A
// use only adds its organization here, and only once, so that requests don't take the
// store's lock.
type stalePlaces struct {
	mu  sync.Mutex
	all []*Organization
}

// use records a use at a real time.
func (o *Organization) use(now int64) {
	for {
		last := o.used.Load()
		if last >= now {
			return
		}
		if o.used.CompareAndSwap(last, now) {
			break
		}
	}
	if !o.stale.Swap(true) {
		m := &o.store.stale
		m.mu.Lock()
		defer m.mu.Unlock()
		m.all = append(m.all, o.handle)
	}
}

// refreshPlacesLocked moves the organizations that were used to their new places. Each
// use causes at most one move.
func (s *Store) refreshPlacesLocked() {
	s.stale.mu.Lock()
	all := s.stale.all
	s.stale.all = nil
	s.stale.mu.Unlock()
	for _, o := range all {
		o.stale.Store(false) // before the time is read: a later use adds it again
		if !o.removed {
			s.orders.move(o)
		}
	}
}

// gone is the number of holds of a fork that was removed: no hold makes it positive.
const gone = math.MinInt32 / 2

// Hold keeps an organization in use until Release: a fork is not removed meanwhile. It
// reports false, and holds nothing, if the organization is a fork that was removed
// for being unused. Every Hold that reports true needs a Release.
func (o *Organization) Hold() bool { return o.holds.Add(1) > 0 }

// Release ends a Hold.
func (o *Organization) Release() {
	o.use(o.realTime().UnixMicro()) // before it can be removed
	o.holds.Add(-1)
}

// Origin returns what the organization was created from.
func (o *Organization) Origin() Origin { return o.createdFrom }

// LastActivity returns when the organization was last used, in real time.
func (o *Organization) LastActivity() api.Time { return api.At(time.UnixMicro(o.used.Load())) }

// SetForkTTL sets how long a fork may be unused before it is removed; 0 is forever.
func (s *Store) SetForkTTL(ttl time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forkTTL = max(0, (ttl + time.Microsecond - 1).Microseconds())
	s.scheduleLocked()
}

// scheduleLocked sets the next time at which an organization may have to be removed.
func (s *Store) scheduleLocked() {
	next := int64(math.MaxInt64)
	if o, ok := s.orders.expiring.Min(); ok {
		next = o.expires.UnixMicro()
	}
	if p, ok := s.orders.forks.Max(); ok && s.forkTTL > 0 {
		next = min(next, p.used+s.forkTTL)
	}
	s.nextExpiry.Store(next)
}

// RemoveExpired removes the organizations whose time to live has passed, and forks
// that were unused for too long. The methods that return organizations call it first.
func (s *Store) RemoveExpired() { s.removeExpired(s.now()) }

// now returns the real time in microseconds since 1970.
func (s *Store) now() int64 { return s.realTime().UnixMicro() }

func (s *Store) removeExpired(now int64) {
	if now < s.nextExpiry.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		o, ok := s.orders.expiring.Min()
		if !ok || o.expires.UnixMicro() > now {
			break
		}
		s.removeLocked(o)
	}
	if s.forkTTL > 0 {
		s.refreshPlacesLocked()
		for o := s.claimLocked(now, now-s.forkTTL); o != nil; o = s.claimLocked(now, now-s.forkTTL) {
			s.removeLocked(o)
		}
	}
	s.scheduleLocked()
}

// claimLocked returns the fork that has been unused for longest, and not since a time,
// for the caller to remove: from now on nobody can hold it. It returns nil if there is
// none. Forks that are held, or have just been released, are in use at this moment.
func (s *Store) claimLocked(now, since int64) (found *Organization) {
	var held []*Organization
	s.orders.forks.Reverse(func(p place) bool {
		switch {
		case p.used > since:
			return false
		// In this order: a Release that ends the last hold has recorded its use before.
		case p.o.holds.Load() == 0 && p.o.used.Load() == p.used && p.o.holds.CompareAndSwap(0, gone):
			found = p.o
			return false
		}
		held = append(held, p.o)
		return true
	})
	for _, o := range held {
		o.use(now)
	}
	s.refreshPlacesLocked()
	return found
}

// makeRoomLocked removes the fork that has been unused for longest if the store is
// full, and reports whether there is room for an organization.
func (s *Store) makeRoomLocked() bool {
	if len(s.byID) < MaxOrganizations {
		return true
	}
	now := s.now()
	s.refreshPlacesLocked()
	o := s.claimLocked(now, math.MaxInt64)
	return o != nil && s.removeLocked(o)
}

// Activity is a position in the list of organizations.
type Activity struct {
	At api.Time // last activity, in real time
	ID string
}

// Active is an organization in the list of organizations. Its Activity determines its
// position; the organization may have been used since.
type Active struct {
	*Organization
	Activity
}

// OrganizationFilter selects organizations of the list.
type OrganizationFilter struct {
	// Search selects organizations with this text in their name or id, or at the end of
	// an admin key, ignoring case. Empty selects all.
	Search string
	After  *Activity // the position after which the list starts; nil for the beginning
	Limit  int
}

// ListOrganizations returns organizations, most recently used first, and for equal
// times by id, and reports whether more follow. It stops with the error of ctx when
// that is done.
//
// A position stays valid when its organization is used or removed: a walk through all
// pages ends, sees no organization twice, and misses those that are used meanwhile.
func (s *Store) ListOrganizations(ctx context.Context, f OrganizationFilter) (page []Active, more bool, err error) {
	s.RemoveExpired()
	s.mu.Lock()
	s.refreshPlacesLocked()
	recent := s.orders.recent.Copy() // walked without the lock
	s.mu.Unlock()
	from := place{used: math.MaxInt64}
	if f.After != nil {
		from = place{used: f.After.At.UnixMicro(), id: f.After.ID}
	}
	search, walked := strings.ToLower(f.Search), 0
	recent.Ascend(from, func(p place) bool {
		if walked++; walked%256 == 0 {
			if err = ctx.Err(); err != nil {
				return false
			}
		}
		switch {
		case !from.before(p) || search != "" && !p.o.matches(search):
		case len(page) == f.Limit:
			more = true
			return false
		default:
			page = append(page, Active{p.o, Activity{api.At(time.UnixMicro(p.used)), p.id}})
		}
		return true
	})
	if err != nil {
		return nil, false, err
	}
	return page, more, nil
}

// matches reports whether a search finds the organization. The text is in lower case.
func (o *Organization) matches(text string) bool {
	ident := o.identity.Load()
	return strings.Contains(strings.ToLower(o.Name()), text) || strings.Contains(strings.ToLower(ident.id), text) ||
		slices.ContainsFunc(ident.keys, func(key string) bool { return strings.HasSuffix(strings.ToLower(key), text) })
}
