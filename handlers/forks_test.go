package handlers

import (
	"fmt"
	"runtime"
	"testing"
)

// Ten thousand organizations, each forked from the demo by its first request,
// fit in 200 MB and answer as one does.
func TestTenThousandForks(t *testing.T) {
	srv := serveBuiltin(t, "demo", equipped, func(o *Options) { o.ForkUnknownKeys = true })
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
			t.Fatalf("fork %d answers something else", i)
		}
	}
	if n := len(srv.store.Organizations()); n != 10_001 {
		t.Fatalf("%d organizations", n)
	}
	took := heap() - before
	t.Logf("%d MB", took>>20)
	if took > 200<<20 {
		t.Errorf("they take %d MB", took>>20)
	}
	same(t, "what the last one answers", want, srv.do("GET", users, "", "x-api-key: sk-ant-admin01-fork-9999").body)
}
