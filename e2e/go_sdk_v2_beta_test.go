package e2e

import (
	"context"

	"github.com/anthropics/anthropic-sdk-go"
	v2 "github.com/anthropics/anthropic-sdk-go/v2"
	v2constant "github.com/anthropics/anthropic-sdk-go/v2/shared/constant"
)

// betaV2 is client.Beta.Organization.
type betaV2 struct {
	org v2.BetaOrganizationService
}

func (c betaV2) GetCurrentOrganization(ctx context.Context) (organization, error) {
	return one(func(o v2.BetaOrganization) organization {
		return organization{o.ID, string(o.Type), o.Name}
	})(c.org.Get(ctx))
}

func (c betaV2) ListOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) (page[user], error) {
	return pageOfV2(v2BetaUser)(c.org.Users.List(ctx, v2.BetaOrganizationUserListParams(v2UserQuery(q))))
}

func (c betaV2) AllOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) ([]user, error) {
	return all(c.org.Users.ListAutoPaging(ctx, v2.BetaOrganizationUserListParams(v2UserQuery(q))), v2BetaUser)
}

func (c betaV2) GetOrganizationMember(ctx context.Context, id string) (user, error) {
	return one(v2BetaUser)(c.org.Users.Get(ctx, id))
}

func (c betaV2) UpdateOrganizationMember(ctx context.Context, id, role string) (user, error) {
	p := v2.BetaOrganizationUserUpdateParams{Role: v2.BetaOrganizationUserUpdateParamsRole(role)}
	return one(v2BetaUser)(c.org.Users.Update(ctx, id, p))
}

func (c betaV2) RemoveOrganizationMember(ctx context.Context, id string) (deleted, error) {
	return one(func(d v2.BetaOrganizationUserRemoveResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Users.Remove(ctx, id))
}

func v2BetaUser(u v2.BetaOrganizationUser) user {
	return user{ID: u.ID, Type: string(u.Type), Email: u.Email, Name: u.Name, Role: string(u.Role), AddedAt: u.AddedAt}
}

func (c betaV2) ListOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) (page[invite], error) {
	return pageOfV2(v2BetaInvite)(c.org.Invites.List(ctx, v2.BetaOrganizationInviteListParams(v2InviteQuery(q))))
}

func (c betaV2) AllOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) ([]invite, error) {
	return all(c.org.Invites.ListAutoPaging(ctx, v2.BetaOrganizationInviteListParams(v2InviteQuery(q))), v2BetaInvite)
}

func (c betaV2) CreateOrganizationInvite(ctx context.Context, email, role string) (invite, error) {
	p := v2.BetaOrganizationInviteNewParams{Email: email, Role: v2.BetaOrganizationInviteNewParamsRole(role)}
	return one(v2BetaInvite)(c.org.Invites.New(ctx, p))
}

func (c betaV2) GetOrganizationInvite(ctx context.Context, id string) (invite, error) {
	return one(v2BetaInvite)(c.org.Invites.Get(ctx, id))
}

func (c betaV2) DeleteOrganizationInvite(ctx context.Context, id string) (deleted, error) {
	return one(func(d v2.BetaOrganizationInviteDeleteResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Invites.Delete(ctx, id))
}

func v2BetaInvite(i v2.BetaOrganizationInvite) invite {
	return invite{
		ID: i.ID, Type: string(i.Type), Email: i.Email, Role: string(i.Role), Status: string(i.Status),
		InvitedAt: i.InvitedAt, ExpiresAt: i.ExpiresAt, AcceptedAt: i.AcceptedAt, RBACGroupIDs: i.RBACGroupIDs,
	}
}

func (c betaV2) ListWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) (page[workspace], error) {
	return pageOfV2(v2BetaWorkspace)(c.org.Workspaces.List(ctx, v2BetaWorkspaceQuery(q)))
}

func (c betaV2) AllWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) ([]workspace, error) {
	return all(c.org.Workspaces.ListAutoPaging(ctx, v2BetaWorkspaceQuery(q)), v2BetaWorkspace)
}

func (c betaV2) CreateWorkspace(ctx context.Context, p workspaceParams) (workspace, error) {
	return one(v2BetaWorkspace)(c.org.Workspaces.New(ctx, v2.BetaOrganizationWorkspaceNewParams{
		Name: p.Name, DisplayColor: optionalV2(p.DisplayColor), ExternalKeyID: optionalV2(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: v2.BetaDataResidencyCreateConfigParam{
			AllowedInferenceGeos: v2.BetaDataResidencyCreateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[v2.BetaAllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: v2.BetaDataResidencyCreateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c betaV2) GetWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(v2BetaWorkspace)(c.org.Workspaces.Get(ctx, id, v2.BetaOrganizationWorkspaceGetParams{}))
}

func (c betaV2) UpdateWorkspace(ctx context.Context, id string, p workspaceParams) (workspace, error) {
	return one(v2BetaWorkspace)(c.org.Workspaces.Update(ctx, id, v2.BetaOrganizationWorkspaceUpdateParams{
		Name: optionalV2(p.Name), DisplayColor: optionalV2(p.DisplayColor), ExternalKeyID: optionalV2(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: v2.BetaDataResidencyUpdateConfigParam{
			AllowedInferenceGeos: v2.BetaDataResidencyUpdateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[v2.BetaAllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: v2.BetaDataResidencyUpdateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c betaV2) ArchiveWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(v2BetaWorkspace)(c.org.Workspaces.Archive(ctx, id, v2.BetaOrganizationWorkspaceArchiveParams{}))
}

func v2BetaWorkspace(w v2.BetaWorkspace) workspace {
	out := workspace{
		ID: w.ID, Type: string(w.Type), Name: w.Name, DisplayColor: w.DisplayColor, CompartmentID: w.CompartmentID,
		ExternalKeyID: w.ExternalKeyID, CreatedAt: w.CreatedAt, ArchivedAt: w.ArchivedAt, Tags: w.Tags,
		DataResidency: residency{
			WorkspaceGeo: string(w.DataResidency.WorkspaceGeo), DefaultInferenceGeo: string(w.DataResidency.DefaultInferenceGeo),
		},
	}
	if geos := w.DataResidency.AllowedInferenceGeos; geos.OfUnrestricted != v2constant.ValueOf[v2constant.Unrestricted]() {
		out.DataResidency.AllowedInferenceGeos = as[string](geos.OfGeos)
	}
	return out
}

func (c betaV2) ListWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) (page[member], error) {
	return pageOfV2(v2BetaMember)(c.org.Workspaces.Members.List(ctx, workspaceID, v2.BetaOrganizationWorkspaceMemberListParams(v2MemberQuery(q))))
}

func (c betaV2) AllWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) ([]member, error) {
	return all(c.org.Workspaces.Members.ListAutoPaging(ctx, workspaceID, v2.BetaOrganizationWorkspaceMemberListParams(v2MemberQuery(q))), v2BetaMember)
}

func (c betaV2) AddWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(v2BetaMember)(c.org.Workspaces.Members.Add(ctx, workspaceID, v2.BetaOrganizationWorkspaceMemberAddParams{
		UserID: userID, WorkspaceRole: v2.BetaNoBillingWorkspaceRole(role),
	}))
}

func (c betaV2) GetWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	p := v2.BetaOrganizationWorkspaceMemberGetParams{WorkspaceID: workspaceID}
	return one(v2BetaMember)(c.org.Workspaces.Members.Get(ctx, userID, p))
}

func (c betaV2) UpdateWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(v2BetaMember)(c.org.Workspaces.Members.Update(ctx, userID, v2.BetaOrganizationWorkspaceMemberUpdateParams{
		WorkspaceID: workspaceID, WorkspaceRole: v2.BetaWorkspaceRole(role),
	}))
}

func (c betaV2) RemoveWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	return one(func(d v2.BetaOrganizationWorkspaceMemberRemoveResponse) member {
		return member{Type: string(d.Type), UserID: d.UserID, WorkspaceID: d.WorkspaceID}
	})(c.org.Workspaces.Members.Remove(ctx, userID, v2.BetaOrganizationWorkspaceMemberRemoveParams{WorkspaceID: workspaceID}))
}

func v2BetaMember(m v2.BetaWorkspaceMember) member {
	return member{string(m.Type), m.UserID, m.WorkspaceID, string(m.WorkspaceRole)}
}

func (c betaV2) ListAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) (page[apiKey], error) {
	return pageOfV2(v2BetaKey)(c.org.APIKeys.List(ctx, v2BetaKeyQuery(q)))
}

func (c betaV2) AllAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) ([]apiKey, error) {
	return all(c.org.APIKeys.ListAutoPaging(ctx, v2BetaKeyQuery(q)), v2BetaKey)
}

// v2BetaKeyQuery copies field by field: the status has another type in the beta
// surface, so the structs do not convert.
func v2BetaKeyQuery(q anthropic.OrganizationAPIKeyListParams) v2.BetaOrganizationAPIKeyListParams {
	return v2.BetaOrganizationAPIKeyListParams{
		AfterID: optV2(q.AfterID), BeforeID: optV2(q.BeforeID), Limit: optV2(q.Limit),
		CreatedByUserID: optV2(q.CreatedByUserID), WorkspaceID: optV2(q.WorkspaceID),
		Status: v2.BetaOrganizationAPIKeyListParamsStatus(q.Status),
	}
}

func (c betaV2) GetAPIKey(ctx context.Context, id string) (apiKey, error) {
	return one(v2BetaKey)(c.org.APIKeys.Get(ctx, id))
}

func (c betaV2) UpdateAPIKey(ctx context.Context, id string, p apiKeyParams) (apiKey, error) {
	return one(v2BetaKey)(c.org.APIKeys.Update(ctx, id, v2.BetaOrganizationAPIKeyUpdateParams{
		Name: optionalV2(p.Name), Status: v2.BetaOrganizationAPIKeyUpdateParamsStatus(p.Status),
	}))
}

func v2BetaKey(k v2.BetaAPIKey) apiKey {
	return apiKey{
		ID: k.ID, Type: string(k.Type), Name: k.Name, Status: string(k.Status), PartialKeyHint: k.PartialKeyHint,
		CreatedByType: string(k.CreatedBy.Type), CreatedByID: k.CreatedBy.ID,
		ScopeType: k.Scope.Type, ScopeWorkspaceID: k.Scope.WorkspaceID, WorkspaceID: k.JSON.ExtraFields["workspace_id"].Raw(),
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
	}
}
