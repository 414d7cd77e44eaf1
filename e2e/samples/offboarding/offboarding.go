// Package offboarding removes a person from an organization, with their API keys and
// workspace memberships.
package offboarding

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"
)

// ErrAdmin is returned for an admin of the organization. The API cannot change or
// remove an admin: their role must be changed in the Console first.
var ErrAdmin = errors.New("the user is an admin: change the role in the Console first")

// Report lists the changes of one run, without those of earlier runs.
type Report struct {
	Email           string
	UserID          string   // empty if no user has the address
	KeysDeactivated []string // ids
	WorkspacesLeft  []string // ids
	UserRemoved     bool
	InvitesDeleted  []string // ids
}

// Empty reports whether the run changed nothing.
func (r Report) Empty() bool {
	return len(r.KeysDeactivated) == 0 && len(r.WorkspacesLeft) == 0 && !r.UserRemoved && len(r.InvitesDeleted) == 0
}

// Offboard deactivates the API keys that a person created, removes the person from
// every workspace and then from the organization, and deletes a pending invite to the
// address. Keys come first, so that no working key is left behind when the person is
// gone. On an error, the report lists what was done before it, and Offboard can safely
// be called again.
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
			continue // inherited from the role in the organization, and removed with the user
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
	// The user existed a moment ago, so a 404 means that an earlier attempt removed it and
	// its response was lost.
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

// all reads a list to its end. Changing objects while paging could skip some.
func all[T any](pages *pagination.PageAutoPager[T]) ([]T, error) {
	var items []T
	for pages.Next() {
		items = append(items, pages.Current())
	}
	return items, pages.Err()
}

func notFound(err error) bool {
	apiErr, ok := errors.AsType[*anthropic.Error](err)
	return ok && apiErr.StatusCode == http.StatusNotFound
}
