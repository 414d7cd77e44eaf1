package cli

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Limits of the binary.
const (
	maxBinary = 15 << 20 // bytes
	maxMemory = 20 << 10 // kilobytes, after some requests
)

// TestBinary builds and runs the program as the container image does: static, and
// without environment variables or other files.
func TestBinary(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("builds and runs a Linux binary")
	}
	binary := filepath.Join(t.TempDir(), "antechamber")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=1.2.3 -X main.commit=abc", "-o", binary, "../..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkStatic(t, binary)
	if out, err := command(binary, "version").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "antechamber 1.2.3 (commit abc, ") {
		t.Errorf("version: %v: %s", err, out)
	}
	started := time.Now()
	p := startProgram(t, binary, []string{}, "--addr", ":0")
	if out, err := command(binary, "wait", "--url", p.url).CombinedOutput(); err != nil {
		t.Fatalf("wait: %v: %s", err, out)
	}
	t.Logf("ready after %s, including wait", time.Since(started))
	s := &testServer{t: t, url: p.url}
	for range 100 {
		s.request("GET", "/v1/organizations/users?limit=1000", defaultAdminKey, "")
	}
	if rss := memory(t, p.cmd.Process.Pid); rss > maxMemory {
		t.Errorf("memory is %d kB, more than %d", rss, maxMemory)
	}
	p.signal(t, syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("ended with %v: %s", err, p.stderr)
	}
	if err := command(binary, "wait", "--url", p.url, "--timeout", "0").Run(); err == nil || err.Error() != "exit status 3" {
		t.Errorf("wait for a server that has stopped: %v", err)
	}
}

// command returns a command with an empty environment.
func command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = []string{}
	return c
}

func checkStatic(t *testing.T, binary string) {
	t.Helper()
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", info.Size())
	if info.Size() > maxBinary {
		t.Errorf("the binary has %d bytes, more than %d", info.Size(), maxBinary)
	}
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Error("the binary is linked dynamically")
		}
	}
}

// memory returns the resident memory of a process in kilobytes.
func memory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	rss := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if rss == nil {
		t.Fatalf("no VmRSS in\n%s", status)
	}
	kb, err := strconv.Atoi(string(rss[1]))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("memory is %d kB", kb)
	return kb
}
