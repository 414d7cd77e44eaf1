// Package handlers is the HTTP side of the emulator. A handler decodes the
// request, calls the store once and writes the result. Every rule about
// organizations and their contents is in package store.
package handlers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/handlers/control"
	"antechamber/internal/hint"
	"antechamber/internal/journal"
	"antechamber/internal/server"
	"antechamber/store"
)

// Options configure a server. Errors is the form of its error responses.
type (
	Options = server.Options
	Errors  = server.Errors
)

// The forms of error responses.
const (
	ErrorsBoth       = server.ErrorsBoth
	ErrorsProduction = server.ErrorsProduction
)

// New returns the handler of a complete server: the Admin API under /v1, the
// control plane under control.Base, the probes and the API's OpenAPI document.
func New(o Options) http.Handler {
	if o.Errors == "" {
		o.Errors = ErrorsBoth
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Sleep == nil {
		o.Sleep = server.Sleep
	}
	o.Store.Removed = func(org *store.Organization) {
		if requests := o.ToolsOf(org).Journal; requests != nil {
			requests.Close() // ends its event streams
		}
		level := slog.LevelInfo
		if org.Origin() == store.OriginFork {
			level = slog.LevelDebug // there may be thousands
		}
		o.Log.Log(context.Background(), level, "organization removed", "id", org.ID(), "name", org.Name())
	}
	o.Store.SetForkTTL(o.ForkTTL)
	api, plane := (&adminAPI{Options: o, paths: hint.NewPaths(servedRoutes())}).routes(), control.New(o, Operations())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == control.Base || strings.HasPrefix(r.URL.Path, control.Base+"/") || control.IsPage(r) {
			plane.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// adminAPI is the state that the middleware of the Admin API shares.
type adminAPI struct {
	Options
	paths  *hint.Paths
	logged hint.Recent
}

// routes returns the handler of the Admin API and the probes.
func (s *adminAPI) routes() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = s.handleError
	e.Use(s.recordCall, s.recoverPanic, s.guardHost, s.cors, s.authenticate, checkPath)
	for _, op := range operations {
		e.Add(op.Method, base+op.Path, s.handlerOf(op))
	}
	for _, p := range probes {
		e.Match(probeMethods, p.path, p.handle)
	}
	for _, path := range paths() {
		// Echo's own handler for OPTIONS responds with 204.
		e.OPTIONS(path, func(echo.Context) error { return echo.ErrMethodNotAllowed })
	}
	return e
}

// answer writes o as JSON, or returns err.
func answer[T any](c *call, o store.Object[T], err error) error {
	if err != nil {
		return err
	}
	c.record.ResponseBody = journal.BodyOf(o.JSON)
	startResponse(c, len(o.JSON))
	_, err = io.WriteString(c.Response(), o.JSON)
	return err
}

// answerPage writes a page as JSON, or returns err.
func answerPage[T any](c *call, p store.Page[T], err error) error {
	if err != nil {
		return err
	}
	body := p.JSON()
	c.record.ResponseBody = journal.BodyOf(body)
	startResponse(c, len(body))
	_, err = c.Response().Write(body)
	return err
}

// startResponse sets the content headers of a successful response and records the
// request. With a length, net/http does not chunk the body.
func startResponse(c *call, length int) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	h.Set(echo.HeaderContentLength, strconv.Itoa(length))
	c.writeRecord(http.StatusOK)
}
