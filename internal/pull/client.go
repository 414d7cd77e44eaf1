package pull

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
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

// refusal is an answer that asking again would not change.
type refusal struct {
	status  int
	path    string
	message string
}

func (r *refusal) Error() string {
	said := fmt.Sprintf("GET %s: %s", r.path, statusLine(r.status))
	if r.message != "" {
		said += ": " + r.message
	}
	if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		said += " (is " + KeyVariable + " an admin key of the organization?)"
	}
	return said
}

// statusLine returns a status with its name, where it has one.
func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
}

// passing is a failure that asking again may get past.
type passing struct {
	error
	after time.Duration // how long the server asks to wait; 0 when it does not say
	limit bool          // a rate limit, which always passes
}

func (p *passing) Unwrap() error { return p.error }

// get reads the object at a path into a value, and returns it with all of its
// fields. It waits as long as the server asks for, longer each time in a row,
// and fails when the same request has failed too often.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) (object map[string]any, err error) {
	failed := 0
	for backoff := time.Second; ; backoff = min(2*backoff, time.Minute) {
		object, err := c.try(ctx, path, query, into)
		passes, ok := errors.AsType[*passing](err)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !ok:
			return object, err
		case !passes.limit:
			failed++
		}
		if failed >= maxTries {
			return nil, fmt.Errorf("it failed %d times in a row: %w", failed, passes.error)
		}
		wait := cmp.Or(passes.after, backoff)
		if backoff > time.Second { // not for the first time
			wait = max(wait, backoff)
		}
		if passes.limit {
			c.say(fmt.Sprintf("the rate limit is reached: waiting %s", wait))
		} else {
			c.say(fmt.Sprintf("%v: waiting %s", passes.error, wait))
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (c *client) try(ctx context.Context, path string, query url.Values, into any) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	at := c.base.JoinPath(api.BasePath, "organizations", path)
	at.Path = "/" + strings.TrimLeft(at.Path, "/")
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, errors.New(c.hide(err.Error()))
	}
	req.Header.Set("X-Api-Key", c.key)
	req.Header.Set("Anthropic-Version", version)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	c.requests++
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.broken(at.Path, err)
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
		return nil, c.refused(at, res, body)
	case err != nil:
		return nil, c.broken(at.Path, err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("GET %s: the answer has more than %d bytes", at.Path, maxAnswer)
	case c.left < 0:
		return nil, fmt.Errorf("GET %s: the organization is too large: its answers have more than %d bytes", at.Path, maxTotal)
	}
	return c.decode(at.Path, res.Header.Get("Content-Type"), body, into)
}

// broken returns the error of a request without a whole answer. Most of them
// pass; those that a mistyped address causes do not.
func (c *client) broken(path string, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the sentence names the place already
	}
	said := fmt.Errorf("GET %s: %s", path, c.hide(err.Error()))
	if errors.Is(err, context.DeadlineExceeded) {
		said = fmt.Errorf("GET %s: no whole answer in %s", path, tryTime)
	}
	op, isNet := errors.AsType[*net.OpError](err)
	unreached := isNet && (op.Op == "dial" || op.Op == "proxyconnect")
	_, noName := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if untrusted || errors.Is(err, http.ErrSchemeMismatch) || !c.reached && (noName || unreached) {
		return fmt.Errorf("no server answers at %s: %s", c.base, c.hide(err.Error()))
	}
	return &passing{error: said}
}

// refused returns the error of an answer without success.
func (c *client) refused(at *url.URL, res *http.Response, body []byte) error {
	status := res.StatusCode
	if 300 <= status && status < 400 {
		where := "nowhere"
		if location, err := res.Location(); err == nil {
			where = c.hide(location.Redacted())
		}
		return fmt.Errorf("GET %s: %s: it sends on to %s, and the key does not go there: name with --from the address that answers itself",
			at.Path, statusLine(status), where)
	}
	no := &refusal{status, at.Path, c.hide(messageOf(body))}
	switch {
	case status == http.StatusTooManyRequests:
		return &passing{no, c.retryAfter(res.Header), true}
	case status >= 500, status == http.StatusRequestTimeout:
		return &passing{no, c.retryAfter(res.Header), false}
	}
	return no
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

// retryAfter returns how long the server asks to wait, 0 when it does not say.
func (c *client) retryAfter(h http.Header) time.Duration {
	const least, most = 100 * time.Millisecond, 24 * time.Hour
	within := func(d float64) time.Duration { return time.Duration(min(max(d, float64(least)), float64(most))) }
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 {
		return within(ms * float64(time.Millisecond))
	}
	after := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(after, 64); err == nil && s >= 0 {
		return within(s * float64(time.Second))
	}
	if at, err := http.ParseTime(after); err == nil {
		now := c.now()
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date // the clock that the date was made with
		}
		return within(float64(at.Sub(now)))
	}
	return 0
}

// decode reads an answer, and cuts every key in it. An answer that is torn may be
// whole the next time; one of another shape never is.
func (c *client) decode(path, contentType string, body []byte, into any) (map[string]any, error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind != "" && kind != "application/json" {
		return nil, fmt.Errorf("GET %s: it answers %s: is %s the address of the API?", path, c.hide(kind), c.base)
	}
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, &passing{error: fmt.Errorf("GET %s: the answer cannot be read: %s", path, c.hide(err.Error()))}
	}
	redacted, err := json.Marshal(c.redact(answer))
	if err == nil {
		err = json.Unmarshal(redacted, into)
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: %s", path, c.hide(shapeOf(err, answer)))
	}
	object, _ := answer.(map[string]any)
	return object, nil
}

// shapeOf says which field of an answer has the wrong type.
func shapeOf(err error, answer any) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		value, _, _ := strings.Cut(wrong.Value, " ")
		return fmt.Sprintf("%s: expected %s, not %s", cmp.Or(wrong.Field, "the answer"), kindNames[wrong.Type.Kind()], cmp.Or(valueNames[value], value))
	}
	if wrong, ok := errors.AsType[*time.ParseError](err); ok {
		return fmt.Sprintf("%s: expected a time such as 2024-10-30T23:58:27Z, not %q", cmp.Or(fieldWith(answer, wrong.Value), "the answer"), wrong.Value)
	}
	return err.Error()
}

// kindNames and valueNames are the names of types and values of JSON.
var (
	kindNames = map[reflect.Kind]string{
		reflect.String: "a text", reflect.Bool: "true or false", reflect.Slice: "a list", reflect.Map: "an object", reflect.Struct: "an object",
	}
	valueNames = map[string]string{
		"string": "a text", "bool": "true or false", "array": "a list", "object": "an object", "number": "a number",
	}
)

// fieldWith returns the path of a field that holds a text.
func fieldWith(v any, text string) string {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			if field := fieldWith(element, text); field != "" {
				return field
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			field := fieldWith(v[name], text)
			if v[name] == text {
				return name
			}
			if field != "" {
				return name + "." + field
			}
		}
	}
	return ""
}

// redact cuts every key in a JSON value to its last four characters.
func (c *client) redact(v any) any {
	switch v := v.(type) {
	case string:
		return c.cut(v)
	case []any:
		for i := range v {
			v[i] = c.redact(v[i])
		}
	case map[string]any:
		for name, value := range v {
			if cut := c.cut(name); cut != name {
				delete(v, name)
				name = cut
			}
			v[name] = c.redact(value)
		}
	}
	return v
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
