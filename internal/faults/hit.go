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

// Stale is from how many writes ago a read shall be answered: 0, now, unless
// the action is stale_read, which is the store's to act out.
func (h *Hit) Stale() int {
	if h == nil {
		return 0
	}
	return h.Action.Writes
}

// Actor acts hits out.
type Actor struct {
	// Sleep waits, or gives an error when the context ends first.
	Sleep func(context.Context, time.Duration) error
	// Fail writes an error answer. The headers of the fault are set.
	Fail func(w http.ResponseWriter, r *http.Request, status int, message string, code api.ErrorCode)
}

// Serve answers the request as the hit demands; next does the work and writes
// the answer to the writer that it is given. Without a hit it is next.
//
// Where no whole answer is given, Serve does not return: it panics with
// http.ErrAbortHandler, which net/http takes for "close this connection" (or,
// in HTTP/2, reset this stream) and does not log. Before that, drop and
// drop_after_commit reset an HTTP/1 connection, so that no client can take it
// for one that was closed because it was idle. In front of a writer without a
// connection, such as a httptest.ResponseRecorder, the panic alone is left: an
// in-process transport recovers it and gives its client a connection error
// when no header was written, or a body that ends with io.ErrUnexpectedEOF.
func (a Actor) Serve(h *Hit, w http.ResponseWriter, r *http.Request, next http.Handler) {
	if h == nil {
		next.ServeHTTP(w, r)
		return
	}
	switch h.Action.Type {
	case Drop:
		drop(w, r)
	case DropAfterCommit:
		next.ServeHTTP(&held{ResponseWriter: w}, r)
		drop(w, r)
	}
	w.Header().Set(Header, h.Fault)
	switch h.Action.Type {
	case Error:
		a.fail(h.Action, w, r)
	case Delay:
		if a.Sleep(r.Context(), h.delay) != nil {
			panic(http.ErrAbortHandler) // nobody waits for the answer any more
		}
		next.ServeHTTP(w, r)
	case Truncate:
		answer := &held{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		answer.truncate(r, *h.Action.Bytes)
	case Malformed:
		answer := &held{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		answer.send(garbled(answer.body.Bytes()))
	default: // stale_read: next knows
		next.ServeHTTP(w, r)
	}
}

func (a Actor) fail(action Action, w http.ResponseWriter, r *http.Request) {
	after := action.RetryAfter
	if after == nil && action.Status == http.StatusTooManyRequests {
		after = new(1)
	}
	if after != nil {
		w.Header().Set("retry-after", strconv.Itoa(*after))
	}
	message := action.Message
	if message == "" {
		message = messageOf(action.Status)
	}
	a.Fail(w, r, action.Status, message, action.ErrorCode)
}

// messageOf is what an error says that was given no message. Production's
// words are not documented; these are ours.
func messageOf(status int) string {
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

// drain reads what is left of the request: a client that is still sending sees
// its own write fail, or loses the part of the answer that it was sent.
func drain(r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
}

// reset closes a connection without the goodbyes of TLS and TCP.
func reset(conn net.Conn) {
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = tls.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // then the client sees an ordinary close
	}
	_ = conn.Close() // it is being broken: there is nothing to save
}

// held keeps an answer back. Its header is that of the writer beneath.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader notes the first status.
func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write keeps the body.
func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// send answers with another body.
func (h *held) send(body []byte) {
	h.begin(len(body))
	_, _ = h.ResponseWriter.Write(body) // a client that went away misses nothing
}

// begin writes the header of an answer of this length.
func (h *held) begin(length int) {
	h.WriteHeader(http.StatusOK)
	h.Header().Set("content-length", strconv.Itoa(length))
	h.ResponseWriter.WriteHeader(h.status)
}

// truncate announces the whole answer, sends so many bytes of it, the last
// one never, and closes the connection.
func (h *held) truncate(r *http.Request, n int) {
	body := h.body.Bytes()
	h.begin(len(body))
	_, _ = h.ResponseWriter.Write(body[:max(0, min(n, len(body)-1))])
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	drain(r)
	panic(http.ErrAbortHandler)
}

// garbled returns the first half of an answer and a mark after which it cannot
// be JSON: outside a string no < may stand, and a string does not end.
func garbled(body []byte) []byte {
	return append(bytes.Clone(body[:len(body)/2]), "<!--"...)
}
