package store

import (
	"cmp"
	"sync"

	"github.com/tidwall/btree"

	"antechamber/api"
)

// Contents holds everything in an organization as plain values: a seed is parsed
// into Contents, and an export is written from them. Store.Add turns Contents into
// a state and Organization.Contents turns a state into Contents, without loss.
//
// Every object has its id and absolute times. Lists may be in any order; the store
// returns them in the order of the API's lists, newest first, and members by
// workspace and then in the order of the users. The maps and slices in an object
// are shared with the organization and must not be written to.
type Contents struct {
	ID        string // a UUID
	Name      string
	AdminKeys []string
	Settings  Settings
	Clock     Clock
	IDs       IDs

	// DefaultWorkspace is the workspace that every organization has. It is
	// named "Default" and is never archived.
	DefaultWorkspace api.Workspace

	Users      []api.User
	Invites    []api.Invite // including deleted ones, whose emails were sent
	Workspaces []api.Workspace
	Members    []Member
	APIKeys    []APIKey

	// Removed are the users who left. Their ids remain valid cursors.
	Removed []RemovedUser
}

// tables hold the objects of one version of an organization, and counts of them. A
// new table needs a field here and a line in the functions of this file; its rules
// belong in the file of its noun.
type tables struct {
	users      table[User]
	invites    table[Invite]
	workspaces table[Workspace]
	members    table[Member]
	keys       table[storedKey]

	// removed holds the positions of users who left, by id, for cursors.
	removed *btree.Map[string, position]

	// active counts the active API keys of each workspace, activeAll all of them.
	active    *btree.Map[string, int]
	activeAll int

	// assigned counts the assigned members of each workspace.
	assigned *btree.Map[string, int]
}

func newTables() tables {
	return tables{
		users:      newTable(userIndexes),
		invites:    newTable(inviteIndexes),
		workspaces: newTable(workspaceIndexes),
		members:    newTable(memberIndexes),
		keys:       newTable(keyIndexes),
		removed:    new(btree.Map[string, position]),
		active:     new(btree.Map[string, int]),
		assigned:   new(btree.Map[string, int]),
	}
}

// copy returns tables whose writes don't affect t. It marks t's trees, so the
// caller must hold the copying lock of t's version.
func (t *tables) copy() tables {
	c := *t
	c.users = t.users.copy()
	c.invites = t.invites.copy()
	c.workspaces = t.workspaces.copy()
	c.members = t.members.copy()
	c.keys = t.keys.copy()
	c.removed = t.removed.Copy()
	c.active = t.active.Copy()
	c.assigned = t.assigned.Copy()
	return c
}

// len returns the number of objects, not counting users who left.
func (t *tables) len() int {
	return t.users.len() + t.invites.len() + t.workspaces.len() + t.members.len() + t.keys.len()
}

// addToCount adds to the counter of key.
func addToCount(m *btree.Map[string, int], key string, by int) {
	n, _ := m.Get(key)
	if n += by; n == 0 {
		m.Delete(key)
		return
	}
	m.Set(key, n)
}

// countOf returns the counter of key.
func countOf(m *btree.Map[string, int], key string) int {
	n, _ := m.Get(key)
	return n
}

// latest returns the time of the latest event of any object. Memberships don't
// record when they were assigned.
func (t *tables) latest() api.Time {
	return latestOf(
		latestIn(t.users, (*User).latest),
		latestIn(t.invites, (*Invite).latest),
		latestIn(t.workspaces, (*Workspace).latest),
		latestIn(t.keys, (*storedKey).latest),
		t.latestRemoved(),
	)
}

// nextDue returns the earliest time at which an object expires, in microseconds
// since 1970.
func (t *tables) nextDue() int64 { return min(t.inviteDue(), t.keyDue()) }

// expireNext expires one object that is due, and reports whether there was one.
func (t *tx) expireNext() bool { return t.expireInvite() || t.expireKey() }

// build returns the state of contents, or an error if they are inconsistent.
// Package seed reports all faults of a seed earlier, so an error of build is a bug.
func build(c Contents) (*state, error) {
	t := &tx{state: &state{
		copying: new(sync.Mutex), name: c.Name, settings: c.Settings, clock: c.Clock, ids: c.IDs, tables: newTables(),
	}}
	// Each kind comes after the ones that its rules look at.
	err := cmp.Or(
		t.buildDefaultWorkspace(c.DefaultWorkspace),
		buildAll(c.Workspaces, t.buildWorkspace),
		buildAll(c.Users, t.buildUser),
		buildAll(c.Removed, t.buildRemovedUser),
		buildAll(c.Invites, t.buildInvite),
		buildAll(c.Members, t.buildMember),
		buildAll(c.APIKeys, t.buildAPIKey),
	)
	if err != nil {
		return nil, err
	}
	return t.done(), nil
}

func buildAll[T any](objects []T, build func(T) error) error {
	for _, o := range objects {
		if err := build(o); err != nil {
			return err
		}
	}
	return nil
}

// Contents returns everything in the organization.
func (o *Organization) Contents() Contents {
	c := o.view().contents()
	c.ID, c.AdminKeys = o.ID(), o.AdminKeys()
	return c
}

// contents returns everything in the version. The id and the admin keys are empty:
// they belong to the organization.
func (s *state) contents() Contents {
	c := Contents{Name: s.name, Settings: s.settings, Clock: s.clock, IDs: s.ids}
	c.DefaultWorkspace = s.workspaces.get(s.defaultWorkspace).Value.Workspace
	c.Users = s.userContents()
	c.Removed = s.removedContents()
	c.Invites = s.inviteContents()
	c.Workspaces = s.workspaceContents()
	c.Members = s.memberContents(c.Workspaces)
	c.APIKeys = s.keyContents()
	return c
}
