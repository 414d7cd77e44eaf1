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
