//go:build unix

package cli

import (
	"os"
	"syscall"
	"testing"
)

// A pipe, such as that of a process substitution, has no size to check before it is
// read.
func TestSeedFromAPipe(t *testing.T) {
	files(t, nil)
	if err := syscall.Mkfifo("seed", 0o600); err != nil {
		t.Fatal(err)
	}
	write := func() {
		go func() {
			if err := os.WriteFile("seed", []byte(validSeed), 0o600); err != nil {
				t.Error(err)
			}
		}()
	}
	write()
	s := startServer(t, "", "--seed", "seed")
	if got := s.organization(defaultAdminKey); got != "Acme" {
		t.Errorf("serve: the organization is named %q", got)
	}
	for _, args := range [][]string{{"validate", "seed"}, {"import", "--url", s.url, "seed"}} {
		write()
		if code, _, stderr := execute(t, "", args...); code != 0 {
			t.Errorf("%v: exit code %d: %s", args, code, stderr)
		}
	}
}
