package seed

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/store"
)

// addSeeds adds the seeds of the other tests to a fuzz test.
func addSeeds(f *testing.F) {
	for _, name := range []string{"contract", "empty"} { // demo is slow to mutate
		src, err := builtin.ReadFile(name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(seedWithoutIDs))
	for _, src := range validSeeds {
		f.Add([]byte(src))
	}
	for _, w := range faultySeeds {
		f.Add([]byte(w.src))
	}
	for _, p := range parts {
		f.Add([]byte(strings.Replace(p.within, "%s", p.example, 1)))
	}
}

// Any input is either a seed that a store accepts and an export preserves, or has
// faults with correct positions.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		checkSeed(t, data)
		if !bytes.Equal(before, data) {
			t.Fatal("Parse modified its input")
		}
	})
}

// The same for seeds that are almost valid.
func TestAlmostValidSeeds(t *testing.T) {
	bases := []string{example, seedWithoutIDs}
	for _, p := range parts {
		bases = append(bases, fmt.Sprintf(p.within, p.example))
	}
	for _, name := range slices.Sorted(maps.Keys(validSeeds)) {
		bases = append(bases, strings.TrimPrefix(validSeeds[name], "\ufeff"))
	}
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom(bases).Draw(t, "seed")
		for range 5 {
			doc := decoded(base)
			for range rapid.IntRange(1, 3).Draw(t, "mutations") {
				mutate(t, &doc)
			}
			checkSeed(t, encoded(doc))
		}
	})
}

// The same for seeds with only a few different times, so that many contradict
// themselves and many only just don't.
func TestSeedsWithFewTimes(t *testing.T) {
	valid := 0
	rapid.Check(t, func(t *rapid.T) {
		instants := []string{"-3d", "-2d", "-1d", "+0s", "+1d", "2026-02-01T04:05:06.789012Z", "2026-02-03T04:05:06.789012Z", "2026-02-03T04:05:06.789013Z"}
		one := func(label string, of ...string) any { return rapid.SampledFrom(of).Draw(t, label) }
		object := func(fields map[string]any, maybe map[string]any) map[string]any {
			for _, field := range slices.Sorted(maps.Keys(maybe)) {
				if rapid.Bool().Draw(t, field) {
					fields[field] = maybe[field]
				}
			}
			return fields
		}
		list := func(label string, atMost int, element func() any) []any {
			all := []any{}
			for range rapid.IntRange(0, atMost).Draw(t, label) {
				all = append(all, element())
			}
			return all
		}
		when := func() any { return one("time", instants...) }
		statuses, created, expires := stringsOf(api.APIKeyStatuses), when(), when()
		doc := map[string]any{
			"name":  "Acme",
			"users": []any{map[string]any{"email": "a@b.c", "role": "user"}},
			"invites": list("invites", 2, func() any {
				i := object(map[string]any{"email": one("email", "A@b.c", "b@b.c"), "role": "user", "invited_at": when()}, map[string]any{"expires_at": when(), "status": one("status", stringsOf(api.InviteStatuses)...)})
				if i["status"] == "accepted" {
					i["accepted_at"] = when()
				}
				return i
			}),
			"workspaces": []any{object(map[string]any{"name": "Research", "created_at": when()}, map[string]any{"archived_at": when()})},
			"removed":    []any{map[string]any{"id": "gone", "added_at": when()}},
			"api_keys": []any{object(map[string]any{"name": "CI", "created_by": rapid.SampledFrom([]any{"A", nil}).Draw(t, "creator"), "created_at": created}, map[string]any{
				"principal": rapid.SampledFrom([]any{
					nil,
					map[string]any{"type": "user_actor", "user_id": "A"},
					map[string]any{"type": "user_actor", "user_id": "gone"},
					map[string]any{"type": "service_account_actor", "service_account_id": "svac_1"},
				}).Draw(t, "principal"),
				"workspace": "Research", "expires_at": expires, "last_used_at": when(), "status": one("status", statuses...),
				"status_history": append([]any{map[string]any{"status": one("status", statuses...), "at": created}},
					list("changes", 3, func() any {
						if rapid.Bool().Draw(t, "expired") {
							return map[string]any{"status": "expired", "at": expires}
						}
						return map[string]any{"status": one("status", statuses...), "at": when()}
					})...),
			})},
		}
		if checkSeed(t, encoded(doc)) {
			valid++
		}
	})
	if valid == 0 {
		t.Error("none of the seeds is valid")
	}
}

// checkSeed fails unless data is a seed that a store and an export preserve, or has
// faults with correct positions. It reports whether data is a seed.
func checkSeed(t interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}, data []byte,
) (valid bool) {
	t.Helper()
	opts := Options{Real: real, IDSeed: 1}
	invalid := Validate("seed.json", data, opts)
	s, err := Parse("seed.json", data)
	var all []store.Contents
	if err == nil {
		all, err = s.Load(opts)
	}
	if (err == nil) != (invalid == nil) {
		t.Fatalf("Validate returned %v, Parse or Load %v", invalid, err)
	}
	if err != nil {
		for _, err := range []error{err, invalid} {
			faults, ok := errors.AsType[Faults](err)
			if !ok || len(faults) == 0 {
				t.Fatalf("the error is %#v", err)
			}
			checkPositions(t, string(data), faults)
		}
		return false
	}
	kept := store.New(func() time.Time { return real })
	for i, c := range all {
		o, err := kept.Add(c)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		all[i] = sorted(o.Contents())
		if diff := cmp.Diff(sorted(c), all[i]); diff != "" {
			t.Fatalf("the store changed the contents (-want +got):\n%s", diff)
		}
	}
	export := exportAll(all)
	s, err = Parse("export", export)
	if err != nil {
		t.Fatalf("%v\n%s", err, export)
	}
	again, err := s.Load(Options{Real: real, IDSeed: 2})
	if err != nil {
		t.Fatalf("%v\n%s", err, export)
	}
	if diff := cmp.Diff(all, again); diff != "" {
		t.Fatalf("the export changed the contents (-want +got):\n%s", diff)
	}
	if !reflect.DeepEqual(all, again) {
		t.Fatalf("cmp.Diff finds no difference, reflect.DeepEqual does:\n%#v\n%#v", all, again)
	}
	return true
}

var bigExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4}`)

// The schema and the loader agree on the validity of any JSON.
func FuzzSchema(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &report{}
		if r.parse(data, nil) == nil || len(r.faults) > 0 || bigExponent.Match(data) {
			return
		}
		agree(t, data)
	})
}
