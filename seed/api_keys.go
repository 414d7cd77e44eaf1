package seed

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/internal/lists"
	"antechamber/internal/text"
	"antechamber/store"
)

// APIKey is an API key in a seed.
type APIKey struct {
	ID             string           `json:"id,omitempty"` // generated if empty
	Name           string           `json:"name"`
	Workspace      api.Nullable     `json:"workspace"`                  // id, or unique name; if empty, the Default Workspace, or none for a key with a principal
	CreatedAt      Time             `json:"created_at,omitzero"`        // now if omitted
	CreatedBy      Creator          `json:"created_by"`                 // null if empty
	Principal      *api.Principal   `json:"principal"`                  // nil for the key of a workspace; a user may be an id, email, or unique name
	Status         api.APIKeyStatus `json:"status,omitempty"`           // the last of the history, or active, if empty
	LastUsedAt     Time             `json:"last_used_at,omitzero"`      // never if omitted
	PartialKeyHint *api.Nullable    `json:"partial_key_hint,omitempty"` // generated if nil
	ExpiresAt      Time             `json:"expires_at,omitzero"`        // never if omitted
	StatusHistory  []StatusChange   `json:"status_history,omitempty"`   // oldest first; derived if empty

	at      *node
	in      *Workspace // nil if the key has no workspace, or there is no such workspace
	creator userRef
	user    userRef // of a personal key
}

// Creator is who created an API key: a user, a service account, or null.
type Creator struct {
	User           string // id, email, or unique name; also the id of a former user
	ServiceAccount string // id
}

// MarshalJSON writes the creator as in a seed.
func (c Creator) MarshalJSON() ([]byte, error) {
	switch {
	case c.ServiceAccount != "":
		return []byte(api.Encode(api.Actor{Type: api.ActorServiceAccount, ID: c.ServiceAccount})), nil
	case c.User != "":
		return []byte(api.Encode(c.User)), nil
	}
	return []byte("null"), nil
}

// StatusChange is a change of an API key's status.
type StatusChange struct {
	Status api.APIKeyStatus `json:"status"`
	At     Time             `json:"at"`

	at *node
}

var (
	keyNameForm = form{want: fmt.Sprintf("a string of 1 to %d characters", api.MaxAPIKeyName), minChars: 1, maxChars: api.MaxAPIKeyName}
	hintForm    = form{want: "both ends of a key, such as sk-ant-api03-R2D...igAA, or null", pattern: regexp.MustCompile(api.KeyHintPattern)}
)

func (r *report) apiKey(n *node) APIKey {
	o := r.object(n, "name", "created_by")
	defer o.end()
	k := APIKey{
		at:         n,
		ID:         o.text("id", idForm),
		Name:       o.text("name", keyNameForm),
		Workspace:  api.Nullable(o.textOrNull("workspace", workspaceRefForm)),
		CreatedAt:  o.time("created_at"),
		CreatedBy:  r.creator(o.get("created_by")),
		Principal:  r.principal(o.get("principal")),
		Status:     enum(o, "status", api.APIKeyStatuses),
		LastUsedAt: o.timeOrNull("last_used_at"),
	}
	if hint := o.textOrNull("partial_key_hint", hintForm); n.Get("partial_key_hint") != nil {
		k.PartialKeyHint = new(api.Nullable(hint))
	}
	k.ExpiresAt = o.timeOrNull("expires_at")
	history := o.get("status_history")
	k.StatusHistory = list(r, history, "changes", 1, store.MaxStatusChanges, r.statusChange)
	for _, c := range k.StatusHistory {
		if c.Status == "" || !c.At.given() {
			history.Invalid = true
		}
	}
	expiresAt := n.Get("expires_at")
	if o.at != nil && k.Status == api.KeyExpired && !k.ExpiresAt.given() && !rejected(expiresAt) {
		r.mismatched(cmp.Or(expiresAt, n), "expires_at must be set when status is expired")
	}
	return k
}

var creatorForm = form{want: userRefForm.want + ", a service account, or null", minChars: 1}

func (r *report) creator(n *node) Creator {
	switch {
	case unlessNull(n) == nil:
		return Creator{}
	case n.Kind != jsontree.Object:
		return Creator{User: r.textAt(n, creatorForm)}
	}
	o := r.object(n, "type", "id")
	defer o.end()
	enum(o, "type", []api.ActorType{api.ActorServiceAccount})
	return Creator{ServiceAccount: o.text("id", idForm)}
}

// principal reads a principal. It returns an invalid one too.
func (r *report) principal(n *node) *api.Principal {
	if unlessNull(n) == nil {
		return nil
	}
	p := &api.Principal{}
	switch kind := n.Get("type"); {
	case kind != nil && kind.Text == string(api.PrincipalUser):
		o := r.object(n, "type", "user_id")
		defer o.end()
		p.Type, p.UserID = enum(o, "type", api.PrincipalTypes), o.text("user_id", userRefForm)
	case kind != nil && kind.Text == string(api.PrincipalServiceAccount):
		o := r.object(n, "type", "service_account_id")
		defer o.end()
		p.Type, p.ServiceAccountID = enum(o, "type", api.PrincipalTypes), o.text("service_account_id", idForm)
	default:
		o := r.object(n, "type")
		enum(o, "type", api.PrincipalTypes)
	}
	return p
}

func (r *report) statusChange(n *node) StatusChange {
	o := r.object(n, "status", "at")
	defer o.end()
	return StatusChange{at: n, Status: enum(o, "status", api.APIKeyStatuses), At: o.time("at")}
}

func (k APIKey) times(each func(moment)) {
	each(moment{k.at, "created_at", k.CreatedAt, creation})
	each(moment{k.at, "last_used_at", k.LastUsedAt, maybeFuture})
	each(moment{k.at, "expires_at", k.ExpiresAt, maybeFuture})
	for _, c := range k.StatusHistory {
		each(moment{c.at, "at", c.At, pastEvent})
	}
}

func (r *report) linkKeys(o *Organization, users userIndex) {
	ids, workspaces := r.unique("id"), r.indexWorkspaces(o)
	for i := range o.APIKeys {
		k := &o.APIKeys[i]
		ids.add(k.at, k.ID)
		workspace, principal := k.at.Get("workspace"), k.at.Get("principal")
		switch {
		case k.Principal == nil || k.Workspace != "" && k.Principal.Type == api.PrincipalServiceAccount:
			k.in = r.workspaceOf(workspaces, workspace, string(k.Workspace))
		case k.Workspace != "" && k.Principal.Type == api.PrincipalUser:
			r.contradictory(workspace, "workspace must be null for a personal API key")
		}
		k.creator, k.user = noUser, noUser
		if k.CreatedBy.User != "" {
			k.creator = r.userOrFormer(users, k.at.Get("created_by"), k.CreatedBy.User)
		}
		if user := k.Principal.User(); user != "" {
			k.user = r.userOrFormer(users, principal.Get("user_id"), user)
		}
	}
}

// givenStatus returns a key's status according to the file, in status or in the
// last change.
func (c checker) givenStatus(k *APIKey) (api.APIKeyStatus, *node) {
	switch {
	case k.Status != "":
		return k.Status, k.at.Get("status")
	case len(k.StatusHistory) > 0 && !c.anyFaulty(k.at, "status", "status_history"):
		last := k.StatusHistory[len(k.StatusHistory)-1]
		return last.Status, last.at.Get("status")
	}
	return "", k.at
}

func (c checker) key(k *APIKey) {
	archived := k.in != nil && k.in.ArchivedAt.given()
	status, at := c.givenStatus(k)
	if archived && status != "" && status != api.KeyArchived {
		c.contradictory(at, "status must be archived in an archived workspace")
	}
	if k.user.former != "" && status != api.KeyArchived && !c.anyFaulty(k.at, "status", "status_history") {
		c.contradictory(k.at.Get("principal").Get("user_id"), "no such user %s (a personal API key of a former user must be archived)", text.Quote(k.user.former))
	}
	if c.anyFaulty(k.at, "created_at", "expires_at") || k.in != nil && c.anyFaulty(k.in.at, "archived_at") {
		return
	}
	if archived && c.before(k.in.ArchivedAt, k.CreatedAt) {
		c.contradictory(cmp.Or(k.at.Get("created_at"), k.at), "%s must not be after the workspace's archived_at", startOf(k.at, "created_at"))
	}
	if k.ExpiresAt.given() {
		if c.before(k.ExpiresAt, k.CreatedAt) {
			c.contradictory(k.at.Get("expires_at"), "expires_at must not be before %s", startOf(k.at, "created_at"))
		}
		if due, known := c.due(k.ExpiresAt); status == api.KeyExpired && known && !due {
			c.contradictory(k.at.Get("expires_at"), "expires_at must not be in the future when status is expired")
		}
	}
	if len(k.StatusHistory) > 0 && !c.anyFaulty(k.at, "status_history") {
		c.history(k)
	}
}

// history reports a status history that the rules of the API forbid.
func (c checker) history(k *APIKey) {
	if first := k.StatusHistory[0]; c.differ(first.At, k.CreatedAt) {
		c.contradictory(first.at.Get("at"), "first change must be at created_at")
	}
	for i, change := range k.StatusHistory {
		if i > 0 {
			c.checkOrder(k.StatusHistory[i-1], change)
		}
		c.checkChange(k, i)
	}
	if last := k.StatusHistory[len(k.StatusHistory)-1]; k.Status != "" && last.Status != k.Status {
		c.contradictory(last.at.Get("status"), "last change must be to the key's status, %s", k.Status)
	}
}

// checkOrder reports a change that cannot follow an earlier one.
func (c checker) checkOrder(earlier, change StatusChange) {
	at := change.at.Get("status")
	switch {
	case earlier.Status == change.Status:
		c.contradictory(at, "status must not be %s twice in a row", change.Status)
	case earlier.Status == api.KeyArchived:
		c.contradictory(at, "status must not change after archived")
	case earlier.Status == api.KeyExpired && change.Status != api.KeyArchived:
		c.contradictory(at, "status must not change after expired, except to archived")
	}
	if c.before(change.At, earlier.At) {
		c.contradictory(change.at.Get("at"), "change must not be before the previous one")
	}
}

// checkChange reports a change that contradicts the key's other fields.
func (c checker) checkChange(k *APIKey, i int) {
	change, expiry := k.StatusHistory[i], k.ExpiresAt
	at := change.at.Get("at")
	switch change.Status {
	case api.KeyExpired:
		switch {
		case !expiry.given():
			c.contradictory(change.at.Get("status"), "expires_at must be set for a change to expired")
		case c.differ(change.At, expiry):
			c.contradictory(at, "change to expired must be at expires_at")
		}
	case api.KeyArchived:
		if expiry.given() && i > 0 && k.StatusHistory[i-1].Status != api.KeyExpired && c.before(expiry, change.At) {
			c.contradictory(change.at, "change to archived after expires_at must follow a change to expired")
		}
		if k.in != nil && k.in.ArchivedAt.given() && c.before(k.in.ArchivedAt, change.At) {
			c.contradictory(at, "change must not be after the workspace's archived_at")
		}
	default:
		if expiry.given() && c.before(expiry, change.At) {
			c.contradictory(at, "change must not be after expires_at")
		}
	}
}

func (l *loader) keys(c store.Contents) (keys []store.APIKey) {
	ids := usedIDs{}
	for _, k := range l.o.APIKeys {
		ids.add(k.ID)
	}
	for i := range l.o.APIKeys {
		k := &l.o.APIKeys[i]
		created := k.CreatedAt.at(l.now)
		loaded := store.APIKey{APIKey: api.APIKey{
			ID: ids.orDraw(k.ID, l.draw("apikey_", created)), Type: api.TypeAPIKey, Name: k.Name,
			CreatedAt:  created,
			LastUsedAt: k.LastUsedAt.atOrNull(l.now), ExpiresAt: k.ExpiresAt.atOrNull(l.now),
		}}
		switch {
		case k.CreatedBy.ServiceAccount != "":
			loaded.CreatedBy = api.Actor{ID: k.CreatedBy.ServiceAccount, Type: api.ActorServiceAccount}
		case k.CreatedBy.User != "":
			loaded.CreatedBy = api.Actor{ID: k.creator.id(c.Users), Type: api.ActorUser}
		}
		switch {
		case k.Principal == nil:
		case k.Principal.Type == api.PrincipalUser:
			loaded.Principal = api.UserPrincipal(k.user.id(c.Users))
		default:
			loaded.Principal = api.ServiceAccountPrincipal(k.Principal.ServiceAccountID)
		}
		switch {
		case k.in == nil:
			loaded.Scope = api.ScopeOf("")
		case k.in.index < 0:
			loaded.Scope = api.ScopeOf(c.DefaultWorkspace.ID)
		default:
			loaded.Scope = api.ScopeOf(c.Workspaces[k.in.index].ID)
			loaded.WorkspaceID = api.Nullable(loaded.Scope.WorkspaceID)
		}
		if k.PartialKeyHint != nil {
			loaded.PartialKeyHint = *k.PartialKeyHint
		} else {
			loaded.PartialKeyHint = api.Nullable(hint(l.ids.UUID()))
		}
		loaded.History = l.changes(k, loaded.APIKey)
		loaded.Status = loaded.History[len(loaded.History)-1].Status
		keys = append(keys, loaded)
	}
	return keys
}

// changes returns the history of a key's status up to now: the one in the file, or
// the one that assumes the least. A key with a status but no history was active
// from its creation until its last use, or never; in an archived workspace, until
// the workspace was archived.
func (l *loader) changes(k *APIKey, loaded api.APIKey) (changes []store.StatusChange) {
	set := func(status api.APIKeyStatus, at api.Time) {
		changes = append(changes, store.StatusChange{Status: status, At: at})
	}
	for _, c := range k.StatusHistory {
		set(c.Status, c.At.at(l.now))
	}
	created, expires := loaded.CreatedAt, loaded.ExpiresAt
	status := k.Status
	if status == "" {
		status = api.KeyActive
	}
	stopped := created
	if used := loaded.LastUsedAt; used.After(created.Time) && !used.After(l.now.Time) {
		stopped = used
	}
	if k.in != nil && k.in.ArchivedAt.given() {
		status, stopped = api.KeyArchived, k.in.ArchivedAt.at(l.now)
	}
	expired := !expires.IsZero() && stopped.After(expires.Time)
	if status == api.KeyInactive && expired {
		stopped = created // an expired key cannot become inactive
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

// hint returns a partial key hint derived from a random UUID. The secrets of real
// keys end with AA.
func hint(uuid string) string {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	// A UUID from the stream is well-formed.
	b, _ := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	for i := range b {
		b[i] = characters[int(b[i])%len(characters)]
	}
	return "sk-ant-api03-" + string(b[:3]) + "..." + string(b[10:12]) + "AA"
}

func exportKey(k store.APIKey) APIKey {
	out := APIKey{
		ID: k.ID, Name: k.Name, Workspace: k.WorkspaceID, CreatedAt: At(k.CreatedAt.Time), CreatedBy: exportCreator(k.CreatedBy), Principal: k.Principal, Status: k.Status,
		LastUsedAt: OrNull(k.LastUsedAt), PartialKeyHint: &k.PartialKeyHint, ExpiresAt: OrNull(k.ExpiresAt),
		StatusHistory: lists.Map(k.History, func(s store.StatusChange) StatusChange { return StatusChange{Status: s.Status, At: At(s.At.Time)} }),
	}
	if k.Principal != nil {
		out.Workspace = api.Nullable(k.Scope.WorkspaceID) // null means no workspace
	}
	return out
}

func exportCreator(a api.Actor) Creator {
	if a.Type == api.ActorServiceAccount {
		return Creator{ServiceAccount: a.ID}
	}
	return Creator{User: a.ID}
}
