package admintest

import (
	"fmt"
	"hash/fnv"
	"sync"
)

// shared is what all Servers of one server have in common.
type shared struct {
	mu            sync.Mutex
	organizations map[string]*organization // by id
	forks         map[string]int           // by the name of the test
}

// organization returns what is known of an organization.
func (s *shared) organization(id string) *organization {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.organizations == nil {
		s.organizations = map[string]*organization{}
	}
	if s.organizations[id] == nil {
		s.organizations[id] = &organization{}
	}
	return s.organizations[id]
}

// keyOf returns an admin key for a fork of a test: a new one each time, and the
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

// organization is what all Servers of one organization have in common.
type organization struct {
	mu      sync.Mutex
	resets  int
	cleared uint64 // sequence number of the newest request cleared since the last reset
}

// counts returns how often the organization was reset, and the sequence number
// of the newest request cleared since then.
func (o *organization) counts() (resets int, cleared uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.resets, o.cleared
}

// noteReset counts a reset, which numbers requests and faults from 1 again.
func (o *organization) noteReset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resets, o.cleared = o.resets+1, 0
}

// noteCleared counts n requests that were cleared, those up to newest among
// them: the journal may have forgotten some before that, and recorded some after.
func (o *organization) noteCleared(n, newest uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cleared = max(o.cleared+n, newest)
}
