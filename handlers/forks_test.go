package handlers

import (
	"fmt"
	"runtime"
	"testing"
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
