package pull

import (
	"strings"
	"unicode"
)

// clean makes something fit for a terminal: on one line, and without
// characters that would steer it or deceive who reads.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, s)
}

// cleaned is an error that is fit for a terminal, each of its sentences in a
// line.
type cleaned struct{ error }

func (c cleaned) Unwrap() error { return c.error }

func (c cleaned) Error() string {
	lines := strings.Split(c.error.Error(), "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// cleanAll does what leaves a pull for a terminal.
func cleanAll(r Result, err error) (Result, error) {
	for i := range r.Notes {
		r.Notes[i] = clean(r.Notes[i])
	}
	if err != nil {
		err = cleaned{err}
	}
	return r, err
}
