package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
)

// Apply executes the steps of a plan. After an error, a new plan contains the remaining
// steps.
func (p *Provisioner) Apply(ctx context.Context, plan Plan) error {
	created := map[string]string{} // ids of new workspaces, by name
	for _, step := range plan.Steps {
		if step.workspaceID == "" {
			step.workspaceID = created[step.Workspace]
		}
		id, err := p.execute(ctx, step)
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		if step.Kind == CreateWorkspace {
			created[step.Workspace] = id
		}
	}
	return nil
}

// execute executes a step, and returns the id of a workspace that it creates. Except for
// creating a workspace, executing a step twice is harmless: the second time has no
// effect or is refused.
func (p *Provisioner) execute(ctx context.Context, s Step) (id string, err error) {
	organization := &p.Client.Organization
	switch s.Kind {
	case Invite:
		_, err = organization.Invites.New(ctx, anthropic.OrganizationInviteNewParams{
			Email: s.Email, Role: anthropic.OrganizationInviteNewParamsRole(s.Role),
		})
		if code := errorCode(err); code == "invite_already_exists" || code == "already_member" {
			err = nil
		}
	case CreateWorkspace:
		return p.createWorkspace(ctx, s)
	case TagWorkspace:
		_, err = organization.Workspaces.Update(ctx, s.workspaceID, anthropic.OrganizationWorkspaceUpdateParams{Tags: s.Tags})
	case AddMember:
		_, err = organization.Workspaces.Members.Add(ctx, s.workspaceID, anthropic.OrganizationWorkspaceMemberAddParams{
			UserID: s.userID, WorkspaceRole: anthropic.NoBillingWorkspaceRole(s.Role),
		})
		if status(err) == http.StatusBadRequest { // perhaps already a member, with any role
			err = p.changeExisting(ctx, s, err)
		}
	case ChangeMember:
		_, err = p.changeMember(ctx, s)
	case RemoveMember:
		_, err = organization.Workspaces.Members.Remove(ctx, s.userID, anthropic.OrganizationWorkspaceMemberRemoveParams{WorkspaceID: s.workspaceID})
		if status(err) == http.StatusNotFound {
			err = nil
		}
	}
	return "", err
}

func (p *Provisioner) changeMember(ctx context.Context, s Step) (*anthropic.WorkspaceMember, error) {
	return p.Client.Organization.Workspaces.Members.Update(ctx, s.userID, anthropic.OrganizationWorkspaceMemberUpdateParams{
		WorkspaceID: s.workspaceID, WorkspaceRole: anthropic.WorkspaceRole(s.Role),
	})
}

// changeExisting sets the role of a user who could not be added because they are already
// a member. If they are not a member, it returns addErr, the error of adding them.
func (p *Provisioner) changeExisting(ctx context.Context, s Step, addErr error) error {
	if _, err := p.changeMember(ctx, s); status(err) == http.StatusNotFound {
		return addErr
	} else if err != nil {
		return err
	}
	return nil
}

// createWorkspace creates a workspace and returns its id. The API allows several
// workspaces with one name, so a plain retry after a lost response could create a
// second one. Therefore the SDK's retries are off here, and createWorkspace looks for
// the workspace before each further attempt.
func (p *Provisioner) createWorkspace(ctx context.Context, s Step) (string, error) {
	params := anthropic.OrganizationWorkspaceNewParams{Name: s.Workspace, Tags: s.Tags}
	var failure error
	for attempt := range p.MaxAttempts {
		if attempt > 0 {
			if err := p.Wait(ctx, pause(failure, attempt)); err != nil {
				return "", err
			}
			if id, err := p.findCreated(ctx, s.Workspace, failure); id != "" || err != nil {
				return id, err
			}
		}
		var workspace *anthropic.Workspace
		workspace, failure = p.Client.Organization.Workspaces.New(ctx, params, option.WithMaxRetries(0))
		if failure == nil {
			return workspace.ID, nil
		}
		if code := status(failure); ctx.Err() != nil || code >= 400 && code < 500 && code != http.StatusTooManyRequests {
			return "", failure
		}
	}
	if id, err := p.findCreated(ctx, s.Workspace, failure); id != "" || err != nil {
		return id, err
	}
	return "", failure
}

// findCreated returns the id of a workspace that may exist although creating it failed,
// or "". It looks several times, since a list may be stale.
func (p *Provisioner) findCreated(ctx context.Context, name string, failure error) (string, error) {
	if code := status(failure); code == http.StatusTooManyRequests || code == overloaded {
		return "", nil // refused before any work was done
	}
	for attempt := range p.MaxAttempts {
		if attempt > 0 {
			if err := p.Wait(ctx, pause(nil, attempt)); err != nil {
				return "", err
			}
		}
		if found, err := p.find(ctx, name); err != nil {
			return "", err
		} else if found != nil {
			return found.ID, nil
		}
	}
	return "", nil
}

// overloaded is the status of an overloaded_error.
const overloaded = 529

// pause returns how long to wait before an attempt: as long as the server asks, or
// twice as long each time.
func pause(failure error, attempt int) time.Duration {
	if apiErr, ok := errors.AsType[*anthropic.Error](failure); ok && apiErr.Response != nil {
		if seconds, err := strconv.Atoi(apiErr.Response.Header.Get("retry-after")); err == nil {
			return time.Duration(seconds) * time.Second
		}
	}
	return time.Second << (attempt - 1)
}

// status returns the HTTP status of an API error, or 0 for other errors.
func status(err error) int {
	if apiErr, ok := errors.AsType[*anthropic.Error](err); ok {
		return apiErr.StatusCode
	}
	return 0
}

// errorCode returns the error_code of an API error, which the SDK does not decode, or
// "" if err has none.
func errorCode(err error) string {
	apiErr, ok := errors.AsType[*anthropic.Error](err)
	if !ok {
		return ""
	}
	var body struct {
		Error struct {
			Details struct {
				ErrorCode string `json:"error_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(apiErr.RawJSON()), &body); err != nil {
		return ""
	}
	return body.Error.Details.ErrorCode
}
