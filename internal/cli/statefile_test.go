package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
	"antechamber/internal/statefile"
)

func TestStateFileOverridesFlags(t *testing.T) {
	files(t, map[string]string{"valid.json": validSeed})
	const key = "sk-ant-admin01-x"
	s := startServer(t, "", "--state-file", "state.json", "--seed", "valid.json", "--admin-key", key, "--id-seed", "7", "--clock", "2026-01-01T00:00:00Z")
	if !strings.Contains(s.startLine, "  seed valid.json  state-file state.json  ") {
		t.Errorf("the start line is %s", s.startLine)
	}
	s.request("POST", "/v1/organizations/workspaces", key, `{"name": "New"}`)
	s.request("POST", "/_emulate/organizations", key, `{"name": "Fork", "admin_key": "sk-ant-admin01-fork"}`)
	before := s.state(key)
	if code := s.stopAndWait(); code != exitFine {
		t.Fatalf("exit code %d: %s", code, s.stderr)
	}
	if err := os.Remove("valid.json"); err != nil { // no longer needed
		t.Fatal(err)
	}

	t.Setenv("ANTECHAMBER_ID_SEED", "8")
	s = startServer(t, "", "--state-file", "state.json", "--seed", "demo", "--admin-key", "sk-ant-admin01-y", "--clock", "2027-01-01T00:00:00Z", "--log", "json")
	var line map[string]any
	if err := json.Unmarshal([]byte(s.startLine), &line); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"state_file": "state.json", "organizations": 2.0, "id_seed": 7.0, "admin_key": key, "frozen_at": "2026-01-01T00:00:00.000000Z", "seed": nil}
	got := map[string]any{}
	for name := range want {
		got[name] = line[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the start line (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.state(key)); diff != "" {
		t.Errorf("the state (-before +after):\n%s", diff)
	}
	if name := s.organization("sk-ant-admin01-fork"); name != "Fork" {
		t.Errorf("the fork is named %q", name)
	}
	s.request("POST", "/_emulate/reset", key, "")
	if strings.Contains(s.state(key), `"New"`) {
		t.Error("a reset does not return to the seed")
	}
	s.stopAndWait()
	warning := regexp.MustCompile(`"level":"WARN","msg":"state file overrides flags","state_file":"state.json","ignored":"--seed --admin-key --clock --id-seed"}`)
	if !warning.MatchString(s.stderr.String()) {
		t.Errorf("the log is\n%s", s.stderr)
	}

	os.Unsetenv("ANTECHAMBER_ID_SEED")
	s = startServer(t, "", "--state-file", "state.json")
	if s.stopAndWait(); strings.Contains(s.stderr.String(), "WARN") {
		t.Errorf("unexpected warning: %s", s.stderr)
	}
}

// state returns an organization as a seed.
func (s *testServer) state(key string) string {
	s.t.Helper()
	status, response := s.request("GET", "/_emulate/state", key, "")
	if status != http.StatusOK {
		s.t.Fatalf("%d: %s", status, response)
	}
	return response
}

// The lock comes before the file is read: otherwise a server that starts while another
// one stops would continue from the state before the last save.
func TestStateFileIsLockedBeforeItIsRead(t *testing.T) {
	files(t, map[string]string{"state.json": "damaged"})
	lock, err := statefile.Open("state.json")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	wantError(t, exitBadInput, "antechamber: cannot use state file state.json: locked by another process (stop that process or choose another file)",
		"--state-file", "state.json", "--addr", "127.0.0.1:0")
}

// A refused start leaves nothing behind.
func TestRefusedStartLeavesNoLock(t *testing.T) {
	files(t, map[string]string{"valid.json": validSeed})
	for _, args := range [][]string{{"--state-file", "valid.json"}, {"--state-file", "new.json", "--seed", "none.json"}, {"--state-file", "new.json", "--addr", "x"}} {
		if code, _, _ := execute(t, "", args...); code != exitBadInput {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
	left, err := filepath.Glob("*")
	if diff := cmp.Diff([]string{"valid.json"}, left); diff != "" || err != nil {
		t.Errorf("files (-want +got):\n%s%v", diff, err)
	}
}

func TestBadStateFiles(t *testing.T) {
	files(t, map[string]string{"seed.json": validSeed, "cut.json": `{"antechamber": 1, "id`, "empty.json": ""})
	const unchanged = " (file left unchanged; restore a backup or move the file aside)"
	for path, message := range map[string]string{
		"cut.json":      "damaged state file cut.json:1:23: unexpected end of input" + unchanged,
		"empty.json":    "damaged state file empty.json:1:1: unexpected end of input" + unchanged,
		"seed.json":     `seed.json is not a state file: missing required field "antechamber" (choose another file)`,
		".":             `cannot use state file .: is a directory (choose a file in it, such as "state.json")`,
		"none/new.json": "cannot use state file none/new.json: no such file or directory",
	} {
		before, _ := os.ReadFile(path)
		wantError(t, exitBadInput, "antechamber: "+message, "--state-file", path, "--addr", "127.0.0.1:0")
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was changed", path)
		}
	}
}

// TestStateFileSurvivesKills kills the program with SIGKILL while it writes: the
// file is complete each time and misses at most the last second. The clock is frozen;
// even so, no id names two objects.
func TestStateFileSurvivesKills(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("takes several seconds")
	}
	files(t, map[string]string{"seed.json": `{"name": "Wide", "settings": {"workspace_limit": 1000000}}`})
	path := filepath.Join(t.TempDir(), "state.json")
	written := &writes{t: t, at: map[string]time.Time{}, ids: map[string]string{}}
	start := func() *program {
		return startProgram(t, os.Args[0], programEnv(), "--addr", ":0", "--state-file", path, "--unknown-keys", "fork",
			"--seed", "seed.json", "--clock", "2026-01-01T00:00:00Z", "--id-seed", "1")
	}
	for round := range 10 {
		p := start()
		s := &testServer{t: t, url: p.url}
		written.check(s, round)
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() { written.run(p.url, w, round) })
		}
		time.Sleep(time.Duration(100+round*100) * time.Millisecond) // before the first save in some rounds, after several in others
		if round%2 == 1 {
			waitUntilSaving(path)
		}
		p.signal(t, syscall.SIGKILL)
		written.killed = time.Now()
		p.cmd.Wait()
		writers.Wait()
		if _, err := statefile.Read(path, time.Now()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}

	p := start()
	written.check(&testServer{t: t, url: p.url}, 10)
	before := len(written.at)
	for i := range 50 {
		written.create(p.url, i%4, fmt.Sprintf("last %d", i))
	}
	if len(written.at) != before+50 {
		t.Fatalf("%d of 50 were written", len(written.at)-before)
	}
	p.signal(t, syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, p.stderr)
	}
	written.killed = time.Now().Add(time.Hour) // so that nothing may be missing
	p = start()
	written.check(&testServer{t: t, url: p.url}, 11)
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 2 { // the file, and its lock
		t.Errorf("%d files in the directory, %v", len(left), err)
	}
}

// waitUntilSaving waits until a save has started, for at most a second.
func waitUntilSaving(path string) {
	for started := time.Now(); time.Since(started) < time.Second; {
		if found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".state.json.saving-*")); found != nil {
			return
		}
	}
}

// writes records the names of created workspaces and when the responses arrived.
type writes struct {
	t      *testing.T
	mu     sync.Mutex
	at     map[string]time.Time
	ids    map[string]string // what the ids of objects and requests name, by key and id
	killed time.Time
}

func keyOf(writer int) string { return fmt.Sprintf("sk-ant-admin01-writer-%d", writer) }

// run creates workspaces until the server is gone.
func (w *writes) run(url string, writer, round int) {
	for i := 0; w.create(url, writer, fmt.Sprintf("%d %d %d", writer, round, i)); i++ {
		time.Sleep(10 * time.Millisecond)
	}
}

func (w *writes) create(url string, writer int, name string) bool {
	r, err := http.NewRequest("POST", url+"/v1/organizations/workspaces", strings.NewReader(fmt.Sprintf(`{"name": %q}`, name)))
	if err != nil {
		return false
	}
	r.Header.Set("x-api-key", keyOf(writer))
	r.Header.Set("anthropic-version", "2023-06-01")
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var created api.Workspace
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &created) != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[name] = time.Now()
	for _, id := range []string{created.ID, resp.Header.Get("request-id")} {
		id = keyOf(writer) + " " + id
		if other, found := w.ids[id]; found {
			w.t.Errorf("%s names %s, and named %s", id, name, other)
		}
		w.ids[id] = name
	}
	return true
}

// check checks that only workspaces created in the last second are missing, and
// forgets those.
func (w *writes) check(s *testServer, round int) {
	s.t.Helper()
	there := map[string]bool{}
	for writer := range 4 {
		var state struct {
			Workspaces []struct{ Name string }
		}
		if err := json.Unmarshal([]byte(s.state(keyOf(writer))), &state); err != nil {
			s.t.Fatal(err)
		}
		for _, v := range state.Workspaces {
			there[v.Name] = true
		}
	}
	missing, oldest := 0, time.Duration(0)
	for name, at := range w.at {
		if there[name] {
			continue
		}
		missing++
		oldest = max(oldest, w.killed.Sub(at))
		delete(w.at, name)
	}
	s.t.Logf("round %d: of %d writes %d are missing, the oldest %s before the end", round, len(w.at)+missing, missing, oldest)
	if oldest > time.Second {
		s.t.Errorf("round %d: something is missing that was written %s before the end", round, oldest)
	}
}
