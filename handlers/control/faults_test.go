package control

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/limits"
	"antechamber/internal/remedy"
	"antechamber/internal/server"
	"antechamber/store"
)

// Each type of fault can be armed, is listed as returned, and can be removed.
func TestFaultsAreArmedAndRemoved(t *testing.T) {
	srv := serve(t, acme)
	for _, c := range []struct {
		body string
		want string // without id and hits
	}{
		{`{"action":{"type":"error","status":503}}`, `{"match":{},"action":{"type":"error","status":503},"after":0,"probability":1}`},
		{
			`{"match":{"operation":"createOrganizationInvite","method":"POST","path":"/v1/organizations/invites","body":{"role":"admin"}},"action":{"type":"error","status":400,"message":"No.","error_code":"already_member","retry_after":0},"times":2,"after":1,"probability":0.25}`,
			`{"match":{"operation":"createOrganizationInvite","method":"POST","path":"/v1/organizations/invites","body":{"role":"admin"}},"action":{"type":"error","status":400,"message":"No.","error_code":"already_member","retry_after":0},"times":2,"after":1,"probability":0.25}`,
		},
		{`{"action":{"type":"delay","duration":"0.25s"}}`, `{"match":{},"action":{"type":"delay","duration":"250ms"},"after":0,"probability":1}`},
		{`{"action":{"type":"delay","distribution":"uniform","max":"1m"}}`, `{"match":{},"action":{"type":"delay","distribution":"uniform","max":"1m0s"},"after":0,"probability":1}`},
		{`{"action":{"type":"delay","distribution":"lognormal","median":"2s","sigma":0.5}}`, `{"match":{},"action":{"type":"delay","distribution":"lognormal","median":"2s","sigma":0.5},"after":0,"probability":1}`},
		{`{"action":{"type":"drop"}}`, `{"match":{},"action":{"type":"drop"},"after":0,"probability":1}`},
		{`{"action":{"type":"drop_after_commit"},"times":1}`, `{"match":{},"action":{"type":"drop_after_commit"},"times":1,"after":0,"probability":1}`},
		{`{"action":{"type":"truncate","bytes":0}}`, `{"match":{},"action":{"type":"truncate","bytes":0},"after":0,"probability":1}`},
		{`{"action":{"type":"malformed"},"match":{"path":"/organizations/*/user_1*"}}`, `{"match":{"path":"/organizations/*/user_1*"},"action":{"type":"malformed"},"after":0,"probability":1}`},
		{`{"action":{"type":"stale_read","writes":100}}`, `{"match":{},"action":{"type":"stale_read","writes":100},"after":0,"probability":1}`},
	} {
		t.Run(c.body, func(t *testing.T) {
			var want map[string]any
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			want["id"], want["hits"] = "fault_1", 0.0
			same(t, "armed", want, srv.must("POST", "/faults", c.body))
			same(t, "of another organization", map[string]any{"data": []any{}}, srv.must("GET", "/faults?organization="+secondID, ""))
			same(t, "listed", map[string]any{"data": []any{want}}, srv.must("GET", "/faults", ""))
			same(t, "removed", map[string]any{"deleted": "fault_1"}, srv.must("DELETE", "/faults/fault_1", ""))
			same(t, "left", map[string]any{"data": []any{}}, srv.must("GET", "/faults", ""))
			same(t, "cleared", map[string]any{"deleted": 0.0}, srv.must("DELETE", "/faults", "")) // restarts the ids
		})
	}
}

func TestInvalidFaultsAreRefused(t *testing.T) {
	srv := serve(t, acme)
	for _, c := range []struct {
		body string
		want failureObject
	}{
		{``, failureObject{Code: "invalid_fault", Field: "action", Message: `missing required field "action": want an object, such as {"type":"drop"}`}},
		{`[]`, failureObject{Code: "invalid_body", Message: `invalid body: want a JSON object`}},
		{`{"action":{"type":"drop"},"time":1,"hits":0}`, failureObject{Code: "invalid_fault", Message: `invalid hits 0: want no value, since the server assigns it; unknown field "time" (allowed: match, action, times, after, probability)`}},
		{`{"action":}`, failureObject{Code: "invalid_body", Message: `invalid JSON: missing value after field name (line 1 column 11)`}},
		{`{"action":{"type":"drop"}} {}`, failureObject{Code: "invalid_body", Message: `invalid JSON: unexpected data after the top-level value (line 1 column 28)`}},
		{`null`, failureObject{Code: "invalid_body", Message: `invalid body null: want a JSON object`}},
		{"{\"match\":{\"path\":\"/\xff\"},\"action\":{\"type\":\"drop\"}}", failureObject{Code: "invalid_body", Message: "invalid JSON: invalid UTF-8 (line 1 column 20)"}},
		{`{"action":{"type":"drop"},"id":"fault_1"}`, failureObject{Code: "invalid_fault", Message: `invalid id "fault_1": want no value, since the server assigns it`, Field: "id"}},
		{`{"match":{"body":{"a":[{"b":1,"b":2}]}},"action":{"type":"drop"}}`, failureObject{Code: "invalid_body", Message: `repeated field "match.body.a[0].b"`, Field: "match.body.a[0].b"}},
		{`{"action":{"type":"drop"},"action":{"type":"drop"}}`, failureObject{Code: "invalid_body", Message: `repeated field "action"`, Field: "action"}},
		{`{}`, failureObject{Code: "invalid_fault", Message: `missing required field "action": want an object, such as {"type":"drop"}`, Field: "action"}},
		{`{"match":null,"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `invalid match null: want an object`, Field: "match"}},
		{`{"match":{"operations":"x"},"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `unknown field "match.operations" (allowed: operation, method, path, body)`, Field: "match.operations", Hint: `did you mean "operation"?`, Remedy: remedy.Meant("operation")}},
		{`{"match":{"operation":"listWorkspace"},"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `invalid match.operation "listWorkspace": want an operation of the Admin API, such as listWorkspaces`, Field: "match.operation", Hint: `did you mean "listWorkspaces"?`, Remedy: remedy.Meant("listWorkspaces")}},
		{`{"match":{"operation":"listWorkspaces","method":"POST"},"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `invalid match.method "POST": want GET, the method of listWorkspaces`, Field: "match.method"}},
		{`{"match":{"path":"organizations"},"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `invalid match.path "organizations": want a path starting with a slash, without a query string or fragment`, Field: "match.path"}},
		{`{"match":{"path":"/organizations?limit=1"},"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `invalid match.path "/organizations?limit=1": want a path starting with a slash, without a query string or fragment`, Field: "match.path"}},
		{`{"match":{"operation":"listWorkspaces","body":{"a":1}},"action":{"type":"drop"}}`, failureObject{Code: "invalid_fault", Message: `invalid match.body: want no body, since no matching operation takes one`, Field: "match.body"}},
		{`{"action":{}}`, failureObject{Code: "invalid_fault", Message: `missing required field "action.type"`, Field: "action.type", Hint: "use error, delay, drop, drop_after_commit, truncate, malformed or stale_read", Remedy: &remedy.Remedy{Type: remedy.UseOneOf, Values: []string{"error", "delay", "drop", "drop_after_commit", "truncate", "malformed", "stale_read"}}}},
		{`{"action":{"type":"drop","bytes":1}}`, failureObject{Code: "invalid_fault", Message: `unknown field "action.bytes" (allowed: type)`, Field: "action.bytes"}},
		{`{"action":{"type":"error"}}`, failureObject{Code: "invalid_fault", Message: `missing required field "action.status": want a whole number from 400 to 599`, Field: "action.status"}},
		{`{"action":{"type":"error","status":200}}`, failureObject{Code: "invalid_fault", Message: `invalid action.status 200: want a whole number from 400 to 599`, Field: "action.status"}},
		{`{"action":{"type":"error","status":429,"retry_after":0}}`, failureObject{Code: "invalid_fault", Message: `invalid action.retry_after 0: want a whole number of at least 1 with status 429`, Field: "action.retry_after"}},
		{`{"action":{"type":"delay","duration":"2h"}}`, failureObject{Code: "invalid_fault", Message: `invalid action.duration "2h": want a duration greater than 0s and at most 1h, such as 250ms`, Field: "action.duration"}},
		{`{"action":{"type":"delay","distribution":"uniform","min":"2s","max":"1s"}}`, failureObject{Code: "invalid_fault", Message: `invalid action.min "2s": want a duration no longer than the maximum`, Field: "action.min"}},
		{`{"action":{"type":"delay","distribution":"lognormal","median":"1s","sigma":0}}`, failureObject{Code: "invalid_fault", Message: `invalid action.sigma 0: want a number greater than 0 and at most 10`, Field: "action.sigma"}},
		{`{"action":{"type":"truncate"}}`, failureObject{Code: "invalid_fault", Message: `missing required field "action.bytes": want a whole number of at least 0`, Field: "action.bytes"}},
		{`{"action":{"type":"stale_read","writes":101}}`, failureObject{Code: "invalid_fault", Message: `invalid action.writes 101: want a whole number from 1 to 100`, Field: "action.writes"}},
		{`{"match":{"method":"POST"},"action":{"type":"stale_read","writes":1}}`, failureObject{Code: "invalid_fault", Message: `invalid action.type "stale_read": want another action, since no matching operation is a read`, Field: "action.type"}},
		{`{"action":{"type":"drop"},"times":0}`, failureObject{Code: "invalid_fault", Message: `invalid times 0: want a whole number of at least 1`, Field: "times", Hint: "leave it out to fire every time", Remedy: &remedy.Remedy{Type: remedy.LeaveOutTimes}}},
		{`{"action":{"type":"drop"},"after":-1}`, failureObject{Code: "invalid_fault", Message: `invalid after -1: want a whole number of at least 0`, Field: "after"}},
		{`{"action":{"type":"drop"},"probability":1.5}`, failureObject{Code: "invalid_fault", Message: `invalid probability 1.5: want a number greater than 0 and at most 1`, Field: "probability"}},
	} {
		got := srv.do("POST", "/faults", c.body)
		same(t, c.body, 400, got.status)
		same(t, c.body, c.want, refused(t, got))
	}
	got := srv.do("DELETE", "/faults/fault_1", "")
	same(t, "status", 404, got.status)
	same(t, "an unknown fault", failureObject{Code: "not_found", Message: `no such fault "fault_1"`, Hint: "GET /_emulate/faults lists the armed faults", Remedy: &remedy.Remedy{Type: remedy.ListFaults}}, failed(t, got))
	same(t, "armed", map[string]any{"data": []any{}}, srv.must("GET", "/faults", ""))
}

func TestHitsAreCounted(t *testing.T) {
	srv := serve(t, acme)
	srv.must("POST", "/faults", `{"match":{"operation":"listWorkspaces"},"action":{"type":"drop"},"times":2,"after":1}`)
	set := srv.options.ToolsOf(srv.store.First()).Faults
	for range 5 {
		set.Decide(faults.Request{Operation: "listWorkspaces", Method: "GET", Path: "/v1/organizations/workspaces", Route: "/organizations/workspaces"})
	}
	armed := srv.must("GET", "/faults", "")["data"].([]any)[0].(map[string]any)
	same(t, "hits", any(2.0), armed["hits"])
}

// setRole writes to a user of the first organization.
func (s *testServer) setRole(role api.OrganizationRole) {
	s.t.Helper()
	if _, err := s.store.First().UpdateOrganizationMember("user_second", role, nil); err != nil {
		s.t.Fatal(err)
	}
}

// roleBefore returns the user's role a number of writes ago.
func (s *testServer) roleBefore(writes int) api.OrganizationRole {
	s.t.Helper()
	u, err := s.store.First().Stale(writes).GetOrganizationMember("user_second")
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Value.Role
}

// History is kept while a fault needs it.
func TestStaleReadsKeepHistory(t *testing.T) {
	withUser := strings.Replace(acme, `"users": [`, `"users": [{"id": "user_second", "email": "second@example.com", "role": "user", "added_at": "2026-01-01T00:00:00Z"},`, 1)
	for _, c := range [][3]string{
		{"DELETE", "/faults/fault_2", ""},
		{"DELETE", "/faults", ""},
	} {
		t.Run(c[1], func(t *testing.T) {
			srv := serve(t, withUser)
			srv.must("POST", "/faults", `{"action":{"type":"drop"}}`)
			srv.setRole("developer")
			same(t, "without history", "developer", srv.roleBefore(1))
			srv.must("POST", "/faults", `{"action":{"type":"stale_read","writes":2}}`)
			srv.setRole("billing")
			srv.setRole("claude_code_user")
			srv.setRole("user")
			same(t, "one write ago", "claude_code_user", srv.roleBefore(1))
			same(t, "two writes ago", "billing", srv.roleBefore(2))
			same(t, "no further", "billing", srv.roleBefore(9))
			srv.must(c[0], c[1], c[2])
			same(t, "history removed", "user", srv.roleBefore(1))
			srv.setRole("developer")
			same(t, "history no longer kept", "developer", srv.roleBefore(1))
		})
	}
	srv := serve(t, withUser)
	srv.must("POST", "/faults", `{"action":{"type":"stale_read","writes":3}}`)
	srv.must("POST", "/faults", `{"action":{"type":"stale_read","writes":1}}`)
	srv.must("DELETE", "/faults/fault_1", "")
	srv.setRole("billing")
	srv.setRole("developer")
	same(t, "history for the remaining fault", "billing", srv.roleBefore(9))
	srv.must("POST", "/reset", "")
	srv.setRole("developer")
	same(t, "after a reset", "developer", srv.roleBefore(1))
}

// After concurrent changes, history is kept for the faults that remain.
func TestFaultsChangeConcurrently(t *testing.T) {
	srv := serve(t, acme)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			id := srv.must("POST", "/faults", `{"action":{"type":"stale_read","writes":5}}`)["id"].(string)
			srv.must("DELETE", "/faults/"+id, "")
		})
	}
	wg.Wait()
	same(t, "armed", map[string]any{"data": []any{}}, srv.must("GET", "/faults", ""))
	srv.must("POST", "/users", `{"email":"a@example.com","role":"user"}`)
	if _, err := srv.store.First().Stale(1).GetOrganizationMember("user_admin"); err != nil {
		t.Fatal(err)
	}
	same(t, "the present", srv.users(srv.store.First()), srv.users(srv.store.First().Stale(1)))
}

func (s *testServer) users(o *store.Organization) string { return fmt.Sprint(len(o.Contents().Users)) }

func TestResetResetsTheTools(t *testing.T) {
	policy, err := limits.ParsePolicy("1/min")
	if err != nil {
		t.Fatal(err)
	}
	srv := serve(t, acme, func(o *server.Options) { o.RateLimit = policy })
	other := srv.store.Organization(secondID)
	for _, o := range srv.store.Organizations() {
		srv.must("POST", "/faults?organization="+o.ID(), `{"action":{"type":"drop"}}`)
		srv.options.ToolsOf(o).Journal.Add(threeRequests[0])
		same(t, "the first request", true, srv.options.ToolsOf(o).Limiter.Allow("listWorkspaces", o.Now()).Allowed)
		same(t, "the second", false, srv.options.ToolsOf(o).Limiter.Allow("listWorkspaces", o.Now()).Allowed)
	}
	srv.must("POST", "/reset", "")
	none := map[string]any{"data": []any{}}
	same(t, "faults", none, srv.must("GET", "/faults", ""))
	same(t, "journal", none, srv.must("GET", "/requests", ""))
	same(t, "rate limit", true, srv.options.ToolsOf(srv.store.First()).Limiter.Allow("listWorkspaces", srv.store.First().Now()).Allowed)
	same(t, "the number of the next entry", 1, srv.options.ToolsOf(srv.store.First()).Journal.Add(threeRequests[0]))
	same(t, "the id of the next fault", any("fault_1"), srv.must("POST", "/faults", `{"action":{"type":"drop"}}`)["id"])
	same(t, "faults of another organization", 1, len(srv.options.ToolsOf(other).Faults.List()))
	same(t, "journal of another organization", 1, len(srv.must("GET", "/requests?organization="+secondID, "")["data"].([]any)))
	same(t, "rate limit of another organization", false, srv.options.ToolsOf(other).Limiter.Allow("listWorkspaces", other.Now()).Allowed)
}
