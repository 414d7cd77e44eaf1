package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// emulate calls the control plane and ends the test if the call fails.
func (s *server) emulate(t *testing.T, method, path, body string) string {
	t.Helper()
	got := s.raw(t, method, "/_emulate"+path, body)
	if got.Status != http.StatusOK {
		t.Fatalf("%s /_emulate%s %s: %d %s", method, path, body, got.Status, got.Body)
	}
	return got.Body
}

// TestFaultsAgainstTheSDK arms every kind of fault and checks the outcome of an
// SDK call. The SDK retries twice, so a fault that fires once usually goes
// unnoticed; one that always fires does not.
func TestFaultsAgainstTheSDK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action       string
		once, always string // outcomes
		attempts     [2]int // in the journal
	}{
		{`{"type":"error","status":529,"retry_after":0}`, "ok", "529 overloaded_error", [2]int{2, 3}},
		{`{"type":"error","status":500,"retry_after":0}`, "ok", "500 api_error", [2]int{2, 3}},
		{`{"type":"error","status":403}`, "403 permission_error", "403 permission_error", [2]int{1, 1}},
		{`{"type":"delay","duration":"1ms"}`, "ok", "ok", [2]int{1, 1}},
		{`{"type":"drop"}`, "ok", "connection", [2]int{2, 3}},
		// The write succeeds and its response is lost, so the retry fails.
		{`{"type":"drop_after_commit"}`, "400 invalid_request_error", "connection", [2]int{2, 3}},
		{`{"type":"truncate","bytes":20}`, "400 invalid_request_error", "connection", [2]int{2, 3}},
		{`{"type":"malformed"}`, "undecodable", "undecodable", [2]int{1, 1}},
	} {
		t.Run(c.action, func(t *testing.T) {
			t.Parallel()
			s := start(t, "--seed", "empty")
			client := anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(adminKey), option.WithHTTPClient(newHTTPClient(t)))
			for i, times := range []string{`,"times":1`, ``} {
				s.emulate(t, http.MethodPost, "/reset", "")
				s.emulate(t, http.MethodPost, "/faults", `{"match":{"operation":"createOrganizationInvite"},"action":`+c.action+times+`}`)
				_, err := client.Organization.Invites.New(t.Context(), anthropic.OrganizationInviteNewParams{
					Email: "new@example.com", Role: anthropic.OrganizationInviteNewParamsRoleUser,
				})
				equal(t, "outcome", []string{c.once, c.always}[i], outcome(err))
				var journal struct {
					Data []struct {
						Fault   string
						RetryOf int `json:"retry_of"`
					}
				}
				// A client may notice a dropped connection before the journal has it.
				for end := time.Now().Add(patience); len(journal.Data) < c.attempts[i] && time.Now().Before(end); {
					decode(t, s.emulate(t, http.MethodGet, "/requests?operation=createOrganizationInvite", ""), &journal)
				}
				equal(t, "attempts", c.attempts[i], len(journal.Data))
				for n, e := range journal.Data {
					if n > 0 && e.RetryOf == 0 {
						t.Errorf("attempt %d has no retry_of", n+1)
					}
				}
				equal(t, "fault of the first attempt", "fault_1", journal.Data[0].Fault)
			}
		})
	}
}

// outcome classifies the error of an SDK call.
func outcome(err error) string {
	var refusal *anthropic.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &refusal):
		return fmt.Sprint(refusal.StatusCode, " ", refusal.Type())
	case strings.Contains(err.Error(), "connection reset"), strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "json"):
		return "connection"
	}
	return "undecodable"
}

// TestUnknownKeysFork invents two keys, each of which gets its own organization.
func TestUnknownKeysFork(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo", "--unknown-keys", "fork")
	clientFor := func(key string) anthropic.Client {
		return anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(key), option.WithHTTPClient(newHTTPClient(t)))
	}
	one, two := clientFor("sk-ant-admin01-one"), clientFor("sk-ant-admin01-two")
	made, err := one.Organization.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "Mine"})
	noError(t, "create", err)
	_, err = two.Organization.Workspaces.Get(t.Context(), made.ID)
	wantRefusal(t, "a workspace of another organization", err, notFound("Workspace", made.ID))
}

// TestClockExpiresInvites advances the clock past the expiry of two invites, of
// which one was accepted.
func TestClockExpiresInvites(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	org := anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(adminKey), option.WithHTTPClient(newHTTPClient(t))).Organization
	invite := func(email string) string {
		i, err := org.Invites.New(t.Context(), anthropic.OrganizationInviteNewParams{Email: email, Role: anthropic.OrganizationInviteNewParamsRoleUser})
		noError(t, "create", err)
		return i.ID
	}
	pending, accepted := invite("late@example.com"), invite("joins@example.com")
	s.emulate(t, http.MethodPost, "/invites/"+accepted+"/accept", "")
	var moved struct{ Effects []struct{ Type, ID string } }
	decode(t, s.emulate(t, http.MethodPost, "/clock", `{"advance":"21d"}`), &moved)
	equal(t, "effects", []struct{ Type, ID string }{{"invite.expired", pending}}, moved.Effects)
	got, err := org.Invites.Get(t.Context(), pending)
	noError(t, "get", err)
	equal(t, "status", "expired", string(got.Status))
	users, err := org.Users.List(t.Context(), anthropic.OrganizationUserListParams{})
	noError(t, "list", err)
	equal(t, "users", 1, len(users.Data))
}

// TestStaleReadAgainstTheSDK serves one read from before the last write, so that
// it misses the new workspace.
func TestStaleReadAgainstTheSDK(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	org := anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(adminKey), option.WithHTTPClient(newHTTPClient(t))).Organization
	s.emulate(t, http.MethodPost, "/faults", `{"match":{"operation":"getWorkspace"},"action":{"type":"stale_read","writes":1},"times":1}`)
	made, err := org.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "New"})
	noError(t, "create", err)
	_, err = org.Workspaces.Get(t.Context(), made.ID)
	wantRefusal(t, "the stale read", err, notFound("Workspace", made.ID))
	_, err = org.Workspaces.Get(t.Context(), made.ID)
	noError(t, "the next read", err)
}
