// Package store holds the state of organizations and the rules of the Admin
// API: one exported method for each operation. It knows nothing about HTTP.
//
// An organization's state is a chain of immutable versions. A write copies the
// current version (only the heads of its trees), works on the copy and publishes or
// discards it; a reader loads a pointer and never waits. See update, and table for
// rows and their orders.
//
// A method with input takes the error found in that input, if any, as its last
// argument, inputErr, because checks have a fixed order: first whether the objects in
// the path exist, then the input, then the rules of the state.
package store

import (
	"math"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"antechamber/internal/text"
)

// Store holds the organizations of one process. The admin key of a request
// selects one.
type Store struct {
	realTime func() time.Time

	mu              sync.RWMutex
	first           *Organization
	byID            map[string]*Organization
	byKey           map[string]*Organization
	orders          orders
	numbers         uint64 // of organizations that were added
	organizationIDs IDs    // the stream of ids and keys for new organizations
	forkTTL         int64  // how long a fork may be unused, in microseconds; 0 for forever
	counts          Counts

	stale      stalePlaces
	nextExpiry atomic.Int64 // no organization expires before, in microseconds since 1970
	// Removed is called with each organization that was deleted, has expired or was
	// an unused fork. It must not call the store, and may be nil.
	Removed func(o *Organization)
	// Changed is called whenever the result of Dump has changed. It must not call
	// the store or block, and may be nil.
	Changed func()
}

// MaxOrganizations is the maximum number of organizations in a store.
const MaxOrganizations = 20_000

// New returns a store without organizations. Running clocks follow realTime, which
// must not go backwards.
func New(realTime func() time.Time) *Store {
	s := &Store{realTime: realTime, byID: map[string]*Organization{}, byKey: map[string]*Organization{}, orders: newOrders()}
	s.nextExpiry.Store(math.MaxInt64)
	return s
}

// RealTime returns the time that running clocks follow.
func (s *Store) RealTime() time.Time { return s.realTime() }

// AdminKeyPattern is the form of an admin key as a regular expression, and
// AdminKeyForm as text.
const (
	AdminKeyPattern = `^sk-ant-admin[0-9]{2}-[A-Za-z0-9_-]{1,128}$`
	AdminKeyForm    = "sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -"
)

var adminKey = regexp.MustCompile(AdminKeyPattern)

// ValidAdminKey reports whether a key has the form of an admin key.
func ValidAdminKey(key string) bool { return adminKey.MatchString(key) }

// Add builds an organization from its contents and adds it. It returns an error,
// and adds nothing, if the id or an admin key belongs to another organization or
// the contents are inconsistent.
func (s *Store) Add(c Contents) (*Organization, error) { return s.AddSeeded(c, Seeded{}) }

// Seeded describes how a reset or a fork loads contents again.
type Seeded struct {
	// Reload loads the contents again. It is nil if that cannot change them.
	Reload func(realTime time.Time) (Contents, error)
	// RestartClock makes the clock start again at its initial time.
	RestartClock bool
	// Index is the organization's index in its seed.
	Index int
}

// AddSeeded is Add for contents that can be loaded again.
func (s *Store) AddSeeded(c Contents, from Seeded) (*Organization, error) {
	built, err := build(c)
	if err != nil {
		return nil, err
	}
	now := s.realTime()
	g := &origin{state: built, loaded: now, reload: from.Reload, seedIndex: from.Index}
	if from.RestartClock {
		g.clockStart = c.Clock.Now(now)
	}
	o := s.organization(built, g, OriginSeed)
	// Organizations with the same id seed have different request ids.
	o.requestSeed = hash(c.ID) ^ c.IDs.Seed
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.organizationIDs.Seed = mix(c.IDs.Seed, hash(c.ID))
	}
	if err := s.identifyLocked(o, c.ID, c.AdminKeys); err != nil {
		return nil, err
	}
	return o, nil
}

// organization returns a handle of a new organization, used now.
func (s *Store) organization(version *state, g *origin, createdFrom Origin) *Organization {
	o := &Organization{core: &core{store: s, realTime: s.realTime, origin: g, createdFrom: createdFrom}}
	o.handle = o
	o.state.Store(version)
	o.used.Store(s.now())
	return o
}

// identify sets the id and the admin keys that select an organization. It returns
// an error, and changes nothing, if one of them belongs to another organization.
func (s *Store) identify(o *Organization, id string, keys []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identifyLocked(o, id, keys)
}

func (s *Store) identifyLocked(o *Organization, id string, keys []string) error {
	for _, key := range keys {
		other := s.byKey[key]
		switch {
		case !ValidAdminKey(key):
			return refused("invalid_admin_key", "invalid admin key: want "+AdminKeyForm)
		case other != nil && !other.Same(o):
			return &Error{Kind: Conflict, Code: "admin_key_taken", Message: "the admin key belongs to another organization"}
		}
	}
	if other := s.byID[id]; other != nil && !other.Same(o) {
		return &Error{Kind: Conflict, Code: "organization_exists", Message: "organization " + text.Quote(id) + " already exists"}
	}
	if o.removed {
		return noSuch("organization", id)
	}
	old := o.identity.Load()
	if old == nil && !s.makeRoomLocked() {
		return refused("too_many_organizations", "the server has "+text.Number(MaxOrganizations)+" organizations, the maximum, and no unused fork (delete some, or set a ttl)")
	}
	if old != nil {
		delete(s.byID, old.id)
		for _, key := range old.keys {
			delete(s.byKey, key)
		}
	}
	s.byID[id] = o
	for _, key := range keys {
		s.byKey[key] = o
	}
	o.identity.Store(&identity{id, slices.Clone(keys)})
	if old == nil {
		s.numbers++
		o.number = s.numbers
		s.orders.add(o)
		s.scheduleLocked()
	} else {
		s.orders.move(o) // its id may have changed
	}
	if s.first == nil {
		s.first = o
	}
	s.changed()
	return nil
}

// Authenticate returns the organization that the admin key selects, or nil. That is a
// use of it, as is Organization.
func (s *Store) Authenticate(key string) *Organization {
	return s.find(func() *Organization { return s.byKey[key] })
}

// Organization returns the organization with the given id, or nil.
func (s *Store) Organization(id string) *Organization {
	return s.find(func() *Organization { return s.byID[id] })
}

func (s *Store) find(look func() *Organization) *Organization {
	now := s.now()
	s.removeExpired(now)
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := look()
	if o != nil {
		o.use(now)
	}
	return o
}

// Organizations returns all organizations, in order of creation.
func (s *Store) Organizations() []*Organization {
	s.RemoveExpired()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.orders.created.Items()
}

// Len returns the number of organizations.
func (s *Store) Len() int {
	s.RemoveExpired()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byID)
}

// First returns the organization that was added first, or nil.
func (s *Store) First() *Organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.first
}

// From is what a new organization is created from.
type From struct {
	origin      *origin
	createdFrom Origin
}

// FromSeed returns the origin of the first organization: the seed, not its current
// state.
func (s *Store) FromSeed() From { return From{s.First().origin, OriginSeed} }

// FromCurrent returns the current state of the organization as an origin.
func (o *Organization) FromCurrent() From {
	return From{&origin{state: o.view(), loaded: o.realTime()}, OriginOrganization}
}

// FromSnapshot returns a snapshot of the organization as an origin, and reports
// whether there is such a snapshot.
func (o *Organization) FromSnapshot(name string) (From, bool) {
	s, ok := o.snapshot(name)
	return From{s.origin, OriginSnapshot}, ok
}

// FromEmpty builds an origin from contents without users.
func FromEmpty(c Contents) (From, error) {
	built, err := build(c)
	return From{&origin{state: built}, OriginEmpty}, err
}

// NewOrganization is the input of Create.
type NewOrganization struct {
	From     From
	Name     string        // the origin's when empty
	AdminKey string        // generated when empty
	TTL      time.Duration // in real time; 0 for forever
}

// Create adds an organization. It shares the version, so the cost does not depend on
// its size. Its id is derived from its key, so that it does not depend on the order
// in which several are created.
func (s *Store) Create(in NewOrganization) (*Organization, error) {
	return s.create(in, in.From.createdFrom)
}

func (s *Store) create(in NewOrganization, createdFrom Origin) (*Organization, error) {
	s.RemoveExpired()
	now := s.realTime()
	version, err := in.From.origin.version(now)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	floor := s.counts.Floor
	s.mu.RUnlock()
	o := s.organization(version.withName(in.Name).drawnFrom(floor), in.From.origin, createdFrom)
	o.name = in.Name
	o.requests.Store(floor)
	if in.TTL > 0 {
		o.expires = now.Add(in.TTL)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.byKey[in.AdminKey]; other != nil && createdFrom == OriginFork {
		return other, nil // a concurrent request created it first
	}
	key := in.AdminKey
	for key == "" || in.AdminKey == "" && s.byKey[key] != nil {
		key = s.organizationIDs.New("sk-ant-admin01-", s.first.Now().Time)
	}
	ids := IDs{Seed: mix(s.organizationIDs.Seed, hash(key))}
	id := ids.UUID()
	for s.byID[id] != nil && s.byKey[key] == nil {
		id = ids.UUID()
	}
	o.requestSeed = hash(id) ^ version.ids.Seed
	if err := s.identifyLocked(o, id, []string{key}); err != nil {
		return nil, err
	}
	return o, nil
}

// AuthenticateOrFork is Authenticate for servers that fork unknown keys: a
// well-formed key seen for the first time, or whose fork was removed, gets a new
// organization, created from the seed. It returns nil for a key that is not
// well-formed.
func (s *Store) AuthenticateOrFork(key string) (*Organization, error) {
	o := s.Authenticate(key)
	if o != nil || !ValidAdminKey(key) {
		return o, nil
	}
	return s.create(NewOrganization{From: s.FromSeed(), AdminKey: key}, OriginFork)
}

// Delete removes an organization and its keys. It refuses the first one, to which
// requests without a known key are attributed.
func (s *Store) Delete(o *Organization) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.Same(o) {
		return refused("first_organization", "the first organization cannot be deleted")
	}
	if !s.removeLocked(o) {
		return noSuch("organization", o.ID())
	}
	return nil
}

// removeLocked removes an organization, and reports whether the store had it.
func (s *Store) removeLocked(o *Organization) bool {
	if o.removed {
		return false
	}
	s.refreshPlacesLocked() // or stale would keep it in memory
	o.removed = true
	s.orders.remove(o)
	ident := o.identity.Load()
	delete(s.byID, ident.id)
	for _, key := range ident.keys {
		delete(s.byKey, key)
	}
	s.changed()
	if s.Removed != nil {
		s.Removed(o)
	}
	return true
}
