package admintest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"antechamber/admintest"
	"antechamber/seed"
)

// sdk returns the official Go client for a server.
func sdk(srv *admintest.Server, opts ...option.RequestOption) anthropic.Client {
	return anthropic.NewClient(append([]option.RequestOption{
		option.WithoutEnvironmentDefaults(), // ignore ANTHROPIC_* variables
		option.WithBaseURL(srv.URL), option.WithAPIKey(srv.AdminKey), option.WithHTTPClient(srv.Client()),
	}, opts...)...)
}

var (
	ctx = context.Background()
	t   = new(testing.T) // the test's t
)

// Run starts a server in this process, and the official SDK uses it.
func Example() {
	srv := admintest.Run(t, admintest.Seed("contract"))

	client := anthropic.NewClient(
		option.WithoutEnvironmentDefaults(), // ignore ANTHROPIC_* variables
		option.WithBaseURL(srv.URL),
		option.WithAPIKey(srv.AdminKey),
		option.WithHTTPClient(srv.Client()), // the server has no port, so only this client reaches it
	)
	archived, err := client.Organization.Workspaces.Archive(ctx, "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(archived.Name, archived.ArchivedAt.Format(time.RFC3339))

	for _, effect := range srv.Requests(admintest.ArchiveWorkspace)[0].Effects {
		fmt.Println(effect.Type, effect.ID)
	}
	// Output:
	// Engineering Team 2024-11-01T23:59:27Z
	// workspace.archived wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ
	// api_key.archived apikey_01Rj2N8VfPzQ7Lm3KsT6XyW9
}

// An environment variable decides whether the tests run in process or on a running
// server.
func ExampleConnect() {
	srv := admintest.Connect(t, os.Getenv("ANTECHAMBER_URL"), admintest.SeedJSON(`{
		"name": "Acme",
		"users": [{"email": "root@acme.example", "role": "admin"}]
	}`))
	client := sdk(srv)
	me, err := client.Organization.Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(me.Name)
	// Output: Acme
}

// The Admin API cannot accept an invite; its recipient does.
func ExampleServer_AcceptInvite() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	client := sdk(srv)
	_, err := client.Organization.Invites.New(ctx, anthropic.OrganizationInviteNewParams{
		Email: "ada@example.com", Role: anthropic.OrganizationInviteNewParamsRoleDeveloper,
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(srv.Outbox()[0].To)
	user := srv.AcceptInvite("ada@example.com")
	fmt.Println(user.Name, user.Role)
	// Output:
	// ada@example.com
	// Ada developer
}

// Advance returns what expired as the clock moved.
func ExampleServerClock_Advance() {
	srv := admintest.Run(t, admintest.SeedJSON(`{
		"name": "Acme",
		"invites": [{"id": "invite_ada", "email": "ada@example.com", "role": "user", "invited_at": "-20d"}]
	}`))
	for _, effect := range srv.Clock.Advance(24 * time.Hour) {
		fmt.Println(effect.Type, effect.ID, effect.At)
	}
	// Output: invite.expired invite_ada 2026-01-02T00:00:00.000000Z
}

// The response to the first attempt is lost. The SDK retries, and the retry finds that
// the invite already exists.
func ExampleServer_Fault() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	srv.Fault(admintest.Fault{
		Operation: admintest.CreateOrganizationInvite,
		Action:    admintest.DropAfterCommit{}, // the invite is created, but the response is lost
		Times:     new(1),
	})
	client := sdk(srv)
	_, err := client.Organization.Invites.New(ctx, anthropic.OrganizationInviteNewParams{
		Email: "ada@example.com", Role: anthropic.OrganizationInviteNewParamsRoleUser,
	})
	var refusal *anthropic.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.StatusCode, refusal.Type())
	}
	for _, r := range srv.Requests(admintest.CreateOrganizationInvite) {
		fmt.Println(r.Status, r.ErrorCode, r.Fault)
	}
	// Output:
	// 400 invalid_request_error
	// 0  fault_1
	// 400 invite_already_exists
}

// Verify compares the recorded requests with the expected calls. A request and its
// retries count as one call.
func ExampleServer_Verify() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	client := sdk(srv)
	_, err := client.Organization.Workspaces.New(ctx, anthropic.OrganizationWorkspaceNewParams{Name: "Platform"})
	if err != nil {
		t.Fatal(err)
	}
	srv.Verify(admintest.Call{
		Operation: admintest.CreateWorkspace,
		Body:      map[string]string{"name": "Platform"},
		Times:     new(1),
	})
	fmt.Println(t.Failed())
	// Output: false
}

// A snapshot can be restored any number of times. Ids repeat after a restore.
func ExampleServer_Restore() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	srv.Snapshot("no users")
	for range 3 {
		user := srv.AddUser("ada@example.com", "admin")
		fmt.Println(user.ID)
		srv.Restore("no users")
	}
	// Output:
	// user_01KDVDNA00V85Z40000000AM6D
	// user_01KDVDNA00V85Z40000000AM6D
	// user_01KDVDNA00V85Z40000000AM6D
}

// Each parallel subtest gets its own copy of the organization. A fork is cheap.
func ExampleServer_Fork() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	srv.AddUser("root@example.com", "admin") // the common setup

	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		// t.Run(email, func(t *testing.T) {
		//	t.Parallel()
		fork := srv.Fork(t)
		fork.AddUser(email, "user")

		client := sdk(fork)
		users, err := client.Organization.Users.List(ctx, anthropic.OrganizationUserListParams{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(users.Data[0].Email, users.Data[1].Email)
	}
	// Output:
	// ada@example.com root@example.com
	// grace@example.com root@example.com
}

// A seed written in Go. Times are relative to the server's clock.
func ExampleSeedOf() {
	srv := admintest.Run(t, admintest.SeedOf(seed.Organization{
		Name: "Acme",
		Users: []seed.User{
			{Email: "root@acme.example", Role: "admin"},
			{Email: "ada@acme.example", Role: "developer", AddedAt: seed.FromNow(-30 * 24 * time.Hour)},
		},
		Workspaces: []seed.Workspace{{
			Name:    "Research",
			Members: []seed.WorkspaceMember{{User: "ada@acme.example", WorkspaceRole: "workspace_admin"}},
		}},
		APIKeys: []seed.APIKey{{Name: "CI", Workspace: "Research", CreatedBy: seed.Creator{User: "ada@acme.example"}}},
	}))

	client := sdk(srv)
	keys, err := client.Organization.APIKeys.List(ctx, anthropic.OrganizationAPIKeyListParams{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(len(keys.Data), keys.Data[0].Name, keys.Data[0].Status)
	// Output:
	// 1 CI active
}
