package admintest_test

import (
	"testing"

	"pgregory.net/rapid"

	"antechamber/admintest"
)

var (
	_ admintest.TB = (*testing.T)(nil)
	_ admintest.TB = (*testing.B)(nil)
	_ admintest.TB = (*testing.F)(nil)
	_ admintest.TB = (*rapid.T)(nil)
)
