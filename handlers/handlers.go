// Package handlers speaks HTTP for the store: it routes, authenticates,
// decodes, makes one call of the store and writes what it gave. Every rule
// about organizations and what is in them lives in package store.
package handlers

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"antechamber/store"
)

// Errors is the form in which errors are answered.
type Errors string

// The forms of errors.
const (
	ErrorsBoth       Errors = "both"       // the contract's two fields beside production's envelope
	ErrorsProduction Errors = "production" // production's envelope to the letter
)

// Options make a server.
type Options struct {
	Store  *store.Store // with at least one organization
	Errors Errors       // ErrorsBoth when empty
	Log    *slog.Logger // nothing is logged when nil
}

// New gives the handler that serves the Admin API under /v1, and /livez,
// /readyz and /openapi.yaml beside it.
func New(o Options) http.Handler {
	if o.Errors == "" {
		o.Errors = ErrorsBoth
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{store: o.Store, errors: o.Errors, log: o.Log}
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.Use(s.logged, s.recovered, s.authenticated, routed)
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

// server is what handlers share.
type server struct {
	store  *store.Store
	errors Errors
	log    *slog.Logger
}

// call is one request of the Admin API: its organization is known, its version
// header is in order.
type call struct {
	echo.Context
	org *store.Organization
}

// answer writes an object, or hands on the refusal that came in its stead.
func answer[T any](c *call, o store.Object[T], err error) error {
	if err != nil {
		return err
	}
	announce(c, len(o.JSON))
	_, err = io.WriteString(c.Response(), o.JSON)
	return err
}

// answerPage writes a page, or hands on the refusal that came in its stead.
func answerPage[T any](c *call, p store.Page[T], err error) error {
	if err != nil {
		return err
	}
	body := p.JSON()
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
}
