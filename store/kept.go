package store

import (
	"fmt"
	"time"

	"antechamber/api"
)

// Kept is everything that a store holds, for whoever keeps it over restarts:
// its organizations, what they were made from, and the versions that both are
// of. What several share stands in it once. Snapshots, history and what is
// attached are not kept.
type Kept struct {
	Made          IDs // of the ids and keys of organizations that are made without
	Versions      []Version
	Origins       []KeptOrigin
	Organizations []KeptOrganization // in the order in which they were made
}

// Version is a version of what an organization consists of, without its id,
// its name, its admin keys and its clock: it may be that of several.
type Version struct{ state *state }

// Look is how a version looks in one place.
type Look struct {
	Version int // of Kept.Versions
	Name    string
	Clock   Clock
}

// KeptOrigin is what organizations were made from, and are reset to.
type KeptOrigin struct {
	Look
	Loaded time.Time // when, in real time
	Shows  api.Time  // where the clock begins; null for one that goes on
	Place  int       // in the seed that is loaded anew, -1 for what is not
}

// KeptOrganization is one organization.
type KeptOrganization struct {
	Look
	ID          string
	AdminKeys   []string
	Origin      int       // of Kept.Origins
	OwnName     string    // where it differs from that of its origin
	Expires     time.Time // zero for never
	Requests    uint64    // request ids drawn
	RequestSeed uint64
}

// requestsKept is after how many request ids of an organization its count is
// to be kept again.
const requestsKept = 1 << 16

// changed tells whoever keeps the store that there is something to keep.
func (s *Store) changed() {
	if s.Changed != nil {
		s.Changed()
	}
}

// Token is the same for two versions that hold the same because neither was
// written to since one came from the other.
func (v Version) Token() any { return v.state.copying }

// noID is the id in the contents of a version, which has none.
const noID = "00000000-0000-0000-0000-000000000000"

// Contents returns what the version holds, as it was last written: what has
// become due since then is not expired in it. Its clock is frozen at the latest
// instant at which something happened.
func (v Version) Contents() Contents {
	c := v.state.contents()
	c.ID, c.Clock = noID, FrozenAt(v.state.latest().Time)
	return c
}

// VersionOf builds a version of contents, whose id and admin keys are of no
// interest. It fails where they contradict themselves.
func VersionOf(c Contents) (Version, error) {
	built, err := build(c)
	return Version{built}, err
}

// Kept returns everything that the store holds at present. It costs little,
// however much that is.
func (s *Store) Kept() Kept {
	all := s.Organizations()
	k := Kept{Organizations: make([]KeptOrganization, len(all))}
	versions, origins := map[any]int{}, map[*origin]int{}
	look := func(of *state) Look {
		v := Version{of}
		i, there := versions[v.Token()]
		if !there {
			i = len(k.Versions)
			versions[v.Token()] = i
			k.Versions = append(k.Versions, v)
		}
		return Look{i, of.name, of.clock}
	}
	for n, o := range all {
		is := o.identity.Load()
		i, there := origins[o.origin]
		if !there {
			i = len(k.Origins)
			origins[o.origin] = i
			k.Origins = append(k.Origins, o.origin.kept(look))
		}
		k.Organizations[n] = KeptOrganization{
			Look: look(o.state.Load()), ID: is.id, AdminKeys: is.keys, Origin: i, OwnName: o.name, Expires: o.expires,
			Requests: o.requests.Load(), RequestSeed: o.requestSeed,
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k.Made = s.made
	return k
}

func (g *origin) kept(look func(*state) Look) KeptOrigin {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := KeptOrigin{look(g.state), g.loaded, g.shows, -1}
	if g.anew != nil {
		k.Place = g.place
	}
	return k
}

// AddKept adds what was kept to a store without organizations; anew gives how
// a place of the seed is loaded anew. It fails where two organizations have the
// same id or key.
func (s *Store) AddKept(k Kept, anew func(place int) func(realTime time.Time) (Contents, error)) error {
	looks := func(l Look) *state {
		c := *k.Versions[l.Version].state // the trees and the lock that guards them are shared
		c.name, c.clock = l.Name, l.Clock
		return &c
	}
	origins := make([]*origin, len(k.Origins))
	for i, g := range k.Origins {
		origins[i] = &origin{state: looks(g.Look), loaded: g.Loaded, shows: g.Shows}
		if g.Place >= 0 {
			origins[i].anew, origins[i].place = anew(g.Place), g.Place
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range k.Organizations {
		o := s.organization(looks(one.Look), origins[one.Origin])
		o.name, o.expires, o.requestSeed = one.OwnName, one.Expires, one.RequestSeed
		o.requests.Store(one.Requests)
		if err := s.identifyLocked(o, one.ID, one.AdminKeys); err != nil {
			return fmt.Errorf("organization %s: %w", one.ID, err)
		}
		if !o.expires.IsZero() {
			s.ends.Store(min(s.ends.Load(), o.expires.UnixNano()))
		}
	}
	s.made = k.Made
	return nil
}
