package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRename renames a copy of the repository, which then builds and passes its
// tests, and renames it again.
func TestRename(t *testing.T) {
	t.Parallel()
	root := copyOf(t, filepath.Join("..", ".."))
	path := modulePathOf(t, root)
	renameTo := func(next string) {
		t.Helper()
		var report bytes.Buffer
		if err := rename(root, next, &report); err != nil {
			t.Fatal(err)
		}
		if got := report.String(); !regexp.MustCompile(`^renamed ` + path + ` to ` + next + ` in [12]\d\d files\n$`).MatchString(got) {
			t.Errorf("rename reports:\n%s", got)
		}
		wantNoUses(t, root, path, next)
		path = next
	}

	renameTo("example.net/test/antechamber")
	for _, run := range []struct {
		module string
		args   []string
	}{
		// One quick check compiles everything, and -trimpath lets the build cache serve
		// the next temporary directory.
		{".", []string{"vet", "-trimpath", "-assign", "./..."}},
		{".", []string{"test", "-trimpath", "-vet=off", ".", "./internal/text"}},
		{"e2e", resolve}, // compiling the SDKs again would take minutes
	} {
		cmd := goCommand(filepath.Join(root, run.module), run.args...)
		cmd.Stderr = nil
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s in %s: %v\n%s", strings.Join(run.args, " "), run.module, err, out)
		}
	}
	if err := rename(root, path, io.Discard); err == nil || !strings.Contains(err.Error(), path+" already") {
		t.Errorf("renaming to the same path: %v, want a refusal", err)
	}

	// An interrupted run has changed some files, but not go.mod.
	const next = "example.org/Gate.keeper/v2"
	file := filepath.Join(root, "seed", "seed.go")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.ReplaceAll(content, []byte(`"`+path+"/"), []byte(`"`+next+"/")), 0o644); err != nil {
		t.Fatal(err)
	}
	renameTo(next)
	for _, module := range []string{".", "e2e"} { // the requirement is of v2 now
		cmd := goCommand(filepath.Join(root, module), resolve...)
		cmd.Stderr = nil
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go list in %s: %v\n%s", module, err, out)
		}
	}
}

// resolve is the go command that checks that every import of a module and its tests
// leads to a package that may be imported.
var resolve = []string{"list", "-deps", "-test", "./..."}

// copyOf copies the repository, without what Git and npm keep in it.
func copyOf(t *testing.T, root string) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git" || entry.Name() == "node_modules": // .git is a file in a worktree
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, inside), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, inside), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func modulePathOf(t *testing.T, root string) string {
	t.Helper()
	out, err := goCommand(root, "list", "-m").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// wantNoUses fails the test if a file still has an import path of the module
// before its renaming, or builds it by its path. The new path may end in the old
// one.
func wantNoUses(t *testing.T, root, old, path string) {
	t.Helper()
	quoted := regexp.QuoteMeta(old)
	use := regexp.MustCompile(`(?m)^(.*[^\w./-])?` + quoted + `(/(admintest|api|e2e|handlers|internal|seed|store)\b|@v\d|=\.\./| => | v0\.0\.0).*|"go", "(build|run)",.*"` + quoted + `"`)
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(file)
		for _, line := range use.FindAll(bytes.ReplaceAll(content, []byte(path), nil), -1) {
			t.Errorf("%s still has %s: %s", file, old, line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRenameRefusesBadPaths(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "antechamber", "acme/antechamber", "Example.com/antechamber", "https://example.com/antechamber", "example.com/",
		"example.com//antechamber", "/example.com/antechamber", "example.com/ante chamber", "example.com/antechamber/v1",
		"example.com/antechamber/v0", "example.com/.antechamber", "../antechamber", "example.com/antechamber@v1.0.0", "-h",
	} {
		err := rename(t.TempDir(), path, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), "invalid module path ") || !strings.Contains(err.Error(), `"`+path+`": want a host and a path`) {
			t.Errorf("rename to %q: %v, want a refusal", path, err)
		}
	}
	for _, path := range []string{"example.com/antechamber", "example.com", "git.example.co.uk/a_b/c-d.go/v12", "github.com/Acme/antechamber"} {
		if !modulePath.MatchString(path) || badVersion.MatchString(path) {
			t.Errorf("%s is refused", path)
		}
	}
}

func TestRenameOnlyAtTheRoot(t *testing.T) {
	t.Parallel()
	if err := rename("..", "example.com/antechamber", io.Discard); err == nil || !strings.HasPrefix(err.Error(), "no go.mod here") {
		t.Errorf("rename in a folder of the repository: %v, want a refusal", err)
	}
}
