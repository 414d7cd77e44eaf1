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

// emulate makes a request of the control plane, which has to succeed.
func (s *server) emulate(t *testing.T, method, path, body string) string {
	t.Helper()
	got := s.raw(t, method, "/_emulate"+path, body)
	if got.Status != http.StatusOK {
		t.Fatalf("%s /_emulate%s %s: %d %s", method, path, body, got.Status, got.Body)
	}
	return got.Body
}

// TestFaultsAgainstTheSDK arms every fault and shows what a user of the SDK
// sees: with a fault that fires once nothing as a rule, since the SDK tries
// again twice, and with one that goes on the failure itself.
func TestFaultsAgainstTheSDK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action       string
		once, always string // what the SDK gives
		tries        [2]int // as the journal has them
	}{
		{`{"type":"error","status":529,"retry_after":0}`, "ok", "529 overloaded_error", [2]int{2, 3}},
		{`{"type":"error","status":500,"retry_after":0}`, "ok", "500 api_error", [2]int{2, 3}},
		{`{"type":"error","status":403}`, "403 permission_error", "403 permission_error", [2]int{1, 1}},
		{`{"type":"delay","duration":"1ms"}`, "ok", "ok", [2]int{1, 1}},
		{`{"type":"drop"}`, "ok", "connection", [2]int{2, 3}},
		// The work is done, and the answer never comes: the second try meets
		// its consequences.
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
				equal(t, "what the SDK gives", []string{c.once, c.always}[i], outcome(err))
				var journal struct {
					Data []struct {
						Fault   string
						RetryOf int `json:"retry_of"`
					}
				}
				// A client sees that a connection is dropped before that is written
				// down.
				for end := time.Now().Add(patience); len(journal.Data) < c.tries[i] && time.Now().Before(end); {
					decode(t, s.emulate(t, http.MethodGet, "/requests?operation=createOrganizationInvite", ""), &journal)
				}
				equal(t, "tries", c.tries[i], len(journal.Data))
				for n, e := range journal.Data {
					if n > 0 && e.RetryOf == 0 {
						t.Errorf("try %d is not known to be one of the same call", n+1)
					}
				}
				equal(t, "the first try met the fault", "fault_1", journal.Data[0].Fault)
			}
		})
	}
}

// outcome is what a user of the SDK sees, in a word or two.
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

// TestAWorldForEachKey lets tests invent their keys.
func TestAWorldForEachKey(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo", "--unknown-keys", "fork")
	world := func(key string) anthropic.Client {
		return anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(key), option.WithHTTPClient(newHTTPClient(t)))
	}
	one, two := world("sk-ant-admin01-one"), world("sk-ant-admin01-two")
	made, err := one.Organization.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "Mine"})
	noError(t, "create", err)
	_, err = two.Organization.Workspaces.Get(t.Context(), made.ID)
	wantRefusal(t, "somebody else's workspace", err, notFound("Workspace", made.ID))
}

// TestTimeOnDemand expires an invite now, and accepts another one.
func TestTimeOnDemand(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	org := anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(adminKey), option.WithHTTPClient(newHTTPClient(t))).Organization
	invite := func(email string) string {
		i, err := org.Invites.New(t.Context(), anthropic.OrganizationInviteNewParams{Email: email, Role: anthropic.OrganizationInviteNewParamsRoleUser})
		noError(t, "create", err)
		return i.ID
	}
	late, joins := invite("late@example.com"), invite("joins@example.com")
	s.emulate(t, http.MethodPost, "/invites/"+joins+"/accept", "")
	var moved struct{ Effects []struct{ Type, ID string } }
	decode(t, s.emulate(t, http.MethodPost, "/clock", `{"advance":"21d"}`), &moved)
	equal(t, "effects", []struct{ Type, ID string }{{"invite.expired", late}}, moved.Effects)
	got, err := org.Invites.Get(t.Context(), late)
	noError(t, "get", err)
	equal(t, "status", "expired", string(got.Status))
	users, err := org.Users.List(t.Context(), anthropic.OrganizationUserListParams{})
	noError(t, "list", err)
	equal(t, "users", 1, len(users.Data))
}

// TestStaleReadAgainstTheSDK answers a read from before the last write: what
// was just made is not there yet.
func TestStaleReadAgainstTheSDK(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "empty")
	org := anthropic.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(adminKey), option.WithHTTPClient(newHTTPClient(t))).Organization
	s.emulate(t, http.MethodPost, "/faults", `{"match":{"operation":"getWorkspace"},"action":{"type":"stale_read","writes":1},"times":1}`)
	made, err := org.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "New"})
	noError(t, "create", err)
	_, err = org.Workspaces.Get(t.Context(), made.ID)
	wantRefusal(t, "the read that is stale", err, notFound("Workspace", made.ID))
	_, err = org.Workspaces.Get(t.Context(), made.ID)
	noError(t, "the read after it", err)
}
