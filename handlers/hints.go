package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"antechamber/api"
	"antechamber/internal/hint"
	"antechamber/internal/redact"
	"antechamber/internal/text"
)

// addHint explains a failed request in a header, in the journal and in the log, if
// Antechamber knows more than the response says.
func (s *adminAPI) addHint(c *call, status int, err error) {
	line := hint.Line(s.hintFor(c, status, err))
	if line == "" {
		return
	}
	c.Response().Header().Set(hint.Header, line)
	c.record.Hint = line
	if r := c.Request(); s.logged.Due(line, s.Store.RealTime()) {
		s.Log.Warn("request failed", "status", status, "method", r.Method, "path", text.Shorten(redact.Text(r.URL.Path), 200), "hint", line)
	}
}

// hintFor returns the hint for a failed request, or "".
func (s *adminAPI) hintFor(c *call, status int, err error) string {
	r := c.Request()
	requestErr, _ := errors.AsType[*apiError](err)
	switch {
	case status == http.StatusForbidden && requestErr != nil:
		return requestErr.hint
	case s.refusedByBrowser(r):
		return "web pages from " + hint.Quote(r.Header.Get(echo.HeaderOrigin)) + " may not call the Admin API: add that origin with --cors"
	case requestErr != nil:
		return requestErr.hint
	case status == http.StatusNotFound && errors.Is(err, echo.ErrNotFound):
		return s.paths.NotFound(r.Method, echo.GetPath(r))
	case status == http.StatusMethodNotAllowed:
		return s.paths.NotAllowed(r.Method, echo.GetPath(r))
	}
	return ""
}

// refusedByBrowser reports whether a browser refuses the request of a web page, since
// --cors does not allow its origin: it is a preflight, or it has no key, which needs
// none.
func (s *adminAPI) refusedByBrowser(r *http.Request) bool {
	origin := r.Header.Get(echo.HeaderOrigin)
	if origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host || s.allows(origin) || !inAPI(r.URL.Path) {
		return false
	}
	return isPreflight(r) || api.KeyOf(r.Header) == ""
}

// servedRoutes returns what paths are compared with.
func servedRoutes() (all []hint.Route) {
	for _, op := range operations {
		all = append(all, hint.Route{Method: op.Method, Path: base + op.route()})
	}
	for _, p := range probes {
		all = append(all, hint.Route{Method: http.MethodGet, Path: p.path})
	}
	return all
}
