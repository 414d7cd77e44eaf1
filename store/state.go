package store

import (
	"sync"

	"antechamber/api"
)

// state is one version of an organization. It never changes once published:
// readers use it without a lock, and holding on to one is a snapshot.
type state struct {
	// copying guards the copying of this version's trees, which marks them. It
	// belongs to the version, not to the organization, because several
	// organizations may start from one version.
	copying *sync.Mutex

	name     string
	settings Settings
	clock    Clock
	ids      IDs

	defaultWorkspace string // its id

	tables

	// due is the earliest time at which an invite or a key expires, in
	// microseconds since 1970.
	due int64
}

// tx is a write: a version that readers don't see until it is published, and the
// single time at which the write happens.
type tx struct {
	*state
	now     api.Time
	effects []Effect
}

// begin starts a write on a copy of the version, of which only the heads of the
// trees are copied.
func (s *state) begin(now api.Time) *tx {
	s.copying.Lock()
	defer s.copying.Unlock()
	c := *s
	c.copying = new(sync.Mutex)
	c.tables = s.tables.copy()
	return &tx{state: &c, now: now}
}

// done completes the version, which can then be published.
func (t *tx) done() *state {
	t.due = t.nextDue()
	return t.state
}

// settle expires everything that is due at the time of the write.
func (t *tx) settle() {
	for t.expireNext() {
	}
}

// reached reports whether n has reached the limit, if there is one.
func reached(limit *int, n int) bool { return limit != nil && n >= *limit }
