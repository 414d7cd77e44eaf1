package pull

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"

	"antechamber/api"
	"antechamber/seed"
)

// workspace is a workspace whose data residency may have an unknown form.
type workspace struct {
	api.Workspace
	DataResidency json.RawMessage `json:"data_residency"`
}

func (p *puller) readWorkspaces(ctx context.Context) (err error) {
	p.workspaces, err = readList(ctx, p, list[workspace]{
		noun: "workspaces", path: "workspaces", query: url.Values{"include_archived": {"true"}, "include_default": {"true"}},
		fields: []string{
			"id", "type", "name", "display_color", "created_at", "archived_at", "compartment_id", "external_key_id", "tags",
			"data_residency.workspace_geo", "data_residency.allowed_inference_geos", "data_residency.default_inference_geo",
		},
		id: func(w workspace) string { return w.ID },
	})
	if err != nil {
		return err
	}
	return p.findDefault(ctx)
}

// findDefault sets defaultID. Among the workspaces named Default, the Default Workspace
// is the one that is missing from a list without include_default. Older servers omit it
// from every list; then the scope of an API key may name it.
func (p *puller) findDefault(ctx context.Context) error {
	before := ""
	for _, w := range p.workspaces {
		if w.Name == "Default" && w.ArchivedAt.IsZero() {
			page, err := readPage(ctx, p, list[workspace]{
				path: "workspaces", query: url.Values{"limit": {"1"}, "include_archived": {"true"}}, id: func(w workspace) string { return w.ID },
			}, before)
			if err != nil {
				return err
			}
			if len(*page.Data) == 0 || (*page.Data)[0].value.ID != w.ID {
				p.defaultID = w.ID
				p.progress.Count-- // seeds do not count it either
				return nil
			}
		}
		before = w.ID
	}
	listed := map[string]bool{}
	for _, w := range p.workspaces {
		listed[w.ID] = true
	}
	for _, k := range p.keys {
		if id := k.Scope.WorkspaceID; k.WorkspaceID == "" && id != "" && !listed[id] {
			p.defaultID = id
			return nil
		}
	}
	return nil
}

func (p *puller) seedWorkspaces() (defaultWorkspace *seed.Workspace, others []seed.Workspace) {
	if p.defaultID != "" {
		defaultWorkspace = &seed.Workspace{ID: p.defaultID}
	}
	externalKeys := map[api.Nullable]api.Nullable{}
	for i := len(p.workspaces) - 1; i >= 0; i-- {
		w := &p.workspaces[i]
		out := seed.Workspace{
			ID: w.ID, DisplayColor: p.matchOrOmit(w.ID, "display_color", w.DisplayColor, color), CreatedAt: seed.At(w.CreatedAt.Time),
			CompartmentID: p.matchOrOmit(w.ID, "compartment_id", w.CompartmentID, uuid),
			ExternalKeyID: p.externalKey(w, externalKeys), Tags: p.tags(w), DataResidency: p.residency(w),
		}
		if w.ID == p.defaultID {
			defaultWorkspace = &out
			continue
		}
		p.archived[w.ID] = w.ArchivedAt
		out.Name = p.name(w.ID, w.Name, fmt.Sprintf("Workspace %d", len(p.archived)))
		out.ArchivedAt, out.Members = seed.OrNull(w.ArchivedAt), p.seedMembers(w.ID)
		others = append(others, out)
	}
	slices.Reverse(others)
	return defaultWorkspace, others
}

var (
	color = regexp.MustCompile(api.ColorPattern)
	uuid  = regexp.MustCompile(api.UUIDPattern)
	// externalKeyID is the form of ids in the vendor's examples. Any other value may be
	// text that a person wrote.
	externalKeyID = regexp.MustCompile(`^ekey_[0-9A-Za-z]+$`)
)

// matchOrOmit returns a value if it has the form that seeds require, or else "". When the
// seed is loaded, an empty value is generated or stays null.
func (p *puller) matchOrOmit(id, field, value string, form *regexp.Regexp) string {
	if value != "" && !form.MatchString(value) {
		p.notes.add(id, "omitted invalid %s", field)
		return ""
	}
	return value
}

// externalKey returns the id that the workspace's external key has in the seed.
// Workspaces that share a key share its placeholder.
func (p *puller) externalKey(w *workspace, placeholders map[api.Nullable]api.Nullable) api.Nullable {
	key := w.ExternalKeyID
	if key == "" || p.KeepNames || externalKeyID.MatchString(string(key)) {
		return key
	}
	if placeholders[key] == "" {
		placeholders[key] = api.Nullable(fmt.Sprintf("external-key-%d", len(placeholders)+1))
	}
	return placeholders[key]
}

// tags returns the tags that the workspace has in the seed. Placeholders replace their keys
// too, since keys are free text.
func (p *puller) tags(w *workspace) map[string]string {
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(w.Tags)) {
		switch n := len(out) + 1; {
		case api.ReservedTag(key):
			p.notes.add(w.ID, "omitted reserved tag %q", key)
		case p.KeepNames:
			out[key] = w.Tags[key]
		default:
			out[fmt.Sprintf("tag%d", n)] = fmt.Sprintf("value%d", n)
		}
	}
	return out
}

// residency returns the data residency that the workspace has in the seed, or nil for
// the default.
func (p *puller) residency(w *workspace) *api.DataResidency {
	out := api.DefaultDataResidency() // the values of missing fields
	if w.DataResidency == nil {
		return &out
	}
	err := json.Unmarshal(w.DataResidency, &out)
	allowed := []string(out.AllowedInferenceGeos)
	if allowed == nil {
		allowed = api.InferenceGeos
	}
	unknown := func(geo string) bool { return !slices.Contains(api.InferenceGeos, geo) }
	if err != nil || !slices.Contains(api.WorkspaceGeos, out.WorkspaceGeo) || slices.ContainsFunc(allowed, unknown) || !slices.Contains(allowed, out.DefaultInferenceGeo) {
		p.notes.add(w.ID, "replaced unsupported data_residency with the default")
		return nil
	}
	return &out
}
