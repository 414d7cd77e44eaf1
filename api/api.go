// Package api holds the words of the Anthropic Admin API: the objects it
// answers, its enumerations, its error types and their JSON. It knows no rule
// and no state, and imports the standard library only.
package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// BasePath is the path under which the API is served.
const BasePath = "/v1"

// Encode returns the JSON of one of the objects of this package, as it stands in
// an answer: compact, and with <, > and & left as they are.
func Encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// The objects of this package are strings, times, maps of strings and
		// lists of strings: there is nothing in them that cannot be encoded.
		panic(fmt.Sprintf("api: %T: %v", v, err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TimeFormat is how the API writes an instant: RFC 3339, UTC, microseconds.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// Time is an instant of the API, in UTC and cut to the microsecond. The zero
// Time reads null: no instant of the API is the year 1.
type Time struct{ time.Time }

// At returns t as the API can say it.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UTC().Round(0).Truncate(time.Microsecond)}
}

// MarshalJSON writes the instant in TimeFormat, or null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.AppendFormat(make([]byte, 0, len(TimeFormat)+2), `"`+TimeFormat+`"`), nil
}

// UnmarshalJSON reads an RFC 3339 instant, or null.
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

// String is the instant as the API writes it.
func (t Time) String() string {
	if t.IsZero() {
		return "null"
	}
	return t.Format(TimeFormat)
}

// Equal reports whether both are the same instant, or both null.
func (t Time) Equal(u Time) bool { return t.Time.Equal(u.Time) }

// Nullable is a string that reads null when it is empty.
type Nullable string

// MarshalJSON writes the string, or null when it is empty.
func (n Nullable) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return []byte(Encode(string(n))), nil
}

// UnmarshalJSON reads a string, or null as the empty one.
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

// OneOf reports whether v is among the values of an enumeration.
func OneOf[T ~string](v T, values []T) bool { return slices.Contains(values, v) }
