package duration

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	const day = 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"504h": 504 * time.Hour, "-3d": -3 * day, "+1d12h": 36 * time.Hour, "1w2d12h": 9*day + 12*time.Hour, "3w": 21 * day,
		"1.5d": 36 * time.Hour, "0s": 0, "0": 0, "1d0": day, "-1w1.h": -7*day - time.Hour, "1d5h.5m": day + 5*time.Hour + 30*time.Second, "1d1μs": day + time.Microsecond, ".5h": 30 * time.Minute, "250ms": 250 * time.Millisecond, "1h1h": 2 * time.Hour, "2m30.25s": 150250 * time.Millisecond,
		"0.0000019s": 1900, "1.999999999999999999999s": 2*time.Second - 1, "106751d": 106751 * day, "3us5µs7ns": 8007,
	} {
		if got, err := Parse(s); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for s, want := range map[string]error{
		"": ErrSyntax, "3": ErrSyntax, "d": ErrSyntax, "3 d": ErrSyntax, "--3d": ErrSyntax, "3D": ErrSyntax, ".5d": ErrSyntax, "1.d": ErrSyntax, "1y": ErrSyntax, "1d-2h": ErrSyntax, "1d+2h": ErrSyntax, "1dx": ErrSyntax, "106751d2562047.h": ErrRange, "106752d": ErrRange, "99999999999999999999w": ErrRange, "106751d23h59m59s": ErrRange, "15250w1w": ErrRange,
	} {
		if got, err := Parse(s); err != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
}

// Parse is the inverse of time.Duration.String.
func TestParseFormattedDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Min(-1<<62).Draw(t, "nanoseconds"))
		if got, err := Parse(d.String()); err != nil || got != d {
			t.Fatalf("Parse(%q) = %v, %v", d, got, err)
		}
	})
}

func TestLongest(t *testing.T) {
	if d, err := Parse(Longest); err != nil || d < math.MaxInt64-24*time.Hour {
		t.Errorf("%s is %v, %v", Longest, d, err)
	}
	if _, err := Parse("106752d"); !errors.Is(err, ErrRange) {
		t.Errorf("a longer one: %v", err)
	}
}
