package statefile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/internal/statefile"
	"antechamber/seed"
	"antechamber/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seedText is a seed of two organizations: one with a running clock and relative
// times, and one with a frozen clock.
const seedText = `{"organizations": [
  {"name": "Running & Co", "admin_keys": ["sk-ant-admin01-running"],
   "users": [{"email": "jane@example.com", "role": "admin", "added_at": "-30d"}],
   "invites": [{"id": "invite_a", "email": "new@example.com", "role": "user", "invited_at": "-3d"}],
   "workspaces": [{"name": "W", "created_at": "-3d", "members": [{"user": "jane@example.com", "workspace_role": "workspace_admin"}]}],
   "api_keys": [{"name": "k", "workspace": "W", "created_by": "jane@example.com", "created_at": "-2d", "expires_at": "+40d"}]},
  {"name": "Frozen", "admin_keys": ["sk-ant-admin01-frozen"], "clock": {"frozen_at": "2025-01-01T00:00:00Z"},
   "users": [{"email": "joe@example.com", "role": "user", "added_at": "-1d"}]}
]}`

var epoch = time.Date(2026, 1, 1, 12, 0, 0, 123456789, time.UTC)

// realTime is a clock that only tests advance.
type realTime struct{ passed atomic.Int64 }

func (r *realTime) now() time.Time          { return epoch.Add(time.Duration(r.passed.Load())) }
func (r *realTime) advance(d time.Duration) { r.passed.Add(int64(d)) }

// world is a store with the organizations of the seed, and its clock.
type world struct {
	t    tb
	real *realTime
	*store.Store
	about statefile.About
}

// tb is implemented by *testing.T and *rapid.T.
type tb interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

const idSeed = 7

var about = statefile.About{IDSeed: idSeed, Seed: statefile.Seed{Name: "two.json", Text: seedText}}

// reload returns the function that loads an organization of the seed again.
func reload(t tb) func(place int) func(time.Time) (store.Contents, error) {
	s := must(seed.Parse("two.json", []byte(seedText)))(t)
	return func(place int) func(time.Time) (store.Contents, error) {
		return func(now time.Time) (store.Contents, error) {
			all, err := s.Load(seed.Options{Real: now, IDSeed: idSeed})
			if err != nil {
				return store.Contents{}, err
			}
			return all[place], nil
		}
	}
}

func newWorld(t tb) *world {
	t.Helper()
	w := &world{t: t, real: new(realTime), about: about}
	w.Store = store.New(w.real.now)
	for place := range 2 {
		from := store.Seeded{Index: place}
		load := reload(t)(place)
		if place == 0 {
			from.Reload = load
		}
		must(w.AddSeeded(must(load(epoch))(t), from))(t)
	}
	return w
}

// keeper is a Keeper with its lock.
type keeper struct {
	*statefile.Keeper
	*statefile.Lock
}

// stop saves the store for the last time and releases the file.
func (k *keeper) stop() error { return errors.Join(k.Stop(true), k.Close()) }

// kill releases the file without a last save, as if the process was killed.
func (k *keeper) kill() { k.Close() }

// keeper returns a Keeper of the store.
func (w *world) keeper(path string) *keeper {
	w.t.Helper()
	lock := must(statefile.Open(path))(w.t)
	k := must(statefile.Keep(statefile.Options{
		Lock: lock, About: w.about, Store: w.Store, RealTime: w.real.now, Log: slog.New(slog.DiscardHandler),
		After: func(time.Duration) <-chan time.Time { panic("unexpected wait") },
	}))(w.t)
	return &keeper{k, lock}
}

// saved saves and stops the store and returns the file.
func (w *world) saved(path string) string {
	w.t.Helper()
	check(w.t, "error", nil, w.keeper(path).stop())
	return string(must(os.ReadFile(path))(w.t))
}

// restarted returns the world that a restart reads from a file.
func (w *world) restarted(path string) *world {
	w.t.Helper()
	again := &world{w.t, w.real, store.New(w.real.now), w.about}
	f := must(statefile.Read(path, w.real.now()))(w.t)
	check(w.t, "about", w.about, f.About)
	check(w.t, "error", nil, f.Fill(again.Store, reload(w.t)))
	return again
}

// everything returns all observable state of all organizations.
func (w *world) everything() (all []any) {
	for _, o := range w.Organizations() {
		all = append(all, o.Contents(), o.Expires(), o.NewRequestID())
	}
	return all
}

func must[T any](v T, err error) func(tb) T {
	return func(t tb) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t tb, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// busy returns a world with changes, snapshots and forks.
func busy(t tb) *world {
	t.Helper()
	w := newWorld(t)
	first, frozen := w.Organizations()[0], w.Organizations()[1]
	newWorkspace(t, first, "new")
	must(first.DeleteOrganizationInvite("invite_a"))(t)
	newWorkspace(t, frozen, "new")
	must(frozen.TakeSnapshot("s"))(t)
	from, _ := frozen.FromSnapshot("s")
	first.NewRequestID()
	w.real.advance(time.Hour)
	must(w.Create(store.NewOrganization{From: w.FromSeed(), Name: "Fork", TTL: time.Hour}))(t)
	must(w.Create(store.NewOrganization{From: from, AdminKey: "sk-ant-admin01-snapshot"}))(t)
	far := must(w.Create(store.NewOrganization{From: first.FromCurrent(), AdminKey: "sk-ant-admin01-far"}))(t)
	far.Advance(1000 * time.Hour)
	return w
}

func newWorkspace(t tb, o *store.Organization, name string) {
	t.Helper()
	must(o.CreateWorkspace(store.NewWorkspace{Name: name, DataResidency: api.DefaultDataResidency()}, nil))(t)
}

func TestRestartChangesNothing(t *testing.T) {
	w, path := busy(t), filepath.Join(t.TempDir(), "state.json")
	before := w.saved(path)
	again := w.restarted(path)
	check(t, "file after the restart", before, again.saved(path))
	check(t, "everything", w.everything(), again.everything())

	for _, w := range []*world{w, again} {
		for _, o := range w.Organizations() {
			newWorkspace(t, o, "newer")
		}
	}
	check(t, "everything after a write", w.everything(), again.everything())

	for _, w := range []*world{w, again} {
		for _, o := range w.Organizations() {
			check(t, "error", nil, o.Reset())
		}
		must(w.AuthenticateOrFork("sk-ant-admin01-invented"))(t)
		must(w.Create(store.NewOrganization{From: w.FromSeed()}))(t)
	}
	check(t, "everything after a reset", w.everything(), again.everything())
	check(t, "name after a reset", "Running & Co", again.First().Name())

	w.real.advance(30 * 24 * time.Hour)
	for _, w := range []*world{w, again} {
		check(t, "error", nil, w.First().Reset())
	}
	invite := must(again.First().GetOrganizationInvite("invite_a"))(t).Value
	check(t, "status a month later", api.InvitePending, invite.Status)
	check(t, "everything a month later", w.everything(), again.everything())
	check(t, "organizations without the expired one", 6, len(again.Organizations()))
}

func TestRestartWithBuiltinSeeds(t *testing.T) {
	for _, name := range seed.BuiltinNames {
		t.Run(name, func(t *testing.T) {
			w := &world{t, new(realTime), nil, statefile.About{Seed: statefile.Seed{Name: name, Builtin: true}, Clock: new(store.FrozenAt(epoch))}}
			w.Store = store.New(w.real.now)
			s, _ := seed.Builtin(name)
			c := must(s.Load(seed.Options{Real: epoch, IDSeed: idSeed}))(t)[0]
			c.AdminKeys = []string{"sk-ant-admin01-a"}
			must(w.Add(c))(t)
			path := filepath.Join(t.TempDir(), "state.json")
			before := w.saved(path)
			again := w.restarted(path)
			check(t, "file after the restart", before, again.saved(path))
			check(t, "everything", w.everything(), again.everything())
			w.real.advance(60 * 24 * time.Hour)
			check(t, "everything later", w.everything(), again.everything())
			check(t, "contents after a later restart", w.First().Contents(), w.restarted(path).First().Contents())
		})
	}
}

// TestFilesWithoutPrincipals reads a file as it was before API keys had a principal.
func TestFilesWithoutPrincipals(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "state.json")
	old := strings.ReplaceAll(w.saved(path), `"principal":null,`, "")
	if strings.Contains(old, "principal") || !strings.Contains(old, `"created_by":"`) {
		t.Fatalf("the file has no keys, or keys with a principal:\n%s", old)
	}
	check(t, "error", nil, os.WriteFile(path, statefile.Seal(old), 0o600))
	check(t, "everything", w.everything(), w.restarted(path).everything())
}

// Even after kill -9 and on a frozen clock.
// A file may have addresses, domains and tag names that earlier versions accepted, and
// addresses that they took for different ones.
func TestFilesOfEarlierVersions(t *testing.T) {
	text := `{"name": "Old", "admin_keys": ["sk-ant-admin01-old"], "settings": {"allowed_invite_domains": ["127.0.0.1"]},
 "users": [{"email": "j@exämple.com", "role": "admin"}, {"email": "j@xn--exmple-cua.com", "role": "user"}, {"email": "0@1.2", "role": "user"}],
 "invites": [{"email": "J@xn--EXMPLE-cua.com", "role": "user", "status": "expired", "invited_at": "-30d"}],
 "workspaces": [{"name": "W", "tags": {"Anthropic-Team": "x"}}]}`
	if _, err := seed.Parse("old.json", []byte(text)); err == nil {
		t.Error("a new seed has no such values")
	}
	old := must(seed.ParseSaved("old.json", []byte(text)))(t)
	w := &world{t: t, real: new(realTime), about: statefile.About{IDSeed: idSeed, Seed: statefile.Seed{Name: "old.json", Text: text}}}
	w.Store = store.New(w.real.now)
	o := must(w.Add(must(old.Load(seed.Options{Real: epoch, IDSeed: idSeed}))(t)[0]))(t)
	path := filepath.Join(t.TempDir(), "state.json")
	w.saved(path)
	check(t, "contents", o.Contents(), w.restarted(path).First().Contents())
}

func TestRequestIDsDoNotRepeat(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	k := w.keeper(path)
	seen := map[string]bool{}
	for range 3 {
		for _, o := range w.Organizations() {
			for range 1000 {
				id := o.NewRequestID()
				if seen[id] {
					t.Fatalf("repeated request id %s", id)
				}
				seen[id] = true
			}
		}
		k.kill()
		w = w.restarted(path) // the counters are lost
		k = w.keeper(path)
	}
}

// Shared states are in the file once.
func TestForksShareTheirState(t *testing.T) {
	w, dir := newWorld(t), t.TempDir()
	one := w.saved(filepath.Join(dir, "one.json"))
	for i := range 1000 {
		must(w.AuthenticateOrFork(fmt.Sprintf("sk-ant-admin01-%d", i)))(t)
	}
	path := filepath.Join(dir, "many.json")
	many := w.saved(path)
	if each := (len(many) - len(one)) / 1000; each > 400 {
		t.Errorf("a fork takes %d bytes", each)
	}
	check(t, "file after the restart", many, w.restarted(path).saved(path))
}

// Not even if the clock of this machine is behind the one that saved the file.
func TestClockDoesNotGoBack(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	w.real.advance(time.Hour)
	newWorkspace(t, w.First(), "new")
	before := w.First().Now()
	w.saved(path)
	w.real.advance(-3 * time.Hour)
	check(t, "now", before, w.restarted(path).First().Now())
}

func TestFileIsPrivateAndUnfinishedOnesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	for _, left := range []string{".state.json.saving-1", ".other.json.saving-1"} {
		check(t, "error", nil, os.WriteFile(filepath.Join(dir, left), []byte("{"), 0o600))
	}
	newWorld(t).saved(path)
	check(t, "mode", fs.FileMode(0o600), must(os.Stat(path))(t).Mode())
	var names []string
	for _, e := range must(os.ReadDir(dir))(t) {
		names = append(names, e.Name())
	}
	check(t, "files", []string{".other.json.saving-1", "state.json", "state.json.lock"}, names)
}

// The forms of errors, with a path and the details.
const (
	damaged      = "damaged state file %s%s (file left unchanged; restore a backup or move the file aside)"
	newerVersion = "cannot read state file %s%s (use a newer antechamber or choose another file)"
	otherFile    = "%s is not a state file%s (choose another file)"
)

// wantRejected checks that Read rejects a file with an error of a form, whose details
// contain a text, and leaves it unchanged.
func wantRejected(t tb, path string, data []byte, form, details string) {
	t.Helper()
	check(t, "error", nil, os.WriteFile(path, data, 0o600))
	_, err := statefile.Read(path, epoch)
	if err == nil {
		t.Errorf("Read accepts %q", data)
		return
	}
	start, end, _ := strings.Cut(strings.Replace(form, "%s", path, 1), "%s")
	message := err.Error()
	if !strings.HasPrefix(message, start+":") || !strings.HasSuffix(message, end) || strings.Contains(message, "\n") || !strings.Contains(message, details) {
		t.Errorf("error %q, want %q with %q", err, form, details)
	}
	check(t, "file", string(data), string(must(os.ReadFile(path))(t)))
}

// small returns a file with one empty organization.
func small(t tb, path string) []byte {
	t.Helper()
	s := store.New(func() time.Time { return epoch })
	empty, _ := seed.Builtin("empty")
	c := must(empty.Load(seed.Options{Real: epoch, IDSeed: idSeed}))(t)[0]
	c.AdminKeys = []string{"sk-ant-admin01-a"}
	must(s.Add(c))(t)
	return []byte((&world{t, new(realTime), s, statefile.About{Seed: statefile.Seed{Name: "empty", Builtin: true}}}).saved(path))
}

func TestDamagedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	whole := small(t, path)
	for n := range whole {
		wantRejected(t, path, whole[:n], damaged, "")
	}
	wantRejected(t, path, whole[:100], damaged, ":1:101: unexpected end of input")
	wantRejected(t, path, whole[:len(whole)-1], damaged, ": /checksum: invalid checksum: want ")
	version := bytes.IndexByte(whole, '1')
	for n := range whole {
		flipped, form := bytes.Clone(whole), damaged
		flipped[n] ^= 1
		if len(`{"`) <= n && n < len(`{"antechamber`) { // in the name of the field
			form = otherFile
		}
		wantRejected(t, path, flipped, form, "")
	}
	wantRejected(t, path, append(bytes.Clone(whole), '\n'), damaged, ": /checksum: ")
	wantRejected(t, path, append(bytes.Clone(whole), '}'), damaged, "unexpected data after the top-level value")
	wantRejected(t, path, []byte(seedText), otherFile, `missing required field "antechamber"`)
	wantRejected(t, path, []byte("[]"), damaged, ":1:1: invalid state: want an object")
	for text, form := range map[string]string{"2": newerVersion, "1000000": newerVersion, "0": damaged, "-2": damaged, "1.5": damaged, `"1"`: damaged} {
		wantRejected(t, path, slices.Concat(whole[:version], []byte(text), whole[version+1:]), form, "want 1")
	}
	wantRejected(t, path, bytes.Replace(whole, []byte("Empty"), []byte("Empfy"), 1), damaged, "part of it was changed or is missing")
}

// Files with a correct checksum and invalid contents.
func TestInconsistentFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	whole := string(small(t, path))
	for _, test := range []struct{ old, new, why string }{
		{`"origin":0`, `"origin":1`, ": /organizations/0/origin: no such origin 1"},
		{`"origins":[` + "\n" + `{"state":0`, `"origins":[` + "\n" + `{"state":-1`, ": /origins/0/state: no such state -1"},
		{`"state":0,"name":"Empty","clock":{"offset":"0s"},"drawn":4,"origin"`, `"state":0,"name":"Empty","clock":{"offset":"x"},"drawn":4,"origin"`, `: /organizations/0/clock: invalid offset "x": want a duration, such as 1h30m, or none with frozen_at`},
		{`"admin_keys":["sk-ant-admin01-a"]`, `"admin_keys":[]`, ": /organizations: the first organization must exist and have an admin key"},
		{`"users":[]`, `"users":[{}]`, ": /states/0/users/0"},
		{`"clock":{"offset":"0s"},"drawn":4,"origin"`, `"clock":{"offset":"0s","frozen_at":"2026-01-01T00:00:00Z"},"drawn":4,"origin"`, `: /organizations/0/clock: invalid offset "0s": want a duration, such as 1h30m, or none with frozen_at`},
		{`"clock":{"offset":"0s"},"drawn":4,"origin"`, `"clock":{},"drawn":4,"origin"`, `: /organizations/0/clock: invalid offset "": want a duration, such as 1h30m, or none with frozen_at`},
		{`"clock":{"offset":"0s"},"drawn":4,"loaded_at"`, `"clock":{},"drawn":4,"loaded_at"`, `: /origins/0/clock: invalid offset "": want a duration`},
		{`"stopped":true`, `"clock":{"frozen_at":"2026-01-01T00:00:00Z","offset":"1h"},"stopped":true`, `: /clock: invalid offset "1h": want a duration`},
		{`"stopped":true`, `"clock":{},"stopped":true`, `: /clock: invalid offset "": want a duration`},
		{`"drawn":4,"origin"`, `"drawn":-4,"origin"`, `invalid drawn: want a whole number`},
		{`"stopped":true`, `"stopped":3`, ":1:79: invalid stopped: want true or false"},
		{`"stopped":true`, `"stopped":true,"stopped":true`, `:1:84: repeated field "stopped"`},
		{`"users":[]`, `"users":[],"u\u0073ers":[]`, `repeated field "users"`},
		{`"tags":{}`, `"tags":{"a":"b","a":"c"}`, "/states/0/default_workspace/tags/a"},
		{`"name":"Empty"`, "\"name\":\"Empt\xff\"", "invalid UTF-8"},
		{`{"offset":"0s"}`, `{"offset":"0s","ofset":"0s"}`, `unknown field "ofset"`},
		{`"stopped":true`, `"stoped":true`, `unknown field "stoped"`},
	} {
		changed := strings.Replace(whole, test.old, test.new, 1)
		if changed == whole {
			t.Fatalf("%s is not in\n%s", test.old, whole)
		}
		wantRejected(t, path, statefile.Seal(changed), damaged, test.why)
	}
	two := strings.Replace(whole, `"organizations":[`, `"organizations":[`+"\n"+`{"id":"x","admin_keys":["sk-ant-admin01-a"],"state":0,"name":"Empty","clock":{"offset":"0s"},"origin":0,"requests":0,"request_seed":0},`, 1)
	check(t, "error", nil, os.WriteFile(path, statefile.Seal(two), 0o600))
	err := must(statefile.Read(path, epoch))(t).Fill(store.New(func() time.Time { return epoch }), nil)
	if err == nil || !strings.Contains(err.Error(), "the admin key belongs to another organization") {
		t.Errorf("two organizations with one key: %v", err)
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := statefile.Read(filepath.Join(t.TempDir(), "none"), epoch); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestRandomBytesAreRejected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	rapid.Check(t, func(t *rapid.T) {
		wantRejected(t, path, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), damaged, "")
	})
}

// A restart changes nothing after any sequence of operations.
func TestRestartAfterRandomOperations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			w.real.advance(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "passed")))
			all := w.Organizations()
			o := all[rapid.IntRange(0, len(all)-1).Draw(t, "organization")]
			switch rapid.IntRange(0, 11).Draw(t, "operation") {
			case 0:
				newWorkspace(t, o, fmt.Sprint(i))
			case 1:
				o.CreateOrganizationInvite(store.NewInvite{Email: fmt.Sprintf("%d@example.com", i), Role: api.RoleUser}, nil)
			case 2:
				o.Advance(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "advance")))
			case 3:
				o.FreezeClock()
			case 4:
				o.ResumeClock()
			case 5:
				if err := o.Reset(); err != nil {
					t.Fatal(err)
				}
			case 6:
				must(w.Create(store.NewOrganization{From: o.FromCurrent(), Name: fmt.Sprint(i)}))(t)
			case 7:
				must(w.Create(store.NewOrganization{From: w.FromSeed(), TTL: 24 * time.Hour}))(t)
			case 8:
				must(o.TakeSnapshot("s"))(t)
				from, _ := o.FromSnapshot("s")
				must(w.Create(store.NewOrganization{From: from}))(t)
			case 9:
				for k := range must(o.ListAPIKeys(store.APIKeyFilter{}, store.List{Limit: 1}, nil))(t).All() {
					o.UpdateAPIKey(k.ID, store.APIKeyUpdate{Status: new(api.KeyInactive)}, nil)
				}
			case 10:
				for u := range must(o.ListOrganizationMembers(store.UserFilter{}, store.List{Limit: 1}, nil))(t).All() {
					o.RemoveOrganizationMember(u.ID)
				}
			case 11:
				for s := range must(o.ListWorkspaces(store.WorkspaceFilter{}, store.List{Limit: 1}, nil))(t).All() {
					o.ArchiveWorkspace(s.ID)
				}
			}
		}
		w.real.advance(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "passed")))
		before := w.saved(path)
		again := w.restarted(path)
		check(t, "file after the restart", before, again.saved(path))
		check(t, "everything", w.everything(), again.everything())
	})
}

// loop is a running Keeper whose timer is controlled by a test.
type loop struct {
	*world
	path  string
	log   *logLines
	waits chan time.Duration // requested by the Keeper
	fire  chan time.Time
}

// logLines collects the lines of a log.
type logLines struct {
	mu  sync.Mutex
	all []string
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

func (l *logLines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

func startLoop(t *testing.T, path string) *loop {
	t.Helper()
	l := &loop{newWorld(t), path, new(logLines), make(chan time.Duration), make(chan time.Time)}
	lock := must(statefile.Open(path))(t)
	t.Cleanup(func() { lock.Close() })
	k := must(statefile.Keep(statefile.Options{
		Lock: lock, About: about, Store: l.Store, RealTime: l.real.now, Log: slog.New(slog.NewTextHandler(io.Writer(l.log), nil)),
		After: func(d time.Duration) <-chan time.Time {
			l.waits <- d
			return l.fire
		},
	}))(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-l.waits: // another save was due
			<-ended
		case <-ended:
		}
	})
	return l
}

// wantWait checks how long the keeper waits before the next save.
func (l *loop) wantWait(d time.Duration) {
	l.t.Helper()
	check(l.t, "wait", d, <-l.waits)
}

// save ends the keeper's wait of d, so that it saves.
func (l *loop) save(d time.Duration) {
	l.t.Helper()
	l.wantWait(d)
	l.fire <- time.Time{}
}

// workspaces returns the number of workspaces of the first organization in the file.
func (l *loop) workspaces() int {
	l.t.Helper()
	return len(l.restarted(l.path).First().Contents().Workspaces)
}

func eventually(t tb, what string, f func() bool) {
	t.Helper()
	for range 1000 {
		if f() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("never happened: " + what)
}

func TestChangesAreSaved(t *testing.T) {
	l := startLoop(t, filepath.Join(t.TempDir(), "state.json"))
	for n := 1; n < 7; n += 2 {
		newWorkspace(t, l.First(), fmt.Sprint("one ", n))
		l.wantWait(300 * time.Millisecond)
		newWorkspace(t, l.First(), fmt.Sprint("two ", n))
		check(t, "workspaces before", n, l.workspaces())
		l.fire <- time.Time{}
		eventually(t, "both changes are saved", func() bool { return l.workspaces() == n+2 })
	}
	check(t, "lines in the log", 0, l.log.count())
}

func TestFailedSavesAreRetried(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	check(t, "error", nil, os.Mkdir(dir, 0o700))
	l := startLoop(t, filepath.Join(dir, "state.json"))
	check(t, "error", nil, os.Rename(dir, dir+" away"))
	newWorkspace(t, l.First(), "new")
	l.save(300 * time.Millisecond)
	l.save(time.Second)
	l.save(time.Second)
	l.wantWait(time.Second)
	check(t, "lines in the log", 1, l.log.count())
	check(t, "error", nil, os.Rename(dir+" away", dir))
	l.fire <- time.Time{}
	eventually(t, "the change is saved", func() bool { return l.workspaces() == 2 && l.log.count() == 2 })
	for i, want := range []string{`level=ERROR msg="state not saved, retrying"`, `level=INFO msg="state saved after a failure"`} {
		if got := l.log.all[i]; !strings.Contains(got, want) {
			t.Errorf("log line %q, want %q", got, want)
		}
	}
	newWorkspace(t, l.First(), "newer")
	l.save(300 * time.Millisecond)
	eventually(t, "the next change is saved", func() bool { return l.workspaces() == 3 })
}

// A save during writes is consistent, and a later one has all of them.
func TestSavingDuringWrites(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	k := w.keeper(path)
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			o, err := w.AuthenticateOrFork(fmt.Sprintf("sk-ant-admin01-%d", i%4))
			if err != nil {
				t.Error(err)
				return
			}
			for n := range 20 {
				newWorkspace(t, o, fmt.Sprint(i, n))
				o.NewRequestID()
				if n == 10 {
					o.Advance(time.Hour)
				}
			}
		})
	}
	for range 20 {
		check(t, "error", nil, k.Stop(true))
		must(statefile.Read(path, w.real.now()))(t)
	}
	writers.Wait()
	check(t, "error", nil, k.stop())
	again := w.restarted(path)
	check(t, "everything", w.everything(), again.everything())
}

func TestUnchangedOrganizationsAreNotEncodedAgain(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	for n := range 2000 {
		must(w.First().AddUser(store.NewUser{Email: fmt.Sprintf("%d@example.com", n), Name: "U", Role: api.RoleUser}))(t)
	}
	k := w.keeper(path)
	if n := testing.AllocsPerRun(5, func() { check(t, "error", nil, k.Stop(true)) }); n > 500 {
		t.Errorf("%v allocations to save an unchanged store", n)
	}
	newWorkspace(t, w.Organizations()[1], "new")
	if n := testing.AllocsPerRun(1, func() { check(t, "error", nil, k.Stop(true)) }); n > 1500 {
		t.Errorf("%v allocations to save a change of another organization", n)
	}
}

// A restart keeps which organizations are forks, and when they were used.
func TestForksAfterARestart(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	used := must(w.AuthenticateOrFork("sk-ant-admin01-used"))(t)
	must(w.AuthenticateOrFork("sk-ant-admin01-unused"))(t)
	w.real.advance(time.Hour)
	w.Authenticate("sk-ant-admin01-used")
	file := w.saved(path)
	again := w.restarted(path)
	again.SetForkTTL(time.Hour)
	check(t, "the unused fork is removed", true, again.Authenticate("sk-ant-admin01-unused") == nil)
	check(t, "last activity", used.LastActivity(), again.Organization(used.ID()).LastActivity())
	check(t, "origin", store.OriginFork, again.Organization(used.ID()).Origin())
	check(t, "origin of the first", store.OriginSeed, again.First().Origin())

	check(t, "error", nil, os.WriteFile(path, statefile.Seal(strings.Replace(file, `"created_from":"fork"`, `"created_from":"thin air"`, 1)), 0o600))
	_, err := statefile.Read(path, w.real.now())
	if err == nil || !strings.Contains(err.Error(), `/organizations/2/created_from: invalid created_from "thin air": want seed, empty, fork, organization or snapshot`) {
		t.Errorf("error %v", err)
	}
}
