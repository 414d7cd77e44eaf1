package offboarding_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/admintest"
	"antechamber/e2e/samples/offboarding"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const jane, ada, grace, bill = "jane.doe@example.com", "ada@example.com", "grace@example.com", "bill@example.com"

// acme returns a server with the organization of testdata/acme.json: in process, or on
// the running server at ANTECHAMBER_URL.
func acme(t *testing.T) *admintest.Server {
	t.Helper()
	return admintest.Connect(t, os.Getenv("ANTECHAMBER_URL"), admintest.Seed("testdata/acme.json"))
}

// clientOf returns a client for the organization. It does not retry unless the options
// say so: a retry would hide a fault.
func clientOf(srv *admintest.Server, opts ...option.RequestOption) anthropic.Client {
	return anthropic.NewClient(append([]option.RequestOption{
		option.WithoutEnvironmentDefaults(),
		option.WithBaseURL(srv.URL), option.WithAPIKey(srv.AdminKey), option.WithHTTPClient(srv.Client()),
		option.WithMaxRetries(0),
	}, opts...)...)
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// keys returns the status of every API key, by id.
func keys(t *testing.T, srv *admintest.Server) map[string]string {
	t.Helper()
	statuses := map[string]string{}
	client := clientOf(srv)
	pages := client.Organization.APIKeys.ListAutoPaging(t.Context(), anthropic.OrganizationAPIKeyListParams{})
	for pages.Next() {
		statuses[pages.Current().ID] = string(pages.Current().Status)
	}
	if err := pages.Err(); err != nil {
		t.Fatal(err)
	}
	return statuses
}

func emails(t *testing.T, srv *admintest.Server) []string {
	t.Helper()
	client := clientOf(srv)
	page, err := client.Organization.Users.List(t.Context(), anthropic.OrganizationUserListParams{})
	if err != nil {
		t.Fatal(err)
	}
	var emails []string
	for _, user := range page.Data {
		emails = append(emails, user.Email)
	}
	return emails
}

var (
	keysBefore = map[string]string{
		"apikey_ci": "active", "apikey_laptop": "active", "apikey_paused": "inactive",
		"apikey_ended": "expired", "apikey_grace": "active",
	}
	keysAfter = map[string]string{
		"apikey_ci": "inactive", "apikey_laptop": "inactive", "apikey_paused": "inactive",
		"apikey_ended": "expired", "apikey_grace": "active",
	}
)

func TestOffboarding(t *testing.T) {
	srv := acme(t)

	report, err := offboarding.Offboard(t.Context(), clientOf(srv), "Jane.Doe@example.com")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "report", offboarding.Report{
		Email: "Jane.Doe@example.com", UserID: "user_jane",
		KeysDeactivated: []string{"apikey_laptop", "apikey_ci"},
		WorkspacesLeft:  []string{"wrkspc_research", "wrkspc_engineering"},
		UserRemoved:     true,
	}, report)

	srv.VerifyInOrder(
		admintest.Call{Operation: admintest.UpdateAPIKey, Path: "/v1/organizations/api_keys/apikey_laptop", Body: map[string]any{"status": "inactive"}, Times: new(1)},
		admintest.Call{Operation: admintest.UpdateAPIKey, Path: "/v1/organizations/api_keys/apikey_ci", Body: map[string]any{"status": "inactive"}, Times: new(1)},
		admintest.Call{Operation: admintest.RemoveWorkspaceMember, Path: "/v1/organizations/workspaces/wrkspc_research/members/user_jane", Times: new(1)},
		admintest.Call{Operation: admintest.RemoveWorkspaceMember, Path: "/v1/organizations/workspaces/wrkspc_engineering/members/user_jane", Times: new(1)},
		admintest.Call{Operation: admintest.RemoveOrganizationMember, Times: new(1)},
	)
	same(t, "keys", keysAfter, keys(t, srv))
	same(t, "users", []string{grace, bill, ada}, emails(t, srv))

	srv.ClearRequests()
	report, err = offboarding.Offboard(t.Context(), clientOf(srv), jane)
	if err != nil || !report.Empty() {
		t.Errorf("second run: %+v, %v", report, err)
	}
	for _, r := range srv.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("second run: %s %s", r.Method, r.Path)
		}
	}
}

func TestAdminsAreRefused(t *testing.T) {
	srv := acme(t)
	_, err := offboarding.Offboard(t.Context(), clientOf(srv), ada)
	if !errors.Is(err, offboarding.ErrAdmin) {
		t.Errorf("got %v", err)
	}
	srv.VerifyOnly(admintest.Call{Operation: admintest.ListOrganizationMembers, Query: map[string][]string{"email": {ada}}, Times: new(1)})
	same(t, "keys", keysBefore, keys(t, srv))
}

func TestPendingInvitesAreDeleted(t *testing.T) {
	srv := acme(t)
	srv.Snapshot("before")
	for _, test := range []struct {
		email   string
		deleted []string
	}{
		{"NEW@example.com", []string{"invite_new"}},
		{"late@example.com", nil}, // expired
		{"nobody@example.com", nil},
	} {
		t.Run(test.email, func(t *testing.T) {
			srv := srv.In(t)
			srv.Restore("before")
			srv.ClearRequests()
			report, err := offboarding.Offboard(t.Context(), clientOf(srv), test.email)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "report", offboarding.Report{Email: test.email, InvitesDeleted: test.deleted}, report)
			if got := len(srv.Requests(admintest.DeleteOrganizationInvite)); got != len(test.deleted) {
				t.Errorf("%d invites were deleted, want %d", got, len(test.deleted))
			}
		})
	}
}

// A billing user belongs to every workspace without being added, and can be removed from
// them only by leaving the organization.
func TestBillingUsersAreRemovedFromTheOrganizationOnly(t *testing.T) {
	srv := acme(t)
	report, err := offboarding.Offboard(t.Context(), clientOf(srv), bill)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "report", offboarding.Report{Email: bill, UserID: "user_bill", UserRemoved: true}, report)
	srv.Verify(admintest.Call{Operation: admintest.RemoveWorkspaceMember, Times: new(0)})
}

// The list of active keys has several pages, and deactivating a key removes it from the
// list. No key may be skipped.
func TestManyKeysAreDeactivated(t *testing.T) {
	srv := acme(t)
	for i := range 45 {
		srv.CreateAPIKey(admintest.NewKey{Name: fmt.Sprint("key ", i), CreatedBy: "user_jane"})
	}
	report, err := offboarding.Offboard(t.Context(), clientOf(srv), jane)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(report.KeysDeactivated); got != 47 {
		t.Errorf("%d keys were deactivated, want 47", got)
	}
	srv.Verify(
		admintest.Call{Operation: admintest.ListAPIKeys, Times: new(3)},
		admintest.Call{Operation: admintest.UpdateAPIKey, Times: new(47)},
	)
}

// Whichever request fails, and however it fails, the next run finishes the work. The
// person is never removed while their keys still work.
func TestRerunFinishesAfterAnyFailure(t *testing.T) {
	srv := acme(t)
	operations := map[admintest.Operation]string{
		admintest.ListOrganizationMembers:  jane,
		admintest.ListAPIKeys:              jane,
		admintest.UpdateAPIKey:             jane,
		admintest.ListWorkspaces:           jane,
		admintest.GetWorkspaceMember:       jane,
		admintest.RemoveWorkspaceMember:    jane,
		admintest.RemoveOrganizationMember: jane,
		admintest.ListOrganizationInvites:  jane,
		admintest.DeleteOrganizationInvite: "new@example.com",
	}
	actions := map[string]admintest.Action{
		"500":               admintest.Error{Status: 500},
		"403":               admintest.Error{Status: 403},
		"409":               admintest.Error{Status: 409},
		"429":               admintest.Error{Status: 429, RetryAfter: time.Hour},
		"529":               admintest.Error{Status: 529},
		"drop":              admintest.Drop{},
		"drop after commit": admintest.DropAfterCommit{},
		"truncate":          admintest.Truncate{Bytes: 10},
		"malformed":         admintest.Malformed{},
	}
	for operation, email := range operations {
		for name, action := range actions {
			t.Run(fmt.Sprint(operation, " ", name), func(t *testing.T) {
				t.Parallel()
				srv := srv.Fork(t)
				fault := srv.Fault(admintest.Fault{Operation: operation, Action: action})

				if report, err := offboarding.Offboard(t.Context(), clientOf(srv), email); err == nil {
					t.Errorf("the first run did not fail: %+v", report)
				}
				if fault.Hits() == 0 {
					t.Error("the fault did not fire")
				}
				fault.Clear()
				if _, err := offboarding.Offboard(t.Context(), clientOf(srv), email); err != nil {
					t.Errorf("the second run: %v", err)
				}
				if email != jane {
					return
				}
				same(t, "keys", keysAfter, keys(t, srv))
				same(t, "users", []string{grace, bill, ada}, emails(t, srv))
				checkKeysComeFirst(t, srv)
			})
		}
	}
}

// checkKeysComeFirst checks that no key is changed after the person is removed.
func checkKeysComeFirst(t *testing.T, srv *admintest.Server) {
	t.Helper()
	removed := false
	for _, r := range srv.Requests(admintest.UpdateAPIKey, admintest.RemoveOrganizationMember) {
		switch {
		case r.Operation == admintest.RemoveOrganizationMember:
			removed = true
		case removed:
			t.Errorf("%s was changed after the user was removed", r.Path)
		}
	}
}

// The response to a removal is lost. The SDK retries and gets a 404, which counts as
// success.
func TestLostResponseToARemoval(t *testing.T) {
	srv := acme(t)
	for _, operation := range []admintest.Operation{admintest.RemoveWorkspaceMember, admintest.RemoveOrganizationMember} {
		t.Run(string(operation), func(t *testing.T) {
			t.Parallel()
			srv := srv.Fork(t)
			srv.Fault(admintest.Fault{Operation: operation, Action: admintest.DropAfterCommit{}, Times: new(1)})
			report, err := offboarding.Offboard(t.Context(), clientOf(srv, option.WithMaxRetries(1)), jane)
			if err != nil {
				t.Fatal(err)
			}
			if !report.UserRemoved || len(report.WorkspacesLeft) != 2 {
				t.Errorf("got %+v", report)
			}
			srv.Verify(admintest.Call{Operation: operation, Status: new(http.StatusNotFound), Times: new(1)})
			same(t, "keys", keysAfter, keys(t, srv))
		})
	}
}

// If a key cannot be deactivated, the run stops there.
func TestUserWithWorkingKeysIsNotRemoved(t *testing.T) {
	srv := acme(t)
	srv.Fault(admintest.Fault{
		Path:   "/v1/organizations/api_keys/apikey_ci",
		Body:   map[string]any{"status": "inactive"},
		Action: admintest.Error{Status: 403, Message: "not today"},
	})
	report, err := offboarding.Offboard(t.Context(), clientOf(srv), jane)
	if apiErr, ok := errors.AsType[*anthropic.Error](err); !ok || apiErr.StatusCode != 403 {
		t.Errorf("got %v", err)
	}
	same(t, "report", offboarding.Report{Email: jane, UserID: "user_jane", KeysDeactivated: []string{"apikey_laptop"}}, report)
	srv.Verify(
		admintest.Call{Operation: admintest.RemoveWorkspaceMember, Times: new(0)},
		admintest.Call{Operation: admintest.RemoveOrganizationMember, Times: new(0)},
	)
}
