package remedy

import "testing"

func TestProblemsAsText(t *testing.T) {
	for _, c := range []struct {
		problem   Problem
		want, say string
	}{
		{Want("a.b", "", "a number"), "invalid a.b: want a number", "invalid --b: want a number"},
		{Want("a.b", `"x"`, "a number"), `invalid a.b "x": want a number`, `invalid --b "x": want a number`},
		{Want("", "", "one of a and b"), "want one of a and b", "want one of a and b"},
		{Problem{Type: Missing, Field: "a.b"}, `missing required field "a.b"`, "missing --b"},
		{Problem{Type: Missing, Field: "a.b", Message: "want a name"}, `missing required field "a.b": want a name`, "missing --b: want a name"},
		{Problem{Type: Repeated, Field: "a.b"}, `repeated field "a.b"`, "repeated --b"},
		{UnknownField("a.b", "b", []string{"count", "name"}), `unknown field "a.b" (allowed: count, name)`, "unknown --b (allowed: count, name)"},
		{UnknownField("a.b", "b", nil), `unknown field "a.b" (allowed: none)`, "unknown --b (allowed: none)"},
		{Problem{Type: "newer", Field: "a.b", Message: "want c"}, "invalid a.b: want c", "newer --b: want c"},
	} {
		if got := c.problem.Error(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
		if got := c.problem.Say("--b"); got != c.say {
			t.Errorf("%s, want %s", got, c.say)
		}
	}
	all := &Remedy{Type: UseOneOf, Values: []string{"b", "c"}}
	if p := (Problem{Type: Invalid, Field: "a", Message: "want b or c", Remedy: all}); p.Hint() != "" {
		t.Errorf("the hint %q repeats the message", p.Hint())
	}
	if p := (Problem{Type: Missing, Field: "a", Remedy: all}); p.Hint() != "use b or c" {
		t.Errorf("hint %q of a missing field", p.Hint())
	}
	if p := UnknownField("a.nme", "nme", []string{"count", "name"}); p.Remedy == nil || p.Remedy.Type != DidYouMean || p.Remedy.Value != "name" {
		t.Errorf("similar field: remedy %v", p.Remedy)
	}
	if p := WantOperation("operation", "createInvite", []string{"createOrganizationInvite"}); p.Remedy == nil || p.Remedy.Value != "createOrganizationInvite" {
		t.Errorf("similar operation: remedy %v", p.Remedy)
	}
}
