package seed

import (
	"cmp"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
)

// instant is a time of a seed: absolute, or relative to the organization's
// clock at load. The zero instant is the clock's now.
type instant struct {
	absolute api.Time // null for a relative one
	relative time.Duration
}

// at is the instant when the clock shows now.
func (i instant) at(now api.Time) api.Time {
	if !i.absolute.IsZero() {
		return i.absolute
	}
	return api.At(now.Add(i.relative))
}

// plus is the instant a while later.
func (i instant) plus(d time.Duration) instant {
	if i.absolute.IsZero() {
		return instant{relative: i.relative + d}
	}
	return instant{absolute: api.At(i.absolute.Add(d))}
}

// compare orders two instants, as far as that can be known: an absolute one
// and a relative one have an order only when the clock shows now.
func (i instant) compare(j instant, now *api.Time) (order int, known bool) {
	switch {
	case i.absolute.IsZero() && j.absolute.IsZero():
		return cmp.Compare(i.relative, j.relative), true
	case !i.absolute.IsZero() && !j.absolute.IsZero():
		return i.absolute.Compare(j.absolute.Time), true
	case now == nil:
		return 0, false
	}
	return i.at(*now).Compare(j.at(*now).Time), true
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
	distancePart = regexp.MustCompile(`([0-9]+)(?:\.([0-9]+))?([smhdw])`)
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

// parseInstant reads a text of instantForm. It fails where the text names a
// day that does not exist or a time out of range.
func parseInstant(s string) (instant, bool) {
	if s[0] == '+' || s[0] == '-' {
		d, ok := parseDistance(s)
		return instant{relative: d}, ok
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return instant{}, false
	}
	at := api.At(t)
	return instant{absolute: at}, inRange(at)
}

var units = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// parseDistance reads a sign and a sum of numbers with units, cut to the
// microsecond. It fails when the sum is more than farthest.
func parseDistance(s string) (time.Duration, bool) {
	var sum time.Duration
	for _, part := range distancePart.FindAllStringSubmatch(s, -1) {
		unit := units[part[3]]
		whole, err := strconv.ParseUint(part[1], 10, 64)
		if err != nil || whole > uint64(farthest/unit) {
			return 0, false
		}
		// 18 digits of a fraction are exact to well below a microsecond, also
		// those of a week.
		digits, _ := strconv.ParseUint((part[2] + "000000000000000000")[:18], 10, 64)
		high, low := bits.Mul64(digits, uint64(unit))
		fraction, _ := bits.Div64(high, low, 1_000_000_000_000_000_000)
		if sum += time.Duration(whole)*unit + time.Duration(fraction); sum > farthest {
			return 0, false
		}
	}
	sum = sum.Truncate(time.Microsecond)
	if strings.HasPrefix(s, "-") {
		sum = -sum
	}
	return sum, true
}
