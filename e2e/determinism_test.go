package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestDeterminism sends the same requests to two servers with one id seed, and to
// a server with another.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"demo", "contract", "empty"} {
		t.Run(seed, func(t *testing.T) {
			t.Parallel()
			run := func(idSeed string) string {
				t.Helper()
				return transcript(t, start(t, "--seed", seed, "--clock", frozen, "--id-seed", idSeed))
			}
			first := run("7")
			equal(t, "transcripts of two servers with one id seed", first, run("7"))
			if first == run("8") {
				t.Error("the transcripts of two id seeds are the same")
			}
		})
	}
}

var firstID = regexp.MustCompile(`"(?:id|first_id)":"([^"]+)"`)

// transcript sends requests one after another and returns statuses, headers and
// bodies.
func transcript(t *testing.T, s *server) string {
	t.Helper()
	var b strings.Builder
	do := func(method, path, body string) string {
		t.Helper()
		got := s.raw(t, method, "/v1/organizations/"+path, body)
		got.Header.Del("Date") // HTTP requires the real time
		fmt.Fprintf(&b, "%s %s %s\n%d\n", method, path, body, got.Status)
		if err := got.Header.Write(&b); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n\n", got.Body)
		if id := firstID.FindStringSubmatch(got.Body); id != nil {
			return id[1]
		}
		return "nothing"
	}
	do("GET", "me", "")
	for _, noun := range []string{"users", "invites", "workspaces", "api_keys"} {
		do("GET", noun+"?limit=1000&include_archived=true&include_default=true", "")
	}
	u, k := do("GET", "users?limit=1", ""), do("GET", "api_keys?limit=1", "")
	for i := range 3 {
		invited := do("POST", "invites", fmt.Sprintf(`{"email":"guest%d@example.com","role":"user"}`, i))
		do("POST", "invites", fmt.Sprintf(`{"email":"guest%d@example.com","role":"user"}`, i))
		do("DELETE", "invites/"+invited, "")
		do("GET", "invites/"+invited, "")
		w := do("POST", "workspaces", fmt.Sprintf(`{"name":"Workspace %d","tags":{"b":"2","a":"1","c":"3"}}`, i))
		do("POST", "workspaces/"+w, `{"tags":{"z":"26","y":"25"}}`)
		do("POST", "workspaces/"+w+"/members", `{"user_id":"`+u+`","workspace_role":"workspace_user"}`)
		do("POST", "workspaces/"+w+"/members/"+u, `{"workspace_role":"workspace_developer"}`)
		do("GET", "workspaces/"+w+"/members", "")
		do("DELETE", "workspaces/"+w+"/members/"+u, "")
		do("POST", "workspaces/"+w+"/archive", "")
	}
	do("POST", "api_keys/"+k, `{"status":"archived"}`)
	do("POST", "users/"+u, `{"role":"billing"}`)
	do("DELETE", "users/"+u, "")
	do("GET", "users/"+u, "")
	do("PUT", "me", "")
	do("GET", "moons", "")
	do("POST", "invites", `{"z":1,"y":2,"x":3}`)
	for _, noun := range []string{"users", "invites", "workspaces", "api_keys"} {
		do("GET", noun+"?limit=1000&include_archived=true&include_default=true", "")
	}
	return b.String()
}
