package store

import (
	"cmp"
	"sync"

	"github.com/tidwall/btree"

	"antechamber/api"
)

// Contents is everything an organization consists of, as plain values: what a
// seed is read into and what an export is written from. Store.Add turns
// Contents into a state and Organization.Contents turns a state back, losing
// nothing.
//
// Every object has its id and its absolute times. Lists may come in any
// order; they leave the store in the order of the API's lists, newest first,
// members by workspace and then in the order of the users. The maps and slices
// inside an object are shared with the organization and not to be written to.
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
	Invites    []api.Invite // deleted ones too: GET still answers them
	Workspaces []api.Workspace
	Members    []Member
	APIKeys    []APIKey

	// Removed are the users who left: their ids stay valid cursors.
	Removed []RemovedUser
}

// tables hold the objects of one version of an organization, and counts of
// them. A new table is a field here and a line in the functions of this file;
// its rules belong in the file of its noun.
type tables struct {
	users      table[User]
	invites    table[Invite]
	workspaces table[Workspace]
	members    table[Member]
	keys       table[APIKey]

	// removed are the positions of users who left, by id: cursors go on from
	// there.
	removed *btree.Map[string, position]

	// active counts the active API keys of each workspace, activeAll those of
	// the organization.
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

// copy returns tables that can be written without t seeing it. It writes a mark
// to t's trees, so the copying lock of t's version guards it.
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

// len returns the number of objects, users who left not counted.
func (t *tables) len() int {
	return t.users.len() + t.invites.len() + t.workspaces.len() + t.members.len() + t.keys.len()
}

// count adds to a counter of tables.
func count(m *btree.Map[string, int], key string, by int) {
	n, _ := m.Get(key)
	if n += by; n == 0 {
		m.Delete(key)
		return
	}
	m.Set(key, n)
}

// counted returns a counter of tables.
func counted(m *btree.Map[string, int], key string) int {
	n, _ := m.Get(key)
	return n
}

// latest returns the latest instant at which something happened to an object.
// Memberships don't record when they were assigned.
func (t *tables) latest() api.Time {
	return latestOf(
		latestIn(t.users, (*User).latest),
		latestIn(t.invites, (*Invite).latest),
		latestIn(t.workspaces, (*Workspace).latest),
		latestIn(t.keys, (*APIKey).latest),
		t.latestRemoved(),
	)
}

// nextDue returns the first instant at which an object expires by itself, in
// microseconds since 1970.
func (t *tables) nextDue() int64 { return min(t.inviteDue(), t.keyDue()) }

// expireNext expires an object that is due, and reports whether there was one.
func (t *tx) expireNext() bool { return t.expireInvite() || t.expireKey() }

// build makes a state of contents. It fails where they contradict themselves.
// Package seed reports all faults of a seed before it gets here, so an error of
// build is a mistake of the program.
func build(c Contents) (*state, error) {
	t := &tx{state: &state{
		copying: new(sync.Mutex), name: c.Name, settings: c.Settings, clock: c.Clock, ids: c.IDs, tables: newTables(),
	}}
	// Each after those that its rules look at.
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

// Contents returns everything that the organization consists of.
func (o *Organization) Contents() Contents {
	c := o.view().contents()
	c.ID, c.AdminKeys = o.ID(), o.AdminKeys()
	return c
}

// contents returns everything that the version holds. It has no id and no admin
// keys: those belong to the organization.
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
