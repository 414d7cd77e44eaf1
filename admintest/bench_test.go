package admintest_test

import (
	"net/http"
	"testing"

	"antechamber/admintest"
)

// BenchmarkRun is what a test pays for a server: the demo, from nothing.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f := &test{T: new(testing.T), name: b.Name()}
		admintest.Run(f)
		for _, do := range f.cleanups {
			do()
		}
	}
}

// BenchmarkFork is what a subtest pays for an organization of its own.
func BenchmarkFork(b *testing.B) {
	srv := admintest.Run(b)
	b.ReportAllocs()
	for b.Loop() {
		f := &test{T: new(testing.T), name: b.Name()}
		srv.Fork(f)
		for _, do := range f.cleanups {
			do()
		}
	}
}

// BenchmarkRequest compares a request in process with one over TCP.
func BenchmarkRequest(b *testing.B) {
	for _, way := range []struct {
		name string
		opts []admintest.Option
	}{{"in process", nil}, {"on a port", []admintest.Option{admintest.Listen()}}} {
		b.Run(way.name, func(b *testing.B) {
			srv := admintest.Run(b, way.opts...)
			b.ReportAllocs()
			for b.Loop() {
				if status, _, err := send(b, srv, http.MethodGet, "/me", ""); status != 200 {
					b.Fatal(err)
				}
			}
		})
	}
}
