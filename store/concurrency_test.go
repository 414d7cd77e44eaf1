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

// concurrently runs n calls of f at once and waits for all of them.
func concurrently(n int, f func(i int)) {
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

// readDuring calls read in a loop, from several goroutines, until write is done.
func readDuring(write func(), readers int, read func()) {
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

func TestOnlyOneConcurrentInviteSucceeds(t *testing.T) {
	o := open(t, store.Contents{})
	for round := range 20 {
		email := fmt.Sprintf("new%d@example.com", round)
		ids := make([]string, 16)
		concurrently(len(ids), func(i int) {
			created, err := o.CreateOrganizationInvite(store.NewInvite{Email: email, Role: "user"}, nil)
			if err == nil {
				ids[i] = created.Value.ID
				return
			}
			wantRefusal(t, store.Error{Code: "invite_already_exists"}, err)
		})
		created := []string{}
		for _, id := range ids {
			if id != "" {
				created = append(created, id)
			}
		}
		if len(created) != 1 {
			t.Fatalf("%d of %d creations of the same invite succeeded", len(created), len(ids))
		}
		wantIDs(t, o.invites(store.InviteFilter{Email: email}, all), created...)
	}
}

func TestConcurrentWritesRespectLimits(t *testing.T) {
	o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.WorkspaceLimit, s.MemberLimit = 10, new(10) })})
	concurrently(32, func(i int) {
		_, _ = o.newWorkspace("new")()
		_, _ = o.createInvite(fmt.Sprintf("new%d@example.com", i))()
	})
	diff(t, "workspaces", 10, len(o.workspaces(store.WorkspaceFilter{}, all).IDs))
	diff(t, "invites", 10, len(o.invites(store.InviteFilter{}, all).IDs))
}

func TestConcurrentRemovalsLeaveOneMember(t *testing.T) {
	var c store.Contents
	for i := range 8 {
		c.Users = append(c.Users, user(fmt.Sprint(i), "user"))
	}
	o := open(t, c)
	concurrently(64, func(i int) {
		_, err := o.RemoveOrganizationMember(fmt.Sprint("user_", i%8))
		var e *store.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != store.NotFound && e.Code != "cannot_remove_last_member") {
			t.Error(err)
		}
	})
	diff(t, "users left", 1, len(o.users(store.UserFilter{}, all).IDs))
}

// TestReadsSeeEarlierWrites has ten clients that write objects and read them by id
// and in lists.
func TestReadsSeeEarlierWrites(t *testing.T) {
	o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.WorkspaceLimit = 1000 })})
	wrote := make(chan string, 1000)
	concurrently(10, func(client int) {
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
			// Read an object of another client, too.
			id := <-wrote
			if _, err := o.GetWorkspace(id); err != nil {
				t.Error(err)
			}
			if got, err := o.GetWorkspace(w.Value.ID); err != nil || got.Value.Name != name {
				t.Errorf("read %q with error %v, want %q", got.Value.Name, err, name)
			}
			p, err := o.ListWorkspaces(store.WorkspaceFilter{IDs: []string{w.Value.ID, id}}, store.List{Limit: 2}, nil)
			if err != nil || p.Len() == 0 {
				t.Errorf("the list has %d workspaces, error %v", p.Len(), err)
			}
		}
	})
	diff(t, "workspaces", 300, len(o.workspaces(store.WorkspaceFilter{}, all).IDs))
}

// TestArchiveIsAtomic archives workspaces during reads: no reader sees a live key in
// an archived workspace.
func TestArchiveIsAtomic(t *testing.T) {
	const workspaces, keys = 40, 25
	c := store.Contents{}
	for w := range workspaces {
		c.Workspaces = append(c.Workspaces, workspace(fmt.Sprint(w)))
		for k := range keys {
			c.APIKeys = append(c.APIKeys, key(fmt.Sprintf("%d.%d", w, k), fmt.Sprint("wrkspc_", w), "active"))
		}
	}
	o := open(t, c)
	readDuring(func() {
		concurrently(2, func(half int) {
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
				t.Errorf("%s has %d keys, error %v", id, p.Len(), err)
				return
			}
			counts := map[api.APIKeyStatus]int{}
			for k := range p.All() {
				counts[k.Status]++
			}
			if len(counts) != 1 || !before.Value.ArchivedAt.IsZero() && counts["active"] > 0 {
				t.Errorf("%s was archived at %v, and its keys are %v", id, before.Value.ArchivedAt, counts)
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
				t.Errorf("%s is %s, but whether its workspace is archived is %v", k.ID, k.Status, archived[k.Scope.WorkspaceID])
			}
		}
	})
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "active"}, all))
}

// TestPagesAreConsistentDuringWrites walks lists while users change roles, join and
// leave workspaces and are removed: each page is in order, without duplicates, and
// shows a single version.
func TestPagesAreConsistentDuringWrites(t *testing.T) {
	const users = 60
	c := store.Contents{Workspaces: []api.Workspace{workspace("lab")}}
	for i := range users {
		c.Users = append(c.Users, user(fmt.Sprintf("%03d", i), "user"))
	}
	o := open(t, c)
	// List order is the order of the numbers in the ids.
	inOrder := func(list string, ids []string) {
		for i := range ids[min(1, len(ids)):] {
			if ids[i] >= ids[i+1] {
				t.Errorf("a page of %s is not in order: %v", list, ids)
			}
		}
	}
	readDuring(func() {
		concurrently(4, func(client int) {
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
				t.Error(err) // a removed user must remain a valid cursor
				return
			}
			var ids []string
			for u := range p.All() {
				ids = append(ids, u.ID)
				if u.Role != "user" && u.Role != "billing" {
					t.Errorf("%s with role %s does not match the filter", u.ID, u.Role)
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

// TestConcurrentReadsExpireOnce moves the clock past the expiry of many invites and
// keys during concurrent reads.
func TestConcurrentReadsExpireOnce(t *testing.T) {
	const n = 100
	c := store.Contents{}
	for i := range n {
		in := invite(fmt.Sprint(i), "user", "pending")
		in.ExpiresAt = at(time.Hour)
		c.Invites = append(c.Invites, in)
		c.APIKeys = append(c.APIKeys, expiring(at(time.Hour), key(fmt.Sprint(i), defaultWorkspaceID, "active")))
	}
	o := open(t, c)
	pending := store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}
	readDuring(func() {
		time.Sleep(5 * time.Millisecond)
		o.real.advance(time.Hour)
		concurrently(8, func(int) {
			p, err := o.ListOrganizationInvites(pending, all, nil)
			if err != nil || p.Len() != 0 {
				t.Errorf("%d invites are pending after their expiry (%v)", p.Len(), err)
			}
			k, err := o.ListAPIKeys(store.APIKeyFilter{Status: "expired"}, all, nil)
			if err != nil || k.Len() != n {
				t.Errorf("%d of %d keys are expired (%v)", k.Len(), n, err)
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

// TestConcurrentAddAndAuthenticate adds organizations and looks them up by key
// concurrently.
func TestConcurrentAddAndAuthenticate(t *testing.T) {
	s := store.New(time.Now)
	concurrently(16, func(i int) {
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

func TestConcurrentRequestIDsAreUnique(t *testing.T) {
	o := open(t, store.Contents{})
	var seen sync.Map
	concurrently(8, func(int) {
		for range 200 {
			id := o.NewRequestID()
			if _, dup := seen.LoadOrStore(id, true); dup {
				t.Errorf("duplicate request id %s", id)
			}
		}
	})
}

// TestConcurrentOperations runs every operation concurrently, for the race detector.
func TestConcurrentOperations(t *testing.T) {
	o := open(t, everything())
	readDuring(func() {
		concurrently(4, func(client int) {
			for i := range 20 {
				email := fmt.Sprintf("%d.%d@example.com", client, i)
				if created, err := o.createInvite(email)(); err == nil && i%2 == 0 {
					_, _ = o.DeleteOrganizationInvite(created.Value.ID)
				}
				if created, err := o.newWorkspace(email)(); err == nil {
					_, _ = o.updateWorkspace(created.Value.ID, store.WorkspaceUpdate{Tags: map[string]*string{"a": &email}})()
					_, _ = o.addMember(created.Value.ID, "user_b", "workspace_user")()
					_, _ = o.updateMember(created.Value.ID, "user_b", "workspace_admin")()
					_, _ = o.removeMember(created.Value.ID, "user_b")()
					_, _ = o.ArchiveWorkspace(created.Value.ID)
				}
				_, _ = o.setStatus("apikey_used", api.SettableKeyStatuses[i%2])()
				_, _ = o.UpdateOrganizationMember("user_c", api.AssignableRoles[i%4], nil)
				o.real.advance(time.Hour)
			}
			_, _ = o.RemoveOrganizationMember("user_a")
		})
	}, 3, func() {
		for _, list := range []func() error{
			func() error { return errorOf(o.ListOrganizationMembers(store.UserFilter{}, all, nil)) },
			func() error { return errorOf(o.ListOrganizationInvites(store.InviteFilter{}, all, nil)) },
			func() error {
				return errorOf(o.ListWorkspaces(store.WorkspaceFilter{IncludeArchived: true}, all, nil))
			},
			func() error { return errorOf(o.ListWorkspaceMembers("wrkspc_lab", all, nil)) },
			func() error { return errorOf(o.ListAPIKeys(store.APIKeyFilter{}, all, nil)) },
			func() error { return errorOf(o.GetWorkspace("wrkspc_lab")) },
			func() error { return errorOf(o.GetWorkspaceMember("wrkspc_lab", "user_e")) },
		} {
			if err := list(); err != nil {
				t.Error(err)
			}
		}
		_, _, _ = o.Contents(), o.Settings(), o.GetCurrentOrganization()
	})
	diff(t, "contents", o.Contents(), open(t, o.Contents()).Contents())
}
