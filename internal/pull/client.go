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
	// version is the anthropic-version header.
	version = "2023-06-01"
	// attemptTimeout limits one attempt. A page of a thousand objects is large, and a
	// busy server is slow.
	attemptTimeout = 2 * time.Minute
	// maxFailures is how many temporary failures of a request are accepted.
	maxFailures = 6
)

// maxResponse is more bytes than a page of a thousand objects needs, and maxTotal more
// than all responses of a large organization do. They limit memory use. Tests lower
// them.
var (
	maxResponse = 64 << 20
	maxTotal    = 1 << 30
)

// client is a client of the Admin API that only sends GET requests.
type client struct {
	base  *url.URL
	key   string
	agent string
	http  *http.Client
	sleep func(context.Context, time.Duration) error
	now   func() time.Time
	say   func(string)

	requests int
	left     int       // bytes that further responses may have
	reached  bool      // there was a response
	date     time.Time // Date header of the last response; zero if there was none
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
			// Following a redirect would send the key to another address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// failure is the error of a request.
type failure struct {
	message    string
	status     int           // of the response; 0 without one
	temporary  bool          // a retry may succeed
	retryAfter time.Duration // how long the server asks to wait; 0 if it does not
}

func (f *failure) Error() string { return f.message }

// get reads an object of the API. It retries temporary failures with increasing waits,
// but never sooner than the server asks. Only failures other than rate limits count
// towards maxFailures.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	at := c.base.JoinPath(api.BasePath, "organizations", path)
	at.RawQuery = query.Encode()
	failed := 0
	for backoff := time.Second; ; backoff = min(2*backoff, time.Minute) {
		err := c.attempt(ctx, at, into)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			return nil
		}
		err.message = fmt.Sprintf("GET /%s: %s", strings.TrimLeft(at.EscapedPath(), "/"), err.message)
		if !err.temporary {
			return err
		}
		reason := "rate limit reached"
		if err.status != http.StatusTooManyRequests {
			reason = err.message
			failed++
		}
		if failed >= maxFailures {
			return fmt.Errorf("gave up after %d failures: %w", failed, err)
		}
		wait := max(err.retryAfter, backoff)
		c.say(fmt.Sprintf("%s: waiting %s", reason, wait))
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// attempt sends the request once.
func (c *client) attempt(ctx context.Context, at *url.URL, into any) *failure {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return &failure{message: c.sanitize(err.Error())}
	}
	req.Header.Set("X-Api-Key", c.key)
	req.Header.Set("Anthropic-Version", version)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	c.requests++
	res, err := c.http.Do(req)
	if err != nil {
		return c.transportFailure(err)
	}
	defer res.Body.Close()
	c.reached = true
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		c.date = date
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(maxResponse)+1))
	c.left -= len(body)
	switch {
	case res.StatusCode != http.StatusOK:
		return c.statusFailure(res, body)
	case err != nil:
		return c.transportFailure(err)
	case len(body) > maxResponse:
		return &failure{message: fmt.Sprintf("the response has more than %d bytes", maxResponse)}
	case c.left < 0:
		return &failure{message: fmt.Sprintf("the organization is too large: its responses have more than %d bytes", maxTotal)}
	}
	return c.decode(res.Header.Get("Content-Type"), body, into)
}

// transportFailure returns the failure of a request without a complete response. It is
// temporary unless the address may be wrong: no connection before the first response,
// an untrusted certificate or the wrong scheme.
func (c *client) transportFailure(err error) *failure {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL, which get adds
	}
	message := c.sanitize(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		message = fmt.Sprintf("no complete response within %s", attemptTimeout)
	}
	op, isNet := errors.AsType[*net.OpError](err)
	notConnected := isNet && (op.Op == "dial" || op.Op == "proxyconnect")
	_, unknownHost := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if untrusted || errors.Is(err, http.ErrSchemeMismatch) || !c.reached && (unknownHost || notConnected) {
		return &failure{message: fmt.Sprintf("no server answers at %s: %s", c.base, message)}
	}
	return &failure{message: message, temporary: true}
}

// statusFailure returns the failure of a response with a status other than 200.
func (c *client) statusFailure(res *http.Response, body []byte) *failure {
	status := res.StatusCode
	message := strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
	if 300 <= status && status < 400 {
		target := "an unknown location"
		if location, err := res.Location(); err == nil {
			target = c.sanitize(location.Redacted())
		}
		message += fmt.Sprintf(": redirect to %s, where the key is not sent (use --from with the final address)", target)
		return &failure{message: message, status: status}
	}
	if detail := c.sanitize(errorMessage(body)); detail != "" {
		message += ": " + detail
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		message += " (is " + KeyVariable + " an admin key of the organization?)"
	}
	temporary := status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
	return &failure{message, status, temporary, c.retryAfter(res.Header.Get("Retry-After"))}
}

// errorMessage returns the message of an error in either of the API's envelopes, or "".
func errorMessage(body []byte) string {
	var response struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &response) // the body may not be JSON
	return cmp.Or(response.Error.Message, response.Message)
}

// retryAfter parses a Retry-After header: seconds, with or without a fraction, or a date.
func (c *client) retryAfter(header string) time.Duration {
	const most = 24 * time.Hour
	if at, err := http.ParseTime(header); err == nil {
		return min(at.Sub(c.serverTime()), most)
	}
	seconds, _ := strconv.ParseFloat(header, 64) // 0 if it does not parse
	return time.Duration(min(seconds*float64(time.Second), float64(most)))
}

// serverTime returns the time of the last response by the server's clock, or local time
// if the server sent none.
func (c *client) serverTime() time.Time {
	if c.date.IsZero() {
		return c.now()
	}
	return c.date
}

// decode decodes a response after redacting its keys. Incomplete JSON is a temporary
// failure; a value of another type is not.
func (c *client) decode(contentType string, body []byte, into any) *failure {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind != "" && kind != "application/json" {
		return &failure{message: fmt.Sprintf("unexpected content type %s (is %s the address of the API?)", c.sanitize(kind), c.base)}
	}
	err := json.Unmarshal(c.redactJSON(body), into)
	if err == nil {
		return nil
	}
	_, incomplete := errors.AsType[*json.SyntaxError](err)
	detail := strings.TrimPrefix(err.Error(), "json: ")
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		detail = wrong.Value + " instead of an object"
		if wrong.Field != "" {
			detail = wrong.Value + " in " + wrong.Field
		}
	}
	return &failure{message: "unexpected response: " + c.sanitize(detail), temporary: incomplete}
}

// jsonString matches a JSON string, which is a name or a value.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// redactJSON redacts every key in JSON to its last four characters. It decodes each
// string first, since a key may be written with escapes.
func (c *client) redactJSON(body []byte) []byte {
	return jsonString.ReplaceAllFunc(body, func(quoted []byte) []byte {
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return quoted // decoding the whole body fails too
		}
		if redacted := c.redactText(s); redacted != s {
			return []byte(api.Encode(redacted))
		}
		return quoted
	})
}

// redactText redacts every key in a text, and the client's own key whatever its form.
func (c *client) redactText(s string) string {
	if len(c.key) >= 12 { // a shorter one may occur in ordinary text
		s = strings.ReplaceAll(s, c.key, redact.Key(c.key))
	}
	return redact.Text(s)
}

// sanitize makes text from the server safe for a message: keys are redacted, and the
// text is reduced to one line and shortened.
func (c *client) sanitize(s string) string {
	const most = 300
	s = text.Printable(strings.Join(strings.Fields(c.redactText(s)), " "))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
