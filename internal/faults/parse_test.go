package faults

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/internal/jsontree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var operations = []Operation{
	{ID: "getCurrentOrganization", Method: "GET", Path: "/organizations/me"},
	{ID: "listWorkspaces", Method: "GET", Path: "/organizations/workspaces"},
	{ID: "createWorkspace", Method: "POST", Path: "/organizations/workspaces", Body: true},
	{ID: "getWorkspace", Method: "GET", Path: "/organizations/workspaces/{workspace_id}"},
	{ID: "updateWorkspace", Method: "POST", Path: "/organizations/workspaces/{workspace_id}", Body: true},
	{ID: "archiveWorkspace", Method: "POST", Path: "/organizations/workspaces/{workspace_id}/archive"},
	{ID: "removeOrganizationMember", Method: "DELETE", Path: "/organizations/users/{user_id}"},
	{ID: "createOrganizationInvite", Method: "POST", Path: "/organizations/invites", Body: true},
}

// parse parses a valid fault.
func parse(t testing.TB, raw string) Fault {
	t.Helper()
	doc, err := jsontree.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	f, problems := Parse(doc, operations)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", raw, problems)
	}
	return f
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"action":{"type":"drop"}}`, `{"id":"","match":{},"action":{"type":"drop"},"after":0,"probability":1,"hits":0}`},
		{
			`{"match":{"operation":"createWorkspace","method":"POST","path":"/v1/organizations/workspaces","body":{ "name": "a" }},
			"action":{"type":"error","status":429},"times":2,"after":1,"probability":0.5}`,
			`{"id":"","match":{"operation":"createWorkspace","method":"POST","path":"/v1/organizations/workspaces","body":{"name":"a"}},"action":{"type":"error","status":429},"times":2,"after":1,"probability":0.5,"hits":0}`,
		},
		{action(`"type":"error","status":409,"message":"m","error_code":"concurrent_membership_change","retry_after":0`), ""},
		{action(`"type":"error","status":400,"error_code":"already_member"`), ""},
		{action(`"type":"error","status":599`), ""},
		{action(`"type":"error","status":429,"retry_after":1`), ""},
		{action(`"type":"error","status":409`), ""},
		{action(`"type":"delay","duration":"250ms"`), ""},
		{action(`"type":"delay","duration":"1h0m0s"`), ""},
		{action(`"type":"delay","distribution":"uniform","min":"10ms","max":"1s"`), ""},
		{action(`"type":"delay","distribution":"uniform","max":"1s"`), ""},
		{action(`"type":"delay","distribution":"lognormal","median":"10ms","sigma":0.5`), ""},
		{action(`"type":"drop_after_commit"`), ""},
		{action(`"type":"truncate","bytes":0`), ""},
		{action(`"type":"malformed"`), ""},
		{action(`"type":"stale_read","writes":100`), ""},
		{match(`"path":"/organizations/workspaces/{workspace_id}"`), ""},
		{match(`"path":"/v1/organizations/workspaces/wrkspc_1/archive"`), ""},
		{match(`"path":"/organizations/*"`), ""},
		{match(`"path":"/organizations/workspaces/{workspace_id}/*"`), ""},
		{match(`"method":"DELETE","path":"/*/users/*_1"`), ""},
		{match(`"method":"POST","body":{}`), ""},
	} {
		got, err := json.Marshal(parse(t, c.in))
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" { // the same as in, with defaults
			c.want = `{"id":"",` + strings.TrimSuffix(c.in[1:], "}") + `,"after":0,"probability":1,"hits":0}`
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
	}
}

// With a code, the status and the details that it requires are filled in, and what is
// given is kept.
func TestParseFillsInWhatACodeRequires(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`"type":"error","error_code":"external_key_changed"`, `"type":"error","status":409,"error_code":"external_key_changed"`},
		{`"type":"error","status":400,"error_code":"already_member","details":{}`, `"type":"error","status":400,"error_code":"already_member"`},
		{`"type":"error","error_code":"approval_required"`, `"type":"error","status":400,"error_code":"approval_required","details":{"field":"inference_data_privacy.human_review"}`},
		{`"type":"error","error_code":"approval_required","details":{"field":"tags"}`, `"type":"error","status":400,"error_code":"approval_required","details":{"field":"tags"}`},
		{`"type":"error","error_code":"workspace_policy_violation"`, `"type":"error","status":400,"error_code":"workspace_policy_violation","details":{"field":"external_key_id"}`},
		{`"type":"error","error_code":"workspace_created_incomplete"`, `"type":"error","status":503,"error_code":"workspace_created_incomplete"`},
		{
			`"type":"error","error_code":"storage_verification_failed"`,
			`"type":"error","status":400,"error_code":"storage_verification_failed","details":{"failed_checks":[{"check":"already_registered","message":"The check failed.","role":null}]}`,
		},
		{
			`"type":"error","error_code":"storage_verification_failed","details":{"field":"tags","failed_checks":[{"check":"region","message":"No.","role":null},{"role":"read","check":"other","message":"x"}]}`,
			`"type":"error","status":400,"error_code":"storage_verification_failed","details":{"field":"tags","failed_checks":[{"check":"region","message":"No.","role":null},{"check":"other","message":"x","role":"read"}]}`,
		},
		{
			`"type":"error","error_code":"storage_verification_failed","details":{"field":null,"failed_checks":[]}`,
			`"type":"error","status":400,"error_code":"storage_verification_failed","details":{"failed_checks":[]}`,
		},
	} {
		got, err := json.Marshal(parse(t, action(c.in)).Action)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("{"+c.want+"}", string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
	}
}

// action returns a fault with the fields of its action.
func action(fields string) string { return `{"match":{},"action":{` + fields + `}}` }

// match returns a fault with the fields of its match.
func match(fields string) string { return `{"match":{` + fields + `},"action":{"type":"drop"}}` }

func TestParseRejectsInvalidFaults(t *testing.T) {
	drop := func(fields string) string { return `{"action":{"type":"drop"},` + fields + `}` }
	const actions = "error, delay, drop, drop_after_commit, truncate, malformed or stale_read"
	for _, c := range []struct{ in, want string }{
		{`{}`, `missing required field "action": want an object, such as {"type":"drop"}`},
		{drop(`"time":3`), `unknown field "time" (allowed: match, action, times, after, probability); did you mean "times"?`},
		{drop(`"Times":3`), `unknown field "Times" (allowed: match, action, times, after, probability); did you mean "times"?`},
		{drop(`"whatever":3`), `unknown field "whatever" (allowed: match, action, times, after, probability)`},
		{drop(`"id":"fault_1"`), `invalid id "fault_1": want no value, since the server assigns it`},
		{drop(`"hits":0`), `invalid hits 0: want no value, since the server assigns it`},
		{drop(`"times":0`), `invalid times 0: want a whole number of at least 1; leave it out to fire every time`},
		{drop(`"times":-1`), `invalid times -1: want a whole number of at least 1; leave it out to fire every time`},
		{drop(`"times":1.5`), `invalid times 1.5: want a whole number of at least 1; leave it out to fire every time`},
		{drop(`"times":"2"`), `invalid times "2": want a whole number of at least 1; leave it out to fire every time`},
		{drop(`"times":null`), `invalid times null: want a whole number of at least 1; leave it out to fire every time`},
		{drop(`"after":-1`), `invalid after -1: want a whole number of at least 0`},
		{drop(`"after":true`), `invalid after true: want a whole number of at least 0`},
		{drop(`"probability":0`), `invalid probability 0: want a number greater than 0 and at most 1`},
		{drop(`"probability":1.01`), `invalid probability 1.01: want a number greater than 0 and at most 1`},
		{drop(`"probability":-0.5`), `invalid probability -0.5: want a number greater than 0 and at most 1`},
		{drop(`"probability":"high"`), `invalid probability "high": want a number greater than 0 and at most 1`},

		{
			`{"id":"x","tims":0,"after":-1,"match":{"operation":"","verb":"GET","body":1},"action":{"type":"delay","distribution":"uniform","min":"-1s","max":"2h","sigma":1}}`,
			`invalid id "x": want no value, since the server assigns it
unknown field "tims" (allowed: match, action, times, after, probability); did you mean "times"?
unknown field "match.verb" (allowed: operation, method, path, body)
invalid match.operation "": want a non-empty string
invalid match.body 1: want an object
unknown field "action.sigma" (allowed: type, distribution, min, max)
invalid action.min "-1s": want a duration of at least 0s, such as 250ms
invalid action.max "2h": want a duration greater than 0s and at most 1h, such as 250ms
invalid after -1: want a whole number of at least 0`,
		},

		{drop(`"match":[]`), `invalid match: want an object`},
		{drop(`"match":null`), `invalid match null: want an object`},
		{match(`"operations":"listWorkspaces"`), `unknown field "match.operations" (allowed: operation, method, path, body); did you mean "operation"?`},
		{match(`"operation":""`), `invalid match.operation "": want a non-empty string`},
		{match(`"operation":7`), `invalid match.operation 7: want a non-empty string`},
		{match(`"operation":"listWorkspace"`), `invalid match.operation "listWorkspace": want an operation of the Admin API, such as listWorkspaces; did you mean "listWorkspaces"?`},
		{match(`"operation":"x"`), `invalid match.operation "x": want an operation of the Admin API, such as listWorkspaces`},
		{match(`"method":"get"`), `invalid match.method "get": want GET, POST or DELETE; did you mean "GET"?`},
		{match(`"method":"PATCH"`), `invalid match.method "PATCH": want GET, POST or DELETE`},
		{match(`"operation":"listWorkspaces","method":"POST"`), `invalid match.method "POST": want GET, the method of listWorkspaces`},
		{match(`"path":""`), `invalid match.path "": want a path starting with a slash, without a query string or fragment`},
		{match(`"path":"organizations/me"`), `invalid match.path "organizations/me": want a path starting with a slash, without a query string or fragment`},
		{match(`"path":"/organizations/users/user_1?limit=1"`), `invalid match.path "/organizations/users/user_1?limit=1": want a path starting with a slash, without a query string or fragment`},
		{match(`"path":"/v1/organizations/workspace"`), `invalid match.path "/v1/organizations/workspace": want the path of an operation; did you mean "/v1/organizations/workspaces"?`},
		{match(`"path":"/organizations/workspaces/{id}"`), `invalid match.path "/organizations/workspaces/{id}": want the path of an operation; did you mean "/v1/organizations/workspaces/{workspace_id}"?`},
		{match(`"path":"/organizations/workspaces/"`), `invalid match.path "/organizations/workspaces/": want the path of an operation; did you mean "/v1/organizations/workspaces"?`},
		{match(`"path":"/x"`), `invalid match.path "/x": want the path of an operation`},
		{match(`"path":"/*"`), `invalid match.path "/*": want the path of an operation`},
		{match(`"operation":"listWorkspaces","path":"/organizations/me"`), `invalid match.path "/organizations/me": want /v1/organizations/workspaces, the path of listWorkspaces`},
		{match(`"method":"DELETE","path":"/organizations/workspaces/*"`), `invalid match.path "/organizations/workspaces/*": want the path of an operation with method DELETE`},
		{match(`"body":[]`), `invalid match.body: want an object`},
		{match(`"body":"name"`), `invalid match.body "name": want an object`},
		{match(`"operation":"archiveWorkspace","body":{}`), `invalid match.body: want no body, since no matching operation takes one`},
		{match(`"method":"GET","body":{"name":"a"}`), `invalid match.body: want no body, since no matching operation takes one`},

		{action(``), `missing required field "action.type"; use ` + actions},
		{action(`"type":"eror"`), `invalid action.type "eror": want error, delay, drop, drop_after_commit, truncate, malformed or stale_read; did you mean "error"?`},
		{action(`"type":"explode"`), `invalid action.type "explode": want ` + actions},
		{`{"action":"drop"}`, `invalid action "drop": want an object`},
		{action(`"type":"drop","status":500`), `unknown field "action.status" (allowed: type)`},
		{action(`"type":"error"`), `missing required field "action.status": want a whole number from 400 to 599`},
		{action(`"type":"error","status":399`), `invalid action.status 399: want a whole number from 400 to 599`},
		{action(`"type":"error","status":600`), `invalid action.status 600: want a whole number from 400 to 599`},
		{action(`"type":"error","status":"529"`), `invalid action.status "529": want a whole number from 400 to 599`},
		{action(`"type":"error","stauts":529`), `unknown field "action.stauts" (allowed: type, status, message, error_code, details, retry_after); did you mean "status"?`},
		{action(`"type":"error","status":500,"message":""`), `invalid action.message "": want a non-empty string`},
		{action(`"type":"error","status":400,"error_code":"already_a_member"`), `invalid action.error_code "already_a_member": want an error code of the Admin API, such as already_member; did you mean "already_member"?`},
		{action(`"type":"error","error_code":"nonsense"`), `invalid action.error_code "nonsense": want an error code of the Admin API, such as already_member`},
		{action(`"type":"error","error_code":7`), `invalid action.error_code 7: want an error code of the Admin API, such as already_member`},
		{action(`"type":"error","error_code":"nonsense","status":9`), `invalid action.error_code "nonsense": want an error code of the Admin API, such as already_member
invalid action.status 9: want a whole number from 400 to 599`},
		{action(`"type":"error","error_code":"external_key_changed","status":400`), `invalid action.status 400: want 409, the status of external_key_changed`},
		{action(`"type":"error","error_code":"external_key_changed","status":null`), `invalid action.status null: want 409, the status of external_key_changed`},
		{action(`"type":"error","status":400,"details":{"field":"name"}`), `missing required field "action.error_code": want the code that has these details`},
		{action(`"type":"error","error_code":"workspace_policy_violation","details":[]`), `invalid action.details: want an object`},
		{action(`"type":"error","error_code":"workspace_policy_violation","details":null`), `invalid action.details null: want an object`},
		{action(`"type":"error","error_code":"workspace_policy_violation","details":{"field":"name"}`), `invalid action.details.field "name": want external_key_id`},
		{action(`"type":"error","error_code":"workspace_policy_violation","details":{"field":null}`), `invalid action.details.field null: want external_key_id`},
		{action(`"type":"error","error_code":"approval_required","details":{"field":""}`), `invalid action.details.field "": want a non-empty string`},
		{action(`"type":"error","error_code":"approval_required","details":{"fields":"x"}`), `unknown field "action.details.fields" (allowed: field); did you mean "field"?`},
		{action(`"type":"error","error_code":"already_member","details":{"error_code":"x"}`), `unknown field "action.details.error_code" (allowed: none)`},
		{action(`"type":"error","error_code":"already_member","details":{"workspace_id":"x"}`), `unknown field "action.details.workspace_id" (allowed: none)`},
		{action(`"type":"error","error_code":"workspace_created_incomplete","details":{"workspace_id":"wrkspc_1"}`), `invalid action.details.workspace_id "wrkspc_1": want no value, since the fault creates the workspace`},
		{
			action(`"type":"error","error_code":"storage_verification_failed","details":{"field":1,"failed_checks":["region",{"check":"regoin","message":"","role":"none"},{"check":"zzz","name":"x"}]}`),
			`invalid action.details.failed_checks[0] "region": want an object
invalid action.details.failed_checks[1].check "regoin": want a value that the Admin API documents, such as already_registered; did you mean "region"?
invalid action.details.failed_checks[1].message "": want a non-empty string
invalid action.details.failed_checks[1].role "none": want ingest, maintenance, media_erasure, read, transcripts, transcripts_verify or verify
unknown field "action.details.failed_checks[2].name" (allowed: check, message, role)
invalid action.details.failed_checks[2].check "zzz": want a value that the Admin API documents, such as already_registered
missing required field "action.details.failed_checks[2].message"
missing required field "action.details.failed_checks[2].role"
invalid action.details.field 1: want a non-empty string`,
		},
		{action(`"type":"error","error_code":"storage_verification_failed","details":{"failed_checks":{}}`), `invalid action.details.failed_checks: want a list`},
		{
			`{"match":{"operation":"removeOrganizationMember"},"action":{"type":"error","error_code":"external_key_changed"}}`,
			`invalid action.error_code "external_key_changed": want a code that a matching operation documents (the operations with this code: createWorkspace, updateWorkspace)`,
		},
		{
			`{"match":{"method":"GET"},"action":{"type":"error","status":400,"error_code":"already_member"}}`,
			`invalid action.error_code "already_member": want a code that a matching operation documents (the operations with this code: createOrganizationInvite)`,
		},
		{
			`{"match":{"path":"/organizations/workspaces"},"action":{"type":"error","error_code":"storage_attach_limit_reached"}}`,
			`invalid action.error_code "storage_attach_limit_reached": want a code that a matching operation documents (the operations with this code: updateWorkspace)`,
		},
		{action(`"type":"error","status":503,"retry_after":-1`), `invalid action.retry_after -1: want a whole number of at least 0`},
		{action(`"type":"error","status":429,"retry_after":0`), `invalid action.retry_after 0: want a whole number of at least 1 with status 429`},
		{action(`"type":"error","status":503,"retry_after":0.5`), `invalid action.retry_after 0.5: want a whole number of at least 0`},
		{action(`"type":"delay"`), `missing required field "action.duration": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","duration":250`), `invalid action.duration 250: want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","duration":"250"`), `invalid action.duration "250": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","duration":"0s"`), `invalid action.duration "0s": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","duration":"-1s"`), `invalid action.duration "-1s": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","duration":"61m"`), `invalid action.duration "61m": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","duration":"1s","max":"2s"`), `unknown field "action.max" (allowed: type, duration, distribution)`},
		{action(`"type":"delay","distribution":"uniform","duration":"1s","max":"2s"`), `unknown field "action.duration" (allowed: type, distribution, min, max)`},
		{action(`"type":"delay","distribution":"uniform","min":"1s"`), `missing required field "action.max": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","distribution":"uniform","min":"-1s","max":"1s"`), `invalid action.min "-1s": want a duration of at least 0s, such as 250ms`},
		{action(`"type":"delay","distribution":"uniform","min":"2s","max":"1s"`), `invalid action.min "2s": want a duration no longer than the maximum`},
		{action(`"type":"delay","distribution":"uniform","max":"2h"`), `invalid action.max "2h": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","distribution":"lognormal","sigma":1`), `missing required field "action.median": want a duration greater than 0s and at most 1h, such as 250ms`},
		{action(`"type":"delay","distribution":"lognormal","median":"1s"`), `missing required field "action.sigma": want a number greater than 0 and at most 10`},
		{action(`"type":"delay","distribution":"lognormal","median":"1s","sigma":0`), `invalid action.sigma 0: want a number greater than 0 and at most 10`},
		{action(`"type":"delay","distribution":"lognormal","median":"1s","sigma":11`), `invalid action.sigma 11: want a number greater than 0 and at most 10`},
		{action(`"type":"delay","distribution":"normal","duration":"1s"`), `invalid action.distribution "normal": want uniform or lognormal; did you mean "lognormal"?`},
		{action(`"type":"truncate"`), `missing required field "action.bytes": want a whole number of at least 0`},
		{action(`"type":"truncate","bytes":-1`), `invalid action.bytes -1: want a whole number of at least 0`},
		{action(`"type":"malformed","bytes":3`), `unknown field "action.bytes" (allowed: type)`},
		{action(`"type":"stale_read"`), `missing required field "action.writes": want a whole number from 1 to 100`},
		{action(`"type":"stale_read","writes":0`), `invalid action.writes 0: want a whole number from 1 to 100`},
		{action(`"type":"stale_read","writes":101`), `invalid action.writes 101: want a whole number from 1 to 100`},
		{`{"match":{"operation":"createWorkspace"},"action":{"type":"stale_read","writes":1}}`, `invalid action.type "stale_read": want another action, since no matching operation is a read`},
		{`{"match":{"method":"DELETE"},"action":{"type":"stale_read","writes":1}}`, `invalid action.type "stale_read": want another action, since no matching operation is a read`},
		{`{"match":{"body":{"name":"a"}},"action":{"type":"stale_read","writes":1}}`, `invalid action.type "stale_read": want another action, since no matching operation is a read`},
	} {
		doc, err := jsontree.Parse([]byte(c.in))
		if err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		got, problems := Parse(doc, operations)
		if len(problems) == 0 {
			t.Errorf("%s was accepted: %+v", c.in, got)
		}
		var lines []string
		for _, p := range problems {
			lines = append(lines, strings.TrimSuffix(p.Error()+"; "+p.Hint(), "; "))
		}
		if diff := cmp.Diff(c.want, strings.Join(lines, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
	}
}

// Every accepted fault can be encoded, parsed again and armed.
func FuzzParse(f *testing.F) {
	f.Add(`{"match":{"operation":"createWorkspace","body":{"name":["a",1]}},"action":{"type":"error","status":529},"times":3}`)
	f.Add(action(`"type":"delay","distribution":"lognormal","median":"1s","sigma":2`))
	f.Add(action(`"type":"error","error_code":"storage_verification_failed","details":{"failed_checks":[{"check":"other","message":"m","role":null}]}`))
	f.Add(match(`"path":"/organizations/*/%7B"`))
	f.Fuzz(func(t *testing.T, raw string) {
		doc, err := jsontree.Parse([]byte(raw))
		if err != nil || doc.Root.Kind != jsontree.Object || len(doc.Repeated) > 0 {
			return // refused by the control plane
		}
		fault, problems := Parse(doc, operations)
		if len(problems) > 0 {
			return
		}
		encoded, err := json.Marshal(fault)
		if err != nil {
			t.Fatal(err)
		}
		again := strings.Replace(strings.TrimPrefix(string(encoded), `{"id":"",`), `,"hits":0}`, "}", 1)
		parse(t, "{"+again)
		var s Set
		s.Arm(fault)
		s.Decide(Request{Method: "GET", Path: "/v1/organizations/me", Body: func() []byte { return []byte(raw) }})
	})
}
