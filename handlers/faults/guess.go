package faults

import (
	"cmp"
	"fmt"
	"strings"
)

// guess asks whether the nearest of the words was meant, if one is near.
func guess[T ~string](word T, words []T) string {
	best, distance := T(""), len(word)/3+1
	for _, w := range words {
		if d := edits(strings.ToLower(string(word)), strings.ToLower(string(w))); d < distance {
			best, distance = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// choose guesses, or tells all the words where nothing is near.
func choose[T ~string](word T, words []T) string {
	return cmp.Or(guess(word, words), "it is "+list(words))
}

// edits counts the bytes to insert, delete or replace to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// list writes words as a sentence has them.
func list[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}
