package seed

import (
	"strings"
	"time"

	"antechamber/store"
)

// MaxIDSeed is the largest id seed: the largest integer that every JSON reader
// keeps exactly.
const MaxIDSeed = maxInteger

// DefaultAdminKey is the admin key of the first organization of a seed without
// any.
const DefaultAdminKey = "sk-ant-admin01-antechamber"

// Options are what a seed is loaded with.
type Options struct {
	Real   time.Time    // the real time now
	IDSeed uint64       // the source of ids that the seed leaves out, and of chance in faults
	Clock  *store.Clock // overrides the clock of every organization, unless nil
	// NoClock is the clock of an organization without one in the seed: one that
	// shows real time when nil.
	NoClock *store.Clock
	ID      string // of the first organization, where the seed has none for it; drawn when empty
}

// At returns the options at another real time.
func (o Options) At(realTime time.Time) Options {
	o.Real = realTime
	return o
}

// Load returns the contents of each organization of the seed: relative times
// counted from its clock, every default filled in, every id that the seed leaves
// out drawn. It fails with Faults where the clock makes the seed contradict
// itself. A seed can be loaded any number of times, and at once; two loads share
// nothing that either could write to.
func (s *Seed) Load(opts Options) ([]store.Contents, error) {
	r := newReport()
	clocks := r.check(s.organizations, &opts)
	if err := r.err(s.file, s.text); err != nil {
		return nil, err
	}
	return s.load(clocks, opts), nil
}

// load returns the contents of each organization, in which nothing is faulty.
func (s *Seed) load(clocks []store.Clock, opts Options) []store.Contents {
	ids := taken{}
	for _, o := range s.organizations {
		ids.keep(strings.ToLower(o.ID))
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

// Restarts reports whether the clock of an organization begins again whenever
// the seed is loaded, at a time that the seed names.
func (s *Seed) Restarts(organization int) bool {
	clock := s.organizations[organization].Clock
	return clock != nil && clock.StartsAt.given()
}

// Shifts reports whether loading the seed later results in other times for an
// organization: some count from its clock, which then shows another one.
func (s *Seed) Shifts(organization int) bool {
	o := &s.organizations[organization]
	if o.Clock != nil && o.Clock.Offset == nil {
		return false
	}
	shifts, objects := false, 0
	o.times(func(m moment) {
		if m.is == began {
			objects++
		}
		shifts = shifts || m.Time.is == isRelative || m.is == began && !m.given()
	})
	if objects == 0 {
		shifts = shifts || !o.DefaultWorkspace.CreatedAt.given()
	}
	return shifts
}
