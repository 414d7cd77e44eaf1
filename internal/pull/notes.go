package pull

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/text"
)

// notes are the adjustments that were made for the seed, grouped by kind. A kind begins
// with a verb in the past tense: omitted, replaced or treated.
type notes struct {
	kinds []string            // in the order in which they first occurred
	ids   map[string][]string // of the adjusted objects, by kind
}

// add notes an adjustment to the object with the given id. The id is empty if the
// adjustment is not to a particular object.
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

// omitFields notes the fields of an object that have a value but do not occur in seeds.
// The fields of seeds are paths, such as "scope.type".
func (n *notes) omitFields(noun, id, prefix string, object map[string]any, fields []string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path, value := prefix+name, object[name]
		nested, _ := value.(map[string]any)
		switch {
		case slices.Contains(fields, path) || slices.Contains(empty, api.Encode(value)):
		case nested != nil && slices.ContainsFunc(fields, func(field string) bool { return strings.HasPrefix(field, path+".") }):
			n.omitFields(noun, id, path+".", nested, fields)
		default:
			n.add(id, "omitted unsupported field %q of %s", path, noun)
		}
	}
}

// empty are JSON values that need no note when they are omitted.
var empty = []string{"null", `""`, "[]", "{}"}

// lines returns a line for each kind of adjustment, with the ids of the first objects.
func (n *notes) lines() (lines []string) {
	const most = 3 // ids in a line
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
