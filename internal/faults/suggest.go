package faults

import (
	"cmp"

	"antechamber/internal/guess"
	"antechamber/internal/lists"
	"antechamber/internal/remedy"
)

// nearest suggests the word most similar to another, or returns nil if none is
// similar.
func nearest[T ~string](words []T) func(T) *remedy.Remedy {
	return func(word T) *remedy.Remedy { return remedy.Meant(string(guess.Nearest(word, words))) }
}

// among suggests the word most similar to another, or all words if none is similar.
func among[T ~string](words []T) func(T) *remedy.Remedy {
	return func(word T) *remedy.Remedy { return cmp.Or(nearest(words)(word), oneOf(words)) }
}

// oneOf suggests all words.
func oneOf[T ~string](words []T) *remedy.Remedy {
	return &remedy.Remedy{Type: remedy.UseOneOf, Values: lists.Map(words, func(w T) string { return string(w) })}
}
