package api

// UUIDPattern is the form of a UUID.
const UUIDPattern = `^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`

// Organization is the response of GET /organizations/me.
type Organization struct {
	ID   string `json:"id"` // a UUID
	Type string `json:"type"`
	Name string `json:"name"`
}

// OrganizationRole is what a user may do in the organization.
type OrganizationRole string

// The roles of an organization.
const (
	RoleUser           OrganizationRole = "user"
	RoleClaudeCodeUser OrganizationRole = "claude_code_user"
	RoleDeveloper      OrganizationRole = "developer"
	RoleBilling        OrganizationRole = "billing"
	RoleAdmin          OrganizationRole = "admin"
)

// OrganizationRoles lists every role, AssignableRoles the ones that an invite or an
// update can assign: the API cannot make a user an admin.
var (
	OrganizationRoles = []OrganizationRole{RoleUser, RoleDeveloper, RoleBilling, RoleClaudeCodeUser, RoleAdmin}
	AssignableRoles   = []OrganizationRole{RoleUser, RoleDeveloper, RoleBilling, RoleClaudeCodeUser}
)
