package pull

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letters are those of a text, one after the other: what is left of a name
// once case, accents and all that stands between its words are gone.
func letters(name string) string {
	f := fold(name, true)
	var b strings.Builder
	for _, a := range f.atoms() {
		b.WriteString(f.s[a.from:a.to])
	}
	if b.Len() == 0 { // a name of signs
		return strings.TrimSpace(f.s)
	}
	return b.String()
}

// forms gives the letters of a full name in the forms that people write it in,
// the first of which is the name itself.
func forms(name string) []string {
	name = norm.NFC.String(name)
	out := []string{letters(name)}
	for _, spelled := range unique([]string{name, umlauts.Replace(name)}) {
		out = append(out, letters(spelled))
		for _, units := range distinctUnits(spelled) {
			out = append(out, orders(units)...)
		}
	}
	return unique(out)
}

// umlauts are letters as they are written where a keyboard does not have them.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa", "ø", "oe", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "Å", "Aa", "Ø", "Oe")

// unique gives what is there, once and in its order, without what is empty.
func unique(all []string) (out []string) {
	for _, s := range all {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// brackets are what often says more of somebody than a name, such as a team.
var brackets = regexp.MustCompile(`\([^)]*\)|\[[^]]*\]|\{[^}]*\}|<[^>]*>|（[^）]*）|【[^】]*】|「[^」]*」|"[^"]*"|“[^”]*”`)

// distinctUnits gives the words of a name as they are spoken, with its
// brackets and titles and without.
func distinctUnits(name string) [][]string {
	bare := brackets.ReplaceAllString(name, " ")
	out := [][]string{unitsOf(bare, true)}
	for _, other := range [][]string{unitsOf(bare, false), unitsOf(name, true)} {
		if !slices.ContainsFunc(out, func(units []string) bool { return slices.Equal(units, other) }) {
			out = append(out, other)
		}
	}
	return out
}

// unitsOf gives the words of a name in the order in which they are spoken.
func unitsOf(name string, withoutTitles bool) (out []string) {
	var parts [][]string
	for part := range strings.SplitSeq(name, ",") {
		words := slices.DeleteFunc(strings.Fields(part), func(word string) bool {
			said := letters(word)
			return said == "" || !slices.ContainsFunc([]rune(said), isWord) || withoutTitles && slices.Contains(titles, said)
		})
		if len(words) > 0 {
			parts = append(parts, words)
		}
	}
	if len(parts) > 1 { // Meyer, Anna
		parts[0], parts[1] = parts[1], parts[0]
	}
	return slices.Concat(parts...)
}

// titles are words beside a name, particles words in it by which nobody is
// recognised.
var (
	titles = strings.Fields("dr prof professor mr mrs ms miss mx sir dame lord lady rev herr frau mme mlle ing dipl dipling " +
		"senor sra srta dott dottssa sig avv jr sr ii iii iv phd md msc bsc mba esq cpa")
	particles = strings.Fields("de la del da das do dos di du des van von der den zu zum zur ter ten y e al el bin bint ibn ben le les st san santa of the")
)

// mostPaired is up to how many words each two of a name are looked for.
const mostPaired = 8

// orders gives the letters of a name in the orders that its words may stand
// in, and with some of them left out: the first one and the last ones, each
// two, the first and last with initials in between.
func orders(units []string) (out []string) {
	n := len(units)
	if n == 0 {
		return nil
	}
	said := make([]string, n)
	for i, unit := range units {
		said[i] = letters(unit)
	}
	all := func(parts ...[]string) { out = append(out, strings.Join(slices.Concat(parts...), "")) }
	all(said)
	first, last := said[:1], said[n-1:]
	for k := 1; k < n; k++ {
		all(said[k:], said[:k])
		all(first, said[k:])
		all(said[k:], first)
		all(said[:k], last)
	}
	if n > 2 {
		initials := make([]string, 0, n)
		for _, s := range said[1 : n-1] {
			_, size := utf8.DecodeRuneInString(s)
			initials = append(initials, s[:size])
		}
		all(first, initials, last)
		all(last, first, initials)
	}
	if n <= mostPaired {
		out = append(out, pairs(units)...)
		out = append(out, some(said)...)
	}
	return out
}

// some gives what is left of a name when any of its words are left out, as they
// stand and with the last one first: in Maria del Carmen Lopez, Carmen Lopez and
// del Carmen Lopez.
func some(said []string) (out []string) {
	for which := range 1 << len(said) {
		var kept []string
		names := 0
		for i, word := range said {
			if which>>i&1 == 1 {
				kept = append(kept, word)
				if !slices.Contains(particles, word) && !slices.Contains(titles, word) && utf8.RuneCountInString(word) > 1 {
					names++
				}
			}
		}
		if names > 1 {
			last := len(kept) - 1
			out = append(out, strings.Join(kept, ""), kept[last]+strings.Join(kept[:last], ""))
		}
	}
	return out
}

// hyphens are between the parts of a double name.
var hyphens = regexp.MustCompile(`[-‐‑–—・·]`)

// pairs gives each two words of a name, of which the parts of a double name
// are some too.
func pairs(units []string) (out []string) {
	parts := make([][]string, len(units))
	for i, unit := range units {
		for _, part := range unique(append([]string{letters(unit)}, hyphens.Split(unit, -1)...)) {
			if said := letters(part); !slices.Contains(particles, said) && (len(said) > 1 || len(units) == 2) {
				parts[i] = append(parts[i], said)
			}
		}
	}
	for i := range parts {
		for j := range parts {
			if i == j {
				continue
			}
			for _, a := range parts[i] {
				for _, b := range parts[j] {
					// A title goes with the last word, as in Dr. Smith: with the first one it
					// would be found in Dr. Ada Smith, and Smith be left.
					if slices.Contains(titles, b) || slices.Contains(titles, a) && j < len(parts)-1 {
						continue
					}
					out = append(out, a+b)
				}
			}
		}
	}
	return out
}

// formsOfAddress gives the letters of the name that an address is made of,
// where it is one of several words, such as jane.doe@corp.example.
func formsOfAddress(email string) []string {
	local, _, found := strings.Cut(fold(email, false).s, "@")
	if !found {
		return unique([]string{letters(email)})
	}
	local, _, _ = strings.Cut(local, "+")
	words := strings.FieldsFunc(local, func(r rune) bool { return !isWord(r) })
	if len(words) < 2 || utf8.RuneCountInString(letters(local)) < 4 {
		return nil
	}
	return unique(orders(words))
}
