// Package control is the control plane over HTTP: what a test does to an
// organization that nobody could do to the real one. It has an error shape and
// a description of its own, and is not the API.
package control

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"

	"antechamber/internal/faults"
	"antechamber/internal/server"
	"antechamber/store"
)

// Base is the path under which the control plane is served.
const Base = "/_emulate"

// New returns the handler of everything under Base, for a server with these
// operations of the Admin API.
func New(o server.Options, operations []faults.Operation) http.Handler {
	return &plane{Options: o, operations: operations, routes: routes}
}

// plane is what the handlers share.
type plane struct {
	server.Options
	operations []faults.Operation // of the Admin API, as faults and expectations name them
	routes     []route
	arming     sync.Mutex // of faults
}

// call is one request: let in, routed, and read.
type call struct {
	*plane
	*fields // of the body
	request *http.Request
	org     *store.Organization // nil unless the route is within one
	path    map[string]string   // what stands for the parameters of the path
	query   url.Values
	body    []byte
}

// ServeHTTP answers a request.
func (s *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if h, ok := answer.(http.Handler); ok {
		h.ServeHTTP(w, r)
		return
	}
	s.write(w, r, http.StatusOK, answer)
}

// answer returns what is to be answered: a value to encode, or a handler that
// writes in its own way.
func (s *plane) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	if err := s.admit(r); err != nil {
		return nil, err
	}
	to, path, err := s.find(r)
	if err != nil {
		return nil, err
	}
	c := &call{plane: s, request: r, path: path}
	if c.org, err = s.organizationOf(r, to); err != nil {
		return nil, err
	}
	c.query = r.URL.Query() // in order, or else there were no organization
	if c.body, err = readBody(w, r, to); err != nil {
		return nil, err
	}
	if c.fields, err = fieldsOf(c.body, to); err != nil {
		return nil, err
	}
	return to.handle(c)
}

// tools are those of the organization.
func (c *call) tools() *server.Tools { return c.ToolsOf(c.org) }

// write answers with a value as JSON.
func (s *plane) write(w http.ResponseWriter, r *http.Request, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		s.Log.Debug("the client went away before its answer", "path", r.URL.Path, "error", err)
	}
}

// document is an answer that is written as it is.
type document struct{ contentType, text string }

// ServeHTTP writes the document.
func (d document) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", d.contentType)
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, d.text) // an error here is a client that went away
}

// list is how every list is answered.
type list[T any] struct {
	Data []T `json:"data"`
}

// deleted is how a deletion is answered.
type deleted struct {
	Deleted string `json:"deleted"` // the id or the name
}

// object answers an object of the API, or hands on the refusal that came in its
// stead.
func object[T any](o store.Object[T], err error) (any, error) {
	return json.RawMessage(o.JSON), err
}
