package api

// TypeUser is the `type` of a User.
const TypeUser = "user"

// User is a member of the organization.
type User struct {
	ID      string           `json:"id"`
	Type    string           `json:"type"`
	Email   string           `json:"email"`
	Name    string           `json:"name"`
	Role    OrganizationRole `json:"role"`
	AddedAt Time             `json:"added_at"`
}

// Deleted confirms a deletion: Type is "user_deleted" or "invite_deleted".
type Deleted struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// The types of Deleted.
const (
	TypeUserDeleted   = "user_deleted"
	TypeInviteDeleted = "invite_deleted"
)
