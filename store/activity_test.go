package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// forkingStore is seededStore with forks that are removed after an hour.
func forkingStore(t tb) (*store.Store, *realTime) {
	t.Helper()
	s, real := seededStore(t)
	s.SetForkTTL(time.Hour)
	return s, real
}

func keyOf(name any) string { return fmt.Sprintf("sk-ant-admin01-%v", name) }

func fork(t tb, s *store.Store, name any) *store.Organization {
	t.Helper()
	return must(s.AuthenticateOrFork(keyOf(name)))(t)
}

// keysOf returns the first keys of all organizations, without their prefix, in order
// of creation.
func keysOf(s *store.Store) (keys []string) {
	for _, o := range s.Organizations() {
		keys = append(keys, strings.TrimPrefix(o.AdminKeys()[0], keyOf("")))
	}
	return keys
}

func TestUnusedForksAreRemoved(t *testing.T) {
	s, real := forkingStore(t)
	var removed []string
	s.Removed = func(o *store.Organization) { removed = append(removed, o.AdminKeys()[0]) }
	a := fork(t, s, "a")
	fork(t, s, "b")
	before := a.Contents()
	must(a.RemoveOrganizationMember("user_jane"))(t)
	real.advance(30 * time.Minute)
	for range 3 {
		fork(t, s, "a")
	}
	real.advance(30*time.Minute - time.Microsecond)
	diff(t, "organizations", []string{"acme", "a", "b"}, keysOf(s))
	real.advance(time.Microsecond)
	diff(t, "organizations", []string{"acme", "a"}, keysOf(s))
	s.Organization(a.ID()) // naming it is a use, too
	real.advance(time.Hour - time.Microsecond)
	diff(t, "organizations", []string{"acme", "a"}, keysOf(s))
	real.advance(time.Microsecond)
	diff(t, "by key", true, s.Authenticate(keyOf("a")) == nil)
	diff(t, "removed", []string{keyOf("b"), keyOf("a")}, removed)

	// Its key gets a fresh fork: the seed, and the same id.
	again := fork(t, s, "a").Contents()
	again.Clock, again.Invites = before.Clock, before.Invites
	diff(t, "contents", before, again)
}

// An organization that somebody created on purpose stays, however long it is unused.
func TestOnlyForksAreRemovedWhenUnused(t *testing.T) {
	s, real := forkingStore(t)
	must(s.First().TakeSnapshot("s"))(t)
	snapshot, _ := s.First().FromSnapshot("s")
	empty := must(store.FromEmpty(complete(store.Contents{})))(t)
	origins := []store.Origin{"seed"}
	for _, from := range []store.From{s.FromSeed(), s.First().FromCurrent(), snapshot, empty, fork(t, s, "fork").FromCurrent()} {
		origins = append(origins, must(s.Create(store.NewOrganization{From: from}))(t).Origin())
	}
	diff(t, "origins", []store.Origin{"seed", "seed", "organization", "snapshot", "empty", "organization"}, origins)
	must(s.Create(store.NewOrganization{From: s.FromSeed(), TTL: 100 * day}))(t)
	diff(t, "organizations", 8, s.Len())
	real.advance(99 * day)
	diff(t, "organizations without the fork", 7, s.Len())
	real.advance(day)
	diff(t, "organizations without the one that has expired", 6, s.Len())
}

func TestForksCanBeKept(t *testing.T) {
	s, real := forkingStore(t)
	fork(t, s, "a")
	s.SetForkTTL(0)
	real.advance(1000 * day)
	diff(t, "organizations", []string{"acme", "a"}, keysOf(s))
	s.SetForkTTL(time.Nanosecond) // applies to existing forks; not 0 when rounded
	diff(t, "organizations", []string{"acme"}, keysOf(s))
}

func TestHeldForksAreInUse(t *testing.T) {
	s, real := forkingStore(t)
	o := fork(t, s, "a")
	fork(t, s, "b")
	diff(t, "held", true, o.Hold())
	diff(t, "held twice", true, o.Hold())
	real.advance(3 * day)
	diff(t, "organizations", []string{"acme", "a"}, keysOf(s))
	o.Release()
	real.advance(3 * day)
	diff(t, "organizations", []string{"acme", "a"}, keysOf(s))
	real.advance(30 * time.Minute)
	o.Release() // the end of a use is one, too
	real.advance(time.Hour - time.Microsecond)
	diff(t, "organizations", []string{"acme", "a"}, keysOf(s))
	real.advance(time.Microsecond)
	diff(t, "organizations", []string{"acme"}, keysOf(s))
	diff(t, "held after its removal", false, o.Hold())
	diff(t, "a fresh fork can be held", true, fork(t, s, "a").Hold())
}

// A request of an organization that was deleted meanwhile does not bring it back.
func TestReleaseAfterADeletion(t *testing.T) {
	s, real := forkingStore(t)
	o := fork(t, s, "a")
	diff(t, "held", true, o.Hold())
	diff(t, "error", nil, s.Delete(o))
	real.advance(time.Second)
	o.Release()
	diff(t, "listed", []string{"acme"}, list(t, s, store.OrganizationFilter{Limit: 9}, nil))
	diff(t, "organizations", []string{"acme"}, keysOf(s))
}

// fill adds forks until the store is full.
func fill(t tb, s *store.Store, real *realTime) {
	t.Helper()
	for s.Len() < store.MaxOrganizations {
		real.advance(time.Microsecond)
		fork(t, s, s.Len())
	}
}

func TestForksMakeRoom(t *testing.T) {
	s, real := seededStore(t) // also if forks do not expire
	must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf("created")}))(t)
	fill(t, s, real)
	oldest := fork(t, s, 2) // is not the longest unused one any more: 3 is
	held := fork(t, s, 4)
	real.advance(time.Second)
	diff(t, "held", true, held.Hold() && oldest != nil)
	has := func(name any) bool { return slices.Contains(keysOf(s), fmt.Sprint(name)) }

	fork(t, s, "new")
	diff(t, "has 2, 3, 4, 5", "true false true true", fmt.Sprint(has(2), has(3), has(4), has(5)))
	must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf("newer")}))(t)
	diff(t, "has 4, 5, 6", "true false true", fmt.Sprint(has(4), has(5), has(6)))
	fork(t, s, 3) // a fresh one
	diff(t, "has 6, 7", "false true", fmt.Sprint(has(6), has(7)))
	diff(t, "has others", true, has("created") && has("newer") && has("acme"))
	diff(t, "organizations", store.MaxOrganizations, s.Len())

	// A refused organization removes nothing.
	if _, err := s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf("new")}); err == nil {
		t.Error("a key was given twice")
	}
	diff(t, "has 7", true, has(7))
}

func TestFullStoreWithoutUnusedForks(t *testing.T) {
	s, real := seededStore(t)
	for n := range 10 {
		diff(t, "held", true, fork(t, s, n).Hold())
	}
	for s.Len() < store.MaxOrganizations {
		must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf(s.Len())}))(t)
	}
	real.advance(1000 * day)
	refusal := store.Error{Code: "too_many_organizations", Message: "the server has 20,000 organizations, the maximum, and no unused fork"}
	_, err := s.AuthenticateOrFork(keyOf("new"))
	wantRefusal(t, refusal, err)
	_, err = s.Create(store.NewOrganization{From: s.FromSeed()})
	wantRefusal(t, refusal, err)
	s.Authenticate(keyOf(3)).Release()
	fork(t, s, "new")
	diff(t, "removed", true, s.Authenticate(keyOf(3)) == nil)
}

// A second first request for a key arrives at each point at which the first one reads
// the time.
func TestTwoFirstRequestsGetOneFork(t *testing.T) {
	for call := 1; ; call++ {
		calls, nested := 0, []*store.Organization(nil)
		var s *store.Store
		armed := false
		s = store.New(func() time.Time {
			if calls++; armed && calls == call {
				armed = false
				nested = append(nested, fork(t, s, "invented"))
			}
			return epoch
		})
		must(s.Add(complete(store.Contents{})))(t)
		calls, armed = 0, true
		o := fork(t, s, "invented")
		if armed {
			diff(t, "points in time", true, call > 3)
			return
		}
		diff(t, "organizations", 2, s.Len())
		diff(t, fmt.Sprintf("the same fork, with another request at call %d of the time", call), true, nested[0].Same(o) && s.Authenticate(keyOf("invented")).Same(o))
	}
}

// list returns the last parts of the ids of all organizations, page by page.
func list(t tb, s *store.Store, f store.OrganizationFilter, between func()) (ids []string) {
	t.Helper()
	for pages := 0; pages < 100; pages++ {
		page, more, err := s.ListOrganizations(context.Background(), f)
		diff(t, "error", nil, err)
		for _, o := range page {
			ids = append(ids, strings.TrimPrefix(o.AdminKeys()[0], keyOf("")))
		}
		if !more {
			return ids
		}
		diff(t, "length of a page before the last", f.Limit, len(page))
		f.After = &page[len(page)-1].Activity
		between()
	}
	t.Fatal("the list does not end")
	return nil
}

func TestListOrganizations(t *testing.T) {
	s, real := seededStore(t)
	for _, name := range []string{"d", "b", "c", "a"} {
		real.advance(time.Second)
		must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf(name), Name: "Org " + strings.ToUpper(name)}))(t)
	}
	nothing := func() {}
	for limit := 1; limit < 7; limit++ {
		diff(t, "newest first", []string{"a", "c", "b", "d", "acme"}, list(t, s, store.OrganizationFilter{Limit: limit}, nothing))
	}
	real.advance(time.Second)
	s.Authenticate(keyOf("d"))
	s.Organization(s.Authenticate(keyOf("b")).ID())
	want := []string{"d", "b"} // used at the same time
	if s.Authenticate(keyOf("b")).ID() < s.Authenticate(keyOf("d")).ID() {
		slices.Reverse(want)
	}
	diff(t, "used most recently first", append(want, "a", "c", "acme"), list(t, s, store.OrganizationFilter{Limit: 2}, nothing))
	diff(t, "last activity", []api.Time{at(5 * time.Second), at(4 * time.Second)}, []api.Time{s.Authenticate(keyOf("d")).LastActivity(), activity(t, s, "a")})

	// A walk ends and repeats nothing, although all organizations are used and removed
	// meanwhile.
	walk := list(t, s, store.OrganizationFilter{Limit: 2}, func() {
		real.advance(time.Second)
		for _, o := range s.Organizations() {
			s.Organization(o.ID())
		}
		if o := s.Authenticate(keyOf("b")); o != nil {
			diff(t, "error", nil, s.Delete(o))
		}
	})
	diff(t, "a walk during use", want, walk)
}

// activity returns the last activity of an organization, as the list has it.
func activity(t tb, s *store.Store, name string) api.Time {
	t.Helper()
	page, _, err := s.ListOrganizations(context.Background(), store.OrganizationFilter{Search: keyOf(name), Limit: 1})
	diff(t, "error", nil, err)
	return page[0].At
}

func TestSearchOrganizations(t *testing.T) {
	s, real := seededStore(t)
	ids := map[string]string{}
	for _, name := range []string{"Straße", "payments", "PAY-day"} {
		real.advance(time.Second)
		ids[name] = must(s.Create(store.NewOrganization{From: s.FromSeed(), AdminKey: keyOf("key-" + name[:3]), Name: name}))(t).ID()
	}
	for search, want := range map[string][]string{
		"pay":                            {"key-PAY", "key-pay"}, // both by name, and by the end of the key
		"STRASSE":                        nil,                    // only case is ignored
		"straße":                         {"key-Str"},
		"ents":                           {"key-pay"},
		"-str":                           {"key-Str"},
		"key":                            nil, // not at the end
		ids["payments"]:                  {"key-pay"},
		strings.ToUpper(ids["payments"]): {"key-pay"},
		ids["payments"][9:20]:            {"key-pay"},
		"":                               {"key-PAY", "key-pay", "key-Str", "acme"},
	} {
		diff(t, "search "+search, want, list(t, s, store.OrganizationFilter{Search: search, Limit: 1}, func() {}))
	}
	must(s.First().UpdateSettings(func(settings store.Settings) (store.Settings, error) { return settings, nil }))(t)
	c := s.First().Contents()
	c.Name, c.ID = "Renamed", "99999999-9999-4999-8999-999999999999"
	diff(t, "error", nil, s.First().Replace(c))
	diff(t, "search for a new name", []string{"acme"}, list(t, s, store.OrganizationFilter{Search: "renamed", Limit: 9}, func() {}))
	diff(t, "organizations after an id has changed", 4, len(list(t, s, store.OrganizationFilter{Limit: 9}, func() {})))
}

func TestListOrganizationsStopsWithItsContext(t *testing.T) {
	s, _ := seededStore(t)
	for n := range 1000 {
		fork(t, s, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	page, more, err := s.ListOrganizations(ctx, store.OrganizationFilter{Search: "nothing", Limit: 20})
	if !errors.Is(err, context.Canceled) || page != nil || more {
		t.Errorf("%v, %v, %v", page, more, err)
	}
}

// A restart keeps the order in which forks were used.
func TestDumpKeepsTheLastUse(t *testing.T) {
	s, real := forkingStore(t)
	for _, name := range []string{"a", "b", "c"} {
		real.advance(10 * time.Minute)
		fork(t, s, name)
	}
	fork(t, s, "a")
	_, again := dumpAndLoad(t, s, real, nil)
	again.SetForkTTL(time.Hour)
	filter := store.OrganizationFilter{Limit: 9}
	diff(t, "organizations", list(t, s, filter, nil), list(t, again, filter, nil))
	diff(t, "origin", store.OriginFork, again.Authenticate(keyOf("a")).Origin())
	real.advance(50 * time.Minute)
	diff(t, "organizations", []string{"acme", "a", "c"}, keysOf(again))

	// Of a file of an older version, and of a machine whose clock is ahead.
	d := again.Dump()
	d.Organizations[1].LastActivity, d.Organizations[2].LastActivity = time.Time{}, real.now().Add(100*day)
	old := store.New(real.now)
	diff(t, "error", nil, old.LoadDump(d, nil))
	old.SetForkTTL(time.Hour)
	diff(t, "organizations", []string{"acme", "a", "c"}, keysOf(old))
	real.advance(time.Hour)
	diff(t, "organizations", []string{"acme"}, keysOf(old))
}

// A fork that is held is never removed, whatever others do.
func TestForksDuringConcurrentUse(t *testing.T) {
	s, real := forkingStore(t)
	s.SetForkTTL(2 * time.Microsecond)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 500 {
				key := keyOf(random.IntN(5))
				o, err := s.AuthenticateOrFork(key)
				if err != nil {
					t.Error(err)
					return
				}
				real.advance(time.Duration(random.IntN(4)) * time.Microsecond)
				if !o.Hold() {
					continue
				}
				real.advance(time.Duration(random.IntN(4)) * time.Microsecond)
				s.RemoveExpired()
				if other := s.Authenticate(key); other == nil || !other.Same(o) {
					t.Errorf("the key selects %v instead of the held fork", other)
				}
				switch random.IntN(4) {
				case 0:
					_, _, _ = s.ListOrganizations(context.Background(), store.OrganizationFilter{Search: "0", Limit: 3})
				case 1:
					s.Dump()
				}
				o.Release()
			}
		})
	}
	wg.Wait()
	real.advance(time.Second)
	diff(t, "organizations", []string{"acme"}, keysOf(s))
	page, more, err := s.ListOrganizations(context.Background(), store.OrganizationFilter{Limit: 10})
	diff(t, "listed", 1, len(page))
	diff(t, "more", false, more || err != nil)
}

// A fork whose use ends while forks are removed was in use just now: it stays, however
// long ago the use began.
func TestForksStayWhoseUseEndsDuringARemoval(t *testing.T) {
	for range 200 {
		s, real := forkingStore(t)
		for n := range 300 { // the removal passes them first
			fork(t, s, n).Hold()
		}
		real.advance(time.Second)
		o := fork(t, s, "a")
		diff(t, "held", true, o.Hold())
		real.advance(2 * time.Hour)
		ended := make(chan bool)
		go func() {
			defer close(ended)
			time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
			o.Release()
		}()
		s.RemoveExpired()
		<-ended
		if !o.Hold() {
			t.Fatal("a fork was removed at the end of its use")
		}
	}
}
