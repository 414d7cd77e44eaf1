package store

import (
	"cmp"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/text"
)

// APIKey is an API key with the history of its status.
type APIKey struct {
	api.APIKey
	// History holds the changes of the status, oldest first: from the status at
	// creation to the current one. Reports of usage and cost need to know when a
	// key stopped working.
	History []StatusChange
}

// storedKey is an API key in the table.
type storedKey struct {
	APIKey
	json20261021 string // in api.Shape20261021, encoded when the row was created
}

// StatusChange is one change of an API key's status.
type StatusChange struct {
	Status api.APIKeyStatus
	At     api.Time
}

func (k *APIKey) latest() api.Time {
	latest := k.CreatedAt
	for _, change := range k.History {
		latest = latestOf(latest, change.At)
	}
	return latest
}

// The types of effects on API keys.
const (
	APIKeyCreated  = "api_key.created"
	APIKeyUpdated  = "api_key.updated"
	APIKeyArchived = "api_key.archived"
	APIKeyExpired  = "api_key.expired"
	APIKeyUsed     = "api_key.used"
)

const (
	keysListed = iota
	keysByStatus
	keysByWorkspace
	keysByCreator
	keysByWorkspaceAndCreator
	keysByUser
	keysByExpiry
)

func byStatus(a, b *storedKey) int { return cmp.Compare(a.Status, b.Status) }
func byWorkspace(a, b *storedKey) int {
	return strings.Compare(a.Scope.WorkspaceID, b.Scope.WorkspaceID)
}

// byCreator groups the keys that users created. Those of other creators, who cannot be
// asked for, are one group.
func byCreator(a, b *storedKey) int { return strings.Compare(a.CreatedBy.User(), b.CreatedBy.User()) }

var keyIndexes = []index[storedKey]{
	keysListed:      {},
	keysByStatus:    {group: byStatus},
	keysByWorkspace: {group: func(a, b *storedKey) int { return cmp.Or(byWorkspace(a, b), byStatus(a, b)) }},
	keysByCreator:   {group: func(a, b *storedKey) int { return cmp.Or(byCreator(a, b), byStatus(a, b)) }},
	keysByWorkspaceAndCreator: {group: func(a, b *storedKey) int {
		return cmp.Or(byWorkspace(a, b), byCreator(a, b), byStatus(a, b))
	}},
	keysByUser: { // personal keys that are not archived
		holds: func(k *storedKey) bool { return k.Principal.User() != "" && k.Status != api.KeyArchived },
		group: func(a, b *storedKey) int { return strings.Compare(a.Principal.User(), b.Principal.User()) },
	},
	keysByExpiry: {
		holds: func(k *storedKey) bool {
			return !k.ExpiresAt.IsZero() && (k.Status == api.KeyActive || k.Status == api.KeyInactive)
		},
		less: func(a, b *row[storedKey]) bool {
			return cmp.Or(a.Value.ExpiresAt.Compare(b.Value.ExpiresAt.Time), cmp.Compare(a.key, b.key)) < 0
		},
	},
}

func keyRow(k APIKey) *row[storedKey] {
	return &row[storedKey]{k.ID, at(k.CreatedAt, k.ID), storedKey{k, k.EncodeIn(api.Shape20261021)}, k.EncodeIn(api.ShapeFull)}
}

// keyExample returns an example of a group of keys.
func keyExample(k api.APIKey) storedKey { return storedKey{APIKey: APIKey{APIKey: k}} }

// keyObject returns the key of a row.
func keyObject(r *row[storedKey]) Object[APIKey] {
	return Object[APIKey]{r.Value.APIKey, r.json, r.Value.json20261021}
}

// keyPage returns a page of keys.
func keyPage(rows []*row[storedKey], more bool) Page[APIKey] {
	p := pageOfRows(rows, more)
	return Page[APIKey]{
		HasMore: p.HasMore, FirstID: p.FirstID, LastID: p.LastID, n: p.n, size: p.size, encode: p.encode,
		value:          func(i int) APIKey { return rows[i].Value.APIKey },
		encode20261021: func(b []byte, i int) []byte { return append(b, rows[i].Value.json20261021...) },
	}
}

func (t *tx) buildAPIKey(k APIKey) error {
	w, user := t.workspaces.get(k.Scope.WorkspaceID), k.Principal.User()
	switch {
	case t.keys.get(k.ID) != nil:
		return fmt.Errorf("duplicate API key %q", k.ID)
	case k.Scope.WorkspaceID == "" && k.Principal == nil:
		return fmt.Errorf("API key %q must have a workspace, since it has no principal", k.ID)
	case k.Scope.WorkspaceID != "" && user != "":
		return fmt.Errorf("API key %q of a user must not have a workspace", k.ID)
	case k.Scope.WorkspaceID != "" && w == nil:
		return fmt.Errorf("API key %q: no such workspace %q", k.ID, k.Scope.WorkspaceID)
	case w != nil && !w.Value.ArchivedAt.IsZero() && k.Status != api.KeyArchived:
		return fmt.Errorf("API key %q must be archived, like its workspace", k.ID)
	case user != "" && t.users.get(user) == nil && k.Status != api.KeyArchived:
		return fmt.Errorf("API key %q must be archived: its user %q is not in the organization", k.ID, user)
	}
	t.putKey(k)
	return nil
}

func (t *tables) keyContents() []APIKey {
	return collect(nil, t.keys.span(keysListed, storedKey{}), func(k *storedKey) APIKey { return k.APIKey })
}

// archiveKeysOf archives the personal keys of a user.
func (t *tx) archiveKeysOf(userID string) {
	for _, k := range t.keys.span(keysByUser, keyExample(api.APIKey{Principal: api.UserPrincipal(userID)})).all() {
		t.archiveKey(k)
	}
}

// archiveKeysIn archives the keys of a workspace.
func (t *tx) archiveKeysIn(workspaceID string) {
	for _, status := range []api.APIKeyStatus{api.KeyActive, api.KeyInactive, api.KeyExpired} {
		for _, k := range t.keys.span(keysByWorkspace, keyExample(api.APIKey{Scope: api.ScopeOf(workspaceID), Status: status})).all() {
			t.archiveKey(k)
		}
	}
}

func (t *tx) archiveKey(k *row[storedKey]) {
	t.putKey(k.Value.withStatus(api.KeyArchived, t.now))
	t.note(APIKeyArchived, k.key)
}

// putKey adds or replaces a key and updates the counts of active keys.
func (t *tx) putKey(k APIKey) *row[storedKey] {
	if old := t.keys.get(k.ID); old != nil && old.Value.Status == api.KeyActive {
		addToCount(t.active, old.Value.Scope.WorkspaceID, -1)
		t.activeAll--
	}
	if k.Status == api.KeyActive {
		addToCount(t.active, k.Scope.WorkspaceID, 1)
		t.activeAll++
	}
	r := keyRow(k)
	t.keys.put(r)
	return r
}

// MaxStatusChanges is the maximum number of changes in the history of an API key.
const MaxStatusChanges = 1000

// withStatus returns the key with another status as of the time from.
func (k APIKey) withStatus(status api.APIKeyStatus, from api.Time) APIKey {
	k.Status = status
	before := k.History
	if len(before) >= MaxStatusChanges {
		// The status at creation is kept, and the two oldest changes go: dropping one
		// would leave the same status twice in a row.
		before = append(before[:1:1], before[3:]...)
	}
	k.History = append(slices.Clip(before), StatusChange{status, from})
	return k
}

// keyDue returns when the next key expires, in microseconds since 1970.
func (t *tables) keyDue() int64 {
	if r := t.keys.span(keysByExpiry, storedKey{}).first(); r != nil {
		return r.Value.ExpiresAt.UnixMicro()
	}
	return math.MaxInt64
}

// expireKey expires the first key that is due, and reports whether there was one.
func (t *tx) expireKey() bool {
	r := t.keys.span(keysByExpiry, storedKey{}).first()
	if r == nil || r.Value.ExpiresAt.After(t.now.Time) {
		return false
	}
	t.putKey(r.Value.withStatus(api.KeyExpired, r.Value.ExpiresAt))
	t.noteAt(APIKeyExpired, r.key, r.Value.ExpiresAt)
	return true
}

// APIKeyFilter filters a list of API keys. A key must match all fields; an empty
// field matches every key.
type APIKeyFilter struct {
	Status          api.APIKeyStatus
	WorkspaceID     string // the Default Workspace's id matches its keys, whose workspace_id is null
	CreatedByUserID string // does not match a service account
}

// ListAPIKeys returns a page of the API keys, newest first, including archived ones.
//
// Without a filter, a page walks the list itself; by status alone, one span of it;
// by workspace, creator or both, one span per requested status, so one or four.
func (o *Organization) ListAPIKeys(f APIKeyFilter, l List, inputErr error) (Page[APIKey], error) {
	if inputErr != nil {
		return Page[APIKey]{}, inputErr
	}
	s := o.view()
	c, err := l.cursor("API key", s.keys.positionOf)
	if err != nil {
		return Page[APIKey]{}, err
	}
	index := keysByWorkspaceAndCreator
	switch {
	case f.WorkspaceID == "" && f.CreatedByUserID == "" && f.Status == "":
		return keyPage(rowsOnPage(c, s.keys.span(keysListed, storedKey{}))), nil
	case f.WorkspaceID == "" && f.CreatedByUserID == "":
		index = keysByStatus
	case f.WorkspaceID == "":
		index = keysByCreator
	case f.CreatedByUserID == "":
		index = keysByWorkspace
	}
	statuses := api.APIKeyStatuses
	if f.Status != "" {
		statuses = []api.APIKeyStatus{f.Status}
	}
	var spans []span[storedKey]
	for _, status := range statuses {
		spans = append(spans, s.keys.span(index, keyExample(api.APIKey{
			Status: status, Scope: api.ScopeOf(f.WorkspaceID), CreatedBy: api.Actor{ID: f.CreatedByUserID, Type: api.ActorUser},
		})))
	}
	return keyPage(rowsOnPage(c, spans...)), nil
}

// GetAPIKey returns the API key with the given id.
func (o *Organization) GetAPIKey(id string) (Object[APIKey], error) {
	k := o.view().keys.get(id)
	if k == nil {
		return Object[APIKey]{}, notFound("API key", id)
	}
	return keyObject(k), nil
}

// checkActiveKeyLimit refuses if the limits allow no more active keys. A key without a
// workspace counts towards the limit of the organization only.
func (t *tx) checkActiveKeyLimit(workspaceID string) error {
	switch {
	case reached(t.settings.APIKeyLimit, t.activeAll):
		return refused(api.OrgAPIKeyLimitExceeded, "The organization has reached its limit of active API keys.")
	case workspaceID != "" && reached(t.settings.WorkspaceAPIKeyLimit, countOf(t.active, workspaceID)):
		return refused(api.WorkspaceAPIKeyLimitExceeded, "Workspace `"+workspaceID+"` has reached its limit of active API keys.")
	}
	return nil
}

// APIKeyUpdate is the input of UpdateAPIKey. A nil field changes nothing.
type APIKeyUpdate struct {
	Name   *string
	Status *api.APIKeyStatus // one of api.SettableKeyStatuses
}

// UpdateAPIKey changes the name or the status of a key. An archived key cannot be
// changed; an expired one can only be archived. An update that changes nothing
// succeeds for every status (our guess).
func (o *Organization) UpdateAPIKey(id string, in APIKeyUpdate, inputErr error) (Object[APIKey], error) {
	return update(o, func(t *tx) (none Object[APIKey], err error) {
		r := t.keys.get(id)
		switch {
		case r == nil:
			return none, notFound("API key", id)
		case inputErr != nil:
			return none, inputErr
		}
		k := r.Value.APIKey
		renamed := in.Name != nil && *in.Name != k.Name
		statusChanged := in.Status != nil && *in.Status != k.Status
		switch {
		case !renamed && !statusChanged:
			return keyObject(r), nil
		case k.Status == api.KeyArchived:
			return none, invalid("API key `" + id + "` is archived and cannot be changed.")
		case k.Status == api.KeyExpired && (renamed || *in.Status != api.KeyArchived):
			return none, invalid("API key `" + id + "` is expired and can only be archived.")
		}
		if statusChanged && *in.Status == api.KeyActive {
			if err := t.checkActiveKeyLimit(k.Scope.WorkspaceID); err != nil {
				return none, err
			}
		}
		if renamed {
			k.Name = *in.Name
		}
		if statusChanged {
			k = k.withStatus(*in.Status, t.now)
		}
		if k.Status == api.KeyArchived {
			t.note(APIKeyArchived, id)
		} else {
			t.note(APIKeyUpdated, id)
		}
		return keyObject(t.putKey(k)), nil
	})
}

// NewAPIKey is the input of CreateAPIKey.
type NewAPIKey struct {
	Name        string
	Principal   *api.Principal // nil for the key of a workspace
	WorkspaceID string         // when empty, the Default Workspace for a key without a principal, and none for others
	CreatedBy   string         // a user; when empty, the principal's user, the first admin, or the first user
	ExpiresAt   api.Time       // null for never
}

// CreateAPIKey creates a key, as a person does in the Console, and returns its
// secret, of which only the hint is stored. The Admin API has no operation for it.
func (o *Organization) CreateAPIKey(in NewAPIKey) (key Object[APIKey], secret string, err error) {
	key, err = update(o, func(t *tx) (none Object[APIKey], err error) {
		user := in.Principal.User()
		if in.WorkspaceID == "" && in.Principal == nil {
			in.WorkspaceID = t.defaultWorkspace
		}
		w := t.workspaces.get(in.WorkspaceID)
		if in.CreatedBy == "" {
			in.CreatedBy = cmp.Or(user, t.defaultCreator())
		}
		switch {
		case in.WorkspaceID != "" && user != "":
			return none, refused("personal_key_in_workspace", "a personal API key cannot have a workspace")
		case in.WorkspaceID != "" && w == nil:
			return none, noSuch("workspace", in.WorkspaceID)
		case user != "" && t.users.get(user) == nil:
			return none, noSuch("user", user)
		case in.CreatedBy == "":
			return none, refused("nobody", "the organization has no user to create the key")
		case t.users.get(in.CreatedBy) == nil:
			return none, noSuch("user", in.CreatedBy)
		case w != nil && !w.Value.ArchivedAt.IsZero():
			return none, archivedWorkspace(in.WorkspaceID)
		case !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(t.now.Time):
			return none, refused("invalid_expiry", "expires_at must be after the clock's time, "+t.now.String())
		}
		if err := t.checkActiveKeyLimit(in.WorkspaceID); err != nil {
			return none, err
		}
		k := APIKey{APIKey: api.APIKey{
			ID: newID(t, &t.keys, "apikey_"), Type: api.TypeAPIKey, Name: in.Name, CreatedAt: t.now,
			CreatedBy: api.Actor{ID: in.CreatedBy, Type: api.ActorUser}, Status: api.KeyActive, ExpiresAt: in.ExpiresAt,
			Principal: in.Principal, Scope: api.ScopeOf(in.WorkspaceID),
		}, History: []StatusChange{{api.KeyActive, t.now}}}
		if w != nil && !w.Value.isDefault {
			k.WorkspaceID = api.Nullable(w.key)
		}
		secret = t.newSecret(o.ID())
		k.PartialKeyHint = api.Nullable(hint(secret))
		t.note(APIKeyCreated, k.ID)
		return keyObject(t.putKey(k)), nil
	})
	return key, secret, err
}

// newSecret returns the secret of a new API key: a function of the id stream and of
// the organization's id. Organizations that were created from one another have the
// same stream; the id makes the secret unique on the server.
func (t *tx) newSecret(organizationID string) string {
	sum := sha512.Sum512(fmt.Appendf(nil, "%s %d %d", organizationID, t.ids.Seed, t.ids.next()))
	return "sk-ant-api03-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "AA"
}

// defaultCreator returns the id of the admin who joined first, or of the user who
// joined first if there is no admin. It is empty without users.
func (t *tx) defaultCreator() (id string) {
	for _, s := range []span[User]{t.users.span(usersListed, User{}), t.users.span(usersByRole, User{User: api.User{Role: api.RoleAdmin}})} {
		if r := s.walk(oldest, true)(); r != nil {
			id = r.key
		}
	}
	return id
}

// hint returns the part of a secret that is stored.
func hint(secret string) string {
	const front = len("sk-ant-api03-") + 3
	return secret[:front] + "..." + secret[len(secret)-4:]
}

// UseAPIKey marks a key as used now, as a request to the Messages API would.
func (o *Organization) UseAPIKey(id string) (Object[APIKey], error) {
	return update(o, func(t *tx) (none Object[APIKey], err error) {
		r := t.keys.get(id)
		switch {
		case r == nil:
			return none, noSuch("API key", id)
		case r.Value.Status != api.KeyActive:
			return none, refused("api_key_not_active", "API key "+text.Quote(id)+" is "+string(r.Value.Status)+": only an active key can be used")
		}
		k := r.Value.APIKey
		k.LastUsedAt = t.now
		t.note(APIKeyUsed, id)
		return keyObject(t.putKey(k)), nil
	})
}
