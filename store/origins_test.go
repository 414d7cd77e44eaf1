package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// seededStore returns a store whose first organization is loaded with an invite that
// is three days old at that time.
func seededStore(t tb) (*store.Store, *realTime) {
	t.Helper()
	real := new(realTime)
	s := store.New(real.now)
	load := func(now time.Time) (store.Contents, error) {
		i := invitedAt(api.At(now.Add(-3*day)), invite("a", "user", "pending"))
		return complete(store.Contents{Users: []api.User{user("jane", "user"), user("john", "admin")}, Invites: []api.Invite{i}}), nil
	}
	c, _ := load(epoch)
	must(s.AddSeeded(c, store.Seeded{Reload: load}))(t)
	return s, real
}

func TestResetReturnsToTheSeed(t *testing.T) {
	s, real := seededStore(t)
	o := s.First()
	before, first := o.Contents(), o.NewRequestID()
	created := object(o.CreateWorkspace(store.NewWorkspace{Name: "W", DataResidency: api.DefaultDataResidency()}, nil))(t)
	must(o.RemoveOrganizationMember("user_jane"))(t)
	o.Advance(30 * day)
	diff(t, "error", nil, o.Reset())
	diff(t, "contents", before, o.Contents())
	diff(t, "first request id after a reset", first, o.NewRequestID())
	diff(t, "id after a reset", created.ID, object(o.CreateWorkspace(store.NewWorkspace{Name: "W", DataResidency: api.DefaultDataResidency()}, nil))(t).ID)

	// A month later, a reset still loads a pending invite.
	real.advance(30 * day)
	diff(t, "error", nil, o.Reset())
	diff(t, "status", api.InvitePending, object(o.GetOrganizationInvite("invite_a"))(t).Status)
}

func TestForksAreIndependent(t *testing.T) {
	s, real := seededStore(t)
	first := s.First()
	must(first.RemoveOrganizationMember("user_jane"))(t)
	real.advance(30 * day)
	seeded := must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one", Name: "One"}))(t)
	current := must(s.Create(store.NewOrganization{From: first.FromCurrent(), AdminKey: "sk-ant-admin01-two"}))(t)

	diff(t, "name", "One", seeded.Contents().Name)
	object(seeded.GetOrganizationMember("user_jane"))(t) // from the seed, not from the current state
	diff(t, "status in a fresh fork", api.InvitePending, object(seeded.GetOrganizationInvite("invite_a"))(t).Status)
	if _, err := current.GetOrganizationMember("user_jane"); err == nil {
		t.Error("a fork of the current state has a removed user")
	}
	must(current.UpdateOrganizationMember("user_john", "user", nil))
	diff(t, "role elsewhere", api.RoleAdmin, object(first.GetOrganizationMember("user_john"))(t).Role)
	diff(t, "by key", true, s.Authenticate("sk-ant-admin01-one").Same(seeded) && s.Authenticate("sk-ant-admin01-two").Same(current))
	if seeded.ID() == current.ID() || seeded.ID() == first.ID() || seeded.NewRequestID() == first.NewRequestID() {
		t.Error("organizations share an id")
	}
	diff(t, "error", nil, seeded.Reset())
	diff(t, "name after a reset", "One", seeded.Contents().Name)
}

// An organization's id depends only on its key, not on the order of creation.
func TestIDsOfNewOrganizationsAreAFunctionOfTheKey(t *testing.T) {
	ids := map[string]string{}
	for _, keys := range [][]string{{"a", "b"}, {"b", "a"}} {
		s, _ := seededStore(t)
		for _, k := range keys {
			o := must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-" + k}))(t)
			if first, ok := ids[k]; ok && first != o.ID() {
				t.Errorf("the key %s has the id %s, and %s in another order", k, o.ID(), first)
			}
			ids[k] = o.ID()
		}
		diff(t, "a generated key is valid", true, store.ValidAdminKey(must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t).AdminKeys()[0]))
	}
}

func TestCreateRefuses(t *testing.T) {
	s, _ := seededStore(t)
	for key, kind := range map[string]store.Kind{"sk-ant-admin01-acme": store.Conflict, "nonsense": store.Invalid} {
		_, err := s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: key})
		refusal, ok := err.(*store.Error)
		if !ok || refusal.Kind != kind {
			t.Errorf("%s: %v", key, err)
		}
	}
	diff(t, "organizations", 1, len(s.Organizations()))
}

func TestUnknownKeysFork(t *testing.T) {
	s, _ := seededStore(t)
	if o, err := s.AuthenticateOrFork("sk-ant-api03-x"); o != nil || err != nil {
		t.Errorf("a malformed key returned %v and %v", o, err)
	}
	var wg sync.WaitGroup
	got := make([]*store.Organization, 20)
	for i := range got {
		wg.Add(1)
		go func() {
			defer wg.Done()
			got[i], _ = s.AuthenticateOrFork("sk-ant-admin01-invented")
		}()
	}
	wg.Wait()
	for _, o := range got {
		if o == nil || !o.Same(got[0]) || o.Same(s.First()) {
			t.Error("the key selects several organizations, or the first one")
		}
	}
	diff(t, "organizations", 2, len(s.Organizations()))
}

func TestOrganizationsExpire(t *testing.T) {
	s, real := seededStore(t)
	var removed []string
	s.Removed = func(o *store.Organization) { removed = append(removed, o.Name()) }
	must(s.Create(store.NewOrganization{From: s.FromSeed(), Name: "short", AdminKey: "sk-ant-admin01-short", TTL: time.Minute}))(t)
	long := must(s.Create(store.NewOrganization{From: s.FromSeed(), Name: "long", TTL: time.Hour}))(t)
	real.advance(time.Minute - 1)
	diff(t, "organizations before the expiry", 3, len(s.Organizations()))
	real.advance(1)
	if s.Authenticate("sk-ant-admin01-short") != nil {
		t.Error("its key still selects it after the expiry")
	}
	diff(t, "removed", []string{"short"}, removed)
	real.advance(time.Hour)
	diff(t, "left", 1, len(s.Organizations()))
	diff(t, "removed", []string{"short", "long"}, removed)
	if s.Organization(long.ID()) != nil {
		t.Error("its id still selects it after the expiry")
	}
}

func TestDelete(t *testing.T) {
	s, _ := seededStore(t)
	o := must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one"}))(t)
	diff(t, "error", nil, s.Delete(o))
	diff(t, "left", 1, len(s.Organizations()))
	if s.Authenticate("sk-ant-admin01-one") != nil || s.Delete(s.First()) == nil {
		t.Error("a key of a deleted organization works, or the first organization was deleted")
	}
}

func TestReplace(t *testing.T) {
	s, _ := seededStore(t)
	first := s.First()
	other := must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one"}))(t)
	before := other.Contents()

	c := complete(store.Contents{Name: "Other", ID: first.ID(), AdminKeys: []string{"sk-ant-admin01-two"}})
	if err := other.Replace(c); err == nil {
		t.Error("Replace accepted the id of another organization")
	}
	c.ID, c.AdminKeys = "", []string{"sk-ant-admin01-acme"}
	if err := other.Replace(c); err == nil {
		t.Error("Replace accepted the key of another organization")
	}
	diff(t, "contents", before, other.Contents())

	c.AdminKeys = []string{"sk-ant-admin01-two"}
	diff(t, "error", nil, other.Replace(c))
	diff(t, "by key", true, s.Authenticate("sk-ant-admin01-one") == nil && s.Authenticate("sk-ant-admin01-two").Same(other))
	diff(t, "id", before.ID, other.ID())
	diff(t, "name", "Other", other.Contents().Name)
	diff(t, "error", nil, other.Reset())
	diff(t, "users after a reset", len(before.Users), len(other.Contents().Users))
}

func TestSnapshots(t *testing.T) {
	o := openWithExpiries(t)
	before := o.Contents()
	taken := must(o.TakeSnapshot("start"))(t)
	diff(t, "snapshot", store.Snapshot{Name: "start", Taken: at(0)}, taken)
	created := object(o.newWorkspace("new")())(t)
	o.real.advance(30 * day)
	must(o.TakeSnapshot("later"))(t)
	diff(t, "snapshots", []store.Snapshot{taken, {Name: "later", Taken: at(30 * day)}}, o.Snapshots())

	must(o.RestoreSnapshot("start"))(t)
	diff(t, "clock after a restore", at(0), o.Now())
	got := o.Contents()
	got.Clock = before.Clock
	diff(t, "contents", before, got)
	diff(t, "id after a restore", created.ID, object(o.newWorkspace("new")())(t).ID)
	o.real.advance(time.Hour)
	diff(t, "clock an hour later", at(time.Hour), o.Now())

	diff(t, "error", nil, o.DeleteSnapshot("start"))
	if _, err := o.RestoreSnapshot("start"); err == nil || o.DeleteSnapshot("start") == nil {
		t.Error("a deleted snapshot can be restored or deleted")
	}
}

// Two hundred organizations start from one version and have their own clocks and
// writes, which must not affect each other.
func TestManyOrganizations(t *testing.T) {
	s, _ := seededStore(t)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			o, err := s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: fmt.Sprintf("sk-ant-admin01-%d", i)})
			if err != nil {
				t.Error(err)
				return
			}
			if _, _, err := o.Advance(time.Duration(i) * time.Hour); err != nil {
				t.Error(err)
			}
			for range i % 7 {
				if _, err := o.CreateWorkspace(store.NewWorkspace{Name: fmt.Sprint(i), DataResidency: api.DefaultDataResidency()}, nil); err != nil {
					t.Error(err)
				}
			}
			if i%3 == 0 {
				if err := o.Reset(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	for i := range 200 {
		o := s.Authenticate(fmt.Sprintf("sk-ant-admin01-%d", i))
		c := o.Contents()
		want, ahead := i%7, time.Duration(i)*time.Hour
		if i%3 == 0 {
			want, ahead = 0, 0
		}
		diff(t, "workspaces", want, len(c.Workspaces))
		diff(t, "the clock", at(ahead), o.Now())
		for _, w := range c.Workspaces {
			diff(t, "workspace", fmt.Sprint(i), w.Name)
		}
	}
}

// Snapshots, restores and resets cost the same for ten objects and for thousands.
func TestSnapshotsAndResetsCostTheSame(t *testing.T) {
	allocations := map[int]float64{}
	for _, n := range []int{10, 10_000} {
		c := store.Contents{}
		for i := range n {
			c.Users = append(c.Users, user(fmt.Sprint(i), "user"))
		}
		o := open(t, c)
		allocations[n] = testing.AllocsPerRun(20, func() {
			must(o.TakeSnapshot("s"))(t)
			must(o.RestoreSnapshot("s"))(t)
			diff(t, "error", nil, o.Reset())
		})
	}
	if allocations[10_000] > allocations[10]+2 {
		t.Errorf("allocations by number of objects: %v", allocations)
	}
}

// Replacing the contents of an organization that was deleted must not restore it.
func TestReplaceRefusesADeletedOrganization(t *testing.T) {
	s, _ := seededStore(t)
	o := must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one"}))(t)
	c := o.Contents()
	diff(t, "error", nil, s.Delete(o))
	err := o.Replace(c)
	wantRefusal(t, store.Error{Kind: store.NotFound, Message: "no such organization"}, err)
	if s.Authenticate("sk-ant-admin01-one") != nil || s.Organization(c.ID) != nil {
		t.Error("the deleted organization is back")
	}
	wantRefusal(t, store.Error{Kind: store.NotFound, Message: "no such organization"}, s.Delete(o))
	must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one"}))(t)
}

// Generated keys are a function of the seed and the clock of the first organization,
// not of real time.
func TestCreateWithoutAKeyIsDeterministic(t *testing.T) {
	var created [2]string
	for i := range created {
		real := new(realTime)
		real.advance(time.Duration(i) * time.Hour)
		s := store.New(real.now)
		must(s.Add(complete(store.Contents{Clock: store.FrozenAt(epoch)})))(t)
		o := must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t)
		created[i] = o.ID() + " " + o.AdminKeys()[0]
	}
	diff(t, "organization on the second server", created[0], created[1])
}

// A large seed with relative times is not reloaded for every fork.
func TestForksReloadTheSeedOccasionally(t *testing.T) {
	real, loads := new(realTime), 0
	s := store.New(real.now)
	load := func(time.Time) (store.Contents, error) {
		loads++
		c := store.Contents{}
		for i := range 1000 {
			c.Users = append(c.Users, user(fmt.Sprint(i), "user"))
		}
		return complete(c), nil
	}
	c, _ := load(epoch)
	must(s.AddSeeded(c, store.Seeded{Reload: load}))(t)
	for range 60 {
		real.advance(time.Second)
		must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t)
	}
	if loads < 2 || loads > 7 {
		t.Errorf("the seed was loaded %d times in a minute, want 2 to 7", loads)
	}
}
