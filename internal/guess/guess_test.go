package guess

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"listWorkspaces", "getWorkspace", "createOrganizationInvite", "GET", "q"}
	for word, want := range map[string]string{
		"listWorkspace": "listWorkspaces", "getworkspaces": "getWorkspace", "createInvite": "createOrganizationInvite",
		"get": "GET", "GRT": "GET", "nothing like it": "", "": "", "xyz": "", "x": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// Long words are not compared, not even with similar ones.
func TestLongWordsAreNotCompared(t *testing.T) {
	long := strings.Repeat("a", maxLength)
	if got := Nearest(long, []string{long + "b"}); got != long+"b" {
		t.Errorf("word of %d bytes: %q", maxLength, got)
	}
	if got := Nearest(long+"a", []string{long + "b"}); got != "" {
		t.Errorf("word of %d bytes: %q", maxLength+1, got)
	}
	if got := Operation(long+"a", []string{long + "b"}); got != "" {
		t.Errorf("operation of %d bytes: %q", maxLength+1, got)
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
