package store_test

import (
	"fmt"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// dumpAndLoad returns a dump of s, and a store loaded from it, after rebuilding the
// versions from their contents as the state file does.
func dumpAndLoad(t tb, s *store.Store, real *realTime, reload func(time.Time) (store.Contents, error)) (store.Dump, *store.Store) {
	t.Helper()
	d := s.Dump()
	saved := d
	saved.Versions = nil
	for _, v := range d.Versions {
		saved.Versions = append(saved.Versions, must(store.VersionOf(v.Contents()))(t))
	}
	loaded := store.New(real.now)
	err := loaded.LoadDump(saved, func(int) func(time.Time) (store.Contents, error) { return reload })
	if err != nil {
		t.Fatal(err)
	}
	return d, loaded
}

// allContents returns the contents of all organizations.
func allContents(s *store.Store) (contents []store.Contents) {
	for _, o := range s.Organizations() {
		contents = append(contents, o.Contents())
	}
	return contents
}

func TestDumpRoundTrip(t *testing.T) {
	s, real := seededStore(t)
	first := s.First()
	object((&org{first, t, real}).createInvite("new@example.com")())(t)
	first.NewRequestID()
	must(first.TakeSnapshot("s"))(t)
	from, _ := first.FromSnapshot("s")
	real.advance(time.Hour)
	forks := []*store.Organization{
		must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one", Name: "One", TTL: time.Hour}))(t),
		must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t),
		must(s.Create(store.NewOrganization{From: from, Name: "Two"}))(t),
		must(s.Create(store.NewOrganization{From: from}))(t),
	}
	forks[0].FreezeClock()
	must(forks[1].UpdateSettings(func(store.Settings) (store.Settings, error) {
		return settings(func(s *store.Settings) { s.WorkspaceLimit = 3 }), nil
	}))(t)

	d, again := dumpAndLoad(t, s, real, nil)
	// The seed, its two changed forks, and the first organization, which shares its
	// version with the snapshot.
	diff(t, "versions", 4, len(d.Versions))
	diff(t, "origins", 2, len(d.Origins))
	diff(t, "contents", allContents(s), allContents(again))
	for i, o := range s.Organizations() {
		other := again.Organizations()[i]
		diff(t, "expires", o.Expires(), other.Expires())
		diff(t, "request id", o.NewRequestID(), other.NewRequestID())
		object((&org{o, t, real}).newWorkspace("w")())(t)
		object((&org{other, t, real}).newWorkspace("w")())(t)
	}
	diff(t, "contents after a write", allContents(s), allContents(again))
	for i, o := range s.Organizations() {
		diff(t, "error", nil, o.Reset())
		diff(t, "error", nil, again.Organizations()[i].Reset())
	}
	diff(t, "contents after a reset", allContents(s), allContents(again))
	for _, s := range []*store.Store{s, again} {
		must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t)
		must(s.AuthenticateOrFork("sk-ant-admin01-invented"))(t)
	}
	diff(t, "contents after new forks", allContents(s), allContents(again))
	real.advance(time.Hour)
	if again.Authenticate("sk-ant-admin01-one") != nil {
		t.Error("the fork has not expired")
	}
}

// Origins are also reloaded after a restart.
func TestDumpedOriginsAreReloaded(t *testing.T) {
	s, real := seededStore(t)
	var loads int
	d, again := dumpAndLoad(t, s, real, func(now time.Time) (store.Contents, error) {
		loads++
		return complete(store.Contents{Users: []api.User{user("later", "admin")}}), nil
	})
	diff(t, "seed index", 0, d.Origins[0].SeedIndex)
	diff(t, "error", nil, again.First().Reset())
	diff(t, "loads at once", 0, loads)
	real.advance(time.Minute)
	diff(t, "error", nil, again.First().Reset())
	diff(t, "loads after a minute", 1, loads)
	object(again.First().GetOrganizationMember("user_later"))(t)
}

// A dump does not expire what has become due since the last access: that happens
// where it is loaded.
func TestDumpDoesNotExpire(t *testing.T) {
	s, real := seededStore(t)
	real.advance(30 * day)
	v := s.Dump().Versions[0]
	diff(t, "status in the version", api.InvitePending, v.Contents().Invites[0].Status)
	diff(t, "clock of the version", store.FrozenAt(epoch.Add(-time.Hour)), v.Contents().Clock)
	diff(t, "same token", true, v.Token() == s.Dump().Versions[0].Token())
	_, again := dumpAndLoad(t, s, real, nil)
	diff(t, "status", api.InviteExpired, object(again.First().GetOrganizationInvite("invite_a"))(t).Status)
}

func TestChangedIsCalledForEveryChange(t *testing.T) {
	s, real := seededStore(t)
	calls := 0
	s.Changed = func() { calls++ }
	o := s.First()
	must(o.TakeSnapshot("s"))(t)
	var fork *store.Organization
	for _, change := range []struct {
		name    string
		version bool // whether it changes the first organization's version
		do      func()
	}{
		{"write", true, func() { object((&org{o, t, real}).createInvite("new@example.com")())(t) }},
		{"clock", true, func() { o.Advance(time.Hour) }},
		{"settings", true, func() {
			must(o.UpdateSettings(func(s store.Settings) (store.Settings, error) { return s, nil }))(t)
		}},
		{"expiry", true, func() { real.advance(30 * day); o.GetOrganizationInvite("invite_a") }},
		{"restore", true, func() { must(o.RestoreSnapshot("s"))(t) }},
		{"reset", true, func() { diff(t, "error", nil, o.Reset()) }},
		{"replace", true, func() { diff(t, "error", nil, o.Replace(complete(store.Contents{}))) }},
		{"fork", false, func() {
			fork = must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one"}))(t)
		}},
		{"delete", false, func() { diff(t, "error", nil, s.Delete(fork)) }},
		{"many requests", false, func() {
			for range 1 << 16 {
				o.NewRequestID()
			}
		}},
	} {
		before, old := calls, versionToken(s)
		change.do()
		if calls == before {
			t.Errorf("%s: Changed was not called", change.name)
		}
		if got := versionToken(s) != old; got != change.version {
			t.Errorf("%s: new version is %v, want %v", change.name, got, change.version)
		}
	}
	before := calls
	o.ListWorkspaces(store.WorkspaceFilter{}, all, nil)
	o.NewRequestID()
	o.GetOrganizationMember("user_nobody")
	diff(t, "calls after reads", before, calls)
}

// versionToken returns the token of the first organization's version.
func versionToken(s *store.Store) any {
	d := s.Dump()
	return d.Versions[d.Organizations[0].Version].Token()
}

func TestLoadDumpRefusesDuplicateOrganizations(t *testing.T) {
	s, real := seededStore(t)
	d := s.Dump()
	d.Organizations = append(d.Organizations, d.Organizations[0])
	if err := store.New(real.now).LoadDump(d, func(int) func(time.Time) (store.Contents, error) { return nil }); err == nil {
		t.Error("LoadDump accepted two organizations with the same id")
	}
}

// After a crash no id names a second object, on a frozen clock either: neither ids of
// objects, organizations and requests, nor generated admin keys. Organizations that the
// crash lost are created again with the same keys.
func TestNoIDRepeatsAfterACrash(t *testing.T) {
	seen := map[string]string{} // what an id names, by organization and id
	s := store.New(func() time.Time { return epoch })
	must(s.Add(complete(store.Contents{Clock: store.FrozenAt(epoch), Settings: settings(func(s *store.Settings) { s.WorkspaceLimit = 1000 })})))(t)
	saved := s.Dump()
	for crash := range 12 {
		name := func(o *store.Organization, id, object string) {
			t.Helper()
			key := o.ID() + " " + id
			if other, found := seen[key]; found {
				t.Errorf("crash %d: %s names %s, and named %s", crash, id, object, other)
			}
			seen[key] = object
		}
		create := func(o *store.Organization, what string) {
			t.Helper()
			w := object(o.CreateWorkspace(store.NewWorkspace{Name: what, DataResidency: api.DefaultDataResidency()}, nil))(t)
			name(o, w.ID, "workspace "+what)
		}
		write := func(o *store.Organization, n int) {
			for i := range n {
				what := fmt.Sprintf("%d of crash %d", i, crash)
				create(o, what)
				name(o, o.NewRequestID(), "request "+what)
			}
		}
		for n := range 4 {
			write(must(s.AuthenticateOrFork(fmt.Sprintf("sk-ant-admin01-invented-%d", n)))(t), 5)
			o := must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t)
			if key := o.AdminKeys()[0]; seen[key] != "" || seen[o.ID()] != "" {
				t.Errorf("crash %d: repeated key %s or organization %s", crash, key, o.ID())
			}
			seen[o.AdminKeys()[0]], seen[o.ID()] = "a key", "an organization"
			if n == crash%4 {
				saved = s.Dump()
			}
			write(s.First(), 5)
			write(o, 2)
		}
		// A snapshot holds the highest counts, and the file those after a reset.
		if crash%3 == 1 {
			must(s.First().TakeSnapshot("s"))(t)
			diff(t, "error", error(nil), s.First().Reset())
			saved = s.Dump()
			must(s.First().RestoreSnapshot("s"))(t)
			create(s.First(), "restored")
		}
		s = store.New(func() time.Time { return epoch })
		diff(t, "error", error(nil), s.LoadDump(saved.AfterCrash(), nil))
	}
}

// A reset sets back the counters of the only organization, which an import had set far
// ahead. A dump still has the highest ones.
func TestNoIDRepeatsAfterAResetAndACrash(t *testing.T) {
	s := store.New(func() time.Time { return epoch })
	must(s.Add(complete(store.Contents{Clock: store.FrozenAt(epoch)})))(t)
	diff(t, "error", error(nil), s.First().Replace(complete(store.Contents{Clock: store.FrozenAt(epoch), IDs: store.IDs{Seed: 7, Drawn: 1 << 24}})))
	seen := map[string]bool{}
	for crash := range 4 {
		for range 3 {
			w := object(s.First().CreateWorkspace(store.NewWorkspace{Name: "W", DataResidency: api.DefaultDataResidency()}, nil))(t)
			if request := s.First().NewRequestID(); seen[w.ID] || seen[request] {
				t.Errorf("crash %d: repeated %s or %s", crash, w.ID, request)
			} else {
				seen[w.ID], seen[request] = true, true
			}
		}
		s.Dump()
		diff(t, "error", error(nil), s.First().Reset())
		saved := s.Dump()
		s = store.New(func() time.Time { return epoch })
		diff(t, "error", error(nil), s.LoadDump(saved.AfterCrash(), nil))
	}
}

// A key that moves from one organization to another during a dump belongs to one of
// them in it: otherwise the dump could not be loaded.
func TestDumpWhileAKeyMoves(t *testing.T) {
	s, _ := seededStore(t)
	create := func(name any) *store.Organization {
		return must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf(name)}))(t)
	}
	from := create("from")
	for n := range 2000 {
		create(n)
	}
	to := create("to")
	keep := func(o *store.Organization, keys ...string) {
		c := o.Contents()
		c.AdminKeys = keys
		diff(t, "error", nil, o.Replace(c))
	}
	end, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			default:
			}
			keep(to, keyOf("to"))
			keep(from, keyOf("from"), keyOf("moving"))
			keep(from, keyOf("from"))
			keep(to, keyOf("to"), keyOf("moving"))
		}
	}()
	for range 50 {
		owners := map[string]string{}
		for _, o := range s.Dump().Organizations {
			for _, key := range o.AdminKeys {
				if other := owners[key]; other != "" {
					t.Errorf("%s belongs to %s and %s", key, other, o.ID)
				}
				owners[key] = o.ID
			}
		}
	}
	close(end)
	<-ended
}
