package cli

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"antechamber/store"
)

func TestVersion(t *testing.T) {
	given := newBuild("1.2.3", "0123456789ab")
	printed := func(args ...string) (int, string, string) {
		var out, errs buffer
		code := run(t.Context(), args, &process{strings.NewReader(""), &out, &errs, time.Now(), store.RealTime(), given, false})
		return code, out.String(), errs.String()
	}
	code, stdout, stderr := printed("version")
	want := "antechamber 1.2.3 (commit 0123456789ab, " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")\n"
	if code != exitFine || stdout != want || stderr != "" {
		t.Errorf("exit code %d, output\n%swant\n%s%s", code, stdout, want, stderr)
	}
	_, stdout, _ = printed("version", "--json")
	var got build
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || got != given {
		t.Errorf("as JSON: %s, %v", stdout, err)
	}
}

func TestDefaultVersion(t *testing.T) {
	if got := newBuild("", "").Version; got != "dev" {
		t.Errorf("%q, want dev", got)
	}
}

func TestCommitOf(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	clean := debug.BuildSetting{Key: "vcs.modified", Value: "false"}
	for _, test := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, ""},
		{&debug.BuildInfo{}, ""},
		{&debug.BuildInfo{Settings: []debug.BuildSetting{revision, clean}}, "0123456789ab"},
		{&debug.BuildInfo{Settings: []debug.BuildSetting{revision, modified}}, "0123456789ab-modified"},
	} {
		if got := commitOf(test.info); got != test.want {
			t.Errorf("%v: %q, want %q", test.info, got, test.want)
		}
	}
}
