package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/redact"
	"antechamber/store"
)

// apiError is a refusal that has to do with HTTP and not with the store.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func badRequest(message string) error {
	return &apiError{status: http.StatusBadRequest, message: message}
}

// statuses says how the kinds of refusal of the store are answered.
var statuses = map[store.Kind]int{
	store.Invalid:  http.StatusBadRequest,
	store.NotFound: http.StatusNotFound,
	store.Conflict: http.StatusConflict,
}

// fail writes every failure of the server; nothing else does.
func (s *adminAPI) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return // the answer has begun: it is too late to say anything else
	}
	status, message, code := s.describe(err, c)
	if status == http.StatusMethodNotAllowed {
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(methods(c.Path()), ", "))
	}
	s.refuse(callOf(c), status, message, code)
}

// refuse writes an error answer.
func (s *adminAPI) refuse(c *call, status int, message string, code api.ErrorCode) {
	h := c.Response().Header()
	id := h.Get(headerRequestID)
	if id == "" {
		id = s.Store.First().NewRequestID()
		h.Set(headerRequestID, id)
	}
	object := api.ErrorObject{Type: api.ErrorTypeOf(status), Message: message}
	if code != "" {
		object.Details = &api.ErrorDetails{ErrorCode: code}
	}
	var body any = api.Error{Type: object.Type, Message: message, Error: object, RequestID: id}
	if s.Errors == ErrorsProduction {
		body = api.ProductionError{Type: "error", Error: object, RequestID: id}
	}
	encoded := api.Encode(body)
	c.record.ErrorType, c.record.ResponseBody = string(object.Type), journal.BodyOf(encoded)
	c.note(status)
	if err := c.Blob(status, echo.MIMEApplicationJSON, []byte(encoded)); err != nil {
		s.Log.Debug("the client went away before its answer", "error", err)
	}
}

// describe returns the status, the message and the error code of a failure.
func (s *adminAPI) describe(err error, c echo.Context) (int, string, api.ErrorCode) {
	var (
		refusal *store.Error
		own     *apiError
		routing *echo.HTTPError
	)
	switch {
	case errors.As(err, &refusal):
		return statuses[refusal.Kind], refusal.Message, refusal.Code
	case errors.As(err, &own):
		return own.status, own.message, ""
	case errors.As(err, &routing) && routing.Code == http.StatusNotFound:
		return http.StatusNotFound, s.unknownPath(c.Request()), ""
	case errors.As(err, &routing) && routing.Code == http.StatusMethodNotAllowed:
		return routing.Code, "Method " + c.Request().Method + " is not allowed for this path.", ""
	}
	s.Log.Error("internal error", "error", err)
	return http.StatusInternalServerError, "Internal server error", ""
}

// unknownPath words the answer to a path that is not served. Where production
// serves it, a user should not go looking for a typing mistake.
func (s *adminAPI) unknownPath(r *http.Request) string {
	switch {
	case s.Errors == ErrorsProduction:
		return "Not found"
	case strings.HasPrefix(r.URL.Path, base+base+"/"):
		return "Not found: the base URL of a client goes without " + base + "."
	case !productionServes(r.URL.Path):
		return "Not found"
	}
	s.Log.Warn("an operation that production has and Antechamber does not emulate", "method", r.Method, "path", redact.Text(r.URL.Path))
	return "Not found: production has this operation, Antechamber does not emulate it."
}

// productionServes reports whether a path belongs to an operation that
// production documents and this server does not have.
func productionServes(path string) bool {
	resource, ok := strings.CutPrefix(path, base+"/")
	if !ok {
		return false
	}
	s := strings.Split(resource, "/")
	switch {
	case s[0] != "organizations":
		return slices.Contains(elsewhere, s[0])
	case len(s) > 3 && (s[1] == "users" || s[1] == "workspaces"):
		return slices.Contains(within, s[1]+"/"+s[3])
	}
	return len(s) > 1 && slices.Contains(inOrganization, s[1])
}

// What production's reference and its SDKs have and Antechamber has not: below
// /v1, below /v1/organizations, and below a user or a workspace.
var (
	elsewhere = []string{
		"agents", "complete", "deployment_runs", "deployments", "dreams", "environments", "files", "memory_stores",
		"messages", "models", "sessions", "skills", "tunnels", "user_profiles", "vaults",
	}
	inOrganization = []string{
		"analytics", "claude_code", "claude_tag", "compliance_settings", "cost_report", "external_keys",
		"federation_issuers", "federation_rules", "plugin_marketplaces", "plugins", "rate_limits", "rbac_groups",
		"rbac_roles", "service_accounts", "spend_limit_increase_requests", "spend_limits", "telemetry_destinations",
		"tunnels", "usage_report", "webhooks",
	}
	within = []string{"users/sign_out", "workspaces/rate_limits", "workspaces/service_accounts"}
)
