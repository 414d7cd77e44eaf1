// Package pattern matches path segments.
package pattern

import "strings"

// MaxPath is the maximum length of a path to match, in bytes. The time to match one
// grows with it.
const MaxPath = 2000

// IsParameter reports whether a segment of a route is a parameter, such as {name}.
func IsParameter(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
}

// Glob reports whether a pattern matches all of s. In the pattern, * matches any
// string, including the empty one.
func Glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[last])
}
