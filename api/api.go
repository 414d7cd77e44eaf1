// Package api holds the vocabulary of the Anthropic Admin API: its objects,
// enumerations and error types, and their JSON. It has no rules and no state, and
// imports only the standard library.
package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// BasePath is the path prefix of the API.
const BasePath = "/v1"

// Encode returns the JSON of an object of this package as in a response: compact,
// and without escaping <, > and &.
func Encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// The objects of this package consist of strings, times, maps of strings
		// and lists of strings, all of which can be encoded.
		panic(fmt.Sprintf("api: %T: %v", v, err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TimeFormat is the API's format of a time: RFC 3339, UTC, microseconds.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// Time is a time of the API, in UTC and truncated to the microsecond. The zero Time
// is null in JSON, because no time of the API is in the year 1.
type Time struct{ time.Time }

// At returns t as a time of the API.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UTC().Round(0).Truncate(time.Microsecond)}
}

// MarshalJSON writes the time in TimeFormat, or null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.AppendFormat(make([]byte, 0, len(TimeFormat)+2), `"`+TimeFormat+`"`), nil
}

// UnmarshalJSON parses an RFC 3339 time, or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil {
		*t = Time{}
		return nil
	}
	parsed, err := time.Parse(time.RFC3339Nano, *s)
	if err != nil {
		return err
	}
	*t = At(parsed)
	return nil
}

// String returns the time in TimeFormat, or null.
func (t Time) String() string {
	if t.IsZero() {
		return "null"
	}
	return t.Format(TimeFormat)
}

// Equal reports whether t and u are the same time, or both null.
func (t Time) Equal(u Time) bool { return t.Time.Equal(u.Time) }

// Nullable is a string that is null in JSON when empty.
type Nullable string

// MarshalJSON writes the string, or null if it is empty.
func (n Nullable) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return []byte(Encode(string(n))), nil
}

// UnmarshalJSON parses a string, or null as the empty string.
func (n *Nullable) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*n = ""
	if s != nil {
		*n = Nullable(*s)
	}
	return nil
}

// OneOf reports whether v is one of the values of an enumeration.
func OneOf[T ~string](v T, values []T) bool { return slices.Contains(values, v) }
