package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/internal/statefile"
	"antechamber/seed"
	"antechamber/store"
)

// overridden are the flags that an existing state file overrides.
var overridden = []string{"seed", "admin-key", "id-seed", "clock"}

// restore fills the store from the locked state file and sets the overridden flags
// from it. It returns nil if the file does not exist.
func (c *serveCmd) restore(file *statefile.Lock, s *store.Store, p *process, parsed *kong.Context, log *slog.Logger) (*source, error) {
	f, err := statefile.Read(file.Path(), p.now())
	failed, unreadable := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case unreadable:
		return nil, c.badStateFile(fmt.Errorf("cannot read state file %s: %w", c.StateFile, failed.Err))
	case err != nil:
		return nil, c.badStateFile(err)
	}
	from, known := seed.Builtin(f.Seed.Name)
	if !f.Seed.Builtin {
		from, err = seed.ParseSaved(f.Seed.Name, []byte(f.Seed.Text))
		known = err == nil
	}
	if !known {
		return nil, c.badStateFile(fmt.Errorf("damaged state file %s: /seed: invalid seed (file left unchanged; restore a backup or move the file aside)", c.StateFile))
	}
	c.IDSeed, c.Clock = new(idSeed(f.IDSeed)), nil
	if f.Clock != nil {
		c.Clock = &instant{*f.Clock}
	}
	err = f.Fill(s, func(index int) func(time.Time) (store.Contents, error) { return from.Reload(index, c.seedOptions()) })
	if err != nil {
		return nil, c.badStateFile(err)
	}
	if ignored := givenFlags(parsed, overridden); len(ignored) > 0 {
		log.Warn("state file overrides flags", "state_file", c.StateFile, "ignored", strings.Join(ignored, " "))
	}
	return &source{seed: f.Seed}, nil
}

// badStateFile refuses the file of --state-file.
func (c *serveCmd) badStateFile(err error) error { return badFlag("state-file", err, "") }

// givenFlags returns those of the named flags that were set on the command line or
// in the environment.
func givenFlags(parsed *kong.Context, names []string) (given []string) {
	for _, flag := range parsed.Flags() {
		for _, name := range names {
			if flag.Name == name && (onCommandLine(parsed, name) || inEnvironment(flag)) {
				given = append(given, "--"+name)
			}
		}
	}
	return given
}

func onCommandLine(parsed *kong.Context, flag string) bool {
	return slices.ContainsFunc(parsed.Path, func(part *kong.Path) bool { return part.Flag != nil && part.Flag.Name == flag })
}

func inEnvironment(flag *kong.Flag) bool {
	return len(fromVariables(flag)) > 0
}

// startSaving saves the store to the state file until stop is called. stop saves the
// store a last time; unchanging reports whether the store can no longer change.
func (c *serveCmd) startSaving(file *statefile.Lock, s *store.Store, from *source, p *process, log *slog.Logger) (stop func(unchanging bool) error, err error) {
	about := statefile.About{IDSeed: uint64(*c.IDSeed), Seed: from.seed}
	if c.Clock != nil {
		about.Clock = &c.Clock.Clock
	}
	k, err := statefile.Keep(statefile.Options{
		Lock: file, About: about, Store: s, RealTime: p.now, After: time.After, Log: log,
	})
	if err != nil {
		return nil, c.badStateFile(fmt.Errorf("cannot save state file %s: %w", c.StateFile, err))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(ctx)
	}()
	return func(unchanging bool) error {
		cancel()
		<-ended
		if err := k.Stop(unchanging); err != nil {
			return fmt.Errorf("cannot save state file %s: %w (changes since the last save are lost)", c.StateFile, err)
		}
		return nil
	}, nil
}
