package pull

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"antechamber/api"
	"antechamber/seed"
)

// The copy as a seed has it: the fields of an export, without those that the
// API does not show.
type (
	copied struct {
		ID               string            `json:"id"`
		Name             string            `json:"name"`
		Clock            copiedClock       `json:"clock"`
		DefaultWorkspace *copiedWorkspace  `json:"default_workspace,omitempty"`
		Users            []copiedUser      `json:"users"`
		Invites          []copiedInvite    `json:"invites"`
		Workspaces       []copiedWorkspace `json:"workspaces"`
		APIKeys          []copiedKey       `json:"api_keys"`
		Removed          []copiedRemoved   `json:"removed,omitempty"`
	}

	copiedClock struct {
		StartsAt api.Time `json:"starts_at"`
	}

	copiedUser struct {
		ID      string               `json:"id"`
		Email   string               `json:"email"`
		Name    string               `json:"name,omitempty"`
		Role    api.OrganizationRole `json:"role"`
		AddedAt api.Time             `json:"added_at"`
	}

	copiedInvite struct {
		ID         string               `json:"id"`
		Email      string               `json:"email"`
		Role       api.OrganizationRole `json:"role"`
		Status     api.InviteStatus     `json:"status"`
		InvitedAt  api.Time             `json:"invited_at"`
		ExpiresAt  api.Time             `json:"expires_at,omitzero"`
		AcceptedAt api.Time             `json:"accepted_at"`
	}

	// copiedWorkspace is the Default Workspace too, which has neither name nor
	// archived_at nor members.
	copiedWorkspace struct {
		ID            string             `json:"id"`
		Name          string             `json:"name,omitempty"`
		DisplayColor  string             `json:"display_color,omitempty"`
		CreatedAt     api.Time           `json:"created_at,omitzero"`
		ArchivedAt    *api.Time          `json:"archived_at,omitempty"`
		CompartmentID string             `json:"compartment_id,omitempty"`
		ExternalKeyID api.Nullable       `json:"external_key_id"`
		Tags          map[string]string  `json:"tags"`
		DataResidency *api.DataResidency `json:"data_residency,omitempty"`
		Members       []copiedMember     `json:"members,omitempty"`
	}

	copiedMember struct {
		User string            `json:"user"`
		Role api.WorkspaceRole `json:"workspace_role"`
	}

	copiedKey struct {
		ID         string           `json:"id"`
		Name       string           `json:"name"`
		Workspace  api.Nullable     `json:"workspace"`
		CreatedAt  api.Time         `json:"created_at"`
		CreatedBy  string           `json:"created_by"`
		Status     api.APIKeyStatus `json:"status"`
		LastUsedAt api.Time         `json:"last_used_at"`
		Hint       *api.Nullable    `json:"partial_key_hint,omitempty"`
		ExpiresAt  api.Time         `json:"expires_at"`
	}

	copiedRemoved struct {
		ID      string   `json:"id"`
		AddedAt api.Time `json:"added_at"`
	}
)

// copier makes a seed of what was read. What Antechamber could not hold it
// mends, and notes.
type copier struct {
	*puller
	notes []string

	roles      map[string]api.OrganizationRole // of users
	userEmails map[string]bool                 // in lower case
	archived   map[string]bool                 // workspaces, each there is, and whether it is archived
}

func (c *copier) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// result makes the seed, and looks at it as a server would.
func (p *puller) result() (Result, error) {
	p.people.settle(p.users.all, p.invites.all)
	c := &copier{puller: p, roles: map[string]api.OrganizationRole{}, userEmails: map[string]bool{}, archived: map[string]bool{}}
	out := c.copy()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return Result{}, err
	}
	r := Result{Seed: b.Bytes(), Notes: c.notes, Holds: holds(out)}
	err := seed.Validate(p.Options.Name, r.Seed, seed.Options{Real: p.Now()})
	if err != nil {
		var ok bool
		if r.Faults, ok = errors.AsType[seed.Faults](err); !ok {
			return r, err
		}
	}
	return r, nil
}

func holds(o copied) string {
	counted := func(n int, thing string) string {
		if n != 1 {
			thing += "s"
		}
		return grouped(n) + " " + thing
	}
	return strings.Join([]string{
		counted(len(o.Users), "user"), counted(len(o.Invites), "invite"),
		counted(len(o.Workspaces), "workspace"), counted(len(o.APIKeys), "API key"),
	}, ", ")
}

func (c *copier) copy() copied {
	if c.defaultID == "" {
		c.defaultID = c.defaultByKeys()
	}
	o := copied{ID: c.organization.ID, Name: c.people.show(c.people.scrub(c.organization.Name))}
	o.Users = c.copyUsers()
	o.Invites = c.copyInvites()
	o.DefaultWorkspace, o.Workspaces = c.copyWorkspaces()
	o.APIKeys, o.Removed = c.copyKeys()
	o.Clock.StartsAt = c.clock(o)
	return o
}

// defaultByKeys is the id of the Default Workspace by the scope of a key in
// it, for servers that do not list it.
func (c *copier) defaultByKeys() string {
	for _, k := range c.keys.all {
		if k.WorkspaceID == "" && k.Scope.WorkspaceID != "" {
			return k.Scope.WorkspaceID
		}
	}
	return ""
}

// role is an organization role as Antechamber knows it: the roles of Claude
// Enterprise become those that come closest.
func (c *copier) role(of string, role api.OrganizationRole) api.OrganizationRole {
	if api.OneOf(role, api.OrganizationRoles) {
		return role
	}
	closest := api.RoleUser
	switch role {
	case "owner", "primary_owner", "membership_admin":
		closest = api.RoleAdmin
	}
	c.note("%s has the role %q, which is %q in the copy", of, role, closest)
	return closest
}

func (c *copier) copyUsers() []copiedUser {
	out := []copiedUser{}
	for _, u := range c.users.all {
		copied := copiedUser{u.ID, c.people.userEmail(u), c.people.userName(u), c.role(u.ID, u.Role), u.AddedAt}
		if c.people.keep && copied.Email != u.Email.plain() {
			c.note("%s has an address that is none to Antechamber, and another one in the copy", u.ID)
		}
		if c.userEmails[strings.ToLower(copied.Email)] {
			c.note("%s has the address of another user, and another one in the copy", u.ID)
			copied.Email = c.people.email(u.ID)
		}
		c.userEmails[strings.ToLower(copied.Email)] = true
		c.roles[u.ID] = copied.Role
		out = append(out, copied)
	}
	return out
}

func (c *copier) copyInvites() []copiedInvite {
	out, pending := []copiedInvite{}, map[string]bool{}
	for _, i := range c.invites.all { // the newest first, which stays pending where two are
		copied := copiedInvite{i.ID, c.people.show(i.Email), c.role(i.ID, i.Role), i.Status, i.InvitedAt, i.ExpiresAt, i.AcceptedAt}
		if !api.ValidEmail(copied.Email) {
			c.note("%s is to an address that is none to Antechamber, and to another one in the copy", i.ID)
			copied.Email = c.people.email(i.ID)
		}
		address := strings.ToLower(copied.Email)
		switch {
		case i.Status == api.InviteAccepted && i.AcceptedAt.IsZero():
			copied.AcceptedAt = c.acceptedAt(i)
		case i.Status != api.InviteAccepted:
			copied.AcceptedAt = api.Time{}
		}
		if i.Status == api.InvitePending {
			switch {
			case c.userEmails[address]:
				c.note("%s is pending and to a user, and deleted in the copy", i.ID)
				copied.Status = api.InviteDeleted
			case pending[address]:
				c.note("%s is not the only pending invite to its address, and deleted in the copy", i.ID)
				copied.Status = api.InviteDeleted
			}
			pending[address] = true
		}
		out = append(out, copied)
	}
	return out
}

// acceptedAt is when an invite was accepted, where the server does not say:
// when its user joined, if that is possible.
func (c *copier) acceptedAt(i invite) api.Time {
	for _, u := range c.users.all {
		at := u.AddedAt
		if strings.EqualFold(c.people.show(u.Email), c.people.show(i.Email)) && !at.Before(i.InvitedAt.Time) && (i.ExpiresAt.IsZero() || !at.After(i.ExpiresAt.Time)) {
			return at
		}
	}
	return i.InvitedAt
}

var color = regexp.MustCompile(api.ColorPattern)

func (c *copier) copyWorkspaces() (byDefault *copiedWorkspace, others []copiedWorkspace) {
	others = []copiedWorkspace{}
	if c.defaultID != "" {
		byDefault = &copiedWorkspace{ID: c.defaultID, Tags: map[string]string{}}
	}
	for _, w := range c.workspaces.all {
		copied := copiedWorkspace{
			ID: w.ID, DisplayColor: w.DisplayColor, CreatedAt: w.CreatedAt, CompartmentID: w.CompartmentID,
			ExternalKeyID: w.ExternalKeyID, Tags: c.copyTags(w), DataResidency: c.residency(w),
		}
		if !color.MatchString(w.DisplayColor) {
			copied.DisplayColor = "" // one is drawn
		}
		if w.ID == c.defaultID {
			byDefault = &copied
			continue
		}
		c.archived[w.ID] = !w.ArchivedAt.IsZero()
		copied.Name, copied.ArchivedAt, copied.Members = c.name(w.ID, w.Name, 255), &w.ArchivedAt, c.copyMembers(w)
		others = append(others, copied)
	}
	return byDefault, others
}

// name is a name as long as Antechamber takes it.
func (c *copier) name(of string, name text, most int) string {
	s := c.people.show(name)
	switch {
	case s == "":
		c.note("%s has no name, and is named after its id in the copy", of)
		return of
	case utf8.RuneCountInString(s) > most:
		c.note("%s has a name of more than %d characters, which is cut in the copy", of, most)
		return string([]rune(s)[:most])
	}
	return s
}

func (c *copier) copyTags(w workspace) map[string]string {
	out := map[string]string{}
	for _, t := range w.Tags {
		key := c.people.show(t.Key)
		if strings.HasPrefix(key, api.ReservedTagPrefix) {
			c.note("%s has the tag %q, which is reserved and not in the copy", w.ID, key)
			continue
		}
		free := key
		for n := 2; ; n++ { // two keys that differed in a name's case alone
			if _, taken := out[free]; !taken {
				break
			}
			free = fmt.Sprint(key, " ", n)
		}
		out[free] = c.people.show(t.Value)
	}
	return out
}

// residency is a data residency of the geos that Antechamber knows, nil where
// the server does not tell it.
func (c *copier) residency(w workspace) *api.DataResidency {
	d := w.DataResidency
	if d.WorkspaceGeo == "" && d.Allowed == nil && d.Default == "" {
		return nil
	}
	out := api.DefaultDataResidency()
	mended := false
	known := func(geo string, geos []string, byDefault string) string {
		if geo == "" || slices.Contains(geos, geo) {
			return cmp.Or(geo, byDefault)
		}
		mended = true
		return byDefault
	}
	out.WorkspaceGeo = known(d.WorkspaceGeo, api.WorkspaceGeos, out.WorkspaceGeo)
	out.DefaultInferenceGeo = known(d.Default, api.InferenceGeos, out.DefaultInferenceGeo)
	for _, geo := range d.Allowed {
		if slices.Contains(api.InferenceGeos, geo) {
			out.AllowedInferenceGeos = append(out.AllowedInferenceGeos, geo)
		} else {
			mended = true
		}
	}
	if allowed := out.AllowedInferenceGeos; allowed != nil && !slices.Contains(allowed, out.DefaultInferenceGeo) {
		out.DefaultInferenceGeo, mended = allowed[0], true
	}
	if mended {
		c.note("%s has a data residency with geos that Antechamber does not know, and another one in the copy", w.ID)
	}
	return &out
}

// copyMembers gives the members that somebody must have added: admins and
// billing users of the organization are members by themselves.
func (c *copier) copyMembers(w workspace) (out []copiedMember) {
	for _, m := range c.members[w.ID] {
		role, present := c.roles[m.UserID]
		assigned := m.Role
		switch {
		case !present:
			c.note("%s is a member of %s and no user of the organization, and not in the copy", m.UserID, w.ID)
			continue
		case role == api.RoleAdmin && assigned == api.WorkspaceAdmin, role == api.RoleBilling && assigned == api.WorkspaceBilling:
			continue
		case assigned == api.WorkspaceBilling:
			c.note("%s is %q in %s without the role %q in the organization, and no member in the copy", m.UserID, assigned, w.ID, api.RoleBilling)
			continue
		case !api.OneOf(assigned, api.AssignableWorkspaceRoles):
			c.note("%s has the role %q in %s, which is %q in the copy", m.UserID, assigned, w.ID, api.WorkspaceUser)
			assigned = api.WorkspaceUser
		}
		out = append(out, copiedMember{m.UserID, assigned})
	}
	return out
}

// hintForm is what package seed takes for a hint.
var hintForm = regexp.MustCompile(`^sk-ant-[A-Za-z0-9_-]{1,64}\.\.\.[A-Za-z0-9_-]{1,16}$`)

func (c *copier) copyKeys() ([]copiedKey, []copiedRemoved) {
	out, gone := []copiedKey{}, map[string]api.Time{}
	for _, k := range c.keys.all {
		copied := copiedKey{
			k.ID, c.name(k.ID, k.Name, 500), k.WorkspaceID, k.CreatedAt, k.CreatedBy.ID, k.Status, k.LastUsedAt, nil, k.ExpiresAt,
		}
		if id := string(k.WorkspaceID); id == c.defaultID {
			copied.Workspace = ""
		} else if archived, present := c.archived[id]; id != "" && !present {
			c.note("%s is in %s, which came too late for the copy, and so did the key", k.ID, id)
			continue
		} else if archived && k.Status != api.KeyArchived {
			c.note("%s is %s in an archived workspace, and archived in the copy", k.ID, k.Status)
			copied.Status = api.KeyArchived
		}
		if k.Hint.given {
			copied.Hint = &k.Hint.v
			if hint := string(k.Hint.v); hint != "" && !hintForm.MatchString(hint) {
				c.note("%s has a hint that Antechamber does not take, and none in the copy", k.ID)
				copied.Hint = new(api.Nullable)
			}
		}
		if copied.Status == api.KeyExpired && k.ExpiresAt.IsZero() { // a server that tells the status alone
			copied.ExpiresAt = api.At(later(k.CreatedAt.Time, k.LastUsedAt.Time))
		}
		if id := k.CreatedBy.ID; id != "" && c.roles[id] == "" && !strings.HasPrefix(id, "user_") {
			if at, there := gone[id]; !there || k.CreatedAt.Before(at.Time) {
				gone[id] = k.CreatedAt
			}
		}
		out = append(out, copied)
	}
	var removed []copiedRemoved
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		c.note("%s made keys and is no user, and a user who is gone in the copy", id)
		removed = append(removed, copiedRemoved{id, gone[id]})
	}
	return out, removed
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// clock is the instant that the copy begins at: what the server's clock showed
// at the end of the pull, so that pending invites have the time left that they
// have there. A server whose clock was moved, as that of an emulator can be,
// shows another time in what it answers: then it is the last instant that has
// left a trace.
func (c *copier) clock(o copied) api.Time {
	var least, most time.Time // it shows a time from least on, and before most
	passed := func(times ...api.Time) {
		for _, t := range times {
			least = later(least, t.Time)
		}
	}
	ahead := func(t api.Time) {
		if !t.IsZero() && (most.IsZero() || t.Before(most)) {
			most = t.Time
		}
	}
	for _, u := range o.Users {
		passed(u.AddedAt)
	}
	for _, i := range o.Invites {
		passed(i.InvitedAt, i.AcceptedAt)
		switch i.Status {
		case api.InviteExpired:
			passed(i.ExpiresAt)
		case api.InvitePending:
			ahead(i.ExpiresAt)
		}
	}
	if o.DefaultWorkspace != nil {
		passed(o.DefaultWorkspace.CreatedAt)
	}
	for _, w := range o.Workspaces {
		passed(w.CreatedAt, *w.ArchivedAt)
	}
	for _, k := range o.APIKeys {
		passed(k.CreatedAt)
		switch k.Status {
		case api.KeyExpired:
			passed(k.ExpiresAt)
		case api.KeyActive, api.KeyInactive:
			ahead(k.ExpiresAt)
		}
	}
	for _, r := range o.Removed {
		passed(r.AddedAt)
	}
	now := c.client.date
	if now.IsZero() {
		now = c.Now()
	}
	if least.IsZero() || !now.Before(least) && (most.IsZero() || now.Before(most)) {
		return api.At(now)
	}
	if !most.IsZero() && !least.Before(most) {
		c.note("something has expired while the organization was read, and is expired in the copy")
	}
	return api.At(least)
}
