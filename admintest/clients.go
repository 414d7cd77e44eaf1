package admintest

import (
	"io"
	"net/http"
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
	if r.Body == nil || r.Body == http.NoBody || r.GetBody != nil {
		sent := *r
		sent.GetBody = nil
		if r.Body == nil || r.Body == http.NoBody {
			// Of a body that it does not know, net/http sends nothing when there is
			// nothing in it, and it cannot send it again.
			sent.Body = io.NopCloser(strings.NewReader(""))
		}
		r = &sent
	}
	return o.Transport.RoundTrip(r)
}

// Impatient gives a client for which waiting takes no time: where an answer asks
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
	res, err := i.s.client.Transport.RoundTrip(r)
	if err != nil || res.StatusCode < http.StatusBadRequest {
		return res, err
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		if _, err := i.s.Clock.advance(time.Duration(seconds) * time.Second); err != nil {
			res.Body.Close()
			return nil, err
		}
	}
	res.Header.Set("Retry-After-Ms", "0")
	return res, nil
}
