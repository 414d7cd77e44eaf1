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
	noError(t, "page", err)
	return string(text)
}

// describedCalls returns the operations of an OpenAPI document that a server serves,
// each as "METHOD path operationId".
func describedCalls(t *testing.T, url string, parse func([]byte, any) error) (calls []string) {
	t.Helper()
	response, err := http.Get(url)
	noError(t, "document", err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	noError(t, "document", err)
	var document struct {
		Paths map[string]map[string]any `json:"paths" yaml:"paths"`
	}
	noError(t, "document", parse(text, &document))
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if operation, ok := operation.(map[string]any); ok {
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
	var listed []string // as in the document, whose paths are relative to its server, /v1
	for _, row := range operationRow.FindAllStringSubmatch(readPage(t, "README.md"), -1) {
		listed = append(listed, row[1]+" /organizations"+row[2]+" "+row[3])
	}
	slices.Sort(listed)
	srv := start(t)
	served := describedCalls(t, srv.URL+"/openapi.yaml", func(text []byte, into any) error { return yaml.Unmarshal(text, into) })
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
	for _, call := range describedCalls(t, srv.URL+"/_emulate/openapi.json", json.Unmarshal) {
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
	for _, command := range []string{"serve", "reset"} { // the two tables of flags
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
	// notInAnchor matches what GitHub drops when it makes an anchor from a heading.
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	code        = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestLinksResolve checks the links between pages, including their anchors.
func TestLinksResolve(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	noError(t, "pages", err)
	for _, file := range append(pages, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md") {
		raw, err := os.ReadFile(file)
		noError(t, "page", err)
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
				anchors = append(anchors, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
			}
			if !slices.Contains(anchors, anchor) {
				t.Errorf("%s: broken link %s: no heading #%s in %s", file, m[1], anchor, to)
			}
		}
	}
}
