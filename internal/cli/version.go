package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct {
	JSON bool `help:"Print as JSON."`
}

func (versionCmd) Help() string {
	return "Prints the version and commit of antechamber, the Go version and the platform.\n\nExamples:\n\n  antechamber version\n  antechamber version --json"
}

// build describes how the program was built.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func (b build) String() string {
	return fmt.Sprintf("antechamber %s (commit %s, %s, %s/%s)", b.Version, b.Commit, b.Go, b.OS, b.Arch)
}

// newBuild returns the build of this program. An empty commit is read from the build
// information, which has it for builds in a repository.
func newBuild(version, commit string) build {
	info, _ := debug.ReadBuildInfo()
	return build{
		Version: cmp.Or(version, "dev"), Commit: cmp.Or(commit, commitOf(info), "unknown"),
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
}

// commitOf returns the short commit of a build, or "" if it was not built in a
// repository.
func commitOf(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return ""
	}
	revision = revision[:min(len(revision), 12)]
	if settings["vcs.modified"] == "true" {
		revision += "-modified"
	}
	return revision
}

// Run prints the version.
func (c *versionCmd) Run(p *process) error {
	if c.JSON {
		return printJSON(p.stdout, p.build)
	}
	_, err := fmt.Fprintln(p.stdout, p.build)
	return err
}
