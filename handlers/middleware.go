package handlers

import (
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
	"antechamber/internal/journal"
	"antechamber/internal/redact"
	"antechamber/internal/server"
	"antechamber/store"
)

// The headers of the API, as net/http writes them: another spelling would be
// brought into this one at every look.
const (
	headerVersion      = "Anthropic-Version"
	headerRequestID    = "Request-Id"
	headerOrganization = "Anthropic-Organization-Id"
	headerRetryCount   = "X-Stainless-Retry-Count" // of the official SDKs
)

// call is one request of the Admin API, and what of it goes into the journal.
type call struct {
	echo.Context
	org     *store.Organization // nil until it is known
	tools   *server.Tools       // of the organization
	record  journal.Record
	dropped bool   // its connection is, on purpose
	resets  uint64 // of the organization when the request came
	unnoted bool   // it is not for the journal
	noted   bool   // it has been written down
	server  *adminAPI
	began   time.Time // in real time
}

// keyCall is where a request keeps its call.
const keyCall = "call"

func callOf(c echo.Context) *call { return c.Get(keyCall).(*call) }

// watched answers what fails, and then writes the request down: a line in the
// log when its level is debug, and an entry in the journal.
func (s *adminAPI) watched(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := &call{Context: ctx, server: s, began: s.Store.RealTime()}
		c.Set(keyCall, c)
		// A fault that closes the connection leaves by a panic.
		defer func() { c.note(c.Response().Status) }()
		if err := next(c); err != nil {
			c.Error(err) // answered here, so that what is written down knows the status
		}
		return nil
	}
}

// note writes the request down, once: before the first byte of the answer is
// sent, so that a client that has it finds it in the journal.
func (c *call) note(status int) {
	if c.noted {
		return
	}
	c.noted = true
	s, r := c.server, c.Request()
	if c.dropped {
		status = 0
	}
	if s.Log.Enabled(r.Context(), slog.LevelDebug) {
		s.Log.Debug("request", "method", r.Method, "path", redact.Text(r.URL.Path), "query", redact.Text(r.URL.RawQuery),
			"status", status, "request_id", c.Response().Header().Get(headerRequestID))
	}
	if !inside(r.URL.Path) || c.unnoted {
		return
	}
	org := c.org
	if org == nil {
		org = s.Store.First() // a wrong key is the first thing that people look for
		c.tools = s.ToolsOf(org)
		c.resets = c.tools.Resets()
	}
	log := c.tools.Journal
	if log == nil || c.resets != c.tools.Resets() {
		return
	}
	c.record.Time = org.Now()
	c.record.Method, c.record.Path, c.record.Query = r.Method, r.URL.Path, r.URL.RawQuery
	c.record.Status, c.record.RequestID = status, c.Response().Header().Get(headerRequestID)
	c.record.RetryCount, _ = strconv.Atoi(r.Header.Get(headerRetryCount))
	c.record.Duration = s.Store.RealTime().Sub(c.began)
	c.record.Key = api.KeyOf(r.Header)
	log.Add(c.record)
}

// inside reports whether a path is one of the API.
func inside(path string) bool { return path == base || strings.HasPrefix(path, base+"/") }

// recovered turns a panic, which would be a fault of this program, into a 500
// and a log line with its trace.
func (s *adminAPI) recovered(next echo.HandlerFunc) echo.HandlerFunc {
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

// authenticated finds the organization that the request's admin key selects,
// and returns every answer its request id. Paths outside the API pass without a
// key; inside it, even an unknown path asks for one first.
func (s *adminAPI) authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := callOf(ctx)
		if !inside(c.Request().URL.Path) {
			return next(ctx)
		}
		org, err := s.organizationOf(c.Request().Header)
		// Request ids are counted by organization; the first one counts those
		// of requests that belong to none.
		if err != nil {
			c.Response().Header().Set(headerRequestID, s.Store.First().NewRequestID())
			return err
		}
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
		return nil, &apiError{status: http.StatusUnauthorized, message: "x-api-key header is required"}
	}
	org, err := s.Organization(key)
	switch {
	case err != nil:
		return nil, &apiError{status: http.StatusUnauthorized, message: "invalid x-api-key: " + err.Error()}
	case org == nil:
		return nil, &apiError{status: http.StatusUnauthorized, message: "invalid x-api-key"}
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

// id returns an id of the path. Echo leaves it as it was escaped.
func (c *call) id(name string) string {
	raw := c.Param(name)
	id, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return id
}

// serve returns the Echo handler of an operation: what every operation checks
// before its own input, and what is done to it on purpose.
func (s *adminAPI) serve(op operation) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := callOf(ctx)
		c.record.Operation = op.ID
		if err := checkVersion(c.Request().Header, c.org.Settings().AnthropicVersions); err != nil {
			c.noteBody()
			return err
		}
		given := c.tools
		decision := given.Limiter.Allow(op.ID, c.org.Now())
		decision.SetHeaders(c.Response().Header())
		if !decision.Allowed {
			c.noteBody()
			return &apiError{status: http.StatusTooManyRequests, message: decision.Message()}
		}
		if op.Method != http.MethodGet {
			c.org = c.org.Recording(func(effects []store.Effect) { c.record.Effects = append(c.record.Effects, effects...) })
		}
		if !given.Faults.Armed() {
			return op.handle(c)
		}
		hit := given.Faults.Decide(c.asked(op))
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
		return badRequest("anthropic-version: header is required")
	case !slices.Contains(known, version):
		return badRequest(fmt.Sprintf("anthropic-version: %q is not a valid version", version))
	}
	return nil
}
