package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"antechamber/internal/wholefile"
	"antechamber/seed"
)

// schemaFile is what the starter seed calls its schema.
const schemaFile = "seed.schema.json"

type initCmd struct {
	File  string `arg:"" optional:"" default:"seed.json" name:"FILE" help:"The seed to write. Default ${default}."`
	Force bool   `env:"-" help:"Overwrite what is there."`
}

func (initCmd) Help() string {
	return `It is a small organization to change: users of several roles, invites, workspaces, keys, and times that are relative to now. Its JSON Schema goes beside it as seed.schema.json, in a folder that is made where there is none, by which editors complete and check.

Examples:

  antechamber init
  antechamber init seeds/acme.json
  antechamber init --force && antechamber --seed seed.json`
}

// document is a file to be written.
type document struct {
	path    string
	content []byte
}

// Run writes a seed and its schema.
func (c *initCmd) Run(p *process) error {
	schema := filepath.Join(filepath.Dir(c.File), schemaFile)
	if name := filepath.Base(c.File); c.File == "" || name == "." || name == "-" || name == schemaFile {
		return badInput("expected the name of a file for the seed, such as seed.json, not %q", c.File)
	}
	if err := c.write([]document{{c.File, seed.Starter}, {schema, seed.Schema}}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "wrote %s, a small organization to change\nwrote %s, by which editors complete and check it\nserve it with: antechamber --seed %s\n",
		c.File, schema, quoted(servable(c.File)))
	return err
}

// servable is how a seed file is named to serve: never as a built-in one.
func servable(file string) string {
	if _, builtin := seed.Builtin(file); builtin {
		return "." + string(filepath.Separator) + file
	}
	return file
}

// write writes all files or none.
func (c *initCmd) write(all []document) error {
	for _, d := range all {
		if err := c.mayWrite(d); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(c.File), 0o777); err != nil {
		return badInput("cannot make the folder of %s: %w", c.File, wholefile.Reason(err))
	}
	var made []string
	for _, d := range all {
		_, err := os.Lstat(d.path)
		isNew := errors.Is(err, fs.ErrNotExist)
		if err := d.write(); err != nil {
			for _, path := range made {
				os.Remove(path)
			}
			return badInput("cannot write %s: %w", d.path, wholefile.Reason(err))
		}
		if isNew {
			made = append(made, d.path)
		}
	}
	return nil
}

// write writes a file that everybody may read.
func (d document) write() error {
	err := wholefile.Replace(d.path, func(w io.Writer) error {
		_, err := w.Write(d.content)
		return err
	})
	if err != nil {
		return err
	}
	return os.Chmod(d.path, 0o644)
}

// mayWrite refuses what is no file, and a file that is there and says something
// else.
func (c *initCmd) mayWrite(d document) error {
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return badInput("cannot write %s: %w", d.path, wholefile.Reason(err))
	case !info.Mode().IsRegular():
		return badInput("%s is no file to be written; nothing was written", d.path)
	case c.Force:
		return nil
	}
	if filepath.Base(d.path) == schemaFile {
		if there, err := os.ReadFile(d.path); err == nil && bytes.Equal(there, d.content) {
			return nil // the schema of another seed beside it
		}
	}
	return badInput("%s is there already: --force overwrites it; nothing was written", d.path)
}
