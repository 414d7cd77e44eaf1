package statefile_test

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"antechamber/internal/statefile"
)

func TestSymbolicLinksAreFollowed(t *testing.T) {
	dir := t.TempDir()
	check(t, "error", nil, os.MkdirAll(filepath.Join(dir, "real", "deep"), 0o700))
	for link, target := range map[string]string{
		"there.json":         "real/there.json",
		"dangling.json":      "real/new.json",
		"second.json":        "first.json",
		"first.json":         "real/chain.json",
		"folder":             "real/deep",
		"real/deep/up.json":  "../up.json",
		"real/absolute.json": filepath.Join(dir, "absolute.json"),
	} {
		check(t, "error", nil, os.Symlink(target, filepath.Join(dir, link)))
	}
	newWorld(t).saved(filepath.Join(dir, "real/there.json"))
	for path, target := range map[string]string{
		"there.json":         "real/there.json",
		"dangling.json":      "real/new.json",
		"second.json":        "real/chain.json",
		"folder/in.json":     "real/deep/in.json",
		"folder/up.json":     "real/up.json",
		"folder/../dots":     "real/dots", // .. is that of the target
		"real/absolute.json": "absolute.json",
		"plain.json":         "plain.json",
	} {
		path = dir + "/" + path // Join would drop folder/..
		before, _ := os.Lstat(path)
		newWorld(t).saved(path)
		if info, err := os.Lstat(filepath.Join(dir, target)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is saved elsewhere than in %s: %v", path, target, err)
		}
		if before != nil {
			check(t, "type of "+path, before.Mode().Type(), must(os.Lstat(path))(t).Mode().Type())
		}
	}
}

// Otherwise two processes would overwrite each other's state.
func TestFileHasOneKeeper(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	check(t, "error", nil, os.Mkdir("real", 0o700))
	for link, target := range map[string]string{"link.json": "real/state.json", "chain.json": "link.json", "folder": "real"} {
		check(t, "error", nil, os.Symlink(target, link))
	}
	// First while the file doesn't exist yet, when the links are dangling.
	for _, when := range []string{"before", "after"} {
		lock := must(statefile.Open("real/state.json"))(t)
		for _, path := range []string{"real/state.json", dir + "/real/state.json", "./real/../real/state.json", "link.json", "chain.json", "folder/state.json"} {
			_, err := statefile.Open(path)
			want := "cannot use state file " + path + ": locked by another process (stop that process or choose another file)"
			if err == nil || err.Error() != want {
				t.Errorf("%s the first save: error %v, want %s", when, err, want)
			}
		}
		check(t, "error", nil, lock.Close())
		newWorld(t).saved("real/state.json")
	}
}

// The lock outlives its file: a clean-up may remove it with everything else.
func TestLockFileIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	w := newWorld(t)
	k := w.keeper(path)
	check(t, "error", nil, os.Remove(path+".lock"))
	check(t, "error", nil, os.Remove(path))
	check(t, "error", nil, k.Stop(true))
	if _, err := statefile.Open(path); err == nil {
		t.Error("a second process gets the lock after a save")
	}
	check(t, "workspaces", 1, len(w.restarted(path).First().Contents().Workspaces))

	// A process that is faster than the next save has the file from then on.
	check(t, "error", nil, os.Remove(path+".lock"))
	other := must(statefile.Open(path))(t)
	before := must(os.ReadFile(path))(t)
	newWorkspace(t, w.First(), "lost")
	if err := k.Stop(true); err == nil || err.Error() != "locked by another process (stop that process or choose another file)" {
		t.Errorf("error %v", err)
	}
	check(t, "the file", string(before), string(must(os.ReadFile(path))(t)))
	check(t, "error", nil, other.Close())
	check(t, "error", nil, k.stop())
}

// A file that the process turns out not to use leaves no lock behind, and the lock
// that follows holds.
func TestDiscardedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seed.json")
	must(statefile.Open(path))(t).Discard()
	if _, err := os.Stat(path + ".lock"); err == nil {
		t.Error("the lock file is still there")
	}
	lock := must(statefile.Open(path))(t)
	if _, err := statefile.Open(path); err == nil {
		t.Error("two processes have the lock")
	}
	check(t, "error", nil, lock.Close())
}

func TestMissingDirectory(t *testing.T) {
	dir := t.TempDir()
	check(t, "error", nil, os.Symlink("none/state.json", filepath.Join(dir, "link.json")))
	for _, path := range []string{filepath.Join(dir, "none", "state.json"), filepath.Join(dir, "link.json")} {
		_, err := statefile.Open(path)
		if want := "cannot use state file " + path + ": no such file or directory"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A file whose first save fails is refused at the start.
func TestDirectoryDisappears(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	check(t, "error", nil, os.Mkdir(dir, 0o700))
	lock := must(statefile.Open(filepath.Join(dir, "state.json")))(t)
	defer lock.Close()
	check(t, "error", nil, os.RemoveAll(dir))
	w := newWorld(t)
	_, err := statefile.Keep(statefile.Options{Lock: lock, Store: w.Store, RealTime: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil || err.Error() != "no such file or directory" {
		t.Errorf("error %v", err)
	}
	var none fs.FileInfo
	info, _ := os.Stat(dir)
	check(t, "the directory", none, info)
}
