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

func TestErrorsInGo(t *testing.T) {
	for want, err := range map[string]error{
		"No.": &remote.Error{Message: "No."},
		`Operation: there is no operation "x" (did you mean "y"?)`: &remote.Error{
			Message: `match.operation: there is no operation "x"`, Field: "match.operation", Hint: `did you mean "y"?`, Remedy: remedy.Meant("y"),
		},
		"Action.RetryAfter: must be at least 0": &remote.Error{Message: "action.retry_after: must be at least 0", Field: "action.retry_after"},
		"Body.a_b: is there twice":              &remote.Error{Message: "match.body.a_b: is there twice", Field: "match.body.a_b"},
		"Times: must be at least 1":             &remote.Error{Message: "times: must be at least 1", Field: "times"},
		"calls[1].Path: is wrong":               &remote.Error{Message: "expect[1].path: is wrong", Field: "expect[1].path"},
		"calls[1]: is wrong":                    &remote.Error{Message: "expect[1]: is wrong", Field: "expect[1]"},
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
