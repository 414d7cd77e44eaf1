package seed

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/duration"
)

// Time is a time in a seed: absolute, or relative to the organization's clock
// when the seed is loaded. The zero Time is omitted from a seed.
type Time struct {
	kind     timeKind
	absolute api.Time
	relative time.Duration
}

type timeKind byte

const (
	omittedTime timeKind = iota
	nullTime
	absoluteTime
	relativeTime
)

// NoTime is written as null.
var NoTime = Time{kind: nullTime}

// At returns an absolute time, truncated to the microsecond.
func At(t time.Time) Time { return Time{kind: absoluteTime, absolute: api.At(t)} }

// FromNow returns a time relative to the clock at load. Negative durations are in
// the past.
func FromNow(d time.Duration) Time {
	return Time{kind: relativeTime, relative: d.Truncate(time.Microsecond)}
}

// OrNull returns an absolute time, or NoTime for the zero time.
func OrNull(t api.Time) Time {
	if t.IsZero() {
		return NoTime
	}
	return At(t.Time)
}

// IsZero reports whether the time is omitted.
func (t Time) IsZero() bool { return t.kind == omittedTime }

// given reports whether the time is neither omitted nor null.
func (t Time) given() bool { return t.kind >= absoluteTime }

// MarshalJSON writes the time as in a seed.
func (t Time) MarshalJSON() ([]byte, error) {
	switch t.kind {
	case absoluteTime:
		return t.absolute.MarshalJSON()
	case relativeTime:
		return []byte(`"` + formatDistance(t.relative) + `"`), nil
	}
	return []byte("null"), nil
}

// at resolves the time against the clock. A time that is not given is now.
func (t Time) at(now api.Time) api.Time {
	if t.kind == absoluteTime {
		return t.absolute
	}
	return api.At(now.Add(t.relative))
}

// atOrNull is at, except that a time that is not given is null.
func (t Time) atOrNull(now api.Time) api.Time {
	if !t.given() {
		return api.Time{}
	}
	return t.at(now)
}

// plus returns t plus d.
func (t Time) plus(d time.Duration) Time {
	if t.kind == absoluteTime {
		return At(t.absolute.Add(d))
	}
	return FromNow(t.relative + d)
}

// compare compares two times. Without a clock, the order of an absolute and a
// relative time is not known.
func (t Time) compare(u Time, now *api.Time) (order int, known bool) {
	switch {
	case t.kind != absoluteTime && u.kind != absoluteTime:
		return cmp.Compare(t.relative, u.relative), true
	case t.kind == absoluteTime && u.kind == absoluteTime:
		return t.absolute.Compare(u.absolute.Time), true
	case now == nil:
		return 0, false
	}
	return t.at(*now).Compare(u.at(*now).Time), true
}

// Duration is a duration in a seed, in Go's notation.
type Duration time.Duration

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) {
	return []byte(`"` + time.Duration(d).String() + `"`), nil
}

const (
	dateTime = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])`
	distance = `[+-]([0-9]+(\.[0-9]+)?[smhdw])+`
)

// The patterns of times and durations. A test checks that the schema has the same.
var (
	absolutePattern = regexp.MustCompile(`^` + dateTime + `$`)
	timePattern     = regexp.MustCompile(`^(` + dateTime + `|` + distance + `)$`)
	offsetPattern   = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$`)
)

// The range of times in a seed. Ids cannot encode times before 1970, nor RFC 3339
// times after 9999.
var (
	earliest = api.At(time.Unix(0, 0))
	latest   = api.At(time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
)

func inRange(t api.Time) bool { return !t.Before(earliest.Time) && !t.After(latest.Time) }

// maxDistance is how far a relative time may be from the clock.
const maxDistance = 100 * 365 * 24 * time.Hour

// parseTime parses a string that matches timePattern. It fails for a date that does
// not exist and a time out of range.
func parseTime(s string) (Time, bool) {
	if isDistance(s) {
		d, ok := parseDistance(s)
		return FromNow(d), ok
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return Time{}, false
	}
	return At(t), inRange(api.At(t))
}

// isDistance reports whether a string that matches timePattern is relative to the
// clock.
func isDistance(s string) bool { return s[0] == '+' || s[0] == '-' }

// formatDistance is the inverse of parseDistance.
func formatDistance(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	hours, minutes := rest/time.Hour, rest%time.Hour/time.Minute
	seconds := strconv.FormatFloat(float64(rest%time.Minute/time.Microsecond)/1e6, 'f', -1, 64)
	var b strings.Builder
	b.WriteString(sign)
	for _, part := range []struct {
		n    time.Duration
		unit string
	}{{days, "d"}, {hours, "h"}, {minutes, "m"}} {
		if part.n > 0 {
			b.WriteString(strconv.Itoa(int(part.n)) + part.unit)
		}
	}
	if seconds != "0" || b.Len() == len(sign) {
		b.WriteString(seconds + "s")
	}
	return b.String()
}

// parseDistance parses a duration relative to the clock, truncated to the
// microsecond. It fails if that is more than maxDistance.
func parseDistance(s string) (time.Duration, bool) {
	d, err := duration.Parse(s)
	if err != nil || d.Abs() > maxDistance {
		return 0, false
	}
	return d.Truncate(time.Microsecond), true
}
