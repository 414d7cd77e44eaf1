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

// Every kind of fault in every mode: what the client sees, and whether the request was
// executed.
func TestFaults(t *testing.T) {
	const create = `{"email":"ada@example.com","role":"user"}`
	for name, c := range map[string]struct {
		action admintest.Action
		sees   string // words
		done   bool
	}{
		"error":             {admintest.Error{Status: 529, Message: "busy"}, "529 busy", false},
		"error with code":   {admintest.Error{ErrorCode: api.EmailDomainNotAllowed}, "400 email_domain_not_allowed", false},
		"drop":              {admintest.Drop{}, "reset", false},
		"drop after commit": {admintest.DropAfterCommit{}, "reset", true},
		"truncate":          {admintest.Truncate{Bytes: 10}, "unexpected EOF", true},
		"truncate at once":  {admintest.Truncate{}, "unexpected EOF", true},
		"malformed":         {admintest.Malformed{}, "200 not JSON", true},
		"delay":             {admintest.Delay{Duration: time.Millisecond}, "200", true},
	} {
		eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
			srv := start(t, admintest.SeedJSON(acme))
			fault := srv.Fault(admintest.Fault{Operation: admintest.CreateOrganizationInvite, Action: c.action})
			status, response, err := send(t, srv, "POST", "/invites", create)
			for word := range strings.FieldsSeq(c.sees) {
				if got := outcome(status, response, err); !strings.Contains(got, word) {
					t.Errorf("%s: the client sees %s, want %s", name, got, c.sees)
				}
			}
			same(t, name+": done", c.done, len(srv.Outbox()) == 2)
			same(t, name+": hits", 1, fault.Hits())
			same(t, name+": fault in the journal", "fault_1", srv.Requests()[0].Fault)
			fault.Clear()
			fault.Clear() // has no effect
		})
	}
}

// outcome describes what a client sees of a request.
func outcome(status int, response string, err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case err != nil:
		return err.Error()
	case !json.Valid([]byte(response)):
		return "200 not JSON"
	}
	return fmt.Sprint(status, " ", response)
}

// The details of an error are those of the fault, or those that its code requires.
func TestErrorDetails(t *testing.T) {
	for want, action := range map[string]admintest.Error{
		`{"error_code":"workspace_policy_violation","field":"external_key_id"}`: {ErrorCode: api.WorkspacePolicyViolation},
		`{"error_code":"approval_required","field":"tags"}`:                     {ErrorCode: api.ApprovalRequired, Details: api.DetailFields{Field: "tags"}},
		`{"error_code":"storage_verification_failed","failed_checks":[{"check":"region","message":"No.","role":null}]}`: {
			Status: 400, ErrorCode: api.StorageVerificationFailed,
			Details: api.DetailFields{FailedChecks: []api.FailedCheck{{Check: "region", Message: "No."}}},
		},
	} {
		srv := admintest.Run(t)
		srv.Fault(admintest.Fault{Action: action})
		if status, response, _ := send(t, srv, "POST", "/workspaces", `{"name":"A"}`); status != 400 || !strings.Contains(response, `"details":`+want) {
			t.Errorf("%d %s, want %s", status, response, want)
		}
	}
	mustFail(t, "details of another code", func(f *fakeTB) {
		admintest.Run(f).Fault(admintest.Fault{Action: admintest.Error{ErrorCode: api.AlreadyMember, Details: api.DetailFields{Field: "tags"}}})
	}, `Fault: unknown Action.Details.Field (allowed: none)`)
}

func TestRetryAfterMustBeWholeSeconds(t *testing.T) {
	mustFail(t, "a fraction of a second", func(f *fakeTB) {
		admintest.Run(f).Fault(admintest.Fault{Action: admintest.Error{Status: 429, RetryAfter: 1100 * time.Millisecond}})
	}, "Fault: invalid Action.RetryAfter 1.1s: want a whole number of seconds")
	mustFail(t, "negative", func(f *fakeTB) {
		admintest.Run(f).Fault(admintest.Fault{Action: admintest.Error{Status: 529, RetryAfter: -time.Second}})
	}, "Fault: invalid Action.RetryAfter -1: want a whole number of at least 0")
}

// No mode repeats a dropped request, not even on a reused connection.
func TestDroppedRequestsAreNotRepeated(t *testing.T) {
	eachMode(t, func(t *testing.T, start func(admintest.TB, ...admintest.Option) *admintest.Server) {
		srv := start(t)
		for _, c := range []struct{ method, path, body string }{{"GET", "/me", ""}, {"POST", "/workspaces", `{"name":"W"}`}, {"DELETE", "/users/x", ""}} {
			send(t, srv, "GET", "/me", "")
			fault := srv.Fault(admintest.Fault{Action: admintest.Drop{}, Times: new(1)})
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
	t.Run("subtest", func(t *testing.T) {
		srv := srv.In(t)
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
		same(t, "status", 500, first(send(t, srv, "GET", "/me", "")))
		srv.Reset() // ends the fault first
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 503}})
		same(t, "status", 503, first(send(t, srv, "GET", "/me", "")))
	})
	same(t, "status", 200, first(send(t, srv, "GET", "/me", "")))
}

func TestStaleReads(t *testing.T) {
	srv := admintest.Run(t, admintest.SeedJSON(acme))
	srv.Fault(admintest.Fault{Operation: admintest.ListOrganizationInvites, Action: admintest.StaleRead{Writes: 1}, Times: new(1)})
	invite(t, srv, "ada@example.com")
	count := func() int { return len(get[page[api.Invite]](t, srv, "GET", "/invites", "").Data) }
	same(t, "invites one write ago and now", []int{1, 2}, []int{count(), count()})
}

// Without Writes, reads return the state at the moment the fault was armed.
func TestStaleReadsSinceArmed(t *testing.T) {
	srv := admintest.Run(t, admintest.SeedJSON(acme))
	invite(t, srv, "ada@example.com")
	stale := srv.Fault(admintest.Fault{Operation: admintest.ListOrganizationInvites, Action: admintest.StaleRead{}})
	invite(t, srv, "bob@example.com")
	invite(t, srv, "cay@example.com")
	count := func() int { return len(get[page[api.Invite]](t, srv, "GET", "/invites", "").Data) }
	same(t, "invites while stale", 2, count())
	stale.Clear()
	same(t, "invites after Clear", 4, count())
}

// Probability draws from the id seed, so it is reproducible in every mode.
func TestProbabilityIsReproducible(t *testing.T) {
	var want []int
	for name, start := range modes {
		f := &fakeTB{T: t, name: "TestChance"}
		output := f.run(func(f *fakeTB) {
			srv := start(f)
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
			t.Error(output)
		}
	}
	same(t, "status of the first request", 200, want[0])
	if !slices.Contains(want, 500) {
		t.Error(want)
	}
}

// A reset removes faults and numbers new ones from 1. A fault armed before the reset
// must not be confused with the one that has its id now.
func TestFaultsArmedBeforeAReset(t *testing.T) {
	srv := admintest.Run(t)
	old := srv.Fault(admintest.Fault{Action: admintest.Error{Status: 500}})
	send(t, srv, "GET", "/me", "")
	same(t, "hits", 1, old.Hits())
	srv.Reset()
	srv.Fault(admintest.Fault{Action: admintest.Error{Status: 503}})
	send(t, srv, "GET", "/me", "")
	send(t, srv, "GET", "/me", "")
	same(t, "hits of the old fault", 1, old.Hits())
	old.Clear()
	same(t, "status", 503, first(send(t, srv, "GET", "/me", "")))
	t.Run("subtest", func(t *testing.T) {
		srv.In(t).Fault(admintest.Fault{Action: admintest.Error{Status: 400}, After: 100})
		srv.Reset()
		srv.Fault(admintest.Fault{Action: admintest.Error{Status: 504}})
	})
	same(t, "status", 504, first(send(t, srv, "GET", "/me", "")))
}
