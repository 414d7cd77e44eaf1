package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

type exportCmd struct {
	File string `arg:"" optional:"" name:"FILE" help:"Where to write it; without a file, or with -, to standard output."`
	remoteFlags
}

func (exportCmd) Help() string {
	return `The state is a seed that leaves nothing out, admin keys and clock included: a server can begin with it, and antechamber import takes it back. A file is readable by its owner alone.

Examples:

  antechamber export acme.json
  antechamber export > acme.json
  antechamber export --organization 12345678-1234-5678-1234-567812345678 acme.json`
}

// Run writes the state of an organization.
func (c *exportCmd) Run(ctx context.Context, p *process) error {
	state, err := c.send(ctx, p, request{method: http.MethodGet, path: "/state"})
	if err != nil {
		return err
	}
	if c.File == "" || c.File == "-" {
		_, err := p.stdout.Write(state)
		return err
	}
	if err := save(c.File, state); err != nil {
		return fmt.Errorf("cannot write %s: %w", c.File, reason(err))
	}
	return tell(&c.remoteFlags, p, state, func(w io.Writer, organization struct{ Name string }) {
		fmt.Fprintf(w, "wrote %s to %s, which holds its admin keys\n", plain(organization.Name), c.File)
	})
}

// save makes a file hold a text: all of it, or what it held before. Only its
// owner may read it.
func save(path string, content []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0o600) // a pipe, say, in whose place no file should be
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(content))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// reason is an error about a file without the file, which the sentence names
// already.
func reason(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	if wrapped, ok := errors.AsType[*os.LinkError](err); ok {
		return wrapped.Err
	}
	return err
}
