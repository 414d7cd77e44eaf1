package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/api"
	"antechamber/handlers/control"
	"antechamber/internal/remedy"
	"antechamber/internal/remote"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// remoteFlags select a server and one of its organizations.
type remoteFlags struct {
	URL          *string      `group:"Server:" placeholder:"URL" help:"URL of the server. Default: the port of $$ANTECHAMBER_ADDR, or http://127.0.0.1:4020."`
	AdminKey     *string      `group:"Server:" placeholder:"KEY" help:"Select the organization with this admin key. Default: the first organization."`
	Organization string       `group:"Server:" placeholder:"ID" help:"Select the organization with this id. Overrides --admin-key."`
	ControlToken controlToken `group:"Server:" placeholder:"TOKEN" help:"Control token of an exposed server: its --control-token, or the token printed at startup."`
	JSON         bool         `group:"Server:" help:"Print the server's response as JSON."`
}

// AfterApply lets --admin-key override ANTECHAMBER_ORGANIZATION, which env exports,
// as a flag overrides any variable.
func (f *remoteFlags) AfterApply(parsed *kong.Context) error {
	if onCommandLine(parsed, "admin-key") && !onCommandLine(parsed, "organization") {
		f.Organization = ""
	}
	return nil
}

// serverURL returns the URL of the server: the one given, or where serve would
// listen in the same environment.
func serverURL(given *string) (*url.URL, error) {
	if given == nil {
		addr, err := parseAddress(cmp.Or(os.Getenv(addrVariable), "127.0.0.1:4020"))
		if err != nil {
			return nil, badInput("%s", text.Invalid(addrVariable, text.Quote(os.Getenv(addrVariable)), err.Error()))
		}
		return &url.URL{Scheme: "http", Host: addr.dialable()}, nil
	}
	u, err := remote.Parse(*given)
	if err != nil {
		return nil, badFlag("url", errors.New(text.Invalid("--url", text.Quote(remote.WithoutPassword(*given)), "the base URL of a server, such as http://127.0.0.1:4020")), nearURL(*given))
	}
	return u, nil
}

// nearURL returns a hint for an address without a scheme, or with the path of an API.
func nearURL(given string) string {
	near := strings.TrimRight(given, "/")
	near = strings.TrimSuffix(strings.TrimSuffix(near, "/v1"), "/_emulate")
	if addr, err := parseAddress(near); err == nil {
		near = "http://" + addr.dialable()
	} else if !strings.Contains(given, "://") {
		near = "http://" + near
	}
	if _, err := remote.Parse(near); err != nil || near == given || strings.Contains(given, "@") {
		return ""
	}
	return didYouMean(near)
}

// serverError returns an error of the server at a URL, or at the address of serve.
func serverError(given *string, err error) *flagError {
	e := &flagError{flags: []string{"url"}, err: err}
	if given == nil && os.Getenv(addrVariable) != "" {
		e.sources = []string{"from " + addrVariable}
	}
	return e
}

// addrVariable is the variable of serve's --addr, where other commands find the
// server too.
const addrVariable = "ANTECHAMBER_ADDR"

// controlToken is a control token on the command line.
type controlToken string

// UnmarshalText reads a token that a header can carry.
func (t *controlToken) UnmarshalText(text []byte) error {
	if !api.ValidToken(string(text)) {
		return badSecret(api.TokenForm)
	}
	*t = controlToken(text)
	return nil
}

// Timeouts of a request.
const (
	dialTimeout     = 10 * time.Second
	responseTimeout = time.Minute // for the headers
)

// client connects directly, without a proxy. It has no overall timeout because a
// response may be a stream.
var client = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives:     true,
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		ResponseHeaderTimeout: responseTimeout,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// plane returns the control plane that the flags select. Messages never contain
// a key or a token.
func (f *remoteFlags) plane() (*remote.Plane, error) {
	u, err := serverURL(f.URL)
	if err != nil {
		return nil, err
	}
	plane := &remote.Plane{URL: u.String(), Organization: f.Organization, Token: string(f.ControlToken), HTTP: client}
	if f.AdminKey != nil {
		plane.AdminKey = *f.AdminKey
		if !store.ValidAdminKey(plane.AdminKey) {
			return nil, badAdminKey()
		}
	}
	return plane, nil
}

// untilInterrupted returns a context that ends with SIGINT or SIGTERM. A second
// signal kills the process.
func untilInterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, cancel)
	return ctx, cancel
}

// request is a request to the control plane.
type request struct {
	method, path string
	body         []byte
	file         string    // that the body came from, for messages
	describe     describer // of problems; inFlags when nil
	global       bool      // concerns no particular organization
}

// encode returns a value as a JSON body.
func encode(v any) []byte { return []byte(api.Encode(v)) }

// segment returns the value of an argument as a segment of a path.
func segment(argument, value, want string) (string, error) {
	if value == "" {
		return "", badInput("%s", text.Invalid(argument, `""`, want))
	}
	return "/" + url.PathEscape(value), nil
}

// do sends a request and prints the response: verbatim with --json, otherwise by
// show.
func do[T any](ctx context.Context, f *remoteFlags, p *process, r request, show func(w io.Writer, response T)) error {
	body, err := f.send(ctx, p, r)
	if err != nil {
		return err
	}
	return printResponse(f, p, body, show)
}

// printResponse prints the body of a response as do does.
func printResponse[T any](f *remoteFlags, p *process, body []byte, show func(w io.Writer, response T)) error {
	if f.JSON {
		_, err := p.stdout.Write(body)
		return err
	}
	var response T
	if err := json.Unmarshal(body, &response); err != nil {
		return unexpectedResponse(err)
	}
	var b bytes.Buffer
	show(&b, response)
	_, err := p.stdout.Write(b.Bytes())
	return err
}

// unexpectedResponse returns the error of a response that cannot be decoded.
func unexpectedResponse(err error) error {
	return fmt.Errorf("unexpected response from the control plane: %w", err)
}

// send sends a request and returns the body of the response.
func (f *remoteFlags) send(ctx context.Context, p *process, r request) ([]byte, error) {
	describe := r.describe
	switch {
	case r.file != "":
		describe = inFile(r.file)
	case describe == nil:
		describe = inFlags(nil)
	}
	return f.with(ctx, p, describe, func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		if r.global {
			plane.Organization = ""
		}
		body, err := plane.Do(ctx, r.method, r.path, r.body)
		refusal, ok := errors.AsType[*remote.Error](err)
		if ok && r.file != "" && refusal.Status == http.StatusBadRequest {
			if len(refusal.Faults) > 0 {
				f.printRefusal(p, refusal)
				return nil, faultsIn(r.file, refusal)
			}
			refusal.Message = r.file + ": " + refusal.Message
		}
		return body, err
	})
}

// with calls do with the control plane until the process is interrupted, and
// rewrites its error for the command line.
func (f *remoteFlags) with(ctx context.Context, p *process, describe describer, do func(context.Context, *remote.Plane) ([]byte, error)) ([]byte, error) {
	plane, err := f.plane()
	if err != nil {
		return nil, err
	}
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	body, err := do(ctx, plane)
	if err != nil {
		return nil, f.failed(ctx, p, err, describe)
	}
	return body, nil
}

// failed rewrites an error for the command line. With --json it prints a refusal
// verbatim too.
func (f *remoteFlags) failed(ctx context.Context, p *process, err error, describe describer) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if gone, ok := errors.AsType[*remote.Unreachable](err); ok {
		e := serverError(f.URL, err)
		e.after = howToStart(gone)
		return e
	}
	if refusal, ok := errors.AsType[*remote.Error](err); ok {
		f.printRefusal(p, refusal)
		return f.refused(refusal, describe)
	}
	return err
}

// printRefusal prints the body of a refusal with --json.
func (f *remoteFlags) printRefusal(p *process, refusal *remote.Error) {
	if f.JSON {
		_, _ = p.stdout.Write(refusal.Body) // the exit code reports the refusal anyway
	}
}

// howToStart returns a hint for when no server is running.
func howToStart(gone *remote.Unreachable) string {
	const other = "start it, or choose another server with --url"
	u, err := url.Parse(gone.URL)
	if err != nil {
		return "choose another server with --url"
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	free := errors.Is(gone, syscall.ECONNREFUSED) // otherwise another program uses the port
	if !local || !free || u.Scheme != "http" || u.Port() == "" || u.Port() == "0" {
		return other
	}
	return fmt.Sprintf("start one with antechamber --addr %s, or choose another server with --url", u.Host)
}

// refused returns the failure for a server's refusal. It is bad input, except when
// access is denied, the state conflicts or the server failed.
func (f *remoteFlags) refused(refusal *remote.Error, describe describer) error {
	code := exitBadInput
	switch {
	case refusal.Status == http.StatusUnauthorized, refusal.Status == http.StatusForbidden, refusal.Status == http.StatusConflict, refusal.Status >= 500:
		code = exitFailed
	}
	refusal.Message = withoutStop(refusal.Message)
	lines := refusal.Lines(describe, func(r *remedy.Remedy, serverHint string) string {
		return withoutStop(cmp.Or(f.hint(r), serverHint))
	})
	lines = strings.Split(strings.Join(lines, "\n"), "\n") // a message may have several
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	said := errors.New(strings.Join(lines, "\n"))
	switch {
	case refusal.Status == http.StatusNotFound && refusal.Code == "organization_not_found" && f.Organization != "":
		said = &flagError{flags: []string{"organization"}, err: said}
	case refusal.Status == http.StatusNotFound && refusal.Code == "organization_not_found":
		said = &flagError{flags: []string{"admin-key"}, err: said}
	case refusal.Status == http.StatusUnauthorized && refusal.Code == "unauthorized":
		said = &flagError{flags: []string{"control-token"}, err: said}
	}
	return &failure{code, said}
}

// describer returns a problem of a request as a message.
type describer func(remedy.Problem) string

// inFlags describes problems of flags and, by the fields that they set, of
// arguments.
func inFlags(arguments map[string]string) describer {
	return func(p remedy.Problem) string {
		name := cmp.Or(arguments[p.Field], asFlag(p.Field))
		switch {
		case p.Type != remedy.Missing:
			return p.Say(name)
		case p.Message != "":
			return name + " is required: " + p.Message
		}
		return name + " is required"
	}
}

// inFile describes problems of a file.
func inFile(file string) describer {
	return func(p remedy.Problem) string { return file + ": " + p.Error() }
}

// asFlag returns the flag that sets a field.
func asFlag(field string) string {
	for _, object := range []string{"match.", "action.", "expect[0]."} {
		field = strings.TrimPrefix(field, object)
	}
	name, within, _ := strings.Cut(field, ".") // within the JSON of --body
	return strings.TrimSuffix("--"+strings.ReplaceAll(name, "_", "-")+"."+within, ".")
}

// withoutStop returns a sentence of the server without its full stop, as our own
// messages are.
func withoutStop(s string) string {
	if strings.HasSuffix(s, "..") { // an ellipsis, or the end of a name
		return s
	}
	return strings.TrimSuffix(s, ".")
}

// hint returns a remedy as flags and commands. It is empty if the server's own
// hint is as good, and for types that only a newer server knows.
func (f *remoteFlags) hint(r *remedy.Remedy) string {
	if r == nil {
		return ""
	}
	switch r.Type {
	case remedy.AddUser:
		return f.curl("/users", `-d '{"email":"ada@example.com","name":"Ada","role":"developer"}'`) + " adds one"
	case remedy.EnableJournal:
		return "start the server with --journal-size 1000"
	case remedy.ListFaults:
		return "antechamber fault lists the armed faults"
	case remedy.ListOrganizations:
		return "antechamber organizations lists all organizations"
	case remedy.ListOutbox:
		return "antechamber outbox lists the invites that were sent"
	case remedy.ListSnapshots:
		return "antechamber snapshot lists the snapshots"
	case remedy.FixAdminKey:
		if r.Key == remedy.KeyUnknown {
			return f.hint(&remedy.Remedy{Type: remedy.NameOrganization})
		}
	case remedy.NameOrganization:
		return "select one with --admin-key or --organization; antechamber organizations lists all organizations"
	case remedy.ReadOpenAPI:
		return f.curlAny("/openapi.json") + " describes every endpoint"
	case remedy.RemoveLimit:
		return f.curl("/settings", "-X PATCH", fmt.Sprintf("-d '{%q:null}'", r.Limit)) + " removes the limit"
	case remedy.ReplaceOneByOne:
		return "import one organization at a time, selected by --admin-key or --organization"
	case remedy.ResetOrRestore:
		return "antechamber reset and antechamber snapshot restore return to an earlier time"
	case remedy.SendControlToken:
		return "set --control-token to the token that the server was started with, or printed at startup"
	case remedy.UseLoopback:
		return "use 127.0.0.1 or localhost in --url, or start the server with --allow-host NAME"
	}
	return ""
}

// curl returns a command for a path of the control plane and the selected
// organization.
func (f *remoteFlags) curl(path string, options ...string) string {
	switch {
	case f.Organization != "":
		path += "?organization=" + url.QueryEscape(f.Organization)
	case f.AdminKey != nil:
		options = append([]string{secretHeader("x-api-key: ", *f.AdminKey, "ANTECHAMBER_ADMIN_KEY", "KEY")}, options...)
	}
	return f.curlAny(path, options...)
}

// curlAny is curl for calls that concern no particular organization.
func (f *remoteFlags) curlAny(path string, options ...string) string {
	words := []string{"curl"}
	if f.ControlToken != "" {
		words = append(words, secretHeader("Authorization: Bearer ", string(f.ControlToken), "ANTECHAMBER_CONTROL_TOKEN", "TOKEN"))
	}
	server, _ := serverURL(f.URL) // plane has checked it
	words = append(words, options...)
	words = append(words, shellQuote(strings.TrimRight(server.Redacted(), "/")+control.Base+path))
	return strings.Join(words, " ")
}

// secretHeader returns curl's option for a header with a secret: as its environment
// variable if that has the same value, otherwise as a placeholder.
func secretHeader(prefix, secret, variable, placeholder string) string {
	if os.Getenv(variable) == secret {
		placeholder = "$" + variable
	}
	return `-H "` + prefix + placeholder + `"`
}

// faultsIn returns the faults that the server found in a file.
func faultsIn(file string, refusal *remote.Error) seed.Faults {
	out := make(seed.Faults, len(refusal.Faults))
	for i, f := range refusal.Faults {
		out[i] = seed.Fault{File: file, Line: f.Line, Column: f.Column, Pointer: f.Pointer, Message: f.Message}
	}
	out[len(out)-1].More = refusal.More
	return out
}

// orgState is the response of a call that replaces the state of an organization.
type orgState struct {
	Name   string    `json:"name"`
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

// formatTime returns a time to the second; --json has its microseconds.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// cell returns text for a cell of a table. Cells are never empty, so that scripts
// can split rows into fields.
func cell(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return text.Printable(s)
}

// printTable prints rows in aligned columns under a header, and nothing when
// there are no rows.
func printTable(w io.Writer, header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(header, "\t"))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, text := range row {
			cells[i] = cell(text)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	t.Flush()
}

// note prints a message that is not part of the result.
func (p *process) note(format string, args ...any) {
	fmt.Fprintf(p.stderr, "antechamber: "+format+"\n", args...)
}
