package faults

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// request returns a request of an operation. path matches the operation's path.
func request(t testing.TB, operation, path, body string) Request {
	t.Helper()
	i := slices.IndexFunc(operations, func(op Operation) bool { return op.ID == operation })
	if i < 0 {
		t.Fatalf("no operation %s", operation)
	}
	op := operations[i]
	return Request{
		Operation: op.ID, Method: op.Method, Path: "/v1" + path, Route: op.Path,
		Body: func() []byte { return []byte(body) },
	}
}

// arm returns a Set with faults.
func arm(t testing.TB, raw ...string) *Set {
	t.Helper()
	s := &Set{Seed: seven}
	for _, f := range raw {
		mustArm(t, s, parse(t, f))
	}
	return s
}

// hits repeats a request and returns the fault that each one hits.
func hits(s *Set, r Request, times int) []string {
	var all []string
	for range times {
		name := ""
		if h := s.Decide(r); h != nil {
			name = h.Fault
		}
		all = append(all, name)
	}
	return all
}

func TestMatch(t *testing.T) {
	const workspaces = "/organizations/workspaces"
	body := `{"name":"a","tags":{"team":"x","env":"y"},"list":["a","b"],"n":1}`
	requests := map[string]Request{
		"me":      request(t, "getCurrentOrganization", "/organizations/me", ""),
		"list":    request(t, "listWorkspaces", workspaces, ""),
		"create":  request(t, "createWorkspace", workspaces, body),
		"get":     request(t, "getWorkspace", workspaces+"/wrkspc_1", ""),
		"get %":   request(t, "getWorkspace", workspaces+"/a%2Fb", ""),
		"update":  request(t, "updateWorkspace", workspaces+"/wrkspc_2", `{"name":null}`),
		"archive": request(t, "archiveWorkspace", workspaces+"/wrkspc_1/archive", ""),
		"broken":  request(t, "createWorkspace", workspaces, `{"name":"a"`),
		"no body": {Operation: "createWorkspace", Method: "POST", Path: workspaces, Route: workspaces},
	}
	for _, c := range []struct{ match, want string }{
		{`"operation":"listWorkspaces"`, "list"},
		{`"method":"POST"`, "archive, broken, create, no body, update"},
		{`"path":"/organizations/workspaces"`, "broken, create, list, no body"},
		{`"path":"/v1/organizations/workspaces/{workspace_id}"`, "get, get %, update"},
		{`"path":"/organizations/workspaces/wrkspc_1"`, "get"},
		{`"path":"/organizations/workspaces/*_*"`, "get, update"},
		{`"path":"/organizations/workspaces/a%2Fb"`, "get %"},
		{`"path":"/organizations/*"`, "broken, create, list, me, no body"},
		{`"path":"/organizations/workspaces/*/archive"`, "archive"},
		{`"path":"/organizations/workspaces/*spc*1/*"`, "archive"},
		{`"path":"/organizations/workspaces/x*/archive"`, ""},
		{`"path":"/organizations/workspaces/*2*/archive"`, ""},
		{`"path":"/organizations/workspaces/{workspace_id}","method":"POST"`, "update"},
		{`"body":{}`, "create, update"},
		{`"body":{"name":"a"}`, "create"},
		{`"body":{"name":"b"}`, ""},
		{`"body":{"name":null}`, "update"},
		{`"body":{"other":null}`, ""},
		{`"body":{"tags":{"team":"x"}}`, "create"},
		{`"body":{"tags":{"team":"y"}}`, ""},
		{`"body":{"name":{"first":"a"}}`, ""},
		{`"body":{"list":["a","b"],"n":1.0}`, "create"},
		{`"body":{"list":["a"]}`, ""},
		{`"body":{"list":["b","a"]}`, ""},
		{`"body":{"n":["a"]}`, ""},
	} {
		var matched []string
		for name, r := range requests {
			if arm(t, match(c.match)).Decide(r) != nil {
				matched = append(matched, name)
			}
		}
		slices.Sort(matched)
		if diff := cmp.Diff(c.want, strings.Join(matched, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.match, diff)
		}
	}
}

func TestStaleReadsOnlyHitReads(t *testing.T) {
	s := arm(t, `{"action":{"type":"stale_read","writes":3}}`)
	if h := s.Decide(request(t, "createWorkspace", "/organizations/workspaces", "{}")); h != nil {
		t.Errorf("a write was hit: %+v", h)
	}
	h := s.Decide(request(t, "listWorkspaces", "/organizations/workspaces", ""))
	if h.Stale() != 3 {
		t.Errorf("a read: got %+v, want 3 writes back", h)
	}
	if (*Hit)(nil).Stale() != 0 {
		t.Error("a nil Hit is stale")
	}
}

func TestBodyIsReadAtMostOnceAndOnlyIfNeeded(t *testing.T) {
	for want, faults := range [][]string{
		{match(`"operation":"createWorkspace"`), `{"match":{"operation":"updateWorkspace","body":{"name":"a"}},"action":{"type":"drop"}}`},
		{match(`"body":{"name":"a"}`), match(`"body":{"name":"b"}`)},
	} {
		reads := 0
		r := request(t, "createWorkspace", "/organizations/workspaces", "")
		r.Body = func() []byte { reads++; return nil }
		arm(t, faults...).Decide(r)
		if reads != want {
			t.Errorf("%v: the body was read %d times, want %d", faults, reads, want)
		}
	}
}

func TestTimesAndAfter(t *testing.T) {
	list := request(t, "listWorkspaces", "/organizations/workspaces", "")
	for _, c := range []struct {
		faults []string
		want   []string
	}{
		{nil, []string{"", ""}},
		{[]string{match(``)}, []string{"fault_1", "fault_1", "fault_1"}},
		{[]string{withTimes(`"times":2`)}, []string{"fault_1", "fault_1", "", ""}},
		{[]string{withTimes(`"after":2`)}, []string{"", "", "fault_1", "fault_1"}},
		{[]string{withTimes(`"times":1,"after":1`)}, []string{"", "fault_1", ""}},
		// The second one counts its matches while the first one fires.
		{[]string{withTimes(`"times":2`), withTimes(`"times":1`)}, []string{"fault_1", "fault_1", "fault_2", ""}},
		{[]string{withTimes(`"times":1`), withTimes(`"after":2`)}, []string{"fault_1", "", "fault_2"}},
		{[]string{match(`"method":"DELETE"`), match(`"method":"GET"`)}, []string{"fault_2"}},
	} {
		if diff := cmp.Diff(c.want, hits(arm(t, c.faults...), list, len(c.want))); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.faults, diff)
		}
	}
}

func withTimes(fields string) string { return `{"action":{"type":"drop"},` + fields + `}` }

func TestSpentFaultsStayListed(t *testing.T) {
	list := request(t, "listWorkspaces", "/organizations/workspaces", "")
	s := arm(t, withTimes(`"times":1`), `{"action":{"type":"stale_read","writes":9},"times":1}`, match(`"method":"DELETE"`))
	listed := func() (all []string) {
		for _, f := range s.List() {
			all = append(all, fmt.Sprintf("%s %s %d", f.ID, f.Action.Type, f.Hits))
		}
		return all
	}
	if got := s.MaxStale(); got != 9 {
		t.Errorf("MaxStale is %d, want 9", got)
	}
	hits(s, list, 3)
	if diff := cmp.Diff([]string{"fault_1 drop 1", "fault_2 stale_read 1", "fault_3 drop 0"}, listed()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if got := s.MaxStale(); got != 0 {
		t.Errorf("MaxStale is %d once the stale read is spent, want 0", got)
	}
	if !s.Remove("fault_2") || s.Remove("fault_2") || s.Remove("") {
		t.Error("Remove doesn't report whether there was one")
	}
	if f := mustArm(t, s, parse(t, match(``))); f.ID != "fault_4" {
		t.Errorf("the id after a removal is %s, want fault_4", f.ID)
	}
	if diff := cmp.Diff([]string{"fault_1 drop 1", "fault_3 drop 0", "fault_4 drop 0"}, listed()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	s.Clear()
	if got := hits(s, list, 1); got[0] != "" || len(s.List()) != 0 {
		t.Errorf("after Clear: %v %v", got, s.List())
	}
	if f := mustArm(t, s, parse(t, match(``))); f.ID != "fault_1" {
		t.Errorf("the first id after Clear is %s", f.ID)
	}
}

func TestNilSetIsEmpty(t *testing.T) {
	var s *Set
	s.Clear()
	if s.Decide(Request{}) != nil || s.MaxStale() != 0 || s.List() != nil || s.Remove("fault_1") {
		t.Error("a nil Set has faults")
	}
}

func TestDecideWithoutFaultsDoesNotAllocate(t *testing.T) {
	s := arm(t, withTimes(`"times":1`))
	r := request(t, "listWorkspaces", "/organizations/workspaces", "")
	hits(s, r, 1) // spends the only fault
	if n := testing.AllocsPerRun(100, func() { s.Decide(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Probability depends on the seed, the fault's number and its count of matches, and
// not on requests that other faults match in between.
func TestProbabilityIsReproducible(t *testing.T) {
	often := func(method string) string {
		return `{"match":{"method":"` + method + `"},"action":{"type":"drop"},"probability":0.5}`
	}
	get := request(t, "listWorkspaces", "/organizations/workspaces", "")
	post := request(t, "archiveWorkspace", "/organizations/workspaces/w/archive", "")
	first := hits(arm(t, often("GET"), often("POST")), get, 100)

	s := arm(t, often("GET"), often("POST"))
	var mixed []string
	for range 100 {
		hits(s, post, 3)
		mixed = append(mixed, hits(s, get, 1)...)
	}
	if diff := cmp.Diff(first, mixed); diff != "" {
		t.Errorf("with other requests in between (-alone +mixed):\n%s", diff)
	}
	s.Clear()
	mustArm(t, s, parse(t, often("GET")))
	if diff := cmp.Diff(first, hits(s, get, 100)); diff != "" {
		t.Errorf("armed again after Clear (-first +again):\n%s", diff)
	}
	other := arm(t, often("GET"))
	other.Seed = func() uint64 { return 8 }
	if cmp.Equal(first, hits(other, get, 100)) {
		t.Error("another seed hits the same requests")
	}
}

func TestFaultsFireWithTheirProbability(t *testing.T) {
	for _, probability := range []float64{0.01, 0.3, 0.9, 1} {
		s := arm(t, withTimes(fmt.Sprintf(`"probability":%v`, probability)))
		const n = 20_000
		hits(s, request(t, "listWorkspaces", "/organizations/workspaces", ""), n)
		if got := float64(s.List()[0].Hits) / n; math.Abs(got-probability) > 0.02 {
			t.Errorf("probability %v: %v of the requests were hit", probability, got)
		}
	}
}

func TestDelaysFollowTheirDistribution(t *testing.T) {
	lengths := func(fields string) (all []time.Duration) {
		s := arm(t, action(`"type":"delay",`+fields))
		for range 1001 {
			all = append(all, s.Decide(request(t, "listWorkspaces", "/organizations/workspaces", "")).delay)
		}
		slices.Sort(all)
		return all
	}
	if got := lengths(`"duration":"250ms"`); got[0] != 250*time.Millisecond || got[1000] != got[0] {
		t.Errorf("fixed: %v to %v", got[0], got[1000])
	}
	got := lengths(`"distribution":"uniform","min":"100ms","max":"200ms"`)
	if got[0] < 100*time.Millisecond || got[0] > 102*time.Millisecond || got[1000] > 200*time.Millisecond || got[1000] < 198*time.Millisecond {
		t.Errorf("uniform: %v to %v", got[0], got[1000])
	}
	got = lengths(`"distribution":"lognormal","median":"100ms","sigma":0.5`)
	// One sigma above the median is at 84.1 %.
	if median, above := got[500].Seconds(), got[841].Seconds(); math.Abs(median-0.1) > 0.01 || math.Abs(above-0.1*math.Exp(0.5)) > 0.02 {
		t.Errorf("lognormal: median %v, one sigma above %v", median, above)
	}
	if got := lengths(`"distribution":"lognormal","median":"1h","sigma":10`); got[0] < 0 || got[1000] != time.Hour {
		t.Errorf("lognormal, wide: %v to %v", got[0], got[1000])
	}
}

// Faults fire exactly as many times as times says, even with concurrent requests.
func TestSetIsSafeForConcurrentUse(t *testing.T) {
	s := arm(t, withTimes(`"times":100,"after":50`))
	r := request(t, "createWorkspace", "/organizations/workspaces", `{"name":"a"}`)
	var fired atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if h := s.Decide(r); h != nil && h.Fault == "fault_1" {
					fired.Add(1)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				s.Remove(mustArm(t, s, parse(t, match(`"body":{"name":"a"}`))).ID)
				s.List()
				s.MaxStale()
			}
		})
	}
	wg.Wait()
	if fired.Load() != 100 || s.List()[0].Hits != 100 {
		t.Errorf("fired %d times, want 100; listed %+v", fired.Load(), s.List())
	}
}

func BenchmarkDecideWithoutFaults(b *testing.B) {
	var s Set
	r := request(b, "listWorkspaces", "/organizations/workspaces", "")
	for b.Loop() {
		s.Decide(r)
	}
}

func BenchmarkDecide(b *testing.B) {
	s := arm(b, match(`"path":"/organizations/workspaces/{workspace_id}"`))
	r := request(b, "getWorkspace", "/organizations/workspaces/wrkspc_1", "")
	for b.Loop() {
		s.Decide(r)
	}
}

func seven() uint64 { return 7 }

// mustArm arms a fault.
func mustArm(t interface {
	Helper()
	Fatal(args ...any)
}, s *Set, f Fault,
) Fault {
	t.Helper()
	armed, err := s.Arm(f)
	if err != nil {
		t.Fatal(err)
	}
	return armed
}

// A set takes 1,000 faults and 16 MiB of matchers.
func TestSetIsBounded(t *testing.T) {
	s := &Set{}
	for range 1000 {
		mustArm(t, s, Fault{Action: Action{Type: Drop}})
	}
	if _, err := s.Arm(Fault{}); err == nil || err.Error() != "the organization has 1,000 faults, the maximum" {
		t.Errorf("the fault after the last one: %v", err)
	}
	s.Clear()
	const quarter = 4 << 20
	for range 4 {
		mustArm(t, s, Fault{Match: Match{Body: json.RawMessage(`{"a":"` + strings.Repeat("x", quarter-8) + `"}`)}})
	}
	if _, err := s.Arm(Fault{Match: Match{Path: "/"}}); err == nil || err.Error() != "the faults of the organization would have more than 16,777,216 bytes" {
		t.Errorf("the byte after the last one: %v", err)
	}
	if got := mustArm(t, s, Fault{}).ID; got != "fault_5" {
		t.Errorf("the next fault is %s: a refused one takes no id", got)
	}
}
