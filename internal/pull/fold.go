package pull

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folded is a text as people and addresses are looked for in it: escapes
// undone, without characters that nobody sees, and the same for all ways to
// write a letter.
type folded struct {
	s        string
	from, to []int  // of each byte: where in the text that stands, of which it is made
	upper    []bool // of each byte: it is made of a capital letter
}

// fold folds a text. Loosely folded, letters have no accents either.
func fold(text string, loosely bool) folded {
	var f folded
	var b strings.Builder
	chars := unescape(visible(text))
	whole, at := joinChars(chars)
	caser := cases.Fold()
	for from := 0; from < len(whole); {
		to := from + norm.NFKC.NextBoundaryInString(whole[from:], true)
		first, _ := utf8.DecodeRuneInString(whole[from:])
		segment := fullStops.Replace(norm.NFKC.String(caser.String(norm.NFKC.String(whole[from:to]))))
		if loosely {
			segment = withoutAccents(segment)
		}
		b.WriteString(segment)
		for range len(segment) {
			f.from = append(f.from, chars[at[from]].from)
			f.to = append(f.to, chars[at[to-1]].to)
			f.upper = append(f.upper, unicode.IsUpper(first) || unicode.IsTitle(first))
		}
		from = to
	}
	f.s = b.String()
	return f
}

// span gives where in the text that stands, of which bytes from..to are made.
func (f folded) span(from, to int) (int, int) { return f.from[from], f.to[to-1] }

// fullStops are those that separate the labels of a domain in some scripts.
var fullStops = strings.NewReplacer("。", ".")

// char is a character, and where it stands in a text.
type char struct {
	r        rune
	from, to int
}

// visible gives the characters of a text that can be seen, or that separate.
func visible(text string) (out []char) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !ignorable(r) {
			out = append(out, char{r, i, i + size})
		}
		i += size
	}
	return out
}

func ignorable(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || unicode.IsControl(r) && !unicode.IsSpace(r)
}

// unescape undoes what URLs escape, such as %40, also where it was escaped
// a few times.
func unescape(chars []char) []char {
	const most = 5 // times, by which the work is bounded
	for range most {
		var out []char
		for i := 0; i < len(chars); {
			r, n := escapedRune(chars[i:])
			if n > 0 && !ignorable(r) {
				out = append(out, char{r, chars[i].from, chars[i+n-1].to})
			}
			if n == 0 {
				out, n = append(out, chars[i]), 1
			}
			i += n
		}
		if len(out) == len(chars) {
			return out
		}
		chars = out
	}
	return chars
}

// escapedRune gives the character that an escape at the beginning of a text
// stands for, and how many characters that takes: 0 where there is none.
func escapedRune(chars []char) (rune, int) {
	var b []byte
	for n := 0; n+2 < len(chars) && chars[n].r == '%' && len(b) < utf8.UTFMax; n += 3 {
		two, err := hex.DecodeString(string(chars[n+1].r) + string(chars[n+2].r))
		if err != nil {
			break
		}
		if b = append(b, two...); utf8.FullRune(b) {
			break
		}
	}
	r, _ := utf8.DecodeRune(b)
	if r == utf8.RuneError {
		return 0, 0
	}
	return r, 3 * len(b)
}

// joinChars makes a string of characters, and tells of each byte which
// character it belongs to.
func joinChars(chars []char) (string, []int) {
	var b strings.Builder
	var at []int
	for i, c := range chars {
		b.WriteRune(c.r)
		for len(at) < b.Len() {
			at = append(at, i)
		}
	}
	return b.String(), at
}

// alike are letters without a decomposition, as they are written where a
// keyboard does not have them, and those of other alphabets that look like Latin
// ones.
var alike = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ħ", "h",
	"а", "a", "в", "b", "е", "e", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c", "т", "t", "у", "y", "х", "x", "і", "i", "ј", "j", "ѕ", "s", "һ", "h",
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u", "χ", "x")

// withoutAccents takes the accents off letters of the scripts that have them.
func withoutAccents(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	if first < utf8.RuneSelf && len(s) == 1 || !unicode.In(first, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew) {
		return s
	}
	return alike.Replace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

// atom is a piece of a folded text that no name begins or ends in: a word, or
// a part of it. In scripts without spaces it is a single letter.
type atom struct {
	from, to int
	joined   bool // to the one before it, with nothing in between
}

// spaceless are the scripts that write words, or a name and what follows it,
// without a space.
var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

func isWord(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.N) }

// atoms takes a folded text apart.
func (f folded) atoms() (out []atom) {
	for from := range f.s {
		r, size := utf8.DecodeRuneInString(f.s[from:])
		if !isWord(r) {
			continue
		}
		joined := len(out) > 0 && out[len(out)-1].to == from
		if joined && !f.boundary(from) {
			out[len(out)-1].to = from + size
			continue
		}
		out = append(out, atom{from, from + size, joined})
	}
	return out
}

// boundary tells whether a name may begin or end at a place in a folded text.
func (f folded) boundary(at int) bool {
	if at == 0 || at == len(f.s) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(f.s[:at])
	after, size := utf8.DecodeRuneInString(f.s[at:])
	switch {
	case !isWord(before), !isWord(after):
		return true
	case f.from[at] == f.from[at-1], unicode.Is(unicode.M, after): // in the middle of a letter
		return false
	case unicode.In(before, spaceless...), unicode.In(after, spaceless...):
		return true
	case unicode.IsNumber(before) != unicode.IsNumber(after):
		return true
	case f.upper[at] && !f.upper[at-1]: // as in ZoeSmith
		return true
	}
	// As in APIKey: the last of some capitals begins a word.
	next := at + size
	return f.upper[at] && next < len(f.s) && !f.upper[next] && isLetterAt(f.s, next)
}

func isLetterAt(s string, at int) bool {
	r, _ := utf8.DecodeRuneInString(s[at:])
	return unicode.IsLetter(r)
}
