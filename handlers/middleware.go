package handlers

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"antechamber/api"
	"antechamber/internal/hint"
	"antechamber/internal/journal"
	"antechamber/internal/redact"
	"antechamber/internal/server"
	"antechamber/internal/text"
	"antechamber/store"
)

// The API's headers, spelled as net/http canonicalizes them, which saves the
// conversion on every access.
const (
	headerVersion      = "Anthropic-Version"
	headerRequestID    = "Request-Id"
	headerOrganization = "Anthropic-Organization-Id"
	headerRetryCount   = "X-Stainless-Retry-Count" // of the official SDKs
)

// call is one request to the Admin API, with its entry for the journal.
type call struct {
	echo.Context
	org        *store.Organization // nil until authenticated
	tools      *server.Tools       // of org
	record     journal.Record
	dropped    bool                     // a fault closes the connection
	incomplete func(workspaceID string) // responds with a fault after a workspace is created; usually nil
	resets     uint64                   // of org when the request arrived
	unrecorded bool                     // keep it out of the journal
	recorded   bool                     // writeRecord has run
	server     *adminAPI
	began      time.Time // real time
}

// callKey is the key of a request's *call in its echo.Context.
const callKey = "call"

func callOf(c echo.Context) *call { return c.Get(callKey).(*call) }

// recordCall creates the call of each request and adds it to the journal and, at
// level debug, to the log.
func (s *adminAPI) recordCall(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := &call{Context: ctx, server: s, began: s.Store.RealTime()}
		c.Set(callKey, c)
		// Deferred, because a fault that closes the connection panics.
		defer func() { c.writeRecord(c.Response().Status) }()
		if err := next(c); err != nil {
			c.Error(err) // respond here, so that the record has the status
		}
		return nil
	}
}

// writeRecord adds the request to the log and the journal; only the first call
// has an effect. It runs before the first byte of the response is sent, so that a
// client that has received the response finds it in the journal.
func (c *call) writeRecord(status int) {
	if c.recorded {
		return
	}
	c.recorded = true
	s, r := c.server, c.Request()
	if c.dropped {
		status = 0
	}
	if s.Log.Enabled(r.Context(), slog.LevelDebug) {
		s.Log.Debug("request", "method", r.Method, "path", redact.Text(r.URL.Path), "query", redact.Text(r.URL.RawQuery),
			"status", status, "request_id", c.Response().Header().Get(headerRequestID))
	}
	if c.unrecorded || !inAPI(r.URL.Path) && c.record.Hint == "" { // with a hint, it was meant for the API
		return
	}
	org := c.org
	if org == nil {
		org = s.Store.First() // requests with a wrong key go where people look first
		c.tools = s.ToolsOf(org)
		c.resets = c.tools.Resets()
	}
	log := c.tools.Journal
	if log == nil || c.resets != c.tools.Resets() {
		return // a reset restarts request ids: this one will be used again
	}
	c.record.Time = org.Now()
	c.record.Method, c.record.Path, c.record.Query = r.Method, r.URL.Path, r.URL.RawQuery
	c.record.Status, c.record.RequestID = status, c.Response().Header().Get(headerRequestID)
	c.record.RetryCount, _ = strconv.Atoi(r.Header.Get(headerRetryCount))
	c.record.Duration = s.Store.RealTime().Sub(c.began)
	c.record.Key = api.KeyOf(r.Header)
	log.Add(c.record)
}

// inAPI reports whether a path is under the API's base path.
func inAPI(path string) bool { return path == base || strings.HasPrefix(path, base+"/") }

// recoverPanic turns a panic, which is a bug in this program, into a 500 and a log
// line with the stack trace.
func (s *adminAPI) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Log.Error("panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
				err = &apiError{status: http.StatusInternalServerError, message: "Internal server error"}
			}
		}()
		return next(c)
	}
}

// authenticate selects the organization by the request's admin key and sets the
// response's request id. Paths outside the API need no key; within it, even an
// unknown path does.
func (s *adminAPI) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := callOf(ctx)
		if !inAPI(c.Request().URL.Path) {
			return next(ctx)
		}
		org, err := s.organizationOf(c.Request().Header)
		// Each organization counts its request ids; the first also counts those
		// of requests without an organization.
		if err != nil {
			c.Response().Header().Set(headerRequestID, s.Store.First().NewRequestID())
			return err
		}
		defer org.Release()
		c.Response().Header().Set(headerRequestID, org.NewRequestID())
		c.Response().Header().Set(headerOrganization, org.ID())
		c.org, c.tools = org, s.ToolsOf(org)
		c.resets = c.tools.Resets()
		return next(ctx)
	}
}

func (s *adminAPI) organizationOf(h http.Header) (*store.Organization, error) {
	key := api.KeyOf(h)
	if key == "" {
		return nil, &apiError{status: http.StatusUnauthorized, message: "x-api-key header is required", hint: hint.Key(h)}
	}
	org, err := s.Organization(key)
	refused, _ := errors.AsType[*store.Error](err)
	switch {
	case refused != nil: // the server is full
		return nil, &apiError{status: http.StatusUnauthorized, message: invalidKey(h), hint: refused.Message}
	case err != nil: // our own failure, not a bad key
		return nil, err
	case org == nil:
		return nil, &apiError{status: http.StatusUnauthorized, message: invalidKey(h), hint: hint.Key(h)}
	}
	return org, nil
}

// invalidKey returns production's message for the wrong key in the header that
// api.KeyOf takes it from.
func invalidKey(h http.Header) string {
	if h.Get(api.HeaderAPIKey) == "" {
		return "Invalid bearer token"
	}
	return "invalid x-api-key"
}

// checkPath rejects paths that Echo's router accepts too liberally: it matches
// an empty segment, and several segments, as one id.
func checkPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := echo.GetPath(c.Request())
		if strings.Count(path, "/") != strings.Count(c.Path(), "/") || strings.Contains(path, "//") || strings.HasSuffix(path, "/") {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// id returns a path parameter, unescaped; Echo leaves it escaped. If the escaping
// is invalid, id returns it unchanged.
func (c *call) id(name string) string {
	raw := c.Param(name)
	id, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return id
}

// handlerOf returns the Echo handler of an operation. It checks the version header
// and the rate limit, in this order, and injects armed faults.
func (s *adminAPI) handlerOf(op operation) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := callOf(ctx)
		c.record.Operation = op.ID
		if err := checkVersion(c.Request().Header, c.org.Settings().AnthropicVersions); err != nil {
			c.recordBody()
			return err
		}
		tools := c.tools
		decision := tools.Limiter.Allow(op.ID, c.org.Now())
		decision.SetHeaders(c.Response().Header())
		if !decision.Allowed {
			c.recordBody()
			return &apiError{status: http.StatusTooManyRequests, message: decision.Message()}
		}
		if op.Method != http.MethodGet {
			c.org = c.org.Recording(func(effects []store.Effect) { c.record.Effects = append(c.record.Effects, effects...) })
		}
		if !tools.Faults.Armed() {
			return op.handle(c)
		}
		hit := tools.Faults.Decide(c.faultRequest(op))
		if hit == nil {
			return op.handle(c)
		}
		return s.inject(c, hit, op)
	}
}

func checkVersion(h http.Header, known []string) error {
	version := h.Get(headerVersion)
	switch {
	case version == "":
		return &apiError{status: http.StatusBadRequest, message: "anthropic-version: header is required", hint: "add the header anthropic-version: " + text.OneOf(known)}
	case !slices.Contains(known, version):
		return &apiError{
			status: http.StatusBadRequest, message: fmt.Sprintf("anthropic-version: %q is not a valid version", text.Shorten(version, store.MaxEcho)),
			hint: "anthropic-version must be " + text.OneOf(known) + ", the setting anthropic_versions of the organization",
		}
	}
	return nil
}

// shape returns the shape of the objects in the response to the request.
func (c *call) shape() api.Shape { return api.ShapeOf(c.Request().Header.Get(headerVersion)) }
