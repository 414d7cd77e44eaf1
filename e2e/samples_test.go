package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// TestSamplesOnARunningServer runs the suites that users of admintest would
// write, which make check runs in process, against the binary.
func TestSamplesOnARunningServer(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	s.expectLog("an organization has ended")
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
