package e2e

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var updating = flag.Bool("update", false, "write the output of the documents' commands into them")

// block is a fenced block of a Markdown file, with its fences.
type block struct {
	info string // after the opening fence
	text string
}

var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// blocksOf returns the blocks of a Markdown file, and the file again with a new
// text for each.
func blocksOf(t *testing.T, file string) (blocks []block, rewrite func([]string)) {
	t.Helper()
	raw, err := os.ReadFile(file)
	noError(t, "the document", err)
	for _, m := range fence.FindAllSubmatch(raw, -1) {
		blocks = append(blocks, block{string(m[1]), string(m[2])})
	}
	return blocks, func(texts []string) {
		i := -1
		raw = fence.ReplaceAllFunc(raw, func([]byte) []byte {
			i++
			return fmt.Appendf(nil, "```%s\n%s```", blocks[i].info, texts[i])
		})
		noError(t, "the document", os.WriteFile(file, raw, 0o644))
	}
}

// shell is a bash that keeps its variables and functions from one command to
// the next. It runs in the root of the repository and finds antechamber.
type shell struct {
	t     *testing.T
	stdin *bufio.Writer
	out   *bufio.Reader
}

func newShell(t *testing.T) *shell {
	t.Helper()
	cmd := exec.Command("bash")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), withBinary())
	stdin, err := cmd.StdinPipe()
	noError(t, "bash", err)
	out, err := cmd.StdoutPipe()
	noError(t, "bash", err)
	cmd.Stderr = cmd.Stdout
	noError(t, "bash", cmd.Start())
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	return &shell{t, bufio.NewWriter(stdin), bufio.NewReader(out)}
}

// run returns what a command prints.
func (s *shell) run(command string) string {
	s.t.Helper()
	const end = "--- end of output"
	fmt.Fprintf(s.stdin, "%s\nprintf '%%s\\n' '%s'\n", command, end)
	s.stdin.Flush()
	var b strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: %v after %s", command, err, b.String())
		}
		rest, found := strings.CutSuffix(line, end+"\n")
		b.WriteString(rest)
		if found {
			return b.String()
		}
	}
}

// shifting is what differs from one run to the next: version, random id seed and
// durations.
var shifting = regexp.MustCompile(`(?m)(antechamber) \S+ on |(id-seed) [0-9]{9,}|(ready in) [0-9]+\.[0-9]ms| +[0-9]+\.[0-9]$`)

// steady returns what is the same in every run.
func steady(s string) string { return shifting.ReplaceAllString(s, "$1$2$3 …") }

// documents are the pages whose blocks are run, and the kinds of blocks that each
// must have. docs/recipes.md has tests of its own.
var documents = map[string][]string{
	"README.md":               {"console server", "console", "go", "go test", "js", "python"},
	"docs/admintest.md":       {"go test", "go of"},
	"docs/cli.md":             {"console"},
	"docs/control-plane.md":   {"console server", "console"},
	"docs/getting-started.md": {"console server", "console", "go", "js"},
	"docs/pull.md":            {"console server", "console"},
	"docs/seeds.md":           {"console", "json seed"},
}

// TestDocuments runs the commands and programs of the documents, in their order,
// and compares what they print with what the page says. Servers listen on other
// ports here, `go run .` is the built binary, and so is antechamber.
func TestDocuments(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the documents' commands need %s, which .ci/run installs: %v", tool, err)
		}
	}
	for file, kinds := range documents {
		t.Run(file, func(t *testing.T) { testDocument(t, filepath.Join("..", file), kinds) })
	}
}

func testDocument(t *testing.T, file string, kinds []string) {
	t.Helper()
	const documented = "http://127.0.0.1:4020"
	blocks, rewrite := blocksOf(t, file)
	got := make([]string, len(blocks))
	ran := map[string]int{}
	sh := newShell(t)
	var srv *server
	start := func(args string) string {
		srv = startAs(t, "", append(strings.Fields(args), "--addr", "127.0.0.1:0")...)
		sh.run("export ANTECHAMBER_URL=" + srv.URL)
		return strings.ReplaceAll(srv.line, srv.URL, documented)
	}
	for i, b := range blocks {
		command, printed, _ := strings.Cut(b.text, "\n")
		kind := b.info
		if of, is := strings.CutPrefix(b.info, "go of "); is {
			kind = "go of"
			quotes(t, filepath.Join("..", of), b.text)
		}
		ran[kind]++
		if kind != "text" { // whose program has set it
			got[i] = b.text
		}
		switch kind {
		case "console server":
			line := start(serverCommand.ReplaceAllString(command, ""))
			if steady(line) == steady(printed) {
				line = printed
			}
			got[i] = command + "\n" + line
		case "console":
			if srv == nil {
				start("--seed contract --id-seed 1")
			}
			got[i] = ""
			for line := range strings.Lines(b.text) {
				if command, is := strings.CutPrefix(line, "$ "); is {
					command = strings.ReplaceAll(strings.TrimSpace(command), documented, srv.URL)
					got[i] += line + strings.ReplaceAll(sh.run(command), srv.URL, documented)
				}
			}
			if steady(got[i]) == steady(b.text) {
				got[i] = b.text
			}
		case "go":
			file := filepath.Join(t.TempDir(), "main.go")
			noError(t, "the program", os.WriteFile(file, []byte(b.text), 0o600))
			got[i+1] = printedBy(t, srv, "go", "run", file)
		case "go test":
			file := filepath.Join(t.TempDir(), "document_test.go")
			noError(t, "the test", os.WriteFile(file, []byte(b.text), 0o600))
			if out, err := exec.Command("go", "test", "-count=1", file).CombinedOutput(); err != nil {
				t.Errorf("the test of %s: %v\n%s", b.text, err, out)
			}
		case "js":
			got[i+1] = blocks[i+1].text
			if os.Getenv(typeScriptSwitch) == "1" {
				installTypeScript(t)
				file := filepath.Join("ts", "node_modules", "document.mjs")
				program := strings.ReplaceAll(b.text, "@anthropic-ai/sdk", "sdk-1.12.0")
				noError(t, "the program", os.WriteFile(file, []byte(program), 0o600))
				got[i+1] = printedBy(t, srv, "node", file)
			}
		case "python":
			got[i+1] = blocks[i+1].text
			if _, err := exec.LookPath("python3"); err == nil { // .ci/run installs it
				got[i+1] = printedBy(t, srv, "python3", "-c", b.text)
			}
		case "json seed":
			file := filepath.Join(t.TempDir(), "seed.json")
			noError(t, "the seed", os.WriteFile(file, []byte(b.text), 0o600))
			if out, err := exec.Command(binary, "validate", file).CombinedOutput(); err != nil {
				t.Errorf("the seed: %v\n%s", err, out)
			}
		case "text": // compared by the program above it
		case "go of": // runs where it is quoted from
		case "hcl", "sh", "json", "console test": // cannot run here
		default:
			t.Errorf("a block of %q: no rule says how to test it", b.info)
		}
	}
	for _, info := range kinds {
		if ran[info] == 0 {
			t.Errorf("no block of %q was run", info)
		}
	}
	if *updating {
		rewrite(got)
		return
	}
	for i, b := range blocks {
		equal(t, "a block of "+b.info, b.text, got[i])
	}
}

// serverCommand is how a command of a document begins that starts a server.
var serverCommand = regexp.MustCompile(`^\$ (go run \.|antechamber)`)

var indentation = regexp.MustCompile(`(?m)^\t+`)

// quotes checks that a file still contains a part of it that a document quotes,
// at whatever indentation. A comment of … marks an omission.
func quotes(t *testing.T, file, part string) {
	t.Helper()
	whole, err := os.ReadFile(file)
	noError(t, "the file", err)
	text := indentation.ReplaceAllString(string(whole), "")
	for part := range strings.SplitSeq(indentation.ReplaceAllString(part, ""), "// …\n") {
		if !strings.Contains(text, part) {
			t.Errorf("%s no longer has this part:\n%s", file, part)
		}
	}
}

// printedBy returns what a program of a document prints when its environment
// points at the server.
func printedBy(t *testing.T, s *server, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "ANTHROPIC_BASE_URL="+s.URL, "ANTHROPIC_API_KEY=sk-ant-admin01-antechamber")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	stuck := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s%s", name, err, out.String(), errs.String())
	}
	return out.String()
}

// withBinary returns a PATH with the built antechamber, and with nginx where Debian
// installs it.
func withBinary() string {
	return "PATH=" + strings.Join([]string{filepath.Dir(binary), os.Getenv("PATH"), "/usr/sbin"}, string(os.PathListSeparator))
}
