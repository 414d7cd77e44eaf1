package pull

import (
	"context"

	"antechamber/api"
	"antechamber/seed"
)

func (p *puller) readInvites(ctx context.Context) (err error) {
	p.invites, err = readList(ctx, p, list[api.Invite]{
		noun: "invites", path: "invites", fields: []string{"id", "type", "email", "role", "status", "invited_at", "expires_at", "accepted_at"},
		id: func(i api.Invite) string { return i.ID },
	})
	return err
}

func (p *puller) seedInvites() []seed.Invite {
	out, pending := make([]seed.Invite, len(p.invites)), map[int]bool{}
	for n := range p.invites { // newest first: of two that are pending the newer one stays so
		i := &p.invites[n]
		p.adjustInvite(i, pending)
		out[n] = seed.Invite{
			ID: i.ID, Email: p.email(i.ID, i.Email), Role: p.role(i.ID, i.Role), Status: i.Status,
			InvitedAt: seed.At(i.InvitedAt.Time), ExpiresAt: seed.At(i.ExpiresAt.Time), AcceptedAt: seed.OrNull(i.AcceptedAt),
		}
	}
	return out
}

// adjustInvite gives an invite a status and an accepted_at that a seed can hold.
func (p *puller) adjustInvite(i *api.Invite, pending map[int]bool) {
	person := p.person[i.ID]
	joined, isUser := p.joined[person]
	meanwhile := isUser && !joined.Before(i.InvitedAt.Time) && !joined.After(i.ExpiresAt.Time)
	switch {
	case !api.OneOf(i.Status, api.InviteStatuses):
		p.notes.add(i.ID, "unknown status %q of an invite becomes %q", i.Status, api.InviteDeleted)
		i.Status = api.InviteDeleted
	case i.Status == api.InviteAccepted && i.AcceptedAt.IsZero() && meanwhile:
		p.notes.add(i.ID, "missing accepted_at replaced by the user's added_at")
		i.AcceptedAt = joined
	case i.Status == api.InviteAccepted && i.AcceptedAt.IsZero(): // by a user who is gone
		p.notes.add(i.ID, "missing accepted_at replaced by invited_at")
		i.AcceptedAt = i.InvitedAt
	case i.Status != api.InvitePending:
	case meanwhile:
		p.notes.add(i.ID, "pending invite to a user who joined since becomes %q", api.InviteAccepted)
		i.Status, i.AcceptedAt = api.InviteAccepted, joined
	case isUser:
		p.notes.add(i.ID, "pending invite to a user becomes %q", api.InviteDeleted)
		i.Status = api.InviteDeleted
	case pending[person]:
		p.notes.add(i.ID, "pending invite to an address with a newer one becomes %q", api.InviteDeleted)
		i.Status = api.InviteDeleted
	default:
		pending[person] = true
	}
}
