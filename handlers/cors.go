package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"antechamber/internal/hint"
	"antechamber/internal/limits"
)

// guardHost refuses requests of browsers under a host name that is not one of this
// server: a web page that makes its name resolve to this machine (DNS rebinding)
// would be of the same origin as the API, and the default admin key is public.
func (s *adminAPI) guardHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if inAPI(r.URL.Path) && s.ForeignBrowser(r) {
			return &apiError{
				status: http.StatusForbidden, message: "Request not allowed",
				hint: "browsers may not use the host " + hint.Quote(r.Host) + ": use 127.0.0.1 or localhost, or add its name with --allow-host",
			}
		}
		return next(c)
	}
}

// allows reports whether web pages from an origin may call the API. The origin null
// is that of sandboxed pages and local files, of any author: * leaves it out.
func (s *adminAPI) allows(origin string) bool {
	return slices.Contains(s.Origins, origin) || origin != "null" && slices.Contains(s.Origins, "*")
}

// isPreflight reports whether a browser asks what a web page may do.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get(echo.HeaderAccessControlRequestMethod) != ""
}

// cors allows web pages from the configured origins to call the API. It runs
// before authentication, since a browser sends preflights without the key.
func (s *adminAPI) cors(next echo.HandlerFunc) echo.HandlerFunc {
	if len(s.Origins) == 0 {
		return next
	}
	return func(c echo.Context) error {
		r, h := c.Request(), c.Response().Header()
		origin := r.Header.Get(echo.HeaderOrigin)
		h.Add(echo.HeaderVary, echo.HeaderOrigin)
		if origin == "" || !s.allows(origin) {
			return next(c)
		}
		h.Set(echo.HeaderAccessControlAllowOrigin, origin)
		h.Set(echo.HeaderAccessControlExposeHeaders, headerRequestID+", "+headerOrganization+", retry-after, x-emulate-fault, x-emulate-hint, "+limits.HeaderLimit+", "+limits.HeaderRemaining+", "+limits.HeaderReset)
		if !isPreflight(r) {
			return next(c)
		}
		callOf(c).unrecorded = true // the browser's request, not the client's
		h.Set(echo.HeaderAccessControlAllowMethods, "GET, POST, DELETE")
		h.Set(echo.HeaderAccessControlAllowHeaders, r.Header.Get(echo.HeaderAccessControlRequestHeaders))
		h.Set(echo.HeaderAccessControlMaxAge, "600")
		return c.NoContent(http.StatusNoContent)
	}
}
