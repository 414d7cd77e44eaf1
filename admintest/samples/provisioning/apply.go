package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// Apply does the steps of a plan. Where it fails, a plan made anew has the rest.
func (p *Provisioner) Apply(ctx context.Context, plan Plan) error {
	made := map[string]string{} // ids of workspaces by name
	for _, step := range plan.Steps {
		if step.workspaceID == "" {
			step.workspaceID = made[step.Workspace]
		}
		id, err := p.do(ctx, step)
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		if step.Kind == CreateWorkspace {
			made[step.Workspace] = id
		}
	}
	return nil
}

// do does a step, and returns the id of what it creates. All but the creation of a
// workspace may be done twice: the second time is refused, or changes nothing.
func (p *Provisioner) do(ctx context.Context, s Step) (id string, err error) {
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
		return p.create(ctx, s)
	case TagWorkspace:
		_, err = organization.Workspaces.Update(ctx, s.workspaceID, anthropic.OrganizationWorkspaceUpdateParams{Tags: s.Tags})
	case AddMember:
		_, err = organization.Workspaces.Members.Add(ctx, s.workspaceID, anthropic.OrganizationWorkspaceMemberAddParams{
			UserID: s.userID, WorkspaceRole: anthropic.NoBillingWorkspaceRole(s.Role),
		})
		if status(err) == http.StatusBadRequest { // there already, with what role?
			err = p.settle(ctx, s, err)
		}
	case ChangeMember:
		_, err = p.change(ctx, s)
	case RemoveMember:
		_, err = organization.Workspaces.Members.Remove(ctx, s.userID, anthropic.OrganizationWorkspaceMemberRemoveParams{WorkspaceID: s.workspaceID})
		if status(err) == http.StatusNotFound {
			err = nil
		}
	}
	return "", err
}

func (p *Provisioner) change(ctx context.Context, s Step) (*anthropic.WorkspaceMember, error) {
	return p.Client.Organization.Workspaces.Members.Update(ctx, s.userID, anthropic.OrganizationWorkspaceMemberUpdateParams{
		WorkspaceID: s.workspaceID, WorkspaceRole: anthropic.WorkspaceRole(s.Role),
	})
}

// settle gives a member who could not be added the role that was wanted, and the
// refusal where the user is no member.
func (p *Provisioner) settle(ctx context.Context, s Step, refusal error) error {
	if _, err := p.change(ctx, s); status(err) == http.StatusNotFound {
		return refusal
	} else if err != nil {
		return err
	}
	return nil
}

// create makes a workspace. Names are not unique: when an answer is lost, it is
// looked for before it is made again.
func (p *Provisioner) create(ctx context.Context, s Step) (string, error) {
	params := anthropic.OrganizationWorkspaceNewParams{Name: s.Workspace, Tags: s.Tags}
	var failure error
	for try := range p.Tries {
		if try > 0 {
			if err := p.Wait(ctx, pause(failure, try)); err != nil {
				return "", err
			}
			if id, err := p.look(ctx, s.Workspace, failure); id != "" || err != nil {
				return id, err
			}
		}
		var made *anthropic.Workspace
		made, failure = p.Client.Organization.Workspaces.New(ctx, params, option.WithMaxRetries(0))
		if failure == nil {
			return made.ID, nil
		}
		if code := status(failure); ctx.Err() != nil || code >= 400 && code < 500 && code != http.StatusTooManyRequests {
			return "", failure
		}
	}
	if id, err := p.look(ctx, s.Workspace, failure); id != "" || err != nil {
		return id, err
	}
	return "", failure
}

// look looks for a workspace that may have been made although its creation
// failed, some times: a list may lag behind.
func (p *Provisioner) look(ctx context.Context, name string, failure error) (string, error) {
	if code := status(failure); code == http.StatusTooManyRequests || code == overloaded {
		return "", nil // nothing was done
	}
	for try := range p.Tries {
		if try > 0 {
			if err := p.Wait(ctx, pause(nil, try)); err != nil {
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

const overloaded = 529

// pause is how long to wait: as long as the server asks, or longer each time.
func pause(failure error, try int) time.Duration {
	if refusal, ok := errors.AsType[*anthropic.Error](failure); ok && refusal.Response != nil {
		if seconds, err := strconv.Atoi(refusal.Response.Header.Get("retry-after")); err == nil {
			return time.Duration(seconds) * time.Second
		}
	}
	return time.Second << (try - 1)
}

// status is that of a refusal, and 0 for anything else.
func status(err error) int {
	if refusal, ok := errors.AsType[*anthropic.Error](err); ok {
		return refusal.StatusCode
	}
	return 0
}

// errorCode is the machine-readable cause of a refusal, which the SDK does not
// decode.
func errorCode(err error) string {
	refusal, ok := errors.AsType[*anthropic.Error](err)
	if !ok {
		return ""
	}
	var answer struct {
		Error struct {
			Details struct {
				ErrorCode string `json:"error_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(refusal.RawJSON()), &answer); err != nil {
		return ""
	}
	return answer.Error.Details.ErrorCode
}
