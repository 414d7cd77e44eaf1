package e2e

import (
	"context"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/shared/constant"
)

// production is client.Organization.
type production struct{ org anthropic.OrganizationService }

func (c production) GetCurrentOrganization(ctx context.Context) (organization, error) {
	return one(func(o anthropic.OrganizationInfo) organization {
		return organization{o.ID, string(o.Type), o.Name}
	})(c.org.Get(ctx))
}

func (c production) ListOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) (page[user], error) {
	return pageOf(productionUser)(c.org.Users.List(ctx, q))
}

func (c production) AllOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) ([]user, error) {
	return all(c.org.Users.ListAutoPaging(ctx, q), productionUser)
}

func (c production) GetOrganizationMember(ctx context.Context, id string) (user, error) {
	return one(productionUser)(c.org.Users.Get(ctx, id))
}

func (c production) UpdateOrganizationMember(ctx context.Context, id, role string) (user, error) {
	p := anthropic.OrganizationUserUpdateParams{Role: anthropic.OrganizationUserUpdateParamsRole(role)}
	return one(productionUser)(c.org.Users.Update(ctx, id, p))
}

func (c production) RemoveOrganizationMember(ctx context.Context, id string) (deleted, error) {
	return one(func(d anthropic.OrganizationUserRemoveResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Users.Remove(ctx, id))
}

func productionUser(u anthropic.OrganizationUser) user {
	return user{ID: u.ID, Type: string(u.Type), Email: u.Email, Name: u.Name, Role: string(u.Role), AddedAt: u.AddedAt}
}

func (c production) ListOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) (page[invite], error) {
	return pageOf(productionInvite)(c.org.Invites.List(ctx, q))
}

func (c production) AllOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) ([]invite, error) {
	return all(c.org.Invites.ListAutoPaging(ctx, q), productionInvite)
}

func (c production) CreateOrganizationInvite(ctx context.Context, email, role string) (invite, error) {
	p := anthropic.OrganizationInviteNewParams{Email: email, Role: anthropic.OrganizationInviteNewParamsRole(role)}
	return one(productionInvite)(c.org.Invites.New(ctx, p))
}

func (c production) GetOrganizationInvite(ctx context.Context, id string) (invite, error) {
	return one(productionInvite)(c.org.Invites.Get(ctx, id))
}

func (c production) DeleteOrganizationInvite(ctx context.Context, id string) (deleted, error) {
	return one(func(d anthropic.OrganizationInviteDeleteResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Invites.Delete(ctx, id))
}

func productionInvite(i anthropic.OrganizationInvite) invite {
	return invite{
		ID: i.ID, Type: string(i.Type), Email: i.Email, Role: string(i.Role), Status: string(i.Status),
		InvitedAt: i.InvitedAt, ExpiresAt: i.ExpiresAt, AcceptedAt: i.AcceptedAt, RBACGroupIDs: i.RBACGroupIDs,
	}
}

func (c production) ListWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) (page[workspace], error) {
	return pageOf(productionWorkspace)(c.org.Workspaces.List(ctx, q))
}

func (c production) AllWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) ([]workspace, error) {
	return all(c.org.Workspaces.ListAutoPaging(ctx, q), productionWorkspace)
}

func (c production) CreateWorkspace(ctx context.Context, p workspaceParams) (workspace, error) {
	return one(productionWorkspace)(c.org.Workspaces.New(ctx, anthropic.OrganizationWorkspaceNewParams{
		Name: p.Name, DisplayColor: optional(p.DisplayColor), ExternalKeyID: optional(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: anthropic.DataResidencyCreateConfigParam{
			AllowedInferenceGeos: anthropic.DataResidencyCreateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[anthropic.AllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: anthropic.DataResidencyCreateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c production) GetWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(productionWorkspace)(c.org.Workspaces.Get(ctx, id))
}

func (c production) UpdateWorkspace(ctx context.Context, id string, p workspaceParams) (workspace, error) {
	return one(productionWorkspace)(c.org.Workspaces.Update(ctx, id, anthropic.OrganizationWorkspaceUpdateParams{
		Name: optional(p.Name), DisplayColor: optional(p.DisplayColor), ExternalKeyID: optional(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: anthropic.DataResidencyUpdateConfigParam{
			AllowedInferenceGeos: anthropic.DataResidencyUpdateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[anthropic.AllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: anthropic.DataResidencyUpdateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c production) ArchiveWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(productionWorkspace)(c.org.Workspaces.Archive(ctx, id))
}

func productionWorkspace(w anthropic.Workspace) workspace {
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

func (c production) ListWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) (page[member], error) {
	return pageOf(productionMember)(c.org.Workspaces.Members.List(ctx, workspaceID, q))
}

func (c production) AllWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) ([]member, error) {
	return all(c.org.Workspaces.Members.ListAutoPaging(ctx, workspaceID, q), productionMember)
}

func (c production) AddWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(productionMember)(c.org.Workspaces.Members.Add(ctx, workspaceID, anthropic.OrganizationWorkspaceMemberAddParams{
		UserID: userID, WorkspaceRole: anthropic.NoBillingWorkspaceRole(role),
	}))
}

func (c production) GetWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	p := anthropic.OrganizationWorkspaceMemberGetParams{WorkspaceID: workspaceID}
	return one(productionMember)(c.org.Workspaces.Members.Get(ctx, userID, p))
}

func (c production) UpdateWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(productionMember)(c.org.Workspaces.Members.Update(ctx, userID, anthropic.OrganizationWorkspaceMemberUpdateParams{
		WorkspaceID: workspaceID, WorkspaceRole: anthropic.WorkspaceRole(role),
	}))
}

func (c production) RemoveWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	return one(func(d anthropic.OrganizationWorkspaceMemberRemoveResponse) member {
		return member{Type: string(d.Type), UserID: d.UserID, WorkspaceID: d.WorkspaceID}
	})(c.org.Workspaces.Members.Remove(ctx, userID, anthropic.OrganizationWorkspaceMemberRemoveParams{WorkspaceID: workspaceID}))
}

func productionMember(m anthropic.WorkspaceMember) member {
	return member{string(m.Type), m.UserID, m.WorkspaceID, string(m.WorkspaceRole)}
}

func (c production) ListAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) (page[apiKey], error) {
	return pageOf(productionKey)(c.org.APIKeys.List(ctx, q))
}

func (c production) AllAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) ([]apiKey, error) {
	return all(c.org.APIKeys.ListAutoPaging(ctx, q), productionKey)
}

func (c production) GetAPIKey(ctx context.Context, id string) (apiKey, error) {
	return one(productionKey)(c.org.APIKeys.Get(ctx, id))
}

func (c production) UpdateAPIKey(ctx context.Context, id string, p apiKeyParams) (apiKey, error) {
	return one(productionKey)(c.org.APIKeys.Update(ctx, id, anthropic.OrganizationAPIKeyUpdateParams{
		Name: optional(p.Name), Status: anthropic.OrganizationAPIKeyUpdateParamsStatus(p.Status),
	}))
}

func productionKey(k anthropic.APIKey) apiKey {
	return apiKey{
		ID: k.ID, Type: string(k.Type), Name: k.Name, Status: string(k.Status), PartialKeyHint: k.PartialKeyHint,
		CreatedByType: string(k.CreatedBy.Type), CreatedByID: k.CreatedBy.ID,
		ScopeType: k.Scope.Type, ScopeWorkspaceID: k.Scope.WorkspaceID, WorkspaceID: k.JSON.ExtraFields["workspace_id"].Raw(),
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
	}
}
