package admintest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"antechamber/admintest"
	"antechamber/api"
)

// Every fault, in every way: what a client sees of it, and whether the work was
// done.
func TestFaults(t *testing.T) {
	const create = `{"email":"ada@example.com","role":"user"}`
	for name, c := range map[string]struct {
		action admintest.Action
		sees   string
		done   bool
	}{
		"error":             {admintest.Error{Status: 529, Message: "so"}, "529 so", false},
		"error with code":   {admintest.Error{Status: 409, ErrorCode: api.ConcurrentMembershipChange}, "409 concurrent_membership_change", false},
		"drop":              {admintest.Drop{}, "reset", false},
		"drop after commit": {admintest.DropAfterCommit{}, "reset", true},
		"truncate":          {admintest.Truncate{Bytes: 10}, "unexpected EOF", true},
		"truncate to none":  {admintest.Truncate{}, "unexpected EOF", true},
		"malformed":         {admintest.Malformed{}, "200 not JSON", true},
		"delay":             {admintest.Delay{Duration: time.Millisecond}, "200", true},
	} {
		eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
			srv := begin(t, admintest.SeedJSON(acme))
			fault := srv.Fault(admintest.Fault{Operation: admintest.CreateOrganizationInvite, Action: c.action})
			status, answer, err := send(t, srv, "POST", "/invites", create)
			for word := range strings.FieldsSeq(c.sees) {
				if got := seen(status, answer, err); !strings.Contains(got, word) {
					t.Errorf("%s: a client sees %s, want %s", name, got, c.sees)
				}
			}
			same(t, name+": done", c.done, len(srv.Outbox()) == 2)
			same(t, name+": hits", 1, fault.Hits())
			same(t, name+": in the journal", "fault_1", srv.Requests()[0].Fault)
			fault.Clear()
			fault.Clear()
		})
	}
}

func seen(status int, answer string, err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case err != nil:
		return err.Error()
	case !json.Valid([]byte(answer)):
		return "200 not JSON"
	}
	return fmt.Sprint(status, " ", answer)
}

func TestRetryAfterIsInWholeSeconds(t *testing.T) {
	failing(t, "more than a second", func(f *test) {
		admintest.Run(f).Fault(admintest.Fault{Action: admintest.Error{Status: 429, RetryAfter: 1100 * time.Millisecond}})
	}, "RetryAfter is in whole seconds, and 1.1s is none")
	failing(t, "less than none", func(f *test) {
		admintest.Run(f).Fault(admintest.Fault{Action: admintest.Error{Status: 529, RetryAfter: -time.Second}})
	}, "invalid Action.RetryAfter: want a whole number of at least 0")
}

// A request is sent once in every way, also on a connection that was used before.
func TestADropHappensOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, begin func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := begin(t)
		for _, c := range []struct{ method, path, body string }{{"GET", "/me", ""}, {"POST", "/workspaces", `{"name":"W"}`}, {"DELETE", "/users/x", ""}} {
			send(t, srv, "GET", "/me", "")
			fault := srv.Fault(admintest.Fault{Action: admintest.Drop{}, Times: 1})
			if _, _, err := send(t, srv, c.method, c.path, c.body); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: %v", c.method, err)
			}
			same(t, "hits", 1, fault.Hits())
		}
		same(t, "requests", 6, len(srv.Requests()))
	})
}

func TestFaultsEndWithTheTest(t *testing.T) {
	srv := admintest.Run(t)
	t.Run("one", func(t *testing.T) {
		srv := srv.In(t)
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
		same(t, "status", 500, first(send(t, srv, "GET", "/me", "")))
		srv.Reset() // which ends faults too
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 503}})
		same(t, "status", 503, first(send(t, srv, "GET", "/me", "")))
	})
	same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
}

func TestStaleReads(t *testing.T) {
	srv := admintest.Run(t, admintest.SeedJSON(acme))
	srv.Fault(admintest.Fault{Operation: admintest.ListOrganizationInvites, Action: admintest.StaleRead{Writes: 1}, Times: 1})
	invite(t, srv, "ada@example.com")
	count := func() int { return len(get[page[api.Invite]](t, srv, "GET", "/invites", "").Data) }
	same(t, "one write ago, and now", []int{1, 2}, []int{count(), count()})
}

// Without a number a stale read is from when the fault was armed.
func TestStaleSinceItWasArmed(t *testing.T) {
	srv := admintest.Run(t, admintest.SeedJSON(acme))
	invite(t, srv, "ada@example.com")
	stale := srv.Fault(admintest.Fault{Operation: admintest.ListOrganizationInvites, Action: admintest.StaleRead{}})
	invite(t, srv, "bob@example.com")
	invite(t, srv, "cay@example.com")
	count := func() int { return len(get[page[api.Invite]](t, srv, "GET", "/invites", "").Data) }
	same(t, "as it was", 2, count())
	stale.Clear()
	same(t, "as it is", 4, count())
}

// Chance is drawn from the id seed: the same wherever a test runs.
func TestChanceReplays(t *testing.T) {
	var want []int
	for name, begin := range ways {
		f := &test{T: t, name: "TestOfChance"}
		said := f.run(func(f *test) {
			srv := begin(f)
			srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}, Probability: 0.5, After: 1})
			var outcomes []int
			for range 20 {
				outcomes = append(outcomes, first(send(t, srv, "GET", "/me", "")))
			}
			if want == nil {
				want = outcomes
			}
			same(t, name, want, outcomes)
		})
		if f.failed {
			t.Error(said)
		}
	}
	same(t, "the first request", 200, want[0])
	if !slices.Contains(want, 500) {
		t.Error(want)
	}
}

// A reset ends faults and begins to count their ids anew: what was armed before
// has nothing to do with what has its id then.
func TestFaultsOfBeforeAReset(t *testing.T) {
	srv := admintest.Run(t)
	old := srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
	send(t, srv, "GET", "/me", "")
	same(t, "hits", 1, old.Hits())
	srv.Reset()
	srv.Fault(admintest.Fault{Action: admintest.Error{Status: 503}})
	send(t, srv, "GET", "/me", "")
	send(t, srv, "GET", "/me", "")
	same(t, "hits of the one before", 1, old.Hits())
	old.Clear()
	same(t, "status", 503, first(send(t, srv, "GET", "/me", "")))
	t.Run("a subtest", func(t *testing.T) {
		srv.In(t).Fault(admintest.Fault{Action: admintest.Error{Status: 400}, After: 100})
		srv.Reset()
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 504}})
	})
	same(t, "status", 504, first(send(t, srv, "GET", "/me", "")))
}
