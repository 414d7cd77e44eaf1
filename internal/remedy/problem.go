package remedy

import (
	"strings"

	"antechamber/internal/guess"
	"antechamber/internal/text"
)

// ProblemType says what is wrong with a field.
type ProblemType string

// The types of problems. openapi.json of the control plane lists them too.
const (
	Invalid  ProblemType = "invalid"  // has Message and often Value
	Missing  ProblemType = "missing"  // may have Message
	Repeated ProblemType = "repeated" // has neither Message nor Allowed
	Unknown  ProblemType = "unknown"  // has Allowed
)

// Problem is one thing that is wrong with a request. Only Field names the field, so
// that each client can name it in its own way.
type Problem struct {
	Type    ProblemType `json:"type"`
	Field   string      `json:"field,omitempty"`   // such as action.status or expect[0].path; empty if several fields are wrong together
	Value   string      `json:"value,omitempty"`   // the wrong value, as jsontree.Node.Quote returns it; empty for a secret
	Message string      `json:"message,omitempty"` // such as "want a number"
	Allowed []string    `json:"allowed,omitempty"` // the fields that the object may have
	Remedy  *Remedy     `json:"remedy,omitempty"`  // nil for none
	In      string      `json:"in,omitempty"`      // InQuery for a parameter of the query; empty for the body
}

// InQuery is the In of a query parameter.
const InQuery = "query"

// Want returns the problem of a field with a wrong value. See Problem for value.
func Want(field, value, want string) Problem {
	return Problem{Type: Invalid, Field: field, Value: value, Message: "want " + want}
}

// WantOperation returns the problem of a field with a name that is not one of the
// Admin API's operations.
func WantOperation(field, name string, operations []string) Problem {
	p := Want(field, text.Quote(name), "an operation of the Admin API, such as listWorkspaces")
	p.Remedy = Meant(guess.Operation(name, operations))
	return p
}

// UnknownField returns the problem of an unknown field, with the field of a
// similar name as its remedy.
func UnknownField(field, name string, allowed []string) Problem {
	return Problem{Type: Unknown, Field: field, Allowed: allowed, Remedy: Meant(guess.Nearest(name, allowed))}
}

// Error returns the problem on one line, without its remedy.
func (p Problem) Error() string {
	switch p.Type {
	case Missing:
		return p.line(text.Missing(p.Field))
	case Repeated, Unknown:
		return p.line(string(p.Type) + " " + p.noun() + " " + text.Quote(p.Field))
	}
	return p.line("invalid " + p.Field)
}

func (p Problem) noun() string {
	if p.In == InQuery {
		return "parameter"
	}
	return "field"
}

// Hint returns the remedy in the words of HTTP. It is empty if Message already
// lists the values to use.
func (p Problem) Hint() string {
	if p.ListsValues() {
		return ""
	}
	return p.Remedy.String()
}

// ListsValues reports whether Message lists the values that the remedy suggests.
func (p Problem) ListsValues() bool {
	return p.Remedy != nil && p.Remedy.Type == UseOneOf && strings.Contains(p.Message, text.OneOf(p.Remedy.Values))
}

// Say is Error with another name for the field.
func (p Problem) Say(name string) string { return p.line(string(p.Type) + " " + name) }

// line returns the problem on one line, which starts with prefix.
func (p Problem) line(prefix string) string {
	if p.Value != "" {
		prefix += " " + p.Value
	}
	switch {
	case p.Field == "":
		return p.Message
	case p.Type == Unknown:
		return prefix + " " + text.Allowed(p.Allowed)
	case p.Message == "":
		return prefix
	}
	return prefix + ": " + p.Message
}
