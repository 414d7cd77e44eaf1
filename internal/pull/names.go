package pull

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"antechamber/api"
)

// Stand-ins are numbered from the oldest object on, so that what is created
// later changes none of them.

// numberPeople numbers users and invites by their addresses, in the order in
// which those first appear, so that a person keeps the number on accepting an
// invite.
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
	slices.Reverse(all) // the lists have the newest object first
	slices.SortStableFunc(all, func(a, b person) int { return a.since.Compare(b.since.Time) })
	numbers := map[string]int{}
	for _, one := range all {
		email := cmp.Or(strings.ToLower(one.email), one.id)
		if numbers[email] == 0 {
			numbers[email] = len(numbers) + 1
		}
		p.person[one.id] = numbers[email]
	}
}

// email returns the address of a user or invite in the seed.
func (p *puller) email(id, given string) string {
	if p.KeepNames {
		return given
	}
	return fmt.Sprintf("user%d@example.com", p.person[id])
}

// name returns the name of an object in the seed.
func (p *puller) name(id, given, standIn string) string {
	if !p.KeepNames {
		return standIn
	}
	if given == "" {
		p.notes.add(id, "missing name replaced")
	}
	return cmp.Or(given, standIn)
}
