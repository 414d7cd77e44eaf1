// Package seed reads organizations from JSON and writes them back. A seed can be
// as detailed as its author needs, with times relative to the clock where that is
// convenient; loading it fills in the rest. An export is a complete seed: loading
// it returns the same organization.
//
// Tests that describe a seed in Go need Organization and its parts, At and FromNow,
// and pass them to admintest.SeedOf. The rest of the package is for the server.
//
// A seed is read in four steps, each of which reports all the faults it finds:
// JSON to nodes that know their position (package jsontree), nodes to Organization
// and its parts, links between them (duplicates, references), and states that the
// API could not have reached. Loading turns the result into store.Contents. All
// steps of a noun, and its export, are in one file.
package seed

import (
	"bytes"

	"antechamber/store"
)

// Seed is a parsed seed of one or more organizations, which can be loaded any
// number of times. It is immutable.
type Seed struct {
	file          string
	text          []byte
	organizations []Organization
	saved         bool // from ParseSaved or ReadSaved
}

// MaxBytes is the maximum size of a seed. The control plane neither exports nor takes
// a larger one, so whatever can be exported can be imported again.
const MaxBytes = 256 << 20

// Parse parses a seed: a list of organizations, or a single one. Its error is of
// type Faults, which name the file. Load reports the faults that depend on the
// clock.
func Parse(file string, data []byte) (*Seed, error) {
	s, r := read(file, data)
	return s.parsed(r)
}

func (s *Seed) parsed(r *report) (*Seed, error) {
	r.check(s.organizations, nil)
	if err := r.err(s.file, s.text); err != nil {
		return nil, err
	}
	return s, nil
}

// Of returns a seed of organizations written in Go. Its error is of type Faults,
// whose pointers start with /organizations/0 and whose lines and columns are those
// of the JSON that EncodeAll writes.
func Of(organizations ...Organization) (*Seed, error) {
	return Parse("seed", EncodeAll(append([]Organization{}, organizations...)))
}

// Read parses a seed and loads it once. Its error has the Faults of both Parse and
// Load.
func Read(file string, data []byte, opts Options) (*Seed, []store.Contents, error) {
	s, r := read(file, data)
	return s.loaded(r, opts)
}

func (s *Seed) loaded(r *report, opts Options) (*Seed, []store.Contents, error) {
	clocks := r.check(s.organizations, &opts)
	if err := r.err(s.file, s.text); err != nil {
		return nil, nil, err
	}
	return s, s.load(clocks, opts), nil
}

// ParseSaved and ReadSaved are Parse and Read for the text in a state file, which an
// earlier version may have written: email addresses, domains and tag names that only
// newer rules refuse are accepted.
func ParseSaved(file string, data []byte) (*Seed, error) {
	r := &report{saved: true}
	s := r.read(file, data)
	return s.parsed(r)
}

func ReadSaved(file string, data []byte, opts Options) (*Seed, []store.Contents, error) {
	r := &report{saved: true}
	s := r.read(file, data)
	return s.loaded(r, opts)
}

// Validate returns the Faults of both Parse and Load, or nil.
func Validate(file string, data []byte, opts Options) error {
	s, r := read(file, data)
	r.check(s.organizations, &opts)
	return r.err(s.file, s.text)
}

// read parses a seed and reports the faults that do not depend on times.
func read(file string, data []byte) (*Seed, *report) {
	r := &report{}
	return r.read(file, data), r
}

func (r *report) read(file string, data []byte) *Seed {
	s := &Seed{file: file, text: withoutBOM(data), saved: r.saved}
	shape, _ := shapes()
	if root := r.parse(s.text, shape); root != nil {
		root.Name = "seed" // in messages
		s.organizations = r.file(root)
		if r.cut {
			s.organizations = nil // what is left of them contradicts itself
		}
		r.link(s.organizations)
	}
	return s
}

// withoutBOM strips the byte order mark that some editors put at the start of a
// file.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }
