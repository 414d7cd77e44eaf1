package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

var (
	uuid  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	color = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
)

func workspacesJourney(t *testing.T, s *server, c admin) {
	ctx := t.Context()

	// Only a name. Its limit of 40 counts characters, not bytes.
	plain, err := c.CreateWorkspace(ctx, workspaceParams{Name: strings.Repeat("ü", 40)})
	noError(t, "create", err)
	equal(t, "workspace", workspace{
		ID: plain.ID, Type: "workspace", Name: strings.Repeat("ü", 40), DisplayColor: plain.DisplayColor, CompartmentID: plain.CompartmentID,
		CreatedAt: at(t, frozen), Tags: map[string]string{}, DataResidency: residency{WorkspaceGeo: "us", DefaultInferenceGeo: "global"},
	}, plain)
	if !uuid.MatchString(plain.CompartmentID) || !color.MatchString(plain.DisplayColor) {
		t.Errorf("generated compartment_id %q or display_color %q is invalid", plain.CompartmentID, plain.DisplayColor)
	}
	_, err = c.CreateWorkspace(ctx, workspaceParams{Name: strings.Repeat("ü", 41)})
	wantRefusal(t, "a long name", err, badRequest("name: String should have at most 40 characters"))
	_, err = c.CreateWorkspace(ctx, workspaceParams{})
	wantRefusal(t, "no name", err, badRequest("name: String should have at least 1 character"))

	// Every field.
	made, err := c.CreateWorkspace(ctx, workspaceParams{
		Name: "Lunar", DisplayColor: "#0A1b2C", ExternalKeyID: "key-1", Tags: map[string]string{"team": "moon", "tier": "gold"},
		AllowedInferenceGeos: []string{"us"}, DefaultInferenceGeo: "us",
	})
	noError(t, "create", err)
	want := workspace{
		ID: made.ID, Type: "workspace", Name: "Lunar", DisplayColor: "#0A1b2C", CompartmentID: made.CompartmentID, ExternalKeyID: "key-1",
		CreatedAt: at(t, frozen), Tags: map[string]string{"team": "moon", "tier": "gold"},
		DataResidency: residency{WorkspaceGeo: "us", DefaultInferenceGeo: "us", AllowedInferenceGeos: []string{"us"}},
	}
	equal(t, "workspace with every field", want, made)
	got, err := c.GetWorkspace(ctx, made.ID)
	noError(t, "get", err)
	equal(t, "workspace, read back", want, got)
	raw := s.raw(t, http.MethodGet, "/v1/organizations/workspaces/"+made.ID, "")
	equal(t, "raw workspace", `{"id":"`+made.ID+`","type":"workspace","name":"Lunar","display_color":"#0A1b2C",`+
		`"created_at":"2026-03-01T12:00:00.000000Z","archived_at":null,"compartment_id":"`+made.CompartmentID+`","external_key_id":"key-1",`+
		`"user_profile_id":null,"tags":{"team":"moon","tier":"gold"},"data_residency":{"workspace_geo":"us",`+
		`"allowed_inference_geos":["us"],"default_inference_geo":"us"}}`, raw.Body)
	again, err := c.CreateWorkspace(ctx, workspaceParams{Name: "Lunar"})
	noError(t, "a second workspace with the name", err)
	if again.ID == made.ID {
		t.Errorf("two workspaces have the id %s", made.ID)
	}

	// An update changes only the fields that it has.
	for _, step := range []struct {
		change workspaceParams
		want   func(*workspace)
	}{
		{workspaceParams{Name: "Lunar base"}, func(w *workspace) { w.Name = "Lunar base" }},
		{workspaceParams{DisplayColor: "#ffffff"}, func(w *workspace) { w.DisplayColor = "#ffffff" }},
		{workspaceParams{Tags: map[string]string{"tier": "silver", "phase": "1"}}, func(w *workspace) { w.Tags["tier"], w.Tags["phase"] = "silver", "1" }},
		{workspaceParams{AllowedInferenceGeos: []string{"us", "global"}, DefaultInferenceGeo: "global"}, func(w *workspace) {
			w.DataResidency.AllowedInferenceGeos, w.DataResidency.DefaultInferenceGeo = []string{"us", "global"}, "global"
		}},
		{workspaceParams{ExternalKeyID: "key-1"}, func(*workspace) {}},
	} {
		step.want(&want)
		got, err := c.UpdateWorkspace(ctx, made.ID, step.change)
		noError(t, "update", err)
		equal(t, "updated workspace", want, got)
		got, err = c.GetWorkspace(ctx, made.ID)
		noError(t, "get", err)
		equal(t, "updated workspace, read back", want, got)
	}
	for what, refused := range map[string]struct {
		change  workspaceParams
		message string
	}{
		"no field":          {workspaceParams{}, "name: Field required"},
		"another key":       {workspaceParams{ExternalKeyID: "key-2"}, "external_key_id: …"},
		"a color by name":   {workspaceParams{DisplayColor: "red"}, "display_color: …"},
		"a reserved tag":    {workspaceParams{Tags: map[string]string{"anthropic-tier": "gold"}}, "tags.anthropic-tier: …"},
		"a geo not allowed": {workspaceParams{AllowedInferenceGeos: []string{"us"}}, "data_residency.default_inference_geo: …"},
		"an unknown geo":    {workspaceParams{DefaultInferenceGeo: "moon"}, "data_residency.default_inference_geo: Input should be …"},
	} {
		_, err := c.UpdateWorkspace(ctx, made.ID, refused.change)
		wantRefusal(t, "updating with "+what, err, badRequest(refused.message))
	}
	untagged := s.raw(t, http.MethodPost, "/v1/organizations/workspaces/"+made.ID, `{"tags":{"phase":null,"unknown":null}}`)
	equal(t, "status of removing a tag", http.StatusOK, untagged.Status)
	delete(want.Tags, "phase")
	got, err = c.GetWorkspace(ctx, made.ID)
	noError(t, "get", err)
	equal(t, "workspace without the tag", want, got)

	idsJourney(t, s, c, made.ID)
	archiveJourney(t, s, c)
	defaultWorkspaceJourney(t, c)
	_, err = c.GetWorkspace(ctx, "wrkspc_nowhere")
	wantRefusal(t, "unknown workspace", err, notFound("Workspace", "wrkspc_nowhere"))
	_, err = c.ArchiveWorkspace(ctx, "wrkspc_nowhere")
	wantRefusal(t, "archiving an unknown workspace", err, notFound("Workspace", "wrkspc_nowhere"))
}

// idsJourney lists workspaces by their ids, which the Go SDK cannot do yet. The
// filter does not override include_archived and include_default.
func idsJourney(t *testing.T, s *server, c admin, id string) {
	archived, main := workspaceByName(t, c, "Hackathon").ID, workspaceByName(t, c, "Default").ID
	query := "ids[]=" + id + "&ids[]=" + archived + "&ids=" + main + "&ids[]=wrkspc_nowhere"
	for more, want := range map[string][]string{
		"":                       {id},
		"&include_archived=true": {id, archived},
		"&include_default=true":  {id, main},
		"&include_archived=true&include_default=true&limit=2": {id, archived},
	} {
		got := s.raw(t, http.MethodGet, "/v1/organizations/workspaces?"+query+more, "")
		var body struct{ Data []struct{ ID string } }
		decode(t, got.Body, &body)
		var ids []string
		for _, w := range body.Data {
			ids = append(ids, w.ID)
		}
		equal(t, "workspaces by id with "+more, want, ids)
	}
	many := s.raw(t, http.MethodGet, "/v1/organizations/workspaces?"+strings.Repeat("ids[]=x&", 101), "")
	equal(t, "status of 101 ids", http.StatusBadRequest, many.Status)
}

// archiveJourney archives a workspace that has keys and members.
func archiveJourney(t *testing.T, s *server, c admin) {
	ctx := t.Context()
	w := workspaceByName(t, c, "Data Platform")
	ravi, rosa := userByEmail(t, c, "ravi.subramaniam@example.com"), userByEmail(t, c, "rosa.delgado@example.com")
	members, err := c.AllWorkspaceMembers(ctx, w.ID, anthropic.OrganizationWorkspaceMemberListParams{})
	noError(t, "members", err)

	w.ArchivedAt = at(t, frozen)
	for range 2 { // the second time changes nothing
		got, err := c.ArchiveWorkspace(ctx, w.ID)
		noError(t, "archive", err)
		equal(t, "archived workspace", w, got)
	}
	keys, err := c.AllAPIKeys(ctx, anthropic.OrganizationAPIKeyListParams{WorkspaceID: param.NewOpt(w.ID)})
	noError(t, "keys", err)
	statuses := map[string]string{}
	for _, k := range keys {
		statuses[k.Name] = k.Status
	}
	equal(t, "keys of the archived workspace", map[string]string{
		"Warehouse loader": "archived", "dbt": "archived",
		"Backfill": "archived", // expired before, the key of a service account
	}, statuses)

	_, err = c.UpdateWorkspace(ctx, w.ID, workspaceParams{Name: "Warehouse"})
	wantRefusal(t, "renaming an archived workspace", err, badRequest("Workspace `"+w.ID+"` …"))
	_, err = c.AddWorkspaceMember(ctx, w.ID, userByEmail(t, c, "aisha.diallo@example.com").ID, "workspace_user")
	wantRefusal(t, "adding to an archived workspace", err, badRequest("Workspace `"+w.ID+"` …"))
	_, err = c.UpdateWorkspaceMember(ctx, w.ID, ravi.ID, "workspace_admin")
	wantRefusal(t, "changing a member of an archived workspace", err, badRequest("Workspace `"+w.ID+"` …"))
	_, err = c.UpdateWorkspaceMember(ctx, w.ID, rosa.ID, "workspace_admin")
	wantRefusal(t, "promoting a billing user in an archived workspace", err, badRequest("Workspace `"+w.ID+"` …"))
	_, err = c.RemoveWorkspaceMember(ctx, w.ID, ravi.ID)
	wantRefusal(t, "removing a member of an archived workspace", err, badRequest("Workspace `"+w.ID+"` …"))
	_, err = c.UpdateAPIKey(ctx, keys[0].ID, apiKeyParams{Status: "active"})
	wantRefusal(t, "activating a key of an archived workspace", err, badRequest("API key `"+keys[0].ID+"` …"))

	after, err := c.AllWorkspaceMembers(ctx, w.ID, anthropic.OrganizationWorkspaceMemberListParams{})
	noError(t, "members", err)
	equal(t, "members of the archived workspace", members, after)
	_, err = c.GetWorkspaceMember(ctx, w.ID, ravi.ID)
	noError(t, "member of an archived workspace", err)

	contains := func(q anthropic.OrganizationWorkspaceListParams) bool {
		found, err := c.AllWorkspaces(ctx, q)
		noError(t, "workspaces", err)
		return slices.ContainsFunc(found, func(other workspace) bool { return other.ID == w.ID })
	}
	if contains(anthropic.OrganizationWorkspaceListParams{}) {
		t.Error("an archived workspace is listed without include_archived")
	}
	if !contains(anthropic.OrganizationWorkspaceListParams{IncludeArchived: param.NewOpt(true)}) {
		t.Error("an archived workspace is not listed with include_archived")
	}

	// Archiving takes no body, and ignores the content type.
	for _, contentType := range []string{"application/json", "text/plain", ""} {
		got := s.raw(t, http.MethodPost, "/v1/organizations/workspaces/"+w.ID+"/archive", "", "content-type", contentType)
		equal(t, "status of archiving with content type "+contentType, http.StatusOK, got.Status)
	}
}

// defaultWorkspaceJourney checks what the Default Workspace refuses.
func defaultWorkspaceJourney(t *testing.T, c admin) {
	ctx := t.Context()
	without, err := c.AllWorkspaces(ctx, anthropic.OrganizationWorkspaceListParams{IncludeArchived: param.NewOpt(true)})
	noError(t, "workspaces", err)
	if slices.ContainsFunc(without, func(w workspace) bool { return w.Name == "Default" }) {
		t.Error("the Default Workspace is listed without include_default")
	}
	main := workspaceByName(t, c, "Default")
	got, err := c.GetWorkspace(ctx, main.ID)
	noError(t, "get", err)
	equal(t, "Default Workspace", main, got)
	_, err = c.UpdateWorkspace(ctx, main.ID, workspaceParams{Name: "Main"})
	wantRefusal(t, "renaming the Default Workspace", err, badRequest("name: …"))
	_, err = c.ArchiveWorkspace(ctx, main.ID)
	wantRefusal(t, "archiving the Default Workspace", err, badRequest("The Default Workspace …"))
	members, err := c.ListWorkspaceMembers(ctx, main.ID, anthropic.OrganizationWorkspaceMemberListParams{})
	noError(t, "members", err)
	equal(t, "members of the Default Workspace", page[member]{}, members)
	u := userByEmail(t, c, "sofia.marchetti@example.com")
	_, err = c.AddWorkspaceMember(ctx, main.ID, u.ID, "workspace_user")
	wantRefusal(t, "adding to the Default Workspace", err, badRequest("The Default Workspace …"))
}
