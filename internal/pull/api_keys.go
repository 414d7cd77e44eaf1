package pull

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/seed"
)

// apiKey is an API key as the API answers it.
type apiKey struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	WorkspaceID api.Nullable     `json:"workspace_id"`
	CreatedAt   api.Time         `json:"created_at"`
	CreatedBy   api.Actor        `json:"created_by"`
	Status      api.APIKeyStatus `json:"status"`
	LastUsedAt  api.Time         `json:"last_used_at"`
	Hint        optional         `json:"partial_key_hint"`
	ExpiresAt   api.Time         `json:"expires_at"`
	Principal   *api.Actor       `json:"principal"`
	Scope       api.Scope        `json:"scope"`
}

// optional is a text that may be null or left out; it is nil when left out.
type optional struct{ *api.Nullable }

func (o *optional) UnmarshalJSON(b []byte) error {
	o.Nullable = new(api.Nullable)
	return o.Nullable.UnmarshalJSON(b)
}

func (p *puller) readAPIKeys(ctx context.Context) (err error) {
	p.keys, err = readList(ctx, p, list[apiKey]{
		noun: "API keys", path: "api_keys",
		fields: []string{
			"id", "type", "name", "workspace_id", "created_at", "created_by.id", "created_by.type", "status", "last_used_at", "partial_key_hint", "expires_at",
			"principal", "scope.type", "scope.workspace_id",
		},
		id: func(k apiKey) string { return k.ID },
	})
	return err
}

// unknownCreator is the creator of a key for which the server names none.
const unknownCreator = "user_unknown"

var hint = regexp.MustCompile(api.KeyHintPattern)

// seedAPIKeys returns the keys, and as removed users those creators that a seed
// cannot refer to otherwise.
func (p *puller) seedAPIKeys() (keys []seed.APIKey, removed []seed.RemovedUser) {
	gone := map[string]api.Time{} // when their first key was created
	for i := range p.keys {
		k := &p.keys[i]
		archivedAt, listed := p.archived[string(k.WorkspaceID)]
		if k.WorkspaceID != "" && string(k.WorkspaceID) != p.defaultID && !listed {
			p.notes.add(k.ID, "key of a workspace that is not listed left out")
			continue
		}
		if k.CreatedBy.ID == "" {
			p.notes.add(k.ID, "missing created_by becomes a removed user")
			k.CreatedBy.ID = unknownCreator
		}
		p.noLater(k.ID, "created_at", &k.CreatedAt, k.ExpiresAt, "expires_at")
		p.noLater(k.ID, "created_at", &k.CreatedAt, archivedAt, "the workspace's archived_at")
		id := k.CreatedBy.ID
		if isUser := strings.HasPrefix(id, "user_"); p.roles[id] == "" && (id == unknownCreator || !isUser) {
			if !isUser {
				p.notes.add(id, "creator that is not a user becomes a removed user")
			}
			if at, known := gone[id]; !known || k.CreatedAt.Before(at.Time) {
				gone[id] = k.CreatedAt
			}
		}
		keys = append(keys, p.seedAPIKey(k, len(p.keys)-i, !archivedAt.IsZero()))
	}
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		removed = append(removed, seed.RemovedUser{ID: id, AddedAt: seed.At(gone[id].Time)})
	}
	return keys, removed
}

func (p *puller) seedAPIKey(k *apiKey, number int, inArchived bool) seed.APIKey {
	in := k.WorkspaceID
	if string(in) == p.defaultID {
		in = ""
	}
	p.adjustKind(k, in)
	if !api.OneOf(k.Status, api.APIKeyStatuses) {
		p.notes.add(k.ID, "unknown status %q of a key becomes %q", k.Status, api.KeyInactive)
		k.Status = api.KeyInactive
	}
	if inArchived && k.Status != api.KeyArchived {
		p.notes.add(k.ID, "status %q of a key in an archived workspace becomes %q", k.Status, api.KeyArchived)
		k.Status = api.KeyArchived
	}
	if given := k.Hint.Nullable; given != nil && *given != "" && !hint.MatchString(string(*given)) {
		p.notes.add(k.ID, "invalid partial_key_hint left out")
		*given = ""
	}
	if k.Status == api.KeyExpired && k.ExpiresAt.IsZero() {
		p.notes.add(k.ID, "missing expires_at of an expired key replaced by when it was last used, or created")
		k.ExpiresAt = k.CreatedAt
		if k.LastUsedAt.After(k.CreatedAt.Time) {
			k.ExpiresAt = k.LastUsedAt
		}
	}
	return seed.APIKey{
		ID: k.ID, Name: p.name(k.ID, k.Name, 500, fmt.Sprintf("Key %d", number)), Workspace: in,
		CreatedAt: seed.At(k.CreatedAt.Time), CreatedBy: k.CreatedBy.ID, Status: k.Status,
		LastUsedAt: seed.OrNull(k.LastUsedAt), PartialKeyHint: k.Hint.Nullable, ExpiresAt: seed.OrNull(k.ExpiresAt),
	}
}

// adjustKind notes a key that acts for a principal or belongs to none of the
// workspaces: a seed has keys of workspaces alone.
func (p *puller) adjustKind(k *apiKey, in api.Nullable) {
	principal, becomes := "", "a key of its workspace"
	if k.Principal != nil {
		principal = k.Principal.Type
	}
	if in == "" {
		becomes = "a key of the Default Workspace"
	}
	if k.Principal != nil || k.Scope.Type != "" && k.Scope.Type != "workspace" {
		p.notes.add(k.ID, "key with the principal %q and the scope %q becomes %s", principal, k.Scope.Type, becomes)
	}
}
