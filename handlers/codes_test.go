package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v4"

	"antechamber/api"
	"antechamber/handlers/control"
	"antechamber/internal/conform"
	"antechamber/internal/faults"
)

// documentedFailures are the failures of the vendor's newest document.
var documentedFailures = sync.OnceValues(conform.LoadFailures)

// failureConforms fails the test unless an error conforms to the vendor's newest
// document: as a whole in production's format, and without the contract's fields in the
// default one.
func failureConforms(t testing.TB, format Errors, method, route string, got result) {
	t.Helper()
	body := []byte(got.body)
	if format != ErrorsProduction {
		var err error
		if body, err = conform.ProductionPart(body); err != nil {
			t.Errorf("%s %s: the response %d %s: %v", method, route, got.status, got.body, err)
			return
		}
	}
	documented, err := documentedFailures()
	if err != nil {
		t.Fatal(err)
	}
	err = documented.Check(method, route, got.status, got.header, body)
	undeclared := errors.Is(err, conform.ErrUndeclaredStatus) && got.header.Get(faults.Header) != ""
	if err != nil && !undeclared && !deviates(got, err) {
		t.Errorf("%s %s: the response %d %s\ndoes not conform to the vendor's newest document: %v", method, route, got.status, got.body, err)
	}
	// Where an operation documents no codes, the document allows any.
	var envelope struct{ Error api.ErrorObject }
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Errorf("%s: %v", body, err)
	}
	if d := envelope.Error.Details; d != nil {
		coded, _ := api.Coded(d.ErrorCode)
		if op := operationAt(method, route); !coded.In(op) || coded.Status != got.status {
			t.Errorf("%s does not document %s with status %d", op, d.ErrorCode, got.status)
		}
	}
}

// operationAt returns the id of an operation.
func operationAt(method, route string) string {
	for _, op := range operations {
		if op.Method == method && op.route() == route {
			return op.ID
		}
	}
	return ""
}

// requestOf returns a request that the server would accept on acme.
func requestOf(t *testing.T, id string) (method, path, body string) {
	t.Helper()
	bodies := map[string]string{
		"updateOrganizationMember": `{"role":"user"}`, "createOrganizationInvite": `{"email":"new@example.com","role":"user"}`,
		"createWorkspace": `{"name":"A"}`, "updateWorkspace": `{"name":"A"}`, "updateApiKey": `{"name":"A"}`,
		"addWorkspaceMember": `{"user_id":"user_code","workspace_role":"workspace_user"}`, "updateWorkspaceMember": `{"workspace_role":"workspace_user"}`,
	}
	i := slices.IndexFunc(operations, func(op operation) bool { return op.ID == id })
	if i < 0 {
		t.Fatalf("no operation %s", id)
	}
	ids := strings.NewReplacer(":user_id", "user_dev", ":invite_id", "invite_pending", ":workspace_id", "wrkspc_live", ":api_key_id", "apikey_active")
	return operations[i].Method, ids.Replace(operations[i].Path), bodies[id]
}

// Every code can be injected into every operation that documents it, in both formats:
// status, type and details are those of the document.
func TestEveryDocumentedErrorCanBeInjected(t *testing.T) {
	for format, srv := range map[string]*testServer{"default": serve(t, acme), "production": serve(t, acme, production)} {
		for _, e := range api.CodedErrors {
			for _, operation := range e.Operations {
				t.Run(format+" "+operation+" "+string(e.Code), func(t *testing.T) {
					srv.t = t
					srv.tools().Faults.Clear()
					srv.arm(`{"match":{"operation":"` + operation + `"},"action":{"type":"error","error_code":"` + string(e.Code) + `"},"times":1}`)
					got := srv.do(requestOf(t, operation)) // checks it against the document
					same(t, "status", e.Status, got.status)
					same(t, "type", any(e.Type), any(api.ErrorType(field(t, got.body, "error", "type").(string))))
					same(t, "code", any(string(e.Code)), field(t, got.body, "error", "details", "error_code"))
				})
			}
		}
	}
}

// A 409 without a code has the type that its operation documents.
func TestTypeOfAConflict(t *testing.T) {
	srv := serve(t, acme)
	srv.arm(`{"action":{"type":"error","status":409}}`)
	for operation, want := range map[string]string{
		"removeOrganizationMember": "invalid_request_error", "createWorkspace": "invalid_request_error",
		"createOrganizationInvite": "conflict_error", "listWorkspaces": "conflict_error",
	} {
		got := srv.do(requestOf(t, operation))
		same(t, operation, []any{409, want, want}, []any{got.status, field(t, got.body, "type"), field(t, got.body, "error", "type")})
	}
}

// A code that only some of the matching operations document fires, and counts, only
// there.
func TestCodesFireOnlyWhereTheyAreDocumented(t *testing.T) {
	srv := serve(t, acme)
	srv.arm(`{"match":{"method":"POST"},"action":{"type":"error","error_code":"external_key_changed"},"after":1,"times":1}`)
	for range 3 {
		method, path, body := requestOf(t, "updateOrganizationMember")
		srv.must(method, path, body)
	}
	srv.must("POST", workspaces, `{"name":"A"}`) // skipped by after
	same(t, "hits", 0, srv.tools().Faults.List()[0].Hits)
	got := srv.do("POST", live, `{"name":"B"}`)
	same(t, "response", []any{409, "external_key_changed"}, []any{got.status, field(t, got.body, "error", "details", "error_code")})
	same(t, "hits", 1, srv.tools().Faults.List()[0].Hits)
}

// workspace_created_incomplete creates the workspace that it names. A request that is
// refused creates none, and gets its refusal.
func TestWorkspaceCreatedIncomplete(t *testing.T) {
	srv := serve(t, acme, withJournal)
	srv.arm(`{"action":{"type":"error","error_code":"workspace_created_incomplete","retry_after":3}}`)
	got := srv.do("POST", workspaces, `{"name":"Half"}`)
	same(t, "response", []any{503, "3", "overloaded_error"}, []any{got.status, got.header.Get("retry-after"), field(t, got.body, "error", "type")})
	id, _ := field(t, got.body, "error", "details", "workspace_id").(string)
	same(t, "the workspace", any("Half"), field(t, srv.get(workspaces+"/"+id), "name"))
	entry := srv.entries()[0]
	same(t, "in the journal", []any{503, "overloaded_error", "fault_1", 1}, []any{entry.Status, entry.ErrorType, entry.Fault, len(entry.Effects)})

	before := srv.contents()
	got = srv.do("POST", workspaces, `{}`)
	same(t, "a refusal", []any{400, "name: Field required", ""}, []any{got.status, field(t, got.body, "message"), got.header.Get("retry-after")})
	same(t, "the organization", before, srv.contents())
}

// failures_test.go provokes every error code that a rule of the store sends, and
// failureConforms checks that the operation documents it.
func TestEveryCodeOfTheStoreIsProvoked(t *testing.T) {
	files, err := filepath.Glob("../store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	sent, provoked := codesIn(t, files...), codesIn(t, "failures_test.go")
	if len(sent) < 8 {
		t.Fatalf("found only %v", sent)
	}
	for name := range sent {
		if !provoked[name] {
			t.Errorf("no failure of failures_test.go has the code api.%s", name)
		}
	}
}

// codesIn returns the names of the constants for error codes in Go files.
func codesIn(t *testing.T, files ...string) map[string]bool {
	t.Helper()
	codes, err := os.ReadFile("../api/error_codes.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bapi\.([A-Z]\w+)`).FindAllSubmatch(source, -1) {
			if bytes.Contains(codes, []byte("Code: "+string(name[1])+",")) {
				found[string(name[1])] = true
			}
		}
	}
	return found
}

// Both documents list the codes that are served.
func TestDocumentsListEveryErrorCode(t *testing.T) {
	codes := api.ErrorCodes()
	var admin struct {
		Components struct {
			Schemas struct {
				ErrorCode struct{ Enum []api.ErrorCode } `yaml:"ErrorCode"`
			}
		}
	}
	if err := yaml.Unmarshal(api.OpenAPI, &admin); err != nil {
		t.Fatal(err)
	}
	same(t, "api/openapi.yaml", codes, admin.Components.Schemas.ErrorCode.Enum)
	var plane struct {
		Components struct {
			Schemas struct {
				FaultAction struct {
					OneOf []struct {
						Properties struct {
							Code struct{ Enum []api.ErrorCode } `json:"error_code"`
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(control.OpenAPI, &plane); err != nil {
		t.Fatal(err)
	}
	same(t, "handlers/control/openapi.json", codes, plane.Components.Schemas.FaultAction.OneOf[0].Properties.Code.Enum)
}
