package admintest

import (
	"slices"

	"antechamber/internal/remedy"
	"antechamber/internal/text"
	"antechamber/store"
)

// Effect is a change caused by a request, a person or the passing of time. Its
// fields are Type, such as [InviteExpired]; ID, of the changed object or, for a
// workspace member, of the user; WorkspaceID, set for workspace members only; and
// At, an api.Time, which embeds a time.Time.
type Effect = store.Effect

// The types of effects, such as "user.added", "workspace_member.removed" and
// "api_key.archived".
const (
	UserAdded              = store.UserAdded
	UserUpdated            = store.UserUpdated
	UserRemoved            = store.UserRemoved
	InviteCreated          = store.InviteCreated
	InviteAccepted         = store.InviteAccepted
	InviteExpired          = store.InviteExpired
	InviteDeleted          = store.InviteDeleted
	WorkspaceCreated       = store.WorkspaceCreated
	WorkspaceUpdated       = store.WorkspaceUpdated
	WorkspaceArchived      = store.WorkspaceArchived
	WorkspaceMemberAdded   = store.WorkspaceMemberAdded
	WorkspaceMemberUpdated = store.WorkspaceMemberUpdated
	WorkspaceMemberRemoved = store.WorkspaceMemberRemoved
	APIKeyUpdated          = store.APIKeyUpdated
	APIKeyArchived         = store.APIKeyArchived
	APIKeyExpired          = store.APIKeyExpired
)

// effectTypes are the types of all effects.
var effectTypes = []string{
	UserAdded, UserUpdated, UserRemoved, InviteCreated, InviteAccepted, InviteExpired, InviteDeleted,
	WorkspaceCreated, WorkspaceUpdated, WorkspaceArchived, WorkspaceMemberAdded, WorkspaceMemberUpdated, WorkspaceMemberRemoved,
	store.APIKeyCreated, APIKeyUpdated, APIKeyArchived, APIKeyExpired, store.APIKeyUsed,
}

// Effects returns what requests have changed, oldest first: all effects, or only
// those of the given types. It counts work rather than requests: a change whose
// response was lost is included, and a retry that changed nothing adds nothing. It
// leaves out what AddUser, AcceptInvite and the clock change: their results have it.
func (s *Server) Effects(types ...string) []Effect {
	s.t.Helper()
	for _, name := range types {
		if !slices.Contains(effectTypes, name) {
			hint := ""
			if near := remedy.Similar(name, effectTypes); near != nil {
				hint = " (" + near.String() + ")"
			}
			s.t.Fatalf("admintest: Effects: no such type %s%s", text.Quote(name), hint)
		}
	}
	all := []Effect{}
	for _, r := range s.Requests() {
		for _, effect := range r.Effects {
			if len(types) == 0 || slices.Contains(types, effect.Type) {
				all = append(all, effect)
			}
		}
	}
	return all
}
