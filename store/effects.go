package store

import "antechamber/api"

// Effect is one thing that a write, or the passing of time, changed.
type Effect struct {
	Type        string   `json:"type"` // one of the constants below
	ID          string   `json:"id"`   // of the object; of a workspace member that of the user
	WorkspaceID string   `json:"workspace_id,omitempty"`
	At          api.Time `json:"at"`
}

// The types of effects.
const (
	UserAdded              = "user.added"
	UserUpdated            = "user.updated"
	UserRemoved            = "user.removed"
	InviteCreated          = "invite.created"
	InviteAccepted         = "invite.accepted"
	InviteExpired          = "invite.expired"
	InviteDeleted          = "invite.deleted"
	WorkspaceCreated       = "workspace.created"
	WorkspaceUpdated       = "workspace.updated"
	WorkspaceArchived      = "workspace.archived"
	WorkspaceMemberAdded   = "workspace_member.added"
	WorkspaceMemberUpdated = "workspace_member.updated"
	WorkspaceMemberRemoved = "workspace_member.removed"
	APIKeyCreated          = "api_key.created"
	APIKeyUpdated          = "api_key.updated"
	APIKeyArchived         = "api_key.archived"
	APIKeyExpired          = "api_key.expired"
	APIKeyUsed             = "api_key.used"
	SettingsUpdated        = "settings.updated"
)

// note records what a write changes, as it changes it.
func (t *tx) note(what, id string) { t.noteAt(what, id, t.now) }

func (t *tx) noteAt(what, id string, at api.Time) {
	t.effects = append(t.effects, Effect{Type: what, ID: id, At: at})
}

func (t *tx) noteMember(what string, m Member) {
	t.effects = append(t.effects, Effect{Type: what, ID: m.UserID, WorkspaceID: m.WorkspaceID, At: t.now})
}
