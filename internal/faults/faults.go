// Package faults makes requests fail on purpose: it parses faults, decides which
// requests they hit, and fails those requests' responses or connections.
//
// Watch out for retries: the official SDKs retry a call twice after 408, 409, 429,
// any 5xx or a broken connection. A fault with times 1 is invisible to their
// users. To see one, arm it with times 3 or more, or disable the SDK's retries.
// Go's http.Transport also retries a GET when a reused connection breaks before the
// response starts. The fault counts each attempt as a request.
package faults

import (
	"encoding/json"
	"time"

	"antechamber/api"
	"antechamber/internal/duration"
)

// Header is the response header that names the fault that fired.
const Header = "x-emulate-fault"

// Operation is an operation that faults can match.
type Operation struct {
	ID     string // the contract's operationId
	Method string
	Path   string // as in the contract: /organizations/users/{user_id}
	Body   bool   // it takes a request body
}

// Fault is a fault as the control plane reads and writes it.
type Fault struct {
	ID          string  `json:"id"`
	Match       Match   `json:"match"`
	Action      Action  `json:"action"`
	Times       int     `json:"times,omitempty"` // how many times it fires; 0 for every time
	After       int     `json:"after"`           // how many matching requests to let through first
	Probability float64 `json:"probability"`     // of firing when it is due
	Hits        int     `json:"hits"`            // how many times it has fired
}

// Match says which requests a fault matches: those that match every field that is
// set.
type Match struct {
	Operation string          `json:"operation,omitempty"`
	Method    string          `json:"method,omitempty"`
	Path      string          `json:"path,omitempty"` // * matches any part of one segment
	Body      json.RawMessage `json:"body,omitempty"` // an object that the request's body must contain
}

// ActionType says what a fault does.
type ActionType string

// The actions.
const (
	Error           ActionType = "error"             // responds with an error instead of doing the work
	Delay           ActionType = "delay"             // waits before the work
	Drop            ActionType = "drop"              // closes the connection before the work
	DropAfterCommit ActionType = "drop_after_commit" // closes the connection after the work
	Truncate        ActionType = "truncate"          // closes the connection partway through the response
	Malformed       ActionType = "malformed"         // responds with invalid JSON after the work
	StaleRead       ActionType = "stale_read"        // reads the state of some writes ago
)

// Distribution is the distribution of a random delay.
type Distribution string

// The distributions. Without one, every delay has the same length.
const (
	Uniform   Distribution = "uniform"
	Lognormal Distribution = "lognormal"
)

// Action is what a fault does. Each type has its own fields.
type Action struct {
	Type ActionType `json:"type"`

	Status     int              `json:"status,omitempty"` // error: 400 to 599
	Message    string           `json:"message,omitempty"`
	ErrorCode  api.ErrorCode    `json:"error_code,omitempty"`  // the fault fires only on operations that document it
	Details    api.DetailFields `json:"details,omitzero"`      // those that the code requires, and optional ones
	RetryAfter *int             `json:"retry_after,omitempty"` // seconds

	Duration     Duration     `json:"duration,omitempty"` // delay
	Distribution Distribution `json:"distribution,omitempty"`
	Min          Duration     `json:"min,omitempty"` // uniform
	Max          Duration     `json:"max,omitempty"`
	Median       Duration     `json:"median,omitempty"` // lognormal
	Sigma        float64      `json:"sigma,omitempty"`  // of the duration's natural logarithm

	Bytes *int `json:"bytes,omitempty"` // truncate: how much of the body to send

	Writes int `json:"writes,omitempty"` // stale_read: 1 to MaxWrites
}

// MaxWrites is the maximum number of writes that a stale read goes back.
const MaxWrites = 100

// maxDelay bounds a delay: a lognormal one could last for years.
const maxDelay = time.Hour

// Duration is a time.Duration that is "250ms" in JSON.
type Duration time.Duration

// MarshalText returns the duration as Go writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText parses a duration as duration.Parse does.
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := duration.Parse(string(b))
	*d = Duration(parsed)
	return err
}
