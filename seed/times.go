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

// Time is a time of a seed: absolute, or relative to the organization's clock
// when the seed is loaded. The zero Time is left out of a seed.
type Time struct {
	is       timeIs
	absolute api.Time
	relative time.Duration
}

type timeIs byte

const (
	leftOut timeIs = iota
	null
	isAbsolute
	isRelative
)

// NoTime is a time that reads null.
var NoTime = Time{is: null}

// At returns an absolute time, cut to the microsecond.
func At(t time.Time) Time { return Time{is: isAbsolute, absolute: api.At(t)} }

// FromNow returns the time a while after the clock at load, or before it.
func FromNow(d time.Duration) Time {
	return Time{is: isRelative, relative: d.Truncate(time.Microsecond)}
}

// OrNull returns an absolute time, or NoTime for the zero one.
func OrNull(t api.Time) Time {
	if t.IsZero() {
		return NoTime
	}
	return At(t.Time)
}

// IsZero reports whether the time is left out.
func (t Time) IsZero() bool { return t.is == leftOut }

// given reports whether the time is neither left out nor null.
func (t Time) given() bool { return t.is >= isAbsolute }

// MarshalJSON writes the time as a seed does.
func (t Time) MarshalJSON() ([]byte, error) {
	switch t.is {
	case isAbsolute:
		return t.absolute.MarshalJSON()
	case isRelative:
		return []byte(`"` + distanceOf(t.relative) + `"`), nil
	}
	return []byte("null"), nil
}

// at is the time when the clock shows now. One that is not given is now.
func (t Time) at(now api.Time) api.Time {
	if t.is == isAbsolute {
		return t.absolute
	}
	return api.At(now.Add(t.relative))
}

// atOrNull is the time when the clock shows now, null when it is not given.
func (t Time) atOrNull(now api.Time) api.Time {
	if !t.given() {
		return api.Time{}
	}
	return t.at(now)
}

// plus is the time a while later.
func (t Time) plus(d time.Duration) Time {
	if t.is == isAbsolute {
		return At(t.absolute.Add(d))
	}
	return FromNow(t.relative + d)
}

// compare orders two times as far as that can be known: an absolute one and a
// relative one have an order only when it is known what the clock shows.
func (t Time) compare(u Time, now *api.Time) (order int, known bool) {
	switch {
	case t.is != isAbsolute && u.is != isAbsolute:
		return cmp.Compare(t.relative, u.relative), true
	case t.is == isAbsolute && u.is == isAbsolute:
		return t.absolute.Compare(u.absolute.Time), true
	case now == nil:
		return 0, false
	}
	return t.at(*now).Compare(u.at(*now).Time), true
}

// Duration is a duration of a seed, written as Go writes it.
type Duration time.Duration

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) {
	return []byte(`"` + time.Duration(d).String() + `"`), nil
}

const (
	dateTime = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])`
	distance = `[+-]([0-9]+(\.[0-9]+)?[smhdw])+`
)

// Times are of one of these forms. They stand in the schema to the letter, a
// test says so.
var (
	absoluteForm = regexp.MustCompile(`^` + dateTime + `$`)
	instantForm  = regexp.MustCompile(`^(` + dateTime + `|` + distance + `)$`)
	offsetForm   = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$`)
)

// The times that a seed may name. Before 1970 ids cannot be dated, and after
// 9999 RFC 3339 ends.
var (
	earliest = api.At(time.Unix(0, 0))
	latest   = api.At(time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
)

func inRange(t api.Time) bool { return !t.Before(earliest.Time) && !t.After(latest.Time) }

// farthest is how far a relative time may lie from the clock.
const farthest = 100 * 365 * 24 * time.Hour

// parseTime reads a text of instantForm. It fails where the text names a day
// that does not exist or a time out of range.
func parseTime(s string) (Time, bool) {
	if s[0] == '+' || s[0] == '-' {
		d, ok := parseDistance(s)
		return FromNow(d), ok
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return Time{}, false
	}
	return At(t), inRange(api.At(t))
}

// distanceOf writes a duration as parseDistance reads it.
func distanceOf(d time.Duration) string {
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

// parseDistance reads a duration from the clock, cut to the microsecond. It
// fails when that is more than farthest.
func parseDistance(s string) (time.Duration, bool) {
	d, err := duration.Parse(s)
	if err != nil || d.Abs() > farthest {
		return 0, false
	}
	return d.Truncate(time.Microsecond), true
}
