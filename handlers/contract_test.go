package handlers_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contractExamples returns the examples of the contract by name.
func contractExamples(t *testing.T) map[string]any {
	t.Helper()
	raw, err := os.ReadFile("testdata/contract_examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples map[string]any
	if err := json.Unmarshal(raw, &examples); err != nil {
		t.Fatal(err)
	}
	return examples
}

// productionFields are the fields that production adds to the contract's objects.
var productionFields = map[string]bool{
	"accepted_at": true, "rbac_group_ids": true,
	"compartment_id": true, "external_key_id": true, "user_profile_id": true, "tags": true, "data_residency": true,
	"partial_key_hint": true, "expires_at": true, "principal": true, "scope": true,
	"error": true, "request_id": true,
}

// withoutProduction removes production's additional fields from v. The contract has
// expires_at too, but not on API keys.
func withoutProduction(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutProduction(v[i])
		}
	case map[string]any:
		for name := range v {
			if productionFields[name] && (name != "expires_at" || v["type"] == "api_key") {
				delete(v, name)
				continue
			}
			v[name] = withoutProduction(v[name])
		}
	}
	return v
}

// With the contract's seed, each response example of the contract is the response
// to the matching request. Reads, lists and archive match exactly. For the other
// writes, the contract's request and response examples disagree, so only the fields
// that the request determines match.
func TestResponsesMatchContractExamples(t *testing.T) {
	examples := contractExamples(t)
	request := func(name string) string {
		raw, err := json.Marshal(examples[name])
		if err != nil || examples[name] == nil {
			t.Fatalf("no example %s", name)
		}
		return string(raw)
	}
	const (
		jane      = "/organizations/users/user_01WCz1FkmYMm4gnmykNKUu3Q"
		invite    = "/organizations/invites/invite_015gWxCN9Hfg2QhZwTK7Mdeu"
		workspace = "/organizations/workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ"
		member    = workspace + "/members/user_01WCz1FkmYMm4gnmykNKUu3Q"
		key       = "/organizations/api_keys/apikey_01Rj2N8VfPzQ7Lm3KsT6XyW9"
	)
	used := map[string]bool{"ErrorExample": true}
	type step struct{ method, path, request string }
	for _, c := range []struct {
		name    string
		before  []step         // preparation
		step                   // its response is the example,
		but     map[string]any // except for these fields,
		ignored []string       // and generated values
	}{
		{name: "OrganizationExample", step: step{method: "GET", path: "/organizations/me"}},
		{name: "OrganizationMemberListExample", step: step{method: "GET", path: users}},
		{name: "OrganizationMemberExample", step: step{method: "GET", path: jane}},
		{name: "OrganizationMemberExample", step: step{"POST", jane, "UpdateOrganizationMemberRequestExample"}},
		{name: "UserDeletedResponseExample", step: step{method: "DELETE", path: jane}},
		{name: "OrganizationInviteListExample", step: step{method: "GET", path: invites}},
		{name: "OrganizationInviteExample", step: step{method: "GET", path: invite}},
		{
			name: "OrganizationInviteExample", step: step{"POST", invites, "CreateOrganizationInviteRequestExample"},
			before: []step{{method: "DELETE", path: invite}},
			but:    map[string]any{"invited_at": "2024-11-01T23:59:27.427722Z", "expires_at": "2024-11-22T23:59:27.427722Z"}, ignored: []string{"id"},
		},
		{name: "InviteDeletedResponseExample", step: step{method: "DELETE", path: invite}},
		{name: "WorkspaceListExample", step: step{method: "GET", path: workspaces}},
		{name: "WorkspaceExample", step: step{method: "GET", path: workspace}},
		{
			name: "WorkspaceExample", step: step{"POST", workspaces, "CreateWorkspaceRequestExample"},
			but: map[string]any{"created_at": "2024-11-01T23:59:27.427722Z"}, ignored: []string{"id", "display_color"},
		},
		{
			name: "WorkspaceExample", step: step{"POST", workspace, "UpdateWorkspaceRequestExample"},
			but: map[string]any{"name": "Engineering Team - Updated"},
		},
		{name: "ArchivedWorkspaceExample", step: step{method: "POST", path: workspace + "/archive"}},
		{name: "WorkspaceMemberListExample", step: step{method: "GET", path: workspace + "/members"}},
		{name: "WorkspaceMemberExample", step: step{method: "GET", path: member}},
		{
			name: "WorkspaceMemberExample", step: step{"POST", workspace + "/members", "AddWorkspaceMemberRequestExample"},
			before: []step{{method: "DELETE", path: member}},
		},
		{
			name: "WorkspaceMemberExample", step: step{"POST", member, "UpdateWorkspaceMemberRequestExample"},
			but: map[string]any{"workspace_role": "workspace_admin"},
		},
		{name: "WorkspaceMemberDeletedResponseExample", step: step{method: "DELETE", path: member}},
		{name: "ApiKeyListExample", step: step{method: "GET", path: keys}},
		{name: "ApiKeyExample", step: step{method: "GET", path: key}},
		{
			name: "ApiKeyExample", step: step{"POST", key, "UpdateApiKeyRequestExample"},
			but: map[string]any{"name": "Production API Key - Renamed"},
		},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			srv := serveBuiltin(t, "contract")
			for _, b := range c.before {
				srv.must(b.method, b.path, "")
			}
			body := ""
			used[c.name] = true
			if c.request != "" {
				used[c.request] = true
				body = request(c.request)
			}
			got := withoutProduction(field(t, srv.must(c.method, c.path, body)))
			want := withoutProduction(field(t, request(c.name)))
			for name, v := range c.but {
				want.(map[string]any)[name] = v
			}
			for _, name := range c.ignored {
				delete(want.(map[string]any), name)
				delete(got.(map[string]any), name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-contract +got):\n%s", c.name, diff)
			}
		})
	}

	for name := range examples {
		if !used[name] {
			t.Errorf("unused example %s", name)
		}
	}

	// The error example belongs to no particular request, so only its shape counts.
	srv := serveBuiltin(t, "contract")
	got := withoutProduction(field(t, srv.do("POST", workspaces, "{}").body)).(map[string]any)
	for name, v := range examples["ErrorExample"].(map[string]any) {
		if _, isText := got[name].(string); !isText || name == "type" && got[name] != v {
			t.Errorf("%s of an error is %v, in the contract %v", name, got[name], v)
		}
	}
	if len(got) != len(examples["ErrorExample"].(map[string]any)) {
		t.Errorf("fields of an error: %v", got)
	}
}
