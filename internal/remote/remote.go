// Package remote is a client of the control plane, for the command line and for
// tests.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"antechamber/api"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

// base is the path under which a server serves its control plane.
const base = "/_emulate"

// Plane is the control plane of a server for one of its organizations.
type Plane struct {
	URL          string       // of the server
	AdminKey     string       // selects the organization; the first one when empty
	Organization string       // id of the organization, overrides AdminKey; may be empty
	Token        string       // control token; may be empty
	HTTP         *http.Client // http.DefaultClient when nil
}

// Parse reads the URL of a server. It may have a path, but not that of one of the
// two APIs.
func Parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	of := func(path string) bool { return strings.HasSuffix(strings.TrimRight(u.Path, "/"), path) }
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		of(api.BasePath) || of(base) {
		return nil, errors.New(text.Invalid("URL", text.Quote(WithoutPassword(address)), "the base URL of a server, such as http://127.0.0.1:4020"))
	}
	return u, nil
}

// WithoutPassword removes what may be a user and a password from a malformed URL.
func WithoutPassword(address string) string { return password.ReplaceAllString(address, "…@") }

var password = regexp.MustCompile(`^.*@`)

// Address returns the URL of the server for messages, without a password.
func (p *Plane) Address() string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return p.URL
	}
	return u.Redacted()
}

// Error is the error of a request that the control plane refused.
type Error struct {
	Status   int              `json:"-"`
	Code     string           `json:"code"`
	Message  string           `json:"message"` // for users of HTTP, as is Hint
	Hint     string           `json:"hint"`
	Remedy   *remedy.Remedy   `json:"remedy"`
	Problems []remedy.Problem `json:"problems"`
	More     int              `json:"more"`   // number of problems or faults not listed
	Faults   []Fault          `json:"faults"` // of a seed

	// Expectations that are not met, and unexpected requests.
	Unmet      json.RawMessage `json:"unmet"`
	Unexpected json.RawMessage `json:"unexpected"`
	// The numbers of those that are not listed.
	MoreUnmet      int `json:"more_unmet"`
	MoreUnexpected int `json:"more_unexpected"`

	Body []byte `json:"-"` // of the response
}

// Fault is a fault of a seed with its position.
type Fault struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return withHint(e.Message, e.Hint) }

// Lines returns a line for each problem, or the message if there are none. hint
// returns the hint for a remedy, which may be nil; serverHint is the server's own.
func (e *Error) Lines(describe func(remedy.Problem) string, hint func(r *remedy.Remedy, serverHint string) string) []string {
	if len(e.Problems) == 0 {
		return []string{withHint(e.Message, hint(e.Remedy, e.Hint))}
	}
	var lines []string
	for _, p := range e.Problems {
		line := describe(p)
		if !p.ListsValues() {
			line = withHint(line, hint(p.Remedy, p.Remedy.String()))
		}
		lines = append(lines, line)
	}
	if e.More > 0 {
		lines = append(lines, text.AndMore(e.More))
	}
	return lines
}

func withHint(message, hint string) string {
	if hint == "" {
		return message
	}
	return message + " (" + hint + ")"
}

// Unreachable is the error of a request without a response of a control plane.
type Unreachable struct {
	URL   string
	Err   error
	Other bool // another kind of server responded
}

func (u *Unreachable) Error() string {
	if u.Other {
		return fmt.Sprintf("no Antechamber server at %s: %v", u.URL, u.Err)
	}
	return fmt.Sprintf("no server answers at %s: %v", u.URL, u.Err)
}

func (u *Unreachable) Unwrap() error { return u.Err }

// Call sends body as JSON unless it is nil, and decodes the response into into
// unless that is nil. A refusal is an *Error.
func (p *Plane) Call(ctx context.Context, method, path string, body, into any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	response, err := p.Do(ctx, method, path, raw)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(response, into); err != nil {
		return &Unreachable{p.Address(), fmt.Errorf("unexpected response: %w", err), true}
	}
	return nil
}

// Do sends a body, which may be nil, to a path below /_emulate and returns the body
// of the response. The error is an *Error for a refusal and *Unreachable without a
// server.
func (p *Plane) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	res, err := p.send(ctx, method, path, body, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	response, err := io.ReadAll(io.LimitReader(res.Body, int64(maxResponse)+1))
	switch {
	case err != nil:
		return nil, &Unreachable{URL: p.Address(), Err: err}
	case len(response) > maxResponse:
		return nil, &Unreachable{p.Address(), fmt.Errorf("the response has more than %d bytes", maxResponse), true}
	}
	return response, nil
}

// maxResponse and maxRefusal are more bytes than the responses of a server have.
// Tests lower them.
var (
	maxResponse = 512 << 20
	maxRefusal  = 64 << 20
)

// send sends a request and returns the response if it is a success.
func (p *Plane) send(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	url, err := p.url(path)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.AdminKey != "" {
		r.Header.Set(api.HeaderAPIKey, p.AdminKey)
	}
	if p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	client := http.Client{}
	if p.HTTP != nil {
		client = *p.HTTP
	}
	// A redirect must not send the token to another server.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		return nil, &Unreachable{URL: p.Address(), Err: Cause(err)}
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	return nil, p.refusal(res)
}

// url returns the URL of a path below /_emulate, which may have a query.
func (p *Plane) url(path string) (string, error) {
	server, err := Parse(p.URL)
	if err != nil {
		return "", err
	}
	at := strings.TrimRight(server.String(), "/") + base + path
	if p.Organization == "" {
		return at, nil
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return at + separator + "organization=" + url.QueryEscape(p.Organization), nil
}

// refusal returns the error of a response that is not a success.
func (p *Plane) refusal(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(maxRefusal)))
	if err != nil {
		return &Unreachable{URL: p.Address(), Err: err}
	}
	var refused struct{ Error *Error }
	if json.Unmarshal(body, &refused) != nil || refused.Error == nil || refused.Error.Code == "" {
		return &Unreachable{p.Address(), errors.New(res.Status), true}
	}
	refused.Error.Status, refused.Error.Body = res.StatusCode, body
	return refused.Error
}

// Cause returns the error of a request without its method and URL.
func Cause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no response in time")
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
