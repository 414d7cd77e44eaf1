package store

// Settings are an organization's limits and options, which can change at run time.
// A nil limit is no limit.
type Settings struct {
	WorkspaceLimit         int            `json:"workspace_limit"`           // unarchived workspaces, not counting the Default Workspace
	MemberLimit            *int           `json:"member_limit"`              // users and pending invites together
	WorkspaceMemberLimit   *int           `json:"workspace_member_limit"`    // assigned members of one workspace
	APIKeyLimit            *int           `json:"api_key_limit"`             // active keys of the organization
	WorkspaceAPIKeyLimit   *int           `json:"workspace_api_key_limit"`   // active keys of one workspace
	AllowedInviteDomains   []string       `json:"allowed_invite_domains"`    // nil: any domain; empty: none
	WorkspaceNameMaxLength int            `json:"workspace_name_max_length"` // characters
	AnthropicVersions      []string       `json:"anthropic_versions"`        // known values of the anthropic-version header
	DeletedInvites         DeletedInvites `json:"deleted_invites"`
}

// DeletedInvites is what GetOrganizationInvite and DeleteOrganizationInvite do with a
// deleted invite. What production does is not known.
type DeletedInvites string

// The values of DeletedInvites.
const (
	DeletedReadable DeletedInvites = "readable" // it has the status deleted
	DeletedGone     DeletedInvites = "gone"     // it is not found
)

// AllDeletedInvites lists every value.
var AllDeletedInvites = []DeletedInvites{DeletedReadable, DeletedGone}

// DefaultSettings returns the settings of an organization that sets none.
func DefaultSettings() Settings {
	return Settings{
		WorkspaceLimit:         100,
		WorkspaceNameMaxLength: 40,
		AnthropicVersions:      []string{"2023-01-01", "2023-06-01", "2026-10-21"},
		DeletedInvites:         DeletedReadable,
	}
}
