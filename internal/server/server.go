// Package server holds what the Admin API and the control plane share: the
// options of a server and, for each of its organizations, the journal, the
// armed faults and the rate limit.
package server

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/internal/limits"
	"antechamber/seed"
	"antechamber/store"
)

// Errors is the form in which the Admin API writes errors.
type Errors string

// The forms of errors.
const (
	ErrorsBoth       Errors = "both"       // the contract's two fields beside production's envelope
	ErrorsProduction Errors = "production" // production's envelope to the letter
)

// Options configure a server. The command line, admintest and tests fill them
// in, and handlers.New builds the server from them.
type Options struct {
	Store *store.Store // with at least one organization
	Seed  seed.Options // how the seed was loaded; it applies to later organizations too
	// ForkUnknownKeys gives a well-formed admin key seen for the first time its
	// own organization, forked from the seed. Otherwise the key is refused.
	ForkUnknownKeys bool
	Errors          Errors // ErrorsBoth when empty
	RateLimit       limits.Policy
	JournalEntries  int             // capacity of each organization's journal; 0 for no journal
	Origins         []string        // web origins that may call the Admin API; * is any
	Exposed         bool            // whether other machines can reach the server
	Token           string          // required by the control plane when exposed; empty for none
	Version         string          // of the program
	Log             *slog.Logger    // discards when nil
	Ending          context.Context // its end ends the event streams; may be nil
	// Sleep waits for faults that delay, or returns the cause when ctx is done
	// first. [Sleep] when nil.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Organization returns the organization that an admin key selects, or nil. It
// fails when the key should get a fork and there is no room for one.
func (o *Options) Organization(key string) (*store.Organization, error) {
	if o.ForkUnknownKeys {
		return o.Store.AuthenticateOrFork(key)
	}
	return o.Store.Authenticate(key), nil
}

// Sleep waits in real time, or returns the cause when ctx is done first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// journalEntryBytes is the room for an entry of a journal, on average.
const journalEntryBytes = 4 << 10

// Tools are what an organization has for tests beside its state.
type Tools struct {
	Journal *journal.Journal // nil when there is none
	Faults  *faults.Set
	Limiter *limits.Limiter

	resets atomic.Uint64
}

// ToolsOf returns the tools of an organization, which last as long as it does.
func (o *Options) ToolsOf(org *store.Organization) *Tools {
	return org.Attachment(func() any {
		t := &Tools{Faults: &faults.Set{Seed: org.IDSeed}, Limiter: limits.New(o.RateLimit)}
		if o.JournalEntries > 0 {
			t.Journal = journal.New(o.JournalEntries, o.JournalEntries*journalEntryBytes)
		}
		return t
	}).(*Tools)
}

// Resets counts the resets: the journal does not record a request that began
// before the last one.
func (t *Tools) Resets() uint64 { return t.resets.Load() }

// Reset returns the tools to their initial state.
func (t *Tools) Reset() {
	t.resets.Add(1)
	t.Faults.Clear()
	t.Limiter.Reset()
	if t.Journal != nil {
		t.Journal.Reset()
	}
}
