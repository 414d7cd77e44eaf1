// Package handlers speaks HTTP for the store: it routes, authenticates,
// decodes, makes one call of the store and writes what it gave. Every rule
// about organizations and what is in them lives in package store.
package handlers

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/handlers/control"
	"antechamber/internal/journal"
	"antechamber/internal/server"
	"antechamber/store"
)

// Options configure a server, and Errors is the form of its errors.
type (
	Options = server.Options
	Errors  = server.Errors
)

// The forms in which errors are written.
const (
	ErrorsBoth       = server.ErrorsBoth
	ErrorsProduction = server.ErrorsProduction
)

// New returns the handler of a whole server: the Admin API under /v1, the
// control plane under control.Base, the probes and the API's description.
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
			requests.Close() // which ends its event streams
		}
		o.Log.Info("organization removed", "id", org.ID(), "name", org.Name())
	}
	api, plane := (&adminAPI{o}).routes(), control.New(o, Operations())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == control.Base || strings.HasPrefix(r.URL.Path, control.Base+"/") {
			plane.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// adminAPI is what the handlers of the Admin API share.
type adminAPI struct{ Options }

// routes returns the handler of the Admin API and the probes.
func (s *adminAPI) routes() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.Use(s.watched, s.recovered, s.shared, s.authenticated, routed)
	for _, op := range operations {
		e.Add(op.Method, base+op.Path, s.serve(op))
	}
	for _, p := range probes {
		e.Match(probeMethods, p.path, p.handle)
	}
	for _, path := range paths() {
		// Echo would answer OPTIONS by itself, with 204.
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
	announce(c, len(o.JSON))
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
	announce(c, len(body))
	_, err = c.Response().Write(body)
	return err
}

// announce says what the answer is and how long, so that it is sent in one
// piece.
func announce(c *call, length int) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	h.Set(echo.HeaderContentLength, strconv.Itoa(length))
	c.note(http.StatusOK)
}
