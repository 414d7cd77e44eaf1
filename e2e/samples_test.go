package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recipesSwitch is the variable that turns on what of docs/recipes.md wants a
// package registry, and that makes it a failure when a tool is not there.
const recipesSwitch = "ANTECHAMBER_E2E_RECIPES"

// everyRecipe reports whether the switch is on. It is read before TestMain clears
// the environment.
var everyRecipe = os.Getenv(recipesSwitch) == "1"

// TestAModuleOfItsOwn does in an empty folder what the guide of admintest says:
// its first test, in a module beside a copy of this one.
func TestAModuleOfItsOwn(t *testing.T) {
	if !everyRecipe {
		t.Skipf("it needs the network: %s=1, which .ci/run sets, runs it", recipesSwitch)
	}
	blocks, _ := blocksOf(t, filepath.Join("..", "docs", "admintest.md"))
	first := map[string]string{}
	for _, b := range blocks {
		if first[b.info] == "" {
			first[b.info] = b.text
		}
	}
	here, err := filepath.Abs("..")
	noError(t, "this folder", err)
	dir := t.TempDir()
	noError(t, "the test", os.WriteFile(filepath.Join(dir, "yours_test.go"), []byte(first["go test"]), 0o600))
	script := "go mod init yours\n" + strings.ReplaceAll(first["sh"], "../antechamber", here) + "go test .\n"
	cmd := exec.Command("bash", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
}

// TestSamplesOnARunningServer runs the suites that users of admintest would
// write, which make check runs in process, against the binary.
func TestSamplesOnARunningServer(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	s.expectLog("organization removed")
	test := exec.Command("go", "test", "-count=1", "antechamber/admintest/samples/...")
	test.Env = append(os.Environ(), "ANTECHAMBER_URL="+s.URL)
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	got := s.raw(t, "GET", "/_emulate/organizations", "", "x-api-key", "")
	var left struct{ Data []struct{ Name string } }
	decode(t, got.Body, &left)
	equal(t, "organizations that are left", 1, len(left.Data))
}
