package seed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/store"
)

// Export gives an organization as a seed that leaves nothing out: loading it
// gives the same contents, apart from what became due by the clock meanwhile.
// Lists stand in the order of the API's, newest first, so the same
// organization gives the same bytes.
func Export(c store.Contents) []byte { return encode(exported(c)) }

// ExportAll gives several organizations as one seed.
func ExportAll(all []store.Contents) []byte {
	file := exportedFile{Organizations: make([]exportedOrganization, len(all))}
	for i, c := range all {
		file.Organizations[i] = exported(c)
	}
	return encode(file)
}

func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic("seed: " + err.Error()) // texts, numbers, lists and maps of them
	}
	return b.Bytes()
}

type exportedFile struct {
	Organizations []exportedOrganization `json:"organizations"`
}

// The fields of an export are those of decode.go, in the same order; a test
// compares them.
type exportedOrganization struct {
	ID               string              `json:"id"`
	Name             string              `json:"name"`
	AdminKeys        []string            `json:"admin_keys"`
	Settings         exportedSettings    `json:"settings"`
	Clock            any                 `json:"clock"`
	IDs              exportedIDs         `json:"ids"`
	DefaultWorkspace exportedDefault     `json:"default_workspace"`
	Users            []exportedUser      `json:"users"`
	Invites          []exportedInvite    `json:"invites"`
	Workspaces       []exportedWorkspace `json:"workspaces"`
	APIKeys          []exportedKey       `json:"api_keys"`
	Removed          []exportedRemoved   `json:"removed"`
}

type exportedSettings struct {
	WorkspaceLimit         int      `json:"workspace_limit"`
	MemberLimit            *int     `json:"member_limit"`
	WorkspaceMemberLimit   *int     `json:"workspace_member_limit"`
	APIKeyLimit            *int     `json:"api_key_limit"`
	WorkspaceAPIKeyLimit   *int     `json:"workspace_api_key_limit"`
	AllowedInviteDomains   []string `json:"allowed_invite_domains"`
	WorkspaceNameMaxLength int      `json:"workspace_name_max_length"`
	AnthropicVersions      []string `json:"anthropic_versions"`
}

type frozenClock struct {
	FrozenAt api.Time `json:"frozen_at"`
}

type runningClock struct {
	Offset string `json:"offset"`
}

type exportedIDs struct {
	Seed  uint64 `json:"seed"`
	Drawn uint64 `json:"drawn"`
}

type exportedDefault struct {
	ID            string            `json:"id"`
	DisplayColor  string            `json:"display_color"`
	CreatedAt     api.Time          `json:"created_at"`
	CompartmentID string            `json:"compartment_id"`
	ExternalKeyID api.Nullable      `json:"external_key_id"`
	Tags          map[string]string `json:"tags"`
	DataResidency api.DataResidency `json:"data_residency"`
}

type exportedUser struct {
	ID      string               `json:"id"`
	Email   string               `json:"email"`
	Name    string               `json:"name"`
	Role    api.OrganizationRole `json:"role"`
	AddedAt api.Time             `json:"added_at"`
}

type exportedInvite struct {
	ID         string               `json:"id"`
	Email      string               `json:"email"`
	Role       api.OrganizationRole `json:"role"`
	Status     api.InviteStatus     `json:"status"`
	InvitedAt  api.Time             `json:"invited_at"`
	ExpiresAt  api.Time             `json:"expires_at"`
	AcceptedAt api.Time             `json:"accepted_at"`
}

type exportedWorkspace struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	DisplayColor  string            `json:"display_color"`
	CreatedAt     api.Time          `json:"created_at"`
	ArchivedAt    api.Time          `json:"archived_at"`
	CompartmentID string            `json:"compartment_id"`
	ExternalKeyID api.Nullable      `json:"external_key_id"`
	Tags          map[string]string `json:"tags"`
	DataResidency api.DataResidency `json:"data_residency"`
	Members       []exportedMember  `json:"members"`
}

type exportedMember struct {
	User          string            `json:"user"`
	WorkspaceRole api.WorkspaceRole `json:"workspace_role"`
}

type exportedKey struct {
	ID             string           `json:"id"`
	Name           string           `json:"name"`
	Workspace      api.Nullable     `json:"workspace"`
	CreatedAt      api.Time         `json:"created_at"`
	CreatedBy      string           `json:"created_by"`
	Status         api.APIKeyStatus `json:"status"`
	LastUsedAt     api.Time         `json:"last_used_at"`
	PartialKeyHint api.Nullable     `json:"partial_key_hint"`
	ExpiresAt      api.Time         `json:"expires_at"`
	StatusHistory  []exportedChange `json:"status_history"`
}

type exportedChange struct {
	Status api.APIKeyStatus `json:"status"`
	At     api.Time         `json:"at"`
}

type exportedRemoved struct {
	ID      string   `json:"id"`
	AddedAt api.Time `json:"added_at"`
}

func exported(c store.Contents) exportedOrganization {
	o := exportedOrganization{
		ID: c.ID, Name: c.Name, AdminKeys: append([]string{}, c.AdminKeys...),
		Settings: exportedSettings(c.Settings), Clock: exportedClock(c.Clock), IDs: exportedIDs(c.IDs),
		DefaultWorkspace: exportedDefault{
			c.DefaultWorkspace.ID, c.DefaultWorkspace.DisplayColor, c.DefaultWorkspace.CreatedAt,
			c.DefaultWorkspace.CompartmentID, c.DefaultWorkspace.ExternalKeyID,
			c.DefaultWorkspace.Tags, c.DefaultWorkspace.DataResidency,
		},
	}
	users := newestFirst(c.Users, func(u api.User) (api.Time, string) { return u.AddedAt, u.ID })
	o.Users = each(users, func(u api.User) exportedUser {
		return exportedUser{u.ID, u.Email, u.Name, u.Role, u.AddedAt}
	})
	invites := newestFirst(c.Invites, func(i api.Invite) (api.Time, string) { return i.InvitedAt, i.ID })
	o.Invites = each(invites, func(i api.Invite) exportedInvite {
		return exportedInvite{i.ID, i.Email, i.Role, i.Status, i.InvitedAt, i.ExpiresAt, i.AcceptedAt}
	})
	members := exportedMembers(users, c.Members)
	workspaces := newestFirst(c.Workspaces, func(w api.Workspace) (api.Time, string) { return w.CreatedAt, w.ID })
	o.Workspaces = each(workspaces, func(w api.Workspace) exportedWorkspace {
		return exportedWorkspace{
			w.ID, w.Name, w.DisplayColor, w.CreatedAt, w.ArchivedAt, w.CompartmentID,
			w.ExternalKeyID, w.Tags, w.DataResidency, append([]exportedMember{}, members[w.ID]...),
		}
	})
	keys := newestFirst(c.APIKeys, func(k store.APIKey) (api.Time, string) { return k.CreatedAt, k.ID })
	o.APIKeys = each(keys, func(k store.APIKey) exportedKey {
		return exportedKey{
			k.ID, k.Name, k.WorkspaceID, k.CreatedAt, k.CreatedBy.ID, k.Status, k.LastUsedAt, k.PartialKeyHint, k.ExpiresAt,
			each(k.History, func(s store.StatusChange) exportedChange { return exportedChange(s) }),
		}
	})
	gone := newestFirst(c.Removed, func(v store.RemovedUser) (api.Time, string) { return v.AddedAt, v.ID })
	o.Removed = each(gone, func(v store.RemovedUser) exportedRemoved { return exportedRemoved(v) })
	return o
}

func exportedClock(c store.Clock) any {
	if c.Frozen {
		return frozenClock{c.At}
	}
	return runningClock{c.Offset.String()}
}

// exportedMembers gives the members of each workspace in the order of the
// users.
func exportedMembers(users []api.User, members []store.Member) map[string][]exportedMember {
	place := make(map[string]int, len(users))
	for i, u := range users {
		place[u.ID] = i
	}
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b store.Member) int { return cmp.Compare(place[a.UserID], place[b.UserID]) })
	out := map[string][]exportedMember{}
	for _, m := range members {
		out[m.WorkspaceID] = append(out[m.WorkspaceID], exportedMember{m.UserID, m.Role})
	}
	return out
}

// newestFirst gives the objects in the order in which the API lists them.
func newestFirst[T any](objects []T, place func(T) (api.Time, string)) []T {
	objects = slices.Clone(objects)
	slices.SortFunc(objects, func(a, b T) int {
		aTime, aID := place(a)
		bTime, bID := place(b)
		return cmp.Or(bTime.Compare(aTime.Time), strings.Compare(bID, aID))
	})
	return objects
}

// each gives what f makes of the objects, never nil: a list of none is a list.
func each[T, U any](objects []T, f func(T) U) []U {
	out := make([]U, len(objects))
	for i, o := range objects {
		out[i] = f(o)
	}
	return out
}
