package store

import (
	"slices"
	"sync"
	"time"

	"antechamber/api"
)

// RealTime returns a wall clock that never goes backwards: it pauses when the
// machine's clock is set back. A program calls it once and takes all real time
// from the result.
func RealTime() func() time.Time {
	var (
		mu   sync.Mutex
		last time.Time
	)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		// Round drops the monotonic reading, which stops while a laptop sleeps.
		if now := time.Now().Round(0); now.After(last) {
			last = now
		}
		return last
	}
}

// Clock is an organization's clock: frozen at a time, or running at an offset from
// real time.
type Clock struct {
	Frozen bool
	At     api.Time      // the time shown, when frozen
	Offset time.Duration // emulated time minus real time, when running
}

// Now returns the clock's time at the given real time.
func (c Clock) Now(real time.Time) api.Time {
	if c.Frozen {
		return c.At
	}
	return api.At(real.Add(c.Offset))
}

// FrozenAt returns a clock that is frozen at t.
func FrozenAt(t time.Time) Clock { return Clock{Frozen: true, At: api.At(t)} }

// Clock returns the organization's clock.
func (o *Organization) Clock() Clock { return o.state.Load().clock }

// LatestClock is the latest time that a clock can show. It leaves room for the
// expiry of an invite: RFC 3339 ends with the year 9999.
var LatestClock = api.At(time.Date(9998, 12, 31, 23, 59, 59, 999_999_000, time.UTC))

// Advance moves the clock forward by d, and returns the new time and its effects.
func (o *Organization) Advance(d time.Duration) (api.Time, []Effect, error) {
	return o.moveClock(func(c Clock, now api.Time, realTime time.Time) Clock {
		return c.setTo(api.At(now.Add(d)), realTime)
	})
}

// SetClock moves the clock to a time that is not before the current one, and
// returns the new time and its effects.
func (o *Organization) SetClock(to api.Time) (api.Time, []Effect, error) {
	return o.moveClock(func(c Clock, _ api.Time, realTime time.Time) Clock { return c.setTo(to, realTime) })
}

// FreezeClock freezes the clock at its current time.
func (o *Organization) FreezeClock() (api.Time, []Effect, error) {
	return o.moveClock(func(_ Clock, now api.Time, _ time.Time) Clock { return FrozenAt(now.Time) })
}

// FreezeClockAt freezes the clock at exactly the given time, which must not be before
// the current one, and returns the new time and its effects.
func (o *Organization) FreezeClockAt(to api.Time) (api.Time, []Effect, error) {
	return o.moveClock(func(Clock, api.Time, time.Time) Clock { return FrozenAt(to.Time) })
}

// ResumeClock resumes a frozen clock at its current time.
func (o *Organization) ResumeClock() (api.Time, []Effect, error) {
	return o.moveClock(func(c Clock, now api.Time, realTime time.Time) Clock {
		if c.Frozen {
			return Clock{}.setTo(now, realTime)
		}
		return c
	})
}

// setTo returns the clock, still frozen or still running, showing t at realTime.
func (c Clock) setTo(t api.Time, realTime time.Time) Clock {
	if c.Frozen {
		return FrozenAt(t.Time)
	}
	return Clock{Offset: t.Sub(realTime)}
}

// maxAhead is how far a running clock may be ahead of real time: a time.Duration
// overflows at 292 years.
const maxAhead = 290 * 365 * 24 * time.Hour

func (o *Organization) moveClock(move func(c Clock, now api.Time, realTime time.Time) Clock) (api.Time, []Effect, error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	s, now := o.viewLocked()
	realTime := o.realTime()
	t := s.begin(now)
	t.clock = move(s.clock, now, realTime)
	t.now = t.clock.Now(realTime)
	switch {
	case !t.clock.Frozen && t.clock.Offset > maxAhead: // first, because an overflow would look like a move backwards
		return now, nil, outOfRange()
	case t.now.Before(now.Time):
		return now, nil, refused("clock_backwards", "the clock shows "+now.String()+" and never goes backwards")
	case t.now.After(LatestClock.Time):
		return now, nil, outOfRange()
	}
	t.settle()
	slices.SortStableFunc(t.effects, func(a, b Effect) int { return a.At.Compare(b.At.Time) })
	o.publish(t)
	return t.now, t.effects, nil
}

func outOfRange() error {
	return refused("clock_out_of_range", "the clock must not pass the year 9998, or run more than 290 years ahead of real time")
}
