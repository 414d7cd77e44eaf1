package store

import (
	"fmt"
	"slices"
	"time"

	"antechamber/api"
	"antechamber/internal/lists"
)

// Dump is the persistent state of a Store: its organizations, their origins, and
// the versions of both. A version that several of them share occurs once.
// Snapshots, history and attachments are not part of it.
type Dump struct {
	OrganizationIDs IDs // the stream of ids and keys for new organizations
	Counts          Counts
	Versions        []Version
	Origins         []DumpOrigin
	Organizations   []DumpOrganization // in order of creation
}

// Counts bounds the counters of a Store: those of ids and of request ids, of all
// organizations.
type Counts struct {
	// Highest is the highest count that any counter has had in a dump.
	Highest uint64 `json:"highest"`
	// Floor is where the counters of new organizations start. It is 0 until the first
	// crash. A crash may lose an organization, and its key may create it again, with the
	// same id.
	Floor uint64 `json:"floor"`
}

// crashGap exceeds the number of ids and of requests that can follow a saved dump.
// Dumps are saved within a second, unless saving fails.
const crashGap = 1 << 24

// AfterCrash returns the dump to continue from if the process ended without saving a
// last one: every counter continues beyond all counts that it may have reached since.
// Resets still return to the counts of the origin.
func (d Dump) AfterCrash() Dump {
	d.Counts.Highest = (d.highest() + crashGap) & maxCount
	d.Counts.Floor = d.Counts.Highest
	d.OrganizationIDs.Drawn = d.Counts.Floor
	d.Organizations = slices.Clone(d.Organizations)
	for i := range d.Organizations {
		d.Organizations[i].Drawn, d.Organizations[i].Requests = d.Counts.Floor, d.Counts.Floor
	}
	return d
}

func (d Dump) highest() uint64 {
	n := max(d.Counts.Highest, d.OrganizationIDs.Drawn)
	for _, g := range d.Origins {
		n = max(n, g.Drawn)
	}
	for _, o := range d.Organizations {
		n = max(n, o.Drawn, o.Requests)
	}
	return n
}

// Version is a version of an organization's contents without its id, name, admin
// keys, clock and count of ids. Several organizations may share one.
type Version struct{ state *state }

// NamedVersion is a version with the name, the clock and the count of ids of its
// organization or origin.
type NamedVersion struct {
	Version int // index in Dump.Versions
	Name    string
	Clock   Clock
	Drawn   uint64 // number of ids drawn
}

// DumpOrigin is what organizations were created from and reset to.
type DumpOrigin struct {
	NamedVersion
	Loaded     time.Time // real time
	ClockStart api.Time  // where a reset restarts the clock; null if it keeps running
	SeedIndex  int       // of the organization of the seed to reload; -1 for none
}

// DumpOrganization is one organization of a Dump.
type DumpOrganization struct {
	NamedVersion
	ID           string
	AdminKeys    []string
	Origin       int    // index in Dump.Origins
	OwnName      string // if it differs from the origin's
	CreatedFrom  Origin
	LastActivity time.Time // in real time; zero if unknown
	Expires      time.Time // zero for never
	Requests     uint64    // number of request ids drawn
	RequestSeed  uint64
}

// requestSaveInterval is the number of request ids of an organization after which
// its count needs saving again.
const requestSaveInterval = 1 << 16

func (s *Store) changed() {
	if s.Changed != nil {
		s.Changed()
	}
}

// Token returns a value that is equal for versions with the same contents: copies
// of one version without a write in between.
func (v Version) Token() any { return v.state.copying }

// Drawn returns the number of ids that were drawn before the version.
func (v Version) Drawn() uint64 { return v.state.ids.Drawn }

// nilUUID is the organization id in the contents of a version.
const nilUUID = "00000000-0000-0000-0000-000000000000"

// Contents returns the contents as of the last write: nothing that was due after
// it has expired. The clock is frozen at the time of the latest event.
func (v Version) Contents() Contents {
	c := v.state.contents()
	c.ID, c.Clock = nilUUID, FrozenAt(v.state.latest().Time)
	return c
}

// VersionOf builds a version from contents, ignoring their id and admin keys. It
// returns an error if the contents are inconsistent.
func VersionOf(c Contents) (Version, error) {
	built, err := build(c)
	return Version{built}, err
}

// Dump returns the current persistent state. Its cost does not depend on the size
// of the organizations.
func (s *Store) Dump() Dump {
	s.RemoveExpired()
	s.mu.RLock()
	all := s.orders.created.Items()
	// At one moment: a key that moves from one organization to another has one owner.
	identities := lists.Map(all, func(o *Organization) *identity { return o.identity.Load() })
	s.mu.RUnlock()
	d := Dump{Organizations: make([]DumpOrganization, len(all))}
	versions, origins := map[any]int{}, map[*origin]int{}
	add := func(s *state) NamedVersion {
		v := Version{s}
		i, found := versions[v.Token()]
		if !found {
			i = len(d.Versions)
			versions[v.Token()] = i
			d.Versions = append(d.Versions, v)
		}
		return NamedVersion{i, s.name, s.clock, s.ids.Drawn}
	}
	for n, o := range all {
		ident := identities[n]
		i, found := origins[o.origin]
		if !found {
			i = len(d.Origins)
			origins[o.origin] = i
			d.Origins = append(d.Origins, o.origin.dump(add))
		}
		d.Organizations[n] = DumpOrganization{
			NamedVersion: add(o.state.Load()), ID: ident.id, AdminKeys: ident.keys, Origin: i, OwnName: o.name,
			CreatedFrom: o.createdFrom, LastActivity: o.LastActivity().Time, Expires: o.expires, Requests: o.requests.Load(), RequestSeed: o.requestSeed,
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.OrganizationIDs = s.organizationIDs
	d.Counts = s.counts
	d.Counts.Highest = d.highest()
	s.counts.Highest = d.Counts.Highest
	return d
}

// dump returns the origin, after adding its version to the dump with add.
func (g *origin) dump(add func(*state) NamedVersion) DumpOrigin {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := DumpOrigin{add(g.state), g.loaded, g.clockStart, -1}
	if g.reload != nil {
		d.SeedIndex = g.seedIndex
	}
	return d
}

// LoadDump adds the organizations of a dump to an empty store. reload returns the
// function that reloads an organization of the seed. LoadDump returns an error if
// two organizations have the same id or admin key.
func (s *Store) LoadDump(d Dump, reload func(seedIndex int) func(realTime time.Time) (Contents, error)) error {
	named := func(v NamedVersion) *state {
		c := *d.Versions[v.Version].state // shares the trees and the lock that guards them
		c.name, c.clock, c.ids.Drawn = v.Name, v.Clock, v.Drawn
		return &c
	}
	origins := make([]*origin, len(d.Origins))
	for i, g := range d.Origins {
		origins[i] = &origin{state: named(g.NamedVersion), loaded: g.Loaded, clockStart: g.ClockStart}
		if g.SeedIndex >= 0 {
			origins[i].reload, origins[i].seedIndex = reload(g.SeedIndex), g.SeedIndex
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dumped := range d.Organizations {
		o := s.organization(named(dumped.NamedVersion), origins[dumped.Origin], dumped.CreatedFrom)
		if used := dumped.LastActivity.UnixMicro(); !dumped.LastActivity.IsZero() && used < o.used.Load() {
			o.used.Store(used)
		}
		o.name, o.expires, o.requestSeed = dumped.OwnName, dumped.Expires, dumped.RequestSeed
		o.requests.Store(dumped.Requests)
		if err := s.identifyLocked(o, dumped.ID, dumped.AdminKeys); err != nil {
			return fmt.Errorf("organization %s: %w", dumped.ID, err)
		}
	}
	s.organizationIDs, s.counts = d.OrganizationIDs, d.Counts
	return nil
}
