package store

import (
	"math"
	"sync"

	"github.com/tidwall/btree"

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

	users      table[User]
	invites    table[Invite]
	workspaces table[Workspace]
	members    table[Member]
	keys       table[APIKey]

	// removed are the places of users who left, by id: cursors go on from
	// there.
	removed *btree.Map[string, position]

	// active counts the active API keys of each workspace.
	active    *btree.Map[string, int]
	activeAll int

	// assigned counts the assigned members of each workspace.
	assigned *btree.Map[string, int]

	// due is the first instant at which an invite or a key expires by itself,
	// in microseconds since 1970.
	due int64
}

func newState() *state {
	return &state{
		copying:    new(sync.Mutex),
		users:      newTable(userIndexes),
		invites:    newTable(inviteIndexes),
		workspaces: newTable(workspaceIndexes),
		members:    newTable(memberIndexes),
		keys:       newTable(keyIndexes),
		removed:    new(btree.Map[string, position]),
		active:     new(btree.Map[string, int]),
		assigned:   new(btree.Map[string, int]),
		due:        math.MaxInt64,
	}
}

// tx is a write: a version of its own, that nobody sees until it is
// published, and the one instant at which the write happens.
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
	c.users, c.invites, c.workspaces = s.users.copy(), s.invites.copy(), s.workspaces.copy()
	c.members, c.keys = s.members.copy(), s.keys.copy()
	c.removed, c.active, c.assigned = s.removed.Copy(), s.active.Copy(), s.assigned.Copy()
	return &tx{state: &c, now: now}
}

// done closes the write: the version is complete and can be published.
func (t *tx) done() *state {
	t.due = math.MaxInt64
	if r := t.invites.span(invitesByExpiry, Invite{}).first(); r != nil {
		t.due = r.Value.ExpiresAt.UnixMicro()
	}
	if r := t.keys.span(keysByExpiry, APIKey{}).first(); r != nil {
		t.due = min(t.due, r.Value.ExpiresAt.UnixMicro())
	}
	return t.state
}

// settle expires what is due at the instant of the write.
func (t *tx) settle() {
	for t.expireInvite() || t.expireKey() {
	}
}

// count changes a counter that tells how many there are of something.
func count(m *btree.Map[string, int], key string, by int) {
	n, _ := m.Get(key)
	if n += by; n == 0 {
		m.Delete(key)
		return
	}
	m.Set(key, n)
}

// counted reads such a counter.
func counted(m *btree.Map[string, int], key string) int {
	n, _ := m.Get(key)
	return n
}

// reached tells whether a limit allows no more than there are.
func reached(limit *int, n int) bool { return limit != nil && n >= *limit }
