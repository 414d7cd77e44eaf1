package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/internal/vendordoc"
)

// fake has made-up versions and a document.
type fake struct {
	golang map[string]string
	npm    string
	doc    string
	err    error
}

func (f fake) newestGo(module string) (string, error)  { return f.golang[module], f.err }
func (f fake) newestNPM(string) (string, error)        { return f.npm, nil }
func (f fake) document(string, string) ([]byte, error) { return []byte(f.doc), nil }
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	sameDiff(t, what, cmp.Diff(want, got))
}

func sameDiff(t *testing.T, what, diff string) {
	t.Helper()
	if diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// current returns what the registries have if nothing newer was published.
func current(t *testing.T) (tested, fake) {
	t.Helper()
	now, err := readTested()
	if err != nil {
		t.Fatal(err)
	}
	return now, fake{golang: map[string]string{now.goModule: now.goVersion}, npm: now.npmVersion}
}

func reportOf(t *testing.T, l lookup) (string, bool) {
	t.Helper()
	var b strings.Builder
	drifted, err := report(&b, l)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), drifted
}

// The tested version of the vendor's document differs from api/openapi.yaml exactly as
// known.txt says.
func TestNoDriftOfTheTestedVersions(t *testing.T) {
	now, published := current(t)
	got, drifted := reportOf(t, published)
	if drifted {
		t.Errorf("drift: %s", got)
	}
	for _, want := range []string{now.goModule + " " + now.goVersion + " is the newest", now.npmName + " " + now.npmVersion + " is the newest", "no drift"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestDriftOfVersions(t *testing.T) {
	now, published := current(t)
	published.doc = string(now.document)
	published.golang[now.goModule], published.npm = "v2.99.0", "1.99.0"
	got, drifted := reportOf(t, published)
	if want := now.goModule + " " + now.goVersion + " is tested, and v2.99.0 is the newest version\n" +
		now.npmName + " " + now.npmVersion + " is tested, and 1.99.0 is the newest version\n"; got != want || !drifted {
		t.Errorf("drifted: %t, want %q, got %q", drifted, want, got)
	}
	_, published = current(t)
	published.doc = string(now.document)
	published.golang["github.com/anthropics/anthropic-sdk-go/v3"] = "v3.0.0"
	got, drifted = reportOf(t, published)
	if !drifted || !strings.Contains(got, "anthropic-sdk-go/v3 v3.0.0 is a new major version") {
		t.Errorf("drifted: %t\n%s", drifted, got)
	}
}

// A changed document is compared with the tested one and with ours.
func TestDriftOfTheDocument(t *testing.T) {
	now, published := current(t)
	published.golang[now.goModule] = "v2.99.0"
	published.doc = strings.Replace(string(now.document), `"/v1/organizations/me"`,
		`"/v1/organizations/moons": {"get": {"responses": {}}}, "/v1/organizations/me"`, 1)
	got, _ := reportOf(t, published)
	if !strings.Contains(got, "\nThe vendor's document since "+now.goVersion+":\n  + GET /v1/organizations/moons\n") {
		t.Errorf("no new operation in\n%s", got)
	}
}

func TestReportFailsWithoutAnAnswer(t *testing.T) {
	_, published := current(t)
	published.err = errors.New("no network")
	if _, err := report(&strings.Builder{}, published); !errors.Is(err, published.err) {
		t.Errorf("got %v, want %v", err, published.err)
	}
}

// before and after are two versions of a small document. Everything that drift reports
// differs in them.
const (
	before = `{"paths": {
		"/v1/organizations/users": {"get": {
			"parameters": [
				{"name": "limit", "in": "query", "schema": {"type": "integer"}},
				{"name": "role", "in": "query", "schema": {"enum": ["user", "admin"]}},
				{"name": "x-header", "in": "header", "schema": {"type": "string"}}],
			"responses": {
				"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
				"400": {"content": {"application/json": {"schema": {"properties": {"error": {"properties": {"details": {
					"properties": {"error_code": {"enum": ["gone", "kept"]}}}}}}}}}}}}},
		"/v1/organizations/users/{id}": {"post": {
			"requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["role"], "properties": {
				"role": {"type": "string"}, "name": {"type": "string"}}}}}},
			"responses": {}}},
		"/v1/organizations/old": {"get": {"responses": {}}}},
		"components": {"schemas": {
			"Page": {"properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}}},
			"User": {"properties": {
				"id": {"type": "string"}, "manager": {"$ref": "#/components/schemas/User"},
				"removed": {"properties": {"deep": {"type": "string"}}}}}}}}`
	after = `{"paths": {
		"/v1/organizations/users": {"get": {
			"parameters": [
				{"$ref": "#/components/parameters/Limit"},
				{"name": "role", "in": "query", "schema": {"anyOf": [{"enum": ["user", "owner"]}, {"type": "null"}]}},
				{"name": "team", "in": "query", "schema": {"enum": ["a", "b"]}}],
			"responses": {
				"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
				"409": {"content": {"application/json": {"schema": {"oneOf": [{"properties": {"error": {"properties": {"details": {
					"properties": {"error_code": {"const": "new"}}}}}}}, {"properties": {"error": {"properties": {"details": {
					"properties": {"error_code": {"const": "kept"}}}}}}}]}}}}}}},
		"/v1/organizations/users/{id}?beta=true": {"post": {
			"requestBody": {"content": {"application/json": {"schema": {"allOf": [{"type": "object", "required": ["role", "name"]}, {"properties": {
				"role": {"type": ["string", "null"]}, "name": {"type": "string"}}}]}}}},
			"responses": {}}},
		"/v1/organizations/new": {"get": {"responses": {}}}},
		"components": {"parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}}, "schemas": {
			"Page": {"properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}}},
			"User": {"properties": {
				"id": {"type": "string"}, "manager": {"$ref": "#/components/schemas/User"},
				"added": {"properties": {"deep": {"type": "string"}}}}}}}}`
)

func TestDifferences(t *testing.T) {
	old, err := read([]byte(before))
	if err != nil {
		t.Fatal(err)
	}
	now, err := read([]byte(after))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "operations", []string{"+ GET /v1/organizations/new", "- GET /v1/organizations/old"},
		differences(old.operations(prefix), now.operations(prefix)))
	both := facts{"GET /v1/organizations/users": true, "POST /v1/organizations/users/{id}": true}
	same(t, "differences", []string{
		"- GET /v1/organizations/users: error code gone",
		"+ GET /v1/organizations/users: error code new",
		"+ GET /v1/organizations/users: parameter role: may be null",
		"- GET /v1/organizations/users: parameter role: value admin",
		"+ GET /v1/organizations/users: parameter role: value owner",
		"+ GET /v1/organizations/users: parameter team",
		"+ GET /v1/organizations/users: response data[].added",
		"- GET /v1/organizations/users: response data[].removed",
		"+ POST /v1/organizations/users/{id}: request name: required",
		"+ POST /v1/organizations/users/{id}: request role: may be null",
	}, differences(old.describe("", both), now.describe("", both)))
	if same := differences(old.describe("", both), old.describe("", both)); len(same) > 0 {
		t.Errorf("a document differs from itself: %v", same)
	}
}

// Both kinds of documents are read, and every operation of ours is in the vendor's.
func TestDescribe(t *testing.T) {
	ours, err := ourOperations()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "number of operations", 22, len(ours))
	own, err := read(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := vendordoc.Read(vendordoc.Newest)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := read(vendor)
	if err != nil {
		t.Fatal(err)
	}
	for name, found := range map[string]facts{"ours": own.describe(api.BasePath, ours), "the vendor's": theirs.describe("", ours)} {
		for _, want := range []string{
			"DELETE /v1/organizations/workspaces/{workspace_id}/members/{user_id}",
			"GET /v1/organizations/users: parameter roles[]",
			"GET /v1/organizations/api_keys: parameter status: value expired",
			"POST /v1/organizations/invites: request email: required",
			"POST /v1/organizations/invites: request role: value billing",
			"GET /v1/organizations/users: response data[].role: value developer",
			"GET /v1/organizations/workspaces/{workspace_id}: response archived_at: may be null",
		} {
			if !found[want] {
				t.Errorf("%s: no fact %q", name, want)
			}
		}
	}
	if _, err := read([]byte(`{"openapi": "3.1.0"}`)); err == nil {
		t.Error("a document without paths is accepted")
	}
}

func TestKnownDifferences(t *testing.T) {
	lines := []string{"+ GET /a: response b: value managed", "- GET /a: response c"}
	same(t, "unknown", []string{"? known.txt lists what no longer differs: - GET /b*", "- GET /a: response c"},
		withoutKnown(lines, "# a comment\n\n+ *: value managed\n- GET /b*\n"))
}
