package seed

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"antechamber/api"
	"antechamber/store"
)

// loadAll returns the organizations of a seed.
func loadAll(t *testing.T, src string, opts Options) []store.Contents {
	t.Helper()
	s, err := Parse("seed.json", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Load(opts)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ago returns a time before the current time of the tests.
func ago(d time.Duration) api.Time { return api.At(real.Add(-d)) }

const day = 24 * time.Hour

var (
	drawnUUID  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	drawnColor = regexp.MustCompile(`^#[0-9A-F]{6}$`)
	drawnHint  = regexp.MustCompile(`^sk-ant-api03-[A-Za-z0-9]{3}\.\.\.[A-Za-z0-9]{2}AA$`)
)

// checkID fails unless an id has the prefix and the time.
func checkID(t *testing.T, id, prefix string, at api.Time) {
	t.Helper()
	rest, ok := strings.CutPrefix(id, prefix)
	parsed, err := ulid.ParseStrict(rest)
	if !ok || err != nil {
		t.Errorf("%q is not a ULID with the prefix %s: %v", id, prefix, err)
	} else if got := parsed.Timestamp(); !got.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("the time of %s is %s, want %s", id, got, at)
	}
}

func TestLoadFillsInDefaults(t *testing.T) {
	c := loadOne(t, `{"name": "Acme",
 "users": [{"email": "jane.doe@example.com", "role": "developer"}],
 "invites": [{"email": "new@example.com", "role": "user"}],
 "workspaces": [{"name": "Research", "members": [{"user": "Jane Doe", "workspace_role": "workspace_admin"}]}],
 "api_keys": [{"name": "CI", "created_by": "jane.doe@example.com"}, {"name": "CD", "created_by": "jane.doe@example.com", "workspace": "Research", "partial_key_hint": null}]}`)
	now := api.At(real)
	jane, invite, research, defaultID := c.Users[0].ID, c.Invites[0].ID, c.Workspaces[0].ID, c.DefaultWorkspace.ID
	checkID(t, jane, "user_", now)
	checkID(t, invite, "invite_", now)
	checkID(t, research, "wrkspc_", now)
	checkID(t, defaultID, "wrkspc_", now)
	checkID(t, c.APIKeys[0].ID, "apikey_", now)
	for _, uuid := range []string{c.ID, c.DefaultWorkspace.CompartmentID, c.Workspaces[0].CompartmentID} {
		if !drawnUUID.MatchString(uuid) {
			t.Errorf("%q is not a random UUID", uuid)
		}
	}
	for _, w := range []api.Workspace{c.DefaultWorkspace, c.Workspaces[0]} {
		if !drawnColor.MatchString(w.DisplayColor) {
			t.Errorf("%q is not a color", w.DisplayColor)
		}
	}
	if hint := string(c.APIKeys[0].PartialKeyHint); !drawnHint.MatchString(hint) || !hintForm.pattern.MatchString(hint) {
		t.Errorf("%q is not a key hint", hint)
	}

	workspace := func(drawn api.Workspace, name string) api.Workspace {
		return api.Workspace{
			ID: drawn.ID, Type: "workspace", Name: name, DisplayColor: drawn.DisplayColor, CreatedAt: now,
			CompartmentID: drawn.CompartmentID, Tags: map[string]string{}, DataResidency: api.DefaultDataResidency(),
		}
	}
	key := func(id, name, workspaceID, scope string, hint api.Nullable) store.APIKey {
		return store.APIKey{
			APIKey: api.APIKey{
				ID: id, Type: "api_key", Name: name, WorkspaceID: api.Nullable(workspaceID), CreatedAt: now,
				CreatedBy: api.Actor{ID: jane, Type: "user"}, Status: "active", PartialKeyHint: hint,
				Scope: api.Scope{Type: "workspace", WorkspaceID: scope},
			},
			History: []store.StatusChange{{Status: "active", At: now}},
		}
	}
	want := store.Contents{
		ID: c.ID, Name: "Acme",
		Settings: store.Settings{
			WorkspaceLimit: 100, WorkspaceNameMaxLength: 40,
			AnthropicVersions: []string{"2023-01-01", "2023-06-01", "2026-10-21"}, DeletedInvites: "readable",
		},
		IDs:              store.IDs{Seed: store.SeedOf(1, 0), Drawn: 12},
		DefaultWorkspace: workspace(c.DefaultWorkspace, "Default"),
		Users:            []api.User{{ID: jane, Type: "user", Email: "jane.doe@example.com", Name: "Jane Doe", Role: "developer", AddedAt: now}},
		Invites: []api.Invite{{
			ID: invite, Type: "invite", Email: "new@example.com", Role: "user", Status: "pending",
			InvitedAt: now, ExpiresAt: api.At(real.Add(21 * day)), RBACGroupIDs: []string{},
		}},
		Workspaces: []api.Workspace{workspace(c.Workspaces[0], "Research")},
		Members:    []store.Member{{WorkspaceID: research, UserID: jane, Role: "workspace_admin"}},
		APIKeys: []store.APIKey{
			key(c.APIKeys[0].ID, "CI", "", defaultID, c.APIKeys[0].PartialKeyHint),
			key(c.APIKeys[1].ID, "CD", research, research, ""),
		},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}

func TestLoadKeepsGivenValues(t *testing.T) {
	c := loadOne(t, `{"id": "ABCDEFab-0000-0000-0000-000000000000", "name": " Acme\n", "admin_keys": ["sk-ant-admin01-b", "sk-ant-admin01-a"],
 "settings": {"workspace_limit": 0, "member_limit": 1, "workspace_member_limit": 2, "api_key_limit": 3, "workspace_api_key_limit": 4,
  "allowed_invite_domains": [], "workspace_name_max_length": 255, "anthropic_versions": ["2023-06-01", "2023-06-01"], "deleted_invites": "gone"},
 "clock": {"frozen_at": "2024-10-30T23:58:27.1234567Z"}, "ids": {"seed": 9, "drawn": 7},
 "default_workspace": {"id": "default", "display_color": "#abcdef", "created_at": "-1d", "compartment_id": "ABCDEFab-0000-0000-0000-000000000001", "external_key_id": "key", "tags": {"": ""}, "data_residency": {"allowed_inference_geos": ["us", "us"], "default_inference_geo": "us"}},
 "users": [{"id": "u", "email": "Jane@Example.com", "name": "J", "role": "admin", "added_at": "2023-02-01T01:00:00+02:00"}],
 "invites": [{"id": "i", "email": "New@Example.com", "role": "admin", "status": "accepted", "invited_at": "-2d", "expires_at": "+0s", "accepted_at": "-1d"}],
 "workspaces": [{"id": "w", "name": "Research", "display_color": "#ABCDEF", "created_at": "-2d", "archived_at": "-1d", "compartment_id": "ABCDEFab-0000-0000-0000-000000000002", "external_key_id": "other", "tags": {"team": "core", "Anthropi": "x"},
   "data_residency": {"workspace_geo": "us", "allowed_inference_geos": "unrestricted", "default_inference_geo": "us"}, "members": [{"user": "u", "workspace_role": "workspace_user"}]}],
 "api_keys": [{"id": "k", "name": "CI", "workspace": "w", "created_at": "-2d", "created_by": "u", "status": "archived", "last_used_at": "+1d", "partial_key_hint": "sk-ant-a...b", "expires_at": "+1d",
   "status_history": [{"status": "inactive", "at": "-2d"}, {"status": "archived", "at": "-36h"}]}],
 "removed": [{"id": "r", "added_at": "-9d"}]}`)
	now := time.Date(2024, 10, 30, 23, 58, 27, 123_456_000, time.UTC)
	at := func(d time.Duration) api.Time { return api.At(now.Add(d)) }
	one, two, three, four := 1, 2, 3, 4
	want := store.Contents{
		ID: "ABCDEFab-0000-0000-0000-000000000000", Name: " Acme\n", AdminKeys: []string{"sk-ant-admin01-b", "sk-ant-admin01-a"},
		Settings: store.Settings{
			MemberLimit: &one, WorkspaceMemberLimit: &two, APIKeyLimit: &three, WorkspaceAPIKeyLimit: &four,
			AllowedInviteDomains: []string{}, WorkspaceNameMaxLength: 255, AnthropicVersions: []string{"2023-06-01", "2023-06-01"}, DeletedInvites: "gone",
		},
		Clock: store.FrozenAt(now), IDs: store.IDs{Seed: 9, Drawn: 7},
		DefaultWorkspace: api.Workspace{
			ID: "default", Type: "workspace", Name: "Default", DisplayColor: "#abcdef", CreatedAt: at(-day), CompartmentID: "ABCDEFab-0000-0000-0000-000000000001",
			ExternalKeyID: "key", Tags: map[string]string{"": ""}, DataResidency: api.DataResidency{WorkspaceGeo: "us", AllowedInferenceGeos: api.AllowedGeos{"us", "us"}, DefaultInferenceGeo: "us"},
		},
		Users: []api.User{{ID: "u", Type: "user", Email: "Jane@Example.com", Name: "J", Role: "admin", AddedAt: api.At(time.Date(2023, 1, 31, 23, 0, 0, 0, time.UTC))}},
		Invites: []api.Invite{{
			ID: "i", Type: "invite", Email: "New@Example.com", Role: "admin", Status: "accepted",
			InvitedAt: at(-2 * day), ExpiresAt: at(0), AcceptedAt: at(-day), RBACGroupIDs: []string{},
		}},
		Workspaces: []api.Workspace{{
			ID: "w", Type: "workspace", Name: "Research", DisplayColor: "#ABCDEF", CreatedAt: at(-2 * day), ArchivedAt: at(-day), CompartmentID: "ABCDEFab-0000-0000-0000-000000000002",
			ExternalKeyID: "other", Tags: map[string]string{"team": "core", "Anthropi": "x"}, DataResidency: api.DataResidency{WorkspaceGeo: "us", DefaultInferenceGeo: "us"},
		}},
		Members: []store.Member{{WorkspaceID: "w", UserID: "u", Role: "workspace_user"}},
		APIKeys: []store.APIKey{{
			APIKey: api.APIKey{
				ID: "k", Type: "api_key", Name: "CI", WorkspaceID: "w", CreatedAt: at(-2 * day), CreatedBy: api.Actor{ID: "u", Type: "user"}, Status: "archived",
				LastUsedAt: at(day), PartialKeyHint: "sk-ant-a...b", ExpiresAt: at(day), Scope: api.Scope{Type: "workspace", WorkspaceID: "w"},
			},
			History: []store.StatusChange{{Status: "inactive", At: at(-2 * day)}, {Status: "archived", At: at(-36 * time.Hour)}},
		}},
		Removed: []store.RemovedUser{{ID: "r", AddedAt: at(-9 * day)}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}

func TestLoadSetsTheClock(t *testing.T) {
	start := time.Date(2024, 10, 30, 23, 58, 27, 427_722_000, time.UTC)
	frozen, running := store.FrozenAt(start), store.Clock{Offset: 504 * time.Hour}
	for _, one := range []struct {
		clock    string
		override *store.Clock
		want     store.Clock
		now      time.Time
	}{
		{``, nil, store.Clock{}, real},
		{`"clock": {"frozen_at": "2024-10-30T23:58:27.427722Z"},`, nil, frozen, start},
		{`"clock": {"frozen_at": "2024-10-31T01:58:27.4277229+02:00"},`, nil, frozen, start},
		{`"clock": {"starts_at": "2024-10-30T23:58:27.427722Z"},`, nil, store.Clock{Offset: start.Sub(real)}, start},
		{`"clock": {"offset": "504h0m0s"},`, nil, running, real.Add(21 * day)},
		{`"clock": {"offset": "-1h30m"},`, nil, store.Clock{Offset: -90 * time.Minute}, real.Add(-90 * time.Minute)},
		{`"clock": {"offset": "+1us1µs1ns"},`, nil, store.Clock{Offset: 2001}, real.Add(2001)},
		{``, &frozen, frozen, start},
		{`"clock": {"frozen_at": "2020-01-01T00:00:00Z"},`, &frozen, frozen, start},
		{`"clock": {"starts_at": "9000-01-01T00:00:00Z"},`, &running, running, real.Add(21 * day)},
		{`"clock": {"offset": "-1h"},`, &running, running, real.Add(21 * day)},
	} {
		c := loadAll(t, `{`+one.clock+` "name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "-1d"}]}`, Options{Real: real, Clock: one.override})[0]
		if c.Clock != one.want {
			t.Errorf("%s overridden by %v: the clock is %v, want %v", one.clock, one.override, c.Clock, one.want)
		}
		if got, want := c.Users[0].AddedAt, api.At(one.now.Add(-day)); !got.Equal(want) {
			t.Errorf("%s overridden by %v: a day ago is %s, want %s", one.clock, one.override, got, want)
		}
	}
}

// The clock of the options applies to every organization, a clock in the seed only
// to its own.
func TestLoadSetsTheClockOfEveryOrganization(t *testing.T) {
	const src = `{"organizations": [{"name": "a", "clock": {"frozen_at": "2024-10-30T23:58:27Z"}}, {"name": "b", "admin_keys": ["sk-ant-admin01-b"]}]}`
	all := loadAll(t, src, Options{Real: real})
	if want := (store.Clock{Frozen: true, At: api.At(time.Date(2024, 10, 30, 23, 58, 27, 0, time.UTC))}); all[0].Clock != want || all[1].Clock != (store.Clock{}) {
		t.Errorf("the clocks are %v and %v", all[0].Clock, all[1].Clock)
	}
	clock := store.Clock{Offset: time.Hour}
	for _, c := range loadAll(t, src, Options{Real: real, Clock: &clock}) {
		if c.Clock != clock {
			t.Errorf("the clock of %s is %v", c.Name, c.Clock)
		}
	}
}

func TestLoadResolvesTimes(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"-3d": -3 * day, "+21d": 21 * day, "-1d12h": -36 * time.Hour, "+0s": 0, "-0d": 0,
		"-1w": -7 * day, "+1w2d3h4m5s": 9*day + 3*time.Hour + 4*time.Minute + 5*time.Second,
		"-1.5h": -90 * time.Minute, "+0.5d0.5d": day, "-1s1w": -7*day - time.Second,
		"+0.000001s": time.Microsecond, "-0.0000019s": -time.Microsecond, "+0.0000000001s": 0,
		"+0.00000000001w": 6 * time.Microsecond, "-0.0000000017m": 0, "+0.1666666666666666d": 4*time.Hour - time.Microsecond,
		"+36500d": 36500 * day, "-18262d": -18262 * day,
	} {
		c := loadOne(t, fmt.Sprintf(`{"name": "Acme", "api_keys": [{"name": "K", "created_by": "user_gone", "last_used_at": %q}]}`, text))
		if got := c.APIKeys[0].LastUsedAt; !got.Equal(api.At(api.At(real).Add(want))) {
			t.Errorf("%s is %s, want %s", text, got, api.At(api.At(real).Add(want)))
		}
	}
	for text, want := range map[string]string{
		"2024-10-30T23:58:27Z":              "2024-10-30T23:58:27.000000Z",
		"2024-10-30T23:58:27.4277229999Z":   "2024-10-30T23:58:27.427722Z",
		"2024-02-29T23:30:00-01:00":         "2024-03-01T00:30:00.000000Z",
		"1970-01-01T00:00:00.000000Z":       "1970-01-01T00:00:00.000000Z",
		"9999-12-31T23:59:59.999999999999Z": "9999-12-31T23:59:59.999999Z",
		"1969-12-31T23:59:59.5-00:01":       "1970-01-01T00:00:59.500000Z",
	} {
		c := loadOne(t, fmt.Sprintf(`{"name": "Acme", "api_keys": [{"name": "K", "created_by": "user_gone", "last_used_at": %q}]}`, text))
		if got := c.APIKeys[0].LastUsedAt.String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestLoadDerivesInviteStatuses(t *testing.T) {
	for _, one := range []struct {
		fields  string
		want    api.InviteStatus
		expires time.Duration // from now
	}{
		{``, "pending", 21 * day},
		{`, "status": "pending"`, "pending", 21 * day},
		{`, "invited_at": "-20d23h59m59.999999s"`, "pending", time.Microsecond},
		{`, "invited_at": "-21d"`, "expired", 0},
		{`, "invited_at": "-21d", "status": "pending"`, "expired", 0},
		{`, "invited_at": "-21d", "status": "expired"`, "expired", 0},
		{`, "invited_at": "-30d", "expires_at": "+0.000001s"`, "pending", time.Microsecond},
		{`, "invited_at": "-1d", "expires_at": "+0s"`, "expired", 0},
		{`, "invited_at": "-30d", "status": "deleted"`, "deleted", -9 * day},
		{`, "status": "deleted"`, "deleted", 21 * day},
		{`, "invited_at": "-30d", "status": "accepted", "accepted_at": "-9d"`, "accepted", -9 * day},
		{`, "invited_at": "2026-01-13T04:05:06.789012Z"`, "expired", 0},
		{`, "invited_at": "2026-01-13T04:05:06.789013Z"`, "pending", time.Microsecond},
	} {
		i := loadOne(t, `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user"`+one.fields+`}]}`).Invites[0]
		if i.Status != one.want || !i.ExpiresAt.Equal(api.At(api.At(real).Add(one.expires))) {
			t.Errorf("{%s}: %s until %s, want %s until %s from now", one.fields, i.Status, i.ExpiresAt, one.want, one.expires)
		}
		checkID(t, i.ID, "invite_", i.InvitedAt)
	}
}

func TestLoadDerivesKeyStatuses(t *testing.T) {
	type history []store.StatusChange
	at := func(status api.APIKeyStatus, days time.Duration) store.StatusChange {
		return store.StatusChange{Status: status, At: ago(days * day)}
	}
	for fields, want := range map[string]history{
		``:                        {at("active", 3)},
		`, "status": "active"`:    {at("active", 3)},
		`, "last_used_at": "-1d"`: {at("active", 3)},
		`, "expires_at": "-1d"`:   {at("active", 3), at("expired", 1)},
		`, "expires_at": "+0s"`:   {at("active", 3), at("expired", 0)},
		`, "expires_at": "+1s"`:   {at("active", 3)},
		`, "expires_at": "-3d"`:   {at("active", 3), at("expired", 3)},
		`, "expires_at": "-1d", "status": "active"`:  {at("active", 3), at("expired", 1)},
		`, "expires_at": "-1d", "status": "expired"`: {at("active", 3), at("expired", 1)},

		`, "status": "inactive"`:                                             {at("inactive", 3)},
		`, "status": "inactive", "last_used_at": "-1d"`:                      {at("active", 3), at("inactive", 1)},
		`, "status": "inactive", "last_used_at": "-3d"`:                      {at("inactive", 3)},
		`, "status": "inactive", "last_used_at": "-4d"`:                      {at("inactive", 3)},
		`, "status": "inactive", "last_used_at": "+1d"`:                      {at("inactive", 3)},
		`, "status": "inactive", "last_used_at": "-2d", "expires_at": "-1d"`: {at("active", 3), at("inactive", 2), at("expired", 1)},
		`, "status": "inactive", "last_used_at": "-1d", "expires_at": "-2d"`: {at("inactive", 3), at("expired", 2)},
		`, "status": "inactive", "last_used_at": "-2d", "expires_at": "-2d"`: {at("active", 3), at("inactive", 2), at("expired", 2)},

		`, "status": "archived"`:                                             {at("archived", 3)},
		`, "status": "archived", "last_used_at": "-1d"`:                      {at("active", 3), at("archived", 1)},
		`, "status": "archived", "last_used_at": "-1d", "expires_at": "-2d"`: {at("active", 3), at("expired", 2), at("archived", 1)},
		`, "status": "archived", "last_used_at": "-2d", "expires_at": "-1d"`: {at("active", 3), at("archived", 2)},
		`, "status": "archived", "expires_at": "-1d"`:                        {at("archived", 3)},

		`, "status_history": [{"status": "inactive", "at": "-3d"}, {"status": "active", "at": "-2d"}]`:                                             {at("inactive", 3), at("active", 2)},
		`, "status_history": [{"status": "active", "at": "-3d"}, {"status": "inactive", "at": "-2d"}], "expires_at": "-1d"`:                        {at("active", 3), at("inactive", 2), at("expired", 1)},
		`, "status_history": [{"status": "active", "at": "-3d"}, {"status": "expired", "at": "-2d"}], "expires_at": "-2d"`:                         {at("active", 3), at("expired", 2)},
		`, "status_history": [{"status": "active", "at": "-3d"}, {"status": "archived", "at": "-2d"}], "expires_at": "-1d", "last_used_at": "-1d"`: {at("active", 3), at("archived", 2)},

		`, "workspace": "Old"`: {at("active", 3), at("archived", 1)},
		`, "workspace": "Old", "status": "archived", "last_used_at": "-2d"`: {at("active", 3), at("archived", 1)},
		`, "workspace": "Old", "expires_at": "-2d"`:                         {at("active", 3), at("expired", 2), at("archived", 1)},
		`, "workspace": "Old", "expires_at": "-1d"`:                         {at("active", 3), at("archived", 1)},
		`, "workspace": "Older"`:                                            {at("archived", 3)},
		`, "workspace": "Old", "status_history": [{"status": "active", "at": "-3d"}, {"status": "archived", "at": "-2d"}]`: {at("active", 3), at("archived", 2)},
	} {
		c := loadOne(t, `{"name": "Acme", "workspaces": [{"name": "Old", "created_at": "-9d", "archived_at": "-1d"}, {"name": "Older", "created_at": "-9d", "archived_at": "-3d"}],
 "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d"`+fields+`}]}`)
		k := c.APIKeys[0]
		if diff := cmp.Diff(want, history(k.History)); diff != "" {
			t.Errorf("{%s}: history (-want +got):\n%s", fields, diff)
		}
		if last := want[len(want)-1].Status; k.Status != last {
			t.Errorf("{%s}: the status is %s, want %s", fields, k.Status, last)
		}
		checkID(t, k.ID, "apikey_", ago(3*day))
		if again := loadOne(t, string(Export(c))); !slices.Equal(again.APIKeys[0].History, k.History) {
			t.Errorf("{%s}: the history after an export is %v", fields, again.APIKeys[0].History)
		}
	}
}

func TestDefaultWorkspaceIsAsOldAsTheOldestObject(t *testing.T) {
	for _, first := range []string{
		`"users": [{"email": "a@b.c", "role": "user", "added_at": "-9d"}]`,
		`"removed": [{"id": "u", "added_at": "-9d"}]`,
		`"invites": [{"email": "b@b.c", "role": "user", "invited_at": "-9d"}]`,
		`"workspaces": [{"name": "a", "created_at": "-8d"}, {"name": "b", "created_at": "-9d"}]`,
		`"api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "2026-01-25T04:05:06.789012Z"}]`,
		`"default_workspace": {"created_at": "-9d"}, "users": [{"email": "a@b.c", "role": "user", "added_at": "-10d"}]`,
	} {
		c := loadOne(t, `{"name": "Acme", `+first+`}`)
		if got := c.DefaultWorkspace.CreatedAt; !got.Equal(ago(9 * day)) {
			t.Errorf("%s: created_at of the Default Workspace is %s", first, got)
		}
		checkID(t, c.DefaultWorkspace.ID, "wrkspc_", ago(9*day))
	}
}

func TestLoadResolvesReferences(t *testing.T) {
	c := loadOne(t, `{"name": "Acme",
 "default_workspace": {"id": "w0"},
 "users": [
  {"id": "u1", "email": "jane.doe@example.com", "role": "user"},
  {"id": "u2", "email": "john@example.com", "name": "Jane", "role": "user"},
  {"id": "u3", "email": "u.1@example.com", "name": "u1", "role": "user"},
  {"id": "u4", "email": "x@example.com", "name": "john@example.com", "role": "user"},
  {"id": "u5", "email": "y@example.com", "name": "user_gone", "role": "user"}],
 "workspaces": [{"id": "w1", "name": "Research"}, {"id": "w2", "name": "w1"}, {"id": "Sales", "name": "Research "}, {"id": "w4", "name": "Sales"}, {"id": "w5", "name": "all", "members": [
  {"user": "u1", "workspace_role": "workspace_user"},
  {"user": "John@EXAMPLE.com", "workspace_role": "workspace_user"},
  {"user": "u.1@example.com", "workspace_role": "workspace_user"},
  {"user": "user_gone", "workspace_role": "workspace_user"}]}],
 "removed": [{"id": "u6", "added_at": "-1d"}],
 "api_keys": [
  {"name": "by id", "created_by": "u1", "workspace": "w1"},
  {"name": "by email", "created_by": "JANE.DOE@example.COM", "workspace": "w0"},
  {"name": "by name", "created_by": "Jane", "workspace": "Research"},
  {"name": "by derived name", "created_by": "Jane Doe", "workspace": "Default"},
  {"name": "email before name", "created_by": "john@example.com", "workspace": "Sales"},
  {"name": "removed", "created_by": "u6", "workspace": "Research "},
  {"name": "unknown former user", "created_by": "user_gone"}]}`)
	var members []string
	for _, m := range c.Members {
		members = append(members, m.WorkspaceID+" "+m.UserID)
	}
	if diff := cmp.Diff([]string{"w5 u1", "w5 u2", "w5 u3", "w5 u5"}, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	want := map[string][3]string{ // creator, workspace_id, id of the scope
		"by id": {"u1", "w1", "w1"}, "by email": {"u1", "", "w0"}, "by name": {"u2", "w1", "w1"},
		"by derived name": {"u1", "", "w0"}, "email before name": {"u2", "Sales", "Sales"},
		"removed": {"u6", "Sales", "Sales"}, "unknown former user": {"user_gone", "", "w0"},
	}
	got := map[string][3]string{}
	for _, k := range c.APIKeys {
		got[k.Name] = [3]string{k.CreatedBy.ID, string(k.WorkspaceID), k.Scope.WorkspaceID}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestLoadKindsOfAPIKeys(t *testing.T) {
	c := loadOne(t, `{"name": "Acme",
 "default_workspace": {"id": "w0"}, "users": [{"id": "u1", "email": "jane@example.com", "role": "user"}], "workspaces": [{"id": "w1", "name": "Research"}],
 "removed": [{"id": "u6", "added_at": "-1d"}],
 "api_keys": [
  {"name": "of a workspace", "created_by": null, "principal": null, "workspace": "Research"},
  {"name": "of the Default Workspace", "created_by": {"type": "service_account", "id": "svac_1"}},
  {"name": "personal", "created_by": "u1", "principal": {"type": "user_actor", "user_id": "Jane@example.com"}},
  {"name": "personal without a workspace", "created_by": null, "principal": {"type": "user_actor", "user_id": "Jane"}, "workspace": null, "status": "inactive"},
  {"name": "of a removed user", "created_by": "u6", "principal": {"type": "user_actor", "user_id": "u6"}, "status": "archived"},
  {"name": "of a former user", "created_by": null, "principal": {"type": "user_actor", "user_id": "user_gone"}, "status_history": [{"status": "archived", "at": "-1d"}], "created_at": "-1d"},
  {"name": "of a service account", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "svac_1"}},
  {"name": "of a service account in a workspace", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "svac_1"}, "workspace": "Research"},
  {"name": "of a service account in the Default Workspace", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "svac_1"}, "workspace": "Default"}]}`)
	type kind struct {
		CreatedBy   api.Actor
		Principal   *api.Principal
		WorkspaceID api.Nullable
		Scope       api.Scope
		Status      api.APIKeyStatus
	}
	service, organization := api.ServiceAccountPrincipal("svac_1"), api.Scope{Type: "organization"}
	want := map[string]kind{
		"of a workspace":                                {api.Actor{}, nil, "w1", api.Scope{Type: "workspace", WorkspaceID: "w1"}, "active"},
		"of the Default Workspace":                      {api.Actor{ID: "svac_1", Type: "service_account"}, nil, "", api.Scope{Type: "workspace", WorkspaceID: "w0"}, "active"},
		"personal":                                      {api.Actor{ID: "u1", Type: "user"}, api.UserPrincipal("u1"), "", organization, "active"},
		"personal without a workspace":                  {api.Actor{}, api.UserPrincipal("u1"), "", organization, "inactive"},
		"of a removed user":                             {api.Actor{ID: "u6", Type: "user"}, api.UserPrincipal("u6"), "", organization, "archived"},
		"of a former user":                              {api.Actor{}, api.UserPrincipal("user_gone"), "", organization, "archived"},
		"of a service account":                          {api.Actor{}, service, "", organization, "active"},
		"of a service account in a workspace":           {api.Actor{}, service, "w1", api.Scope{Type: "workspace", WorkspaceID: "w1"}, "active"},
		"of a service account in the Default Workspace": {api.Actor{}, service, "", api.Scope{Type: "workspace", WorkspaceID: "w0"}, "active"},
	}
	got := map[string]kind{}
	for _, k := range c.APIKeys {
		got[k.Name] = kind{k.CreatedBy, k.Principal, k.WorkspaceID, k.Scope, k.Status}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// seedWithoutIDs is a seed of two organizations in which no object has an id.
const seedWithoutIDs = `{"organizations": [
{"name": "a", "users": [{"email": "a@b.c", "role": "user"}, {"email": "b@b.c", "role": "user", "added_at": "-3d"}], "invites": [{"email": "c@b.c", "role": "user"}, {"email": "d@b.c", "role": "user", "invited_at": "-3d"}],
 "workspaces": [{"name": "a", "tags": {"team": "core"}, "data_residency": {"allowed_inference_geos": ["global"]}}, {"name": "b", "created_at": "-3d"}], "api_keys": [{"name": "a", "created_by": "A"}, {"name": "b", "created_by": "B", "created_at": "-3d"}],
 "settings": {"member_limit": 1, "workspace_member_limit": 1, "api_key_limit": 1, "workspace_api_key_limit": 1, "allowed_invite_domains": ["b.c"]}, "admin_keys": ["sk-ant-admin01-a"], "removed": [{"id": "r", "added_at": "-1d"}]},
{"name": "b", "users": [{"email": "a@b.c", "role": "user"}], "admin_keys": ["sk-ant-admin01-b"]}]}`

// idsOf returns all ids and other random strings generated for an organization.
func idsOf(c store.Contents) []string {
	ids := []string{c.ID, c.DefaultWorkspace.ID, c.DefaultWorkspace.CompartmentID}
	for _, u := range c.Users {
		ids = append(ids, u.ID)
	}
	for _, i := range c.Invites {
		ids = append(ids, i.ID)
	}
	for _, w := range c.Workspaces {
		ids = append(ids, w.ID, w.CompartmentID)
	}
	for _, k := range c.APIKeys {
		ids = append(ids, k.ID, string(k.PartialKeyHint))
	}
	return ids
}

func TestLoadGeneratesIDs(t *testing.T) {
	load := func(seed uint64) (ids []string) {
		for _, c := range loadAll(t, seedWithoutIDs, Options{Real: real, IDSeed: seed}) {
			ids = append(ids, idsOf(c)...)
		}
		return ids
	}
	first := load(1)
	if diff := cmp.Diff(first, load(1)); diff != "" {
		t.Errorf("the same id seed generates different ids (-first +second):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, seed := range []uint64{0, 1, 2, 1 << 63} {
		for _, id := range load(seed) {
			if seen[id] {
				t.Errorf("%s was generated twice", id)
			}
			seen[id] = true
		}
	}
	all := loadAll(t, seedWithoutIDs, Options{Real: real})
	if all[0].IDs.Seed == all[1].IDs.Seed {
		t.Error("both organizations use the same id stream")
	}
	for _, c := range all {
		for _, u := range c.Users {
			checkID(t, u.ID, "user_", u.AddedAt)
		}
		for _, i := range c.Invites {
			checkID(t, i.ID, "invite_", i.InvitedAt)
		}
		for _, w := range c.Workspaces {
			checkID(t, w.ID, "wrkspc_", w.CreatedAt)
		}
		for _, k := range c.APIKeys {
			checkID(t, k.ID, "apikey_", k.CreatedAt)
		}
		if c.IDs.Seed > maxInteger || c.IDs.Drawn < uint64(len(idsOf(c))) {
			t.Errorf("the id stream of %s is %v after %d ids", c.Name, c.IDs, len(idsOf(c)))
		}
	}
}

// The id stream in the seed takes precedence over the id seed of the options.
func TestLoadUsesTheIDStreamOfTheSeed(t *testing.T) {
	const src = `{"name": "a", "ids": {"seed": 5, "drawn": 100}}`
	stream := store.IDs{Seed: 5, Drawn: 100}
	for seed := range uint64(3) {
		c := loadAll(t, src, Options{Real: real, IDSeed: seed})[0]
		if want := (store.IDs{Seed: 5, Drawn: 104}); c.IDs != want {
			t.Errorf("the id stream is %v, want %v", c.IDs, want)
		}
		first := stream
		if want := first.UUID(); c.ID != want {
			t.Errorf("the id of the organization is %s, want %s", c.ID, want)
		}
	}
}

// An edited export may reset the counter of the id stream, which must not generate
// the same ids again.
func TestLoadGeneratesUnusedIDs(t *testing.T) {
	opts := Options{Real: real, IDSeed: 3}
	first := loadAll(t, seedWithoutIDs, opts)
	more := string(exportAll(first))
	for _, c := range first {
		more = strings.Replace(more, fmt.Sprintf(`"drawn": %d`, c.IDs.Drawn), `"drawn": 0`, 1)
	}
	at := first[0].Users[0].AddedAt
	for list, object := range map[string]string{
		"users":      fmt.Sprintf(`{"email": "new@b.c", "role": "user", "added_at": %q}`, at),
		"invites":    fmt.Sprintf(`{"email": "other@b.c", "role": "user", "invited_at": %q}`, at),
		"workspaces": fmt.Sprintf(`{"name": "new", "created_at": %q}`, at),
		"api_keys":   fmt.Sprintf(`{"name": "new", "created_by": "user_a", "created_at": %q}`, at),
	} {
		more = strings.ReplaceAll(more, fmt.Sprintf("%q: [\n", list), fmt.Sprintf("%q: [%s,\n", list, object))
	}
	for i, c := range loadAll(t, more, opts) {
		if stored(t, c); len(c.Users) != len(first[i].Users)+1 {
			t.Errorf("%d users", len(c.Users))
		}
	}

	// The id of a former user who created a key is in use.
	used := (&store.IDs{Seed: 5, Drawn: 4}).New("user_", real)
	users := `{"name": "a", "ids": {"seed": 5}, "users": [{"email": "a@b.c", "role": "user"}]`
	if c := loadOne(t, users+`}`); c.Users[0].ID != used {
		t.Errorf("the id of the user is %s, want %s", c.Users[0].ID, used)
	}
	if c := loadOne(t, users+`, "api_keys": [{"name": "CI", "created_by": "`+used+`"}]}`); c.Users[0].ID == used {
		t.Error("the user got the id of a former user")
	}

	// So are the ids of other organizations.
	same := loadAll(t, fmt.Sprintf(`{"organizations": [{"name": "a", "ids": {"seed": 5}}, {"name": "b", "ids": {"seed": 5}, "admin_keys": ["sk-ant-admin01-b"]}, {"name": "c", "id": %q, "admin_keys": ["sk-ant-admin01-c"]}]}`,
		strings.ToUpper((&store.IDs{Seed: 5}).UUID())), opts)
	if a, b, c := same[0].ID, same[1].ID, same[2].ID; strings.EqualFold(a, b) || strings.EqualFold(a, c) || strings.EqualFold(b, c) {
		t.Errorf("the ids of the organizations are %s, %s and %s", a, b, c)
	}
}

// The largest counter of an id stream is not its end.
func TestExportAfterTheLargestIDCounter(t *testing.T) {
	c := loadOne(t, `{"name": "a", "ids": {"seed": 9007199254740991, "drawn": 9007199254740991}}`)
	if diff := cmp.Diff(c, loadOne(t, string(Export(c)))); diff != "" {
		t.Errorf("the export changed the contents (-want +got):\n%s", diff)
	}
}

func TestLoadSingleOrganization(t *testing.T) {
	const one = `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user"}]}`
	want := loadOne(t, one)
	for _, src := range []string{
		`{"organizations": [` + one + `]}`,
		`{"$schema": "seed.schema.json", "organizations": [` + one + `]}`,
		strings.Replace(one, "{", `{"$schema": "seed.schema.json", `, 1),
	} {
		if diff := cmp.Diff(want, loadOne(t, src)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", src, diff)
		}
	}
}

func TestLoadsShareNoMemory(t *testing.T) {
	s, err := Parse("seed.json", []byte(seedWithoutIDs))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uintptr]string{}
	for range 2 {
		all, err := s.Load(Options{Real: real})
		if err != nil {
			t.Fatal(err)
		}
		mine := map[uintptr]string{}
		for _, c := range all {
			writable(reflect.ValueOf(c), c.Name, mine)
		}
		if len(mine) < 20 {
			t.Errorf("found only %d writable addresses", len(mine))
		}
		for at, what := range mine {
			if seen[at] != "" {
				t.Errorf("%s shares memory with %s of another load", what, seen[at])
			}
		}
		seen = mine
	}
}

// writable collects the memory reachable from a value.
func writable(v reflect.Value, what string, into map[uintptr]string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			into[v.Pointer()] = what
			writable(v.Elem(), what, into)
		}
	case reflect.Map:
		into[v.Pointer()] = what
	case reflect.Slice:
		if v.Len() > 0 {
			into[v.Pointer()] = what
		}
		for i := range v.Len() {
			writable(v.Index(i), fmt.Sprintf("%s[%d]", what, i), into)
		}
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				writable(v.Field(i), what+"."+v.Type().Field(i).Name, into)
			}
		}
	}
}

func TestConcurrentLoads(t *testing.T) {
	s, err := Parse("seed.json", []byte(seedWithoutIDs))
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Load(Options{Real: real})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				got, err := s.Load(Options{Real: real})
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("%v, contents (-want +got):\n%s", err, diff)
				}
				for _, c := range got { // may be modified without affecting other loads
					c.Workspaces = append(c.Workspaces, c.DefaultWorkspace)
					for _, w := range c.Workspaces {
						w.Tags["team"] = "other"
					}
					c.Settings.AnthropicVersions[0] = ""
				}
				if _, ok := Builtin("demo"); !ok {
					t.Error("no built-in seed demo")
				}
			}
		})
	}
	all.Wait()
}

// An export may come from a machine whose clock is slightly ahead. The clock is
// advanced so that no past event is in its future.
func TestLoadCorrectsClockSkew(t *testing.T) {
	const src = `{"name": "Acme", "clock": {"offset": "1s"}, "users": [{"email": "a@b.c", "role": "user", "added_at": "2026-02-03T04:06:00Z"}]}`
	c := loadOne(t, src)
	if now := c.Clock.Now(real); !now.Equal(c.Users[0].AddedAt) {
		t.Errorf("the clock shows %s, the user joined at %s", now, c.Users[0].AddedAt)
	}
}

func TestShiftsAndRestarts(t *testing.T) {
	for src, want := range map[string][2]bool{
		`{"name": "Acme"}`: {true, false},
		`{"name": "Acme", "default_workspace": {"created_at": "2024-01-01T00:00:00Z"}}`:                                                      {false, false},
		`{"name": "Acme", "default_workspace": {"created_at": "-1d"}}`:                                                                       {true, false},
		`{"name": "Acme", "users": [{"email": "a@b.c", "role": "user"}]}`:                                                                    {true, false},
		`{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "-1d"}]}`:                                                 {true, false},
		`{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "2024-01-01T00:00:00Z"}]}`:                                {false, false},
		`{"name": "Acme", "workspaces": [{"name": "W", "created_at": "2024-01-01T00:00:00Z", "archived_at": "-1d"}]}`:                        {true, false},
		`{"name": "Acme", "workspaces": [{"name": "W", "created_at": "2024-01-01T00:00:00Z", "archived_at": null}]}`:                         {false, false},
		`{"name": "Acme", "api_keys": [{"name": "K", "created_by": "user_x", "created_at": "2024-01-01T00:00:00Z", "expires_at": "+1d"}]}`:   {true, false},
		`{"name": "Acme", "clock": {"frozen_at": "2024-01-01T00:00:00Z"}, "users": [{"email": "a@b.c", "role": "user", "added_at": "-1d"}]}`: {false, false},
		`{"name": "Acme", "clock": {"starts_at": "2024-01-01T00:00:00Z"}, "users": [{"email": "a@b.c", "role": "user", "added_at": "-1d"}]}`: {false, true},
	} {
		s, err := Parse("seed.json", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{s.Shifts(0), s.Restarts(0)}; got != want {
			t.Errorf("%s: Shifts, Restarts = %v, want %v", src, got, want)
		}
	}
}
