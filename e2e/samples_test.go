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
const recipesSwitch = "E2E_RECIPES"

// everyRecipe reports whether recipesSwitch is 1.
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
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// TestRequirementsOfAUser counts what a module gets whose only test uses admintest.
// CONTRIBUTING.md explains the numbers.
func TestRequirementsOfAUser(t *testing.T) {
	if !everyRecipe {
		t.Skipf("needs the network: set %s=1, as .ci/run does", recipesSwitch)
	}
	root, err := filepath.Abs("..")
	noError(t, "repository", err)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"yours_test.go": "package yours\n\nimport (\n\t\"testing\"\n\n\t\"antechamber/admintest\"\n)\n\nfunc Test(t *testing.T) { admintest.Run(t) }\n",
		"go.mod":        "module yours\n\ngo 1.26.0\n\nreplace antechamber => " + root + "\n",
	} {
		noError(t, name, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	tidy := exec.Command("go", "mod", "tidy")
	tidy.Dir = dir
	if out, err := tidy.CombinedOutput(); err != nil {
		t.Fatalf("go mod tidy: %v\n%s", err, out)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	noError(t, "go.mod", err)
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	noError(t, "go.sum", err)
	equal(t, "indirect requirements", 13, strings.Count(string(mod), "// indirect"))
	equal(t, "lines of go.sum", 49, strings.Count(string(sum), "\n"))
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

// TestSamplesOnARunningServer runs the tests of samples against the binary
// instead of in process.
func TestSamplesOnARunningServer(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	s.expectLog("organization removed")
	test := exec.Command("go", append(append([]string{"test", "-count=1"}, goQuick...), "./samples/...")...)
	test.Env = append(os.Environ(), "ANTECHAMBER_URL="+s.URL)
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	got := s.raw(t, "GET", "/_emulate/organizations", "", "x-api-key", "")
	var left struct{ Data []struct{ Name string } }
	decode(t, got.Body, &left)
	equal(t, "remaining organizations", 1, len(left.Data))
}
