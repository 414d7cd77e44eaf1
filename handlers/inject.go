package handlers

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/journal"
)

// asked is the request as faults match it.
func (c *call) asked(op operation) faults.Request {
	return faults.Request{Operation: op.ID, Method: op.Method, Path: c.Request().URL.EscapedPath(), Route: op.route(), Body: c.peek}
}

// peek reads the body and leaves it there, with the error that it ends with.
func (c *call) peek() []byte {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, MaxBody))
	rest := io.Reader(http.NoBody)
	if err != nil {
		rest = broken{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return body
}

// broken is a body that cannot be read on.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// noteBody writes down the body of a request that the work may never come to
// read: the tries of one call are told by it.
func (c *call) noteBody() {
	if body := c.peek(); len(body) > 0 {
		c.record.RequestBody = journal.BodyOf(body)
	}
}

// inject answers a request as a fault demands.
func (s *adminAPI) inject(c *call, hit *faults.Hit, op operation) error {
	c.record.Fault = hit.Fault
	c.noteBody()
	if writes := hit.Stale(); writes > 0 {
		c.org = c.org.Stale(writes)
	}
	actor := faults.Actor{Sleep: s.Sleep, Fail: func(w http.ResponseWriter, _ *http.Request, status int, message string, code api.ErrorCode) {
		c.dropped = false
		s.refuse(c, status, message, code)
	}}
	writer := c.Response().Writer
	if hit.Action.Type == faults.Delay {
		// A wait may be longer than an answer may take; some writers know no end.
		_ = http.NewResponseController(writer).SetWriteDeadline(time.Time{})
	}
	c.dropped = true // also when the wait for a delay is broken off
	if hit.Action.Type == faults.Drop {
		c.note(0)
	}
	actor.Serve(hit, writer, c.Request(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.Response().Writer = w
		c.dropped = hit.Action.Type == faults.DropAfterCommit
		if err := op.handle(c); err != nil {
			c.Error(err)
		}
	}))
	return nil
}
