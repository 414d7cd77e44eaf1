package statefile

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"antechamber/internal/wholefile"
	"antechamber/store"
)

// Keeper keeps a store in a file.
type Keeper struct {
	path     string
	about    About
	store    *store.Store
	realTime func() time.Time
	after    func(time.Duration) <-chan time.Time
	log      *slog.Logger

	lock    *os.File // held while the store is kept
	changed chan struct{}
	texts   map[any][]byte // of the versions that were saved last, by their tokens
	took    time.Duration  // to save the last time
}

// Options make a Keeper.
type Options struct {
	Path     string // as Resolve gives it
	About    About
	Store    *store.Store // that nobody uses yet
	RealTime func() time.Time
	After    func(time.Duration) <-chan time.Time
	Log      *slog.Logger
}

// Keep returns the keeper of a store, which it has saved for the first time.
func Keep(o Options) (*Keeper, error) {
	k := &Keeper{
		path: o.Path, about: o.About, store: o.Store, realTime: o.RealTime, after: o.After, log: o.Log,
		changed: make(chan struct{}, 1),
	}
	locked, err := lock(o.Path)
	if err != nil {
		return nil, err
	}
	k.lock = locked
	removeUnfinished(o.Path)
	o.Store.Changed = func() {
		select {
		case k.changed <- struct{}{}:
		default: // it is known already
		}
	}
	if err := k.save(false); err != nil {
		k.lock.Close()
		return nil, err
	}
	return k, nil
}

var errInUse = errors.New("another process keeps its organizations in it")

// removeUnfinished removes what other processes wrote aside for a file and could not
// finish.
func removeUnfinished(path string) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), wholefile.Aside(path)) {
			_ = os.Remove(filepath.Join(filepath.Dir(path), e.Name())) // it does no harm, either
		}
	}
}

// rest lies between the beginnings of two saves, unless one takes longer. What
// changes when a save has just begun is in the file when the next one is done:
// that is this time and a save later, or two saves.
const rest = 300 * time.Millisecond

// retry is how long it takes until a save that failed is tried once more.
const retry = time.Second

// Run saves the store whenever it has changed, until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	wait, failed := k.changed, error(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait:
		}
		pause := max(0, rest-k.took)
		if failed != nil {
			pause = retry
		}
		select {
		case <-ctx.Done():
			return
		case <-k.after(pause):
		}
		// What changes from here on is saved the next time.
		select {
		case <-k.changed:
		default:
		}
		err := k.save(false)
		switch {
		case err != nil && (failed == nil || err.Error() != failed.Error()):
			k.log.Error("the state was not saved, and this is tried again", "state_file", k.path, "error", err)
		case err == nil && failed != nil:
			k.log.Info("the state was saved again", "state_file", k.path)
		}
		wait, failed = k.changed, err
		if err != nil {
			wait = ready
		}
	}
}

// ready is a channel that waits for nothing.
var ready = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Stop saves the store for the last time. Run has to have ended, and nobody
// may change the store any more.
func (k *Keeper) Stop() error {
	defer k.lock.Close()
	return k.save(true)
}

// save saves the store. A version that was saved before is not encoded again.
func (k *Keeper) save(stopped bool) error {
	began := k.realTime()
	kept := k.store.Dump()
	texts := make(map[any][]byte, len(kept.Versions))
	states := make([][]byte, len(kept.Versions))
	for i, v := range kept.Versions {
		text, known := k.texts[v.Token()]
		if !known {
			text = stateOf(v)
		}
		texts[v.Token()], states[i] = text, text
	}
	k.texts = texts
	err := wholefile.Replace(k.path, func(w io.Writer) error { return write(w, k.about, kept, states, stopped) })
	k.took = k.realTime().Sub(began)
	return wholefile.Reason(err)
}
