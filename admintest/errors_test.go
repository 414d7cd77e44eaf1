package admintest

import (
	"errors"
	"slices"
	"testing"

	"antechamber/internal/remedy"
	"antechamber/internal/remote"
)

// The server's hint is used for the types without a remedy in Go. It must suit a
// test, or never occur in one.
func TestEveryRemedyInGo(t *testing.T) {
	serverHint := []remedy.Type{
		remedy.DidYouMean, remedy.EnableJournal, remedy.FixAdminKey, remedy.LeaveOutTimes, remedy.ListFaults, remedy.ListOrganizations,
		remedy.ReadOpenAPI, remedy.UseLocalPage, remedy.UseLoopback, remedy.UseOneOf,
	}
	for _, typ := range remedy.Types {
		text, known := goRemedy(&remedy.Remedy{Type: typ})
		if slices.Contains(serverHint, typ) == known || text == "" && known != (typ == remedy.NameOrganization) {
			t.Errorf("%s: remedy %q, known %t", typ, text, known)
		}
	}
}

// refusal returns the error of a request with one problem.
func refusal(p remedy.Problem) error {
	return &remote.Error{Message: p.Error(), Hint: p.Remedy.String(), Remedy: p.Remedy, Problems: []remedy.Problem{p}}
}

func TestErrorsInGo(t *testing.T) {
	for _, c := range []struct {
		method string
		err    error
		want   string
	}{
		{"Reset", &remote.Error{Message: "No."}, "No"},
		{"Reset", &remote.Error{Message: "want a name other than .."}, "want a name other than .."},
		{"Fault", refusal(remedy.Problem{Type: remedy.Invalid, Field: "match.operation", Message: "want an operation", Remedy: remedy.Meant("y")}), `invalid Operation: want an operation (did you mean "y"?)`},
		{"Fault", refusal(remedy.Problem{Type: remedy.Invalid, Field: "match.operation", Value: `"x"`, Message: "want an operation"}), `invalid Operation "x": want an operation`},
		{"Fault", refusal(remedy.Problem{Type: remedy.Invalid, Field: "action.retry_after", Value: "0", Message: "want 1"}), "invalid Action.RetryAfter 0: want 1"},
		{"Fault", refusal(remedy.Problem{Type: remedy.Missing, Field: "action.status"}), "Action.Status is required"},
		{"Fault", refusal(remedy.Problem{Type: remedy.Missing, Field: "action"}), "Action is required"},
		{"Fault", refusal(remedy.Problem{Type: remedy.Invalid, Field: "action.type", Message: "want another"}), "invalid Action: want another"},
		{"Fault", refusal(remedy.Problem{Type: remedy.Repeated, Field: "match.body.a_b"}), "repeated Body.a_b"},
		{"Fault", refusal(remedy.Problem{Type: remedy.Invalid, Field: "times", Message: "want 1"}), "invalid Times: want 1"},
		{"Snapshot", refusal(remedy.Problem{Type: remedy.Invalid, Field: "name", Message: "want a name"}), "invalid name: want a name"},
		{"CreateAPIKey", refusal(remedy.Problem{Type: remedy.Invalid, Field: "name", Message: "want a name"}), "invalid Name: want a name"},
		{"CreateAPIKey", refusal(remedy.Problem{Type: remedy.Invalid, Field: "expires_at", Value: `"soon"`, Message: "want a time"}), `invalid ExpiresAt "soon": want a time`},
		{"CreateAPIKey", refusal(remedy.Problem{Type: remedy.Missing, Field: "principal.user_id", Message: "want an id"}), "Principal.UserID is required"},
		{"CreateAPIKey", &remote.Error{Message: "expires_at: the clock shows 2026 already."}, "ExpiresAt: the clock shows 2026 already"},
		{"CreateAPIKey", &remote.Error{Message: "expires_at must be later."}, "ExpiresAt must be later"},
		{"Clock.Set", refusal(remedy.Problem{Type: remedy.Invalid, Field: "set", Message: "want a time"}), "invalid to: want a time"},
		{
			"Verify", &remote.Error{
				Message: "Wrong.", More: 3, Problems: []remedy.Problem{
					{Type: remedy.Invalid, Field: "expect[1].path", Message: "want a path"},
					{Type: remedy.Repeated, Field: "expect[1].body.a_b"},
					{Type: remedy.Invalid, Field: "expect[2]", Message: "want a call"},
				},
			},
			"invalid calls[1].Path: want a path\nrepeated calls[1].Body.a_b\ninvalid calls[2]: want a call\nand 3 more",
		},
		{
			"AddUser", &remote.Error{Message: "It is full.", Hint: "PATCH it.", Remedy: &remedy.Remedy{Type: remedy.RemoveLimit, Limit: "member_limit"}},
			`It is full (UpdateSettings(map[string]any{"member_limit": nil}) removes the limit)`,
		},
		{
			"Reset", &remote.Error{Message: "There is no such organization.", Hint: "Name one.", Remedy: &remedy.Remedy{Type: remedy.NameOrganization}},
			"There is no such organization",
		},
		{"Reset", &remote.Error{Message: "No.", Hint: "Do something new.", Remedy: &remedy.Remedy{Type: "of_a_newer_server"}}, "No (Do something new)"},
		{"Reset", errors.New("it broke."), "it broke."},
	} {
		if got := message(c.method, c.err); got != c.want {
			t.Errorf("%s: got %s, want %s", c.method, got, c.want)
		}
	}
}

func TestDifferencesInGo(t *testing.T) {
	for difference, want := range map[string]string{
		`body.user_id: want "a", got "b"`:                               `Body.user_id: want "a", got "b"`,
		`query.limit: want "1", got none`:                               `Query.limit: want "1", got none`,
		"status: want 200, got 404":                                     "Status: want 200, got 404",
		"order: request 2 came before request 3, which meets expect[0]": "order: request 2 came before request 3, which meets calls[0]",
		"something else that a newer server may find, a body.":          "something else that a newer server may find, a body.",
	} {
		if got := differenceInGo(difference); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
