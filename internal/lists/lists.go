// Package lists has functions that package slices lacks.
package lists

// Map returns the results of f for each element. It never returns nil.
func Map[T, U any](all []T, f func(T) U) []U {
	out := make([]U, len(all))
	for i, v := range all {
		out[i] = f(v)
	}
	return out
}

// Filter returns the elements for which keep returns true.
func Filter[T any](all []T, keep func(T) bool) (kept []T) {
	for _, v := range all {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
