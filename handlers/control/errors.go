package control

import (
	"errors"
	"net/http"
	"strings"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/seed"
	"antechamber/store"
)

// The codes that several refusals share. openapi.json documents every code.
const (
	codeNotFound     = "not_found"
	codeInvalidBody  = "invalid_body"
	codeInvalidQuery = "invalid_query"
)

// refusal is why a request is answered with an error.
type refusal struct {
	status              int
	code, message, hint string
	allow               string  // the methods of the path, when the request's is none of them
	faults              []fault // of a seed

	// What is wrong with expectations.
	unmet      []journal.Unmet
	unexpected []journal.Entry
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, code, message, hint string) error {
	return &refusal{status: status, code: code, message: message, hint: hint}
}

// failure is the answer to a request that failed.
type failure struct {
	Error failureObject `json:"error"`
}

type failureObject struct {
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Hint    string  `json:"hint,omitempty"`
	Faults  []fault `json:"faults,omitempty"`

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

// hints say what to do about refusals of the store.
var hints = map[api.ErrorCode]string{
	"nobody":                   "POST " + Base + "/users adds one.",
	"clock_backwards":          "POST " + Base + "/reset and a restored snapshot bring an earlier time back.",
	api.OrgMemberLimitExceeded: "PATCH " + Base + `/settings with {"member_limit":null} removes the limit.`,
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
	s.write(w, r, refused.status, failure{failureObject{refused.code, refused.message, refused.hint, refused.faults, refused.unmet, refused.unexpected}})
}

func (s *plane) describe(err error) refusal {
	if own, ok := errors.AsType[*refusal](err); ok {
		return *own
	}
	if refused, ok := errors.AsType[*store.Error](err); ok {
		answer := kinds[refused.Kind]
		answer.message, answer.hint = refused.Message, hints[refused.Code]
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
