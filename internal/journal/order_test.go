package journal

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// In order, an expectation without times takes further calls only between those of its
// neighbors: a call before the earlier expectation's, or after the later one's, is left
// to an expectation with times, which then has one too many.
func TestVerifyInOrderWithoutTimes(t *testing.T) {
	const expect = `{"expect":[{"operation":"createOrganizationInvite"},{"operation":"listWorkspaces"},` +
		`{"operation":"listWorkspaces","query":{"limit":"1"},"times":1}],"in_order":true}`
	for name, c := range map[string]struct {
		entries []Entry
		want    []string
	}{
		"one each":                        {called(invite(200, "{}"), list(""), list("limit=1")), nil},
		"more in between":                 {called(invite(200, "{}"), list(""), list("limit=2"), list("limit=1")), nil},
		"others before the earlier one's": {called(list(""), invite(200, "{}"), list(""), list("limit=1")), nil},
		"the same before the earlier one's": {
			called(list("limit=1"), invite(200, "{}"), list(""), list("limit=1")),
			[]string{"expect[2]: want exactly 1 call, got 2 (requests 1, 4)"},
		},
		"the same after the later one's": {
			called(invite(200, "{}"), list(""), list("limit=1"), list("limit=1")),
			[]string{"expect[2]: want exactly 1 call, got 2 (requests 3, 4)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := verification(t, expect).Verify(t.Context(), c.entries)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, summary(r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
