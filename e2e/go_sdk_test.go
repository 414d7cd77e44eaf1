package e2e

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/packages/pagination"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

// admin is the Admin API. The Go SDK has two surfaces for it, each with its own
// types: see production and beta.
type admin interface {
	GetCurrentOrganization(ctx context.Context) (organization, error)

	ListOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) (page[user], error)
	AllOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) ([]user, error)
	GetOrganizationMember(ctx context.Context, id string) (user, error)
	UpdateOrganizationMember(ctx context.Context, id, role string) (user, error)
	RemoveOrganizationMember(ctx context.Context, id string) (deleted, error)

	ListOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) (page[invite], error)
	AllOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) ([]invite, error)
	CreateOrganizationInvite(ctx context.Context, email, role string) (invite, error)
	GetOrganizationInvite(ctx context.Context, id string) (invite, error)
	DeleteOrganizationInvite(ctx context.Context, id string) (deleted, error)

	ListWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) (page[workspace], error)
	AllWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) ([]workspace, error)
	CreateWorkspace(ctx context.Context, p workspaceParams) (workspace, error)
	GetWorkspace(ctx context.Context, id string) (workspace, error)
	UpdateWorkspace(ctx context.Context, id string, p workspaceParams) (workspace, error)
	ArchiveWorkspace(ctx context.Context, id string) (workspace, error)

	ListWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) (page[member], error)
	AllWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) ([]member, error)
	AddWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error)
	GetWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error)
	UpdateWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error)
	RemoveWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error)

	ListAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) (page[apiKey], error)
	AllAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) ([]apiKey, error)
	GetAPIKey(ctx context.Context, id string) (apiKey, error)
	UpdateAPIKey(ctx context.Context, id string, p apiKeyParams) (apiKey, error)
}

// surface is one of the SDK's two surfaces.
type surface struct {
	name string
	of   func(anthropic.Client) admin
}

var surfaces = []surface{
	{"client.Organization", func(c anthropic.Client) admin { return production{c.Organization} }},
	{"client.Beta.Organization", func(c anthropic.Client) admin { return beta{c.Beta.Organization} }},
}

// The objects of the API, converted from the types of either surface.
type (
	organization struct{ ID, Type, Name string }

	user struct {
		ID, Type, Email, Name, Role string
		AddedAt                     time.Time
	}

	invite struct {
		ID, Type, Email, Role, Status    string
		InvitedAt, ExpiresAt, AcceptedAt time.Time
		RBACGroupIDs                     []string
	}

	workspace struct {
		ID, Type, Name, DisplayColor, CompartmentID, ExternalKeyID string
		CreatedAt, ArchivedAt                                      time.Time
		Tags                                                       map[string]string
		DataResidency                                              residency
	}

	// residency has no AllowedInferenceGeos if inference is unrestricted.
	residency struct {
		WorkspaceGeo, DefaultInferenceGeo string
		AllowedInferenceGeos              []string
	}

	member struct{ Type, UserID, WorkspaceID, WorkspaceRole string }

	apiKey struct {
		ID, Type, Name, Status, PartialKeyHint string
		CreatedByType, CreatedByID             string
		ScopeType, ScopeWorkspaceID            string
		WorkspaceID                            string // as JSON: null for the Default Workspace
		CreatedAt, ExpiresAt                   time.Time
	}

	deleted struct{ ID, Type string }
)

// workspaceParams creates or updates a workspace. Empty fields are not sent.
type workspaceParams struct {
	Name, DisplayColor, ExternalKeyID string
	Tags                              map[string]string
	AllowedInferenceGeos              []string
	DefaultInferenceGeo               string
}

// apiKeyParams updates an API key. Empty fields are not sent.
type apiKeyParams struct{ Name, Status string }

type page[T any] struct {
	Data            []T
	HasMore         bool
	FirstID, LastID string
}

// one and pageOf convert what an SDK call returns.
func one[From, To any](to func(From) To) func(*From, error) (To, error) {
	return func(v *From, err error) (To, error) {
		if err != nil {
			var none To
			return none, err
		}
		return to(*v), nil
	}
}

func pageOf[From, To any](to func(From) To) func(*pagination.Page[From], error) (page[To], error) {
	return one(func(p pagination.Page[From]) page[To] {
		out := page[To]{HasMore: p.HasMore, FirstID: p.FirstID, LastID: p.LastID}
		for _, v := range p.Data {
			out.Data = append(out.Data, to(v))
		}
		return out
	})
}

// all walks the pages with the SDK's own pager.
func all[From, To any](pager *pagination.PageAutoPager[From], to func(From) To) ([]To, error) {
	var out []To
	for pager.Next() {
		out = append(out, to(pager.Current()))
	}
	return out, pager.Err()
}

// optional returns a parameter that is not sent if s is empty.
func optional(s string) param.Opt[string] {
	if s == "" {
		return param.Opt[string]{}
	}
	return param.NewOpt(s)
}

func as[To, From ~string](values []From) []To {
	var out []To
	for _, v := range values {
		out = append(out, To(v))
	}
	return out
}

// credential is a way to send an admin key.
type credential struct {
	name string
	with func(key string) option.RequestOption
}

var credentials = []credential{
	{"x-api-key", option.WithAPIKey},
	{"bearer", option.WithAuthToken},
}

// newClient returns an SDK client for the address, which sends the admin key as
// x-api-key unless options differ.
func newClient(t *testing.T, address string, options ...option.RequestOption) anthropic.Client {
	t.Helper()
	return anthropic.NewClient(append([]option.RequestOption{
		option.WithBaseURL(address),
		option.WithHTTPClient(newHTTPClient(t)),
		option.WithAPIKey(adminKey),
	}, options...)...)
}

// TestGoSDK calls every operation with both surfaces of the SDK, both ways to
// authenticate and both forms of errors.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	for i, errorForm := range []string{"both", "production"} {
		for j, surface := range surfaces {
			credential := credentials[(i+j)%2]
			t.Run(surface.name+"/"+credential.name+"/errors "+errorForm, func(t *testing.T) {
				t.Parallel()
				s := start(t, "--seed", "demo", "--clock", frozen, "--errors", errorForm)
				p := newProxy(t, s)
				client := anthropic.NewClient(option.WithBaseURL(p.URL), option.WithHTTPClient(newHTTPClient(t)), credential.with(adminKey))
				c := surface.of(client)
				for _, journey := range []struct {
					name string
					run  func(*testing.T, *server, admin)
				}{
					{"organization", organizationJourney},
					{"users", usersJourney},
					{"invites", invitesJourney},
					{"workspace members", workspaceMembersJourney},
					{"api keys", apiKeysJourney},
					{"workspaces", workspacesJourney},
				} {
					t.Run(journey.name, func(t *testing.T) { journey.run(t, s, c) })
				}
				p.wantEveryOperation(t)
				wantHeaders(t, p, surface, credential)
			})
		}
	}
}

// wantHeaders checks that the requests came from the surface and had the
// credential.
func wantHeaders(t *testing.T, p *proxy, surface surface, credential credential) {
	t.Helper()
	for _, e := range p.seen() {
		if isBeta := e.Query.Get("beta") == "true"; isBeta != (surface.name == "client.Beta.Organization") {
			t.Errorf("%s %s of %s has beta=%q", e.Method, e.Path, surface.name, e.Query.Get("beta"))
		}
		key, bearer := e.Header.Get("x-api-key") != "", strings.HasPrefix(e.Header.Get("authorization"), "Bearer ")
		if key != (credential.name == "x-api-key") || bearer != (credential.name == "bearer") {
			t.Errorf("%s %s is not authenticated by %s alone", e.Method, e.Path, credential.name)
		}
	}
}

// refusal is an error of the API.
type refusal struct {
	Status              int
	Type, Code, Message string
}

// refusalOf converts an error of the SDK. The header, the body and the SDK must
// agree on the request id.
func refusalOf(t *testing.T, err error) refusal {
	t.Helper()
	refused, ok := errors.AsType[*anthropic.Error](err)
	if !ok {
		t.Fatalf("want an *anthropic.Error, got %v", err)
	}
	var body struct {
		Error struct {
			Type, Message string
			Details       struct {
				ErrorCode string `json:"error_code"`
			}
		}
		RequestID string `json:"request_id"`
	}
	decode(t, refused.RawJSON(), &body)
	equal(t, "request id in the body", refused.RequestID, body.RequestID)
	equal(t, "request id in the header", refused.RequestID, refused.Response.Header.Get("request-id"))
	equal(t, "error type of the SDK", body.Error.Type, string(refused.Type()))
	return refusal{refused.StatusCode, body.Error.Type, body.Error.Details.ErrorCode, body.Error.Message}
}

// wantRefusal compares an error. A wanted message that ends in an ellipsis is a
// prefix.
func wantRefusal(t *testing.T, what string, err error, want refusal) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: succeeded, want %+v", what, want)
		return
	}
	got := refusalOf(t, err)
	if prefix, ok := strings.CutSuffix(want.Message, "…"); ok && strings.HasPrefix(got.Message, prefix) {
		got.Message = want.Message
	}
	equal(t, what, want, got)
}

// badRequest returns a 400 without a code.
func badRequest(message string) refusal {
	return refusal{http.StatusBadRequest, "invalid_request_error", "", message}
}

// coded returns a 400 with an error code.
func coded(code, message string) refusal {
	return refusal{http.StatusBadRequest, "invalid_request_error", code, message}
}

// notFound returns the 404 of an object.
func notFound(what, id string) refusal {
	return refusal{http.StatusNotFound, "not_found_error", "", what + " `" + id + "` not found."}
}

// The functions below find objects of the demo seed by their names.

func userByEmail(t *testing.T, c admin, email string) user {
	t.Helper()
	found, err := c.ListOrganizationMembers(t.Context(), anthropic.OrganizationUserListParams{Email: param.NewOpt(email)})
	noError(t, "users with email "+email, err)
	if len(found.Data) != 1 {
		t.Fatalf("users with email %s: %d, want 1", email, len(found.Data))
	}
	return found.Data[0]
}

func workspaceByName(t *testing.T, c admin, name string) workspace {
	t.Helper()
	found, err := c.AllWorkspaces(t.Context(), anthropic.OrganizationWorkspaceListParams{
		IncludeArchived: param.NewOpt(true), IncludeDefault: param.NewOpt(true), Limit: param.NewOpt[int64](1000),
	})
	noError(t, "workspaces", err)
	i := slices.IndexFunc(found, func(w workspace) bool { return w.Name == name })
	if i < 0 {
		t.Fatalf("no workspace %s", name)
	}
	return found[i]
}

func keyByName(t *testing.T, c admin, name string) apiKey {
	t.Helper()
	found, err := c.AllAPIKeys(t.Context(), anthropic.OrganizationAPIKeyListParams{Limit: param.NewOpt[int64](1000)})
	noError(t, "API keys", err)
	i := slices.IndexFunc(found, func(k apiKey) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("no API key %s", name)
	}
	return found[i]
}
