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
	"fmt"
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
	all             []*Organization // in order of creation
	byID            map[string]*Organization
	byKey           map[string]*Organization
	organizationIDs IDs // the stream of ids and keys for new organizations
	counts          Counts

	nextExpiry atomic.Int64 // of the organization that expires first, in nanoseconds since 1970
	// Removed is called with each organization that was deleted or has expired. It
	// must not call the store, and may be nil.
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
	s := &Store{realTime: realTime, byID: map[string]*Organization{}, byKey: map[string]*Organization{}}
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
	o := s.organization(built, g)
	// Organizations with the same id seed have different request ids.
	o.requestSeed = hash(c.ID) ^ c.IDs.Seed
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		s.organizationIDs.Seed = mix(c.IDs.Seed, hash(c.ID))
	}
	if err := s.identifyLocked(o, c.ID, c.AdminKeys); err != nil {
		return nil, err
	}
	return o, nil
}

// organization returns a handle of a new organization.
func (s *Store) organization(version *state, g *origin) *Organization {
	o := &Organization{core: &core{store: s, realTime: s.realTime, origin: g}}
	o.state.Store(version)
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
	if old == nil && len(s.all) >= MaxOrganizations {
		return refused("too_many_organizations", fmt.Sprintf("the server has %d organizations, the maximum (delete some, or set a ttl)", MaxOrganizations))
	}
	if old == nil {
		s.all = append(s.all, o)
		old = &identity{}
	}
	delete(s.byID, old.id)
	for _, key := range old.keys {
		delete(s.byKey, key)
	}
	s.byID[id] = o
	for _, key := range keys {
		s.byKey[key] = o
	}
	o.identity.Store(&identity{id, slices.Clone(keys)})
	s.changed()
	return nil
}

// Authenticate returns the organization that the admin key selects, or nil.
func (s *Store) Authenticate(key string) *Organization {
	s.RemoveExpired()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[key]
}

// Organization returns the organization with the given id, or nil.
func (s *Store) Organization(id string) *Organization {
	s.RemoveExpired()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// Organizations returns all organizations, in order of creation.
func (s *Store) Organizations() []*Organization {
	s.RemoveExpired()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.all)
}

// First returns the organization that was added first, or nil.
func (s *Store) First() *Organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.all) == 0 {
		return nil
	}
	return s.all[0]
}

// From is the origin of a new organization.
type From struct{ origin *origin }

// FromSeed returns the origin of the first organization: the seed, not its current
// state.
func (s *Store) FromSeed() From { return From{s.First().origin} }

// FromCurrent returns the current state of the organization as an origin.
func (o *Organization) FromCurrent() From {
	return From{&origin{state: o.view(), loaded: o.realTime()}}
}

// FromSnapshot returns a snapshot of the organization as an origin, and reports
// whether there is such a snapshot.
func (o *Organization) FromSnapshot(name string) (From, bool) {
	s, ok := o.snapshot(name)
	return From{s.origin}, ok
}

// FromContents builds an origin from contents.
func FromContents(c Contents) (From, error) {
	built, err := build(c)
	return From{&origin{state: built}}, err
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
	s.RemoveExpired()
	now := s.realTime()
	version, err := in.From.origin.version(now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.organization(version.withName(in.Name).drawnFrom(s.counts.Floor), in.From.origin)
	o.name = in.Name
	o.requests.Store(s.counts.Floor)
	key := in.AdminKey
	for key == "" || in.AdminKey == "" && s.byKey[key] != nil {
		key = s.organizationIDs.New("sk-ant-admin01-", s.all[0].Now().Time)
	}
	ids := IDs{Seed: mix(s.organizationIDs.Seed, hash(key))}
	id := ids.UUID()
	for s.byID[id] != nil && s.byKey[key] == nil {
		id = ids.UUID()
	}
	o.requestSeed = hash(id) ^ version.ids.Seed
	if in.TTL > 0 {
		o.expires = now.Add(in.TTL)
	}
	if err := s.identifyLocked(o, id, []string{key}); err != nil {
		return nil, err
	}
	if in.TTL > 0 {
		s.nextExpiry.Store(min(s.nextExpiry.Load(), o.expires.UnixNano()))
	}
	return o, nil
}

// AuthenticateOrFork is Authenticate for servers that fork unknown keys: a
// well-formed key seen for the first time gets a new organization, created from the
// seed. It returns nil for a key that is not well-formed.
func (s *Store) AuthenticateOrFork(key string) (*Organization, error) {
	o := s.Authenticate(key)
	if o != nil || !ValidAdminKey(key) {
		return o, nil
	}
	o, err := s.Create(NewOrganization{From: s.FromSeed(), AdminKey: key})
	if err != nil {
		if other := s.Authenticate(key); other != nil {
			return other, nil // a concurrent request created it first
		}
	}
	return o, err
}

// Delete removes an organization and its keys. It refuses the first one, to which
// requests without a known key are attributed.
func (s *Store) Delete(o *Organization) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) > 0 && s.all[0].Same(o) {
		return refused("first_organization", "the first organization cannot be deleted")
	}
	if !s.removeLocked(o) {
		return noSuch("organization", o.ID())
	}
	return nil
}

// removeLocked removes an organization, and reports whether the store had it.
func (s *Store) removeLocked(o *Organization) bool {
	i := slices.IndexFunc(s.all, o.Same)
	if i < 0 {
		return false
	}
	o.removed = true
	s.all = slices.Delete(s.all, i, i+1)
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

// RemoveExpired removes the organizations whose time to live has passed. The methods
// that return organizations call it first.
func (s *Store) RemoveExpired() {
	if s.nextExpiry.Load() == math.MaxInt64 {
		return
	}
	now := s.realTime()
	if now.UnixNano() < s.nextExpiry.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := int64(math.MaxInt64)
	for _, o := range slices.Clone(s.all) {
		switch {
		case o.expires.IsZero():
		case o.expires.After(now):
			next = min(next, o.expires.UnixNano())
		default:
			s.removeLocked(o)
		}
	}
	s.nextExpiry.Store(next)
}
