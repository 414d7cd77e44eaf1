// Package server defines what the Admin API and the control plane share: the
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
	ErrorsProduction Errors = "production" // exactly production's envelope
)

// Options configure a server. The command line, admintest and tests fill them
// in, and handlers.New builds the server from them.
type Options struct {
	Store *store.Store // with at least one organization
	Seed  seed.Options // how the seed was loaded; it applies to later organizations too
	// ForkUnknownKeys creates an organization, forked from the seed, for each
	// well-formed admin key seen for the first time. If false, unknown keys are
	// rejected.
	ForkUnknownKeys bool
	ForkTTL         time.Duration // how long a fork may be unused before it is removed; 0 for forever
	Errors          Errors        // ErrorsBoth if empty
	RateLimit       limits.Policy
	JournalEntries  int             // capacity of each organization's journal; 0 for no journal
	Origins         []string        // web origins that may call the Admin API; * is any except null
	AllowedHosts    []string        // further host names under which browsers may reach the server
	Exposed         bool            // whether other machines can reach the server
	Token           string          // required by the control plane if Exposed; empty for none
	Version         string          // of the program
	Log             *slog.Logger    // discards if nil
	Ending          context.Context // ends the event streams when done; may be nil
	// Sleep implements faults that delay. It defaults to the function [Sleep].
	Sleep func(ctx context.Context, d time.Duration) error
}

// Organization returns the organization that an admin key selects, or nil, and holds
// it: the caller must release it. It returns an error if the key should get a fork but
// the server is full.
func (o *Options) Organization(key string) (*store.Organization, error) {
	for {
		org, err := o.find(key)
		if org == nil || err != nil || org.Hold() {
			return org, err
		}
		// An unused fork, removed before it was held. Its key gets another one.
	}
}

func (o *Options) find(key string) (*store.Organization, error) {
	if o.ForkUnknownKeys {
		return o.Store.AuthenticateOrFork(key)
	}
	return o.Store.Authenticate(key), nil
}

// Sleep waits in real time. If ctx is done first, it returns the cause.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// A journal has room for journalBytes, or for more if it has so many entries that
// their average size would be less than journalEntryBytes.
const (
	journalBytes      = 16 << 20
	journalEntryBytes = 4 << 10
)

// Tools are an organization's instruments for tests, kept apart from its state.
type Tools struct {
	Journal *journal.Journal // nil if the server keeps none
	Faults  *faults.Set
	Limiter *limits.Limiter

	resets atomic.Uint64
}

// ToolsOf returns the tools of an organization. They live as long as it does.
func (o *Options) ToolsOf(org *store.Organization) *Tools {
	return org.Attachment(func() any {
		t := &Tools{Faults: &faults.Set{Seed: org.IDSeed}, Limiter: limits.New(o.RateLimit)}
		if o.JournalEntries > 0 {
			t.Journal = journal.New(o.JournalEntries, max(journalBytes, o.JournalEntries*journalEntryBytes))
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
