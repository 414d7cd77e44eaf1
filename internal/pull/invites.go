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
		p.adjustStatus(i, pending)
		p.adjustTimes(i)
		out[n] = seed.Invite{
			ID: i.ID, Email: p.email(i.ID, i.Email), Role: p.role(i.ID, i.Role), Status: i.Status,
			InvitedAt: seed.At(i.InvitedAt.Time), AcceptedAt: seed.OrNull(i.AcceptedAt),
		}
		if !i.ExpiresAt.IsZero() {
			out[n].ExpiresAt = seed.At(i.ExpiresAt.Time)
		}
	}
	return out
}

// adjustStatus makes the status of an invite one that it can have.
func (p *puller) adjustStatus(i *api.Invite, pending map[int]bool) {
	joined, isUser := p.joined[p.person[i.ID]]
	switch {
	case !api.OneOf(i.Status, api.InviteStatuses):
		p.notes.add(i.ID, "unknown status %q of an invite becomes %q", i.Status, api.InviteDeleted)
		i.Status = api.InviteDeleted
	case i.Status != api.InvitePending:
	case isUser && open(i, joined):
		p.notes.add(i.ID, "pending invite to a user who joined since becomes %q", api.InviteAccepted)
		i.Status, i.AcceptedAt = api.InviteAccepted, joined
	case isUser:
		p.notes.add(i.ID, "pending invite to a user becomes %q", api.InviteDeleted)
		i.Status = api.InviteDeleted
	case pending[p.person[i.ID]]:
		p.notes.add(i.ID, "pending invite to an address with a newer one becomes %q", api.InviteDeleted)
		i.Status = api.InviteDeleted
	default:
		pending[p.person[i.ID]] = true
	}
}

// open reports whether an invite could be accepted at a time.
func open(i *api.Invite, at api.Time) bool {
	return !at.Before(i.InvitedAt.Time) && (i.ExpiresAt.IsZero() || !at.After(i.ExpiresAt.Time))
}

// adjustTimes puts the times of an invite into their order.
func (p *puller) adjustTimes(i *api.Invite) {
	switch joined := p.joined[p.person[i.ID]]; {
	case i.Status != api.InviteAccepted:
		i.AcceptedAt = api.Time{}
	case i.AcceptedAt.IsZero() && !joined.IsZero() && open(i, joined):
		p.notes.add(i.ID, "missing accepted_at replaced by the user's added_at")
		i.AcceptedAt = joined
	case i.AcceptedAt.IsZero():
		p.notes.add(i.ID, "missing accepted_at replaced by invited_at")
		i.AcceptedAt = i.InvitedAt
	case i.AcceptedAt.Before(i.InvitedAt.Time):
		p.notes.add(i.ID, "accepted_at before invited_at set to it")
		i.AcceptedAt = i.InvitedAt
	}
	switch {
	case i.ExpiresAt.IsZero():
	case i.Status == api.InviteAccepted && i.AcceptedAt.After(i.ExpiresAt.Time):
		p.notes.add(i.ID, "expires_at before accepted_at set to it")
		i.ExpiresAt = i.AcceptedAt
	case !i.ExpiresAt.Before(i.InvitedAt.Time):
	case i.Status == api.InviteExpired:
		p.notes.add(i.ID, "expires_at before invited_at set to it")
		i.ExpiresAt = i.InvitedAt
	default:
		p.notes.add(i.ID, "expires_at before invited_at left out")
		i.ExpiresAt = api.Time{}
	}
}
