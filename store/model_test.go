package store_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/store"
)

// TestStoreDoesWhatAModelDoes plays random writes, clock moves and restores on
// an organization and on a model of it, and compares everything that can be
// read after each of them.
func TestStoreDoesWhatAModelDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		actions := map[string]func(*rapid.T){"": m.check}
		for name, act := range map[string]func(*rapid.T){
			"create invite":    m.createInvite,
			"delete invite":    m.deleteInvite,
			"update user":      m.updateUser,
			"remove user":      m.removeUser,
			"create workspace": m.createWorkspace,
			"update workspace": m.updateWorkspace,
			"archive":          m.archiveWorkspace,
			"add member":       m.addMember,
			"update member":    m.updateMember,
			"remove member":    m.removeMember,
			"update key":       m.updateKey,
			"update a key too": m.updateKey, // so that limits are met
			"accept invite":    m.acceptInvite,
			"add user":         m.addUser,
			"create key":       m.createKey,
			"use key":          m.useKey,
			"let time pass":    m.pass,
			"move the clock":   m.moveClock,
			"save":             m.save,
			"restore":          m.restore,
			"take snapshot":    m.takeSnapshot,
			"restore snapshot": m.restoreSnapshot,
			"reset":            m.reset,
			"fork":             m.fork,
			"look at others":   m.lookAtOthers,
		} {
			actions[name] = func(t *rapid.T) {
				act(t)
				m.model.expire(m.now())
				m.compareLists(t)
			}
		}
		t.Repeat(actions)
	})
}

// model is an organization written down as the rules describe it: plain slices
// that are searched from end to end.
type model struct{ store.Contents }

// clone is a model that can be written without m seeing it.
func (m model) clone() model {
	c := m.Contents
	c.Users, c.Invites, c.Workspaces = slices.Clone(c.Users), slices.Clone(c.Invites), slices.Clone(c.Workspaces)
	c.Members, c.APIKeys, c.Removed = slices.Clone(c.Members), slices.Clone(c.APIKeys), slices.Clone(c.Removed)
	return model{c}
}

var (
	errBad     = errors.New("bad input")
	invalid    = &store.Error{Kind: store.Invalid}
	notFound   = &store.Error{Kind: store.NotFound}
	errorCoded = func(code api.ErrorCode) error { return &store.Error{Kind: store.Invalid, Code: code} }
)

func (m *model) user(id string) *api.User {
	for i := range m.Users {
		if m.Users[i].ID == id {
			return &m.Users[i]
		}
	}
	return nil
}

func (m *model) invite(id string) *api.Invite {
	for i := range m.Invites {
		if m.Invites[i].ID == id {
			return &m.Invites[i]
		}
	}
	return nil
}

func (m *model) workspace(id string) *api.Workspace {
	if m.DefaultWorkspace.ID == id {
		return &m.DefaultWorkspace
	}
	for i := range m.Workspaces {
		if m.Workspaces[i].ID == id {
			return &m.Workspaces[i]
		}
	}
	return nil
}

func (m *model) key(id string) *store.APIKey {
	for i := range m.APIKeys {
		if m.APIKeys[i].ID == id {
			return &m.APIKeys[i]
		}
	}
	return nil
}

func (m *model) assigned(workspaceID, userID string) *store.Member {
	for i := range m.Members {
		if m.Members[i].WorkspaceID == workspaceID && m.Members[i].UserID == userID {
			return &m.Members[i]
		}
	}
	return nil
}

// inherited is the role in workspaces that a role in the organization brings.
var inherited = map[api.OrganizationRole]api.WorkspaceRole{"admin": "workspace_admin", "billing": "workspace_billing"}

// rank orders the roles of a workspace; it is 0 for none.
func rank(role api.WorkspaceRole) int {
	switch role {
	case "":
		return 0
	case "workspace_admin":
		return 3
	case "workspace_billing":
		return 2
	}
	return 1
}

// role is what the user reads as in the workspace, or nothing.
func (m *model) role(workspaceID, userID string) api.WorkspaceRole {
	u := m.user(userID)
	if u == nil || workspaceID == m.DefaultWorkspace.ID {
		return ""
	}
	role := inherited[u.Role]
	if a := m.assigned(workspaceID, userID); a != nil && rank(a.Role) > rank(role) {
		role = a.Role
	}
	return role
}

// expire makes everything read as it does at the instant.
func (m *model) expire(now api.Time) {
	for n := range m.Invites {
		if i := &m.Invites[n]; i.Status == "pending" && !now.Before(i.ExpiresAt.Time) {
			i.Status = "expired"
		}
	}
	for n := range m.APIKeys {
		k := &m.APIKeys[n]
		if (k.Status == "active" || k.Status == "inactive") && !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt.Time) {
			setStatus(k, "expired", k.ExpiresAt)
		}
	}
}

func setStatus(k *store.APIKey, status api.APIKeyStatus, from api.Time) {
	k.Status = status
	k.History = append(slices.Clone(k.History), store.StatusChange{Status: status, At: from})
}

func (m *model) activeKeys(workspaceID string) (n int) {
	for _, k := range m.APIKeys {
		if k.Status == "active" && (workspaceID == "" || k.Scope.WorkspaceID == workspaceID) {
			n++
		}
	}
	return n
}

func (m *model) pendingInvites() (n int) {
	for _, i := range m.Invites {
		if i.Status == "pending" {
			n++
		}
	}
	return n
}

func (m *model) workspacesInUse() (n int) {
	for _, w := range m.Workspaces {
		if w.ArchivedAt.IsZero() {
			n++
		}
	}
	return n
}

func (m *model) assignedMembers(workspaceID string) (n int) {
	for _, a := range m.Members {
		if a.WorkspaceID == workspaceID {
			n++
		}
	}
	return n
}

func full(limit *int, n int) bool { return limit != nil && n >= *limit }

func residencyAllowed(d api.DataResidency) bool {
	return d.AllowedInferenceGeos == nil || slices.Contains(d.AllowedInferenceGeos, d.DefaultInferenceGeo)
}

// place is where an object stands in lists.
type place struct {
	at time.Time
	id string
}

func (p place) before(q place) bool {
	if !p.at.Equal(q.at) {
		return p.at.After(q.at)
	}
	return p.id > q.id
}

// page is the page of the objects that the list asks for; cursors are the
// places of everything that is or was an object of it.
func page(objects, cursors []place, l store.List) (answer, error) {
	objects = slices.Clone(objects)
	sort.Slice(objects, func(i, j int) bool { return objects[i].before(objects[j]) })
	cursor := l.AfterID + l.BeforeID
	if cursor != "" {
		n := slices.IndexFunc(cursors, func(p place) bool { return p.id == cursor })
		if n < 0 {
			return answer{}, invalid
		}
		objects = slices.DeleteFunc(objects, func(p place) bool {
			if l.AfterID != "" {
				return !cursors[n].before(p)
			}
			return !p.before(cursors[n])
		})
	}
	a := answer{IDs: []string{}, HasMore: len(objects) > l.Limit}
	if a.HasMore && l.BeforeID != "" {
		objects = objects[len(objects)-l.Limit:]
	} else if a.HasMore {
		objects = objects[:l.Limit]
	}
	for _, p := range objects {
		a.IDs = append(a.IDs, p.id)
	}
	return a, nil
}

func places[T any](all []T, of func(T) place, matches func(T) bool) (ps []place) {
	for _, v := range all {
		if matches(v) {
			ps = append(ps, of(v))
		}
	}
	return ps
}

func everyone[T any](T) bool { return true }

func userPlace(u api.User) place             { return place{u.AddedAt.Time, u.ID} }
func removedPlace(r store.RemovedUser) place { return place{r.AddedAt.Time, r.ID} }
func invitePlace(i api.Invite) place         { return place{i.InvitedAt.Time, i.ID} }
func workspacePlace(w api.Workspace) place   { return place{w.CreatedAt.Time, w.ID} }
func keyPlace(k store.APIKey) place          { return place{k.CreatedAt.Time, k.ID} }

func (m *model) userCursors() []place {
	return append(places(m.Users, userPlace, everyone), places(m.Removed, removedPlace, everyone)...)
}

func (m *model) allWorkspaces() []api.Workspace {
	return append(slices.Clone(m.Workspaces), m.DefaultWorkspace)
}

// sorted is the contents of the model as they leave the store.
func (m *model) sorted() store.Contents {
	c := m.clone().Contents
	sort.Slice(c.Users, func(i, j int) bool { return userPlace(c.Users[i]).before(userPlace(c.Users[j])) })
	sort.Slice(c.Invites, func(i, j int) bool { return invitePlace(c.Invites[i]).before(invitePlace(c.Invites[j])) })
	sort.Slice(c.Workspaces, func(i, j int) bool { return workspacePlace(c.Workspaces[i]).before(workspacePlace(c.Workspaces[j])) })
	sort.Slice(c.APIKeys, func(i, j int) bool { return keyPlace(c.APIKeys[i]).before(keyPlace(c.APIKeys[j])) })
	sort.Slice(c.Removed, func(i, j int) bool { return removedPlace(c.Removed[i]).before(removedPlace(c.Removed[j])) })
	sort.Slice(c.Members, func(i, j int) bool {
		a, b := c.Members[i], c.Members[j]
		if a.WorkspaceID != b.WorkspaceID {
			return workspacePlace(*m.workspace(a.WorkspaceID)).before(workspacePlace(*m.workspace(b.WorkspaceID)))
		}
		return userPlace(*m.user(a.UserID)).before(userPlace(*m.user(b.UserID)))
	})
	return c
}

// machine plays on an organization and its model.
type machine struct {
	real  realTime
	o     *store.Organization
	model model
	saved []save
	store *store.Store

	origin    model           // what a reset leads back to
	snapshots map[string]save // without contents
	others    []other
}

// other is an organization that was forked, and is played on no more.
type other struct {
	o     *store.Organization
	model model
}

// save is what was put by to be restored.
type save struct {
	at       api.Time
	contents store.Contents
	model    model
}

func newMachine(t *rapid.T) *machine {
	m := &machine{model: model{contentsOf(t)}}
	m.build(t, m.model.Contents)
	return m
}

func (m *machine) build(t *rapid.T, c store.Contents) {
	m.store = store.New(m.real.now)
	o, err := m.store.Add(c)
	if err != nil {
		t.Fatalf("these contents are refused: %v\n%+v", err, c)
	}
	m.o, m.origin, m.snapshots, m.others = o, m.model.clone(), map[string]save{}, nil
}

// now is the time of the model's clock.
func (m *machine) now() api.Time {
	if c := m.model.Clock; c.Frozen {
		return c.At
	}
	return api.At(m.real.now().Add(m.model.Clock.Offset))
}

// contentsOf draws an organization to begin with.
func contentsOf(t *rapid.T) store.Contents {
	hours := rapid.IntRange(1, 4) // so that equal times are frequent
	past := func(what string) api.Time { return at(-time.Duration(hours.Draw(t, what)) * time.Hour) }
	future := func(what string) api.Time {
		return at(time.Duration(rapid.IntRange(1, 60*24).Draw(t, what)) * time.Hour)
	}
	var c store.Contents
	for n := range rapid.IntRange(2, 7).Draw(t, "users") {
		u := user(fmt.Sprint("u", n), rapid.SampledFrom(api.OrganizationRoles).Draw(t, "role"))
		c.Users = append(c.Users, addedAt(past("added"), u))
	}
	for n := range rapid.IntRange(0, 5).Draw(t, "invites") {
		i := invite(fmt.Sprint("i", n), rapid.SampledFrom(api.AssignableRoles).Draw(t, "role"),
			rapid.SampledFrom([]api.InviteStatus{"pending", "accepted", "expired", "deleted"}).Draw(t, "status"))
		i.ExpiresAt = future("expires")
		c.Invites = append(c.Invites, invitedAt(past("invited"), i))
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "workspaces") {
		w := createdAt(past("created"), workspace(fmt.Sprint("w", n)))
		if rapid.IntRange(0, 3).Draw(t, "archived") == 3 {
			w = archived(w)
		}
		c.Workspaces = append(c.Workspaces, w)
		for _, u := range c.Users {
			if rapid.IntRange(0, 2).Draw(t, "member") == 2 {
				c.Members = append(c.Members, member(w.ID, u.ID, rapid.SampledFrom(api.AssignableWorkspaceRoles).Draw(t, "role")))
			}
		}
	}
	for n := range rapid.IntRange(2, 8).Draw(t, "keys") {
		w := theDefault
		status := rapid.SampledFrom(api.SettableKeyStatuses).Draw(t, "status")
		if i := rapid.IntRange(-1, len(c.Workspaces)-1).Draw(t, "workspace"); i >= 0 {
			w = c.Workspaces[i].ID
			if !c.Workspaces[i].ArchivedAt.IsZero() {
				status = "archived"
			}
		}
		k := keyCreatedAt(past("created"), key(fmt.Sprint("k", n), w, status))
		k.CreatedBy.ID = rapid.SampledFrom([]string{"user_u0", "user_u1", "user_gone"}).Draw(t, "creator")
		if rapid.Bool().Draw(t, "expires") {
			k.ExpiresAt = future("expires")
		}
		c.APIKeys = append(c.APIKeys, k)
	}
	if rapid.Bool().Draw(t, "gone") {
		c.Removed = []store.RemovedUser{{ID: "user_gone", AddedAt: past("gone")}}
	}
	c.Settings = store.DefaultSettings()
	// The limits leave little room, but never less than is taken.
	m := model{c}
	room := func(what string, taken int) *int {
		n := rapid.SampledFrom([]int{0, 1, 2, -1}).Draw(t, "room for "+what)
		if n < 0 {
			return nil
		}
		return new(taken + n)
	}
	mostMembers, mostKeys := 0, m.activeKeys(theDefault)
	for _, w := range c.Workspaces {
		mostMembers, mostKeys = max(mostMembers, m.assignedMembers(w.ID)), max(mostKeys, m.activeKeys(w.ID))
	}
	if n := room("workspaces", m.workspacesInUse()); n != nil {
		c.Settings.WorkspaceLimit = *n
	}
	c.Settings.MemberLimit = room("users", len(c.Users)+m.pendingInvites())
	c.Settings.WorkspaceMemberLimit = room("members", mostMembers)
	c.Settings.APIKeyLimit = room("keys", m.activeKeys(""))
	c.Settings.WorkspaceAPIKeyLimit = room("keys of a workspace", mostKeys)
	c.Settings.AllowedInviteDomains = rapid.SampledFrom([][]string{nil, {"Example.com"}, {"example.org", "example.com"}, {}}).Draw(t, "domains")
	if rapid.IntRange(0, 4).Draw(t, "frozen") == 4 {
		c.Clock = store.FrozenAt(epoch)
	} else {
		c.Clock.Offset = time.Duration(rapid.IntRange(0, 2).Draw(t, "offset")) * time.Hour
	}
	return complete(c)
}

// compare fails where the store and the model differ.
func compare(t *rapid.T, what string, want, got any) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatalf("%s (-model +store):\n%s", what, d)
	}
}

// agree holds that store and model succeed or refuse alike: with the same kind
// and code, or the very error that the caller gave.
func agree(t *rapid.T, what string, want, got error) {
	t.Helper()
	var w, g *store.Error
	if errors.As(want, &w) && errors.As(got, &g) && w.Kind == g.Kind && w.Code == g.Code || want == got {
		return
	}
	t.Fatalf("%s: the store's error is %#v, the model's %#v", what, got, want)
}

// The arguments of operations: known, unknown and removed ids, good and bad
// input.

func drawID[T any](t *rapid.T, what string, all []T, id func(T) string, more ...string) string {
	var ids []string
	for _, v := range all {
		ids = append(ids, id(v))
	}
	return rapid.SampledFrom(append(ids, more...)).Draw(t, what) // the first ones come more often
}

func (m *machine) drawUser(t *rapid.T) string {
	var gone []string
	for _, r := range m.model.Removed {
		gone = append(gone, r.ID)
	}
	return drawID(t, "user", m.model.Users, func(u api.User) string { return u.ID }, append(gone, "user_x")...)
}

func (m *machine) drawInvite(t *rapid.T) string {
	return drawID(t, "invite", m.model.Invites, func(i api.Invite) string { return i.ID }, "invite_x")
}

func (m *machine) drawWorkspace(t *rapid.T) string {
	return drawID(t, "workspace", m.model.Workspaces, func(w api.Workspace) string { return w.ID }, theDefault, "wrkspc_x")
}

// drawMember returns a workspace and a user, who is as likely a member of it as
// anybody.
func (m *machine) drawMember(t *rapid.T) (workspaceID, userID string) {
	if n := len(m.model.Members); n > 0 && rapid.Bool().Draw(t, "a member") {
		a := m.model.Members[rapid.IntRange(0, n-1).Draw(t, "member")]
		return a.WorkspaceID, a.UserID
	}
	return m.drawWorkspace(t), m.drawUser(t)
}

func (m *machine) drawKey(t *rapid.T) string {
	return drawID(t, "key", m.model.APIKeys, func(k store.APIKey) string { return k.ID }, "apikey_x")
}

func drawBad(t *rapid.T) error {
	if rapid.IntRange(0, 11).Draw(t, "bad") == 11 {
		return errBad
	}
	return nil
}

// drawEmail returns an address of a user, of somebody invited or of a stranger,
// in one case or another.
func (m *machine) drawEmail(t *rapid.T) string {
	emails := []string{"new@example.com", "other@example.com", "new@example.org", "new@sub.example.com"}
	for _, u := range m.model.Users {
		emails = append(emails, u.Email)
	}
	for _, i := range m.model.Invites {
		emails = append(emails, i.Email)
	}
	email := rapid.SampledFrom(emails).Draw(t, "email")
	switch rapid.IntRange(0, 3).Draw(t, "case") {
	case 2:
		return strings.ToUpper(email)
	case 3:
		return strings.ToUpper(email[:1]) + email[1:]
	}
	return email
}

func ptr[T any](t *rapid.T, what string, values *rapid.Generator[T]) *T {
	if !rapid.Bool().Draw(t, "with "+what) {
		return nil
	}
	return new(values.Draw(t, what))
}

var (
	colors       = rapid.SampledFrom([]string{"#000000", "#aBcDeF"})
	workspaceIDs = rapid.SampledFrom([]string{"Lab", "Shop", "Default"})
	externalIDs  = rapid.SampledFrom([]string{"kms-1", "kms-2"})
	geos         = rapid.SampledFrom(api.InferenceGeos)
	geoLists     = rapid.SampledFrom([]api.AllowedGeos{nil, {"us"}, {"global", "us"}, {}})
	tagKeys      = []string{"a", "b"}
	memberRoles  = []api.WorkspaceRole{"workspace_admin", "workspace_user", "workspace_developer", "workspace_restricted_developer"}
)

// The operations: each is done by the store and by the model, and both must
// answer the same.

func (m *machine) createInvite(t *rapid.T) {
	in := store.NewInvite{Email: m.drawEmail(t), Role: rapid.SampledFrom(api.AssignableRoles).Draw(t, "role")}
	bad := drawBad(t)
	got, err := m.o.CreateOrganizationInvite(in, bad)
	want, wantErr := m.model.createInvite(in, bad, got.Value.ID, m.now())
	agree(t, fmt.Sprintf("create invite %+v", in), wantErr, err)
	compare(t, "new invite", want, got.Value.Invite)
	if err == nil {
		m.drawn(t, got.Value.ID)
	}
}

func (m *model) createInvite(in store.NewInvite, bad error, id string, now api.Time) (api.Invite, error) {
	if bad != nil {
		return api.Invite{}, bad
	}
	for _, u := range m.Users {
		if strings.EqualFold(u.Email, in.Email) {
			return api.Invite{}, errorCoded("already_member")
		}
	}
	for _, i := range m.Invites {
		if i.Status == "pending" && strings.EqualFold(i.Email, in.Email) {
			return api.Invite{}, errorCoded("invite_already_exists")
		}
	}
	if domains := m.Settings.AllowedInviteDomains; domains != nil {
		_, domain, _ := strings.Cut(in.Email, "@")
		if !slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
			return api.Invite{}, errorCoded("email_domain_not_allowed")
		}
	}
	if full(m.Settings.MemberLimit, len(m.Users)+m.pendingInvites()) {
		return api.Invite{}, errorCoded("org_member_limit_exceeded")
	}
	i := api.Invite{
		ID: id, Type: "invite", Email: in.Email, Role: in.Role, Status: "pending",
		InvitedAt: now, ExpiresAt: api.At(now.AddDate(0, 0, 21)), RBACGroupIDs: []string{},
	}
	m.Invites = append(m.Invites, i)
	return i, nil
}

func (m *machine) deleteInvite(t *rapid.T) {
	id := m.drawInvite(t)
	got, err := m.o.DeleteOrganizationInvite(id)
	wantErr := m.model.deleteInvite(id)
	agree(t, "delete "+id, wantErr, err)
	if err == nil {
		compare(t, "deletion", api.Deleted{ID: id, Type: "invite_deleted"}, got.Value)
	}
}

func (m *model) deleteInvite(id string) error {
	i := m.invite(id)
	if i == nil || i.Status == "deleted" {
		return notFound
	}
	if i.Status != "pending" {
		return invalid
	}
	i.Status = "deleted"
	return nil
}

func (m *machine) updateUser(t *rapid.T) {
	id, role, bad := m.drawUser(t), rapid.SampledFrom(api.AssignableRoles).Draw(t, "role"), drawBad(t)
	got, err := m.o.UpdateOrganizationMember(id, role, bad)
	want, wantErr := m.model.updateUser(id, role, bad)
	agree(t, fmt.Sprintf("make %s a %s", id, role), wantErr, err)
	compare(t, "updated user", want, got.Value.User)
}

func (m *model) updateUser(id string, role api.OrganizationRole, bad error) (api.User, error) {
	u := m.user(id)
	switch {
	case u == nil:
		return api.User{}, notFound
	case bad != nil:
		return api.User{}, bad
	case u.Role == "admin":
		return api.User{}, invalid
	}
	u.Role = role
	return *u, nil
}

func (m *machine) removeUser(t *rapid.T) {
	id := m.drawUser(t)
	got, err := m.o.RemoveOrganizationMember(id)
	wantErr := m.model.removeUser(id)
	agree(t, "remove "+id, wantErr, err)
	if err == nil {
		compare(t, "removal", api.Deleted{ID: id, Type: "user_deleted"}, got.Value)
	}
}

func (m *model) removeUser(id string) error {
	u := m.user(id)
	switch {
	case u == nil:
		return notFound
	case len(m.Users) == 1:
		return errorCoded("cannot_remove_last_member")
	case u.Role == "admin":
		return invalid
	}
	m.Removed = append(m.Removed, store.RemovedUser{ID: id, AddedAt: u.AddedAt})
	m.Users = slices.DeleteFunc(slices.Clone(m.Users), func(u api.User) bool { return u.ID == id })
	m.Members = noneIfEmpty(slices.DeleteFunc(slices.Clone(m.Members), func(a store.Member) bool { return a.UserID == id }))
	return nil
}

// noneIfEmpty is nil for an empty slice, as contents have it.
func noneIfEmpty[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func (m *machine) createWorkspace(t *rapid.T) {
	in := store.NewWorkspace{
		Name:         workspaceIDs.Draw(t, "name"),
		DisplayColor: rapid.SampledFrom([]string{"", "#000000"}).Draw(t, "color"), ExternalKeyID: rapid.SampledFrom([]string{"", "kms-1"}).Draw(t, "external key"),
		DataResidency: api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: geoLists.Draw(t, "geos"), DefaultInferenceGeo: geos.Draw(t, "geo")},
	}
	if rapid.Bool().Draw(t, "with tags") {
		in.Tags = map[string]string{"a": "1"}
	}
	bad := drawBad(t)
	got, err := m.o.CreateWorkspace(in, bad)
	want, wantErr := m.model.createWorkspace(in, bad, got.Value.Workspace, m.now())
	agree(t, fmt.Sprintf("create workspace %+v", in), wantErr, err)
	compare(t, "new workspace", want, got.Value.Workspace)
	if err == nil {
		m.drawn(t, got.Value.ID)
	}
}

// createWorkspace takes what the store chooses from the workspace made.
func (m *model) createWorkspace(in store.NewWorkspace, bad error, made api.Workspace, now api.Time) (api.Workspace, error) {
	if bad != nil {
		return api.Workspace{}, bad
	}
	if !residencyAllowed(in.DataResidency) || m.workspacesInUse() >= m.Settings.WorkspaceLimit {
		return api.Workspace{}, invalid
	}
	w := api.Workspace{
		ID: made.ID, Type: "workspace", Name: in.Name, DisplayColor: in.DisplayColor, CreatedAt: now,
		CompartmentID: made.CompartmentID, ExternalKeyID: api.Nullable(in.ExternalKeyID),
		Tags: map[string]string{}, DataResidency: in.DataResidency,
	}
	if in.DisplayColor == "" {
		w.DisplayColor = made.DisplayColor
	}
	for k, v := range in.Tags {
		w.Tags[k] = v
	}
	m.Workspaces = append(m.Workspaces, w)
	return w, nil
}

func (m *machine) updateWorkspace(t *rapid.T) {
	id := m.drawWorkspace(t)
	in := store.WorkspaceUpdate{
		Name: ptr(t, "name", workspaceIDs), DisplayColor: ptr(t, "color", colors), ExternalKeyID: ptr(t, "external key", externalIDs),
		AllowedInferenceGeos: ptr(t, "geos", geoLists), DefaultInferenceGeo: ptr(t, "geo", geos),
	}
	if rapid.Bool().Draw(t, "with tags") {
		in.Tags = map[string]*string{}
		for _, k := range tagKeys {
			switch rapid.IntRange(0, 2).Draw(t, "tag "+k) {
			case 1:
				in.Tags[k] = nil
			case 2:
				in.Tags[k] = new("2")
			}
		}
	}
	bad := drawBad(t)
	got, err := m.o.UpdateWorkspace(id, in, bad)
	want, wantErr := m.model.updateWorkspace(id, in, bad)
	agree(t, fmt.Sprintf("update workspace %s with %+v", id, in), wantErr, err)
	compare(t, "updated workspace", want, got.Value.Workspace)
}

func (m *model) updateWorkspace(id string, in store.WorkspaceUpdate, bad error) (api.Workspace, error) {
	w := m.workspace(id)
	switch {
	case w == nil:
		return api.Workspace{}, notFound
	case bad != nil:
		return api.Workspace{}, bad
	case !w.ArchivedAt.IsZero():
		return api.Workspace{}, invalid
	case id == theDefault && in.Name != nil && *in.Name != "Default":
		return api.Workspace{}, invalid
	case in.ExternalKeyID != nil && w.ExternalKeyID != "" && *in.ExternalKeyID != string(w.ExternalKeyID):
		return api.Workspace{}, invalid
	}
	changed := *w
	if in.Name != nil {
		changed.Name = *in.Name
	}
	if in.DisplayColor != nil {
		changed.DisplayColor = *in.DisplayColor
	}
	if in.ExternalKeyID != nil {
		changed.ExternalKeyID = api.Nullable(*in.ExternalKeyID)
	}
	if in.AllowedInferenceGeos != nil {
		changed.DataResidency.AllowedInferenceGeos = *in.AllowedInferenceGeos
	}
	if in.DefaultInferenceGeo != nil {
		changed.DataResidency.DefaultInferenceGeo = *in.DefaultInferenceGeo
	}
	if !residencyAllowed(changed.DataResidency) {
		return api.Workspace{}, invalid
	}
	changed.Tags = maps.Clone(w.Tags)
	for k, v := range in.Tags {
		delete(changed.Tags, k)
		if v != nil {
			changed.Tags[k] = *v
		}
	}
	*w = changed
	return changed, nil
}

func (m *machine) archiveWorkspace(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "seldom") < 2 {
		t.Skip("or soon nothing would be left to change")
	}
	id := m.drawWorkspace(t)
	got, err := m.o.ArchiveWorkspace(id)
	want, wantErr := m.model.archiveWorkspace(id, m.now())
	agree(t, "archive "+id, wantErr, err)
	compare(t, "archived workspace", want, got.Value.Workspace)
}

func (m *model) archiveWorkspace(id string, now api.Time) (api.Workspace, error) {
	w := m.workspace(id)
	switch {
	case w == nil:
		return api.Workspace{}, notFound
	case id == theDefault:
		return api.Workspace{}, invalid
	case !w.ArchivedAt.IsZero():
		return *w, nil
	}
	w.ArchivedAt = now
	for n := range m.APIKeys {
		if k := &m.APIKeys[n]; k.Scope.WorkspaceID == id && k.Status != "archived" {
			setStatus(k, "archived", now)
		}
	}
	return *w, nil
}

func (m *machine) addMember(t *rapid.T) {
	id := m.drawWorkspace(t)
	in := store.NewWorkspaceMember{UserID: m.drawUser(t), WorkspaceRole: rapid.SampledFrom(api.AssignableWorkspaceRoles).Draw(t, "role")}
	bad := drawBad(t)
	got, err := m.o.AddWorkspaceMember(id, in, bad)
	wantErr := m.model.addMember(id, in, bad)
	agree(t, fmt.Sprintf("add %+v to %s", in, id), wantErr, err)
	m.compareMember(t, id, in.UserID, got.Value, err)
}

// compareMember holds that an answer shows the member as the model has it.
func (m *machine) compareMember(t *rapid.T, workspaceID, userID string, got api.WorkspaceMember, err error) {
	if err == nil {
		compare(t, "member", api.WorkspaceMember{
			Type: "workspace_member", UserID: userID, WorkspaceID: workspaceID, WorkspaceRole: m.model.role(workspaceID, userID),
		}, got)
	}
}

func (m *model) addMember(workspaceID string, in store.NewWorkspaceMember, bad error) error {
	w := m.workspace(workspaceID)
	switch {
	case w == nil:
		return notFound
	case bad != nil:
		return bad
	case workspaceID == theDefault, !w.ArchivedAt.IsZero():
		return invalid
	case m.user(in.UserID) == nil:
		return notFound
	case m.role(workspaceID, in.UserID) != "":
		return invalid
	case full(m.Settings.WorkspaceMemberLimit, m.assignedMembers(workspaceID)):
		return errorCoded("workspace_member_limit_exceeded")
	}
	m.Members = append(m.Members, store.Member{WorkspaceID: workspaceID, UserID: in.UserID, Role: in.WorkspaceRole})
	return nil
}

func (m *machine) updateMember(t *rapid.T) {
	workspaceID, userID := m.drawMember(t)
	role, bad := rapid.SampledFrom(memberRoles).Draw(t, "role"), drawBad(t)
	got, err := m.o.UpdateWorkspaceMember(workspaceID, userID, role, bad)
	wantErr := m.model.updateMember(workspaceID, userID, role, bad)
	agree(t, fmt.Sprintf("make %s a %s of %s", userID, role, workspaceID), wantErr, err)
	m.compareMember(t, workspaceID, userID, got.Value, err)
}

func (m *model) updateMember(workspaceID, userID string, role api.WorkspaceRole, bad error) error {
	if err := m.manage(workspaceID, userID, bad); err != nil {
		return err
	}
	switch m.user(userID).Role {
	case "admin":
		return invalid
	case "billing":
		if role != "workspace_admin" {
			return invalid
		}
	}
	if a := m.assigned(workspaceID, userID); a != nil {
		a.Role = role
		return nil
	}
	if full(m.Settings.WorkspaceMemberLimit, m.assignedMembers(workspaceID)) {
		return errorCoded("workspace_member_limit_exceeded")
	}
	m.Members = append(m.Members, store.Member{WorkspaceID: workspaceID, UserID: userID, Role: role})
	return nil
}

// manage is what changing and removing a member have in common.
func (m *model) manage(workspaceID, userID string, bad error) error {
	w := m.workspace(workspaceID)
	switch {
	case w == nil:
		return notFound
	case workspaceID != theDefault && m.role(workspaceID, userID) == "":
		return notFound
	case bad != nil:
		return bad
	case workspaceID == theDefault, !w.ArchivedAt.IsZero():
		return invalid
	}
	return nil
}

func (m *machine) removeMember(t *rapid.T) {
	workspaceID, userID := m.drawMember(t)
	got, err := m.o.RemoveWorkspaceMember(workspaceID, userID)
	wantErr := m.model.removeMember(workspaceID, userID)
	agree(t, fmt.Sprintf("take %s out of %s", userID, workspaceID), wantErr, err)
	if err == nil {
		compare(t, "removal", api.WorkspaceMemberDeleted{
			Type: "workspace_member_deleted", UserID: userID, WorkspaceID: workspaceID,
		}, got.Value)
	}
}

func (m *model) removeMember(workspaceID, userID string) error {
	if err := m.manage(workspaceID, userID, nil); err != nil {
		return err
	}
	if inherited[m.user(userID).Role] != "" {
		return invalid
	}
	m.Members = noneIfEmpty(slices.DeleteFunc(slices.Clone(m.Members), func(a store.Member) bool {
		return a.WorkspaceID == workspaceID && a.UserID == userID
	}))
	return nil
}

func (m *machine) updateKey(t *rapid.T) {
	id := m.drawKey(t)
	in := store.APIKeyUpdate{
		Name: ptr(t, "name", rapid.SampledFrom([]string{"k0", "CI"})), Status: ptr(t, "status", rapid.SampledFrom(api.SettableKeyStatuses)),
	}
	bad := drawBad(t)
	got, err := m.o.UpdateAPIKey(id, in, bad)
	want, wantErr := m.model.updateKey(id, in, bad, m.now())
	agree(t, fmt.Sprintf("update key %s with %v %v", id, in.Name, in.Status), wantErr, err)
	compare(t, "updated key", want, got.Value)
}

func (m *model) updateKey(id string, in store.APIKeyUpdate, bad error, now api.Time) (store.APIKey, error) {
	k := m.key(id)
	if k == nil {
		return store.APIKey{}, notFound
	}
	if bad != nil {
		return store.APIKey{}, bad
	}
	name, status := k.Name, k.Status
	if in.Name != nil {
		name = *in.Name
	}
	if in.Status != nil {
		status = *in.Status
	}
	if name == k.Name && status == k.Status {
		return *k, nil
	}
	switch k.Status {
	case "archived":
		return store.APIKey{}, invalid
	case "expired":
		if status != "archived" || name != k.Name {
			return store.APIKey{}, invalid
		}
	case "inactive":
		if status == "active" && full(m.Settings.APIKeyLimit, m.activeKeys("")) {
			return store.APIKey{}, errorCoded("org_api_key_limit_exceeded")
		}
		if status == "active" && full(m.Settings.WorkspaceAPIKeyLimit, m.activeKeys(k.Scope.WorkspaceID)) {
			return store.APIKey{}, errorCoded("workspace_api_key_limit_exceeded")
		}
	}
	k.Name = name
	if status != k.Status {
		setStatus(k, status, now)
	}
	return *k, nil
}

// What a person does.

func (m *machine) acceptInvite(t *rapid.T) {
	id := m.drawInvite(t)
	got, err := m.o.AcceptInvite(id, "")
	want, wantErr := m.model.acceptInvite(id, got.Value.ID, m.now())
	agree(t, "accept "+id, wantErr, err)
	compare(t, "user who accepted", want, got.Value.User)
	if err == nil {
		m.drawn(t, got.Value.ID)
	}
}

func (m *model) acceptInvite(id, userID string, now api.Time) (api.User, error) {
	i := m.invite(id)
	switch {
	case i == nil:
		return api.User{}, notFound
	case i.Status != "pending":
		return api.User{}, errorCoded("invite_not_pending")
	case full(m.Settings.MemberLimit, len(m.Users)):
		return api.User{}, errorCoded("org_member_limit_exceeded")
	}
	i.Status, i.AcceptedAt = "accepted", now
	return m.join(i.Email, i.Role, userID, now), nil
}

func (m *model) join(email string, role api.OrganizationRole, userID string, now api.Time) api.User {
	u := api.User{ID: userID, Type: "user", Email: email, Name: api.NameFromEmail(email), Role: role, AddedAt: now}
	m.Users = append(m.Users, u)
	return u
}

func (m *machine) addUser(t *rapid.T) {
	in := store.NewUser{Email: m.drawEmail(t), Role: rapid.SampledFrom(api.OrganizationRoles).Draw(t, "role")}
	got, err := m.o.AddUser(in)
	want, wantErr := m.model.addUser(in, got.Value.ID, m.now())
	agree(t, fmt.Sprintf("add user %+v", in), wantErr, err)
	compare(t, "new user", want, got.Value.User)
	if err == nil {
		m.drawn(t, got.Value.ID)
	}
}

func (m *model) addUser(in store.NewUser, id string, now api.Time) (api.User, error) {
	for _, u := range m.Users {
		if strings.EqualFold(u.Email, in.Email) {
			return api.User{}, errorCoded("already_member")
		}
	}
	var invited *api.Invite
	for n := range m.Invites {
		if i := &m.Invites[n]; i.Status == "pending" && strings.EqualFold(i.Email, in.Email) {
			invited = i
		}
	}
	taken := len(m.Users) + m.pendingInvites()
	if invited != nil {
		taken--
	}
	if full(m.Settings.MemberLimit, taken) {
		return api.User{}, errorCoded("org_member_limit_exceeded")
	}
	if invited != nil {
		invited.Status = "deleted"
	}
	return m.join(in.Email, in.Role, id, now), nil
}

func (m *machine) createKey(t *rapid.T) {
	in := store.NewAPIKey{Name: "new"}
	if rapid.Bool().Draw(t, "in a workspace") {
		in.WorkspaceID = m.drawWorkspace(t)
	}
	if rapid.Bool().Draw(t, "by somebody") {
		in.CreatedBy = m.drawUser(t)
	}
	if rapid.Bool().Draw(t, "expiring") {
		in.ExpiresAt = api.At(m.now().Add(time.Duration(rapid.SampledFrom([]int{20 * 24, 1, 0}).Draw(t, "hours")) * time.Hour))
	}
	got, _, err := m.o.CreateAPIKey(in)
	want, wantErr := m.model.createKey(in, got.Value, m.now())
	agree(t, fmt.Sprintf("create key %+v", in), wantErr, err)
	compare(t, "new key", want, got.Value)
	if err == nil {
		m.drawn(t, got.Value.ID)
	}
}

// createKey takes what the store chooses from the key made.
func (m *model) createKey(in store.NewAPIKey, made store.APIKey, now api.Time) (store.APIKey, error) {
	if in.WorkspaceID == "" {
		in.WorkspaceID = theDefault
	}
	if in.CreatedBy == "" {
		in.CreatedBy = m.somebody()
	}
	w := m.workspace(in.WorkspaceID)
	switch {
	case w == nil, m.user(in.CreatedBy) == nil:
		return store.APIKey{}, notFound
	case !w.ArchivedAt.IsZero():
		return store.APIKey{}, invalid
	case !in.ExpiresAt.IsZero() && !now.Before(in.ExpiresAt.Time):
		return store.APIKey{}, errorCoded("invalid_expiry")
	case full(m.Settings.APIKeyLimit, m.activeKeys("")):
		return store.APIKey{}, errorCoded("org_api_key_limit_exceeded")
	case full(m.Settings.WorkspaceAPIKeyLimit, m.activeKeys(in.WorkspaceID)):
		return store.APIKey{}, errorCoded("workspace_api_key_limit_exceeded")
	}
	k := key("", in.WorkspaceID, "active")
	k.ID, k.Name, k.CreatedBy.ID, k.CreatedAt, k.ExpiresAt = made.ID, in.Name, in.CreatedBy, now, in.ExpiresAt
	k.PartialKeyHint, k.History = made.PartialKeyHint, []store.StatusChange{{Status: "active", At: now}}
	if in.WorkspaceID != theDefault {
		k.WorkspaceID = api.Nullable(in.WorkspaceID)
	}
	m.APIKeys = append(m.APIKeys, k)
	return k, nil
}

// somebody is the admin who has been there longest, or else the user.
func (m *model) somebody() string {
	for _, matches := range []func(api.User) bool{func(u api.User) bool { return u.Role == "admin" }, everyone[api.User]} {
		found := places(m.Users, userPlace, matches)
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b place) int {
				if a.before(b) {
					return -1
				}
				return 1
			}).id
		}
	}
	return ""
}

func (m *machine) useKey(t *rapid.T) {
	id := m.drawKey(t)
	got, err := m.o.UseAPIKey(id)
	want, wantErr := m.model.useKey(id, m.now())
	agree(t, "use "+id, wantErr, err)
	compare(t, "used key", want, got.Value)
}

func (m *model) useKey(id string, now api.Time) (store.APIKey, error) {
	k := m.key(id)
	switch {
	case k == nil:
		return store.APIKey{}, notFound
	case k.Status != "active":
		return store.APIKey{}, errorCoded("api_key_not_active")
	}
	k.LastUsedAt = now
	return *k, nil
}

// drawn follows the counter of ids, which nothing but a creation moves.
func (m *machine) drawn(t *rapid.T, id string) {
	before := m.model.IDs
	m.model.IDs = m.o.Contents().IDs
	if m.model.IDs.Drawn <= before.Drawn {
		t.Fatalf("%s was made, and %d ids were drawn before and %d after", id, before.Drawn, m.model.IDs.Drawn)
	}
}

// pass lets real time pass.
func (m *machine) pass(t *rapid.T) { m.real.advance(m.drawWhile(t)) }

// moveClock moves the clock of the organization instead, or stops it, or lets
// it go on: what expires on the way is told.
func (m *machine) moveClock(t *rapid.T) {
	by := m.drawWhile(t)
	var now api.Time
	var effects []store.Effect
	var err error
	want := m.now()
	switch rapid.IntRange(0, 4).Draw(t, "how") {
	case 0:
		want = api.At(want.Add(by))
		now, effects, err = m.o.Advance(by)
	case 1:
		want = api.At(want.Add(by))
		now, effects, err = m.o.SetClock(want)
	case 2:
		now, effects, err = m.o.FreezeClock()
	case 3:
		now, effects, err = m.o.ResumeClock()
	case 4:
		_, _, err = m.o.SetClock(api.At(want.Add(-by - time.Microsecond)))
		agree(t, "set the clock back", errorCoded("clock_backwards"), err)
		return
	}
	agree(t, "move the clock", nil, err)
	compare(t, "what the moved clock shows", want, now)
	var expired []store.Effect
	for _, i := range m.model.Invites {
		if i.Status == "pending" && !want.Before(i.ExpiresAt.Time) {
			expired = append(expired, store.Effect{Type: "invite.expired", ID: i.ID, At: i.ExpiresAt})
		}
	}
	for _, k := range m.model.APIKeys {
		if (k.Status == "active" || k.Status == "inactive") && !k.ExpiresAt.IsZero() && !want.Before(k.ExpiresAt.Time) {
			expired = append(expired, store.Effect{Type: "api_key.expired", ID: k.ID, At: k.ExpiresAt})
		}
	}
	if !slices.IsSortedFunc(effects, func(a, b store.Effect) int { return a.At.Compare(b.At.Time) }) {
		t.Fatalf("the effects are not in the order of time: %v", effects)
	}
	byID := func(a, b store.Effect) int { return strings.Compare(a.ID, b.ID) }
	compare(t, "effects", slices.SortedFunc(slices.Values(expired), byID), slices.SortedFunc(slices.Values(effects), byID))
	m.model.Clock = m.o.Clock()
	compare(t, "what the clock shows", want, m.now())
}

// drawWhile returns minutes to weeks, or what is left until the next instant at
// which something expires, or one microsecond less.
func (m *machine) drawWhile(t *rapid.T) time.Duration {
	by := time.Duration(rapid.SampledFrom([]int{1, 60, 24 * 60, 8 * 24 * 60, 22 * 24 * 60}).Draw(t, "minutes")) * time.Minute
	if rapid.Bool().Draw(t, "to an expiry") {
		for _, instant := range m.model.instants() {
			if d := instant.Sub(m.now().Time); d > 0 {
				return d - rapid.SampledFrom([]time.Duration{0, time.Microsecond}).Draw(t, "before")
			}
		}
	}
	return by
}

// instants are those at which something expires, in order.
func (m *model) instants() (all []api.Time) {
	for _, i := range m.Invites {
		all = append(all, i.ExpiresAt)
	}
	for _, k := range m.APIKeys {
		all = append(all, k.ExpiresAt)
	}
	slices.SortFunc(all, func(a, b api.Time) int { return a.Compare(b.Time) })
	return all
}

func (m *machine) save(*rapid.T) {
	m.saved = append(m.saved, save{m.now(), m.o.Contents(), m.model.clone()})
}

// restore goes on from what was saved: now, or at the instant when it was
// saved, or frozen there.
func (m *machine) restore(t *rapid.T) {
	if len(m.saved) == 0 {
		t.Skip("nothing saved")
	}
	s := rapid.SampledFrom(m.saved).Draw(t, "saved")
	c := s.contents
	switch rapid.IntRange(0, 2).Draw(t, "when") {
	case 1:
		c.Clock = store.Clock{Offset: s.at.Sub(m.real.now())}
	case 2:
		c.Clock = store.FrozenAt(s.at.Time)
	}
	m.model = s.model.clone()
	m.model.Clock = c.Clock
	m.build(t, c)
}

// Snapshots of the organization's own.

func (m *machine) takeSnapshot(t *rapid.T) {
	name := fmt.Sprint(len(m.snapshots))
	if len(m.snapshots) > 0 && rapid.Bool().Draw(t, "again") {
		name = "0"
	}
	_, err := m.o.TakeSnapshot(name)
	agree(t, "take a snapshot", nil, err)
	m.snapshots[name] = save{at: m.now(), model: m.model.clone()}
}

func (m *machine) restoreSnapshot(t *rapid.T) {
	if len(m.snapshots) == 0 {
		t.Skip("no snapshots")
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(m.snapshots))).Draw(t, "snapshot")
	_, err := m.o.RestoreSnapshot(name)
	agree(t, "restore a snapshot", nil, err)
	s := m.snapshots[name]
	m.model = s.model.clone()
	if !m.model.Clock.Frozen {
		m.model.Clock.Offset = s.at.Sub(m.real.now())
	}
}

// reset goes back to what the organization was made from.
func (m *machine) reset(t *rapid.T) {
	agree(t, "reset", nil, m.o.Reset())
	m.model = m.origin.clone()
}

// fork goes on with a fork of the organization as it is, which what becomes of
// the one must not touch, nor the other way round.
func (m *machine) fork(t *rapid.T) {
	if len(m.others) == 3 {
		t.Skip("enough forks")
	}
	m.model.expire(m.now())
	m.others = append(m.others, other{m.o, m.model.clone()})
	forked, err := m.store.Create(store.NewOrganization{From: m.o.FromCurrent()})
	agree(t, "fork", nil, err)
	m.o = forked
	m.model.ID, m.model.AdminKeys = forked.ID(), forked.AdminKeys()
	m.origin, m.snapshots = m.model.clone(), map[string]save{}
}

func (m *machine) lookAtOthers(t *rapid.T) {
	for _, other := range m.others {
		beside := machine{o: other.o, model: other.model.clone()}
		beside.real.passed.Store(m.real.passed.Load())
		beside.model.expire(beside.now())
		compare(t, "contents of an organization that was forked", beside.model.sorted(), other.o.Contents())
	}
}

// check compares everything, and holds what must be true of any organization.
func (m *machine) check(t *rapid.T) {
	m.model.expire(m.now())
	compare(t, "now", m.now(), m.o.Now())
	m.compareObjects(t)
	c := m.o.Contents()
	compare(t, "contents", m.model.sorted(), c)
	m.checkInvariants(t)
}

// compareObjects gets each object by its id.
func (m *machine) compareObjects(t *rapid.T) {
	unknown := func(what string, err error) {
		t.Helper()
		agree(t, what, notFound, err)
	}
	for _, u := range m.model.Users {
		compare(t, u.ID, u, object(m.o.GetOrganizationMember(u.ID))(t).User)
	}
	for _, r := range m.model.Removed {
		unknown(r.ID, answered(m.o.GetOrganizationMember(r.ID)))
	}
	for _, i := range m.model.Invites {
		compare(t, i.ID, i, object(m.o.GetOrganizationInvite(i.ID))(t).Invite)
	}
	for _, w := range m.model.allWorkspaces() {
		compare(t, w.ID, w, object(m.o.GetWorkspace(w.ID))(t).Workspace)
		for _, u := range m.model.Users {
			got, err := m.o.GetWorkspaceMember(w.ID, u.ID)
			if m.model.role(w.ID, u.ID) == "" {
				unknown(u.ID+" in "+w.ID, err)
				continue
			}
			m.compareMember(t, w.ID, u.ID, object(got, err)(t), nil)
		}
	}
	for _, k := range m.model.APIKeys {
		compare(t, k.ID, k, object(m.o.GetAPIKey(k.ID))(t))
	}
}

// checkInvariants holds what the store says against itself.
func (m *machine) checkInvariants(t *rapid.T) {
	s := m.o.Settings()
	users := map[string]bool{}
	emails := map[string]string{}
	for u := range must(m.o.ListOrganizationMembers(store.UserFilter{}, all, nil))(t).All() {
		users[u.ID] = true
		emails[strings.ToLower(u.Email)] = u.ID
	}
	pending := 0
	for i := range must(m.o.ListOrganizationInvites(store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}, all, nil))(t).All() {
		pending++
		if other := emails[strings.ToLower(i.Email)]; other != "" {
			t.Fatalf("%s is pending for the address of %s", i.ID, other)
		}
		emails[strings.ToLower(i.Email)] = i.ID
		if !i.ExpiresAt.After(m.o.Now().Time) {
			t.Fatalf("%s is pending at %v and expired at %v", i.ID, m.o.Now(), i.ExpiresAt)
		}
	}
	within := func(what string, limit *int, n int) {
		t.Helper()
		if limit != nil && n > *limit {
			t.Fatalf("there are %d %s, more than the %d allowed", n, what, *limit)
		}
	}
	within("users and pending invites", s.MemberLimit, len(users)+pending)
	active, inUse := 0, 0
	for w := range must(m.o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true, IncludeDefault: true}, all, nil))(t).All() {
		if w.ArchivedAt.IsZero() && w.ID != theDefault {
			inUse++
		}
		live := 0
		for k := range must(m.o.ListAPIKeys(store.APIKeyFilter{WorkspaceID: w.ID}, all, nil))(t).All() {
			if k.Status == "active" {
				live++
			}
			if k.Status != "archived" && !w.ArchivedAt.IsZero() {
				t.Fatalf("%s is %s in the archived workspace %s", k.ID, k.Status, w.ID)
			}
			checkHistory(t, k)
		}
		within("active keys in "+w.ID, s.WorkspaceAPIKeyLimit, live)
		active += live
		for member := range must(m.o.ListWorkspaceMembers(w.ID, all, nil))(t).All() {
			if !users[member.UserID] {
				t.Fatalf("%s is a member of %s and no user", member.UserID, w.ID)
			}
		}
		within("members of "+w.ID, s.WorkspaceMemberLimit, m.model.assignedMembers(w.ID))
	}
	within("active keys", s.APIKeyLimit, active)
	within("workspaces", &s.WorkspaceLimit, inUse)
}

// checkHistory holds that a history ends in the present and never goes back.
func checkHistory(t *rapid.T, k store.APIKey) {
	if k.History[len(k.History)-1].Status != k.Status {
		t.Fatalf("%s is %s, its history %v", k.ID, k.Status, k.History)
	}
	for n := range k.History[1:] {
		if k.History[n+1].At.Before(k.History[n].At.Time) || k.History[n+1].Status == k.History[n].Status {
			t.Fatalf("the history of %s is %v", k.ID, k.History)
		}
	}
}

// drawList returns a page of a list: from its beginning, or from a place in it,
// or from one that is not in it.
func drawList(t *rapid.T, cursors []place, stranger string) store.List {
	l := store.List{Limit: rapid.IntRange(1, 6).Draw(t, "limit")}
	direction := rapid.IntRange(0, 4).Draw(t, "direction")
	if direction == 0 {
		return l
	}
	ids := []string{stranger}
	if len(cursors) > 0 && rapid.IntRange(0, 9).Draw(t, "stranger") < 9 {
		ids = nil
		for _, p := range cursors {
			ids = append(ids, p.id)
		}
	}
	cursor := rapid.SampledFrom(ids).Draw(t, "cursor")
	if direction%2 == 0 {
		l.AfterID = cursor
	} else {
		l.BeforeID = cursor
	}
	return l
}

// some returns no value of a filter, one or several, some of them twice.
func some[T any](t *rapid.T, what string, values []T) []T {
	return rapid.SliceOfN(rapid.SampledFrom(values), 0, 3).Draw(t, what)
}

// among is how a filter that can be repeated reads.
func among[T comparable](values []T, v T) bool { return len(values) == 0 || slices.Contains(values, v) }

// compareLists reads a page of each list with a filter, and walks the list with
// that filter from end to end.
func (m *machine) compareLists(t *rapid.T) {
	m.comparePages(t, "users", m.userList(t))
	m.comparePages(t, "invites", m.inviteList(t))
	m.comparePages(t, "workspaces", m.workspaceList(t))
	m.comparePages(t, "members", m.memberList(t))
	m.comparePages(t, "keys", m.keyList(t))
}

// filtered is a list with a filter, as the model and as the store have it.
type filtered struct {
	filter  string
	objects []place
	cursors []place
	page    func(store.List) (answer, error)
}

func unnamed[T any](t *rapid.T, p store.Page[T], err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return read(p, nil)(t), nil
}

func (m *machine) userList(t *rapid.T) filtered {
	f := store.UserFilter{Roles: some(t, "roles", api.OrganizationRoles)}
	if rapid.IntRange(0, 3).Draw(t, "by email") == 3 {
		f.Email = m.drawEmail(t)
	}
	return filtered{
		fmt.Sprintf("%+v", f),
		places(m.model.Users, userPlace, func(u api.User) bool {
			return (f.Email == "" || strings.EqualFold(f.Email, u.Email)) && among(f.Roles, u.Role)
		}),
		m.model.userCursors(),
		func(l store.List) (answer, error) {
			p, err := m.o.ListOrganizationMembers(f, l, nil)
			return unnamed(t, p, err)
		},
	}
}

func (m *machine) inviteList(t *rapid.T) filtered {
	f := store.InviteFilter{Roles: some(t, "roles", api.OrganizationRoles), Statuses: some(t, "statuses", api.ListedInviteStatuses)}
	if rapid.IntRange(0, 3).Draw(t, "by email") == 3 {
		f.Email = m.drawEmail(t)
	}
	return filtered{
		fmt.Sprintf("%+v", f),
		places(m.model.Invites, invitePlace, func(i api.Invite) bool {
			return i.Status != "deleted" && (f.Email == "" || strings.EqualFold(f.Email, i.Email)) &&
				among(f.Roles, i.Role) && among(f.Statuses, i.Status)
		}),
		places(m.model.Invites, invitePlace, everyone),
		func(l store.List) (answer, error) {
			p, err := m.o.ListOrganizationInvites(f, l, nil)
			return unnamed(t, p, err)
		},
	}
}

func (m *machine) workspaceList(t *rapid.T) filtered {
	f := store.WorkspaceFilter{IncludeArchived: rapid.Bool().Draw(t, "archived"), IncludeDefault: rapid.Bool().Draw(t, "default")}
	if rapid.Bool().Draw(t, "by id") {
		f.IDs = []string{"wrkspc_x"}
		for range rapid.IntRange(0, 4).Draw(t, "ids") {
			f.IDs = append(f.IDs, m.drawWorkspace(t))
		}
	}
	return filtered{
		fmt.Sprintf("%+v", f),
		places(m.model.allWorkspaces(), workspacePlace, func(w api.Workspace) bool {
			return among(f.IDs, w.ID) && (f.IncludeArchived || w.ArchivedAt.IsZero()) && (f.IncludeDefault || w.ID != theDefault)
		}),
		places(m.model.allWorkspaces(), workspacePlace, everyone),
		func(l store.List) (answer, error) {
			p, err := m.o.ListWorkspaces(f, l, nil)
			return unnamed(t, p, err)
		},
	}
}

func (m *machine) memberList(t *rapid.T) filtered {
	ids := []string{theDefault}
	for _, w := range m.model.Workspaces {
		ids = append(ids, w.ID)
	}
	id := rapid.SampledFrom(ids).Draw(t, "workspace")
	return filtered{
		"of " + id,
		places(m.model.Users, userPlace, func(u api.User) bool { return m.model.role(id, u.ID) != "" }),
		m.model.userCursors(),
		func(l store.List) (answer, error) {
			p, err := m.o.ListWorkspaceMembers(id, l, nil)
			if err == nil {
				for member := range p.All() {
					m.compareMember(t, id, member.UserID, member, nil)
				}
			}
			return unnamed(t, p, err)
		},
	}
}

func (m *machine) keyList(t *rapid.T) filtered {
	var f store.APIKeyFilter
	if rapid.Bool().Draw(t, "by status") {
		f.Status = rapid.SampledFrom(api.APIKeyStatuses).Draw(t, "status")
	}
	if rapid.Bool().Draw(t, "by workspace") {
		f.WorkspaceID = m.drawWorkspace(t)
	}
	if rapid.Bool().Draw(t, "by creator") {
		f.CreatedByUserID = rapid.SampledFrom([]string{"user_u0", "user_u1", "user_gone", "user_x"}).Draw(t, "creator")
	}
	return filtered{
		fmt.Sprintf("%+v", f),
		places(m.model.APIKeys, keyPlace, func(k store.APIKey) bool {
			return (f.Status == "" || f.Status == k.Status) && (f.WorkspaceID == "" || f.WorkspaceID == k.Scope.WorkspaceID) &&
				(f.CreatedByUserID == "" || f.CreatedByUserID == k.CreatedBy.ID)
		}),
		places(m.model.APIKeys, keyPlace, everyone),
		func(l store.List) (answer, error) {
			p, err := m.o.ListAPIKeys(f, l, nil)
			return unnamed(t, p, err)
		},
	}
}

func (m *machine) comparePages(t *rapid.T, noun string, list filtered) {
	l := drawList(t, list.cursors, "x")
	what := fmt.Sprintf("%s %s, page %+v", noun, list.filter, l)
	want, wantErr := page(list.objects, list.cursors, l)
	got, err := list.page(l)
	agree(t, what, wantErr, err)
	compare(t, what, want, got)

	everything, _ := page(list.objects, nil, store.List{Limit: store.MaxLimit})
	limit := rapid.IntRange(1, 4).Draw(t, "limit of a walk")
	backward := rapid.Bool().Draw(t, "backward") && len(everything.IDs) > 0
	walked := []string{}
	next := store.List{Limit: limit}
	if backward {
		last := everything.IDs[len(everything.IDs)-1]
		walked, next.BeforeID = append(walked, last), last
	}
	for {
		p, err := list.page(next)
		agree(t, what, nil, err)
		if backward {
			walked = append(slices.Clone(p.IDs), walked...)
		} else {
			walked = append(walked, p.IDs...)
		}
		if !p.HasMore || len(walked) > len(everything.IDs) {
			break
		}
		if backward {
			next.BeforeID = p.IDs[0]
		} else {
			next.AfterID = p.IDs[len(p.IDs)-1]
		}
	}
	compare(t, fmt.Sprintf("%s %s, walked by %+v", noun, list.filter, next), everything.IDs, walked)
}
