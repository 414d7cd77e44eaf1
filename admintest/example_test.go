package admintest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/seed"
)

var t = new(testing.T) // the test's t

// call sends a request of the Admin API and returns the response. It is the code
// under test of these examples. Yours uses an SDK, as in docs/admintest.md; this
// package does without, so that your go.sum does not list the one that we chose.
func call[T any](srv *admintest.Server, method, path, body string) (response T, err error) {
	r, err := http.NewRequest(method, srv.URL+"/v1/organizations"+path, strings.NewReader(body))
	if err != nil {
		return response, err
	}
	r.Header.Set("x-api-key", srv.AdminKey)
	r.Header.Set("anthropic-version", "2023-06-01")
	res, err := srv.Client().Do(r) // the server has no port, so only this client reaches it
	if err != nil {
		return response, err
	}
	defer res.Body.Close()
	return response, json.NewDecoder(res.Body).Decode(&response)
}

// Run starts a server in this process.
func Example() {
	srv := admintest.Run(t, admintest.Seed("contract"))

	archived, err := call[api.Workspace](srv, "POST", "/workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ/archive", "")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(archived.Name, archived.ArchivedAt)

	for _, effect := range srv.Requests(admintest.ArchiveWorkspace)[0].Effects {
		fmt.Println(effect.Type, effect.ID)
	}
	// Output:
	// Engineering Team 2024-11-01T23:59:27.427722Z
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
	me, err := call[api.Organization](srv, "GET", "/me", "")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(me.Name)
	// Output: Acme
}

// The Admin API cannot accept an invite; its recipient does.
func ExampleServer_AcceptInvite() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	_, err := call[api.Invite](srv, "POST", "/invites", `{"email": "ada@example.com", "role": "developer"}`)
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

// The response to the first attempt is lost. SDKs retry, as this code does, and the
// retry finds that the invite already exists.
func ExampleServer_Fault() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	srv.Fault(admintest.Fault{
		Operation: admintest.CreateOrganizationInvite,
		Action:    admintest.DropAfterCommit{}, // the invite is created, but the response is lost
		Times:     new(1),
	})
	for {
		_, err := call[api.Invite](srv, "POST", "/invites", `{"email": "ada@example.com", "role": "user"}`)
		if err == nil {
			break
		}
	}
	for _, r := range srv.Requests(admintest.CreateOrganizationInvite) {
		fmt.Println(r.Status, r.ErrorCode, r.Fault)
	}
	// Output:
	// 0  fault_1
	// 400 invite_already_exists
}

// Verify compares the recorded requests with the expected calls. A request and its
// retries count as one call.
func ExampleServer_Verify() {
	srv := admintest.Run(t, admintest.Seed("empty"))
	_, err := call[api.Workspace](srv, "POST", "/workspaces", `{"name": "Platform"}`)
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

		users, err := call[page[api.User]](fork, "GET", "/users", "")
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

	keys, err := call[page[api.APIKey]](srv, "GET", "/api_keys", "")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(len(keys.Data), keys.Data[0].Name, keys.Data[0].Status)
	// Output:
	// 1 CI active
}
