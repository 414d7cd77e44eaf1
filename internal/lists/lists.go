// Package lists has what package slices lacks.
package lists

// Map returns what f makes of each element, never nil.
func Map[T, U any](all []T, f func(T) U) []U {
	out := make([]U, len(all))
	for i, v := range all {
		out[i] = f(v)
	}
	return out
}

// Filter returns the elements that keep reports true for.
func Filter[T any](all []T, keep func(T) bool) (kept []T) {
	for _, v := range all {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
