// Package limits applies rate limits to the requests of an organization, on the
// organization's own clock, and sets the response headers that report them.
//
// A limit is a token bucket: it starts full, each request takes a token, and tokens
// are replenished continuously rather than at fixed intervals. Anthropic documents
// this, and the headers, for the rate limits of its Messages API; for the Admin API
// it documents only the numbers. A rejected request takes no token.
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
	"antechamber/internal/text"
)

// The response headers of an organization with a rate limit.
const (
	HeaderLimit      = "anthropic-ratelimit-requests-limit"
	HeaderRemaining  = "anthropic-ratelimit-requests-remaining"
	HeaderReset      = "anthropic-ratelimit-requests-reset"
	HeaderRetryAfter = "retry-after"
)

// createInvite is the operation that production limits separately.
const createInvite = "createOrganizationInvite"

// rate is a number of requests per window. The zero rate is no limit.
type rate struct {
	requests int
	window   time.Duration
}

// Policy is how many requests an organization may send. The zero Policy has no
// limits.
type Policy struct {
	name     string
	requests rate
	invites  rate // for createInvite alone; if zero, it counts as a request
}

// The named policies.
var (
	Off        = Policy{}
	Production = Policy{"production", rate{100, time.Minute}, rate{1200, time.Hour}}
)

// maxPerMinute keeps the time per token well above a microsecond, the resolution of
// an organization's clock.
const maxPerMinute = 1_000_000

// UnmarshalText is ParsePolicy for command-line flags.
func (p *Policy) UnmarshalText(value []byte) (err error) {
	if *p, err = ParsePolicy(string(value)); err != nil {
		return fmt.Errorf("invalid %s: %w", text.Quote(string(value)), err)
	}
	return nil
}

// ParsePolicy parses off, production, or a number of requests of any kind per
// minute, such as 50/min. Its errors say what is wanted: "want …".
func ParsePolicy(s string) (Policy, error) {
	switch s {
	case "off":
		return Off, nil
	case "production":
		return Production, nil
	}
	digits, ok := strings.CutSuffix(s, "/min")
	if !ok {
		return Off, errors.New("want off, production or a number per minute, such as 50/min")
	}
	n, err := strconv.Atoi(digits)
	if errors.Is(err, strconv.ErrSyntax) {
		return Off, errors.New("want a whole number per minute, such as 50/min")
	}
	if err != nil || n < 1 || n > maxPerMinute {
		return Off, fmt.Errorf("want 1 to %d requests per minute", maxPerMinute)
	}
	return Policy{fmt.Sprintf("%d/min", n), rate{n, time.Minute}, rate{}}, nil
}

// String returns the policy in the form that ParsePolicy parses.
func (p Policy) String() string {
	if p == Off {
		return "off"
	}
	return p.name
}

// Limiter counts the requests of one organization. A nil Limiter allows all.
type Limiter struct {
	policy   Policy
	mu       sync.Mutex
	requests bucket
	invites  bucket
}

// New returns a Limiter with full buckets, or nil for the policy Off.
func New(p Policy) *Limiter {
	if p == Off {
		return nil
	}
	return &Limiter{policy: p}
}

// Decision is whether a request is allowed, and the state of its limit afterwards.
// Limit is 0 if there is none.
type Decision struct {
	Allowed    bool
	Limit      int           // requests
	Window     time.Duration // of Limit
	Remaining  int           // requests allowed now
	Reset      api.Time      // when the bucket will be full
	RetryAfter int           // seconds until the next request is allowed, at least 1; 0 if allowed
}

// Allow counts a request of an operation. now is the organization's time.
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

// bucket is a token bucket. The time when it will be full determines how many tokens
// it has, so it needs neither a counter nor a timer.
type bucket struct{ full time.Time }

// take takes a token if there is one.
func (b *bucket) take(r rate, now api.Time) Decision {
	// The clock counts microseconds. With a fraction of one in each token, a full
	// bucket would have one token less.
	token := (r.window / time.Duration(r.requests)).Truncate(time.Microsecond)
	capacity := token * time.Duration(r.requests)
	missing := max(0, b.full.Sub(now.Time))
	if missing > 2*capacity {
		missing = 0 // the clock went back, before the counted requests
	}
	d := Decision{Limit: r.requests, Window: r.window, Allowed: missing+token <= capacity}
	if d.Allowed {
		missing += token
	} else {
		d.RetryAfter = int((missing + token - capacity + time.Second - 1) / time.Second)
	}
	b.full = now.Add(missing)
	d.Remaining = max(0, int((capacity-missing)/token))
	d.Reset = api.At(b.full)
	return d
}

// SetHeaders sets the headers that report the limit, if there is one.
func (d Decision) SetHeaders(h http.Header) {
	if d.Limit == 0 {
		return
	}
	h.Set(HeaderLimit, strconv.Itoa(d.Limit))
	h.Set(HeaderRemaining, strconv.Itoa(d.Remaining))
	// Rounded up, so that the bucket is full at the reported time.
	h.Set(HeaderReset, d.Reset.Add(time.Second-time.Microsecond).Truncate(time.Second).Format(time.RFC3339))
	if !d.Allowed {
		h.Set(HeaderRetryAfter, strconv.Itoa(d.RetryAfter))
	}
}

// Message returns the error message for a rejected request, in our own words.
func (d Decision) Message() string {
	window := "minute"
	if d.Window == time.Hour {
		window = "hour"
	}
	return fmt.Sprintf("This request would exceed your organization's rate limit of %d requests per %s.", d.Limit, window)
}
