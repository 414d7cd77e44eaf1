package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"antechamber/api"
)

// Organization is one organization: its state, its clock and its ids, which
// nothing outside it touches. All its methods are safe for concurrent use; a
// read sees every write that was answered before it began.
type Organization struct {
	id        string
	adminKeys []string
	realTime  func() time.Time

	writing  sync.Mutex // one write at a time
	state    atomic.Pointer[state]
	requests atomic.Uint64 // request ids drawn

	requestSeed uint64
}

// ID is the organization's UUID.
func (o *Organization) ID() string { return o.id }

// AdminKeys are the keys that select the organization, as they were given.
func (o *Organization) AdminKeys() []string { return slices.Clone(o.adminKeys) }

// Now is the organization's time.
func (o *Organization) Now() api.Time { return o.nowIn(o.state.Load()) }

func (o *Organization) nowIn(s *state) api.Time {
	if s.clock.Frozen {
		return s.clock.At
	}
	return s.clock.Now(o.realTime())
}

// Settings are the organization's present limits and choices. The slices in
// them are not to be written to.
func (o *Organization) Settings() Settings { return o.view().settings }

// NewRequestID gives an id for a request, another one than any of this
// organization or another.
func (o *Organization) NewRequestID() string {
	s := o.state.Load()
	return "req_" + newULID(o.nowIn(s).Time, o.requestSeed, o.requests.Add(1)).String()
}

// view gives the present version, after everything that is due by the clock
// has expired in it.
func (o *Organization) view() *state {
	s := o.state.Load()
	if s.due > o.nowIn(s).UnixMicro() {
		return s
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	s, _ = o.settled()
	return s
}

// settled is view for whoever holds the lock. It also gives the instant up to
// which everything has expired: a write that asked the clock again might find
// something due.
func (o *Organization) settled() (*state, api.Time) {
	s := o.state.Load()
	now := o.nowIn(s)
	if s.due > now.UnixMicro() {
		return s, now
	}
	t := s.begin(now)
	t.settle()
	s = t.done()
	o.state.Store(s)
	return s, now
}

// update runs a write: fn works on a version of its own, which is published
// when it succeeds and forgotten when it fails.
func update[T any](o *Organization, fn func(*tx) (T, error)) (T, error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	s, now := o.settled()
	t := s.begin(now)
	out, err := fn(t)
	if err == nil {
		o.state.Store(t.done())
	}
	return out, err
}

// GetCurrentOrganization gives the organization itself.
func (o *Organization) GetCurrentOrganization() Object[api.Organization] {
	return objectOf(api.Organization{ID: o.id, Type: "organization", Name: o.view().name})
}
