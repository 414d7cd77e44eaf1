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

var updateDocuments = flag.Bool("update", false, "update the output of commands in the documents")

// block is a fenced code block of a Markdown file.
type block struct {
	info string // the text after the opening fence
	text string // without the fences
}

var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// readBlocks returns the code blocks of a Markdown file, and a function that replaces
// their texts in the file.
func readBlocks(t *testing.T, file string) (blocks []block, rewrite func([]string)) {
	t.Helper()
	raw, err := os.ReadFile(file)
	noError(t, "document", err)
	for _, m := range fence.FindAllSubmatch(raw, -1) {
		blocks = append(blocks, block{string(m[1]), string(m[2])})
	}
	return blocks, func(texts []string) {
		i := -1
		raw = fence.ReplaceAllFunc(raw, func([]byte) []byte {
			i++
			return fmt.Appendf(nil, "```%s\n%s```", blocks[i].info, texts[i])
		})
		noError(t, "document", os.WriteFile(file, raw, 0o644))
	}
}

// shell is a bash process that keeps variables and functions between commands. It runs
// in the root of the repository, with antechamber in its PATH.
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

// run runs a command and returns its output and its exit status, which $? is for the
// next command.
func (s *shell) run(command string) (printed, status string) {
	s.t.Helper()
	const end = "--- exit status "
	fmt.Fprintf(s.stdin, "%s\nstatus=$?; printf '%%s%%s\\n' '%s' $status; (exit $status)\n", command, end)
	s.stdin.Flush()
	var b strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: %v after output %s", command, err, b.String())
		}
		before, status, found := strings.Cut(line, end)
		b.WriteString(before)
		if found {
			return b.String(), strings.TrimSpace(status)
		}
	}
}

// varying matches the parts of an output that differ between runs: version, random id
// seed and durations.
var varying = regexp.MustCompile(`(?m)(antechamber) \S+ on |(id-seed) [0-9]{9,}|(ready in) [0-9]+\.[0-9]ms| {2,}[0-9]+\.[0-9]$`)

// stripVarying replaces the parts of an output that differ between runs.
func stripVarying(s string) string { return varying.ReplaceAllString(s, "$1$2$3 …") }

// documents maps each page whose blocks are run to the kinds of blocks that it must
// have. TestRecipe… test docs/recipes.md.
var documents = map[string][]string{
	"README.md":               {"console server", "console", "go", "go test", "js", "python"},
	"docs/admintest.md":       {"go test", "go of"},
	"docs/cli.md":             {"console"},
	"docs/control-plane.md":   {"console server", "console"},
	"docs/getting-started.md": {"console server", "console", "go", "js"},
	"docs/pull.md":            {"console server", "console"},
	"docs/seeds.md":           {"console", "json seed"},
}

// TestDocuments runs the commands and programs of the documents, in order, and
// compares their output with the page. Servers listen on free ports, and the built
// binary replaces `go run .` and antechamber.
func TestDocuments(t *testing.T) {
	t.Parallel()
	requireTools(t, "bash", "curl")
	for file, kinds := range documents {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			testDocument(t, filepath.Join("..", file), kinds)
		})
	}
}

// goQuick are the flags of nested builds, whose linking would otherwise take most of
// the time. With -race, they find the packages that the tests themselves were built of.
var goQuick = append([]string{"-ldflags=-s -w"}, race...)

func testDocument(t *testing.T, file string, kinds []string) {
	t.Helper()
	const documentedURL = "http://127.0.0.1:4020"
	blocks, rewrite := readBlocks(t, file)
	got := make([]string, len(blocks))
	ran := map[string]int{}
	sh := newShell(t)
	var srv *server
	start := func(args string) string {
		srv = startAs(t, "", append(strings.Fields(args), "--addr", "127.0.0.1:0")...)
		sh.run("export ANTECHAMBER_URL=" + srv.URL)
		return strings.ReplaceAll(srv.line, srv.URL, documentedURL)
	}
	for i, b := range blocks {
		command, printed, _ := strings.Cut(b.text, "\n")
		kind := b.info
		if source, ok := strings.CutPrefix(b.info, "go of "); ok {
			kind = "go of"
			checkQuote(t, filepath.Join("..", source), b.text)
		}
		ran[kind]++
		if kind != "text" { // its program has set it already
			got[i] = b.text
		}
		switch kind {
		case "console server":
			line := start(serverCommand.ReplaceAllString(command, ""))
			if stripVarying(line) == stripVarying(printed) {
				line = printed
			}
			got[i] = command + "\n" + line
		case "console":
			if srv == nil {
				start("--seed contract --id-seed 1")
			}
			got[i] = ""
			failed := "" // a command of ours
			for line := range strings.Lines(b.text) {
				command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
				if !ok {
					continue
				}
				if failed != "" && command != "echo $?" {
					t.Errorf("%s fails, and no echo $? follows", failed)
				}
				printed, status := sh.run(strings.ReplaceAll(command, documentedURL, srv.URL))
				got[i] += line + strings.ReplaceAll(printed, srv.URL, documentedURL)
				failed = ""
				if status != "0" && strings.Contains(command, "antechamber ") {
					failed = command
				}
			}
			if failed != "" {
				t.Errorf("%s fails, and no echo $? follows", failed)
			}
			if stripVarying(got[i]) == stripVarying(b.text) {
				got[i] = b.text
			}
		case "go":
			file := filepath.Join(t.TempDir(), "main.go")
			noError(t, "program", os.WriteFile(file, []byte(b.text), 0o600))
			got[i+1] = runProgram(t, srv, "go", append(append([]string{"run"}, goQuick...), file)...)
		case "go test":
			file := filepath.Join(t.TempDir(), "document_test.go")
			noError(t, "test", os.WriteFile(file, []byte(b.text), 0o600))
			if out, err := exec.Command("go", append(append([]string{"test", "-count=1"}, goQuick...), file)...).CombinedOutput(); err != nil {
				t.Errorf("test: %v\n%s\n%s", err, b.text, out)
			}
		case "js":
			got[i+1] = blocks[i+1].text
			if !everyTypeScript {
				t.Logf("the TypeScript program is not run: set %s=1, as .ci/run does", typeScriptSwitch)
			} else {
				installTypeScript(t)
				file := filepath.Join("ts", "node_modules", filepath.Base(file)+".mjs") // another for each page
				program := strings.ReplaceAll(b.text, "@anthropic-ai/sdk", "sdk-"+sdkNode)
				noError(t, "program", os.WriteFile(file, []byte(program), 0o600))
				got[i+1] = runProgram(t, srv, "node", file)
			}
		case "python":
			got[i+1] = blocks[i+1].text
			if tool := missingTool(t, "python3"); tool != "" {
				t.Logf("the Python program is not run: it needs %s, which .ci/run installs", tool)
			} else {
				got[i+1] = runProgram(t, srv, "python3", "-c", b.text)
			}
		case "json seed":
			file := filepath.Join(t.TempDir(), "seed.json")
			noError(t, "seed", os.WriteFile(file, []byte(b.text), 0o600))
			if out, err := exec.Command(binary, "validate", file).CombinedOutput(); err != nil {
				t.Errorf("validate: %v\n%s", err, out)
			}
		case "text": // compared by the program above it
		case "go of": // runs in the file that it quotes
		case "hcl": // its provider is only on Terraform's registry
			checkHCL(t, b.text)
		case "sh", "console test": // cannot run here
		default:
			t.Errorf("unknown kind of block %q", b.info)
		}
	}
	for _, info := range kinds {
		if ran[info] == 0 {
			t.Errorf("no block of kind %q was run", info)
		}
	}
	if *updateDocuments {
		rewrite(got)
		return
	}
	for i, b := range blocks {
		equal(t, "block of kind "+b.info, b.text, got[i])
	}
}

// serverCommand matches the start of a command that starts a server.
var serverCommand = regexp.MustCompile(`^\$ (go run \.|antechamber)`)

var indentation = regexp.MustCompile(`(?m)^\t+`)

// checkQuote checks that a file still contains what a document quotes from it, at any
// indentation. The comment // … marks an omission.
func checkQuote(t *testing.T, file, part string) {
	t.Helper()
	whole, err := os.ReadFile(file)
	noError(t, "file", err)
	text := indentation.ReplaceAllString(string(whole), "")
	for part := range strings.SplitSeq(indentation.ReplaceAllString(part, ""), "// …\n") {
		if !strings.Contains(text, part) {
			t.Errorf("%s no longer contains this part:\n%s", file, part)
		}
	}
}

// runProgram runs a program of a document with the environment variables of the
// server, and returns its output.
func runProgram(t *testing.T, s *server, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "ANTHROPIC_BASE_URL="+s.URL, "ANTHROPIC_API_KEY=sk-ant-admin01-antechamber")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	timeout := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s%s", name, err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// withBinary returns a PATH with the built antechamber, and with nginx where Debian
// installs it.
func withBinary() string {
	return "PATH=" + strings.Join([]string{filepath.Dir(binary), os.Getenv("PATH"), "/usr/sbin"}, string(os.PathListSeparator))
}
