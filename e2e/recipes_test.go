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
)

// The versions that the recipes with Testcontainers are compiled against.
const (
	testcontainersGo   = "v0.45.0"
	testcontainersNode = "12.2.0"
	typeScript         = "7.0.2"
	nodeTypes          = "22.20.0"
	sdkNode            = "1.12.0"
)

// tested are the blocks of docs/recipes.md, and which test takes them from
// there.
var tested = map[string]string{
	"test.sh":                     "TestRecipeTestScript",
	"by-hand":                     "TestRecipeTestScript",
	"image":                       "TestRecipesNameOneImage", // building it wants Docker
	".github/workflows/test.yaml": "TestRecipeGitHubActions",
	"compose.yaml":                "TestRecipeCompose",
	"seed.json":                   "TestRecipeCompose",
	"compose":                     "", // wants Docker
	"antechamber_test.go":         "TestRecipeTestcontainers",
	"antechamber.test.mjs":        "TestRecipeTestcontainers",
	"main.tf":                     "TestRecipeTerraform",
	"terraform":                   "", // wants the provider, from Terraform's registry
	"invites.test.mjs":            "TestRecipeTypeScript",
	"test_invites.py":             "TestRecipePython",
	"workers.sh":                  "TestRecipeParallelWorkers",
	"workers-that-end.sh":         "TestRecipeParallelWorkers",
	"nginx.conf":                  "TestRecipeFleet",
	"fleet.sh":                    "TestRecipeFleet",
}

// recipes returns the blocks of docs/recipes.md by the names after their
// languages.
func recipes(t *testing.T) map[string]string {
	t.Helper()
	blocks, _ := blocksOf(t, filepath.Join("..", "docs", "recipes.md"))
	all := map[string]string{}
	for _, b := range blocks {
		_, name, _ := strings.Cut(b.info, " ")
		if _, twice := all[name]; twice || name == "" {
			t.Fatalf("a block of recipes.md with the name %q, of %q: it has to have one, and one of its own", name, b.info)
		}
		all[name] = b.text
	}
	return all
}

// recipe returns one of them.
func recipe(t *testing.T, name string) string {
	t.Helper()
	text, ok := recipes(t)[name]
	if !ok {
		t.Fatalf("recipes.md has no block %q", name)
	}
	return text
}

// TestRecipesAreTested keeps a block from coming in without a test.
func TestRecipesAreTested(t *testing.T) {
	t.Parallel()
	equal(t, "blocks of recipes.md", slices.Sorted(maps.Keys(tested)), slices.Sorted(maps.Keys(recipes(t))))
}

// needs skips a recipe whose tools are missing, or fails it where they have to
// be there.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err == nil || tool == "nginx" && nginx() != "" {
			continue
		}
		if everyRecipe {
			t.Fatalf("the recipe needs %s, and %s=1 wants every recipe", tool, recipesSwitch)
		}
		t.Skipf("the recipe needs %s, which .ci/run installs", tool)
	}
}

// nginx is where Debian has it, which is in nobody's PATH but root's.
func nginx() string {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// put writes blocks of recipes.md as files into a folder.
func put(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		write(t, filepath.Join(dir, name), recipe(t, name))
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	noError(t, "file", os.WriteFile(file, []byte(text), 0o700))
}

// script runs a command of a recipe and gives what it printed. What it leaves
// behind is in its process group.
func script(t *testing.T, dir string, env []string, name string, args ...string) (printed string, group int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := os.CreateTemp(t.TempDir(), "") // a pipe would last as long as what stays in the background
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

// succeeds is script for what has to succeed.
func succeeds(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, _, err := script(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// instance is a binary that a recipe starts: with an environment of its own, and
// to be ended before the test is.
type instance struct {
	URL   string `json:"url"`
	Key   string `json:"admin_key"`
	Token string `json:"control_token"`

	t      *testing.T
	http   *http.Client
	cmd    *exec.Cmd
	errs   bytes.Buffer
	ended  chan struct{}
	ending error // valid after ended
	told   bool
}

// launch starts the binary until the test ends.
func launch(t *testing.T, env []string, args ...string) *instance {
	t.Helper()
	i := &instance{t: t, http: newHTTPClient(t), cmd: exec.Command(binary, append(args, "--log", "json")...), ended: make(chan struct{})}
	i.cmd.Env = append(os.Environ(), env...)
	i.cmd.Stderr = &i.errs
	stdout, err := i.cmd.StdoutPipe()
	noError(t, "pipe", err)
	noError(t, "antechamber", i.cmd.Start())
	line := make(chan []byte, 1)
	go func() {
		defer close(i.ended)
		r := bufio.NewReader(stdout)
		first, _ := r.ReadBytes('\n')
		line <- first
		_, _ = io.Copy(io.Discard, r)
		i.ending = i.cmd.Wait()
	}()
	t.Cleanup(func() { i.end(syscall.SIGTERM) })
	select {
	case first := <-line:
		if err := json.Unmarshal(first, i); err != nil {
			i.end(syscall.SIGKILL)
			t.Fatalf("antechamber %s: %v in the start line %q\n%s", strings.Join(args, " "), err, first, i.errs.String())
		}
	case <-time.After(patience):
		t.Fatalf("antechamber %s did not say where it listens", strings.Join(args, " "))
	}
	return i
}

// end sends a signal and waits for what comes of it.
func (i *instance) end(signal syscall.Signal) {
	if i.told {
		return
	}
	i.told = true
	_ = i.cmd.Process.Signal(signal)
	select {
	case <-i.ended:
	case <-time.After(patience):
		i.t.Errorf("the binary did not end on %v", signal)
		_ = i.cmd.Process.Kill()
		<-i.ended
	}
	if signal == syscall.SIGTERM && i.ending != nil {
		i.t.Errorf("the binary ended with %v\n%s", i.ending, i.errs.String())
	}
}

// host is the address without its scheme.
func (i *instance) host() string { return strings.TrimPrefix(i.URL, "http://") }

// call makes a request and gives its answer, or the error that came in its
// stead. Headers come in pairs.
func call(t *testing.T, client *http.Client, method, address, body string, headers ...string) (answer, error) {
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

// wants makes a request that has to be answered with the status.
func wants(t *testing.T, status int, client *http.Client, method, address, body string, headers ...string) string {
	t.Helper()
	got, err := call(t, client, method, address, body, headers...)
	if err != nil {
		t.Errorf("%s %s: %v", method, address, err)
	} else if got.Status != status {
		t.Errorf("%s %s: %d %s, want %d", method, address, got.Status, got.Body, status)
	}
	return got.Body
}

// flags are what `antechamber serve --help` knows: flags and variables.
func flags(t *testing.T) []string {
	t.Helper()
	help, err := exec.Command(binary, "serve", "--help").Output()
	noError(t, "serve --help", err)
	return regexp.MustCompile(`--[a-z-]+|ANTECHAMBER_[A-Z_]+`).FindAllString(string(help), -1)
}

// known fails the test unless each of the names is a flag or a variable of serve.
func known(t *testing.T, where string, names ...string) {
	t.Helper()
	all := flags(t)
	for _, name := range names {
		if !slices.Contains(all, name) {
			t.Errorf("%s has %s, which serve --help does not", where, name)
		}
	}
}

// variables are an environment as a process takes it.
func variables(m map[string]string) []string {
	var out []string
	for name, value := range m {
		out = append(out, name+"="+value)
	}
	return out
}

// image is what the recipes take for granted of the image.
type image struct {
	env  []string // with any free port
	port string
}

func readImage(t *testing.T) image {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	noError(t, "Dockerfile", err)
	_, last, _ := strings.Cut(string(raw), "\nFROM scratch\n")
	if last == "" || strings.Contains(last, "\nFROM ") {
		t.Fatal("the image is not made from scratch: has it a shell now?")
	}
	if !regexp.MustCompile(`HEALTHCHECK [^\[]*CMD \["/antechamber"`).MatchString(last) {
		t.Error("the image has no health check that goes without a shell")
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
		t.Errorf("the image listens elsewhere than on the port %s that it exposes: %s", i.port, env)
	}
	i.env = strings.Fields(strings.ReplaceAll(env, ":"+i.port, ":0"))
	return i
}

// freePort returns a port that nothing listens on, and that no client is given.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(15000 + rand.IntN(17000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// passed is what test.sh prints.
const passed = "\"status\":\"pending\"\n\"type\":\"invite.expired\"\n\"status\":\"expired\"\n"

// TestRecipeTestScript runs what stands for the tests of a user, by the command
// that recipes.md has for doing so by hand.
func TestRecipeTestScript(t *testing.T) {
	t.Parallel()
	needs(t, "sh", "curl")
	server, dir := launch(t, nil, "--addr", "127.0.0.1:0"), t.TempDir()
	put(t, dir, "test.sh")
	command := strings.ReplaceAll(recipe(t, "by-hand"), "http://127.0.0.1:4020", server.URL)
	equal(t, "what test.sh prints", passed, succeeds(t, dir, nil, "sh", "-c", command))
	command = strings.ReplaceAll(command, "KEY=sk-ant-admin01-", "KEY=sk-ant-admin01-no-")
	if out, _, err := script(t, dir, nil, "sh", "-c", command); err == nil {
		t.Errorf("test.sh passes with a key that nobody has: %s", out)
	}
}

// TestRecipesNameOneImage holds the name of the image together.
func TestRecipesNameOneImage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "docs", "recipes.md"))
	noError(t, "recipes.md", err)
	names := regexp.MustCompile(`registry\.[\w./:-]*\w`).FindAllString(string(raw), -1)
	slices.Sort(names)
	equal(t, "names of the image", []string{"registry.example.com/team/antechamber:1"}, slices.Compact(names))
}

// expression is what GitHub puts a value for.
var expression = regexp.MustCompile(`\$\{\{ *([^ }]+) *\}\}`)

// TestRecipeGitHubActions does what a runner does with the workflow: it brings
// up the service, which is the binary here, and runs the steps of each job with
// its environment. Actions (uses) are stood in for.
func TestRecipeGitHubActions(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl")
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
	text := expression.ReplaceAllStringFunc(recipe(t, ".github/workflows/test.yaml"), func(s string) string {
		values := map[string]string{
			"github.run_id": "4711", "github.run_attempt": "2", "vars.REGISTRY_USER": "user", "secrets.REGISTRY_PASSWORD": "secret",
		}
		value, ok := values[expression.FindStringSubmatch(s)[1]]
		if !ok {
			t.Errorf("the workflow asks GitHub for %s, of which the test knows nothing", s)
		}
		return value
	})
	noError(t, "the workflow", yaml.Load([]byte(text), &workflow, yaml.WithKnownFields(false)))
	equal(t, "jobs", []string{"with-a-container", "without-a-container"}, slices.Sorted(maps.Keys(workflow.Jobs)))
	for name, job := range workflow.Jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, dir := maps.Clone(job.Env), t.TempDir()
			put(t, dir, "test.sh")
			env["RUNNER_TEMP"] = t.TempDir()
			there := ""
			for service, s := range job.Services {
				image := readImage(t)
				known(t, "the service "+service, slices.Collect(maps.Keys(s.Env))...)
				equal(t, "ports", []string{image.port + ":" + image.port}, s.Ports)
				equal(t, "address of the service", "http://127.0.0.1:"+image.port, env["ANTHROPIC_BASE_URL"])
				if strings.Contains(s.Options, "health") {
					t.Errorf("options %q: the runner has them run by a shell, which the image has not", s.Options)
				}
				server := launch(t, append(image.env, variables(s.Env)...))
				equal(t, "token", env["ANTECHAMBER_CONTROL_TOKEN"], server.Token)
				wants(t, http.StatusUnauthorized, server.http, http.MethodGet, server.URL+"/_emulate/clock", "")
				env["ANTHROPIC_BASE_URL"] = server.URL
			}
			if job.Services == nil {
				for variable := range env {
					if strings.HasPrefix(variable, "ANTECHAMBER_") {
						known(t, "the job "+name, variable)
					}
				}
				here := "127.0.0.1:" + freePort(t)
				for variable, value := range env {
					env[variable] = strings.ReplaceAll(value, "127.0.0.1:4020", here)
				}
				there = "http://" + here
			}
			ran := ""
			for _, step := range job.Steps {
				switch {
				case step.Run == "" && strings.HasPrefix(step.Uses, "actions/"):
					if path := step.With["path"]; path != "" { // the copy of the repository is this one
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
					write(t, file, step.Run)
					out, group, err := script(t, dir, append(variables(env), "GOFLAGS=-buildvcs=false"), "bash", "-e", file)
					if strings.Contains(step.Run, " &\n") { // it stays, and the runner ends it after the job
						defer func() {
							_ = syscall.Kill(-group, syscall.SIGTERM)
							eventually(t, "the end of the job's server", func() bool {
								_, err := call(t, &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}, http.MethodGet, there+"/livez", "")
								return err != nil
							})
						}()
					}
					if err != nil {
						t.Fatalf("the step %q of the job %s: %v\n%s", step.Run, name, err, out)
					}
					if step.If == "" {
						ran += out
					}
				default:
					t.Errorf("a step that the test does not know: %+v", step)
				}
			}
			equal(t, "what the steps print", passed, ran)
		})
	}
}

// TestRecipeCompose brings up the service, which is the binary here, with the
// arguments and the environment of the compose file, and then runs the
// application's command. Where there is docker compose, it reads the file too;
// nothing is run in a container.
func TestRecipeCompose(t *testing.T) {
	t.Parallel()
	needs(t, "sh", "curl")
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
	put(t, dir, "compose.yaml", "seed.json", "test.sh")
	service, app := file.Services["antechamber"], file.Services["app"]
	if service.Healthcheck != nil {
		t.Error("the service has a health check beside the image's own")
	}
	equal(t, "condition", map[string]map[string]string{"antechamber": {"condition": "service_healthy"}}, app.DependsOn)

	var args []string
	for _, arg := range service.Command.([]any) {
		args = append(args, arg.(string))
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, "--") {
			known(t, "the service", arg)
		}
	}
	known(t, "the service", slices.Collect(maps.Keys(service.Environment))...)
	for _, volume := range service.Volumes {
		parts := strings.Split(volume, ":")
		at := slices.Index(args, parts[1])
		if len(parts) != 3 || at < 0 {
			t.Fatalf("volume %q is not what the arguments %q name", volume, args)
		}
		args[at] = filepath.Join(dir, parts[0])
	}
	server := launch(t, append(image.env, variables(service.Environment)...), args...)
	equal(t, "token", app.Environment["ANTECHAMBER_CONTROL_TOKEN"], server.Token)
	equal(t, "address for the application", "http://antechamber:"+image.port, app.Environment["ANTHROPIC_BASE_URL"])
	app.Environment["ANTHROPIC_BASE_URL"] = server.URL
	got := succeeds(t, dir, variables(app.Environment), app.Command.(string))
	equal(t, "what the application prints", passed, got)
	me := wants(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/v1/organizations/me", "", "x-api-key", app.Environment["ANTHROPIC_API_KEY"])
	if !strings.Contains(me, `"name":"Acme Corporation"`) {
		t.Errorf("not the organization of the seed: %s", me)
	}

	if out, err := exec.Command("docker", "compose", "version").CombinedOutput(); err != nil {
		t.Logf("docker compose did not read the file, there is none: %s", out)
		return
	}
	succeeds(t, dir, nil, "docker", "compose", "--file", "compose.yaml", "config", "--quiet")
}

// TestRecipeTestcontainers holds what the recipes wait for against the binary,
// and compiles them against the libraries when the switch is on. They are not
// run: that wants a Docker daemon.
func TestRecipeTestcontainers(t *testing.T) {
	t.Parallel()
	program, module := recipe(t, "antechamber_test.go"), recipe(t, "antechamber.test.mjs")
	image := readImage(t)
	for name, r := range map[string]struct{ text, path, port, status string }{
		"antechamber_test.go":  {program, `ForHTTP\("([^"]+)"\)`, `WithPort\("(\d+)/tcp"\)`, `status == (http\.StatusOK)\b`},
		"antechamber.test.mjs": {module, `forHttp\("([^"]+)",`, `forHttp\("[^"]+", (\d+)\)`, `forStatusCode\((200)\)`},
	} {
		found := func(what, pattern string) string {
			m := regexp.MustCompile(pattern).FindStringSubmatch(r.text)
			if m == nil {
				t.Fatalf("%s waits for no %s", name, what)
			}
			return m[1]
		}
		known(t, name, regexp.MustCompile(`ANTECHAMBER_[A-Z_]+`).FindAllString(r.text, -1)...)
		equal(t, "port that "+name+" waits for", image.port, found("port", r.port))
		found("status", r.status)
		server := launch(t, append(image.env, "ANTECHAMBER_UNKNOWN_KEYS=fork", "ANTECHAMBER_CONTROL_TOKEN=only-for-tests"))
		wants(t, http.StatusOK, server.http, http.MethodGet, server.URL+found("path", r.path), "")
	}
	if !everyRecipe {
		t.Logf("not compiled: %s=1 does, with the libraries of the recipes from their registries", recipesSwitch)
		return
	}

	sdk, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/anthropics/anthropic-sdk-go").Output()
	noError(t, "version of the SDK", err)
	dir := t.TempDir()
	put(t, dir, "antechamber_test.go")
	succeeds(t, dir, nil, "go", "mod", "init", "yours")
	succeeds(t, dir, nil, "go", "get", "github.com/testcontainers/testcontainers-go@"+testcontainersGo,
		"github.com/anthropics/anthropic-sdk-go@"+strings.TrimSpace(string(sdk)))
	succeeds(t, dir, nil, "go", "vet", "./...")

	if _, err := exec.LookPath("npm"); err != nil {
		t.Log("the TypeScript recipes are not compiled: there is no npm")
		return
	}
	dir = t.TempDir()
	put(t, dir, "antechamber.test.mjs", "invites.test.mjs")
	write(t, filepath.Join(dir, "package.json"), `{"private": true}`)
	succeeds(t, dir, nil, "npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", "testcontainers@"+testcontainersNode,
		"@anthropic-ai/sdk@"+sdkNode, "typescript@"+typeScript, "@types/node@"+nodeTypes)
	succeeds(t, dir, nil, filepath.Join("node_modules", ".bin", "tsc"), "--noEmit", "--allowJs", "--checkJs", "--noImplicitAny", "false",
		"--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node", "antechamber.test.mjs", "invites.test.mjs")
}

// TestRecipeTerraform has Terraform read the configuration. The rest of its work
// wants the provider, which only its registry has.
func TestRecipeTerraform(t *testing.T) {
	t.Parallel()
	env := recipe(t, "terraform")
	for _, words := range []string{"ANTHROPIC_BASE_URL=http://127.0.0.1:4020 ", "ANTHROPIC_API_KEY=sk-ant-admin01-antechamber\n"} {
		if !strings.Contains(env, words) {
			t.Errorf("the commands do not have %q, which is what antechamber serves by default", words)
		}
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skipf("no terraform here, and .ci/run does not install it: %v", err)
	}
	dir := t.TempDir()
	put(t, dir, "main.tf")
	succeeds(t, dir, nil, "terraform", "fmt", "-check", "-diff", "-no-color", "main.tf")
}

// TestRecipeTypeScript runs the test file with the official SDK.
func TestRecipeTypeScript(t *testing.T) {
	if os.Getenv(typeScriptSwitch) != "1" {
		t.Skipf("set %s=1 to run the recipe with the TypeScript SDK; it wants Node 20 or newer and npm", typeScriptSwitch)
	}
	// Not in parallel: what installs the SDK does so once.
	installTypeScript(t)
	file := filepath.Join("ts", "node_modules", "recipe.test.mjs")
	write(t, file, strings.ReplaceAll(recipe(t, "invites.test.mjs"), `"@anthropic-ai/sdk"`, `"sdk-`+sdkNode+`"`))
	token := "only-for-tests"
	for name, server := range map[string]*instance{
		"process":   launch(t, nil, "--addr", "127.0.0.1:0", "--unknown-keys", "fork"),
		"container": launch(t, append(readImage(t).env, "ANTECHAMBER_CONTROL_TOKEN="+token), "--unknown-keys", "fork"),
	} {
		env := []string{"ANTHROPIC_BASE_URL=" + server.URL, "ANTECHAMBER_CONTROL_TOKEN=" + server.Token}
		for range 2 { // each run has an organization of its own
			out := succeeds(t, ".", env, "node", "--test-reporter=tap", file)
			if !strings.Contains(out, "# pass 2\n") || !strings.Contains(out, "# fail 0\n") {
				t.Errorf("in a %s, not two tests that pass:\n%s", name, out)
			}
		}
	}
}

// TestRecipePython runs the module, which starts the binary itself.
func TestRecipePython(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	dir := t.TempDir()
	put(t, dir, "test_invites.py")
	out := succeeds(t, dir, nil, "python3", "-X", "dev", "-m", "unittest", "--verbose")
	if !strings.Contains(out, "\nRan 4 tests in ") || !strings.Contains(out, "\nOK\n") || strings.Contains(out, "Warning") {
		t.Errorf("not four tests that pass, without a warning:\n%s", out)
	}
}

// organizations asks the control plane for the admin keys of all organizations,
// and when they end.
func organizations(t *testing.T, server *instance) map[string]string {
	t.Helper()
	var list struct {
		Data []struct {
			AdminKey  string `json:"admin_key"`
			ExpiresAt string `json:"expires_at"`
		}
	}
	decode(t, wants(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/_emulate/organizations", "", "authorization", "Bearer "+server.Token), &list)
	all := map[string]string{}
	for _, o := range list.Data {
		all[o.AdminKey] = o.ExpiresAt
	}
	return all
}

// TestRecipeParallelWorkers runs eight workers at once that do the same, and
// looks at what they left behind.
func TestRecipeParallelWorkers(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl", "xargs", "seq")
	for name, args := range map[string][]string{
		"workers.sh":          {"--unknown-keys", "fork"},
		"workers-that-end.sh": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, dir := launch(t, readImage(t).env, append(args, "--control-token", "only-for-tests")...), t.TempDir()
			put(t, dir, "test.sh", name)
			env := []string{"ANTHROPIC_BASE_URL=" + server.URL, "CI_JOB_ID=4711", "ANTECHAMBER_CONTROL_TOKEN=" + server.Token}
			out := succeeds(t, dir, env, "./"+name)
			equal(t, "workers that passed", 8, strings.Count(out, `"status":"expired"`))
			all := organizations(t, server)
			if _, there := all[server.Key]; len(all) != 9 || !there {
				t.Errorf("organizations: %v, want eight and the first one, %s", all, server.Key)
			}
			for key, ends := range all {
				var found struct{ Data []struct{ Status string } }
				decode(t, wants(t, http.StatusOK, server.http, http.MethodGet, server.URL+"/v1/organizations/invites?email=ada@example.com", "", "x-api-key", key), &found)
				switch {
				case key == server.Key:
					equal(t, "invites of the first organization", 0, len(found.Data))
				case len(found.Data) != 1 || found.Data[0].Status != "expired":
					t.Errorf("the worker with %s has the invites %+v, want its own one", key, found.Data)
				default:
					equal(t, "it ends by itself", name == "workers-that-end.sh", ends != "")
				}
			}
		})
	}
}

// fleet is nginx before some processes.
type fleet struct {
	t       *testing.T
	URL     string
	dir     string
	conf    string // with the addresses of this run
	http    *http.Client
	servers []*instance
	nginx   *exec.Cmd
	log     string // its file
}

// fleetPorts are the ports of recipes.md: nginx's own, and those of the
// processes.
var fleetPorts = []string{"4020", "4021", "4022", "4023"}

// startNginx starts nginx with the configuration of recipes.md until the test
// ends. It inherits the socket that it listens on, so that nobody takes the port
// in between.
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
		here := host
		if i > 0 {
			here = servers[i-1].host()
		}
		if strings.Count(f.conf, "127.0.0.1:"+port) != 1 {
			t.Fatalf("nginx.conf does not name 127.0.0.1:%s once", port)
		}
		f.conf = strings.ReplaceAll(f.conf, "127.0.0.1:"+port, here)
	}
	// It says when its workers come and go.
	f.conf = strings.Replace(f.conf, "error_log stderr;", "error_log stderr notice;", 1)
	write(t, filepath.Join(f.dir, "nginx.conf"), f.conf)

	log, err := os.Create(filepath.Join(f.dir, "log"))
	noError(t, "log", err)
	defer log.Close()
	f.log = log.Name()
	f.nginx = exec.Command(nginx(), "-p", f.dir, "-c", "nginx.conf", "-e", "stderr")
	if os.Geteuid() == 0 { // or else its workers are somebody who cannot look into our folder
		f.nginx.Args = append(f.nginx.Args, "-g", "user root;")
	}
	f.nginx.Env = append(os.Environ(), "NGINX=3;")
	f.nginx.ExtraFiles = []*os.File{socket}
	f.nginx.Stdout, f.nginx.Stderr = log, log
	noError(t, "nginx", f.nginx.Start())
	// Starting it has made the socket one that blocks, and nginx takes it as it is.
	noError(t, "socket", syscall.SetNonblock(int(socket.Fd()), true))
	ended := make(chan error, 1)
	go func() { ended <- f.nginx.Wait() }()
	t.Cleanup(func() {
		_ = f.nginx.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("nginx ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("nginx did not end on SIGTERM")
			_ = syscall.Kill(f.nginx.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if t.Failed() {
			said, _ := os.ReadFile(f.log)
			t.Logf("nginx said:\n%s", said)
		}
	})
	eventually(t, "nginx", func() bool {
		got, err := call(t, f.http, http.MethodGet, f.URL+"/readyz", "")
		return err == nil && got.Status == http.StatusOK
	})
	return f
}

// reload has nginx read another configuration, and waits until no worker has the
// old one.
func (f *fleet) reload(conf string) {
	f.t.Helper()
	workers := func(pattern string) []string {
		said, err := os.ReadFile(f.log)
		noError(f.t, "log", err)
		var pids []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(said), -1) {
			pids = append(pids, m[1])
		}
		return pids
	}
	old := workers(`start worker process (\d+)`)
	if len(old) == 0 {
		f.t.Fatal("nginx does not say that it starts workers")
	}
	write(f.t, filepath.Join(f.dir, "nginx.conf"), conf)
	pid, err := os.ReadFile(filepath.Join(f.dir, "nginx.pid"))
	noError(f.t, "nginx.pid", err)
	equal(f.t, "nginx.pid", strconv.Itoa(f.nginx.Process.Pid), strings.TrimSpace(string(pid)))
	noError(f.t, "reload", f.nginx.Process.Signal(syscall.SIGHUP))
	eventually(f.t, "nginx reads its configuration", func() bool {
		f.http.CloseIdleConnections() // a worker waits for one on which nothing was ever sent
		ended := workers(`worker process (\d+) exited with code 0`)
		return !slices.ContainsFunc(old, func(pid string) bool { return !slices.Contains(ended, pid) })
	})
}

// sent returns the headers that send a key, in the one way or the other.
func sent(key string, bearer bool) []string {
	if bearer {
		return []string{"authorization", "Bearer " + key}
	}
	return []string{"x-api-key", key}
}

// forEachKey calls f with every key, several at once.
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

// owners gives, for each of the keys, the process that has its organization. A
// process that has ended has none.
func (f *fleet) owners(keys []string) map[string]int {
	f.t.Helper()
	found := map[string][]int{}
	for i, s := range f.servers {
		if s.told {
			continue
		}
		for key := range organizations(f.t, s) {
			found[key] = append(found[key], i)
		}
	}
	out := map[string]int{}
	for _, key := range keys {
		if len(found[key]) != 1 {
			f.t.Errorf("%s is known to the processes %v, want one", key, found[key])
			continue
		}
		out[key] = found[key][0]
	}
	return out
}

// has reports whether the organization of a key has the workspace that is named
// after the key, and no other key's.
func (f *fleet) has(key string, bearer bool) bool {
	f.t.Helper()
	names := regexp.MustCompile(`"name":"(key-[^"]*)"`).FindAllStringSubmatch(
		wants(f.t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/workspaces?limit=1000", "", sent(key, bearer)...), -1)
	for _, name := range names {
		if name[1] != workspaceOf(key) {
			f.t.Errorf("%s sees %s", key, name[1])
		}
	}
	return len(names) > 0
}

func workspaceOf(key string) string { return "key-" + strings.TrimPrefix(key, "sk-ant-admin01-") }

// TestRecipeFleet puts a real nginx before three processes.
func TestRecipeFleet(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "nginx")
	line := regexp.MustCompile(`antechamber --addr "[^"]*" (.*) &\n`).FindStringSubmatch(recipe(t, "fleet.sh"))
	if line == nil {
		t.Fatal("fleet.sh starts no antechamber")
	}
	args := strings.Fields(line[1])
	for i := 0; i < len(args); i += 2 {
		known(t, "fleet.sh", args[i])
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
	t.Run("a process that ends", func(t *testing.T) {
		t.Parallel()
		testFleetEnds(t, args)
	})
}

// launchThree starts the processes of a fleet.
func launchThree(t *testing.T, args []string) []*instance {
	t.Helper()
	var servers []*instance
	for range 3 {
		servers = append(servers, launch(t, nil, append([]string{"--addr", "127.0.0.1:0"}, args...)...))
	}
	return servers
}

// testFleetScript runs fleet.sh, on other ports, and ends it.
func testFleetScript(t *testing.T) {
	dir, client := t.TempDir(), newHTTPClient(t)
	conf, text := recipe(t, "nginx.conf"), recipe(t, "fleet.sh")
	front := ""
	for _, port := range fleetPorts {
		here := freePort(t)
		if front == "" {
			front = "http://127.0.0.1:" + here
		}
		conf, text = strings.ReplaceAll(conf, port, here), strings.ReplaceAll(text, port, here)
	}
	write(t, filepath.Join(dir, "nginx.conf"), conf)
	write(t, filepath.Join(dir, "fleet.sh"), text)
	said, err := os.Create(filepath.Join(dir, "said"))
	noError(t, "file", err)
	defer said.Close()
	cmd := exec.Command("bash", "fleet.sh")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), withBinary())
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	noError(t, "fleet.sh", cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	over := false
	t.Cleanup(func() {
		if !over {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
	})
	printed := func() string {
		text, err := os.ReadFile(said.Name())
		noError(t, "output", err)
		return string(text)
	}
	eventually(t, "fleet.sh", func() bool { return strings.Contains(printed(), "\nready\n") })
	for key := range 6 {
		wants(t, http.StatusOK, client, http.MethodGet, front+"/v1/organizations/me", "", "x-api-key", fmt.Sprintf("sk-ant-admin01-%d", key))
	}
	noError(t, "the end", cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-ended:
		over = true
	case <-time.After(patience):
		t.Fatalf("fleet.sh did not end on SIGTERM:\n%s", printed())
	}
	// It waited for those that it had started, so they are gone.
	if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(front, "http://"), patience); err == nil {
		conn.Close()
		t.Errorf("fleet.sh ended and nginx did not:\n%s", printed())
	}
	if n := strings.Count(printed(), "level=INFO msg=stopping"); n != 3 {
		t.Errorf("%d processes were ended by fleet.sh, want 3:\n%s", n, printed())
	}
}

// invented returns that many keys.
func invented(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("sk-ant-admin01-fleet-%d-%x", i, rand.Uint64())
	}
	return keys
}

// write makes the workspace of each key, by concurrent clients, and reads it
// back with the key sent in the other way.
func (f *fleet) write(keys []string) {
	f.t.Helper()
	forEachKey(keys, func(i int, key string) {
		wants(f.t, http.StatusOK, f.http, http.MethodPost, f.URL+"/v1/organizations/workspaces", `{"name": "`+workspaceOf(key)+`"}`, sent(key, i%2 == 0)...)
		if !f.has(key, i%2 != 0) {
			f.t.Errorf("%s does not see what it wrote", key)
		}
	})
}

// shares fails the test unless every process has about its share of the keys.
func shares(t *testing.T, owners map[string]int, processes int) {
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

// testFleetRouting sends many keys, each in both ways, at once.
func testFleetRouting(t *testing.T, args []string) {
	f := startNginx(t, launchThree(t, args))
	keys := invented(240)
	f.write(keys)
	owners := f.owners(keys)
	shares(t, owners, 3)
	forEachKey(keys, func(_ int, key string) {
		// What outranks what, and how it is spelt, is as in the API.
		for _, headers := range [][]string{
			{"x-api-key", key, "authorization", "Bearer sk-ant-admin01-somebody-else"},
			{"authorization", "bearer   " + key},
		} {
			got := wants(t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/workspaces?limit=1000", "", headers...)
			if !strings.Contains(got, workspaceOf(key)) {
				t.Errorf("%v went astray", headers)
			}
		}
	})
	// A fresh organization is the same wherever it comes about.
	var bodies []string
	for _, s := range f.servers {
		bodies = append(bodies, wants(t, http.StatusOK, s.http, http.MethodPost, s.URL+"/v1/organizations/workspaces", `{"name": "Anywhere"}`, "x-api-key", "sk-ant-admin01-anywhere"))
	}
	slices.Sort(bodies)
	equal(t, "answers of three processes to one key", 1, len(slices.Compact(bodies)))
	// Limits are those of Antechamber, and so are the words.
	for _, size := range []int{1 << 20, 8 << 20} {
		got := wants(t, http.StatusRequestEntityTooLarge, f.http, http.MethodPost, f.URL+"/v1/organizations/workspaces", strings.Repeat(" ", size)+`{"name": "Large"}`, "x-api-key", keys[0])
		if !strings.Contains(got, `"request_too_large"`) {
			t.Errorf("a body of more than %d bytes: %s", size, got)
		}
	}
	// A refusal without a key too.
	wants(t, http.StatusUnauthorized, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "")

	// One more process takes its share, and no key goes anywhere else.
	last := "server " + f.servers[2].host() + " max_fails=0;"
	if strings.Count(f.conf, last) != 1 {
		t.Fatalf("nginx.conf has no line %q", last)
	}
	fourth := launch(t, nil, append([]string{"--addr", "127.0.0.1:0"}, args...)...)
	f.reload(strings.Replace(f.conf, last, last+" server "+fourth.host()+" max_fails=0;", 1))
	var lost sync.Map
	forEachKey(keys, func(i int, key string) {
		if !f.has(key, i%2 == 0) {
			lost.Store(key, true)
		}
	})
	moved := 0
	theirs := organizations(t, fourth)
	for _, key := range keys {
		_, isLost := lost.Load(key)
		_, isThere := theirs[key]
		if isLost != isThere {
			t.Errorf("%s: it lost its state %v, the new process has it %v", key, isLost, isThere)
		}
		if isThere {
			moved++
		}
	}
	t.Logf("keys that moved to a fourth process: %d of %d", moved, len(keys))
	if share := float64(moved) / float64(len(keys)); share < 0.1 || share > 0.42 {
		t.Errorf("%d of %d keys moved to a fourth process, want about a fourth", moved, len(keys))
	}
}

// testFleetControl drives the control plane and watches the journal of a key of
// each process.
func testFleetControl(t *testing.T, args []string) {
	f := startNginx(t, launchThree(t, args))
	keys := invented(40)
	f.write(keys)
	owners := f.owners(keys)
	for process := range f.servers {
		key := keys[slices.IndexFunc(keys, func(key string) bool { return owners[key] == process })]
		emulate := func(status int, method, path, body string, bearer bool) string {
			return wants(t, status, f.http, method, f.URL+"/_emulate/"+path, body, sent(key, bearer)...)
		}
		was := emulate(http.StatusOK, http.MethodGet, "clock", "", false)
		now := emulate(http.StatusOK, http.MethodPost, "clock", `{"advance": "1h"}`, true)
		if !strings.Contains(was, "T00:00:00") || !strings.Contains(now, "T01:00:00") {
			t.Errorf("an hour after %s it is %s", was, now)
		}
		f.watch(key)

		// What a fault does to a connection, nginx does too.
		list, create := f.URL+"/v1/organizations/users", f.URL+"/v1/organizations/workspaces"
		emulate(http.StatusOK, http.MethodPost, "faults", `{"match": {"operation": "listOrganizationMembers"}, "action": {"type": "drop"}}`, false)
		if got, err := call(t, f.http, http.MethodGet, list, "", sent(key, false)...); !errors.Is(err, io.EOF) {
			t.Errorf("drop: %v %+v, want a closed connection", err, got)
		}
		emulate(http.StatusOK, http.MethodPost, "faults", `{"match": {"operation": "createWorkspace"}, "action": {"type": "drop_after_commit"}}`, true)
		if got, err := call(t, f.http, http.MethodPost, create, `{"name": "Twice?"}`, sent(key, true)...); !errors.Is(err, io.EOF) {
			t.Errorf("drop_after_commit: %v %+v, want a closed connection", err, got)
		}
		if n := strings.Count(wants(t, http.StatusOK, f.http, http.MethodGet, create+"?limit=1000", "", sent(key, false)...), "Twice?"); n != 1 {
			t.Errorf("drop_after_commit: made %d times", n)
		}
		emulate(http.StatusOK, http.MethodPost, "faults", `{"match": {"operation": "listWorkspaces"}, "action": {"type": "truncate", "bytes": 20}}`, false)
		if got, err := call(t, f.http, http.MethodGet, create, "", sent(key, true)...); !errors.Is(err, io.ErrUnexpectedEOF) || len(got.Body) != 20 {
			t.Errorf("truncate: %v %+v, want 20 bytes and a closed connection", err, got)
		}
		emulate(http.StatusOK, http.MethodDelete, "faults", "", true)
	}

	// An organization that is asked for is made where its key leads.
	asked := []string{"sk-ant-admin01-asked-1", "sk-ant-admin01-asked-2", "sk-ant-admin01-asked-3", "sk-ant-admin01-asked-4"}
	for _, key := range asked {
		wants(t, http.StatusOK, f.http, http.MethodPost, f.URL+"/_emulate/organizations", `{"from": "empty", "admin_key": "`+key+`", "ttl": "10m"}`, sent(key, false)...)
		if got := wants(t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/users", "", sent(key, true)...); !strings.Contains(got, `"data":[]`) {
			t.Errorf("%s was made empty and has %s", key, got)
		}
	}
	f.owners(asked)

	// A web page's tricks are seen through.
	got := wants(t, http.StatusForbidden, f.http, http.MethodGet, f.URL+"/_emulate/clock", "", "host", "elsewhere.example.com", "x-api-key", keys[0])
	if !strings.Contains(got, "forbidden_host") {
		t.Errorf("a foreign host: %s", got)
	}
	equal(t, "owners in the end", owners, f.owners(keys))
}

// watch reads the live journal of a key's organization, and waits for an event
// while the stream goes on.
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
		for range lines { // until the reader has ended
		}
	}()
	wants(f.t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "", sent(key, true)...)
	for late := time.After(5 * time.Second); ; {
		select {
		case line, more := <-lines:
			if !more {
				f.t.Error("the stream ended")
				return
			}
			if strings.HasPrefix(line, "data:") && strings.Contains(line, "/v1/organizations/me") {
				return
			}
		case <-late:
			f.t.Error("the event did not come while the stream was open")
			return
		}
	}
}

// testFleetEnds ends a process three times: to start it again with its state
// file, to find its keys refused, and to go on without it.
func testFleetEnds(t *testing.T, args []string) {
	servers := launchThree(t, args)
	const mortal = 1
	servers[mortal].end(syscall.SIGTERM)
	anew := append([]string{"--addr", "127.0.0.1:" + freePort(t), "--state-file", filepath.Join(t.TempDir(), "state.json")}, args...)
	servers[mortal] = launch(t, nil, anew...)
	f := startNginx(t, servers)
	keys := invented(240)
	f.write(keys)
	owners := f.owners(keys)
	shares(t, owners, 3)
	me := func(key string) string {
		return wants(t, http.StatusOK, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "", "x-api-key", key)
	}
	before := map[string]string{}
	for _, key := range keys {
		before[key] = me(key)
	}
	keep := func(what string) { // that all of them have what they wrote, but for those of the mortal one
		t.Helper()
		forEachKey(keys, func(i int, key string) {
			if owners[key] != mortal && !f.has(key, i%2 == 0) {
				t.Errorf("%s: %s has lost its state", what, key)
			}
		})
	}

	servers[mortal].end(syscall.SIGTERM) // which saves
	servers[mortal] = launch(t, nil, anew...)
	f.servers = servers
	forEachKey(keys, func(i int, key string) {
		if !f.has(key, i%2 == 0) {
			t.Errorf("%s has lost its state in a restart with a state file", key)
		}
	})

	servers[mortal].end(syscall.SIGKILL)
	forEachKey(keys, func(i int, key string) {
		if owners[key] != mortal {
			return
		}
		for range 3 { // it is the answer, not a hiccup
			got, err := call(t, f.http, http.MethodGet, f.URL+"/v1/organizations/me", "", sent(key, i%2 == 0)...)
			if err != nil || got.Status != http.StatusBadGateway || !strings.Contains(got.Body, `"type":"api_error"`) || !strings.Contains(got.Body, servers[mortal].host()) {
				t.Errorf("a process is gone, and its key %s is answered %v %d %s", key, err, got.Status, got.Body)
			}
			var parsed map[string]any
			if err := json.Unmarshal([]byte(got.Body), &parsed); err != nil {
				t.Errorf("%v in %s", err, got.Body)
			}
		}
	})
	keep("a process is gone")

	// Without it, as the page says.
	line := servers[mortal].host() + " max_fails=0"
	if strings.Count(f.conf, line+";") != 1 {
		t.Fatalf("nginx.conf has no line %q", line)
	}
	f.reload(strings.ReplaceAll(f.conf, line, line+" down"))
	forEachKey(keys, func(i int, key string) {
		if owners[key] != mortal {
			return
		}
		if f.has(key, i%2 == 0) {
			t.Errorf("%s has the state of a process that is gone", key)
		}
		equal(t, "organization of "+key, before[key], me(key))
	})
	keep("a process was taken out")
	moved, strays := 0, map[string]int{}
	for key, process := range f.owners(keys) {
		if process != owners[key] {
			moved++
			strays[key] = process
		}
		if (process != owners[key]) != (owners[key] == mortal) {
			t.Errorf("%s was at process %d and is at %d, and it is %d that was taken out", key, owners[key], process, mortal)
		}
	}
	t.Logf("keys that moved: %d of %d", moved, len(keys))
	counts := map[int]int{}
	for _, process := range strays {
		counts[process]++
	}
	if len(counts) != 2 {
		t.Errorf("the keys that moved went to %v, want both that are left", counts)
	}
}
