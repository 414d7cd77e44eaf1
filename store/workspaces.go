package store

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"antechamber/api"
	"antechamber/internal/text"
)

// Workspace is a workspace in the store.
type Workspace struct {
	api.Workspace
	isDefault bool
}

func (w *Workspace) latest() api.Time { return latestOf(w.CreatedAt, w.ArchivedAt) }

// The types of effects on workspaces.
const (
	WorkspaceCreated  = "workspace.created"
	WorkspaceUpdated  = "workspace.updated"
	WorkspaceArchived = "workspace.archived"
)

const (
	workspacesLive = iota
	workspacesArchived
	workspacesDefault
)

var workspaceIndexes = []index[Workspace]{
	workspacesLive:     {holds: func(w *Workspace) bool { return !w.isDefault && w.ArchivedAt.IsZero() }},
	workspacesArchived: {holds: func(w *Workspace) bool { return !w.ArchivedAt.IsZero() }},
	workspacesDefault:  {holds: func(w *Workspace) bool { return w.isDefault }},
}

func workspaceRow(w api.Workspace, isDefault bool) *row[Workspace] {
	return &row[Workspace]{w.ID, at(w.CreatedAt, w.ID), Workspace{w, isDefault}, api.Encode(w)}
}

func (t *tx) buildDefaultWorkspace(w api.Workspace) error {
	if !w.ArchivedAt.IsZero() {
		return fmt.Errorf("the Default Workspace %q must not be archived", w.ID)
	}
	t.defaultWorkspace = w.ID
	t.workspaces.put(workspaceRow(w, true))
	return nil
}

func (t *tx) buildWorkspace(w api.Workspace) error {
	if t.workspaces.get(w.ID) != nil {
		return fmt.Errorf("duplicate workspace %q", w.ID)
	}
	t.workspaces.put(workspaceRow(w, false))
	return nil
}

// workspaceContents returns all workspaces except the Default Workspace.
func (t *tables) workspaceContents() []api.Workspace {
	plain := func(w *Workspace) api.Workspace { return w.Workspace }
	all := collect(nil, t.workspaces.span(workspacesLive, Workspace{}), plain)
	all = collect(all, t.workspaces.span(workspacesArchived, Workspace{}), plain)
	slices.SortFunc(all, func(a, b api.Workspace) int { return at(a.CreatedAt, a.ID).compare(at(b.CreatedAt, b.ID)) })
	return all
}

// MaxIDs is the maximum number of ids that a list of workspaces can be filtered by.
const MaxIDs = 100

// WorkspaceFilter filters a list of workspaces. A workspace must match all fields.
type WorkspaceFilter struct {
	IDs             []string // any of these, at most MaxIDs; nil for all
	IncludeArchived bool
	IncludeDefault  bool
}

// ListWorkspaces returns a page of the workspaces, newest first.
//
// A page walks the span of live workspaces and, if included, the archived ones and
// the Default Workspace; by id, only the workspaces named.
func (o *Organization) ListWorkspaces(f WorkspaceFilter, l List, inputErr error) (Page[Workspace], error) {
	if inputErr != nil {
		return Page[Workspace]{}, inputErr
	}
	s := o.view()
	c, err := l.cursor("Workspace", s.workspaces.positionOf)
	if err != nil {
		return Page[Workspace]{}, err
	}
	if f.IDs != nil {
		return pageOfRows(page(c, s.workspacesNamed(f, c))), nil
	}
	spans := []span[Workspace]{s.workspaces.span(workspacesLive, Workspace{})}
	if f.IncludeArchived {
		spans = append(spans, s.workspaces.span(workspacesArchived, Workspace{}))
	}
	if f.IncludeDefault {
		spans = append(spans, s.workspaces.span(workspacesDefault, Workspace{}))
	}
	return pageOf(c, spans...), nil
}

// workspacesNamed walks the workspaces that the filter names.
func (s *state) workspacesNamed(f WorkspaceFilter, c cursor) func() (*row[Workspace], bool) {
	var rows []*row[Workspace]
	for _, id := range distinct(f.IDs) {
		r := s.workspaces.get(id)
		if r == nil || r.Value.isDefault && !f.IncludeDefault || !r.Value.ArchivedAt.IsZero() && !f.IncludeArchived {
			continue
		}
		if order := r.compare(c.from); order > 0 && !c.backward || order < 0 && c.backward {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *row[Workspace]) int { return a.compare(b.position) })
	if c.backward {
		slices.Reverse(rows)
	}
	return rowsOf(func() *row[Workspace] {
		if len(rows) == 0 {
			return nil
		}
		r := rows[0]
		rows = rows[1:]
		return r
	})
}

// GetWorkspace returns the workspace with the given id.
func (o *Organization) GetWorkspace(id string) (Object[Workspace], error) {
	w := o.view().workspaces.get(id)
	if w == nil {
		return Object[Workspace]{}, notFound("Workspace", id)
	}
	return w.object(), nil
}

// NewWorkspace is the input of CreateWorkspace.
type NewWorkspace struct {
	Name          string
	DisplayColor  string // chosen when empty
	ExternalKeyID string
	Tags          map[string]string
	DataResidency api.DataResidency
	UserProfileID *string
}

// CreateWorkspace adds a workspace, within the organization's limit.
func (o *Organization) CreateWorkspace(in NewWorkspace, inputErr error) (Object[Workspace], error) {
	if inputErr != nil {
		return Object[Workspace]{}, inputErr
	}
	return update(o, func(t *tx) (Object[Workspace], error) {
		if err := checkUserProfile(in.UserProfileID); err != nil {
			return Object[Workspace]{}, err
		}
		if err := checkResidency(in.DataResidency); err != nil {
			return Object[Workspace]{}, err
		}
		if limit := t.settings.WorkspaceLimit; t.workspaces.orders[workspacesLive].Len() >= limit {
			return Object[Workspace]{}, invalid("The organization has reached its limit of " + strconv.Itoa(limit) +
				" workspaces that are not archived.")
		}
		created := api.Workspace{
			ID: newID(t, &t.workspaces, "wrkspc_"), Type: api.TypeWorkspace,
			Name: in.Name, DisplayColor: in.DisplayColor, CreatedAt: t.now,
			CompartmentID: t.ids.UUID(), ExternalKeyID: api.Nullable(in.ExternalKeyID),
			Tags: map[string]string{}, DataResidency: in.DataResidency,
		}
		maps.Copy(created.Tags, in.Tags)
		if created.DisplayColor == "" {
			created.DisplayColor = t.ids.Color()
		}
		w := workspaceRow(created, false)
		if err := checkSize(w); err != nil {
			return Object[Workspace]{}, err
		}
		t.workspaces.put(w)
		t.note(WorkspaceCreated, w.key)
		return w.object(), nil
	})
}

// WorkspaceUpdate is the input of UpdateWorkspace. A nil field changes nothing.
type WorkspaceUpdate struct {
	Name                 *string
	DisplayColor         *string
	ExternalKeyID        *string
	Tags                 map[string]*string // merged key by key; a nil value deletes the key
	AllowedInferenceGeos *api.AllowedGeos
	DefaultInferenceGeo  *string
	UserProfileID        *string
}

// UpdateWorkspace changes a workspace that is not archived. The Default Workspace
// cannot be renamed (documented), but its other fields can change (our guess).
func (o *Organization) UpdateWorkspace(id string, in WorkspaceUpdate, inputErr error) (Object[Workspace], error) {
	return update(o, func(t *tx) (Object[Workspace], error) {
		w := t.workspaces.get(id)
		switch {
		case w == nil:
			return Object[Workspace]{}, notFound("Workspace", id)
		case inputErr != nil:
			return Object[Workspace]{}, inputErr
		case !w.Value.ArchivedAt.IsZero():
			return Object[Workspace]{}, archivedWorkspace(id)
		}
		if err := checkUserProfile(in.UserProfileID); err != nil {
			return Object[Workspace]{}, err
		}
		changed := w.Value.Workspace
		if in.Name != nil {
			if w.Value.isDefault && *in.Name != changed.Name {
				return Object[Workspace]{}, invalid("name: the Default Workspace cannot be renamed.")
			}
			changed.Name = *in.Name
		}
		if in.DisplayColor != nil {
			changed.DisplayColor = *in.DisplayColor
		}
		if in.ExternalKeyID != nil {
			if changed.ExternalKeyID != "" && *in.ExternalKeyID != string(changed.ExternalKeyID) {
				return Object[Workspace]{}, invalid("external_key_id: cannot be changed once it is set.")
			}
			changed.ExternalKeyID = api.Nullable(*in.ExternalKeyID)
		}
		changed.Tags = mergeTags(changed.Tags, in.Tags)
		if in.AllowedInferenceGeos != nil {
			changed.DataResidency.AllowedInferenceGeos = *in.AllowedInferenceGeos
		}
		if in.DefaultInferenceGeo != nil {
			changed.DataResidency.DefaultInferenceGeo = *in.DefaultInferenceGeo
		}
		if err := checkResidency(changed.DataResidency); err != nil {
			return Object[Workspace]{}, err
		}
		old := w
		w = workspaceRow(changed, old.Value.isDefault)
		if err := checkSize(w); err != nil {
			return Object[Workspace]{}, err
		}
		if w.json != old.json {
			t.workspaces.put(w)
			t.note(WorkspaceUpdated, id)
		}
		return w.object(), nil
	})
}

// checkUserProfile refuses every user profile: the organization has none. (On update,
// the error code is our guess.)
func checkUserProfile(id *string) error {
	if id == nil {
		return nil
	}
	return refused(api.UserProfileNotFound, "user_profile_id: User profile `"+text.Shorten(*id, MaxEcho)+"` not found.")
}

// MaxObject is the maximum size of an object in bytes of JSON (our choice). Only
// workspaces can reach it, with tags or an external key.
const MaxObject = 64 << 10

// checkSize refuses a workspace that is too large. Archiving one adds a few bytes,
// which don't count.
func checkSize(w *row[Workspace]) error {
	if n := len(w.json); n > MaxObject {
		return invalid(fmt.Sprintf("The workspace would take %d bytes of JSON, and at most %d are allowed.", n, MaxObject))
	}
	return nil
}

// mergeTags returns a new map, because versions share the maps of their rows.
func mergeTags(tags map[string]string, changes map[string]*string) map[string]string {
	merged := make(map[string]string, len(tags)+len(changes))
	maps.Copy(merged, tags)
	for k, v := range changes {
		if v == nil {
			delete(merged, k)
		} else {
			merged[k] = *v
		}
	}
	return merged
}

// checkResidency refuses a default inference geo that is not among the allowed
// ones. (Documented.)
func checkResidency(d api.DataResidency) error {
	if d.AllowedInferenceGeos == nil || slices.Contains(d.AllowedInferenceGeos, d.DefaultInferenceGeo) {
		return nil
	}
	return invalid("data_residency.default_inference_geo: '" + d.DefaultInferenceGeo + "' is not among the allowed inference geos.")
}

func archivedWorkspace(id string) error {
	return invalid("Workspace `" + id + "` is archived and cannot be changed.")
}

// ArchiveWorkspace archives the workspace and every API key in it, permanently.
// Archiving it again changes nothing.
func (o *Organization) ArchiveWorkspace(id string) (Object[Workspace], error) {
	return update(o, func(t *tx) (Object[Workspace], error) {
		w := t.workspaces.get(id)
		switch {
		case w == nil:
			return Object[Workspace]{}, notFound("Workspace", id)
		case w.Value.isDefault:
			return Object[Workspace]{}, invalid("The Default Workspace cannot be archived.")
		case !w.Value.ArchivedAt.IsZero():
			return w.object(), nil
		}
		archived := w.Value.Workspace
		archived.ArchivedAt = t.now
		w = workspaceRow(archived, false)
		t.workspaces.put(w)
		t.note(WorkspaceArchived, id)
		t.archiveKeysIn(id)
		return w.object(), nil
	})
}
