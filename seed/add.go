package seed

import (
	"fmt"
	"time"

	"antechamber/store"
)

// AddTo adds the organizations that Load returned for the same options to a
// store, with what a reset or a fork needs to return to the seed.
func (s *Seed) AddTo(all *store.Store, organizations []store.Contents, opts Options) error {
	for i, c := range organizations {
		if _, err := all.AddSeeded(c, s.seeded(i, opts)); err != nil {
			return err
		}
	}
	return nil
}

// seeded returns how a reset or a fork returns an organization to the seed.
func (s *Seed) seeded(organization int, opts Options) store.Seeded {
	if opts.Clock != nil {
		return store.Seeded{}
	}
	from := store.Seeded{RestartClock: s.Restarts(organization), Index: organization}
	if frozen := opts.NoClock != nil && opts.NoClock.Frozen; s.Shifts(organization) && !frozen {
		from.Reload = s.Reload(organization, opts)
	}
	return from
}

// Reload returns a function that loads an organization of the seed again, at a
// later real time.
func (s *Seed) Reload(organization int, opts Options) func(realTime time.Time) (store.Contents, error) {
	return func(realTime time.Time) (store.Contents, error) {
		all, err := s.Load(opts.At(realTime))
		switch {
		case err != nil:
			return store.Contents{}, err
		case organization >= len(all): // a state file may refer to a built-in seed of another version
			return store.Contents{}, fmt.Errorf("organization %d is no longer in the seed", organization)
		}
		return all[organization], nil
	}
}
