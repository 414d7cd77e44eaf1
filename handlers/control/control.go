// Package control is the control plane over HTTP: it does to an organization what
// a test needs and production doesn't offer. It isn't part of the Admin API: it
// has its own error shape and its own OpenAPI document.
package control

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"antechamber/internal/faults"
	"antechamber/internal/server"
	"antechamber/seed"
	"antechamber/store"
)

// Base is the path under which the control plane is served.
const Base = "/_emulate"

// New returns the handler of everything under Base. operations are the Admin
// API's.
func New(o server.Options, operations []faults.Operation) http.Handler {
	return &plane{Options: o, operations: operations, routes: routes, maxState: seed.MaxBytes, states: newRoom(seed.MaxBytes), exports: newRoom(1 << 20)}
}

// plane is what the handlers share.
type plane struct {
	server.Options
	operations []faults.Operation // of the Admin API, which faults and expectations name
	routes     []route
	arming     sync.Mutex   // held while faults change, see changeFaults
	followers  atomic.Int32 // the number of event streams
	maxState   int          // the maximum size of a state in bytes; tests lower it
	states     *room        // for the large states that are being replaced
	exports    *room        // for one export, which takes several times its size
}

// call is a request that was admitted, routed and decoded.
type call struct {
	*plane
	*fields // of the body
	request *http.Request
	org     *store.Organization // nil for a global route
	named   *store.Organization // the one that the request names; nil for none
	path    map[string]string   // the values of the path parameters
	query   url.Values
	body    []byte

	giveBack func() // ends the use of room for the body; nil if there is none
}

// ServeHTTP handles a request.
func (s *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{plane: s, request: r}
	defer c.release()
	response, err := c.respond(w)
	if err != nil && r.Context().Err() != nil {
		return // the client is gone, which ended the work
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if h, ok := response.(http.Handler); ok {
		h.ServeHTTP(w, r)
		return
	}
	s.write(w, r, http.StatusOK, response)
}

// respond returns the response to a request: a value to encode as JSON, or an
// http.Handler that writes it.
func (c *call) respond(w http.ResponseWriter) (any, error) {
	r := c.request
	if err := c.admit(r); err != nil {
		return nil, err
	}
	rt, path, err := c.find(r)
	if err != nil {
		return nil, err
	}
	c.path = path
	if c.org, err = c.organizationOf(r, rt); err != nil {
		return nil, err
	}
	c.query = r.URL.Query() // organizationOf has checked it
	if c.body, err = c.readBody(w, rt); err != nil {
		return nil, err
	}
	if c.fields, err = parseFields(c.body, rt); err != nil {
		return nil, err
	}
	return rt.handle(c)
}

// release ends the use of the organization that the request names and of the room for
// its body.
func (c *call) release() {
	if c.giveBack != nil {
		c.giveBack()
	}
	if c.named != nil {
		c.named.Release()
	}
}

// tools returns the tools of the organization.
func (c *call) tools() *server.Tools { return c.ToolsOf(c.org) }

// write writes v as JSON.
func (s *plane) write(w http.ResponseWriter, r *http.Request, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		s.Log.Debug("client disconnected before the response", "path", r.URL.Path, "error", err)
	}
}

// document is a response that is written verbatim.
type document struct {
	contentType string
	text        []byte
}

// ServeHTTP writes the document.
func (d document) ServeHTTP(w http.ResponseWriter, _ *http.Request) { d.write(w, http.StatusOK) }

func (d document) write(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", d.contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // pages run nothing
	w.WriteHeader(status)
	_, _ = w.Write(d.text) // fails only when the client has disconnected
}

// list is the shape of every list.
type list[T any] struct {
	Data []T `json:"data"`
}

// deleted is the response to the deletion of one object.
type deleted struct {
	Deleted string `json:"deleted"` // the id or the name
}

// rawObject returns an object of the Admin API as JSON, or err.
func rawObject[T any](o store.Object[T], err error) (any, error) {
	return json.RawMessage(o.JSON), err
}
