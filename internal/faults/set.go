package faults

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"antechamber/internal/lists"
	"antechamber/internal/text"
)

// Set is the faults of one organization. A nil Set is empty, and Arm must not be
// called on it.
type Set struct {
	// Seed returns the organization's id seed, from which random numbers are
	// derived. It may change with the organization's state. nil means 0.
	Seed func() uint64

	live atomic.Pointer[[]*armed] // those that can still fire; nil for none
	mu   sync.Mutex               // guards the fields below, and the counters of each armed fault
	all  []*armed
	last int
}

func (s *Set) seed() uint64 {
	if s.Seed == nil {
		return 0
	}
	return s.Seed()
}

// armed is a fault with its counters.
type armed struct {
	Fault
	matcher
	number  int
	matches int
}

// The limits of a set.
const (
	MaxArmed = 1000
	MaxBytes = 16 << 20 // of matchers and actions
)

// size returns approximately how many bytes the texts of a fault have.
func (f Fault) size() int {
	return len(f.Match.Operation) + len(f.Match.Method) + len(f.Match.Path) + len(f.Match.Body) + len(f.Action.Message)
}

// Arm adds a fault from Parse and returns it with its id. Ids start at fault_1,
// even after Clear. It returns an error if the set is full.
func (s *Set) Arm(f Fault) (Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= MaxArmed {
		return Fault{}, fmt.Errorf("the organization has %s faults, the maximum", text.Number(MaxArmed))
	}
	bytes := f.size()
	for _, a := range s.all {
		bytes += a.size()
	}
	if bytes > MaxBytes {
		return Fault{}, fmt.Errorf("the faults of the organization would have more than %s bytes", text.Number(MaxBytes))
	}
	s.last++
	f.ID, f.Hits = fmt.Sprintf("fault_%d", s.last), 0
	s.all = append(s.all, &armed{Fault: f, matcher: newMatcher(f), number: s.last})
	s.publish()
	return f, nil
}

// List returns the faults in the order they were armed, including those that can't
// fire again.
func (s *Set) List() []Fault {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return lists.Map(s.all, func(a *armed) Fault { return a.Fault })
}

// Remove removes a fault, and reports whether there was one with this id.
func (s *Set) Remove(id string) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.all)
	s.all = slices.DeleteFunc(s.all, func(a *armed) bool { return a.ID == id })
	s.publish()
	return len(s.all) < before
}

// Clear removes all faults and restarts the ids at fault_1, so that arming the same
// faults again repeats the run.
func (s *Set) Clear() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.last = nil, 0
	s.publish()
}

// MaxStale returns how many writes of history the armed stale reads need.
func (s *Set) MaxStale() int {
	most := 0
	for _, a := range s.alive() {
		most = max(most, a.Action.Writes)
	}
	return most
}

// Decide returns the first armed fault that matches the request and is due, or nil.
// Every fault counts each request that it matches, even if an earlier one fires, so
// that its behavior doesn't depend on other faults.
func (s *Set) Decide(r Request) *Hit {
	live := s.alive()
	if live == nil {
		return nil
	}
	body := bodyOf(r) // reading it may block, so not under the lock
	matching := lists.Filter(live, func(a *armed) bool { return a.matcher.matches(r, body) })
	if len(matching) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit *Hit
	for _, a := range matching {
		a.matches++
		if hit == nil && a.due(s.seed()) {
			hit = s.fire(a)
		}
	}
	return hit
}

// Armed reports whether any fault can still fire.
func (s *Set) Armed() bool { return s.alive() != nil }

func (s *Set) alive() []*armed {
	if s == nil {
		return nil
	}
	if live := s.live.Load(); live != nil {
		return *live
	}
	return nil
}

// publish updates the faults that Decide considers.
func (s *Set) publish() {
	live := lists.Filter(s.all, func(a *armed) bool { return !a.spent() })
	if len(live) == 0 {
		s.live.Store(nil)
		return
	}
	s.live.Store(&live)
}

// fire counts a hit. The caller must hold the lock.
func (s *Set) fire(a *armed) *Hit {
	a.Hits++
	if a.spent() {
		s.publish()
	}
	return &Hit{
		Fault:  a.ID,
		Action: a.Action,
		delay:  a.Action.length(draw(s.seed(), a.number, a.matches, forLength)),
	}
}

func (a *armed) spent() bool { return a.Times > 0 && a.Hits >= a.Times }

func (a *armed) due(seed uint64) bool {
	return !a.spent() && a.matches > a.After && draw(seed, a.number, a.matches, forFiring) < a.Probability
}

// length returns the length of a delay for a random number u.
func (a Action) length(u float64) time.Duration {
	switch a.Distribution {
	case Uniform:
		return time.Duration(a.Min) + time.Duration(u*float64(a.Max-a.Min))
	case Lognormal:
		normal := math.Sqrt2 * math.Erfinv(2*u-1)
		return time.Duration(min(float64(a.Median)*math.Exp(a.Sigma*normal), float64(maxDelay)))
	}
	return time.Duration(a.Duration)
}

// The purposes of random numbers: whether a fault fires and how long it lasts are
// independent.
const (
	forFiring = iota
	forLength
)

// draw returns a random number between 0 and 1, both exclusive. It is a function of
// its arguments.
func draw(seed uint64, fault, match, purpose int) float64 {
	x := seed
	for _, v := range []int{fault, match, purpose} {
		x = mix(x, uint64(v))
	}
	return (float64(x>>12) + 0.5) / (1 << 52)
}

// mix is one step of splitmix64.
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
