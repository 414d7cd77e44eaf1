package journal

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An organization may have several admin keys, each with its own client. A retry is of
// the call that the same key sent.
func TestRetriesBelongToTheirAdminKey(t *testing.T) {
	attempt := func(retry int, key string) Record {
		return Record{Method: "POST", Path: "/a", RequestBody: BodyOf("{}"), RetryCount: retry, Key: key}
	}
	const ada, ben = "sk-ant-admin01-ada", "sk-ant-admin01-ben"
	j := New(10, 1<<20)
	for _, r := range []Record{attempt(0, ada), attempt(0, ben), attempt(1, ada), attempt(1, ben), attempt(2, ada)} {
		j.Add(r)
	}
	var got []uint64
	for _, e := range j.Entries(Filter{}) {
		got = append(got, e.RetryOf)
	}
	if diff := cmp.Diff([]uint64{0, 0, 1, 2, 1}, got); diff != "" {
		t.Errorf("retry_of (-want +got)\n%s", diff)
	}
	// Two calls: each key's attempts are one.
	v := verification(t, `{"expect":[{"method":"POST","path":"/a","times":2}],"no_others":true}`)
	if r, err := v.Verify(t.Context(), j.Entries(Filter{})); err != nil || !r.Satisfied {
		t.Errorf("two calls: %v", summary(r))
	}
}
