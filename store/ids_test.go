package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"antechamber/api"
	"antechamber/store"
)

func TestIDsAreULIDsWithAPrefix(t *testing.T) {
	o := open(t, store.Contents{})
	o.real.advance(1234567 * time.Microsecond)
	for prefix, id := range map[string]string{
		"invite_": object(o.createInvite("new@example.com")())(t).ID,
		"wrkspc_": object(o.newWorkspace("new")())(t).ID,
		"req_":    o.NewRequestID(),
	} {
		if !regexp.MustCompile(`^` + prefix + `[0-7][0-9A-HJKMNP-TV-Z]{25}$`).MatchString(id) {
			t.Errorf("%q is not %q followed by a ULID", id, prefix)
			continue
		}
		parsed, err := ulid.ParseStrict(id[len(prefix):])
		if err != nil {
			t.Errorf("%q: %v", id, err)
			continue
		}
		if want := epoch.Add(1234 * time.Millisecond); !ulid.Time(parsed.Time()).Equal(want) {
			t.Errorf("%q has the time %v, want %v", id, ulid.Time(parsed.Time()), want)
		}
	}
}

func TestIDsAreAFunctionOfSeedTimeAndCount(t *testing.T) {
	draw := func(seed, drawn uint64, at time.Time) string {
		ids := store.IDs{Seed: seed, Drawn: drawn}
		return ids.New("x_", at)
	}
	first := draw(1, 0, epoch)
	diff(t, "the same again", first, draw(1, 0, epoch))
	for what, other := range map[string]string{
		"seed":  draw(2, 0, epoch),
		"count": draw(1, 1, epoch),
		"time":  draw(1, 0, epoch.Add(time.Millisecond)),
	} {
		if other == first {
			t.Errorf("another %s results in the same id", what)
		}
	}
}

func TestIDsWithTheSameTimeSortInOrderOfDrawing(t *testing.T) {
	for _, seed := range []uint64{0, 1, 7, 1<<64 - 1} {
		ids := store.IDs{Seed: seed, Drawn: 200} // past the first byte of the count
		var drawn []string
		for range 1000 {
			drawn = append(drawn, ids.New("x_", epoch))
		}
		if !slices.IsSorted(drawn) || len(slices.Compact(drawn)) != 1000 {
			t.Errorf("the ids of seed %d are not in order of drawing, or repeat", seed)
		}
		diff(t, "drawn", 1200, ids.Drawn)
	}
}

func TestIDsSortByTime(t *testing.T) {
	ids := store.IDs{Seed: 1}
	var drawn []string
	for i := range 100 {
		drawn = append(drawn, ids.New("x_", epoch.Add(time.Duration(i)*time.Millisecond)))
	}
	if !slices.IsSorted(drawn) {
		t.Error("the ids are not in order of time")
	}
}

func TestUUIDsAndColorsComeFromTheStream(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	color := regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
	ids, again := store.IDs{Seed: 5}, store.IDs{Seed: 5}
	seen := map[string]bool{}
	for range 100 {
		u, c := ids.UUID(), ids.Color()
		if !uuid.MatchString(u) || seen[u] || !color.MatchString(c) {
			t.Fatalf("%q is not a new UUID, or %q is not a color", u, c)
		}
		seen[u] = true
		diff(t, "UUID", u, again.UUID())
		diff(t, "color", c, again.Color())
	}
	diff(t, "drawn", 200, ids.Drawn)
}

// TestRestoreRepeatsIDs continues twice from the same contents.
func TestRestoreRepeatsIDs(t *testing.T) {
	play := func(o *org) (drawn []string) {
		for _, name := range []string{"a", "b", "c"} {
			w := object(o.newWorkspace(name)())(t)
			drawn = append(drawn, w.ID, w.CompartmentID, w.DisplayColor, object(o.createInvite(name+"@example.com")())(t).ID)
			o.real.advance(time.Minute)
		}
		return drawn
	}
	o := open(t, store.Contents{})
	object(o.newWorkspace("before")())(t)
	saved := o.Contents()
	want := play(o)
	diff(t, "ids after a restore", want, play(open(t, saved)))
	if len(slices.Compact(slices.Sorted(slices.Values(want)))) < 9 {
		t.Errorf("ids repeat in %v", want)
	}
}

func TestObjectsCreatedAtTheSameTimeAreListedNewestFirst(t *testing.T) {
	o := open(t, store.Contents{Clock: store.FrozenAt(epoch)})
	var created []string
	for range 50 {
		created = append(created, object(o.newWorkspace("w")())(t).ID)
	}
	slices.Reverse(created)
	wantIDs(t, o.workspaces(store.WorkspaceFilter{}, all), created...)
}

func TestIDsOfContentsAreUnchanged(t *testing.T) {
	u := user("ann", api.RoleUser)
	u.ID = "user_01WCz1FkmYMm4gnmykNKUu3Q"
	o := open(t, store.Contents{Users: []api.User{u}})
	wantIDs(t, o.users(store.UserFilter{}, all), u.ID)
	diff(t, "id", u.ID, object(o.GetOrganizationMember(u.ID))(t).ID)
}

// A seed may pin the very ids that the stream would draw next.
func TestNewIDsAreUnused(t *testing.T) {
	now := store.FrozenAt(time.Unix(1_800_000_000, 0))
	c := store.Contents{
		ID: "org", DefaultWorkspace: api.Workspace{ID: "wrkspc_default"},
		Settings: store.DefaultSettings(), Clock: now, IDs: store.IDs{Seed: 7},
	}
	for drawn := range uint64(20) {
		a, b := store.IDs{Seed: 7, Drawn: drawn}, store.IDs{Seed: 7, Drawn: drawn}
		c.Invites = append(c.Invites, api.Invite{ID: a.New("invite_", now.At.Time), Email: "gone@example.com", Status: api.InviteExpired, InvitedAt: now.At, ExpiresAt: now.At})
		c.Workspaces = append(c.Workspaces, api.Workspace{ID: b.New("wrkspc_", now.At.Time), CreatedAt: now.At})
	}
	o, err := store.New(time.Now).Add(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := o.CreateOrganizationInvite(store.NewInvite{Email: fmt.Sprintf("new%d@example.com", i), Role: api.RoleUser}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := o.CreateWorkspace(store.NewWorkspace{Name: "W", DataResidency: api.DefaultDataResidency()}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.Contents(); len(got.Invites) != 30 || len(got.Workspaces) != 30 {
		t.Errorf("%d invites and %d workspaces, want 30 and 30", len(got.Invites), len(got.Workspaces))
	}
}
