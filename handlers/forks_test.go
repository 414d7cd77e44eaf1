package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"antechamber/seed"
	"antechamber/store"
)

// Ten thousand organizations, each forked from the demo by its first request, fit
// in 200 MB and return the same responses as the original.
func TestTenThousandForksFitIn200MB(t *testing.T) {
	srv := serveBuiltin(t, "demo", withJournal, func(o *Options) { o.ForkUnknownKeys = true })
	want := srv.do("GET", users, "").body
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	w := &discard{}
	for i := range 10_000 {
		r := request("GET", "/organizations/users", "")
		r.Header.Set("x-api-key", fmt.Sprintf("sk-ant-admin01-fork-%d", i))
		w.header = map[string][]string{}
		if srv.handler.ServeHTTP(w, r); w.header.Get("content-length") != fmt.Sprint(len(want)) {
			t.Fatalf("fork %d returns a different page", i)
		}
	}
	if n := len(srv.store.Organizations()); n != 10_001 {
		t.Fatalf("%d organizations", n)
	}
	used := heap() - before
	t.Logf("%d MB", used>>20)
	if used > 200<<20 {
		t.Errorf("the forks use %d MB", used>>20)
	}
	same(t, "users of the last fork", want, srv.do("GET", users, "", "x-api-key: sk-ant-admin01-fork-9999").body)
}

// If the seed cannot be loaded again for a fork, that is a failure of the server, with a
// line in the log, and not the fault of the key.
func TestForkFails(t *testing.T) {
	now := instant
	s := store.New(func() time.Time { return now })
	failing := store.Seeded{Reload: func(time.Time) (store.Contents, error) { return store.Contents{}, errors.New("no more seed") }}
	parsed, err := seed.Parse("test.json", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	all, err := parsed.Load(seed.Options{Real: now, IDSeed: 1})
	if err != nil {
		t.Fatal(err)
	}
	all[0].AdminKeys = []string{testKey}
	if _, err := s.AddSeeded(all[0], failing); err != nil {
		t.Fatal(err)
	}
	srv := serve(t, acme, func(o *Options) { o.Store, o.ForkUnknownKeys = s, true })
	now = now.Add(time.Hour)
	got := srv.do("GET", "/organizations/me", "", "x-api-key: sk-ant-admin01-invented")
	if got.status != http.StatusInternalServerError || !strings.Contains(got.body, `"type":"api_error","message":"Internal server error"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if log := srv.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "no more seed") {
		t.Errorf("log: %s", log)
	}
	if got := srv.do("GET", "/organizations/me", ""); got.status != http.StatusOK {
		t.Errorf("the first organization: %d", got.status)
	}
}
