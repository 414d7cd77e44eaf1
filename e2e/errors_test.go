package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// messageOf returns the message of an error in either form.
func messageOf(t *testing.T, a answer) string {
	t.Helper()
	var body struct{ Error struct{ Message string } }
	decode(t, a.Body, &body)
	return body.Error.Message
}

// tight is an organization at, or just below, each of its limits.
const tight = `{
  "name": "Tight",
  "settings": {
    "workspace_limit": 3, "member_limit": 4, "workspace_member_limit": 1, "api_key_limit": 3, "workspace_api_key_limit": 1,
    "allowed_invite_domains": ["example.com"]
  },
  "users": [
    {"email": "ada@example.com", "name": "Ada", "role": "user"},
    {"email": "ben@example.com", "name": "Ben", "role": "user"},
    {"email": "cleo@example.com", "name": "Cleo", "role": "billing"}
  ],
  "invites": [{"id": "invite_pending", "email": "dora@example.com", "role": "user"}],
  "workspaces": [
    {"id": "wrkspc_a", "name": "A", "members": [{"user": "ada@example.com", "workspace_role": "workspace_user"}]},
    {"id": "wrkspc_b", "name": "B"},
    {"id": "wrkspc_c", "name": "C"}
  ],
  "api_keys": [
    {"id": "apikey_a", "name": "a", "workspace": "A", "created_by": "ada@example.com", "status": "active"},
    {"id": "apikey_b", "name": "b", "workspace": "B", "created_by": "ada@example.com", "status": "active"},
    {"id": "apikey_second", "name": "second", "workspace": "A", "created_by": "ada@example.com", "status": "inactive"},
    {"id": "apikey_third", "name": "third", "workspace": "C", "created_by": "ada@example.com", "status": "inactive"},
    {"id": "apikey_fourth", "name": "fourth", "created_by": "ada@example.com", "status": "inactive"}
  ]
}`

// TestLimits provokes every error that has a code, in both forms of errors and with
// every surface of the SDKs.
func TestLimits(t *testing.T) {
	t.Parallel()
	for i, surface := range surfaces {
		form := []string{"both", "production"}[i%2]
		t.Run(surface.name+"/"+form, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, start(t, "--seed", seedFile(t, tight), "--errors", form))
			c := surface.of(t, p.URL)
			ctx := t.Context()
			ada, ben, cleo := userByEmail(t, c, "ada@example.com"), userByEmail(t, c, "ben@example.com"), userByEmail(t, c, "cleo@example.com")

			_, err := c.CreateOrganizationInvite(ctx, "ben@example.com", "user")
			wantRefusal(t, "inviting a member", err, coded("already_member", "email: ben@example.com already belongs to User `"+ben.ID+"` …"))
			_, err = c.CreateOrganizationInvite(ctx, "dora@example.com", "user")
			wantRefusal(t, "inviting twice", err, coded("invite_already_exists", "email: Invite `invite_pending` …"))
			_, err = c.CreateOrganizationInvite(ctx, "eve@example.org", "user")
			wantRefusal(t, "inviting from another domain", err, coded("email_domain_not_allowed", "email: …"))
			_, err = c.CreateOrganizationInvite(ctx, "eve@example.com", "user")
			wantRefusal(t, "one invite too many", err, coded("org_member_limit_exceeded", "The organization …"))
			_, err = c.AddWorkspaceMember(ctx, "wrkspc_a", ben.ID, "workspace_user")
			wantRefusal(t, "one member too many", err, coded("workspace_member_limit_exceeded", "Workspace `wrkspc_a` …"))
			_, err = c.UpdateWorkspaceMember(ctx, "wrkspc_a", cleo.ID, "workspace_admin")
			wantRefusal(t, "one promotion too many", err, coded("workspace_member_limit_exceeded", "Workspace `wrkspc_a` …"))
			_, err = c.CreateWorkspace(ctx, workspaceParams{Name: "D"})
			wantRefusal(t, "one workspace too many", err, badRequest("The organization has reached its limit of 3 workspaces …"))

			active := apiKeyParams{Status: "active"}
			_, err = c.UpdateAPIKey(ctx, "apikey_second", active)
			wantRefusal(t, "a second active key in a workspace", err, coded("workspace_api_key_limit_exceeded", "Workspace `wrkspc_a` …"))
			_, err = c.UpdateAPIKey(ctx, "apikey_third", active)
			noError(t, "the last key within the limit", err)
			_, err = c.UpdateAPIKey(ctx, "apikey_fourth", active)
			wantRefusal(t, "one key too many", err, coded("org_api_key_limit_exceeded", "The organization …"))

			// Deleting and archiving make room.
			_, err = c.DeleteOrganizationInvite(ctx, "invite_pending")
			noError(t, "delete", err)
			_, err = c.CreateOrganizationInvite(ctx, "eve@example.com", "user")
			noError(t, "an invite within the limit", err)
			_, err = c.ArchiveWorkspace(ctx, "wrkspc_b")
			noError(t, "archive", err)
			_, err = c.CreateWorkspace(ctx, workspaceParams{Name: "D"})
			noError(t, "a workspace within the limit", err)
			_, err = c.UpdateAPIKey(ctx, "apikey_fourth", active)
			noError(t, "a key within the limit", err)

			for _, u := range []user{ada, ben} {
				_, err = c.RemoveOrganizationMember(ctx, u.ID)
				noError(t, "remove", err)
			}
			_, err = c.RemoveOrganizationMember(ctx, cleo.ID)
			wantRefusal(t, "removing the last member", err, coded("cannot_remove_last_member", "User `"+cleo.ID+"` …"))
		})
	}
}

// TestErrorForms compares both envelopes byte for byte.
func TestErrorForms(t *testing.T) {
	t.Parallel()
	const id, path = "wrkspc_nowhere", "/v1/organizations/workspaces/wrkspc_nowhere"
	for form, want := range map[string]string{
		"both": `{"type":"not_found_error","message":"Workspace ` + "`" + id + "`" + ` not found.",` +
			`"error":{"type":"not_found_error","message":"Workspace ` + "`" + id + "`" + ` not found."},"request_id":"REQUEST"}`,
		"production": `{"type":"error","error":{"type":"not_found_error","message":"Workspace ` + "`" + id + "`" + ` not found."},"request_id":"REQUEST"}`,
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			s := start(t, "--seed", "empty", "--errors", form)
			got := s.raw(t, http.MethodGet, path, "")
			equal(t, "status", http.StatusNotFound, got.Status)
			equal(t, "body", strings.Replace(want, "REQUEST", got.Header.Get("request-id"), 1), got.Body)
		})
	}
}

// TestAuthentication presents keys in every way that is accepted, and in ways
// that are refused.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	p := newProxy(t, s)
	for name, with := range map[string]option.RequestOption{
		"x-api-key":     option.WithAPIKey(adminKey),
		"bearer":        option.WithAuthToken(adminKey),
		"lowercase":     option.WithHeader("authorization", "bearer "+adminKey),
		"both the same": option.WithHeader("authorization", "Bearer "+adminKey),
	} {
		o := []option.RequestOption{option.WithBaseURL(p.URL), option.WithHTTPClient(newHTTPClient(t))}
		if name == "both the same" {
			o = append(o, option.WithAPIKey(adminKey))
		}
		client := anthropic.NewClient(append(o, with)...)
		_, err := client.Organization.Get(t.Context())
		noError(t, "authenticating with "+name, err)
	}
	for name, c := range map[string]struct {
		with    option.RequestOption
		message string
	}{
		"an unknown key":                   {option.WithAPIKey("sk-ant-admin01-nobody"), "invalid x-api-key"},
		"an unknown token":                 {option.WithAuthToken("sk-ant-admin01-nobody"), "Invalid bearer token"},
		"the key of a workspace":           {option.WithAPIKey("sk-ant-api03-R2D2"), "invalid x-api-key"},
		"the key of a workspace, as token": {option.WithAuthToken("sk-ant-api03-R2D2"), "Invalid bearer token"},
	} {
		client := anthropic.NewClient(option.WithBaseURL(p.URL), option.WithHTTPClient(newHTTPClient(t)), c.with)
		_, err := client.Organization.Get(t.Context())
		wantRefusal(t, "authenticating with "+name, err, refusal{http.StatusUnauthorized, "authentication_error", "", c.message})
	}
	missing := s.raw(t, http.MethodGet, "/v1/organizations/me", "", "x-api-key", "")
	equal(t, "status without a key", http.StatusUnauthorized, missing.Status)
	equal(t, "message without a key", "x-api-key header is required", messageOf(t, missing))
	if id := missing.Header.Get("anthropic-organization-id"); id != "" {
		t.Errorf("a response without a key names the organization %s", id)
	}
	if missing.Header.Get("request-id") == "" {
		t.Error("a response without a key has no request id")
	}
}

// TestVersions sends known, unknown and missing versions.
func TestVersions(t *testing.T) {
	t.Parallel()
	p := newProxy(t, start(t, "--seed", "empty"))
	for _, version := range []string{"2023-01-01", "2023-06-01", "2026-10-21"} {
		_, err := newClientOf(t, p, option.WithHeader("anthropic-version", version)).Get(t.Context())
		noError(t, "version "+version, err)
	}
	_, err := newClientOf(t, p, option.WithHeader("anthropic-version", "2023-10-01")).Get(t.Context())
	wantRefusal(t, "an unknown version", err, badRequest(`anthropic-version: "2023-10-01" is not a valid version`))
	_, err = newClientOf(t, p, option.WithHeaderDel("anthropic-version")).Get(t.Context())
	wantRefusal(t, "no version", err, badRequest("anthropic-version: header is required"))
}

func newClientOf(t *testing.T, p *proxy, options ...option.RequestOption) *anthropic.OrganizationService {
	t.Helper()
	client := newClient(t, p.URL, options...)
	return &client.Organization
}

// TestPaths requests paths and methods that are not operations.
func TestPaths(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo")
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
		message      string
	}{
		{"GET", "/v1/organizations/moons", 404, "", "Not found"},
		{"GET", "/v1/organizations/users/user_x/moons", 404, "", "Not found"},
		{"GET", "/v1/organizations", 404, "", "Not found"},
		{"PUT", "/v1/organizations/me", 405, "GET", ""},
		{"HEAD", "/v1/organizations/me", 405, "GET", ""},
		{"OPTIONS", "/v1/organizations/me", 405, "GET", ""},
		{"POST", "/v1/organizations/users", 405, "GET", ""},
		{"PATCH", "/v1/organizations/users/user_x", 405, "DELETE, GET, POST", ""},
		{"DELETE", "/v1/organizations/workspaces/wrkspc_x", 405, "GET, POST", ""},
		{"GET", "/v1/organizations/workspaces/wrkspc_x/archive", 405, "POST", ""},
		{"POST", "/v1/organizations/api_keys", 405, "GET", ""},
		{"DELETE", "/v1/organizations/api_keys/apikey_x", 405, "GET, POST", ""},
	} {
		got := s.raw(t, c.method, c.path, "")
		what := c.method + " " + c.path
		equal(t, "status of "+what, c.status, got.Status)
		if c.allow != "" {
			allow := strings.Split(got.Header.Get("Allow"), ", ")
			slices.Sort(allow)
			equal(t, "Allow of "+what, c.allow, strings.Join(allow, ", "))
		}
		if c.message != "" {
			equal(t, "message of "+what, c.message, messageOf(t, got))
		}
	}
}

// TestNotEmulated calls operations that only production has: the body is that of
// production, and a header and the log say so.
func TestNotEmulated(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo")
	client := newClient(t, s.URL)
	w := workspaceByName(t, production{client.Organization}, "Engineering")
	want := refusal{http.StatusNotFound, "not_found_error", "", "Not found"}
	for path, call := range map[string]func() error{
		"/v1/organizations/rate_limits": func() error {
			_, err := client.Organization.RateLimits.List(t.Context(), anthropic.OrganizationRateLimitListParams{})
			return err
		},
		"/v1/organizations/service_accounts": func() error {
			_, err := client.Beta.Organization.ServiceAccounts.List(t.Context(), anthropic.BetaOrganizationServiceAccountListParams{})
			return err
		},
		"/v1/organizations/webhooks": func() error {
			_, err := client.Beta.Organization.Webhooks.List(t.Context(), anthropic.BetaOrganizationWebhookListParams{})
			return err
		},
		"/v1/organizations/workspaces/" + w.ID + "/rate_limits": func() error {
			_, err := client.Organization.Workspaces.RateLimits.List(t.Context(), w.ID, anthropic.OrganizationWorkspaceRateLimitListParams{})
			return err
		},
		"/v1/models": func() error {
			_, err := client.Models.List(t.Context(), anthropic.ModelListParams{})
			return err
		},
		"/v1/deployments": func() error {
			_, err := client.Beta.Deployments.List(t.Context(), anthropic.BetaDeploymentListParams{})
			return err
		},
		"/v1/deployment_runs": func() error {
			_, err := client.Beta.DeploymentRuns.List(t.Context(), anthropic.BetaDeploymentRunListParams{})
			return err
		},
		"/v1/dreams": func() error {
			_, err := client.Beta.Dreams.List(t.Context(), anthropic.BetaDreamListParams{})
			return err
		},
		"/v1/tunnels": func() error {
			_, err := client.Beta.Tunnels.List(t.Context(), anthropic.BetaTunnelListParams{})
			return err
		},
	} {
		s.expectLog(`level=WARN msg="request failed" status=404 method=GET path=` + path + ` hint="production has GET /v1/`)
		wantRefusal(t, path, call(), want)
	}
	for _, path := range []string{ // only the newest TypeScript SDK has these
		"/v1/organizations/users/user_x/sign_out",
		"/v1/organizations/claude_code/managed_settings/configuration",
		"/v1/organizations/claude_tag/bundles",
	} {
		s.expectLog("method=POST path=" + path)
		got := s.raw(t, http.MethodPost, path, "")
		equal(t, "status of "+path, http.StatusNotFound, got.Status)
		equal(t, "message of "+path, "Not found", messageOf(t, got))
		if hint := got.Header.Get("x-emulate-hint"); !strings.HasPrefix(hint, "production has ") {
			t.Errorf("hint of %s: %q", path, hint)
		}
	}

	exact := start(t, "--seed", "demo", "--errors", "production")
	_, err := newClientOf(t, newProxy(t, exact)).RateLimits.List(t.Context(), anthropic.OrganizationRateLimitListParams{})
	wantRefusal(t, "with production's errors", err, refusal{http.StatusNotFound, "not_found_error", "", "Not found"})
}

// TestBodies sends bodies that the SDKs cannot.
func TestBodies(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "contract")
	for _, c := range []struct{ path, body, message string }{
		{"invites", "", "The request body is not valid JSON: "},
		{"invites", "{", "The request body is not valid JSON: "},
		{"invites", "\xff", "The request body is not valid JSON: "},
		{"invites", "[]", "body: Input should be a valid dictionary"},
		{"invites", "{}", "email: Field required; role: Field required"},
		{"invites", `{"email": 1, "role": "owner", "b": 1, "a": 2}`, "email: Input should be a valid string; " +
			"role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'; " +
			"a: Extra inputs are not permitted; b: Extra inputs are not permitted"},
		{"workspaces", `{"name": null}`, "name: Input should be a valid string"},
		{"workspaces", `{"name": ""}`, "name: String should have at least 1 character"},
		{"users/user_01WCz1FkmYMm4gnmykNKUu3Q", `{}`, "role: Field required"},
		{"workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", `{}`, "name: Field required"},
		{"workspaces/wrkspc_nowhere", `{`, "Workspace `wrkspc_nowhere` not found."}, // the id is checked before the body
	} {
		got := s.raw(t, http.MethodPost, "/v1/organizations/"+c.path, c.body)
		if message := messageOf(t, got); got.Status/100 != 4 || !strings.HasPrefix(message, c.message) {
			t.Errorf("POST %s %s: %d %s, want %s", c.path, c.body, got.Status, message, c.message)
		}
	}
	// GET and DELETE may have the content type of JSON without a body.
	got := s.raw(t, http.MethodGet, "/v1/organizations/users", "", "content-type", "application/json")
	equal(t, "status of a GET with a content type", http.StatusOK, got.Status)
	got = s.raw(t, http.MethodDelete, "/v1/organizations/users/user_02XDa2GlnYNn5hoozlNLVu4R", "", "content-type", "application/json")
	equal(t, "DELETE with a content type", `{"id":"user_02XDa2GlnYNn5hoozlNLVu4R","type":"user_deleted"}`, got.Body)
	got = s.raw(t, http.MethodGet, "/v1/organizations/invites?email="+"newuser%40example.com", "")
	equal(t, "invites of the contract seed", `{"data":[{"id":"invite_015gWxCN9Hfg2QhZwTK7Mdeu","type":"invite","email":"newuser@example.com",`+
		`"role":"user","status":"pending","invited_at":"2024-10-30T23:58:27.427722Z","expires_at":"2024-11-20T23:58:27.427722Z",`+
		`"accepted_at":null,"rbac_group_ids":[]}],"has_more":false,`+
		`"first_id":"invite_015gWxCN9Hfg2QhZwTK7Mdeu","last_id":"invite_015gWxCN9Hfg2QhZwTK7Mdeu"}`, got.Body)
}
