package e2e

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"antechamber/internal/vendordoc"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/packages/pagination"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
	v2 "github.com/anthropics/anthropic-sdk-go/v2"
	v2option "github.com/anthropics/anthropic-sdk-go/v2/option"
)

// admin is the Admin API. Each version of the Go SDK has two surfaces for it, each with
// its own types: see production, beta, productionV2 and betaV2.
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

// surface is one of the two surfaces of a version of the SDK.
type surface struct {
	name    string
	version string // the anthropic-version that it sends
	beta    bool   // it sends beta=true
	// connect returns a client for the address, which sends the admin key as with.
	connect func(t *testing.T, address string, with credential) admin
}

var surfaces = []surface{
	{"client.Organization", vendordoc.Older, false, func(t *testing.T, address string, with credential) admin {
		return production{newClientWith(t, address, with).Organization}
	}},
	{"client.Beta.Organization", vendordoc.Older, true, func(t *testing.T, address string, with credential) admin {
		return beta{newClientWith(t, address, with).Beta.Organization}
	}},
	{"v2 client.Organization", vendordoc.Newest, false, func(t *testing.T, address string, with credential) admin {
		return productionV2{newClientWithV2(t, address, with).Organization}
	}},
	{"v2 client.Beta.Organization", vendordoc.Newest, false, func(t *testing.T, address string, with credential) admin {
		return betaV2{newClientWithV2(t, address, with).Beta.Organization}
	}},
}

// of returns a client of the surface that sends the admin key in the usual way.
func (s surface) of(t *testing.T, address string) admin {
	t.Helper()
	return s.connect(t, address, credentials[0])
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
		WorkspaceID                            string // as JSON: null for the Default Workspace; empty in the newest version
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
		return pageOfItems(p.Data, p.HasMore, p.FirstID, p.LastID, to)
	})
}

func pageOfItems[From, To any](data []From, hasMore bool, firstID, lastID string, to func(From) To) page[To] {
	out := page[To]{HasMore: hasMore, FirstID: firstID, LastID: lastID}
	for _, v := range data {
		out.Data = append(out.Data, to(v))
	}
	return out
}

// pager is the pager of either version of the SDK.
type pager[T any] interface {
	Next() bool
	Current() T
	Err() error
}

// all walks the pages with the SDK's own pager.
func all[From, To any](pager pager[From], to func(From) To) ([]To, error) {
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

// credential is a way to hand an admin key to the SDK.
type credential struct {
	name   string
	header string // that v1 sends it in; v2 always sends a bearer token
	v1     func(key string) option.RequestOption
	v2     func(key string) v2option.RequestOption
}

var credentials = []credential{
	{"API key", "x-api-key", option.WithAPIKey, v2option.WithAPIKey},
	{"auth token", "authorization", option.WithAuthToken, v2option.WithAuthToken},
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

// newClientWith is newClient with another way to send the admin key.
func newClientWith(t *testing.T, address string, with credential) anthropic.Client {
	t.Helper()
	return anthropic.NewClient(option.WithBaseURL(address), option.WithHTTPClient(newHTTPClient(t)), with.v1(adminKey))
}

// TestGoSDK calls every operation with both surfaces of both versions of the SDK, both
// ways to authenticate and both forms of errors.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	for i, errorForm := range []string{"both", "production"} {
		for j, surface := range surfaces {
			credential := credentials[(i+j)%2]
			t.Run(surface.name+"/"+credential.name+"/errors "+errorForm, func(t *testing.T) {
				t.Parallel()
				s := start(t, "--seed", "demo", "--clock", frozen, "--errors", errorForm)
				p := newProxy(t, s)
				c := surface.connect(t, p.URL, credential)
				for _, journey := range []struct {
					name string
					run  func(*testing.T, *server, admin)
				}{
					{"organization", organizationJourney},
					{"users", usersJourney},
					{"invites", invitesJourney},
					{"workspace members", workspaceMembersJourney},
					{"api keys", func(t *testing.T, s *server, c admin) { apiKeysJourney(t, s, surface, c) }},
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

// wantHeaders checks that the requests came from the surface and had the credential.
func wantHeaders(t *testing.T, p *proxy, surface surface, credential credential) {
	t.Helper()
	header := credential.header
	if surface.version == vendordoc.Newest {
		header = "authorization"
	}
	for _, e := range p.seen() {
		if isBeta := e.Query.Get("beta") == "true"; isBeta != surface.beta {
			t.Errorf("%s %s of %s has beta=%q", e.Method, e.Path, surface.name, e.Query.Get("beta"))
		}
		equal(t, "anthropic-version", surface.version, e.Header.Get("anthropic-version"))
		key, bearer := e.Header.Get("x-api-key") != "", strings.HasPrefix(e.Header.Get("authorization"), "Bearer ")
		if key != (header == "x-api-key") || bearer != (header == "authorization") {
			t.Errorf("%s %s is not authenticated by %s alone", e.Method, e.Path, header)
		}
	}
}

// refusal is an error of the API.
type refusal struct {
	Status              int
	Type, Code, Message string
}

// refusalOf converts an error of either version of the SDK. The header, the body and
// the SDK must agree on the request id, the type and the code.
func refusalOf(t *testing.T, err error) refusal {
	t.Helper()
	var got struct {
		status                        int
		raw, requestID, kind, headers string
	}
	if refused, ok := errors.AsType[*v2.Error](err); ok {
		got.status, got.raw, got.requestID, got.kind = refused.StatusCode, refused.RawJSON(), refused.RequestID, string(refused.Type())
		got.headers = refused.Response.Header.Get("request-id")
		var body struct {
			Error struct {
				Message string
				Details struct {
					ErrorCode string `json:"error_code"`
				}
			}
		}
		decode(t, got.raw, &body)
		equal(t, "message of the SDK", body.Error.Message, refused.Message)
		equal(t, "code of the SDK", body.Error.Details.ErrorCode, string(refused.ErrorCode()))
	} else if refused, ok := errors.AsType[*anthropic.Error](err); ok {
		got.status, got.raw, got.requestID, got.kind = refused.StatusCode, refused.RawJSON(), refused.RequestID, string(refused.Type())
		got.headers = refused.Response.Header.Get("request-id")
	} else {
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
	decode(t, got.raw, &body)
	equal(t, "request id in the body", got.requestID, body.RequestID)
	equal(t, "request id in the header", got.requestID, got.headers)
	equal(t, "error type of the SDK", body.Error.Type, got.kind)
	return refusal{got.status, body.Error.Type, body.Error.Details.ErrorCode, body.Error.Message}
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
