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

// apiError is an error with an HTTP status that does not come from the store.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func badRequest(message string) error {
	return &apiError{status: http.StatusBadRequest, message: message}
}

// statuses maps the kinds of store errors to HTTP statuses.
var statuses = map[store.Kind]int{
	store.Invalid:  http.StatusBadRequest,
	store.NotFound: http.StatusNotFound,
	store.Conflict: http.StatusConflict,
}

// handleError is Echo's error handler: it turns any error of a handler or a
// middleware into a response.
func (s *adminAPI) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return // too late: part of a response has been sent
	}
	status, message, details := s.describe(err, c)
	if status == http.StatusMethodNotAllowed {
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(methods(c.Path()), ", "))
	}
	s.writeError(callOf(c), status, message, details)
}

// writeError writes an error response. It is the only function that does. details is
// nil for an error without a code.
func (s *adminAPI) writeError(c *call, status int, message string, details *api.ErrorDetails) {
	h := c.Response().Header()
	id := h.Get(headerRequestID)
	if id == "" {
		id = s.Store.First().NewRequestID()
		h.Set(headerRequestID, id)
	}
	object := api.ErrorObject{Type: api.ErrorTypeIn(c.record.Operation, status), Message: message, Details: details}
	var body any = api.Error{Type: object.Type, Message: message, Error: object, RequestID: id}
	if s.Errors == ErrorsProduction {
		body = api.ProductionError{Type: "error", Error: object, RequestID: id}
	}
	encoded := api.Encode(body)
	c.record.ErrorType, c.record.ResponseBody = string(object.Type), journal.BodyOf(encoded)
	c.writeRecord(status)
	if err := c.Blob(status, echo.MIMEApplicationJSON, []byte(encoded)); err != nil {
		s.Log.Debug("client disconnected before the response", "error", err)
	}
}

// describe returns the status, the message and the details, or nil, for an error. The
// client never sees the text of an unexpected error; the log does.
func (s *adminAPI) describe(err error, c echo.Context) (int, string, *api.ErrorDetails) {
	var (
		storeErr   *store.Error
		requestErr *apiError
		echoErr    *echo.HTTPError
	)
	switch {
	case errors.As(err, &storeErr):
		return statuses[storeErr.Kind], storeErr.Message, detailsOf(storeErr)
	case errors.As(err, &requestErr):
		return requestErr.status, requestErr.message, nil
	case errors.As(err, &echoErr) && echoErr.Code == http.StatusNotFound:
		return http.StatusNotFound, s.notFoundMessage(c.Request()), nil
	case errors.As(err, &echoErr) && echoErr.Code == http.StatusMethodNotAllowed:
		return echoErr.Code, "Method " + c.Request().Method + " is not allowed for this path.", nil
	}
	s.Log.Error("internal error", "error", err)
	return http.StatusInternalServerError, "Internal server error", nil
}

// detailsOf returns the details of a refusal: its code, or nil if it has none.
func detailsOf(err *store.Error) *api.ErrorDetails {
	if err.Code == "" {
		return nil
	}
	return &api.ErrorDetails{ErrorCode: err.Code}
}

// notFoundMessage returns the message for a path that is not served. If
// production serves the path, or the base URL is wrong, it says so: the user
// would look for a typo in vain.
func (s *adminAPI) notFoundMessage(r *http.Request) string {
	switch {
	case s.Errors == ErrorsProduction:
		return "Not found"
	case strings.HasPrefix(r.URL.Path, base+base+"/"):
		return "Not found: the base URL must not include " + base + "."
	case !productionServes(r.URL.Path):
		return "Not found"
	}
	s.Log.Warn("operation not emulated", "method", r.Method, "path", redact.Text(r.URL.Path))
	return "Not found: production has this operation, but Antechamber does not emulate it."
}

// productionServes reports whether production documents an operation at a path
// that this server does not serve.
func productionServes(path string) bool {
	resource, ok := strings.CutPrefix(path, base+"/")
	if !ok {
		return false
	}
	s := strings.Split(resource, "/")
	switch {
	case s[0] != "organizations":
		return slices.Contains(otherResources, s[0])
	case len(s) > 3 && (s[1] == "users" || s[1] == "workspaces"):
		return slices.Contains(otherSubresources, s[1]+"/"+s[3])
	}
	return len(s) > 1 && slices.Contains(otherOrganizationResources, s[1])
}

// Resources in production's reference or SDKs that Antechamber does not emulate:
// below /v1, below /v1/organizations, and below a user or a workspace.
var (
	otherResources = []string{
		"agents", "complete", "deployment_runs", "deployments", "dreams", "environments", "files", "memory_stores",
		"messages", "models", "sessions", "skills", "tunnels", "user_profiles", "vaults",
	}
	otherOrganizationResources = []string{
		"analytics", "claude_code", "claude_tag", "compliance_settings", "cost_report", "external_keys",
		"federation_issuers", "federation_rules", "plugin_marketplaces", "plugins", "rate_limits", "rbac_groups",
		"rbac_roles", "service_accounts", "spend_limit_increase_requests", "spend_limits", "telemetry_destinations",
		"tunnels", "usage_report", "webhooks",
	}
	otherSubresources = []string{"users/sign_out", "workspaces/rate_limits", "workspaces/service_accounts"}
)
