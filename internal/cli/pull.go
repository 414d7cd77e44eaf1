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
	"antechamber/internal/remote"
	"antechamber/internal/server"
	"antechamber/internal/text"
	"antechamber/internal/wholefile"
)

type pullCmd struct {
	From      apiAddress `required:"" placeholder:"URL" help:"Base URL of the API, such as https://api.anthropic.com."`
	Out       string     `env:"-" default:"seed.json" placeholder:"FILE" help:"Seed file to write; - is standard output. Default: ${default}."`
	Force     bool       `env:"-" help:"Overwrite an existing file."`
	KeepNames bool       `env:"-" help:"Keep all names, emails and tags instead of replacing them with placeholders."`
	Quiet     bool       `env:"-" help:"Suppress progress output."`
}

func (pullCmd) Help() string {
	return `Reads an organization through the Admin API and writes a seed: a copy to practice on. Set the admin key in the environment variable ANTHROPIC_ADMIN_API_KEY. All requests are GETs, so nothing is changed.

Numbered placeholders replace all free text: people become User 3 with the email user3@example.com, workspaces Workspace 7, API keys Key 12, the organization Organization, and tags tag1: value1. Ids, roles, statuses, times, colors, data residencies, key hints and ids of external keys (ekey_…) are kept. --keep-names keeps everything.

Numbers count from the oldest object, so they are the same in the next pull and new objects don't change them. A person has one number from the first invite on. Removing a user or deleting an invite may change the numbers of later people.

The seed never contains keys, only the hints that the API shows. Unsupported values are adjusted and reported.

The seed is written after everything has been read. A pull that fails or is interrupted with Ctrl-C writes nothing; run it again. Pull waits when it reaches a rate limit.

The clock of the copy starts at the time of the pull, whenever you serve it.

Examples:

  antechamber pull --from https://api.anthropic.com
  antechamber pull --from https://api.anthropic.com --out acme.json
  antechamber pull --from http://127.0.0.1:4020 --out - --keep-names`
}

// apiAddress is the base URL of an Admin API.
type apiAddress struct{ url.URL }

// UnmarshalText reads a URL. The paths /v1 and /v1/organizations, which all
// endpoints of the API have in common, are optional.
func (a *apiAddress) UnmarshalText(text []byte) error {
	u, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return badValue([]byte(remote.WithoutPassword(string(text))), "a URL, such as https://api.anthropic.com")
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1/organizations")
	u.Path = strings.TrimRight(strings.TrimSuffix(u.Path, "/v1"), "/")
	u.RawPath = ""
	a.URL = *u
	return nil
}

// unencrypted reports whether the key would cross a network in plain text.
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
	if err := c.checkOut(); err != nil {
		return err
	}
	if c.From.unencrypted() {
		fmt.Fprintf(p.stderr, "antechamber: warning: sending the key to %s unencrypted\n", c.From.Host)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills the process
	progress := newProgressLine(p.stderr, c.Quiet)
	result, err := pull.Run(ctx, pull.Options{
		From: &c.From.URL, Key: key, Agent: "antechamber/" + p.build.Version + " (pull)", KeepNames: c.KeepNames, Name: c.outName(),
		Now: p.now, Sleep: server.Sleep, Progress: progress.show, Say: progress.printLine,
	})
	progress.end()
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

// pullKey returns the admin key from the environment.
func pullKey() (string, error) {
	key := strings.TrimSpace(os.Getenv(pull.KeyVariable))
	if key == "" {
		return "", badInput("%s is required (set it to an admin key of the organization, sk-ant-admin…)", pull.KeyVariable)
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", badInput("%s", text.Invalid(pull.KeyVariable, "", "an admin key, without spaces or line breaks"))
	}
	return key, nil
}

// checkOut refuses an --out that cannot be written.
func (c *pullCmd) checkOut() error {
	if c.Out == devStdout {
		c.Out = "-"
	}
	if c.Out == "-" {
		return nil
	}
	if c.Out == "" {
		return badInput("%s", text.Invalid("--out", `""`, "a file, or - for standard output"))
	}
	switch info, err := os.Stat(c.Out); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return badInput("cannot write %s: %w", c.Out, wholefile.Reason(err))
	case !info.Mode().IsRegular():
		return badInput("cannot write %s: not a regular file", c.Out)
	case !c.Force:
		return badInput("%s already exists (choose another --out, or use --force to overwrite it)", c.Out)
	}
	if info, err := os.Stat(filepath.Dir(c.Out)); err != nil || !info.IsDir() {
		return badInput("cannot write %s: no such directory %s", c.Out, text.Quote(filepath.Dir(c.Out)))
	}
	if _, err := wholefile.Resolve(c.Out); err != nil { // a link to a missing directory
		return badInput("cannot write %s: %w", c.Out, wholefile.Reason(err))
	}
	return nil
}

// finish reports the seed that was written.
func (c *pullCmd) finish(p *process, result pull.Result) error {
	for i, note := range result.Notes {
		const maxNotes = 20
		if i == maxNotes {
			fmt.Fprintf(p.stderr, "antechamber: note: %s omitted\n", text.Count(len(result.Notes)-maxNotes, "more note"))
			break
		}
		fmt.Fprintf(p.stderr, "antechamber: note: %s\n", note)
	}
	if len(result.Faults) > 0 {
		fmt.Fprintln(p.stderr, result.Faults)
		return fmt.Errorf("wrote %s, but it must be corrected before it can be served: %s", c.outName(), text.Count(result.Faults.Number(), "error"))
	}
	if !c.Quiet {
		fmt.Fprintf(p.stderr, "%s: %s (%s)\nserve it with: antechamber --seed %s\n",
			c.outName(), result.Holds, text.Count(result.Requests, "request"), c.seedArgument())
	}
	return nil
}

// seedArgument returns the value of --seed for the written seed.
func (c *pullCmd) seedArgument() string {
	if c.Out == "-" {
		return "FILE"
	}
	return shellQuote(seedArgument(c.Out))
}

func (c *pullCmd) write(stdout io.Writer, data []byte) error {
	if c.Out == "-" {
		_, err := stdout.Write(data)
		return err
	}
	// The file may have been created during the pull.
	if err := c.checkOut(); err != nil {
		return err
	}
	if err := save(c.Out, data); err != nil {
		return fmt.Errorf("cannot write %s: %w", c.Out, wholefile.Reason(err))
	}
	return nil
}

// outName returns the name of the seed in messages.
func (c *pullCmd) outName() string {
	if c.Out == "-" {
		return "stdout"
	}
	return c.Out
}

// progressLine shows the progress of a pull: on a terminal in one line that is
// overwritten, otherwise with a line per list and per linesEvery requests.
type progressLine struct {
	w        io.Writer
	quiet    bool
	terminal bool
	line     string // what the terminal shows
}

// linesEvery is the number of requests between two lines of progress where lines
// cannot be overwritten.
const linesEvery = 25

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
	case done.Finished, done.Requests%linesEvery == 0:
		fmt.Fprintln(l.w, done)
	}
}

// printLine prints a line above the progress.
func (l *progressLine) printLine(line string) {
	switch {
	case l.quiet:
	case l.terminal:
		fmt.Fprintf(l.w, "%s%s\n%s", clearLine, line, l.line)
	default:
		fmt.Fprintln(l.w, line)
	}
}

// end moves the terminal to a new line.
func (l *progressLine) end() {
	if l.line != "" {
		fmt.Fprintln(l.w)
	}
}
