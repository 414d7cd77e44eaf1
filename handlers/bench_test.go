package handlers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// crowd returns a server with an organization of n users whose admin key is testKey.
func crowd(tb testing.TB, n int, options ...func(*Options)) http.Handler {
	tb.Helper()
	c := store.Contents{
		ID: "12345678-1234-5678-1234-567812345678", Name: "Crowd", AdminKeys: []string{testKey},
		Settings: store.DefaultSettings(), Clock: store.FrozenAt(instant),
		DefaultWorkspace: api.Workspace{ID: "wrkspc_default", Name: "Default", CreatedAt: api.At(instant)},
	}
	for i := range n {
		c.Users = append(c.Users, api.User{
			ID: fmt.Sprintf("user_%07d", i), Type: api.TypeUser, Email: fmt.Sprintf("user%d@example.com", i), Name: "User",
			Role: api.OrganizationRoles[i%len(api.OrganizationRoles)], AddedAt: api.At(instant.Add(-time.Duration(i) * time.Minute)),
		})
	}
	s := store.New(func() time.Time { return instant })
	if _, err := s.Add(c); err != nil {
		tb.Fatal(err)
	}
	o := Options{Store: s}
	for _, option := range options {
		option(&o)
	}
	return New(o)
}

// request returns a request that can be sent repeatedly if it has no body.
func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	r.Header.Set("x-api-key", testKey)
	r.Header.Set("anthropic-version", "2023-06-01")
	return r
}

// discard is an http.ResponseWriter that discards the body.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

func TestPageAllocationsDoNotGrowWithPageSize(t *testing.T) {
	h := crowd(t, 2000)
	for _, filter := range []string{"", "&roles[]=user", "&roles[]=user&roles[]=admin&roles[]=developer"} {
		allocations := map[int]float64{}
		for _, limit := range []int{1, 20, 400} {
			r := request("GET", fmt.Sprintf("/organizations/users?limit=%d%s", limit, filter), "")
			w := &discard{header: http.Header{}}
			allocations[limit] = testing.AllocsPerRun(50, func() { h.ServeHTTP(w, r) })
			if w.status != http.StatusOK {
				t.Fatalf("status %d", w.status)
			}
		}
		// The race detector adds one or two.
		if allocations[400] > allocations[1]+3 {
			t.Errorf("filter %q: allocations by limit %v", filter, allocations)
		}
		if allocations[20] > 80 {
			t.Errorf("filter %q: %v allocations, want at most 80", filter, allocations[20])
		}
	}
}

// BenchmarkJournal compares a request with the journal, the default, and without.
func BenchmarkJournal(b *testing.B) {
	for name, options := range map[string][]func(*Options){"on": {withJournal}, "off": nil} {
		h := crowd(b, 1000, options...)
		b.Run(name, func(b *testing.B) {
			r, w := request("GET", "/organizations/users/user_0000500", ""), &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		h := crowd(b, n)
		for name, path := range map[string]string{
			"get":         "/organizations/users/user_0005000",
			"first page":  "/organizations/users",
			"deep page":   "/organizations/users?after_id=user_0009000",
			"by role":     "/organizations/users?roles[]=developer",
			"by email":    "/organizations/users?email=user77@example.com",
			"1000 of all": "/organizations/users?limit=1000",
		} {
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(name, " ", "_"), n), func(b *testing.B) {
				r, w := request("GET", path, ""), &discard{header: http.Header{}}
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(w, r)
				}
				if w.status != http.StatusOK {
					b.Fatalf("status %d", w.status)
				}
			})
		}
		b.Run(fmt.Sprintf("update/%d", n), func(b *testing.B) {
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.ServeHTTP(w, request("POST", "/organizations/users/user_0005000", `{"role":"`+string(api.AssignableRoles[i%2])+`"}`))
			}
			if w.status != http.StatusOK {
				b.Fatalf("status %d", w.status)
			}
		})
	}
}
