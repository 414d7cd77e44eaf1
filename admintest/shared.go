package admintest

import (
	"fmt"
	"hash/fnv"
	"sync"
)

// shared is the state common to all Servers of one underlying server.
type shared struct {
	mu            sync.Mutex
	organizations map[string]*organization // by id
	forks         map[string]int           // number of forks, by test name
}

// organization returns the state shared by all Servers of an organization.
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

// forkKey returns an admin key for a new fork. It depends only on the test's name
// and on how many forks that test has made, so it is the same in every run.
func (s *shared) forkKey(name string) string {
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

// organization is the state common to all Servers of one organization.
type organization struct {
	mu      sync.Mutex
	resets  int
	cleared uint64 // sequence number of the newest request cleared since the last reset
}

// counts returns the number of resets, and the sequence number of the newest
// request cleared since the last one.
func (o *organization) counts() (resets int, cleared uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.resets, o.cleared
}

// noteReset records a reset, after which requests and faults are numbered from 1.
func (o *organization) noteReset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resets, o.cleared = o.resets+1, 0
}

// noteCleared records that n requests were cleared, including newest. The journal
// may have dropped older requests before, and recorded newer ones since.
func (o *organization) noteCleared(n, newest uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cleared = max(o.cleared+n, newest)
}
