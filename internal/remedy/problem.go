package remedy

import (
	"cmp"
	"fmt"
	"strings"

	"antechamber/internal/guess"
	"antechamber/internal/text"
)

// ProblemType is in what way a field is wrong.
type ProblemType string

// The types of problems. openapi.json of the control plane lists them too.
const (
	Invalid  ProblemType = "invalid"  // Message
	Missing  ProblemType = "missing"  // Message, where more is to be said of the field
	Repeated ProblemType = "repeated" // neither
	Unknown  ProblemType = "unknown"  // Allowed
)

// Problem is one thing that is wrong with a request. The name of its field is
// only in Field, so that each client can write its own.
type Problem struct {
	Type    ProblemType `json:"type"`
	Field   string      `json:"field,omitempty"`   // such as action.status or expect[0].path; empty for several at once
	Value   string      `json:"value,omitempty"`   // the wrong value, as text.Quote returns it; empty for a secret, an object and a list
	Message string      `json:"message,omitempty"` // what is wanted instead: "want a number"
	Allowed []string    `json:"allowed,omitempty"` // the names of the fields that are known there
	Remedy  *Remedy     `json:"remedy,omitempty"`  // nil where nothing can be guessed
}

// Want returns the problem of a field with a wrong value. See Problem for value.
func Want(field, value, want string) Problem {
	return Problem{Type: Invalid, Field: field, Value: value, Message: "want " + want}
}

// WantOperation returns the problem of a field with a name that no operation of
// the Admin API has.
func WantOperation(field, name string, operations []string) Problem {
	p := Want(field, text.Quote(name), "an operation of the Admin API, such as listWorkspaces")
	p.Remedy = Meant(guess.Operation(name, operations))
	return p
}

// UnknownField returns the problem of a field with a name that is not allowed in
// its object.
func UnknownField(field, name string, allowed []string) Problem {
	return Problem{Type: Unknown, Field: field, Allowed: allowed, Remedy: Meant(guess.Nearest(name, allowed))}
}

// Error returns the problem in a line, without its remedy.
func (p Problem) Error() string {
	switch p.Type {
	case Missing:
		return p.line(text.Missing(p.Field))
	case Repeated, Unknown:
		return p.line(string(p.Type) + " field " + text.Quote(p.Field))
	}
	return p.line("invalid " + p.Field)
}

// Say is Error with another name for the field.
func (p Problem) Say(name string) string { return p.line(string(p.Type) + " " + name) }

// line returns a line that begins with the type and the field.
func (p Problem) line(begin string) string {
	if p.Value != "" {
		begin += " " + p.Value
	}
	switch {
	case p.Field == "":
		return p.Message
	case p.Type == Unknown:
		return fmt.Sprintf("%s (allowed: %s)", begin, cmp.Or(strings.Join(p.Allowed, ", "), "none"))
	case p.Message == "":
		return begin
	}
	return begin + ": " + p.Message
}
