package inprocess

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ahead is how much of an answer may wait for its reader before the handler
// waits too.
const ahead = 1 << 20

// buffered is how much net/http keeps back of an answer before it sends what
// there is.
const buffered = 2048

// exchange is one request and its answer: the handler's http.ResponseWriter,
// and what the client reads.
type exchange struct {
	asked        *http.Request
	body         *requestBody
	now          func() time.Time
	cancel       context.CancelFunc // tells the handler that the client has gone
	stopWatching func()             // for a client that goes, and for the end of the transport

	mu      sync.Mutex
	changed sync.Cond
	header  http.Header // the handler's
	status  int
	sent    http.Header // what the client gets of header, and owns from then on; nil until it was written
	said    string      // the length in it
	begun   chan struct{}
	left    bytes.Buffer // written and not yet read
	length  int          // of what was written
	ended   bool
	reset   bool  // the connection was taken and cut
	failed  error // why there is no answer at all
	err     error // what the reader meets where the answer ends, instead of its end
}

// serve runs the handler.
func (x *exchange) serve(h http.Handler, r *http.Request) {
	defer func() { x.end(recover()) }()
	h.ServeHTTP(x, r)
}

// end notes how the handler has ended.
func (x *exchange) end(panicked any) {
	x.cancel()
	x.body.end()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended { // the client has gone
		return
	}
	switch {
	case x.body.broken() != nil: // net/http sends no request whose body it cannot
		x.finish(x.body.broken())
	case panicked == nil:
		x.writeHeader(http.StatusOK)
		x.finish(x.complete())
	case x.reset:
		x.finish(&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)})
	case panicked != http.ErrAbortHandler: // as net/http compares it
		x.finish(fmt.Errorf("the handler panicked: %v\n%s", panicked, debug.Stack()))
	case x.hasBegun():
		x.finish(io.ErrUnexpectedEOF)
	default:
		x.finish(io.EOF)
	}
}

// finish ends the answer, with what its reader meets there unless that is nil.
// What the client has seen nothing of is no answer.
func (x *exchange) finish(err error) {
	x.ended, x.err = true, err
	if !x.hasBegun() {
		x.failed = err
		close(x.begun)
	}
	x.changed.Broadcast()
}

// complete fills in what net/http says of an answer that it knows whole, and
// tells what is wrong with it.
func (x *exchange) complete() error {
	switch {
	case x.bodiless():
	case x.said == "" && !x.hasBegun() && (x.hasBody() || x.length > 0):
		x.sent.Set("Content-Length", strconv.Itoa(x.length))
	case x.said != "" && x.said != strconv.Itoa(x.length) && x.hasBody():
		x.begin()
		return io.ErrUnexpectedEOF
	}
	return nil
}

// bodiless tells whether the status is that of an answer without a body.
func (x *exchange) bodiless() bool {
	return x.status == http.StatusNoContent || x.status == http.StatusNotModified
}

// hasBody tells whether a body is sent.
func (x *exchange) hasBody() bool { return x.asked.Method != http.MethodHead && !x.bodiless() }

// abandon ends the exchange for a client that waits no longer. The handler is
// told only then, or it could end the exchange in another way.
func (x *exchange) abandon(cause error) {
	x.mu.Lock()
	x.stopWatching()
	if !x.ended || x.left.Len() > 0 {
		x.left.Reset()
		x.finish(cause)
	}
	x.mu.Unlock()
	x.cancel()
	x.body.end()
}

// begin lets the client see the status and the header.
func (x *exchange) begin() {
	if !x.hasBegun() {
		close(x.begun)
	}
}

func (x *exchange) hasBegun() bool {
	select {
	case <-x.begun:
		return true
	default:
		return false
	}
}

// Header is the handler's to write to.
func (x *exchange) Header() http.Header { return x.header }

// WriteHeader sets the status, once.
func (x *exchange) WriteHeader(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.writeHeader(status)
}

func (x *exchange) writeHeader(status int) {
	if x.sent != nil || status < http.StatusOK {
		return
	}
	x.status, x.sent = status, x.header.Clone()
	x.said = x.sent.Get("Content-Length")
	if x.sent.Get("Date") == "" {
		x.sent.Set("Date", x.now().UTC().Format(http.TimeFormat))
	}
}

// Write adds to the answer, and waits while the reader is too far behind.
func (x *exchange) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.writeHeader(http.StatusOK)
	if x.length == 0 && !x.hasBegun() && x.sent.Get("Content-Type") == "" {
		x.sent.Set("Content-Type", http.DetectContentType(b))
	}
	if x.length+len(b) > buffered {
		x.begin()
	}
	if !x.hasBody() {
		x.length += len(b)
		return len(b), nil
	}
	for x.left.Len() > ahead && !x.ended {
		x.changed.Wait()
	}
	if x.ended {
		return 0, net.ErrClosed
	}
	x.left.Write(b)
	x.length += len(b)
	x.changed.Broadcast()
	return len(b), nil
}

// FlushError lets the client see what there is.
func (x *exchange) FlushError() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return net.ErrClosed
	}
	x.writeHeader(http.StatusOK)
	x.begin()
	return nil
}

// Flush is FlushError for those who ask for an http.Flusher.
func (x *exchange) Flush() { _ = x.FlushError() } // a client that has gone is met at the next write

// Hijack gives a connection that can be cut, and nothing else.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	ours, theirs := net.Pipe()
	_ = theirs.Close() // nothing goes through it
	return &cut{ours, x}, bufio.NewReadWriter(bufio.NewReader(ours), bufio.NewWriter(ours)), nil
}

// cut is the connection of an exchange, for handlers that cut it.
type cut struct {
	net.Conn
	x *exchange
}

// SetLinger says with 0 that Close resets the connection.
func (c *cut) SetLinger(seconds int) error {
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	c.x.reset = seconds == 0
	return nil
}

// response is what the client gets of the answer as soon as that has begun.
func (x *exchange) response() (*http.Response, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failed != nil {
		x.stopWatching()
		return nil, x.failed
	}
	length := int64(-1)
	if x.bodiless() && x.asked.Method != http.MethodHead {
		length = 0
	}
	if said, err := strconv.ParseInt(x.sent.Get("Content-Length"), 10, 64); err == nil {
		length = said
	}
	body := io.ReadCloser(&answer{x})
	if !x.hasBody() || length == 0 {
		x.stopWatching()
		body = http.NoBody
	}
	return &http.Response{
		Status: strconv.Itoa(x.status) + " " + statusText(x.status), StatusCode: x.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.sent, Body: body, ContentLength: length, Request: x.asked,
	}, nil
}

// statusText is what net/http sends after the number.
func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "status code " + strconv.Itoa(status)
}

// answer is the body of an answer.
type answer struct{ *exchange }

// Read gives what the handler has written, and waits for more.
func (a *answer) Read(b []byte) (int, error) {
	x := a.exchange
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.left.Len() == 0 && !x.ended {
		x.changed.Wait()
	}
	if x.left.Len() > 0 {
		defer x.changed.Broadcast() // there is room
		return x.left.Read(b)
	}
	x.stopWatching()
	if x.err != nil {
		return 0, x.err
	}
	return 0, io.EOF
}

// Close tells the handler that nobody reads on.
func (a *answer) Close() error {
	a.abandon(http.ErrBodyReadAfterClose)
	return nil
}
