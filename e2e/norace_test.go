//go:build !race

package e2e

// race are the flags with which the tests were built.
var race []string
