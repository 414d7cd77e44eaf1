package admintest_test

import (
	"net/http"
	"testing"

	"antechamber/admintest"
)

// BenchmarkRun measures the cost of a server with the demo seed.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f := &fakeTB{T: new(testing.T), name: b.Name()}
		admintest.Run(f)
		for _, do := range f.cleanups {
			do()
		}
	}
}

// BenchmarkFork measures the cost of a separate organization for a subtest.
func BenchmarkFork(b *testing.B) {
	srv := admintest.Run(b)
	b.ReportAllocs()
	for b.Loop() {
		f := &fakeTB{T: new(testing.T), name: b.Name()}
		srv.Fork(f)
		for _, do := range f.cleanups {
			do()
		}
	}
}

// BenchmarkRequest compares a request in process with one over TCP.
func BenchmarkRequest(b *testing.B) {
	for _, mode := range []struct {
		name string
		opts []admintest.Option
	}{{"in process", nil}, {"on a port", []admintest.Option{admintest.Listen()}}} {
		b.Run(mode.name, func(b *testing.B) {
			srv := admintest.Run(b, mode.opts...)
			b.ReportAllocs()
			for b.Loop() {
				if status, _, err := send(b, srv, http.MethodGet, "/me", ""); status != 200 {
					b.Fatal(err)
				}
			}
		})
	}
}
