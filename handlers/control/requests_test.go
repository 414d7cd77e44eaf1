package control

import (
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/remedy"
	"antechamber/internal/server"
	"antechamber/store"
)

// threeRequests are records of requests to the Admin API.
var threeRequests = []journal.Record{
	{
		Time: api.At(instant), Operation: "createOrganizationInvite", Method: "POST", Path: "/v1/organizations/invites", Status: 200,
		RequestID: "req_1", Duration: 1500 * time.Microsecond, Key: firstKey,
		RequestBody:  journal.BodyOf(`{"email":"a@example.com","role":"user"}`),
		ResponseBody: journal.BodyOf(`{"id":"invite_1"}`),
		Effects:      []store.Effect{{Type: store.InviteCreated, ID: "invite_1", At: api.At(instant)}},
	},
	{
		Time: api.At(instant), Operation: "listWorkspaces", Method: "GET", Path: "/v1/organizations/workspaces", Query: "limit=5", Status: 529,
		ErrorType: "overloaded_error", RequestID: "req_2", Fault: "fault_1", Key: firstKey,
	},
	{
		Time: api.At(instant), Method: "GET", Path: "/v1/organizations/nothing", Status: 404,
		ErrorType: "not_found_error", RequestID: "req_3", ResponseBody: journal.BodyOf("Not found."),
	},
}

// record adds requests to the journal of the first organization.
func (s *testServer) record(all ...journal.Record) {
	for _, r := range all {
		s.options.ToolsOf(s.store.First()).Journal.Add(r)
	}
}

// seqs returns the numbers of the entries in a response.
func seqs(response map[string]any) []int {
	all := []int{}
	for _, e := range response["data"].([]any) {
		all = append(all, int(e.(map[string]any)["seq"].(float64)))
	}
	return all
}

func TestRequestFilters(t *testing.T) {
	srv := serve(t, acme)
	srv.record(threeRequests...)
	dropped := threeRequests[1]
	dropped.Status, dropped.Method = 0, "get"
	srv.record(dropped)
	for query, want := range map[string][]int{
		"":                                 {1, 2, 3, 4},
		"?since=0":                         {1, 2, 3, 4},
		"?since=2":                         {3, 4},
		"?since=4":                         {},
		"?since=9223372036854775807":       {},
		"?limit=1":                         {4},
		"?since=1&limit=2":                 {3, 4},
		"?limit=9223372036854775807":       {1, 2, 3, 4},
		"?operation=listWorkspaces":        {2, 4},
		"?operation=getOrganizationMember": {},
		"?method=get":                      {2, 3, 4},
		"?method=PUT":                      {},
		"?path=/organizations/*s":          {1, 2, 4},
		"?path=/v1/organizations/{what}":   {1, 2, 3, 4},
		"?path=/organizations/invites/":    {},
		"?status=404":                      {3},
		"?status=0":                        {4},
		"?status=200&method=GET":           {},
		"?status=529&operation=listWorkspaces&method=GET&path=/organizations/workspaces&since=1&limit=1": {2},
		"?organization=" + secondID: {},
	} {
		same(t, query, want, seqs(srv.must("GET", "/requests"+query, "")))
	}
}

func TestInvalidRequestFiltersAreRefused(t *testing.T) {
	srv := serve(t, acme)
	const status, number = ": want a status from 100 to 599, or 0 for a dropped connection", ": want the seq of a request"
	for query, want := range map[string]string{
		"since=":                        `invalid since ""` + number,
		"since=-1":                      "invalid since -1" + number,
		"since=1.5":                     `invalid since "1.5"` + number,
		"since=99999999999999999999":    `invalid since "99999999999999999999"` + number,
		"limit=0":                       "invalid limit 0: want a whole number of at least 1",
		"limit=many":                    `invalid limit "many": want a whole number of at least 1`,
		"status=":                       `invalid status ""` + status,
		"status=99":                     "invalid status 99" + status,
		"status=600":                    "invalid status 600" + status,
		"operation=":                    `invalid operation "": want an operation of the Admin API, such as listWorkspaces`,
		"operation=listworkspaces":      `invalid operation "listworkspaces": want an operation of the Admin API, such as listWorkspaces`,
		"method=":                       `invalid method "": want a non-empty string`,
		"path=":                         `invalid path "": want a path starting with a slash`,
		"path=organizations":            `invalid path "organizations": want a path starting with a slash`,
		"limit=1&limit=2":               `repeated parameter "limit"`,
		"until=3":                       `unknown parameter "until" (allowed: organization, since, operation, method, path, status, limit)`,
		"since=x&limit=y&status=1&path": `invalid since "x"` + number + `; invalid path "": want a path starting with a slash; invalid limit "y": want a whole number of at least 1; invalid status 1` + status,
	} {
		got := srv.do("GET", "/requests?"+query, "")
		same(t, query, 400, got.status)
		f := refused(t, got)
		f.Field, f.Hint, f.Remedy = "", "", nil
		same(t, query, failureObject{Code: "invalid_query", Message: want}, f)
	}
}

func TestSimilarOperationIsARemedy(t *testing.T) {
	srv := serve(t, acme)
	same(t, "a similar operation", failureObject{
		Code: "invalid_query", Message: `invalid operation "listworkspaces": want an operation of the Admin API, such as listWorkspaces`, Field: "operation",
		Hint: `did you mean "listWorkspaces"?`, Remedy: remedy.Meant("listWorkspaces"),
	}, refused(t, srv.do("GET", "/requests?operation=listworkspaces", "")))
}

func TestClearRequests(t *testing.T) {
	srv := serve(t, acme)
	srv.record(threeRequests...)
	same(t, "of another organization", map[string]any{"deleted": 0.0}, srv.must("DELETE", "/requests?organization="+secondID, ""))
	same(t, "cleared", map[string]any{"deleted": 3.0}, srv.must("DELETE", "/requests", ""))
	same(t, "left", []int{}, seqs(srv.must("GET", "/requests", "")))
	srv.record(threeRequests[0])
	same(t, "numbering continues", []int{4}, seqs(srv.must("GET", "/requests", "")))
}

func TestVerifySatisfied(t *testing.T) {
	srv := serve(t, acme)
	srv.record(threeRequests...)
	for _, body := range []string{
		`{"expect":[{"operation":"createOrganizationInvite"}]}`,
		`{"expect":[{"operation":"createOrganizationInvite","body":{"email":"a@example.com"},"times":1}],"in_order":false,"no_others":null}`,
		`{"expect":[{"method":"get","times":2},{"status":404},{"operation":"getOrganizationMember","times":0},{"path":"/organizations/{x}","times":3}],"no_others":true}`,
		`{"expect":[{"query":{"limit":5,"after_id":[]},"body":null,"status":529},{"path":"/v1/organizations/nothing"}],"in_order":true}`,
		`{"expect":[{"operation":null,"method":"POST","path":null,"query":null,"status":null,"times":null}]}`,
		`{"expect":[{"method":"PUT","times":0}]}`,
	} {
		same(t, body, map[string]any{"satisfied": true}, srv.must("POST", "/verify", body))
	}
	same(t, "nothing was called", map[string]any{"satisfied": true}, srv.must("POST", "/verify?organization="+secondID, `{"no_others":true}`))
}

func TestVerifyNotSatisfied(t *testing.T) {
	srv := serve(t, acme)
	srv.record(threeRequests...)
	entries := srv.options.ToolsOf(srv.store.First()).Journal.Entries(journal.Filter{})
	for i := range entries { // as decoded from JSON
		if entries[i].RequestBody == nil {
			entries[i].RequestBody = []byte("null")
		}
		if entries[i].ResponseBody == nil {
			entries[i].ResponseBody = []byte("null")
		}
	}
	for _, c := range []struct {
		body string
		want failureObject
	}{
		{`{"expect":[{"operation":"createOrganizationInvite","body":{"email":"b@example.com"}}]}`, failureObject{
			Message: "expect[0]: want at least 1 call, got none",
			Unmet: []journal.Unmet{{
				Expectation: journal.Expectation{Operation: "createOrganizationInvite", Body: []byte(`{"email":"b@example.com"}`)},
				Message:     "want at least 1 call, got none", Matched: []uint64{}, TooEarly: []uint64{},
				NearestMisses: []journal.Miss{
					{Entry: entries[0], Differences: []string{`body.email: want "b@example.com", got "a@example.com"`}},
					{Entry: entries[2], Differences: []string{`operation: want "createOrganizationInvite", got none (unknown path or key)`}},
				},
			}},
			Unexpected: []journal.Entry{},
		}},
		{`{"expect":[{"method":"POST","times":2},{"status":529}],"no_others":true}`, failureObject{
			Message: "expect[0]: want exactly 2 calls, got 1 (request 1); 1 unexpected call",
			Unmet: []journal.Unmet{{
				Expectation: journal.Expectation{Method: "POST", Times: new(2)},
				Message:     "want exactly 2 calls, got 1 (request 1)", Matched: []uint64{1}, TooEarly: []uint64{},
				NearestMisses: []journal.Miss{
					{Entry: entries[2], Differences: []string{`method: want "POST", got "GET"`}},
					{Entry: entries[1], Differences: []string{`method: want "POST", got "GET"`}},
				},
			}},
			Unexpected: entries[2:],
		}},
		{`{"expect":[{"operation":"listWorkspaces"},{"method":"POST"}],"in_order":true}`, failureObject{
			Message: "expect[1]: want at least 1 call, got none; too early: request 1",
			Unmet: []journal.Unmet{{
				Index: 1, Expectation: journal.Expectation{Method: "POST"},
				Message: "want at least 1 call, got none; too early: request 1", Matched: []uint64{}, TooEarly: []uint64{1},
				NearestMisses: []journal.Miss{
					{Entry: entries[0], Differences: []string{"order: request 1 came before request 2, which meets expect[0]"}},
					{Entry: entries[2], Differences: []string{`method: want "POST", got "GET"`}},
					{Entry: entries[1], Differences: []string{`method: want "POST", got "GET"`}},
				},
			}},
			Unexpected: []journal.Entry{},
		}},
		{`{"no_others":true}`, failureObject{Message: "3 unexpected calls", Unmet: []journal.Unmet{}, Unexpected: entries}},
	} {
		got := srv.do("POST", "/verify", c.body)
		same(t, c.body, 422, got.status)
		c.want.Code = "not_satisfied"
		same(t, c.body, c.want, failed(t, got))
	}
}

func TestInvalidExpectationsAreRefused(t *testing.T) {
	srv := serve(t, acme)
	const allowed = "(allowed: operation, method, path, query, body, status, times)"
	for _, c := range []struct{ body, code, message, field string }{
		{``, "invalid_expectation", "invalid expect: want at least one expectation, or no_others to verify that nothing was called", "expect"},
		{`{"expect":[{"path":"/x"},{"operation":"listWorkspaces","method":"post","times":0}]}`, "invalid_expectation", `invalid expect[1].method "post": want GET, the method of listWorkspaces`, "expect[1].method"},
		{`{"expect":[{"operation":"listWorkspaces","path":"/organizations/users/*","times":0}]}`, "invalid_expectation", `invalid expect[0].path "/organizations/users/*": want /v1/organizations/workspaces, the path of listWorkspaces`, "expect[0].path"},
		{`{"expect":[]}`, "invalid_expectation", "invalid expect: want at least one expectation, or no_others to verify that nothing was called", "expect"},
		{`{"Expect":[{"method":"GET"}]}`, "invalid_body", `unknown field "Expect" (allowed: expect, in_order, no_others)`, "Expect"},
		{`{"expect":{},"in_order":1,"no_others":"yes"}`, "invalid_body", "invalid expect: want a list of expectations; invalid in_order 1: want true or false; invalid no_others \"yes\": want true or false", ""},
		{`{"expect":[1,null,{"Operation":"x","methods":"GET"}]}`, "invalid_body", "invalid expect[0] 1: want an object; invalid expect[1] null: want an object; unknown field \"expect[2].Operation\" " + allowed + "; unknown field \"expect[2].methods\" " + allowed, ""},
		{`{"expect":[{"body":{"a":[{"b":1,"c":2,"b":1}]}}]}`, "invalid_body", `repeated field "expect[0].body.a[0].b"`, "expect[0].body.a[0].b"},
		{`{"no_others":true`, "invalid_body", "invalid JSON: unexpected end of input (line 1 column 18)", ""},
		{"{\n\"no_others\":\"\xff\"}", "invalid_body", "invalid JSON: invalid UTF-8 (line 2 column 14)", ""},
		{`[]`, "invalid_body", "invalid body: want a JSON object", ""},
		{`{"expect":[{"method":"GET","method":"POST"}]}`, "invalid_body", `repeated field "expect[0].method"`, "expect[0].method"},
		{`{"expect":[{"operation":"","method":7,"path":"","query":{"a":{}},"status":"200","times":1.5}]}`, "invalid_body", `invalid expect[0].operation "": want a non-empty string; invalid expect[0].method 7: want a non-empty string; invalid expect[0].path "": want a non-empty string; invalid expect[0].query: want an object of values and lists of values; invalid expect[0].status "200": want a whole number; invalid expect[0].times 1.5: want a whole number`, ""},
		{`{"expect":[{"operation":"listWorkspace","status":99,"times":-1},{}]}`, "invalid_expectation", `invalid expect[0].operation "listWorkspace": want an operation of the Admin API, such as listWorkspaces; invalid expect[0].status 99: want a status from 100 to 599, or 0 for a dropped connection; invalid expect[0].times -1: want a whole number of at least 0; invalid expect[1]: want an operation, method, path, query, body or status`, ""},
	} {
		got := srv.do("POST", "/verify", c.body)
		same(t, c.body, 400, got.status)
		f := refused(t, got)
		f.Hint, f.Remedy = "", nil
		same(t, c.body, failureObject{Code: c.code, Message: c.message, Field: c.field}, f)
	}
	got := srv.do("POST", "/verify", `{"expect":[{"operation":"listWorkspace"}]}`)
	same(t, "a similar operation", failureObject{
		Code: "invalid_expectation", Message: `invalid expect[0].operation "listWorkspace": want an operation of the Admin API, such as listWorkspaces`, Field: "expect[0].operation",
		Hint: `did you mean "listWorkspaces"?`, Remedy: remedy.Meant("listWorkspaces"),
	}, refused(t, got))
}

// Problems are typed, and the first hundred are listed.
func TestProblemsOfExpectations(t *testing.T) {
	srv := serve(t, acme)
	got := failed(t, srv.do("POST", "/verify", `{"expect":[{"operation":"listWorkspace","times":-1},{"operation":"listWorkspaces","method":"POST","times":-1},{}]}`))
	same(t, "problems", []remedy.Problem{
		{Type: remedy.Invalid, Field: "expect[0].operation", Value: `"listWorkspace"`, Message: "want an operation of the Admin API, such as listWorkspaces", Remedy: remedy.Meant("listWorkspaces")},
		{Type: remedy.Invalid, Field: "expect[0].times", Value: "-1", Message: "want a whole number of at least 0"},
		{Type: remedy.Invalid, Field: "expect[1].times", Value: "-1", Message: "want a whole number of at least 0"},
		{Type: remedy.Invalid, Field: "expect[1].method", Value: `"POST"`, Message: "want GET, the method of listWorkspaces"},
		{Type: remedy.Invalid, Field: "expect[2]", Message: "want an operation, method, path, query, body or status"},
	}, got.Problems)
	same(t, "more", 0, got.More)

	got = failed(t, srv.do("POST", "/verify", `{"expect":[{}`+strings.Repeat(`,{"times":-1}`, 60)+`]}`))
	same(t, "listed", 100, len(got.Problems))
	same(t, "more", 81, got.More)
	if !strings.HasSuffix(got.Message, "; and 81 more") {
		t.Errorf("the message doesn't end with the number of problems left out: %s", got.Message)
	}
}

func TestNoJournal(t *testing.T) {
	srv := serve(t, acme, func(o *server.Options) { o.JournalEntries = 0 })
	for _, c := range [][3]string{
		{"GET", "/requests", ""},
		{"DELETE", "/requests", ""},
		{"GET", "/requests/stream", ""},
		{"POST", "/verify", `{"no_others":true}`},
	} {
		got := srv.do(c[0], c[1], c[2])
		same(t, c[1], 409, got.status)
		same(t, c[1], failureObject{Code: "no_journal", Message: "the server keeps no journal", Hint: "start the server with --journal-size 1000", Remedy: &remedy.Remedy{Type: remedy.EnableJournal}}, failed(t, got))
	}
	srv.must("POST", "/reset", "")
}
