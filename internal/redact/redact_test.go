package redact

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKey(t *testing.T) {
	for key, want := range map[string]string{
		"":                      "",
		"sk-ant-admin01-abcdef": "sk-ant-…cdef",
		"sk-ant-abcd":           "sk-ant-…",
		"something else":        "…else",
		"abc":                   "…",
	} {
		if got := Key(key); got != want {
			t.Errorf("Key(%q) = %q, want %q", key, got, want)
		}
	}
}

// Text leaves at most the last four characters of a key, whatever surrounds it, and
// does not change redacted text.
func TestTextRedactsKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`sk-ant-admin[0-9]{2}-[A-Za-z0-9_-]{5,128}`).Draw(t, "key")
		got := Text(rapid.String().Draw(t, "before") + key + rapid.SampledFrom([]string{"", `"`, " ", "&x=y", "%20", `\n`, "..."}).Draw(t, "after"))
		if strings.Contains(got, key[len("sk-ant-"):len(key)-4]) || !strings.Contains(got, "sk-ant-…"+key[len(key)-4:]) {
			t.Fatalf("%q is redacted to %q", key, got)
		}
		if again := Text(got); again != got {
			t.Fatalf("%q, redacted again: %q", got, again)
		}
	})
}
