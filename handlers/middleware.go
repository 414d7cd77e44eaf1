package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/store"
)

// The headers of the API.
const (
	headerAPIKey       = "x-api-key"
	headerVersion      = "anthropic-version"
	headerRequestID    = "request-id"
	headerOrganization = "anthropic-organization-id"
)

// keyOrganization is where a request keeps its organization.
const keyOrganization = "organization"

// logged writes a line for every request when the level is debug.
func (s *server) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil {
			c.Error(err) // answered here, so that the line knows the status
		}
		r := c.Request()
		if s.log.Enabled(r.Context(), slog.LevelDebug) {
			s.log.Debug("request", "method", r.Method, "path", r.URL.Path, "query", r.URL.RawQuery,
				"status", c.Response().Status, "request_id", c.Response().Header().Get(headerRequestID))
		}
		return nil
	}
}

// recovered turns a panic, which would be a fault of this program, into a 500
// and a log line with its trace.
func (s *server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.log.Error("panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
				err = &apiError{status: http.StatusInternalServerError, message: "Internal server error"}
			}
		}()
		return next(c)
	}
}

// authenticated finds the organization that the request's admin key selects,
// and gives every answer its request id. Paths outside the API pass without a
// key; inside it, even an unknown path asks for one first.
func (s *server) authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := c.Request().URL.Path
		if path != base && !strings.HasPrefix(path, base+"/") {
			return next(c)
		}
		org, err := s.organizationOf(c.Request().Header)
		// Request ids are counted by organization; the first one counts those
		// of requests that belong to none.
		if err != nil {
			c.Response().Header().Set(headerRequestID, s.store.First().NewRequestID())
			return err
		}
		c.Response().Header().Set(headerRequestID, org.NewRequestID())
		c.Response().Header().Set(headerOrganization, org.ID())
		c.Set(keyOrganization, org)
		return next(c)
	}
}

func (s *server) organizationOf(h http.Header) (*store.Organization, error) {
	key := h.Get(headerAPIKey)
	if key == "" {
		scheme, token, _ := strings.Cut(h.Get(echo.HeaderAuthorization), " ")
		if strings.EqualFold(scheme, "Bearer") {
			key = strings.TrimSpace(token)
		}
	}
	if key == "" {
		return nil, &apiError{status: http.StatusUnauthorized, message: headerAPIKey + " header is required"}
	}
	org := s.store.Authenticate(key)
	if org == nil {
		return nil, &apiError{status: http.StatusUnauthorized, message: "invalid " + headerAPIKey}
	}
	return org, nil
}

// routed refuses what Echo takes for an id and is none: nothing, or more than
// one segment of the path.
func routed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := echo.GetPath(c.Request())
		if strings.Count(path, "/") != strings.Count(c.Path(), "/") || strings.Contains(path, "//") || strings.HasSuffix(path, "/") {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// id gives an id of the path. Echo leaves it as it was escaped.
func (c *call) id(name string) string {
	raw := c.Param(name)
	id, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return id
}

// serve gives the Echo handler of an operation: what every operation checks
// before its own input.
func (s *server) serve(op operation) echo.HandlerFunc {
	return func(c echo.Context) error {
		org := c.Get(keyOrganization).(*store.Organization)
		if err := checkVersion(c.Request().Header, org.Settings().AnthropicVersions); err != nil {
			return err
		}
		return op.handle(&call{c, org})
	}
}

func checkVersion(h http.Header, known []string) error {
	version := h.Get(headerVersion)
	switch {
	case version == "":
		return badRequest(headerVersion + ": header is required")
	case !slices.Contains(known, version):
		return badRequest(fmt.Sprintf("%s: %q is not a valid version", headerVersion, version))
	}
	return nil
}
