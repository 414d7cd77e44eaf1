package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recipesSwitch is the environment variable that, if it is 1, enables the tests that
// need a package registry and turns a missing tool into a failure.
const recipesSwitch = "ANTECHAMBER_E2E_RECIPES"

// everyRecipe reports whether recipesSwitch is 1. It is set before TestMain clears the
// environment.
var everyRecipe = os.Getenv(recipesSwitch) == "1"

// TestAdmintestInAnotherModule follows the documentation in an empty directory: it
// creates a module, adds this one as docs/getting-started.md describes, and runs the
// first test of docs/admintest.md.
func TestAdmintestInAnotherModule(t *testing.T) {
	if !everyRecipe {
		t.Skipf("needs the network: set %s=1, as .ci/run does", recipesSwitch)
	}
	add := findBlock(t, "getting-started.md", "sh", "go mod edit")
	test := findBlock(t, "admintest.md", "go test", "admintest.Run(")
	root, err := filepath.Abs("..")
	noError(t, "repository", err)
	dir := t.TempDir()
	noError(t, "test", os.WriteFile(filepath.Join(dir, "yours_test.go"), []byte(test), 0o600))
	script := "go mod init yours\n" + strings.ReplaceAll(add, "../antechamber", root) + "go test .\n"
	cmd := exec.Command("bash", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
}

// findBlock returns the first block of a page in docs with the info string that
// contains part.
func findBlock(t *testing.T, page, info, part string) string {
	t.Helper()
	blocks, _ := readBlocks(t, filepath.Join("..", "docs", page))
	for _, b := range blocks {
		if b.info == info && strings.Contains(b.text, part) {
			return b.text
		}
	}
	t.Fatalf("docs/%s has no block of kind %q with %q", page, info, part)
	return ""
}

// TestSamplesOnARunningServer runs the tests of admintest/samples against the binary
// instead of in process.
func TestSamplesOnARunningServer(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	s.expectLog("organization removed")
	test := exec.Command("go", "test", "-count=1", "../admintest/samples/...")
	test.Env = append(os.Environ(), "ANTECHAMBER_URL="+s.URL)
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	got := s.raw(t, "GET", "/_emulate/organizations", "", "x-api-key", "")
	var left struct{ Data []struct{ Name string } }
	decode(t, got.Body, &left)
	equal(t, "remaining organizations", 1, len(left.Data))
}
