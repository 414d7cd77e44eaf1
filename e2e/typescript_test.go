package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// typeScriptSwitch is the variable that turns on the tests with the TypeScript
// SDKs, which need Node and, the first time, a package registry.
const typeScriptSwitch = "E2E_TYPESCRIPT"

// everyTypeScript reports whether typeScriptSwitch is 1. CI sets recipesSwitch, which
// makes the TypeScript SDKs mandatory, too.
var everyTypeScript = os.Getenv(typeScriptSwitch) == "1" || everyRecipe

// TestTypeScriptSDK runs ts/journey.mjs with each version of the SDK in
// ts/package.json and both surfaces of each.
func TestTypeScriptSDK(t *testing.T) {
	if !everyTypeScript {
		t.Skipf("needs Node 20 or newer and npm: set %s=1, as .ci/run does", typeScriptSwitch)
	}
	t.Parallel()
	installTypeScript(t)
	for i, sdk := range []struct {
		version, apiVersion string
		credential          string // the header that carries its API key
		betaParameter       bool   // whether beta resources send beta=true
	}{
		{"0.137.0", "2023-06-01", "x-api-key", true},
		{"1.14.0", "2026-10-21", "authorization", false},
	} {
		for j, surface := range []string{"organization", "beta.organization"} {
			errorForm := []string{"both", "production"}[(i+j)%2]
			t.Run(sdk.version+"/client."+surface+"/errors "+errorForm, func(t *testing.T) {
				t.Parallel()
				p := newProxy(t, start(t, "--seed", "demo", "--clock", frozen, "--errors", errorForm))
				cmd := exec.CommandContext(t.Context(), "node", "--test-reporter=spec", "journey.mjs")
				cmd.Dir = "ts"
				cmd.Env = append(os.Environ(), "E2E_SDK=sdk-"+sdk.version, "E2E_SURFACE="+surface, "E2E_URL="+p.URL,
					"E2E_KEY="+adminKey, "E2E_NOW="+frozen, "E2E_ERRORS="+errorForm)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				p.wantEveryOperation(t)

				// It was this version, with its usual headers.
				var retries []string
				for _, e := range p.seen() {
					version := e.Header.Get("x-stainless-package-version")
					if version == "" {
						continue // fetch, not the SDK
					}
					equal(t, "version of the SDK", sdk.version, version)
					if isBeta := e.Query.Get("beta") == "true"; isBeta != (sdk.betaParameter && surface == "beta.organization") {
						t.Errorf("%s %s of client.%s has beta=%q", e.Method, e.Path, surface, e.Query.Get("beta"))
					}
					retries = append(retries, e.Header.Get(headerRetries))
				}
				usual := slices.IndexFunc(p.seen(), func(e exchange) bool { return e.Path == "/v1/organizations/users" })
				if usual < 0 {
					t.Fatal("no request for users")
				}
				header := p.seen()[usual].Header
				equal(t, "anthropic-version", sdk.apiVersion, header.Get("anthropic-version"))
				for _, name := range []string{"x-api-key", "authorization"} {
					equal(t, "has "+name, name == sdk.credential, header.Get(name) != "")
				}
				slices.Sort(retries)
				equal(t, "numbers of retries", []string{"0", "1", "2"}, slices.Compact(retries))
			})
		}
	}
}

var installing sync.Mutex

// installTypeScript installs the SDKs, unless they are installed already.
func installTypeScript(t *testing.T) {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	var wanted struct{ Dependencies map[string]string }
	readJSON(t, filepath.Join("ts", "package.json"), &wanted)
	missing := false
	for alias, spec := range wanted.Dependencies {
		var installed struct{ Version string }
		if data, err := os.ReadFile(filepath.Join("ts", "node_modules", alias, "package.json")); err != nil ||
			json.Unmarshal(data, &installed) != nil || !strings.HasSuffix(spec, "@"+installed.Version) {
			missing = true
		}
	}
	if !missing {
		return
	}
	if tool := missingTool(t, "node", "npm"); tool != "" {
		t.Fatalf("%s=1 needs %s", typeScriptSwitch, tool)
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--silent")
	install.Dir = "ts"
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	noError(t, "file", err)
	decode(t, string(data), into)
}

// TestLockfileNamesNoRegistry keeps the hosts of registries, which differ between
// machines, out of the repository.
func TestLockfileNamesNoRegistry(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("ts", "package-lock.json"))
	noError(t, "lockfile", err)
	if strings.Contains(string(data), "://") || strings.Contains(string(data), `"resolved"`) {
		t.Error("ts/package-lock.json contains addresses of packages")
	}
}
