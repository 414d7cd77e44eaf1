package e2e

import (
	"net/http"
	"testing"
	"time"

	"antechamber/internal/vendordoc"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

func apiKeysJourney(t *testing.T, s *server, surface surface, c admin) {
	ctx := t.Context()
	keys := func(q anthropic.OrganizationAPIKeyListParams) []string {
		t.Helper()
		found, err := c.AllAPIKeys(ctx, q)
		noError(t, "keys", err)
		var names []string
		for _, k := range found {
			names = append(names, k.Name)
		}
		return names
	}

	// The newest version has the workspace of a key only in its scope.
	workspaceID := func(older string) string {
		if surface.version == vendordoc.Newest {
			return ""
		}
		return older
	}

	// A key of a workspace and a key of the Default Workspace.
	engineering, main := workspaceByName(t, c, "Engineering"), workspaceByName(t, c, "Default")
	lukas := userByEmail(t, c, "lukas.brandt@example.com")
	ci := keyByName(t, c, "CI")
	want := apiKey{
		ID: ci.ID, Type: "api_key", Name: "CI", Status: "active", PartialKeyHint: ci.PartialKeyHint,
		CreatedByType: "user", CreatedByID: lukas.ID,
		ScopeType: "workspace", ScopeWorkspaceID: engineering.ID, WorkspaceID: workspaceID(`"` + engineering.ID + `"`),
		CreatedAt: ago(t, 655, 2*time.Hour+30*time.Minute),
	}
	equal(t, "key in a list", want, ci)
	got, err := c.GetAPIKey(ctx, ci.ID)
	noError(t, "key", err)
	equal(t, "key", want, got)
	page := keyByName(t, c, "Status page")
	equal(t, "workspace of a key of the Default Workspace", workspaceID("null"), page.WorkspaceID)
	equal(t, "scope of a key of the Default Workspace", main.ID, page.ScopeWorkspaceID)
	expiring := keyByName(t, c, "On-call assistant")
	equal(t, "expiry", at(t, frozen).Add(3*24*time.Hour+6*time.Hour), expiring.ExpiresAt)

	// Filters.
	equal(t, "number of keys", 36, len(keys(anthropic.OrganizationAPIKeyListParams{})))
	for status, want := range map[string]int{"active": 21, "inactive": 5, "archived": 6, "expired": 4} {
		q := anthropic.OrganizationAPIKeyListParams{Status: anthropic.OrganizationAPIKeyListParamsStatus(status), Limit: param.NewOpt[int64](2)}
		equal(t, "number of keys with status "+status, want, len(keys(q)))
	}
	equal(t, "keys of the Default Workspace", []string{"Notebook", "Cron on ops-02", "Status page", "Bootstrap"},
		keys(anthropic.OrganizationAPIKeyListParams{WorkspaceID: param.NewOpt(main.ID)}))
	equal(t, "keys of a removed user", []string{"Load test", "Vendor B"},
		keys(anthropic.OrganizationAPIKeyListParams{CreatedByUserID: param.NewOpt("user_01J2F6P8A0S4W3Y7H5K9M1TQXC")}))
	equal(t, "inactive keys of a workspace", []string{"Load test"},
		keys(anthropic.OrganizationAPIKeyListParams{WorkspaceID: param.NewOpt(engineering.ID), Status: "inactive"}))
	empty := s.raw(t, http.MethodGet, "/v1/organizations/api_keys?workspace_id=wrkspc_nowhere", "")
	equal(t, "keys of an unknown workspace", `{"data":[],"has_more":false,"first_id":null,"last_id":null}`, empty.Body)

	// Rename, deactivate, activate, archive.
	for _, step := range []struct {
		change apiKeyParams
		want   func(*apiKey)
	}{
		{apiKeyParams{}, func(*apiKey) {}},
		{apiKeyParams{Name: "CI, renamed"}, func(k *apiKey) { k.Name = "CI, renamed" }},
		{apiKeyParams{Status: "inactive"}, func(k *apiKey) { k.Status = "inactive" }},
		{apiKeyParams{Name: "CI", Status: "active"}, func(k *apiKey) { k.Name, k.Status = "CI", "active" }},
		{apiKeyParams{Status: "archived"}, func(k *apiKey) { k.Status = "archived" }},
		{apiKeyParams{}, func(*apiKey) {}},
	} {
		step.want(&want)
		got, err := c.UpdateAPIKey(ctx, ci.ID, step.change)
		noError(t, "update", err)
		equal(t, "updated key", want, got)
		got, err = c.GetAPIKey(ctx, ci.ID)
		noError(t, "get", err)
		equal(t, "updated key, read again", want, got)
	}
	for _, change := range []apiKeyParams{{Name: "Other"}, {Status: "active"}, {Status: "inactive"}} {
		_, err := c.UpdateAPIKey(ctx, ci.ID, change)
		wantRefusal(t, "changing an archived key", err, badRequest("API key `"+ci.ID+"` …"))
	}

	// An expired key can only be archived.
	migration := keyByName(t, c, "Migration 2.0")
	equal(t, "status of an expired key", "expired", migration.Status)
	for _, change := range []apiKeyParams{{Name: "Other"}, {Status: "active"}, {Status: "inactive"}} {
		_, err := c.UpdateAPIKey(ctx, migration.ID, change)
		wantRefusal(t, "changing an expired key", err, badRequest("API key `"+migration.ID+"` …"))
	}
	got, err = c.UpdateAPIKey(ctx, migration.ID, apiKeyParams{Status: "archived"})
	noError(t, "archiving an expired key", err)
	equal(t, "status of an archived expired key", "archived", got.Status)

	_, err = c.UpdateAPIKey(ctx, page.ID, apiKeyParams{Status: "expired"})
	wantRefusal(t, "expiring a key", err, badRequest("status: Input should be 'active', 'inactive' or 'archived'"))
	_, err = c.GetAPIKey(ctx, "apikey_nowhere")
	wantRefusal(t, "unknown key", err, notFound("API key", "apikey_nowhere"))

	create := s.raw(t, http.MethodPost, "/v1/organizations/api_keys", `{"name":"Made by a program"}`)
	equal(t, "status of creating a key", http.StatusMethodNotAllowed, create.Status)
	equal(t, "Allow of creating a key", "GET", create.Header.Get("Allow"))
	raw := s.raw(t, http.MethodGet, "/v1/organizations/api_keys/"+page.ID, "")
	equal(t, "raw key", `{"id":"`+page.ID+`","type":"api_key","name":"Status page","workspace_id":null,`+
		`"created_at":"2024-03-29T10:40:00.000000Z","created_by":{"id":"`+page.CreatedByID+`","type":"user"},"status":"active",`+
		`"last_used_at":"2026-03-01T11:54:00.000000Z","partial_key_hint":"`+page.PartialKeyHint+`","expires_at":null,`+
		`"principal":null,"scope":{"type":"workspace","workspace_id":"`+main.ID+`"}}`, raw.Body)
}
