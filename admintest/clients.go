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

// once is a transport over TCP that sends what it is given once. net/http sends
// a GET again by itself whose connection breaks, if it has been used before: a
// fault that happens once would then be seen in process and not over TCP.
type once struct{ *http.Transport }

// RoundTrip sends the request.
func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := *r
	sent.GetBody = nil // without which a body cannot be sent again
	switch sent.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		if sent.Body == nil || sent.Body == http.NoBody {
			// Of these, net/http sends no body when there is nothing in it, and what
			// has a body that it does not know it does not send again.
			sent.Body = io.NopCloser(strings.NewReader(""))
		}
	}
	return o.Transport.RoundTrip(&sent)
}

// proxyTo returns a handler that asks a server, and cuts the connection where that
// does.
func proxyTo(server *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport:    transport,
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(server) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     stdlog.New(io.Discard, "", 0),
	}
}

// Impatient returns a client for which waiting takes no time: where an answer asks
// to wait (retry-after), the organization's clock goes on by that, and official
// SDKs try again at once. They still wait where a connection breaks, for half a
// second and more.
//
// In a bubble of testing/synctest no client waits for anything: see the package
// documentation.
func (s *Server) Impatient() *http.Client { return &http.Client{Transport: impatient{s}} }

type impatient struct{ s *Server }

// RoundTrip takes the waiting out of an answer.
func (i impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := i.s.transport.RoundTrip(r)
	if err != nil || res.StatusCode < http.StatusBadRequest {
		return res, err
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		if _, err := i.s.Clock.tryMove(by(time.Duration(seconds) * time.Second)); err != nil {
			res.Body.Close()
			return nil, err
		}
	}
	res.Header.Set("Retry-After-Ms", "0")
	return res, nil
}
