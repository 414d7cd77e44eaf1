// Package seed reads organizations from JSON and writes them back. A seed says
// as much of an organization as its author cares to say, with times relative to
// the clock where that is handy; loading it fills in the rest. An export is a
// seed that says everything, so that loading it returns the same organization.
//
// A seed is read in four steps, each of which reports all the faults it finds:
// JSON to nodes that know their place (package jsontree), nodes to Organization
// and its parts, links between them (duplicates, references), and what the API
// could not have reached. Loading turns the result into store.Contents. Each noun
// has all of its steps, and its export, in a file of its own.
package seed

import (
	"bytes"

	"antechamber/store"
)

// Seed is a seed that was read: one or more organizations, to be loaded any
// number of times. It does not change.
type Seed struct {
	file          string
	text          []byte
	organizations []Organization
}

// Parse reads a seed, a list of organizations or a single one. It fails with
// Faults, which name the file. Load reports what depends on the clock.
func Parse(file string, data []byte) (*Seed, error) {
	s, r := read(file, data)
	r.check(s.organizations, nil)
	if err := r.err(s.file, s.text); err != nil {
		return nil, err
	}
	return s, nil
}

// Of returns a seed of organizations written in Go. It fails with Faults, whose
// pointers begin with /organizations/0 and whose lines and columns are those in
// the seed as EncodeAll writes it.
func Of(organizations ...Organization) (*Seed, error) {
	return Parse("seed", EncodeAll(append([]Organization{}, organizations...)))
}

// Read reads a seed and loads it once. It fails with the Faults of both Parse and
// Load.
func Read(file string, data []byte, opts Options) (*Seed, []store.Contents, error) {
	s, r := read(file, data)
	clocks := r.check(s.organizations, &opts)
	if err := r.err(s.file, s.text); err != nil {
		return nil, nil, err
	}
	return s, s.load(clocks, opts), nil
}

// Validate returns the Faults of both Parse and Load, or nil.
func Validate(file string, data []byte, opts Options) error {
	s, r := read(file, data)
	r.check(s.organizations, &opts)
	return r.err(s.file, s.text)
}

// read returns what can be said of a seed without its times.
func read(file string, data []byte) (*Seed, *report) {
	s, r := &Seed{file: file, text: withoutBOM(data)}, newReport()
	if root := r.parse(s.text); root != nil {
		s.organizations = r.file(root)
		r.link(s.organizations)
	}
	return s, r
}

// withoutBOM returns a text without the byte order mark that some editors put in
// front of everything.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }
