// Package statefile persists a store in a file: every organization with its clock,
// counters, admin keys and the origin that a reset restores. Journals, faults and
// snapshots are not persisted.
//
// lock.go finds and locks the file, format.go defines the format, read.go and write.go
// read and write it, and keeper.go saves a store whenever it changes.
package statefile

import "antechamber/store"

// About is how the server of a state file was first started. It never changes.
type About struct {
	IDSeed uint64
	Seed   Seed
	Clock  *store.Clock // overrides the clocks of the seed; nil for none
}

// Seed identifies a built-in seed or has the text of another one, so that it can be
// loaded again.
type Seed struct {
	Name    string `json:"name"`
	Builtin bool   `json:"builtin,omitempty"` // Text is empty
	Text    string `json:"text,omitempty"`
}
