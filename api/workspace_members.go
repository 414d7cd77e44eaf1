package api

// TypeWorkspaceMember is the `type` of a WorkspaceMember.
const TypeWorkspaceMember = "workspace_member"

// WorkspaceMember is a user's membership of a workspace.
type WorkspaceMember struct {
	Type          string        `json:"type"`
	UserID        string        `json:"user_id"`
	WorkspaceID   string        `json:"workspace_id"`
	WorkspaceRole WorkspaceRole `json:"workspace_role"`
}

// WorkspaceMemberDeleted confirms that a user was removed from a workspace.
type WorkspaceMemberDeleted struct {
	Type        string `json:"type"` // always "workspace_member_deleted"
	UserID      string `json:"user_id"`
	WorkspaceID string `json:"workspace_id"`
}

// TypeWorkspaceMemberDeleted is the `type` of a WorkspaceMemberDeleted.
const TypeWorkspaceMemberDeleted = "workspace_member_deleted"

// WorkspaceRole is what a user may do in a workspace.
type WorkspaceRole string

// The roles of a workspace.
const (
	WorkspaceUser                WorkspaceRole = "workspace_user"
	WorkspaceDeveloper           WorkspaceRole = "workspace_developer"
	WorkspaceRestrictedDeveloper WorkspaceRole = "workspace_restricted_developer"
	WorkspaceAdmin               WorkspaceRole = "workspace_admin"
	WorkspaceBilling             WorkspaceRole = "workspace_billing"
)

// AssignableWorkspaceRoles lists the roles that a user can be assigned in a
// workspace: workspace_billing is only inherited from the organization's billing
// role. UpdatableWorkspaceRoles lists the ones that an update accepts.
var (
	AssignableWorkspaceRoles = []WorkspaceRole{WorkspaceUser, WorkspaceDeveloper, WorkspaceRestrictedDeveloper, WorkspaceAdmin}
	UpdatableWorkspaceRoles  = []WorkspaceRole{WorkspaceUser, WorkspaceDeveloper, WorkspaceRestrictedDeveloper, WorkspaceAdmin, WorkspaceBilling}
)
