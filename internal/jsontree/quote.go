package jsontree

import "antechamber/internal/text"

// maxQuoted is how many characters of a number an error repeats.
const maxQuoted = 60

// Quote returns the value as an error repeats it: a string as text.Quote returns
// it, a number, a boolean or null as written. It is empty for an object, an array
// and nil.
func (n *Node) Quote() string {
	switch {
	case n == nil || n.Kind == Object || n.Kind == Array:
		return ""
	case n.Kind == Null:
		return "null"
	case n.Kind == String:
		return text.Quote(n.Text)
	}
	return text.Shorten(n.Text, maxQuoted)
}
