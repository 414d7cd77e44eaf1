package conform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"antechamber/api"
	"antechamber/internal/conform"
	"antechamber/internal/vendordoc"
)

var contractOperations = []conform.Operation{
	{ID: "listApiKeys", Method: "GET", Path: "/organizations/api_keys"},
	{ID: "getApiKey", Method: "GET", Path: "/organizations/api_keys/{api_key_id}"},
	{ID: "updateApiKey", Method: "POST", Path: "/organizations/api_keys/{api_key_id}"},
	{ID: "listOrganizationInvites", Method: "GET", Path: "/organizations/invites"},
	{ID: "createOrganizationInvite", Method: "POST", Path: "/organizations/invites"},
	{ID: "deleteOrganizationInvite", Method: "DELETE", Path: "/organizations/invites/{invite_id}"},
	{ID: "getOrganizationInvite", Method: "GET", Path: "/organizations/invites/{invite_id}"},
	{ID: "getCurrentOrganization", Method: "GET", Path: "/organizations/me"},
	{ID: "listOrganizationMembers", Method: "GET", Path: "/organizations/users"},
	{ID: "removeOrganizationMember", Method: "DELETE", Path: "/organizations/users/{user_id}"},
	{ID: "getOrganizationMember", Method: "GET", Path: "/organizations/users/{user_id}"},
	{ID: "updateOrganizationMember", Method: "POST", Path: "/organizations/users/{user_id}"},
	{ID: "listWorkspaces", Method: "GET", Path: "/organizations/workspaces"},
	{ID: "createWorkspace", Method: "POST", Path: "/organizations/workspaces"},
	{ID: "getWorkspace", Method: "GET", Path: "/organizations/workspaces/{workspace_id}"},
	{ID: "updateWorkspace", Method: "POST", Path: "/organizations/workspaces/{workspace_id}"},
	{ID: "archiveWorkspace", Method: "POST", Path: "/organizations/workspaces/{workspace_id}/archive"},
	{ID: "listWorkspaceMembers", Method: "GET", Path: "/organizations/workspaces/{workspace_id}/members"},
	{ID: "addWorkspaceMember", Method: "POST", Path: "/organizations/workspaces/{workspace_id}/members"},
	{ID: "removeWorkspaceMember", Method: "DELETE", Path: "/organizations/workspaces/{workspace_id}/members/{user_id}"},
	{ID: "getWorkspaceMember", Method: "GET", Path: "/organizations/workspaces/{workspace_id}/members/{user_id}"},
	{ID: "updateWorkspaceMember", Method: "POST", Path: "/organizations/workspaces/{workspace_id}/members/{user_id}"},
}

func TestDocumentHasTheContractsOperations(t *testing.T) {
	if diff := cmp.Diff(contractOperations, load(t).Operations()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestVendorHasTheSameOperations(t *testing.T) {
	want := slices.Clone(contractOperations)
	got := loadVendor(t).Operations()
	for i := range want {
		want[i].ID = "" // the vendor's ids differ
	}
	for i := range got {
		got[i].ID = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestQueryParameters(t *testing.T) {
	page := []string{"after_id", "before_id", "limit"}
	want := map[string][]string{
		"listApiKeys":             append([]string{"created_by_user_id", "status", "workspace_id"}, page...),
		"listOrganizationInvites": append([]string{"email", "roles[]", "statuses[]"}, page...),
		"listOrganizationMembers": append([]string{"email", "roles[]"}, page...),
		"listWorkspaceMembers":    page,
		"listWorkspaces":          append([]string{"ids[]", "include_archived", "include_default"}, page...),
	}
	for _, names := range want {
		slices.Sort(names)
	}
	got := map[string][]string{}
	for _, op := range documentedOperations(t) {
		for _, p := range op.parameters {
			if p.In == "query" {
				got[op.ID] = append(got[op.ID], p.Name)
			}
		}
		slices.Sort(got[op.ID])
		if !slices.Contains(op.parameters, parameter{Name: "anthropic-version", In: "header", Required: true}) {
			t.Errorf("%s does not require anthropic-version", op.ID)
		}
	}
	maps.DeleteFunc(got, func(_ string, names []string) bool { return len(names) == 0 })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("query parameters (-want +got):\n%s", diff)
	}
}

// Every object schema declares additionalProperties, so that unknown fields are found.
// Nullable values have the type null, as in OpenAPI 3.1.
func TestSchemasAreClosed(t *testing.T) {
	var walk func(pointer string, node any)
	walk = func(pointer string, node any) {
		switch node := node.(type) {
		case map[string]any:
			if _, ok := node["nullable"]; ok {
				t.Errorf("%s has nullable, which OpenAPI 3.1 does not have", pointer)
			}
			isObject := node["type"] == "object"
			if list, ok := node["type"].([]any); ok {
				isObject = slices.Contains(list, any("object"))
			}
			if _, ok := node["additionalProperties"]; isObject && !ok {
				t.Errorf("%s does not declare additionalProperties", pointer)
			}
			for name, child := range node {
				walk(pointer+"/"+name, child)
			}
		case []any:
			for i, child := range node {
				walk(pointer+"/"+strconv.Itoa(i), child)
			}
		}
	}
	doc := document(t)
	walk("/paths", doc["paths"])
	walk("/components/schemas", doc["components"].(map[string]any)["schemas"])
}

func TestExamplesMatchTheirSchemas(t *testing.T) {
	doc := load(t)
	for _, op := range documentedOperations(t) {
		for _, status := range []string{"200", "4XX", "5XX"} {
			if len(op.responses[status]) == 0 {
				t.Errorf("%s has no %s example", op.ID, status)
			}
			for name, value := range op.responses[status] {
				err := doc.CheckResponse(op.Method, op.Path, statusOf(status), headers(), encode(t, value))
				if err != nil {
					t.Errorf("%s, %s:\n%v", op.ID, name, err)
				}
			}
		}
		if op.takesBody && len(op.requests) == 0 {
			t.Errorf("%s has no request example", op.ID)
		}
		for name, value := range op.requests {
			if err := doc.CheckRequest(op.Method, op.Path, encode(t, value)); err != nil {
				t.Errorf("%s, %s:\n%v", op.ID, name, err)
			}
		}
	}
}

func TestExamplesMatchTheVendorsSchemas(t *testing.T) {
	vendor := loadVendor(t)
	for _, op := range documentedOperations(t) {
		for name, value := range op.responses["200"] {
			if err := vendor.CheckResponse(op.Method, op.Path, 200, headers(), encode(t, value)); err != nil {
				t.Errorf("%s, %s:\n%v", op.ID, name, err)
			}
		}
		for name, value := range op.requests {
			if err := vendor.CheckRequest(op.Method, op.Path, encode(t, value)); err != nil {
				t.Errorf("%s, %s:\n%v", op.ID, name, err)
			}
		}
		production := encode(t, op.responses["4XX"]["ProductionErrorExample"])
		if err := vendor.CheckResponse(op.Method, op.Path, 404, headers(), production); err != nil {
			t.Errorf("%s, ProductionErrorExample:\n%v", op.ID, err)
		}
	}
}

// Our response examples have all fields of the contract's, and more. Request examples
// are equal.
func TestExamplesContainTheContracts(t *testing.T) {
	file, err := os.ReadFile("../../handlers/testdata/contract_examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var contract map[string]any
	if err := json.Unmarshal(file, &contract); err != nil {
		t.Fatal(err)
	}
	if len(contract) != 23 {
		t.Errorf("%d examples of the contract, want 23", len(contract))
	}
	ours := examples(t)
	for name, want := range contract {
		got, ok := ours[name]
		switch {
		case !ok:
			t.Errorf("missing example %s", name)
		case strings.HasSuffix(name, "RequestExample"):
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-contract +ours):\n%s", name, diff)
			}
		default:
			contains(t, name, want, got)
		}
	}
}

func contains(t *testing.T, where string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name, value := range want {
			member, ok := object[name]
			if !ok {
				t.Errorf("%s/%s is missing", where, name)
				continue
			}
			contains(t, where+"/"+name, value, member)
		}
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			t.Errorf("%s has %d elements, the contract's %d", where, len(list), len(want))
			return
		}
		for i := range want {
			contains(t, where+"/"+strconv.Itoa(i), want[i], list[i])
		}
	default:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-contract +ours):\n%s", where, diff)
		}
	}
}

// nullable are the fields of responses that may be null, each with the type of its
// object. Lists have no type.
var nullable = []string{
	".first_id", ".last_id",
	"invite.accepted_at",
	"workspace.archived_at", "workspace.external_key_id", "workspace.user_profile_id",
	"api_key.workspace_id", "api_key.last_used_at", "api_key.partial_key_hint", "api_key.expires_at", "api_key.principal",
	"api_key.created_by",
}

// optional are the fields that may be absent, because they depend on the version or on
// the type of the object.
var optional = []string{"api_key.workspace_id", "workspace.workspace_id"}

// Each response example is changed one field at a time: an unknown field is added, a
// field is removed, a field is set to null.
func TestInvalidExamplesAreFound(t *testing.T) {
	doc := load(t)
	checked := 0
	for _, op := range documentedOperations(t) {
		for status, byName := range op.responses {
			for name, value := range byName {
				checkFails := func(change string, want bool) {
					t.Helper()
					checked++
					err := doc.CheckResponse(op.Method, op.Path, statusOf(status), headers(), encode(t, value))
					if got := err != nil; got != want {
						t.Errorf("%s, %s, %s: rejected is %v, want %v: %v", op.ID, name, change, got, want, err)
					}
				}
				for pointer, object := range objects(nil, "", value) {
					if strings.HasSuffix(pointer, "/tags") {
						continue // has any fields
					}
					object["unknown"] = "x"
					checkFails(pointer+" with an unknown field", true)
					delete(object, "unknown")
					for field, value := range object {
						delete(object, field)
						kind, _ := object["type"].(string)
						checkFails(pointer+" without "+field, !slices.Contains(optional, kind+"."+field) && field != "details")
						object[field] = nil
						checkFails(pointer+" with null for "+field, !slices.Contains(nullable, kind+"."+field))
						object[field] = value
					}
				}
				checkFails("unchanged", false)
			}
		}
	}
	if checked < 1000 {
		t.Errorf("only %d responses checked", checked)
	}
}

func TestCheckResponseNamesEveryViolation(t *testing.T) {
	const (
		workspaces = "/organizations/workspaces"
		workspace  = "/organizations/workspaces/{workspace_id}"
		user       = "/organizations/users/{user_id}"
		key        = "/organizations/api_keys/{api_key_id}"
	)
	tests := []struct {
		name    string
		method  string
		route   string
		status  int
		example string
		change  func(v map[string]any)
		want    []string
	}{
		{
			"wrong enum", "GET", user, 200, "OrganizationMemberExample",
			func(v map[string]any) { v["role"] = "owner" },
			[]string{"body/role: value must be one of 'user', 'claude_code_user', 'developer', 'billing', 'admin'"},
		},
		{
			"several at once", "GET", user, 200, "OrganizationMemberExample",
			func(v map[string]any) { delete(v, "email"); v["name"] = nil; v["nickname"] = "Jane" },
			[]string{
				"body/email: missing",
				"body/name: got null, want string",
				"body/nickname: not in the schema",
			},
		},
		{
			"nested in a list", "GET", workspaces, 200, "WorkspaceListExample",
			func(v map[string]any) {
				second := v["data"].([]any)[1].(map[string]any)
				second["display_color"] = "red"
				delete(second["data_residency"].(map[string]any), "workspace_geo")
			},
			[]string{
				"body/data/1/data_residency/workspace_geo: missing",
				"body/data/1/display_color: 'red' does not match pattern '^#[0-9A-Fa-f]{6}$'",
			},
		},
		{
			"name too long", "POST", workspace, 200, "WorkspaceExample",
			func(v map[string]any) { v["name"] = strings.Repeat("ä", 256) },
			[]string{"body/name: maxLength: got 256, want 255"},
		},
		{
			"time without microseconds", "GET", workspace, 200, "WorkspaceExample",
			func(v map[string]any) { v["created_at"] = "2024-09-15T14:20:00Z" },
			[]string{`body/created_at: '2024-09-15T14:20:00Z' does not match pattern '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$'`},
		},
		{
			"day out of range", "GET", workspace, 200, "WorkspaceExample",
			func(v map[string]any) { v["archived_at"] = "2024-02-30T14:20:00.000000Z" },
			[]string{`body/archived_at: '2024-02-30T14:20:00.000000Z' is not valid date-time: invalid date element: parsing time "2024-02-30": day out of range`},
		},
		{
			"reserved tag", "GET", workspace, 200, "WorkspaceExample",
			func(v map[string]any) { v["tags"] = map[string]any{"anthropic_team": "core", "team": "core"} },
			[]string{"body: 'not' failed"},
		},
		{
			"unknown principal", "GET", key, 200, "ApiKeyExample",
			func(v map[string]any) { v["principal"] = map[string]any{"type": "group_actor", "group_id": "group_1"} },
			[]string{"body/principal/group_id: not in the schema", "body/principal/type: value must be one of 'user_actor', 'service_account_actor'"},
		},
		{
			"error in neither format", "GET", key, 404, "ErrorExample",
			func(v map[string]any) { delete(v["error"].(map[string]any), "message") },
			[]string{"body: matches no alternative: (body/error/message: missing) or (body/error/message: missing; body/message: not in the schema; body/type: value must be 'error')"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			value := examples(t)[tt.example].(map[string]any)
			tt.change(value)
			err := load(t).CheckResponse(tt.method, tt.route, tt.status, headers(), encode(t, value))
			found, ok := errors.AsType[conform.Violations](err)
			if !ok {
				t.Fatalf("got %v, want violations", err)
			}
			var got []string
			for _, v := range found {
				got = append(got, v.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckResponseFindsInvalidBodies(t *testing.T) {
	for _, body := range []string{"", "{", "OK", `{"id":"12345678-1234-5678-1234-567812345678"} {}`, "{\"name\":\"\xff\"}", "null", "[]"} {
		err := load(t).CheckResponse("GET", "/organizations/me", 200, headers(), []byte(body))
		found, ok := errors.AsType[conform.Violations](err)
		if !ok || found[0].Pointer != "" || found[0].Header != "" {
			t.Errorf("%q: got %v, want a violation of the whole body", body, err)
		}
	}
}

func TestCheckResponseFindsInvalidHeaders(t *testing.T) {
	ok := encode(t, examples(t)["OrganizationExample"])
	failed := encode(t, examples(t)["ErrorExample"])
	tests := []struct {
		name   string
		status int
		set    func(h http.Header)
		want   []string
	}{
		{"as declared", 200, func(http.Header) {}, nil},
		{"content type with a charset", 200, func(h http.Header) { h.Set("Content-Type", "application/json; charset=utf-8") }, nil},
		{"wrong content type", 200, func(h http.Header) { h.Set("Content-Type", "text/plain") }, []string{"content-type"}},
		{"no content type", 400, func(h http.Header) { h.Del("Content-Type") }, []string{"content-type"}},
		{"no ids", 200, func(h http.Header) { h.Del("Request-Id"); h.Del("Anthropic-Organization-Id") }, []string{"anthropic-organization-id", "request-id"}},
		{"unauthenticated, without an organization", 401, func(h http.Header) { h.Del("Anthropic-Organization-Id") }, nil},
		{"organization that is not a UUID", 401, func(h http.Header) { h.Set("Anthropic-Organization-Id", "acme") }, []string{"anthropic-organization-id"}},
		{"request id without its prefix", 404, func(h http.Header) { h.Set("Request-Id", "01JBG2S5YK4N8QW7T3V6X9Z0AB") }, []string{"request-id"}},
		{"retry after a second", 429, func(h http.Header) { h.Set("Retry-After", "1") }, nil},
		{"retry after zero seconds", 429, func(h http.Header) { h.Set("Retry-After", "0") }, []string{"retry-after"}},
		{"retry after a date", 529, func(h http.Header) { h.Set("Retry-After", "Fri, 01 Nov 2024 23:59:27 GMT") }, []string{"retry-after"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header, body := headers(), ok
			if tt.status >= 400 {
				body = failed
			}
			tt.set(header)
			var got []string
			if err := load(t).CheckResponse("GET", "/organizations/me", tt.status, header, body); err != nil {
				found, _ := errors.AsType[conform.Violations](err)
				for _, v := range found {
					got = append(got, v.Header)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("invalid headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUndeclaredStatus(t *testing.T) {
	body := encode(t, examples(t)["OrganizationExample"])
	for _, status := range []int{101, 201, 204, 302, 600} {
		if err := load(t).CheckResponse("GET", "/organizations/me", status, headers(), body); !errors.Is(err, conform.ErrUndeclaredStatus) {
			t.Errorf("%d: got %v, want %v", status, err, conform.ErrUndeclaredStatus)
		}
	}
	if err := loadVendor(t).CheckResponse("GET", "/organizations/me", 405, headers(), body); !errors.Is(err, conform.ErrUndeclaredStatus) {
		t.Errorf("vendor, 405: got %v, want %v", err, conform.ErrUndeclaredStatus)
	}
}

func TestUnknownOperation(t *testing.T) {
	doc := load(t)
	if err := doc.CheckResponse("POST", "/organizations/api_keys", 200, headers(), []byte("{}")); err == nil {
		t.Error("CheckResponse accepts an unknown operation")
	}
	if err := doc.CheckRequest("POST", "/organizations/api_keys", []byte("{}")); err == nil {
		t.Error("CheckRequest accepts an unknown operation")
	}
}

func TestCheckRequest(t *testing.T) {
	const (
		invites    = "/organizations/invites"
		user       = "/organizations/users/{user_id}"
		workspaces = "/organizations/workspaces"
		workspace  = "/organizations/workspaces/{workspace_id}"
		archive    = "/organizations/workspaces/{workspace_id}/archive"
		members    = "/organizations/workspaces/{workspace_id}/members"
		member     = "/organizations/workspaces/{workspace_id}/members/{user_id}"
		key        = "/organizations/api_keys/{api_key_id}"
	)
	tests := []struct {
		route string
		body  string
		want  []string // pointers of the violations
	}{
		{invites, `{"email":"a@example.com","role":"billing","rbac_group_ids":[]}`, nil},
		{invites, `{"email":"a@example.com","role":"admin"}`, []string{"/role"}},
		{invites, `{"email":"nobody","role":"user","rbac_group_ids":["g"],"name":"A"}`, []string{"/email", "/name", "/rbac_group_ids"}},
		{invites, `{}`, []string{"/email", "/role"}},
		{invites, ``, []string{""}},
		{invites, `{"email":`, []string{""}},
		{user, `{"role":"claude_code_user"}`, nil},
		{user, `{"role":"admin"}`, []string{"/role"}},
		{workspaces, `{"name":"A"}`, nil},
		{workspaces, `{"name":"A","display_color":null,"tags":null,"external_key_id":null,"data_residency":null}`, nil},
		{workspaces, `{"name":"A","tags":{"team":"core"},"data_residency":{"workspace_geo":"us","allowed_inference_geos":["us"],"default_inference_geo":"us"}}`, nil},
		{workspaces, `{"name":"A","data_residency":{"workspace_geo":null,"allowed_inference_geos":null,"default_inference_geo":null}}`, nil},
		{workspaces, `{"name":"","display_color":"#12345","tags":{"team":1}}`, []string{"/display_color", "/name", "/tags/team"}},
		{workspaces, `{"name":"A","data_residency":{"workspace_geo":"eu"}}`, []string{"/data_residency"}},
		{workspace, `{"tags":{"team":null}}`, nil},
		{workspace, `{"display_color":"#AABBCC"}`, nil},
		{workspace, `{}`, []string{""}},
		{workspace, `{"name":null,"external_key_id":null}`, []string{"/external_key_id", "/name"}},
		{workspace, `{"data_residency":{"workspace_geo":"us"}}`, []string{"/data_residency"}},
		{archive, ``, nil},
		{archive, `{}`, []string{""}},
		{members, `{"user_id":"user_1","workspace_role":"workspace_restricted_developer"}`, nil},
		{members, `{"user_id":"user_1","workspace_role":"workspace_billing"}`, []string{"/workspace_role"}},
		{member, `{"workspace_role":"workspace_billing"}`, nil},
		{member, `{"workspace_role":"workspace_admin","user_id":"user_1"}`, []string{"/user_id"}},
		{key, `{}`, nil},
		{key, `{"name":null,"status":null}`, nil},
		{key, `{"name":"","status":"expired"}`, []string{"/name", "/status"}},
	}
	for _, tt := range tests {
		t.Run(tt.route+" "+tt.body, func(t *testing.T) {
			var got []string
			if err := load(t).CheckRequest("POST", tt.route, []byte(tt.body)); err != nil {
				found, ok := errors.AsType[conform.Violations](err)
				if !ok {
					t.Fatal(err)
				}
				for _, v := range found {
					got = append(got, v.Pointer)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pointers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVendorRejectsUndeclaredValues(t *testing.T) {
	vendor := loadVendor(t)
	workspace := examples(t)["WorkspaceExample"].(map[string]any)
	delete(workspace, "compartment_id")
	workspace["archived_at"] = 7
	err := vendor.CheckResponse("GET", "/organizations/workspaces/{workspace_id}", 200, headers(), encode(t, workspace))
	found, _ := errors.AsType[conform.Violations](err)
	var got []string
	for _, v := range found {
		got = append(got, v.Pointer)
	}
	if diff := cmp.Diff([]string{"/archived_at", "/compartment_id"}, got); diff != "" {
		t.Errorf("pointers (-want +got):\n%s", diff)
	}
	contractShape := []byte(`{"type":"not_found_error","message":"no such workspace"}`)
	if err := vendor.CheckResponse("GET", "/organizations/me", 404, headers(), contractShape); err == nil {
		t.Error("the vendor's document accepts an error in the contract's format")
	}
	if err := vendor.CheckRequest("POST", "/organizations/workspaces", []byte(`{"name":"A","foo":1}`)); err == nil {
		t.Error("the vendor's document accepts an unknown field in a request")
	}
}

func TestLoadRejectsInvalidDocuments(t *testing.T) {
	good := string(api.OpenAPI)
	tests := []struct{ name, doc, want string }{
		{"invalid YAML", "openapi: [", ""},
		{"no version", strings.Replace(good, "version: 1.0.0", "version: ''", 1), "version"},
		{"undeclared path parameter", strings.Replace(good, "- $ref: '#/components/parameters/InviteId'", "[]", 1), "invite_id"},
		{"unresolved reference", strings.Replace(good, "schemas/ErrorObject'", "schemas/Nothing'", 1), "Nothing"},
		{"example that violates its schema", strings.Replace(good, "role: developer", "role: emperor", 1), "emperor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := conform.Load([]byte(tt.doc))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q", err, tt.want)
			}
		})
	}
}

func TestDocumentIsSafeForConcurrentUse(t *testing.T) {
	doc, vendor := load(t), loadVendor(t)
	good := encode(t, examples(t)["WorkspaceListExample"])
	bad := []byte(`{"data":[{}],"first_id":1,"has_more":false,"last_id":null}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				for _, d := range []*conform.Document{doc, vendor} {
					if err := d.CheckResponse("GET", "/organizations/workspaces", 200, headers(), good); err != nil {
						t.Error(err)
					}
					if err := d.CheckResponse("GET", "/organizations/workspaces", 200, headers(), bad); err == nil {
						t.Error("an invalid page is accepted")
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkCheckResponse(b *testing.B) {
	doc, vendor := load(b), loadVendor(b)
	all := examples(b)
	page := func(n int) any {
		key := all["ApiKeyExample"]
		return map[string]any{"data": slices.Repeat([]any{key}, n), "first_id": "a", "has_more": true, "last_id": "b"}
	}
	for _, bb := range []struct {
		name, route string
		status      int
		body        any
	}{
		{"workspace", "/organizations/workspaces/{workspace_id}", 200, all["WorkspaceExample"]},
		{"error", "/organizations/workspaces/{workspace_id}", 404, all["ProductionErrorExample"]},
		{"20_keys", "/organizations/api_keys", 200, page(20)},
		{"1000_keys", "/organizations/api_keys", 200, page(1000)},
	} {
		body, header := encode(b, bb.body), headers()
		for name, d := range map[string]*conform.Document{"ours": doc, "vendor": vendor} {
			b.Run(fmt.Sprintf("%s/%s", bb.name, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := d.CheckResponse("GET", bb.route, bb.status, header, body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

var (
	loadOnce       = sync.OnceValues(func() (*conform.Document, error) { return conform.Load(api.OpenAPI) })
	loadVendorOnce = sync.OnceValues(func() (*conform.Document, error) { return conform.LoadVendor(vendordoc.Older) })
)

func load(tb testing.TB) *conform.Document {
	tb.Helper()
	doc, err := loadOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

func loadVendor(tb testing.TB) *conform.Document {
	tb.Helper()
	doc, err := loadVendorOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

func headers() http.Header {
	return http.Header{
		"Content-Type":              {"application/json"},
		"Request-Id":                {"req_01JBG2S5YK4N8QW7T3V6X9Z0AB"},
		"Anthropic-Organization-Id": {"12345678-1234-5678-1234-567812345678"},
	}
}

// statusOf returns a status in a range such as 4XX.
func statusOf(declared string) int {
	status, _ := strconv.Atoi(strings.ReplaceAll(declared, "XX", "00"))
	return status
}

func encode(tb testing.TB, value any) []byte {
	tb.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// objects adds every object in a JSON value to found, by its pointer.
func objects(found map[string]map[string]any, pointer string, value any) map[string]map[string]any {
	if found == nil {
		found = map[string]map[string]any{}
	}
	switch value := value.(type) {
	case map[string]any:
		found[pointer] = value
		for name, child := range value {
			objects(found, pointer+"/"+name, child)
		}
	case []any:
		for i, child := range value {
			objects(found, pointer+"/"+strconv.Itoa(i), child)
		}
	}
	return found
}

// document returns a new copy of our document, as plain JSON values.
func document(tb testing.TB) map[string]any {
	tb.Helper()
	var raw any
	if err := yaml.Unmarshal(api.OpenAPI, &raw); err != nil {
		tb.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(encode(tb, raw), &doc); err != nil {
		tb.Fatal(err)
	}
	return doc
}

// examples returns our document's examples by name.
func examples(tb testing.TB) map[string]any {
	tb.Helper()
	named := document(tb)["components"].(map[string]any)["examples"].(map[string]any)
	values := map[string]any{}
	for name, example := range named {
		values[name] = example.(map[string]any)["value"]
	}
	return values
}

type parameter struct {
	Name     string
	In       string
	Required bool
}

// documented is an operation in our document, with references resolved.
type documented struct {
	conform.Operation
	parameters []parameter
	takesBody  bool
	requests   map[string]any            // examples by name
	responses  map[string]map[string]any // examples by status and name
}

func documentedOperations(tb testing.TB) []documented {
	tb.Helper()
	doc := document(tb)
	resolve := func(node any) map[string]any {
		object, _ := node.(map[string]any)
		for object["$ref"] != nil {
			ref := object["$ref"].(string)
			object = doc
			for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				object = object[name].(map[string]any)
			}
		}
		return object
	}
	exampleValues := func(node any) map[string]any {
		content, _ := resolve(node)["content"].(map[string]any)
		named, _ := resolve(content["application/json"])["examples"].(map[string]any)
		values := map[string]any{}
		for name, example := range named {
			values[name] = resolve(example)["value"]
		}
		return values
	}
	var all []documented
	for path, item := range doc["paths"].(map[string]any) {
		shared, _ := resolve(item)["parameters"].([]any)
		for method, node := range resolve(item) {
			if method == "parameters" {
				continue
			}
			op := resolve(node)
			d := documented{
				Operation: conform.Operation{ID: op["operationId"].(string), Method: strings.ToUpper(method), Path: path},
				takesBody: op["requestBody"] != nil,
				requests:  exampleValues(op["requestBody"]),
				responses: map[string]map[string]any{},
			}
			own, _ := op["parameters"].([]any)
			for _, node := range slices.Concat(shared, own) {
				p := resolve(node)
				required, _ := p["required"].(bool)
				d.parameters = append(d.parameters, parameter{p["name"].(string), p["in"].(string), required})
			}
			for status, response := range op["responses"].(map[string]any) {
				d.responses[status] = exampleValues(response)
			}
			all = append(all, d)
		}
	}
	return all
}

func TestRoute(t *testing.T) {
	doc, err := conform.Load(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/organizations/me":                         "/organizations/me",
		"/organizations/users":                      "/organizations/users",
		"/organizations/users/user_1":               "/organizations/users/{user_id}",
		"/organizations/workspaces/w/archive":       "/organizations/workspaces/{workspace_id}/archive",
		"/organizations/workspaces/w/members":       "/organizations/workspaces/{workspace_id}/members",
		"/organizations/workspaces/w/members/u":     "/organizations/workspaces/{workspace_id}/members/{user_id}",
		"/organizations/users/":                     "",
		"/organizations/workspaces/w/members/u/v/w": "",
		"/": "",
	} {
		if got, ok := doc.Route(path); got != want || ok != (want != "") {
			t.Errorf("Route(%q) = %q, %t, want %q", path, got, ok, want)
		}
	}
}
