package api

// TypeWorkspaceMember is the `type` of a WorkspaceMember.
const TypeWorkspaceMember = "workspace_member"

// WorkspaceMember is a user's place in a workspace.
type WorkspaceMember struct {
	Type          string        `json:"type"`
	UserID        string        `json:"user_id"`
	WorkspaceID   string        `json:"workspace_id"`
	WorkspaceRole WorkspaceRole `json:"workspace_role"`
}

// WorkspaceMemberDeleted confirms that a user was taken out of a workspace.
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

// AssignableWorkspaceRoles are those that a request may give:
// workspace_billing comes with the organization's billing role alone.
var AssignableWorkspaceRoles = []WorkspaceRole{WorkspaceUser, WorkspaceDeveloper, WorkspaceRestrictedDeveloper, WorkspaceAdmin}
