package seed

import (
	"slices"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// check reports contradictions and returns the clocks that opts results in. Without
// opts there are no clocks.
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
// skips the rules that depend on one.
type checker struct {
	*report
	now *api.Time // nil without a clock
}

// before reports whether t is known to be before u.
func (c checker) before(t, u Time) bool {
	order, known := t.compare(u, c.now)
	return known && order < 0
}

// differ reports whether t and u are known to differ.
func (c checker) differ(t, u Time) bool {
	order, known := t.compare(u, c.now)
	return known && order != 0
}

// due reports whether the clock has reached t, and whether that is known.
func (c checker) due(t Time) (due, known bool) {
	order, known := t.compare(Time{}, c.now)
	return order <= 0, known
}

// anyFaulty reports whether one of the fields is invalid.
func (c checker) anyFaulty(at *node, fields ...string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return rejected(at.Get(field)) })
}

// checkRange reports a relative time that is out of range for the clock.
func (c checker) checkRange(m moment) {
	if c.now != nil && m.given() && !inRange(m.Time.at(*c.now)) {
		c.contradictory(m.at.Get(m.field), "%s must be from 1970 to 9999 (the clock shows %s)", m.field, c.now)
	}
}

// checkPast reports a time in the future.
func (c checker) checkPast(m moment) {
	due, known := c.due(m.Time)
	switch {
	case !m.given() || !known || due:
		c.checkRange(m)
	case m.kind == relativeTime:
		c.contradictory(m.at.Get(m.field), "%s must not be in the future", m.field)
	default:
		c.contradictory(m.at.Get(m.field), "%s must not be in the future (the clock shows %s)", m.field, c.now)
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
			c.contradictory(at, "starts_at must be at most %d years from now", int(clock.Offset.Abs()/(365*24*time.Hour)))
			return store.Clock{}, false
		}
	case given.Offset == nil && opts.NoClock != nil:
		clock = *opts.NoClock
	default:
		if given.Offset != nil {
			clock.Offset = time.Duration(*given.Offset)
		}
		clock.Offset += o.skew(clock.Now(opts.Real))
	}
	if now := clock.Now(opts.Real); now.Before(earliest.Time) || now.After(store.LatestClock.Time) {
		c.contradictory(at, "clock must be from 1970 to 9998 (it would show %s)", now)
		return store.Clock{}, false
	}
	return clock, true
}

// maxSkew is how far the clocks of two machines are assumed to differ.
const maxSkew = time.Hour

// skew returns how far a running clock must be advanced so that no past event is
// in its future: an export may come from a machine whose clock is slightly ahead.
func (o *Organization) skew(now api.Time) (longest time.Duration) {
	o.times(func(m moment) {
		if by := m.absolute.Sub(now.Time); m.role != maybeFuture && m.kind == absoluteTime && by <= maxSkew {
			longest = max(longest, by)
		}
	})
	return longest
}

// startOf returns the name of a time for messages, which say so if it is not set and
// therefore the clock's.
func startOf(n *node, name string) string {
	if n.Get(name) == nil {
		return name + " (now, since it is not set)"
	}
	return name
}
