package store

import (
	"sync"
	"time"

	"antechamber/api"
)

// origin is what an organization can be made from, and what a reset leads back
// to: a version that is kept. It costs nothing, however much is in it.
type origin struct {
	mu     sync.Mutex
	state  *state
	loaded time.Time // when, in real time

	// shows is the instant at which the clock of what is made begins. It is
	// null for a clock that goes on as the version's does.
	shows api.Time

	// anew loads the contents once more where that gives others: a seed's
	// relative times count from the clock at load. It is nil for the rest.
	anew  func(realTime time.Time) (Contents, error)
	place int // in the seed that is loaded anew
}

// freshness is how old the relative times of a seed may be before it is loaded
// anew: less than anybody notices, and longer for a large seed, so that loading
// stays a small part of the time.
func (s *state) freshness() time.Duration {
	return 10*time.Second + time.Duration(s.len())*time.Millisecond
}

// version returns the version to begin with at a real time.
func (g *origin) version(realTime time.Time) (*state, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.anew != nil && realTime.Sub(g.loaded) >= g.state.freshness() {
		c, err := g.anew(realTime)
		if err != nil {
			return nil, err
		}
		built, err := build(c)
		if err != nil {
			return nil, err
		}
		g.state, g.loaded = built, realTime
	}
	if g.shows.IsZero() || g.state.clock.Frozen {
		return g.state, nil
	}
	begun := *g.state // the trees and the lock that guards them are shared
	begun.clock.Offset = g.shows.Sub(realTime)
	return &begun, nil
}

// Reset puts the organization back to what it was made from: its state, its
// clock, its ids and its request ids. Its id and its admin keys stay.
func (o *Organization) Reset() error {
	s, err := o.origin.version(o.realTime())
	if err != nil {
		return err
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	o.requests.Store(0)
	o.replace(s.named(o.name))
	return nil
}

// named is the version with another name of the organization, unless it is
// empty.
func (s *state) named(name string) *state {
	if name == "" || name == s.name {
		return s
	}
	c := *s // the trees and the lock that guards them are shared
	c.name = name
	return &c
}

// replace puts another version in the place of everything.
func (o *Organization) replace(s *state) {
	o.history.versions = nil
	o.state.Store(s)
	o.store.changed()
}

// Replace builds the organization from other contents, all or nothing. Contents
// without an id or admin keys leave those that it has. It fails when an id or
// a key belongs to another organization.
func (o *Organization) Replace(c Contents) error {
	was := o.identity.Load()
	if c.ID == "" {
		c.ID = was.id
	}
	if len(c.AdminKeys) == 0 {
		c.AdminKeys = was.keys
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
