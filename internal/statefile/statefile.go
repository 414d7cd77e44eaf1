// Package statefile keeps a store in a file over restarts: every organization
// with its clock, its counters and its admin keys, and what it was made from.
// Journals, faults and snapshots are not kept.
//
// format.go says what stands in a file, read.go and write.go are the way from
// it and to it, and keeper.go saves a store whenever it has changed.
package statefile

import (
	"path/filepath"

	"antechamber/store"
)

// About is what the organizations of a file began with. It does not change.
type About struct {
	IDSeed uint64
	Seed   Seed
	Clock  *store.Clock // that outranks the clocks of the seed; nil for none
}

// Seed is what a seed can be read from again.
type Seed struct {
	Name    string `json:"name"`
	Builtin bool   `json:"builtin,omitempty"` // then the name is all there is to it
	Text    string `json:"text,omitempty"`
}

// Resolve returns the file that a path leads to. A file is put in the place of
// another by its name, which would replace a symbolic link.
func Resolve(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}
