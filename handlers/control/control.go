// Package control is the control plane over HTTP: what a test does to an
// organization that nobody could do to the real one. It has an error shape and
// a description of its own, and is not the API.
package control

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"

	"antechamber/handlers/faults"
	"antechamber/handlers/tools"
	"antechamber/store"
)

// Base is the path under which the control plane is served.
const Base = "/_emulate"

// Options make a control plane.
type Options struct {
	Store        *store.Store                                  // with at least one organization
	Authenticate func(key string) (*store.Organization, error) // what a key selects; Store.Authenticate when nil
	Exposed      bool                                          // whether other machines can reach it
	Token        string                                        // what it asks for when exposed; nothing when empty
	IDSeed       uint64                                        // what the ids that a seed leaves out are made of
	Clock        *store.Clock                                  // of organizations that are made empty; a running one when nil
	Version      string                                        // of the program
	Log          *slog.Logger                                  // nothing is logged when nil

	Tools      tools.Options      // what each organization is given for tests
	Operations []faults.Operation // of the API, as faults and expectations name them
	Ending     context.Context    // ends the streams when it is done; may be nil
}

// New gives the handler of everything under Base.
func New(o Options) http.Handler {
	forks := o.Authenticate != nil
	if !forks {
		o.Authenticate = func(key string) (*store.Organization, error) { return o.Store.Authenticate(key), nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &server{Options: o, routes: routes, forks: forks}
}

// server is what handlers share.
type server struct {
	Options
	routes []route
	forks  bool       // a key that nobody has gets an organization
	arming sync.Mutex // of faults
}

// call is one request: let in, routed, and read.
type call struct {
	*server
	*fields // of the body
	request *http.Request
	org     *store.Organization // nil unless the route is within one
	path    map[string]string   // what stands for the parameters of the path
	query   url.Values
	body    []byte
}

// ServeHTTP answers a request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

// answer gives what is to be answered: a value to encode, or a handler that
// writes in its own way.
func (s *server) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	if err := s.admit(r); err != nil {
		return nil, err
	}
	to, path, err := s.find(r)
	if err != nil {
		return nil, err
	}
	c := &call{server: s, request: r, path: path}
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
func (c *call) tools() *tools.Tools { return c.Tools.Of(c.org) }

// write answers with a value as JSON.
func (s *server) write(w http.ResponseWriter, r *http.Request, status int, v any) {
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
