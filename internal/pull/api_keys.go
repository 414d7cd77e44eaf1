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

// readAPIKeys reads keys in the shape of any version of the API: the workspace of a key
// is in scope, in workspace_id, or in both.
func (p *puller) readAPIKeys(ctx context.Context) (err error) {
	p.keys, err = readList(ctx, p, list[api.APIKey]{
		noun: "API keys", path: "api_keys",
		fields: []string{
			"id", "type", "name", "workspace_id", "created_at", "created_by.id", "created_by.type", "status", "last_used_at", "partial_key_hint", "expires_at",
			"principal.type", "principal.user_id", "principal.service_account_id", "scope.type", "scope.workspace_id",
		},
		id: func(k api.APIKey) string { return k.ID },
	})
	return err
}

var hint = regexp.MustCompile(api.KeyHintPattern)

// seedAPIKeys returns the API keys. A seed accepts an id that begins with user_ even if
// the user was removed. Other creators and users of personal keys who are not users are
// returned as removed users.
func (p *puller) seedAPIKeys() (keys []seed.APIKey, removed []seed.RemovedUser) {
	first := map[string]api.Time{} // creation time of such a user's first key
	for i := range p.keys {        // newest first
		k := &p.keys[i]
		out, ok := p.seedAPIKey(k, len(p.keys)-i)
		if !ok {
			continue
		}
		for _, id := range []string{out.CreatedBy.User, out.Principal.User()} {
			if id != "" && !strings.HasPrefix(id, "user_") && p.roles[id] == "" {
				p.notes.add(id, "replaced user of an API key who is not a user of the organization with a removed user")
				first[id] = k.CreatedAt
			}
		}
		keys = append(keys, out)
	}
	for _, id := range slices.Sorted(maps.Keys(first)) {
		removed = append(removed, seed.RemovedUser{ID: id, AddedAt: seed.At(first[id].Time)})
	}
	return keys, removed
}

// seedAPIKey returns the key that the seed has for k, unless it cannot have one.
func (p *puller) seedAPIKey(k *api.APIKey, number int) (out seed.APIKey, ok bool) {
	if !supported(k.Principal) {
		p.notes.add(k.ID, "omitted API key with unsupported principal %q", k.Principal.Type)
		return out, false
	}
	workspaceID := p.keyWorkspace(k)
	archivedAt, listed := p.archived[workspaceID]
	if workspaceID != "" && workspaceID != p.defaultID && !listed {
		p.notes.add(k.ID, "omitted API key of an unlisted workspace")
		return out, false
	}
	if !api.OneOf(k.Status, api.APIKeyStatuses) {
		p.notes.add(k.ID, "replaced unknown API key status %q with %q", k.Status, api.KeyInactive)
		k.Status = api.KeyInactive
	}
	user := k.Principal.User()
	switch {
	case k.Status == api.KeyArchived:
	case !archivedAt.IsZero():
		p.notes.add(k.ID, "replaced status %q with %q (the workspace of the API key is archived)", k.Status, api.KeyArchived)
		k.Status = api.KeyArchived
	case user != "" && p.roles[user] == "":
		p.notes.add(k.ID, "replaced status %q with %q (the user of the personal API key was removed)", k.Status, api.KeyArchived)
		k.Status = api.KeyArchived
	}
	if workspaceID == p.defaultID && k.Principal == nil {
		workspaceID = ""
	}
	return seed.APIKey{
		ID: k.ID, Name: p.name(k.ID, k.Name, fmt.Sprintf("Key %d", number)), Workspace: api.Nullable(workspaceID),
		CreatedAt: seed.At(k.CreatedAt.Time), CreatedBy: p.creator(k), Principal: k.Principal, Status: k.Status, LastUsedAt: seed.OrNull(k.LastUsedAt),
		PartialKeyHint: new(api.Nullable(p.matchOrOmit(k.ID, "partial_key_hint", string(k.PartialKeyHint), hint))), ExpiresAt: seed.OrNull(k.ExpiresAt),
	}, true
}

// supported reports whether a seed can have the principal.
func supported(p *api.Principal) bool {
	switch {
	case p == nil:
		return true
	case p.Type == api.PrincipalUser:
		return p.UserID != "" && p.ServiceAccountID == ""
	case p.Type == api.PrincipalServiceAccount:
		return p.ServiceAccountID != "" && p.UserID == ""
	}
	return false
}

// keyWorkspace returns the id of the key's workspace. It is empty for a key without a
// workspace, and for a key of the Default Workspace if that one's id is not known.
func (p *puller) keyWorkspace(k *api.APIKey) string {
	personal := k.Principal.User() != ""
	switch {
	case k.Scope.Type == api.ScopeOrganization && k.Principal == nil:
		p.notes.add(k.ID, "replaced scope %q of an API key without a principal with the Default Workspace", k.Scope.Type)
		return ""
	case personal && cmp.Or(k.Scope.WorkspaceID, string(k.WorkspaceID)) != "":
		p.notes.add(k.ID, "omitted workspace of a personal API key")
		return ""
	case k.Scope.Type != "" && !api.OneOf(k.Scope.Type, api.ScopeTypes):
		p.notes.add(k.ID, "omitted unknown scope %q of an API key", k.Scope.Type)
	}
	return cmp.Or(k.Scope.WorkspaceID, string(k.WorkspaceID))
}

// creator returns the creator that the key has in the seed.
func (p *puller) creator(k *api.APIKey) seed.Creator {
	by := k.CreatedBy
	switch {
	case by.ID == "":
		if by.Type != "" {
			p.notes.add(k.ID, "replaced created_by without an id with null")
		}
		return seed.Creator{}
	case by.Type == api.ActorServiceAccount:
		return seed.Creator{ServiceAccount: by.ID}
	case by.Type != "" && by.Type != api.ActorUser:
		p.notes.add(k.ID, "replaced created_by of unknown type %q with null", by.Type)
		return seed.Creator{}
	}
	return seed.Creator{User: by.ID}
}
