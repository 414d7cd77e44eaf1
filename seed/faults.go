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

// Faults are all the faults of a seed, in the order of the file.
type Faults []Fault

// Error returns one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// report collects the faults of one file.
type report struct {
	faults Faults
	faulty map[*node]bool // invalid values, which later rules ignore
	saved  bool           // the text is from ParseSaved or ReadSaved
}

func newReport() *report { return &report{faulty: map[*node]bool{}} }

// parse parses JSON. It reports a syntax error and returns nil. A repeated field
// is a fault too; its first value counts.
func (r *report) parse(data []byte) *node {
	doc, err := jsontree.Parse(data)
	for _, n := range doc.Repeated {
		r.add(false, n.NameStart, n.Pointer(), "repeated field %s", text.Quote(n.Name))
	}
	if syntax, ok := errors.AsType[*jsontree.SyntaxError](err); ok {
		r.add(false, syntax.Offset, "", "invalid JSON: %s", syntax.Message)
	}
	return doc.Root
}

// maxPointer is how many characters of a pointer are reported. The names in it may
// be as long as the file.
const maxPointer = 1000

func (r *report) add(structural bool, offset int, pointer, format string, args ...any) {
	r.faults = append(r.faults, Fault{
		Pointer: text.Shorten(redact.Text(pointer), maxPointer), Message: fmt.Sprintf(format, args...),
		offset: offset, structural: structural,
	})
}

// malformed reports an invalid value, which later rules then ignore.
func (r *report) malformed(n *node, format string, args ...any) {
	r.faulty[n] = true
	r.add(true, n.Start, n.Pointer(), format, args...)
}

// mismatched reports a value that is valid by itself but not together with other
// fields. Later rules still look at it.
func (r *report) mismatched(n *node, format string, args ...any) {
	r.add(true, n.Start, n.Pointer(), format, args...)
}

// contradictory reports a value that contradicts others in a way that the JSON
// Schema cannot express.
func (r *report) contradictory(n *node, format string, args ...any) {
	r.add(false, n.Start, n.Pointer(), format, args...)
}

// usable reports whether a value is present, not null, and valid.
func (r *report) usable(n *node) bool { return n != nil && n.Kind != jsontree.Null && !r.faulty[n] }

// err returns the faults in the order of the file, with their positions, or nil if
// there are none.
func (r *report) err(file string, data []byte) error {
	if len(r.faults) == 0 {
		return nil
	}
	faults := slices.Clone(r.faults)
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.offset, b.offset) })
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
