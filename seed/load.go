package seed

import (
	"strings"
	"time"

	"antechamber/store"
)

// MaxIDSeed is the largest id seed: the largest integer that every JSON parser
// represents exactly.
const MaxIDSeed = maxInteger

// DefaultAdminKey is the admin key of the first organization if the seed has none
// for it.
const DefaultAdminKey = "sk-ant-admin01-antechamber"

// Options control how a seed is loaded.
type Options struct {
	Real   time.Time    // the current real time
	IDSeed uint64       // seeds the ids that the seed omits, and the randomness of faults
	Clock  *store.Clock // overrides the clock of every organization, unless nil
	// NoClock is the clock of an organization that has none in the seed; nil for
	// real time.
	NoClock *store.Clock
	ID      string // of the first organization if the seed has none for it; generated if empty
}

// At returns the options at another real time.
func (o Options) At(realTime time.Time) Options {
	o.Real = realTime
	return o
}

// Load returns the contents of each organization of the seed, with relative times
// resolved against its clock, defaults filled in and omitted ids generated. Its
// error is of type Faults: with some clocks, a seed contradicts itself. A seed can
// be loaded any number of times, even concurrently; the results share no memory
// that could be written to.
func (s *Seed) Load(opts Options) ([]store.Contents, error) {
	r := &report{}
	r.saved = s.saved
	clocks := r.check(s.organizations, &opts)
	if err := r.err(s.file, s.text); err != nil {
		return nil, err
	}
	return s.load(clocks, opts), nil
}

// load is Load for a seed without faults.
func (s *Seed) load(clocks []store.Clock, opts Options) []store.Contents {
	ids := usedIDs{}
	for _, o := range s.organizations {
		ids.add(strings.ToLower(o.ID))
	}
	out := make([]store.Contents, len(s.organizations))
	for i, o := range s.organizations {
		if i == 0 && o.ID == "" {
			o.ID = opts.ID
		}
		out[i] = load(&o, clocks[i], opts.Real, store.SeedOf(opts.IDSeed, i), ids)
	}
	return out
}

// Restarts reports whether the clock of an organization restarts at a time from
// the seed whenever the seed is loaded.
func (s *Seed) Restarts(organization int) bool {
	clock := s.organizations[organization].Clock
	return clock != nil && clock.StartsAt.given()
}

// Shifts reports whether an organization has different times when the seed is
// loaded later, because some are relative to a clock that has moved on.
func (s *Seed) Shifts(organization int) bool {
	o := &s.organizations[organization]
	if o.Clock != nil && o.Clock.Offset == nil {
		return false
	}
	shifts, objects := false, 0
	o.times(func(m moment) {
		if m.role == creation {
			objects++
		}
		shifts = shifts || m.kind == relativeTime || m.role == creation && !m.given()
	})
	if objects == 0 {
		shifts = shifts || !o.DefaultWorkspace.CreatedAt.given()
	}
	return shifts
}
