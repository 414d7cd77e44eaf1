package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"antechamber/api"
)

// MaxSnapshots is the maximum number of snapshots of an organization. One costs next to
// nothing until the organization changes.
const MaxSnapshots = 1000

// Snapshot is a saved version of an organization.
type Snapshot struct {
	Name  string   `json:"name"`
	Taken api.Time `json:"taken_at"` // by the organization's clock
}

// snapshots holds the snapshots of one organization.
type snapshots struct {
	mu     sync.Mutex
	byName map[string]snapshot
}

type snapshot struct {
	Snapshot
	origin *origin
}

// TakeSnapshot saves the organization under a name: state, settings, clock and
// ids. It replaces a snapshot with the same name.
func (o *Organization) TakeSnapshot(name string) (Snapshot, error) {
	s := o.view()
	now := o.nowIn(s)
	taken := snapshot{Snapshot{Name: name, Taken: now}, &origin{state: s, loaded: o.realTime(), clockStart: now}}
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	if _, found := o.snapshots.byName[name]; !found && len(o.snapshots.byName) >= MaxSnapshots {
		return Snapshot{}, refused("too_many_snapshots", fmt.Sprintf("the organization has %d snapshots, the maximum", MaxSnapshots))
	}
	if o.snapshots.byName == nil {
		o.snapshots.byName = map[string]snapshot{}
	}
	o.snapshots.byName[name] = taken
	return taken.Snapshot, nil
}

// Snapshots returns the snapshots, ordered by the time they were taken, then name.
func (o *Organization) Snapshots() []Snapshot {
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	all := make([]Snapshot, 0, len(o.snapshots.byName))
	for s := range maps.Values(o.snapshots.byName) {
		all = append(all, s.Snapshot)
	}
	slices.SortFunc(all, func(a, b Snapshot) int {
		return cmp.Or(a.Taken.Compare(b.Taken.Time), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// DeleteSnapshot deletes a snapshot.
func (o *Organization) DeleteSnapshot(name string) error {
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	if _, ok := o.snapshots.byName[name]; !ok {
		return noSuch("snapshot", name)
	}
	delete(o.snapshots.byName, name)
	return nil
}

// RestoreSnapshot returns the organization to a snapshot. Its clock shows the time
// of the snapshot again, and continues from there if it was running.
func (o *Organization) RestoreSnapshot(name string) (Snapshot, error) {
	taken, ok := o.snapshot(name)
	if !ok {
		return Snapshot{}, noSuch("snapshot", name)
	}
	s, err := taken.origin.version(o.realTime())
	if err != nil {
		return Snapshot{}, err
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	o.replace(s)
	return taken.Snapshot, nil
}

func (o *Organization) snapshot(name string) (snapshot, bool) {
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	s, ok := o.snapshots.byName[name]
	return s, ok
}
