package faults

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
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
}

// parse reads a fault that is in order.
func parse(t testing.TB, raw string) Fault {
	t.Helper()
	f, err := Parse([]byte(raw), operations)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
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
		if c.want == "" { // what was read is what is told
			c.want = `{"id":"",` + strings.TrimSuffix(c.in[1:], "}") + `,"after":0,"probability":1,"hits":0}`
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
	}
}

// action is a fault of an action, and match one of a match.
func action(fields string) string { return `{"match":{},"action":{` + fields + `}}` }

func match(fields string) string { return `{"match":{` + fields + `},"action":{"type":"drop"}}` }

func TestParseRefuses(t *testing.T) {
	drop := func(fields string) string { return `{"action":{"type":"drop"},` + fields + `}` }
	actions := "use error, delay, drop, drop_after_commit, truncate, malformed or stale_read"
	for _, c := range []struct{ in, want string }{
		{``, `is not valid JSON: unexpected end of text (line 1 column 1)`},
		{`{`, `is not valid JSON: unexpected end of text (line 1 column 2)`},
		{`[]`, `must be a JSON object`},
		{`null`, `must be a JSON object`},
		{`{"action":{"type":"drop"}} {}`, `is not valid JSON: unexpected text after the value (line 1 column 28)`},
		{`{"action":}`, `is not valid JSON: missing value after object name (line 1 column 11)`},
		{`{}`, `action: is missing`},
		{drop(`"time":3`), `time: there is no such field here; did you mean "times"?`},
		{drop(`"Times":3`), `Times: there is no such field here; did you mean "times"?`},
		{drop(`"whatever":3`), `whatever: there is no such field here`},
		{drop(`"times":2,"times":3`), `times: is there twice`},
		{match(`"body":{"a":[{"b":1,"b":2}]}`), `match.body.a[0].b: is there twice`},
		{match("\"path\":\"/\xff\""), `is not valid JSON: invalid UTF-8 (line 1 column 20)`},
		{drop(`"id":"fault_1"`), `id: is told in answers and cannot be asked for`},
		{drop(`"hits":0`), `hits: is told in answers and cannot be asked for`},
		{drop(`"times":0`), `times: must be at least 1; leave it out to fire every time`},
		{drop(`"times":-1`), `times: must be at least 1; leave it out to fire every time`},
		{drop(`"times":1.5`), `times: must be a whole number`},
		{drop(`"times":"2"`), `times: must be a whole number`},
		{drop(`"times":null`), `times: must be a whole number`},
		{drop(`"after":-1`), `after: must be at least 0`},
		{drop(`"after":true`), `after: must be a whole number`},
		{drop(`"probability":0`), `probability: must be more than 0 and at most 1`},
		{drop(`"probability":1.01`), `probability: must be more than 0 and at most 1`},
		{drop(`"probability":-0.5`), `probability: must be more than 0 and at most 1`},
		{drop(`"probability":"high"`), `probability: must be a number`},

		{drop(`"match":[]`), `match: must be a JSON object`},
		{drop(`"match":null`), `match: must be a JSON object`},
		{match(`"operations":"listWorkspaces"`), `match.operations: there is no such field here; did you mean "operation"?`},
		{match(`"operation":""`), `match.operation: must not be empty`},
		{match(`"operation":7`), `match.operation: must be a string`},
		{match(`"operation":"listWorkspace"`), `match.operation: there is no operation "listWorkspace"; did you mean "listWorkspaces"?`},
		{match(`"operation":"x"`), `match.operation: there is no operation "x"`},
		{match(`"method":"get"`), `match.method: no operation has the method "get"; did you mean "GET"?`},
		{match(`"method":"PATCH"`), `match.method: no operation has the method "PATCH"`},
		{match(`"operation":"listWorkspaces","method":"POST"`), `match.method: listWorkspaces has the method GET`},
		{match(`"path":""`), `match.path: must not be empty`},
		{match(`"path":"organizations/me"`), `match.path: must begin with a slash`},
		{match(`"path":"/organizations/users/user_1?limit=1"`), `match.path: is a path alone, without query or fragment`},
		{match(`"path":"/v1/organizations/workspace"`), `match.path: no operation has this path; did you mean "/organizations/workspaces"?`},
		{match(`"path":"/organizations/workspaces/{id}"`), `match.path: no operation has this path; did you mean "/organizations/workspaces/{workspace_id}"?`},
		{match(`"path":"/organizations/workspaces/"`), `match.path: no operation has this path; did you mean "/organizations/workspaces"?`},
		{match(`"path":"/x"`), `match.path: no operation has this path`},
		{match(`"path":"/*"`), `match.path: no operation has this path`},
		{match(`"operation":"listWorkspaces","path":"/organizations/me"`), `match.path: no operation that matches otherwise has this path`},
		{match(`"method":"DELETE","path":"/organizations/workspaces/*"`), `match.path: no operation that matches otherwise has this path`},
		{match(`"body":[]`), `match.body: must be a JSON object`},
		{match(`"body":"name"`), `match.body: must be a JSON object`},
		{match(`"body":{"a":1,"a":2}`), `match.body.a: is there twice`},
		{match(`"operation":"archiveWorkspace","body":{}`), `match.body: no operation that matches takes a request body`},
		{match(`"method":"GET","body":{"name":"a"}`), `match.body: no operation that matches takes a request body`},

		{action(``), `action.type: is missing; ` + actions},
		{action(`"type":"eror"`), `action.type: there is no action "eror"; did you mean "error"?`},
		{action(`"type":"explode"`), `action.type: there is no action "explode"; ` + actions},
		{`{"action":"drop"}`, `action: must be a JSON object`},
		{action(`"type":"drop","status":500`), `action.status: there is no such field here`},
		{action(`"type":"error"`), `action.status: is missing`},
		{action(`"type":"error","status":399`), `action.status: must be 400 to 599`},
		{action(`"type":"error","status":600`), `action.status: must be 400 to 599`},
		{action(`"type":"error","status":"529"`), `action.status: must be a whole number`},
		{action(`"type":"error","stauts":529`), `action.stauts: there is no such field here; did you mean "status"?`},
		{action(`"type":"error","status":500,"message":""`), `action.message: must not be empty`},
		{action(`"type":"error","status":400,"error_code":"already_a_member"`), `action.error_code: there is no error code "already_a_member"; did you mean "already_member"?`},
		{action(`"type":"error","status":503,"retry_after":-1`), `action.retry_after: must be at least 0`},
		{action(`"type":"error","status":429,"retry_after":0`), `action.retry_after: must be at least 1 with status 429`},
		{action(`"type":"error","status":503,"retry_after":0.5`), `action.retry_after: must be a whole number`},
		{action(`"type":"delay"`), `action.duration: is missing`},
		{action(`"type":"delay","duration":250`), `action.duration: must be a duration such as "250ms"`},
		{action(`"type":"delay","duration":"250"`), `action.duration: must be a duration such as "250ms"`},
		{action(`"type":"delay","duration":"0s"`), `action.duration: must be more than 0s and at most 1h`},
		{action(`"type":"delay","duration":"-1s"`), `action.duration: must be more than 0s and at most 1h`},
		{action(`"type":"delay","duration":"61m"`), `action.duration: must be more than 0s and at most 1h`},
		{action(`"type":"delay","duration":"1s","max":"2s"`), `action.max: there is no such field here`},
		{action(`"type":"delay","distribution":"uniform","duration":"1s","max":"2s"`), `action.duration: there is no such field here`},
		{action(`"type":"delay","distribution":"uniform","min":"1s"`), `action.max: is missing`},
		{action(`"type":"delay","distribution":"uniform","min":"-1s","max":"1s"`), `action.min: must be at least 0s`},
		{action(`"type":"delay","distribution":"uniform","min":"2s","max":"1s"`), `action.min: must be at most max`},
		{action(`"type":"delay","distribution":"uniform","max":"2h"`), `action.max: must be more than 0s and at most 1h`},
		{action(`"type":"delay","distribution":"lognormal","sigma":1`), `action.median: is missing`},
		{action(`"type":"delay","distribution":"lognormal","median":"1s"`), `action.sigma: is missing`},
		{action(`"type":"delay","distribution":"lognormal","median":"1s","sigma":0`), `action.sigma: must be more than 0 and at most 10`},
		{action(`"type":"delay","distribution":"lognormal","median":"1s","sigma":11`), `action.sigma: must be more than 0 and at most 10`},
		{action(`"type":"delay","distribution":"normal","duration":"1s"`), `action.distribution: there is no distribution "normal"; did you mean "lognormal"?`},
		{action(`"type":"truncate"`), `action.bytes: is missing`},
		{action(`"type":"truncate","bytes":-1`), `action.bytes: must be at least 0`},
		{action(`"type":"malformed","bytes":3`), `action.bytes: there is no such field here`},
		{action(`"type":"stale_read"`), `action.writes: is missing`},
		{action(`"type":"stale_read","writes":0`), `action.writes: must be 1 to 100`},
		{action(`"type":"stale_read","writes":101`), `action.writes: must be 1 to 100`},
		{`{"match":{"operation":"createWorkspace"},"action":{"type":"stale_read","writes":1}}`, `action.type: no operation that matches is a read, which stale_read needs`},
		{`{"match":{"method":"DELETE"},"action":{"type":"stale_read","writes":1}}`, `action.type: no operation that matches is a read, which stale_read needs`},
		{`{"match":{"body":{"name":"a"}},"action":{"type":"stale_read","writes":1}}`, `action.type: no operation that matches is a read, which stale_read needs`},
	} {
		got, err := Parse([]byte(c.in), operations)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s is accepted: %+v", c.in, got)
			continue
		}
		if diff := cmp.Diff(c.want, err.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
	}
}

// Whatever is accepted can be told, read again and armed.
func FuzzParse(f *testing.F) {
	f.Add(`{"match":{"operation":"createWorkspace","body":{"name":["a",1]}},"action":{"type":"error","status":529},"times":3}`)
	f.Add(action(`"type":"delay","distribution":"lognormal","median":"1s","sigma":2`))
	f.Add(match(`"path":"/organizations/*/%7B"`))
	f.Fuzz(func(t *testing.T, raw string) {
		fault, err := Parse([]byte(raw), operations)
		if err != nil {
			return
		}
		told, err := json.Marshal(fault)
		if err != nil {
			t.Fatal(err)
		}
		again := strings.Replace(strings.TrimPrefix(string(told), `{"id":"",`), `,"hits":0}`, "}", 1)
		if _, err := Parse([]byte("{"+again), operations); err != nil {
			t.Fatalf("%s: %v", told, err)
		}
		var s Set
		s.Arm(fault)
		s.Decide(Request{Method: "GET", Path: "/v1/organizations/me", Body: func() []byte { return []byte(raw) }})
	})
}
