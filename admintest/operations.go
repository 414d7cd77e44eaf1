package admintest

// Operation is an operation of the Admin API, named by its operationId.
type Operation string

// The operations of the Admin API.
const (
	GetCurrentOrganization   Operation = "getCurrentOrganization"
	ListOrganizationMembers  Operation = "listOrganizationMembers"
	GetOrganizationMember    Operation = "getOrganizationMember"
	UpdateOrganizationMember Operation = "updateOrganizationMember"
	RemoveOrganizationMember Operation = "removeOrganizationMember"

	ListOrganizationInvites  Operation = "listOrganizationInvites"
	CreateOrganizationInvite Operation = "createOrganizationInvite"
	GetOrganizationInvite    Operation = "getOrganizationInvite"
	DeleteOrganizationInvite Operation = "deleteOrganizationInvite"

	ListWorkspaces   Operation = "listWorkspaces"
	CreateWorkspace  Operation = "createWorkspace"
	GetWorkspace     Operation = "getWorkspace"
	UpdateWorkspace  Operation = "updateWorkspace"
	ArchiveWorkspace Operation = "archiveWorkspace"

	ListWorkspaceMembers  Operation = "listWorkspaceMembers"
	AddWorkspaceMember    Operation = "addWorkspaceMember"
	GetWorkspaceMember    Operation = "getWorkspaceMember"
	UpdateWorkspaceMember Operation = "updateWorkspaceMember"
	RemoveWorkspaceMember Operation = "removeWorkspaceMember"

	ListAPIKeys  Operation = "listApiKeys"
	GetAPIKey    Operation = "getApiKey"
	UpdateAPIKey Operation = "updateApiKey"
)
