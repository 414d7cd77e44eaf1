package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErrorCodesAreUpToDate(t *testing.T) {
	want, err := generate("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../api/error_codes.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("api/error_codes.go is out of date; run go generate ./api (-want +got):\n%s", diff)
	}
}

// document returns a vendor's document with one operation, which has the given
// responses, and components.
func document(responses, components string) string {
	return `{"paths": {"/v1/things": {"post": {"responses": {"200": {}, ` + responses + `}}}}, "components": {"schemas": {` + components + `}}}`
}

// response returns a response with a type and details.
func response(errorType, details string) string {
	return `{"content": {"application/json": {"schema": {"properties": {"error": {"properties": {
		"type": {"const": "` + errorType + `"}, "details": {"anyOf": [` + details + `, {"type": "null"}]}}}}}}}}`
}

var things = map[string]string{"POST /things": "createThing"}

// Codes with and without ?beta=true count, and fields keep their kinds.
func TestRead(t *testing.T) {
	doc := strings.Replace(document(
		`"401": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/General"}}}},
		 "409": `+response("invalid_request_error", `{"$ref": "#/components/schemas/Changed"}, {"properties": {"error_code": {"const": "b"}}}`),
		`"General": {"properties": {"error": {"oneOf": [{"properties": {"type": {"const": "api_error"}}}, {"properties": {"type": {"const": "not_found_error"}}}]}}},
		 "Changed": {"properties": {"error_code": {"const": "a"},
		 	"which": {"$ref": "#/components/schemas/Which", "examples": ["two"]},
		 	"why": {"anyOf": [{"type": "string"}, {"type": "null"}], "examples": ["because"]},
		 	"parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}}, "required": ["error_code", "parts", "which"]},
		 "Which": {"type": "string", "enum": ["one", "two"]},
		 "Part": {"type": "object", "properties": {"n": {"$ref": "#/components/schemas/Which"}}, "required": ["n"]}`),
		`"paths": {`, `"paths": {"/v1/others": {"get": {}}, "/v1/things?beta=true": {"post": {"responses": {"403": `+
			response("permission_error", `{"properties": {"error_code": {"const": "c"}}}`)+`}}}, `, 1)
	got, err := read([]byte(doc), things)
	if err != nil {
		t.Fatal(err)
	}
	operations := []string{"createThing"}
	want := []codedError{
		{code: "a", status: 409, errorType: "invalid_request_error", operations: operations, details: []field{
			{name: "parts", items: []field{{name: "n", values: []string{"one", "two"}, example: "one"}}},
			{name: "which", values: []string{"one", "two"}, example: "two"},
			{name: "why", optional: true, nullable: true},
		}},
		{code: "b", status: 409, errorType: "invalid_request_error", operations: operations},
		{code: "c", status: 403, errorType: "permission_error", operations: operations},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(codedError{}, field{})); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// A document that the table cannot represent is refused.
func TestReadRefuses(t *testing.T) {
	coded := func(fields string) string {
		return `{"properties": {"error_code": {"const": "a"}` + fields + `}, "required": ["error_code", "f"]}`
	}
	for name, c := range map[string]struct{ doc, want string }{
		"an operation that is missing": {strings.Replace(document(`"400": {}`, ""), "/v1/things", "/v1/thing", 1), "no POST /things"},
		"two statuses of a code":       {document(`"400": `+response("x_error", coded(""))+`, "409": `+response("x_error", coded("")), ""), "a differs"},
		"two types of a code":          {document(`"400": `+response("x_error", coded("")+`,{"properties": {"error_code": {"const": "b"}}}`)+`}}}, "/v1/things?beta=true": {"post": {"responses": {"400": `+response("y_error", coded("")), ""), "a differs"},
		"a type without a code":        {document(`"400": {"content": {"application/json": {"schema": {"properties": {"error": {"properties": {"type": {"const": "x"}}}}}}}}`, ""), "no code"},
		"details without a code":       {document(`"400": `+response("x_error", `{"properties": {}}`), ""), "without a code"},
		"a field without an example":   {document(`"400": `+response("x_error", coded(`, "f": {"type": "string"}`)), ""), "a.f: no example"},
		"a number":                     {document(`"400": `+response("x_error", coded(`, "f": {"type": "integer"}`)), ""), "a.f: type integer"},
		"a list of strings":            {document(`"400": `+response("x_error", coded(`, "f": {"type": "array", "items": {"type": "string"}}`)), ""), "a.f: a list of type string"},
		"a reference to nothing":       {document(`"400": `+response("x_error", `{"$ref": "#/components/schemas/A"}`), ""), "#/components/schemas/A"},
		"a range of statuses":          {document(`"4XX": {}`, ""), "want a status"},
	} {
		if _, err := read([]byte(c.doc), things); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
