package api

import "testing"

func TestShapeOf(t *testing.T) {
	for version, want := range map[string]Shape{
		"2023-01-01": ShapeFull, "2023-06-01": ShapeFull, "2026-10-20": ShapeFull, "1999-12-31": ShapeFull,
		"2026-10-21": Shape20261021, "2026-10-22": Shape20261021, "2026-11-01": Shape20261021, "2027-01-01": Shape20261021,
		// Versions that are not dates.
		"": ShapeFull, "latest": ShapeFull, "2026-13-01": ShapeFull, "2027-02-30": ShapeFull, "2027-01-01-preview": ShapeFull, "99999-01-01": ShapeFull,
	} {
		if got := ShapeOf(version); got != want {
			t.Errorf("the shape of version %q is %d, want %d", version, got, want)
		}
	}
}
