package store_test

import (
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// keep returns what a store holds as somebody gives it back who has kept the
// contents of its versions only, and a store that is filled with it.
func keep(t tb, s *store.Store, real *realTime, anew func(time.Time) (store.Contents, error)) (store.Dump, *store.Store) {
	t.Helper()
	k := s.Dump()
	back := k
	back.Versions = nil
	for _, v := range k.Versions {
		back.Versions = append(back.Versions, must(store.VersionOf(v.Contents()))(t))
	}
	again := store.New(real.now)
	err := again.LoadDump(back, func(int) func(time.Time) (store.Contents, error) { return anew })
	if err != nil {
		t.Fatal(err)
	}
	return k, again
}

// everyOrganization returns the contents of all of them.
func everyOrganization(s *store.Store) (contents []store.Contents) {
	for _, o := range s.Organizations() {
		contents = append(contents, o.Contents())
	}
	return contents
}

func TestKeptIsEverything(t *testing.T) {
	s, real := shop(t)
	first := s.First()
	object((&org{first, t, real}).create("new@example.com")())(t)
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

	k, again := keep(t, s, real, nil)
	// The seed and two forks that came from it, the first organization and what
	// the snapshot took of it.
	diff(t, "versions", 4, len(k.Versions))
	diff(t, "origins", 2, len(k.Origins))
	diff(t, "contents", everyOrganization(s), everyOrganization(again))
	for i, o := range s.Organizations() {
		other := again.Organizations()[i]
		diff(t, "expires", o.Expires(), other.Expires())
		diff(t, "request id", o.NewRequestID(), other.NewRequestID())
		object((&org{o, t, real}).newWorkspace("w")())(t)
		object((&org{other, t, real}).newWorkspace("w")())(t)
	}
	diff(t, "contents after a write", everyOrganization(s), everyOrganization(again))
	for i, o := range s.Organizations() {
		diff(t, "error", nil, o.Reset())
		diff(t, "error", nil, again.Organizations()[i].Reset())
	}
	diff(t, "contents after a reset", everyOrganization(s), everyOrganization(again))
	for _, s := range []*store.Store{s, again} {
		must(s.Create(store.NewOrganization{From: s.FromSeed()}))(t)
		must(s.AuthenticateOrFork("sk-ant-admin01-invented"))(t)
	}
	diff(t, "contents of new ones", everyOrganization(s), everyOrganization(again))
	real.advance(time.Hour)
	if again.Authenticate("sk-ant-admin01-one") != nil {
		t.Error("the fork has not ended")
	}
}

// What is loaded anew is so after a restart, too.
func TestKeptOriginsAreLoadedAnew(t *testing.T) {
	s, real := shop(t)
	var asked int
	k, again := keep(t, s, real, func(now time.Time) (store.Contents, error) {
		asked++
		return complete(store.Contents{Users: []api.User{user("later", "admin")}}), nil
	})
	diff(t, "place", 0, k.Origins[0].SeedIndex)
	diff(t, "error", nil, again.First().Reset())
	diff(t, "loaded at once", 0, asked)
	real.advance(time.Minute)
	diff(t, "error", nil, again.First().Reset())
	diff(t, "loaded", 1, asked)
	object(again.First().GetOrganizationMember("user_later"))(t)
}

// An organization that nobody looked at since something became due is kept as
// it was, and that expires where it is loaded.
func TestKeptVersionsAreNotSettled(t *testing.T) {
	s, real := shop(t)
	real.advance(30 * day)
	v := s.Dump().Versions[0]
	diff(t, "status in the version", api.InvitePending, v.Contents().Invites[0].Status)
	diff(t, "the latest instant", store.FrozenAt(epoch.Add(-time.Hour)), v.Contents().Clock)
	diff(t, "the version is the same", true, v.Token() == s.Dump().Versions[0].Token())
	_, again := keep(t, s, real, nil)
	diff(t, "status", api.InviteExpired, object(again.First().GetOrganizationInvite("invite_a"))(t).Status)
}

func TestEveryChangeIsToldAndIsAnotherVersion(t *testing.T) {
	s, real := shop(t)
	told := 0
	s.Changed = func() { told++ }
	o := s.First()
	must(o.TakeSnapshot("s"))(t)
	var fork *store.Organization
	for _, change := range []struct {
		name    string
		version bool // whether the first organization has another one afterwards
		do      func()
	}{
		{"a write", true, func() { object((&org{o, t, real}).create("new@example.com")())(t) }},
		{"the clock", true, func() { o.Advance(time.Hour) }},
		{"settings", true, func() {
			must(o.UpdateSettings(func(s store.Settings) (store.Settings, error) { return s, nil }))(t)
		}},
		{"expiry", true, func() { real.advance(30 * day); o.GetOrganizationInvite("invite_a") }},
		{"a restore", true, func() { must(o.RestoreSnapshot("s"))(t) }},
		{"a reset", true, func() { diff(t, "error", nil, o.Reset()) }},
		{"a replacement", true, func() { diff(t, "error", nil, o.Replace(complete(store.Contents{}))) }},
		{"a fork", false, func() {
			fork = must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: "sk-ant-admin01-one"}))(t)
		}},
		{"a deletion", false, func() { diff(t, "error", nil, s.Delete(fork)) }},
		{"many requests", false, func() {
			for range 1 << 16 {
				o.NewRequestID()
			}
		}},
	} {
		before, was := told, token(s)
		change.do()
		if told == before {
			t.Errorf("%s is not told", change.name)
		}
		if got := token(s) != was; got != change.version {
			t.Errorf("%s: another version is %v", change.name, got)
		}
	}
	before := told
	o.ListWorkspaces(store.WorkspaceFilter{}, all, nil)
	o.NewRequestID()
	o.GetOrganizationMember("user_nobody")
	diff(t, "told of reads", before, told)
}

// token is that of the first organization's version.
func token(s *store.Store) any {
	k := s.Dump()
	return k.Versions[k.Organizations[0].Version].Token()
}

func TestAddKeptRefusesTwins(t *testing.T) {
	s, real := shop(t)
	k := s.Dump()
	k.Organizations = append(k.Organizations, k.Organizations[0])
	if err := store.New(real.now).LoadDump(k, func(int) func(time.Time) (store.Contents, error) { return nil }); err == nil {
		t.Error("two organizations have one id")
	}
}
