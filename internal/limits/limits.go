// Package limits counts the requests of an organization against a rate limit,
// on the organization's own clock, and words the headers of the answer.
//
// The limit is a token bucket: it is full at first, a request takes a token,
// and tokens come back evenly rather than all at once when a minute begins.
// Anthropic documents that, and the headers, for the rate limits of its
// Messages API; for the Admin API it documents the figures alone. A request
// that is refused takes nothing.
package limits

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"antechamber/api"
)

// The headers of the answers of an organization whose requests are limited.
const (
	HeaderLimit      = "anthropic-ratelimit-requests-limit"
	HeaderRemaining  = "anthropic-ratelimit-requests-remaining"
	HeaderReset      = "anthropic-ratelimit-requests-reset"
	HeaderRetryAfter = "retry-after"
)

// createInvite is the operation that production counts apart.
const createInvite = "createOrganizationInvite"

// rate is so many requests in a while. The zero rate is no limit.
type rate struct {
	requests int
	window   time.Duration
}

// Policy says how many requests an organization may send. The zero Policy
// limits nothing.
type Policy struct {
	name     string
	requests rate
	invites  rate // of createInvite alone; none: it counts among the requests
}

// The policies that have a name.
var (
	Off        = Policy{}
	Production = Policy{"production", rate{100, time.Minute}, rate{1200, time.Hour}}
)

// maxPerMinute keeps a token longer than the microsecond that clocks tell.
const maxPerMinute = 1_000_000

// UnmarshalText is ParsePolicy for a command line.
func (p *Policy) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePolicy(string(text))
	return err
}

// ParsePolicy reads off, production, or a number of requests of any kind a
// minute, such as 50/min.
func ParsePolicy(s string) (Policy, error) {
	switch s {
	case "off":
		return Off, nil
	case "production":
		return Production, nil
	}
	digits, ok := strings.CutSuffix(s, "/min")
	if !ok {
		return Off, fmt.Errorf("invalid %q: want off, production, or a number a minute such as 50/min", s)
	}
	n, err := strconv.Atoi(digits)
	if errors.Is(err, strconv.ErrSyntax) {
		return Off, fmt.Errorf("invalid %q: %q is not a whole number", s, digits)
	}
	if err != nil || n < 1 || n > maxPerMinute {
		return Off, fmt.Errorf("invalid %q: want 1 to %d requests a minute", s, maxPerMinute)
	}
	return Policy{fmt.Sprintf("%d/min", n), rate{n, time.Minute}, rate{}}, nil
}

// String is the policy as ParsePolicy reads it.
func (p Policy) String() string {
	if p == Off {
		return "off"
	}
	return p.name
}

// Limiter counts the requests of one organization. The nil Limiter allows all.
type Limiter struct {
	policy   Policy
	mu       sync.Mutex
	requests bucket
	invites  bucket
}

// New returns a Limiter whose buckets are full, or nil for the policy Off.
func New(p Policy) *Limiter {
	if p == Off {
		return nil
	}
	return &Limiter{policy: p}
}

// Decision reports whether a request may pass, and where the limit stands after
// it. Limit is 0 when nothing is limited.
type Decision struct {
	Allowed    bool
	Limit      int           // requests
	Window     time.Duration // in which they may be sent
	Remaining  int           // requests that may be sent at once
	Reset      api.Time      // when the bucket is full again
	RetryAfter int           // seconds until the next request may pass, at least 1; 0 when allowed
}

// Allow counts a request of an operation. Time is the organization's clock.
func (l *Limiter) Allow(operation string, now api.Time) Decision {
	if l == nil {
		return Decision{Allowed: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if operation == createInvite && l.policy.invites != (rate{}) {
		return l.invites.take(l.policy.invites, now)
	}
	return l.requests.take(l.policy.requests, now)
}

// Reset fills the buckets.
func (l *Limiter) Reset() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests, l.invites = bucket{}, bucket{}
}

// bucket is a bucket of tokens. When it will be full says how many it has: it
// needs neither a counter nor a timer.
type bucket struct{ full time.Time }

// take takes a token if there is one.
func (b *bucket) take(r rate, now api.Time) Decision {
	// The clock counts microseconds; a token that took part of one longer
	// would make a full bucket hold one token less.
	token := (r.window / time.Duration(r.requests)).Truncate(time.Microsecond)
	filling := token * time.Duration(r.requests)
	missing := max(0, b.full.Sub(now.Time))
	if missing > 2*filling {
		missing = 0 // the clock was set back: what is counted is still to come
	}
	d := Decision{Limit: r.requests, Window: r.window, Allowed: missing+token <= filling}
	if d.Allowed {
		missing += token
	} else {
		d.RetryAfter = int((missing + token - filling + time.Second - 1) / time.Second)
	}
	b.full = now.Add(missing)
	d.Remaining = max(0, int((filling-missing)/token))
	d.Reset = api.At(b.full)
	return d
}

// SetHeaders tells the client where its limit stands. Without a limit it does
// nothing.
func (d Decision) SetHeaders(h http.Header) {
	if d.Limit == 0 {
		return
	}
	h.Set(HeaderLimit, strconv.Itoa(d.Limit))
	h.Set(HeaderRemaining, strconv.Itoa(d.Remaining))
	// Rounded up: at the time that is told, the bucket is full.
	h.Set(HeaderReset, d.Reset.Add(time.Second-time.Microsecond).Truncate(time.Second).Format(time.RFC3339))
	if !d.Allowed {
		h.Set(HeaderRetryAfter, strconv.Itoa(d.RetryAfter))
	}
}

// Message is what the refusal says. The words are ours.
func (d Decision) Message() string {
	window := "minute"
	if d.Window == time.Hour {
		window = "hour"
	}
	return fmt.Sprintf("This request would exceed your organization's rate limit of %d requests per %s.", d.Limit, window)
}
