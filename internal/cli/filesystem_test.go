//go:build linux

package cli

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inNamespace runs a script of /bin/sh that may mount file systems. It skips the test
// where that is not allowed. $0 is this program.
func inNamespace(t *testing.T, script string) (output string, err error) {
	t.Helper()
	if out, err := exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "none", t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("cannot mount: %v %s", err, out)
	}
	c := exec.Command("unshare", "-m", "/bin/sh", "-c", script, os.Args[0])
	c.Env = programEnv()
	out, err := c.CombinedOutput()
	return string(out), err
}

// A file that is mounted itself can be written to, but not replaced. It is refused before
// it is read: it is empty when someone made it only to mount it.
func TestStateFileIsAMountPoint(t *testing.T) {
	t.Chdir(t.TempDir())
	startServer(t, "", "--state-file", "saved.json").stopAndWait()
	if err := os.WriteFile("empty.json", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"saved.json", "empty.json"} {
		out, err := inNamespace(t, `touch inside.json && mount --bind `+file+` inside.json && exec "$0" --addr 127.0.0.1:0 --state-file inside.json`)
		want := "antechamber: cannot use state file inside.json: a mounted file cannot be replaced (mount its directory instead)\n"
		if out != want || err == nil || err.Error() != "exit status 2" {
			t.Errorf("%s: %s, %v; want %s", file, out, err, want)
		}
	}
}

// A full disk loses nothing silently: the failure is in the log, the file keeps the last
// complete state, and the exit code is 1 unless there is room again.
func TestFullDisk(t *testing.T) {
	t.Chdir(t.TempDir())
	for room, want := range map[string]int{"full": exitFailed, "freed": exitFine} {
		t.Run(room, func(t *testing.T) {
			dir := t.TempDir()
			if err := syscall.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
				t.Skipf("cannot mount: %v", err)
			}
			defer syscall.Unmount(dir, syscall.MNT_DETACH)
			path := filepath.Join(dir, "state.json")
			s := startServer(t, "", "--seed", "empty", "--state-file", path)
			fill, err := os.Create(filepath.Join(dir, "fill"))
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = fill.Write(make([]byte, 4096))
			}
			fill.Close()
			before, _ := os.ReadFile(path)
			if status, _ := s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "Last"}`); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			for range 1000 {
				if strings.Contains(s.stderr.String(), "state not saved, retrying") {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			if room == "freed" {
				os.Remove(fill.Name())
			}
			if code := s.stopAndWait(); code != want {
				t.Errorf("exit code %d, want %d: %s", code, want, s.stderr)
			}
			after, _ := os.ReadFile(path)
			if saved := strings.Contains(string(after), `"name":"Last"`); saved != (want == exitFine) || !saved && string(after) != string(before) {
				t.Errorf("the file is %s", after)
			}
			if !strings.Contains(s.stderr.String(), "no space left on device") {
				t.Errorf("the log is\n%s", s.stderr)
			}
		})
	}
}
