package store

import (
	"sync"
	"time"

	"antechamber/api"
)

// origin is the version an organization was created from and is reset to. Keeping
// a version costs nothing, regardless of size.
type origin struct {
	mu     sync.Mutex
	state  *state
	loaded time.Time // real time

	// clockStart is the time at which the clock of a new or reset organization
	// starts. It is null if that clock keeps running as the version's does.
	clockStart api.Time

	// reload loads the contents again if that can change them: a seed's relative
	// times count from the clock at load. It is nil otherwise.
	reload    func(realTime time.Time) (Contents, error)
	seedIndex int // the organization's index in the seed, for reload
}

// freshness is how old the relative times of a seed may be before it is reloaded:
// too short to notice, and longer for a large seed, so that loading takes only a
// small share of the time.
func (s *state) freshness() time.Duration {
	return 10*time.Second + time.Duration(s.len())*time.Millisecond
}

// version returns the version to start from at a real time.
func (g *origin) version(realTime time.Time) (*state, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reload != nil && realTime.Sub(g.loaded) >= g.state.freshness() {
		c, err := g.reload(realTime)
		if err != nil {
			return nil, err
		}
		built, err := build(c)
		if err != nil {
			return nil, err
		}
		g.state, g.loaded = built, realTime
	}
	if g.clockStart.IsZero() || g.state.clock.Frozen {
		return g.state, nil
	}
	c := *g.state // shares the trees and the lock that guards them
	c.clock.Offset = g.clockStart.Sub(realTime)
	return &c, nil
}

// Reset returns the organization to its origin: state, clock, ids and request ids.
// Its own id and its admin keys are unchanged.
func (o *Organization) Reset() error {
	s, err := o.origin.version(o.realTime())
	if err != nil {
		return err
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	o.requests.Store(0)
	o.replace(s.withName(o.name))
	return nil
}

// withName returns the version with another name, unless name is empty.
func (s *state) withName(name string) *state {
	if name == "" || name == s.name {
		return s
	}
	c := *s // shares the trees and the lock that guards them
	c.name = name
	return &c
}

// drawnFrom returns the version with at least n ids drawn.
func (s *state) drawnFrom(n uint64) *state {
	if s.ids.Drawn >= n {
		return s
	}
	c := *s // shares the trees and the lock that guards them
	c.ids.Drawn = n
	return &c
}

// replace makes s the current version and drops the history.
func (o *Organization) replace(s *state) {
	o.history.versions = nil
	o.state.Store(s)
	o.store.changed()
}

// Replace rebuilds the organization from other contents, or changes nothing.
// Contents without an id or admin keys keep the current ones. It returns an error
// if an id or key belongs to another organization.
func (o *Organization) Replace(c Contents) error {
	old := o.identity.Load()
	if c.ID == "" {
		c.ID = old.id
	}
	if len(c.AdminKeys) == 0 {
		c.AdminKeys = old.keys
	}
	built, err := build(c)
	if err != nil {
		return err
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	if err := o.store.identify(o, c.ID, c.AdminKeys); err != nil {
		return err
	}
	o.replace(built)
	return nil
}
