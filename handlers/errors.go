package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/api"
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
}

// fail writes every failure of the server; nothing else does.
func (s *server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return // the answer has begun: it is too late to say anything else
	}
	status, message, code := s.describe(err, c)
	h := c.Response().Header()
	id := h.Get(headerRequestID)
	if id == "" {
		id = s.store.First().NewRequestID()
		h.Set(headerRequestID, id)
	}
	if status == http.StatusMethodNotAllowed {
		h.Set(echo.HeaderAllow, strings.Join(methods(c.Path()), ", "))
	}
	object := api.ErrorObject{Type: api.ErrorTypeOf(status), Message: message}
	if code != "" {
		object.Details = &api.ErrorDetails{ErrorCode: code}
	}
	var body any = api.Error{Type: object.Type, Message: message, Error: object, RequestID: id}
	if s.errors == ErrorsProduction {
		body = api.ProductionError{Type: "error", Error: object, RequestID: id}
	}
	if err := c.Blob(status, echo.MIMEApplicationJSON, []byte(api.Encode(body))); err != nil {
		s.log.Debug("the client went away before its answer", "error", err)
	}
}

// describe gives the status, the message and the error code of a failure.
func (s *server) describe(err error, c echo.Context) (int, string, api.ErrorCode) {
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
	s.log.Error("internal error", "error", err)
	return http.StatusInternalServerError, "Internal server error", ""
}

// unknownPath words the answer to a path that is not served. Where production
// serves it, a user should not go looking for a typing mistake.
func (s *server) unknownPath(r *http.Request) string {
	if s.errors == ErrorsProduction || !productionServes(r.URL.Path) {
		return "Not found"
	}
	s.log.Warn("an operation that production has and Antechamber does not emulate", "method", r.Method, "path", r.URL.Path)
	return "Not found: production has this operation, Antechamber does not emulate it."
}

// productionServes tells whether a path belongs to an operation that
// production documents and this server does not have.
func productionServes(path string) bool {
	s := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch {
	case len(s) < 2 || s[0] != strings.TrimPrefix(base, "/"):
		return false
	case s[1] != "organizations":
		return notEmulated.api[s[1]]
	case len(s) >= 5 && s[2] == "workspaces":
		return notEmulated.workspace[s[4]]
	}
	return len(s) >= 3 && notEmulated.organization[s[2]]
}

// notEmulated lists the resources of production's API by where they stand:
// below /v1, below /v1/organizations, below a workspace.
var notEmulated = struct{ api, organization, workspace map[string]bool }{
	api: words("complete", "messages", "models", "files", "skills", "agents", "environments", "sessions",
		"vaults", "memory_stores", "user_profiles"),
	organization: words("analytics", "compliance_settings", "cost_report", "external_keys", "federation_issuers",
		"federation_rules", "plugin_marketplaces", "plugins", "rate_limits", "rbac_groups", "rbac_roles",
		"service_accounts", "spend_limit_increase_requests", "spend_limits", "telemetry_destinations", "tunnels",
		"usage_report", "webhooks"),
	workspace: words("rate_limits", "service_accounts"),
}

func words(all ...string) map[string]bool {
	m := make(map[string]bool, len(all))
	for _, w := range all {
		m[w] = true
	}
	return m
}
