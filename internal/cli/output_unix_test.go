//go:build unix

package cli

import (
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Commands that write a file follow symbolic links, also those to a file that does not
// exist yet, and never replace a pipe by a file.
func TestOutputFollowsLinks(t *testing.T) {
	s := startServer(t, "")
	files(t, map[string]string{})
	t.Setenv("ANTHROPIC_ADMIN_API_KEY", defaultAdminKey)
	if err := os.Mkdir("real", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, args := range map[string][]string{
		"export.json": {"export", "--url", s.url, "export.json"},
		"init.json":   {"init", "init.json"},
		"pull.json":   {"pull", "--from", s.url, "--out", "pull.json"},
	} {
		if err := os.Symlink("real/"+link, link); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := execute(t, "", args...); code != exitFine {
			t.Errorf("%v: exit code %d: %s", args, code, stderr)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
			t.Errorf("%v replaces the link", args)
		}
		if b, err := os.ReadFile("real/" + link); err != nil || !strings.Contains(string(b), `"name"`) {
			t.Errorf("%v does not write to the target: %v", args, err)
		}
	}
}

func TestExportToStandardOutput(t *testing.T) {
	s := startServer(t, "")
	files(t, map[string]string{})
	_, want, _ := execute(t, "", "export", "--url", s.url)
	for _, path := range []string{"-", "/dev/stdout"} {
		for _, script := range []string{`exec "$0" export --url "$1" "$2" | cat`, `"$0" export --url "$1" "$2" > redirected.json; cat redirected.json`} {
			c := exec.Command("/bin/sh", "-c", script, os.Args[0], s.url, path)
			c.Env = programEnv()
			if out, err := c.Output(); err != nil || string(out) != want {
				t.Errorf("%s to %s: %v, %d bytes, want %d", script, path, err, len(out), len(want))
			}
		}
	}
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/bin/sh", "-c", `"$0" export --url "$1" pipe >&2 & cat pipe`, os.Args[0], s.url)
	c.Env = programEnv()
	if out, err := c.Output(); err != nil || string(out) != want {
		t.Errorf("to a pipe: %v, %d bytes, want %d", err, len(out), len(want))
	}
}
