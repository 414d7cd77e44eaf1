//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"antechamber/seed"
)

// Versions of the libraries that the recipes are compiled against.
const (
	testcontainersGo   = "v0.45.0"
	testcontainersNode = "12.2.0"
	typeScript         = "7.0.2"
	nodeTypes          = "22.20.0"
	sdkNode            = "1.14.0"
)

// recipeTests maps every block of docs/recipes.md to the test that runs it.
var recipeTests = map[string]string{
	"test.sh":                     "TestRecipeTestScript",
	"by-hand":                     "TestRecipeTestScript",
	"image":                       "TestRecipesNameOneImage", // building it needs Docker
	".github/workflows/test.yaml": "TestRecipeGitHubActions",
	"compose.yaml":                "TestRecipeCompose",
	"seed.json":                   "TestRecipeCompose",
	"compose":                     "", // needs Docker
	"antechamber_test.go":         "TestRecipeTestcontainers",
	"antechamber.test.mjs":        "TestRecipeTestcontainers",
	"main.tf":                     "TestRecipeTerraform",
	"terraform":                   "", // needs the provider, from Terraform's registry
	"terraform-destroy":           "TestRecipeTerraform",
	"deleted-invites":             "TestRecipeTerraformDestroy",
	"invites.test.mjs":            "TestRecipeTypeScript",
	"test_invites.py":             "TestRecipePython",
	"workers.sh":                  "TestRecipeParallelWorkers",
	"workers-that-end.sh":         "TestRecipeParallelWorkers",
	"nginx.conf":                  "TestRecipeFleet",
	"fleet.sh":                    "TestRecipeFleet",
}

// recipes returns the blocks of docs/recipes.md, by the name that follows the
// language.
func recipes(t *testing.T) map[string]string {
	t.Helper()
	blocks, _ := readBlocks(t, filepath.Join("..", "docs", "recipes.md"))
	all := map[string]string{}
	for _, b := range blocks {
		_, name, _ := strings.Cut(b.info, " ")
		if _, duplicate := all[name]; duplicate || name == "" {
			t.Fatalf("recipes.md: missing or duplicate name in block %q", b.info)
		}
		all[name] = b.text
	}
	return all
}

// recipe returns one block of docs/recipes.md.
func recipe(t *testing.T, name string) string {
	t.Helper()
	text, ok := recipes(t)[name]
	if !ok {
		t.Fatalf("recipes.md has no block %q", name)
	}
	return text
}

// TestRecipesAreTested rejects a block without a test.
func TestRecipesAreTested(t *testing.T) {
	t.Parallel()
	equal(t, "blocks of recipes.md", slices.Sorted(maps.Keys(recipeTests)), slices.Sorted(maps.Keys(recipes(t))))
}

// requireTools skips the test if a tool is missing. With recipesSwitch it fails the
// test instead.
func requireTools(t *testing.T, tools ...string) {
	t.Helper()
	if tool := missingTool(t, tools...); tool != "" {
		t.Skipf("the test needs %s, which .ci/run installs", tool)
	}
}

// missingTool returns the first tool that is not installed, or "". With recipesSwitch it
// fails the test instead, so that nothing is passed over in CI.
func missingTool(t *testing.T, tools ...string) string {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err == nil || tool == "nginx" && nginxPath() != "" {
			continue
		}
		if everyRecipe {
			t.Fatalf("the test needs %s, which %s=1 makes mandatory", tool, recipesSwitch)
		}
		return tool
	}
	return ""
}

// nginxPath returns the path of nginx, or "". Debian installs it in /usr/sbin, which
// is only in root's PATH.
func nginxPath() string {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// writeRecipes writes blocks of recipes.md to files of the same names in a directory.
func writeRecipes(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		writeFile(t, filepath.Join(dir, name), recipe(t, name))
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	noError(t, "file", os.WriteFile(file, []byte(text), 0o700))
}

// runRecipe runs a command of a recipe and returns its output. Processes that it
// leaves in the background are in the process group.
func runRecipe(t *testing.T, dir string, env []string, name string, args ...string) (output string, group int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := os.CreateTemp(t.TempDir(), "") // not a pipe: background processes would keep it open
	noError(t, "file", err)
	defer out.Close()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), withBinary()), env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = patience
	err = cmd.Run()
	text, readErr := os.ReadFile(out.Name())
	noError(t, "output", readErr)
	if cmd.Process != nil {
		group = cmd.Process.Pid
	}
	return string(text), group, err
}

// mustRun runs a command, which must succeed, and returns its output.
func mustRun(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, _, err := runRecipe(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// instance is a running binary with its own environment, which a test can stop and
// start again. Its first fields are those of the start line, which has only a token
// that the server generated. Token has one from the environment or the flags, too.
type instance struct {
	URL   string `json:"url"`
	Key   string `json:"admin_key"`
	Token string `json:"control_token"`

	t       *testing.T
	http    *http.Client
	cmd     *exec.Cmd
	stderr  bytes.Buffer
	exited  chan struct{}
	exitErr error // valid once exited is closed
	stopped bool  // stop was called
}

// launch runs the binary until the test ends.
func launch(t *testing.T, env []string, args ...string) *instance {
	t.Helper()
	i := &instance{t: t, http: newHTTPClient(t), cmd: exec.Command(binary, append(args, "--log", "json")...), exited: make(chan struct{})}
	i.cmd.Env = append(os.Environ(), env...)
	i.cmd.Stderr = &i.stderr
	stdout, err := i.cmd.StdoutPipe()
	noError(t, "pipe", err)
	noError(t, "antechamber", i.cmd.Start())
	line := make(chan []byte, 1)
	go func() {
		defer close(i.exited)
		r := bufio.NewReader(stdout)
		first, _ := r.ReadBytes('\n')
		line <- first
		_, _ = io.Copy(io.Discard, r)
		i.exitErr = i.cmd.Wait()
	}()
	t.Cleanup(func() { i.stop(syscall.SIGTERM) })
	select {
	case first := <-line:
		if err := json.Unmarshal(first, i); err != nil {
			i.stop(syscall.SIGKILL)
			t.Fatalf("antechamber %s: %v in the start line %q\n%s", strings.Join(args, " "), err, first, i.stderr.String())
		}
	case <-time.After(patience):
		t.Fatalf("antechamber %s printed no start line", strings.Join(args, " "))
	}
	if given := givenToken(env, args); given != "" {
		equal(t, "printed control token, although one was given", "", i.Token)
		i.Token = given
	}
	return i
}

// givenToken returns the control token in environment variables and arguments.
func givenToken(env, args []string) (token string) {
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "ANTECHAMBER_CONTROL_TOKEN="); ok {
			token = value
		}
	}
	if i := slices.Index(args, "--control-token"); i >= 0 {
		token = args[i+1]
	}
	return token
}

// stop sends a signal and waits for the binary to exit.
func (i *instance) stop(signal syscall.Signal) {
	if i.stopped {
		return
	}
	i.stopped = true
	_ = i.cmd.Process.Signal(signal)
	select {
	case <-i.exited:
	case <-time.After(patience):
		i.t.Errorf("the binary did not exit on %v", signal)
		_ = i.cmd.Process.Kill()
		<-i.exited
	}
	if signal == syscall.SIGTERM && i.exitErr != nil {
		i.t.Errorf("the binary exited with %v\n%s", i.exitErr, i.stderr.String())
	}
}

// host returns the host and port of the URL.
func (i *instance) host() string { return strings.TrimPrefix(i.URL, "http://") }

// send sends a request and returns the response. Headers are names and values by
// turns.
func send(t *testing.T, client *http.Client, method, address, body string, headers ...string) (answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	noError(t, "request", err)
	req.Header.Set("anthropic-version", "2023-06-01")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(got)}, err
}

// wantStatus sends a request, checks the status and returns the body.
func wantStatus(t *testing.T, status int, client *http.Client, method, address, body string, headers ...string) string {
	t.Helper()
	got, err := send(t, client, method, address, body, headers...)
	if err != nil {
		t.Errorf("%s %s: %v", method, address, err)
	} else if got.Status != status {
		t.Errorf("%s %s: %d %s, want %d", method, address, got.Status, got.Body, status)
	}
	return got.Body
}

// serveFlags returns the flags and variables in `antechamber serve --help`.
func serveFlags(t *testing.T) []string {
	t.Helper()
	help, err := exec.Command(binary, "serve", "--help").Output()
	noError(t, "serve --help", err)
	return regexp.MustCompile(`--[a-z-]+|ANTECHAMBER_[A-Z_]+`).FindAllString(string(help), -1)
}

// checkFlags fails the test unless every name is a flag or a variable of serve.
func checkFlags(t *testing.T, where string, names ...string) {
	t.Helper()
	all := serveFlags(t)
	for _, name := range names {
		if !slices.Contains(all, name) {
			t.Errorf("%s: %s is not in serve --help", where, name)
		}
	}
}

// environ converts variables to the form of os.Environ.
func environ(m map[string]string) []string {
	var out []string
	for name, value := range m {
		out = append(out, name+"="+value)
	}
	return out
}

// image is what the recipes rely on in the Dockerfile.
type image struct {
	env  []string // with port 0
	port string
}

func readImage(t *testing.T) image {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	noError(t, "Dockerfile", err)
	_, last, _ := strings.Cut(string(raw), "\nFROM scratch\n")
	if last == "" || strings.Contains(last, "\nFROM ") {
		t.Fatal("the image is not based on scratch, so it may have a shell")
	}
	if !regexp.MustCompile(`HEALTHCHECK [^\[]*CMD \["/antechamber"`).MatchString(last) {
		t.Error("the image has no health check in exec form, which needs no shell")
	}
	field := func(pattern string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(last)
		if found == nil {
			t.Fatalf("no %s in the Dockerfile", pattern)
		}
		return found[1]
	}
	i := image{port: field(`(?m)^EXPOSE (\d+)$`)}
	env := field(`(?m)^ENV (.*)$`)
	if !strings.Contains(env, "ANTECHAMBER_ADDR=:"+i.port) {
		t.Errorf("the image does not listen on port %s, which it exposes: %s", i.port, env)
	}
	i.env = strings.Fields(strings.ReplaceAll(env, ":"+i.port, ":0"))
	return i
}

// freePort returns a port that nothing listens on, outside the range of ephemeral
// ports.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(15000 + rand.IntN(17000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// eventually waits until f returns true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: timeout after %v", what, patience)
		}
	}
}

// testScriptOutput is the output of test.sh.
const testScriptOutput = "\"status\":\"pending\"\n\"type\":\"invite.expired\"\n\"status\":\"expired\"\n"

// TestRecipeTestScript runs test.sh with the command that recipes.md has for running
// it by hand.
func TestRecipeTestScript(t *testing.T) {
	t.Parallel()
	requireTools(t, "sh", "curl")
	server, dir := launch(t, nil, "--addr", "127.0.0.1:0"), t.TempDir()
	writeRecipes(t, dir, "test.sh")
	command := strings.ReplaceAll(recipe(t, "by-hand"), "http://127.0.0.1:4020", server.URL)
	equal(t, "output of test.sh", testScriptOutput, mustRun(t, dir, nil, "sh", "-c", command))
	command = strings.ReplaceAll(command, "KEY=sk-ant-admin01-", "KEY=sk-ant-admin01-no-")
	if out, _, err := runRecipe(t, dir, nil, "sh", "-c", command); err == nil {
		t.Errorf("test.sh passes with an unknown key: %s", out)
	}
}

// TestRecipesNameOneImage checks that the page uses one name for the image.
func TestRecipesNameOneImage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "docs", "recipes.md"))
	noError(t, "recipes.md", err)
	names := regexp.MustCompile(`registry\.[\w./:-]*\w`).FindAllString(string(raw), -1)
	slices.Sort(names)
	equal(t, "names of the image", []string{"registry.example.com/team/antechamber:1"}, slices.Compact(names))
}

// githubExpression matches an expression that GitHub replaces by a value.
var githubExpression = regexp.MustCompile(`\$\{\{ *([^ }]+) *\}\}`)

// TestRecipeGitHubActions does what a runner does with the workflow: it starts the
// service, which is the binary here, and runs the steps of each job with its
// environment. It imitates the actions (uses).
func TestRecipeGitHubActions(t *testing.T) {
	t.Parallel()
	requireTools(t, "bash", "curl")
	var workflow struct {
		Jobs map[string]struct {
			Services map[string]struct {
				Image       string
				Options     string
				Ports       []string
				Env         map[string]string
				Credentials map[string]string
			}
			Env   map[string]string
			Steps []struct {
				Uses, Run, If string
				With          map[string]string
			}
		}
	}
	text := githubExpression.ReplaceAllStringFunc(recipe(t, ".github/workflows/test.yaml"), func(s string) string {
		values := map[string]string{
			"github.run_id": "4711", "github.run_attempt": "2", "vars.REGISTRY_USER": "user", "secrets.REGISTRY_PASSWORD": "secret",
		}
		value, ok := values[githubExpression.FindStringSubmatch(s)[1]]
		if !ok {
			t.Errorf("the test has no value for %s in the workflow", s)
		}
		return value
	})
	noError(t, "workflow", yaml.Load([]byte(text), &workflow, yaml.WithKnownFields(false)))
	equal(t, "jobs", []string{"with-a-container", "without-a-container"}, slices.Sorted(maps.Keys(workflow.Jobs)))
	for name, job := range workflow.Jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, dir := maps.Clone(job.Env), t.TempDir()
			writeRecipes(t, dir, "test.sh")
			env["RUNNER_TEMP"] = t.TempDir()
			jobServer := "" // URL of a server that the job starts itself
			for service, s := range job.Services {
				image := readImage(t)
				checkFlags(t, "service "+service, slices.Collect(maps.Keys(s.Env))...)
				equal(t, "ports", []string{image.port + ":" + image.port}, s.Ports)
				equal(t, "address of the service", "http://127.0.0.1:"+image.port, env["ANTHROPIC_BASE_URL"])
				if strings.Contains(s.Options, "health") {
					t.Errorf("options %q: a health check in options needs a shell, which the image does not have", s.Options)
				}
				server := launch(t, append(image.env, environ(s.Env)...))
				wantStatus(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/_emulate", "", "authorization", "Bearer "+env["ANTECHAMBER_CONTROL_TOKEN"])
				wantStatus(t, http.StatusUnauthorized, server.http, http.MethodGet, server.URL+"/_emulate/clock", "")
				env["ANTHROPIC_BASE_URL"] = server.URL
			}
			if job.Services == nil {
				for variable := range env {
					if strings.HasPrefix(variable, "ANTECHAMBER_") {
						checkFlags(t, "job "+name, variable)
					}
				}
				addr := "127.0.0.1:" + freePort(t)
				for variable, value := range env {
					env[variable] = strings.ReplaceAll(value, "127.0.0.1:4020", addr)
				}
				jobServer = "http://" + addr
			}
			output := ""
			for _, step := range job.Steps {
				switch {
				case step.Run == "" && strings.HasPrefix(step.Uses, "actions/"):
					if path := step.With["path"]; path != "" { // check out this repository
						root, err := filepath.Abs("..")
						noError(t, "repository", err)
						noError(t, "repository", os.Symlink(root, filepath.Join(dir, path)))
					}
					if file := step.With["go-version-file"]; file != "" {
						_, err := os.Stat(filepath.Join(dir, file))
						noError(t, "go-version-file", err)
					}
				case step.Run != "" && step.Uses == "":
					file := filepath.Join(t.TempDir(), "step.sh")
					writeFile(t, file, step.Run)
					out, group, err := runRecipe(t, dir, append(environ(env), "GOFLAGS=-buildvcs=false"), "bash", "-e", file)
					if strings.Contains(step.Run, " &\n") { // it stays in the background until the job ends
						defer func() {
							_ = syscall.Kill(-group, syscall.SIGTERM)
							eventually(t, "stop the job's server", func() bool {
								_, err := send(t, &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}, http.MethodGet, jobServer+"/livez", "")
								return err != nil
							})
						}()
					}
					if err != nil {
						t.Fatalf("step %q of job %s: %v\n%s", step.Run, name, err, out)
					}
					if step.If == "" {
						output += out
					}
				default:
					t.Errorf("the test cannot run this step: %+v", step)
				}
			}
			equal(t, "output of the steps", testScriptOutput, output)
		})
	}
}

// TestRecipeCompose starts the service, which is the binary here, with the arguments
// and environment of the compose file, and then runs the application's command. Nothing
// runs in a container.
func TestRecipeCompose(t *testing.T) {
	t.Parallel()
	requireTools(t, "sh", "curl")
	var file struct {
		Services map[string]struct {
			Image       string
			Build       string
			Command     any
			Environment map[string]string
			Volumes     []string
			Healthcheck any
			DependsOn   map[string]map[string]string `yaml:"depends_on"`
			ReadOnly    bool                         `yaml:"read_only"`
			CapDrop     []string                     `yaml:"cap_drop"`
			SecurityOpt []string                     `yaml:"security_opt"`
		}
	}
	noError(t, "compose.yaml", yaml.Load([]byte(recipe(t, "compose.yaml")), &file, yaml.WithKnownFields()))
	dir, image := t.TempDir(), readImage(t)
	writeRecipes(t, dir, "compose.yaml", "seed.json", "test.sh")
	service, app := file.Services["antechamber"], file.Services["app"]
	if service.Healthcheck != nil {
		t.Error("the service overrides the health check of the image")
	}
	equal(t, "condition", map[string]map[string]string{"antechamber": {"condition": "service_healthy"}}, app.DependsOn)

	var args []string
	for _, arg := range service.Command.([]any) {
		args = append(args, arg.(string))
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, "--") {
			checkFlags(t, "service antechamber", arg)
		}
	}
	checkFlags(t, "service antechamber", slices.Collect(maps.Keys(service.Environment))...)
	for _, volume := range service.Volumes {
		parts := strings.Split(volume, ":")
		at := slices.Index(args, parts[1])
		if len(parts) != 3 || at < 0 {
			t.Fatalf("the arguments %q do not use the volume %q", args, volume)
		}
		args[at] = filepath.Join(dir, parts[0])
	}
	server := launch(t, append(image.env, environ(service.Environment)...), args...)
	wantStatus(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/_emulate", "", "authorization", "Bearer "+app.Environment["ANTECHAMBER_CONTROL_TOKEN"])
	equal(t, "address for the application", "http://antechamber:"+image.port, app.Environment["ANTHROPIC_BASE_URL"])
	app.Environment["ANTHROPIC_BASE_URL"] = server.URL
	got := mustRun(t, dir, environ(app.Environment), app.Command.(string))
	equal(t, "output of the application", testScriptOutput, got)
	me := wantStatus(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/v1/organizations/me", "", "x-api-key", app.Environment["ANTHROPIC_API_KEY"])
	if !strings.Contains(me, `"name":"Acme Corporation"`) {
		t.Errorf("organization: %s, want the one of seed.json", me)
	}

	checkCompose(t, filepath.Join(dir, "compose.yaml"))
}

// TestRecipeTestcontainers checks the path, port and status that the recipes wait for
// against the binary and, with recipesSwitch, compiles the recipes. It does not run
// them, which needs a Docker daemon.
func TestRecipeTestcontainers(t *testing.T) {
	t.Parallel()
	goTest, jsTest := recipe(t, "antechamber_test.go"), recipe(t, "antechamber.test.mjs")
	image := readImage(t)
	for name, r := range map[string]struct{ text, path, port, status string }{
		"antechamber_test.go":  {goTest, `ForHTTP\("([^"]+)"\)`, `WithPort\("(\d+)/tcp"\)`, `status == (http\.StatusOK)\b`},
		"antechamber.test.mjs": {jsTest, `forHttp\("([^"]+)",`, `forHttp\("[^"]+", (\d+)\)`, `forStatusCode\((200)\)`},
	} {
		find := func(what, pattern string) string {
			m := regexp.MustCompile(pattern).FindStringSubmatch(r.text)
			if m == nil {
				t.Fatalf("%s does not wait for a %s", name, what)
			}
			return m[1]
		}
		checkFlags(t, name, regexp.MustCompile(`ANTECHAMBER_[A-Z_]+`).FindAllString(r.text, -1)...)
		equal(t, "port that "+name+" waits for", image.port, find("port", r.port))
		find("status", r.status)
		server := launch(t, append(image.env, "ANTECHAMBER_UNKNOWN_KEYS=fork", "ANTECHAMBER_CONTROL_TOKEN=only-for-tests"))
		wantStatus(t, http.StatusOK, server.http, http.MethodGet, server.URL+find("path", r.path), "")
	}
	if !everyRecipe {
		t.Logf("not compiled: set %s=1 to download the libraries and compile the recipes", recipesSwitch)
		return
	}

	sdk, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/anthropics/anthropic-sdk-go/v2").Output()
	noError(t, "version of the SDK", err)
	dir := t.TempDir()
	writeRecipes(t, dir, "antechamber_test.go")
	mustRun(t, dir, nil, "go", "mod", "init", "yours")
	mustRun(t, dir, nil, "go", "get", "github.com/testcontainers/testcontainers-go@"+testcontainersGo,
		"github.com/anthropics/anthropic-sdk-go/v2@"+strings.TrimSpace(string(sdk)))
	mustRun(t, dir, nil, "go", "vet", "./...")

	requireTools(t, "npm", "node")
	dir = t.TempDir()
	writeRecipes(t, dir, "antechamber.test.mjs", "invites.test.mjs")
	writeFile(t, filepath.Join(dir, "package.json"), `{"private": true}`)
	mustRun(t, dir, nil, "npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", "testcontainers@"+testcontainersNode,
		"@anthropic-ai/sdk@"+sdkNode, "typescript@"+typeScript, "@types/node@"+nodeTypes)
	mustRun(t, dir, nil, filepath.Join("node_modules", ".bin", "tsc"), "--noEmit", "--allowJs", "--checkJs", "--noImplicitAny", "false",
		"--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node", "antechamber.test.mjs", "invites.test.mjs")
}

// TestRecipeTerraform checks the variables, and the syntax and format of the
// configuration. Everything else needs the provider, which only Terraform's registry
// has.
func TestRecipeTerraform(t *testing.T) {
	t.Parallel()
	env := recipe(t, "terraform")
	for _, variable := range []string{"ANTHROPIC_BASE_URL=http://127.0.0.1:4020 ", "ANTHROPIC_API_KEY=sk-ant-admin01-antechamber\n"} {
		if !strings.Contains(env, variable) {
			t.Errorf("the commands do not set %q, a default of antechamber", variable)
		}
	}
	checkHCL(t, recipe(t, "main.tf"))
	resource, found := strings.CutPrefix(strings.SplitN(recipe(t, "terraform-destroy"), "\n", 2)[0], "terraform state rm anthropic_organization_invite.")
	if !found || !strings.Contains(recipe(t, "main.tf"), `resource "anthropic_organization_invite" "`+resource+`"`) {
		t.Errorf("the commands remove a resource from the state that main.tf does not have")
	}
}

// TestRecipeTerraformDestroy checks what the recipe says about destroying, with the
// requests of a provider.
func TestRecipeTerraformDestroy(t *testing.T) {
	t.Parallel()
	requireTools(t, "curl")
	srv := start(t, "--seed", "demo", "--clock", frozen)
	admin := func(method, path, body string, want int) string {
		t.Helper()
		got := srv.raw(t, method, path, body)
		equal(t, method+" "+path, want, got.Status)
		return got.Body
	}
	create := func(path, body string) string {
		t.Helper()
		var created struct{ ID string }
		decode(t, admin(http.MethodPost, path, body, http.StatusOK), &created)
		return created.ID
	}
	invite := func(name string) string {
		return "/v1/organizations/invites/" + create("/v1/organizations/invites", `{"email":"`+name+`@example.com","role":"user"}`)
	}
	accepted, expired := invite("accepted"), invite("expired")
	admin(http.MethodPost, strings.Replace(accepted, "/v1/organizations", "/_emulate", 1)+"/accept", "{}", http.StatusOK)
	admin(http.MethodPost, "/_emulate/clock", `{"advance":"21d"}`, http.StatusOK)
	admin(http.MethodDelete, accepted, "", http.StatusBadRequest)
	admin(http.MethodDelete, expired, "", http.StatusBadRequest)

	user := create("/_emulate/users", `{"email":"member@example.com","role":"user"}`)
	member := func(workspace string) string {
		admin(http.MethodPost, workspace+"/members", `{"user_id":"`+user+`","workspace_role":"workspace_user"}`, http.StatusOK)
		return workspace + "/members/" + user
	}
	workspace := "/v1/organizations/workspaces/" + create("/v1/organizations/workspaces", `{"name":"Platform"}`)
	admin(http.MethodDelete, member(workspace), "", http.StatusOK)
	remaining := member(workspace)
	admin(http.MethodPost, workspace+"/archive", "", http.StatusOK)
	admin(http.MethodDelete, remaining, "", http.StatusBadRequest)

	deleted := invite("deleted")
	admin(http.MethodDelete, deleted, "", http.StatusOK)
	admin(http.MethodGet, deleted, "", http.StatusOK)
	mustRun(t, t.TempDir(), nil, "sh", "-c", strings.ReplaceAll(recipe(t, "deleted-invites"), "http://127.0.0.1:4020", srv.URL))
	admin(http.MethodGet, deleted, "", http.StatusNotFound)
}

// TestRecipeTypeScript runs invites.test.mjs with the official SDK.
func TestRecipeTypeScript(t *testing.T) {
	if !everyTypeScript {
		t.Skipf("set %s=1 to run the recipe with the TypeScript SDK; it needs Node 20 or newer and npm", typeScriptSwitch)
	}
	t.Parallel()
	installTypeScript(t)
	file := filepath.Join("ts", "node_modules", "recipe.test.mjs")
	writeFile(t, file, strings.ReplaceAll(recipe(t, "invites.test.mjs"), `"@anthropic-ai/sdk"`, `"sdk-`+sdkNode+`"`))
	token := "only-for-tests"
	for name, server := range map[string]*instance{
		"process":   launch(t, nil, "--addr", "127.0.0.1:0", "--unknown-keys", "fork"),
		"container": launch(t, append(readImage(t).env, "ANTECHAMBER_CONTROL_TOKEN="+token), "--unknown-keys", "fork"),
	} {
		env := []string{"ANTHROPIC_BASE_URL=" + server.URL, "ANTECHAMBER_CONTROL_TOKEN=" + server.Token}
		for range 2 { // each run invents its own key
			out := mustRun(t, ".", env, "node", "--test-reporter=tap", file)
			if !strings.Contains(out, "# pass 2\n") || !strings.Contains(out, "# fail 0\n") {
				t.Errorf("%s: want two passing tests:\n%s", name, out)
			}
		}
	}
}

// TestRecipePython runs test_invites.py, which starts the binary itself.
func TestRecipePython(t *testing.T) {
	t.Parallel()
	requireTools(t, "python3")
	dir := t.TempDir()
	writeRecipes(t, dir, "test_invites.py")
	out := mustRun(t, dir, nil, "python3", "-X", "dev", "-m", "unittest", "--verbose")
	if !strings.Contains(out, "\nRan 4 tests in ") || !strings.Contains(out, "\nOK\n") || strings.Contains(out, "Warning") {
		t.Errorf("want four passing tests and no warning:\n%s", out)
	}
}

// listOrganizations returns the admin key of every organization, of at most 1,000, and
// the time at which it expires.
func listOrganizations(t *testing.T, server *instance) map[string]string {
	t.Helper()
	all := map[string]string{}
	for next := new("/_emulate/organizations?limit=1000"); next != nil; {
		var list struct {
			Data []struct {
				AdminKey  string `json:"admin_key"`
				ExpiresAt string `json:"expires_at"`
			}
			NextPage *string `json:"next_page"`
		}
		decode(t, wantStatus(t, http.StatusOK, server.http, http.MethodGet, server.URL+*next, "", "authorization", "Bearer "+server.Token), &list)
		for _, o := range list.Data {
			all[o.AdminKey] = o.ExpiresAt
		}
		if next = list.NextPage; next != nil {
			next = new("/_emulate/organizations?limit=1000&page=" + url.QueryEscape(*next))
		}
	}
	return all
}

// TestRecipeParallelWorkers runs eight workers in parallel and checks the
// organizations that they leave.
func TestRecipeParallelWorkers(t *testing.T) {
	t.Parallel()
	requireTools(t, "bash", "curl", "xargs", "seq")
	for name, args := range map[string][]string{
		"workers.sh":          {"--unknown-keys", "fork"},
		"workers-that-end.sh": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, dir := launch(t, readImage(t).env, append(args, "--control-token", "only-for-tests")...), t.TempDir()
			writeRecipes(t, dir, "test.sh", name)
			env := []string{"ANTHROPIC_BASE_URL=" + server.URL, "CI_JOB_ID=4711", "ANTECHAMBER_CONTROL_TOKEN=" + server.Token}
			out := mustRun(t, dir, env, "./"+name)
			equal(t, "workers that passed", 8, strings.Count(out, `"status":"expired"`))
			all := listOrganizations(t, server)
			if _, found := all[server.Key]; len(all) != 9 || !found {
				t.Errorf("organizations: %v, want eight and that of %s", all, server.Key)
			}
			for key, expiresAt := range all {
				var found struct{ Data []struct{ Status string } }
				decode(t, wantStatus(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/v1/organizations/invites?email=ada@example.com", "", "x-api-key", key), &found)
				switch {
				case key == server.Key:
					equal(t, "invites of the first organization", 0, len(found.Data))
				case len(found.Data) != 1 || found.Data[0].Status != "expired":
					t.Errorf("invites of the worker with %s: %+v, want one, expired", key, found.Data)
				default:
					equal(t, "expires", name == "workers-that-end.sh", expiresAt != "")
				}
			}
		})
	}
}

// fleet is nginx in front of several processes.
type fleet struct {
	t       *testing.T
	URL     string
	dir     string
	conf    string // nginx.conf with the addresses of this run
	http    *http.Client
	servers []*instance
	nginx   *exec.Cmd
	log     string // path of the log of nginx
}

// fleetPorts are the ports in recipes.md: of nginx, then of the processes.
var fleetPorts = []string{"4020", "4021", "4022", "4023"}

// startNginx runs nginx with the configuration of recipes.md until the test ends.
// nginx inherits its listening socket, so no other process can take the port.
func startNginx(t *testing.T, servers []*instance) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), conf: recipe(t, "nginx.conf"), http: newHTTPClient(t), servers: servers}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	noError(t, "listener", err)
	socket, err := listener.File()
	noError(t, "listener", err)
	defer socket.Close()
	host := listener.Addr().String()
	noError(t, "listener", listener.Close())
	f.URL = "http://" + host
	for i, port := range fleetPorts {
		addr := host
		if i > 0 {
			addr = servers[i-1].host()
		}
		if strings.Count(f.conf, "127.0.0.1:"+port) != 1 {
			t.Fatalf("nginx.conf does not have 127.0.0.1:%s exactly once", port)
		}
		f.conf = strings.ReplaceAll(f.conf, "127.0.0.1:"+port, addr)
	}
	// At this level nginx logs when workers start and exit.
	f.conf = strings.Replace(f.conf, "error_log stderr;", "error_log stderr notice;", 1)
	writeFile(t, filepath.Join(f.dir, "nginx.conf"), f.conf)

	log, err := os.Create(filepath.Join(f.dir, "log"))
	noError(t, "log", err)
	defer log.Close()
	f.log = log.Name()
	f.nginx = exec.Command(nginxPath(), "-p", f.dir, "-c", "nginx.conf", "-e", "stderr")
	if os.Geteuid() == 0 { // otherwise its workers run as a user who cannot read the directory
		f.nginx.Args = append(f.nginx.Args, "-g", "user root;")
	}
	f.nginx.Env = append(os.Environ(), "NGINX=3;")
	f.nginx.ExtraFiles = []*os.File{socket}
	f.nginx.Stdout, f.nginx.Stderr = log, log
	noError(t, "nginx", f.nginx.Start())
	// Start made the socket blocking, and nginx does not change that.
	noError(t, "socket", syscall.SetNonblock(int(socket.Fd()), true))
	exited := make(chan error, 1)
	go func() { exited <- f.nginx.Wait() }()
	t.Cleanup(func() {
		_ = f.nginx.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("nginx exited with %v", err)
			}
		case <-time.After(patience):
			t.Error("nginx did not exit on SIGTERM")
			_ = syscall.Kill(f.nginx.Process.Pid, syscall.SIGKILL)
			<-exited
		}
		if t.Failed() {
			log, _ := os.ReadFile(f.log)
			t.Logf("log of nginx:\n%s", log)
		}
	})
	eventually(t, "nginx", func() bool {
		got, err := send(t, f.http, http.MethodGet, f.URL+"/readyz", "")
		return err == nil && got.Status == http.StatusOK
	})
	return f
}

// reload makes nginx read another configuration, and waits until every worker with
// the old one has exited.
func (f *fleet) reload(conf string) {
	f.t.Helper()
	workers := func(pattern string) []string {
		log, err := os.ReadFile(f.log)
		noError(f.t, "log", err)
		var pids []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(log), -1) {
			pids = append(pids, m[1])
		}
		return pids
	}
	old := workers(`start worker process (\d+)`)
	if len(old) == 0 {
		f.t.Fatal("nginx logged no worker")
	}
	writeFile(f.t, filepath.Join(f.dir, "nginx.conf"), conf)
	pid, err := os.ReadFile(filepath.Join(f.dir, "nginx.pid"))
	noError(f.t, "nginx.pid", err)
	equal(f.t, "nginx.pid", strconv.Itoa(f.nginx.Process.Pid), strings.TrimSpace(string(pid)))
	noError(f.t, "reload", f.nginx.Process.Signal(syscall.SIGHUP))
	eventually(f.t, "reload of nginx", func() bool {
		f.http.CloseIdleConnections() // a worker waits for a connection that has sent nothing
		exited := workers(`worker process (\d+) exited with code 0`)
		return !slices.ContainsFunc(old, func(pid string) bool { return !slices.Contains(exited, pid) })
	})
}

// keyHeaders returns the header that sends a key, as x-api-key or as a Bearer token.
func keyHeaders(key string, bearer bool) []string {
	if bearer {
		return []string{"authorization", "Bearer " + key}
	}
	return []string{"x-api-key", key}
}

// forEachKey calls f with every key, from 16 goroutines.
func forEachKey(keys []string, f func(i int, key string)) {
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := worker; i < len(keys); i += 16 {
				f(i, keys[i])
			}
		})
	}
	wg.Wait()
}

// owners returns, for each key, the index of the process that has its organization.
// It skips stopped processes.
func (f *fleet) owners(keys []string) map[string]int {
	f.t.Helper()
	found := map[string][]int{}
	for i, s := range f.servers {
		if s.stopped {
			continue
		}
		for key := range listOrganizations(f.t, s) {
			found[key] = append(found[key], i)
		}
	}
	out := map[string]int{}
	for _, key := range keys {
		if len(found[key]) != 1 {
			f.t.Errorf("the processes %v have an organization for %s, want one process", found[key], key)
			continue
		}
		out[key] = found[key][0]
	}
	return out
}

// hasWorkspace reports whether the organization of a key has the workspace named
// after the key. It must not have one named after another key.
func (f *fleet) hasWorkspace(key string, bearer bool) bool {
	f.t.Helper()
	names := regexp.MustCompile(`"name":"(key-[^"]*)"`).FindAllStringSubmatch(
		wantStatus(f.t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/workspaces?limit=1000", "", keyHeaders(key, bearer)...), -1)
	for _, name := range names {
		if name[1] != workspaceName(key) {
			f.t.Errorf("%s has the workspace %s", key, name[1])
		}
	}
	return len(names) > 0
}

// workspaceName returns the name of the workspace that createWorkspaces creates.
func workspaceName(key string) string { return "key-" + strings.TrimPrefix(key, "sk-ant-admin01-") }

// TestRecipeFleet runs three processes behind a real nginx.
func TestRecipeFleet(t *testing.T) {
	if size := fmt.Sprintf("client_max_body_size %dm;", seed.MaxBytes>>20); !strings.Contains(recipe(t, "nginx.conf"), size) {
		t.Errorf("nginx.conf has no %s, the largest state that can be imported", size)
	}
	t.Parallel()
	requireTools(t, "bash", "nginx")
	line := regexp.MustCompile(`antechamber --addr "[^"]*" (.*) &\n`).FindStringSubmatch(recipe(t, "fleet.sh"))
	if line == nil {
		t.Fatal("fleet.sh does not start antechamber")
	}
	args := strings.Fields(line[1])
	for i := 0; i < len(args); i += 2 {
		checkFlags(t, "fleet.sh", args[i])
	}
	t.Run("script", func(t *testing.T) {
		t.Parallel()
		testFleetScript(t)
	})
	t.Run("routing", func(t *testing.T) {
		t.Parallel()
		testFleetRouting(t, args)
	})
	t.Run("control plane", func(t *testing.T) {
		t.Parallel()
		testFleetControl(t, args)
	})
	t.Run("process stops", func(t *testing.T) {
		t.Parallel()
		testFleetProcessStops(t, args)
	})
}

// launchThree starts the three processes of a fleet.
func launchThree(t *testing.T, args []string) []*instance {
	t.Helper()
	var servers []*instance
	for range 3 {
		servers = append(servers, launch(t, nil, append([]string{"--addr", "127.0.0.1:0"}, args...)...))
	}
	return servers
}

// testFleetScript runs fleet.sh on other ports and stops it.
func testFleetScript(t *testing.T) {
	dir, client := t.TempDir(), newHTTPClient(t)
	conf, text := recipe(t, "nginx.conf"), recipe(t, "fleet.sh")
	front := ""
	for _, port := range fleetPorts {
		free := freePort(t)
		if front == "" {
			front = "http://127.0.0.1:" + free
		}
		conf, text = strings.ReplaceAll(conf, port, free), strings.ReplaceAll(text, port, free)
	}
	writeFile(t, filepath.Join(dir, "nginx.conf"), conf)
	writeFile(t, filepath.Join(dir, "fleet.sh"), text)
	out, err := os.Create(filepath.Join(dir, "output"))
	noError(t, "file", err)
	defer out.Close()
	cmd := exec.Command("bash", "fleet.sh")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), withBinary())
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	noError(t, "fleet.sh", cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-exited
		}
	})
	output := func() string {
		text, err := os.ReadFile(out.Name())
		noError(t, "output", err)
		return string(text)
	}
	eventually(t, "fleet.sh", func() bool { return strings.Contains(output(), "\nready\n") })
	for key := range 6 {
		wantStatus(t, http.StatusOK, client, http.MethodGet, front+"/v1/organizations/me", "", "x-api-key", fmt.Sprintf("sk-ant-admin01-%d", key))
	}
	noError(t, "SIGTERM", cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-exited:
		stopped = true
	case <-time.After(patience):
		t.Fatalf("fleet.sh did not exit on SIGTERM:\n%s", output())
	}
	// It waits for its children, so nginx is gone, too.
	if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(front, "http://"), patience); err == nil {
		conn.Close()
		t.Errorf("fleet.sh exited, but nginx still listens:\n%s", output())
	}
	if n := strings.Count(output(), "level=INFO msg=stopping"); n != 3 {
		t.Errorf("fleet.sh stopped %d processes, want 3:\n%s", n, output())
	}
}

// newKeys returns n admin keys.
func newKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("sk-ant-admin01-fleet-%d-%x", i, rand.Uint64())
	}
	return keys
}

// createWorkspaces creates the workspace of each key and reads it back with the key
// in the other header.
func (f *fleet) createWorkspaces(keys []string) {
	f.t.Helper()
	forEachKey(keys, func(i int, key string) {
		wantStatus(f.t, http.StatusOK, f.http, http.MethodPost, f.URL+"/v1/organizations/workspaces", `{"name": "`+workspaceName(key)+`"}`, keyHeaders(key, i%2 == 0)...)
		if !f.hasWorkspace(key, i%2 != 0) {
			f.t.Errorf("%s does not have the workspace that it created", key)
		}
	})
}

// checkShares fails the test unless every process has about its share of the keys.
func checkShares(t *testing.T, owners map[string]int, processes int) {
	t.Helper()
	counts := map[int]int{}
	for _, i := range owners {
		counts[i]++
	}
	t.Logf("keys of each process: %v", counts)
	for i := range processes {
		if share := float64(counts[i]) * float64(processes) / float64(len(owners)); share < 0.5 || share > 1.6 {
			t.Errorf("process %d has %d of %d keys", i, counts[i], len(owners))
		}
	}
}

// testFleetRouting sends many keys, each in both headers, in parallel.
func testFleetRouting(t *testing.T, args []string) {
	f := startNginx(t, launchThree(t, args))
	keys := newKeys(240)
	f.createWorkspaces(keys)
	owners := f.owners(keys)
	checkShares(t, owners, 3)
	forEachKey(keys, func(_ int, key string) {
		// Precedence and spelling are as in the API.
		for _, headers := range [][]string{
			{"x-api-key", key, "authorization", "Bearer sk-ant-admin01-somebody-else"},
			{"authorization", "bearer   " + key},
		} {
			got := wantStatus(t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/workspaces?limit=1000", "", headers...)
			if !strings.Contains(got, workspaceName(key)) {
				t.Errorf("%v reached another organization", headers)
			}
		}
	})
	// A new organization is the same on every process.
	var bodies []string
	for _, s := range f.servers {
		bodies = append(bodies, wantStatus(t, http.StatusOK, s.http, http.MethodPost, s.URL+"/v1/organizations/workspaces", `{"name": "Anywhere"}`, "x-api-key", "sk-ant-admin01-anywhere"))
	}
	slices.Sort(bodies)
	equal(t, "distinct responses of three processes to one key", 1, len(slices.Compact(bodies)))
	// Antechamber checks the size of a body, so its error has the API's envelope.
	for _, size := range []int{1 << 20, 8 << 20} {
		got := wantStatus(t, http.StatusRequestEntityTooLarge, f.http, http.MethodPost, f.URL+"/v1/organizations/workspaces", strings.Repeat(" ", size)+`{"name": "Large"}`, "x-api-key", keys[0])
		if !strings.Contains(got, `"request_too_large"`) {
			t.Errorf("a body of more than %d bytes: %s", size, got)
		}
	}
	// A request without a key reaches a process as well.
	wantStatus(t, http.StatusUnauthorized, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "")

	// A fourth process takes over its share, and no other key moves.
	last := "server " + f.servers[2].host() + " max_fails=0;"
	if strings.Count(f.conf, last) != 1 {
		t.Fatalf("nginx.conf has no line %q", last)
	}
	fourth := launch(t, nil, append([]string{"--addr", "127.0.0.1:0"}, args...)...)
	f.reload(strings.Replace(f.conf, last, last+" server "+fourth.host()+" max_fails=0;", 1))
	var lost sync.Map
	forEachKey(keys, func(i int, key string) {
		if !f.hasWorkspace(key, i%2 == 0) {
			lost.Store(key, true)
		}
	})
	moved := 0
	onFourth := listOrganizations(t, fourth)
	for _, key := range keys {
		_, isLost := lost.Load(key)
		_, hasMoved := onFourth[key]
		if isLost != hasMoved {
			t.Errorf("%s: lost its state: %v, moved to the new process: %v", key, isLost, hasMoved)
		}
		if hasMoved {
			moved++
		}
	}
	t.Logf("keys that moved to a fourth process: %d of %d", moved, len(keys))
	if share := float64(moved) / float64(len(keys)); share < 0.1 || share > 0.42 {
		t.Errorf("%d of %d keys moved to a fourth process, want about a quarter", moved, len(keys))
	}
}

// testFleetControl calls the control plane and follows the journal with one key of
// each process.
func testFleetControl(t *testing.T, args []string) {
	f := startNginx(t, launchThree(t, args))
	keys := newKeys(40)
	f.createWorkspaces(keys)
	owners := f.owners(keys)
	for process := range f.servers {
		key := keys[slices.IndexFunc(keys, func(key string) bool { return owners[key] == process })]
		emulate := func(status int, method, path, body string, bearer bool) string {
			return wantStatus(t, status, f.http, method, f.URL+"/_emulate/"+path, body, keyHeaders(key, bearer)...)
		}
		before := emulate(http.StatusOK, http.MethodGet, "clock", "", false)
		after := emulate(http.StatusOK, http.MethodPost, "clock", `{"advance": "1h"}`, true)
		if !strings.Contains(before, "T00:00:00") || !strings.Contains(after, "T01:00:00") {
			t.Errorf("clock after advancing %s by an hour: %s", before, after)
		}
		f.watch(key)

		// nginx passes on what a fault does to a connection.
		list, create := f.URL+"/v1/organizations/users", f.URL+"/v1/organizations/workspaces"
		emulate(http.StatusOK, http.MethodPost, "faults", `{"match": {"operation": "listOrganizationMembers"}, "action": {"type": "drop"}}`, false)
		if got, err := send(t, f.http, http.MethodGet, list, "", keyHeaders(key, false)...); !errors.Is(err, io.EOF) {
			t.Errorf("drop: %v %+v, want a closed connection", err, got)
		}
		emulate(http.StatusOK, http.MethodPost, "faults", `{"match": {"operation": "createWorkspace"}, "action": {"type": "drop_after_commit"}}`, true)
		if got, err := send(t, f.http, http.MethodPost, create, `{"name": "Twice?"}`, keyHeaders(key, true)...); !errors.Is(err, io.EOF) {
			t.Errorf("drop_after_commit: %v %+v, want a closed connection", err, got)
		}
		if n := strings.Count(wantStatus(t, http.StatusOK, f.http, http.MethodGet, create+"?limit=1000", "", keyHeaders(key, false)...), "Twice?"); n != 1 {
			t.Errorf("drop_after_commit: created %d workspaces, want 1", n)
		}
		emulate(http.StatusOK, http.MethodPost, "faults", `{"match": {"operation": "listWorkspaces"}, "action": {"type": "truncate", "bytes": 20}}`, false)
		if got, err := send(t, f.http, http.MethodGet, create, "", keyHeaders(key, true)...); !errors.Is(err, io.ErrUnexpectedEOF) || len(got.Body) != 20 {
			t.Errorf("truncate: %v %+v, want 20 bytes and a closed connection", err, got)
		}
		emulate(http.StatusOK, http.MethodDelete, "faults", "", true)
	}

	// An organization is created on the process that its key selects.
	created := []string{"sk-ant-admin01-created-1", "sk-ant-admin01-created-2", "sk-ant-admin01-created-3", "sk-ant-admin01-created-4"}
	for _, key := range created {
		wantStatus(t, http.StatusOK, f.http, http.MethodPost, f.URL+"/_emulate/organizations", `{"from": "empty", "admin_key": "`+key+`", "ttl": "10m"}`, keyHeaders(key, false)...)
		if got := wantStatus(t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/users", "", keyHeaders(key, true)...); !strings.Contains(got, `"data":[]`) {
			t.Errorf("users of the empty organization of %s: %s", key, got)
		}
	}
	f.owners(created)

	// The control plane still refuses a foreign Host.
	got := wantStatus(t, http.StatusForbidden, f.http, http.MethodGet, f.URL+"/_emulate/clock", "", "host", "elsewhere.example.com", "x-api-key", keys[0])
	if !strings.Contains(got, "forbidden_host") {
		t.Errorf("a foreign host: %s", got)
	}
	equal(t, "owners at the end", owners, f.owners(keys))
}

// watch follows the journal of a key's organization and waits for an event while the
// stream is open.
func (f *fleet) watch(key string) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL+"/_emulate/requests/stream", nil)
	noError(f.t, "request", err)
	req.Header.Set("x-api-key", key)
	res, err := f.http.Do(req)
	noError(f.t, "stream", err)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for r := bufio.NewScanner(res.Body); r.Scan(); {
			select {
			case lines <- r.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		cancel()
		res.Body.Close()
		for range lines { // until the reader has returned
		}
	}()
	wantStatus(f.t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "", keyHeaders(key, true)...)
	for timeout := time.After(5 * time.Second); ; {
		select {
		case line, ok := <-lines:
			if !ok {
				f.t.Error("the stream ended")
				return
			}
			if strings.HasPrefix(line, "data:") && strings.Contains(line, "/v1/organizations/me") {
				return
			}
		case <-timeout:
			f.t.Error("timeout waiting for the event")
			return
		}
	}
}

// testFleetProcessStops restarts a process with its state file, kills it, and removes
// it from the fleet.
func testFleetProcessStops(t *testing.T, args []string) {
	servers := launchThree(t, args)
	const victim = 1
	servers[victim].stop(syscall.SIGTERM)
	args = append([]string{"--addr", "127.0.0.1:" + freePort(t), "--state-file", filepath.Join(t.TempDir(), "state.json")}, args...)
	servers[victim] = launch(t, nil, args...)
	f := startNginx(t, servers)
	keys := newKeys(240)
	f.createWorkspaces(keys)
	owners := f.owners(keys)
	checkShares(t, owners, 3)
	me := func(key string) string {
		return wantStatus(t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "", "x-api-key", key)
	}
	before := map[string]string{}
	for _, key := range keys {
		before[key] = me(key)
	}
	checkOthers := func(what string) { // that the keys of the other processes still have their workspaces
		t.Helper()
		forEachKey(keys, func(i int, key string) {
			if owners[key] != victim && !f.hasWorkspace(key, i%2 == 0) {
				t.Errorf("%s: %s lost its state", what, key)
			}
		})
	}

	servers[victim].stop(syscall.SIGTERM) // which saves
	servers[victim] = launch(t, nil, args...)
	f.servers = servers
	forEachKey(keys, func(i int, key string) {
		if !f.hasWorkspace(key, i%2 == 0) {
			t.Errorf("%s lost its state in a restart with a state file", key)
		}
	})

	servers[victim].stop(syscall.SIGKILL)
	forEachKey(keys, func(i int, key string) {
		if owners[key] != victim {
			return
		}
		for range 3 { // every attempt fails, not only the first
			got, err := send(t, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "", keyHeaders(key, i%2 == 0)...)
			if err != nil || got.Status != http.StatusBadGateway || !strings.Contains(got.Body, `"type":"api_error"`) || !strings.Contains(got.Body, servers[victim].host()) {
				t.Errorf("key %s of a killed process: %v %d %s", key, err, got.Status, got.Body)
			}
			var parsed map[string]any
			if err := json.Unmarshal([]byte(got.Body), &parsed); err != nil {
				t.Errorf("%v in %s", err, got.Body)
			}
		}
	})
	checkOthers("process killed")

	// Continue without it, as the page describes.
	line := servers[victim].host() + " max_fails=0"
	if strings.Count(f.conf, line+";") != 1 {
		t.Fatalf("nginx.conf has no line %q", line)
	}
	f.reload(strings.ReplaceAll(f.conf, line, line+" down"))
	forEachKey(keys, func(i int, key string) {
		if owners[key] != victim {
			return
		}
		if f.hasWorkspace(key, i%2 == 0) {
			t.Errorf("%s still has the state of a removed process", key)
		}
		equal(t, "organization of "+key, before[key], me(key))
	})
	checkOthers("process removed")
	moved, destinations := 0, map[string]int{}
	for key, process := range f.owners(keys) {
		if process != owners[key] {
			moved++
			destinations[key] = process
		}
		if (process != owners[key]) != (owners[key] == victim) {
			t.Errorf("%s was on process %d and is on %d; the removed process is %d", key, owners[key], process, victim)
		}
	}
	t.Logf("keys that moved: %d of %d", moved, len(keys))
	counts := map[int]int{}
	for _, process := range destinations {
		counts[process]++
	}
	if len(counts) != 2 {
		t.Errorf("keys that moved, by process: %v, want both remaining processes", counts)
	}
}
