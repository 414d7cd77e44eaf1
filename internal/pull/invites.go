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
	for n := range p.invites { // newest first, so that the newest pending invite to an address is kept
		i := &p.invites[n]
		p.adjustInvite(i, pending)
		out[n] = seed.Invite{
			ID: i.ID, Email: p.email(i.ID, i.Email), Role: p.role(i.ID, i.Role), Status: i.Status,
			InvitedAt: seed.At(i.InvitedAt.Time), ExpiresAt: seed.At(i.ExpiresAt.Time), AcceptedAt: seed.OrNull(i.AcceptedAt),
		}
	}
	return out
}

// adjustInvite changes status and accepted_at of an invite to values that seeds support.
func (p *puller) adjustInvite(i *api.Invite, pending map[int]bool) {
	person := p.person[i.ID]
	joined, isUser := p.joined[person]
	joinedInTime := isUser && !joined.Before(i.InvitedAt.Time) && !joined.After(i.ExpiresAt.Time)
	switch {
	case !api.OneOf(i.Status, api.InviteStatuses):
		p.notes.add(i.ID, "replaced unknown invite status %q with %q", i.Status, api.InviteDeleted)
		i.Status = api.InviteDeleted
	case i.Status == api.InviteAccepted && i.AcceptedAt.IsZero() && joinedInTime:
		p.notes.add(i.ID, "replaced missing accepted_at with the user's added_at")
		i.AcceptedAt = joined
	case i.Status == api.InviteAccepted && i.AcceptedAt.IsZero(): // the user has been removed since
		p.notes.add(i.ID, "replaced missing accepted_at with invited_at")
		i.AcceptedAt = i.InvitedAt
	case i.Status != api.InvitePending:
	case joinedInTime:
		p.notes.add(i.ID, "replaced status \"pending\" with %q (the person has joined since)", api.InviteAccepted)
		i.Status, i.AcceptedAt = api.InviteAccepted, joined
	case isUser:
		p.notes.add(i.ID, "replaced status \"pending\" with %q (the person is already a user)", api.InviteDeleted)
		i.Status = api.InviteDeleted
	case pending[person]:
		p.notes.add(i.ID, "replaced status \"pending\" with %q (a newer invite to the address is pending)", api.InviteDeleted)
		i.Status = api.InviteDeleted
	default:
		pending[person] = true
	}
}
