package emulator

import (
	"fmt"
	"time"

	"antechamber/seed"
	"antechamber/store"
)

const (
	// DefaultAdminKey is the admin key of a seed that brings none.
	DefaultAdminKey = "sk-ant-admin01-antechamber"
	// MaxIDSeed is the largest id seed: the largest integer that every JSON reader
	// keeps exactly.
	MaxIDSeed = 1<<53 - 1
)

// Beginning says how the organizations of a seed come about.
type Beginning struct {
	IDSeed  uint64       // what the ids that a seed leaves out are made of, and chance in faults
	Clock   *store.Clock // outranks the clock of every organization, unless nil
	NoClock *store.Clock // of an organization that the seed gives no clock; one that shows real time when nil
}

// At are the options that a seed is loaded with at a real time.
func (b Beginning) At(realTime time.Time) seed.Options {
	return seed.Options{Real: realTime, IDSeed: b.IDSeed, Clock: b.Clock, NoClock: b.NoClock}
}

// clockOfNone is the clock of organizations that are made empty; nil for one
// that shows real time.
func (b Beginning) clockOfNone() *store.Clock {
	if b.Clock != nil {
		return b.Clock
	}
	return b.NoClock
}

// Fill adds what was loaded of a seed to a store.
func (b Beginning) Fill(s *store.Store, from *seed.Seed, organizations []store.Contents) error {
	for i, o := range organizations {
		if _, err := s.AddSeeded(o, b.seeded(from, i)); err != nil {
			return err
		}
	}
	return nil
}

// seeded says how an organization of the seed comes about again.
func (b Beginning) seeded(s *seed.Seed, organization int) store.Seeded {
	if b.Clock != nil {
		return store.Seeded{}
	}
	from := store.Seeded{Restarts: s.Restarts(organization), Place: organization}
	standing := b.NoClock != nil && b.NoClock.Frozen
	if s.Shifts(organization) && !standing {
		from.Anew = b.Anew(s, organization)
	}
	return from
}

// Anew loads an organization of the seed once more, at a later real time.
func (b Beginning) Anew(s *seed.Seed, organization int) func(realTime time.Time) (store.Contents, error) {
	return func(realTime time.Time) (store.Contents, error) {
		all, err := s.Load(b.At(realTime))
		switch {
		case err != nil:
			return store.Contents{}, err
		case organization >= len(all): // a built-in seed of another version, which a state file names
			return store.Contents{}, fmt.Errorf("the seed has no organization %d any more", organization)
		}
		return all[organization], nil
	}
}
