package provisioning_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/e2e/samples/provisioning"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const acme = `{
	"name": "Acme Corporation",
	"users": [
		{"id": "user_ada", "email": "ada@example.com", "role": "admin"},
		{"id": "user_jane", "email": "jane@example.com", "role": "developer"},
		{"id": "user_grace", "email": "grace@example.com", "role": "developer"}
	],
	"workspaces": [
		{"id": "wrkspc_research", "name": "Research", "created_at": "-60d", "tags": {"team": "old", "floor": "2"}, "members": [
			{"user": "jane@example.com", "workspace_role": "workspace_user"},
			{"user": "grace@example.com", "workspace_role": "workspace_user"}
		]}
	]
}`

const spec = `{
	"people": [
		{"email": "Jane@example.com", "role": "developer"},
		{"email": "new@example.com", "role": "developer"}
	],
	"workspaces": [
		{"name": "Platform", "tags": {"team": "core"}, "members": {
			"jane@example.com": "workspace_admin", "new@example.com": "workspace_developer", "ada@example.com": "workspace_admin"
		}},
		{"name": "Research", "tags": {"team": "science"}, "members": {"jane@example.com": "workspace_developer"}}
	]
}`

const steps = `invite new@example.com developer
create workspace Platform
add member Platform jane@example.com workspace_admin
tag workspace Research
change member Research jane@example.com workspace_developer
remove member Research grace@example.com
`

var running = os.Getenv("ANTECHAMBER_URL")

func start(t *testing.T, opts ...admintest.Option) *admintest.Server {
	t.Helper()
	return admintest.Connect(t, running, append([]admintest.Option{admintest.SeedJSON(acme)}, opts...)...)
}

// newProvisioner returns a provisioner whose client retries as the SDK does by default,
// and the pauses that the provisioner itself makes.
func newProvisioner(srv *admintest.Server) (*provisioning.Provisioner, *[]time.Duration) {
	pauses := new([]time.Duration)
	return &provisioning.Provisioner{
		Client: anthropic.NewClient(
			option.WithoutEnvironmentDefaults(), option.WithBaseURL(srv.URL), option.WithAPIKey(srv.AdminKey),
			option.WithHTTPClient(srv.Impatient())),
		Wait: func(_ context.Context, d time.Duration) error {
			*pauses = append(*pauses, d)
			srv.Clock.Advance(d)
			return nil
		},
		MaxAttempts: 3,
	}, pauses
}

func parseSpec(t *testing.T) provisioning.Spec {
	t.Helper()
	s, err := provisioning.Parse([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sync plans and applies the spec, and returns the plan.
func sync(t *testing.T, p *provisioning.Provisioner) (provisioning.Plan, error) {
	t.Helper()
	plan, err := p.Plan(t.Context(), parseSpec(t))
	if err != nil {
		return plan, err
	}
	return plan, p.Apply(t.Context(), plan)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// checkInSync checks that a new plan is empty and that nothing was created twice.
func checkInSync(t *testing.T, srv *admintest.Server) {
	t.Helper()
	p, _ := newProvisioner(srv)
	plan, err := p.Plan(t.Context(), parseSpec(t))
	must(t, err)
	same(t, "remaining plan", "", plan.String())

	client := p.Client
	list, err := client.Organization.Workspaces.List(t.Context(), anthropic.OrganizationWorkspaceListParams{})
	must(t, err)
	var names []string
	for _, w := range list.Data {
		names = append(names, w.Name)
	}
	same(t, "workspaces", []string{"Platform", "Research"}, names)
	invites, err := client.Organization.Invites.List(t.Context(), anthropic.OrganizationInviteListParams{})
	must(t, err)
	if len(invites.Data) != 1 {
		t.Errorf("%d invites, want 1", len(invites.Data))
	}
}

// checkCreatedOnce checks that exactly one workspace was created, even if the client did
// not get the response.
func checkCreatedOnce(t *testing.T, srv *admintest.Server) {
	t.Helper()
	if created := srv.Effects(admintest.WorkspaceCreated); len(created) != 1 {
		t.Errorf("%d workspaces were created, want 1", len(created))
	}
}

func TestProvisioning(t *testing.T) {
	srv := start(t)
	p, _ := newProvisioner(srv)

	plan, err := p.Plan(t.Context(), parseSpec(t))
	must(t, err)
	same(t, "plan", steps, plan.String())
	same(t, "waiting", []string{"new@example.com"}, plan.Waiting)
	for _, r := range srv.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("planning sent %s %s", r.Method, r.Path)
		}
	}

	must(t, p.Apply(t.Context(), plan))
	checkInSync(t, srv)
	srv.VerifyInOrder(
		admintest.Call{Operation: admintest.CreateOrganizationInvite, Body: map[string]any{"email": "new@example.com"}, Times: new(1)},
		admintest.Call{Operation: admintest.CreateWorkspace, Body: map[string]any{"name": "Platform", "tags": map[string]any{"team": "core"}}, Times: new(1)},
		admintest.Call{Operation: admintest.AddWorkspaceMember, Body: map[string]any{"user_id": "user_jane"}, Times: new(1)},
		admintest.Call{Operation: admintest.UpdateWorkspace, Path: "/v1/organizations/workspaces/wrkspc_research", Times: new(1)},
		admintest.Call{Operation: admintest.UpdateWorkspaceMember, Times: new(1)},
		admintest.Call{Operation: admintest.RemoveWorkspaceMember, Path: "/v1/organizations/workspaces/*/members/user_grace", Times: new(1)},
	)

	// After the invite is accepted, the new user is added to the workspace.
	joined := srv.AcceptInvite("new@example.com")
	plan, err = sync(t, p)
	must(t, err)
	same(t, "plan", "add member Platform new@example.com workspace_developer\n", plan.String())
	srv.Verify(admintest.Call{Operation: admintest.AddWorkspaceMember, Body: map[string]any{"user_id": joined.ID}, Times: new(1)})
	same(t, "waiting", 0, len(plan.Waiting))
}

func TestParseRefusesInvalidSpecs(t *testing.T) {
	for text, want := range map[string]string{
		`{"persons": []}`: "unknown field",
		`{"workspaces": [{"name": "A"}, {"name": "A"}]}`: `duplicate workspace "A"`,
	} {
		if _, err := provisioning.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAmbiguousWorkspaceName(t *testing.T) {
	srv := start(t)
	p, _ := newProvisioner(srv)
	for range 2 {
		_, err := p.Client.Organization.Workspaces.New(t.Context(), anthropic.OrganizationWorkspaceNewParams{Name: "Platform"})
		must(t, err)
	}
	if _, err := p.Plan(t.Context(), parseSpec(t)); err == nil || !strings.Contains(err.Error(), "ambiguous name") {
		t.Errorf("got %v", err)
	}
}

// A run survives a single failure of any request, and creates nothing twice.
func TestSurvivesOneFailure(t *testing.T) {
	srv := start(t)
	operations := []admintest.Operation{
		admintest.ListOrganizationInvites, admintest.ListOrganizationMembers, admintest.ListWorkspaces, admintest.ListWorkspaceMembers,
		admintest.CreateOrganizationInvite, admintest.CreateWorkspace, admintest.AddWorkspaceMember,
		admintest.UpdateWorkspace, admintest.UpdateWorkspaceMember, admintest.RemoveWorkspaceMember,
	}
	actions := map[string]admintest.Action{
		"500":               admintest.Error{Status: 500},
		"503":               admintest.Error{Status: 503},
		"529":               admintest.Error{Status: 529},
		"429":               admintest.Error{Status: 429, RetryAfter: 30 * time.Second},
		"drop":              admintest.Drop{},
		"drop after commit": admintest.DropAfterCommit{},
		"truncate":          admintest.Truncate{Bytes: 25},
	}
	for _, operation := range operations {
		for name, action := range actions {
			t.Run(string(operation)+" "+name, func(t *testing.T) {
				t.Parallel()
				srv := srv.Fork(t)
				fault := srv.Fault(admintest.Fault{Operation: operation, Action: action, Times: new(1)})
				p, _ := newProvisioner(srv)
				_, err := sync(t, p)
				must(t, err)
				if got := fault.Hits(); got != 1 {
					t.Errorf("the fault fired %d times, want once", got)
				}
				checkInSync(t, srv)
				checkCreatedOnce(t, srv)
			})
		}
	}
}

// The SDK does not retry after a malformed response, so the run fails. The next run
// finishes the work.
func TestMalformedResponses(t *testing.T) {
	srv := start(t)
	for _, operation := range []admintest.Operation{
		admintest.ListWorkspaces, admintest.CreateOrganizationInvite, admintest.AddWorkspaceMember, admintest.RemoveWorkspaceMember,
	} {
		t.Run(string(operation), func(t *testing.T) {
			t.Parallel()
			srv := srv.Fork(t)
			srv.Fault(admintest.Fault{Operation: operation, Action: admintest.Malformed{}, Times: new(1)})
			p, _ := newProvisioner(srv)
			if _, err := sync(t, p); err == nil {
				t.Error("the first run did not fail")
			}
			_, err := sync(t, p)
			must(t, err)
			checkInSync(t, srv)
		})
	}
}

// The workspace is created, but every response to its creation is lost. The provisioner
// finds the workspace and does not create a second one.
func TestLostResponsesCreateOneWorkspace(t *testing.T) {
	srv := start(t)
	for name, action := range map[string]admintest.Action{
		"drop after commit": admintest.DropAfterCommit{},
		"truncate":          admintest.Truncate{Bytes: 100},
		"malformed":         admintest.Malformed{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := srv.Fork(t)
			srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: action})
			p, pauses := newProvisioner(srv)
			_, err := sync(t, p)
			must(t, err)
			checkInSync(t, srv)
			srv.Verify(admintest.Call{Operation: admintest.CreateWorkspace, Times: new(1)})
			same(t, "pauses", []time.Duration{time.Second}, *pauses)
		})
	}
}

// The response is lost, and then the list of workspaces is stale twice.
func TestLostResponseAndStaleList(t *testing.T) {
	srv := start(t)
	p, pauses := newProvisioner(srv)
	plan, err := p.Plan(t.Context(), parseSpec(t))
	must(t, err)
	srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.DropAfterCommit{}, Times: new(1)})
	stale := srv.Fault(admintest.Fault{Operation: admintest.ListWorkspaces, Action: admintest.StaleRead{}, Times: new(2)})
	must(t, p.Apply(t.Context(), plan))
	if stale.Hits() != 2 {
		t.Errorf("%d lists were stale, want 2", stale.Hits())
	}
	checkInSync(t, srv)
	checkCreatedOnce(t, srv)
	same(t, "pauses", []time.Duration{time.Second, time.Second, 2 * time.Second}, *pauses)
}

// A plan based on a stale list repeats a step that was already done.
func TestStalePlan(t *testing.T) {
	srv := start(t)
	p, _ := newProvisioner(srv)
	_, err := sync(t, p)
	must(t, err)
	srv.AcceptInvite("new@example.com")
	stale := srv.Fault(admintest.Fault{Operation: admintest.ListWorkspaceMembers, Action: admintest.StaleRead{}})
	for range 2 {
		plan, err := sync(t, p)
		must(t, err)
		same(t, "plan", "add member Platform new@example.com workspace_developer\n", plan.String())
	}
	stale.Clear()
	checkInSync(t, srv)
	srv.Verify(admintest.Call{Operation: admintest.AddWorkspaceMember, Status: new(400), Times: new(1)})
}

// The provisioner waits as long as the server asks.
func TestRetryAfter(t *testing.T) {
	srv := start(t)
	srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.Error{Status: 429, RetryAfter: 30 * time.Second}, Times: new(2)})
	p, pauses := newProvisioner(srv)
	_, err := sync(t, p)
	must(t, err)
	checkInSync(t, srv)
	same(t, "pauses", []time.Duration{30 * time.Second, 30 * time.Second}, *pauses)
}

func TestPersistentOverload(t *testing.T) {
	srv := start(t)
	fault := srv.Fault(admintest.Fault{Operation: admintest.CreateWorkspace, Action: admintest.Error{Status: 529}})
	p, _ := newProvisioner(srv)
	_, err := sync(t, p)
	if err == nil || !strings.HasPrefix(err.Error(), "create workspace Platform: ") {
		t.Errorf("got %v", err)
	}
	if got := fault.Hits(); got != 3 {
		t.Errorf("%d attempts, want 3", got)
	}
	fault.Clear()
	plan, err := sync(t, p)
	must(t, err)
	if strings.Contains(plan.String(), "invite") {
		t.Errorf("the invite is planned again:\n%s", plan)
	}
	checkInSync(t, srv)
}

// A third of all requests fail, in a reproducible order, and a few runs are enough.
func TestRandomFailures(t *testing.T) {
	srv := start(t)
	for _, action := range []admintest.Action{admintest.Error{Status: 529}, admintest.Error{Status: 500}} {
		srv.Fault(admintest.Fault{Action: action, Probability: 0.2})
	}
	p, _ := newProvisioner(srv)
	for run := 1; ; run++ {
		if _, err := sync(t, p); err == nil {
			break
		}
		if run == 20 {
			t.Fatal("none of 20 runs succeeded")
		}
	}
	checkCreatedOnce(t, srv)
}

// The client waits for the rate limit by advancing the organization's clock, which is
// otherwise frozen.
func TestRateLimit(t *testing.T) {
	if running != "" {
		t.Skip("the rate limit of a running server cannot be changed")
	}
	srv := start(t, admintest.RateLimit("5/min"))
	p, _ := newProvisioner(srv)
	_, err := sync(t, p)
	must(t, err)
	checkInSync(t, srv)
	if took := srv.Clock.Now().Sub(admintest.Start); took < time.Minute {
		t.Errorf("the run took %v, want at least a minute", took)
	}
	limited := 0
	for _, r := range srv.Requests() {
		if r.ErrorType == api.RateLimitError {
			limited++
		}
	}
	if limited == 0 {
		t.Error("no request hit the rate limit")
	}
}

func TestOrganizationLimits(t *testing.T) {
	srv := start(t)
	srv.Snapshot("before")
	for name, test := range map[string]struct {
		settings map[string]any
		want     string
	}{
		"workspaces": {map[string]any{"workspace_limit": 1}, "create workspace Platform: "},
		"members":    {map[string]any{"member_limit": 3}, "invite new@example.com developer: "},
		"domains":    {map[string]any{"allowed_invite_domains": []string{"example.org"}}, "invite new@example.com developer: "},
	} {
		t.Run(name, func(t *testing.T) {
			srv := srv.In(t)
			srv.Restore("before")
			srv.UpdateSettings(test.settings)
			p, _ := newProvisioner(srv)
			if _, err := sync(t, p); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			srv.Restore("before")
			_, err := sync(t, p)
			must(t, err)
			checkInSync(t, srv)
		})
	}
}
