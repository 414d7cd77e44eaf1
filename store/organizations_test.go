package store_test

import (
	"regexp"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

func TestGetCurrentOrganization(t *testing.T) {
	o := open(t, store.Contents{ID: "12345678-1234-5678-1234-567812345678", Name: "Acme & Co"})
	got := o.GetCurrentOrganization()
	diff(t, "JSON", `{"id":"12345678-1234-5678-1234-567812345678","type":"organization","name":"Acme & Co"}`, got.JSON)
	diff(t, "value", api.Organization{ID: "12345678-1234-5678-1234-567812345678", Type: "organization", Name: "Acme & Co"}, got.Value)
	diff(t, "id", got.Value.ID, o.ID())
}

func TestDefaultSettings(t *testing.T) {
	diff(t, "settings", store.Settings{
		WorkspaceLimit: 100, WorkspaceNameMaxLength: 40, AnthropicVersions: []string{"2023-01-01", "2023-06-01", "2026-10-21"}, DeletedInvites: "readable",
	}, store.DefaultSettings())
	want := settings(func(s *store.Settings) { s.MemberLimit = new(3) })
	diff(t, "settings of an organization", want, open(t, store.Contents{Settings: want}).Settings())
}

func TestRunningClockFollowsRealTimeAtItsOffset(t *testing.T) {
	for _, offset := range []time.Duration{0, 36 * time.Hour, -36 * time.Hour} {
		o := open(t, store.Contents{Clock: store.Clock{Offset: offset}})
		diff(t, "now", at(offset), o.Now())
		o.real.advance(time.Hour + 1500*time.Nanosecond)
		diff(t, "now, in microseconds", at(offset+time.Hour+time.Microsecond), o.Now())
		diff(t, "created_at", at(offset+time.Hour+time.Microsecond), object(o.newWorkspace("new")())(t).CreatedAt)
	}
}

func TestFrozenClockDoesNotMove(t *testing.T) {
	o := open(t, store.Contents{Clock: store.FrozenAt(epoch.Add(time.Hour))})
	o.real.advance(30 * day)
	diff(t, "now", at(time.Hour), o.Now())
	diff(t, "created_at", at(time.Hour), object(o.newWorkspace("new")())(t).CreatedAt)
	i := object(o.createInvite("new@example.com")())(t)
	diff(t, "invited_at", at(time.Hour), i.InvitedAt)
	diff(t, "expires_at", at(time.Hour+21*day), i.ExpiresAt)
}

// TestExpiryFollowsTheClock uses a clock that is ahead of real time.
func TestExpiryFollowsTheClock(t *testing.T) {
	o := open(t, store.Contents{
		Clock:   store.Clock{Offset: 10 * day},
		APIKeys: []store.APIKey{expiring(at(10*day+time.Hour), key("a", defaultWorkspaceID, "active"))},
	})
	diff(t, "status", api.KeyActive, object(o.GetAPIKey("apikey_a"))(t).Status)
	o.real.advance(time.Hour)
	diff(t, "status", api.KeyExpired, object(o.GetAPIKey("apikey_a"))(t).Status)
}

// TestEveryAccessSettlesExpiry makes each kind of access the first one after an
// expiry.
func TestEveryAccessSettlesExpiry(t *testing.T) {
	for name, expired := range map[string]func(o *org) bool{
		"get invite": func(o *org) bool { return object(o.GetOrganizationInvite("invite_a"))(t).Status == "expired" },
		"get key":    func(o *org) bool { return object(o.GetAPIKey("apikey_a"))(t).Status == "expired" },
		"list invites": func(o *org) bool {
			return len(o.invites(store.InviteFilter{Statuses: []api.InviteStatus{"expired"}}, all).IDs) == 1
		},
		"list keys": func(o *org) bool { return len(o.keys(store.APIKeyFilter{Status: "expired"}, all).IDs) == 1 },
		"contents": func(o *org) bool {
			c := o.Contents()
			return c.Invites[0].Status == "expired" && c.APIKeys[0].Status == "expired"
		},
		"write": func(o *org) bool {
			object(o.newWorkspace("new")())(t)
			c := o.Contents()
			return c.Invites[0].Status == "expired" && c.APIKeys[0].Status == "expired"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := store.Contents{
				Invites: []api.Invite{invite("a", "user", "pending")},
				APIKeys: []store.APIKey{expiring(at(day), key("a", defaultWorkspaceID, "active"))},
			}
			c.Invites[0].ExpiresAt = at(day)
			o := open(t, c)
			o.real.advance(day)
			if !expired(o) {
				t.Error("overdue objects have not expired")
			}
		})
	}
}

// TestWriteHappensAtASingleTime advances real time during a write: what the write
// sees and what it records must have the same time.
func TestWriteHappensAtASingleTime(t *testing.T) {
	for steps := range 16 {
		expiry := at(time.Duration(steps) * time.Microsecond)
		now := epoch
		o, err := store.New(func() time.Time {
			now = now.Add(2 * time.Microsecond)
			return now
		}).Add(complete(store.Contents{APIKeys: []store.APIKey{expiring(expiry, key("a", defaultWorkspaceID, "active"))}}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.UpdateAPIKey("apikey_a", store.APIKeyUpdate{Status: new(api.KeyInactive)}, nil); err != nil {
			wantRefusal(t, store.Error{Message: "expired"}, err)
		}
		now = now.Add(time.Hour)
		history := must(o.GetAPIKey("apikey_a"))(t).Value.History
		for i := 1; i < len(history); i++ {
			if history[i].At.Before(history[i-1].At.Time) {
				t.Errorf("the history has %s at %v after %s at %v", history[i].Status, history[i].At, history[i-1].Status, history[i-1].At)
			}
		}
		diff(t, "the last change", store.StatusChange{Status: "expired", At: expiry}, history[len(history)-1])
	}
}

// TestVersionsDoNotSeeLaterWrites holds on to a version during later writes, and
// then restores it.
func TestVersionsDoNotSeeLaterWrites(t *testing.T) {
	c := everything()
	c.Settings.WorkspaceMemberLimit, c.Settings.APIKeyLimit, c.Settings.WorkspaceAPIKeyLimit = new(3), new(5), new(1)
	o := open(t, c)
	before := o.Contents()
	rewind := o.Rewind()
	for range 2 { // writes that start from the same version must not affect each other either
		object(o.RemoveOrganizationMember("user_a"))(t)
		object(o.UpdateOrganizationMember("user_d", "user", nil))(t)
		object(o.createInvite("new@example.com")())(t)
		object(o.DeleteOrganizationInvite("invite_v"))(t)
		object(o.newWorkspace("new")())(t)
		object(o.updateWorkspace("wrkspc_lab", store.WorkspaceUpdate{Tags: map[string]*string{"team": nil}})())(t)
		object(o.addMember("wrkspc_lab", "user_b", "workspace_user")())(t)
		object(o.removeMember("wrkspc_lab", "user_b")())(t)
		object(o.setStatus("apikey_used", "inactive")())(t)
		object(o.setStatus("apikey_e", "archived")())(t)
		object(o.ArchiveWorkspace("wrkspc_shop"))(t)
		o.real.advance(30 * day) // everything expires
		diff(t, "expired", api.InviteExpired, object(o.GetOrganizationInvite("invite_x"))(t).Status)
		o.real.advance(-30 * day)
		rewind()
		diff(t, "contents", before, o.Contents())
		// The counts for the limits are restored, too.
		refused(o, store.Error{Code: "workspace_member_limit_exceeded"}, o.addMember("wrkspc_lab", "user_b", "workspace_user"))
		refused(o, store.Error{Code: "org_api_key_limit_exceeded"}, o.setStatus("apikey_c", "active"))
		object(o.setStatus("apikey_e", "inactive")())(t)
		object(o.setStatus("apikey_c", "active")())(t)
		rewind()
		object(o.setStatus("apikey_used", "inactive")())(t)
		object(o.setStatus("apikey_used", "active")())(t)
		rewind()
	}
}

func TestNewRequestID(t *testing.T) {
	o := open(t, store.Contents{})
	form := regexp.MustCompile(`^req_[0-9A-HJKMNP-TV-Z]{26}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := o.NewRequestID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("the request id %q is malformed or repeated", id)
		}
		seen[id] = true
	}
	diff(t, "ids drawn", store.IDs{Seed: 7}, o.Contents().IDs)
}
