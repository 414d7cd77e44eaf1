package api

// TypeInvite is the `type` of an Invite.
const TypeInvite = "invite"

// Invite is an invitation to join the organization.
type Invite struct {
	ID           string           `json:"id"`
	Type         string           `json:"type"`
	Email        string           `json:"email"`
	Role         OrganizationRole `json:"role"`
	Status       InviteStatus     `json:"status"`
	InvitedAt    Time             `json:"invited_at"`
	ExpiresAt    Time             `json:"expires_at"`
	AcceptedAt   Time             `json:"accepted_at"`    // null until accepted
	RBACGroupIDs []string         `json:"rbac_group_ids"` // always empty: groups belong to Claude Enterprise
}

// InviteStatus is the status of an invite.
type InviteStatus string

// The statuses of an invite.
const (
	InvitePending  InviteStatus = "pending"
	InviteAccepted InviteStatus = "accepted"
	InviteExpired  InviteStatus = "expired"
	InviteDeleted  InviteStatus = "deleted"
)

// InviteStatuses lists every status, ListedInviteStatuses the ones that lists show
// and filter by: deleted invites can only be read by id.
var (
	InviteStatuses       = []InviteStatus{InvitePending, InviteAccepted, InviteExpired, InviteDeleted}
	ListedInviteStatuses = []InviteStatus{InviteAccepted, InviteExpired, InvitePending}
)
