package store

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"antechamber/api"
)

// MaxSnapshots is how many snapshots an organization may have. One costs next
// to nothing until the organization changes.
const MaxSnapshots = 1000

// Snapshot is a version of an organization that was kept under a name.
type Snapshot struct {
	Name  string   `json:"name"`
	Taken api.Time `json:"taken_at"` // by the organization's clock
}

// snapshots are those of one organization.
type snapshots struct {
	mu     sync.Mutex
	byName map[string]snapshot
}

type snapshot struct {
	Snapshot
	origin *origin
}

// TakeSnapshot keeps the organization as it is under a name: its state, its
// settings, its clock and its ids. A snapshot of that name is replaced.
func (o *Organization) TakeSnapshot(name string) (Snapshot, error) {
	s := o.view()
	now := o.nowIn(s)
	kept := snapshot{Snapshot{Name: name, Taken: now}, &origin{state: s, loaded: o.realTime(), shows: now}}
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	if _, there := o.snapshots.byName[name]; !there && len(o.snapshots.byName) >= MaxSnapshots {
		return Snapshot{}, refused("too_many_snapshots", "The organization has as many snapshots as it may have.")
	}
	if o.snapshots.byName == nil {
		o.snapshots.byName = map[string]snapshot{}
	}
	o.snapshots.byName[name] = kept
	return kept.Snapshot, nil
}

// Snapshots lists the snapshots by the time they were taken at, and by name.
func (o *Organization) Snapshots() []Snapshot {
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	all := make([]Snapshot, 0, len(o.snapshots.byName))
	for kept := range maps.Values(o.snapshots.byName) {
		all = append(all, kept.Snapshot)
	}
	slices.SortFunc(all, func(a, b Snapshot) int {
		return cmp.Or(a.Taken.Compare(b.Taken.Time), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// DeleteSnapshot forgets a snapshot.
func (o *Organization) DeleteSnapshot(name string) error {
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	if _, ok := o.snapshots.byName[name]; !ok {
		return notFound("Snapshot", name)
	}
	delete(o.snapshots.byName, name)
	return nil
}

// RestoreSnapshot puts the organization back to a snapshot: its clock shows
// again what it showed then, and goes on from there if it ran.
func (o *Organization) RestoreSnapshot(name string) (Snapshot, error) {
	kept, ok := o.snapshot(name)
	if !ok {
		return Snapshot{}, notFound("Snapshot", name)
	}
	s, err := kept.origin.version(o.realTime())
	if err != nil {
		return Snapshot{}, err
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	o.replace(s)
	return kept.Snapshot, nil
}

func (o *Organization) snapshot(name string) (snapshot, bool) {
	o.snapshots.mu.Lock()
	defer o.snapshots.mu.Unlock()
	kept, ok := o.snapshots.byName[name]
	return kept, ok
}
