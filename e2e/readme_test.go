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

var updating = flag.Bool("update", false, "write what the README's commands print to it")

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
// the next.
type shell struct {
	t     *testing.T
	stdin *bufio.Writer
	out   *bufio.Reader
}

func newShell(t *testing.T, dir string) *shell {
	t.Helper()
	cmd := exec.Command("bash")
	cmd.Dir = dir
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

// run returns what a command prints, and its exit code.
func (s *shell) run(command string) (printed, code string) {
	s.t.Helper()
	const end = "--- the end of it: "
	fmt.Fprintf(s.stdin, "%s\nprintf '%%s%%s\\n' '%s' $?\n", command, end)
	s.stdin.Flush()
	var b strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: %v after %s", command, err, b.String())
		}
		rest, code, found := strings.Cut(line, end)
		b.WriteString(rest)
		if found {
			return b.String(), strings.TrimSpace(code)
		}
	}
}

// What differs from one run to the next.
var shifting = regexp.MustCompile(`(antechamber) \S+ on |(id-seed) [0-9]{9,}|(ready in) [0-9]+\.[0-9]ms`)

// steady returns what stays the same from one run to the next.
func steady(s string) string { return shifting.ReplaceAllString(s, "$1$2$3 …") }

// TestDocuments does what the README and the other pages say, in their order,
// and compares what is printed with what stands there. The servers run on other
// ports here, and `go run .` is the binary.
func TestDocuments(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the README's commands need %s, which .ci/run installs: %v", tool, err)
		}
	}
	for file, kinds := range map[string][]string{
		"README.md":             {"console server", "console", "go", "go test", "js", "json seed"},
		"docs/admintest.md":     {"go test", "go of"},
		"docs/control-plane.md": {"console server", "console"},
	} {
		t.Run(file, func(t *testing.T) { testDocument(t, filepath.Join("..", file), kinds) })
	}
}

func testDocument(t *testing.T, file string, kinds []string) {
	t.Helper()
	const there = "http://127.0.0.1:4020"
	blocks, rewrite := blocksOf(t, file)
	got := make([]string, len(blocks))
	ran := map[string]int{}
	sh := newShell(t, "..")
	var tour *server
	for i, b := range blocks {
		command, printed, _ := strings.Cut(b.text, "\n")
		kind := b.info
		if of, is := strings.CutPrefix(b.info, "go of "); is {
			kind = "go of"
			standsIn(t, filepath.Join("..", of), b.text)
		}
		ran[kind]++
		switch kind {
		case "console server":
			s := startAs(t, "", append(strings.Fields(strings.TrimPrefix(command, "$ go run .")), "--addr", "127.0.0.1:0")...)
			if strings.Contains(command, "contract") {
				tour = s
			}
			line := strings.ReplaceAll(s.line, s.URL, there)
			if steady(line) == steady(printed) {
				line = printed
			}
			got[i] = command + "\n" + line
		case "console":
			for line := range strings.Lines(b.text) {
				if command, is := strings.CutPrefix(line, "$ "); is {
					command = strings.ReplaceAll(strings.TrimSpace(command), there, tour.URL)
					out, code := sh.run(strings.ReplaceAll(command, "go run .", binary))
					got[i] += line + strings.ReplaceAll(out, tour.URL, there)
					if code != "0" && (strings.Contains(line, "go run .") || strings.HasPrefix(line, "$ antechamber ")) {
						got[i] += "exit status " + code + "\n" // says go run
					}
				}
			}
		case "go":
			file := filepath.Join(t.TempDir(), "main.go")
			noError(t, "the program", os.WriteFile(file, []byte(b.text), 0o600))
			got[i], got[i+1] = b.text, printedBy(t, tour, "go", "run", file)
		case "go test":
			file := filepath.Join(t.TempDir(), "document_test.go")
			noError(t, "the test", os.WriteFile(file, []byte(b.text), 0o600))
			if out, err := exec.Command("go", "test", "-count=1", file).CombinedOutput(); err != nil {
				t.Errorf("the test of %s: %v\n%s", b.text, err, out)
			}
			got[i] = b.text
		case "js":
			got[i], got[i+1] = b.text, blocks[i+1].text
			if os.Getenv(typeScriptSwitch) == "1" {
				installTypeScript(t)
				file := filepath.Join("ts", "node_modules", "readme.mjs")
				program := strings.ReplaceAll(b.text, "@anthropic-ai/sdk", "sdk-1.12.0")
				noError(t, "the program", os.WriteFile(file, []byte(program), 0o600))
				got[i+1] = printedBy(t, tour, "node", file)
			}
		case "json seed":
			file := filepath.Join(t.TempDir(), "seed.json")
			noError(t, "the seed", os.WriteFile(file, []byte(b.text), 0o600))
			if out, err := exec.Command(binary, "validate", file).CombinedOutput(); err != nil {
				t.Errorf("the README's seed: %v\n%s", err, out)
			}
			got[i] = b.text
		case "text": // was printed by the program above it
		case "go of": // is run where it stands
			got[i] = b.text
		case "hcl", "sh", "console test", "console docker": // cannot run here
			got[i] = b.text
		default:
			t.Errorf("a block of %q: what is to be done with it?", b.info)
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

var indentation = regexp.MustCompile(`(?m)^\t+`)

// standsIn holds that a part of a file is that part still, wherever it is
// indented to. A comment of … stands for what is left out.
func standsIn(t *testing.T, file, part string) {
	t.Helper()
	whole, err := os.ReadFile(file)
	noError(t, "the file", err)
	text := indentation.ReplaceAllString(string(whole), "")
	for part := range strings.SplitSeq(indentation.ReplaceAllString(part, ""), "// …\n") {
		if !strings.Contains(text, part) {
			t.Errorf("%s has no such part any more:\n%s", file, part)
		}
	}
}

// printedBy returns what a program of the README prints that finds the server.
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
