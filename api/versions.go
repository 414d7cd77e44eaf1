package api

import "time"

// Shape is a form of the API's objects, which the anthropic-version header selects.
// Only API keys differ between shapes.
type Shape int

// The shapes.
const (
	// ShapeFull has every field. It is the shape of the versions before 2026-10-21, of
	// the control plane and of exports.
	ShapeFull Shape = iota
	// Shape20261021 is the shape of version 2026-10-21 and later ones. It has no
	// workspace_id in an API key. (Documented.)
	Shape20261021
)

// ShapeOf returns the shape of a version, which is a date: every version has the shape
// of the last one before it. A version that is not a date has the full shape (our
// guess).
func ShapeOf(version string) Shape {
	// Dates of this form sort like strings.
	if _, err := time.Parse(time.DateOnly, version); err != nil || version < "2026-10-21" {
		return ShapeFull
	}
	return Shape20261021
}
