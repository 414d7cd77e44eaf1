// Package duration parses durations for the clock: those of Go, plus days and
// weeks.
package duration

import (
	"errors"
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	simple = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h|d|w))+$`)
	part   = regexp.MustCompile(`([0-9]+)(?:\.([0-9]+))?(ns|us|µs|ms|s|m|h|d|w)`)
)

var units = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// The errors of Parse.
var (
	ErrSyntax = errors.New("not a duration")
	ErrRange  = errors.New("out of range")
)

// Longest is the longest whole number of days that Parse accepts.
const Longest = "106751d"

// Parse parses everything that time.ParseDuration does, and also days and weeks: -3d,
// 1w2d12h, 1.5d. It truncates to nanoseconds.
func Parse(s string) (time.Duration, error) {
	if !simple.MatchString(s) {
		return parseMixed(s)
	}
	var sum time.Duration
	for _, p := range part.FindAllStringSubmatch(s, -1) {
		unit := units[p[3]]
		n, err := strconv.ParseUint(p[1], 10, 64)
		if err != nil || n > uint64(math.MaxInt64/unit) {
			return 0, ErrRange
		}
		// 18 digits are precise to well below a nanosecond, even for weeks.
		digits, _ := strconv.ParseUint((p[2] + "000000000000000000")[:18], 10, 64)
		high, low := bits.Mul64(digits, uint64(unit))
		fraction, _ := bits.Div64(high, low, 1_000_000_000_000_000_000)
		for _, d := range []time.Duration{time.Duration(n) * unit, time.Duration(fraction)} {
			if sum += d; sum < d { // overflow
				return 0, ErrRange
			}
		}
	}
	if strings.HasPrefix(s, "-") {
		sum = -sum
	}
	return sum, nil
}

// mixed matches days and weeks followed by notations that only Go parses, such as
// .5h and 0.
var mixed = regexp.MustCompile(`^([+-]?(?:[0-9]+(?:\.[0-9]+)?[wd])+)([0-9.].*)$`)

func parseMixed(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	parts := mixed.FindStringSubmatch(s)
	if parts == nil {
		return 0, ErrSyntax
	}
	days, err := Parse(parts[1])
	if err != nil {
		return 0, err
	}
	rest, err := time.ParseDuration(parts[2])
	switch {
	case err != nil:
		return 0, ErrSyntax
	case days.Abs() > math.MaxInt64-rest:
		return 0, ErrRange
	case parts[1][0] == '-':
		return days - rest, nil
	}
	return days + rest, nil
}
