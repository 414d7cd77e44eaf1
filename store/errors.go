package store

import (
	"antechamber/api"
	"antechamber/internal/text"
)

// Kind is the reason for a refusal, as far as a transport needs it to choose a
// status.
type Kind int

// The kinds of refusal.
const (
	Invalid  Kind = iota // the input or the current state does not allow it
	NotFound             // no such object
	Conflict             // the id or key belongs to another organization
)

// Error is a refusal of the store. A refused operation changed nothing.
//
// The messages of the Admin API's operations imitate production's. Those of the
// operations that only the control plane has follow the grammar of
// internal/text: lower case and no full stop.
type Error struct {
	Kind    Kind
	Message string
	Code    api.ErrorCode // usually empty
}

func (e *Error) Error() string { return e.Message }

func invalid(message string) error {
	return &Error{Kind: Invalid, Message: message}
}

func refused(code api.ErrorCode, message string) error {
	return &Error{Kind: Invalid, Code: code, Message: message}
}

// MaxEcho is how many characters of an input a message repeats, more than any id has.
const MaxEcho = 200

// notFound returns the error of an unknown id in an operation of the Admin API.
func notFound(noun, id string) error {
	return &Error{Kind: NotFound, Message: noun + " `" + text.Shorten(id, MaxEcho) + "` not found."}
}

// noSuch returns the error of an unknown id or name in an operation that only the
// control plane has.
func noSuch(noun, id string) error {
	return &Error{Kind: NotFound, Message: "no such " + noun + " " + text.Quote(id)}
}
