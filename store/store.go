// Package store holds the state of organizations and the rules of the Admin
// API: one exported method for each operation. It knows no HTTP.
//
// An organization's state is a chain of immutable versions. A write copies the
// present version (the heads of its trees only), works on the copy and
// publishes it, or forgets it; a reader loads a pointer and never waits. See
// update, and table for how rows and their orders are kept.
//
// A method that takes input takes the fault of that input last, as bad: what is
// checked first is whether the objects that the path names exist, then the
// input, then what the state allows.
package store

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Store holds the organizations of one process. The admin key of a request
// selects one.
type Store struct {
	realTime func() time.Time

	mu    sync.RWMutex
	all   []*Organization
	byKey map[string]*Organization
}

// New gives a store without organizations. realTime is the time that running
// clocks follow; it must not go backwards.
func New(realTime func() time.Time) *Store {
	return &Store{realTime: realTime, byKey: map[string]*Organization{}}
}

// AdminKeyPattern is the form of an admin key.
const AdminKeyPattern = `^sk-ant-admin[0-9]{2}-[A-Za-z0-9_-]{1,128}$`

var adminKey = regexp.MustCompile(AdminKeyPattern)

// ValidAdminKey tells whether a key has the form of an admin key.
func ValidAdminKey(key string) bool { return adminKey.MatchString(key) }

// Add builds an organization from its contents and answers requests with its
// admin keys from now on. It fails, and adds nothing, when a key or the id
// belongs to another organization or the contents contradict themselves.
func (s *Store) Add(c Contents) (*Organization, error) {
	o := &Organization{id: c.ID, adminKeys: slices.Clone(c.AdminKeys), realTime: s.realTime}
	built, err := build(c)
	if err != nil {
		return nil, err
	}
	// Organizations of one id seed have other request ids all the same.
	o.requestSeed = hash(c.ID) ^ c.IDs.Seed
	o.state.Store(built)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.all {
		if other.id == c.ID {
			return nil, fmt.Errorf("organization %s exists already", c.ID)
		}
	}
	for _, key := range c.AdminKeys {
		if !ValidAdminKey(key) {
			return nil, fmt.Errorf("an admin key of organization %s is not of the form sk-ant-admin01-…", c.ID)
		}
		if s.byKey[key] != nil {
			return nil, fmt.Errorf("an admin key of organization %s selects another one already", c.ID)
		}
	}
	for _, key := range c.AdminKeys {
		s.byKey[key] = o
	}
	s.all = append(s.all, o)
	return o, nil
}

// Authenticate gives the organization that the admin key selects, or nil.
func (s *Store) Authenticate(key string) *Organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[key]
}

// First gives the organization that was added first, or nil.
func (s *Store) First() *Organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.all) == 0 {
		return nil
	}
	return s.all[0]
}
