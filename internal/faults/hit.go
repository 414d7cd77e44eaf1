package faults

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"antechamber/api"
)

// Hit is a fault that fires on a request.
type Hit struct {
	Fault  string // its id
	Action Action
	delay  time.Duration
}

// Stale returns how many writes back to read. It is 0 unless the action is
// stale_read, which the store carries out.
func (h *Hit) Stale() int {
	if h == nil {
		return 0
	}
	return h.Action.Writes
}

// Actor carries out hits.
type Actor struct {
	// Sleep waits, or returns an error if the context ends first.
	Sleep func(context.Context, time.Duration) error
	// Fail writes an error response. The fault's headers are already set.
	Fail func(w http.ResponseWriter, r *http.Request, f Failure)
	// CreateWorkspace does the work of a request that creates a workspace, and calls
	// fail with its id instead of writing the response. If the work is refused, the
	// refusal is the response.
	CreateWorkspace func(w http.ResponseWriter, r *http.Request, fail func(workspaceID string))
}

// Failure is an error response. Its error type follows from the operation and the
// status.
type Failure struct {
	Status  int
	Message string
	Details *api.ErrorDetails // nil for an error without a code
}

// Serve handles the request as the hit requires. next does the work. A nil hit
// only calls next.
//
// When the response is incomplete, Serve does not return: it panics with
// http.ErrAbortHandler, upon which net/http closes the connection (in HTTP/2, it
// resets the stream) and logs nothing. Before that, drop and drop_after_commit
// reset an HTTP/1 connection, so that no client mistakes it for an idle connection
// that was closed. A writer without a connection, such as
// httptest.ResponseRecorder, only sees the panic: an in-process transport must
// recover it and return a connection error if no header was written, or else a body
// that ends with io.ErrUnexpectedEOF.
func (a Actor) Serve(h *Hit, w http.ResponseWriter, r *http.Request, next http.Handler) {
	if h == nil {
		next.ServeHTTP(w, r)
		return
	}
	switch h.Action.Type {
	case Drop:
		drop(w, r)
	case DropAfterCommit:
		next.ServeHTTP(&buffered{ResponseWriter: w}, r)
		drop(w, r)
	}
	w.Header().Set(Header, h.Fault)
	switch h.Action.Type {
	case Error:
		if h.Action.ErrorCode == api.WorkspaceCreatedIncomplete {
			a.CreateWorkspace(w, r, func(id string) { a.fail(h.Action, w, r, id) })
			return
		}
		a.fail(h.Action, w, r, "")
	case Delay:
		if a.Sleep(r.Context(), h.delay) != nil {
			panic(http.ErrAbortHandler) // the client has disconnected
		}
		next.ServeHTTP(w, r)
	case Truncate:
		response := &buffered{ResponseWriter: w}
		next.ServeHTTP(response, r)
		response.truncate(r, *h.Action.Bytes)
	case Malformed:
		response := &buffered{ResponseWriter: w}
		next.ServeHTTP(response, r)
		response.send(garble(response.body.Bytes()))
	default: // stale_read, which next handles
		next.ServeHTTP(w, r)
	}
}

func (a Actor) fail(action Action, w http.ResponseWriter, r *http.Request, workspaceID string) {
	after := action.RetryAfter
	if after == nil && action.Status == http.StatusTooManyRequests {
		after = new(1)
	}
	if after != nil {
		w.Header().Set("retry-after", strconv.Itoa(*after))
	}
	message := action.Message
	if message == "" {
		message = defaultMessage(action.Status)
	}
	f := Failure{Status: action.Status, Message: message}
	if action.ErrorCode != "" {
		f.Details = &api.ErrorDetails{ErrorCode: action.ErrorCode, DetailFields: action.Details, WorkspaceID: workspaceID}
	}
	a.Fail(w, r, f)
}

// defaultMessage returns the message of an error whose fault has none.
// Production's messages are not documented; these are ours.
func defaultMessage(status int) string {
	switch api.ErrorTypeOf(status) {
	case api.OverloadedError:
		return "Overloaded"
	case api.APIError:
		return "Internal server error"
	case api.RateLimitError:
		return "This request would exceed your organization's rate limit."
	case api.TimeoutError:
		return "Request timed out"
	}
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Invalid request"
}

// drop resets the connection and ends the handler.
func drop(w http.ResponseWriter, r *http.Request) {
	drain(r)
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		reset(conn)
	}
	panic(http.ErrAbortHandler)
}

// drain reads the rest of the request. Otherwise a client that is still sending
// sees its write fail, or loses the part of the response that was sent.
func drain(r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
}

// reset closes a connection without the closing handshakes of TLS and TCP.
func reset(conn net.Conn) {
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = tls.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // on failure the client sees an ordinary close
	}
	_ = conn.Close() // broken on purpose: its error doesn't matter
}

// buffered holds back a response. It shares the header of the underlying writer.
type buffered struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader records the first status.
func (h *buffered) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write records the body.
func (h *buffered) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// send writes the response with another body.
func (h *buffered) send(body []byte) {
	h.writeHeader(len(body))
	_, _ = h.ResponseWriter.Write(body) // fails only when the client has disconnected
}

// writeHeader writes the header of a response of this length.
func (h *buffered) writeHeader(length int) {
	h.WriteHeader(http.StatusOK)
	h.Header().Set("content-length", strconv.Itoa(length))
	h.ResponseWriter.WriteHeader(h.status)
}

// truncate announces the whole response, sends the first n bytes of its body but
// never the last one, and closes the connection.
func (h *buffered) truncate(r *http.Request, n int) {
	body := h.body.Bytes()
	h.writeHeader(len(body))
	_, _ = h.ResponseWriter.Write(body[:max(0, min(n, len(body)-1))])
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	drain(r)
	panic(http.ErrAbortHandler)
}

// garble returns the first half of a body and a suffix that makes it invalid JSON:
// < is not allowed outside a string, and inside one the string doesn't end.
func garble(body []byte) []byte {
	return append(bytes.Clone(body[:len(body)/2]), "<!--"...)
}
