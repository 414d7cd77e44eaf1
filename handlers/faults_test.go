package handlers_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/limits"
	"antechamber/store"
)

func TestJournalRecordsEveryRequest(t *testing.T) {
	srv := serve(t, acme)
	srv.do("GET", users+"/user_dev?beta=true", "")
	srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`, "x-stainless-retry-count: 1")
	srv.do("POST", live+"/archive", "")
	srv.do("GET", users, "", "x-api-key: sk-ant-admin01-wrong")
	srv.do("POST", invites, `{"email":"new@example.com","role":"user","key":"sk-ant-admin01-secret"}`)
	srv.do("PATCH", "/nowhere", "")
	srv.do("GET", "~/livez", "")
	got := srv.Requests()
	if len(got) != 6 {
		t.Fatalf("%d entries", len(got))
	}
	now := srv.Clock.Now()
	for i := range got {
		got[i].Answer, got[i].Duration, got[i].RequestID = nil, 0, ""
	}
	same(t, "a read", admintest.Request{
		Seq: 1, Time: now, Operation: admintest.GetOrganizationMember, Method: "GET", Path: "/v1/organizations/users/user_dev",
		Query: map[string][]string{"beta": {"true"}}, Status: 200, Body: []byte("null"), Effects: []store.Effect{}, Key: "sk-ant-…test",
	}, got[0])
	id := got[1].Effects[0].ID
	same(t, "a write", admintest.Request{
		Seq: 2, Time: now, Operation: admintest.CreateOrganizationInvite, Method: "POST", Path: "/v1/organizations/invites", Query: map[string][]string{},
		Status: 200, RetryCount: 1, Body: []byte(`{"email":"new@example.com","role":"user"}`), Key: "sk-ant-…test",
		Effects: []store.Effect{{Type: store.InviteCreated, ID: id, At: api.At(now)}},
	}, got[1])
	var kinds []string
	for _, e := range got[2].Effects {
		kinds = append(kinds, e.Type+" "+e.ID)
	}
	same(t, "an archive", []string{
		"workspace.archived wrkspc_live", "api_key.archived apikey_service", "api_key.archived apikey_active", "api_key.archived apikey_inactive", "api_key.archived apikey_expired",
	}, kinds)
	outcome := func(r admintest.Request) string {
		return strings.TrimSpace(strings.Join([]string{strconv.Itoa(r.Status), string(r.ErrorType), r.Key, string(r.Operation)}, " "))
	}
	same(t, "a wrong key", "401 authentication_error sk-ant-…rong", outcome(got[3]))
	same(t, "a rejected request", "400 invalid_request_error sk-ant-…test createOrganizationInvite", outcome(got[4]))
	same(t, "effects of a rejected request", 0, len(got[4].Effects))
	same(t, "an unknown path", "404 not_found_error sk-ant-…test", outcome(got[5]))
	if body := string(got[4].Body); strings.Contains(body, "secret") {
		t.Errorf("journal contains a key: %s", body)
	}
}

// Each action over TCP and in process: what the client sees, and whether the invite
// was created.
func TestFaultActions(t *testing.T) {
	const create = `{"email":"new@example.com","role":"user"}`
	for name, c := range map[string]struct {
		action admintest.Action
		sees   string // status and error type, or how reading the response fails
		done   bool
		status int // in the journal
	}{
		"overloaded":        {admintest.Error{Status: 529}, "529 overloaded_error", false, 529},
		"conflict":          {admintest.Error{Status: 409, Message: "conflict"}, "409 conflict_error", false, 409},
		"error code":        {admintest.Error{ErrorCode: api.SandboxEgressRestricted}, "403 permission_error", false, 403},
		"limited":           {admintest.Error{Status: 429, RetryAfter: 7 * time.Second}, "429 rate_limit_error after 7", false, 429},
		"delay":             {admintest.Delay{Duration: 5 * time.Millisecond}, "200", true, 200},
		"drop":              {admintest.Drop{}, "connection reset", false, 0},
		"drop after commit": {admintest.DropAfterCommit{}, "connection reset", true, 0},
		"truncate":          {admintest.Truncate{Bytes: 10}, "unexpected EOF", true, 200},
		"malformed":         {admintest.Malformed{}, "invalid JSON", true, 200},
	} {
		for way, opts := range map[string][]admintest.Option{"in process": nil, "over TCP": {admintest.Listen()}} {
			t.Run(name+" "+way, func(t *testing.T) {
				srv := serve(t, acme, opts...)
				fault := srv.Fault(admintest.Fault{Operation: admintest.CreateOrganizationInvite, Action: c.action})
				same(t, "client sees", c.sees, createInvite(t, srv, create))
				_, invited := field(t, srv.get(invites+"?email=new@example.com"), "first_id").(string)
				same(t, "invite created", c.done, invited)
				entry := srv.Requests()[0]
				same(t, "fault and status in the journal", []any{fault.ID, c.status}, []any{entry.Fault, entry.Status})
				same(t, "hits", 1, fault.Hits())
			})
		}
	}
}

// createInvite creates an invite and returns what the client sees.
func createInvite(t *testing.T, srv *server, body string) string {
	t.Helper()
	got, err := srv.send("POST", invites, body)
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case err != nil:
		return err.Error()
	}
	same(t, faults.Header, "fault_1", got.header.Get(faults.Header))
	if !strings.HasSuffix(got.body, "}") {
		return "invalid JSON"
	}
	parts := []string{strconv.Itoa(got.status)}
	if got.status != http.StatusOK {
		parts = append(parts, field(t, got.body, "error", "type").(string))
	}
	if after := got.header.Get("retry-after"); after != "" {
		parts = append(parts, "after", after)
	}
	return strings.Join(parts, " ")
}

func TestStaleRead(t *testing.T) {
	srv := serve(t, acme)
	srv.Fault(admintest.Fault{Operation: admintest.GetOrganizationMember, Action: admintest.StaleRead{Writes: 1}, Times: new(1)})
	srv.must("POST", users+"/user_dev", `{"role":"user"}`)
	same(t, "role before the write", any("developer"), field(t, srv.get(users+"/user_dev"), "role"))
	same(t, "role on the next read", any("user"), field(t, srv.get(users+"/user_dev"), "role"))
}

func TestFaultsMatchTheBodyWithoutConsumingIt(t *testing.T) {
	srv := serve(t, acme)
	srv.Fault(admintest.Fault{
		Path: "/organizations/invites", Body: map[string]string{"email": "new@example.com"}, Action: admintest.Error{Status: 500},
	})
	srv.must("POST", invites, `{"email":"other@example.com","role":"user"}`)
	if got := srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`); got.status != 500 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestRateLimit(t *testing.T) {
	srv := serve(t, acme, admintest.RateLimit("3/min"))
	for i := range 3 {
		got := srv.do("GET", users, "")
		same(t, "status", 200, got.status)
		same(t, "headers", []string{"3", []string{"2", "1", "0"}[i]}, []string{got.header.Get(limits.HeaderLimit), got.header.Get(limits.HeaderRemaining)})
	}
	got := srv.do("GET", users, "")
	same(t, "status", 429, got.status)
	same(t, "type", any("rate_limit_error"), field(t, got.body, "type"))
	same(t, "retry-after", "20", got.header.Get("retry-after"))
	same(t, "the version is checked before the limit", 400, srv.do("GET", users, "", "anthropic-version:").status)
	srv.Clock.Advance(20 * time.Second) // limits follow the organization's clock
	same(t, "after 20 seconds", 200, srv.do("GET", users, "").status)
}

// With the same id seed and a frozen clock, two servers return the same responses
// to the same requests and have the same journals, except for durations. Faults with
// a probability hit the same requests. A reset server behaves like a new one.
func TestDeterminism(t *testing.T) {
	journey := func(srv *server) (all []admintest.Request, bodies []string) {
		srv.Fault(admintest.Fault{Method: "GET", Action: admintest.Error{Status: 500}, Probability: 0.3})
		for range 10 {
			bodies = append(bodies,
				srv.do("GET", users, "").body,
				srv.do("POST", workspaces, `{"name":"W"}`).body,
				srv.do("POST", invites, `{"email":"new@example.com","role":"user"}`).body)
		}
		for _, r := range srv.Requests() {
			r.Duration = 0
			all = append(all, r)
		}
		return all, bodies
	}
	one, two := serve(t, acme), serve(t, acme)
	requests, bodies := journey(one)
	otherRequests, otherBodies := journey(two)
	same(t, "responses", bodies, otherBodies)
	same(t, "journals", requests, otherRequests)
	one.Reset()
	otherRequests, otherBodies = journey(one)
	same(t, "responses after a reset", bodies, otherBodies)
	same(t, "journals after a reset", requests, otherRequests)
	failed := 0
	for _, r := range requests {
		if r.Status == 500 {
			failed++
		}
	}
	if failed == 0 || failed == 10 {
		t.Errorf("%d of 10 reads failed", failed)
	}
}

// The journal recognizes a retry even if the first attempt was rate-limited before
// its body was read.
func TestRetriesOfRateLimitedRequests(t *testing.T) {
	srv := serve(t, acme, admintest.RateLimit("1/min"))
	const body = `{"email":"new@example.com","role":"user"}`
	srv.do("GET", users, "")
	same(t, "status", 429, srv.do("POST", invites, body).status)
	srv.Clock.Advance(time.Minute)
	same(t, "status", 200, srv.do("POST", invites, body, "x-stainless-retry-count: 1").status)
	srv.Verify(admintest.Call{Method: "POST", Times: new(1)})
}
