package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"antechamber/api"
)

// build makes a state of contents. It fails where they contradict themselves;
// a seed is told all its faults by package seed before, so what build finds is
// a mistake of the program.
func build(c Contents) (*state, error) {
	t := &tx{state: newState()}
	t.name, t.settings, t.clock, t.ids = c.Name, c.Settings, c.Clock, c.IDs
	t.defaultWorkspace = c.DefaultWorkspace.ID
	if !c.DefaultWorkspace.ArchivedAt.IsZero() {
		return nil, fmt.Errorf("the Default Workspace %s is archived", c.DefaultWorkspace.ID)
	}
	t.workspaces.put(workspaceRow(c.DefaultWorkspace, true))
	for _, w := range c.Workspaces {
		if t.workspaces.get(w.ID) != nil {
			return nil, fmt.Errorf("workspace %s is there twice", w.ID)
		}
		t.workspaces.put(workspaceRow(w, false))
	}
	for _, u := range c.Users {
		if t.users.get(u.ID) != nil {
			return nil, fmt.Errorf("user %s is there twice", u.ID)
		}
		if t.userByEmail(u.Email) != nil {
			return nil, fmt.Errorf("%s is the address of two users", u.Email)
		}
		t.users.put(userRow(u))
	}
	for _, i := range c.Invites {
		if t.invites.get(i.ID) != nil {
			return nil, fmt.Errorf("invite %s is there twice", i.ID)
		}
		if i.Status == api.InvitePending && (t.userByEmail(i.Email) != nil || t.pendingInvite(i.Email) != nil) {
			return nil, fmt.Errorf("the pending invite %s is to somebody who is a user or invited already", i.ID)
		}
		t.invites.put(inviteRow(i))
	}
	for _, m := range c.Members {
		u, w := t.users.get(m.UserID), t.workspaces.get(m.WorkspaceID)
		switch {
		case u == nil || w == nil || w.Value.isDefault:
			return nil, fmt.Errorf("no user %s can be a member of a workspace %s", m.UserID, m.WorkspaceID)
		case t.members.get(memberKey(m.WorkspaceID, m.UserID)) != nil:
			return nil, fmt.Errorf("user %s is twice a member of workspace %s", m.UserID, m.WorkspaceID)
		}
		t.putMember(m, u.position)
	}
	for _, k := range c.APIKeys {
		w := t.workspaces.get(k.Scope.WorkspaceID)
		switch {
		case t.keys.get(k.ID) != nil:
			return nil, fmt.Errorf("API key %s is there twice", k.ID)
		case w == nil:
			return nil, fmt.Errorf("API key %s is in no workspace", k.ID)
		case !w.Value.ArchivedAt.IsZero() && k.Status != api.KeyArchived:
			return nil, fmt.Errorf("API key %s is in an archived workspace and not archived", k.ID)
		}
		t.putKey(k)
	}
	for _, r := range c.Removed {
		if t.users.get(r.ID) != nil {
			return nil, fmt.Errorf("user %s is removed and present", r.ID)
		}
		if _, ok := t.removed.Get(r.ID); ok {
			return nil, fmt.Errorf("user %s is removed twice", r.ID)
		}
		t.removed.Set(r.ID, at(r.AddedAt, r.ID))
	}
	return t.done(), nil
}

// Contents gives everything that the organization consists of.
func (o *Organization) Contents() Contents {
	s := o.view()
	c := Contents{ID: o.ID(), Name: s.name, AdminKeys: o.AdminKeys(), Settings: s.settings, Clock: s.clock, IDs: s.ids}
	c.DefaultWorkspace = s.workspaces.get(s.defaultWorkspace).Value.Workspace
	s.users.span(usersListed, User{}).each(func(r *row[User]) bool {
		c.Users = append(c.Users, r.Value.User)
		return true
	})
	s.invites.span(invitesSent, Invite{}).each(func(r *row[Invite]) bool {
		c.Invites = append(c.Invites, r.Value.Invite)
		return true
	})
	s.workspaces.rows.Scan(func(r *row[Workspace]) bool {
		if !r.Value.isDefault {
			c.Workspaces = append(c.Workspaces, r.Value.Workspace)
		}
		return true
	})
	s.keys.span(keysListed, APIKey{}).each(func(r *row[APIKey]) bool {
		c.APIKeys = append(c.APIKeys, r.Value)
		return true
	})
	slices.SortFunc(c.Workspaces, func(a, b api.Workspace) int { return at(a.CreatedAt, a.ID).compare(at(b.CreatedAt, b.ID)) })
	for _, w := range c.Workspaces {
		s.members.span(membersByWorkspace, Member{WorkspaceID: w.ID}).each(func(r *row[Member]) bool {
			c.Members = append(c.Members, r.Value)
			return true
		})
	}
	s.removed.Scan(func(id string, p position) bool {
		c.Removed = append(c.Removed, RemovedUser{ID: id, AddedAt: p.time()})
		return true
	})
	slices.SortFunc(c.Removed, func(a, b RemovedUser) int {
		return cmp.Or(b.AddedAt.Compare(a.AddedAt.Time), strings.Compare(b.ID, a.ID))
	})
	return c
}
