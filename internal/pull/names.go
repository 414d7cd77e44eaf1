package pull

import (
	"cmp"
	"fmt"
	"slices"

	"antechamber/api"
	"antechamber/internal/email"
)

// Placeholders are numbered from the oldest object, so that new objects do not change the
// numbers of others.

// numberPeople numbers people by address, in the order in which the addresses first
// occur among users and invites. A person who accepts an invite keeps the number.
func (p *puller) numberPeople() {
	type person struct {
		id, email string
		since     api.Time
	}
	var all []person
	for _, i := range p.invites {
		all = append(all, person{i.ID, i.Email, i.InvitedAt})
	}
	for _, u := range p.users {
		all = append(all, person{u.ID, u.Email, u.AddedAt})
	}
	slices.Reverse(all) // lists are newest first
	slices.SortStableFunc(all, func(a, b person) int { return a.since.Compare(b.since.Time) })
	numbers := map[string]int{}
	for _, one := range all {
		address := cmp.Or(email.Canonical(one.email), one.id)
		if numbers[address] == 0 {
			numbers[address] = len(numbers) + 1
		}
		p.person[one.id] = numbers[address]
	}
}

// email returns the address that a user or invite has in the seed.
func (p *puller) email(id, given string) string {
	if p.KeepNames {
		return given
	}
	return fmt.Sprintf("user%d@example.com", p.person[id])
}

// name returns the name that an object has in the seed.
func (p *puller) name(id, given, placeholder string) string {
	if !p.KeepNames {
		return placeholder
	}
	if given == "" {
		p.notes.add(id, "replaced missing name with a placeholder")
	}
	return cmp.Or(given, placeholder)
}
