package admintest

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"

	"antechamber/internal/faults"
	"antechamber/internal/journal"
)

// shared is what all organizations of a server have in common.
type shared struct {
	mu    sync.Mutex
	logs  map[string]*log // by the id of the organization
	forks map[string]int  // by the name of the test
}

// logOf gives the log of an organization, the same one whoever asks.
func (s *shared) logOf(id string) *log {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logs == nil {
		s.logs = map[string]*log{}
	}
	if s.logs[id] == nil {
		s.logs[id] = &log{}
	}
	return s.logs[id]
}

// keyOf makes an admin key for a fork of a test: another one each time, and the
// same ones in every run.
func (s *shared) keyOf(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forks == nil {
		s.forks = map[string]int{}
	}
	s.forks[name]++
	h := fnv.New128a()
	_, _ = h.Write([]byte(name)) // never fails
	return fmt.Sprintf("sk-ant-admin01-fork-%x-%d", h.Sum(nil), s.forks[name])
}

// log is what the report of a test that fails knows beside the journal of the
// organization.
type log struct {
	forked atomic.Bool // other organizations were made from this one

	mu        sync.Mutex
	restarts  int           // of the journal, which then counts from 1 again
	forgotten uint64        // how many entries were cleared since
	before    []entry       // the newest that were cleared
	told      mark          // the last entry that a report has told
	faults    []*armedEntry // in the order of arming
}

// mark is a place in the journal.
type mark struct {
	restarts int
	seq      uint64
}

func (m mark) before(other mark) bool {
	return m.restarts < other.restarts || m.restarts == other.restarts && m.seq < other.seq
}

// entry is one of the journal, with its place.
type entry struct {
	mark
	journal.Entry
}

// armedEntry is a fault as it was last seen.
type armedEntry struct {
	*ArmedFault
	last faults.Fault
}

// arm notes a fault, and gives the restarts before it.
func (l *log) arm(f *ArmedFault, seen faults.Fault) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := l.find(f); i >= 0 {
		l.faults[i].last = seen
	} else {
		l.faults = append(l.faults, &armedEntry{f, seen})
	}
	return l.restarts
}

// see notes how often the faults that are armed have happened.
func (l *log) see(armed []faults.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.faults {
		for _, f := range armed {
			if a.ID == f.ID && a.begun == l.restarts {
				a.last = f
			}
		}
	}
}

func (l *log) find(f *ArmedFault) int {
	return slices.IndexFunc(l.faults, func(a *armedEntry) bool { return a.ArmedFault == f })
}

// hits is how often a fault had happened when it was last seen.
func (l *log) hits(f *ArmedFault) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := l.find(f); i >= 0 {
		return l.faults[i].last.Hits
	}
	return 0
}

// forget is for a fault that no report will tell.
func (l *log) forget(f *ArmedFault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := l.find(f); i >= 0 {
		l.faults = slices.Delete(l.faults, i, i+1)
	}
}

// restarted tells whether there was a reset since so many.
func (l *log) restarted(since int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restarts > since
}

// restart is for a reset: the journal is empty, and counts from 1 again.
func (l *log) restart(newest []journal.Entry, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(newest, err)
	l.restarts++
	l.forgotten = 0
}

// cleared is for a journal of which so many entries were cleared.
func (l *log) cleared(newest []journal.Entry, err error, n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(newest, err)
	// Others may have come between the look and the clearing, and before both the
	// journal may have forgotten some.
	l.forgotten += n
	if len(newest) > 0 {
		l.forgotten = max(l.forgotten, newest[len(newest)-1].Seq)
	}
}

// keep keeps the newest of what is gone.
func (l *log) keep(newest []journal.Entry, err error) {
	if err == nil {
		l.before = append(l.before, l.marked(newest)...)
		l.before = l.before[max(0, len(l.before)-shownRequests):]
	}
}

func (l *log) marked(entries []journal.Entry) []entry {
	out := make([]entry, len(entries))
	for i, e := range entries {
		out[i] = entry{mark{l.restarts, e.Seq}, e}
	}
	return out
}

// incomplete tells whether the journal, as it is, has forgotten requests that
// nobody has cleared.
func (l *log) incomplete(entries []journal.Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(entries) > 0 && entries[0].Seq > l.forgotten+1
}

// here gives where the part of a test begins.
func (l *log) here(newest []journal.Entry) mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := mark{restarts: l.restarts}
	if len(newest) > 0 {
		m.seq = newest[len(newest)-1].Seq
	} else {
		m.seq = l.forgotten
	}
	return m
}

// told is what a report tells.
type told struct {
	requests  []journal.Entry
	faults    []faults.Fault
	elsewhere bool // there may be nothing, since others have told it or have it
}

// tell gives the newest requests of a test and the faults, as far as nobody has
// told them yet: a subtest that has failed has told its part.
func (l *log) tell(t TB, begun mark, newest []journal.Entry) told {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := told{elsewhere: l.forked.Load() || l.told != mark{}}
	for _, e := range append(slices.Clone(l.before), l.marked(newest)...) {
		if begun.before(e.mark) && l.told.before(e.mark) {
			out.requests = append(out.requests, e.Entry)
			l.told = e.mark
		}
	}
	out.requests = out.requests[max(0, len(out.requests)-shownRequests):]
	l.faults = slices.DeleteFunc(l.faults, func(a *armedEntry) bool {
		out.faults = append(out.faults, a.last)
		return a.owner == t
	})
	return out
}
