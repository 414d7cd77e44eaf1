// Package remedy defines the problems that the control plane finds in a request,
// and the remedies that it suggests. Both are typed values, which each client
// renders in its own words: the command line as flags and commands, admintest as
// Go.
package remedy

import (
	"fmt"
	"slices"

	"antechamber/internal/guess"
	"antechamber/internal/text"
)

// Type says what to do about an error.
type Type string

// The types. openapi.json of the control plane lists them too.
const (
	AddUser           Type = "add_user"
	DidYouMean        Type = "did_you_mean" // Value
	EnableJournal     Type = "enable_journal"
	FixAdminKey       Type = "fix_admin_key" // Key
	LeaveOutTimes     Type = "leave_out_times"
	ListFaults        Type = "list_faults"
	ListOrganizations Type = "list_organizations"
	ListOutbox        Type = "list_outbox"
	ListSnapshots     Type = "list_snapshots"
	NameOrganization  Type = "name_organization"
	ReadOpenAPI       Type = "read_openapi"
	RemoveLimit       Type = "remove_limit" // Limit
	ReplaceOneByOne   Type = "replace_one_by_one"
	ResetOrRestore    Type = "reset_or_restore"
	SendControlToken  Type = "send_control_token"
	UseLocalPage      Type = "use_local_page"
	UseLoopback       Type = "use_loopback"
	UseOneOf          Type = "use_one_of" // Values
)

// Types lists all types.
var Types = []Type{
	AddUser, DidYouMean, EnableJournal, FixAdminKey, LeaveOutTimes, ListFaults, ListOrganizations, ListOutbox, ListSnapshots, NameOrganization,
	ReadOpenAPI, RemoveLimit, ReplaceOneByOne, ResetOrRestore, SendControlToken, UseLocalPage, UseLoopback, UseOneOf,
}

// Remedy is a suggestion. Each type has at most one of the other fields.
type Remedy struct {
	Type   Type     `json:"type"`
	Value  string   `json:"value,omitempty"`  // what was probably meant
	Values []string `json:"values,omitempty"` // the alternatives
	Limit  string   `json:"limit,omitempty"`  // a setting of the organization
	Key    KeyFault `json:"key,omitempty"`    // what is wrong with a key
}

// Meant returns the suggestion of a word, or nil if the word is empty.
func Meant(word string) *Remedy {
	if word == "" {
		return nil
	}
	return &Remedy{Type: DidYouMean, Value: word}
}

// Similar suggests the word that is most similar to another, or returns nil if none is.
func Similar(word string, words []string) *Remedy {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return len(w) > 100 }) // comparing long ones takes long
	return Meant(guess.Nearest(word, words))
}

// String returns the remedy as HTTP requests and headers, for people who use curl.
// It is empty for nil and for an unknown type.
func (r *Remedy) String() string {
	if r == nil {
		return ""
	}
	switch r.Type {
	case AddUser:
		return "POST /_emulate/users adds one"
	case DidYouMean:
		return fmt.Sprintf("did you mean %q?", r.Value)
	case EnableJournal:
		return "start the server with --journal-size 1000"
	case FixAdminKey:
		return r.Key.String()
	case LeaveOutTimes:
		return "leave it out to fire every time"
	case ListFaults:
		return "GET /_emulate/faults lists the armed faults"
	case ListOrganizations:
		return "GET /_emulate/organizations lists all organizations"
	case ListOutbox:
		return "GET /_emulate/outbox lists the invites that were sent"
	case ListSnapshots:
		return "GET /_emulate/snapshots lists the snapshots"
	case NameOrganization:
		return "send its admin key as x-api-key or its id as ?organization=<id>; GET /_emulate/organizations lists all organizations"
	case ReadOpenAPI:
		return "GET /_emulate/openapi.json describes every endpoint"
	case RemoveLimit:
		return fmt.Sprintf("PATCH /_emulate/settings with {%q:null} removes the limit", r.Limit)
	case ReplaceOneByOne:
		return "replace one organization at a time, selected by its admin key or id"
	case ResetOrRestore:
		return "use POST /_emulate/reset or restore a snapshot to return to an earlier time"
	case SendControlToken:
		return "send Authorization: Bearer <token>, with the token of --control-token or the one that the server printed at startup"
	case UseLocalPage:
		return "call it from a page on localhost or from outside a browser"
	case UseLoopback:
		return "use 127.0.0.1 or localhost, or start the server with --allow-host NAME"
	case UseOneOf:
		return "use " + text.OneOf(r.Values)
	}
	return ""
}
