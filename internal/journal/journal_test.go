package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"antechamber/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var instant = api.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

// get returns the record of a GET request.
func get(path string) Record {
	return Record{Time: instant, Operation: "getWorkspace", Method: "GET", Path: path, Status: 200}
}

func seqsOf[T Entry | Event](entries []T) []uint64 {
	seqs := []uint64{}
	for _, e := range entries {
		switch e := any(e).(type) {
		case Entry:
			seqs = append(seqs, e.Seq)
		case Event:
			seqs = append(seqs, e.Seq)
		}
	}
	return seqs
}

func TestEntryOfARecord(t *testing.T) {
	j := New(10, 1<<20)
	j.Add(Record{
		Time: instant, Operation: "createWorkspace", Method: "POST", Path: "/v1/organizations/workspaces", Query: "a=b",
		Status: 400, ErrorType: "invalid_request_error", RequestID: "req_1", Fault: "fault_1", Hint: "because", RetryCount: 1,
		Duration: 1500 * time.Microsecond, RequestBody: BodyOf(`{"name":"<a>"}`), ResponseBody: BodyOf([]byte("not JSON")),
		Effects: []Effect{{Type: "workspace.created", ID: "wrkspc_1", At: instant}}, Key: "sk-ant-admin01-abcdef",
	})
	got := api.Encode(j.Entries(Filter{})[0])
	want := `{"seq":1,"time":"2026-01-01T00:00:00.000000Z","operation":"createWorkspace","method":"POST",` +
		`"path":"/v1/organizations/workspaces","query":"a=b","status":400,"error_type":"invalid_request_error",` +
		`"request_id":"req_1","fault":"fault_1","hint":"because","retry_count":1,"duration_ms":1.5,"request_body":{"name":"<a>"},` +
		`"response_body":"not JSON","effects":[{"type":"workspace.created","id":"wrkspc_1","at":"2026-01-01T00:00:00.000000Z"}],` +
		`"key":"sk-ant-…cdef"}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEntryOfAnEmptyRecord(t *testing.T) {
	j := New(10, 1<<20)
	j.Add(Record{})
	got := api.Encode(j.Entries(Filter{})[0])
	want := `{"seq":1,"time":null,"operation":"","method":"","path":"","query":"","status":0,"error_type":"","request_id":"",` +
		`"fault":"","hint":"","retry_count":0,"duration_ms":0,"request_body":null,"response_body":null,"effects":[],"key":""}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestBodies(t *testing.T) {
	long := strings.Repeat("ä", MaxBody)
	key := "sk-ant-admin01-0123456789"
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"none":                 {"", "null"},
		"JSON":                 {`{"a":[1,null]}`, `{"a":[1,null]}`},
		"text":                 {"a\nb", `"a\nb"`},
		"invalid UTF-8":        {"\xff", `"�"`},
		"key":                  {`{"k":"` + key + `"}`, `{"k":"sk-ant-…6789"}`},
		"key, escaped":         {`{"k":"\u0073k-ant\u002Dadmin01-012345678\u0039"}`, `{"k":"sk-ant-…6789"}`},
		"not an escape":        {`{"k":"\\u0073k-ant-admin01-0123"}`, `"{\"k\":\"\\sk-ant-…0123\"}"`},
		"hint":                 {`{"partial_key_hint":"sk-ant-api03-R2D...igAA"}`, `{"partial_key_hint":"sk-ant-api03-R2D...igAA"}`},
		"not a hint":           {`"` + key + `...igAA"`, `"sk-ant-…6789...igAA"`},
		"long":                 {"x" + long, `{"prefix":"x` + long[:MaxBody-2] + fmt.Sprintf(`","length":%d}`, 1+len(long))},
		"longest":              {strings.Repeat("x", MaxBody), `"` + strings.Repeat("x", MaxBody) + `"`},
		"cut inside a key":     {strings.Repeat("x", MaxBody-18) + key, `{"prefix":"` + strings.Repeat("x", MaxBody-18) + fmt.Sprintf(`sk-ant-…","length":%d}`, MaxBody-18+len(key))},
		"cut inside an escape": {strings.Repeat("x", MaxBody-18) + `sk-ant-admin01-\u0031xxxx`, `{"prefix":"` + strings.Repeat("x", MaxBody-18) + fmt.Sprintf(`sk-ant-…","length":%d}`, MaxBody-18+25)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, b := range []Body{BodyOf(c.body), BodyOf([]byte(c.body))} {
				got := api.Encode(struct{ B json.RawMessage }{b.encode()})
				if diff := cmp.Diff(`{"B":`+c.want+`}`, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

func TestKeysAreRedactedEverywhere(t *testing.T) {
	const key = "sk-ant-admin01-0123456789"
	j := New(10, 1<<20)
	j.Add(Record{
		Path: "/v1/" + key, Query: "key=" + key + "&also=%73k%2Dant%2dadmin01-0123456789&x=%20", Key: key,
		RequestBody: BodyOf("key " + key), ResponseBody: BodyOf(`{"message":"` + key + ` and ` + key + `"}`),
	})
	got := j.Entries(Filter{})[0]
	want := Entry{
		Seq: 1, Path: "/v1/sk-ant-…6789", Query: "key=sk-ant-%E2%80%A66789&also=sk-ant-%E2%80%A66789&x=%20", Key: "sk-ant-…6789",
		RequestBody: json.RawMessage(`"key sk-ant-…6789"`), ResponseBody: json.RawMessage(`{"message":"sk-ant-…6789 and sk-ant-…6789"}`),
		Effects: []Effect{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEntriesFilters(t *testing.T) {
	j := New(10, 1<<20)
	for i, r := range []Record{
		{Operation: "getWorkspace", Method: "GET", Path: "/v1/organizations/workspaces/wrkspc_1", Status: 200},
		{Operation: "createWorkspace", Method: "POST", Path: "/v1/organizations/workspaces", Status: 400},
		{Operation: "getWorkspace", Method: "GET", Path: "/v1/organizations/workspaces/wrkspc_2", Status: 0},
		{Operation: "", Method: "GET", Path: "/v1/nothing", Status: 404},
		{Operation: "getWorkspace", Method: "GET", Path: "/v1/organizations/workspaces/wrkspc_1", Status: 200},
	} {
		if seq := j.Add(r); seq != uint64(i+1) {
			t.Fatalf("record %d has number %d", i+1, seq)
		}
	}
	for name, c := range map[string]struct {
		filter Filter
		want   []uint64
	}{
		"none":          {Filter{}, []uint64{1, 2, 3, 4, 5}},
		"since":         {Filter{Since: 3}, []uint64{4, 5}},
		"since the end": {Filter{Since: 5}, []uint64{}},
		"since later":   {Filter{Since: 500}, []uint64{}},
		"operation":     {Filter{Operation: "getWorkspace"}, []uint64{1, 3, 5}},
		"method":        {Filter{Method: "post"}, []uint64{2}},
		"path":          {Filter{Path: "/v1/organizations/workspaces/wrkspc_1"}, []uint64{1, 5}},
		"route":         {Filter{Path: "/organizations/workspaces/{workspace_id}"}, []uint64{1, 3, 5}},
		"status":        {Filter{Status: new(404)}, []uint64{4}},
		"dropped":       {Filter{Status: new(0)}, []uint64{3}},
		"limit":         {Filter{Limit: 2}, []uint64{4, 5}},
		"combined":      {Filter{Since: 1, Operation: "getWorkspace", Method: "GET", Status: new(200), Limit: 9}, []uint64{5}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, seqsOf(j.Entries(c.filter))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestMatchPath(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"/v1/organizations/me", "/v1/organizations/me", true},
		{"/organizations/me", "/v1/organizations/me", true},
		{"/organizations/users/{user_id}", "/v1/organizations/users/user_1", true},
		{"/organizations/users/{user_id}", "/v1/organizations/users/", false},
		{"/organizations/users/{user_id}", "/v1/organizations/users", false},
		{"/organizations/*/wrkspc_*", "/v1/organizations/workspaces/wrkspc_1", true},
		{"/organizations/*", "/v1/organizations/workspaces/wrkspc_1", false},
		{"/organizations/a*b*c", "/organizations/aXbYc", true},
		{`/organizations/[?]\*`, `/organizations/[?]\x`, true},
		{"/organizations/?*", "/organizations/xx", false},
		{"/organizations/a*a", "/organizations/a", false},
		{"/organizations/user", "/v1/organizations/users", false},
	} {
		if got := MatchPath(c.pattern, c.path); got != c.want {
			t.Errorf("MatchPath(%q, %q) = %t", c.pattern, c.path, got)
		}
	}
}

func TestRetriesAreRecognized(t *testing.T) {
	attempt := func(retry int, path, body string) Record {
		return Record{Method: "POST", Path: path, RequestBody: BodyOf(body), RetryCount: retry}
	}
	for name, c := range map[string]struct {
		records []Record
		want    []uint64 // retry_of of each
	}{
		"one after another":     {[]Record{attempt(0, "/a", ""), attempt(1, "/a", ""), attempt(2, "/a", "")}, []uint64{0, 1, 1}},
		"two calls at once":     {[]Record{attempt(0, "/a", ""), attempt(0, "/a", ""), attempt(1, "/a", ""), attempt(1, "/a", "")}, []uint64{0, 0, 2, 1}},
		"another path":          {[]Record{attempt(0, "/a", ""), attempt(1, "/b", "")}, []uint64{0, 0}},
		"another method":        {[]Record{attempt(0, "/a", ""), {Method: "DELETE", Path: "/a", RetryCount: 1}}, []uint64{0, 0}},
		"another query":         {[]Record{attempt(0, "/a", ""), {Method: "POST", Path: "/a", Query: "page=2", RetryCount: 1}}, []uint64{0, 0}},
		"another body":          {[]Record{attempt(0, "/a", "x"), attempt(1, "/a", "y")}, []uint64{0, 0}},
		"the same call again":   {[]Record{attempt(0, "/a", ""), attempt(0, "/a", "")}, []uint64{0, 0}},
		"one in between":        {[]Record{attempt(0, "/a", ""), attempt(0, "/b", ""), attempt(1, "/a", "")}, []uint64{0, 0, 1}},
		"the first one is lost": {[]Record{attempt(1, "/a", ""), attempt(2, "/a", "")}, []uint64{0, 1}},
		"an attempt is missing": {[]Record{attempt(0, "/a", ""), attempt(2, "/a", "")}, []uint64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			j := New(10, 1<<20)
			for _, r := range c.records {
				j.Add(r)
			}
			var got []uint64
			for _, e := range j.Entries(Filter{}) {
				got = append(got, e.RetryOf)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRetryNamesTheFirstAttemptItDrops(t *testing.T) {
	j := New(1, 1<<20)
	j.Add(Record{Path: "/a"})
	j.Add(Record{Path: "/a", RetryCount: 1})
	if got := j.Entries(Filter{}); len(got) != 1 || got[0].RetryOf != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestClearContinuesNumberingAndResetRestartsIt(t *testing.T) {
	j := New(10, 1<<20)
	j.Add(get("/a"))
	j.Clear()
	if got := j.Entries(Filter{}); len(got) != 0 {
		t.Errorf("after Clear: %v", got)
	}
	if seq := j.Add(get("/b")); seq != 2 {
		t.Errorf("the next number after Clear is %d, want 2", seq)
	}
	j.Reset()
	if seq := j.Add(get("/c")); seq != 1 {
		t.Errorf("the next number after Reset is %d, want 1", seq)
	}
	if diff := cmp.Diff([]uint64{1}, seqsOf(j.Entries(Filter{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestJournalWithoutCapacityNumbersEntries(t *testing.T) {
	j := New(0, 1<<20)
	s := j.Subscribe()
	defer s.Close()
	j.Add(get("/a"))
	if seq := j.Add(get("/b")); seq != 2 || len(j.Entries(Filter{})) != 0 {
		t.Errorf("number %d, entries %v", seq, j.Entries(Filter{}))
	}
	if entries, missed, err := s.Next(t.Context()); len(entries) != 0 || missed != 2 || err != nil {
		t.Errorf("Next returned %v, %d, %v", entries, missed, err)
	}
}

func TestStreamReturnsNewEntries(t *testing.T) {
	j := New(3, 1<<20)
	j.Add(get("/before"))
	s := j.Subscribe()
	defer s.Close()
	type step struct {
		Seqs   []uint64
		Missed int
	}
	next := func() step {
		entries, missed, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return step{seqsOf(entries), missed}
	}
	var got []step
	j.Add(get("/a"))
	j.Add(get("/b"))
	got = append(got, next())
	for range 5 {
		j.Add(get("/c")) // two more than the ring holds
	}
	got = append(got, next())
	j.Add(get("/d"))
	j.Clear()
	got = append(got, next())
	j.Add(get("/e"))
	j.Reset()
	j.Add(get("/f"))
	got = append(got, next())
	want := []step{{[]uint64{2, 3}, 0}, {[]uint64{6, 7, 8}, 2}, {[]uint64{}, 1}, {[]uint64{1}, 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSubscribeAfter(t *testing.T) {
	j := New(3, 1<<20)
	for range 5 {
		j.Add(get("/a"))
	}
	for _, c := range []struct {
		after  uint64
		want   []uint64
		missed int
	}{
		{4, []uint64{5}, 0},
		{1, []uint64{3, 4, 5}, 1},
		{77, []uint64{3, 4, 5}, 2},
	} {
		s := j.SubscribeAfter(c.after)
		entries, missed, err := s.Next(t.Context())
		s.Close()
		if diff := cmp.Diff(c.want, seqsOf(entries)); diff != "" || missed != c.missed || err != nil {
			t.Errorf("after %d: missed %d, error %v (-want +got)\n%s", c.after, missed, err, diff)
		}
	}
}

func TestStreamEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(j *Journal, s *Subscription, cancel func())
		want error
	}{
		"with its context":      {func(_ *Journal, _ *Subscription, cancel func()) { cancel() }, context.Canceled},
		"with its subscription": {func(_ *Journal, s *Subscription, _ func()) { s.Close(); s.Close() }, ErrClosed},
		"with the journal":      {func(j *Journal, _ *Subscription, _ func()) { j.Close() }, ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			j := New(10, 1<<20)
			s := j.Subscribe()
			defer s.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error)
			go func() {
				for {
					if _, _, err := s.Next(ctx); err != nil {
						ended <- err
						return
					}
				}
			}()
			j.Add(get("/a"))
			c.end(j, s, cancel)
			if err := <-ended; !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			j.Add(get("/b")) // doesn't block without a reader
		})
	}
}

func TestRemainingEntriesAreReadAfterClose(t *testing.T) {
	j := New(10, 1<<20)
	s := j.Subscribe()
	defer s.Close()
	j.Add(get("/a"))
	j.Close()
	if entries, _, err := s.Next(t.Context()); len(entries) != 1 || err != nil {
		t.Errorf("got %v, %v", entries, err)
	}
	if _, _, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after the last entry: got %v, want ErrClosed", err)
	}
}

// The ring behaves like a list that is cut to its bounds, and each reader of its
// stream sees every entry once or counts it as missed.
func TestJournalBehavesLikeAModel(t *testing.T) {
	type reader struct {
		*Subscription
		want, seen, missed int
	}
	rapid.Check(t, func(t *rapid.T) {
		maxEntries, maxBytes := rapid.IntRange(0, 20).Draw(t, "entries"), rapid.IntRange(0, 8000).Draw(t, "bytes")
		j := New(maxEntries, maxBytes)
		var (
			model   []kept
			last    uint64
			readers []*reader
		)
		read := func(r *reader) {
			if r.seen+r.missed == r.want {
				return // Next would block
			}
			entries, missed, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r.seen += len(entries)
			r.missed += missed
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				r := get("/" + strings.Repeat("x", rapid.IntRange(0, 2000).Draw(t, "length")))
				last++
				k := kept{Record: r, seq: last}
				model = append(model, k)
				if seq := j.Add(r); seq != last {
					t.Fatalf("number %d, want %d", seq, last)
				}
				for _, r := range readers {
					r.want++
				}
			},
			"add many": func(*rapid.T) {
				for range 300 {
					last++
					model = append(model, kept{Record: get("/a"), seq: last})
					j.Add(get("/a"))
				}
				for _, r := range readers {
					r.want += 300
				}
			},
			"clear": func(*rapid.T) { j.Clear(); model = nil },
			"reset": func(*rapid.T) { j.Reset(); model, last = nil, 0 },
			"subscribe": func(*rapid.T) {
				readers = append(readers, &reader{Subscription: j.Subscribe()})
			},
			"read": func(t *rapid.T) {
				if len(readers) > 0 {
					read(rapid.SampledFrom(readers).Draw(t, "reader"))
				}
			},
			"": func(t *rapid.T) {
				bytes := 0
				for i := len(model) - 1; i >= 0; i-- {
					bytes += model[i].cost()
					if bytes > maxBytes || len(model)-i > maxEntries {
						bytes -= model[i].cost()
						model = slices.Clone(model[i+1:])
						break
					}
				}
				want := []Entry{}
				for i := range model {
					want = append(want, model[i].entry())
				}
				if diff := cmp.Diff(want, j.Entries(Filter{})); diff != "" {
					t.Fatalf("(-want +got)\n%s", diff)
				}
				if j.bytes != bytes || len(j.ring) > maxEntries {
					t.Fatalf("%d bytes and a ring of %d, want %d and at most %d", j.bytes, len(j.ring), bytes, maxEntries)
				}
			},
		})
		for _, r := range readers {
			for r.seen+r.missed < r.want {
				read(r)
			}
			if r.seen+r.missed != r.want {
				t.Fatalf("a reader saw %d and missed %d of %d", r.seen, r.missed, r.want)
			}
			r.Close()
		}
		if len(j.subscriptions) != 0 {
			t.Fatal("a subscription remains")
		}
	})
}

// With concurrent writers and readers of different speeds, each entry reaches each
// reader once and in order, or is counted as missed.
func TestJournalIsSafeForConcurrentUse(t *testing.T) {
	const writers, each = 8, 500
	j := New(64, 1<<20)
	var readers, writing sync.WaitGroup
	for speed := range 4 {
		s := j.Subscribe()
		readers.Go(func() {
			defer s.Close()
			var last uint64
			for total := 0; total < writers*each; {
				entries, missed, err := s.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				last += uint64(missed)
				for _, e := range entries {
					if last++; e.Seq != last {
						t.Errorf("got entry %d, want %d", e.Seq, last)
						return
					}
				}
				total += missed + len(entries)
				time.Sleep(time.Duration(speed) * 100 * time.Microsecond)
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for i := range each {
				j.Add(Record{Path: "/a", RetryCount: i % 3, RequestBody: BodyOf(`{"a":1}`)})
				if i%50 == 0 {
					j.Entries(Filter{Path: "/*", Limit: 5})
				}
			}
		})
	}
	writing.Wait()
	readers.Wait()
	j.Clear()
	j.Reset()
	j.Close()
}

// A server may have ten thousand organizations whose journals are mostly empty.
func TestEmptyJournalAllocatesNothing(t *testing.T) {
	var j *Journal
	if n := testing.AllocsPerRun(100, func() { j = New(10_000, 16<<20) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	j.Add(get("/a"))
	if len(j.ring) > 4 {
		t.Errorf("a ring of %d for one entry", len(j.ring))
	}
}

func TestAddDoesNotAllocateOnceTheRingIsFull(t *testing.T) {
	j := New(100, 1<<20)
	add := func() {
		r := get("/v1/organizations/users/user_1")
		r.ResponseBody = BodyOf(`{"id":"user_1"}`)
		j.Add(r)
	}
	for range 200 {
		add()
	}
	if n := testing.AllocsPerRun(100, add); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleJournal() {
	j := New(1000, 1<<20)
	j.Add(Record{Operation: "getWorkspace", Method: "GET", Path: "/v1/organizations/workspaces/wrkspc_1", Status: 200})
	for _, e := range j.Entries(Filter{Operation: "getWorkspace"}) {
		fmt.Println(e.Seq, e.Method, e.Path, e.Status)
	}
	// Output: 1 GET /v1/organizations/workspaces/wrkspc_1 200
}

// Effects count towards the bytes of a journal, and a request keeps the first thousand.
func TestEffectsAreBounded(t *testing.T) {
	r := get("/a")
	r.Effects = make([]Effect, 1000)
	cost := (&kept{Record: r}).cost()
	if without := (&kept{Record: get("/a")}).cost(); cost < without+1000*50 {
		t.Errorf("%d bytes with 1,000 effects, %d without", cost, without)
	}
	j := New(10, 2*cost)
	for range 3 {
		j.Add(r)
	}
	if n := len(j.Entries(Filter{})); n != 2 {
		t.Errorf("%d entries, want the 2 that fit", n)
	}
	if e := j.Entries(Filter{})[0]; len(e.Effects) != 1000 || e.MoreEffects != 0 {
		t.Errorf("%d effects and %d more", len(e.Effects), e.MoreEffects)
	}
	r.Effects = make([]Effect, 1500)
	j.Add(r)
	if e := j.Entries(Filter{})[1]; len(e.Effects) != 1000 || e.MoreEffects != 500 {
		t.Errorf("%d effects and %d more", len(e.Effects), e.MoreEffects)
	}
}

// Every text of a record takes memory, so the bound in bytes counts each.
func TestBytesAreBounded(t *testing.T) {
	const size, most = 4000, 3 // a body keeps 4 KiB
	long := strings.Repeat("x", size)
	for name, r := range map[string]Record{
		"operation":       {Operation: long},
		"method":          {Method: long},
		"path":            {Path: long},
		"query":           {Query: long},
		"error type":      {ErrorType: long},
		"request id":      {RequestID: long},
		"fault":           {Fault: long},
		"hint":            {Hint: long},
		"request body":    {RequestBody: BodyOf(long)},
		"response body":   {ResponseBody: BodyOf(long)},
		"key":             {Key: long},
		"effect's type":   {Effects: []Effect{{Type: long}}},
		"effect's id":     {Effects: []Effect{{ID: long}}},
		"its workspace":   {Effects: []Effect{{WorkspaceID: long}}},
		"several effects": {Effects: []Effect{{ID: long[:size/2]}, {ID: long[size/2:]}}},
	} {
		j := New(100, (most+1)*size)
		for range 10 {
			j.Add(r)
		}
		if n := len(j.Entries(Filter{})); n != most {
			t.Errorf("%s: %d entries of %d bytes fit in %d, want %d", name, n, size, (most+1)*size, most)
		}
	}
}

// Readers of the stream share the JSON of an entry.
func TestReadersShareJSON(t *testing.T) {
	j := New(100, 1<<20)
	for range 20 {
		j.Add(get("/a"))
	}
	next := func() []Event {
		s := j.SubscribeAfter(0)
		t.Cleanup(s.Close)
		events, _, err := s.Next(t.Context())
		if err != nil || len(events) != 16 {
			t.Fatalf("%d events, %v; a batch has 16", len(events), err)
		}
		return events
	}
	one, another := next(), next()
	for i := range one {
		if unsafe.StringData(one[i].JSON) != unsafe.StringData(another[i].JSON) {
			t.Fatal("an entry was encoded twice")
		}
	}
}

func TestRetryCountIsBounded(t *testing.T) {
	j := New(10, 1<<20)
	for count, want := range map[int]int{-1: 0, 1000: 1000, 1001: 0} {
		j.Clear()
		j.Add(Record{RetryCount: count})
		if got := j.Entries(Filter{})[0].RetryCount; got != want {
			t.Errorf("%d became %d, want %d", count, got, want)
		}
	}
}
