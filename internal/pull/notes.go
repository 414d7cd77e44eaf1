package pull

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/text"
)

// notes are the adjustments that a seed needed, each kind with the objects that
// it was made to.
type notes struct {
	kinds []string // in the order in which they came up
	ids   map[string][]string
}

// add notes an adjustment to the object with an id, or to the whole where the id
// is empty.
func (n *notes) add(id, format string, args ...any) {
	if n.ids == nil {
		n.ids = map[string][]string{}
	}
	kind := fmt.Sprintf(format, args...)
	if _, known := n.ids[kind]; !known {
		n.kinds = append(n.kinds, kind)
	}
	n.ids[kind] = append(n.ids[kind], id)
}

// leftOut notes the fields of an object that hold something and are not in the
// seed. Those that are there have paths, such as "scope.type".
func (n *notes) leftOut(noun, id, prefix string, object map[string]any, fields []string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path, value := prefix+name, object[name]
		nested, _ := value.(map[string]any)
		switch {
		case slices.Contains(fields, path) || slices.Contains(empty, api.Encode(value)):
		case nested != nil && slices.ContainsFunc(fields, func(field string) bool { return strings.HasPrefix(field, path+".") }):
			n.leftOut(noun, id, path+".", nested, fields)
		default:
			n.add(id, "field %q of %s left out", path, noun)
		}
	}
}

// empty are the JSON values that hold nothing.
var empty = []string{"null", `""`, "[]", "{}"}

// lines returns a line for each kind of adjustment.
func (n *notes) lines() (lines []string) {
	const most = 3 // objects that are named
	for _, kind := range n.kinds {
		ids := slices.Compact(slices.Sorted(slices.Values(n.ids[kind])))
		named := strings.Join(ids[:min(len(ids), most)], ", ")
		switch more := len(ids) - most; {
		case named == "":
			lines = append(lines, text.Printable(kind))
		case more > 0:
			lines = append(lines, text.Printable(fmt.Sprintf("%s: %s and %d more", kind, named, more)))
		default:
			lines = append(lines, text.Printable(kind+": "+named))
		}
	}
	return lines
}
