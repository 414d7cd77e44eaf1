package seed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"antechamber/internal/jsontree"
	"antechamber/internal/redact"
	"antechamber/internal/text"
)

// Fault is an error in a seed, with its position. Lines and columns start at 1;
// columns count characters. Pointer is an RFC 6901 JSON pointer, empty for the
// whole file.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
	More    int    `json:"more,omitempty"` // of the last fault that is listed: the number of further ones

	offset int
	// structural faults violate the JSON Schema. The others are contradictions:
	// duplicates, dangling references, unreachable states.
	structural bool
}

// String returns the fault as one line: file:line:column: pointer: message.
func (f Fault) String() string {
	pointer := f.Pointer
	if strings.ContainsFunc(pointer, unicode.IsControl) {
		pointer = fmt.Sprintf("%q", pointer)
	}
	if pointer != "" {
		pointer += ": "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", f.File, f.Line, f.Column, pointer, f.Message)
}

// MaxFaults is how many faults of a seed are listed.
const MaxFaults = 100

// Faults are the first MaxFaults faults of a seed, in the order of the file.
type Faults []Fault

// Number returns the number of faults, including those that are not listed.
func (f Faults) Number() int {
	if len(f) == 0 {
		return 0
	}
	return len(f) + f[len(f)-1].More
}

// Error returns one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f), len(f)+1)
	for i, fault := range f {
		lines[i] = fault.String()
	}
	if more := f.Number() - len(f); more > 0 {
		lines = append(lines, text.AndMore(more))
	}
	return strings.Join(lines, "\n")
}

// report collects the faults of one file.
type report struct {
	faults Faults // may be somewhat more than are listed
	number int    // of all faults
	cut    bool   // the tree lacks values that were too faulty
	saved  bool   // the text is from ParseSaved or ReadSaved
}

// parse parses JSON of a shape. It reports a syntax error and returns nil. A repeated
// field is a fault too; its first value counts.
func (r *report) parse(data []byte, shape *jsontree.Shape) *node {
	doc, err := jsontree.ParseWithin(data, jsontree.Limits{Shape: shape})
	for _, n := range doc.Repeated {
		r.add(false, n.NameStart, n, "repeated field %s", text.Quote(n.Name))
	}
	if syntax, ok := errors.AsType[*jsontree.SyntaxError](err); ok {
		r.add(false, syntax.Offset, nil, "invalid JSON: %s", syntax.Message)
	}
	r.number += doc.Dropped
	r.cut = doc.Dropped > 0
	return doc.Root
}

// maxPointer is how many characters of a pointer are reported. The names in it may
// be as long as the file.
const maxPointer = 1000

// add reports a fault. at is nil for the whole file.
func (r *report) add(structural bool, offset int, at *node, format string, args ...any) {
	r.number++
	if len(r.faults) >= 2*MaxFaults {
		r.cutFaults()
		if offset >= r.faults[MaxFaults-1].offset {
			return
		}
	}
	f := Fault{Message: fmt.Sprintf(format, args...), offset: offset, structural: structural}
	if at != nil {
		f.Pointer = text.Shorten(redact.Text(at.Pointer()), maxPointer)
	}
	r.faults = append(r.faults, f)
}

// cutFaults sorts the faults and drops those that won't be listed.
func (r *report) cutFaults() {
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.offset, b.offset) })
	r.faults = r.faults[:min(MaxFaults, len(r.faults))]
}

// malformed reports an invalid value, which later rules then ignore.
func (r *report) malformed(n *node, format string, args ...any) {
	n.Invalid = true
	r.add(true, n.Start, n, format, args...)
}

// mismatched reports a value that is valid by itself but not together with other
// fields. Later rules still look at it.
func (r *report) mismatched(n *node, format string, args ...any) {
	r.add(true, n.Start, n, format, args...)
}

// contradictory reports a value that contradicts others in a way that the JSON
// Schema cannot express.
func (r *report) contradictory(n *node, format string, args ...any) {
	r.add(false, n.Start, n, format, args...)
}

// usable reports whether a value is present, not null, and valid.
func (r *report) usable(n *node) bool { return n != nil && n.Kind != jsontree.Null && !n.Invalid }

// rejected reports whether a value, which may be nil, is invalid.
func rejected(n *node) bool { return n != nil && n.Invalid }

// err returns the faults in the order of the file, with their positions, or nil if
// there are none.
func (r *report) err(file string, data []byte) error {
	if r.number == 0 {
		return nil
	}
	r.cutFaults()
	faults := slices.Clone(r.faults)
	faults[len(faults)-1].More = r.number - len(faults)
	// Each position is counted from the previous one: there may be many.
	line, column, seen := 1, 1, 0
	for i := range faults {
		f := &faults[i]
		lines, columns := jsontree.Position(data[seen:f.offset], f.offset-seen)
		if lines > 1 {
			column = 1
		}
		line, column, seen = line+lines-1, column+columns-1, f.offset
		f.File, f.Line, f.Column = file, line, column
	}
	return faults
}
