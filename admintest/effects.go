package admintest

import (
	"slices"

	"antechamber/store"
)

// Effect is one thing that a request, a person or the passing of time changed.
// Its fields are Type, one of the constants below, such as "invite.expired"; ID,
// of the object, and of a workspace member that of the user; WorkspaceID, of a
// workspace member; and At, an api.Time, which is a time.Time to embed.
type Effect = store.Effect

// The types of effects, as strings: "user.added", "workspace_member.removed",
// "api_key.archived" and so on.
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

// Effects returns what requests have changed, oldest first: all of it, or what is
// of some types. What was done and never answered is in it, and what was tried
// twice and done once is in it once.
func (s *Server) Effects(types ...string) []Effect {
	s.t.Helper()
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
