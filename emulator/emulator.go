// Package emulator puts the parts together: the one server that the command
// line runs and that Go tests run, and how it begins.
package emulator

import (
	"context"
	"log/slog"
	"net/http"

	"antechamber/handlers"
	"antechamber/handlers/control"
	"antechamber/handlers/limits"
	"antechamber/handlers/tools"
	"antechamber/store"
)

// Options make a server.
type Options struct {
	Store *store.Store // filled: see Beginning
	Beginning
	// Fork gives a well-formed admin key that nobody has an organization of its
	// own, made from the seed. Otherwise such a key is refused.
	Fork      bool
	Errors    handlers.Errors // handlers.ErrorsBoth when empty
	RateLimit limits.Policy
	// JournalEntries is how many requests the journal of each organization
	// holds. With none there is no journal.
	JournalEntries int
	Origins        []string        // of web pages that may call the Admin API; * is any
	Exposed        bool            // whether other machines can reach the server
	Token          string          // what the control plane asks for when exposed; nothing when empty
	Version        string          // of the program
	Log            *slog.Logger    // nothing is logged when nil
	Ending         context.Context // ends the streams when it is done; may be nil
}

// journalEntryBytes is how much room there is for each entry of a journal, on
// average.
const journalEntryBytes = 4 << 10

// New gives the handler of everything that a server answers.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	given := tools.Options{
		RateLimit: o.RateLimit, JournalEntries: o.JournalEntries, JournalBytes: o.JournalEntries * journalEntryBytes,
	}
	o.Store.Removed = func(org *store.Organization) {
		if requests := given.Of(org).Journal; requests != nil {
			requests.Close() // and so the streams of it
		}
		o.Log.Info("an organization has ended", "id", org.ID(), "name", org.Name())
	}
	plane := control.Options{
		Store: o.Store, Exposed: o.Exposed, Token: o.Token, IDSeed: o.IDSeed, Clock: o.clockOfNone(),
		Version: o.Version, Log: o.Log, Tools: given, Operations: handlers.Operations(), Ending: o.Ending,
	}
	if o.Fork {
		plane.Authenticate = o.Store.AuthenticateOrFork
	}
	return handlers.New(handlers.Options{
		Store: o.Store, Errors: o.Errors, Log: o.Log, Fork: o.Fork, Tools: given, Origins: o.Origins, Sleep: Sleep,
		Control: control.New(plane),
	})
}
