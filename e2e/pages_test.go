package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// readPage returns a page of the documentation.
func readPage(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", file))
	noError(t, "the page", err)
	return string(text)
}

// described returns the calls of an OpenAPI document that a server serves, as
// "METHOD path operationId".
func described(t *testing.T, url string, parse func([]byte, any) error) (calls []string) {
	t.Helper()
	response, err := http.Get(url)
	noError(t, "the document", err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	noError(t, "the document", err)
	var document struct {
		Paths map[string]map[string]any `json:"paths" yaml:"paths"`
	}
	noError(t, "the document", parse(text, &document))
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if operation, is := operation.(map[string]any); is {
				calls = append(calls, strings.ToUpper(method)+" "+path+" "+operation["operationId"].(string))
			}
		}
	}
	slices.Sort(calls)
	return calls
}

var operationRow = regexp.MustCompile("(?m)^\\| ([A-Z]+) \\| `(/[^`]+)` \\| `(\\w+)` \\|$")

func TestREADMEListsEveryOperation(t *testing.T) {
	t.Parallel()
	var listed []string // the document's paths are below its server, /v1
	for _, row := range operationRow.FindAllStringSubmatch(readPage(t, "README.md"), -1) {
		listed = append(listed, row[1]+" /organizations"+row[2]+" "+row[3])
	}
	slices.Sort(listed)
	srv := start(t)
	served := described(t, srv.URL+"/openapi.yaml", func(text []byte, into any) error { return yaml.Unmarshal(text, into) })
	equal(t, "operations in README.md", served, listed)
}

var callRow = regexp.MustCompile("(?m)^\\| `([A-Z]+ /_emulate[^`]*)` \\|")

func TestControlPlanePageListsEveryCall(t *testing.T) {
	t.Parallel()
	var listed, served []string
	for _, row := range callRow.FindAllStringSubmatch(readPage(t, "docs/control-plane.md"), -1) {
		listed = append(listed, row[1])
	}
	slices.Sort(listed)
	srv := start(t)
	for _, call := range described(t, srv.URL+"/_emulate/openapi.json", json.Unmarshal) {
		served = append(served, call[:strings.LastIndex(call, " ")])
	}
	equal(t, "calls in docs/control-plane.md", served, listed)
}

var (
	commandInHelp = regexp.MustCompile(`(?m)^  ([a-z]+) {2,}\S`)
	flagInHelp    = regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z-]+)`)
)

func TestCommandLinePageListsEveryCommandAndFlag(t *testing.T) {
	t.Parallel()
	text := readPage(t, "docs/cli.md")
	help := func(args ...string) string {
		out, err := exec.Command(binary, append(args, "--help")...).Output()
		noError(t, "help", err)
		return string(out)
	}
	commands := commandInHelp.FindAllStringSubmatch(help()[strings.Index(help(), "Commands:"):], -1)
	if len(commands) < 10 {
		t.Fatalf("help lists only %d commands", len(commands))
	}
	for _, command := range commands {
		if !strings.Contains(text, "| `"+command[1]) {
			t.Errorf("docs/cli.md does not list the command %s", command[1])
		}
	}
	for _, command := range []string{"serve", "reset"} { // the flags of a server, and those for a running one
		for _, flag := range flagInHelp.FindAllStringSubmatch(help(command), -1) {
			if flag[1] != "--help" && !strings.Contains(text, "| `"+flag[1]+"` |") {
				t.Errorf("docs/cli.md does not list the flag %s of %s", flag[1], command)
			}
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	code    = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestLinksResolve checks the links between pages, with their anchors.
func TestLinksResolve(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	noError(t, "pages", err)
	for _, file := range append(pages, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md") {
		raw, err := os.ReadFile(file)
		noError(t, "the page", err)
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(raw), ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := file
			if target != "" {
				to = filepath.Join(filepath.Dir(file), filepath.FromSlash(target))
			}
			text, err := os.ReadFile(to)
			if _, dirErr := os.ReadDir(to); err != nil && dirErr != nil {
				t.Errorf("%s: broken link %s", file, m[1])
				continue
			}
			anchors := []string{""}
			for _, h := range heading.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
				anchors = append(anchors, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
			}
			if !slices.Contains(anchors, anchor) {
				t.Errorf("%s: %s has no heading #%s", file, to, anchor)
			}
		}
	}
}
