package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/text"
	"antechamber/store"
)

// apiError is an error with an HTTP status that does not come from the store.
type apiError struct {
	status  int
	message string
	hint    string // what Antechamber knows and production would not say; may be empty
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
	s.addHint(callOf(c), status, err)
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
		return http.StatusNotFound, "Not found", nil
	case errors.As(err, &echoErr) && echoErr.Code == http.StatusMethodNotAllowed:
		return echoErr.Code, "Method " + text.Shorten(c.Request().Method, store.MaxEcho) + " is not allowed for this path.", nil
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
