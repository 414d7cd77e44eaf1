// Package reminder looks after the invites of an organization: it reminds people
// whose invite is about to expire, and invites those again whose invite has.
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

	"github.com/anthropics/anthropic-sdk-go"
)

// Reminder runs once a day, say.
type Reminder struct {
	Client anthropic.Client
	Now    func() time.Time
	Within time.Duration // how long before the expiry somebody is reminded
	// Remind sends a reminder of an invite, which expires after left.
	Remind func(ctx context.Context, email string, left time.Duration) error
}

// Report is what a run did.
type Report struct {
	Reminded  []string // addresses
	Reinvited []string // addresses
	Left      map[string]string
}

// Run reminds and invites again. One address that fails does not keep the others
// from being looked after.
func (r *Reminder) Run(ctx context.Context) (Report, error) {
	report := Report{Left: map[string]string{}}
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
			report.Left[invite.Email] = "accepted"
		case expired:
			err = r.again(ctx, invite, &report)
		case left <= r.Within:
			if err = r.Remind(ctx, invite.Email, left); err == nil {
				report.Reminded = append(report.Reminded, invite.Email)
			}
		default:
			report.Left[invite.Email] = "pending"
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", invite.Email, err))
			err = nil
		}
	}
	return report, errors.Join(failed...)
}

// newest returns the newest invite of each address, the only one that counts: an
// expired one stays in the list when the person is invited again.
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

// again invites somebody again. The API refuses who has joined another way, or
// was invited in the meantime: by a lost answer to our own request, say.
func (r *Reminder) again(ctx context.Context, invite anthropic.OrganizationInvite, report *Report) error {
	_, err := r.Client.Organization.Invites.New(ctx, anthropic.OrganizationInviteNewParams{
		Email: invite.Email,
		Role:  anthropic.OrganizationInviteNewParamsRole(invite.Role),
	})
	switch code := errorCode(err); {
	case code == "already_member":
		report.Left[invite.Email] = "a member"
	case err == nil, code == "invite_already_exists":
		report.Reinvited = append(report.Reinvited, invite.Email)
	default:
		return err
	}
	return nil
}

// errorCode reads the machine-readable cause of a refusal, which the SDK does
// not decode.
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
