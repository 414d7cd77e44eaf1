package store

import "antechamber/api"

// Effect is one change that a write or the passing of time made.
type Effect struct {
	Type        string   `json:"type"` // such as UserAdded; each noun's file declares its types
	ID          string   `json:"id"`   // of the object; for a workspace member, of the user
	WorkspaceID string   `json:"workspace_id,omitempty"`
	At          api.Time `json:"at"`
}

// note records an effect of the write.
func (t *tx) note(effect, id string) { t.noteAt(effect, id, t.now) }

func (t *tx) noteAt(effect, id string, at api.Time) {
	t.effects = append(t.effects, Effect{Type: effect, ID: id, At: at})
}

func (t *tx) noteMember(effect string, m Member) {
	t.effects = append(t.effects, Effect{Type: effect, ID: m.UserID, WorkspaceID: m.WorkspaceID, At: t.now})
}
