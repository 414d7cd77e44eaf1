package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// newWorkspace returns a call that creates a workspace with only a name.
func (o *org) newWorkspace(name string) func() (store.Object[store.Workspace], error) {
	return func() (store.Object[store.Workspace], error) {
		return o.CreateWorkspace(store.NewWorkspace{Name: name, DataResidency: api.DefaultDataResidency()}, nil)
	}
}

func (o *org) updateWorkspace(id string, in store.WorkspaceUpdate) func() (store.Object[store.Workspace], error) {
	return func() (store.Object[store.Workspace], error) { return o.UpdateWorkspace(id, in, nil) }
}

func (o *org) archiveWorkspace(id string) func() (store.Object[store.Workspace], error) {
	return func() (store.Object[store.Workspace], error) { return o.ArchiveWorkspace(id) }
}

func TestCreateWorkspace(t *testing.T) {
	o := open(t, store.Contents{})
	got := must(o.newWorkspace("Lab")())(t)
	w := got.Value.Workspace
	diff(t, "workspace", api.Workspace{
		ID: w.ID, Type: "workspace", Name: "Lab", DisplayColor: w.DisplayColor, CreatedAt: at(0),
		CompartmentID: w.CompartmentID, Tags: map[string]string{}, DataResidency: api.DefaultDataResidency(),
	}, w)
	diff(t, "JSON", `{"id":"`+w.ID+`","type":"workspace","name":"Lab","display_color":"`+w.DisplayColor+
		`","created_at":"2026-01-01T12:00:00.000000Z","archived_at":null,"compartment_id":"`+w.CompartmentID+
		`","external_key_id":null,"user_profile_id":null,"tags":{},"data_residency":{"workspace_geo":"us",`+
		`"allowed_inference_geos":"unrestricted","default_inference_geo":"global"}}`, got.JSON)
	for pattern, s := range map[string]string{
		`^#[0-9A-Fa-f]{6}$`: w.DisplayColor,
		`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`: w.CompartmentID,
	} {
		if !regexp.MustCompile(pattern).MatchString(s) {
			t.Errorf("%q is not of the form %s", s, pattern)
		}
	}
	diff(t, "read back", w, object(o.GetWorkspace(w.ID))(t).Workspace)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{}, all), w.ID)
}

func TestCreateWorkspaceWithAllFields(t *testing.T) {
	o := open(t, store.Contents{})
	tags := map[string]string{"team": "core"}
	in := store.NewWorkspace{
		Name: "Lab", DisplayColor: "#aBcDeF", ExternalKeyID: "kms-1", Tags: tags,
		DataResidency: api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: api.AllowedGeos{"us"}, DefaultInferenceGeo: "us"},
	}
	w := object(o.CreateWorkspace(in, nil))(t).Workspace
	tags["team"] = "changed by the caller later"
	diff(t, "workspace", api.Workspace{
		ID: w.ID, Type: "workspace", Name: "Lab", DisplayColor: "#aBcDeF", CreatedAt: at(0), CompartmentID: w.CompartmentID,
		ExternalKeyID: "kms-1", Tags: map[string]string{"team": "core"}, DataResidency: in.DataResidency,
	}, object(o.GetWorkspace(w.ID))(t).Workspace)
}

func TestWorkspaceNamesNeedNotBeUnique(t *testing.T) {
	o := open(t, store.Contents{})
	first, second := object(o.newWorkspace("Lab")())(t), object(o.newWorkspace("Lab")())(t)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{}, all), second.ID, first.ID)
	if first.CompartmentID == second.CompartmentID {
		t.Errorf("both workspaces have the compartment id %s", first.CompartmentID)
	}
	object(o.newWorkspace("Default")())(t)
}

func TestWorkspaceLimit(t *testing.T) {
	// Archived workspaces and the Default Workspace do not count.
	c := store.Contents{Workspaces: []api.Workspace{archived(workspace("old"))}}
	for i := range 98 {
		c.Workspaces = append(c.Workspaces, workspace(fmt.Sprint(i)))
	}
	o := open(t, c)
	object(o.newWorkspace("the 99th")())(t)
	last := object(o.newWorkspace("the 100th")())(t)
	refused(o, store.Error{Message: "100"}, o.newWorkspace("the 101st"))
	object(o.ArchiveWorkspace(last.ID))(t)
	object(o.newWorkspace("the 100th again")())(t)
	refused(o, store.Error{Message: "100"}, o.newWorkspace("the 101st"))
}

func TestWorkspaceLimitIsASetting(t *testing.T) {
	o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.WorkspaceLimit = 1 })})
	object(o.newWorkspace("a")())(t)
	refused(o, store.Error{}, o.newWorkspace("b"))
}

func TestDefaultInferenceGeoMustBeAllowed(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	for _, test := range []struct {
		allowed api.AllowedGeos
		geo     string
		ok      bool
	}{
		{nil, "global", true},
		{nil, "us", true},
		{api.AllowedGeos{"us"}, "us", true},
		{api.AllowedGeos{"us", "global"}, "global", true},
		{api.AllowedGeos{"us"}, "global", false},
		{api.AllowedGeos{}, "global", false},
	} {
		residency := api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: test.allowed, DefaultInferenceGeo: test.geo}
		creation := func() (store.Object[store.Workspace], error) {
			return o.CreateWorkspace(store.NewWorkspace{Name: "new", DataResidency: residency}, nil)
		}
		change := o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{AllowedInferenceGeos: &test.allowed, DefaultInferenceGeo: &test.geo})
		if !test.ok {
			refused(o, store.Error{Message: "default_inference_geo"}, creation)
			refused(o, store.Error{Message: "default_inference_geo"}, change)
			continue
		}
		diff(t, "created", residency, object(creation())(t).DataResidency)
		diff(t, "changed", residency, object(change())(t).DataResidency)
	}
}

// TestUpdateWorkspaceChecksResidencyAgainstUnchangedFields changes one field at a time.
func TestUpdateWorkspaceChecksResidencyAgainstUnchangedFields(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	refused(o, store.Error{Message: "default_inference_geo"},
		o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{AllowedInferenceGeos: &api.AllowedGeos{"us"}}))
	object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{DefaultInferenceGeo: new("us")})())(t)
	object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{AllowedInferenceGeos: &api.AllowedGeos{"us"}})())(t)
	refused(o, store.Error{Message: "default_inference_geo"},
		o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{DefaultInferenceGeo: new("global")}))
	object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{AllowedInferenceGeos: new(api.AllowedGeos)})())(t)
	got := object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{DefaultInferenceGeo: new("global")})())(t)
	diff(t, "residency", api.DefaultDataResidency(), got.DataResidency)
}

func TestUpdateWorkspaceIsPartial(t *testing.T) {
	lab := workspace("lab")
	lab.Tags = map[string]string{"team": "core"}
	for _, test := range []struct {
		name   string
		in     store.WorkspaceUpdate
		change func(*api.Workspace)
	}{
		{"name", store.WorkspaceUpdate{Name: new("Studio")}, func(w *api.Workspace) { w.Name = "Studio" }},
		{"display_color", store.WorkspaceUpdate{DisplayColor: new("#000000")}, func(w *api.Workspace) { w.DisplayColor = "#000000" }},
		{"external_key_id", store.WorkspaceUpdate{ExternalKeyID: new("kms-1")}, func(w *api.Workspace) { w.ExternalKeyID = "kms-1" }},
		{"tags", store.WorkspaceUpdate{Tags: map[string]*string{"cost": new("low")}}, func(w *api.Workspace) {
			w.Tags = map[string]string{"team": "core", "cost": "low"}
		}},
		{"default_inference_geo", store.WorkspaceUpdate{DefaultInferenceGeo: new("us")}, func(w *api.Workspace) {
			w.DataResidency.DefaultInferenceGeo = "us"
		}},
		{
			"allowed_inference_geos",
			store.WorkspaceUpdate{AllowedInferenceGeos: &api.AllowedGeos{"us", "global"}},
			func(w *api.Workspace) { w.DataResidency.AllowedInferenceGeos = api.AllowedGeos{"us", "global"} },
		},
		{"no fields", store.WorkspaceUpdate{}, func(*api.Workspace) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := open(t, store.Contents{Workspaces: []api.Workspace{lab}})
			want := o.Contents().Workspaces[0]
			test.change(&want)
			diff(t, "response", want, object(o.UpdateWorkspace("wrkspc_lab", test.in, nil))(t).Workspace)
			diff(t, "workspace", want, object(o.GetWorkspace("wrkspc_lab"))(t).Workspace)
		})
	}
}

func TestUpdateWorkspaceMergesTags(t *testing.T) {
	lab := workspace("lab")
	lab.Tags = map[string]string{"a": "1", "b": "2"}
	o := open(t, store.Contents{Workspaces: []api.Workspace{lab}})
	merge := func(tags map[string]*string) map[string]string {
		return object(o.UpdateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Tags: tags}, nil))(t).Tags
	}
	diff(t, "one changed, one added", map[string]string{"a": "3", "b": "2", "c": ""}, merge(map[string]*string{"a": new("3"), "c": new("")}))
	diff(t, "one deleted", map[string]string{"a": "3", "c": ""}, merge(map[string]*string{"b": nil}))
	diff(t, "unknown one deleted", map[string]string{"a": "3", "c": ""}, merge(map[string]*string{"x": nil}))
	diff(t, "the rest deleted", map[string]string{}, merge(map[string]*string{"a": nil, "c": nil}))
	diff(t, "the caller's map", map[string]string{"a": "1", "b": "2"}, lab.Tags)
}

func TestExternalKeyIDIsFixedOnceSet(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{ExternalKeyID: new("kms-1")})())(t)
	refused(o, store.Error{Message: "external_key_id"}, o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{ExternalKeyID: new("kms-2")}))
	refused(o, store.Error{Message: "external_key_id"}, o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{ExternalKeyID: new("")}))
	// A refusal applies to the other fields, too.
	refused(o, store.Error{Message: "external_key_id"},
		o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Name: new("Studio"), ExternalKeyID: new("kms-2")}))
	got := object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{ExternalKeyID: new("kms-1")})())(t)
	diff(t, "external_key_id", "kms-1", got.ExternalKeyID)

	created := object(o.CreateWorkspace(store.NewWorkspace{Name: "new", ExternalKeyID: "kms-3", DataResidency: api.DefaultDataResidency()}, nil))(t)
	refused(o, store.Error{Message: "external_key_id"}, o.updateWorkspace(created.ID, store.WorkspaceUpdate{ExternalKeyID: new("kms-4")}))
}

// No organization has user profiles, so every id of one is unknown.
func TestUserProfilesAreNotFound(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	want := store.Error{Code: "user_profile_not_found", Message: "User profile `x` not found"}
	refused(o, want, func() (store.Object[store.Workspace], error) {
		return o.CreateWorkspace(store.NewWorkspace{Name: "A", UserProfileID: new("x")}, nil)
	})
	refused(o, want, func() (store.Object[store.Workspace], error) {
		return o.UpdateWorkspace("wrkspc_lab", store.WorkspaceUpdate{UserProfileID: new("x")}, nil)
	})
}

func TestArchiveWorkspace(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	want := o.Contents().Workspaces[0]
	want.ArchivedAt = at(time.Hour)
	o.real.advance(time.Hour)
	diff(t, "response", want, object(o.ArchiveWorkspace("wrkspc_lab"))(t).Workspace)
	diff(t, "workspace", want, object(o.GetWorkspace("wrkspc_lab"))(t).Workspace)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{}, all))
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IncludeArchived: true}, all), "wrkspc_lab")
}

func TestArchiveWorkspaceAgainKeepsArchivedAt(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("lab")}})
	object(o.ArchiveWorkspace("wrkspc_lab"))(t)
	before := o.Contents()
	o.real.advance(time.Hour)
	diff(t, "archived_at", at(0), object(o.ArchiveWorkspace("wrkspc_lab"))(t).ArchivedAt)
	diff(t, "contents", before, o.Contents())
}

func TestArchiveWorkspaceArchivesItsKeys(t *testing.T) {
	done := key("archived", "wrkspc_lab", "archived")
	o := open(t, store.Contents{
		Workspaces: []api.Workspace{workspace("lab"), workspace("shop")},
		APIKeys: []store.APIKey{
			key("active", "wrkspc_lab", "active"), key("inactive", "wrkspc_lab", "inactive"), done,
			expiring(at(time.Minute), key("expired", "wrkspc_lab", "active")),
			expiring(at(day), key("expiring", "wrkspc_lab", "active")),
			key("elsewhere", "wrkspc_shop", "active"), key("default", defaultWorkspaceID, "active"),
			serviceKey("service", "wrkspc_lab", "active"), serviceKey("organization", "", "active"), personalKey("personal", "user_ann", "active"),
		},
		Users: []api.User{user("ann", "user")},
	})
	o.real.advance(time.Hour)
	object(o.ArchiveWorkspace("wrkspc_lab"))(t)
	for _, k := range o.Contents().APIKeys {
		if k.Scope.WorkspaceID != "wrkspc_lab" {
			diff(t, "status of "+k.ID, api.KeyActive, k.Status)
			continue
		}
		diff(t, "status of "+k.ID, api.KeyArchived, k.Status)
		last := k.History[len(k.History)-1]
		diff(t, "last change of "+k.ID, store.StatusChange{Status: "archived", At: last.At}, last)
		if k.ID == "apikey_archived" {
			diff(t, "history of "+k.ID, 1, len(k.History))
		} else {
			diff(t, "when "+k.ID+" was archived", at(time.Hour), last.At)
		}
	}
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "active"}, all), "apikey_elsewhere", "apikey_default", "apikey_organization", "apikey_personal")
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "inactive"}, all))
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "expired"}, all))
	wantIDs(t, o.keys(store.APIKeyFilter{WorkspaceID: "wrkspc_lab", Status: "archived"}, all),
		"apikey_active", "apikey_inactive", "apikey_archived", "apikey_expired", "apikey_expiring", "apikey_service")

	// Archived keys do not expire and cannot be reactivated.
	o.real.advance(10 * day)
	diff(t, "later", api.KeyArchived, object(o.GetAPIKey("apikey_expiring"))(t).Status)
	refused(o, store.Error{Message: "archived"}, func() (store.Object[store.APIKey], error) {
		return o.UpdateAPIKey("apikey_active", store.APIKeyUpdate{Status: new(api.KeyActive)}, nil)
	})
}

func TestArchiveWorkspaceFreesTheKeyLimit(t *testing.T) {
	o := open(t, store.Contents{
		Settings:   settings(func(s *store.Settings) { s.APIKeyLimit = new(2) }),
		Workspaces: []api.Workspace{workspace("lab")},
		APIKeys: []store.APIKey{
			key("a", "wrkspc_lab", "active"), key("b", "wrkspc_lab", "active"), key("c", defaultWorkspaceID, "inactive"),
		},
	})
	activate := func() (store.Object[store.APIKey], error) {
		return o.UpdateAPIKey("apikey_c", store.APIKeyUpdate{Status: new(api.KeyActive)}, nil)
	}
	refused(o, store.Error{Code: "org_api_key_limit_exceeded"}, activate)
	object(o.ArchiveWorkspace("wrkspc_lab"))(t)
	object(activate())(t)
}

func TestArchivedWorkspaceIsReadOnly(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("ann", "user"), user("bob", "user"), user("boss", "admin"), user("bill", "billing")},
		Workspaces: []api.Workspace{archived(workspace("old"))},
		Members:    []store.Member{member("wrkspc_old", "user_ann", api.WorkspaceDeveloper)},
		APIKeys:    []store.APIKey{key("a", "wrkspc_old", "archived")},
	})
	want := store.Error{Message: "archived"}
	for _, in := range []store.WorkspaceUpdate{
		{Name: new("Studio")},
		{Name: new("old")},
		{DisplayColor: new("#000000")},
		{ExternalKeyID: new("kms-1")},
		{Tags: map[string]*string{"a": new("1")}},
		{DefaultInferenceGeo: new("us")},
	} {
		refused(o, want, o.updateWorkspace("wrkspc_old", in))
	}
	refused(o, want, o.addMember("wrkspc_old", "user_bob", api.WorkspaceUser))
	refused(o, want, o.updateMember("wrkspc_old", "user_ann", api.WorkspaceUser))
	refused(o, want, o.updateMember("wrkspc_old", "user_bill", api.WorkspaceAdmin))
	refused(o, want, o.removeMember("wrkspc_old", "user_ann"))

	// It can still be read.
	wantIDs(t, o.members("wrkspc_old", all), "user_ann", "user_boss", "user_bill")
	diff(t, "role", api.WorkspaceDeveloper, o.role("wrkspc_old", "user_ann"))
	wantIDs(t, o.keys(store.APIKeyFilter{WorkspaceID: "wrkspc_old"}, all), "apikey_a")
	object(o.GetAPIKey("apikey_a"))(t)
}

func TestListWorkspacesExcludesArchivedAndDefault(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("a"), archived(workspace("b")), workspace("c"), archived(workspace("d"))}})
	wantIDs(t, o.workspaces(store.WorkspaceFilter{}, all), "wrkspc_a", "wrkspc_c")
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IncludeArchived: true}, all), "wrkspc_a", "wrkspc_b", "wrkspc_c", "wrkspc_d")
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IncludeDefault: true}, all), "wrkspc_a", "wrkspc_c", defaultWorkspaceID)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IncludeArchived: true, IncludeDefault: true}, all),
		"wrkspc_a", "wrkspc_b", "wrkspc_c", "wrkspc_d", defaultWorkspaceID)
}

func TestDefaultWorkspaceIsListedByItsTime(t *testing.T) {
	d := workspace("default")
	d.Name, d.CreatedAt = "Default", at(-90*time.Minute)
	o := open(t, store.Contents{DefaultWorkspace: d, Workspaces: []api.Workspace{workspace("a"), workspace("b")}})
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IncludeDefault: true}, all), "wrkspc_a", defaultWorkspaceID, "wrkspc_b")
}

func TestListWorkspacesByIDDoesNotOverrideTheFlags(t *testing.T) {
	o := open(t, store.Contents{Workspaces: []api.Workspace{workspace("a"), archived(workspace("b")), workspace("c")}})
	ids := []string{defaultWorkspaceID, "wrkspc_b", "wrkspc_a", "wrkspc_x", "wrkspc_a"}
	before := slices.Clone(ids)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IDs: ids}, all), "wrkspc_a")
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IDs: ids, IncludeArchived: true}, all), "wrkspc_a", "wrkspc_b")
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IDs: ids, IncludeDefault: true}, all), "wrkspc_a", defaultWorkspaceID)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IDs: ids, IncludeArchived: true, IncludeDefault: true}, all),
		"wrkspc_a", "wrkspc_b", defaultWorkspaceID)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{IDs: []string{"wrkspc_x"}}, all))
	wantMore(t, o.workspaces(store.WorkspaceFilter{IDs: []string{"wrkspc_a", "wrkspc_c"}}, store.List{Limit: 1}), "wrkspc_a")
	diff(t, "the caller's ids", before, ids)
}

func TestMaxIDs(t *testing.T) { diff(t, "MaxIDs", 100, store.MaxIDs) }

func TestDefaultWorkspace(t *testing.T) {
	o := open(t, store.Contents{
		Users:   []api.User{user("ann", "user"), user("boss", "admin"), user("bill", "billing")},
		APIKeys: []store.APIKey{key("a", defaultWorkspaceID, "active")},
	})
	w := object(o.GetWorkspace(defaultWorkspaceID))(t)
	diff(t, "name", "Default", w.Name)

	refused(o, store.Error{Message: "Default"}, o.updateWorkspace(defaultWorkspaceID, store.WorkspaceUpdate{Name: new("Studio")}))
	refused(o, store.Error{Message: "Default"}, o.archiveWorkspace(defaultWorkspaceID))

	// It has no members to manage, not even those who are members everywhere else.
	wantIDs(t, o.members(defaultWorkspaceID, all))
	for _, id := range []string{"user_ann", "user_boss", "user_bill"} {
		diff(t, "role of "+id, "", o.role(defaultWorkspaceID, id))
	}
	for _, id := range []string{"user_ann", "user_bill"} {
		refused(o, store.Error{}, o.addMember(defaultWorkspaceID, id, api.WorkspaceUser))
		refused(o, store.Error{}, o.updateMember(defaultWorkspaceID, id, api.WorkspaceAdmin))
		refused(o, store.Error{}, o.removeMember(defaultWorkspaceID, id))
	}

	// Its keys have a null workspace_id and its id in their scope.
	k := must(o.GetAPIKey("apikey_a"))(t)
	diff(t, "workspace_id", "", k.Value.WorkspaceID)
	diff(t, "scope", api.Scope{Type: "workspace", WorkspaceID: defaultWorkspaceID}, k.Value.Scope)
}
