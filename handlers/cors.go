package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"antechamber/internal/limits"
)

// shared lets web pages of other origins call the API, where that is asked
// for. A browser asks first, without the key: that is answered before anybody
// looks for one.
func (s *adminAPI) shared(next echo.HandlerFunc) echo.HandlerFunc {
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
		wanted := r.Header.Get(echo.HeaderAccessControlRequestMethod)
		if r.Method != http.MethodOptions || wanted == "" {
			return next(c)
		}
		callOf(c).unnoted = true // no client asked for it
		h.Set(echo.HeaderAccessControlAllowMethods, "GET, POST, DELETE")
		h.Set(echo.HeaderAccessControlAllowHeaders, r.Header.Get(echo.HeaderAccessControlRequestHeaders))
		h.Set(echo.HeaderAccessControlMaxAge, "600")
		return c.NoContent(http.StatusNoContent)
	}
}
