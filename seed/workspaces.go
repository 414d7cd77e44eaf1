package seed

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/internal/text"
	"antechamber/store"
)

// Workspace is a workspace in a seed. The Default Workspace has no name, members or
// archived_at.
type Workspace struct {
	ID            string             `json:"id,omitempty"` // generated if empty
	Name          string             `json:"name,omitempty"`
	DisplayColor  string             `json:"display_color,omitempty"`  // generated if empty
	CreatedAt     Time               `json:"created_at,omitzero"`      // now if omitted
	ArchivedAt    Time               `json:"archived_at,omitzero"`     // not archived if omitted
	CompartmentID string             `json:"compartment_id,omitempty"` // generated if empty
	ExternalKeyID api.Nullable       `json:"external_key_id"`
	Tags          map[string]string  `json:"tags,omitzero"`
	DataResidency *api.DataResidency `json:"data_residency,omitempty"` // api.DefaultDataResidency if nil
	Members       []WorkspaceMember  `json:"members,omitzero"`

	at    *node
	index int // in Organization.Workspaces, -1 for the Default Workspace
}

// defaultName is the name of the Default Workspace, including in references.
const defaultName = "Default"

var (
	workspaceForm    = form{want: "a string of 1 to 255 characters", minChars: 1, maxChars: 255}
	colorForm        = form{want: "a color, such as #6C5BB9", pattern: regexp.MustCompile(api.ColorPattern)}
	externalKeyForm  = form{want: "the id of an external key, or null", minChars: 1}
	workspaceRefForm = form{want: "the id or name of a workspace, or null for the Default Workspace", minChars: 1}
)

func (r *report) workspace(n *node) Workspace {
	o := r.object(n, "name")
	defer o.end()
	w := o.workspace(n, false)
	w.Members = list(r, o.get("members"), "members", 0, 0, r.workspaceMember)
	return w
}

func (w Workspace) times(each func(moment)) {
	each(moment{w.at, "created_at", w.CreatedAt, creation})
	each(moment{w.at, "archived_at", w.ArchivedAt, pastEvent})
}

func (r *report) defaultWorkspace(n *node) *Workspace {
	o := r.object(n)
	defer o.end()
	w := o.workspace(n, true)
	w.index = -1
	return &w
}

// workspace reads a workspace except its members.
func (o *object) workspace(n *node, isDefault bool) Workspace {
	w := Workspace{at: n, ID: o.text("id", idForm)}
	if !isDefault {
		w.Name = o.text("name", workspaceForm)
	}
	w.DisplayColor = o.text("display_color", colorForm)
	w.CreatedAt = o.time("created_at")
	if !isDefault {
		w.ArchivedAt = o.timeOrNull("archived_at")
	}
	w.CompartmentID = o.text("compartment_id", uuidForm)
	w.ExternalKeyID = api.Nullable(o.textOrNull("external_key_id", externalKeyForm))
	w.Tags = o.tags(o.get("tags"))
	w.DataResidency = o.dataResidency(o.get("data_residency"))
	return w
}

func (r *report) tags(n *node) map[string]string {
	tags := map[string]string{}
	if n == nil {
		return tags
	}
	if n.Kind != jsontree.Object {
		r.invalid(n, "an object with string values")
		return tags
	}
	if len(n.Items) > maxMembers { // the tree may lack others
		r.malformed(n, "tags must have at most %s", text.Count(maxMembers, "member"))
		return tags
	}
	for _, tag := range n.Items {
		if tag.Repeated {
			continue
		}
		if api.ReservedTag(tag.Name) && !r.saved {
			r.add(true, tag.NameStart, tag, "tag names must not start with %q, in any case", api.ReservedTagPrefix)
		}
		if tag.Kind != jsontree.String {
			// Without the name of the tag, which may be anything.
			r.malformed(tag, "%s", text.Invalid("value", valueOf(tag), "a string"))
		}
		tags[tag.Name] = tag.Text
	}
	return tags
}

// maxGeos is the maximum length of a list of inference geos. They may repeat.
const maxGeos = 1000

func (r *report) dataResidency(n *node) *api.DataResidency {
	d := api.DefaultDataResidency()
	if n == nil {
		return &d
	}
	o := r.object(n)
	defer o.end()
	if geo := enum(o, "workspace_geo", api.WorkspaceGeos); geo != "" {
		d.WorkspaceGeo = geo
	}
	geos := o.get("allowed_inference_geos")
	if geo := enum(o, "default_inference_geo", api.InferenceGeos); geo != "" {
		d.DefaultInferenceGeo = geo
	}
	switch {
	case geos == nil || geos.Kind == jsontree.String && geos.Text == api.Unrestricted:
		return &d
	case geos.Kind != jsontree.Array:
		r.invalid(geos, fmt.Sprintf("a list of inference geos, or %q", api.Unrestricted))
		return &d
	}
	defaultGeo := n.Get("default_inference_geo")
	d.AllowedInferenceGeos = list(r, geos, "inference geos", 1, maxGeos, func(n *node) string { return enumAt(r, n, api.InferenceGeos) })
	faulty := rejected(defaultGeo) || len(geos.Items) == 0 || slices.ContainsFunc(geos.Items, func(n *node) bool { return rejected(n) })
	if !faulty && !api.OneOf(d.DefaultInferenceGeo, d.AllowedInferenceGeos) {
		r.contradictory(cmp.Or(defaultGeo, geos), "default_inference_geo %q must be one of allowed_inference_geos", d.DefaultInferenceGeo)
	}
	return &d
}

func (r *report) linkWorkspaces(o *Organization, p userIndex) {
	ids := r.unique("id")
	ids.add(o.DefaultWorkspace.at, o.DefaultWorkspace.ID)
	for i := range o.Workspaces {
		w := &o.Workspaces[i]
		ids.add(w.at, w.ID)
		w.index = i
		r.linkMembers(w, p)
	}
}

// workspaceIndex finds the workspaces that references mean.
type workspaceIndex struct {
	defaultWorkspace *Workspace
	byID             map[string]*Workspace
	byName           map[string][]*Workspace
	faulty           bool // the list is invalid, so its workspaces are not known
}

func (r *report) indexWorkspaces(o *Organization) workspaceIndex {
	p := workspaceIndex{
		defaultWorkspace: o.DefaultWorkspace, byID: map[string]*Workspace{}, byName: map[string][]*Workspace{defaultName: {o.DefaultWorkspace}},
		faulty: rejected(o.at.Get("workspaces")),
	}
	for i := len(o.Workspaces) - 1; i >= 0; i-- {
		w := &o.Workspaces[i]
		if w.ID != "" {
			p.byID[w.ID] = w
		}
		p.byName[w.Name] = append(p.byName[w.Name], w)
	}
	if id := o.DefaultWorkspace.ID; id != "" {
		p.byID[id] = o.DefaultWorkspace
	}
	return p
}

// workspaceOf returns the workspace that a reference means, or nil.
func (r *report) workspaceOf(p workspaceIndex, at *node, ref string) *Workspace {
	switch {
	case rejected(at) || p.faulty:
		return nil
	case ref == "":
		return p.defaultWorkspace
	}
	if w := p.byID[ref]; w != nil {
		return w
	}
	switch named := p.byName[ref]; len(named) {
	case 0:
		r.contradictory(at, "no such workspace %s", text.Quote(ref))
		return nil
	case 1:
		return named[0]
	default:
		r.contradictory(at, "ambiguous workspace %s: %d workspaces have that name; use an id", text.Quote(ref), len(named))
		return nil
	}
}

func (c checker) workspace(w *Workspace) {
	if !c.anyFaulty(w.at, "created_at", "archived_at") && w.ArchivedAt.given() && c.before(w.ArchivedAt, w.CreatedAt) {
		c.contradictory(w.at.Get("archived_at"), "archived_at must not be before %s", startOf(w.at, "created_at"))
	}
	c.checkSize(w)
}

// checkSize reports a workspace of more than store.MaxObject bytes.
func (c checker) checkSize(w *Workspace) {
	if w.at == nil || w.at.End-w.at.Start < store.MaxObject/8 { // encoding it makes it longer, but not that much
		return
	}
	now := api.At(earliest.Time)
	l := loader{checker: c, now: now, o: &Organization{}}
	encoded := l.workspace(w, now, usedIDs{})
	encoded.ArchivedAt = api.Time{}
	if n := len(api.Encode(encoded)); n > store.MaxObject {
		c.contradictory(w.at, "workspace must take at most %d bytes of JSON (got %d)", store.MaxObject, n)
	}
}

func (l *loader) workspaceIDs() usedIDs {
	ids := usedIDs{}
	ids.add(l.o.DefaultWorkspace.ID)
	for _, w := range l.o.Workspaces {
		ids.add(w.ID)
	}
	return ids
}

// defaultWorkspace returns the Default Workspace. By default it is as old as the
// oldest object of the organization.
func (l *loader) defaultWorkspace(ids usedIDs) api.Workspace {
	w := l.o.DefaultWorkspace
	created := l.now
	if w.CreatedAt.given() {
		created = w.CreatedAt.at(l.now)
	} else {
		l.o.times(func(m moment) {
			if at := m.Time.at(l.now); m.role == creation && at.Before(created.Time) {
				created = at
			}
		})
	}
	loaded := l.workspace(w, created, ids)
	loaded.Name = defaultName
	return loaded
}

func (l *loader) workspaces(ids usedIDs) (workspaces []api.Workspace) {
	for i := range l.o.Workspaces {
		w := &l.o.Workspaces[i]
		workspaces = append(workspaces, l.workspace(w, w.CreatedAt.at(l.now), ids))
	}
	return workspaces
}

func (l *loader) workspace(w *Workspace, created api.Time, ids usedIDs) api.Workspace {
	residency := *w.DataResidency
	residency.AllowedInferenceGeos = slices.Clone(residency.AllowedInferenceGeos)
	return api.Workspace{
		ID: ids.orDraw(w.ID, l.draw("wrkspc_", created)), Type: api.TypeWorkspace, Name: w.Name,
		CompartmentID: orDraw(w.CompartmentID, l.ids.UUID),
		DisplayColor:  orDraw(w.DisplayColor, l.ids.Color),
		CreatedAt:     created, ArchivedAt: w.ArchivedAt.atOrNull(l.now),
		ExternalKeyID: w.ExternalKeyID, Tags: maps.Clone(w.Tags), DataResidency: residency,
	}
}

func exportWorkspace(w api.Workspace) Workspace {
	return Workspace{
		ID: w.ID, Name: w.Name, DisplayColor: w.DisplayColor, CreatedAt: At(w.CreatedAt.Time), ArchivedAt: OrNull(w.ArchivedAt),
		CompartmentID: w.CompartmentID, ExternalKeyID: w.ExternalKeyID, Tags: w.Tags, DataResidency: &w.DataResidency,
		Members: []WorkspaceMember{},
	}
}

func exportDefault(w api.Workspace) *Workspace {
	out := exportWorkspace(w)
	out.Name, out.ArchivedAt, out.Members = "", Time{}, nil
	return &out
}
