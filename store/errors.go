package store

import "antechamber/api"

// Kind is why the store refused: the one thing a transport has to know to
// answer.
type Kind int

// The kinds of refusal.
const (
	Invalid  Kind = iota // the input, or the state it meets, does not allow it
	NotFound             // no such object
	Conflict             // it belongs to somebody else
)

// Error is a refusal of the store. A refused operation changed nothing.
type Error struct {
	Kind    Kind
	Message string
	Code    api.ErrorCode // empty for most
}

func (e *Error) Error() string { return e.Message }

func invalid(message string) error {
	return &Error{Kind: Invalid, Message: message}
}

func refused(code api.ErrorCode, message string) error {
	return &Error{Kind: Invalid, Code: code, Message: message}
}

// notFound words an unknown id as the API does for every noun.
func notFound(noun, id string) error {
	return &Error{Kind: NotFound, Message: noun + " `" + id + "` not found."}
}
