package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ciTools are the tools that .ci/run installs if they are missing.
var ciTools = []string{"make", "gcc", "curl", "python3", "nginx", "node", "npm"}

// TestCIInstallsWhatItNeedsOrFails runs .ci/run with stubs instead of tools.
func TestCIInstallsWhatItNeedsOrFails(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/usr/sbin/nginx"); err == nil {
		t.Log("nginx is in /usr/sbin, so it is never missing")
	}
	const everySwitch = "go test -count=1 ./... in e2e, recipes 1, typescript 1\n"
	for name, c := range map[string]struct {
		installed []string
		apt       string // what apt-get does
		node      string
		ok        bool
		output    string
	}{
		"all installed":       {ciTools, "exit 1", "v20.0.0", true, everySwitch},
		"no node, no package": {[]string{"make", "gcc", "curl", "python3", "nginx"}, "exit 1", "", false, "cannot install: node npm"},
		"node from Debian": {
			[]string{"make", "gcc", "curl", "python3", "nginx"},
			`case "$*" in *"install nodejs npm") cp "$STUBS/later/"* "$STUBS" ;; esac`, "v22.1.0", true, everySwitch,
		},
		"node is too old": {ciTools, "exit 1", "v18.20.4", false, "node is v18.20.4, and the TypeScript SDKs need v20 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			stub := func(file, script string) {
				file = filepath.Join(dir, file)
				noError(t, "folder", os.MkdirAll(filepath.Dir(file), 0o700))
				noError(t, "stub", os.WriteFile(file, []byte("#!/bin/bash\n"+script+"\n"), 0o700))
			}
			for _, tool := range ciTools {
				script := "echo " + tool + ` "$@"`
				if tool == "node" {
					script = "echo " + c.node
				}
				if slices.Contains(c.installed, tool) {
					stub(tool, script)
				} else {
					stub("later/"+tool, script)
				}
			}
			stub("apt-get", c.apt)
			stub("sudo", `"$@"`)
			stub("go", `echo "go $* in ${PWD##*/}, recipes $E2E_RECIPES, typescript $E2E_TYPESCRIPT"`)
			for _, tool := range []string{"bash", "dirname", "env", "cp"} {
				path, err := exec.LookPath(tool)
				noError(t, tool, err)
				noError(t, tool, os.Symlink(path, filepath.Join(dir, tool)))
			}
			run := exec.Command(filepath.Join("..", ".ci", "run"))
			run.Env = []string{"PATH=" + dir, "STUBS=" + dir}
			out, err := run.CombinedOutput()
			if (err == nil) != c.ok || !strings.Contains(string(out), c.output) {
				t.Errorf("%v, want success: %t, output with %q, got\n%s", err, c.ok, c.output, out)
			}
		})
	}
}
