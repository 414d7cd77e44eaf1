package e2e

import (
	"errors"
	"net/http"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
	v2 "github.com/anthropics/anthropic-sdk-go/v2"
	v2option "github.com/anthropics/anthropic-sdk-go/v2/option"
	v2pagination "github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"
	v2param "github.com/anthropics/anthropic-sdk-go/v2/packages/param"
)

// The second major version of the SDK has the same names as the first, but its own
// types. The functions below convert the types of the first, which the journeys use.

// newClientV2 returns a client of the SDK's second version for the address.
func newClientV2(t *testing.T, address string, options ...v2option.RequestOption) v2.Client {
	t.Helper()
	return newClientWithV2(t, address, credentials[0], options...)
}

// newClientWithV2 is newClientV2 with another way to send the admin key.
func newClientWithV2(t *testing.T, address string, with credential, options ...v2option.RequestOption) v2.Client {
	t.Helper()
	return v2.NewClient(append([]v2option.RequestOption{
		v2option.WithBaseURL(address), v2option.WithHTTPClient(newHTTPClient(t)), with.v2(adminKey),
	}, options...)...)
}

func pageOfV2[From, To any](to func(From) To) func(*v2pagination.Page[From], error) (page[To], error) {
	return one(func(p v2pagination.Page[From]) page[To] {
		return pageOfItems(p.Data, p.HasMore, p.FirstID, p.LastID, to)
	})
}

func optionalV2(s string) v2param.Opt[string] {
	if s == "" {
		return v2param.Opt[string]{}
	}
	return v2param.NewOpt(s)
}

// optV2 converts a query parameter, which may be absent.
func optV2[T comparable](v param.Opt[T]) v2param.Opt[T] {
	if !v.Valid() {
		return v2param.Opt[T]{}
	}
	return v2param.NewOpt(v.Value)
}

func v2UserQuery(q anthropic.OrganizationUserListParams) v2.OrganizationUserListParams {
	return v2.OrganizationUserListParams{
		AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit), Email: optV2(q.Email), Roles: q.Roles,
	}
}

func v2InviteQuery(q anthropic.OrganizationInviteListParams) v2.OrganizationInviteListParams {
	return v2.OrganizationInviteListParams{
		AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit), Email: optV2(q.Email),
		Roles: q.Roles, Statuses: q.Statuses,
	}
}

func v2WorkspaceQuery(q anthropic.OrganizationWorkspaceListParams) v2.OrganizationWorkspaceListParams {
	return v2.OrganizationWorkspaceListParams{
		AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit),
		IncludeArchived: optV2(q.IncludeArchived), IncludeDefault: optV2(q.IncludeDefault),
	}
}

func v2BetaWorkspaceQuery(q anthropic.OrganizationWorkspaceListParams) v2.BetaOrganizationWorkspaceListParams {
	return v2.BetaOrganizationWorkspaceListParams{
		AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit),
		IncludeArchived: optV2(q.IncludeArchived), IncludeDefault: optV2(q.IncludeDefault),
	}
}

func v2MemberQuery(q anthropic.OrganizationWorkspaceMemberListParams) v2.OrganizationWorkspaceMemberListParams {
	return v2.OrganizationWorkspaceMemberListParams{AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit)}
}

func v2KeyQuery(q anthropic.OrganizationAPIKeyListParams) v2.OrganizationAPIKeyListParams {
	return v2.OrganizationAPIKeyListParams{
		AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit),
		CreatedByUserID: optV2(q.CreatedByUserID), WorkspaceID: optV2(q.WorkspaceID),
		Status: v2.OrganizationAPIKeyListParamsStatus(q.Status),
	}
}

// TestV2FiltersWorkspacesByID covers the parameter of lists that the first version of
// the SDK lacks.
func TestV2FiltersWorkspacesByID(t *testing.T) {
	t.Parallel()
	p := newProxy(t, start(t, "--seed", "contract"))
	client := newClientV2(t, p.URL)
	all, err := client.Organization.Workspaces.List(t.Context(), v2.OrganizationWorkspaceListParams{})
	noError(t, "workspaces", err)
	ids := []string{all.Data[1].ID, "wrkspc_nowhere"}
	some, err := client.Organization.Workspaces.List(t.Context(), v2.OrganizationWorkspaceListParams{IDs: ids})
	noError(t, "workspaces by id", err)
	equal(t, "number of workspaces by id", 1, len(some.Data))
	equal(t, "workspace by id", ids[0], some.Data[0].ID)
	beta, err := client.Beta.Organization.Workspaces.List(t.Context(), v2.BetaOrganizationWorkspaceListParams{IDs: ids})
	noError(t, "workspaces by id", err)
	equal(t, "workspace by id", ids[0], beta.Data[0].ID)
}

// TestV2DoesNotRepeatWorkspaces drops the response to a write. The second version of
// the SDK repeats every write but the creation of a workspace, which it repeats only
// after a 429. The first version repeats that, too: see TestLostResponses.
func TestV2DoesNotRepeatWorkspaces(t *testing.T) {
	t.Parallel()
	const path = "/v1/organizations/workspaces"
	create := map[string]func(c v2.Client, name string) error{
		"client.Organization": func(c v2.Client, name string) error {
			_, err := c.Organization.Workspaces.New(t.Context(), v2.OrganizationWorkspaceNewParams{Name: name})
			return err
		},
		"client.Beta.Organization": func(c v2.Client, name string) error {
			_, err := c.Beta.Organization.Workspaces.New(t.Context(), v2.BetaOrganizationWorkspaceNewParams{Name: name})
			return err
		},
	}
	for surface, create := range create {
		t.Run(surface, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, start(t, "--seed", "empty"))
			planned := func(plan string) v2.Client { return newClientV2(t, p.URL, v2option.WithHeader(headerPlan, plan)) }

			err := create(planned("drop-after-commit"), "Once")
			if err == nil {
				t.Error("the lost response is not an error")
			}
			if refused, ok := errors.AsType[*v2.Error](err); ok {
				t.Errorf("the lost response is the API's error %v", refused)
			}
			equal(t, "attempts after a lost response", []int{0}, p.attempts(http.MethodPost, path))
			if err := create(planned("503;retry-after-ms=1"), "Never"); err == nil {
				t.Error("503 is not an error")
			}
			equal(t, "attempts after a 503", []int{0, 503}, p.attempts(http.MethodPost, path))
			noError(t, "creating after a 429", create(planned("429;retry-after-ms=1"), "Twice"))
			equal(t, "attempts after a 429", []int{0, 503, 429, 200}, p.attempts(http.MethodPost, path))

			client := newClientV2(t, p.URL)
			left, err := client.Organization.Workspaces.List(t.Context(), v2.OrganizationWorkspaceListParams{})
			noError(t, "workspaces", err)
			var names []string
			for _, w := range left.Data {
				names = append(names, w.Name)
			}
			equal(t, "workspaces", []string{"Twice", "Once"}, names)

			// Other writes are repeated.
			dropping := planned("drop-after-commit")
			_, err = dropping.Organization.Invites.New(t.Context(), v2.OrganizationInviteNewParams{Email: "lost@example.com", Role: "user"})
			refused, ok := errors.AsType[*v2.Error](err)
			if !ok {
				t.Fatalf("the retry: %v, want an error of the API", err)
			}
			equal(t, "code of the retry", "invite_already_exists", string(refused.ErrorCode()))
			equal(t, "attempts to invite", []int{0, 400}, p.attempts(http.MethodPost, "/v1/organizations/invites"))
		})
	}
}
