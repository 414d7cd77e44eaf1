package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"antechamber/internal/limits"
)

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
		if origin == "" || !slices.Contains(s.Origins, "*") && !slices.Contains(s.Origins, origin) {
			return next(c)
		}
		h.Set(echo.HeaderAccessControlAllowOrigin, origin)
		h.Set(echo.HeaderAccessControlExposeHeaders, headerRequestID+", "+headerOrganization+", retry-after, x-emulate-fault, "+limits.HeaderLimit+", "+limits.HeaderRemaining+", "+limits.HeaderReset)
		method := r.Header.Get(echo.HeaderAccessControlRequestMethod)
		if r.Method != http.MethodOptions || method == "" {
			return next(c)
		}
		callOf(c).unrecorded = true // the browser's request, not the client's
		h.Set(echo.HeaderAccessControlAllowMethods, "GET, POST, DELETE")
		h.Set(echo.HeaderAccessControlAllowHeaders, r.Header.Get(echo.HeaderAccessControlRequestHeaders))
		h.Set(echo.HeaderAccessControlMaxAge, "600")
		return c.NoContent(http.StatusNoContent)
	}
}
