package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"antechamber/internal/text"
	"antechamber/internal/wholefile"
	"antechamber/seed"
)

// schemaFile is the name of the schema in the starter seed.
const schemaFile = "seed.schema.json"

type initCmd struct {
	File  string `arg:"" optional:"" default:"seed.json" name:"FILE" help:"Seed file to write, or a directory for seed.json. Default: ${default}."`
	Force bool   `env:"-" help:"Overwrite existing files."`
}

func (initCmd) Help() string {
	return `The seed is a small organization to edit: users of several roles, invites, workspaces, API keys, and times relative to now. Its JSON Schema is written next to it as seed.schema.json, for editor completion and validation. Missing directories are created.

Examples:

  antechamber init
  antechamber init seeds/
  antechamber init seeds/acme.json
  antechamber init --force && antechamber --seed seed.json`
}

// document is a file to write.
type document struct {
	path    string
	content []byte
}

// Run writes a seed and its schema.
func (c *initCmd) Run(p *process) error {
	if info, err := os.Stat(c.File); os.IsPathSeparator(c.File[len(c.File)-1]) || err == nil && info.IsDir() {
		c.File = filepath.Join(c.File, "seed.json")
	}
	schema := filepath.Join(filepath.Dir(c.File), schemaFile)
	if name := filepath.Base(c.File); name == "-" || name == schemaFile {
		return badInput("%s", text.Invalid("<FILE>", text.Quote(c.File), "a file name for the seed, such as seed.json"))
	}
	if err := c.write([]document{{c.File, seed.Starter}, {schema, seed.Schema}}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "wrote %s, a small organization to edit\nwrote %s, for editor completion and validation\nserve it with: antechamber --seed %s\n",
		c.File, schema, shellQuote(seedArgument(c.File)))
	return err
}

// seedArgument returns the value of --seed for a file, which may have the name of
// a built-in seed.
func seedArgument(file string) string {
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
		return badInput("cannot create the directory of %s: %w", c.File, wholefile.Reason(err))
	}
	var created []string
	for _, d := range all {
		_, err := os.Lstat(d.path)
		isNew := errors.Is(err, fs.ErrNotExist)
		if err := d.write(); err != nil {
			for _, path := range created {
				os.Remove(path)
			}
			return badInput("cannot write %s: %w", d.path, wholefile.Reason(err))
		}
		if isNew {
			created = append(created, d.path)
		}
	}
	return nil
}

// write writes a file that everyone may read, after following symbolic links.
func (d document) write() error {
	path, err := wholefile.Resolve(d.path)
	if err != nil {
		return err
	}
	err = wholefile.Replace(path, func(w io.Writer) error {
		_, err := w.Write(d.content)
		return err
	})
	if err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}

// mayWrite refuses a path that is not a regular file, and an existing file with
// other content unless --force is given.
func (c *initCmd) mayWrite(d document) error {
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return badInput("cannot write %s: %w", d.path, wholefile.Reason(err))
	case !info.Mode().IsRegular():
		return badInput("cannot write %s: not a regular file (nothing was written)", d.path)
	case c.Force:
		return nil
	}
	if filepath.Base(d.path) == schemaFile {
		if content, err := wholefile.Read(d.path, len(d.content)); err == nil && bytes.Equal(content, d.content) {
			return nil // written with another seed in this directory
		}
	}
	return badInput("%s already exists (use --force to overwrite it; nothing was written)", d.path)
}
