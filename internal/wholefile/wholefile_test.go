package wholefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("failed")
	if err := Replace(path, func(w io.Writer) error { return errors.Join(text("half")(w), failure) }); !errors.Is(err, failure) {
		t.Errorf("%v, want %v", err, failure)
	}
	if b, err := os.ReadFile(path); string(b) != "old" {
		t.Errorf("after a failure: %q, %v", b, err)
	}
	if err := Replace(path, text("new")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "new" {
		t.Errorf("%q: %v", b, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", info.Mode(), err)
	}
	err = Replace(filepath.Join(path, "below"), text("new"))
	if err == nil || Reason(err) == err {
		t.Errorf("a file below a file: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); left != nil {
		t.Errorf("temporary files remain: %v", left)
	}
}

// A rename over a mount point fails with EBUSY, and the user needs to know why.
func TestReplaceAMountPoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() { rename = os.Rename }()
	rename = func(from, to string) error {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EBUSY}
	}
	if err := Replace(path, text("new")); !errors.Is(err, ErrMountPoint) {
		t.Errorf("%v, want %v", err, ErrMountPoint)
	}
	if b, err := os.ReadFile(path); string(b) != "old" {
		t.Errorf("%q, %v", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); left != nil {
		t.Errorf("temporary files remain: %v", left)
	}
}
