package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/seed"
	"antechamber/store"
)

// pulled is the result of a pull.
type pulled struct {
	file   string
	code   int
	stderr string
}

// pullCommand returns a command that pulls from a server into a file.
func pullCommand(t *testing.T, url, file string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"pull", "--from", url, "--out", file}, args...)...)
	cmd.Env = append(os.Environ(), "ANTHROPIC_ADMIN_API_KEY="+adminKey)
	return cmd
}

// pull pulls the organization of a server into a file.
func pull(t *testing.T, url, file string, args ...string) pulled {
	t.Helper()
	cmd := pullCommand(t, url, file, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	p := pulled{file, cmd.ProcessState.ExitCode(), stderr.String()}
	if stdout.Len() > 0 {
		t.Errorf("unexpected on stdout: %s", stdout.String())
	}
	if strings.Contains(p.stderr, adminKey) || strings.Contains(p.text(t), adminKey) {
		t.Errorf("the output or the seed contains the key: %s", p.stderr)
	}
	return p
}

// mustPull is pull into a new file, and ends the test if it fails.
func mustPull(t *testing.T, url string, args ...string) pulled {
	t.Helper()
	p := pull(t, url, filepath.Join(t.TempDir(), "copy.json"), args...)
	if p.code != 0 {
		t.Fatalf("exit code %d of pull: %s", p.code, p.stderr)
	}
	return p
}

// text returns the seed, and the content of any other file that the pull has left.
func (p pulled) text(t *testing.T) string {
	t.Helper()
	all, err := filepath.Glob(p.file + "*")
	noError(t, "files", err)
	var out string
	for _, file := range all {
		b, err := os.ReadFile(file)
		noError(t, file, err)
		info, err := os.Stat(file)
		noError(t, file, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the mode of %s is %v", file, info.Mode())
		}
		out += string(b)
	}
	return out
}

var requestID = regexp.MustCompile(`,?"request_id":"[^"]*"`)

// everything returns what can be read of an organization: every list, with every
// filter and in pages, and every object.
func everything(t *testing.T, s *server) string {
	t.Helper()
	var b strings.Builder
	get := func(path string) string {
		t.Helper()
		got := s.raw(t, http.MethodGet, "/v1/organizations/"+path, "")
		body := requestID.ReplaceAllString(got.Body, "")
		fmt.Fprintf(&b, "GET %s\n%d %s\n", path, got.Status, body)
		return body
	}
	ids := func(path, field string) (out []string) {
		t.Helper()
		for after := ""; ; {
			var page struct {
				Data    []map[string]any
				HasMore bool    `json:"has_more"`
				LastID  *string `json:"last_id"`
			}
			decode(t, get(path+after), &page)
			for _, o := range page.Data {
				out = append(out, o[field].(string))
			}
			if !page.HasMore {
				return out
			}
			after = "&after_id=" + *page.LastID
		}
	}
	get("me")
	users := ids("users?limit=1000", "id")
	ids("users?limit=7", "id")
	for _, role := range []string{"user", "developer", "billing", "claude_code_user", "admin"} {
		ids("users?limit=1000&roles[]="+role, "id")
		ids("invites?limit=1000&roles[]="+role, "id")
	}
	for _, id := range users {
		get("users/" + id)
	}
	for _, id := range ids("invites?limit=3", "id") {
		get("invites/" + id)
	}
	for _, status := range []string{"pending", "accepted", "expired"} {
		ids("invites?limit=1000&statuses[]="+status, "id")
	}
	ids("workspaces?limit=1000", "id")
	ids("workspaces?limit=1000&include_default=true", "id")
	ids("workspaces?limit=2&include_archived=true", "id")
	for _, id := range ids("workspaces?limit=1000&include_archived=true&include_default=true", "id") {
		get("workspaces/" + id)
		ids("workspaces/"+id+"/members?limit=5", "user_id")
		for _, user := range ids("workspaces/"+id+"/members?limit=1000", "user_id") {
			get("workspaces/" + id + "/members/" + user)
		}
		ids("api_keys?limit=1000&workspace_id="+id, "id")
	}
	for _, id := range ids("api_keys?limit=1000", "id") {
		get("api_keys/" + id)
	}
	ids("api_keys?limit=4", "id")
	for _, status := range []string{"active", "inactive", "archived", "expired"} {
		ids("api_keys?limit=1000&status="+status, "id")
	}
	for _, id := range users {
		ids("api_keys?limit=1000&created_by_user_id="+id, "id")
	}
	return b.String()
}

// same fails the test if two texts differ.
func same(t *testing.T, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s (-want +got):\n%.3000s", what, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
}

// freeText returns every name, address and tag in a seed.
func freeText(t *testing.T, data string) (out []string) {
	t.Helper()
	type object struct {
		Name, Email string
		Tags        map[string]string
	}
	var o struct {
		object
		Default                    object `json:"default_workspace"`
		Users, Invites, Workspaces []object
		APIKeys                    []object `json:"api_keys"`
	}
	decode(t, data, &o)
	out = append(out, o.Name)
	for _, v := range slices.Concat(o.Users, o.Invites, o.Workspaces, o.APIKeys, []object{o.Default}) {
		out = append(out, v.Name, v.Email)
		for key, value := range v.Tags {
			out = append(out, key, value)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// freeTextJSON matches the fields of freeText, in responses and in seeds.
var freeTextJSON = regexp.MustCompile(`"(name|email)": ?"(?:[^"\\]|\\.)*"|"tags": ?\{[^}]*\}`)

// TestPullCopiesEverything serves a copy: every response equals the original's.
func TestPullCopiesEverything(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"demo, frozen":  {"--seed", "demo", "--clock", frozen},
		"demo, running": {"--seed", "demo"},
		"contract":      {"--seed", "contract"},
		"demo, in 2031": {"--seed", "demo", "--clock", "2031-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := start(t, append(args, "--id-seed", "7")...)
			clock := func() []string {
				if slices.Contains(args, "--clock") {
					return args[2:]
				}
				if args[1] == "contract" {
					return []string{"--clock", "2024-11-01T23:59:27.427722Z"}
				}
				return nil // the clock of the copy runs from the time of the pull
			}()
			want := everything(t, source)

			kept := mustPull(t, source.URL, "--keep-names")
			same(t, "the copy", want, everything(t, start(t, append(clock, "--seed", kept.file, "--id-seed", "99")...)))
			// The clock of the pulled seed starts at a time at which nothing differs.
			if clock != nil {
				running := start(t, "--seed", kept.file, "--id-seed", "98")
				same(t, "the copy with its own clock", want, everything(t, running))
				again := mustPull(t, running.URL, "--keep-names")
				same(t, "a pull of the pull", withoutClock(kept.text(t)), withoutClock(again.text(t)))
			}

			// Without --keep-names, only free text differs.
			hidden := mustPull(t, source.URL)
			for _, s := range freeText(t, kept.text(t)) {
				if strings.Contains(hidden.text(t), `"`+s+`"`) {
					t.Errorf("the copy contains %q", s)
				}
			}
			for _, p := range []pulled{kept, hidden} {
				if strings.Contains(p.stderr, "note:") {
					t.Errorf("unexpected notes: %s", p.stderr)
				}
			}
			without := func(s string) string { return freeTextJSON.ReplaceAllString(s, `"$1"`) }
			copied := everything(t, start(t, append(clock, "--seed", hidden.file, "--id-seed", "97")...))
			same(t, "the copy without free text", without(want), without(copied))
			same(t, "another pull without free text", withoutClock(hidden.text(t)), withoutClock(mustPull(t, source.URL).text(t)))

			wantOnlyReads(t, source)
		})
	}
}

var startsAt = regexp.MustCompile(`"starts_at": "[^"]*"`)

func withoutClock(data string) string { return startsAt.ReplaceAllString(data, "") }

// wantOnlyReads checks that a server has received only GET requests.
func wantOnlyReads(t *testing.T, s *server) {
	t.Helper()
	for _, r := range requests(t, s) {
		if r.Method != http.MethodGet {
			t.Errorf("unexpected request: %s %s", r.Method, r.Path)
		}
	}
}

type request struct {
	Method, Path, Query string
	Status              int
}

// requests returns the journal of a server.
func requests(t *testing.T, s *server) []request {
	t.Helper()
	var journal struct{ Data []request }
	decode(t, s.emulate(t, http.MethodGet, "/requests?limit=1000", ""), &journal)
	return journal.Data
}

// crowd writes the seed of an organization whose lists have several pages even at
// the highest limit.
func crowd(t *testing.T) string {
	t.Helper()
	type object = map[string]any
	var users, keys, invites []object
	added := at(t, "2025-01-01T00:00:00Z")
	for i := range 2345 {
		users = append(users, object{
			"id": fmt.Sprintf("user_%05d", i), "email": fmt.Sprintf("person.%d@corp.example.org", i), "name": fmt.Sprintf("Person Number%d", i),
			"role": []string{"developer", "user", "claude_code_user", "billing", "admin"}[min(i%40, 4)], "added_at": added.Add(time.Duration(i) * time.Minute),
		})
	}
	for i := range 1100 {
		invites = append(invites, object{
			"id": fmt.Sprintf("invite_%05d", i), "email": fmt.Sprintf("guest.%d@corp.example.org", i), "role": "user",
			"invited_at": added.Add(time.Duration(i) * time.Hour), "expires_at": added.Add(time.Duration(i+500) * time.Hour),
		})
	}
	workspaces := []object{}
	for i := range 4 {
		members := []object{}
		for j := range 1100 {
			if user := (i*97 + j) % len(users); user%40 < 3 {
				members = append(members, object{"user": users[user]["id"], "workspace_role": "workspace_developer"})
			}
		}
		workspaces = append(workspaces, object{
			"id": fmt.Sprintf("wrkspc_%05d", i), "name": fmt.Sprintf("Workspace %d of Person Number%d", i, i), "created_at": added.Add(time.Duration(i) * time.Hour), "members": members,
		})
	}
	for i := range 3210 {
		keys = append(keys, object{
			"id": fmt.Sprintf("apikey_%05d", i), "name": fmt.Sprintf("key %d of person.%d@corp.example.org", i, i%3000), "workspace": workspaces[i%len(workspaces)]["id"],
			"created_by": users[i%2345]["id"], "created_at": added.Add(time.Duration(i) * time.Hour),
		})
	}
	b, err := json.Marshal(object{"name": "Crowd", "users": users, "invites": invites, "workspaces": workspaces, "api_keys": keys, "clock": object{"frozen_at": "2025-06-01T00:00:00Z"}})
	noError(t, "seed", err)
	return seedFile(t, string(b))
}

// contents loads a seed with the clock of crowd.
func contents(t *testing.T, file string) store.Contents {
	t.Helper()
	data, err := os.ReadFile(file)
	noError(t, "seed", err)
	s, err := seed.Parse(file, data)
	noError(t, "parse", err)
	clock := store.FrozenAt(at(t, "2025-06-01T00:00:00Z"))
	all, err := s.Load(seed.Options{Real: at(t, frozen), Clock: &clock})
	noError(t, "load", err)
	return all[0]
}

// TestPullOfACrowd pulls long lists, through every kind of fault, and after a pull
// was stopped halfway.
func TestPullOfACrowd(t *testing.T) {
	t.Parallel()
	file := crowd(t)
	source := start(t, "--seed", file, "--id-seed", "7")
	whole := mustPull(t, source.URL, "--keep-names")
	got, want := contents(t, whole.file), contents(t, file)
	for i := range got.APIKeys {
		got.APIKeys[i].PartialKeyHint = want.APIKeys[slices.IndexFunc(want.APIKeys, func(k store.APIKey) bool { return k.ID == got.APIKeys[i].ID })].PartialKeyHint
	}
	byID := func(c store.Contents) map[string]any {
		out := map[string]any{}
		for _, u := range c.Users {
			out[u.ID] = u
		}
		for _, i := range c.Invites {
			out[i.ID] = i
		}
		for _, m := range c.Members {
			out[m.WorkspaceID+m.UserID] = m
		}
		for _, k := range c.APIKeys {
			k.Scope.WorkspaceID = ""
			out[k.ID] = k
		}
		return out
	}
	equal(t, "contents", byID(want), byID(got))

	hidden := mustPull(t, source.URL)
	if strings.Contains(hidden.text(t), "corp.example.org") || strings.Contains(hidden.text(t), "Number") {
		t.Error("the copy contains names or email addresses")
	}

	t.Run("faults", func(t *testing.T) { // all in one pull, each at another request
		actions := []string{
			`{"type":"error","status":429,"retry_after":1}`, `{"type":"error","status":500,"retry_after":0}`, `{"type":"error","status":529,"retry_after":1}`,
			`{"type":"drop"}`, `{"type":"truncate","bytes":50000}`, `{"type":"malformed"}`,
		}
		for i, action := range actions {
			source.emulate(t, http.MethodPost, "/faults", fmt.Sprintf(`{"match":{"method":"GET"},"action":%s,"after":%d,"times":1}`, action, 2+3*i))
		}
		p := mustPull(t, source.URL)
		same(t, "the copy after faults", withoutClock(hidden.text(t)), withoutClock(p.text(t)))
		if retries, want := strings.Count(p.stderr, "waiting "), len(actions)-1; retries < want { // net/http may retry the dropped one
			t.Errorf("%d retries are reported, want at least %d: %s", retries, want, p.stderr)
		}
		var armed struct{ Data []struct{ Hits int } }
		decode(t, source.emulate(t, http.MethodGet, "/faults", ""), &armed)
		equal(t, "faults", len(actions), len(armed.Data))
		for i, fault := range armed.Data {
			equal(t, "hits of "+actions[i], 1, fault.Hits)
		}
		source.emulate(t, http.MethodDelete, "/faults", "")
	})

	for name, signal := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			source.emulate(t, http.MethodDelete, "/requests", "") // so that the loop below sees only this pull
			source.emulate(t, http.MethodPost, "/faults", `{"match":{"operation":"listOrganizationMembers"},"action":{"type":"delay","duration":"20s"}}`)
			out := filepath.Join(t.TempDir(), "copy.json")
			cmd := pullCommand(t, source.URL, out)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			noError(t, "start", cmd.Start())
			for end := time.Now().Add(patience); !slices.ContainsFunc(requests(t, source), func(r request) bool { return strings.HasSuffix(r.Path, "/members") }); time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("no request for members: %s", stderr.String())
				}
			}
			noError(t, "signal", cmd.Process.Signal(signal))
			cmd.Wait()
			source.emulate(t, http.MethodDelete, "/faults", "")
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); left != nil {
				t.Errorf("the pull left %v", left)
			}
			if signal == syscall.SIGINT {
				equal(t, "exit code", 1, cmd.ProcessState.ExitCode())
				if !strings.HasSuffix(stderr.String(), "\nantechamber: interrupted: nothing was written\n") {
					t.Errorf("stderr: %s", stderr.String())
				}
			}
			same(t, "the copy", withoutClock(hidden.text(t)), withoutClock(pull(t, source.URL, out).text(t)))
			wantOnlyReads(t, source)
		})
	}
}

// TestPullRespectsTheRateLimit pulls from a server with a low rate limit and a
// fast clock.
func TestPullRespectsTheRateLimit(t *testing.T) {
	t.Parallel()
	source := start(t, "--seed", "demo", "--id-seed", "7", "--rate-limit", "10/min")
	stop := make(chan bool)
	stopped := make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
				source.emulate(t, http.MethodPost, "/clock", `{"advance":"30s"}`)
			}
		}
	}()
	out := filepath.Join(t.TempDir(), "copy.json")
	p := pull(t, source.URL, out)
	close(stop)
	<-stopped
	if p.code != 0 || !strings.Contains(p.stderr, "rate limit reached: waiting ") {
		t.Errorf("exit code %d: %s", p.code, p.stderr)
	}
}
