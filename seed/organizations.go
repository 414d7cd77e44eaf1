package seed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/internal/lists"
	"antechamber/internal/text"
	"antechamber/store"
)

// Organization is an organization in a seed. Loading the seed fills in omitted
// fields.
type Organization struct {
	ID               string          `json:"id,omitempty"` // a UUID; generated if empty
	Name             string          `json:"name"`
	AdminKeys        []string        `json:"admin_keys,omitzero"`
	Settings         *store.Settings `json:"settings,omitempty"` // complete: change a copy of store.DefaultSettings, which is used if nil
	Clock            *Clock          `json:"clock,omitempty"`    // real time if nil
	IDs              *store.IDs      `json:"ids,omitempty"`      // from the server's id seed if nil
	DefaultWorkspace *Workspace      `json:"default_workspace,omitempty"`
	Users            []User          `json:"users,omitzero"`
	Invites          []Invite        `json:"invites,omitzero"`
	Workspaces       []Workspace     `json:"workspaces,omitzero"`
	APIKeys          []APIKey        `json:"api_keys,omitzero"`
	Removed          []RemovedUser   `json:"removed,omitzero"` // former users whose ids are still valid cursors

	at *node
}

// Clock is the initial clock of an organization. Exactly one of its fields is set.
type Clock struct {
	FrozenAt Time      `json:"frozen_at,omitzero"` // frozen at this absolute time
	StartsAt Time      `json:"starts_at,omitzero"` // running from this absolute time
	Offset   *Duration `json:"offset,omitempty"`   // running this far ahead of real time

	faulty bool
}

// The forms of strings. A test checks that the schema has the same patterns.
var (
	schemaForm       = form{want: "the URL or path of a JSON Schema"}
	organizationForm = form{want: "a string of 1 to 255 characters", minChars: 1, maxChars: 255}
	idForm           = form{want: IDForm, pattern: regexp.MustCompile(`^[A-Za-z0-9_.~-]{1,128}$`)}
	uuidForm         = form{want: "a UUID", pattern: regexp.MustCompile(api.UUIDPattern)}
	adminKeyForm     = form{want: "an admin key (" + store.AdminKeyForm + ")", pattern: regexp.MustCompile(store.AdminKeyPattern), secret: true}
)

// IDForm describes the form of the ids in a seed.
const IDForm = "1 to 128 of A-Z a-z 0-9 _ . ~ -"

// ValidID reports whether an id has that form.
func ValidID(id string) bool { return idForm.pattern.MatchString(id) }

// maxAdminKeys is the maximum number of admin keys of an organization.
const maxAdminKeys = 1000

// file reads a whole seed: a list of organizations, or a single one.
func (r *report) file(n *node) []Organization {
	if n.Kind != jsontree.Object {
		r.invalid(n, "an object")
		return nil
	}
	if n.Get("organizations") == nil {
		return []Organization{r.organization(n, true)}
	}
	o := r.object(n)
	defer o.end()
	o.text("$schema", schemaForm)
	return list(r, o.get("organizations"), "organizations", 1, store.MaxOrganizations, func(n *node) Organization { return r.organization(n, false) })
}

// organization reads an organization: the whole file, or an element of its list.
func (r *report) organization(n *node, whole bool) Organization {
	o := r.object(n, "name")
	defer o.end()
	if whole {
		o.text("$schema", schemaForm)
	}
	return Organization{
		at:               n,
		ID:               o.text("id", uuidForm),
		Name:             o.text("name", organizationForm),
		AdminKeys:        list(r, o.get("admin_keys"), "admin keys", 0, maxAdminKeys, func(n *node) string { return r.textAt(n, adminKeyForm) }),
		Settings:         new(r.settings(o.get("settings"), store.DefaultSettings())),
		Clock:            r.clock(o.get("clock")),
		IDs:              r.ids(o.get("ids")),
		DefaultWorkspace: r.defaultWorkspace(o.get("default_workspace")),
		Users:            list(r, o.get("users"), "users", 0, 0, r.user),
		Invites:          list(r, o.get("invites"), "invites", 0, 0, r.invite),
		Workspaces:       list(r, o.get("workspaces"), "workspaces", 0, 0, r.workspace),
		APIKeys:          list(r, o.get("api_keys"), "API keys", 0, 0, r.apiKey),
		Removed:          list(r, o.get("removed"), "removed users", 0, 0, r.removedUser),
	}
}

func (r *report) clock(n *node) *Clock {
	if n == nil {
		return nil
	}
	fields := []string{"frozen_at", "starts_at", "offset"}
	o := r.object(n)
	defer o.end()
	given := 0
	for _, field := range n.Items {
		if !field.Repeated {
			given++
		}
	}
	if o.at != nil && given != 1 {
		o.known = fields
		r.malformed(n, "clock must have exactly one of frozen_at, starts_at and offset")
		return &Clock{faulty: true}
	}
	c := &Clock{FrozenAt: o.absolute(fields[0]), StartsAt: o.absolute(fields[1]), Offset: o.duration(fields[2])}
	c.faulty = !c.FrozenAt.given() && !c.StartsAt.given() && c.Offset == nil
	return c
}

func (r *report) ids(n *node) *store.IDs {
	if n == nil {
		return nil
	}
	o := r.object(n, "seed")
	defer o.end()
	return &store.IDs{Seed: uint64(o.integer("seed", 0, maxInteger, 0)), Drawn: uint64(o.integer("drawn", 0, maxInteger, 0))}
}

// link reports duplicates and resolves references. None of that depends on the
// clock.
func (r *report) link(organizations []Organization) {
	ids, keys := r.unique("id"), r.unique("admin key")
	for i := range organizations {
		o := &organizations[i]
		ids.add(o.at, strings.ToLower(o.ID))
		listed := o.at.Get("admin_keys")
		for j, key := range o.AdminKeys {
			keys.addAt(listed.Items[j], key)
		}
		if i > 0 && len(o.AdminKeys) == 0 && !rejected(listed) && o.at.Kind == jsontree.Object {
			r.contradictory(o.at, "admin_keys must not be empty (only the first organization has a default)")
		}
		users := r.indexUsers(o)
		r.linkUsers(o)
		r.linkInvites(o)
		r.linkWorkspaces(o, users)
		r.linkKeys(o, users)
	}
}

// unique reports duplicate values. Its field is a JSON field or, for addAt, only
// names the values.
type unique struct {
	*report
	field string
	first map[string]*node
}

func (r *report) unique(field string) unique { return unique{r, field, map[string]*node{}} }

// add records the field of an object.
func (u unique) add(at *node, value string) { u.addAt(at.Get(u.field), value) }

func (u unique) addAt(at *node, value string) {
	if !u.usable(at) {
		return
	}
	if first := u.first[value]; first != nil {
		u.contradictory(at, "duplicate %s %s (first at %s)", u.field, text.Quote(at.Text), first.Pointer())
		return
	}
	u.first[value] = at
}

// moment is a time of an object.
type moment struct {
	at    *node // the object
	field string
	Time
	role momentRole
}

type momentRole byte

const (
	creation    momentRole = iota // of the object
	pastEvent                     // anything else that has already happened
	maybeFuture                   // an expiry, or the last use of a key, which is in the future in one of the contract's examples
)

// times calls each with every time of the organization.
func (o *Organization) times(each func(moment)) {
	each(moment{o.DefaultWorkspace.at, "created_at", o.DefaultWorkspace.CreatedAt, pastEvent})
	for _, u := range o.Users {
		u.times(each)
	}
	for _, u := range o.Removed {
		u.times(each)
	}
	for _, i := range o.Invites {
		i.times(each)
	}
	for _, w := range o.Workspaces {
		w.times(each)
	}
	for _, k := range o.APIKeys {
		k.times(each)
	}
}

func (c checker) organization(o *Organization) {
	o.times(func(m moment) {
		if m.role == maybeFuture {
			c.checkRange(m)
		} else {
			c.checkPast(m)
		}
	})
	c.invites(o)
	c.checkSize(o.DefaultWorkspace)
	for i := range o.Workspaces {
		c.workspace(&o.Workspaces[i])
	}
	for i := range o.APIKeys {
		c.key(&o.APIKeys[i])
	}
}

// loader builds the contents of one organization without faults.
type loader struct {
	checker
	now api.Time
	o   *Organization
	ids store.IDs
}

func load(o *Organization, clock store.Clock, realTime time.Time, seed uint64, organizationIDs usedIDs) store.Contents {
	now := clock.Now(realTime)
	l := &loader{checker{&report{}, &now}, now, o, store.IDs{Seed: seed}}
	if o.IDs != nil {
		l.ids = *o.IDs
	}
	c := store.Contents{Name: o.Name, AdminKeys: append([]string(nil), o.AdminKeys...), Settings: cloneSettings(*o.Settings), Clock: clock}
	c.ID = organizationIDs.orDraw(o.ID, l.ids.UUID)
	workspaceIDs := l.workspaceIDs()
	c.DefaultWorkspace = l.defaultWorkspace(workspaceIDs)
	c.Users = l.users()
	c.Invites = l.invites()
	c.Workspaces = l.workspaces(workspaceIDs)
	c.Members = l.members(c)
	c.APIKeys = l.keys(c)
	c.Removed = l.removed()
	c.IDs = l.ids
	return c
}

// usedIDs are the ids in use of one kind.
type usedIDs map[string]bool

func (t usedIDs) add(id string) {
	if id != "" {
		t[id] = true
	}
}

// orDraw returns the id from the file, or the next unused id of the stream: an
// edited seed may have reset the counter of the stream.
func (t usedIDs) orDraw(given string, draw func() string) string {
	id := given
	for id == "" || given == "" && t[id] {
		id = draw()
	}
	t[id] = true
	return id
}

// draw returns a function that draws an id with a prefix and the object's own
// time.
func (l *loader) draw(prefix string, at api.Time) func() string {
	return func() string { return l.ids.New(prefix, at.Time) }
}

// orDraw returns the value from the file, or one from the id stream.
func orDraw(given string, draw func() string) string {
	if given != "" {
		return given
	}
	return draw()
}

// Export encodes an organization as a complete seed: loading it returns the same
// contents, apart from what the clock has made due in the meantime. Lists are
// newest first, as in the API, so equal organizations have equal exports.
func Export(c store.Contents) []byte { return encode(exported(c)) }

// Encode encodes an organization as a seed.
func Encode(o Organization) []byte { return encode(o) }

// EncodeAll encodes several organizations as one seed.
func EncodeAll(all []Organization) []byte {
	return encode(struct {
		Organizations []Organization `json:"organizations"`
	}{all})
}

func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic("seed: " + err.Error()) // unreachable: plain data can always be encoded
	}
	return b.Bytes()
}

func exported(c store.Contents) Organization {
	o := Organization{
		ID: c.ID, Name: c.Name, AdminKeys: append([]string{}, c.AdminKeys...),
		Settings: &c.Settings, Clock: exportedClock(c.Clock), IDs: &c.IDs,
		DefaultWorkspace: exportDefault(c.DefaultWorkspace),
		Users:            lists.Map(newestFirst(c.Users, func(u api.User) (api.Time, string) { return u.AddedAt, u.ID }), exportUser),
		Invites:          lists.Map(newestFirst(c.Invites, func(i api.Invite) (api.Time, string) { return i.InvitedAt, i.ID }), exportInvite),
		Workspaces:       lists.Map(newestFirst(c.Workspaces, func(w api.Workspace) (api.Time, string) { return w.CreatedAt, w.ID }), exportWorkspace),
		APIKeys:          lists.Map(newestFirst(c.APIKeys, func(k store.APIKey) (api.Time, string) { return k.CreatedAt, k.ID }), exportKey),
		Removed:          lists.Map(newestFirst(c.Removed, func(u store.RemovedUser) (api.Time, string) { return u.AddedAt, u.ID }), exportRemoved),
	}
	exportMembers(o.Workspaces, o.Users, c.Members)
	return o
}

// Holds returns a summary of the number of objects in organizations.
func Holds(all []store.Contents) string {
	var users, invites, workspaces, keys int
	for _, c := range all {
		users += len(c.Users)
		invites += len(c.Invites)
		workspaces += len(c.Workspaces)
		keys += len(c.APIKeys)
	}
	return strings.Join([]string{
		text.Count(users, "user"), text.Count(invites, "invite"), text.Count(workspaces, "workspace"), text.Count(keys, "API key"),
	}, ", ")
}

func exportedClock(c store.Clock) *Clock {
	if c.Frozen {
		return &Clock{FrozenAt: At(c.At.Time)}
	}
	return &Clock{Offset: new(Duration(c.Offset))}
}

// newestFirst returns the objects in the order of the API's lists.
func newestFirst[T any](objects []T, key func(T) (api.Time, string)) []T {
	objects = slices.Clone(objects)
	slices.SortFunc(objects, func(a, b T) int {
		aTime, aID := key(a)
		bTime, bID := key(b)
		return cmp.Or(bTime.Compare(aTime.Time), strings.Compare(bID, aID))
	})
	return objects
}
