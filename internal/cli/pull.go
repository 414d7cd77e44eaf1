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
	"sync"
	"syscall"

	"antechamber/internal/pull"
	"antechamber/internal/server"
	"antechamber/internal/wholefile"
)

type pullCmd struct {
	From             apiAddress `required:"" placeholder:"URL" help:"Where the API is, such as https://api.anthropic.com."`
	Out              string     `env:"-" default:"seed.json" placeholder:"FILE" help:"The seed to write; - is standard output. Default ${default}."`
	Force            bool       `env:"-" help:"Put the seed in the place of a file that is there."`
	Fresh            bool       `env:"-" help:"Begin anew, and forget what a run that was stopped has read."`
	KeepPersonalData bool       `env:"-" name:"keep-personal-data" help:"Write the e-mail addresses and names of people as they are. By default stand-ins take their place."`
	Quiet            bool       `env:"-" help:"Say nothing of the progress."`
}

func (pullCmd) Help() string {
	return `It reads the organization of an admin key and writes a seed: a copy to practise on. The key comes from the environment variable ANTHROPIC_ADMIN_API_KEY. Every request is a GET, so nothing is changed.

People get stand-ins: Ada Park, ada.park.3f9c1a@example.com. They also take the place of e-mail addresses and of users' names in the names of workspaces and API keys, in tags, in ids of external keys and in the organization's name, which is kept otherwise. A name is recognised in most scripts and orders, in any case, with and without accents, titles, brackets and middle names, and with its words joined. Not recognised are first names alone, nicknames, initials, account names such as jdoe, names inside a longer word, middle names that a user's name here does not have, the parts of a long name in an order of their own, and the names of people who are no users any more: look the seed through before you pass it on.

The stand-in of a user or an invite is made of an id: that of the oldest invite to the address, once one was accepted, and else the user's own. So it is the same in every pull, as long as that invite is there. Of two stand-ins of one name, that of the person who joined later has a middle initial, as long as the other one is there. An address in a text that is nobody's any more has another stand-in than before, the same one in every pull with the same key.

No key is ever in the seed, only the hint that the API shows.

What was read is kept beside the seed, in FILE.partial, until the seed is written: Ctrl-C stops, and the same command goes on from there. Only the same key can read that file. Who joins meanwhile is in the copy too. Rate limits are waited for.

The clock of the copy begins at the instant of the pull, whenever it is served.

Examples:

  antechamber pull --from https://api.anthropic.com
  antechamber pull --from https://api.anthropic.com --out acme.json
  antechamber pull --from http://127.0.0.1:4020 --out - --keep-personal-data`
}

// apiAddress is where an Admin API is.
type apiAddress struct{ url.URL }

// UnmarshalText reads a URL, with or without the path /v1 or
// /v1/organizations that all of the API is under.
func (a *apiAddress) UnmarshalText(text []byte) error {
	u, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("expected a URL such as https://api.anthropic.com, of nothing but a host and perhaps a path")
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1/organizations")
	u.Path = strings.TrimRight(strings.TrimSuffix(u.Path, "/v1"), "/")
	u.RawPath = ""
	a.URL = *u
	return nil
}

// unencrypted tells whether others could read the key on its way.
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
	opts := pull.Options{
		From: &c.From.URL, Key: key, Agent: "antechamber/" + p.build.Version + " (pull)",
		KeepPersonalData: c.KeepPersonalData, Fresh: c.Fresh, Name: c.shownOut(),
		Now: p.now, Sleep: server.Sleep, Progress: shown.show, Say: shown.say,
	}
	if c.Out != "-" {
		opts.Partial = c.Out + ".partial"
	}
	opts.Write = func(data []byte) error { return c.write(p.stdout, data) }
	result, err := pull.Run(ctx, opts)
	shown.end()
	if err != nil {
		return c.failed(ctx, err)
	}
	return c.finish(p, result)
}

// pullKey gives the admin key of the environment.
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

// writable says in advance why the seed could not be written.
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

// failed says why there is no seed.
func (c *pullCmd) failed(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause != nil && errors.Is(err, cause) {
		// What else it says follows in a line of its own.
		_, rest, _ := strings.Cut(err.Error(), "\n")
		return errors.New(strings.TrimRight("interrupted\n"+rest, "\n"))
	}
	if _, ok := errors.AsType[*pull.Unusable](err); ok {
		return badInput("%w", err)
	}
	return err
}

// finish says what has become of the seed.
func (c *pullCmd) finish(p *process, result pull.Result) error {
	for i, note := range result.Notes {
		const most = 20
		if i == most {
			fmt.Fprintf(p.stderr, "antechamber: note: and %d more of this kind\n", len(result.Notes)-most)
			break
		}
		fmt.Fprintf(p.stderr, "antechamber: note: %s\n", note)
	}
	if len(result.Faults) > 0 {
		fmt.Fprintln(p.stderr, result.Faults)
		return fmt.Errorf("%s is written, and needs mending before it can be served: %s", c.shownOut(), count(len(result.Faults), "fault"))
	}
	if !c.Quiet {
		fmt.Fprintf(p.stderr, "%s: %s, in %s. Serve it: antechamber --seed %s\n",
			c.shownOut(), result.Holds, count(result.Requests, "request"), c.seedArgument())
	}
	return nil
}

// seedArgument is how the seed is named to serve.
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
	// Somebody may have written it meanwhile.
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
// written anew, elsewhere in a line for each list and for every so many
// requests.
type progressLine struct {
	w        io.Writer
	quiet    bool
	terminal bool

	mu   sync.Mutex
	line string // that stands on the terminal
}

// showEvery is after how many requests there is a line where nothing can be
// written anew.
const showEvery = 25

func newProgressLine(w io.Writer, quiet bool) *progressLine {
	l := &progressLine{w: w, quiet: quiet}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		l.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return l
}

const (
	// startOfLine is what begins the terminal's line again, empty.
	startOfLine = "\r\x1b[K"
	// cutLine and wrapLine are what makes the terminal cut what is longer than
	// its line, and wrap it again: a line that is wrapped cannot be written anew.
	cutLine, wrapLine = "\x1b[?7l", "\x1b[?7h"
)

func (l *progressLine) show(done pull.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.quiet:
	case l.terminal:
		l.line = cutLine + done.String() + wrapLine
		fmt.Fprint(l.w, startOfLine+l.line)
	case done.Finished, done.Requests%showEvery == 0:
		fmt.Fprintln(l.w, done)
	}
}

// say puts a line above that of the progress.
func (l *progressLine) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.quiet:
	case l.terminal:
		fmt.Fprintf(l.w, "%s%s\n%s", startOfLine, line, l.line)
	default:
		fmt.Fprintln(l.w, line)
	}
}

// end leaves the terminal at the start of a line.
func (l *progressLine) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line != "" {
		fmt.Fprintln(l.w)
	}
}
