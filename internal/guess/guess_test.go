package guess

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"listWorkspaces", "getWorkspace", "createOrganizationInvite", "GET"}
	for word, want := range map[string]string{
		"listWorkspace": "listWorkspaces", "getworkspaces": "getWorkspace", "createInvite": "createOrganizationInvite",
		"get": "GET", "GRT": "GET", "nothing like it": "", "": "", "xyz": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestOperation(t *testing.T) {
	ids := []string{
		"getCurrentOrganization", "listOrganizationMembers", "getOrganizationMember", "updateOrganizationMember", "removeOrganizationMember",
		"listOrganizationInvites", "createOrganizationInvite", "deleteOrganizationInvite", "listWorkspaces", "createWorkspace", "archiveWorkspace",
		"listWorkspaceMembers", "addWorkspaceMember", "updateApiKey", "listApiKeys",
	}
	for word, want := range map[string]string{
		"listUsers": "listOrganizationMembers", "getUser": "getOrganizationMember", "deleteUser": "removeOrganizationMember",
		"inviteUser": "createOrganizationInvite", "createInvite": "createOrganizationInvite", "retrieveUser": "getOrganizationMember",
		"listworkspace": "listWorkspaces", "createOrganizationInvites": "createOrganizationInvite", "changeUser": "updateOrganizationMember",
		"addMember": "addWorkspaceMember", "newWorkspace": "createWorkspace", "frobnicate": "", "": "",
	} {
		if got := Operation(word, ids); got != want {
			t.Errorf("Operation(%q) = %q, want %q", word, got, want)
		}
	}
}
