package pull

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/redact"
	"antechamber/internal/text"
)

const (
	// version is the value of anthropic-version that is sent.
	version = "2023-06-01"
	// tryTime is how long one try may take: a page of a thousand objects is
	// large, and a server that is busy slow.
	tryTime = 2 * time.Minute
	// maxTries is how often in a row a request may fail for reasons that may
	// pass.
	maxTries = 6
	// maxAnswer is more than a page of a thousand objects takes, and maxTotal
	// more than all answers of a large organization do. What is in memory during
	// a pull is bounded by them.
	maxAnswer = 64 << 20
	maxTotal  = 1 << 30
)

// client reads from an Admin API: get is its only request.
type client struct {
	base  *url.URL
	key   string
	agent string
	http  *http.Client
	sleep func(context.Context, time.Duration) error
	now   func() time.Time
	say   func(string)

	requests int
	left     int       // bytes of answers that may still come
	reached  bool      // something has answered
	date     time.Time // of the last answer, by the server; zero when it does not say
}

func newClient(o Options) *client {
	return &client{
		base: o.From, key: o.Key, agent: o.Agent, sleep: o.Sleep, now: o.Now, say: o.Say, left: maxTotal,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				TLSHandshakeTimeout: 20 * time.Second,
				ForceAttemptHTTP2:   true,
			},
			// The key would go wherever a redirect leads.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// failure is a request that failed. Asking again may help if it passes.
type failure struct {
	said   string
	status int // of the answer, 0 without one
	passes bool
	after  time.Duration // how long the server asks to wait, 0 if it does not
}

func (f *failure) Error() string { return f.said }

// get reads the object at a path into a value. It waits as long as the server
// asks, longer each time in a row, and fails when the request has failed too
// often.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	at := c.base.JoinPath(api.BasePath, "organizations", path)
	at.RawQuery = query.Encode()
	failed := 0
	for backoff := time.Second; ; backoff = min(2*backoff, time.Minute) {
		err := c.try(ctx, at, into)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			return nil
		}
		err.said = fmt.Sprintf("GET /%s: %s", strings.TrimLeft(at.EscapedPath(), "/"), err.said)
		if !err.passes {
			return err
		}
		said := "the rate limit is reached" // which always passes
		if err.status != http.StatusTooManyRequests {
			said = err.said
			failed++
		}
		if failed >= maxTries {
			return fmt.Errorf("it failed %d times in a row: %w", failed, err)
		}
		wait := max(err.after, backoff)
		c.say(fmt.Sprintf("%s: waiting %s", said, wait))
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *client) try(ctx context.Context, at *url.URL, into any) *failure {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return &failure{said: c.hide(err.Error())}
	}
	req.Header.Set("X-Api-Key", c.key)
	req.Header.Set("Anthropic-Version", version)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	c.requests++
	res, err := c.http.Do(req)
	if err != nil {
		return c.broken(err)
	}
	defer res.Body.Close()
	c.reached = true
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		c.date = date
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	c.left -= len(body)
	switch {
	case res.StatusCode != http.StatusOK:
		return c.refused(res, body)
	case err != nil:
		return c.broken(err)
	case len(body) > maxAnswer:
		return &failure{said: fmt.Sprintf("the answer has more than %d bytes", maxAnswer)}
	case c.left < 0:
		return &failure{said: fmt.Sprintf("the organization is too large: its answers have more than %d bytes", maxTotal)}
	}
	return c.decode(res.Header.Get("Content-Type"), body, into)
}

// broken returns the failure of a request without a whole answer. Most of them
// pass; those that a mistyped address causes do not.
func (c *client) broken(err error) *failure {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the sentence names the place already
	}
	said := c.hide(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		said = fmt.Sprintf("no whole answer in %s", tryTime)
	}
	op, isNet := errors.AsType[*net.OpError](err)
	unreached := isNet && (op.Op == "dial" || op.Op == "proxyconnect")
	_, noName := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if untrusted || errors.Is(err, http.ErrSchemeMismatch) || !c.reached && (noName || unreached) {
		return &failure{said: fmt.Sprintf("no server answers at %s: %s", c.base, said)}
	}
	return &failure{said: said, passes: true}
}

// refused returns the failure of an answer without success.
func (c *client) refused(res *http.Response, body []byte) *failure {
	status := res.StatusCode
	said := strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
	if 300 <= status && status < 400 {
		where := "nowhere"
		if location, err := res.Location(); err == nil {
			where = c.hide(location.Redacted())
		}
		said += fmt.Sprintf(": it sends on to %s, and the key does not go there: name with --from the address that answers itself", where)
		return &failure{said: said, status: status}
	}
	if message := c.hide(messageOf(body)); message != "" {
		said += ": " + message
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		said += " (is " + KeyVariable + " an admin key of the organization?)"
	}
	passes := status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
	return &failure{said, status, passes, c.retryAfter(res.Header.Get("Retry-After"))}
}

// messageOf returns the message of an error in either of the API's envelopes.
func messageOf(body []byte) string {
	var said struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // an error of something else has no message
	return cmp.Or(said.Error.Message, said.Message)
}

// retryAfter returns how long a server asks to wait, in seconds or until a date.
func (c *client) retryAfter(header string) time.Duration {
	const most = 24 * time.Hour
	if at, err := http.ParseTime(header); err == nil {
		return min(at.Sub(c.serverTime()), most)
	}
	seconds, _ := strconv.ParseFloat(header, 64) // 0 where there are none
	return time.Duration(min(seconds*float64(time.Second), float64(most)))
}

// serverTime returns what the server's clock showed last, or the time here where
// it does not say.
func (c *client) serverTime() time.Time {
	if c.date.IsZero() {
		return c.now()
	}
	return c.date
}

// decode reads an answer, and cuts every key in it. An answer that is torn may be
// whole the next time; one of another shape never is.
func (c *client) decode(contentType string, body []byte, into any) *failure {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind != "" && kind != "application/json" {
		return &failure{said: fmt.Sprintf("it answers %s: is %s the address of the API?", c.hide(kind), c.base)}
	}
	err := json.Unmarshal(c.redact(body), into)
	if err == nil {
		return nil
	}
	_, torn := errors.AsType[*json.SyntaxError](err)
	said := strings.TrimPrefix(err.Error(), "json: ")
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		said = wrong.Value + " in " + cmp.Or(wrong.Field, "place of an object")
	}
	return &failure{said: "unexpected answer: " + c.hide(said), passes: torn}
}

// jsonString matches a string of JSON, a name or a value.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// redact cuts every key in JSON to its last four characters. It looks into the
// strings, since a key may be escaped, and a text that is escaped twice may look
// like a key.
func (c *client) redact(body []byte) []byte {
	return jsonString.ReplaceAllFunc(body, func(quoted []byte) []byte {
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return quoted // and what it is in fails too
		}
		if cut := c.cut(s); cut != s {
			return []byte(api.Encode(cut))
		}
		return quoted
	})
}

// cut cuts every key in a text, the admin key of any form too.
func (c *client) cut(s string) string {
	if len(c.key) >= 12 { // a shorter one may be part of any word
		s = strings.ReplaceAll(s, c.key, redact.Key(c.key))
	}
	return redact.Text(s)
}

// hide makes text of the server fit for a message: without keys, on one line,
// and not too long.
func (c *client) hide(s string) string {
	const most = 300
	s = text.Printable(strings.Join(strings.Fields(c.cut(s)), " "))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
