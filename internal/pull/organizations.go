package pull

import (
	"context"
	"fmt"
	"time"

	"antechamber/api"
	"antechamber/seed"
)

func (p *puller) readOrganization(ctx context.Context) error {
	var answer answered[api.Organization]
	if err := p.client.get(ctx, "me", nil, &answer); err != nil {
		return err
	}
	p.organization = answer.value
	if p.organization.ID == "" {
		return fmt.Errorf("%s answers without an organization: is it the address of the API?", p.From)
	}
	p.notes.leftOut("the organization", p.organization.ID, "", answer.fields, []string{"id", "type", "name"})
	return nil
}

// seed makes the seed of what was read.
func (p *puller) seed() seed.Organization {
	p.numberPeople()
	o := seed.Organization{
		ID: p.organization.ID, Name: p.name(p.organization.ID, p.organization.Name, "Organization"),
		Users: p.seedUsers(), Invites: p.seedInvites(),
	}
	o.DefaultWorkspace, o.Workspaces = p.seedWorkspaces()
	o.APIKeys, o.Removed = p.seedAPIKeys()
	o.Clock = &seed.Clock{StartsAt: seed.At(p.clock())}
	return o
}

// clock returns the time at which the copy starts: what the server's clock
// showed at the end of the pull, so that pending invites have as much time left
// as there. A server with a clock of its own, such as an emulator, shows another
// time in its objects: then it is the last instant that has left a trace.
func (p *puller) clock() time.Time {
	var least, most time.Time // the clock showed a time from least on and, unless most is zero, before most
	passed := func(times ...api.Time) {
		for _, t := range times {
			if t.After(least) {
				least = t.Time
			}
		}
	}
	ahead := func(t api.Time) {
		if !t.IsZero() && (most.IsZero() || t.Before(most)) {
			most = t.Time
		}
	}
	for _, u := range p.users {
		passed(u.AddedAt)
	}
	for _, i := range p.invites {
		passed(i.InvitedAt, i.AcceptedAt)
		switch i.Status {
		case api.InviteExpired:
			passed(i.ExpiresAt)
		case api.InvitePending:
			ahead(i.ExpiresAt)
		}
	}
	for _, w := range p.workspaces {
		passed(w.CreatedAt, w.ArchivedAt)
	}
	for _, k := range p.keys {
		passed(k.CreatedAt)
		switch k.Status {
		case api.KeyExpired:
			passed(k.ExpiresAt)
		case api.KeyActive, api.KeyInactive:
			ahead(k.ExpiresAt)
		}
	}
	now := p.client.serverTime()
	if least.IsZero() || !now.Before(least) && (most.IsZero() || now.Before(most)) {
		return now
	}
	if !most.IsZero() && !least.Before(most) {
		p.notes.add("", "something expired during the pull, and is expired in the seed")
	}
	return least
}
