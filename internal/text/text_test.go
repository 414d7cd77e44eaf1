package text

import "testing"

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 users", 1: "1 user", 2: "2 users", 999: "999 users", 1000: "1,000 users", 1234567: "1,234,567 users", -1000: "-1,000 users", -100: "-100 users"} {
		if got := Count(n, "user"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"": "", "ñandú": "ñandú", "ñandús": "ñandú…"} {
		if got := Shorten(text, 5); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"Ada\x1b[2J":     "Ada�[2J",
		"a\u202eb":       "a�b",
		"a\u2028b\u200b": "a�b�",
		"a\nb\tc\r":      "a�b�c�",
		"👩\u200d💻 ñ":     "👩\u200d💻 ñ",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
