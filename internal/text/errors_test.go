package text

import (
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	for got, want := range map[string]string{
		Invalid("--clock", Quote("tomorrow"), "a time"):        `invalid --clock "tomorrow": want a time`,
		Invalid("action.status", "200", "a number from 400"):   `invalid action.status 200: want a number from 400`,
		Invalid("admin_key", "", "an admin key"):               `invalid admin_key: want an admin key`,
		Missing("role"):                                        `missing required field "role"`,
		Unknown("field", "rol", []string{"email", "role"}):     `unknown field "rol" (allowed: email, role)`,
		Unknown("field", "a\nb", nil):                          `unknown field "a\nb" (allowed: none)`,
		Allowed(nil):                                           "(allowed: none)",
		OneOf([]string{}):                                      "",
		OneOf([]string{"a"}):                                   "a",
		OneOf([]string{"a", "b"}):                              "a or b",
		OneOf([]string{"a", "b", "c"}):                         "a, b or c",
		Quote("sk-ant-admin01-secretsecret"):                   `"sk-ant-…cret"`,
		Quote(strings.Repeat("ñ", 61)):                         `"` + strings.Repeat("ñ", 60) + `…"`,
		Quote(strings.Repeat("x", 50) + "\x1b[2J sk-ant-abcd"): `"` + strings.Repeat("x", 50) + `\x1b[2J sk-an…"`,
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
