package pattern

import "testing"

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"user_1", "user_1", true},
		{"user_1", "user_12", false},
		{"*", "", true},
		{"user_*", "user_", true},
		{"user_*", "User_1", false},
		{"*_1", "user_1", true},
		{"a*a", "a", false},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "aXcYb", false},
		{"*b*b*", "ab", false},
		{"?", "x", false},
		{"[a]*", "[a]x", true},
		{`\\*`, `\\x`, true},
		{"*é", "caf\u00e9", true},
	} {
		if got := Glob(c.pattern, c.s); got != c.want {
			t.Errorf("Glob(%q, %q) = %t", c.pattern, c.s, got)
		}
	}
}

func TestIsParameter(t *testing.T) {
	for segment, want := range map[string]bool{"{user_id}": true, "{": false, "user_id": false, "{user_id": false, "": false} {
		if got := IsParameter(segment); got != want {
			t.Errorf("IsParameter(%q) = %t", segment, got)
		}
	}
}
