// Package inprocess leads an HTTP client to a handler in the same process,
// without a port: what the client sees is what it would see over TCP. It is made
// for this module's handlers, which write whole answers and know no trailers, no
// upgrades and no connections that are taken over but to be cut.
package inprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
		body: &requestBody{from: r.Body, length: r.ContentLength},
	}
	x.changed.L = &x.mu
	asked, err := x.request(ctx)
	if err != nil {
		cancel()
		closeBody(r)
		return nil, err
	}
	t.watch(x, r.Context())
	go x.serve(t.Handler, asked)
	<-x.begun
	return x.response()
}

// watch abandons the exchange when the client goes, or the transport ends.
func (t *Transport) watch(x *exchange, client context.Context) {
	x.mu.Lock() // either may have happened already
	defer x.mu.Unlock()
	stop := context.AfterFunc(client, func() { x.abandon(context.Cause(client)) })
	x.stopWatching = func() { stop() }
	if t.Ended != nil {
		stopToo := context.AfterFunc(t.Ended, func() { x.abandon(t.ended()) })
		x.stopWatching = func() { stop(); stopToo() }
	}
}

func (t *Transport) ended() error { return fmt.Errorf("inprocess: %s has ended", t.Name) }

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
		return t.ended()
	}
	for name, values := range r.Header {
		if name == "" || strings.ContainsFunc(name, notInName) {
			return fmt.Errorf("net/http: invalid header field name %q", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, notInValue) {
				return fmt.Errorf("net/http: invalid header field value for %q", name)
			}
		}
	}
	return nil
}

// notInName tells whether a character has no place in the name of a header.
// (RFC 9110, section 5.6.2)
func notInName(r rune) bool {
	return r >= 0x7f || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// notInValue tells whether a character has no place in the value of a header.
func notInValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // the request has failed already
	}
}

// request is what the handler is asked.
func (x *exchange) request(ctx context.Context) (*http.Request, error) {
	r := x.asked.Clone(ctx)
	// The path is what would be written, and read again: of two that a URL can
	// have, that is one.
	uri := x.asked.URL.RequestURI()
	at, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, err
	}
	r.URL, r.RequestURI = at, uri
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
	r.Host = "localhost" // nobody else can ask
	r.RemoteAddr = "127.0.0.1:0"
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.GetBody, r.Close = nil, false
	switch {
	case x.asked.Body == nil || x.asked.Body == http.NoBody:
		r.Body, r.ContentLength = http.NoBody, 0
	case r.ContentLength <= 0:
		r.Body, r.ContentLength, r.TransferEncoding = x.body, -1, []string{"chunked"}
	default:
		r.Body = x.body
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	return r, nil
}

// requestBody is the body of a request for the handler, closed once and by the
// exchange: a handler that closes it has only stopped to read.
type requestBody struct {
	from   io.ReadCloser
	length int64 // that was announced; none when it is not above 0
	once   sync.Once

	mu   sync.Mutex
	read int64
	err  error // why the request could not have been sent
}

// Read gives no more than was announced, and notes what net/http would have
// failed with.
func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read += int64(n)
	switch {
	case err != nil && err != io.EOF:
		b.err = err
	case b.length > 0 && b.read > b.length, b.length > 0 && err == io.EOF && b.read < b.length:
		b.err = fmt.Errorf("http: ContentLength=%d with Body length %d", b.length, b.read)
	}
	if b.err != nil {
		return 0, io.ErrUnexpectedEOF // as a server meets a request that breaks off
	}
	return n, err
}

func (b *requestBody) Close() error { return nil }

// broken gives why the request could not have been sent.
func (b *requestBody) broken() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *requestBody) end() {
	b.once.Do(func() {
		if b.from != nil {
			_ = b.from.Close() // the exchange has ended: nobody is left to be told
		}
	})
}
