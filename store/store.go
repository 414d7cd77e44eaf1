// Package store holds the state of organizations and the rules of the Admin
// API: one exported method for each operation. It knows no HTTP.
//
// An organization's state is a chain of immutable versions. A write copies the
// present version (the heads of its trees only), works on the copy and
// publishes it, or forgets it; a reader loads a pointer and never waits. See
// update, and table for how rows and their orders are kept.
//
// A method that takes input takes the fault of that input last, as bad: what is
// checked first is whether the objects that the path names exist, then the
// input, then what the state allows.
package store

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Store holds the organizations of one process. The admin key of a request
// selects one.
type Store struct {
	realTime func() time.Time

	mu    sync.RWMutex
	all   []*Organization // in the order in which they were added
	byID  map[string]*Organization
	byKey map[string]*Organization
	made  IDs // ids and keys of organizations that are made without

	ends atomic.Int64 // when the first organization ends, in nanoseconds since 1970
	// Removed is told of organizations that were deleted or have ended; it must
	// not call the store, and may be nil.
	Removed func(o *Organization)
	// Changed is told whenever something that Kept gives has changed; it must
	// neither call the store nor wait, and may be nil.
	Changed func()
}

// MaxOrganizations is how many organizations a store holds.
const MaxOrganizations = 20_000

// New returns a store without organizations. realTime is the time that running
// clocks follow; it must not go backwards.
func New(realTime func() time.Time) *Store {
	s := &Store{realTime: realTime, byID: map[string]*Organization{}, byKey: map[string]*Organization{}}
	s.ends.Store(math.MaxInt64)
	return s
}

// RealTime is the time that running clocks follow.
func (s *Store) RealTime() time.Time { return s.realTime() }

// AdminKeyPattern is the form of an admin key, and AdminKeyForm the same in
// words.
const (
	AdminKeyPattern = `^sk-ant-admin[0-9]{2}-[A-Za-z0-9_-]{1,128}$`
	AdminKeyForm    = "sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -"
)

var adminKey = regexp.MustCompile(AdminKeyPattern)

// ValidAdminKey reports whether a key has the form of an admin key.
func ValidAdminKey(key string) bool { return adminKey.MatchString(key) }

// Add builds an organization from its contents and answers requests with its
// admin keys from now on. It fails, and adds nothing, when a key or the id
// belongs to another organization or the contents contradict themselves.
func (s *Store) Add(c Contents) (*Organization, error) { return s.AddSeeded(c, Seeded{}) }

// Seeded says how contents come about again, when a reset or a fork asks.
type Seeded struct {
	// Anew loads them once more, where that gives others.
	Anew func(realTime time.Time) (Contents, error)
	// Restarts tells that the clock begins again where it began.
	Restarts bool
	// Place is which organization of its seed it is.
	Place int
}

// AddSeeded is Add for contents that can be loaded again.
func (s *Store) AddSeeded(c Contents, from Seeded) (*Organization, error) {
	built, err := build(c)
	if err != nil {
		return nil, err
	}
	now := s.realTime()
	g := &origin{state: built, loaded: now, anew: from.Anew, place: from.Place}
	if from.Restarts {
		g.shows = c.Clock.Now(now)
	}
	o := s.organization(built, g)
	// Organizations of one id seed have other request ids all the same.
	o.requestSeed = hash(c.ID) ^ c.IDs.Seed
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		s.made.Seed = mix(c.IDs.Seed, hash(c.ID))
	}
	if err := s.identifyLocked(o, c.ID, c.AdminKeys); err != nil {
		return nil, err
	}
	return o, nil
}

// organization returns a handle of a new organization.
func (s *Store) organization(begin *state, g *origin) *Organization {
	o := &Organization{core: &core{store: s, realTime: s.realTime, origin: g}}
	o.state.Store(begin)
	return o
}

// identify makes an organization known by its id and its keys, and no more by
// those that it had. It fails, and changes nothing, when one of them belongs
// to another organization.
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
			return refused("invalid_admin_key", "An admin key is of the form sk-ant-admin01-…")
		case other != nil && !other.Same(o):
			return &Error{Kind: Conflict, Code: "admin_key_taken", Message: "An admin key selects another organization already."}
		}
	}
	if other := s.byID[id]; other != nil && !other.Same(o) {
		return &Error{Kind: Conflict, Code: "organization_exists", Message: "Organization `" + id + "` exists already."}
	}
	if o.gone {
		return notFound("Organization", id)
	}
	was := o.identity.Load()
	if was == nil && len(s.all) >= MaxOrganizations {
		return refused("too_many_organizations", fmt.Sprintf("There are %d organizations, which is as many as there may be: delete some, or give them a time to live.", MaxOrganizations))
	}
	if was == nil {
		s.all = append(s.all, o)
		was = &identity{}
	}
	delete(s.byID, was.id)
	for _, key := range was.keys {
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
	s.RemoveEnded()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[key]
}

// Organization returns the organization with the id, or nil.
func (s *Store) Organization(id string) *Organization {
	s.RemoveEnded()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// Organizations lists all of them, in the order in which they were made.
func (s *Store) Organizations() []*Organization {
	s.RemoveEnded()
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

// From is what a new organization is made from.
type From struct{ origin *origin }

// FromSeed is what the first organization was made from, not what has become
// of it.
func (s *Store) FromSeed() From { return From{s.First().origin} }

// FromNow is the organization as it is.
func (o *Organization) FromNow() From {
	return From{&origin{state: o.view(), loaded: o.realTime()}}
}

// FromSnapshot is the organization as it was when a snapshot was taken.
func (o *Organization) FromSnapshot(name string) (From, bool) {
	kept, ok := o.snapshot(name)
	return From{kept.origin}, ok
}

// FromContents is an organization of its own.
func FromContents(c Contents) (From, error) {
	built, err := build(c)
	return From{&origin{state: built}}, err
}

// NewOrganization is how a new organization differs from what it is made from.
type NewOrganization struct {
	From     From
	Name     string        // that of what it is made from when empty
	AdminKey string        // one is made when empty
	TTL      time.Duration // in real time; forever when 0
}

// Create makes an organization: a pointer to a version, however much is in it.
// Its id comes from its key, so that it does not depend on which of several is
// made first.
func (s *Store) Create(in NewOrganization) (*Organization, error) {
	s.RemoveEnded()
	now := s.realTime()
	begin, err := in.From.origin.version(now)
	if err != nil {
		return nil, err
	}
	o := s.organization(begin.named(in.Name), in.From.origin)
	o.name = in.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	key := in.AdminKey
	for key == "" || in.AdminKey == "" && s.byKey[key] != nil {
		key = s.made.New("sk-ant-admin01-", s.all[0].Now().Time)
	}
	ids := IDs{Seed: mix(s.made.Seed, hash(key))}
	id := ids.UUID()
	for s.byID[id] != nil && s.byKey[key] == nil {
		id = ids.UUID()
	}
	o.requestSeed = hash(id) ^ begin.ids.Seed
	if in.TTL > 0 {
		o.expires = now.Add(in.TTL)
	}
	if err := s.identifyLocked(o, id, []string{key}); err != nil {
		return nil, err
	}
	if in.TTL > 0 {
		s.ends.Store(min(s.ends.Load(), o.expires.UnixNano()))
	}
	return o, nil
}

// AuthenticateOrFork is Authenticate for a world in which keys are invented: a
// well-formed key that is seen for the first time gets a fresh organization,
// made from the seed. It is nil for a key that is not well-formed.
func (s *Store) AuthenticateOrFork(key string) (*Organization, error) {
	o := s.Authenticate(key)
	if o != nil || !ValidAdminKey(key) {
		return o, nil
	}
	o, err := s.Create(NewOrganization{From: s.FromSeed(), AdminKey: key})
	if err != nil {
		if other := s.Authenticate(key); other != nil {
			return other, nil // somebody else was here first
		}
	}
	return o, err
}

// Delete removes an organization and its keys. The first one stays: it is who
// requests without a key count for.
func (s *Store) Delete(o *Organization) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) > 0 && s.all[0].Same(o) {
		return refused("first_organization", "The first organization cannot be deleted.")
	}
	if !s.forget(o) {
		return notFound("Organization", o.ID())
	}
	return nil
}

// forget removes an organization, and reports whether it was there.
func (s *Store) forget(o *Organization) bool {
	i := slices.IndexFunc(s.all, o.Same)
	if i < 0 {
		return false
	}
	o.gone = true
	s.all = slices.Delete(s.all, i, i+1)
	is := o.identity.Load()
	delete(s.byID, is.id)
	for _, key := range is.keys {
		delete(s.byKey, key)
	}
	s.changed()
	if s.Removed != nil {
		s.Removed(o)
	}
	return true
}

// RemoveEnded removes the organizations whose time has come. Whoever asks for an
// organization finds that done.
func (s *Store) RemoveEnded() {
	if s.ends.Load() == math.MaxInt64 {
		return
	}
	now := s.realTime()
	if now.UnixNano() < s.ends.Load() {
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
			s.forget(o)
		}
	}
	s.ends.Store(next)
}
