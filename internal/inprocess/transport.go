// Package inprocess leads an HTTP client to a handler in the same process,
// without a port: what the client sees is what it would see over TCP.
package inprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Transport is an http.RoundTripper whose every request goes to a handler. It
// keeps no connection and no goroutine: what it starts ends with the request,
// at the latest when the answer's body is closed.
type Transport struct {
	Handler http.Handler
	Host    string           // the only host that can be reached
	Now     func() time.Time // for the header Date
	Name    string           // of what is reached, in messages
	Ended   context.Context  // there is nobody to answer once it is done; nil for ever
}

// RoundTrip lets the handler answer. An answer that breaks off is the error
// that a cut connection gives: syscall.ECONNRESET for one that was reset,
// io.EOF for one that was closed before the answer, and io.ErrUnexpectedEOF
// within it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.check(r); err != nil {
		closeBody(r)
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	x := &exchange{
		header: http.Header{}, now: t.Now, asked: r, cancel: cancel, begun: make(chan struct{}),
		body: &requestBody{from: r.Body},
	}
	x.changed.L = &x.mu
	x.mu.Lock() // the client may have gone already
	x.stopWatching = context.AfterFunc(r.Context(), func() { x.abandon(context.Cause(r.Context())) })
	x.mu.Unlock()
	go x.serve(t.Handler, x.request(ctx))
	<-x.begun
	return x.response()
}

// check refuses what net/http would not send, and what would leave the process.
func (t *Transport) check(r *http.Request) error {
	switch {
	case r.URL == nil:
		return errors.New("inprocess: the request has no URL")
	case r.URL.Scheme != "http" || r.URL.Host != t.Host:
		return fmt.Errorf("inprocess: this client leads to http://%s alone, not to %s://%s", t.Host, r.URL.Scheme, r.URL.Host)
	case r.Context().Err() != nil:
		return context.Cause(r.Context())
	case t.Ended != nil && t.Ended.Err() != nil:
		return fmt.Errorf("inprocess: %s has ended", t.Name)
	}
	for name, values := range r.Header {
		for _, value := range values {
			if strings.ContainsAny(name+value, "\r\n\x00") {
				return fmt.Errorf("net/http: invalid header field value for %q", name)
			}
		}
	}
	return nil
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // the request has failed already
	}
}

// request is what the handler is asked.
func (x *exchange) request(ctx context.Context) *http.Request {
	r := x.asked.Clone(ctx)
	r.Header = make(http.Header, len(x.asked.Header))
	for name, values := range x.asked.Header {
		for _, value := range values {
			r.Header.Add(name, value) // in the spelling in which it would arrive
		}
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if _, told := r.Header["User-Agent"]; !told {
		r.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	r.RequestURI = r.URL.RequestURI()
	r.URL.Scheme, r.URL.Host = "", ""
	r.Host = "localhost" // nobody else can ask
	r.RemoteAddr = "127.0.0.1:0"
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.GetBody, r.Close = nil, false
	switch {
	case x.asked.Body == nil || x.asked.Body == http.NoBody:
		r.Body, r.ContentLength = http.NoBody, 0
	case r.ContentLength == 0:
		r.Body, r.ContentLength, r.TransferEncoding = x.body, -1, []string{"chunked"}
	default:
		r.Body = x.body
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	return r
}

// requestBody is the body of a request for the handler, closed once and by the
// exchange: a handler that closes it has only stopped to read.
type requestBody struct {
	from io.ReadCloser
	once sync.Once
}

func (b *requestBody) Read(p []byte) (int, error) { return b.from.Read(p) }

func (b *requestBody) Close() error { return nil }

func (b *requestBody) end() {
	b.once.Do(func() {
		if b.from != nil {
			_ = b.from.Close() // the exchange has ended: nobody is left to be told
		}
	})
}
