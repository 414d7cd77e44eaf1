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

// pulled is what a pull has left behind.
type pulled struct {
	file   string
	code   int
	stderr string
}

// pullCommand is a pull from a server into a file.
func pullCommand(t *testing.T, url, file string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"pull", "--from", url, "--out", file}, args...)...)
	cmd.Env = append(os.Environ(), "ANTHROPIC_ADMIN_API_KEY="+adminKey)
	return cmd
}

// pull reads the organization of a server into a file.
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
		t.Errorf("on stdout: %s", stdout.String())
	}
	if strings.Contains(p.stderr, adminKey) || strings.Contains(p.text(t), adminKey) {
		t.Errorf("the key is told: %s", p.stderr)
	}
	return p
}

// mustPull is a pull that succeeds, into a file of its own.
func mustPull(t *testing.T, url string, args ...string) pulled {
	t.Helper()
	p := pull(t, url, filepath.Join(t.TempDir(), "copy.json"), args...)
	if p.code != 0 {
		t.Fatalf("pull exits with %d: %s", p.code, p.stderr)
	}
	return p
}

// text is what is in the seed, and in the partial file.
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

// everything is all that a server answers about its organization: every list
// with every filter and in pages, and every object by itself.
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

func same(t *testing.T, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s (-want +got):\n%.3000s", what, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
}

// people are the addresses and names of the users and invites in a seed, by
// the object's id.
func people(t *testing.T, data string) (emails, names map[string]string) {
	t.Helper()
	var o struct {
		Users, Invites []struct{ ID, Email, Name string }
	}
	decode(t, data, &o)
	emails, names = map[string]string{}, map[string]string{}
	for _, u := range slices.Concat(o.Users, o.Invites) {
		emails[u.ID], names[u.ID] = u.Email, u.Name
	}
	return emails, names
}

// TestPullCopiesToTheLetter reads an organization through its copy: nothing
// that the API shows is another.
func TestPullCopiesToTheLetter(t *testing.T) {
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
				return nil // running, from the instant of the pull on
			}()
			want := everything(t, source)

			kept := mustPull(t, source.URL, "--keep-personal-data")
			same(t, "the copy", want, everything(t, start(t, append(clock, "--seed", kept.file, "--id-seed", "99")...)))
			// As the seed has it, the clock begins where nothing is another.
			if clock != nil {
				running := start(t, "--seed", kept.file, "--id-seed", "98")
				same(t, "the copy with its own clock", want, everything(t, running))
				again := mustPull(t, running.URL, "--keep-personal-data")
				same(t, "a pull of the pull", withoutClock(kept.text(t)), withoutClock(again.text(t)))
			}

			// The same, but for people.
			hidden := mustPull(t, source.URL)
			emails, names := people(t, kept.text(t))
			standEmails, standNames := people(t, hidden.text(t))
			var pairs []string
			for id, email := range emails {
				pairs = append(pairs, `"email":"`+email+`"`, `"email":"`+standEmails[id]+`"`)
				if names[id] != "" {
					pairs = append(pairs, `"name":"`+names[id]+`"`, `"name":"`+standNames[id]+`"`)
				}
				for _, s := range []string{email, names[id]} {
					if s != "" && strings.Contains(hidden.text(t), s) {
						t.Errorf("%q is in the copy", s)
					}
				}
			}
			copied := everything(t, start(t, append(clock, "--seed", hidden.file, "--id-seed", "97")...))
			same(t, "the copy without people", strings.NewReplacer(pairs...).Replace(want), copied)
			same(t, "stand-ins in another pull", withoutClock(hidden.text(t)), withoutClock(mustPull(t, source.URL).text(t)))

			onlyReads(t, source)
		})
	}
}

var startsAt = regexp.MustCompile(`"starts_at": "[^"]*"`)

func withoutClock(data string) string { return startsAt.ReplaceAllString(data, "") }

// onlyReads checks that nothing but GET has arrived at a server.
func onlyReads(t *testing.T, s *server) {
	t.Helper()
	for _, r := range requests(t, s) {
		if r.Method != http.MethodGet {
			t.Errorf("there was a %s %s", r.Method, r.Path)
		}
	}
}

type request struct {
	Method, Path, Query string
	Status              int
}

// requests are those in the journal of a server.
func requests(t *testing.T, s *server) []request {
	t.Helper()
	var journal struct{ Data []request }
	decode(t, s.emulate(t, http.MethodGet, "/requests?limit=1000", ""), &journal)
	return journal.Data
}

// crowd is an organization of so many users and keys that lists have pages,
// also at the longest limit.
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
	for i := range 12 {
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
			"id": fmt.Sprintf("apikey_%05d", i), "name": fmt.Sprintf("key %d of person.%d@corp.example.org", i, i%3000), "workspace": workspaces[i%12]["id"],
			"created_by": users[i%2345]["id"], "created_at": added.Add(time.Duration(i) * time.Hour),
		})
	}
	b, err := json.Marshal(object{"name": "Crowd", "users": users, "invites": invites, "workspaces": workspaces, "api_keys": keys, "clock": object{"frozen_at": "2025-06-01T00:00:00Z"}})
	noError(t, "seed", err)
	return seedFile(t, string(b))
}

// contents loads a seed, with the clock of the crowd.
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

// TestPullOfACrowd turns pages, is stopped in the middle in every way, and
// goes on.
func TestPullOfACrowd(t *testing.T) {
	t.Parallel()
	file := crowd(t)
	source := start(t, "--seed", file, "--id-seed", "7")
	whole := mustPull(t, source.URL, "--keep-personal-data")
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
	equal(t, "what is there", byID(want), byID(got))

	reads := func() int { return len(requests(t, source)) }
	before := reads()
	hidden := mustPull(t, source.URL)
	needed := reads() - before
	if strings.Contains(hidden.text(t), "corp.example.org") || strings.Contains(hidden.text(t), "Number") {
		t.Error("there are people in the copy")
	}

	t.Run("faults", func(t *testing.T) {
		for _, action := range []string{
			`{"type":"error","status":429,"retry_after":1}`, `{"type":"error","status":500,"retry_after":0}`, `{"type":"error","status":529,"retry_after":1}`,
			`{"type":"drop"}`, `{"type":"truncate","bytes":50000}`, `{"type":"malformed"}`,
		} {
			source.emulate(t, http.MethodPost, "/faults", `{"match":{"method":"GET"},"action":`+action+`,"after":7,"times":1}`)
			p := mustPull(t, source.URL)
			same(t, "the copy after "+action, withoutClock(hidden.text(t)), withoutClock(p.text(t)))
			if !strings.Contains(p.stderr, "waiting ") && action != `{"type":"drop"}` { // which net/http may mend by itself
				t.Errorf("%s: it says nothing of it: %s", action, p.stderr)
			}
			source.emulate(t, http.MethodDelete, "/faults", "")
		}
	})

	for name, signal := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			source.emulate(t, http.MethodPost, "/faults", `{"match":{"operation":"listApiKeys"},"action":{"type":"delay","duration":"20s"},"after":1}`)
			out := filepath.Join(t.TempDir(), "copy.json")
			cmd := pullCommand(t, source.URL, out)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			noError(t, "start", cmd.Start())
			for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
				if b, _ := os.ReadFile(out + ".partial"); bytes.Contains(b, []byte(`"list":"api_keys"`)) {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("it does not get to the keys: %s", stderr.String())
				}
			}
			noError(t, "signal", cmd.Process.Signal(signal))
			cmd.Wait()
			source.emulate(t, http.MethodDelete, "/faults", "")
			stopped := pulled{file: out}.text(t)
			if strings.Contains(stopped, "corp.example.org") || strings.Contains(stopped, "Number") || strings.Contains(stopped, adminKey) {
				t.Error("there are people in the partial file, or the key")
			}
			if signal == syscall.SIGINT {
				equal(t, "exit code", 1, cmd.ProcessState.ExitCode())
				if !strings.Contains(stderr.String(), "running it again goes on from there") {
					t.Errorf("it says %s", stderr.String())
				}
			} else { // in the middle of a line
				noError(t, "truncate", os.Truncate(out+".partial", int64(len(stopped)-100)))
			}
			before := reads()
			p := pull(t, source.URL, out)
			if more := reads() - before; more > needed/2 {
				t.Errorf("it goes on with %d requests, all of them are %d", more, needed)
			}
			if !strings.Contains(p.stderr, "going on from ") {
				t.Errorf("it says %s", p.stderr)
			}
			same(t, "the copy", withoutClock(hidden.text(t)), withoutClock(p.text(t)))
			onlyReads(t, source)
		})
	}
}

// TestPullKnowsPeopleInEveryScript looks for people in texts through the
// binary, also for one who joins while it reads and is gone when it goes on.
func TestPullKnowsPeopleInEveryScript(t *testing.T) {
	t.Parallel()
	source := start(t, "--id-seed", "7", "--seed", seedFile(t, `{"name": "山田太郎's Individual Org",
		"users": [
			{"id": "user_1", "email": "taro@corp.test", "name": "山田太郎", "role": "admin"}, {"id": "user_2", "email": "c@corp.test", "name": "Cher", "role": "developer"},
			{"id": "user_3", "email": "f@corp.test", "name": "Dr. Franz Strauß (IT)", "role": "developer"}],
		"workspaces": [{"name": "山田太郎のsandbox", "external_key_id": "projects/cher/f%40corp%2Etest"}, {"name": "FranzSTRAUSS-Laptop", "tags": {"owner": "Strauß, Franz <f＠corp．test>"}}],
		"api_keys": [{"name": "Cher's key", "created_by": "user_1"}]}`))
	check := func(p pulled) {
		t.Helper()
		// Fletcher is a stand-in.
		people := regexp.MustCompile(`(?i)山田|\bcher|franz|strau|corp|\blate|comer`)
		if word := people.FindString(p.text(t)); word != "" {
			t.Errorf("%q is in the copy: %s", word, p.text(t))
		}
	}
	check(mustPull(t, source.URL))

	source.emulate(t, http.MethodDelete, "/requests", "") // those that are waited for below are of the next one
	source.emulate(t, http.MethodPost, "/faults", `{"match":{"operation":"listApiKeys"},"action":{"type":"delay","duration":"20s"}}`)
	out := filepath.Join(t.TempDir(), "copy.json")
	cmd := pullCommand(t, source.URL, out)
	noError(t, "start", cmd.Start())
	for end := time.Now().Add(patience); !slices.ContainsFunc(requests(t, source), func(r request) bool { return strings.HasSuffix(r.Path, "/members") }); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not get to the members")
		}
	}
	if p := pull(t, source.URL, out); p.code != 2 || !strings.Contains(p.stderr, "another pull is writing ") {
		t.Errorf("another pull exits with %d: %s", p.code, p.stderr)
	}
	noError(t, "interrupt", cmd.Process.Signal(syscall.SIGINT))
	cmd.Wait()
	source.emulate(t, http.MethodDelete, "/faults", "")
	source.emulate(t, http.MethodPost, "/users", `{"email": "late@corp.test", "name": "Late Comer", "role": "developer"}`)
	source.emulate(t, http.MethodPost, "/api_keys", `{"name": "key_of_latecomer", "created_by": "user_1"}`)
	p := pull(t, source.URL, out)
	if p.code != 0 || !strings.Contains(p.stderr, " joined while the organization was read, and is in the copy") {
		t.Errorf("it exits with %d: %s", p.code, p.stderr)
	}
	check(p)
	if left, _ := filepath.Glob(out + ".*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// TestPullLeavesAPipeAlone does not wait for somebody at the other end.
func TestPullLeavesAPipeAlone(t *testing.T) {
	t.Parallel()
	source := start(t, "--seed", "empty")
	out := filepath.Join(t.TempDir(), "copy.json")
	if err := exec.CommandContext(t.Context(), "mkfifo", out+".partial").Run(); err != nil {
		t.Skip("there are no pipes with names here: ", err)
	}
	for _, fresh := range []string{"--fresh", "--quiet"} {
		cmd := pullCommand(t, source.URL, out, fresh)
		said, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(said), "copy.json.partial is no regular file: move it away") {
			t.Errorf("it exits with %d: %s", cmd.ProcessState.ExitCode(), said)
		}
	}
	equal(t, "requests", 0, len(requests(t, source)))
}

// TestPullKeepsToTheRateLimit reads from a server that allows a few requests a
// minute, and whose minutes are short.
func TestPullKeepsToTheRateLimit(t *testing.T) {
	t.Parallel()
	source := start(t, "--seed", "demo", "--id-seed", "7", "--rate-limit", "10/min")
	stop := make(chan bool)
	moved := make(chan bool)
	go func() { // a minute is over soon
		defer close(moved)
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
	<-moved
	if p.code != 0 || !strings.Contains(p.stderr, "the rate limit is reached: waiting ") {
		t.Errorf("it exits with %d: %s", p.code, p.stderr)
	}
}
