package api

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every status from 400 to 599 has a type: one of this table, or that of every other
// status of its hundred.
func TestErrorTypes(t *testing.T) {
	listed := map[int]ErrorType{
		400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
		404: "not_found_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
		500: "api_error", 503: "overloaded_error", 529: "overloaded_error", 504: "timeout_error",
	}
	for status := 400; status < 600; status++ {
		want, ok := listed[status]
		switch {
		case ok:
		case status < 500:
			want = "invalid_request_error"
		default:
			want = "api_error"
		}
		if got := ErrorTypeOf(status); got != want {
			t.Errorf("the type of %d is %s, want %s", status, got, want)
		}
	}
}

// An operation that documents codes for its 409 documents their type, too.
func TestErrorTypesOfAnOperation(t *testing.T) {
	for operation, want := range map[string]ErrorType{
		"removeOrganizationMember": InvalidRequestError,
		"createWorkspace":          InvalidRequestError,
		"updateWorkspace":          InvalidRequestError,
		"archiveWorkspace":         InvalidRequestError,
		"createOrganizationInvite": ConflictError,
		"listWorkspaces":           ConflictError,
		"":                         ConflictError,
	} {
		if got := ErrorTypeIn(operation, http.StatusConflict); got != want {
			t.Errorf("the type of a 409 of %q is %s, want %s", operation, got, want)
		}
	}
	for _, e := range CodedErrors {
		for _, operation := range e.Operations {
			if got := ErrorTypeIn(operation, e.Status); got != e.Type {
				t.Errorf("%s of %s: type %s, want %s", e.Code, operation, got, e.Type)
			}
		}
	}
	if got := ErrorTypeIn("createWorkspace", http.StatusTooManyRequests); got != RateLimitError {
		t.Errorf("a status without codes has the type %s", got)
	}
}

func TestErrorCodes(t *testing.T) {
	codes := ErrorCodes()
	if len(codes) < 38 || !slices.IsSorted(codes) {
		t.Errorf("codes %v", codes)
	}
	for _, code := range codes {
		if e, ok := Coded(code); !ok || e.Code != code {
			t.Errorf("the error of %s is %v", code, e)
		}
	}
	if e, ok := Coded("nothing"); ok {
		t.Errorf("the error of an unknown code is %v", e)
	}
}

// ErrorDetails and FailedCheck can carry every field that a code documents.
func TestErrorDetailsHaveTheFieldsOfEveryCode(t *testing.T) {
	fields := func(list []DetailField, into map[string]bool) {
		for _, f := range list {
			into[f.Name] = true
		}
	}
	details, checks := map[string]bool{"error_code": true}, map[string]bool{}
	for _, e := range CodedErrors {
		fields(e.Details, details)
		for _, f := range e.Details {
			fields(f.Items, checks)
		}
	}
	for got, want := range map[reflect.Type]map[string]bool{
		reflect.TypeFor[ErrorDetails](): details,
		reflect.TypeFor[FailedCheck]():  checks,
	} {
		names := map[string]bool{}
		for _, f := range reflect.VisibleFields(got) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				names[name] = true
			}
		}
		if !maps.Equal(want, names) {
			t.Errorf("%v has the fields %v, want %v", got, names, want)
		}
	}
}

// The code comes first, and a list that is empty is sent.
func TestErrorDetailsAsJSON(t *testing.T) {
	for want, details := range map[string]ErrorDetails{
		`{"error_code":"already_member"}`:                                         {ErrorCode: AlreadyMember},
		`{"error_code":"workspace_created_incomplete","workspace_id":"wrkspc_1"}`: {ErrorCode: WorkspaceCreatedIncomplete, WorkspaceID: "wrkspc_1"},
		`{"error_code":"workspace_policy_violation","field":"external_key_id"}`:   {ErrorCode: WorkspacePolicyViolation, DetailFields: DetailFields{Field: "external_key_id"}},
		`{"error_code":"storage_verification_failed","field":"f","failed_checks":[{"check":"region","message":"m","role":null}]}`: {
			ErrorCode:    StorageVerificationFailed,
			DetailFields: DetailFields{Field: "f", FailedChecks: []FailedCheck{{Check: "region", Message: "m"}}},
		},
		`{"error_code":"storage_verification_failed","failed_checks":[]}`: {ErrorCode: StorageVerificationFailed, DetailFields: DetailFields{FailedChecks: []FailedCheck{}}},
	} {
		if got := Encode(details); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
