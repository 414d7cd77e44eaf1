package journal

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// benchRecord returns the record of a GET request for one object.
func benchRecord() Record {
	return Record{
		Time: instant, Operation: "getOrganizationMember", Method: "GET", Path: "/v1/organizations/users/user_0005000", Status: 200,
		RequestID: "req_01ARZ3NDEKTSV4RRFFQ69G5FAV", Duration: 2 * time.Microsecond, Key: "sk-ant-admin01-antechamber",
		ResponseBody: BodyOf(strings.Repeat("x", 250)),
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, subscribers := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			j, r := New(1000, 16<<20), benchRecord()
			for range subscribers {
				defer j.Subscribe().Close()
			}
			b.ReportAllocs()
			for b.Loop() {
				j.Add(r)
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		j, r := New(1000, 16<<20), benchRecord()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				j.Add(r)
			}
		})
	})
	// A retry whose first attempt isn't in the ring.
	b.Run("lost retry of 10000", func(b *testing.B) {
		j, r := New(10_000, 16<<20), benchRecord()
		for range 10_000 {
			j.Add(r)
		}
		r.Path, r.RetryCount = "/elsewhere", 1
		b.ReportAllocs()
		for b.Loop() {
			j.Add(r)
		}
	})
}

func BenchmarkEntries(b *testing.B) {
	j, r := New(1000, 16<<20), benchRecord()
	r.ResponseBody = BodyOf(`{"id":"user_0005000","email":"user@example.com","partial_key_hint":"sk-ant-api03-R2D...igAA"}`)
	for range 1000 {
		j.Add(r)
	}
	b.ReportAllocs()
	for b.Loop() {
		j.Entries(Filter{})
	}
}

func BenchmarkVerify(b *testing.B) {
	j, r := New(1000, 16<<20), benchRecord()
	for range 1000 {
		j.Add(r)
	}
	entries := j.Entries(Filter{})
	v := Verification{Expect: []Expectation{{Operation: "getOrganizationMember", Times: new(1)}, {Path: "/organizations/none"}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
}
