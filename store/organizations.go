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
//
// It is a handle: see Recording and Stale for handles of the same organization
// that do more, or see less.
type Organization struct {
	*core
	record func([]Effect) // is told what writes change; nil for nobody
	pinned *state         // what reads see; nil for the present
}

// core is what all handles of an organization share.
type core struct {
	store    *Store
	realTime func() time.Time
	identity atomic.Pointer[identity]
	origin   *origin
	name     string    // where it differs from that of its origin
	expires  time.Time // in real time; zero for never
	gone     bool      // it was deleted or has ended; guarded by the store's lock

	writing sync.Mutex // one write at a time
	state   atomic.Pointer[state]
	history history // of versions; guarded by writing

	requests    atomic.Uint64 // request ids drawn
	requestSeed uint64

	snapshots snapshots

	attach   sync.Once
	attached any
}

// identity is how an organization is found.
type identity struct {
	id   string
	keys []string
}

// ID is the organization's UUID.
func (o *Organization) ID() string { return o.identity.Load().id }

// AdminKeys are the keys that select the organization, as they were given.
func (o *Organization) AdminKeys() []string { return slices.Clone(o.identity.Load().keys) }

// Name is what the organization is called.
func (o *Organization) Name() string { return o.state.Load().name }

// Expires is when the organization ends, in real time; zero for never.
func (o *Organization) Expires() time.Time { return o.expires }

// Same reports whether both are handles of one organization.
func (o *Organization) Same(other *Organization) bool { return o.core == other.core }

// Recording returns a handle that tells f what its writes change, and what had
// expired when it looked.
func (o *Organization) Recording(f func([]Effect)) *Organization {
	return &Organization{o.core, f, o.pinned}
}

// Attached returns what its transport keeps about the organization, made by the
// first who asks. It ends with the organization, and the store knows nothing of
// it.
func (o *Organization) Attached(make func() any) any {
	o.attach.Do(func() { o.attached = make() })
	return o.attached
}

// IDSeed is what the organization's ids are made of, as its state has it.
func (o *Organization) IDSeed() uint64 { return o.state.Load().ids.Seed }

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

// SettingsUpdated is the type of the effect on settings.
const SettingsUpdated = "settings.updated"

// UpdateSettings changes the settings to what change makes of them, unless it
// refuses.
func (o *Organization) UpdateSettings(change func(Settings) (Settings, error)) (Settings, error) {
	return update(o, func(t *tx) (Settings, error) {
		changed, err := change(t.settings)
		if err == nil {
			t.settings = changed
			t.note(SettingsUpdated, o.ID())
		}
		return changed, err
	})
}

// NewRequestID returns an id for a request, another one than any of this
// organization or another.
func (o *Organization) NewRequestID() string {
	s := o.state.Load()
	n := o.requests.Add(1)
	if n%requestsKept == 0 {
		o.store.changed()
	}
	return "req_" + newULID(o.nowIn(s).Time, o.requestSeed, n).String()
}

// view returns the present version, after everything that is due by the clock
// has expired in it.
func (o *Organization) view() *state {
	if o.pinned != nil {
		return o.pinned
	}
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
	return o.publish(t), now
}

// publish makes the version of a write the present one.
func (o *Organization) publish(t *tx) *state {
	s := t.done()
	o.history.add(o.state.Load())
	o.state.Store(s)
	o.store.changed()
	if o.record != nil && len(t.effects) > 0 {
		o.record(t.effects)
	}
	return s
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
		o.publish(t)
	}
	return out, err
}

// GetCurrentOrganization returns the organization itself.
func (o *Organization) GetCurrentOrganization() Object[api.Organization] {
	return objectOf(api.Organization{ID: o.ID(), Type: "organization", Name: o.view().name})
}
