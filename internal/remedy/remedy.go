// Package remedy holds what the control plane finds wrong with a request, and
// what it suggests. Both are values, so that each client can say the same in its
// own words: the command line in flags and commands, admintest in Go.
package remedy

import (
	"fmt"

	"antechamber/internal/text"
)

// Type is what to do about a refusal.
type Type string

// The types. openapi.json of the control plane lists them too.
const (
	AddUser           Type = "add_user"
	DidYouMean        Type = "did_you_mean" // Value
	EnableJournal     Type = "enable_journal"
	LeaveOutTimes     Type = "leave_out_times"
	ListFaults        Type = "list_faults"
	ListOrganizations Type = "list_organizations"
	ListOutbox        Type = "list_outbox"
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

// Types are all types.
var Types = []Type{
	AddUser, DidYouMean, EnableJournal, LeaveOutTimes, ListFaults, ListOrganizations, ListOutbox, NameOrganization,
	ReadOpenAPI, RemoveLimit, ReplaceOneByOne, ResetOrRestore, SendControlToken, UseLocalPage, UseLoopback, UseOneOf,
}

// Remedy is a suggestion. Each type has at most one of the other fields.
type Remedy struct {
	Type   Type     `json:"type"`
	Value  string   `json:"value,omitempty"`  // what was probably meant
	Values []string `json:"values,omitempty"` // all that is allowed
	Limit  string   `json:"limit,omitempty"`  // a setting of the organization
}

// Meant suggests a word, or returns nil when it is empty.
func Meant(word string) *Remedy {
	if word == "" {
		return nil
	}
	return &Remedy{Type: DidYouMean, Value: word}
}

// String returns the remedy in the words of HTTP, for people who use curl. It is
// empty for nil and for an unknown type.
func (r *Remedy) String() string {
	if r == nil {
		return ""
	}
	switch r.Type {
	case AddUser:
		return "POST /_emulate/users adds one."
	case DidYouMean:
		return fmt.Sprintf("did you mean %q?", r.Value)
	case EnableJournal:
		return "Start the server with a --journal-size above 0."
	case LeaveOutTimes:
		return "leave it out to fire every time"
	case ListFaults:
		return "GET /_emulate/faults lists the armed faults."
	case ListOrganizations:
		return "GET /_emulate/organizations lists all organizations."
	case ListOutbox:
		return "GET /_emulate/outbox lists the invites that were sent."
	case NameOrganization:
		return "Send its admin key as x-api-key, or its id as ?organization=<id>. GET /_emulate/organizations lists all organizations."
	case ReadOpenAPI:
		return "GET /_emulate/openapi.json describes every path."
	case RemoveLimit:
		return fmt.Sprintf("PATCH /_emulate/settings with {%q:null} removes the limit.", r.Limit)
	case ReplaceOneByOne:
		return "Replace one organization at a time, selected by its admin key or its id."
	case ResetOrRestore:
		return "POST /_emulate/reset and restored snapshots return to an earlier time."
	case SendControlToken:
		return "Send Authorization: Bearer <token>, with the token of --control-token or the one that the server printed at start."
	case UseLocalPage:
		return "Call it from a page on localhost, or from outside a browser."
	case UseLoopback:
		return "Use 127.0.0.1 or localhost, or start the server with --expose."
	case UseOneOf:
		return "use " + text.OneOf(r.Values)
	}
	return ""
}
