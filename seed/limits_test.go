package seed

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"antechamber/store"
)

// Each bound of a seed: n elements or characters are valid, one more is not.
func TestSeedIsBounded(t *testing.T) {
	repeat := func(n int, element func(i int) string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = element(i)
		}
		return strings.Join(all, ",")
	}
	for name, c := range map[string]struct {
		most int
		src  func(n int) string
		want string
	}{
		"name": {255, func(n int) string { return `{"name":"` + strings.Repeat("ä", n) + `"}` }, "want a string of 1 to 255 characters (got 256)"},
		"user name": {1000, func(n int) string {
			return `{"name":"A","users":[{"email":"a@b.cd","role":"user","name":"` + strings.Repeat("ä", n) + `"}]}`
		}, "want a string of 1 to 1000 characters (got 1001)"},
		"admin keys": {1000, func(n int) string {
			return `{"name":"A","admin_keys":[` + repeat(n, func(i int) string { return fmt.Sprintf(`"sk-ant-admin01-%d"`, i) }) + `]}`
		}, "admin_keys must have at most 1,000 elements"},
		"domains": {1000, func(n int) string {
			return `{"name":"A","settings":{"allowed_invite_domains":[` + repeat(n, func(i int) string { return fmt.Sprintf(`"d%d.example"`, i) }) + `]}}`
		}, "allowed_invite_domains must have at most 1,000 elements"},
		"versions": {100, func(n int) string {
			return `{"name":"A","settings":{"anthropic_versions":[` + repeat(n, func(int) string { return `"2023-06-01"` }) + `]}}`
		}, "anthropic_versions must have at most 100 elements"},
		"geos": {1000, func(n int) string {
			return `{"name":"A","workspaces":[{"name":"W","data_residency":{"default_inference_geo":"us","allowed_inference_geos":[` + repeat(n, func(int) string { return `"us"` }) + `]}}]}`
		}, "allowed_inference_geos must have at most 1,000 elements"},
	} {
		if faults := faultsOf([]byte(c.src(c.most))); faults != nil {
			t.Errorf("%s at the bound: %v", name, faults)
		}
		faults := faultsOf([]byte(c.src(c.most + 1)))
		if len(faults) == 0 || !strings.HasSuffix(faults[0].Message, c.want) {
			t.Errorf("%s beyond the bound: %v", name, faults)
		}
	}
}

// A seed takes each workspace that the store takes.
func TestWorkspacesOfASeedAreBounded(t *testing.T) {
	src := func(n int) string {
		return `{"name":"A","workspaces":[{"id":"w","name":"W","created_at":"2020-01-01T00:00:00Z","tags":{"a":"` + strings.Repeat("x", n) + `"}}]}`
	}
	size := func(n int) int {
		_, all, err := Read("seed", []byte(src(n)), Options{Real: real})
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(all[0].Workspaces[0])
		if err != nil {
			t.Fatal(err)
		}
		return len(encoded)
	}
	most := 65_536 - size(0)
	if got := size(most); got != store.MaxObject {
		t.Fatalf("%d bytes", got)
	}
	want := "workspace must take at most 65536 bytes of JSON (got 65537)"
	if faults := faultsOf([]byte(src(most + 1))); len(faults) != 1 || faults[0].Message != want {
		t.Errorf("one byte more: %v", faults)
	}
}

// However many values of a wrong form there are, the first hundred faults are listed,
// and all of them counted.
func TestJunkIsCounted(t *testing.T) {
	junk := func(n int, part string) string { return strings.TrimSuffix(strings.Repeat(part+",", n), ",") }
	for src, want := range map[string]int{
		`{"name":"A","users":[` + junk(5000, "[]") + "]}":                        5000,
		`{"name":"A","users":[` + junk(5000, "{}") + "]}":                        10_000, // two missing fields each
		`{"name":"A","users":[` + junk(5000, `{"email":1,"role":"user"}`) + "]}": 5000,
		`{"name":"A","x":[` + junk(5000, "[]") + "]}":                            1,
		`{"name":"A",` + junk(5000, `"x":1`) + "}":                               5000, // unknown once, and repeated
	} {
		faults := faultsOf([]byte(src))
		if faults.Number() != want || len(faults) != min(100, want) {
			t.Errorf("%.40s: %d faults, %d listed, want %d", src, faults.Number(), len(faults), want)
		}
	}
}
