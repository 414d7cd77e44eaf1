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
	"strings"

	"antechamber/api"
	"antechamber/internal/remedy"
)

// base is the path under which a server serves its control plane.
const base = "/_emulate"

// Plane is the control plane of a server, as one of its organizations sees it.
type Plane struct {
	URL          string       // of the server
	AdminKey     string       // selects the organization; the server's first one when empty
	Organization string       // its id, which outranks the key; none when empty
	Token        string       // what the control plane asks for; none when empty
	HTTP         *http.Client // http.DefaultClient when nil
}

// Parse reads the address of a server.
func Parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasSuffix(strings.TrimRight(u.Path, "/"), api.BasePath) {
		return nil, fmt.Errorf("expected a URL such as http://127.0.0.1:4020, not %q", address)
	}
	return u, nil
}

// Address is the URL of the server as messages name it: without a password.
func (p *Plane) Address() string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return p.URL
	}
	return u.Redacted()
}

// Error is why a control plane refused a request.
type Error struct {
	Status   int              `json:"-"`
	Code     string           `json:"code"`
	Message  string           `json:"message"` // in the words of HTTP, as is Hint
	Hint     string           `json:"hint"`
	Remedy   *remedy.Remedy   `json:"remedy"`
	Problems []remedy.Problem `json:"problems"`
	More     int              `json:"more"`   // problems that are not listed
	Faults   []Fault          `json:"faults"` // of a seed

	// What is wrong with expectations.
	Unmet      json.RawMessage `json:"unmet"`
	Unexpected json.RawMessage `json:"unexpected"`

	Body []byte `json:"-"` // the answer as it came
}

// Fault is one thing that is wrong with a seed, and where.
type Fault struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return withHint(e.Message, e.Hint) }

// Lines returns a line for each problem, or for the message where none is listed.
// say words a problem, and suggest a remedy, which may be nil; otherwise is the
// server's own suggestion.
func (e *Error) Lines(say func(remedy.Problem) string, suggest func(r *remedy.Remedy, otherwise string) string) []string {
	if len(e.Problems) == 0 {
		return []string{withHint(e.Message, suggest(e.Remedy, e.Hint))}
	}
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, withHint(say(p), suggest(p.Remedy, p.Remedy.String())))
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return lines
}

func withHint(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + " (" + hint + ")"
}

// Unreachable says that no control plane answers at an address.
type Unreachable struct {
	URL string
	Err error
}

func (u *Unreachable) Error() string {
	return fmt.Sprintf("no server answers at %s: %v", u.URL, u.Err)
}

func (u *Unreachable) Unwrap() error { return u.Err }

// Call sends a value as JSON, nothing when it is nil, and decodes the answer
// into another, unless that is nil. A refusal is an *Error.
func (p *Plane) Call(ctx context.Context, method, path string, body, into any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	answer, err := p.Do(ctx, method, path, raw)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return &Unreachable{p.Address(), fmt.Errorf("its answer is not what a control plane says: %w", err)}
	}
	return nil
}

// Do sends a body, none when it is nil, to a path below /_emulate and gives
// the answer as it came. A refusal is an *Error, the lack of a server
// *Unreachable.
func (p *Plane) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	res, err := p.send(ctx, method, path, body, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, &Unreachable{p.Address(), err}
	}
	return answer, nil
}

// send returns an answer that is a success.
func (p *Plane) send(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	at, err := p.at(path)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
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
	// The token is for this server and for no other.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		return nil, &Unreachable{p.Address(), Cause(err)}
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	return nil, p.refusal(res)
}

// at returns the address of a path below /_emulate, which may have a query.
func (p *Plane) at(path string) (string, error) {
	server, err := Parse(p.URL)
	if err != nil {
		return "", err
	}
	address := strings.TrimRight(server.String(), "/") + base + path
	if p.Organization == "" {
		return address, nil
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return address + separator + "organization=" + url.QueryEscape(p.Organization), nil
}

// refusal reads an answer that is no success.
func (p *Plane) refusal(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return &Unreachable{p.Address(), err}
	}
	var answer struct{ Error *Error }
	if json.Unmarshal(body, &answer) != nil || answer.Error == nil || answer.Error.Code == "" {
		return &Unreachable{p.Address(), fmt.Errorf("what answers has no control plane: %s", res.Status)}
	}
	answer.Error.Status, answer.Error.Body = res.StatusCode, body
	return answer.Error
}

// Cause returns what is behind the error of a request, without the request.
func Cause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
