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

// documented returns the operations in the form of the OpenAPI documents.
func documented() []conform.Operation {
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

func TestDocumentHasTheSameOperations(t *testing.T) {
	doc, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "operations", documented(), doc.Operations())
}

// The vendor's operation ids differ.
func TestVendorHasTheSameOperations(t *testing.T) {
	withoutIDs := func(all []conform.Operation) (out []string) {
		for _, op := range all {
			out = append(out, op.Method+" "+op.Path)
		}
		return out
	}
	for _, load := range []func() (*conform.Document, error){older, newest} {
		doc, err := load()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "operations", withoutIDs(documented()), withoutIDs(doc.Operations()))
	}
}

// Only the operations and the probes are routed.
func TestRoutes(t *testing.T) {
	srv := serve(t, acme)
	var routed, want []string
	for _, r := range (&adminAPI{Options: srv.options}).routes().(*echo.Echo).Routes() {
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

func TestProbesNeedNoKey(t *testing.T) {
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

// Every path responds to unsupported methods with 405 and an Allow header.
func TestUnsupportedMethodsAreNotAllowed(t *testing.T) {
	srv := serve(t, acme)
	methods := map[string][]string{}
	for _, op := range operations {
		methods[op.Path] = append(methods[op.Path], op.Method)
	}
	for _, p := range probes {
		methods["~"+p.path] = slices.Clone(probeMethods)
	}
	for path, supported := range methods {
		slices.Sort(supported)
		concrete := regexp.MustCompile(`:\w+`).ReplaceAllString(path, "x")
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "REPORT"} {
			if slices.Contains(supported, method) {
				continue
			}
			got := srv.do(method, concrete, "")
			allow := strings.Split(got.header.Get("allow"), ", ")
			slices.Sort(allow)
			if got.status != http.StatusMethodNotAllowed || !slices.Equal(allow, supported) {
				t.Errorf("%s %s: %d, allow %v, want 405 and %v", method, concrete, got.status, allow, supported)
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

// The README lists every operation, by the name that faults use.
func TestOperationsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range operations {
		if !strings.Contains(string(page), "`"+op.ID+"`") {
			t.Errorf("README.md does not mention %s", op.ID)
		}
	}
}
