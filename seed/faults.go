package seed

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is one thing that is wrong with a seed, and where. Lines and columns
// count from 1, columns in characters. Pointer is an RFC 6901 JSON pointer,
// empty for the whole file.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`

	offset int
	// structural faults are those that a JSON Schema can state. The others
	// are contradictions: duplicates, references, states never reached.
	structural bool
}

// String is the fault as one line: file:line:column: pointer: message.
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

// Faults is everything that is wrong with a seed, in the order of the file.
type Faults []Fault

// Error gives one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// report collects the faults of one file.
type report struct{ faults Faults }

func (r *report) add(structural bool, offset int, pointer, format string, args ...any) {
	r.faults = append(r.faults, Fault{
		Pointer: redact(pointer), Message: fmt.Sprintf(format, args...),
		offset: offset, structural: structural,
	})
}

var secret = regexp.MustCompile(`sk-ant-[A-Za-z0-9_-]+`)

// redact hides keys, wherever somebody put one: faults end up in logs.
func redact(s string) string { return secret.ReplaceAllLiteralString(s, "sk-ant-…") }

// malformed reports a value that is not of the form that its place asks for.
func (r *report) malformed(n *node, format string, args ...any) {
	r.add(true, n.offset, n.pointer(), format, args...)
}

// contradictory reports a value that does not go together with others.
func (r *report) contradictory(n *node, format string, args ...any) {
	r.add(false, n.offset, n.pointer(), format, args...)
}

// err gives the faults in the order of the file, each with its place in the
// text, or nil when there are none.
func (r *report) err(file, text string) error {
	if len(r.faults) == 0 {
		return nil
	}
	faults := slices.Clone(r.faults)
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.offset, b.offset) })
	line, column, seen := 1, 1, 0
	for i := range faults {
		f := &faults[i]
		between := text[seen:f.offset]
		if n := strings.Count(between, "\n"); n > 0 {
			line += n
			column = 1
			between = between[strings.LastIndexByte(between, '\n')+1:]
		}
		column += utf8.RuneCountInString(between)
		seen = f.offset
		f.File, f.Line, f.Column = file, line, column
	}
	return faults
}
