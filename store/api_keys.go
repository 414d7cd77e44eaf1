package store

import (
	"cmp"
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
	keysByExpiry
)

func byStatus(a, b *APIKey) int { return cmp.Compare(a.Status, b.Status) }
func byWorkspace(a, b *APIKey) int {
	return strings.Compare(a.Scope.WorkspaceID, b.Scope.WorkspaceID)
}
func byCreator(a, b *APIKey) int { return strings.Compare(a.CreatedBy.ID, b.CreatedBy.ID) }

var keyIndexes = []index[APIKey]{
	keysListed:      {},
	keysByStatus:    {group: byStatus},
	keysByWorkspace: {group: func(a, b *APIKey) int { return cmp.Or(byWorkspace(a, b), byStatus(a, b)) }},
	keysByCreator:   {group: func(a, b *APIKey) int { return cmp.Or(byCreator(a, b), byStatus(a, b)) }},
	keysByWorkspaceAndCreator: {group: func(a, b *APIKey) int {
		return cmp.Or(byWorkspace(a, b), byCreator(a, b), byStatus(a, b))
	}},
	keysByExpiry: {
		holds: func(k *APIKey) bool {
			return !k.ExpiresAt.IsZero() && (k.Status == api.KeyActive || k.Status == api.KeyInactive)
		},
		less: func(a, b *row[APIKey]) bool {
			return cmp.Or(a.Value.ExpiresAt.Compare(b.Value.ExpiresAt.Time), cmp.Compare(a.key, b.key)) < 0
		},
	},
}

func keyRow(k APIKey) *row[APIKey] {
	return &row[APIKey]{k.ID, at(k.CreatedAt, k.ID), k, api.Encode(k.APIKey)}
}

func (t *tx) buildAPIKey(k APIKey) error {
	w := t.workspaces.get(k.Scope.WorkspaceID)
	switch {
	case t.keys.get(k.ID) != nil:
		return fmt.Errorf("duplicate API key %q", k.ID)
	case w == nil:
		return fmt.Errorf("API key %q: no such workspace %q", k.ID, k.Scope.WorkspaceID)
	case !w.Value.ArchivedAt.IsZero() && k.Status != api.KeyArchived:
		return fmt.Errorf("API key %q must be archived, like its workspace", k.ID)
	}
	t.putKey(k)
	return nil
}

func (t *tables) keyContents() []APIKey {
	return collect(nil, t.keys.span(keysListed, APIKey{}), func(k *APIKey) APIKey { return *k })
}

func (s *state) keysIn(workspaceID string, status api.APIKeyStatus) span[APIKey] {
	return s.keys.span(keysByWorkspace, APIKey{APIKey: api.APIKey{
		Scope: api.Scope{WorkspaceID: workspaceID}, Status: status,
	}})
}

// putKey adds or replaces a key and updates the counts of active keys.
func (t *tx) putKey(k APIKey) *row[APIKey] {
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
	if r := t.keys.span(keysByExpiry, APIKey{}).first(); r != nil {
		return r.Value.ExpiresAt.UnixMicro()
	}
	return math.MaxInt64
}

// expireKey expires the first key that is due, and reports whether there was one.
func (t *tx) expireKey() bool {
	r := t.keys.span(keysByExpiry, APIKey{}).first()
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
	WorkspaceID     string // the Default Workspace's id matches keys whose workspace_id is null
	CreatedByUserID string
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
		return pageOf(c, s.keys.span(keysListed, APIKey{})), nil
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
	var spans []span[APIKey]
	for _, status := range statuses {
		spans = append(spans, s.keys.span(index, APIKey{APIKey: api.APIKey{
			Status: status, Scope: api.Scope{WorkspaceID: f.WorkspaceID}, CreatedBy: api.Actor{ID: f.CreatedByUserID},
		}}))
	}
	return pageOf(c, spans...), nil
}

// GetAPIKey returns the API key with the given id.
func (o *Organization) GetAPIKey(id string) (Object[APIKey], error) {
	k := o.view().keys.get(id)
	if k == nil {
		return Object[APIKey]{}, notFound("API key", id)
	}
	return k.object(), nil
}

// checkActiveKeyLimit refuses if the limits allow no more active keys.
func (t *tx) checkActiveKeyLimit(workspaceID string) error {
	switch {
	case reached(t.settings.APIKeyLimit, t.activeAll):
		return refused(api.OrgAPIKeyLimitExceeded, "The organization has reached its limit of active API keys.")
	case reached(t.settings.WorkspaceAPIKeyLimit, countOf(t.active, workspaceID)):
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
		k := r.Value
		renamed := in.Name != nil && *in.Name != k.Name
		statusChanged := in.Status != nil && *in.Status != k.Status
		switch {
		case !renamed && !statusChanged:
			return r.object(), nil
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
		return t.putKey(k).object(), nil
	})
}

// NewAPIKey is the input of CreateAPIKey.
type NewAPIKey struct {
	Name        string
	WorkspaceID string   // the Default Workspace when empty
	CreatedBy   string   // a user; the first admin, or the first user, when empty
	ExpiresAt   api.Time // null for never
}

// CreateAPIKey creates a key, as a person does in the Console, and returns its
// secret, of which only the hint is stored. The Admin API has no operation for it.
func (o *Organization) CreateAPIKey(in NewAPIKey) (key Object[APIKey], secret string, err error) {
	key, err = update(o, func(t *tx) (none Object[APIKey], err error) {
		if in.WorkspaceID == "" {
			in.WorkspaceID = t.defaultWorkspace
		}
		if in.CreatedBy == "" {
			in.CreatedBy = t.defaultCreator()
		}
		w := t.workspaces.get(in.WorkspaceID)
		switch {
		case w == nil:
			return none, noSuch("workspace", in.WorkspaceID)
		case in.CreatedBy == "":
			return none, refused("nobody", "the organization has no user to create the key")
		case t.users.get(in.CreatedBy) == nil:
			return none, noSuch("user", in.CreatedBy)
		case !w.Value.ArchivedAt.IsZero():
			return none, archivedWorkspace(in.WorkspaceID)
		case !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(t.now.Time):
			return none, refused("invalid_expiry", "expires_at must be after the clock's time, "+t.now.String())
		}
		if err := t.checkActiveKeyLimit(in.WorkspaceID); err != nil {
			return none, err
		}
		k := APIKey{APIKey: api.APIKey{
			ID: newID(t, &t.keys, "apikey_"), Type: api.TypeAPIKey, Name: in.Name, CreatedAt: t.now,
			CreatedBy: api.Actor{ID: in.CreatedBy, Type: api.TypeUser}, Status: api.KeyActive, ExpiresAt: in.ExpiresAt,
			Scope: api.Scope{Type: api.TypeWorkspace, WorkspaceID: w.key},
		}, History: []StatusChange{{api.KeyActive, t.now}}}
		if !w.Value.isDefault {
			k.WorkspaceID = api.Nullable(w.key)
		}
		secret = "sk-ant-api03-" + strings.ReplaceAll(t.ids.UUID()+t.ids.UUID(), "-", "") + "AA"
		k.PartialKeyHint = api.Nullable(hint(secret))
		t.note(APIKeyCreated, k.ID)
		return t.putKey(k).object(), nil
	})
	return key, secret, err
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
		k := r.Value
		k.LastUsedAt = t.now
		t.note(APIKeyUsed, id)
		return t.putKey(k).object(), nil
	})
}
