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
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
	"unicode"

	"antechamber/api"
	"antechamber/internal/remedy"
	"antechamber/internal/remote"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// remoteFlags say which server is meant, and which of its organizations.
type remoteFlags struct {
	URL          *string `group:"Server:" placeholder:"URL" help:"Where the server is. By default where serve listens: on the port of $$ANTECHAMBER_ADDR, or at http://127.0.0.1:4020."`
	AdminKey     *string `group:"Server:" placeholder:"KEY" help:"The organization that has this admin key. By default the first one of the server."`
	Organization string  `group:"Server:" placeholder:"ID" help:"The organization with this id, which outranks the key."`
	ControlToken string  `group:"Server:" placeholder:"TOKEN" help:"What a server that other machines can reach asks for; it prints it at its start."`
	JSON         bool    `group:"Server:" help:"Print what the server answered, as it came."`
}

// serverURL reads the address of a server, by default of the one that serve
// would start in the same environment.
func serverURL(given *string) (*url.URL, error) {
	where := "http://" + dialable(cmp.Or(os.Getenv("ANTECHAMBER_ADDR"), "127.0.0.1:4020"))
	if given != nil {
		where = *given
	}
	u, err := remote.Parse(where)
	if err != nil {
		return nil, badInput("--url: %s", password.ReplaceAllString(err.Error(), "//…@"))
	}
	return u, nil
}

// password is what may be one in an address that cannot be read.
var password = regexp.MustCompile(`//[^/]*@`)

// How long a server that is there may take.
const (
	dialTime   = 10 * time.Second
	answerTime = time.Minute
)

// client talks to the server itself, and to nobody in its stead. There is no end
// to the time that an answer may take: it may be a stream.
var client = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives:     true,
		DialContext:           (&net.Dialer{Timeout: dialTime}).DialContext,
		ResponseHeaderTimeout: answerTime,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// plane returns the control plane that the flags describe. No message repeats a
// key or a token.
func (f *remoteFlags) plane() (*remote.Plane, error) {
	u, err := serverURL(f.URL)
	if err != nil {
		return nil, err
	}
	plane := &remote.Plane{URL: u.String(), Organization: f.Organization, Token: f.ControlToken, HTTP: client}
	if f.AdminKey != nil {
		plane.AdminKey = *f.AdminKey
		if !store.ValidAdminKey(plane.AdminKey) {
			return nil, noAdminKey()
		}
	}
	if strings.ContainsFunc(f.ControlToken, unprintable) {
		return nil, badInput("--control-token: expected no blank and no control character in it")
	}
	return plane, nil
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// untilInterrupted returns a context that ends with SIGINT and SIGTERM. A second
// one kills.
func untilInterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, cancel)
	return ctx, cancel
}

// request is what a verb asks of the control plane.
type request struct {
	method, path string
	body         []byte
	file         string // where the body came from, for its faults
	say          words  // of its problems; as flags by default
}

// bodyOf is a value as the body of a request.
func bodyOf(v any) []byte { return []byte(api.Encode(v)) }

// segment makes a name part of a path.
func segment(what, name string) (string, error) {
	if name == "" {
		return "", badInput("expected %s, not nothing", what)
	}
	return "/" + url.PathEscape(name), nil
}

// ask sends a request and prints the answer: as it came with --json, and
// otherwise as show words it.
func ask[T any](ctx context.Context, f *remoteFlags, p *process, r request, show func(w io.Writer, answer T)) error {
	answer, err := f.send(ctx, p, r)
	if err != nil {
		return err
	}
	return tell(f, p, answer, show)
}

// tell prints an answer.
func tell[T any](f *remoteFlags, p *process, answer []byte, show func(w io.Writer, answer T)) error {
	if f.JSON {
		_, err := p.stdout.Write(answer)
		return err
	}
	var v T
	if err := json.Unmarshal(answer, &v); err != nil {
		return fmt.Errorf("the server's answer is not what a control plane says: %w", err)
	}
	var b bytes.Buffer
	show(&b, v)
	_, err := p.stdout.Write(b.Bytes())
	return err
}

// send returns the answer to a request as it came.
func (f *remoteFlags) send(ctx context.Context, p *process, r request) ([]byte, error) {
	say := r.say
	switch {
	case r.file != "":
		say = inFile(r.file)
	case say == nil:
		say = inFlags(nil)
	}
	return f.with(ctx, p, say, func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		answer, err := plane.Do(ctx, r.method, r.path, r.body)
		refusal, ok := errors.AsType[*remote.Error](err)
		if ok && r.file != "" && refusal.Status == http.StatusBadRequest {
			if len(refusal.Faults) > 0 {
				f.tellRefusal(p, refusal)
				return nil, faultsIn(r.file, refusal.Faults)
			}
			refusal.Message = r.file + ": " + refusal.Message
		}
		return answer, err
	})
}

// with does something with the control plane, and words what goes wrong.
func (f *remoteFlags) with(ctx context.Context, p *process, say words, do func(context.Context, *remote.Plane) ([]byte, error)) ([]byte, error) {
	plane, err := f.plane()
	if err != nil {
		return nil, err
	}
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	answer, err := do(ctx, plane)
	if err != nil {
		return nil, f.failed(ctx, p, err, say)
	}
	return answer, nil
}

// failed says what a failure means to somebody on the command line. What a
// server answered is printed as it came with --json.
func (f *remoteFlags) failed(ctx context.Context, p *process, err error, say words) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if gone, ok := errors.AsType[*remote.Unreachable](err); ok {
		return fmt.Errorf("%w\n%s", err, howToStart(gone))
	}
	if refusal, ok := errors.AsType[*remote.Error](err); ok {
		f.tellRefusal(p, refusal)
		return refused(refusal, say)
	}
	return err
}

func (f *remoteFlags) tellRefusal(p *process, refusal *remote.Error) {
	if f.JSON {
		_, _ = p.stdout.Write(refusal.Body) // the exit code tells of the refusal anyway
	}
}

// howToStart says what to do where no server is.
func howToStart(gone *remote.Unreachable) string {
	const other = "start it, or name another one with --url"
	u, err := url.Parse(gone.URL)
	if err != nil {
		return "name another one with --url"
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	free := errors.Is(gone, syscall.ECONNREFUSED) // or else there is something else
	if !local || !free || u.Scheme != "http" || u.Port() == "" || u.Port() == "0" {
		return other
	}
	return fmt.Sprintf("start one with: antechamber --addr %s, or name another one with --url", u.Host)
}

// refused turns the refusal of a server into a failure with its code: what was
// asked for is bad input, unless nobody may ask or it is at odds with what is
// there.
func refused(refusal *remote.Error, say words) error {
	code := exitBadInput
	switch {
	case refusal.Status == http.StatusUnauthorized, refusal.Status == http.StatusForbidden, refusal.Status == http.StatusConflict, refusal.Status >= 500:
		code = exitFailed
	}
	refusal.Message = withoutStop(refusal.Message)
	lines := refusal.Lines(say, func(r *remedy.Remedy, otherwise string) string {
		return withoutStop(cmp.Or(onTheCommandLine(r), otherwise))
	})
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	return &failure{code, errors.New(strings.Join(lines, "\n"))}
}

// words say what is wrong with a field of a request.
type words func(remedy.Problem) string

// inFlags words the problems of what came from flags, and from the arguments
// that are named, by the fields that they set.
func inFlags(arguments map[string]string) words {
	return func(p remedy.Problem) string { return p.Say(cmp.Or(arguments[p.Field], asFlag(p.Field))) }
}

// inFile words the problems of what came from a file.
func inFile(file string) words {
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

// withoutStop returns a sentence as the program says its own.
func withoutStop(s string) string {
	if strings.HasSuffix(s, "..") { // it names something
		return text.Printable(s)
	}
	return text.Printable(strings.TrimSuffix(s, "."))
}

// onTheCommandLine returns a remedy in flags and commands. It is empty where
// the server's hint is as good, and for a type that only a newer server knows.
func onTheCommandLine(r *remedy.Remedy) string {
	if r == nil {
		return ""
	}
	switch r.Type {
	case remedy.AddUser:
		return `curl …/_emulate/users -d '{"email":…,"role":…}' adds one`
	case remedy.EnableJournal:
		return "start the server with a --journal-size above 0"
	case remedy.ListFaults:
		return "antechamber fault lists the armed faults"
	case remedy.ListOrganizations:
		return "curl …/_emulate/organizations lists all organizations"
	case remedy.ListOutbox:
		return "curl …/_emulate/outbox lists the invites that were sent"
	case remedy.NameOrganization:
		return "select one with --admin-key or --organization; curl …/_emulate/organizations lists all organizations"
	case remedy.ReadOpenAPI:
		return "curl …/_emulate/openapi.json describes every path"
	case remedy.RemoveLimit:
		return fmt.Sprintf("curl -X PATCH …/_emulate/settings -d '{%q:null}' removes the limit", r.Limit)
	case remedy.ReplaceOneByOne:
		return "import one organization at a time, selected by --admin-key or --organization"
	case remedy.ResetOrRestore:
		return "antechamber reset and antechamber snapshot restore return to an earlier time"
	case remedy.SendControlToken:
		return "set --control-token to the token that the server was started with, or printed at start"
	case remedy.UseLoopback:
		return "use 127.0.0.1 or localhost in --url, or start the server with --expose"
	}
	return ""
}

// faultsIn returns the faults that a server found in a file.
func faultsIn(file string, found []remote.Fault) seed.Faults {
	out := make(seed.Faults, len(found))
	for i, f := range found {
		out[i] = seed.Fault{File: file, Line: f.Line, Column: f.Column, Pointer: f.Pointer, Message: f.Message}
	}
	return out
}

// present is what puts an organization into another state answers with.
type present struct {
	Name   string    `json:"name"`
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

// when is a time as people read it; --json has its microseconds.
func when(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// cell is a text in a table, where no cell is empty: scripts count them.
func cell(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return text.Printable(s)
}

// table prints rows under a header, each column as wide as it has to be, and
// nothing at all when there are no rows.
func table(w io.Writer, header []string, rows [][]string) {
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

// note says something beside the result.
func (p *process) note(format string, args ...any) {
	fmt.Fprintf(p.stderr, "antechamber: "+format+"\n", args...)
}
