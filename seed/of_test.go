package seed

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"antechamber/api"
)

// An organization written in Go is equal to the same organization in JSON.
func TestOf(t *testing.T) {
	acme := Organization{
		Name: "Acme", AdminKeys: []string{"sk-ant-admin01-acme"}, Clock: &Clock{FrozenAt: At(real)},
		Users: []User{{Email: "jane.doe@example.com", Role: api.RoleAdmin, AddedAt: FromNow(-30 * 24 * time.Hour)}},
		Workspaces: []Workspace{{
			Name: "Research", CreatedAt: FromNow(-36*time.Hour - 1500*time.Millisecond), Tags: map[string]string{"team": "core"},
			Members: []WorkspaceMember{{User: "Jane Doe", WorkspaceRole: api.WorkspaceAdmin}},
		}},
		APIKeys: []APIKey{
			{Name: "CI", Workspace: "Research", CreatedBy: Creator{User: "jane.doe@example.com"}, ExpiresAt: FromNow(time.Hour), LastUsedAt: NoTime},
			{Name: "Laptop", CreatedBy: Creator{ServiceAccount: "svac_1"}, Principal: api.UserPrincipal("Jane Doe")},
			{Name: "Bot", Workspace: "Default", Principal: api.ServiceAccountPrincipal("svac_1")},
		},
	}
	const src = `{"name": "Acme", "admin_keys": ["sk-ant-admin01-acme"], "clock": {"frozen_at": "2026-02-03T04:05:06.789012Z"},
 "users": [{"email": "jane.doe@example.com", "role": "admin", "added_at": "-30d"}],
 "workspaces": [{"name": "Research", "created_at": "-1d12h1.5s", "tags": {"team": "core"}, "members": [{"user": "Jane Doe", "workspace_role": "workspace_admin"}]}],
 "api_keys": [{"name": "CI", "workspace": "Research", "created_by": "jane.doe@example.com", "expires_at": "+1h"},
  {"name": "Laptop", "created_by": {"type": "service_account", "id": "svac_1"}, "principal": {"type": "user_actor", "user_id": "Jane Doe"}},
  {"name": "Bot", "workspace": "Default", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "svac_1"}}]}`
	s, err := Of(acme)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Load(Options{Real: real})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(loadAll(t, src, Options{Real: real}), got); diff != "" {
		t.Errorf("(-JSON +Go)\n%s", diff)
	}
	if written := string(Encode(acme)); !strings.Contains(written, `"created_at": "-1d12h1.5s"`) || !strings.Contains(written, `"last_used_at": null`) || strings.Contains(written, `"invites"`) {
		t.Errorf("Encode wrote\n%s", written)
	}

	acme.Users[0].Role = "owner"
	_, err = Of(acme)
	if want := `/organizations/0/users/0/role: invalid role "owner": want user, developer`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// Relative times are parsed as they are formatted.
func TestFormatDistance(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "+0s", time.Second: "+1s", -time.Microsecond: "-0.000001s", 90 * time.Minute: "+1h30m",
		-(25*time.Hour + 61*time.Second): "-1d1h1m1s", 36500 * 24 * time.Hour: "+36500d",
	} {
		if got := formatDistance(d); got != want {
			t.Errorf("formatDistance(%s) = %s, want %s", d, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(-int64(maxDistance/time.Microsecond), int64(maxDistance/time.Microsecond)).Draw(t, "microseconds")) * time.Microsecond
		written := formatDistance(d)
		if got, ok := parseDistance(written); !ok || got != d || !timePattern.MatchString(written) {
			t.Fatalf("%s is formatted as %s and parsed as %s", d, written, got)
		}
	})
}
