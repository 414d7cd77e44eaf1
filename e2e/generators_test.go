package e2e

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The generators of clients that our two documents must load in.
const (
	oapiCodegen       = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	ogen              = "github.com/ogen-go/ogen/cmd/ogen@v1.25.0"
	openAPITypeScript = "openapi-typescript@7.13.0"
	heyAPI            = "@hey-api/openapi-ts@0.99.0"
	typeScriptTool    = "typescript@5.9.3"
)

// servedDocuments saves the documents as a server serves them and returns the directory.
func servedDocuments(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	srv := start(t)
	for name, path := range map[string]string{"admin.yaml": "/openapi.yaml", "control.json": "/_emulate/openapi.json"} {
		got, err := http.Get(srv.URL + path)
		noError(t, path, err)
		text, err := io.ReadAll(got.Body)
		noError(t, path, err)
		noError(t, path, got.Body.Close())
		equal(t, path, http.StatusOK, got.StatusCode)
		noError(t, name, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}

// tool runs a program, which may have to download packages first.
func tool(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// The generators for Go generate clients that compile.
func TestGoGeneratorsLoadTheDocuments(t *testing.T) {
	if !everyRecipe {
		t.Skipf("needs the network: set %s=1, as .ci/run does", recipesSwitch)
	}
	t.Parallel()
	dir := servedDocuments(t)
	for pkg, document := range map[string]string{"admin": "admin.yaml", "control": "control.json"} {
		noError(t, "directory", os.MkdirAll(filepath.Join(dir, "oapi", pkg), 0o700))
		tool(t, dir, "go", "run", oapiCodegen, "-generate", "types,client", "-package", pkg,
			"-o", filepath.Join("oapi", pkg, "client.go"), document)
		tool(t, dir, "go", "run", ogen, "-target", filepath.Join("ogen", pkg), "-package", pkg, document)
	}
	tool(t, dir, "go", "mod", "init", "generated")
	tool(t, dir, "go", "mod", "tidy")
	tool(t, dir, "go", "vet", "./...")
}

// The generators for TypeScript generate types that compile.
func TestTypeScriptGeneratorsLoadTheDocuments(t *testing.T) {
	if !everyTypeScript {
		t.Skipf("needs Node 20 or newer and npm: set %s=1, as .ci/run does", typeScriptSwitch)
	}
	t.Parallel()
	dir := servedDocuments(t)
	tool(t, dir, "npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", ".", openAPITypeScript, heyAPI, typeScriptTool)
	compile := []string{
		"--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom,dom.iterable",
		"--module", "esnext", "--moduleResolution", "bundler",
	}
	for name, document := range map[string]string{"admin": "admin.yaml", "control": "control.json"} {
		tool(t, dir, "npx", "--no-install", "openapi-typescript", document, "-o", name+".ts")
		tool(t, dir, "npx", "--no-install", "openapi-ts", "-i", document, "-o", name)
		compile = append(compile, name+".ts", filepath.Join(name, "index.ts"))
	}
	tool(t, dir, "npx", append([]string{"--no-install", "tsc"}, compile...)...)
}
