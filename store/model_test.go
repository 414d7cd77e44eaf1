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

// TestStoreMatchesModel applies random writes, clock moves and restores to an
// organization and to a model of it, and compares everything readable after each.
func TestStoreMatchesModel(t *testing.T) {
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
			"update key again": m.updateKey, // twice as often, to reach limits
			"accept invite":    m.acceptInvite,
			"add user":         m.addUser,
			"create key":       m.createKey,
			"use key":          m.useKey,
			"advance time":     m.advanceRealTime,
			"move the clock":   m.moveClock,
			"save":             m.save,
			"restore":          m.restore,
			"take snapshot":    m.takeSnapshot,
			"restore snapshot": m.restoreSnapshot,
			"reset":            m.reset,
			"fork":             m.fork,
			"check forked":     m.checkForked,
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

// model is a plain implementation of the rules: slices that are searched linearly.
type model struct{ store.Contents }

// clone returns a copy whose writes don't affect m.
func (m model) clone() model {
	c := m.Contents
	c.Users, c.Invites, c.Workspaces = slices.Clone(c.Users), slices.Clone(c.Invites), slices.Clone(c.Workspaces)
	c.Members, c.APIKeys, c.Removed = slices.Clone(c.Members), slices.Clone(c.APIKeys), slices.Clone(c.Removed)
	return model{c}
}

var (
	errInput   = errors.New("bad input")
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

// inherited maps a role in the organization to the workspace role it implies.
var inherited = map[api.OrganizationRole]api.WorkspaceRole{"admin": "workspace_admin", "billing": "workspace_billing"}

// rank returns the rank of a workspace role, 0 for none.
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

// role returns the user's role in the workspace, or an empty one.
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

// expire expires everything that is due.
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

func isPersonal(k store.APIKey) bool { return k.Principal != nil && k.Principal.Type == "user_actor" }

// activeKeys returns the number of active keys of a workspace, or of the organization
// if the id is empty.
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

func reached(limit *int, n int) bool { return limit != nil && n >= *limit }

func residencyAllowed(d api.DataResidency) bool {
	return d.AllowedInferenceGeos == nil || slices.Contains(d.AllowedInferenceGeos, d.DefaultInferenceGeo)
}

// position is an object's position in lists.
type position struct {
	at time.Time
	id string
}

func (p position) before(q position) bool {
	if !p.at.Equal(q.at) {
		return p.at.After(q.at)
	}
	return p.id > q.id
}

// page returns the page of the objects that l selects. cursors are the positions of
// all current and removed objects of the list.
func page(objects, cursors []position, l store.List) (listPage, error) {
	objects = slices.Clone(objects)
	sort.Slice(objects, func(i, j int) bool { return objects[i].before(objects[j]) })
	cursor := l.AfterID + l.BeforeID
	if cursor != "" {
		n := slices.IndexFunc(cursors, func(p position) bool { return p.id == cursor })
		if n < 0 {
			return listPage{}, invalid
		}
		objects = slices.DeleteFunc(objects, func(p position) bool {
			if l.AfterID != "" {
				return !cursors[n].before(p)
			}
			return !p.before(cursors[n])
		})
	}
	a := listPage{IDs: []string{}, HasMore: len(objects) > l.Limit}
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

func positions[T any](all []T, of func(T) position, matches func(T) bool) (ps []position) {
	for _, v := range all {
		if matches(v) {
			ps = append(ps, of(v))
		}
	}
	return ps
}

func always[T any](T) bool { return true }

func userPosition(u api.User) position             { return position{u.AddedAt.Time, u.ID} }
func removedPosition(r store.RemovedUser) position { return position{r.AddedAt.Time, r.ID} }
func invitePosition(i api.Invite) position         { return position{i.InvitedAt.Time, i.ID} }
func workspacePosition(w api.Workspace) position   { return position{w.CreatedAt.Time, w.ID} }
func keyPosition(k store.APIKey) position          { return position{k.CreatedAt.Time, k.ID} }

func (m *model) userCursors() []position {
	return append(positions(m.Users, userPosition, always), positions(m.Removed, removedPosition, always)...)
}

func (m *model) allWorkspaces() []api.Workspace {
	return append(slices.Clone(m.Workspaces), m.DefaultWorkspace)
}

// sorted returns the model's contents in the order in which the store returns them.
func (m *model) sorted() store.Contents {
	c := m.clone().Contents
	sort.Slice(c.Users, func(i, j int) bool { return userPosition(c.Users[i]).before(userPosition(c.Users[j])) })
	sort.Slice(c.Invites, func(i, j int) bool { return invitePosition(c.Invites[i]).before(invitePosition(c.Invites[j])) })
	sort.Slice(c.Workspaces, func(i, j int) bool {
		return workspacePosition(c.Workspaces[i]).before(workspacePosition(c.Workspaces[j]))
	})
	sort.Slice(c.APIKeys, func(i, j int) bool { return keyPosition(c.APIKeys[i]).before(keyPosition(c.APIKeys[j])) })
	sort.Slice(c.Removed, func(i, j int) bool { return removedPosition(c.Removed[i]).before(removedPosition(c.Removed[j])) })
	sort.Slice(c.Members, func(i, j int) bool {
		a, b := c.Members[i], c.Members[j]
		if a.WorkspaceID != b.WorkspaceID {
			return workspacePosition(*m.workspace(a.WorkspaceID)).before(workspacePosition(*m.workspace(b.WorkspaceID)))
		}
		return userPosition(*m.user(a.UserID)).before(userPosition(*m.user(b.UserID)))
	})
	return c
}

// machine holds an organization and its model.
type machine struct {
	real  realTime
	o     *store.Organization
	model model
	saved []savepoint
	store *store.Store

	origin    model                // what a reset returns to
	snapshots map[string]savepoint // without contents
	others    []other
}

// other is an organization that was forked and gets no more writes.
type other struct {
	o     *store.Organization
	model model
}

// savepoint is a saved state, for a restore.
type savepoint struct {
	at       api.Time
	contents store.Contents
	model    model
}

func newMachine(t *rapid.T) *machine {
	m := &machine{model: model{drawContents(t)}}
	m.build(t, m.model.Contents)
	return m
}

func (m *machine) build(t *rapid.T, c store.Contents) {
	m.store = store.New(m.real.now)
	o, err := m.store.Add(c)
	if err != nil {
		t.Fatalf("contents refused: %v\n%+v", err, c)
	}
	m.o, m.origin, m.snapshots, m.others = o, m.model.clone(), map[string]savepoint{}, nil
}

// now returns the time of the model's clock.
func (m *machine) now() api.Time {
	if c := m.model.Clock; c.Frozen {
		return c.At
	}
	return api.At(m.real.now().Add(m.model.Clock.Offset))
}

// creators are the creators of keys. One of the service accounts has the id of a user.
var creators = []api.Actor{
	{ID: "user_u0", Type: "user"},
	{ID: "user_u1", Type: "user"},
	{ID: "user_gone", Type: "user"},
	{ID: "svac_1", Type: "service_account"},
	{ID: "user_u0", Type: "service_account"},
	{},
}

// drawContents draws the contents of an organization.
func drawContents(t *rapid.T) store.Contents {
	hours := rapid.IntRange(1, 4) // few, so that equal times are frequent
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
		w := defaultWorkspaceID
		status := rapid.SampledFrom(api.SettableKeyStatuses).Draw(t, "status")
		if i := rapid.IntRange(-1, len(c.Workspaces)-1).Draw(t, "workspace"); i >= 0 {
			w = c.Workspaces[i].ID
			if !c.Workspaces[i].ArchivedAt.IsZero() {
				status = "archived"
			}
		}
		k := key(fmt.Sprint("k", n), w, status)
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 3:
			k = serviceKey(fmt.Sprint("k", n), w, status)
		case 4:
			k = serviceKey(fmt.Sprint("k", n), "", rapid.SampledFrom(api.SettableKeyStatuses).Draw(t, "status"))
		case 5:
			owner := rapid.SampledFrom([]string{"user_u0", "user_u1", "user_gone"}).Draw(t, "owner")
			k = personalKey(fmt.Sprint("k", n), owner, rapid.SampledFrom(api.SettableKeyStatuses).Draw(t, "status"))
			if owner == "user_gone" {
				k = personalKey(fmt.Sprint("k", n), owner, "archived")
			}
		}
		k = keyCreatedAt(past("created"), k)
		k.CreatedBy = rapid.SampledFrom(creators).Draw(t, "creator")
		if rapid.Bool().Draw(t, "expires") {
			k.ExpiresAt = future("expires")
		}
		c.APIKeys = append(c.APIKeys, k)
	}
	if rapid.Bool().Draw(t, "gone") {
		c.Removed = []store.RemovedUser{{ID: "user_gone", AddedAt: past("gone")}}
	}
	c.Settings = store.DefaultSettings()
	// The limits leave little or no room.
	m := model{c}
	limit := func(what string, used int) *int {
		n := rapid.SampledFrom([]int{0, 1, 2, -1}).Draw(t, "room for "+what)
		if n < 0 {
			return nil
		}
		return new(used + n)
	}
	maxMembers, maxKeys := 0, m.activeKeys(defaultWorkspaceID)
	for _, w := range c.Workspaces {
		maxMembers, maxKeys = max(maxMembers, m.assignedMembers(w.ID)), max(maxKeys, m.activeKeys(w.ID))
	}
	if n := limit("workspaces", m.workspacesInUse()); n != nil {
		c.Settings.WorkspaceLimit = *n
	}
	c.Settings.MemberLimit = limit("users", len(c.Users)+m.pendingInvites())
	c.Settings.WorkspaceMemberLimit = limit("members", maxMembers)
	c.Settings.APIKeyLimit = limit("keys", m.activeKeys(""))
	c.Settings.WorkspaceAPIKeyLimit = limit("keys of a workspace", maxKeys)
	c.Settings.AllowedInviteDomains = rapid.SampledFrom([][]string{nil, {"Example.com"}, {"example.org", "example.com"}, {"xn--exmple-cua.com"}, {}}).Draw(t, "domains")
	c.Settings.DeletedInvites = rapid.SampledFrom(store.AllDeletedInvites).Draw(t, "deleted invites")
	if rapid.IntRange(0, 4).Draw(t, "frozen") == 4 {
		c.Clock = store.FrozenAt(epoch)
	} else {
		c.Clock.Offset = time.Duration(rapid.IntRange(0, 2).Draw(t, "offset")) * time.Hour
	}
	return complete(c)
}

// compare fails if the store and the model differ.
func compare(t *rapid.T, what string, want, got any) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatalf("%s (-model +store):\n%s", what, d)
	}
}

// agree fails unless the store and the model both succeed, refuse with the same kind
// and code, or return the same input error.
func agree(t *rapid.T, what string, want, got error) {
	t.Helper()
	var w, g *store.Error
	if errors.As(want, &w) && errors.As(got, &g) && w.Kind == g.Kind && w.Code == g.Code || want == got {
		return
	}
	t.Fatalf("%s: the store's error is %#v, the model's is %#v", what, got, want)
}

// The arguments of operations: known, unknown and removed ids, valid and invalid
// input.

func drawID[T any](t *rapid.T, what string, all []T, id func(T) string, more ...string) string {
	var ids []string
	for _, v := range all {
		ids = append(ids, id(v))
	}
	return rapid.SampledFrom(append(ids, more...)).Draw(t, what) // rapid draws the first ones more often
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
	return drawID(t, "workspace", m.model.Workspaces, func(w api.Workspace) string { return w.ID }, defaultWorkspaceID, "wrkspc_x")
}

// drawMember returns a workspace and a user, who is assigned to it half of the time.
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

func drawInputErr(t *rapid.T) error {
	if rapid.IntRange(0, 11).Draw(t, "input error") == 11 {
		return errInput
	}
	return nil
}

// drawProfile rarely returns the id of a user profile: there are none.
func drawProfile(t *rapid.T) *string {
	if rapid.IntRange(0, 11).Draw(t, "user profile") == 11 {
		return new("profile_x")
	}
	return nil
}

// drawEmail returns the email of a user, of an invite or of a new person, in varying
// case.
func (m *machine) drawEmail(t *rapid.T) string {
	emails := []string{"new@example.com", "other@example.com", "new@example.org", "new@sub.example.com", "jörg@exämple.com"}
	for _, u := range m.model.Users {
		emails = append(emails, u.Email)
	}
	for _, i := range m.model.Invites {
		emails = append(emails, i.Email)
	}
	email := rapid.SampledFrom(emails).Draw(t, "email")
	switch rapid.IntRange(0, 4).Draw(t, "case") {
	case 4:
		return spellings.Replace(email)
	case 2:
		return strings.ToUpper(email)
	case 3:
		return strings.ToUpper(email[:1]) + email[1:]
	}
	return email
}

// spellings turns an address into another spelling of it: letters composed of two
// characters, and domains in ASCII form. unspelled turns every spelling into one.
var (
	spellings = strings.NewReplacer("@exämple.com", "@xn--exmple-cua.com", "@EXÄMPLE.COM", "@XN--EXMPLE-CUA.COM", "ö", "o\u0308", "Ö", "O\u0308")
	unspelled = strings.NewReplacer("@xn--exmple-cua.com", "@exämple.com", "@XN--EXMPLE-CUA.COM", "@exämple.com", "o\u0308", "ö", "O\u0308", "Ö")
)

// sameAddress reports whether two addresses are those of one mailbox.
func sameAddress(a, b string) bool {
	return strings.EqualFold(unspelled.Replace(a), unspelled.Replace(b))
}

func drawOptional[T any](t *rapid.T, what string, values *rapid.Generator[T]) *T {
	if !rapid.Bool().Draw(t, "with "+what) {
		return nil
	}
	return new(values.Draw(t, what))
}

var (
	colors         = rapid.SampledFrom([]string{"#000000", "#aBcDeF"})
	workspaceNames = rapid.SampledFrom([]string{"Lab", "Shop", "Default"})
	externalIDs    = rapid.SampledFrom([]string{"kms-1", "kms-2"})
	geos           = rapid.SampledFrom(api.InferenceGeos)
	geoLists       = rapid.SampledFrom([]api.AllowedGeos{nil, {"us"}, {"global", "us"}, {}})
	tagKeys        = []string{"a", "b"}
	memberRoles    = []api.WorkspaceRole{"workspace_admin", "workspace_billing", "workspace_user", "workspace_developer", "workspace_restricted_developer"}
)

// The operations: the store and the model apply each one, and their results must
// agree.

func (m *machine) createInvite(t *rapid.T) {
	in := store.NewInvite{Email: m.drawEmail(t), Role: rapid.SampledFrom(api.AssignableRoles).Draw(t, "role")}
	inputErr := drawInputErr(t)
	got, err := m.o.CreateOrganizationInvite(in, inputErr)
	want, wantErr := m.model.createInvite(in, inputErr, got.Value.ID, m.now())
	agree(t, fmt.Sprintf("create invite %+v", in), wantErr, err)
	compare(t, "new invite", want, got.Value.Invite)
	if err == nil {
		m.syncIDs(t, got.Value.ID)
	}
}

func (m *model) createInvite(in store.NewInvite, inputErr error, id string, now api.Time) (api.Invite, error) {
	if inputErr != nil {
		return api.Invite{}, inputErr
	}
	for _, u := range m.Users {
		if sameAddress(u.Email, in.Email) {
			return api.Invite{}, errorCoded("already_member")
		}
	}
	for _, i := range m.Invites {
		if i.Status == "pending" && sameAddress(i.Email, in.Email) {
			return api.Invite{}, errorCoded("invite_already_exists")
		}
	}
	if domains := m.Settings.AllowedInviteDomains; domains != nil {
		_, domain, _ := strings.Cut(in.Email, "@")
		if !slices.ContainsFunc(domains, func(d string) bool { return sameAddress("@"+d, "@"+domain) }) {
			return api.Invite{}, errorCoded("email_domain_not_allowed")
		}
	}
	if reached(m.Settings.MemberLimit, len(m.Users)+m.pendingInvites()) {
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
	if i == nil || i.Status == "deleted" && m.Settings.DeletedInvites == "gone" {
		return notFound
	}
	if i.Status != "pending" {
		return invalid
	}
	i.Status = "deleted"
	return nil
}

func (m *machine) updateUser(t *rapid.T) {
	id, role, inputErr := m.drawUser(t), rapid.SampledFrom(api.AssignableRoles).Draw(t, "role"), drawInputErr(t)
	got, err := m.o.UpdateOrganizationMember(id, role, inputErr)
	want, wantErr := m.model.updateUser(id, role, inputErr)
	agree(t, fmt.Sprintf("make %s a %s", id, role), wantErr, err)
	compare(t, "updated user", want, got.Value.User)
}

func (m *model) updateUser(id string, role api.OrganizationRole, inputErr error) (api.User, error) {
	u := m.user(id)
	switch {
	case u == nil:
		return api.User{}, notFound
	case inputErr != nil:
		return api.User{}, inputErr
	case u.Role == "admin":
		return api.User{}, invalid
	}
	u.Role = role
	return *u, nil
}

func (m *machine) removeUser(t *rapid.T) {
	id := m.drawUser(t)
	got, err := m.o.RemoveOrganizationMember(id)
	wantErr := m.model.removeUser(id, m.now())
	agree(t, "remove "+id, wantErr, err)
	if err == nil {
		compare(t, "removal", api.Deleted{ID: id, Type: "user_deleted"}, got.Value)
	}
}

func (m *model) removeUser(id string, now api.Time) error {
	u := m.user(id)
	switch {
	case u == nil:
		return notFound
	case len(m.Users) == 1:
		return errorCoded("cannot_remove_last_member")
	case u.Role == "admin":
		return invalid
	}
	for n := range m.APIKeys {
		if k := &m.APIKeys[n]; isPersonal(*k) && k.Principal.UserID == id && k.Status != "archived" {
			setStatus(k, "archived", now)
		}
	}
	m.Removed = append(m.Removed, store.RemovedUser{ID: id, AddedAt: u.AddedAt})
	m.Users = slices.DeleteFunc(slices.Clone(m.Users), func(u api.User) bool { return u.ID == id })
	m.Members = nilIfEmpty(slices.DeleteFunc(slices.Clone(m.Members), func(a store.Member) bool { return a.UserID == id }))
	return nil
}

// nilIfEmpty returns nil for an empty slice, as the store's contents do.
func nilIfEmpty[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func (m *machine) createWorkspace(t *rapid.T) {
	in := store.NewWorkspace{
		Name:         workspaceNames.Draw(t, "name"),
		DisplayColor: rapid.SampledFrom([]string{"", "#000000"}).Draw(t, "color"), ExternalKeyID: rapid.SampledFrom([]string{"", "kms-1"}).Draw(t, "external key"),
		DataResidency: api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: geoLists.Draw(t, "geos"), DefaultInferenceGeo: geos.Draw(t, "geo")},
	}
	if rapid.Bool().Draw(t, "with tags") {
		in.Tags = map[string]string{"a": "1"}
	}
	in.UserProfileID = drawProfile(t)
	inputErr := drawInputErr(t)
	got, err := m.o.CreateWorkspace(in, inputErr)
	want, wantErr := m.model.createWorkspace(in, inputErr, got.Value.Workspace, m.now())
	agree(t, fmt.Sprintf("create workspace %+v", in), wantErr, err)
	compare(t, "new workspace", want, got.Value.Workspace)
	if err == nil {
		m.syncIDs(t, got.Value.ID)
	}
}

// createWorkspace takes the values that the store chose from created.
func (m *model) createWorkspace(in store.NewWorkspace, inputErr error, created api.Workspace, now api.Time) (api.Workspace, error) {
	if inputErr != nil {
		return api.Workspace{}, inputErr
	}
	if in.UserProfileID != nil {
		return api.Workspace{}, errorCoded("user_profile_not_found")
	}
	if !residencyAllowed(in.DataResidency) || m.workspacesInUse() >= m.Settings.WorkspaceLimit {
		return api.Workspace{}, invalid
	}
	w := api.Workspace{
		ID: created.ID, Type: "workspace", Name: in.Name, DisplayColor: in.DisplayColor, CreatedAt: now,
		CompartmentID: created.CompartmentID, ExternalKeyID: api.Nullable(in.ExternalKeyID),
		Tags: map[string]string{}, DataResidency: in.DataResidency,
	}
	if in.DisplayColor == "" {
		w.DisplayColor = created.DisplayColor
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
		Name: drawOptional(t, "name", workspaceNames), DisplayColor: drawOptional(t, "color", colors), ExternalKeyID: drawOptional(t, "external key", externalIDs),
		AllowedInferenceGeos: drawOptional(t, "geos", geoLists), DefaultInferenceGeo: drawOptional(t, "geo", geos),
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
	in.UserProfileID = drawProfile(t)
	inputErr := drawInputErr(t)
	got, err := m.o.UpdateWorkspace(id, in, inputErr)
	want, wantErr := m.model.updateWorkspace(id, in, inputErr)
	agree(t, fmt.Sprintf("update workspace %s with %+v", id, in), wantErr, err)
	compare(t, "updated workspace", want, got.Value.Workspace)
}

func (m *model) updateWorkspace(id string, in store.WorkspaceUpdate, inputErr error) (api.Workspace, error) {
	w := m.workspace(id)
	switch {
	case w == nil:
		return api.Workspace{}, notFound
	case inputErr != nil:
		return api.Workspace{}, inputErr
	case !w.ArchivedAt.IsZero():
		return api.Workspace{}, invalid
	case in.UserProfileID != nil:
		return api.Workspace{}, errorCoded("user_profile_not_found")
	case id == defaultWorkspaceID && in.Name != nil && *in.Name != "Default":
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
	if rapid.IntRange(0, 2).Draw(t, "archive") < 2 {
		t.Skip("archived too often, nothing would be left to change")
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
	case id == defaultWorkspaceID:
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
	inputErr := drawInputErr(t)
	got, err := m.o.AddWorkspaceMember(id, in, inputErr)
	wantErr := m.model.addMember(id, in, inputErr)
	agree(t, fmt.Sprintf("add %+v to %s", in, id), wantErr, err)
	m.compareMember(t, id, in.UserID, got.Value, err)
}

// compareMember compares a member from the store with the model's.
func (m *machine) compareMember(t *rapid.T, workspaceID, userID string, got api.WorkspaceMember, err error) {
	if err == nil {
		compare(t, "member", api.WorkspaceMember{
			Type: "workspace_member", UserID: userID, WorkspaceID: workspaceID, WorkspaceRole: m.model.role(workspaceID, userID),
		}, got)
	}
}

func (m *model) addMember(workspaceID string, in store.NewWorkspaceMember, inputErr error) error {
	w := m.workspace(workspaceID)
	switch {
	case w == nil:
		return notFound
	case inputErr != nil:
		return inputErr
	case workspaceID == defaultWorkspaceID, !w.ArchivedAt.IsZero():
		return invalid
	case m.user(in.UserID) == nil:
		return notFound
	case m.role(workspaceID, in.UserID) != "":
		return invalid
	case reached(m.Settings.WorkspaceMemberLimit, m.assignedMembers(workspaceID)):
		return errorCoded("workspace_member_limit_exceeded")
	}
	m.Members = append(m.Members, store.Member{WorkspaceID: workspaceID, UserID: in.UserID, Role: in.WorkspaceRole})
	return nil
}

func (m *machine) updateMember(t *rapid.T) {
	workspaceID, userID := m.drawMember(t)
	role, inputErr := rapid.SampledFrom(memberRoles).Draw(t, "role"), drawInputErr(t)
	got, err := m.o.UpdateWorkspaceMember(workspaceID, userID, role, inputErr)
	wantErr := m.model.updateMember(workspaceID, userID, role, inputErr)
	agree(t, fmt.Sprintf("make %s a %s of %s", userID, role, workspaceID), wantErr, err)
	m.compareMember(t, workspaceID, userID, got.Value, err)
}

func (m *model) updateMember(workspaceID, userID string, role api.WorkspaceRole, inputErr error) error {
	if err := m.checkManaged(workspaceID, userID, inputErr); err != nil {
		return err
	}
	a := m.assigned(workspaceID, userID)
	switch m.user(userID).Role {
	case "admin":
		return invalid
	case "billing":
		if role == "workspace_billing" {
			if a != nil && a.Role == "workspace_admin" {
				m.unassign(workspaceID, userID)
			}
			return nil
		}
		if role != "workspace_admin" {
			return invalid
		}
	}
	if role == "workspace_billing" {
		return invalid
	}
	if a != nil {
		a.Role = role
		return nil
	}
	if reached(m.Settings.WorkspaceMemberLimit, m.assignedMembers(workspaceID)) {
		return errorCoded("workspace_member_limit_exceeded")
	}
	m.Members = append(m.Members, store.Member{WorkspaceID: workspaceID, UserID: userID, Role: role})
	return nil
}

// checkManaged returns the refusals that changing and removing a member share.
func (m *model) checkManaged(workspaceID, userID string, inputErr error) error {
	w := m.workspace(workspaceID)
	switch {
	case w == nil:
		return notFound
	case workspaceID != defaultWorkspaceID && m.role(workspaceID, userID) == "":
		return notFound
	case inputErr != nil:
		return inputErr
	case workspaceID == defaultWorkspaceID, !w.ArchivedAt.IsZero():
		return invalid
	}
	return nil
}

func (m *machine) removeMember(t *rapid.T) {
	workspaceID, userID := m.drawMember(t)
	got, err := m.o.RemoveWorkspaceMember(workspaceID, userID)
	wantErr := m.model.removeMember(workspaceID, userID)
	agree(t, fmt.Sprintf("remove %s from %s", userID, workspaceID), wantErr, err)
	if err == nil {
		compare(t, "removal", api.WorkspaceMemberDeleted{
			Type: "workspace_member_deleted", UserID: userID, WorkspaceID: workspaceID,
		}, got.Value)
	}
}

func (m *model) removeMember(workspaceID, userID string) error {
	if err := m.checkManaged(workspaceID, userID, nil); err != nil {
		return err
	}
	if m.assigned(workspaceID, userID) == nil {
		return invalid
	}
	m.unassign(workspaceID, userID)
	return nil
}

func (m *model) unassign(workspaceID, userID string) {
	m.Members = nilIfEmpty(slices.DeleteFunc(slices.Clone(m.Members), func(a store.Member) bool {
		return a.WorkspaceID == workspaceID && a.UserID == userID
	}))
}

func (m *machine) updateKey(t *rapid.T) {
	id := m.drawKey(t)
	in := store.APIKeyUpdate{
		Name: drawOptional(t, "name", rapid.SampledFrom([]string{"k0", "CI"})), Status: drawOptional(t, "status", rapid.SampledFrom(api.SettableKeyStatuses)),
	}
	inputErr := drawInputErr(t)
	got, err := m.o.UpdateAPIKey(id, in, inputErr)
	want, wantErr := m.model.updateKey(id, in, inputErr, m.now())
	agree(t, fmt.Sprintf("update key %s with %v %v", id, in.Name, in.Status), wantErr, err)
	compare(t, "updated key", want, got.Value)
}

func (m *model) updateKey(id string, in store.APIKeyUpdate, inputErr error, now api.Time) (store.APIKey, error) {
	k := m.key(id)
	if k == nil {
		return store.APIKey{}, notFound
	}
	if inputErr != nil {
		return store.APIKey{}, inputErr
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
		if status == "active" && reached(m.Settings.APIKeyLimit, m.activeKeys("")) {
			return store.APIKey{}, errorCoded("org_api_key_limit_exceeded")
		}
		if status == "active" && k.Scope.WorkspaceID != "" && reached(m.Settings.WorkspaceAPIKeyLimit, m.activeKeys(k.Scope.WorkspaceID)) {
			return store.APIKey{}, errorCoded("workspace_api_key_limit_exceeded")
		}
	}
	k.Name = name
	if status != k.Status {
		setStatus(k, status, now)
	}
	return *k, nil
}

// Operations of the control plane.

func (m *machine) acceptInvite(t *rapid.T) {
	id := m.drawInvite(t)
	got, err := m.o.AcceptInvite(id, "")
	want, wantErr := m.model.acceptInvite(id, got.Value.ID, m.now())
	agree(t, "accept "+id, wantErr, err)
	compare(t, "user who accepted", want, got.Value.User)
	if err == nil {
		m.syncIDs(t, got.Value.ID)
	}
}

func (m *model) acceptInvite(id, userID string, now api.Time) (api.User, error) {
	i := m.invite(id)
	switch {
	case i == nil:
		return api.User{}, notFound
	case i.Status != "pending":
		return api.User{}, errorCoded("invite_not_pending")
	case reached(m.Settings.MemberLimit, len(m.Users)):
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
		m.syncIDs(t, got.Value.ID)
	}
}

func (m *model) addUser(in store.NewUser, id string, now api.Time) (api.User, error) {
	for _, u := range m.Users {
		if sameAddress(u.Email, in.Email) {
			return api.User{}, errorCoded("already_member")
		}
	}
	var invited *api.Invite
	for n := range m.Invites {
		if i := &m.Invites[n]; i.Status == "pending" && sameAddress(i.Email, in.Email) {
			invited = i
		}
	}
	members := len(m.Users) + m.pendingInvites()
	if invited != nil {
		members--
	}
	if reached(m.Settings.MemberLimit, members) {
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
	if rapid.Bool().Draw(t, "with a creator") {
		in.CreatedBy = m.drawUser(t)
	}
	if rapid.Bool().Draw(t, "expiring") {
		in.ExpiresAt = api.At(m.now().Add(time.Duration(rapid.SampledFrom([]int{20 * 24, 1, 0}).Draw(t, "hours")) * time.Hour))
	}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 4:
		in.Principal = &api.Principal{Type: "service_account_actor", ServiceAccountID: "svac_1"}
	case 5:
		in.Principal = &api.Principal{Type: "user_actor", UserID: m.drawUser(t)}
	}
	got, _, err := m.o.CreateAPIKey(in)
	want, wantErr := m.model.createKey(in, got.Value, m.now())
	agree(t, fmt.Sprintf("create key %+v", in), wantErr, err)
	compare(t, "new key", want, got.Value)
	if err == nil {
		m.syncIDs(t, got.Value.ID)
	}
}

// createKey takes the values that the store chose from created.
func (m *model) createKey(in store.NewAPIKey, created store.APIKey, now api.Time) (store.APIKey, error) {
	k := key("", in.WorkspaceID, "active")
	owner := ""
	switch {
	case in.Principal == nil && in.WorkspaceID == "":
		in.WorkspaceID = defaultWorkspaceID
		k = key("", in.WorkspaceID, "active")
	case in.Principal == nil:
	case in.Principal.Type == "user_actor":
		owner = in.Principal.UserID
		if in.WorkspaceID != "" {
			return store.APIKey{}, errorCoded("personal_key_in_workspace")
		}
		k = personalKey("", owner, "active")
	default:
		k = serviceKey("", in.WorkspaceID, "active")
	}
	w := m.workspace(in.WorkspaceID)
	switch {
	case in.WorkspaceID != "" && w == nil, owner != "" && m.user(owner) == nil:
		return store.APIKey{}, notFound
	}
	if in.CreatedBy == "" {
		in.CreatedBy = owner
	}
	if in.CreatedBy == "" {
		in.CreatedBy = m.defaultCreator()
	}
	switch {
	case m.user(in.CreatedBy) == nil:
		return store.APIKey{}, notFound
	case w != nil && !w.ArchivedAt.IsZero():
		return store.APIKey{}, invalid
	case !in.ExpiresAt.IsZero() && !now.Before(in.ExpiresAt.Time):
		return store.APIKey{}, errorCoded("invalid_expiry")
	case reached(m.Settings.APIKeyLimit, m.activeKeys("")):
		return store.APIKey{}, errorCoded("org_api_key_limit_exceeded")
	case w != nil && reached(m.Settings.WorkspaceAPIKeyLimit, m.activeKeys(in.WorkspaceID)):
		return store.APIKey{}, errorCoded("workspace_api_key_limit_exceeded")
	}
	k.ID, k.Name, k.CreatedAt, k.ExpiresAt = created.ID, in.Name, now, in.ExpiresAt
	k.CreatedBy = api.Actor{ID: in.CreatedBy, Type: "user"}
	k.PartialKeyHint, k.History = created.PartialKeyHint, []store.StatusChange{{Status: "active", At: now}}
	if in.WorkspaceID != defaultWorkspaceID {
		k.WorkspaceID = api.Nullable(in.WorkspaceID)
	}
	m.APIKeys = append(m.APIKeys, k)
	return k, nil
}

// defaultCreator returns the admin who joined first, or else the user who did.
func (m *model) defaultCreator() string {
	for _, matches := range []func(api.User) bool{func(u api.User) bool { return u.Role == "admin" }, always[api.User]} {
		found := positions(m.Users, userPosition, matches)
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b position) int {
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

// syncIDs copies the counter of ids, which only creations advance, to the model.
func (m *machine) syncIDs(t *rapid.T, id string) {
	before := m.model.IDs
	m.model.IDs = m.o.Contents().IDs
	if m.model.IDs.Drawn <= before.Drawn {
		t.Fatalf("%s was created, but the count of drawn ids is %d before and %d after", id, before.Drawn, m.model.IDs.Drawn)
	}
}

func (m *machine) advanceRealTime(t *rapid.T) { m.real.advance(m.drawDuration(t)) }

// moveClock advances, sets, freezes or resumes the organization's clock, and checks
// the effects.
func (m *machine) moveClock(t *rapid.T) {
	by := m.drawDuration(t)
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
	compare(t, "returned time", want, now)
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
		t.Fatalf("the effects are not in order of time: %v", effects)
	}
	byID := func(a, b store.Effect) int { return strings.Compare(a.ID, b.ID) }
	compare(t, "effects", slices.SortedFunc(slices.Values(expired), byID), slices.SortedFunc(slices.Values(effects), byID))
	m.model.Clock = m.o.Clock()
	compare(t, "time of the clock", want, m.now())
}

// drawDuration returns minutes to weeks, or the time until the next expiry, or one
// microsecond less.
func (m *machine) drawDuration(t *rapid.T) time.Duration {
	by := time.Duration(rapid.SampledFrom([]int{1, 60, 24 * 60, 8 * 24 * 60, 22 * 24 * 60}).Draw(t, "minutes")) * time.Minute
	if rapid.Bool().Draw(t, "to an expiry") {
		for _, expiry := range m.model.expiryTimes() {
			if d := expiry.Sub(m.now().Time); d > 0 {
				return d - rapid.SampledFrom([]time.Duration{0, time.Microsecond}).Draw(t, "before")
			}
		}
	}
	return by
}

// expiryTimes returns the expiry times of all invites and keys, in order.
func (m *model) expiryTimes() (all []api.Time) {
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
	m.saved = append(m.saved, savepoint{m.now(), m.o.Contents(), m.model.clone()})
}

// restore continues from a savepoint: at the current time, at the saved time, or
// frozen at it.
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

// The store's own snapshots.

func (m *machine) takeSnapshot(t *rapid.T) {
	name := fmt.Sprint(len(m.snapshots))
	if len(m.snapshots) > 0 && rapid.Bool().Draw(t, "replace") {
		name = "0"
	}
	_, err := m.o.TakeSnapshot(name)
	agree(t, "take a snapshot", nil, err)
	m.snapshots[name] = savepoint{at: m.now(), model: m.model.clone()}
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

// reset returns the organization to its origin.
func (m *machine) reset(t *rapid.T) {
	agree(t, "reset", nil, m.o.Reset())
	m.model = m.origin.clone()
}

// fork continues with a fork of the organization. Writes to the fork must not change
// the organization.
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
	m.origin, m.snapshots = m.model.clone(), map[string]savepoint{}
}

func (m *machine) checkForked(t *rapid.T) {
	for _, other := range m.others {
		replay := machine{o: other.o, model: other.model.clone()}
		replay.real.passed.Store(m.real.passed.Load())
		replay.model.expire(replay.now())
		compare(t, "contents of an organization that was forked", replay.model.sorted(), other.o.Contents())
	}
}

// check compares everything, and checks the invariants of any organization.
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
		unknown(r.ID, errorOf(m.o.GetOrganizationMember(r.ID)))
	}
	for _, i := range m.model.Invites {
		if i.Status == "deleted" && m.model.Settings.DeletedInvites == "gone" {
			unknown(i.ID, errorOf(m.o.GetOrganizationInvite(i.ID)))
			continue
		}
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

// checkInvariants checks that what the store returns is consistent.
func (m *machine) checkInvariants(t *rapid.T) {
	s := m.o.Settings()
	users := map[string]bool{}
	emails := map[string]string{}
	for u := range must(m.o.ListOrganizationMembers(store.UserFilter{}, all, nil))(t).All() {
		users[u.ID] = true
		emails[strings.ToLower(unspelled.Replace(u.Email))] = u.ID
	}
	pending := 0
	for i := range must(m.o.ListOrganizationInvites(store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}, all, nil))(t).All() {
		pending++
		if other := emails[strings.ToLower(unspelled.Replace(i.Email))]; other != "" {
			t.Fatalf("%s is pending for the email of %s", i.ID, other)
		}
		emails[strings.ToLower(unspelled.Replace(i.Email))] = i.ID
		if !i.ExpiresAt.After(m.o.Now().Time) {
			t.Fatalf("%s is pending at %v, but its expires_at is %v", i.ID, m.o.Now(), i.ExpiresAt)
		}
	}
	within := func(what string, limit *int, n int) {
		t.Helper()
		if limit != nil && n > *limit {
			t.Fatalf("%d %s exceed the limit of %d", n, what, *limit)
		}
	}
	within("users and pending invites", s.MemberLimit, len(users)+pending)
	active, inUse := 0, 0
	for w := range must(m.o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true, IncludeDefault: true}, all, nil))(t).All() {
		if w.ArchivedAt.IsZero() && w.ID != defaultWorkspaceID {
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
				t.Fatalf("%s is a member of %s but not a user", member.UserID, w.ID)
			}
		}
		within("members of "+w.ID, s.WorkspaceMemberLimit, m.model.assignedMembers(w.ID))
	}
	for k := range must(m.o.ListAPIKeys(store.APIKeyFilter{}, all, nil))(t).All() {
		if k.Scope.Type == "organization" {
			if k.Status == "active" {
				active++
			}
			checkHistory(t, k)
		}
		if isPersonal(k) && !users[k.Principal.UserID] && k.Status != "archived" {
			t.Fatalf("%s of %s, who is not a user, is %s", k.ID, k.Principal.UserID, k.Status)
		}
	}
	within("active keys", s.APIKeyLimit, active)
	within("workspaces", &s.WorkspaceLimit, inUse)
}

// checkHistory checks that a history ends with the current status and is in order.
func checkHistory(t *rapid.T, k store.APIKey) {
	if k.History[len(k.History)-1].Status != k.Status {
		t.Fatalf("%s is %s, but its history is %v", k.ID, k.Status, k.History)
	}
	for n := range k.History[1:] {
		if k.History[n+1].At.Before(k.History[n].At.Time) || k.History[n+1].Status == k.History[n].Status {
			t.Fatalf("the history of %s is %v", k.ID, k.History)
		}
	}
}

// drawList selects a page of a list: the first one, or one at a known or an unknown
// cursor.
func drawList(t *rapid.T, cursors []position, unknown string) store.List {
	l := store.List{Limit: rapid.IntRange(1, 6).Draw(t, "limit")}
	direction := rapid.IntRange(0, 4).Draw(t, "direction")
	if direction == 0 {
		return l
	}
	ids := []string{unknown}
	if len(cursors) > 0 && rapid.IntRange(0, 9).Draw(t, "unknown") < 9 {
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

// drawFilter returns up to three values of a filter, with possible repetitions.
func drawFilter[T any](t *rapid.T, what string, values []T) []T {
	return rapid.SliceOfN(rapid.SampledFrom(values), 0, 3).Draw(t, what)
}

// matchesAny reports whether v matches a repeatable filter.
func matchesAny[T comparable](values []T, v T) bool {
	return len(values) == 0 || slices.Contains(values, v)
}

// compareLists reads a page of each list with a filter, and walks the whole list with
// that filter.
func (m *machine) compareLists(t *rapid.T) {
	m.comparePages(t, "users", m.userList(t))
	m.comparePages(t, "invites", m.inviteList(t))
	m.comparePages(t, "workspaces", m.workspaceList(t))
	m.comparePages(t, "members", m.memberList(t))
	m.comparePages(t, "keys", m.keyList(t))
}

// filteredList is a list with a filter, in the model and in the store.
type filteredList struct {
	filter  string
	objects []position
	cursors []position
	page    func(store.List) (listPage, error)
}

func untypedPage[T any](t *rapid.T, p store.Page[T], err error) (listPage, error) {
	if err != nil {
		return listPage{}, err
	}
	return readPage(p, nil)(t), nil
}

func (m *machine) userList(t *rapid.T) filteredList {
	f := store.UserFilter{Roles: drawFilter(t, "roles", api.OrganizationRoles)}
	if rapid.IntRange(0, 3).Draw(t, "by email") == 3 {
		f.Email = m.drawEmail(t)
	}
	return filteredList{
		fmt.Sprintf("%+v", f),
		positions(m.model.Users, userPosition, func(u api.User) bool {
			return (f.Email == "" || sameAddress(f.Email, u.Email)) && matchesAny(f.Roles, u.Role)
		}),
		m.model.userCursors(),
		func(l store.List) (listPage, error) {
			p, err := m.o.ListOrganizationMembers(f, l, nil)
			return untypedPage(t, p, err)
		},
	}
}

func (m *machine) inviteList(t *rapid.T) filteredList {
	f := store.InviteFilter{Roles: drawFilter(t, "roles", api.OrganizationRoles), Statuses: drawFilter(t, "statuses", api.ListedInviteStatuses)}
	if rapid.IntRange(0, 3).Draw(t, "by email") == 3 {
		f.Email = m.drawEmail(t)
	}
	return filteredList{
		fmt.Sprintf("%+v", f),
		positions(m.model.Invites, invitePosition, func(i api.Invite) bool {
			return i.Status != "deleted" && (f.Email == "" || sameAddress(f.Email, i.Email)) &&
				matchesAny(f.Roles, i.Role) && matchesAny(f.Statuses, i.Status)
		}),
		positions(m.model.Invites, invitePosition, always),
		func(l store.List) (listPage, error) {
			p, err := m.o.ListOrganizationInvites(f, l, nil)
			return untypedPage(t, p, err)
		},
	}
}

func (m *machine) workspaceList(t *rapid.T) filteredList {
	f := store.WorkspaceFilter{IncludeArchived: rapid.Bool().Draw(t, "archived"), IncludeDefault: rapid.Bool().Draw(t, "default")}
	if rapid.Bool().Draw(t, "by id") {
		f.IDs = []string{"wrkspc_x"}
		for range rapid.IntRange(0, 4).Draw(t, "ids") {
			f.IDs = append(f.IDs, m.drawWorkspace(t))
		}
	}
	return filteredList{
		fmt.Sprintf("%+v", f),
		positions(m.model.allWorkspaces(), workspacePosition, func(w api.Workspace) bool {
			return matchesAny(f.IDs, w.ID) && (f.IncludeArchived || w.ArchivedAt.IsZero()) && (f.IncludeDefault || w.ID != defaultWorkspaceID)
		}),
		positions(m.model.allWorkspaces(), workspacePosition, always),
		func(l store.List) (listPage, error) {
			p, err := m.o.ListWorkspaces(f, l, nil)
			return untypedPage(t, p, err)
		},
	}
}

func (m *machine) memberList(t *rapid.T) filteredList {
	ids := []string{defaultWorkspaceID}
	for _, w := range m.model.Workspaces {
		ids = append(ids, w.ID)
	}
	id := rapid.SampledFrom(ids).Draw(t, "workspace")
	return filteredList{
		"of " + id,
		positions(m.model.Users, userPosition, func(u api.User) bool { return m.model.role(id, u.ID) != "" }),
		m.model.userCursors(),
		func(l store.List) (listPage, error) {
			p, err := m.o.ListWorkspaceMembers(id, l, nil)
			if err == nil {
				for member := range p.All() {
					m.compareMember(t, id, member.UserID, member, nil)
				}
			}
			return untypedPage(t, p, err)
		},
	}
}

func (m *machine) keyList(t *rapid.T) filteredList {
	var f store.APIKeyFilter
	if rapid.Bool().Draw(t, "by status") {
		f.Status = rapid.SampledFrom(api.APIKeyStatuses).Draw(t, "status")
	}
	if rapid.Bool().Draw(t, "by workspace") {
		f.WorkspaceID = m.drawWorkspace(t)
	}
	if rapid.Bool().Draw(t, "by creator") {
		f.CreatedByUserID = rapid.SampledFrom([]string{"user_u0", "user_u1", "user_gone", "svac_1", "user_x"}).Draw(t, "creator")
	}
	return filteredList{
		fmt.Sprintf("%+v", f),
		positions(m.model.APIKeys, keyPosition, func(k store.APIKey) bool {
			return (f.Status == "" || f.Status == k.Status) && (f.WorkspaceID == "" || f.WorkspaceID == k.Scope.WorkspaceID) &&
				(f.CreatedByUserID == "" || f.CreatedByUserID == k.CreatedBy.ID && k.CreatedBy.Type == "user")
		}),
		positions(m.model.APIKeys, keyPosition, always),
		func(l store.List) (listPage, error) {
			p, err := m.o.ListAPIKeys(f, l, nil)
			return untypedPage(t, p, err)
		},
	}
}

func (m *machine) comparePages(t *rapid.T, noun string, list filteredList) {
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
