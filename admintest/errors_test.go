package admintest

import (
	"errors"
	"slices"
	"testing"

	"antechamber/internal/remedy"
	"antechamber/internal/remote"
)

// A type without words of its own is told as the server does: those here read
// right in a test, or never come here.
func TestEveryRemedyInGo(t *testing.T) {
	asTheServer := []remedy.Type{
		remedy.DidYouMean, remedy.EnableJournal, remedy.LeaveOutTimes, remedy.ListFaults, remedy.ListOrganizations,
		remedy.ReadOpenAPI, remedy.UseLocalPage, remedy.UseLoopback, remedy.UseOneOf,
	}
	for _, typ := range remedy.Types {
		words, known := remedyInGo(&remedy.Remedy{Type: typ})
		if slices.Contains(asTheServer, typ) == known || words == "" && known != (typ == remedy.NameOrganization) {
			t.Errorf("%s has the words %q", typ, words)
		}
	}
}

// problem is the refusal of a request for a problem.
func problem(p remedy.Problem) error {
	return &remote.Error{Message: p.Error(), Hint: p.Remedy.String(), Remedy: p.Remedy, Problems: []remedy.Problem{p}}
}

func TestErrorsInGo(t *testing.T) {
	for want, err := range map[string]error{
		"No.": &remote.Error{Message: "No."},
		`invalid Operation: want an operation (did you mean "y"?)`: problem(remedy.Problem{Type: remedy.Invalid, Field: "match.operation", Message: "want an operation", Remedy: remedy.Meant("y")}),
		"invalid Action.RetryAfter: want 1":                        problem(remedy.Problem{Type: remedy.Invalid, Field: "action.retry_after", Message: "want 1"}),
		"missing Action.Status":                                    problem(remedy.Problem{Type: remedy.Missing, Field: "action.status"}),
		"missing Action":                                           problem(remedy.Problem{Type: remedy.Missing, Field: "action"}),
		"repeated Body.a_b":                                        problem(remedy.Problem{Type: remedy.Repeated, Field: "match.body.a_b"}),
		"invalid Times: want 1":                                    problem(remedy.Problem{Type: remedy.Invalid, Field: "times", Message: "want 1"}),
		"invalid name: want a name":                                problem(remedy.Problem{Type: remedy.Invalid, Field: "name", Message: "want a name"}),
		"invalid calls[1].Path: want a path\nrepeated calls[1].Body.a_b\ninvalid calls[2]: want a call\nand 3 more": &remote.Error{
			Message: "Wrong.", More: 3, Problems: []remedy.Problem{
				{Type: remedy.Invalid, Field: "expect[1].path", Message: "want a path"},
				{Type: remedy.Repeated, Field: "expect[1].body.a_b"},
				{Type: remedy.Invalid, Field: "expect[2]", Message: "want a call"},
			},
		},
		`It is full. (UpdateSettings(map[string]any{"member_limit": nil}) removes the limit)`: &remote.Error{
			Message: "It is full.", Hint: "PATCH it.", Remedy: &remedy.Remedy{Type: remedy.RemoveLimit, Limit: "member_limit"},
		},
		"There is no such organization.": &remote.Error{Message: "There is no such organization.", Hint: "Name one.", Remedy: &remedy.Remedy{Type: remedy.NameOrganization}},
		"No. (Do something new.)":        &remote.Error{Message: "No.", Hint: "Do something new.", Remedy: &remedy.Remedy{Type: "of_a_newer_server"}},
		"it broke":                       errors.New("it broke"),
	} {
		if got := inGo(err); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
