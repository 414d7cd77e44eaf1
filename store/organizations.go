package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"antechamber/api"
)

// Organization is one organization: its state, its clock and its ids. All its
// methods are safe for concurrent use; a read sees every write that returned
// before the read started.
//
// It is a handle: Recording and Stale return other handles to the same
// organization.
type Organization struct {
	*core
	record func([]Effect) // called with the effects of writes; may be nil
	pinned *state         // the version that reads see; nil for the current one
}

// core is shared by all handles of an organization.
type core struct {
	store       *Store
	realTime    func() time.Time
	identity    atomic.Pointer[identity]
	origin      *origin
	name        string // if it differs from the origin's
	createdFrom Origin
	expires     time.Time     // in real time; zero for never
	number      uint64        // in order of creation
	removed     bool          // from the store, whose lock guards it
	handle      *Organization // the one that the store has
	place       place         // guarded by the store's lock
	used        atomic.Int64  // time of the last use, in microseconds since 1970
	stale       atomic.Bool   // whether place is older than the last use
	holds       atomic.Int32  // see Hold

	writing sync.Mutex // held by writes
	state   atomic.Pointer[state]
	history history // guarded by writing

	requests    atomic.Uint64 // number of request ids drawn
	requestSeed uint64

	snapshots snapshots

	attach     sync.Once
	attachment any
}

// identity holds the id and the admin keys that select an organization.
type identity struct {
	id   string
	keys []string
}

// ID returns the organization's UUID.
func (o *Organization) ID() string { return o.identity.Load().id }

// AdminKeys returns the keys that select the organization, in the order given.
func (o *Organization) AdminKeys() []string { return slices.Clone(o.identity.Load().keys) }

// Name returns the organization's name.
func (o *Organization) Name() string { return o.state.Load().name }

// Expires returns when the organization is removed, in real time; zero for never.
func (o *Organization) Expires() time.Time { return o.expires }

// Same reports whether both are handles to the same organization.
func (o *Organization) Same(other *Organization) bool { return o.core == other.core }

// Recording returns a handle that calls f with the effects of its writes, and of
// the expiries that its calls settle.
func (o *Organization) Recording(f func([]Effect)) *Organization {
	return &Organization{o.core, f, o.pinned}
}

// Attachment returns the value that a transport has attached to the organization;
// the first call creates it. It lives as long as the organization, and the store
// does not look into it.
func (o *Organization) Attachment(create func() any) any {
	o.attach.Do(func() { o.attachment = create() })
	return o.attachment
}

// IDSeed returns the seed of the organization's ids.
func (o *Organization) IDSeed() uint64 { return o.state.Load().ids.Seed }

// Now returns the time of the organization's clock.
func (o *Organization) Now() api.Time { return o.nowIn(o.state.Load()) }

func (o *Organization) nowIn(s *state) api.Time {
	if s.clock.Frozen {
		return s.clock.At
	}
	return s.clock.Now(o.realTime())
}

// Settings returns the organization's current settings. The caller must not write
// to the slices in them.
func (o *Organization) Settings() Settings { return o.view().settings }

// SettingsUpdated is the type of the effect on settings.
const SettingsUpdated = "settings.updated"

// UpdateSettings replaces the settings with the result of change, unless it returns
// an error.
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

// NewRequestID returns an id for a request, unique among all organizations.
func (o *Organization) NewRequestID() string {
	s := o.state.Load()
	n := o.requests.Add(1)
	if n%requestSaveInterval == 0 {
		o.store.changed()
	}
	return "req_" + newULID(o.nowIn(s).Time, o.requestSeed, n).String()
}

// view returns the current version, after expiring everything that is due by the
// clock.
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
	s, _ = o.viewLocked()
	return s
}

// viewLocked is view for a caller that holds o.writing. It also returns the time
// up to which everything has expired: a write that read the clock again might find
// something due.
func (o *Organization) viewLocked() (*state, api.Time) {
	s := o.state.Load()
	now := o.nowIn(s)
	if s.due > now.UnixMicro() {
		return s, now
	}
	t := s.begin(now)
	t.settle()
	return o.publish(t), now
}

// publish makes the version of a write the current one.
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

// update runs a write: fn works on a copy of the version, which is published if fn
// succeeds and dropped if it fails.
func update[T any](o *Organization, fn func(*tx) (T, error)) (T, error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	s, now := o.viewLocked()
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
