package pull

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/seed"
)

func (p *puller) readAPIKeys(ctx context.Context) (err error) {
	p.keys, err = readList(ctx, p, list[api.APIKey]{
		noun: "API keys", path: "api_keys",
		fields: []string{
			"id", "type", "name", "workspace_id", "created_at", "created_by.id", "created_by.type", "status", "last_used_at", "partial_key_hint", "expires_at",
			"principal", "scope.type", "scope.workspace_id",
		},
		id: func(k api.APIKey) string { return k.ID },
	})
	return err
}

// unknownCreator is the creator of a key without created_by.
const unknownCreator = "unknown"

var hint = regexp.MustCompile(api.KeyHintPattern)

// seedAPIKeys returns the API keys. A seed accepts an id that begins with user_ as the
// creator of a key even if the user was removed. Other creators who are not users are
// returned as removed users.
func (p *puller) seedAPIKeys() (keys []seed.APIKey, removed []seed.RemovedUser) {
	first := map[string]api.Time{} // creation time of such a creator's first key
	for i := range p.keys {        // newest first
		k := &p.keys[i]
		if string(k.WorkspaceID) == p.defaultID {
			k.WorkspaceID = ""
		}
		archivedAt, listed := p.archived[string(k.WorkspaceID)]
		if k.WorkspaceID != "" && !listed {
			p.notes.add(k.ID, "omitted API key of an unlisted workspace")
			continue
		}
		k.CreatedBy.ID = cmp.Or(k.CreatedBy.ID, unknownCreator)
		if id := k.CreatedBy.ID; !strings.HasPrefix(id, "user_") && p.roles[id] == "" {
			p.notes.add(id, "replaced creator who is not a user with a removed user")
			first[id] = k.CreatedAt
		}
		keys = append(keys, p.seedAPIKey(k, len(p.keys)-i, !archivedAt.IsZero()))
	}
	for _, id := range slices.Sorted(maps.Keys(first)) {
		removed = append(removed, seed.RemovedUser{ID: id, AddedAt: seed.At(first[id].Time)})
	}
	return keys, removed
}

func (p *puller) seedAPIKey(k *api.APIKey, number int, inArchived bool) seed.APIKey {
	if k.Principal != nil || k.Scope.Type != "" && k.Scope.Type != "workspace" {
		workspace := "its workspace"
		if k.WorkspaceID == "" {
			workspace = "the Default Workspace"
		}
		p.notes.add(k.ID, "replaced API key with principal %q and scope %q with an API key of %s", cmp.Or(k.Principal, &api.Actor{}).Type, k.Scope.Type, workspace)
	}
	if !api.OneOf(k.Status, api.APIKeyStatuses) {
		p.notes.add(k.ID, "replaced unknown API key status %q with %q", k.Status, api.KeyInactive)
		k.Status = api.KeyInactive
	}
	if inArchived && k.Status != api.KeyArchived {
		p.notes.add(k.ID, "replaced status %q with %q (the workspace of the API key is archived)", k.Status, api.KeyArchived)
		k.Status = api.KeyArchived
	}
	return seed.APIKey{
		ID: k.ID, Name: p.name(k.ID, k.Name, fmt.Sprintf("Key %d", number)), Workspace: k.WorkspaceID,
		CreatedAt: seed.At(k.CreatedAt.Time), CreatedBy: k.CreatedBy.ID, Status: k.Status, LastUsedAt: seed.OrNull(k.LastUsedAt),
		PartialKeyHint: new(api.Nullable(p.matchOrOmit(k.ID, "partial_key_hint", string(k.PartialKeyHint), hint))), ExpiresAt: seed.OrNull(k.ExpiresAt),
	}
}
