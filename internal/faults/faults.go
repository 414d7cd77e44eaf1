// Package faults makes requests fail on purpose: it reads what a fault shall
// match and do, decides which request it hits, and acts on that request's
// answer or on its connection.
//
// The trap: the official SDKs try a call again, twice, when it ends with 408,
// 409, 429, any 5xx or a broken connection. A fault with times 1 is invisible
// to their users. To see one, arm it with times 3 or more, or switch the SDK's
// retries off. Go's own http.Transport, too, sends a GET again by itself when a
// connection that it has used before breaks before the answer begins; each such
// attempt is a request that the fault counts.
package faults

import (
	"encoding/json"
	"time"

	"antechamber/api"
	"antechamber/internal/duration"
)

// Header is the header of an answer that tells which fault made it so.
const Header = "x-emulate-fault"

// Operation is an operation that faults can match.
type Operation struct {
	ID     string // the contract's operationId
	Method string
	Path   string // as the contract writes it: /organizations/users/{user_id}
	Body   bool   // whether it takes a request body
}

// Fault is a fault as the control plane reads and writes it.
type Fault struct {
	ID          string  `json:"id"`
	Match       Match   `json:"match"`
	Action      Action  `json:"action"`
	Times       int     `json:"times,omitempty"` // how often it fires; 0: every time
	After       int     `json:"after"`           // how many matching requests pass first
	Probability float64 `json:"probability"`     // that it fires when it is due
	Hits        int     `json:"hits"`            // how often it has fired
}

// Match says which requests a fault is about: those that agree with every
// field that is set.
type Match struct {
	Operation string          `json:"operation,omitempty"`
	Method    string          `json:"method,omitempty"`
	Path      string          `json:"path,omitempty"` // a * stands for any part of one segment
	Body      json.RawMessage `json:"body,omitempty"` // an object that the request's body contains
}

// ActionType is what a fault does.
type ActionType string

// The actions.
const (
	Error           ActionType = "error"             // answers an error, the work is not done
	Delay           ActionType = "delay"             // waits before the work
	Drop            ActionType = "drop"              // closes the connection before the work
	DropAfterCommit ActionType = "drop_after_commit" // closes the connection after the work
	Truncate        ActionType = "truncate"          // closes the connection within the answer
	Malformed       ActionType = "malformed"         // answers what is not JSON, after the work
	StaleRead       ActionType = "stale_read"        // answers from some writes ago
)

// Distribution is how the length of a delay is drawn.
type Distribution string

// The distributions. Without one a delay has the same length every time.
const (
	Uniform   Distribution = "uniform"
	Lognormal Distribution = "lognormal"
)

// Action is what a fault does; each type has fields of its own.
type Action struct {
	Type ActionType `json:"type"`

	Status     int           `json:"status,omitempty"` // error: 400 to 599
	Message    string        `json:"message,omitempty"`
	ErrorCode  api.ErrorCode `json:"error_code,omitempty"`
	RetryAfter *int          `json:"retry_after,omitempty"` // seconds

	Duration     Duration     `json:"duration,omitempty"` // delay
	Distribution Distribution `json:"distribution,omitempty"`
	Min          Duration     `json:"min,omitempty"` // uniform
	Max          Duration     `json:"max,omitempty"`
	Median       Duration     `json:"median,omitempty"` // lognormal
	Sigma        float64      `json:"sigma,omitempty"`  // of the duration's natural logarithm

	Bytes *int `json:"bytes,omitempty"` // truncate: how much of the body is sent

	Writes int `json:"writes,omitempty"` // stale_read: 1 to MaxWrites
}

// MaxWrites is how many writes ago a stale read may answer from.
const MaxWrites = 100

// maxDelay bounds a delay, so that a lognormal one cannot last for years.
const maxDelay = time.Hour

// Duration is a time.Duration that JSON writes as "250ms".
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what duration.Parse reads.
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := duration.Parse(string(b))
	*d = Duration(parsed)
	return err
}
