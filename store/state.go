package store

import (
	"sync"

	"antechamber/api"
)

// state is one version of an organization. Once published it is never
// changed: readers hold on to it without a lock, and keeping one is a
// snapshot.
type state struct {
	// copying guards the copying of this version's trees, which writes a mark
	// to them. It belongs to the version, not to the organization, because
	// several organizations may one day grow from one version.
	copying *sync.Mutex

	name     string
	settings Settings
	clock    Clock
	ids      IDs

	defaultWorkspace string // its id

	tables

	// due is the first instant at which an invite or a key expires by itself,
	// in microseconds since 1970.
	due int64
}

// tx is a write: a version that readers don't see until it is published, and
// the one instant at which the write happens.
type tx struct {
	*state
	now     api.Time
	effects []Effect
}

// begin copies the version: the heads of its trees only.
func (s *state) begin(now api.Time) *tx {
	s.copying.Lock()
	defer s.copying.Unlock()
	c := *s
	c.copying = new(sync.Mutex)
	c.tables = s.tables.copy()
	return &tx{state: &c, now: now}
}

// done closes the write: the version is complete and can be published.
func (t *tx) done() *state {
	t.due = t.nextDue()
	return t.state
}

// settle expires what is due at the instant of the write.
func (t *tx) settle() {
	for t.expireNext() {
	}
}

// reached reports whether a limit allows no more than n.
func reached(limit *int, n int) bool { return limit != nil && n >= *limit }
