package seed

import (
	"strings"

	"antechamber/api"
)

// defaultName is what the Default Workspace is called, in references too.
const defaultName = "Default"

// resolve finds what is there twice and what references lead to. None of that
// depends on the clock.
func (r *report) resolve(organizations []organization) {
	ids, keys := unique{r, "id"}, unique{r, "admin key"}
	idAt, keyAt := map[string]*node{}, map[string]*node{}
	for i := range organizations {
		o := &organizations[i]
		ids.add(idAt, o.id, strings.ToLower(o.id.v))
		for _, k := range o.adminKeys {
			keys.add(keyAt, k, k.v)
		}
		// An organization without a key is the one that requests name none of.
		if i > 0 && len(o.adminKeys) == 0 && !o.keysFaulty && o.at.kind == objectKind {
			r.contradictory(o.at, `expected "admin_keys" with at least one: without a key nothing selects an organization that is not the first`)
		}
		r.resolveOne(o)
	}
}

// unique reports what is there twice.
type unique struct {
	*report
	is string
}

func (u unique) add(seen map[string]*node, v value[string], as string) {
	if !v.given {
		return
	}
	if first := seen[as]; first != nil {
		u.contradictory(v.at, "expected another %s: this one stands at %s already", u.is, first.pointer())
		return
	}
	seen[as] = v.at
}

func (r *report) resolveOne(o *organization) {
	ids, emails := unique{r, "id"}, unique{r, "e-mail address"}
	userIDs, userEmails := map[string]*node{}, map[string]*node{}
	for _, u := range o.users {
		ids.add(userIDs, u.id, u.id.v)
		emails.add(userEmails, u.email, address(u.email.v))
	}
	for _, v := range o.removed {
		// The ids of users who left share the space of those who are there.
		ids.add(userIDs, v.id, v.id.v)
	}
	inviteIDs, workspaceIDs, keyIDs := map[string]*node{}, map[string]*node{}, map[string]*node{}
	for _, i := range o.invites {
		ids.add(inviteIDs, i.id, i.id.v)
	}
	ids.add(workspaceIDs, o.defaultWorkspace.id, o.defaultWorkspace.id.v)
	for _, w := range o.workspaces {
		ids.add(workspaceIDs, w.id, w.id.v)
	}
	for _, k := range o.keys {
		ids.add(keyIDs, k.id, k.id.v)
	}

	o.defaultWorkspace.index = -1
	people, places := o.people(), o.places()
	for i := range o.workspaces {
		o.workspaces[i].index = i
		listed := map[int]*node{}
		for j := range o.workspaces[i].members {
			m := &o.workspaces[i].members[j]
			m.index = r.user(o, people, m.user)
			if m.index < 0 {
				continue
			}
			if first := listed[m.index]; first != nil {
				r.contradictory(m.user.at, "expected a member once: the same user stands at %s already", first.pointer())
			} else {
				listed[m.index] = m.user.at
			}
		}
	}
	for i := range o.keys {
		k := &o.keys[i]
		k.in = r.workspace(o, places, k.workspace)
		if id := k.createdBy.v; k.createdBy.given && people.gone(id) {
			k.gone = id
		} else {
			k.creator = r.user(o, people, k.createdBy)
		}
	}
}

// address is how e-mail addresses are compared: as the store does.
func address(email string) string { return strings.ToLower(email) }

// people are the users by what a reference may call them. A faulty value is
// there too, for what refers to it has been told enough.
type people struct {
	byID, byEmail map[string]int
	byName        map[string][]int
	removed       map[string]bool // ids
}

func (o *organization) people() people {
	p := people{map[string]int{}, map[string]int{}, map[string][]int{}, map[string]bool{}}
	for _, v := range o.removed {
		p.removed[v.id.v] = true
	}
	for i := len(o.users) - 1; i >= 0; i-- {
		u := o.users[i]
		if u.id.v != "" {
			p.byID[u.id.v] = i
		}
		if u.email.v != "" {
			p.byEmail[address(u.email.v)] = i
		}
		p.byName[u.nameOr()] = append(p.byName[u.nameOr()], i)
	}
	return p
}

// nameOr is the name that a user has, given or made of the e-mail address.
func (u user) nameOr() string { return u.name.or(api.NameOf(u.email.v)) }

// gone tells whether an id is that of somebody who is no user any more: one of
// those who are removed, or at least of the form that ids of users have.
func (p people) gone(id string) bool {
	if _, present := p.byID[id]; present {
		return false
	}
	return p.removed[id] || strings.HasPrefix(id, "user_") && idForm.pattern.MatchString(id)
}

// user finds the user that a reference means, or -1.
func (r *report) user(o *organization, p people, ref value[string]) int {
	if !ref.given || o.usersFaulty {
		return -1
	}
	if i, ok := p.byID[ref.v]; ok {
		return i
	}
	if i, ok := p.byEmail[address(ref.v)]; ok {
		return i
	}
	switch named := p.byName[ref.v]; {
	case len(named) == 1:
		return named[0]
	case len(named) > 1:
		r.contradictory(ref.at, "expected an id or an e-mail address: %d users are named %s", len(named), quote(ref.v))
	case !o.removedFaulty:
		r.contradictory(ref.at, "expected the id, e-mail address or name of one of the users, not %s", quote(ref.v))
	}
	return -1
}

// places are the workspaces by what a reference may call them.
type places struct {
	byID   map[string]*workspace
	byName map[string][]*workspace
}

func (o *organization) places() places {
	p := places{map[string]*workspace{}, map[string][]*workspace{defaultName: {&o.defaultWorkspace}}}
	for i := len(o.workspaces) - 1; i >= 0; i-- {
		w := &o.workspaces[i]
		if w.id.v != "" {
			p.byID[w.id.v] = w
		}
		p.byName[w.name.v] = append(p.byName[w.name.v], w)
	}
	if id := o.defaultWorkspace.id.v; id != "" {
		p.byID[id] = &o.defaultWorkspace
	}
	return p
}

// workspace finds the workspace that a reference means, or nil.
func (r *report) workspace(o *organization, p places, ref value[string]) *workspace {
	switch {
	case ref.faulty || o.workspacesFaulty:
		return nil
	case !ref.given:
		return &o.defaultWorkspace
	}
	if w := p.byID[ref.v]; w != nil {
		return w
	}
	switch named := p.byName[ref.v]; len(named) {
	case 0:
		r.contradictory(ref.at, "expected the id or name of one of the workspaces, not %s", quote(ref.v))
		return nil
	case 1:
		return named[0]
	default:
		r.contradictory(ref.at, "expected an id: %d workspaces are named %s", len(named), quote(ref.v))
		return nil
	}
}
