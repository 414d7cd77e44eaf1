package remedy

import (
	"slices"
	"testing"
)

func TestStringKnowsEveryType(t *testing.T) {
	for _, typ := range Types {
		if (&Remedy{Type: typ}).String() == "" {
			t.Errorf("%s has no text", typ)
		}
	}
	if !slices.IsSorted(Types) {
		t.Error("Types is not sorted")
	}
}

func TestString(t *testing.T) {
	for want, r := range map[string]*Remedy{
		"":                      nil,
		`did you mean "times"?`: {Type: DidYouMean, Value: "times"},
		"use GET":               {Type: UseOneOf, Values: []string{"GET"}},
		"use GET or POST":       {Type: UseOneOf, Values: []string{"GET", "POST"}},
		"use a, b or c":         {Type: UseOneOf, Values: []string{"a", "b", "c"}},
		`PATCH /_emulate/settings with {"member_limit":null} removes the limit`: {Type: RemoveLimit, Limit: "member_limit"},
	} {
		if got := r.String(); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
	if got := (&Remedy{Type: "of_a_newer_server"}).String(); got != "" {
		t.Errorf("unknown type: got %q, want none", got)
	}
}
