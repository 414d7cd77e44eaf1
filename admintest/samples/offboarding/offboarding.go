// Package offboarding takes a person who leaves out of an organization.
package offboarding

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/pagination"
)

// ErrAdmin refuses to offboard an admin: the API cannot change one, so somebody
// has to take the role away in the Console first.
var ErrAdmin = errors.New("is an admin of the organization: take the role away in the Console first")

// Report is what one run did. What an earlier run did is not in it.
type Report struct {
	Email           string
	UserID          string   // empty when nobody of the organization has the address
	KeysDeactivated []string // ids
	WorkspacesLeft  []string // ids
	UserRemoved     bool
	InvitesDeleted  []string // ids
}

// Nothing reports whether there was nothing to do.
func (r Report) Nothing() bool {
	return len(r.KeysDeactivated) == 0 && len(r.WorkspacesLeft) == 0 && !r.UserRemoved && len(r.InvitesDeleted) == 0
}

// Offboard deactivates the API keys that the person made, takes the person out
// of every workspace and then out of the organization, and deletes a pending
// invite to the address. After an error it is safe to run again: the report
// then says what was done before it. Keys come first, so that nobody is gone
// whose keys still work.
func Offboard(ctx context.Context, client anthropic.Client, email string) (Report, error) {
	report := Report{Email: email}
	o := offboarding{client.Organization, &report}
	if err := o.run(ctx); err != nil {
		return report, fmt.Errorf("offboarding %s: %w", email, err)
	}
	return report, nil
}

type offboarding struct {
	api    anthropic.OrganizationService
	report *Report
}

func (o offboarding) run(ctx context.Context) error {
	user, err := o.find(ctx)
	if err != nil {
		return fmt.Errorf("finding the user: %w", err)
	}
	if user != nil {
		if user.Role == anthropic.OrganizationRoleAdmin {
			return ErrAdmin
		}
		o.report.UserID = user.ID
		if err := o.deactivateKeys(ctx, user.ID); err != nil {
			return fmt.Errorf("deactivating keys: %w", err)
		}
		if err := o.leaveWorkspaces(ctx, user.ID); err != nil {
			return fmt.Errorf("leaving workspaces: %w", err)
		}
		if err := o.remove(ctx, user.ID); err != nil {
			return fmt.Errorf("removing the user: %w", err)
		}
	}
	if err := o.deleteInvites(ctx); err != nil {
		return fmt.Errorf("deleting invites: %w", err)
	}
	return nil
}

func (o offboarding) find(ctx context.Context) (*anthropic.OrganizationUser, error) {
	users, err := all(o.api.Users.ListAutoPaging(ctx, anthropic.OrganizationUserListParams{
		Email: anthropic.String(o.report.Email),
	}))
	if err != nil {
		return nil, err
	}
	for _, user := range users {
		if strings.EqualFold(user.Email, o.report.Email) {
			return &user, nil
		}
	}
	return nil, nil
}

func (o offboarding) deactivateKeys(ctx context.Context, user string) error {
	keys, err := all(o.api.APIKeys.ListAutoPaging(ctx, anthropic.OrganizationAPIKeyListParams{
		CreatedByUserID: anthropic.String(user),
		Status:          anthropic.OrganizationAPIKeyListParamsStatusActive,
	}))
	if err != nil {
		return err
	}
	for _, key := range keys {
		_, err := o.api.APIKeys.Update(ctx, key.ID, anthropic.OrganizationAPIKeyUpdateParams{
			Status: anthropic.OrganizationAPIKeyUpdateParamsStatusInactive,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", key.ID, err)
		}
		o.report.KeysDeactivated = append(o.report.KeysDeactivated, key.ID)
	}
	return nil
}

func (o offboarding) leaveWorkspaces(ctx context.Context, user string) error {
	workspaces, err := all(o.api.Workspaces.ListAutoPaging(ctx, anthropic.OrganizationWorkspaceListParams{}))
	if err != nil {
		return err
	}
	for _, workspace := range workspaces {
		member, err := o.api.Workspaces.Members.Get(ctx, user, anthropic.OrganizationWorkspaceMemberGetParams{WorkspaceID: workspace.ID})
		switch {
		case notFound(err):
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", workspace.ID, err)
		case member.WorkspaceRole == anthropic.WorkspaceRoleWorkspaceBilling:
			continue // comes with the role in the organization, and goes with it
		}
		_, err = o.api.Workspaces.Members.Remove(ctx, user, anthropic.OrganizationWorkspaceMemberRemoveParams{WorkspaceID: workspace.ID})
		if err != nil && !notFound(err) {
			return fmt.Errorf("%s: %w", workspace.ID, err)
		}
		o.report.WorkspacesLeft = append(o.report.WorkspacesLeft, workspace.ID)
	}
	return nil
}

func (o offboarding) remove(ctx context.Context, user string) error {
	// A 404 is an answer that was lost: the user was there a moment ago.
	if _, err := o.api.Users.Remove(ctx, user); err != nil && !notFound(err) {
		return err
	}
	o.report.UserRemoved = true
	return nil
}

func (o offboarding) deleteInvites(ctx context.Context) error {
	invites, err := all(o.api.Invites.ListAutoPaging(ctx, anthropic.OrganizationInviteListParams{
		Email:    anthropic.String(o.report.Email),
		Statuses: []string{string(anthropic.OrganizationInviteStatusPending)},
	}))
	if err != nil {
		return err
	}
	for _, invite := range invites {
		if !strings.EqualFold(invite.Email, o.report.Email) {
			continue
		}
		if _, err := o.api.Invites.Delete(ctx, invite.ID); err != nil && !notFound(err) {
			return fmt.Errorf("%s: %w", invite.ID, err)
		}
		o.report.InvitesDeleted = append(o.report.InvitesDeleted, invite.ID)
	}
	return nil
}

// all gathers a list before anything in it is changed.
func all[T any](pages *pagination.PageAutoPager[T]) ([]T, error) {
	var items []T
	for pages.Next() {
		items = append(items, pages.Current())
	}
	return items, pages.Err()
}

func notFound(err error) bool {
	refusal, ok := errors.AsType[*anthropic.Error](err)
	return ok && refusal.StatusCode == http.StatusNotFound
}
