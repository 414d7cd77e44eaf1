// Package inprocess connects an HTTP client to a handler in the same process
// without a port: net/http on both sides, over net.Pipe.
package inprocess

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// Transport is an http.RoundTripper that sends requests to a handler. It behaves
// like a connection over TCP.
//
// Each request has its own connection and its own http.Server, for two reasons:
// net/http retries requests only on reused connections, so it never does here; and
// every goroutine of a request belongs to the testing/synctest bubble of the
// request, wherever the Transport was created.
type Transport struct {
	handler http.Handler
	host    string
	closing string // the error of requests after Close
	client  http.Transport

	mu      sync.Mutex
	bodies  map[*body]bool // of responses, neither read to the end nor closed
	conns   map[*conn]bool // being served
	removed sync.Cond      // a connection was removed from conns
	closed  bool
}

// New returns a Transport that sends requests for http://host to h and rejects all
// others. closing is the error of requests after Close.
func New(h http.Handler, host, closing string) *Transport {
	t := &Transport{handler: h, host: host, closing: closing, bodies: map[*body]bool{}, conns: map[*conn]bool{}}
	t.removed.L = &t.mu
	t.client.DialContext = t.dial
	t.client.MaxIdleConnsPerHost = -1 // reuse no connection
	t.client.ExpectContinueTimeout = time.Second
	return t
}

// RoundTrip sends a request to the handler.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL != nil && (r.URL.Scheme != "http" || r.URL.Host != t.host) {
		if r.Body != nil {
			_ = r.Body.Close() // the request fails anyway
		}
		return nil, fmt.Errorf("admintest: this client only connects to http://%s, not to %s://%s", t.host, r.URL.Scheme, r.URL.Host)
	}
	res, err := t.client.RoundTrip(r)
	if err != nil || res.Body == http.NoBody {
		return res, err
	}
	b := &body{res.Body, t}
	res.Body = b
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = b.ReadCloser.Close() // never fails
	} else {
		t.bodies[b] = true
	}
	return res, nil
}

// Close makes current and later requests fail and waits until their handlers have
// returned. It leaves no goroutine behind, even if the client has not closed the
// body of a response.
func (t *Transport) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for c := range t.conns {
		c.fail(t.errClosed())
		_ = c.Close() // never fails
	}
	for b := range t.bodies {
		_ = b.ReadCloser.Close() // never fails
	}
	for len(t.conns) > 0 {
		t.removed.Wait()
	}
}

func (t *Transport) errClosed() error {
	return errors.New(t.closing)
}

// dial starts a server for one connection.
func (t *Transport) dial(context.Context, string, string) (net.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, t.errClosed()
	}
	client, server := net.Pipe()
	c := &conn{Conn: client}
	c.ctx, c.fail = context.WithCancelCause(context.Background())
	t.conns[c] = true
	s := &http.Server{
		Handler:      t.serving(c),
		BaseContext:  func(net.Listener) context.Context { return c.ctx },
		ErrorLog:     log.New(io.Discard, "", 0),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // skips the set-up of HTTP/2
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				t.remove(c)
			}
		},
	}
	_ = s.Serve(&listener{&serverConn{server, c}}) // returns once it has accepted the connection
	return c, nil
}

func (t *Transport) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	t.removed.Broadcast()
}

// serving returns the handler for the request on c. If the handler panics, the
// client's request fails with the panic value and the stack.
func (t *Transport) serving(c *conn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause != http.ErrAbortHandler {
				c.fail(fmt.Errorf("the handler panicked: %v\n%s", cause, debug.Stack()))
			}
			panic(http.ErrAbortHandler)
		}()
		r.Host = "localhost" // only this process can reach the handler
		t.handler.ServeHTTP(w, r)
	})
}

// body is the body of a response. Until it is closed, goroutines of net/http wait.
type body struct {
	io.ReadCloser
	t *Transport
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	b.t.mu.Lock()
	defer b.t.mu.Unlock()
	delete(b.t.bodies, b)
	if b.t.closed && err != io.EOF {
		err = b.t.errClosed()
	}
	return n, err
}

func (b *body) Close() error {
	b.t.mu.Lock()
	delete(b.t.bodies, b)
	b.t.mu.Unlock()
	return b.ReadCloser.Close()
}

// conn is the client's end of a connection. Its errors are those of TCP.
type conn struct {
	net.Conn
	// ctx is the parent of the request's context, so that a handler notices that
	// the client has disconnected even if it has not read the whole body. Its
	// cause is the error that the client gets.
	ctx  context.Context
	fail context.CancelCauseFunc
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil && c.ctx.Err() != nil {
		err = context.Cause(c.ctx)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	switch {
	case err == nil:
		return n, nil
	case c.ctx.Err() != nil:
		return n, context.Cause(c.ctx)
	}
	// The server has closed its end. Over TCP, the rest would go into a buffer, and
	// the client would find out by reading: a response or EOF.
	return len(b), nil
}

func (c *conn) Close() error {
	c.fail(net.ErrClosed)
	return c.Conn.Close()
}

func opError(op string, number syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, number)}
}

// serverConn is the server's end of a connection.
type serverConn struct {
	net.Conn
	client *conn
}

// SetLinger(0) makes Close reset the connection, as for a net.TCPConn.
func (s *serverConn) SetLinger(seconds int) error {
	if seconds == 0 {
		s.client.fail(opError("read", syscall.ECONNRESET))
	}
	return nil
}

// listener accepts one connection.
type listener struct{ conn net.Conn }

func (l *listener) Accept() (net.Conn, error) {
	c := l.conn
	l.conn = nil
	if c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *listener) Addr() net.Addr { return nil } // Serve does not use it

func (l *listener) Close() error { return nil }
