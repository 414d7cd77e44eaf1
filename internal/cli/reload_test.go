package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// A server that has run for a month loads its seed again for a reset, a fork, a new
// organization and a restart: relative times count from then, so the invite of three days
// ago is pending. This is every source of a seed, from the command line to the store.
func TestRelativeTimesOnAnOldServer(t *testing.T) {
	const pendingInvite = `{"organizations": [
		{"name": "First", "admin_keys": ["sk-ant-admin01-first"]},
		{"name": "Old", "admin_keys": ["sk-ant-admin01-old"],
		 "invites": [{"email": "new@example.com", "role": "user", "invited_at": "-3d"}],
		 "users": [{"email": "ada@example.com", "name": "Ada", "role": "user", "added_at": "-30d"}]}]}`
	first := `{"name": "Old", "admin_keys": ["sk-ant-admin01-old"], "invites": [{"email": "new@example.com", "role": "user", "invited_at": "-3d"}]}`
	for _, test := range []struct {
		name, stdin, key string
		args             []string
	}{
		{"the default seed", "", defaultAdminKey, nil},
		{"a file", "", "sk-ant-admin01-old", []string{"--seed", "old.json"}},
		{"the second organization of a file", "", "sk-ant-admin01-old", []string{"--seed", "two.json"}},
		{"standard input", first, "sk-ant-admin01-old", []string{"--seed", "-"}},
		{"a file, with --admin-key", "", "sk-ant-admin01-mine", []string{"--seed", "old.json", "--admin-key", "sk-ant-admin01-mine"}},
		{"a built-in seed in a state file", "", defaultAdminKey, []string{"--state-file", "demo.state"}},
		{"a file in a state file", "", "sk-ant-admin01-old", []string{"--state-file", "old.state", "--seed", "two.json"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files(t, map[string]string{"old.json": first, "two.json": pendingInvite})
			var passed atomic.Int64
			real := store.RealTime()
			old := func() time.Time { return real().Add(time.Duration(passed.Load())) }
			args := append([]string{"--unknown-keys", "fork", "--log-level", "debug"}, test.args...)
			s := startServerAt(t, old, test.stdin, args...)
			if n := s.pendingInvites(test.key); n == 0 {
				t.Fatal("no pending invite at the start")
			}
			passed.Add(int64(31 * 24 * time.Hour))
			if test.name == "a built-in seed in a state file" || test.name == "a file in a state file" {
				s.stopAndWait()
				s = startServerAt(t, old, test.stdin, args...)
			}
			if n := s.pendingInvites(test.key); n != 0 {
				t.Errorf("%d pending invites a month later", n)
			}
			if status, response := s.request("POST", "/_emulate/reset", test.key, ""); status != http.StatusOK {
				t.Errorf("reset: %d %s", status, response)
			}
			if n := s.pendingInvites(test.key); n == 0 {
				t.Error("no pending invite after a reset")
			}
			passed.Add(int64(31 * 24 * time.Hour))
			fork := s.pendingInvites("sk-ant-admin01-invented")
			status, response := s.request("POST", "/_emulate/organizations", test.key, `{"from": "seed", "admin_key": "sk-ant-admin01-made"}`)
			if status != http.StatusOK {
				t.Errorf("a new organization: %d %s", status, response)
			}
			if made := s.pendingInvites("sk-ant-admin01-made"); made != fork {
				t.Errorf("%d pending invites in a new organization, %d in a fork", made, fork)
			}
			// The first organization of two.json, which forks copy, has no invites.
			if fork == 0 && test.key != "sk-ant-admin01-old" {
				t.Error("no pending invite in a fork")
			}
		})
	}
}

// pendingInvites returns the number of pending invites of an organization.
func (s *testServer) pendingInvites(key string) int {
	s.t.Helper()
	status, response := s.request("GET", "/v1/organizations/invites?limit=1000&statuses[]=pending", key, "")
	var page struct{ Data []api.Invite }
	if err := json.Unmarshal([]byte(response), &page); err != nil || status != http.StatusOK {
		s.t.Fatal(fmt.Sprint(status, response, err))
	}
	return len(page.Data)
}
