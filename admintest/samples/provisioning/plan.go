package provisioning

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/pagination"
)

// Provisioner plans and applies. The client's own retries are welcome.
type Provisioner struct {
	Client anthropic.Client
	// Wait waits before another try to create a workspace.
	Wait func(ctx context.Context, d time.Duration) error
	// Tries is how often a workspace is tried to be created, and how often it is
	// looked for when an answer was lost.
	Tries int
}

// Plan compares the organization with a spec.
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
		if err := p.workspace(ctx, want, people, &plan); err != nil {
			return Plan{}, fmt.Errorf("workspace %s: %w", want.Name, err)
		}
	}
	slices.Sort(plan.Waiting)
	plan.Waiting = slices.Compact(plan.Waiting)
	return plan, nil
}

// user is somebody of the organization; one who was invited has no id.
type user struct{ id, email, role string }

// inherits reports whether the user is in every workspace anyway.
func (u user) inherits() bool {
	return u.role == string(anthropic.OrganizationRoleAdmin) || u.role == string(anthropic.OrganizationRoleBilling)
}

// people are the users and those who were invited, by their address.
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

func (p *Provisioner) workspace(ctx context.Context, want Workspace, people map[string]user, plan *Plan) error {
	is, err := p.find(ctx, want.Name)
	if err != nil {
		return err
	}
	step := Step{Workspace: want.Name}
	members := map[string]string{} // roles by user id
	if is == nil {
		create := step
		create.Kind, create.Tags = CreateWorkspace, want.Tags
		plan.Steps = append(plan.Steps, create)
	} else {
		step.workspaceID = is.ID
		if tags := missing(want.Tags, is.Tags); len(tags) > 0 {
			tag := step
			tag.Kind, tag.Tags = TagWorkspace, tags
			plan.Steps = append(plan.Steps, tag)
		}
		list, err := all(p.Client.Organization.Workspaces.Members.ListAutoPaging(ctx, is.ID, anthropic.OrganizationWorkspaceMemberListParams{}))
		if err != nil {
			return err
		}
		for _, m := range list {
			members[m.UserID] = string(m.WorkspaceRole)
		}
	}

	wanted := map[string]bool{}
	for _, email := range slices.Sorted(maps.Keys(want.Members)) {
		who := people[strings.ToLower(email)]
		wanted[who.id] = true
		change := step
		change.Email, change.Role, change.userID = email, want.Members[email], who.id
		switch role, there := members[who.id]; {
		case who.id == "":
			plan.Waiting = append(plan.Waiting, email)
			continue
		case who.inherits(), there && role == change.Role:
			continue
		case there:
			change.Kind = ChangeMember
		default:
			change.Kind = AddMember
		}
		plan.Steps = append(plan.Steps, change)
	}
	for _, email := range slices.Sorted(maps.Keys(people)) {
		who := people[email]
		if _, there := members[who.id]; there && !wanted[who.id] && !who.inherits() {
			remove := step
			remove.Kind, remove.Email, remove.userID = RemoveMember, email, who.id
			plan.Steps = append(plan.Steps, remove)
		}
	}
	return nil
}

// find returns the workspace of a name, nil when there is none.
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
			return nil, fmt.Errorf("there are two: %s and %s", found.ID, w.ID)
		}
		found = &w
	}
	return found, nil
}

// missing are the tags that are not there, or are something else.
func missing(want, is map[string]string) map[string]string {
	tags := map[string]string{}
	for key, value := range want {
		if got, ok := is[key]; !ok || got != value {
			tags[key] = value
		}
	}
	return tags
}

func all[T any](pages *pagination.PageAutoPager[T]) ([]T, error) {
	var items []T
	for pages.Next() {
		items = append(items, pages.Current())
	}
	return items, pages.Err()
}
