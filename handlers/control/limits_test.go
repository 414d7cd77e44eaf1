package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"antechamber/internal/journal"
	"antechamber/internal/server"
	"antechamber/internal/text"
	"antechamber/seed"
)

// fill repeats a part until the whole has about a number of bytes.
func fill(before, part, after string, size int) string {
	n := max(1, (size-len(before)-len(after))/len(part))
	return before + strings.TrimSuffix(strings.Repeat(part, n), ",") + after
}

// numbered is listOf with about a number of bytes.
func numbered(before, part, after string, size int) string {
	return listOf(before, part, after, (size-len(before)-len(after))/(len(part)+5))
}

// listOf is fill with a number in each of n parts.
func listOf(before, part, after string, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(part, i)
	}
	return before + strings.Join(parts, ",") + after
}

// Whatever a call is sent, it allocates a small multiple of the body's size, answers
// little, and changes nothing.
func TestHostileBodies(t *testing.T) {
	const size = MaxBody
	junk := map[string]string{
		"elements":         fill(`{"x":[`, "[],", "]}", size),
		"objects":          fill(`{"x":[`, "{},", "]}", size),
		"unknown fields":   numbered("{", `"f%d":1`, "}", size),
		"repeated fields":  fill("{", `"f":1,`, "}", size),
		"deep nesting":     strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		"a deep field":     strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6),
		"a long string":    `{"name":"` + strings.Repeat("x", size-20) + `"}`,
		"a long key":       `{"` + strings.Repeat("x", size-20) + `":1}`,
		"escapes":          fill(`{"name":"`, `\u0000`, `"}`, size),
		"a huge number":    `{"times":` + strings.Repeat("9", size-20) + "}",
		"a long operation": `{"match":{"operation":"` + strings.Repeat("x", size-100) + `"},"action":{"type":"drop"}}`,
		"a long path":      `{"match":{"path":"` + strings.Repeat("/", size-100) + `"},"action":{"type":"drop"}}`,
		"stars":            `{"match":{"path":"/organizations/` + strings.Repeat("*a", size/2-100) + `"},"action":{"type":"drop"}}`,
		"expectations":     numbered(`{"expect":[`, `{"operation":"listWorkspaces%d"}`, "]}", size),
		"empty ones":       fill(`{"expect":[`, "{},", "]}", 250_000),
		"a long wish":      `{"expect":[{"path":"` + strings.Repeat("/", size-100) + `"}]}`,
		"users":            fill(`{"name":"A","users":[`, "{},", "]}", size),
		"user lists":       fill(`{"name":"A","users":[`, "[],", "]}", size),
		"spaced users":     fill(`{"name":"A","users":[`, "{  },", "]}", size),
		"bad roles":        numbered(`{"name":"A","users":[`, `{"email":"u%d@a.bc","role":"x"}`, "]}", size),
		"small users":      fill(`{"name":"A","users":[`, `{"email":"","role":""},`, "]}", size),
		"tags":             numbered(`{"name":"A","workspaces":[{"name":"W","tags":{`, `"%d":""`, "}}]}", size),
		"a tag":            `{"name":"A","workspaces":[{"name":"W","tags":{"a":"` + strings.Repeat("x", size-100) + `"}}]}`,
		"admin keys":       fill(`{"name":"A","admin_keys":[`, `"",`, "]}", size),
		"domains":          numbered(`{"allowed_invite_domains":[`, `"d%d.example"`, "]}", size),
		"versions":         fill(`{"anthropic_versions":[`, `"2023-06-01",`, "]}", size),
	}
	srv := serve(t, acme, func(o *server.Options) { o.JournalEntries = 1000 })
	for range 1000 {
		srv.record(threeRequests[0])
	}
	before := srv.contents()
	for _, rt := range routes {
		if rt.Method == http.MethodGet || rt.Method == http.MethodDelete {
			continue
		}
		for name, body := range junk {
			t.Run(rt.ID+"/"+name, func(t *testing.T) {
				path := strings.NewReplacer("{id}", "invite_none", "{name}", "none").Replace(rt.Path)
				r := httptest.NewRequest(rt.Method, "http://localhost"+path, strings.NewReader(body))
				r.Header.Set("x-api-key", firstKey)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				w := httptest.NewRecorder()
				var from, to runtime.MemStats
				runtime.ReadMemStats(&from)
				srv.handler.ServeHTTP(w, r.WithContext(ctx))
				runtime.ReadMemStats(&to)
				if rt.fields != nil && w.Code < 400 || ctx.Err() != nil {
					t.Errorf("status %d, %v", w.Code, ctx.Err())
				}
				// All allocations count, also those of nodes that were dropped.
				if grown, most := to.TotalAlloc-from.TotalAlloc, uint64(100*size); grown > most {
					t.Errorf("allocated %d bytes for %d", grown, len(body))
				}
				if w.Body.Len() > 256<<10 {
					t.Errorf("answered %d bytes: %.200s", w.Body.Len(), w.Body)
				}
			})
		}
	}
	same(t, "contents", before, srv.contents())
}

// The first hundred faults are listed, and the others counted.
func TestListsOfFaultsAreCut(t *testing.T) {
	srv := serve(t, acme)
	for name, c := range map[string]struct{ method, path, body string }{
		"wrong elements": {"PUT", "/state", `{"name":"A","users":[` + strings.TrimSuffix(strings.Repeat("1,", 150), ",") + "]}"},
		"unknown fields": {"PUT", "/state", listOf(`{"name":"A",`, `"f%03d":1`, "}", 150)},
		"settings":       {"PATCH", "/settings", listOf(`{`, `"f%03d":1`, "}", 150)},
	} {
		got := failed(t, srv.do(c.method, c.path, c.body))
		if len(got.Faults) != 100 || got.More != 50 || !strings.HasSuffix(got.Message, "; and 50 more") {
			t.Errorf("%s: %d faults and %d more, message ends with %q", name, len(got.Faults), got.More, got.Message[max(0, len(got.Message)-40):])
		}
	}
	got := failed(t, srv.do("PUT", "/state", `{"name":"A","users":[`+strings.TrimSuffix(strings.Repeat(`{"email":"a@b.c"},`, 100), ",")+"]}"))
	if len(got.Faults) != 100 || got.More != 99 { // the address is repeated, too
		t.Errorf("%d faults and %d more", len(got.Faults), got.More)
	}
}

func TestExpectationsAreBounded(t *testing.T) {
	srv := serve(t, acme, func(o *server.Options) { o.JournalEntries = 1000 })
	expect := func(n int) string {
		all := make([]journal.Expectation, n)
		for i := range all {
			all[i] = journal.Expectation{Operation: "createOrganizationInvite", Body: json.RawMessage(fmt.Sprintf(`{"name":"w%d"}`, i))}
		}
		encoded, err := json.Marshal(map[string]any{"expect": all, "no_others": true})
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	for range 102 {
		srv.record(threeRequests[0])
	}
	got := failed(t, srv.do("POST", "/verify", expect(1000)))
	same(t, "code", "not_satisfied", got.Code)
	same(t, "unmet", []int{100, 900, 100, 2}, []int{len(got.Unmet), got.MoreUnmet, len(got.Unexpected), got.MoreUnexpected})
	same(t, "1,001", "invalid expect: want at most 1000 expectations, not 1001", failed(t, srv.do("POST", "/verify", expect(1001))).Message)
}

func TestFollowersAreBounded(t *testing.T) {
	srv := serve(t, acme)
	ts := srv.listen(t)
	var last *reader
	for range 100 {
		last = watch(t, ts, "", "")
	}
	got := failed(t, srv.do("GET", "/requests/stream", ""))
	same(t, "code", "too_many_followers", got.Code)
	same(t, "message", "the server has 100 followers of its event streams, the maximum", got.Message)
	last.close()
	for deadline := time.Now().Add(30 * time.Second); srv.followers() >= 100; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a follower that left still counts")
		}
	}
	watch(t, ts, "", "")
}

func (s *testServer) followers() int { return int(s.handler.(*plane).followers.Load()) }

// What can be exported can be imported.
func TestStatesAreBounded(t *testing.T) {
	srv := serve(t, acme)
	state := srv.do("GET", "/state", "").body
	limit := &srv.handler.(*plane).maxState
	*limit = len(state)
	srv.must("PUT", "/state", srv.do("GET", "/state", "").body)
	*limit--
	got := failed(t, srv.do("GET", "/state", ""))
	same(t, "export", "state_too_large", got.Code)
	same(t, "export", fmt.Sprintf("the state has %s bytes as a seed: want at most %s", text.Number(len(state)), text.Number(*limit)), got.Message)
	same(t, "import", "body_too_large", failed(t, srv.do("PUT", "/state", state)).Code)
}

// Large states wait for each other, together with those of unknown size, and small
// ones don't.
func TestLargeStatesWait(t *testing.T) {
	srv := serve(t, acme)
	states := srv.handler.(*plane).states
	giveBack, err := states.take(t.Context(), seed.MaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	put := func(ctx context.Context, size int, length int64) *httptest.ResponseRecorder {
		body := `{"name":"B"}` + strings.Repeat(" ", size)
		r := httptest.NewRequest("PUT", "http://localhost"+Base+"/state", strings.NewReader(body)).WithContext(ctx)
		if length != 0 {
			r.ContentLength = length
		}
		w := httptest.NewRecorder()
		srv.handler.ServeHTTP(w, r)
		return w
	}
	same(t, "a small one", 200, put(t.Context(), 0, 0).Code)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if w := put(gone, MaxBody, 0); w.Body.Len() > 0 {
		t.Errorf("there was room: %s", w.Body)
	}
	done := make(chan int)
	const n = 5
	for i := range n {
		go func() { done <- put(t.Context(), MaxBody, int64(-(i % 2))).Code }()
	}
	select {
	case <-done:
		t.Error("there was room")
	case <-time.After(10 * time.Millisecond):
	}
	giveBack()
	for range n {
		same(t, "after the wait", 200, <-done)
	}
	same(t, "in use", 0, len(states.used))
}

// One state is exported at a time.
func TestExportsWait(t *testing.T) {
	srv := serve(t, acme)
	giveBack, err := srv.handler.(*plane).exports.take(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://localhost"+Base+"/state", nil).WithContext(ctx)
	srv.handler.ServeHTTP(w, r)
	if w.Body.Len() > 0 {
		t.Errorf("two at a time: %s", w.Body)
	}
	giveBack()
	same(t, "after the wait", 200, srv.do("GET", "/state", "").status)
}

func TestFaultsAreBounded(t *testing.T) {
	srv := serve(t, acme)
	for range 1000 {
		srv.must("POST", "/faults", `{"action":{"type":"drop"}}`)
	}
	same(t, "one more", "too_many_faults", failed(t, srv.do("POST", "/faults", `{"action":{"type":"drop"}}`)).Code)
	srv.must("DELETE", "/faults/fault_7", "")
	srv.must("POST", "/faults", `{"action":{"type":"drop"}}`)
}

func TestPathsToMatchAreBounded(t *testing.T) {
	srv := serve(t, acme)
	at, beyond := "/organizations/users/"+strings.Repeat("*", 1979), "/organizations/users/"+strings.Repeat("*", 1980)
	srv.must("POST", "/faults", `{"match":{"path":"`+at+`"},"action":{"type":"drop"}}`)
	srv.must("GET", "/requests?path="+at, "")
	same(t, "verify", "not_satisfied", failed(t, srv.do("POST", "/verify", `{"expect":[{"path":"`+at+`"}]}`)).Code)
	for what, got := range map[string]result{
		"faults":   srv.do("POST", "/faults", `{"match":{"path":"`+beyond+`"},"action":{"type":"drop"}}`),
		"requests": srv.do("GET", "/requests?path="+beyond, ""),
		"verify":   srv.do("POST", "/verify", `{"expect":[{"path":"`+beyond+`"}]}`),
	} {
		if message := failed(t, got).Message; !strings.HasSuffix(message, ": want at most 2000 bytes") {
			t.Errorf("%s: %s", what, message)
		}
	}
}

// A clock that makes more than a thousand invites expire says so.
func TestClockEffectsAreCut(t *testing.T) {
	srv := serve(t, listOf(`{"name":"A","clock":{"frozen_at":"2026-01-01T00:00:00Z"},"invites":[`, `{"email":"u%04d@a.bc","role":"user"}`, "]}", 1001))
	got := srv.must("POST", "/clock", `{"advance":"600h"}`)
	same(t, "effects", 1000, len(got["effects"].([]any)))
	same(t, "more", any(1.0), got["more_effects"])
}

// Verification ends when the client that asked for it is gone.
func TestVerifyStopsWithItsClient(t *testing.T) {
	srv := serve(t, acme)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("POST", "http://localhost"+Base+"/verify", strings.NewReader(`{"expect":[{"method":"GET"}]}`)).WithContext(ctx)
	w := httptest.NewRecorder()
	srv.handler.ServeHTTP(w, r)
	if w.Body.Len() > 0 {
		t.Errorf("answered %s", w.Body)
	}
}
