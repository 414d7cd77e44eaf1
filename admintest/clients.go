package admintest

import (
	"io"
	stdlog "log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// sendOnce is a TCP transport that never sends a request twice. net/http repeats a
// GET by itself when a reused connection breaks, which would hide a fault that
// happens once. The in-process transport never repeats, and both must behave the same.
type sendOnce struct{ *http.Transport }

// RoundTrip sends the request.
func (o sendOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := *r
	sent.GetBody = nil // without it, net/http cannot send the body again
	switch sent.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		if sent.Body == nil || sent.Body == http.NoBody {
			// An empty body of unknown type: net/http does not repeat a request that has
			// one, and with these methods sends no body for it.
			sent.Body = io.NopCloser(strings.NewReader(""))
		}
	}
	return o.Transport.RoundTrip(&sent)
}

// proxyTo returns a handler that forwards requests to a server, and closes the
// connection where the server does.
func proxyTo(server *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport:    transport,
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(server) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     stdlog.New(io.Discard, "", 0),
	}
}

// Impatient returns a client with which waiting takes no time. When a response asks
// the client to wait (retry-after), the organization's clock advances by that time
// and official SDKs retry at once. After a broken connection they still wait, for
// half a second or more.
//
// In a testing/synctest bubble no client waits in real time: see the package
// documentation.
func (s *Server) Impatient() *http.Client { return &http.Client{Transport: impatient{s}} }

type impatient struct{ s *Server }

// RoundTrip advances the clock by the Retry-After of a response and tells the client
// to retry at once.
func (i impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := i.s.transport.RoundTrip(r)
	if err != nil || res.StatusCode < http.StatusBadRequest {
		return res, err
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		if _, err := i.s.Clock.move(advanceBy(time.Duration(seconds) * time.Second)); err != nil {
			res.Body.Close()
			return nil, err
		}
	}
	res.Header.Set("Retry-After-Ms", "0") // official SDKs prefer it to Retry-After
	return res, nil
}
