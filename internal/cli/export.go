package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"antechamber/internal/text"
	"antechamber/internal/wholefile"
)

type exportCmd struct {
	File  string `arg:"" optional:"" name:"FILE" help:"Output file. Default: -, which is standard output."`
	Force bool   `env:"-" help:"Overwrite an existing file."`
	remoteFlags
}

func (exportCmd) Help() string {
	return `The seed holds the complete state, including admin keys and the clock. Use it with antechamber --seed or antechamber import. Only the owner of the file may read it.

Examples:

  antechamber export acme.json
  antechamber export --force acme.json
  antechamber export > acme.json
  antechamber export --organization 12345678-1234-5678-1234-567812345678 acme.json`
}

// Run exports an organization.
func (c *exportCmd) Run(ctx context.Context, p *process) error {
	if c.File == devStdout {
		c.File = "-"
	}
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
	return printResponse(&c.remoteFlags, p, state, func(w io.Writer, organization struct{ Name string }) {
		fmt.Fprintf(w, "wrote %s to %s (contains its admin keys)\n", text.Printable(organization.Name), c.File)
	})
}

// mayWrite refuses to overwrite an existing file without --force. Writing to a
// pipe or device is always allowed.
func (c *exportCmd) mayWrite() error {
	if c.Force || c.File == "" || c.File == "-" {
		return nil
	}
	if info, err := os.Stat(c.File); err == nil && info.Mode().IsRegular() {
		return badInput("%s already exists (use --force to overwrite it)", c.File)
	}
	return nil
}

// devStdout is another name of standard output. Where that is redirected to a file,
// opening it by this name would replace the file and lose what else is printed.
const devStdout = "/dev/stdout"

// save replaces the content of a file atomically, after following symbolic links. Only
// its owner may read the file.
func save(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0o600) // such as a pipe, which must not be replaced by a file
	}
	path, err := wholefile.Resolve(path)
	if err != nil {
		return err
	}
	return wholefile.Replace(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
