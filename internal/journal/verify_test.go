package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/internal/remedy"
)

// called returns the journal entries of the records.
func called(records ...Record) []Entry {
	j := New(1000, 1<<20)
	for _, r := range records {
		j.Add(r)
	}
	return j.Entries(Filter{})
}

func invite(status int, body string) Record {
	return Record{Operation: "createOrganizationInvite", Method: "POST", Path: "/v1/organizations/invites", Status: status, RequestBody: BodyOf(body)}
}

func list(query string) Record {
	return Record{Operation: "listWorkspaces", Method: "GET", Path: "/v1/organizations/workspaces", Query: query, Status: 200}
}

func retry(n int, r Record) Record {
	r.RetryCount = n
	return r
}

// verification parses a verification.
func verification(tb testing.TB, text string) (v Verification) {
	tb.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	return v
}

// summary returns the messages of a result, without the entries.
func summary(r Result) []string {
	var all []string
	for _, u := range r.Unmet {
		all = append(all, fmt.Sprintf("expect[%d]: %s", u.Index, u.Message))
		for _, m := range u.NearestMisses {
			all = append(all, fmt.Sprintf("  %d: %s", m.Entry.Seq, strings.Join(m.Differences, "; ")))
		}
	}
	for _, e := range r.Unexpected {
		all = append(all, fmt.Sprintf("unexpected %d", e.Seq))
	}
	return all
}

func TestVerify(t *testing.T) {
	two := called(invite(200, `{"email":"a@b.c","role":"user"}`), list("limit=20&roles[]=b&roles[]=a"))
	retried := called(invite(529, `{"email":"a@b.c"}`), list(""), retry(1, invite(0, `{"email":"a@b.c"}`)), retry(2, invite(200, `{"email":"a@b.c"}`)))
	for name, c := range map[string]struct {
		entries []Entry
		verify  string
		want    []string
	}{
		"operation":                  {two, `{"expect":[{"operation":"listWorkspaces"}]}`, nil},
		"method and path":            {two, `{"expect":[{"method":"post","path":"/organizations/*"}]}`, nil},
		"status":                     {two, `{"expect":[{"status":200,"times":2}]}`, nil},
		"body":                       {two, `{"expect":[{"body":{"email":"a@b.c"}}]}`, nil},
		"no body":                    {two, `{"expect":[{"operation":"listWorkspaces","body":null}]}`, nil},
		"query":                      {two, `{"expect":[{"query":{"limit":20,"roles[]":["a","b"],"after_id":[]}}]}`, nil},
		"never":                      {two, `{"expect":[{"operation":"getWorkspace","times":0}]}`, nil},
		"nothing else":               {two, `{"expect":[{"operation":"listWorkspaces"},{"operation":"createOrganizationInvite"}],"no_others":true}`, nil},
		"nothing at all":             {nil, `{"expect":[],"no_others":true}`, nil},
		"in order":                   {two, `{"expect":[{"operation":"createOrganizationInvite"},{"operation":"listWorkspaces"}],"in_order":true}`, nil},
		"retries are one call":       {retried, `{"expect":[{"operation":"createOrganizationInvite","times":1}]}`, nil},
		"the final status":           {retried, `{"expect":[{"operation":"createOrganizationInvite","status":200,"times":1}]}`, nil},
		"the first status":           {retried, `{"expect":[{"operation":"createOrganizationInvite","status":529}]}`, nil},
		"a dropped connection":       {retried, `{"expect":[{"operation":"createOrganizationInvite","status":0}]}`, nil},
		"retries and no others":      {retried, `{"expect":[{"operation":"createOrganizationInvite","status":200},{"operation":"listWorkspaces"}],"no_others":true}`, nil},
		"keys are compared":          {called(list("key=sk-ant-admin01-aaaabbbb")), `{"expect":[{"query":{"key":"sk-ant-admin01-aaaabbbb"}}]}`, nil},
		"order, times 1":             {called(list(""), invite(200, `{}`), list("")), `{"expect":[{"operation":"listWorkspaces","times":1},{"operation":"createOrganizationInvite"},{"operation":"listWorkspaces","times":1}],"in_order":true,"no_others":true}`, nil},
		"order, repeated":            {called(list(""), list(""), invite(200, `{}`), list("")), `{"expect":[{"operation":"listWorkspaces"},{"operation":"createOrganizationInvite"},{"operation":"listWorkspaces","times":1}],"in_order":true}`, nil},
		"order, repeated at the end": {called(list(""), invite(200, `{}`), invite(200, `{}`)), `{"expect":[{"operation":"listWorkspaces"},{"operation":"createOrganizationInvite"}],"in_order":true}`, nil},
		"different values": {
			two, `{"expect":[{"operation":"createOrganizationInvite","body":{"email":"x@b.c","role":"user","tags":{"a":1}},"status":400}]}`,
			[]string{
				`expect[0]: want at least 1 call, got none`,
				`  1: body.email: want "x@b.c", got "a@b.c"; body.tags: want {"a":1}, got none; status: want 400, got 200`,
			},
		},
		"different parameters": {
			two, `{"expect":[{"operation":"listWorkspaces","query":{"limit":21,"roles[]":["a"],"after_id":"x"}}]}`,
			[]string{
				`expect[0]: want at least 1 call, got none`,
				`  2: query.after_id: want "x", got none; query.limit: want "21", got "20"; query.roles[]: want "a", got ["a","b"]`,
			},
		},
		"the three nearest": {
			called(invite(200, `{"email":"1","role":"user"}`), invite(200, `{"email":"2","role":"x"}`), invite(200, `{"email":"3","role":"user"}`), invite(200, ``), list("")),
			`{"expect":[{"operation":"createOrganizationInvite","body":{"email":"4","role":"user"}}]}`,
			[]string{
				`expect[0]: want at least 1 call, got none`,
				`  4: body: want {"email":"4","role":"user"}, got none`,
				`  3: body.email: want "4", got "3"`,
				`  1: body.email: want "4", got "1"`,
			},
		},
		"unknown path": {
			called(Record{Method: "GET", Path: "/v1/oops", Status: 404}), `{"expect":[{"operation":"listWorkspaces","path":"/organizations/workspaces","method":"POST"}]}`,
			[]string{
				`expect[0]: want at least 1 call, got none`,
				`  1: operation: want "listWorkspaces", got none (unknown path or key); method: want "POST", got "GET"; path: want "/organizations/workspaces", got "/v1/oops"`,
			},
		},
		"too few":                  {two, `{"expect":[{"operation":"listWorkspaces","times":2}]}`, []string{`expect[0]: want exactly 2 calls, got 1 (request 2)`}},
		"too many":                 {two, `{"expect":[{"status":200,"times":1}]}`, []string{`expect[0]: want exactly 1 call, got 2 (requests 1, 2)`}},
		"called, not never":        {two, `{"expect":[{"status":200,"times":0}]}`, []string{`expect[0]: want no calls, got 2 (requests 1, 2)`}},
		"far too many":             {called(list("1"), list("2"), list("3"), list("4"), list("5"), list("6")), `{"expect":[{"status":200,"times":1}]}`, []string{`expect[0]: want exactly 1 call, got 6 (requests 1, 2, 3, 4, 5, …)`}},
		"unexpected":               {two, `{"expect":[{"operation":"listWorkspaces"}],"no_others":true}`, []string{"unexpected 1"}},
		"unexpected, last attempt": {retried, `{"expect":[{"operation":"listWorkspaces"}],"no_others":true}`, []string{"unexpected 4"}},
		"statuses of attempts":     {retried, `{"expect":[{"operation":"createOrganizationInvite","status":400}]}`, []string{`expect[0]: want at least 1 call, got none`, `  4: status: want 400, got 529, then no response, then 200`}},
		"too early": {
			two, `{"expect":[{"operation":"listWorkspaces"},{"operation":"createOrganizationInvite"}],"in_order":true}`,
			[]string{
				`expect[1]: want at least 1 call, got none; too early: request 1`,
				`  1: order: request 1 came before request 2, which meets expect[0]`,
			},
		},
		"in order, too many":         {called(list(""), invite(200, `{}`), list("")), `{"expect":[{"operation":"createOrganizationInvite","times":1},{"operation":"listWorkspaces","times":1}],"in_order":true}`, []string{`expect[1]: want exactly 1 call, got 2 (requests 1, 3)`}},
		"in order, one call for two": {called(list("")), `{"expect":[{"operation":"listWorkspaces"},{"operation":"listWorkspaces"}],"in_order":true}`, []string{`expect[1]: want at least 1 call, got none; counted for another expectation: request 1`}},
		"arrays by element":          {called(invite(200, `{"a":[{"b":1,"c":2}]}`)), `{"expect":[{"body":{"a":[{"b":1}]}}]}`, nil},
		"another element":            {called(invite(200, `{"a":[{"b":1,"c":2}]}`)), `{"expect":[{"body":{"a":[{"b":2}]}}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body.a[0].b: want 2, got 1`}},
		"fewer elements":             {called(invite(200, `{"a":[1,2]}`)), `{"expect":[{"body":{"a":[1]}}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body.a: want [1], got [1,2]`}},
		"null is a value":            {called(invite(200, `{}`)), `{"expect":[{"body":{"a":null}}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body.a: want null, got none`}},
		"unwanted body":              {called(invite(200, `{"a":"<"}`)), `{"expect":[{"body":null}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body: want none, got {"a":"<"}`}},
		"a body that is not JSON":    {called(invite(200, `{"a"`)), `{"expect":[{"body":{"a":1}}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body: want {"a":1}, got "{\"a\""`}},
		"a body that was cut":        {called(invite(200, `{"a":"`+strings.Repeat("x", MaxBody)+`"}`)), `{"expect":[{"body":{"a":"x"}}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body: want {"a":"x"}, got a body too long to compare (only the first 4096 bytes are kept)`}},
		"nested":                     {called(invite(200, `{"a":{"b":{"c":1}}}`)), `{"expect":[{"body":{"a":{"b":{"c":2}}}}]}`, []string{`expect[0]: want at least 1 call, got none`, `  1: body.a.b.c: want 2, got 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			v := verification(t, c.verify)
			r := verify(t, v, c.entries)
			if diff := cmp.Diff(c.want, summary(r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if r.Satisfied != (c.want == nil) {
				t.Errorf("satisfied is %t", r.Satisfied)
			}
		})
	}
}

// verify returns the result of a verification.
func verify(t interface {
	Helper()
	Fatal(args ...any)
}, v Verification, entries []Entry,
) Result {
	t.Helper()
	r, err := v.Verify(context.Background(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestResultHasAllFields(t *testing.T) {
	v := verification(t, `{"expect":[{"operation":"listWorkspaces"}],"no_others":true}`)
	got := api.Encode(verify(t, v, nil))
	want := `{"satisfied":false,"unmet":[{"index":0,"expectation":{"operation":"listWorkspaces"},` +
		`"message":"want at least 1 call, got none","matched":[],"too_early":[],"nearest_misses":[]}],"unexpected":[]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Expectations of exactly the calls that were made are satisfied, in order or not.
// With no_others, they aren't satisfied without the first one.
func TestVerifyAcceptsTheCallsThatWereMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			records []Record
			v       Verification
		)
		for i := range rapid.IntRange(1, 10).Draw(t, "calls") {
			body := fmt.Sprintf(`{"n":%d,"also":true}`, i)
			records = append(records, invite(200, body))
			for n := range rapid.IntRange(0, 2).Draw(t, "retries") {
				records = append(records, retry(n+1, invite(200, body)))
			}
			v.Expect = append(v.Expect, Expectation{Operation: "createOrganizationInvite", Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)), Times: new(1)})
		}
		v.NoOthers, v.InOrder = true, rapid.Bool().Draw(t, "in order")
		if problems := v.Check([]string{"createOrganizationInvite"}, possible); problems != nil {
			t.Fatal(problems)
		}
		if r := verify(t, v, called(records...)); !r.Satisfied {
			t.Fatal(summary(r))
		}
		v.Expect = v.Expect[1:]
		if r := verify(t, v, called(records...)); r.Satisfied {
			t.Fatal("satisfied without its first expectation")
		}
	})
}

func possible(Expectation) *remedy.Problem { return nil }

func TestCheck(t *testing.T) {
	operations := []string{"listWorkspaces", "createOrganizationInvite", "getWorkspace"}
	for name, c := range map[string]struct {
		verify string
		want   string // empty for a valid verification
	}{
		"valid":               {`{"expect":[{"operation":"listWorkspaces","times":2},{"status":0},{"method":"get","path":"/x"}],"in_order":true}`, ""},
		"no calls":            {`{"no_others":true}`, ""},
		"nothing":             {`{}`, `invalid expect: want at least one expectation, or no_others to verify that nothing was called`},
		"empty":               {`{"expect":[{"times":1}]}`, `invalid expect[0]: want an operation, method, path, query, body or status`},
		"misspelled":          {`{"expect":[{"operation":"listWorkspace"}]}`, `invalid expect[0].operation "listWorkspace": want an operation of the Admin API, such as listWorkspaces; did you mean "listWorkspaces"?`},
		"other case":          {`{"expect":[{"operation":"listworkspaces"}]}`, `invalid expect[0].operation "listworkspaces": want an operation of the Admin API, such as listWorkspaces; did you mean "listWorkspaces"?`},
		"shortened":           {`{"expect":[{"operation":"createInvite"}]}`, `invalid expect[0].operation "createInvite": want an operation of the Admin API, such as listWorkspaces; did you mean "createOrganizationInvite"?`},
		"unknown":             {`{"expect":[{"operation":"frobnicate"}]}`, `invalid expect[0].operation "frobnicate": want an operation of the Admin API, such as listWorkspaces`},
		"method":              {`{"expect":[{"method":"GTE"}]}`, `invalid expect[0].method "GTE": want GET, POST, DELETE, PUT, PATCH, HEAD or OPTIONS`},
		"method, similar":     {`{"expect":[{"method":"DELET"}]}`, `invalid expect[0].method "DELET": want GET, POST, DELETE, PUT, PATCH, HEAD or OPTIONS; did you mean "DELETE"?`},
		"path":                {`{"expect":[{"path":"x?y"}]}`, `invalid expect[0].path "x?y": want a path starting with a slash; invalid expect[0].path "x?y": want a path without a query string, which belongs in query`},
		"long body":           {`{"expect":[{"body":{"a":"` + strings.Repeat("x", MaxBody) + `"}}]}`, `invalid expect[0].body: want at most 4096 bytes, not 4104, since the journal keeps no more of a body`},
		"body, not an object": {`{"expect":[{"body":"{}","times":0}, {"body": null}, {"body":[1]}]}`, `invalid expect[0].body "{}": want a JSON object, like every body of the Admin API, or null for no body; invalid expect[2].body: want a JSON object, like every body of the Admin API, or null for no body`},
		"status":              {`{"expect":[{"status":20}]}`, `invalid expect[0].status 20: want a status from 100 to 599, or 0 for a dropped connection`},
		"times":               {`{"expect":[{"status":200},{"status":201,"times":-1}]}`, `invalid expect[1].times -1: want a whole number of at least 0`},
		"never, in order":     {`{"expect":[{"status":200,"times":0}],"in_order":true}`, `invalid expect[0].times 0: want at least 1, since a call that is never made has no place in an order`},
		"duplicate":           {`{"expect":[{"path":"/x","body":{"a":1,"b":2}},{"path":"/x","body":{"b":2, "a":1},"times":2}]}`, `invalid expect[1]: want calls that differ from expect[0], since every call would meet both (count the calls, or verify them in order)`},
		"different queries":   {`{"expect":[{"path":"/x","query":{"a":1}},{"path":"/x","query":{"a":2}}]}`, ""},
		"duplicate, in order": {`{"expect":[{"path":"/x"},{"path":"/x"}],"in_order":true}`, ""},
		"all problems":        {`{"expect":[{},{"times":-1,"operation":"x"}]}`, `invalid expect[0]: want an operation, method, path, query, body or status; invalid expect[1].operation "x": want an operation of the Admin API, such as listWorkspaces; invalid expect[1].times -1: want a whole number of at least 0`},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			for _, p := range verification(t, c.verify).Check(operations, possible) {
				lines = append(lines, strings.TrimSuffix(p.Error()+"; "+p.Remedy.String(), "; "))
			}
			if diff := cmp.Diff(c.want, strings.Join(lines, "; ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]Values{
		`"a"`: {"a"}, `20`: {"20"}, `true`: {"true"}, `["a", 1, false]`: {"a", "1", "false"}, `[]`: {}, `null`: nil, `{}`: nil, `[["a"]]`: nil, `["a",null]`: nil,
	} {
		got := map[string]Values{}
		err := json.Unmarshal([]byte(`{"x":`+text+`}`), &got)
		if (err != nil) != (want == nil) {
			t.Errorf("%s: %v", text, err)
		}
		if want != nil {
			if diff := cmp.Diff(want, got["x"]); diff != "" {
				t.Errorf("%s (-want +got)\n%s", text, diff)
			}
		}
	}
}

// Comparing many expectations with many calls allocates nothing for each pair.
func TestVerifyAllocatesNothingPerPair(t *testing.T) {
	entries := called(slices.Repeat([]Record{invite(200, `{"email":"a@example.com"}`)}, 200)...)
	allocations := func(n int) float64 {
		var v Verification
		for i := range n {
			v.Expect = append(v.Expect, Expectation{Operation: "listWorkspaces", Query: map[string]Values{"after_id": {fmt.Sprint(i)}}})
		}
		return testing.AllocsPerRun(1, func() { verify(t, v, entries) })
	}
	if one, many := allocations(101), allocations(301); (many-one)/200 > 100 { // a pair is one of 200
		t.Errorf("%.0f allocations for each expectation", (many-one)/200)
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Verification{Expect: []Expectation{{Method: "GET"}}}).Verify(ctx, nil); err == nil {
		t.Error("not ended")
	}
}

// A call of another operation is no near miss: it would only hide the calls that are.
func TestNearestMissesResembleTheExpectation(t *testing.T) {
	user := func(method, id string) Record {
		return Record{Operation: "getOrganizationMember", Method: method, Path: "/v1/organizations/users/" + id, Status: 200}
	}
	unknown := Record{Method: "GET", Path: "/v1/organizations/workspace", Status: 404}
	entries := called(invite(200, "{}"), list(""), user("GET", "user_1"), unknown)
	for expect, want := range map[string][]uint64{
		`{"operation":"archiveWorkspace"}`:                                                        {4},
		`{"operation":"createOrganizationInvite","body":{"email":"a@b.c"}}`:                       {1, 4},
		`{"method":"DELETE","path":"/v1/organizations/users/user_1"}`:                             {3},
		`{"path":"/v1/organizations/users/user_2"}`:                                               {3},
		`{"path":"/v1/organizations/workspaces/wrkspc_1/archive"}`:                                nil,
		`{"operation":"listOrganizationMembers","method":"GET","path":"/v1/organizations/users"}`: {4, 2, 1},
		`{"method":"DELETE"}`: {4, 3, 2},
	} {
		r, err := verification(t, `{"expect":[`+expect+`]}`).Verify(t.Context(), entries)
		if err != nil || len(r.Unmet) != 1 {
			t.Fatalf("%s: %v, %v", expect, r, err)
		}
		var got []uint64
		for _, m := range r.Unmet[0].NearestMisses {
			got = append(got, m.Entry.Seq)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", expect, diff)
		}
	}
}
