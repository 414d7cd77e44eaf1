package wholefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
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
