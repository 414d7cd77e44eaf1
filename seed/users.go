package seed

import (
	"strings"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/text"
	"antechamber/store"
)

// User is a user in a seed.
type User struct {
	ID      string               `json:"id,omitempty"` // generated if empty
	Email   string               `json:"email"`
	Name    string               `json:"name,omitempty"` // derived from the email if empty
	Role    api.OrganizationRole `json:"role"`
	AddedAt Time                 `json:"added_at,omitzero"` // now if omitted

	at *node
}

// RemovedUser is a former user, whose id is still a valid cursor.
type RemovedUser struct {
	ID      string `json:"id"`
	AddedAt Time   `json:"added_at"`

	at *node
}

var (
	emailForm    = form{want: "an email address", valid: email.WellFormed, accepted: email.Valid}
	userNameForm = form{want: "a string of 1 to 1000 characters", minChars: 1, maxChars: 1000}
	userRefForm  = form{want: "the id, email or name of a user", minChars: 1}
)

// mailbox returns the form in which email addresses are compared.
func (r *report) mailbox(address string) string {
	if r.saved {
		return strings.ToLower(address) // as in earlier versions
	}
	return email.Canonical(address)
}

func (r *report) user(n *node) User {
	o := r.object(n, "email", "role")
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

func (u User) times(each func(moment)) { each(moment{u.at, "added_at", u.AddedAt, creation}) }

func (r *report) removedUser(n *node) RemovedUser {
	o := r.object(n, "id", "added_at")
	defer o.end()
	return RemovedUser{at: n, ID: o.text("id", idForm), AddedAt: o.time("added_at")}
}

func (u RemovedUser) times(each func(moment)) { each(moment{u.at, "added_at", u.AddedAt, creation}) }

// linkUsers reports duplicates. Users and removed users share one id space.
func (r *report) linkUsers(o *Organization) {
	ids, emails := r.unique("id"), r.unique("email")
	for _, u := range o.Users {
		ids.add(u.at, u.ID)
		emails.add(u.at, r.mailbox(u.Email))
	}
	for _, u := range o.Removed {
		ids.add(u.at, u.ID)
	}
}

// userIndex finds the users that references mean. It has invalid values too, so
// that references to them are not reported as well.
type userIndex struct {
	byID, byEmail map[string]int
	byName        map[string][]int
	removed       map[string]bool // ids

	faulty, removedFaulty bool // the lists are invalid, so their users are not known
}

func (r *report) indexUsers(o *Organization) userIndex {
	p := userIndex{
		byID: map[string]int{}, byEmail: map[string]int{}, byName: map[string][]int{}, removed: map[string]bool{},
		faulty: rejected(o.at.Get("users")), removedFaulty: rejected(o.at.Get("removed")),
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
			p.byEmail[r.mailbox(u.Email)] = i
		}
		p.byName[u.name()] = append(p.byName[u.name()], i)
	}
	return p
}

// name returns the user's name, given or derived from the email.
func (u User) name() string {
	if u.Name != "" {
		return u.Name
	}
	return api.NameFromEmail(u.Email)
}

// former reports whether an id is that of a former user: a removed one, or one
// that at least looks like the id of a user.
func (p userIndex) former(id string) bool {
	if _, present := p.byID[id]; present {
		return false
	}
	return p.removed[id] || strings.HasPrefix(id, "user_") && idForm.pattern.MatchString(id)
}

// userOf returns the index of the user that a reference means, or -1.
func (r *report) userOf(p userIndex, at *node, ref string) int {
	if !r.usable(at) || p.faulty {
		return -1
	}
	if i, ok := p.byID[ref]; ok {
		return i
	}
	if i, ok := p.byEmail[r.mailbox(ref)]; ok {
		return i
	}
	switch named := p.byName[ref]; {
	case len(named) == 1:
		return named[0]
	case len(named) > 1:
		r.contradictory(at, "ambiguous user %s: %d users have that name; use an id or email", text.Quote(ref), len(named))
	case !p.removedFaulty:
		r.contradictory(at, "no such user %s", text.Quote(ref))
	}
	return -1
}

// userRef is the user that a reference means: a user, a former user, or neither.
type userRef struct {
	index  int    // in Organization.Users, or -1
	former string // id
}

var noUser = userRef{index: -1}

// id returns the user's id.
func (u userRef) id(users []api.User) string {
	if u.index < 0 {
		return u.former
	}
	return users[u.index].ID
}

// userOrFormer returns the user that a reference means, who may be a former user.
func (r *report) userOrFormer(p userIndex, at *node, ref string) userRef {
	if r.usable(at) && !p.faulty && p.former(ref) {
		return userRef{index: -1, former: ref}
	}
	return userRef{index: r.userOf(p, at, ref)}
}

func (l *loader) users() (users []api.User) {
	ids := usedIDs{}
	for _, u := range l.o.Users {
		ids.add(u.ID)
	}
	for _, u := range l.o.Removed {
		ids.add(u.ID)
	}
	for _, k := range l.o.APIKeys {
		ids.add(k.creator.former)
		ids.add(k.user.former)
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
