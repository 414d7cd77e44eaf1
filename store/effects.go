package store

import "antechamber/api"

// Effect is one thing that a write, or the passing of time, changed.
type Effect struct {
	Type        string   `json:"type"` // such as UserAdded; the types are declared in the files of the nouns
	ID          string   `json:"id"`   // of the object; of a workspace member that of the user
	WorkspaceID string   `json:"workspace_id,omitempty"`
	At          api.Time `json:"at"`
}

// note records what a write changes, as it changes it.
func (t *tx) note(what, id string) { t.noteAt(what, id, t.now) }

func (t *tx) noteAt(what, id string, at api.Time) {
	t.effects = append(t.effects, Effect{Type: what, ID: id, At: at})
}

func (t *tx) noteMember(what string, m Member) {
	t.effects = append(t.effects, Effect{Type: what, ID: m.UserID, WorkspaceID: m.WorkspaceID, At: t.now})
}
