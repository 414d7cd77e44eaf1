package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"antechamber/internal/pull"
	"antechamber/internal/server"
	"antechamber/internal/text"
	"antechamber/internal/wholefile"
)

type pullCmd struct {
	From      apiAddress `required:"" placeholder:"URL" help:"Base URL of the API, such as https://api.anthropic.com."`
	Out       string     `env:"-" default:"seed.json" placeholder:"FILE" help:"Seed file to write; - is standard output. Default ${default}."`
	Force     bool       `env:"-" help:"Overwrite an existing file."`
	KeepNames bool       `env:"-" help:"Keep all names, e-mail addresses and tags. By default stand-ins replace them."`
	Quiet     bool       `env:"-" help:"Suppress progress output."`
}

func (pullCmd) Help() string {
	return `Pull reads the organization of an admin key through the Admin API. The key comes from the environment variable ANTHROPIC_ADMIN_API_KEY. Every request is a GET, so nothing is changed.

Numbered stand-ins replace all free text: people are called User 3 with the address user3@example.com, workspaces Workspace 7, API keys Key 12, the organization Organization, and tags are tag1: value1. Ids, roles, statuses, times, colors, data residencies and key hints are kept, and so are ids of external keys of the form ekey_…; --keep-names keeps everything.

Numbers count from the oldest object: another pull has the same ones, and new objects change none of them. A person has one number, from the first invite on. Removing a user or deleting an invite may move the numbers of people after it.

No key is ever in the seed, only the hint that the API shows.

What a seed cannot hold is left out or adjusted, and a note says so.

The seed is written once everything was read. A pull that fails or is interrupted with Ctrl-C writes nothing: run it again. Rate limits are waited for.

The clock of the copy starts at the instant of the pull, whenever it is served.

Examples:

  antechamber pull --from https://api.anthropic.com
  antechamber pull --from https://api.anthropic.com --out acme.json
  antechamber pull --from http://127.0.0.1:4020 --out - --keep-names`
}

// apiAddress is the base URL of an Admin API.
type apiAddress struct{ url.URL }

// UnmarshalText reads a URL, with or without the path /v1 or
// /v1/organizations that all of the API is under.
func (a *apiAddress) UnmarshalText(text []byte) error {
	u, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return badValue(password.ReplaceAll(text, []byte("//…@")), "a URL such as https://api.anthropic.com")
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1/organizations")
	u.Path = strings.TrimRight(strings.TrimSuffix(u.Path, "/v1"), "/")
	u.RawPath = ""
	a.URL = *u
	return nil
}

// unencrypted reports whether others could read the key on its way.
func (a *apiAddress) unencrypted() bool {
	host := a.Hostname()
	ip := net.ParseIP(host)
	return a.Scheme == "http" && host != "localhost" && !strings.HasSuffix(host, ".localhost") && (ip == nil || !ip.IsLoopback())
}

// Run reads the organization and writes the seed.
func (c *pullCmd) Run(ctx context.Context, p *process) error {
	key, err := pullKey()
	if err != nil {
		return err
	}
	if err := c.writable(); err != nil {
		return err
	}
	if c.From.unencrypted() {
		fmt.Fprintf(p.stderr, "antechamber: warning: the key goes to %s unencrypted\n", c.From.Host)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second one kills
	shown := newProgressLine(p.stderr, c.Quiet)
	result, err := pull.Run(ctx, pull.Options{
		From: &c.From.URL, Key: key, Agent: "antechamber/" + p.build.Version + " (pull)", KeepNames: c.KeepNames, Name: c.shownOut(),
		Now: p.now, Sleep: server.Sleep, Progress: shown.show, Say: shown.say,
	})
	shown.end()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
			return errors.New("interrupted: nothing was written")
		}
		return err
	}
	if err := c.write(p.stdout, result.Seed); err != nil {
		return err
	}
	return c.finish(p, result)
}

// pullKey returns the admin key of the environment.
func pullKey() (string, error) {
	key := strings.TrimSpace(os.Getenv(pull.KeyVariable))
	if key == "" {
		return "", badInput("there is no key: export %s=sk-ant-admin… with an admin key of the organization", pull.KeyVariable)
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", badInput("%s: expected a key of letters, digits and hyphens, without a space or a line break in it", pull.KeyVariable)
	}
	return key, nil
}

// writable returns why the seed could not be written.
func (c *pullCmd) writable() error {
	if c.Out == "-" {
		return nil
	}
	if c.Out == "" {
		return badInput("--out: expected a file, or -, not nothing")
	}
	switch info, err := os.Stat(c.Out); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return badInput("--out: %w", err)
	case !info.Mode().IsRegular():
		return badInput("--out: %s is no regular file", c.Out)
	case !c.Force:
		return badInput("--out: %s is there already: name another file, or overwrite it with --force", c.Out)
	}
	if info, err := os.Stat(filepath.Dir(c.Out)); err != nil || !info.IsDir() {
		return badInput("--out: there is no folder %s", filepath.Dir(c.Out))
	}
	return nil
}

// finish reports the seed that was written.
func (c *pullCmd) finish(p *process, result pull.Result) error {
	for i, note := range result.Notes {
		const most = 20
		if i == most {
			fmt.Fprintf(p.stderr, "antechamber: note: and %d more notes\n", len(result.Notes)-most)
			break
		}
		fmt.Fprintf(p.stderr, "antechamber: note: %s\n", note)
	}
	if len(result.Faults) > 0 {
		fmt.Fprintln(p.stderr, result.Faults)
		return fmt.Errorf("%s is written, and needs mending before it can be served: %s", c.shownOut(), text.Count(len(result.Faults), "fault"))
	}
	if !c.Quiet {
		fmt.Fprintf(p.stderr, "%s: %s, in %s. Serve it: antechamber --seed %s\n",
			c.shownOut(), result.Holds, text.Count(result.Requests, "request"), c.seedArgument())
	}
	return nil
}

// seedArgument returns the seed as an argument of serve.
func (c *pullCmd) seedArgument() string {
	if c.Out == "-" {
		return "FILE"
	}
	return quoted(servable(c.Out))
}

func (c *pullCmd) write(stdout io.Writer, data []byte) error {
	if c.Out == "-" {
		_, err := stdout.Write(data)
		return err
	}
	// It may have been created during the pull.
	if err := c.writable(); err != nil {
		return err
	}
	if err := save(c.Out, data); err != nil {
		return fmt.Errorf("cannot write %s: %w", c.Out, wholefile.Reason(err))
	}
	return nil
}

// shownOut is what the seed is called in messages.
func (c *pullCmd) shownOut() string {
	if c.Out == "-" {
		return "stdout"
	}
	return c.Out
}

// progressLine shows how far a pull has come: on a terminal in one line that is
// written over, elsewhere in a line for each list and for every so many requests.
type progressLine struct {
	w        io.Writer
	quiet    bool
	terminal bool
	line     string // what the terminal shows
}

// showEvery is after how many requests there is a line where none can be written
// over.
const showEvery = 25

func newProgressLine(w io.Writer, quiet bool) *progressLine {
	l := &progressLine{w: w, quiet: quiet}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		l.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return l
}

// clearLine returns to the start of the terminal's line and clears it.
const clearLine = "\r\x1b[K"

func (l *progressLine) show(done pull.Progress) {
	switch {
	case l.quiet:
	case l.terminal:
		l.line = done.String()
		fmt.Fprint(l.w, clearLine+l.line)
	case done.Finished, done.Requests%showEvery == 0:
		fmt.Fprintln(l.w, done)
	}
}

// say writes a line above that of the progress.
func (l *progressLine) say(line string) {
	switch {
	case l.quiet:
	case l.terminal:
		fmt.Fprintf(l.w, "%s%s\n%s", clearLine, line, l.line)
	default:
		fmt.Fprintln(l.w, line)
	}
}

// end leaves the terminal at the start of a line.
func (l *progressLine) end() {
	if l.line != "" {
		fmt.Fprintln(l.w)
	}
}
