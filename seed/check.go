package seed

import (
	"slices"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// check reports contradictions, with the clocks that opts brings about or
// without one, and returns those clocks.
func (r *report) check(organizations []Organization, opts *Options) []store.Clock {
	clocks := make([]store.Clock, len(organizations))
	for i := range organizations {
		o := &organizations[i]
		c := checker{report: r}
		if opts != nil {
			clock, ok := c.clock(o, *opts)
			if ok {
				c.now = new(clock.Now(opts.Real))
			}
			clocks[i] = clock
		}
		c.organization(o)
	}
	return clocks
}

// checker reports states that the API could not have reached. Without a clock it
// skips what only the clock can tell.
type checker struct {
	*report
	now *api.Time // nil while no clock runs
}

// before reports whether t is known to lie before u.
func (c checker) before(t, u Time) bool {
	order, known := t.compare(u, c.now)
	return known && order < 0
}

// apart reports whether t and u are known to be different.
func (c checker) apart(t, u Time) bool {
	order, known := t.compare(u, c.now)
	return known && order != 0
}

// due reports whether the clock has reached the time, as far as that is known.
func (c checker) due(t Time) (due, known bool) {
	order, known := t.compare(Time{}, c.now)
	return order <= 0, known
}

// anyFaulty reports whether nothing can be concluded from one of the fields.
func (c checker) anyFaulty(at *node, fields ...string) bool {
	return len(c.faulty) > 0 && slices.ContainsFunc(fields, func(field string) bool { return c.faulty[at.Get(field)] })
}

// reach reports a time that the clock takes out of the range of times.
func (c checker) reach(m moment) {
	if c.now != nil && m.given() && !inRange(m.Time.at(*c.now)) {
		c.contradictory(m.at.Get(m.field), "expected a time from 1970 to 9999: the clock shows %s", c.now)
	}
}

// past reports a time that is still to come.
func (c checker) past(m moment) {
	due, known := c.due(m.Time)
	switch {
	case !m.given() || !known || due:
		c.reach(m)
	case m.Time.is == isRelative:
		c.contradictory(m.at.Get(m.field), "expected a time that has come")
	default:
		c.contradictory(m.at.Get(m.field), "expected a time that has come: the clock shows %s", c.now)
	}
}

// clock returns the organization's clock at load.
func (c checker) clock(o *Organization, opts Options) (clock store.Clock, ok bool) {
	given, at := o.Clock, o.at
	if given == nil {
		given = &Clock{}
	} else if n := o.at.Get("clock"); len(n.Items) > 0 {
		at = n.Items[0]
	}
	switch {
	case opts.Clock != nil:
		clock = *opts.Clock
	case given.faulty:
		return clock, false
	case given.FrozenAt.given():
		clock = store.FrozenAt(given.FrozenAt.absolute.Time)
	case given.StartsAt.given():
		from := given.StartsAt.absolute
		clock.Offset = from.Sub(opts.Real)
		if !clock.Now(opts.Real).Equal(from) {
			c.contradictory(at, "expected a time at most %d years from now", int(clock.Offset.Abs()/(365*24*time.Hour)))
			return store.Clock{}, false
		}
	case given.Offset == nil && opts.NoClock != nil:
		clock = *opts.NoClock
	default:
		if given.Offset != nil {
			clock.Offset = time.Duration(*given.Offset)
		}
		clock.Offset += o.ahead(clock.Now(opts.Real))
	}
	if now := clock.Now(opts.Real); now.Before(earliest.Time) || now.After(store.LatestClock.Time) {
		c.contradictory(at, "expected a clock that shows a time from 1970 to 9998, not %s", now)
		return store.Clock{}, false
	}
	return clock, true
}

// maxSkew is how far the clocks of two machines are assumed to be apart.
const maxSkew = time.Hour

// ahead returns by how much a running clock has to be set forward so that it is
// not behind what has happened: an export may come from a machine whose clock is
// a little ahead of this one's.
func (o *Organization) ahead(now api.Time) (most time.Duration) {
	o.times(func(m moment) {
		if by := m.absolute.Sub(now.Time); m.is != ahead && m.Time.is == isAbsolute && by <= maxSkew {
			most = max(most, by)
		}
	})
	return most
}
