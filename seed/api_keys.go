package seed

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"antechamber/api"
	"antechamber/internal/lists"
	"antechamber/store"
)

// APIKey is an API key of a seed.
type APIKey struct {
	ID             string           `json:"id,omitempty"` // drawn when empty
	Name           string           `json:"name"`
	Workspace      api.Nullable     `json:"workspace"`                  // id, or a name that is unique; the Default Workspace when empty
	CreatedAt      Time             `json:"created_at,omitzero"`        // now when left out
	CreatedBy      string           `json:"created_by"`                 // id, address, or a name that is unique; the id may be of a user who is gone
	Status         api.APIKeyStatus `json:"status,omitempty"`           // the last of the history, or active, when empty
	LastUsedAt     Time             `json:"last_used_at,omitzero"`      // never when left out
	PartialKeyHint *api.Nullable    `json:"partial_key_hint,omitempty"` // drawn when nil
	ExpiresAt      Time             `json:"expires_at,omitzero"`        // never when left out
	StatusHistory  []StatusChange   `json:"status_history,omitempty"`   // oldest first; derived when empty

	at      *node
	in      *Workspace // nil where the reference leads nowhere
	creator int        // index in Organization.Users, or -1
	gone    string     // the id of a creator who is gone
}

// StatusChange is a change of an API key's status.
type StatusChange struct {
	Status api.APIKeyStatus `json:"status"`
	At     Time             `json:"at"`

	at *node
}

var (
	keyNameForm = form{is: fmt.Sprintf("a name of 1 to %d characters", api.MaxAPIKeyName), atLeast: 1, atMost: api.MaxAPIKeyName}
	hintForm    = form{is: "the two ends of a key such as sk-ant-api03-R2D...igAA, or null", pattern: regexp.MustCompile(api.KeyHintPattern)}
)

func (r *report) apiKey(n *node) APIKey {
	o := r.object(n, "an API key", "name", "created_by")
	defer o.end()
	k := APIKey{
		at:         n,
		ID:         o.text("id", idForm),
		Name:       o.text("name", keyNameForm),
		Workspace:  api.Nullable(o.textOrNull("workspace", workspaceRefForm)),
		CreatedAt:  o.time("created_at"),
		CreatedBy:  o.text("created_by", userRefForm),
		Status:     enum(o, "status", api.APIKeyStatuses),
		LastUsedAt: o.timeOrNull("last_used_at"),
	}
	if hint := o.textOrNull("partial_key_hint", hintForm); n.Get("partial_key_hint") != nil {
		k.PartialKeyHint = new(api.Nullable(hint))
	}
	k.ExpiresAt = o.timeOrNull("expires_at")
	history := o.get("status_history")
	k.StatusHistory = list(r, history, "changes", 1, r.statusChange)
	for _, c := range k.StatusHistory {
		if c.Status == "" || !c.At.given() {
			r.faulty[history] = true
		}
	}
	expiresAt := n.Get("expires_at")
	if o.at != nil && k.Status == api.KeyExpired && !k.ExpiresAt.given() && !r.faulty[expiresAt] {
		r.mismatched(cmp.Or(expiresAt, n), `expected a time in "expires_at" where the status is "expired"`)
	}
	return k
}

func (r *report) statusChange(n *node) StatusChange {
	o := r.object(n, "a change of the status", "status", "at")
	defer o.end()
	return StatusChange{at: n, Status: enum(o, "status", api.APIKeyStatuses), At: o.time("at")}
}

func (k APIKey) times(each func(moment)) {
	each(moment{k.at, "created_at", k.CreatedAt, began})
	each(moment{k.at, "last_used_at", k.LastUsedAt, ahead})
	each(moment{k.at, "expires_at", k.ExpiresAt, ahead})
	for _, c := range k.StatusHistory {
		each(moment{c.at, "at", c.At, happened})
	}
}

func (r *report) linkKeys(o *Organization, p people) {
	ids, places := r.unique("id"), r.places(o)
	for i := range o.APIKeys {
		k := &o.APIKeys[i]
		ids.add(k.at, k.ID)
		k.in = r.workspaceOf(places, k.at.Get("workspace"), string(k.Workspace))
		k.creator = -1
		if at := k.at.Get("created_by"); r.given(at) && p.gone(k.CreatedBy) {
			k.gone = k.CreatedBy
		} else {
			k.creator = r.userOf(p, at, k.CreatedBy)
		}
	}
}

// toldStatus is what the file says of a key's status: by the status itself, or
// by the last change.
func (c checker) toldStatus(k *APIKey) (api.APIKeyStatus, *node) {
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
	status, at := c.toldStatus(k)
	if archived && status != "" && status != api.KeyArchived {
		c.contradictory(at, `expected "archived": the key's workspace is archived`)
	}
	if c.anyFaulty(k.at, "created_at", "expires_at") || k.in != nil && c.anyFaulty(k.in.at, "archived_at") {
		return
	}
	if archived && c.before(k.in.ArchivedAt, k.CreatedAt) {
		c.contradictory(cmp.Or(k.at.Get("created_at"), k.at), "expected a key that was created before its workspace was archived")
	}
	if k.ExpiresAt.given() {
		if c.before(k.ExpiresAt, k.CreatedAt) {
			c.contradictory(k.at.Get("expires_at"), "expected a time that is not before created_at")
		}
		if due, known := c.due(k.ExpiresAt); status == api.KeyExpired && known && !due {
			c.contradictory(k.at.Get("expires_at"), `expected a time that has come, for the status is "expired"`)
		}
	}
	if len(k.StatusHistory) > 0 && !c.anyFaulty(k.at, "status_history") {
		c.history(k)
	}
}

// history reports a history of the status that the rules of the API forbid.
func (c checker) history(k *APIKey) {
	if first := k.StatusHistory[0]; c.apart(first.At, k.CreatedAt) {
		c.contradictory(first.at.Get("at"), "expected created_at: the first change is how the key began")
	}
	for i, change := range k.StatusHistory {
		if i > 0 {
			c.follows(k.StatusHistory[i-1], change)
		}
		c.fits(k, i)
	}
	if last := k.StatusHistory[len(k.StatusHistory)-1]; k.Status != "" && last.Status != k.Status {
		c.contradictory(last.at.Get("status"), "expected the key's status, %q, as the last one", k.Status)
	}
}

// follows reports a change that cannot come after another.
func (c checker) follows(earlier, change StatusChange) {
	at := change.at.Get("status")
	switch {
	case earlier.Status == change.Status:
		c.contradictory(at, "expected a change: the status is %q already", change.Status)
	case earlier.Status == api.KeyArchived:
		c.contradictory(at, "expected no change after archiving, which is final")
	case earlier.Status == api.KeyExpired && change.Status != api.KeyArchived:
		c.contradictory(at, `expected "archived": nothing else can follow "expired"`)
	}
	if c.before(change.At, earlier.At) {
		c.contradictory(change.at.Get("at"), "expected a time that is not before the change above")
	}
}

// fits reports a change that contradicts the key's other fields.
func (c checker) fits(k *APIKey, i int) {
	change, expiry := k.StatusHistory[i], k.ExpiresAt
	at := change.at.Get("at")
	switch change.Status {
	case api.KeyExpired:
		switch {
		case !expiry.given():
			c.contradictory(change.at.Get("status"), "expected a key that expires to have expires_at")
		case c.apart(change.At, expiry):
			c.contradictory(at, "expected expires_at, the instant from which a key is expired")
		}
	case api.KeyArchived:
		if expiry.given() && i > 0 && k.StatusHistory[i-1].Status != api.KeyExpired && c.before(expiry, change.At) {
			c.contradictory(change.at, `expected a change to "expired" before this one: the key had passed expires_at`)
		}
		if k.in != nil && k.in.ArchivedAt.given() && c.before(k.in.ArchivedAt, change.At) {
			c.contradictory(at, "expected a time that is not after the archiving of the key's workspace")
		}
	default:
		if expiry.given() && c.before(expiry, change.At) {
			c.contradictory(at, "expected a time that is not after expires_at")
		}
	}
}

func (l *loader) keys(c store.Contents) (keys []store.APIKey) {
	ids := taken{}
	for _, k := range l.o.APIKeys {
		ids.keep(k.ID)
	}
	for i := range l.o.APIKeys {
		k := &l.o.APIKeys[i]
		created := k.CreatedAt.at(l.now)
		loaded := store.APIKey{APIKey: api.APIKey{
			ID: ids.orDraw(k.ID, l.draw("apikey_", created)), Type: api.TypeAPIKey, Name: k.Name,
			CreatedAt: created, CreatedBy: api.Actor{ID: k.gone, Type: api.TypeUser},
			LastUsedAt: k.LastUsedAt.atOrNull(l.now), ExpiresAt: k.ExpiresAt.atOrNull(l.now),
			Scope: api.Scope{Type: api.TypeWorkspace, WorkspaceID: c.DefaultWorkspace.ID},
		}}
		if k.creator >= 0 {
			loaded.CreatedBy.ID = c.Users[k.creator].ID
		}
		if k.in.index >= 0 {
			id := c.Workspaces[k.in.index].ID
			loaded.WorkspaceID, loaded.Scope.WorkspaceID = api.Nullable(id), id
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

// changes returns the history of a key's status up to now: as the file has it,
// or the one that assumes as little as possible. A key whose status is given
// without a history was active from its creation until it was last used, or
// never; in an archived workspace until that was archived.
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
	if k.in.ArchivedAt.given() {
		status, stopped = api.KeyArchived, k.in.ArchivedAt.at(l.now)
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

// hint makes the two ends of a secret from a random UUID. The secrets of real
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

func exportKey(k store.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Workspace: k.WorkspaceID, CreatedAt: At(k.CreatedAt.Time), CreatedBy: k.CreatedBy.ID, Status: k.Status,
		LastUsedAt: OrNull(k.LastUsedAt), PartialKeyHint: &k.PartialKeyHint, ExpiresAt: OrNull(k.ExpiresAt),
		StatusHistory: lists.Map(k.History, func(s store.StatusChange) StatusChange { return StatusChange{Status: s.Status, At: At(s.At.Time)} }),
	}
}
