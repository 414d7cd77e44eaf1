package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"antechamber/api"
)

func TestOperationsAreUpToDate(t *testing.T) {
	want, err := generate(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../admintest/operations.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("admintest/operations.go is out of date; run go generate ./admintest (-want +got):\n%s", diff)
	}
}
