package conform_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"antechamber/internal/conform"
)

var failuresOnce = sync.OnceValues(conform.LoadFailures)

func failures(t *testing.T) *conform.Failures {
	t.Helper()
	f, err := failuresOnce()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func productionError(errorType, details string) string {
	if details != "" {
		details = `,"details":` + details
	}
	return `{"type":"error","error":{"type":"` + errorType + `","message":"m"` + details + `},"request_id":"req_1"}`
}

// A failure conforms to what its operation and status document, with or without
// ?beta=true.
func TestFailures(t *testing.T) {
	const workspaces, user = "/organizations/workspaces", "/organizations/users/{user_id}"
	for _, c := range []struct {
		method, route string
		status        int
		body          string
		conforms      bool
	}{
		{"POST", workspaces, 400, productionError("invalid_request_error", ""), true},
		{"POST", workspaces, 400, productionError("invalid_request_error", `{"error_code":"user_profile_not_found"}`), true},
		{"POST", workspaces, 400, productionError("invalid_request_error", `{"error_code":"grant_required"}`), true}, // beta only
		{"POST", workspaces, 400, productionError("invalid_request_error", `{"error_code":"already_member"}`), false},
		{"POST", workspaces, 400, productionError("conflict_error", ""), false},
		{"POST", workspaces, 400, productionError("invalid_request_error", `{"error_code":"workspace_policy_violation"}`), false},
		{"POST", workspaces, 400, productionError("invalid_request_error", `{"error_code":"workspace_policy_violation","field":"external_key_id"}`), true},
		{"POST", workspaces, 503, productionError("overloaded_error", `{"error_code":"workspace_created_incomplete"}`), false},
		{"POST", workspaces, 503, productionError("overloaded_error", `{"error_code":"workspace_created_incomplete","workspace_id":"wrkspc_1"}`), true},
		{"DELETE", user, 409, productionError("invalid_request_error", `{"error_code":"concurrent_membership_change"}`), true},
		{"DELETE", user, 409, productionError("conflict_error", ""), false},
		{"GET", user, 404, productionError("not_found_error", ""), true},
		{"GET", user, 404, `{"type":"not_found_error","message":"m"}`, false},
	} {
		err := failures(t).Check(c.method, c.route, c.status, headers(), []byte(c.body))
		if (err == nil) != c.conforms {
			t.Errorf("%s %s, %d %s: %v", c.method, c.route, c.status, c.body, err)
		}
	}
	if err := failures(t).Check("GET", user, 418, headers(), []byte(productionError("invalid_request_error", ""))); !errors.Is(err, conform.ErrUndeclaredStatus) {
		t.Errorf("an undeclared status: %v", err)
	}
}

func TestProductionPart(t *testing.T) {
	const whole = `{"type":"not_found_error","message":"m","error":{"type":"not_found_error","message":"m"},"request_id":"req_1"}`
	got, err := conform.ProductionPart([]byte(whole))
	if want := `{"error":{"type":"not_found_error","message":"m"},"request_id":"req_1","type":"error"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	for _, change := range [][2]string{
		{`"type":"not_found_error","message":"m","error"`, `"type":"error","message":"m","error"`},
		{`"message":"m","error"`, `"message":"n","error"`},
		{`"error":{"type":"not_found_error","message":"m"},`, ``},
		{`{"type"`, `"type"`},
	} {
		if got, err := conform.ProductionPart([]byte(strings.Replace(whole, change[0], change[1], 1))); err == nil {
			t.Errorf("%s instead of %s: %s", change[1], change[0], got)
		}
	}
}
