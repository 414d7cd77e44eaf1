package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recipesSwitch is the variable that turns on the tests that need a package
// registry, and that makes a missing tool a failure.
const recipesSwitch = "ANTECHAMBER_E2E_RECIPES"

// everyRecipe is whether the switch is on, read before TestMain clears the
// environment.
var everyRecipe = os.Getenv(recipesSwitch) == "1"

// TestAdmintestInAnotherModule follows the guide of admintest in an empty folder: its
// first test, in a new module that requires this one.
func TestAdmintestInAnotherModule(t *testing.T) {
	if !everyRecipe {
		t.Skipf("needs the network: set %s=1, as .ci/run does", recipesSwitch)
	}
	blocks, _ := blocksOf(t, filepath.Join("..", "docs", "admintest.md"))
	first := map[string]string{}
	for _, b := range blocks {
		if first[b.info] == "" {
			first[b.info] = b.text
		}
	}
	here, err := filepath.Abs("..")
	noError(t, "repository", err)
	dir := t.TempDir()
	noError(t, "the test", os.WriteFile(filepath.Join(dir, "yours_test.go"), []byte(first["go test"]), 0o600))
	script := "go mod init yours\n" + strings.ReplaceAll(first["sh"], "../antechamber", here) + "go test .\n"
	cmd := exec.Command("bash", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
}

// TestSamplesOnARunningServer runs the samples of admintest, which run in process
// otherwise, against the binary.
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
	equal(t, "organizations left", 1, len(left.Data))
}
