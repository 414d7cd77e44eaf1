package faults

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"antechamber/internal/lists"
)

// Set is the faults of one organization. The nil Set has none, and nothing can
// be armed in it.
type Set struct {
	// Seed returns the organization's id seed, of which chance is drawn. It may be
	// another one after the organization got another state. 0 when nil.
	Seed func() uint64

	live atomic.Pointer[[]*armed] // those that can still fire; nil when there are none
	mu   sync.Mutex               // guards what follows, and what each armed fault counts
	all  []*armed
	last int
}

func (s *Set) seed() uint64 {
	if s.Seed == nil {
		return 0
	}
	return s.Seed()
}

// armed is a fault with what it has counted.
type armed struct {
	Fault
	matcher
	number  int
	matches int
}

// Arm adds a fault that Parse gave, and gives it an id. Ids count from fault_1
// again after Clear.
func (s *Set) Arm(f Fault) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	f.ID, f.Hits = fmt.Sprintf("fault_%d", s.last), 0
	s.all = append(s.all, &armed{Fault: f, matcher: newMatcher(f), number: s.last})
	s.publish()
	return f
}

// List returns the faults in the order of arming, the used up ones too.
func (s *Set) List() []Fault {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return lists.Map(s.all, func(a *armed) Fault { return a.Fault })
}

// Remove takes a fault away, and reports whether there was one of this id.
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

// Clear takes all faults away and counts ids from the first again, so that the
// same faults armed again do the same again.
func (s *Set) Clear() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.last = nil, 0
	s.publish()
}

// MaxStale is how many writes of history the stale reads that are armed may
// ask for: 0 when there are none.
func (s *Set) MaxStale() int {
	most := 0
	for _, a := range s.alive() {
		most = max(most, a.Action.Writes)
	}
	return most
}

// Decide returns the first fault, in the order of arming, that the request
// matches and that is due, or nil. Every fault counts each request that it
// matches, whether or not one before it fires: what it does depends on its own
// matches only.
func (s *Set) Decide(r Request) *Hit {
	live := s.alive()
	if live == nil {
		return nil
	}
	body := bodyOf(r) // may wait for the client: read before the lock is taken
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

// Armed reports whether any fault could fire.
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

// publish makes what can still fire known to Decide.
func (s *Set) publish() {
	live := lists.Filter(s.all, func(a *armed) bool { return !a.spent() })
	if len(live) == 0 {
		s.live.Store(nil)
		return
	}
	s.live.Store(&live)
}

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

// length is how long a delay lasts that has drawn u.
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

// What a number is drawn for: whether a fault fires says nothing about how
// long it lasts.
const (
	forFiring = iota
	forLength
)

// draw returns a number between 0 and 1, both excluded, that depends on nothing
// but what it is given.
func draw(seed uint64, fault, match, purpose int) float64 {
	x := seed
	for _, v := range []int{fault, match, purpose} {
		x = mix(x, uint64(v))
	}
	return (float64(x>>12) + 0.5) / (1 << 52)
}

// mix is a step of splitmix64.
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
