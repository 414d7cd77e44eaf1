package main

import (
	"bytes"
	"errors"
	"fmt"
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
	return `It is a small organization to change: users of several roles, invites, workspaces, keys, and times that are relative to now. Its JSON Schema goes beside it as seed.schema.json, by which editors complete and check.

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
	if err := c.write([]document{{schema, seed.Schema}, {c.File, seed.Starter}}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "wrote %s, a small organization to change\nwrote %s, by which editors complete and check it\nserve it with: antechamber --seed %s\n",
		c.File, schema, quoted(c.File))
	return err
}

// write writes all files or none.
func (c *initCmd) write(all []document) error {
	for _, d := range all {
		if err := c.mayWrite(d); err != nil {
			return err
		}
	}
	var written []string
	for _, d := range all {
		_, err := os.Lstat(d.path)
		isNew := errors.Is(err, fs.ErrNotExist)
		if err := os.WriteFile(d.path, d.content, 0o644); err != nil {
			for _, path := range written {
				os.Remove(path)
			}
			return badInput("cannot write %s: %w", d.path, wholefile.Reason(err))
		}
		if isNew {
			written = append(written, d.path)
		}
	}
	return nil
}

// mayWrite refuses a file that is there and says something else.
func (c *initCmd) mayWrite(d document) error {
	_, err := os.Lstat(d.path)
	if c.Force || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return badInput("cannot write %s: %w", d.path, wholefile.Reason(err))
	}
	if there, err := os.ReadFile(d.path); err == nil && bytes.Equal(there, d.content) && filepath.Base(d.path) == schemaFile {
		return nil // the schema of another seed beside it
	}
	return badInput("%s is there already: --force overwrites it; nothing was written", d.path)
}
