package handlers

import (
	"cmp"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"antechamber/internal/conform"
)

// described returns the operations as the documents write them.
func described() []conform.Operation {
	var all []conform.Operation
	for _, op := range operations {
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(op.Path, "{$1}")
		all = append(all, conform.Operation{ID: op.ID, Method: op.Method, Path: path})
	}
	slices.SortFunc(all, func(a, b conform.Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

func TestTheDocumentListsTheOperations(t *testing.T) {
	doc, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "operations", described(), doc.Operations())
}

// The vendor names its operations otherwise.
func TestTheVendorListsTheOperations(t *testing.T) {
	doc, err := vendor()
	if err != nil {
		t.Skipf("the official Go SDK is not in the module cache: %v", err)
	}
	bare := func(all []conform.Operation) (out []string) {
		for _, op := range all {
			out = append(out, op.Method+" "+op.Path)
		}
		return out
	}
	same(t, "operations", bare(described()), bare(doc.Operations()))
}

// What is routed is the list of operations, and a few paths beside the API.
func TestNothingElseIsRouted(t *testing.T) {
	srv := serve(t, acme)
	var routed, want []string
	for _, r := range (&adminAPI{srv.options}).routes().(*echo.Echo).Routes() {
		if r.Method != http.MethodOptions {
			routed = append(routed, r.Method+" "+r.Path)
		}
	}
	for _, op := range operations {
		want = append(want, op.Method+" "+base+op.Path)
	}
	for _, path := range []string{"/livez", "/openapi.yaml", "/readyz"} {
		want = append(want, "GET "+path, "HEAD "+path)
	}
	slices.Sort(want)
	slices.Sort(routed)
	same(t, "routes", want, routed)
}

func TestTheProbesNeedNoKey(t *testing.T) {
	srv := serve(t, acme)
	for _, path := range []string{"~/livez", "~/readyz", "~/openapi.yaml"} {
		if got := srv.do("GET", path, "", "x-api-key:", "anthropic-version:"); got.status != http.StatusOK || got.body == "" {
			t.Errorf("GET %s: %d %q", path, got.status, got.body)
		}
	}
	if got := srv.do("GET", "~/openapi.yaml", ""); got.header.Get("content-type") != "application/yaml" || !strings.HasPrefix(got.body, "openapi: 3.1") {
		t.Errorf("GET /openapi.yaml: %v", got.header)
	}
}

// Every path answers every method that it does not have with 405, and says
// which ones it has.
func TestOtherMethodsAreNotAllowed(t *testing.T) {
	srv := serve(t, acme)
	methods := map[string][]string{}
	for _, op := range operations {
		methods[op.Path] = append(methods[op.Path], op.Method)
	}
	for _, p := range probes {
		methods["~"+p.path] = slices.Clone(probeMethods)
	}
	for path, has := range methods {
		slices.Sort(has)
		concrete := regexp.MustCompile(`:\w+`).ReplaceAllString(path, "x")
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "REPORT"} {
			if slices.Contains(has, method) {
				continue
			}
			got := srv.do(method, concrete, "")
			allow := strings.Split(got.header.Get("allow"), ", ")
			slices.Sort(allow)
			if got.status != http.StatusMethodNotAllowed || !slices.Equal(allow, has) {
				t.Errorf("%s %s: %d, allow %v, want 405 and %v", method, concrete, got.status, allow, has)
			}
			if method != "HEAD" {
				same(t, method+" "+path, any("invalid_request_error"), field(t, got.body, "type"))
			}
			if got.header.Get("request-id") == "" || got.header.Get("anthropic-organization-id") == "" && !strings.HasPrefix(path, "~") {
				t.Errorf("%s %s: no request-id or organization in %v", method, concrete, got.header)
			}
		}
	}
}

// Whoever calls an operation of production that is not emulated is told so.
func TestWhatProductionHasIsKnown(t *testing.T) {
	paths, err := conform.VendorPaths()
	if err != nil {
		t.Skipf("the official Go SDK is not in the module cache: %v", err)
	}
	ours := map[string]bool{}
	for _, op := range described() {
		ours[base+op.Path] = true
	}
	for _, path := range paths {
		if got := productionServes(path); got == ours[path] {
			t.Errorf("productionServes(%q) = %t", path, got)
		}
	}
	for _, path := range []string{
		"/v1/organizations/users/user_x/sign_out", "/v1/organizations/claude_tag/bundles", "/v1/organizations/claude_code/managed_settings/configuration",
	} {
		if !productionServes(path) { // the newest TypeScript SDK has them
			t.Errorf("productionServes(%q) is false", path)
		}
	}
	for _, path := range []string{"/v1", "/v1/organizations", "/v1/organizations/users/user_x/sign_in", "/v1/organizations/workspaces/w/secrets", "/messages"} {
		if productionServes(path) {
			t.Errorf("productionServes(%q) is true", path)
		}
	}
}

// The page that says what a fault can be about names every operation.
func TestTheOperationsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/control-plane.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range operations {
		if !strings.Contains(string(page), "`"+op.ID+"`") {
			t.Errorf("docs/control-plane.md does not name %s", op.ID)
		}
	}
}
