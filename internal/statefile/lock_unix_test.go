//go:build unix

package statefile_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"antechamber/internal/statefile"
)

func TestFilesThatCannotBeStateFiles(t *testing.T) {
	t.Chdir(t.TempDir()) // paths of sockets must be short
	newWorld(t).saved("state.json")
	before := must(os.ReadFile("state.json"))(t)
	check(t, "error", nil, os.Mkdir("folder", 0o700))
	check(t, "error", nil, syscall.Mkfifo("pipe", 0o600))
	check(t, "error", nil, os.Link("state.json", "hard.json"))
	check(t, "error", nil, os.Symlink("pipe", "to-pipe"))
	check(t, "error", nil, os.Symlink("hard.json", "to-hard"))
	check(t, "error", nil, os.Symlink("loop", "loop"))
	socket := must(net.Listen("unix", "socket"))(t)
	defer socket.Close()
	for path, want := range map[string]string{
		"folder":     `is a directory (choose a file in it, such as "state.json")`,
		"folder/":    `is a directory (choose a file in it, such as "state.json")`,
		"folder/..":  `is a directory (choose a file in it, such as "state.json")`,
		"pipe":       "not a regular file (choose a regular or a new file)",
		"to-pipe":    "not a regular file (choose a regular or a new file)",
		"socket":     "not a regular file (choose a regular or a new file)",
		"/dev/null":  "not a regular file (choose a regular or a new file)",
		"hard.json":  "has more than one hard link (remove the others, or use a copy)",
		"state.json": "has more than one hard link (remove the others, or use a copy)",
		"to-hard":    "has more than one hard link (remove the others, or use a copy)",
		"loop":       "too many symbolic links",
	} {
		if _, err := statefile.Open(path); err == nil || err.Error() != "cannot use state file "+path+": "+want {
			t.Errorf("error %v, want %s: %s", err, path, want)
		}
	}
	check(t, "the file", string(before), string(must(os.ReadFile("state.json"))(t)))
	for _, e := range must(os.ReadDir("."))(t) {
		if name := e.Name(); strings.HasSuffix(name, ".lock") && name != "state.json.lock" {
			t.Errorf("%s is left", filepath.Join(name))
		}
	}
}
