// Package reminder follows up on the invites of an organization: it reminds people
// before their invite expires, and invites them again after it has expired.
package reminder

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
)

// Reminder follows up on invites. Run it once a day, for example.
type Reminder struct {
	Client anthropic.Client
	Now    func() time.Time
	Within time.Duration // remind people whose invite expires within this time
	// Remind sends a reminder of an invite that expires in left.
	Remind func(ctx context.Context, email string, left time.Duration) error
}

// Report is the result of a run.
type Report struct {
	Reminded  []string          // addresses
	Reinvited []string          // addresses
	Skipped   map[string]string // reasons, by address
}

// Run sends reminders and new invites. It continues after an address fails, and
// returns the errors of all addresses.
func (r *Reminder) Run(ctx context.Context) (Report, error) {
	report := Report{Skipped: map[string]string{}}
	invites, err := r.newest(ctx)
	if err != nil {
		return report, fmt.Errorf("listing invites: %w", err)
	}
	now := r.Now()
	var failed []error
	for _, invite := range invites {
		left := invite.ExpiresAt.Sub(now)
		expired := invite.Status == anthropic.OrganizationInviteStatusExpired || left <= 0
		switch {
		case invite.Status == anthropic.OrganizationInviteStatusAccepted:
			report.Skipped[invite.Email] = "accepted"
		case expired:
			err = r.reinvite(ctx, invite, &report)
		case left <= r.Within:
			if err = r.Remind(ctx, invite.Email, left); err == nil {
				report.Reminded = append(report.Reminded, invite.Email)
			}
		default:
			report.Skipped[invite.Email] = "pending"
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", invite.Email, err))
			err = nil
		}
	}
	return report, errors.Join(failed...)
}

// newest returns the newest invite to each address. Older ones do not matter: an
// expired invite stays in the list after the person is invited again.
func (r *Reminder) newest(ctx context.Context) ([]anthropic.OrganizationInvite, error) {
	newest := map[string]anthropic.OrganizationInvite{}
	pages := r.Client.Organization.Invites.ListAutoPaging(ctx, anthropic.OrganizationInviteListParams{Limit: anthropic.Int(100)})
	for pages.Next() {
		invite := pages.Current()
		address := strings.ToLower(invite.Email)
		if other, ok := newest[address]; !ok || other.InvitedAt.Before(invite.InvitedAt) {
			newest[address] = invite
		}
	}
	var invites []anthropic.OrganizationInvite
	for _, invite := range newest {
		invites = append(invites, invite)
	}
	slices.SortFunc(invites, func(a, b anthropic.OrganizationInvite) int { return cmp.Compare(a.Email, b.Email) })
	return invites, pages.Err()
}

// reinvite repeats an invite. The API refuses it if the person has joined in another
// way, or has a pending invite: the SDK may have retried a request that succeeded but
// whose response was lost.
func (r *Reminder) reinvite(ctx context.Context, invite anthropic.OrganizationInvite, report *Report) error {
	_, err := r.Client.Organization.Invites.New(ctx, anthropic.OrganizationInviteNewParams{
		Email: invite.Email,
		Role:  anthropic.OrganizationInviteNewParamsRole(invite.Role),
	})
	switch code := errorCode(err); {
	case code == "already_member":
		report.Skipped[invite.Email] = "already a member"
	case err == nil, code == "invite_already_exists":
		report.Reinvited = append(report.Reinvited, invite.Email)
	default:
		return err
	}
	return nil
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
