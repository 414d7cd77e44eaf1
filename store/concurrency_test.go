package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// together runs f n times at once and waits for all of them.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

// during reads again and again, from as many sides as there are readers, until
// write is done.
func during(write func(), readers int, read func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for {
				read()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	write()
	close(done)
	all.Wait()
}

func TestOneOfManyRacingInvitesWins(t *testing.T) {
	o := open(t, store.Contents{})
	for round := range 20 {
		email := fmt.Sprintf("new%d@example.com", round)
		won := make([]string, 16)
		together(len(won), func(i int) {
			made, err := o.CreateOrganizationInvite(store.NewInvite{Email: email, Role: "user"}, nil)
			if err == nil {
				won[i] = made.Value.ID
				return
			}
			wantRefusal(t, store.Error{Code: "invite_already_exists"}, err)
		})
		winners := []string{}
		for _, id := range won {
			if id != "" {
				winners = append(winners, id)
			}
		}
		if len(winners) != 1 {
			t.Fatalf("%d of %d creations of the same invite won", len(winners), len(won))
		}
		wantIDs(t, o.invites(store.InviteFilter{Email: email}, all), winners...)
	}
}

func TestLimitHoldsForRacingWrites(t *testing.T) {
	o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.WorkspaceLimit, s.MemberLimit = 10, new(10) })})
	together(32, func(i int) {
		_, _ = o.newWorkspace("new")()
		_, _ = o.create(fmt.Sprintf("new%d@example.com", i))()
	})
	diff(t, "workspaces", 10, len(o.workspaces(store.WorkspaceFilter{}, all).IDs))
	diff(t, "invites", 10, len(o.invites(store.InviteFilter{}, all).IDs))
}

func TestOneOfManyRacingRemovalsWins(t *testing.T) {
	var c store.Contents
	for i := range 8 {
		c.Users = append(c.Users, user(fmt.Sprint(i), "user"))
	}
	o := open(t, c)
	together(64, func(i int) {
		_, err := o.RemoveOrganizationMember(fmt.Sprint("user_", i%8))
		var e *store.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != store.NotFound && e.Code != "cannot_remove_last_member") {
			t.Error(err)
		}
	})
	diff(t, "users left", 1, len(o.users(store.UserFilter{}, all).IDs))
}

// TestReadAfterWriteSeesIt lets ten clients write and read what they wrote,
// by its id and in lists.
func TestReadAfterWriteSeesIt(t *testing.T) {
	o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.WorkspaceLimit = 1000 })})
	wrote := make(chan string, 1000)
	together(10, func(client int) {
		for i := range 30 {
			w, err := o.CreateWorkspace(store.NewWorkspace{Name: "new", DataResidency: api.DefaultDataResidency()}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			wrote <- w.Value.ID
			name := fmt.Sprintf("%d of %d", i, client)
			if _, err := o.UpdateWorkspace(w.Value.ID, store.WorkspaceUpdate{Name: &name}, nil); err != nil {
				t.Error(err)
			}
			// Another client reads what it hears of.
			id := <-wrote
			if _, err := o.GetWorkspace(id); err != nil {
				t.Error(err)
			}
			if got, err := o.GetWorkspace(w.Value.ID); err != nil || got.Value.Name != name {
				t.Errorf("read %q and %v, wrote %q", got.Value.Name, err, name)
			}
			p, err := o.ListWorkspaces(store.WorkspaceFilter{IDs: []string{w.Value.ID, id}}, store.List{Limit: 2}, nil)
			if err != nil || p.Len() == 0 {
				t.Errorf("the list has %d workspaces and %v", p.Len(), err)
			}
		}
	})
	diff(t, "workspaces", 300, len(o.workspaces(store.WorkspaceFilter{}, all).IDs))
}

// TestArchiveIsSeenWholeOrNotAtAll archives workspaces while others read: no
// reader meets a live key in an archived workspace.
func TestArchiveIsSeenWholeOrNotAtAll(t *testing.T) {
	const workspaces, keys = 40, 25
	c := store.Contents{}
	for w := range workspaces {
		c.Workspaces = append(c.Workspaces, workspace(fmt.Sprint(w)))
		for k := range keys {
			c.APIKeys = append(c.APIKeys, key(fmt.Sprintf("%d.%d", w, k), fmt.Sprint("wrkspc_", w), "active"))
		}
	}
	o := open(t, c)
	during(func() {
		together(2, func(half int) {
			for w := half; w < workspaces; w += 2 {
				if _, err := o.ArchiveWorkspace(fmt.Sprint("wrkspc_", w)); err != nil {
					t.Error(err)
				}
			}
		})
	}, 2, func() {
		// The keys of one workspace, in one page.
		for w := range workspaces {
			id := fmt.Sprint("wrkspc_", w)
			before, _ := o.GetWorkspace(id)
			p, err := o.ListAPIKeys(store.APIKeyFilter{WorkspaceID: id}, all, nil)
			if err != nil || p.Len() != keys {
				t.Errorf("%s has %d keys and %v", id, p.Len(), err)
				return
			}
			of := map[api.APIKeyStatus]int{}
			for k := range p.All() {
				of[k.Status]++
			}
			if len(of) != 1 || !before.Value.ArchivedAt.IsZero() && of["active"] > 0 {
				t.Errorf("the keys of %s, archived at %v before, are %v", id, before.Value.ArchivedAt, of)
			}
		}
		// Everything, in one version.
		contents := o.Contents()
		archived := map[string]bool{}
		for _, w := range contents.Workspaces {
			archived[w.ID] = !w.ArchivedAt.IsZero()
		}
		for _, k := range contents.APIKeys {
			if archived[k.Scope.WorkspaceID] != (k.Status == "archived") {
				t.Errorf("%s is %s, its workspace is archived: %v", k.ID, k.Status, archived[k.Scope.WorkspaceID])
			}
		}
	})
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "active"}, all))
}

// TestPagesOfAListInMotionAreWhole walks lists while users change their roles,
// leave and join workspaces, and invites come and go: each page is in order,
// holds nothing twice, and says only what one version says.
func TestPagesOfAListInMotionAreWhole(t *testing.T) {
	const users = 60
	c := store.Contents{Workspaces: []api.Workspace{workspace("lab")}}
	for i := range users {
		c.Users = append(c.Users, user(fmt.Sprintf("%03d", i), "user"))
	}
	o := open(t, c)
	// Users stand in lists as they are numbered.
	inOrder := func(list string, ids []string) {
		for i := range ids[min(1, len(ids)):] {
			if ids[i] >= ids[i+1] {
				t.Errorf("a page of %s is not in order: %v", list, ids)
			}
		}
	}
	during(func() {
		together(4, func(client int) {
			for round := range 3 {
				for i := client; i < users-4; i += 4 {
					id := fmt.Sprintf("user_%03d", i)
					_, _ = o.AddWorkspaceMember("wrkspc_lab", store.NewWorkspaceMember{UserID: id, WorkspaceRole: "workspace_user"}, nil)
					_, _ = o.UpdateOrganizationMember(id, api.AssignableRoles[(i+round)%4], nil)
					_, _ = o.UpdateWorkspaceMember("wrkspc_lab", id, "workspace_admin", nil)
					_, _ = o.RemoveWorkspaceMember("wrkspc_lab", id)
					if round == 2 && i%3 == 0 {
						_, _ = o.RemoveOrganizationMember(id)
					}
				}
			}
		})
	}, 3, func() {
		for list := (store.List{Limit: 7}); ; {
			p, err := o.ListOrganizationMembers(store.UserFilter{Roles: []api.OrganizationRole{"user", "billing"}}, list, nil)
			if err != nil {
				t.Error(err) // also when the cursor was removed meanwhile
				return
			}
			var ids []string
			for u := range p.All() {
				ids = append(ids, u.ID)
				if u.Role != "user" && u.Role != "billing" {
					t.Errorf("%s is a %s in the list of others", u.ID, u.Role)
				}
			}
			inOrder("users", ids)
			if !p.HasMore {
				break
			}
			list.AfterID = p.LastID
		}
		for list := (store.List{Limit: 7, BeforeID: fmt.Sprintf("user_%03d", users-1)}); ; {
			p, err := o.ListWorkspaceMembers("wrkspc_lab", list, nil)
			if err != nil {
				t.Error(err)
				return
			}
			var ids []string
			for m := range p.All() {
				ids = append(ids, m.UserID)
				if m.WorkspaceRole == "" {
					t.Errorf("%s is a member without a role", m.UserID)
				}
			}
			inOrder("members", ids)
			if !p.HasMore {
				break
			}
			list.BeforeID = p.FirstID
		}
	})
}

// TestReadersSettleExpiryOnce moves the clock over the expiry of many invites
// and keys while readers come from all sides.
func TestReadersSettleExpiryOnce(t *testing.T) {
	const n = 100
	c := store.Contents{}
	for i := range n {
		in := invite(fmt.Sprint(i), "user", "pending")
		in.ExpiresAt = at(time.Hour)
		c.Invites = append(c.Invites, in)
		c.APIKeys = append(c.APIKeys, expiring(at(time.Hour), key(fmt.Sprint(i), theDefault, "active")))
	}
	o := open(t, c)
	pending := store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}
	during(func() {
		time.Sleep(5 * time.Millisecond)
		o.real.advance(time.Hour)
		together(8, func(int) {
			p, err := o.ListOrganizationInvites(pending, all, nil)
			if err != nil || p.Len() != 0 {
				t.Errorf("after the expiry %d invites are pending (%v)", p.Len(), err)
			}
			k, err := o.ListAPIKeys(store.APIKeyFilter{Status: "expired"}, all, nil)
			if err != nil || k.Len() != n {
				t.Errorf("after the expiry %d keys are expired (%v)", k.Len(), err)
			}
		})
	}, 3, func() {
		if p, err := o.ListOrganizationInvites(pending, all, nil); err != nil || p.Len() != 0 && p.Len() != n {
			t.Errorf("%d of %d invites are pending (%v)", p.Len(), n, err)
		}
	})
	for _, k := range o.Contents().APIKeys {
		diff(t, "history", []store.StatusChange{{Status: "active", At: k.CreatedAt}, {Status: "expired", At: at(time.Hour)}}, k.History)
	}
}

// TestOrganizationsOfAStoreAreAddedAndFoundAtOnce adds organizations while
// their keys are asked for.
func TestOrganizationsOfAStoreAreAddedAndFoundAtOnce(t *testing.T) {
	s := store.New(time.Now)
	together(16, func(i int) {
		key := fmt.Sprintf("sk-ant-admin01-%d", i)
		o, err := s.Add(complete(store.Contents{ID: fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", i), AdminKeys: []string{key}}))
		if err != nil {
			t.Error(err)
			return
		}
		if s.Authenticate(key) != o || s.First() == nil {
			t.Errorf("the key %q does not select its organization", key)
		}
	})
}

func TestRequestIDsAreUniqueAmongRacingRequests(t *testing.T) {
	o := open(t, store.Contents{})
	var seen sync.Map
	together(8, func(int) {
		for range 200 {
			id := o.NewRequestID()
			if _, dup := seen.LoadOrStore(id, true); dup {
				t.Errorf("the request id %s came twice", id)
			}
		}
	})
}

// TestAllOperationsAtOnce is for the race detector: everything that the store
// can do, from everywhere.
func TestAllOperationsAtOnce(t *testing.T) {
	o := open(t, everything())
	during(func() {
		together(4, func(client int) {
			for i := range 20 {
				email := fmt.Sprintf("%d.%d@example.com", client, i)
				if made, err := o.create(email)(); err == nil && i%2 == 0 {
					_, _ = o.DeleteOrganizationInvite(made.Value.ID)
				}
				if made, err := o.newWorkspace(email)(); err == nil {
					_, _ = o.update(made.Value.ID, store.WorkspaceUpdate{Tags: map[string]*string{"a": &email}})()
					_, _ = o.add(made.Value.ID, "user_b", "workspace_user")()
					_, _ = o.change(made.Value.ID, "user_b", "workspace_admin")()
					_, _ = o.leave(made.Value.ID, "user_b")()
					_, _ = o.ArchiveWorkspace(made.Value.ID)
				}
				_, _ = o.set("apikey_used", api.SettableKeyStatuses[i%2])()
				_, _ = o.UpdateOrganizationMember("user_c", api.AssignableRoles[i%4], nil)
				o.real.advance(time.Hour)
			}
			_, _ = o.RemoveOrganizationMember("user_a")
		})
	}, 3, func() {
		for _, list := range []func() error{
			func() error { return answered(o.ListOrganizationMembers(store.UserFilter{}, all, nil)) },
			func() error { return answered(o.ListOrganizationInvites(store.InviteFilter{}, all, nil)) },
			func() error {
				return answered(o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true}, all, nil))
			},
			func() error { return answered(o.ListWorkspaceMembers("wrkspc_lab", all, nil)) },
			func() error { return answered(o.ListAPIKeys(store.APIKeyFilter{}, all, nil)) },
			func() error { return answered(o.GetWorkspace("wrkspc_lab")) },
			func() error { return answered(o.GetWorkspaceMember("wrkspc_lab", "user_e")) },
		} {
			if err := list(); err != nil {
				t.Error(err)
			}
		}
		_, _, _ = o.Contents(), o.Settings(), o.GetCurrentOrganization()
	})
	diff(t, "contents", o.Contents(), open(t, o.Contents()).Contents())
}
