package seed

import (
	"regexp"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// The forms of texts. Their patterns stand in the schema to the letter, a test
// says so.
var (
	schemaForm       = form{is: "the address of a JSON Schema"}
	organizationForm = form{is: "a name of at least 1 character", atLeast: 1}
	idForm           = form{is: "an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -", pattern: regexp.MustCompile(`^[A-Za-z0-9_.~-]{1,128}$`)}
	uuidForm         = form{is: "a UUID", pattern: regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)}
	adminKeyForm     = form{is: "an admin key: sk-ant-admin, two digits, a hyphen, and 1 to 128 of the characters A-Z a-z 0-9 _ -", pattern: regexp.MustCompile(store.AdminKeyPattern), secret: true}
	domainForm       = form{is: "a domain such as example.com", valid: api.ValidDomain}
	versionForm      = form{is: "a version such as 2023-06-01", pattern: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)}
	emailForm        = form{is: "an e-mail address", valid: api.ValidEmail}
	userNameForm     = form{is: "a name of at least 1 character", atLeast: 1}
	workspaceForm    = form{is: "a name of 1 to 255 characters", atLeast: 1, atMost: 255}
	colorForm        = form{is: "a color such as #6C5BB9", pattern: regexp.MustCompile(api.ColorPattern)}
	externalKeyForm  = form{is: "the id of an external key, or null", atLeast: 1}
	tagForm          = form{is: "a text"}
	userRefForm      = form{is: "a user's id, e-mail address or name", atLeast: 1}
	workspaceRefForm = form{is: "a workspace's id or name, or null for the Default Workspace", atLeast: 1}
	keyNameForm      = form{is: "a name of 1 to 500 characters", atLeast: 1, atMost: 500}
	hintForm         = form{is: "the two ends of a key such as sk-ant-api03-R2D...igAA, or null", pattern: regexp.MustCompile(`^sk-ant-[A-Za-z0-9_-]{1,64}\.\.\.[A-Za-z0-9_-]{1,16}$`)}
)

// The fields of each object, in the order of an export.
var (
	fileFields         = []string{"$schema", "organizations"}
	organizationFields = []string{"id", "name", "admin_keys", "settings", "clock", "ids", "default_workspace", "users", "invites", "workspaces", "api_keys", "removed"}
	settingsFields     = []string{"workspace_limit", "member_limit", "workspace_member_limit", "api_key_limit", "workspace_api_key_limit", "allowed_invite_domains", "workspace_name_max_length", "anthropic_versions"}
	clockFields        = []string{"frozen_at", "starts_at", "offset"}
	idsFields          = []string{"seed", "drawn"}
	defaultFields      = []string{"id", "display_color", "created_at", "compartment_id", "external_key_id", "tags", "data_residency"}
	userFields         = []string{"id", "email", "name", "role", "added_at"}
	inviteFields       = []string{"id", "email", "role", "status", "invited_at", "expires_at", "accepted_at"}
	workspaceFields    = []string{"id", "name", "display_color", "created_at", "archived_at", "compartment_id", "external_key_id", "tags", "data_residency", "members"}
	residencyFields    = []string{"workspace_geo", "allowed_inference_geos", "default_inference_geo"}
	memberFields       = []string{"user", "workspace_role"}
	keyFields          = []string{"id", "name", "workspace", "created_at", "created_by", "status", "last_used_at", "partial_key_hint", "expires_at", "status_history"}
	changeFields       = []string{"status", "at"}
	removedFields      = []string{"id", "added_at"}
)

// organization is what a seed says of one organization: of the right form, as
// far as it was given, and nothing filled in.
type organization struct {
	at         *node
	id         value[string]
	name       value[string]
	adminKeys  []value[string]
	keysFaulty bool // admin_keys is no list
	settings   store.Settings
	clock      clock
	ids        *store.IDs // nil when the file does not say

	defaultWorkspace workspace
	users            []user
	invites          []invite
	workspaces       []workspace
	keys             []key
	removed          []removed

	// Where one of these is no list, what refers to it is not reported too.
	usersFaulty, workspacesFaulty, removedFaulty bool
}

// clock is the time that an organization begins with. At most one of its
// fields is given; without any it shows real time.
type clock struct {
	frozenAt, startsAt value[instant]
	offset             value[time.Duration]
	faulty             bool
}

type user struct {
	at      *node
	id      value[string]
	email   value[string]
	name    value[string]
	role    value[api.OrganizationRole]
	addedAt value[instant]
}

type invite struct {
	at         *node
	id         value[string]
	email      value[string]
	role       value[api.OrganizationRole]
	status     value[api.InviteStatus]
	invitedAt  value[instant]
	expiresAt  value[instant]
	acceptedAt value[instant]
}

type workspace struct {
	at            *node
	id            value[string]
	name          value[string]
	displayColor  value[string]
	createdAt     value[instant]
	archivedAt    value[instant]
	compartmentID value[string]
	externalKeyID value[string]
	tags          map[string]string
	dataResidency api.DataResidency
	members       []member

	index int // in organization.workspaces, -1 for the Default Workspace
}

type member struct {
	at   *node
	user value[string]
	role value[api.WorkspaceRole]

	index int // of the user in organization.users
}

type key struct {
	at             *node
	id             value[string]
	name           value[string]
	workspace      value[string]
	createdAt      value[instant]
	createdBy      value[string]
	status         value[api.APIKeyStatus]
	lastUsedAt     value[instant]
	partialKeyHint value[string]
	expiresAt      value[instant]
	history        []change
	historyFaulty  bool

	in      *workspace // nil where the reference leads nowhere
	creator int        // index in organization.users, or -1
	gone    string     // the id of a creator who is no user any more
}

type change struct {
	at     *node
	status value[api.APIKeyStatus]
	when   value[instant]
}

type removed struct {
	at      *node
	id      value[string]
	addedAt value[instant]
}

// file reads a whole seed of either form.
func (r *reader) file(n *node) []organization {
	if n.kind != objectKind {
		r.malformed(n, "expected a seed, which is an object, not %s", n)
		return nil
	}
	if n.byKey["organizations"] != nil {
		f, _ := r.fields(n, "a seed", fileFields)
		r.text(f["$schema"], schemaForm)
		organizations, _ := list(r, f["organizations"], "organizations", 1, func(n *node) organization {
			return r.organization(n, organizationFields)
		})
		return organizations
	}
	r.text(n.byKey["$schema"], schemaForm)
	return []organization{r.organization(n, append([]string{"$schema"}, organizationFields...))}
}

func (r *reader) organization(n *node, known []string) organization {
	o := organization{at: n}
	f, ok := r.fields(n, "an organization", known, "name")
	if !ok {
		return o
	}
	o.id = r.text(f["id"], uuidForm)
	o.name = r.text(f["name"], organizationForm)
	o.adminKeys, ok = list(r, f["admin_keys"], "admin keys", 0, func(n *node) value[string] { return r.text(n, adminKeyForm) })
	o.keysFaulty = !ok
	o.settings = r.settings(f["settings"], store.DefaultSettings())
	o.clock = r.clock(f["clock"])
	o.ids = r.ids(f["ids"])
	o.defaultWorkspace = r.defaultWorkspace(f["default_workspace"])
	o.users, ok = list(r, f["users"], "users", 0, r.user)
	o.usersFaulty = !ok
	o.invites, _ = list(r, f["invites"], "invites", 0, r.invite)
	o.workspaces, ok = list(r, f["workspaces"], "workspaces", 0, r.workspace)
	o.workspacesFaulty = !ok
	o.keys, _ = list(r, f["api_keys"], "API keys", 0, r.key)
	o.removed, ok = list(r, f["removed"], "removed users", 0, r.removed)
	o.removedFaulty = !ok
	return o
}

// settings gives what the node makes of the settings s.
func (r *reader) settings(n *node, s store.Settings) store.Settings {
	if n == nil {
		return s
	}
	f, ok := r.fields(n, "settings", settingsFields)
	if !ok {
		return s
	}
	limit := func(n *node) value[int64] { return r.integer(n, 0, maxInteger) }
	s.WorkspaceLimit = int(limit(f["workspace_limit"]).or(int64(s.WorkspaceLimit)))
	for field, to := range map[string]**int{
		"member_limit": &s.MemberLimit, "workspace_member_limit": &s.WorkspaceMemberLimit,
		"api_key_limit": &s.APIKeyLimit, "workspace_api_key_limit": &s.WorkspaceAPIKeyLimit,
	} {
		switch v := unlessNull(f[field], limit); {
		case v.given:
			most := int(v.v)
			*to = &most
		case v.at != nil: // null, or faulty
			*to = nil
		}
	}
	switch domains := f["allowed_invite_domains"]; {
	case domains == nil:
	case domains.kind == nullKind:
		s.AllowedInviteDomains = nil
	default:
		s.AllowedInviteDomains, _ = list(r, domains, "domains", 0, func(n *node) string { return r.text(n, domainForm).v })
	}
	s.WorkspaceNameMaxLength = int(r.integer(f["workspace_name_max_length"], 1, 255).or(int64(s.WorkspaceNameMaxLength)))
	if versions := f["anthropic_versions"]; versions != nil {
		s.AnthropicVersions, _ = list(r, versions, "versions", 1, func(n *node) string { return r.text(n, versionForm).v })
	}
	return s
}

func (r *reader) clock(n *node) clock {
	if n == nil {
		return clock{}
	}
	f, ok := r.fields(n, "a clock", clockFields)
	if !ok {
		return clock{faulty: true}
	}
	if len(n.items) != 1 {
		r.malformed(n, "expected exactly one of %s", strings.Join(clockFields, ", "))
		return clock{faulty: true}
	}
	c := clock{frozenAt: r.absolute(f["frozen_at"]), startsAt: r.absolute(f["starts_at"])}
	if f["offset"] != nil {
		c.offset = r.offset(f["offset"])
	}
	c.faulty = !c.frozenAt.given && !c.startsAt.given && !c.offset.given
	return c
}

func (r *reader) ids(n *node) *store.IDs {
	if n == nil {
		return nil
	}
	f, ok := r.fields(n, "ids", idsFields, "seed")
	if !ok {
		return nil
	}
	return &store.IDs{
		Seed:  uint64(r.integer(f["seed"], 0, maxInteger).v),
		Drawn: uint64(r.integer(f["drawn"], 0, maxInteger).v),
	}
}

func (r *reader) defaultWorkspace(n *node) workspace {
	w := workspace{tags: map[string]string{}, dataResidency: api.DefaultDataResidency()}
	if n == nil {
		return w
	}
	f, ok := r.fields(n, "the Default Workspace", defaultFields)
	if !ok {
		return w
	}
	return r.workspaceFields(n, f)
}

// workspaceFields reads what the Default Workspace has in common with others.
func (r *reader) workspaceFields(n *node, f map[string]*node) workspace {
	return workspace{
		at:            n,
		id:            r.text(f["id"], idForm),
		displayColor:  r.text(f["display_color"], colorForm),
		createdAt:     r.instant(f["created_at"]),
		compartmentID: r.text(f["compartment_id"], uuidForm),
		externalKeyID: unlessNull(f["external_key_id"], func(n *node) value[string] { return r.text(n, externalKeyForm) }),
		tags:          r.tags(f["tags"]),
		dataResidency: r.dataResidency(f["data_residency"]),
	}
}

func (r *reader) tags(n *node) map[string]string {
	tags := map[string]string{}
	if n == nil {
		return tags
	}
	if n.kind != objectKind {
		r.malformed(n, "expected tags, an object of texts, not %s", n)
		return tags
	}
	for _, tag := range n.items {
		if strings.HasPrefix(tag.key, api.ReservedTagPrefix) {
			r.add(true, tag.keyOffset, tag.pointer(), "expected a tag that does not begin with %q", api.ReservedTagPrefix)
		}
		tags[tag.key] = r.text(tag, tagForm).v
	}
	return tags
}

func (r *reader) dataResidency(n *node) api.DataResidency {
	d := api.DefaultDataResidency()
	if n == nil {
		return d
	}
	f, ok := r.fields(n, "a data residency", residencyFields)
	if !ok {
		return d
	}
	d.WorkspaceGeo = enum(r, f["workspace_geo"], api.WorkspaceGeos).or(d.WorkspaceGeo)
	geo := func(n *node) value[string] { return enum(r, n, api.InferenceGeos) }
	byDefault := geo(f["default_inference_geo"])
	d.DefaultInferenceGeo = byDefault.or(d.DefaultInferenceGeo)
	geos := f["allowed_inference_geos"]
	switch {
	case geos == nil || geos.kind == textKind && geos.text == api.Unrestricted:
		return d
	case geos.kind != listKind:
		r.malformed(geos, "expected a list of inference geos, or %q, not %s", api.Unrestricted, geos)
		return d
	}
	d.AllowedInferenceGeos = api.AllowedGeos{}
	faulty := byDefault.faulty || len(geos.items) == 0
	allowed, _ := list(r, geos, "inference geos", 1, geo)
	for _, v := range allowed {
		d.AllowedInferenceGeos = append(d.AllowedInferenceGeos, v.v)
		faulty = faulty || v.faulty
	}
	if !faulty && !api.OneOf(d.DefaultInferenceGeo, d.AllowedInferenceGeos) {
		r.contradictory(byDefault.nodeOr(geos), "expected default_inference_geo, %q, to be among allowed_inference_geos", d.DefaultInferenceGeo)
	}
	return d
}

func (r *reader) user(n *node) user {
	f, _ := r.fields(n, "a user", userFields, "email", "role")
	return user{
		at:      n,
		id:      r.text(f["id"], idForm),
		email:   r.text(f["email"], emailForm),
		name:    r.text(f["name"], userNameForm),
		role:    enum(r, f["role"], api.OrganizationRoles),
		addedAt: r.instant(f["added_at"]),
	}
}

// inviteStatuses are those that a seed may name: deleted ones leave the lists
// and can still be got.
var inviteStatuses = []api.InviteStatus{api.InvitePending, api.InviteAccepted, api.InviteExpired, api.InviteDeleted}

func (r *reader) invite(n *node) invite {
	f, ok := r.fields(n, "an invite", inviteFields, "email", "role")
	i := invite{
		at:         n,
		id:         r.text(f["id"], idForm),
		email:      r.text(f["email"], emailForm),
		role:       enum(r, f["role"], api.OrganizationRoles),
		status:     enum(r, f["status"], inviteStatuses),
		invitedAt:  r.instant(f["invited_at"]),
		expiresAt:  r.instant(f["expires_at"]),
		acceptedAt: r.instantOrNull(f["accepted_at"]),
	}
	accepted := i.status.v == api.InviteAccepted
	there := i.acceptedAt.given || i.acceptedAt.faulty
	switch {
	case !ok || i.status.faulty:
	case accepted && !there:
		r.malformed(i.acceptedAt.nodeOr(n), `expected a time in "accepted_at" where the status is "accepted"`)
	case !accepted && there:
		r.malformed(i.acceptedAt.at, `expected no accepted_at, or null, unless the status is "accepted"`)
	}
	return i
}

func (r *reader) workspace(n *node) workspace {
	f, _ := r.fields(n, "a workspace", workspaceFields, "name")
	w := r.workspaceFields(n, f)
	w.name = r.text(f["name"], workspaceForm)
	w.archivedAt = r.instantOrNull(f["archived_at"])
	w.members, _ = list(r, f["members"], "members", 0, r.member)
	return w
}

func (r *reader) member(n *node) member {
	f, _ := r.fields(n, "a member", memberFields, "user", "workspace_role")
	return member{
		at:    n,
		user:  r.text(f["user"], userRefForm),
		role:  enum(r, f["workspace_role"], api.AssignableWorkspaceRoles),
		index: -1,
	}
}

func (r *reader) key(n *node) key {
	f, ok := r.fields(n, "an API key", keyFields, "name", "created_by")
	k := key{
		at:             n,
		id:             r.text(f["id"], idForm),
		name:           r.text(f["name"], keyNameForm),
		workspace:      unlessNull(f["workspace"], func(n *node) value[string] { return r.text(n, workspaceRefForm) }),
		createdAt:      r.instant(f["created_at"]),
		createdBy:      r.text(f["created_by"], userRefForm),
		status:         enum(r, f["status"], api.APIKeyStatuses),
		lastUsedAt:     r.instantOrNull(f["last_used_at"]),
		partialKeyHint: unlessNull(f["partial_key_hint"], func(n *node) value[string] { return r.text(n, hintForm) }),
		expiresAt:      r.instantOrNull(f["expires_at"]),
		creator:        -1,
	}
	var isList bool
	k.history, isList = list(r, f["status_history"], "changes", 1, r.change)
	k.historyFaulty = !isList
	for _, c := range k.history {
		k.historyFaulty = k.historyFaulty || !c.status.given || !c.when.given
	}
	if ok && k.status.given && k.status.v == api.KeyExpired && !k.expiresAt.given && !k.expiresAt.faulty {
		r.malformed(k.expiresAt.nodeOr(n), `expected a time in "expires_at" where the status is "expired"`)
	}
	return k
}

func (r *reader) change(n *node) change {
	f, _ := r.fields(n, "a change of the status", changeFields, "status", "at")
	return change{at: n, status: enum(r, f["status"], api.APIKeyStatuses), when: r.instant(f["at"])}
}

func (r *reader) removed(n *node) removed {
	f, _ := r.fields(n, "a removed user", removedFields, "id", "added_at")
	return removed{at: n, id: r.text(f["id"], idForm), addedAt: r.instant(f["added_at"])}
}
