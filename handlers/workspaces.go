package handlers

import (
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

var workspaceOperations = []operation{
	{"listWorkspaces", http.MethodGet, "/organizations/workspaces", listWorkspaces},
	{"createWorkspace", http.MethodPost, "/organizations/workspaces", createWorkspace},
	{"getWorkspace", http.MethodGet, "/organizations/workspaces/:workspace_id", getWorkspace},
	{"updateWorkspace", http.MethodPost, "/organizations/workspaces/:workspace_id", updateWorkspace},
	{"archiveWorkspace", http.MethodPost, "/organizations/workspaces/:workspace_id/archive", archiveWorkspace},
}

func listWorkspaces(c *call) error {
	q := queryOf(c)
	l := q.list()
	f := store.WorkspaceFilter{
		IDs:             q.ids(),
		IncludeArchived: q.boolean("include_archived"),
		IncludeDefault:  q.boolean("include_default"),
	}
	p, err := c.org.ListWorkspaces(f, l, q.err())
	return answerPage(c, p, err)
}

func getWorkspace(c *call) error {
	w, err := c.org.GetWorkspace(c.id("workspace_id"))
	return answer(c, w, err)
}

func createWorkspace(c *call) error {
	b := decode(c)
	in := store.NewWorkspace{DataResidency: api.DefaultDataResidency()}
	if value, ok := b.required("name"); ok {
		if in.Name, ok = b.str("name", value); ok {
			b.length("name", in.Name, 1, c.org.Settings().WorkspaceNameMaxLength)
		}
	}
	set(&in.DisplayColor, b.displayColor(nullable))
	set(&in.ExternalKeyID, b.externalKey(nullable))
	in.UserProfileID = b.optionalStr("user_profile_id", nullable)
	in.Tags = map[string]string{}
	for k, v := range b.tags(false) {
		in.Tags[k] = *v
	}
	if value, ok := b.optional("data_residency", nullable); ok {
		d := b.dictionary("data_residency", value)
		set(&in.DataResidency.WorkspaceGeo, d.geo("workspace_geo", api.WorkspaceGeos))
		set(&in.DataResidency.AllowedInferenceGeos, d.geos())
		set(&in.DataResidency.DefaultInferenceGeo, d.geo("default_inference_geo", api.InferenceGeos))
		d.rejectUnknown()
	}
	w, err := c.org.CreateWorkspace(in, b.err())
	if err == nil && c.incomplete != nil {
		c.incomplete(w.Value.ID)
		return nil
	}
	return answer(c, w, err)
}

// set overwrites a default with the value in the request, if present.
func set[T any](field, given *T) {
	if given != nil {
		*field = *given
	}
}

func updateWorkspace(c *call) error {
	b := decode(c)
	var in store.WorkspaceUpdate
	value, ok := b.take("name")
	if !ok && len(b.fields) == 0 && b.fatal == nil {
		b.problem("name", "Field required") // the contract requires a name; production allows partial updates
	}
	if ok {
		if name, ok := b.str("name", value); ok {
			b.length("name", name, 1, c.org.Settings().WorkspaceNameMaxLength)
			in.Name = &name
		}
	}
	in.DisplayColor = b.displayColor(notNull)
	in.ExternalKeyID = b.externalKey(notNull)
	in.UserProfileID = b.optionalStr("user_profile_id", notNull)
	in.Tags = b.tags(true)
	if value, ok := b.optional("data_residency", nullable); ok {
		d := b.dictionary("data_residency", value)
		in.AllowedInferenceGeos = d.geos()
		in.DefaultInferenceGeo = d.geo("default_inference_geo", api.InferenceGeos)
		d.rejectUnknown()
	}
	w, err := c.org.UpdateWorkspace(c.id("workspace_id"), in, b.err())
	return answer(c, w, err)
}

func archiveWorkspace(c *call) error {
	w, err := c.org.ArchiveWorkspace(c.id("workspace_id"))
	return answer(c, w, err)
}
