// Package tools is what each organization is given for tests beside its state:
// a journal of its requests, faults that are armed for it, and its rate limit.
package tools

import (
	"sync/atomic"

	"antechamber/handlers/faults"
	"antechamber/handlers/journal"
	"antechamber/handlers/limits"
	"antechamber/store"
)

// Options say what every organization is given.
type Options struct {
	RateLimit limits.Policy
	// JournalEntries and JournalBytes bound each journal. Without entries there
	// is none.
	JournalEntries, JournalBytes int
}

// Tools are those of one organization.
type Tools struct {
	Journal *journal.Journal // nil when there is none
	Faults  *faults.Set
	Limiter *limits.Limiter

	resets atomic.Uint64
}

// Of gives the tools of an organization. They end with it.
func (o Options) Of(org *store.Organization) *Tools {
	return org.Attached(func() any {
		t := &Tools{Faults: &faults.Set{Seed: org.IDSeed}, Limiter: limits.New(o.RateLimit)}
		if o.JournalEntries > 0 {
			t.Journal = journal.New(o.JournalEntries, o.JournalBytes)
		}
		return t
	}).(*Tools)
}

// Resets counts the resets: what began before the last one is not written down.
func (t *Tools) Resets() uint64 { return t.resets.Load() }

// Reset puts the tools back to how they began.
func (t *Tools) Reset() {
	t.resets.Add(1)
	t.Faults.Clear()
	t.Limiter.Reset()
	if t.Journal != nil {
		t.Journal.Reset()
	}
}
