package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/internal/statefile"
	"antechamber/seed"
	"antechamber/store"
)

// outranked are the flags that say nothing once there is a state file.
var outranked = []string{"seed", "admin-key", "id-seed", "clock"}

// remember fills the store from the state file, if there is one, and takes from
// it what flags would have said. It gives nil when there is none.
func (c *serveCmd) remember(s *store.Store, p *process, parsed *kong.Context, log *slog.Logger) (*begun, error) {
	if c.StateFile == "" {
		return nil, nil
	}
	f, err := statefile.Read(statefile.Resolve(c.StateFile), p.now())
	failed, unreadable := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case unreadable:
		return nil, badInput("cannot read the state file %s: %v", c.StateFile, failed.Err)
	case err != nil:
		return nil, badInput("%w", err)
	}
	from, known := seed.Builtin(f.Seed.Name)
	if !f.Seed.Builtin {
		from, err = seed.Parse(f.Seed.Name, []byte(f.Seed.Text))
		known = err == nil
	}
	if !known {
		return nil, badInput("the state file %s is damaged, and stays as it is: /seed: expected a seed", c.StateFile)
	}
	c.IDSeed, c.Clock = new(idSeed(f.IDSeed)), nil
	if f.Clock != nil {
		c.Clock = &instant{*f.Clock}
	}
	err = f.Fill(s, func(place int) func(time.Time) (store.Contents, error) { return from.Reload(place, c.loading()) })
	if err != nil {
		return nil, badInput("%w", err)
	}
	if ignored := given(parsed, outranked); len(ignored) > 0 {
		log.Warn("the state file outranks what was given", "state_file", c.StateFile, "ignored", strings.Join(ignored, " "))
	}
	return &begun{seed: f.Seed}, nil
}

// given tells which flags somebody has set, on the command line or in the
// environment.
func given(parsed *kong.Context, names []string) (found []string) {
	for _, flag := range parsed.Flags() {
		for _, name := range names {
			if flag.Name == name && isGiven(parsed, flag) {
				found = append(found, "--"+name)
			}
		}
	}
	return found
}

func isGiven(parsed *kong.Context, flag *kong.Flag) bool {
	for _, part := range parsed.Path {
		if part.Flag == flag {
			return true
		}
	}
	for _, variable := range flag.Envs {
		if _, set := os.LookupEnv(variable); set {
			return true
		}
	}
	return false
}

// keep keeps the store in the state file from now on, if there is to be one.
// What it gives ends that, and saves the store for the last time.
func (c *serveCmd) keep(s *store.Store, started *begun, p *process, log *slog.Logger) (stop func() error, err error) {
	if c.StateFile == "" {
		return func() error { return nil }, nil
	}
	about := statefile.About{IDSeed: uint64(*c.IDSeed), Seed: started.seed}
	if c.Clock != nil {
		about.Clock = &c.Clock.Clock
	}
	k, err := statefile.Keep(statefile.Options{
		Path: statefile.Resolve(c.StateFile), About: about, Store: s, RealTime: p.now, After: time.After, Log: log,
	})
	if err != nil {
		return nil, badInput("cannot save the state file %s: %v", c.StateFile, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(ctx)
	}()
	return func() error {
		cancel()
		<-ended
		if err := k.Stop(); err != nil {
			return fmt.Errorf("cannot save the state file %s, and what has changed since the last time is lost: %w", c.StateFile, err)
		}
		return nil
	}, nil
}
