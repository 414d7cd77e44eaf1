package seed

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// MaxIDSeed is the largest id seed: the largest integer that every JSON reader
// keeps exactly.
const MaxIDSeed = 1<<53 - 1

// DefaultAdminKey is the admin key of the first organization of a seed without
// any.
const DefaultAdminKey = "sk-ant-admin01-antechamber"

// Options are what a seed is loaded with.
type Options struct {
	Real   time.Time    // the real time now
	IDSeed uint64       // the source of ids that the seed leaves out, and of chance in faults
	Clock  *store.Clock // overrides the clock of every organization, unless nil
	// NoClock is the clock of an organization without one in the seed: one that
	// shows real time when nil.
	NoClock *store.Clock
	ID      string // of the first organization, where the seed has none for it; drawn when empty
}

// At returns the options at another real time.
func (o Options) At(realTime time.Time) Options {
	o.Real = realTime
	return o
}

// Load gives what each organization of the seed consists of: relative times
// counted from its clock, every default filled in, every id that the seed
// leaves out drawn. It fails with Faults where the clock makes the seed
// contradict itself. A seed can be loaded any number of times, and at once;
// two loads share nothing that either could write to.
func (s *Seed) Load(opts Options) ([]store.Contents, error) {
	r := &report{}
	clocks := r.check(s.organizations, &opts)
	if err := r.err(s.file, s.src); err != nil {
		return nil, err
	}
	ids := taken{}
	for _, o := range s.organizations {
		ids.keep(strings.ToLower(o.id.v))
	}
	out := make([]store.Contents, len(s.organizations))
	for i, o := range s.organizations {
		if i == 0 && !o.id.given && opts.ID != "" {
			o.id = value[string]{v: opts.ID, given: true}
		}
		out[i] = load(&o, clocks[i], opts.Real, store.SeedOf(opts.IDSeed, i), ids)
	}
	return out, nil
}

// Restarts tells whether the clock of an organization begins anew whenever the
// seed is loaded, at a time that the seed names.
func (s *Seed) Restarts(organization int) bool {
	return s.organizations[organization].clock.startsAt.given
}

// Shifts tells whether loading the seed later gives other times for an
// organization: some count from its clock, and that shows another one.
func (s *Seed) Shifts(organization int) bool {
	o := &s.organizations[organization]
	if o.clock.frozenAt.given || o.clock.startsAt.given {
		return false
	}
	begun, ahead := []value[instant]{}, []value[instant]{}
	for _, u := range o.users {
		begun = append(begun, u.addedAt)
	}
	for _, i := range o.invites {
		begun, ahead = append(begun, i.invitedAt), append(ahead, i.expiresAt)
	}
	for _, w := range o.workspaces {
		begun = append(begun, w.createdAt)
	}
	for _, k := range o.keys {
		begun, ahead = append(begun, k.createdAt), append(ahead, k.lastUsedAt, k.expiresAt)
	}
	if len(begun) == 0 {
		begun = append(begun, o.defaultWorkspace.createdAt)
	}
	relative := func(v value[instant]) bool { return v.given && v.v.absolute.IsZero() }
	return slices.ContainsFunc(begun, func(v value[instant]) bool { return !v.given }) || // it begins now
		slices.ContainsFunc(slices.Concat(begun, ahead, o.happened()), relative)
}

// check looks for contradictions, with the clocks that opts brings about or
// without one, and gives those clocks.
func (r *report) check(organizations []organization, opts *Options) []store.Clock {
	clocks := make([]store.Clock, len(organizations))
	for i := range organizations {
		o := &organizations[i]
		c := checker{report: r}
		if opts != nil {
			clock, ok := c.clock(o, *opts)
			if ok {
				now := clock.Now(opts.Real)
				c.now = &now
			}
			clocks[i] = clock
		}
		c.organization(o)
	}
	return clocks
}

// taken holds the ids of one kind that are in use.
type taken map[string]bool

func (t taken) keep(id string) {
	if id != "" {
		t[id] = true
	}
}

// orDraw is the id of the file, or the next of the stream that is free: an
// edited seed may set the count of the stream back.
func (t taken) orDraw(given value[string], draw func() string) string {
	if given.given {
		return given.v
	}
	id := draw()
	for t[id] {
		id = draw()
	}
	t[id] = true
	return id
}

// loader makes the contents of one organization, in which nothing is faulty.
type loader struct {
	checker
	o   *organization
	ids store.IDs
}

func load(o *organization, clock store.Clock, realTime time.Time, seed uint64, organizationIDs taken) store.Contents {
	now := clock.Now(realTime)
	l := &loader{checker{now: &now}, o, store.IDs{Seed: seed}}
	if o.ids != nil {
		l.ids = *o.ids
	}
	c := store.Contents{Name: o.name.v, Settings: cloneSettings(o.settings), Clock: clock}
	for _, k := range o.adminKeys {
		c.AdminKeys = append(c.AdminKeys, k.v)
	}
	c.ID = organizationIDs.orDraw(o.id, l.ids.UUID)
	workspaceIDs := taken{}
	workspaceIDs.keep(o.defaultWorkspace.id.v)
	for _, w := range o.workspaces {
		workspaceIDs.keep(w.id.v)
	}
	c.DefaultWorkspace = l.defaultWorkspace(workspaceIDs)
	c.Users = l.users()
	c.Invites = l.invites()
	c.Workspaces, c.Members = l.workspaces(workspaceIDs, c.Users)
	c.APIKeys = l.keys(c)
	for _, v := range o.removed {
		c.Removed = append(c.Removed, store.RemovedUser{ID: v.id.v, AddedAt: l.time(v.addedAt)})
	}
	c.IDs = l.ids
	return c
}

func cloneSettings(s store.Settings) store.Settings {
	for _, limit := range []**int{&s.MemberLimit, &s.WorkspaceMemberLimit, &s.APIKeyLimit, &s.WorkspaceAPIKeyLimit} {
		if *limit != nil {
			n := **limit
			*limit = &n
		}
	}
	s.AllowedInviteDomains = slices.Clone(s.AllowedInviteDomains)
	s.AnthropicVersions = slices.Clone(s.AnthropicVersions)
	return s
}

// time is the time of a field, now where it is absent.
func (l *loader) time(v value[instant]) api.Time { return v.or(instant{}).at(*l.now) }

// timeOrNull is the time of a field, null where it is absent.
func (l *loader) timeOrNull(v value[instant]) api.Time {
	if !v.given {
		return api.Time{}
	}
	return l.time(v)
}

// draw gives an id with a prefix, dated at the object's own time.
func (l *loader) draw(prefix string, at api.Time) func() string {
	return func() string { return l.ids.New(prefix, at.Time) }
}

// orDraw is the value of the file, or one of the id stream.
func orDraw(given value[string], draw func() string) string {
	if given.given {
		return given.v
	}
	return draw()
}

// defaultWorkspace is as old as the organization, which is no younger than
// anything in it.
func (l *loader) defaultWorkspace(ids taken) api.Workspace {
	w := &l.o.defaultWorkspace
	created := *l.now
	first := func(v value[instant]) {
		if t := l.time(v); t.Before(created.Time) {
			created = t
		}
	}
	for i := range l.o.users {
		first(l.o.users[i].addedAt)
	}
	for i := range l.o.removed {
		first(l.o.removed[i].addedAt)
	}
	for i := range l.o.invites {
		first(l.o.invites[i].invitedAt)
	}
	for i := range l.o.workspaces {
		first(l.o.workspaces[i].createdAt)
	}
	for i := range l.o.keys {
		first(l.o.keys[i].createdAt)
	}
	if w.createdAt.given {
		created = l.time(w.createdAt)
	}
	loaded := l.workspace(w, created, ids)
	loaded.Name = defaultName
	return loaded
}

func (l *loader) workspace(w *workspace, created api.Time, ids taken) api.Workspace {
	return api.Workspace{
		ID: ids.orDraw(w.id, l.draw("wrkspc_", created)), Type: api.TypeWorkspace, Name: w.name.v,
		CompartmentID: orDraw(w.compartmentID, l.ids.UUID),
		DisplayColor:  orDraw(w.displayColor, l.ids.Color),
		CreatedAt:     created, ArchivedAt: l.timeOrNull(w.archivedAt),
		ExternalKeyID: api.Nullable(w.externalKeyID.or("")), Tags: maps.Clone(w.tags),
		DataResidency: api.DataResidency{
			WorkspaceGeo:         w.dataResidency.WorkspaceGeo,
			AllowedInferenceGeos: slices.Clone(w.dataResidency.AllowedInferenceGeos),
			DefaultInferenceGeo:  w.dataResidency.DefaultInferenceGeo,
		},
	}
}

func (l *loader) users() (users []api.User) {
	ids := taken{}
	for _, u := range l.o.users {
		ids.keep(u.id.v)
	}
	for _, v := range l.o.removed {
		ids.keep(v.id.v)
	}
	for i := range l.o.keys {
		ids.keep(l.o.keys[i].gone)
	}
	for _, u := range l.o.users {
		added := l.time(u.addedAt)
		users = append(users, api.User{
			ID: ids.orDraw(u.id, l.draw("user_", added)), Type: api.TypeUser,
			Email: u.email.v, Name: u.nameOr(), Role: u.role.v, AddedAt: added,
		})
	}
	return users
}

func (l *loader) invites() (invites []api.Invite) {
	ids := taken{}
	for _, i := range l.o.invites {
		ids.keep(i.id.v)
	}
	for _, i := range l.o.invites {
		invited := l.time(i.invitedAt)
		status, _ := l.state(i)
		invites = append(invites, api.Invite{
			ID: ids.orDraw(i.id, l.draw("invite_", invited)), Type: api.TypeInvite,
			Email: i.email.v, Role: i.role.v, Status: status,
			InvitedAt: invited, ExpiresAt: i.expiry().at(*l.now), AcceptedAt: l.timeOrNull(i.acceptedAt),
			RBACGroupIDs: []string{},
		})
	}
	return invites
}

func (l *loader) workspaces(ids taken, users []api.User) (workspaces []api.Workspace, members []store.Member) {
	for i := range l.o.workspaces {
		w := &l.o.workspaces[i]
		loaded := l.workspace(w, l.time(w.createdAt), ids)
		workspaces = append(workspaces, loaded)
		for _, m := range w.members {
			members = append(members, store.Member{WorkspaceID: loaded.ID, UserID: users[m.index].ID, Role: m.role.v})
		}
	}
	return workspaces, members
}

func (l *loader) keys(c store.Contents) (keys []store.APIKey) {
	ids := taken{}
	for i := range l.o.keys {
		ids.keep(l.o.keys[i].id.v)
	}
	for i := range l.o.keys {
		k := &l.o.keys[i]
		created := l.time(k.createdAt)
		loaded := store.APIKey{APIKey: api.APIKey{
			ID: ids.orDraw(k.id, l.draw("apikey_", created)), Type: api.TypeAPIKey, Name: k.name.v,
			CreatedAt: created, CreatedBy: api.Actor{ID: k.gone, Type: api.TypeUser},
			LastUsedAt: l.timeOrNull(k.lastUsedAt), ExpiresAt: l.timeOrNull(k.expiresAt),
			Scope: api.Scope{Type: api.TypeWorkspace, WorkspaceID: c.DefaultWorkspace.ID},
		}}
		if k.creator >= 0 {
			loaded.CreatedBy.ID = c.Users[k.creator].ID
		}
		if k.in.index >= 0 {
			id := c.Workspaces[k.in.index].ID
			loaded.WorkspaceID, loaded.Scope.WorkspaceID = api.Nullable(id), id
		}
		if k.partialKeyHint.at == nil {
			loaded.PartialKeyHint = api.Nullable(hint(l.ids.UUID()))
		} else {
			loaded.PartialKeyHint = api.Nullable(k.partialKeyHint.or("")) // null stays null
		}
		loaded.History = l.changes(k, loaded.APIKey)
		loaded.Status = loaded.History[len(loaded.History)-1].Status
		keys = append(keys, loaded)
	}
	return keys
}

// changes gives the history of a key's status up to now: as the file has it,
// or the one that says as little as possible beyond the file. A key whose
// status is given without a history was active from its creation until it was
// last used, or never; in an archived workspace until that was archived.
func (l *loader) changes(k *key, loaded api.APIKey) (changes []store.StatusChange) {
	set := func(status api.APIKeyStatus, at api.Time) {
		changes = append(changes, store.StatusChange{Status: status, At: at})
	}
	for _, c := range k.history {
		set(c.status.v, l.time(c.when))
	}
	created, expires := loaded.CreatedAt, loaded.ExpiresAt
	status := k.status.or(api.KeyActive)
	stopped := created
	if used := loaded.LastUsedAt; used.After(created.Time) && !used.After(l.now.Time) {
		stopped = used
	}
	if k.in.archivedAt.given {
		status, stopped = api.KeyArchived, l.time(k.in.archivedAt)
	}
	expired := !expires.IsZero() && stopped.After(expires.Time)
	if status == api.KeyInactive && expired {
		stopped = created // it cannot have become inactive once it had expired
	}
	switch {
	case len(changes) > 0:
	case status != api.KeyInactive && status != api.KeyArchived:
		set(api.KeyActive, created)
	case stopped.Equal(created):
		set(status, created)
	default:
		set(api.KeyActive, created)
		if status == api.KeyArchived && expired {
			set(api.KeyExpired, expires)
		}
		set(status, stopped)
	}
	last := changes[len(changes)-1].Status
	if (last == api.KeyActive || last == api.KeyInactive) && !expires.IsZero() && !expires.After(l.now.Time) {
		set(api.KeyExpired, expires)
	}
	return changes
}

// hint makes the two ends of a secret of a random UUID. The secrets of real
// keys end with AA.
func hint(uuid string) string {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	// A UUID of the stream is well-formed.
	b, _ := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	for i := range b {
		b[i] = characters[int(b[i])%len(characters)]
	}
	return "sk-ant-api03-" + string(b[:3]) + "..." + string(b[10:12]) + "AA"
}
