// Package handlers speaks HTTP for the store: it routes, authenticates,
// decodes, makes one call of the store and writes what it gave. Every rule
// about organizations and what is in them lives in package store.
package handlers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"antechamber/handlers/control"
	"antechamber/handlers/journal"
	"antechamber/handlers/tools"
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
	// Fork gives a well-formed admin key that nobody has an organization of its
	// own, made from the seed. Otherwise such a key is refused.
	Fork    bool
	Tools   tools.Options // what each organization is given for tests
	Origins []string      // of web pages that may call the API; * is any
	// Sleep waits for the faults that delay, or gives an error when the context
	// ends first.
	Sleep func(context.Context, time.Duration) error
	// Control serves what is under control.Base, nothing when nil.
	Control http.Handler
}

// New gives the handler that serves the Admin API under /v1, the probes and the
// API's description, and the control plane.
func New(o Options) http.Handler {
	if o.Errors == "" {
		o.Errors = ErrorsBoth
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{o}
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
	if o.Control == nil {
		return e
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == control.Base || strings.HasPrefix(r.URL.Path, control.Base+"/") {
			o.Control.ServeHTTP(w, r)
			return
		}
		e.ServeHTTP(w, r)
	})
}

// server is what handlers share.
type server struct{ Options }

// answer writes an object, or hands on the refusal that came in its stead.
func answer[T any](c *call, o store.Object[T], err error) error {
	if err != nil {
		return err
	}
	c.record.ResponseBody = journal.BodyOf(o.JSON)
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
