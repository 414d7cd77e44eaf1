package jsontree

import (
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	digits := strings.Repeat("1", 61)
	for src, want := range map[string]string{
		`"a\nb"`:              `"a\nb"`,
		`""`:                  `""`,
		`"sk-ant-api03-abcd"`: `"sk-ant-…abcd"`,
		`-2.50e+1`:            "-2.50e+1",
		`true`:                "true",
		`false`:               "false",
		`null`:                "null",
		`{"a":1}`:             "",
		`[1]`:                 "",
		digits:                digits[:60] + "…",
	} {
		d, err := Parse([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Root.Quote(); got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
	if got := (*Node)(nil).Quote(); got != "" {
		t.Errorf("nil: got %s", got)
	}
}
