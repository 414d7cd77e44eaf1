package pull

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"antechamber/api"
)

// Stand-ins are numbered from the oldest object on, so that what is created
// later changes none of them.

// numberPeople numbers users and invites by their addresses, in the order in
// which those first appear, so that a person keeps the number on accepting an
// invite. It clears addresses that a seed cannot hold.
func (p *puller) numberPeople() {
	type person struct {
		id, key string // key is the address in lower case, or the id where that tells nothing
		since   api.Time
	}
	var all []person
	add := func(id string, email *string, since api.Time, duplicate bool) {
		key := strings.ToLower(*email)
		if duplicate || !api.ValidEmail(*email) {
			key, *email = id, ""
			if p.KeepNames {
				p.notes.add(id, "invalid or duplicate email address replaced")
			}
		}
		all = append(all, person{id, key, since})
	}
	taken := map[string]bool{}
	for i := len(p.users) - 1; i >= 0; i-- {
		u := &p.users[i]
		key := strings.ToLower(u.Email)
		add(u.ID, &u.Email, u.AddedAt, taken[key])
		taken[key] = true
	}
	for n := len(p.invites) - 1; n >= 0; n-- {
		i := &p.invites[n]
		add(i.ID, &i.Email, i.InvitedAt, false)
	}
	slices.SortStableFunc(all, func(a, b person) int { return a.since.Compare(b.since.Time) })
	numbers := map[string]int{}
	for _, one := range all {
		if numbers[one.key] == 0 {
			numbers[one.key] = len(numbers) + 1
		}
		p.person[one.id] = numbers[one.key]
	}
}

// email returns the address of a user or invite in the seed.
func (p *puller) email(id, given string) string {
	if p.KeepNames && given != "" {
		return given
	}
	return fmt.Sprintf("user%d@example.com", p.person[id])
}

// name returns the name of an object in the seed. It has at most that many
// characters.
func (p *puller) name(id, given string, most int, standIn string) string {
	if !p.KeepNames {
		return standIn
	}
	switch {
	case given == "":
		p.notes.add(id, "missing name replaced")
	case utf8.RuneCountInString(given) > most:
		p.notes.add(id, "name cut to %d characters", most)
		given = string([]rune(given)[:most])
	}
	return cmp.Or(given, standIn)
}
