package e2e

import (
	"context"

	"github.com/anthropics/anthropic-sdk-go"
	v2 "github.com/anthropics/anthropic-sdk-go/v2"
	v2constant "github.com/anthropics/anthropic-sdk-go/v2/shared/constant"
)

// productionV2 is client.Organization.
type productionV2 struct{ org v2.OrganizationService }

func (c productionV2) GetCurrentOrganization(ctx context.Context) (organization, error) {
	return one(func(o v2.OrganizationInfo) organization {
		return organization{o.ID, string(o.Type), o.Name}
	})(c.org.Get(ctx))
}

func (c productionV2) ListOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) (page[user], error) {
	return pageOfV2(v2ProductionUser)(c.org.Users.List(ctx, v2UserQuery(q)))
}

func (c productionV2) AllOrganizationMembers(ctx context.Context, q anthropic.OrganizationUserListParams) ([]user, error) {
	return all(c.org.Users.ListAutoPaging(ctx, v2UserQuery(q)), v2ProductionUser)
}

func (c productionV2) GetOrganizationMember(ctx context.Context, id string) (user, error) {
	return one(v2ProductionUser)(c.org.Users.Get(ctx, id))
}

func (c productionV2) UpdateOrganizationMember(ctx context.Context, id, role string) (user, error) {
	p := v2.OrganizationUserUpdateParams{Role: v2.OrganizationUserUpdateParamsRole(role)}
	return one(v2ProductionUser)(c.org.Users.Update(ctx, id, p))
}

func (c productionV2) RemoveOrganizationMember(ctx context.Context, id string) (deleted, error) {
	return one(func(d v2.OrganizationUserRemoveResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Users.Remove(ctx, id))
}

func v2ProductionUser(u v2.OrganizationUser) user {
	return user{ID: u.ID, Type: string(u.Type), Email: u.Email, Name: u.Name, Role: string(u.Role), AddedAt: u.AddedAt}
}

func (c productionV2) ListOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) (page[invite], error) {
	return pageOfV2(v2ProductionInvite)(c.org.Invites.List(ctx, v2InviteQuery(q)))
}

func (c productionV2) AllOrganizationInvites(ctx context.Context, q anthropic.OrganizationInviteListParams) ([]invite, error) {
	return all(c.org.Invites.ListAutoPaging(ctx, v2InviteQuery(q)), v2ProductionInvite)
}

func (c productionV2) CreateOrganizationInvite(ctx context.Context, email, role string) (invite, error) {
	p := v2.OrganizationInviteNewParams{Email: email, Role: v2.OrganizationInviteNewParamsRole(role)}
	return one(v2ProductionInvite)(c.org.Invites.New(ctx, p))
}

func (c productionV2) GetOrganizationInvite(ctx context.Context, id string) (invite, error) {
	return one(v2ProductionInvite)(c.org.Invites.Get(ctx, id))
}

func (c productionV2) DeleteOrganizationInvite(ctx context.Context, id string) (deleted, error) {
	return one(func(d v2.OrganizationInviteDeleteResponse) deleted {
		return deleted{d.ID, string(d.Type)}
	})(c.org.Invites.Delete(ctx, id))
}

func v2ProductionInvite(i v2.OrganizationInvite) invite {
	return invite{
		ID: i.ID, Type: string(i.Type), Email: i.Email, Role: string(i.Role), Status: string(i.Status),
		InvitedAt: i.InvitedAt, ExpiresAt: i.ExpiresAt, AcceptedAt: i.AcceptedAt, RBACGroupIDs: i.RBACGroupIDs,
	}
}

func (c productionV2) ListWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) (page[workspace], error) {
	return pageOfV2(v2ProductionWorkspace)(c.org.Workspaces.List(ctx, v2WorkspaceQuery(q)))
}

func (c productionV2) AllWorkspaces(ctx context.Context, q anthropic.OrganizationWorkspaceListParams) ([]workspace, error) {
	return all(c.org.Workspaces.ListAutoPaging(ctx, v2WorkspaceQuery(q)), v2ProductionWorkspace)
}

func (c productionV2) CreateWorkspace(ctx context.Context, p workspaceParams) (workspace, error) {
	return one(v2ProductionWorkspace)(c.org.Workspaces.New(ctx, v2.OrganizationWorkspaceNewParams{
		Name: p.Name, DisplayColor: optionalV2(p.DisplayColor), ExternalKeyID: optionalV2(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: v2.DataResidencyCreateConfigParam{
			AllowedInferenceGeos: v2.DataResidencyCreateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[v2.AllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: v2.DataResidencyCreateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c productionV2) GetWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(v2ProductionWorkspace)(c.org.Workspaces.Get(ctx, id))
}

func (c productionV2) UpdateWorkspace(ctx context.Context, id string, p workspaceParams) (workspace, error) {
	return one(v2ProductionWorkspace)(c.org.Workspaces.Update(ctx, id, v2.OrganizationWorkspaceUpdateParams{
		Name: optionalV2(p.Name), DisplayColor: optionalV2(p.DisplayColor), ExternalKeyID: optionalV2(p.ExternalKeyID), Tags: p.Tags,
		DataResidency: v2.DataResidencyUpdateConfigParam{
			AllowedInferenceGeos: v2.DataResidencyUpdateConfigAllowedInferenceGeosUnionParam{
				OfGeos: as[v2.AllowedInferenceGeo](p.AllowedInferenceGeos),
			},
			DefaultInferenceGeo: v2.DataResidencyUpdateConfigDefaultInferenceGeo(p.DefaultInferenceGeo),
		},
	}))
}

func (c productionV2) ArchiveWorkspace(ctx context.Context, id string) (workspace, error) {
	return one(v2ProductionWorkspace)(c.org.Workspaces.Archive(ctx, id))
}

func v2ProductionWorkspace(w v2.Workspace) workspace {
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

func (c productionV2) ListWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) (page[member], error) {
	return pageOfV2(v2ProductionMember)(c.org.Workspaces.Members.List(ctx, workspaceID, v2MemberQuery(q)))
}

func (c productionV2) AllWorkspaceMembers(ctx context.Context, workspaceID string, q anthropic.OrganizationWorkspaceMemberListParams) ([]member, error) {
	return all(c.org.Workspaces.Members.ListAutoPaging(ctx, workspaceID, v2MemberQuery(q)), v2ProductionMember)
}

func (c productionV2) AddWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(v2ProductionMember)(c.org.Workspaces.Members.Add(ctx, workspaceID, v2.OrganizationWorkspaceMemberAddParams{
		UserID: userID, WorkspaceRole: v2.NoBillingWorkspaceRole(role),
	}))
}

func (c productionV2) GetWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	p := v2.OrganizationWorkspaceMemberGetParams{WorkspaceID: workspaceID}
	return one(v2ProductionMember)(c.org.Workspaces.Members.Get(ctx, userID, p))
}

func (c productionV2) UpdateWorkspaceMember(ctx context.Context, workspaceID, userID, role string) (member, error) {
	return one(v2ProductionMember)(c.org.Workspaces.Members.Update(ctx, userID, v2.OrganizationWorkspaceMemberUpdateParams{
		WorkspaceID: workspaceID, WorkspaceRole: v2.WorkspaceRole(role),
	}))
}

func (c productionV2) RemoveWorkspaceMember(ctx context.Context, workspaceID, userID string) (member, error) {
	return one(func(d v2.OrganizationWorkspaceMemberRemoveResponse) member {
		return member{Type: string(d.Type), UserID: d.UserID, WorkspaceID: d.WorkspaceID}
	})(c.org.Workspaces.Members.Remove(ctx, userID, v2.OrganizationWorkspaceMemberRemoveParams{WorkspaceID: workspaceID}))
}

func v2ProductionMember(m v2.WorkspaceMember) member {
	return member{string(m.Type), m.UserID, m.WorkspaceID, string(m.WorkspaceRole)}
}

func (c productionV2) ListAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) (page[apiKey], error) {
	return pageOfV2(v2ProductionKey)(c.org.APIKeys.List(ctx, v2KeyQuery(q)))
}

func (c productionV2) AllAPIKeys(ctx context.Context, q anthropic.OrganizationAPIKeyListParams) ([]apiKey, error) {
	return all(c.org.APIKeys.ListAutoPaging(ctx, v2KeyQuery(q)), v2ProductionKey)
}

func (c productionV2) GetAPIKey(ctx context.Context, id string) (apiKey, error) {
	return one(v2ProductionKey)(c.org.APIKeys.Get(ctx, id))
}

func (c productionV2) UpdateAPIKey(ctx context.Context, id string, p apiKeyParams) (apiKey, error) {
	return one(v2ProductionKey)(c.org.APIKeys.Update(ctx, id, v2.OrganizationAPIKeyUpdateParams{
		Name: optionalV2(p.Name), Status: v2.OrganizationAPIKeyUpdateParamsStatus(p.Status),
	}))
}

func v2ProductionKey(k v2.APIKey) apiKey {
	return apiKey{
		ID: k.ID, Type: string(k.Type), Name: k.Name, Status: string(k.Status), PartialKeyHint: k.PartialKeyHint,
		CreatedByType: string(k.CreatedBy.Type), CreatedByID: k.CreatedBy.ID,
		ScopeType: k.Scope.Type, ScopeWorkspaceID: k.Scope.WorkspaceID, WorkspaceID: k.JSON.ExtraFields["workspace_id"].Raw(),
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
	}
}
