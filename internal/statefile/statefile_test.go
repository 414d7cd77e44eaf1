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

// text is a seed of two organizations, a running one with relative times and a
// frozen one.
const text = `{"organizations": [
  {"name": "Running & Co", "admin_keys": ["sk-ant-admin01-running"],
   "users": [{"email": "jane@example.com", "role": "admin", "added_at": "-30d"}],
   "invites": [{"id": "invite_a", "email": "new@example.com", "role": "user", "invited_at": "-3d"}],
   "workspaces": [{"name": "W", "created_at": "-3d", "members": [{"user": "jane@example.com", "workspace_role": "workspace_admin"}]}],
   "api_keys": [{"name": "k", "workspace": "W", "created_by": "jane@example.com", "created_at": "-2d", "expires_at": "+40d"}]},
  {"name": "Frozen", "admin_keys": ["sk-ant-admin01-frozen"], "clock": {"frozen_at": "2025-01-01T00:00:00Z"},
   "users": [{"email": "joe@example.com", "role": "user", "added_at": "-1d"}]}
]}`

var epoch = time.Date(2026, 1, 1, 12, 0, 0, 123456789, time.UTC)

// realTime stands still until a test moves it.
type realTime struct{ passed atomic.Int64 }

func (r *realTime) now() time.Time          { return epoch.Add(time.Duration(r.passed.Load())) }
func (r *realTime) advance(d time.Duration) { r.passed.Add(int64(d)) }

// world is a store with the organizations of the seed, and what begins anew
// from there.
type world struct {
	t    tb
	real *realTime
	*store.Store
	about statefile.About
}

// tb is what a test has in common with one of rapid.
type tb interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

const idSeed = 7

var about = statefile.About{IDSeed: idSeed, Seed: statefile.Seed{Name: "two.json", Text: text}}

// anew loads an organization of the seed.
func anew(t tb) func(place int) func(time.Time) (store.Contents, error) {
	s := must(seed.Parse("two.json", []byte(text)))(t)
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
		load := anew(t)(place)
		if place == 0 {
			from.Reload = load
		}
		must(w.AddSeeded(must(load(epoch))(t), from))(t)
	}
	return w
}

// keeper keeps the world in a file.
func (w *world) keeper(path string) *statefile.Keeper {
	w.t.Helper()
	return must(statefile.Keep(statefile.Options{
		Path: path, About: w.about, Store: w.Store, RealTime: w.real.now, Log: slog.New(slog.DiscardHandler),
		After: func(time.Duration) <-chan time.Time { panic("nothing waits") },
	}))(w.t)
}

// saved returns what is in the file of a world that stops.
func (w *world) saved(path string) string {
	w.t.Helper()
	check(w.t, "error", nil, w.keeper(path).Stop())
	return string(must(os.ReadFile(path))(w.t))
}

// restarted is the world that comes back from a file.
func (w *world) restarted(path string) *world {
	w.t.Helper()
	again := &world{w.t, w.real, store.New(w.real.now), w.about}
	f := must(statefile.Read(path, w.real.now()))(w.t)
	check(w.t, "about", w.about, f.About)
	check(w.t, "error", nil, f.Fill(again.Store, anew(w.t)))
	return again
}

// everything is what can be told of all organizations.
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

// busy makes a world in which something has happened.
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

func TestARestartChangesNothing(t *testing.T) {
	w, path := busy(t), filepath.Join(t.TempDir(), "state.json")
	before := w.saved(path)
	again := w.restarted(path)
	check(t, "the file of what came back", before, again.saved(path))
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
	check(t, "what a reset leads back to", "Running & Co", again.First().Name())

	w.real.advance(30 * 24 * time.Hour)
	for _, w := range []*world{w, again} {
		check(t, "error", nil, w.First().Reset())
	}
	invite := must(again.First().GetOrganizationInvite("invite_a"))(t).Value
	check(t, "status a month later", api.InvitePending, invite.Status)
	check(t, "everything a month later", w.everything(), again.everything())
	check(t, "organizations without the one that has ended", 6, len(again.Organizations()))
}

func TestBuiltinSeedsComeBack(t *testing.T) {
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
			check(t, "the file of what came back", before, again.saved(path))
			check(t, "everything", w.everything(), again.everything())
			w.real.advance(60 * 24 * time.Hour)
			check(t, "everything later", w.everything(), again.everything())
			check(t, "everything of a later start", w.First().Contents(), w.restarted(path).First().Contents())
		})
	}
}

// A restart after kill -9 repeats no request id, on a clock that stands still
// neither.
func TestRequestIDsDoNotRepeat(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	k := w.keeper(path)
	seen := map[string]bool{}
	for range 3 {
		for _, o := range w.Organizations() {
			for range 1000 {
				id := o.NewRequestID()
				if seen[id] {
					t.Fatalf("%s is there twice", id)
				}
				seen[id] = true
			}
		}
		k.Die()
		w = w.restarted(path) // and what was counted is lost
		k = w.keeper(path)
	}
}

// What is the same for many organizations is in the file once.
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
	check(t, "what came back", many, w.restarted(path).saved(path))
}

// The clock of another machine may be behind, and no organization goes back.
func TestAClockDoesNotGoBack(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	w.real.advance(time.Hour)
	newWorkspace(t, w.First(), "new")
	showed := w.First().Now()
	w.saved(path)
	w.real.advance(-3 * time.Hour)
	check(t, "now", showed, w.restarted(path).First().Now())
}

func TestTheFileIsPrivateAndAlone(t *testing.T) {
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

func TestALinkStaysALink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "state.json"), filepath.Join(dir, "link.json")
	newWorld(t).saved(path)
	check(t, "error", nil, os.Symlink("state.json", link))
	newWorld(t).saved(statefile.Resolve(link))
	check(t, "type", fs.ModeSymlink, must(os.Lstat(link))(t).Mode().Type())
	check(t, "of what is not there", filepath.Join(dir, "none"), statefile.Resolve(filepath.Join(dir, "none")))
}

func TestADirectoryThatCannotBeWrittenTo(t *testing.T) {
	w := newWorld(t)
	_, err := statefile.Keep(statefile.Options{Path: filepath.Join(t.TempDir(), "none", "s.json"), Store: w.Store, RealTime: w.real.now})
	if err == nil || err.Error() != "no such file or directory" {
		t.Errorf("the error is %v", err)
	}
}

// refused holds that a file is refused, for a reason, and stays as it is.
func refused(t tb, path string, data []byte, why string) {
	t.Helper()
	check(t, "error", nil, os.WriteFile(path, data, 0o600))
	_, err := statefile.Read(path, epoch)
	switch {
	case err == nil:
		t.Errorf("%q is a state file", data)
		return
	case !strings.HasPrefix(err.Error(), "the state file "+path+" is damaged, and stays as it is: ") || strings.Contains(err.Error(), "\n"):
		t.Errorf("it is refused with %q", err)
	case !strings.Contains(err.Error(), why):
		t.Errorf("it is refused with %q, and not with %q", err, why)
	}
	check(t, "the file", string(data), string(must(os.ReadFile(path))(t)))
}

// small is a file of an organization without anybody in it.
func small(t tb, path string) []byte {
	t.Helper()
	s := store.New(func() time.Time { return epoch })
	nobody, _ := seed.Builtin("empty")
	c := must(nobody.Load(seed.Options{Real: epoch, IDSeed: idSeed}))(t)[0]
	c.AdminKeys = []string{"sk-ant-admin01-a"}
	must(s.Add(c))(t)
	return []byte((&world{t, new(realTime), s, statefile.About{Seed: statefile.Seed{Name: "empty", Builtin: true}}}).saved(path))
}

func TestDamagedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	whole := small(t, path)
	for n := range whole {
		refused(t, path, whole[:n], "")
	}
	refused(t, path, whole[:100], "line 1, column 101: unexpected end of text")
	refused(t, path, whole[:len(whole)-1], "/checksum: expected ")
	for n := range whole {
		damaged := bytes.Clone(whole)
		damaged[n] ^= 1
		refused(t, path, damaged, "")
	}
	refused(t, path, append(bytes.Clone(whole), '\n'), "/checksum")
	refused(t, path, append(bytes.Clone(whole), '}'), "invalid character '}' at start of value")
	refused(t, path, []byte(text), "/antechamber: expected the version of a state file, and there is none: this is some other file")
	refused(t, path, []byte("[]"), "line 1, column 1: expected")
	refused(t, path, bytes.Replace(whole, []byte(`"antechamber":1`), []byte(`"antechamber":2`), 1), "/antechamber: expected version 1 of state files, not 2")
	refused(t, path, bytes.Replace(whole, []byte("Empty"), []byte("Empfy"), 1), "something before it was changed or is missing")
}

// What the checksum does not show is refused by what it says.
func TestFilesThatContradictThemselves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	whole := string(small(t, path))
	for _, test := range []struct{ old, new, why string }{
		{`"origin":0`, `"origin":1`, "/organizations/0/origin: there is no origin 1"},
		{`"origins":[` + "\n" + `{"state":0`, `"origins":[` + "\n" + `{"state":-1`, "/origins/0/state: there is no state -1"},
		{`"state":0,"name":"Empty","clock":{"offset":"0s"},"origin"`, `"state":0,"name":"Empty","clock":{"offset":"x"},"origin"`, `/organizations/0/clock: expected frozen_at or an offset, not "x"`},
		{`"admin_keys":["sk-ant-admin01-a"]`, `"admin_keys":[]`, "/organizations: expected an organization with an admin key"},
		{`"users":[]`, `"users":[{}]`, "/states/0/users/0"},
		{`"stopped":true`, `"stopped":3`, "line 1, column 79: invalid stopped: unexpected number"},
		{`"stopped":true`, `"stopped":true,"stopped":true`, `line 1, column 84: repeated field "stopped"`},
		{`"users":[]`, `"users":[],"u\u0073ers":[]`, `repeated field "users"`},
		{`"tags":{}`, `"tags":{"a":"b","a":"c"}`, "/states/0/default_workspace/tags/a"},
		{`"name":"Empty"`, "\"name\":\"Empt\xff\"", "invalid UTF-8"},
		{`{"offset":"0s"}`, `{"offset":"0s","ofset":"0s"}`, `unknown field "ofset"`},
		{`"stopped":true`, `"stoped":true`, `unknown field "stoped"`},
	} {
		changed := strings.Replace(whole, test.old, test.new, 1)
		if changed == whole {
			t.Fatalf("there is no %s in\n%s", test.old, whole)
		}
		refused(t, path, statefile.Seal(changed), test.why)
	}
	two := strings.Replace(whole, `"organizations":[`, `"organizations":[`+"\n"+`{"id":"x","admin_keys":["sk-ant-admin01-a"],"state":0,"name":"Empty","clock":{"offset":"0s"},"origin":0,"requests":0,"request_seed":0},`, 1)
	check(t, "error", nil, os.WriteFile(path, statefile.Seal(two), 0o600))
	err := must(statefile.Read(path, epoch))(t).Fill(store.New(func() time.Time { return epoch }), nil)
	if err == nil || !strings.Contains(err.Error(), "the admin key belongs to another organization") {
		t.Errorf("two organizations with one key: %v", err)
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	if _, err := statefile.Read(filepath.Join(t.TempDir(), "none"), epoch); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

func TestRandomBytesAreNoStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	rapid.Check(t, func(t *rapid.T) {
		refused(t, path, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), "")
	})
}

// Whatever was done to a store, it comes back as it was.
func TestAnythingComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			w.real.advance(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "passed")))
			all := w.Organizations()
			o := all[rapid.IntRange(0, len(all)-1).Draw(t, "organization")]
			switch rapid.IntRange(0, 11).Draw(t, "what") {
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
		check(t, "the file of what came back", before, again.saved(path))
		check(t, "everything", w.everything(), again.everything())
	})
}

// loop is a keeper whose timer a test turns.
type loop struct {
	*world
	path  string
	log   *lines
	waits chan time.Duration // what it waits for
	turn  chan time.Time
}

// lines are those of a log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

func startLoop(t *testing.T, path string) *loop {
	t.Helper()
	l := &loop{newWorld(t), path, new(lines), make(chan time.Duration), make(chan time.Time)}
	k := must(statefile.Keep(statefile.Options{
		Path: path, About: about, Store: l.Store, RealTime: l.real.now, Log: slog.New(slog.NewTextHandler(io.Writer(l.log), nil)),
		After: func(d time.Duration) <-chan time.Time {
			l.waits <- d
			return l.turn
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
		case <-l.waits: // it was about to save once more
			<-ended
		case <-ended:
		}
	})
	return l
}

// wants holds what the keeper waits for next.
func (l *loop) wants(d time.Duration) {
	l.t.Helper()
	check(l.t, "it waits for", d, <-l.waits)
}

// next lets the keeper save.
func (l *loop) next(d time.Duration) {
	l.t.Helper()
	l.wants(d)
	l.turn <- time.Time{}
}

// workspaces is how many the first organization has in the file.
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
	t.Fatal("it never happens: " + what)
}

func TestAChangeIsSaved(t *testing.T) {
	l := startLoop(t, filepath.Join(t.TempDir(), "state.json"))
	for n := 1; n < 7; n += 2 {
		newWorkspace(t, l.First(), fmt.Sprint("one ", n))
		l.wants(300 * time.Millisecond)
		newWorkspace(t, l.First(), fmt.Sprint("two ", n))
		check(t, "workspaces before", n, l.workspaces())
		l.turn <- time.Time{}
		eventually(t, "both are saved", func() bool { return l.workspaces() == n+2 })
	}
	check(t, "lines in the log", 0, l.log.count())
}

func TestASaveThatFailsIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	check(t, "error", nil, os.Mkdir(dir, 0o700))
	l := startLoop(t, filepath.Join(dir, "state.json"))
	check(t, "error", nil, os.Rename(dir, dir+" away"))
	newWorkspace(t, l.First(), "new")
	l.next(300 * time.Millisecond)
	l.next(time.Second)
	l.next(time.Second)
	l.wants(time.Second)
	check(t, "lines in the log", 1, l.log.count())
	check(t, "error", nil, os.Rename(dir+" away", dir))
	l.turn <- time.Time{}
	eventually(t, "it is saved", func() bool { return l.workspaces() == 2 && l.log.count() == 2 })
	for i, want := range []string{`level=ERROR msg="the state was not saved, and this is tried again"`, `level=INFO msg="the state was saved again"`} {
		if got := l.log.all[i]; !strings.Contains(got, want) {
			t.Errorf("the log says %s", got)
		}
	}
	newWorkspace(t, l.First(), "newer")
	l.next(300 * time.Millisecond)
	eventually(t, "it is saved", func() bool { return l.workspaces() == 3 })
}

// What is written while a store is saved is in the file or in the next one,
// and whole.
func TestSavingWhileOthersWrite(t *testing.T) {
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
		check(t, "error", nil, k.Stop())
		must(statefile.Read(path, w.real.now()))(t)
	}
	writers.Wait()
	check(t, "error", nil, k.Stop())
	again := w.restarted(path)
	check(t, "everything", w.everything(), again.everything())
}

// An organization that has not changed is not encoded again.
func TestSavingCostsWhatHasChanged(t *testing.T) {
	w, path := newWorld(t), filepath.Join(t.TempDir(), "state.json")
	for n := range 2000 {
		must(w.First().AddUser(store.NewUser{Email: fmt.Sprintf("%d@example.com", n), Name: "U", Role: api.RoleUser}))(t)
	}
	k := w.keeper(path)
	if n := testing.AllocsPerRun(5, func() { check(t, "error", nil, k.Stop()) }); n > 500 {
		t.Errorf("%v allocations to save what has not changed", n)
	}
	newWorkspace(t, w.Organizations()[1], "new")
	if n := testing.AllocsPerRun(1, func() { check(t, "error", nil, k.Stop()) }); n > 1500 {
		t.Errorf("%v allocations to save a change of another organization", n)
	}
}

// Two processes must not keep their organizations in one file: each would
// overwrite what the other has saved.
func TestAFileHasOneKeeper(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	w := newWorld(t)
	k := w.keeper(path)
	before := must(os.ReadFile(path))(t)
	_, err := statefile.Keep(statefile.Options{Path: path, Store: newWorld(t).Store, RealTime: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the second keeper: %v", err)
	}
	check(t, "the file", string(before), string(must(os.ReadFile(path))(t)))
	check(t, "error", nil, k.Stop())
	newWorld(t).keeper(path).Die()
}
