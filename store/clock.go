package store

import (
	"slices"
	"sync"
	"time"

	"antechamber/api"
)

// RealTime returns a wall clock that stands still while the machine's is set
// back. A program calls it once: all real time comes from the result.
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

// Clock is an organization's time: frozen at an instant, or running at an
// offset to real time.
type Clock struct {
	Frozen bool
	At     api.Time      // the instant, when frozen
	Offset time.Duration // emulated time minus real time, when running
}

// Now is what the clock shows when real time is real.
func (c Clock) Now(real time.Time) api.Time {
	if c.Frozen {
		return c.At
	}
	return api.At(real.Add(c.Offset))
}

// FrozenAt is a clock that stands still at t.
func FrozenAt(t time.Time) Clock { return Clock{Frozen: true, At: api.At(t)} }

// Clock is the organization's clock.
func (o *Organization) Clock() Clock { return o.state.Load().clock }

// LatestClock is the latest time that a clock may show: an invite expires later
// than it is made, and RFC 3339 ends with the year 9999.
var LatestClock = api.At(time.Date(9998, 12, 31, 23, 59, 59, 999_999_000, time.UTC))

// Advance moves the clock on by a while, and tells what that caused.
func (o *Organization) Advance(d time.Duration) (api.Time, []Effect, error) {
	return o.moveClock(func(c Clock, now api.Time, realTime time.Time) Clock {
		return c.showing(api.At(now.Add(d)), realTime)
	})
}

// SetClock moves the clock to a time that is not behind it, and tells what
// that caused.
func (o *Organization) SetClock(to api.Time) (api.Time, []Effect, error) {
	return o.moveClock(func(c Clock, _ api.Time, realTime time.Time) Clock { return c.showing(to, realTime) })
}

// FreezeClock makes the clock stand still.
func (o *Organization) FreezeClock() (api.Time, []Effect, error) {
	return o.moveClock(func(_ Clock, now api.Time, _ time.Time) Clock { return FrozenAt(now.Time) })
}

// FreezeClockAt makes the clock stand still at a time that is not behind it, to
// the letter, and tells what that caused.
func (o *Organization) FreezeClockAt(to api.Time) (api.Time, []Effect, error) {
	return o.moveClock(func(Clock, api.Time, time.Time) Clock { return FrozenAt(to.Time) })
}

// ResumeClock makes a clock that stands still go on from where it stands.
func (o *Organization) ResumeClock() (api.Time, []Effect, error) {
	return o.moveClock(func(c Clock, now api.Time, realTime time.Time) Clock {
		if c.Frozen {
			return Clock{}.showing(now, realTime)
		}
		return c
	})
}

// showing is the clock, frozen or running, when it shows a time.
func (c Clock) showing(t api.Time, realTime time.Time) Clock {
	if c.Frozen {
		return FrozenAt(t.Time)
	}
	return Clock{Offset: t.Sub(realTime)}
}

// farthest is how far a running clock may be ahead of real time: durations end
// at 292 years.
const farthest = 290 * 365 * 24 * time.Hour

func (o *Organization) moveClock(move func(c Clock, now api.Time, realTime time.Time) Clock) (api.Time, []Effect, error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	s, now := o.settled()
	realTime := o.realTime()
	t := s.begin(now)
	t.clock = move(s.clock, now, realTime)
	t.now = t.clock.Now(realTime)
	switch {
	case !t.clock.Frozen && t.clock.Offset > farthest: // where durations end, the clock would seem to go back
		return now, nil, outOfRange()
	case t.now.Before(now.Time):
		return now, nil, refused("clock_backwards", "The clock shows "+now.String()+" and never goes backwards.")
	case t.now.After(LatestClock.Time):
		return now, nil, outOfRange()
	}
	t.settle()
	slices.SortStableFunc(t.effects, func(a, b Effect) int { return a.At.Compare(b.At.Time) })
	o.publish(t)
	return t.now, t.effects, nil
}

func outOfRange() error {
	return refused("clock_out_of_range", "The clock can show no time after the year 9998, nor one that is 290 years ahead of real time while it runs.")
}
