package faults

import (
	"antechamber/internal/guess"
	"antechamber/internal/lists"
	"antechamber/internal/remedy"
)

// meant suggests the nearest of the words, if one is near.
func meant[T ~string](word T, words []T) *remedy.Remedy {
	return remedy.Meant(string(guess.Nearest(word, words)))
}

// among suggests the nearest of the words, or all of them if none is near.
func among[T ~string](words []T) func(T) *remedy.Remedy {
	return func(word T) *remedy.Remedy {
		if near := meant(word, words); near != nil {
			return near
		}
		return oneOf(words)
	}
}

// oneOf suggests all words.
func oneOf[T ~string](words []T) *remedy.Remedy {
	return &remedy.Remedy{Type: remedy.UseOneOf, Values: lists.Map(words, func(w T) string { return string(w) })}
}
