package provisioning

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"
)

// Provisioner plans and applies changes to an organization.
type Provisioner struct {
	Client anthropic.Client // may retry by itself
	// Wait pauses between attempts to create a workspace.
	Wait func(ctx context.Context, d time.Duration) error
	// MaxAttempts limits the attempts to create a workspace, and the attempts to find
	// it after the response to its creation was lost.
	MaxAttempts int
}

// Plan returns the steps that bring the organization in line with a spec.
func (p *Provisioner) Plan(ctx context.Context, spec Spec) (Plan, error) {
	var plan Plan
	people, err := p.people(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("listing users and invites: %w", err)
	}
	for _, person := range spec.People {
		if _, ok := people[strings.ToLower(person.Email)]; !ok {
			plan.Steps = append(plan.Steps, Step{Kind: Invite, Email: person.Email, Role: person.Role})
		}
	}
	for _, want := range spec.Workspaces {
		if err := p.planWorkspace(ctx, want, people, &plan); err != nil {
			return Plan{}, fmt.Errorf("workspace %s: %w", want.Name, err)
		}
	}
	slices.Sort(plan.Waiting)
	plan.Waiting = slices.Compact(plan.Waiting)
	return plan, nil
}

// user is a user of the organization, or a person with a pending invite, whose id is
// empty.
type user struct{ id, email, role string }

// inherits reports whether the user belongs to every workspace because of their role in
// the organization.
func (u user) inherits() bool {
	return u.role == string(anthropic.OrganizationRoleAdmin) || u.role == string(anthropic.OrganizationRoleBilling)
}

// people returns users and people with a pending invite, by lower-case address.
func (p *Provisioner) people(ctx context.Context) (map[string]user, error) {
	people := map[string]user{}
	invites, err := all(p.Client.Organization.Invites.ListAutoPaging(ctx, anthropic.OrganizationInviteListParams{
		Statuses: []string{string(anthropic.OrganizationInviteStatusPending)},
	}))
	if err != nil {
		return nil, err
	}
	for _, i := range invites {
		people[strings.ToLower(i.Email)] = user{email: i.Email, role: string(i.Role)}
	}
	users, err := all(p.Client.Organization.Users.ListAutoPaging(ctx, anthropic.OrganizationUserListParams{}))
	for _, u := range users {
		people[strings.ToLower(u.Email)] = user{u.ID, u.Email, string(u.Role)}
	}
	return people, err
}

// planWorkspace adds the steps for one workspace to a plan.
func (p *Provisioner) planWorkspace(ctx context.Context, want Workspace, people map[string]user, plan *Plan) error {
	got, err := p.find(ctx, want.Name)
	if err != nil {
		return err
	}
	step := Step{Workspace: want.Name}
	members := map[string]string{} // roles by user id
	if got == nil {
		create := step
		create.Kind, create.Tags = CreateWorkspace, want.Tags
		plan.Steps = append(plan.Steps, create)
	} else {
		step.workspaceID = got.ID
		if tags := missing(want.Tags, got.Tags); len(tags) > 0 {
			tag := step
			tag.Kind, tag.Tags = TagWorkspace, tags
			plan.Steps = append(plan.Steps, tag)
		}
		list, err := all(p.Client.Organization.Workspaces.Members.ListAutoPaging(ctx, got.ID, anthropic.OrganizationWorkspaceMemberListParams{}))
		if err != nil {
			return err
		}
		for _, m := range list {
			members[m.UserID] = string(m.WorkspaceRole)
		}
	}

	wanted := map[string]bool{}
	for _, email := range slices.Sorted(maps.Keys(want.Members)) {
		person := people[strings.ToLower(email)]
		wanted[person.id] = true
		change := step
		change.Email, change.Role, change.userID = email, want.Members[email], person.id
		switch role, isMember := members[person.id]; {
		case person.id == "":
			plan.Waiting = append(plan.Waiting, email)
			continue
		case person.inherits(), isMember && role == change.Role:
			continue
		case isMember:
			change.Kind = ChangeMember
		default:
			change.Kind = AddMember
		}
		plan.Steps = append(plan.Steps, change)
	}
	for _, email := range slices.Sorted(maps.Keys(people)) {
		person := people[email]
		if _, isMember := members[person.id]; isMember && !wanted[person.id] && !person.inherits() {
			remove := step
			remove.Kind, remove.Email, remove.userID = RemoveMember, email, person.id
			plan.Steps = append(plan.Steps, remove)
		}
	}
	return nil
}

// find returns the workspace with a name, or nil. Names are not unique in the API, so it
// is an error if several workspaces have the name.
func (p *Provisioner) find(ctx context.Context, name string) (*anthropic.Workspace, error) {
	workspaces, err := all(p.Client.Organization.Workspaces.ListAutoPaging(ctx, anthropic.OrganizationWorkspaceListParams{}))
	if err != nil {
		return nil, err
	}
	var found *anthropic.Workspace
	for _, w := range workspaces {
		if w.Name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("ambiguous name: %s and %s", found.ID, w.ID)
		}
		found = &w
	}
	return found, nil
}

// missing returns the wanted tags that are absent or have another value.
func missing(want, got map[string]string) map[string]string {
	tags := map[string]string{}
	for key, value := range want {
		if current, ok := got[key]; !ok || current != value {
			tags[key] = value
		}
	}
	return tags
}

// all reads a list to its end.
func all[T any](pages *pagination.PageAutoPager[T]) ([]T, error) {
	var items []T
	for pages.Next() {
		items = append(items, pages.Current())
	}
	return items, pages.Err()
}
