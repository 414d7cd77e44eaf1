package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"antechamber/internal/text"
	"antechamber/internal/wholefile"
	"antechamber/seed"
)

type validateCmd struct {
	Files []string `arg:"" name:"FILE" help:"Seed files; - is standard input."`
	JSON  bool     `help:"Print the errors as a JSON array, and no summaries."`
}

func (validateCmd) Help() string {
	return `Prints the first 100 errors of each file to standard error as file:line:column: /json/pointer: message, and a summary of each valid file to standard output. The exit code is 2 if any file is invalid. The JSON Schema that antechamber init writes is skipped.

Examples:

  antechamber validate acme.json
  antechamber validate seeds/*.json
  antechamber validate --json - < acme.json`
}

// Run validates all files and fails if one is invalid.
func (c *validateCmd) Run(p *process) error {
	all, number, faulty := seed.Faults{}, 0, 0
	var unreadable error
	for _, file := range c.Files {
		if filepath.Base(file) == schemaFile { // seeds/*.json includes the one that init wrote
			p.note("%s: skipped (the JSON Schema of seeds)", file)
			continue
		}
		summary, err := check(file, p)
		faults, ok := errors.AsType[seed.Faults](err)
		switch {
		case ok:
			all = append(all, faults...)
			number += faults.Number()
			faulty++
			if !c.JSON {
				fmt.Fprintln(p.stderr, faults)
			}
		case err != nil:
			unreadable = errors.Join(unreadable, err)
		case !c.JSON:
			if _, err := fmt.Fprintln(p.stdout, summary); err != nil {
				return err
			}
		}
	}
	if c.JSON && (unreadable == nil || len(all) > 0) { // an empty array means that all files are valid
		if err := printJSON(p.stdout, all); err != nil {
			return err
		}
	}
	if faulty > 0 {
		return errors.Join(unreadable, badInput("%s in %d of %s", text.Count(number, "error"), faulty, text.Count(len(c.Files), "file")))
	}
	return unreadable
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// check returns the summary of a valid file, or its faults.
func check(file string, p *process) (summary string, err error) {
	name, data, err := readSeedFile(file, p.stdin)
	if err != nil {
		return "", err
	}
	_, all, err := seed.Read(name, data, seed.Options{Real: p.now()})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: ok, %s, %s", name, text.Count(len(all), "organization"), seed.Holds(all)), nil
}

// readSeedFile returns the content of a seed file and its name in messages.
func readSeedFile(file string, stdin io.Reader) (name string, data []byte, err error) {
	name, data, err = readFile(file, stdin, seed.MaxBytes)
	if err != nil {
		return "", nil, badInput("cannot read seed %s: %w", name, err)
	}
	return name, data, nil
}

// readFile returns the content of a file of at most a number of bytes, and its name in
// messages. The file - is standard input.
func readFile(file string, stdin io.Reader, most int) (name string, data []byte, err error) {
	if file == "-" {
		data, err = wholefile.ReadAll(stdin, most)
	} else {
		data, err = wholefile.Read(file, most)
	}
	return fileName(file), data, wholefile.Reason(err) // messages name the file already
}
