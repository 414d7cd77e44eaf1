package limits

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = api.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

func after(d time.Duration) api.Time { return api.At(start.Add(d)) }

func policy(t testing.TB, s string) Policy {
	t.Helper()
	p, err := ParsePolicy(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParsePolicy(t *testing.T) {
	for _, s := range []string{"off", "production", "1/min", "50/min", "1000000/min"} {
		if got := policy(t, s).String(); got != s {
			t.Errorf("ParsePolicy(%q) is %s", s, got)
		}
	}
	for s, want := range map[string]string{
		"":                         "want off, production or a number per minute, such as 50/min",
		"50":                       "want off, production or a number per minute, such as 50/min",
		"50/s":                     "want off, production or a number per minute, such as 50/min",
		"Production":               "want off, production or a number per minute, such as 50/min",
		"/min":                     "want a whole number per minute, such as 50/min",
		"1.5/min":                  "want a whole number per minute, such as 50/min",
		"0/min":                    "want 1 to 1000000 requests per minute",
		"-1/min":                   "want 1 to 1000000 requests per minute",
		"1000001/min":              "want 1 to 1000000 requests per minute",
		"99999999999999999999/min": "want 1 to 1000000 requests per minute",
	} {
		if _, err := ParsePolicy(s); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", s, err, want)
		}
	}
}

func TestBucketRefillsContinuously(t *testing.T) {
	l := New(policy(t, "3/min"))
	allowed := func(remaining int, reset time.Duration) Decision {
		return Decision{Allowed: true, Limit: 3, Window: time.Minute, Remaining: remaining, Reset: after(reset)}
	}
	rejected := func(reset time.Duration, retryAfter int) Decision {
		return Decision{Limit: 3, Window: time.Minute, Reset: after(reset), RetryAfter: retryAfter}
	}
	for _, c := range []struct {
		at   time.Duration
		want Decision
	}{
		{0, allowed(2, 20*time.Second)},
		{0, allowed(1, 40*time.Second)},
		{0, allowed(0, time.Minute)},
		{0, rejected(time.Minute, 20)},
		{0, rejected(time.Minute, 20)}, // takes no token
		{18500 * time.Millisecond, rejected(time.Minute, 2)},
		{19999 * time.Millisecond, rejected(time.Minute, 1)},
		{20 * time.Second, allowed(0, 80*time.Second)},
		{20 * time.Second, rejected(80*time.Second, 20)},
		{65 * time.Second, allowed(1, 100*time.Second)},
		{24 * time.Hour, allowed(2, 24*time.Hour+20*time.Second)}, // full
	} {
		if diff := cmp.Diff(c.want, l.Allow("listWorkspaces", after(c.at))); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", c.at, diff)
		}
	}
}

// A request that waits for RetryAfter seconds is allowed, at any rate.
func TestRetryAfterIsLongEnough(t *testing.T) {
	for _, s := range []string{"1/min", "7/min", "59/min", "100/min", "999/min", "1000000/min"} {
		l, now := New(policy(t, s)), start
		for range 3 {
			d := l.Allow("", now)
			for d.Allowed {
				d = l.Allow("", now)
			}
			if d.RetryAfter < 1 || d.Remaining != 0 {
				t.Errorf("%s: %+v", s, d)
			}
			now = api.At(now.Add(time.Duration(d.RetryAfter) * time.Second))
			if !l.Allow("", now).Allowed {
				t.Errorf("%s: rejected again after %d s", s, d.RetryAfter)
			}
		}
	}
}

// count returns how many requests of an operation are allowed at once.
func count(l *Limiter, operation string, now api.Time) (n int) {
	for l.Allow(operation, now).Allowed {
		n++
	}
	return n
}

func TestProductionLimitsInvitesSeparately(t *testing.T) {
	l := New(Production)
	for operation, want := range map[string]int{"listWorkspaces": 100, "createOrganizationInvite": 1200} {
		if got := count(l, operation, start); got != want {
			t.Errorf("%d of %s allowed, want %d", got, operation, want)
		}
	}
	for _, operation := range []string{"deleteOrganizationInvite", "getCurrentOrganization"} {
		if l.Allow(operation, start).Allowed {
			t.Errorf("%s has a separate limit", operation)
		}
	}
	// 100 per minute are a token each 0.6 s; 1,200 per hour are a token each 3 s.
	for operation, want := range map[string]int{"listWorkspaces": 10, "createOrganizationInvite": 2} {
		if got := count(l, operation, after(6*time.Second)); got != want {
			t.Errorf("%d of %s allowed after six seconds, want %d", got, operation, want)
		}
	}
}

func TestNumericPolicyCountsInvitesToo(t *testing.T) {
	l := New(policy(t, "5/min"))
	l.Allow("createOrganizationInvite", start)
	if got := count(l, "listWorkspaces", start); got != 4 {
		t.Errorf("%d allowed after an invite, want 4", got)
	}
}

func TestOffAllowsEverything(t *testing.T) {
	l := New(Off)
	l.Reset()
	d := l.Allow("listWorkspaces", start)
	if diff := cmp.Diff(Decision{Allowed: true}, d); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
	h := http.Header{}
	d.SetHeaders(h)
	if len(h) != 0 {
		t.Errorf("headers %v", h)
	}
}

func TestResetFillsTheBuckets(t *testing.T) {
	l := New(Production)
	count(l, "", start)
	count(l, createInvite, start)
	l.Reset()
	if a, b := count(l, "", start), count(l, createInvite, start); a != 100 || b != 1200 {
		t.Errorf("%d and %d allowed after a reset, want 100 and 1200", a, b)
	}
}

// Concurrent requests may be counted in another order than they read the clock. After
// a restore, the clock may be hours behind, and clients must not wait that long.
func TestClockGoesBack(t *testing.T) {
	l := New(policy(t, "3/min"))
	count(l, "", start)
	if d := l.Allow("", after(-time.Millisecond)); d.Allowed || d.Remaining != 0 {
		t.Errorf("a millisecond back: %+v", d)
	}
	if got := count(l, "", after(-time.Hour)); got != 3 {
		t.Errorf("an hour back: %d allowed, want 3", got)
	}
}

func TestHeaders(t *testing.T) {
	l := New(policy(t, "2/min"))
	for _, want := range []http.Header{
		headers("2", "1", "2026-01-01T00:00:31Z", ""),
		headers("2", "0", "2026-01-01T00:01:01Z", ""),
		headers("2", "0", "2026-01-01T00:01:01Z", "30"),
	} {
		got := http.Header{}
		l.Allow("", after(250*time.Millisecond)).SetHeaders(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
	}
}

func headers(limit, remaining, reset, retryAfter string) http.Header {
	h := http.Header{}
	h.Set("anthropic-ratelimit-requests-limit", limit)
	h.Set("anthropic-ratelimit-requests-remaining", remaining)
	h.Set("anthropic-ratelimit-requests-reset", reset)
	if retryAfter != "" {
		h.Set("retry-after", retryAfter)
	}
	return h
}

func TestMessage(t *testing.T) {
	l := New(Production)
	for operation, want := range map[string]string{
		"listWorkspaces": "This request would exceed your organization's rate limit of 100 requests per minute.",
		createInvite:     "This request would exceed your organization's rate limit of 1200 requests per hour.",
	} {
		if got := l.Allow(operation, start).Message(); got != want {
			t.Errorf("%s: %s", operation, got)
		}
	}
}

func TestLimiterIsSafeForConcurrentUse(t *testing.T) {
	l := New(Production)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { allowed.Add(int64(count(l, "", start))) })
	}
	wg.Wait()
	if allowed.Load() != 100 {
		t.Errorf("%d allowed, want 100", allowed.Load())
	}
}

func BenchmarkAllow(b *testing.B) {
	l := New(Production)
	for b.Loop() {
		l.Allow("listWorkspaces", start)
	}
}

func TestErrorsOfFlagsAreQuoted(t *testing.T) {
	const want = `invalid "sk-ant-…cret": want off, production or a number per minute, such as 50/min`
	if err := new(Policy).UnmarshalText([]byte("sk-ant-admin01-very-secret")); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
