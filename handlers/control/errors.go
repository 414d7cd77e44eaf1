package control

import (
	"errors"
	"net/http"
	"strings"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// Error codes used in several places. openapi.json documents every code.
const (
	codeNotFound           = "not_found"
	codeInvalidBody        = "invalid_body"
	codeInvalidQuery       = "invalid_query"
	codeInvalidExpectation = "invalid_expectation"
)

// refusal is an error response.
type refusal struct {
	status        int
	code, message string
	field         string         // the invalid one; empty for none and for several
	remedy        *remedy.Remedy // nil for none
	problems      []remedy.Problem
	more          int     // the number of problems or faults beyond those listed
	allow         string  // the Allow header of a 405
	faults        []fault // of a seed

	// Of expectations.
	unmet          []journal.Unmet
	moreUnmet      int
	unexpected     []journal.Entry
	moreUnexpected int
}

func (r *refusal) Error() string { return r.message }

// hint returns the remedy in the words of HTTP.
func (r *refusal) hint() string {
	if len(r.problems) == 1 {
		return r.problems[0].Hint()
	}
	return r.remedy.String()
}

func refuse(status int, code, message string, hint *remedy.Remedy) error {
	return &refusal{status: status, code: code, message: message, remedy: hint}
}

// maxProblems is the maximum number of problems that an error lists.
const maxProblems = 100

// refuseAll returns a refusal that lists problems, of which there must be at least
// one. more is how many others there are.
func refuseAll(code string, problems []remedy.Problem, more int) error {
	shown := problems[:min(maxProblems, len(problems))]
	r := &refusal{status: http.StatusBadRequest, code: code, problems: shown, more: len(problems) - len(shown) + more}
	lines := make([]string, len(shown))
	for i, p := range shown {
		lines[i] = p.Error()
	}
	if r.more > 0 {
		lines = append(lines, text.AndMore(r.more))
	}
	r.message = strings.Join(lines, "; ")
	if len(problems)+more == 1 {
		r.field, r.remedy = problems[0].Field, problems[0].Remedy
	}
	return r
}

// refuseQuery is refuseAll for problems of query parameters.
func refuseQuery(problems []remedy.Problem, more int) error {
	for i := range problems {
		problems[i].In = remedy.InQuery
	}
	return refuseAll(codeInvalidQuery, problems, more)
}

// failure is the body of an error response.
type failure struct {
	Error failureObject `json:"error"`
}

type failureObject struct {
	Code     string           `json:"code"`
	Message  string           `json:"message"`
	Field    string           `json:"field,omitempty"`
	Hint     string           `json:"hint,omitempty"` // Remedy as text
	Remedy   *remedy.Remedy   `json:"remedy,omitempty"`
	Problems []remedy.Problem `json:"problems,omitempty"`
	More     int              `json:"more,omitempty"`
	Faults   []fault          `json:"faults,omitempty"`

	Unmet          []journal.Unmet `json:"unmet,omitzero"`
	MoreUnmet      int             `json:"more_unmet,omitempty"`
	Unexpected     []journal.Entry `json:"unexpected,omitzero"`
	MoreUnexpected int             `json:"more_unexpected,omitempty"`
}

// fault is an error in a seed, and its position.
type fault struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// kinds maps the kind of a store error to a status and a default code.
var kinds = map[store.Kind]refusal{
	store.Invalid:  {status: http.StatusBadRequest, code: "invalid"},
	store.NotFound: {status: http.StatusNotFound, code: codeNotFound},
	store.Conflict: {status: http.StatusConflict, code: "conflict"},
}

// remedies maps the codes of store errors to what to do about them.
var remedies = map[api.ErrorCode]*remedy.Remedy{
	"nobody":                   {Type: remedy.AddUser},
	"clock_backwards":          {Type: remedy.ResetOrRestore},
	api.OrgMemberLimitExceeded: {Type: remedy.RemoveLimit, Limit: "member_limit"},
}

// fail writes err. Every error response of the control plane is written here.
func (s *plane) fail(w http.ResponseWriter, r *http.Request, err error) {
	refused := s.describe(err)
	switch refused.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", refused.allow)
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if IsPage(r) {
		if d, err := s.refusedPage(refused); err == nil {
			d.write(w, refused.status)
			return
		}
	}
	s.write(w, r, refused.status, failure{failureObject{
		Code: refused.code, Message: refused.message, Field: refused.field, Hint: refused.hint(), Remedy: refused.remedy,
		Problems: refused.problems, More: refused.more, Faults: refused.faults, Unmet: refused.unmet, MoreUnmet: refused.moreUnmet,
		Unexpected: refused.unexpected, MoreUnexpected: refused.moreUnexpected,
	}})
}

// describe returns the error response for err.
func (s *plane) describe(err error) refusal {
	if own, ok := errors.AsType[*refusal](err); ok {
		return *own
	}
	if refused, ok := errors.AsType[*store.Error](err); ok {
		out := kinds[refused.Kind]
		out.message, out.remedy = refused.Message, remedies[refused.Code]
		if refused.Code != "" {
			out.code = string(refused.Code)
		}
		return out
	}
	s.Log.Error("internal error", "error", err)
	return refusal{status: http.StatusInternalServerError, code: "internal", message: "internal error: " + err.Error()}
}

// invalidSeed returns a refusal that lists the faults of a seed. Other errors are
// returned unchanged.
func invalidSeed(code string, err error) error {
	found, ok := errors.AsType[seed.Faults](err)
	if !ok {
		return err
	}
	refused := &refusal{status: http.StatusBadRequest, code: code, more: found.Number() - len(found)}
	lines := make([]string, len(found))
	for i, f := range found {
		refused.faults = append(refused.faults, fault{f.Line, f.Column, f.Pointer, f.Message})
		lines[i] = strings.TrimPrefix(f.Pointer+": "+f.Message, ": ")
	}
	if refused.more > 0 {
		lines = append(lines, text.AndMore(refused.more))
	}
	refused.message = strings.Join(lines, "; ")
	return refused
}
