package faults

import (
	"cmp"
	"fmt"
	"strings"

	"antechamber/internal/guess"
)

// meant asks whether the nearest of the words was meant, if one is near.
func meant[T ~string](word T, words []T) string {
	if best := guess.Nearest(word, words); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// meantOperation is meant for the names of operations.
func meantOperation(word string, ids []string) string {
	if best := guess.Operation(word, ids); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// choose guesses, or tells all the words where nothing is near.
func choose[T ~string](word T, words []T) string {
	return cmp.Or(meant(word, words), "it is "+list(words))
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
