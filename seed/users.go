package seed

import (
	"strings"

	"antechamber/api"
	"antechamber/store"
)

// User is a user of a seed.
type User struct {
	ID      string               `json:"id,omitempty"` // drawn when empty
	Email   string               `json:"email"`
	Name    string               `json:"name,omitempty"` // made from the address when empty
	Role    api.OrganizationRole `json:"role"`
	AddedAt Time                 `json:"added_at,omitzero"` // now when left out

	at *node
}

// RemovedUser is a user who is gone: the id stays a valid cursor.
type RemovedUser struct {
	ID      string `json:"id"`
	AddedAt Time   `json:"added_at"`

	at *node
}

var (
	emailForm    = form{is: "an e-mail address", valid: api.ValidEmail}
	userNameForm = form{is: "a name of at least 1 character", atLeast: 1}
	userRefForm  = form{is: "a user's id, e-mail address or name", atLeast: 1}
)

func (r *report) user(n *node) User {
	o := r.object(n, "a user", "email", "role")
	defer o.end()
	return User{
		at:      n,
		ID:      o.text("id", idForm),
		Email:   o.text("email", emailForm),
		Name:    o.text("name", userNameForm),
		Role:    enum(o, "role", api.OrganizationRoles),
		AddedAt: o.time("added_at"),
	}
}

func (u User) times(each func(moment)) { each(moment{u.at, "added_at", u.AddedAt, began}) }

func (r *report) removedUser(n *node) RemovedUser {
	o := r.object(n, "a removed user", "id", "added_at")
	defer o.end()
	return RemovedUser{at: n, ID: o.text("id", idForm), AddedAt: o.time("added_at")}
}

func (u RemovedUser) times(each func(moment)) { each(moment{u.at, "added_at", u.AddedAt, began}) }

// linkUsers reports duplicates. The ids of removed users share the space of the
// others.
func (r *report) linkUsers(o *Organization) {
	ids, emails := r.unique("id"), r.unique("email")
	for _, u := range o.Users {
		ids.add(u.at, u.ID)
		emails.add(u.at, api.FoldEmail(u.Email))
	}
	for _, u := range o.Removed {
		ids.add(u.at, u.ID)
	}
}

// people are the users by what a reference may call them. Malformed values are
// there too, or references to them would be reported as well.
type people struct {
	byID, byEmail map[string]int
	byName        map[string][]int
	removed       map[string]bool // ids

	faulty, removedFaulty bool // the lists are: what they hold is not known
}

func (r *report) people(o *Organization) people {
	p := people{
		byID: map[string]int{}, byEmail: map[string]int{}, byName: map[string][]int{}, removed: map[string]bool{},
		faulty: r.faulty[o.at.Get("users")], removedFaulty: r.faulty[o.at.Get("removed")],
	}
	for _, u := range o.Removed {
		p.removed[u.ID] = true
	}
	for i := len(o.Users) - 1; i >= 0; i-- {
		u := o.Users[i]
		if u.ID != "" {
			p.byID[u.ID] = i
		}
		if u.Email != "" {
			p.byEmail[api.FoldEmail(u.Email)] = i
		}
		p.byName[u.name()] = append(p.byName[u.name()], i)
	}
	return p
}

// name is the name that a user has, given or made from the address.
func (u User) name() string {
	if u.Name != "" {
		return u.Name
	}
	return api.NameFromEmail(u.Email)
}

// gone reports whether an id is that of a user who is gone: a removed one, or at
// least of the form of a user's id.
func (p people) gone(id string) bool {
	if _, present := p.byID[id]; present {
		return false
	}
	return p.removed[id] || strings.HasPrefix(id, "user_") && idForm.pattern.MatchString(id)
}

// userOf returns the index of the user that a reference means, or -1.
func (r *report) userOf(p people, at *node, ref string) int {
	if !r.given(at) || p.faulty {
		return -1
	}
	if i, ok := p.byID[ref]; ok {
		return i
	}
	if i, ok := p.byEmail[api.FoldEmail(ref)]; ok {
		return i
	}
	switch named := p.byName[ref]; {
	case len(named) == 1:
		return named[0]
	case len(named) > 1:
		r.contradictory(at, "expected an id or an e-mail address: %d users are named %s", len(named), quote(ref))
	case !p.removedFaulty:
		r.contradictory(at, "expected the id, e-mail address or name of one of the users, not %s", quote(ref))
	}
	return -1
}

func (l *loader) users() (users []api.User) {
	ids := taken{}
	for _, u := range l.o.Users {
		ids.keep(u.ID)
	}
	for _, u := range l.o.Removed {
		ids.keep(u.ID)
	}
	for _, k := range l.o.APIKeys {
		ids.keep(k.gone)
	}
	for _, u := range l.o.Users {
		added := u.AddedAt.at(l.now)
		users = append(users, api.User{
			ID: ids.orDraw(u.ID, l.draw("user_", added)), Type: api.TypeUser,
			Email: u.Email, Name: u.name(), Role: u.Role, AddedAt: added,
		})
	}
	return users
}

func (l *loader) removed() (removed []store.RemovedUser) {
	for _, u := range l.o.Removed {
		removed = append(removed, store.RemovedUser{ID: u.ID, AddedAt: u.AddedAt.at(l.now)})
	}
	return removed
}

func exportUser(u api.User) User {
	return User{ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, AddedAt: At(u.AddedAt.Time)}
}

func exportRemoved(u store.RemovedUser) RemovedUser {
	return RemovedUser{ID: u.ID, AddedAt: At(u.AddedAt.Time)}
}
