// Package hint explains in one sentence why a request to the Admin API failed, where
// production's response would not say.
package hint

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"antechamber/internal/text"
)

// Header is the response header with the hint, in net/http's canonical form.
const Header = "X-Emulate-Hint"

// maxLength is the maximum length of a hint in bytes.
const maxLength = 300

// Line returns a hint that is safe in a header: one line of printable ASCII, of
// bounded length.
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, strings.ReplaceAll(s, "…", "..."))
	if len(s) > maxLength {
		s = s[:maxLength-3] + "..."
	}
	return s
}

// Quote is text.Quote in ASCII, for untrusted text in a hint.
func Quote(s string) string {
	return strconv.QuoteToASCII(strings.ReplaceAll(text.Excerpt(s), "…", "..."))
}

// logInterval is how often the same hint is logged. A client in a loop gets the same
// one again and again.
const logInterval = time.Minute

// Recent remembers the hints that were logged last.
type Recent struct {
	mu   sync.Mutex
	last [64]struct {
		hint string
		at   time.Time
	}
	next int
}

// Due reports whether a hint is to be logged, and remembers it.
func (r *Recent) Due(hint string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.last {
		if seen := &r.last[i]; seen.hint == hint {
			due := now.Sub(seen.at) >= logInterval
			if due {
				seen.at = now
			}
			return due
		}
	}
	r.last[r.next].hint, r.last[r.next].at = hint, now
	r.next = (r.next + 1) % len(r.last)
	return true
}
