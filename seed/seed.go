// Package seed reads organizations from JSON and writes them back. A seed says
// as much of an organization as somebody cares to say, with times relative to
// the clock where that is handy; loading it fills in the rest. An export is a
// seed that says everything, so that loading it gives the same organization
// again.
//
// The way of a seed is parse.go (JSON to nodes), decode.go (nodes to values of
// the right form), resolve.go (what is there twice, and what references lead
// to), check.go (what the API could not have reached) and load.go (values to
// store.Contents). Each of them reports all faults that it finds.
package seed

import "bytes"

// Seed is a seed that was read: one or more organizations, to be loaded any
// number of times. It does not change.
type Seed struct {
	file, src     string
	organizations []organization
}

// Parse reads a seed, a list of organizations or a single one. It fails with
// Faults, which name the file; what only a clock can tell, Load tells.
func Parse(file string, data []byte) (*Seed, error) {
	s, r := read(file, data)
	r.check(s.organizations, nil)
	if err := r.err(s.file, s.src); err != nil {
		return nil, err
	}
	return s, nil
}

// Validate gives the Faults of both Parse and Load at once, nil when there are
// none.
func Validate(file string, data []byte, opts Options) error {
	s, r := read(file, data)
	r.check(s.organizations, &opts)
	return r.err(s.file, s.src)
}

// read gives what can be told of a seed without its times.
func read(file string, data []byte) (*Seed, *report) {
	// Some editors put a byte order mark in front of everything.
	s, r := &Seed{file: file, src: string(bytes.TrimPrefix(data, []byte("\ufeff")))}, &report{}
	root := parse(s.src, r)
	if root == nil {
		return s, r
	}
	s.organizations = (&reader{r}).file(root)
	r.resolve(s.organizations)
	return s, r
}
