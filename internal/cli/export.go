package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"antechamber/internal/text"
	"antechamber/internal/wholefile"
)

type exportCmd struct {
	File  string `arg:"" optional:"" name:"FILE" help:"Where to write it; without a file, or with -, to standard output."`
	Force bool   `env:"-" help:"Overwrite the file."`
	remoteFlags
}

func (exportCmd) Help() string {
	return `The state is a seed that leaves nothing out, admin keys and clock included: a server can begin with it, and antechamber import takes it back. A file is readable by its owner alone.

Examples:

  antechamber export acme.json
  antechamber export --force acme.json
  antechamber export > acme.json
  antechamber export --organization 12345678-1234-5678-1234-567812345678 acme.json`
}

// Run writes the state of an organization.
func (c *exportCmd) Run(ctx context.Context, p *process) error {
	if err := c.mayWrite(); err != nil {
		return err
	}
	state, err := c.send(ctx, p, request{method: http.MethodGet, path: "/state"})
	if err != nil {
		return err
	}
	if c.File == "" || c.File == "-" {
		_, err := p.stdout.Write(state)
		return err
	}
	if err := save(c.File, state); err != nil {
		return fmt.Errorf("cannot write %s: %w", c.File, wholefile.Reason(err))
	}
	return tell(&c.remoteFlags, p, state, func(w io.Writer, organization struct{ Name string }) {
		fmt.Fprintf(w, "wrote %s to %s, which holds its admin keys\n", text.Printable(organization.Name), c.File)
	})
}

// mayWrite refuses a file that is there, unless it may be overwritten. A pipe
// may always be written to.
func (c *exportCmd) mayWrite() error {
	if c.Force || c.File == "" || c.File == "-" {
		return nil
	}
	if info, err := os.Stat(c.File); err == nil && info.Mode().IsRegular() {
		return badInput("%s is there already: --force overwrites it", c.File)
	}
	return nil
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
	return wholefile.Replace(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
