package hint

import (
	"strings"
	"testing"
)

// served are some of the operations of the Admin API.
var served = []Route{
	{"GET", "/v1/organizations/me"},
	{"GET", "/v1/organizations/users"},
	{"GET", "/v1/organizations/users/{user_id}"},
	{"POST", "/v1/organizations/users/{user_id}"},
	{"DELETE", "/v1/organizations/users/{user_id}"},
	{"GET", "/v1/organizations/invites"},
	{"POST", "/v1/organizations/invites"},
	{"GET", "/v1/organizations/invites/{invite_id}"},
	{"GET", "/v1/organizations/workspaces"},
	{"POST", "/v1/organizations/workspaces"},
	{"GET", "/v1/organizations/workspaces/{workspace_id}"},
	{"POST", "/v1/organizations/workspaces/{workspace_id}/archive"},
	{"GET", "/v1/organizations/workspaces/{workspace_id}/members"},
	{"GET", "/v1/organizations/workspaces/{workspace_id}/members/{user_id}"},
	{"GET", "/v1/organizations/api_keys"},
	{"GET", "/v1/organizations/api_keys/{api_key_id}"},
	{"POST", "/v1/organizations/api_keys/{api_key_id}"},
}

// A variable that is not set leaves a doubled slash, which is not one too many.
func TestEmptyIDs(t *testing.T) {
	p := NewPaths(served)
	for path, want := range map[string]string{
		"/v1/organizations/workspaces//members":        "the path has an empty {workspace_id}: is the variable with the id set?",
		"/v1/organizations/workspaces//members/user_1": "the path has an empty {workspace_id}: is the variable with the id set?",
		"/v1/organizations/workspaces//archive":        "the path has an empty {workspace_id}: is the variable with the id set?",
	} {
		if got := p.NotFound("GET", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestNearMisses(t *testing.T) {
	p := NewPaths(served)
	for path, want := range map[string]string{
		"/v1/users":                                   "/v1/organizations/users?",
		"/v1/users/user_1":                            "/v1/organizations/users/{user_id}?",
		"/v1/user":                                    "/v1/organizations/users?",
		"/v1/me":                                      "/v1/organizations/me?",
		"/organizations/me":                           "/v1/organizations/me?",
		"/organizations/users/user_1":                 "/v1/organizations/users/{user_id}?",
		"/v1/organization/users":                      "/v1/organizations/users?",
		"/v1/organisations/me":                        "/v1/organizations/me?",
		"/v1/Organizations/Users":                     "/v1/organizations/users?",
		"/v1/orgs/users":                              "/v1/organizations/users?",
		"/v1/organizations":                           "/v1/organizations/me?",
		"/v1/organizations/":                          "/v1/organizations/me?",
		"/v1/organizations/api-keys":                  "/v1/organizations/api_keys?",
		"/v1/organizations/apikeys/apikey_1":          "/v1/organizations/api_keys/{api_key_id}?",
		"/v1/api_keys":                                "/v1/organizations/api_keys?",
		"/v1/organizations/members":                   "/v1/organizations/users?",
		"/v1/organizations/members/user_1":            "/v1/organizations/users/{user_id}?",
		"/v1/organizations/workspaces/wrkspc_1/users": "/v1/organizations/workspaces/{workspace_id}/members?",
		"/v1/organizations/invitations":               "/v1/organizations/invites?",
		"/v1/organizations/invite":                    "/v1/organizations/invites?",
		"/v1/organizations/workspace/wrkspc_1":        "/v1/organizations/workspaces/{workspace_id}?",
		"/v1/organizations/users/":                    "/v1/organizations/users?",
		"/v1//organizations/users":                    "/v1/organizations/users?",
		"//v1/organizations/users":                    "/v1/organizations/users?",
		"/v1/organizations/users//user_1":             "/v1/organizations/users/{user_id}?",
		"/v1/organizations/users/user_1/":             "/v1/organizations/users/{user_id}?",
		"/organisations/api-keys/":                    "/v1/organizations/api_keys?",
		"/v2/organizations/me":                        "/v1/organizations/me?",
		"/v1/organizations/12345678-1234-5678-1234-567812345678/users": "/v1/organizations/users?",
		"/proxy/v1/organizations/users":                                `/v1/organizations/users? (the base URL must not include "/proxy")`,
		"/api/v1/organizations/me":                                     `/v1/organizations/me? (the base URL must not include "/api")`,
		"/a/b/v1/organizations/users/user_1":                           `/v1/organizations/users/{user_id}? (the base URL must not include "/a/b")`,
		"/v1/v1/organizations/me":                                      `/v1/organizations/me? (the base URL must not include "/v1")`,
		"/v1/v1/messages":                                              `/v1/messages, which production has and Antechamber does not emulate? (the base URL must not include "/v1")`,
		"/messages":                                                    "/v1/messages, which production has and Antechamber does not emulate?",
	} {
		if got := p.NotFound("GET", path); got != "did you mean "+want {
			t.Errorf("%s: %q, want %q", path, got, "did you mean "+want)
		}
	}
}

// A path that resembles none, and one that would take long to compare, get no hint.
func TestNoHint(t *testing.T) {
	p := NewPaths(served)
	for _, path := range []string{
		"", "/", "/v1", "/v1/", "//", "/favicon.ico", "/nothing", "/v1/nothing", "/v1/nothing/at/all", "/healthz", "/.well-known/openid-configuration",
		"/v1/organizations/users/user_1/roles", "/v1/organizations/workspaces/wrkspc_1/secrets", "/wp-login.php",
		"/v1/organizations/users" + strings.Repeat("/", maxPath), strings.Repeat("/v1", 20) + "/users", "/v1/" + strings.Repeat("users", 50),
	} {
		if got := p.NotFound("GET", path); got != "" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// Every operation of production that the server lacks is known, with its methods, and
// none that the server has.
func TestProductionOperations(t *testing.T) {
	p := NewPaths(served)
	has := map[Route]bool{}
	for _, r := range served {
		has[Route{r.Method, unnamed(r.Path)}] = true
	}
	n := 0
	for _, op := range production {
		path := strings.NewReplacer("{", "x_", "}", "").Replace(op.path)
		for method := range strings.FieldsSeq(op.methods) {
			if has[Route{method, unnamed(op.path)}] {
				continue
			}
			n++
			want := "production has " + method + " " + op.path + ", but Antechamber does not emulate it"
			got := p.NotFound(method, path)
			if servesPath(op.path) {
				got = p.NotAllowed(method, path)
			}
			if got != want {
				t.Errorf("%s %s: %q", method, path, got)
			}
		}
	}
	if n < 250 {
		t.Errorf("only %d operations", n)
	}
	if got, want := p.NotFound("DELETE", "/v1/organizations/rate_limits"), "production has /v1/organizations/rate_limits with GET, but Antechamber does not emulate it"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := p.NotAllowed("PUT", "/v1/organizations/me"); got != "" {
		t.Errorf("PUT: %q", got)
	}
}

func servesPath(path string) bool {
	for _, r := range served {
		if unnamed(r.Path) == unnamed(path) {
			return true
		}
	}
	return false
}

// A method that only production has on a path.
func TestMethodsOfProduction(t *testing.T) {
	p := newPaths([]Route{{"GET", "/v1/a/{id}"}}, []operation{{"/v1/a/{a_id}", "DELETE GET"}})
	if got, want := p.NotAllowed("DELETE", "/v1/a/1"), "production has DELETE /v1/a/{a_id}, but Antechamber does not emulate it"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, method := range []string{"GET", "POST"} {
		if got := p.NotAllowed(method, "/v1/a/1"); got != "" {
			t.Errorf("%s: %q", method, got)
		}
	}
}

func BenchmarkNotFound(b *testing.B) {
	p := NewPaths(served)
	for name, path := range map[string]string{
		"near": "/v1/organisations/users/user_1",
		"far":  "/favicon.ico",
		"long": strings.Repeat("/"+strings.Repeat("o", 14)+"x/"+strings.Repeat("w", 14)+"y", maxSegments/2),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.NotFound("GET", path)
			}
		})
	}
}
