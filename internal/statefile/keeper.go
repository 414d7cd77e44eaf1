package statefile

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"antechamber/internal/wholefile"
	"antechamber/store"
)

// Keeper saves a store to a file.
type Keeper struct {
	lock     *Lock
	about    About
	store    *store.Store
	realTime func() time.Time
	after    func(time.Duration) <-chan time.Time
	log      *slog.Logger

	changed  chan struct{}
	encoded  map[any][]byte // versions in the last save, by their tokens
	saveTime time.Duration  // how long the last save took
}

// Options configure a Keeper.
type Options struct {
	Lock     *Lock
	About    About
	Store    *store.Store // not in use yet
	RealTime func() time.Time
	After    func(time.Duration) <-chan time.Time
	Log      *slog.Logger
}

// Keep saves the store for the first time and returns its Keeper.
func Keep(o Options) (*Keeper, error) {
	k := &Keeper{
		lock: o.Lock, about: o.About, store: o.Store, realTime: o.RealTime, after: o.After, log: o.Log,
		changed: make(chan struct{}, 1),
	}
	removeUnfinished(o.Lock.path)
	o.Store.Changed = func() {
		select {
		case k.changed <- struct{}{}:
		default: // a save is due already
		}
	}
	if err := k.save(false); err != nil {
		return nil, err
	}
	return k, nil
}

// removeUnfinished removes the temporary files of processes that died while saving.
func removeUnfinished(path string) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), wholefile.TempPrefix(path)) {
			_ = os.Remove(filepath.Join(filepath.Dir(path), e.Name())) // harmless if it stays
		}
	}
}

// saveInterval is the minimum time between the starts of two saves. A change that
// just misses one save is in the file after the next: saveInterval and one save later,
// or two saves if they take longer.
const saveInterval = 300 * time.Millisecond

// retryInterval is the time between attempts after a failed save.
const retryInterval = time.Second

// Run saves the store whenever it changes, until ctx is done. Of consecutive failures
// with the same error, it logs only the first.
func (k *Keeper) Run(ctx context.Context) {
	wait, failed := k.changed, error(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait:
		}
		pause := max(0, saveInterval-k.saveTime)
		if failed != nil {
			pause = retryInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-k.after(pause):
		}
		// Changes after this point are due for the next save.
		select {
		case <-k.changed:
		default:
		}
		err := k.save(false)
		switch {
		case err != nil && (failed == nil || err.Error() != failed.Error()):
			k.log.Error("state not saved, retrying", "state_file", k.lock.path, "error", err)
		case err == nil && failed != nil:
			k.log.Info("state saved after a failure", "state_file", k.lock.path)
		}
		wait, failed = k.changed, err
		if err != nil {
			wait = closed // retry without a change
		}
	}
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Stop saves the store for the last time. Run must have returned. unchanging reports
// whether the store no longer changes; otherwise the file is marked like that of a
// process that was killed, so that no id is given out again.
func (k *Keeper) Stop(unchanging bool) error { return k.save(unchanging) }

// save saves the store, reusing the encoded versions of the last save.
func (k *Keeper) save(stopped bool) error {
	began := k.realTime()
	if err := k.lock.confirm(); err != nil {
		return wholefile.Reason(err)
	}
	kept := k.store.Dump()
	encoded := make(map[any][]byte, len(kept.Versions))
	states := make([][]byte, len(kept.Versions))
	for i, v := range kept.Versions {
		state, ok := k.encoded[v.Token()]
		if !ok {
			state = stateOf(v)
		}
		encoded[v.Token()], states[i] = state, state
	}
	k.encoded = encoded
	err := wholefile.Replace(k.lock.path, func(w io.Writer) error { return write(w, k.about, kept, states, stopped) })
	k.saveTime = k.realTime().Sub(began)
	return wholefile.Reason(err)
}
