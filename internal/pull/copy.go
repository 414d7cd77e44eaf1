package pull

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
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
		ExternalKeyID *string            `json:"external_key_id"`
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

	roles    map[string]api.OrganizationRole // of users
	joined   map[string]api.Time             // when the user of an address in lower case did
	archived map[string]api.Time             // when a workspace was; there is each one
}

// result makes the seed, and looks at it as a server would.
func (p *puller) result() (Result, error) {
	p.takeLateUsersIn()
	c := &copier{puller: p, roles: map[string]api.OrganizationRole{}, joined: map[string]api.Time{}, archived: map[string]api.Time{}}
	c.fillTimes()
	p.people.settle(p.users.all, p.invites.all)
	c.scrubAgain()
	out := c.copy()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return Result{}, err
	}
	c.noteWhoIsGone()
	r := Result{Seed: b.Bytes(), Notes: p.notes, Holds: holds(out)}
	err := seed.Validate(p.Options.Name, r.Seed, seed.Options{Real: p.Now()})
	if err != nil {
		var ok bool
		if r.Faults, ok = errors.AsType[seed.Faults](err); !ok {
			return r, err
		}
	}
	return r, nil
}

// takeLateUsersIn adds those who joined while the rest was read, who are the
// newest: what they made is in the copy too.
func (p *puller) takeLateUsersIn() {
	late := slices.DeleteFunc(p.late.all, func(u user) bool { return p.users.seen[u.ID] })
	p.users.all = slices.Concat(late, p.users.all)
	for _, u := range late {
		p.note("%s joined while the organization was read, and is in the copy, but in no workspace that was read before", u.ID)
	}
}

// scrubAgain takes out who was not known yet when a text was read.
func (c *copier) scrubAgain() {
	for i := range c.workspaces.all {
		c.people.hideWorkspace(&c.workspaces.all[i])
	}
	for i := range c.keys.all {
		c.people.hideKey(&c.keys.all[i])
	}
}

// noteWhoIsGone tells that some people are not known by name, before anything
// else: nobody mends that.
func (c *copier) noteWhoIsGone() {
	if c.people.keep {
		return
	}
	gone := map[string]bool{}
	for _, k := range c.keys.all {
		if id := k.CreatedBy.ID; strings.HasPrefix(id, "user_") && id != nobody && c.roles[id] == "" {
			gone[id] = true
		}
	}
	for _, i := range c.invites.all {
		address := c.people.show(i.Email)
		if _, user := c.joined[strings.ToLower(address)]; i.Status == api.InviteAccepted && !user {
			gone[address] = true
		}
	}
	if len(gone) > 0 {
		c.notes = slices.Insert(c.notes, 0, fmt.Sprintf("people who are gone (%d of them have left a trace) are unknown by name: where a text names them, so does the copy", len(gone)))
	}
}

// fillTimes gives what has no time that of its neighbour in the list.
func (c *copier) fillTimes() {
	fill(c, c.users.all, "added_at", func(u *user) (string, *api.Time) { return u.ID, &u.AddedAt })
	fill(c, c.invites.all, "invited_at", func(i *invite) (string, *api.Time) { return i.ID, &i.InvitedAt })
	fill(c, c.workspaces.all, "created_at", func(w *workspace) (string, *api.Time) { return w.ID, &w.CreatedAt })
	fill(c, c.keys.all, "created_at", func(k *apiKey) (string, *api.Time) { return k.ID, &k.CreatedAt })
}

func fill[T any](c *copier, all []T, field string, of func(*T) (string, *api.Time)) {
	older := api.At(c.serverTime())
	for i := range all { // where there is no older one, that of the newer one is nearest
		if _, at := of(&all[i]); !at.IsZero() {
			older = *at
		}
	}
	for i := len(all) - 1; i >= 0; i-- {
		id, at := of(&all[i])
		if at.IsZero() {
			c.note("%s has no %s, and that of its neighbour in the copy", id, field)
			*at = older
		}
		older = *at
	}
}

// noLater puts a time back to one that cannot be before it.
func (c *copier) noLater(of, field string, at *api.Time, limit api.Time, than string) {
	if !limit.IsZero() && at.After(limit.Time) {
		c.note("%s has a %s after %s, and the same in the copy", of, field, than)
		*at = limit
	}
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
	o := copied{ID: c.organization.ID, Name: c.name("the organization", c.people.scrub(c.organization.Name), math.MaxInt, c.organization.ID)}
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
		if _, taken := c.joined[strings.ToLower(copied.Email)]; taken {
			c.note("%s has the address of another user, and another one in the copy", u.ID)
			copied.Email = c.people.email(u.ID)
		}
		c.joined[strings.ToLower(copied.Email)] = u.AddedAt
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
		c.mendStatus(&copied, pending)
		c.mendTimes(&copied)
		out = append(out, copied)
	}
	return out
}

// mendStatus makes the status of an invite one that it can have.
func (c *copier) mendStatus(i *copiedInvite, pending map[string]bool) {
	address := strings.ToLower(i.Email)
	joined, user := c.joined[address]
	switch {
	case !slices.Contains([]api.InviteStatus{api.InvitePending, api.InviteAccepted, api.InviteExpired, api.InviteDeleted}, i.Status):
		c.note("%s has the status %q, and is deleted in the copy", i.ID, i.Status)
		i.Status = api.InviteDeleted
	case i.Status != api.InvitePending:
	case user && within(joined, *i):
		c.note("%s is pending and to somebody who joined since, and accepted in the copy", i.ID)
		i.Status, i.AcceptedAt = api.InviteAccepted, joined
	case user:
		c.note("%s is pending and to a user, and deleted in the copy", i.ID)
		i.Status = api.InviteDeleted
	case pending[address]:
		c.note("%s is not the only pending invite to its address, and deleted in the copy", i.ID)
		i.Status = api.InviteDeleted
	default:
		pending[address] = true
	}
}

// within tells whether an invite could be accepted at some time.
func within(at api.Time, i copiedInvite) bool {
	return !at.Before(i.InvitedAt.Time) && (i.ExpiresAt.IsZero() || !at.After(i.ExpiresAt.Time))
}

// mendTimes puts the times of an invite into their order.
func (c *copier) mendTimes(i *copiedInvite) {
	if i.Status != api.InviteAccepted {
		i.AcceptedAt = api.Time{}
	} else if i.AcceptedAt.IsZero() { // the server does not say: when its user joined, if that is possible
		i.AcceptedAt = i.InvitedAt
		if joined := c.joined[strings.ToLower(i.Email)]; !joined.IsZero() && within(joined, *i) {
			i.AcceptedAt = joined
		}
	}
	if i.Status == api.InviteAccepted && i.AcceptedAt.Before(i.InvitedAt.Time) {
		c.note("%s was accepted before it was sent, and at once in the copy", i.ID)
		i.AcceptedAt = i.InvitedAt
	}
	switch expired := !i.ExpiresAt.IsZero() && i.ExpiresAt.Before(i.InvitedAt.Time); {
	case i.Status == api.InviteAccepted && !i.ExpiresAt.IsZero() && i.AcceptedAt.After(i.ExpiresAt.Time):
		c.note("%s was accepted after it had expired, and expires then in the copy", i.ID)
		i.ExpiresAt = i.AcceptedAt
	case expired && i.Status == api.InviteExpired:
		c.note("%s expired before it was sent, and at once in the copy", i.ID)
		i.ExpiresAt = i.InvitedAt
	case expired:
		c.note("%s expires before it was sent, and as every invite in the copy", i.ID)
		i.ExpiresAt = api.Time{}
	}
}

var color = regexp.MustCompile(api.ColorPattern)

var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

func (c *copier) copyWorkspaces() (byDefault *copiedWorkspace, others []copiedWorkspace) {
	others = []copiedWorkspace{}
	if c.defaultID != "" {
		byDefault = &copiedWorkspace{ID: c.defaultID, Tags: map[string]string{}}
	}
	for _, w := range c.workspaces.all {
		c.noLater(w.ID, "created_at", &w.CreatedAt, w.ArchivedAt, "its archived_at")
		copied := copiedWorkspace{
			ID: w.ID, DisplayColor: w.DisplayColor, CreatedAt: w.CreatedAt, CompartmentID: w.CompartmentID,
			ExternalKeyID: c.externalKey(w), Tags: c.copyTags(w), DataResidency: c.residency(w),
		}
		if !color.MatchString(w.DisplayColor) {
			copied.DisplayColor = "" // one is drawn
		}
		if w.CompartmentID != "" && !uuid.MatchString(w.CompartmentID) {
			c.note("%s has a compartment_id that is no UUID, and another one in the copy", w.ID)
			copied.CompartmentID = "" // one is drawn
		}
		if w.ID == c.defaultID {
			byDefault = &copied
			continue
		}
		c.archived[w.ID] = w.ArchivedAt
		copied.Name, copied.ArchivedAt, copied.Members = c.name(w.ID, w.Name, 255, w.ID), &w.ArchivedAt, c.copyMembers(w)
		others = append(others, copied)
	}
	return byDefault, others
}

// externalKey is the id of a workspace's external key, nil where it has none.
func (c *copier) externalKey(w workspace) *string {
	if w.ExternalKeyID == nil {
		return nil
	}
	id := c.people.show(*w.ExternalKeyID)
	if id == "" {
		c.note("%s has an empty external_key_id, and none in the copy", w.ID)
		return nil
	}
	return &id
}

// name is a name as long as Antechamber takes it, or something else instead of
// none.
func (c *copier) name(of string, name text, most int, instead string) string {
	s := c.people.show(name)
	switch {
	case s == "":
		c.note("%s has no name, and is named after its id in the copy", of)
		return instead
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
		if t.Other {
			c.note("%s has the tag %q with a value that is no text, and is one in the copy", w.ID, key)
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

// nobody is who made a key of which the server does not say it.
const nobody = "user_nobody"

func (c *copier) copyKeys() ([]copiedKey, []copiedRemoved) {
	out, gone := []copiedKey{}, map[string]api.Time{}
	for i := range c.keys.all {
		k := &c.keys.all[i]
		archivedAt, present := c.archived[string(k.WorkspaceID)]
		if id := string(k.WorkspaceID); id != "" && id != c.defaultID && !present {
			c.note("%s is in %s, which came too late for the copy, and so did the key", k.ID, id)
			continue
		}
		if k.CreatedBy.ID == "" {
			c.note("%s was made by nobody, and by a user who is gone in the copy", k.ID)
			k.CreatedBy.ID = nobody
		}
		c.noLater(k.ID, "created_at", &k.CreatedAt, k.ExpiresAt, "its expires_at")
		c.noLater(k.ID, "created_at", &k.CreatedAt, archivedAt, "the archived_at of its workspace")
		if id := k.CreatedBy.ID; c.roles[id] == "" && (id == nobody || !strings.HasPrefix(id, "user_")) {
			if at, there := gone[id]; !there || k.CreatedAt.Before(at.Time) {
				gone[id] = k.CreatedAt
			}
		}
		out = append(out, c.copyKey(*k, !archivedAt.IsZero()))
	}
	var removed []copiedRemoved
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		if id != nobody {
			c.note("%s made keys and is no user, and a user who is gone in the copy", id)
		}
		removed = append(removed, copiedRemoved{id, gone[id]})
	}
	return out, removed
}

func (c *copier) copyKey(k apiKey, inArchived bool) copiedKey {
	copied := copiedKey{
		k.ID, c.name(k.ID, k.Name, 500, k.ID), k.WorkspaceID, k.CreatedAt, k.CreatedBy.ID, k.Status, k.LastUsedAt, nil, k.ExpiresAt,
	}
	if string(k.WorkspaceID) == c.defaultID {
		copied.Workspace = ""
	}
	if !api.OneOf(k.Status, api.APIKeyStatuses) {
		c.note("%s has the status %q, and is inactive in the copy", k.ID, k.Status)
		copied.Status = api.KeyInactive
	}
	if inArchived && copied.Status != api.KeyArchived {
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
	return copied
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
	now := c.serverTime()
	if least.IsZero() || !now.Before(least) && (most.IsZero() || now.Before(most)) {
		return api.At(now)
	}
	if !most.IsZero() && !least.Before(most) {
		c.note("something has expired while the organization was read, and is expired in the copy")
	}
	return api.At(least)
}

// serverTime is what the server's clock showed last, as far as it says.
func (p *puller) serverTime() time.Time {
	if p.client.date.IsZero() {
		return p.Now()
	}
	return p.client.date
}
