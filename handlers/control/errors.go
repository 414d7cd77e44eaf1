package control

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/remedy"
	"antechamber/seed"
	"antechamber/store"
)

// The codes that several refusals share. openapi.json documents every code.
const (
	codeNotFound           = "not_found"
	codeInvalidBody        = "invalid_body"
	codeInvalidQuery       = "invalid_query"
	codeInvalidExpectation = "invalid_expectation"
)

// refusal is why a request is answered with an error.
type refusal struct {
	status        int
	code, message string
	field         string         // the one at fault; empty for none and for several
	remedy        *remedy.Remedy // nil for none
	problems      []remedy.Problem
	more          int     // problems that are left out
	allow         string  // the methods of the path, when the request's is none of them
	faults        []fault // of a seed

	// What is wrong with expectations.
	unmet      []journal.Unmet
	unexpected []journal.Entry
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, code, message string, how *remedy.Remedy) error {
	return &refusal{status: status, code: code, message: message, remedy: how}
}

// maxProblems is how many problems are listed at most.
const maxProblems = 100

// refuseAll refuses a request for its problems, of which there is at least one.
func refuseAll(code string, problems []remedy.Problem) error {
	shown := problems[:min(maxProblems, len(problems))]
	r := &refusal{status: http.StatusBadRequest, code: code, problems: shown, more: len(problems) - len(shown)}
	lines := make([]string, len(shown))
	for i, p := range shown {
		lines[i] = p.Error()
	}
	if r.more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", r.more))
	}
	r.message = strings.Join(lines, "; ")
	if len(problems) == 1 {
		r.field, r.remedy = problems[0].Field, problems[0].Remedy
	}
	return r
}

// failure is the answer to a request that failed.
type failure struct {
	Error failureObject `json:"error"`
}

type failureObject struct {
	Code     string           `json:"code"`
	Message  string           `json:"message"`
	Field    string           `json:"field,omitempty"`
	Hint     string           `json:"hint,omitempty"` // Remedy in prose
	Remedy   *remedy.Remedy   `json:"remedy,omitempty"`
	Problems []remedy.Problem `json:"problems,omitempty"`
	More     int              `json:"more,omitempty"`
	Faults   []fault          `json:"faults,omitempty"`

	Unmet      []journal.Unmet `json:"unmet,omitzero"`
	Unexpected []journal.Entry `json:"unexpected,omitzero"`
}

// fault is one thing that is wrong with a seed, and where.
type fault struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// kinds says how the kinds of refusal of the store are answered.
var kinds = map[store.Kind]refusal{
	store.Invalid:  {status: http.StatusBadRequest, code: "invalid"},
	store.NotFound: {status: http.StatusNotFound, code: codeNotFound},
	store.Conflict: {status: http.StatusConflict, code: "conflict"},
}

// remedies are those of refusals of the store.
var remedies = map[api.ErrorCode]*remedy.Remedy{
	"nobody":                   {Type: remedy.AddUser},
	"clock_backwards":          {Type: remedy.ResetOrRestore},
	api.OrgMemberLimitExceeded: {Type: remedy.RemoveLimit, Limit: "member_limit"},
}

// fail writes every failure of the control plane.
func (s *plane) fail(w http.ResponseWriter, r *http.Request, err error) {
	refused := s.describe(err)
	switch refused.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", refused.allow)
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	s.write(w, r, refused.status, failure{failureObject{
		Code: refused.code, Message: refused.message, Field: refused.field, Hint: refused.remedy.String(), Remedy: refused.remedy,
		Problems: refused.problems, More: refused.more, Faults: refused.faults, Unmet: refused.unmet, Unexpected: refused.unexpected,
	}})
}

func (s *plane) describe(err error) refusal {
	if own, ok := errors.AsType[*refusal](err); ok {
		return *own
	}
	if refused, ok := errors.AsType[*store.Error](err); ok {
		answer := kinds[refused.Kind]
		answer.message, answer.remedy = refused.Message, remedies[refused.Code]
		if refused.Code != "" {
			answer.code = string(refused.Code)
		}
		return answer
	}
	s.Log.Error("internal error", "error", err)
	return refusal{status: http.StatusInternalServerError, code: "internal", message: "Internal error: " + err.Error()}
}

// invalidSeed refuses a seed with everything that is wrong with it, and hands
// on errors that are no faults.
func invalidSeed(code string, err error) error {
	found, ok := errors.AsType[seed.Faults](err)
	if !ok {
		return err
	}
	refused := &refusal{status: http.StatusBadRequest, code: code}
	lines := make([]string, len(found))
	for i, f := range found {
		refused.faults = append(refused.faults, fault{f.Line, f.Column, f.Pointer, f.Message})
		lines[i] = strings.TrimPrefix(f.Pointer+": "+f.Message, ": ")
	}
	refused.message = strings.Join(lines, "; ")
	return refused
}
