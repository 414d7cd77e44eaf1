package e2e

import (
	"context"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/shared/constant"
)

// beta is client.Beta.Organization.
type beta struct {
	org anthropic.BetaOrganizationService
}

func (c beta) GetCurrentOrganization(ctx context.Context) (organization, error) {
	return one(func(o anthropic.BetaOrganization) organization {
		return organization{o.ID, string(o.Type), o.Name}
	})(c.org.Get(ctx))
}

func (c beta) ListOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) (page[user], error) {
	return pageOf(betaUser)(c.org.Users.List(ctx, anthropic.BetaOrganizationUserListParams(q)))
}

func (c beta) AllOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) ([]user, error) {
	return all(c.org.Users.ListAutoPaging(ctx, anthropic.BetaOrganizationUserListParams(q)), betaUser)
}

func (c beta) GetOrganizationMember(ctx context.Context, id string) (user, error) {
	return one(betaUser)(c.org.Users.Get(ctx, id))
}

func (c beta) UpdateOrganizationMember(ctx context.Context, id, role string) (user, error) {
	p := anthropic.BetaOrganizationUserUpdateParams{Role: anthropic.BetaOrganizationUserUpdateParamsRole(role)}
	return one(betaUser)(c.org.Users.Update(ctx, id, p))
}

func (c beta) RemoveOrganizationMember(ctx context.Context, id string) (deleted, error) {
	return one(func(d anthropic.BetaOrganizationUserRemoveResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Users.Remove(ctx, id))
}

func betaUser(u anthropic.BetaOrganizationUser) user {
	return user{ID: u.ID, Type: string(u.Type), Email: u.Email, Name: u.Name, Role: string(u.Role), AddedAt: u.AddedAt}
}

func (c beta) ListOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) (page[invite], error) {
	return pageOf(betaInvite)(c.org.Invites.List(ctx, anthropic.BetaOrganizationInviteListParams(q)))
}

func (c beta) AllOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) ([]invite, error) {
	return all(c.org.Invites.ListAutoPaging(ctx, anthropic.BetaOrganizationInviteListParams(q)), betaInvite)
}

func (c beta) CreateOrganizationInvite(ctx context.Context, email, role string) (invite, error) {
	p := anthropic.BetaOrganizationInviteNewParams{Email: email, Role: anthropic.BetaOrganizationInviteNewParamsRole(role)}
	return one(betaInvite)(c.org.Invites.New(ctx, p))
}

func (c beta) GetOrganizationInvite(ctx context.Context, id string) (invite, error) {
	return one(betaInvite)(c.org.Invites.Get(ctx, id))
}

func (c beta) DeleteOrganizationInvite(ctx context.Context, id string) (deleted, error) {
	return one(func(d anthropic.BetaOrganizationInviteDeleteResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Invites.Delete(ctx, id))
}

func betaInvite(i anthropic.BetaOrganizationInvite) invite {
	return invite{
		ID: i.ID, Type: string(i.Type), Email: i.Email, Role: string(i.Role), Status: string(i.Status),
		InvitedAt: i.InvitedAt, ExpiresAt: i.ExpiresAt, AcceptedAt: i.AcceptedAt, RBACGroupIDs: i.RBACGroupIDs,
	}
}

func (c beta) ListWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) (page[workspace], error) {
	return pageOf(betaWorkspace)(c.org.Workspaces.List(ctx, anthropic.BetaOrganizationWorkspaceListParams(q)))
}

func (c beta) AllWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) ([]workspace, error) {
	return all(c.org.Workspaces.ListAutoPaging(ctx, anthropic.BetaOrganizationWorkspaceListParams(q)), betaWorkspace)
}

func (c beta) CreateWorkspace(ctx context.Context, p workspaceParams) (workspace, error) {
	return one(betaWorkspace)(c.org.Workspaces.New(ctx, anthropic.BetaOrganizationWorkspaceNewParams{
		Name: p.Name, DisplayColor: optional(p.DisplayColor), ExternalKeyID: optional(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: anthropic.BetaDataResidencyCreateConfigParam{
			AllowedInferenceGeos: anthropic.BetaDataResidencyCreateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[anthropic.BetaAllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: anthropic.BetaDataResidencyCreateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c beta) GetWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(betaWorkspace)(c.org.Workspaces.Get(ctx, id))
}

func (c beta) UpdateWorkspace(ctx context.Context, id string, p workspaceParams) (workspace, error) {
	return one(betaWorkspace)(c.org.Workspaces.Update(ctx, id, anthropic.BetaOrganizationWorkspaceUpdateParams{
		Name: optional(p.Name), DisplayColor: optional(p.DisplayColor), ExternalKeyID: optional(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: anthropic.BetaDataResidencyUpdateConfigParam{
			AllowedInferenceGeos: anthropic.BetaDataResidencyUpdateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[anthropic.BetaAllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: anthropic.BetaDataResidencyUpdateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c beta) ArchiveWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(betaWorkspace)(c.org.Workspaces.Archive(ctx, id))
}

func betaWorkspace(w anthropic.BetaWorkspace) workspace {
	out := workspace{
		ID: w.ID, Type: string(w.Type), Name: w.Name, DisplayColor: w.DisplayColor, CompartmentID: w.CompartmentID,
		ExternalKeyID: w.ExternalKeyID, CreatedAt: w.CreatedAt, ArchivedAt: w.ArchivedAt, Tags: w.Tags,
		DataResidency: residency{
			WorkspaceGeo: string(w.DataResidency.WorkspaceGeo), DefaultInferenceGeo: string(w.DataResidency.DefaultInferenceGeo),
		},
	}
	if geos := w.DataResidency.AllowedInferenceGeos; geos.OfUnrestricted != constant.ValueOf[constant.Unrestricted]() {
		out.DataResidency.AllowedInferenceGeos = as[string](geos.OfGeos)
	}
	return out
}

func (c beta) ListWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) (page[member], error) {
	return pageOf(betaMember)(c.org.Workspaces.Members.List(ctx, workspaceID, anthropic.BetaOrganizationWorkspaceMemberListParams(q)))
}

func (c beta) AllWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) ([]member, error) {
	return all(c.org.Workspaces.Members.ListAutoPaging(ctx, workspaceID, anthropic.BetaOrganizationWorkspaceMemberListParams(q)), betaMember)
}

func (c beta) AddWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(betaMember)(c.org.Workspaces.Members.Add(ctx, workspaceID, anthropic.BetaOrganizationWorkspaceMemberAddParams{
		UserID: userID, WorkspaceRole: anthropic.BetaNoBillingWorkspaceRole(role),
	}))
}

func (c beta) GetWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	p := anthropic.BetaOrganizationWorkspaceMemberGetParams{WorkspaceID: workspaceID}
	return one(betaMember)(c.org.Workspaces.Members.Get(ctx, userID, p))
}

func (c beta) UpdateWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(betaMember)(c.org.Workspaces.Members.Update(ctx, userID, anthropic.BetaOrganizationWorkspaceMemberUpdateParams{
		WorkspaceID: workspaceID, WorkspaceRole: anthropic.BetaWorkspaceRole(role),
	}))
}

func (c beta) RemoveWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	return one(func(d anthropic.BetaOrganizationWorkspaceMemberRemoveResponse) member {
		return member{Type: string(d.Type), UserID: d.UserID, WorkspaceID: d.WorkspaceID}
	})(c.org.Workspaces.Members.Remove(ctx, userID, anthropic.BetaOrganizationWorkspaceMemberRemoveParams{WorkspaceID: workspaceID}))
}

func betaMember(m anthropic.BetaWorkspaceMember) member {
	return member{string(m.Type), m.UserID, m.WorkspaceID, string(m.WorkspaceRole)}
}

func (c beta) ListAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) (page[apiKey], error) {
	return pageOf(betaKey)(c.org.APIKeys.List(ctx, betaKeyQuery(q)))
}

func (c beta) AllAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) ([]apiKey, error) {
	return all(c.org.APIKeys.ListAutoPaging(ctx, betaKeyQuery(q)), betaKey)
}

// betaKeyQuery copies field by field: the status has another type in the beta
// surface, so the structs do not convert.
func betaKeyQuery(q anthropic.OrganizationAPIKeyListParams) anthropic.BetaOrganizationAPIKeyListParams {
	return anthropic.BetaOrganizationAPIKeyListParams{
		CreatedByUserID: q.CreatedByUserID, WorkspaceID: q.WorkspaceID, AfterID: q.AfterID, BeforeID: q.BeforeID,
		Limit: q.Limit, Status: anthropic.BetaOrganizationAPIKeyListParamsStatus(q.Status),
	}
}

func (c beta) GetAPIKey(ctx context.Context, id string) (apiKey, error) {
	return one(betaKey)(c.org.APIKeys.Get(ctx, id))
}

func (c beta) UpdateAPIKey(ctx context.Context, id string, p apiKeyParams) (apiKey, error) {
	return one(betaKey)(c.org.APIKeys.Update(ctx, id, anthropic.BetaOrganizationAPIKeyUpdateParams{
		Name: optional(p.Name), Status: anthropic.BetaOrganizationAPIKeyUpdateParamsStatus(p.Status),
	}))
}

func betaKey(k anthropic.BetaAPIKey) apiKey {
	return apiKey{
		ID: k.ID, Type: string(k.Type), Name: k.Name, Status: string(k.Status), PartialKeyHint: k.PartialKeyHint,
		CreatedByType: string(k.CreatedBy.Type), CreatedByID: k.CreatedBy.ID,
		ScopeType: k.Scope.Type, ScopeWorkspaceID: k.Scope.WorkspaceID, WorkspaceID: k.JSON.WorkspaceID.Raw(),
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
	}
}
