package store

import (
	"time"

	"antechamber/api"
)

// Contents is everything an organization consists of, as plain values: what a
// seed is read into and what an export is written from. Store.Add turns
// Contents into a state and Organization.Contents turns a state back, losing
// nothing.
//
// Every object has its id and its absolute times. Lists may come in any
// order; they leave the store in the order of the API's lists, newest first,
// members by workspace and then in the order of the users. The maps and slices
// inside an object are shared with the organization and not to be written to.
type Contents struct {
	ID        string // a UUID
	Name      string
	AdminKeys []string
	Settings  Settings
	Clock     Clock
	IDs       IDs

	// DefaultWorkspace is the workspace that every organization has. It is
	// named "Default" and is never archived.
	DefaultWorkspace api.Workspace

	Users      []api.User
	Invites    []api.Invite // deleted ones too: GET still answers them
	Workspaces []api.Workspace
	Members    []Member
	APIKeys    []APIKey

	// Removed are the users who left: their ids stay valid cursors.
	Removed []RemovedUser
}

// Contents returns everything that the organization consists of.
func (o *Organization) Contents() Contents {
	c := o.view().contents()
	c.ID, c.AdminKeys = o.ID(), o.AdminKeys()
	return c
}

// Settings are an organization's limits and other choices, changeable at run
// time. A nil limit does not limit.
type Settings struct {
	WorkspaceLimit         int      `json:"workspace_limit"`           // workspaces that are not archived, the Default Workspace not counted
	MemberLimit            *int     `json:"member_limit"`              // users and pending invites together
	WorkspaceMemberLimit   *int     `json:"workspace_member_limit"`    // assigned members of one workspace
	APIKeyLimit            *int     `json:"api_key_limit"`             // active keys of the organization
	WorkspaceAPIKeyLimit   *int     `json:"workspace_api_key_limit"`   // active keys of one workspace
	AllowedInviteDomains   []string `json:"allowed_invite_domains"`    // nil: any domain; empty: none
	WorkspaceNameMaxLength int      `json:"workspace_name_max_length"` // characters
	AnthropicVersions      []string `json:"anthropic_versions"`        // the values of anthropic-version that are known
}

// DefaultSettings are the settings of an organization that sets none.
func DefaultSettings() Settings {
	return Settings{
		WorkspaceLimit:         100,
		WorkspaceNameMaxLength: 40,
		AnthropicVersions:      []string{"2023-01-01", "2023-06-01", "2026-10-21"},
	}
}

// Clock is an organization's time: frozen at an instant, or running at an
// offset to real time.
type Clock struct {
	Frozen bool
	At     api.Time      // the instant, when frozen
	Offset time.Duration // emulated time minus real time, when running
}

// Now is what the clock shows when real time is real.
func (c Clock) Now(real time.Time) api.Time {
	if c.Frozen {
		return c.At
	}
	return api.At(real.Add(c.Offset))
}

// FrozenAt is a clock that stands still at t.
func FrozenAt(t time.Time) Clock { return Clock{Frozen: true, At: api.At(t)} }
