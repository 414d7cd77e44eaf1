package handlers

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"antechamber/internal/faults"
	"antechamber/internal/journal"
)

// faultRequest returns the request in the form that faults match.
func (c *call) faultRequest(op operation) faults.Request {
	return faults.Request{Operation: op.ID, Method: op.Method, Path: c.Request().URL.EscapedPath(), Route: op.route(), Body: c.peek}
}

// peek returns the body and leaves it unread: the next reader gets the same bytes
// and the same error at the end.
func (c *call) peek() []byte {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, MaxBody))
	rest := io.Reader(http.NoBody)
	if err != nil {
		rest = failingReader{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return body
}

// failingReader is an io.Reader that always returns err.
type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// recordBody puts the body into the journal entry of a request whose handler may
// not get to read it. The journal recognizes retries by their equal bodies.
func (c *call) recordBody() {
	if body := c.peek(); len(body) > 0 {
		c.record.RequestBody = journal.BodyOf(body)
	}
}

// inject handles a request as the action of a fault demands.
func (s *adminAPI) inject(c *call, hit *faults.Hit, op operation) error {
	c.record.Fault = hit.Fault
	c.recordBody()
	if writes := hit.Stale(); writes > 0 {
		c.org = c.org.Stale(writes)
	}
	work := func(w http.ResponseWriter) {
		c.Response().Writer = w
		if err := op.handle(c); err != nil {
			c.Error(err)
		}
	}
	actor := faults.Actor{
		Sleep: s.Sleep,
		Fail: func(_ http.ResponseWriter, _ *http.Request, f faults.Failure) {
			c.dropped = false
			s.writeError(c, f.Status, f.Message, f.Details)
		},
		CreateWorkspace: func(w http.ResponseWriter, _ *http.Request, fail func(string)) {
			c.dropped = false
			c.incomplete = fail
			work(w)
		},
	}
	writer := c.Response().Writer
	if hit.Action.Type == faults.Delay {
		// The delay may exceed the server's write timeout. Ignore the error of
		// writers without deadlines.
		_ = http.NewResponseController(writer).SetWriteDeadline(time.Time{})
	}
	c.dropped = true // holds until the handler or Fail runs; a delay may be cut short
	if hit.Action.Type == faults.Drop {
		c.writeRecord(0)
	}
	actor.Serve(hit, writer, c.Request(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.dropped = hit.Action.Type == faults.DropAfterCommit
		work(w)
	}))
	return nil
}
