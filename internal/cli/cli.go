// Package cli is the command line: one file per command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// Exit codes.
const (
	exitFine     = 0
	exitFailed   = 1
	exitBadInput = 2
	exitNotReady = 3 // or expectations that are not met
)

const description = `An emulator of the Anthropic Admin API, offline and stateful.

The default command is serve: "antechamber --seed empty" is "antechamber serve --seed empty".

Examples:
  antechamber                             serve the demo organization on http://127.0.0.1:4020
  antechamber --addr 127.0.0.1:0          serve on a free port
  antechamber serve --help                list all options
  antechamber wait && npm test            run tests as soon as the server is ready
  antechamber init                        write a starter seed
  antechamber clock advance 21d           expire the pending invites of a running server
  antechamber requests --follow           watch incoming requests`

// commandLine holds the commands and their flags.
type commandLine struct {
	Serve         serveCmd         `cmd:"" default:"withargs" help:"Serve the Admin API until SIGINT, SIGTERM or SIGHUP (the default)."`
	Wait          waitCmd          `cmd:"" help:"Wait until a server is ready."`
	Validate      validateCmd      `cmd:"" help:"Validate seed files."`
	Init          initCmd          `cmd:"" help:"Write a starter seed and its JSON Schema."`
	Env           envCmd           `cmd:"" help:"Print environment variables for connecting to a server."`
	Organizations organizationsCmd `cmd:"" help:"List, create and delete the organizations of a server."`
	Reset         resetCmd         `cmd:"" help:"Reset an organization to its seed."`
	Export        exportCmd        `cmd:"" help:"Export an organization as a seed."`
	Import        importCmd        `cmd:"" help:"Replace an organization with a seed."`
	Snapshot      snapshotCmd      `cmd:"" help:"Save and restore snapshots of an organization."`
	Clock         clockCmd         `cmd:"" help:"Show or change the time of an organization."`
	Fault         faultCmd         `cmd:"" help:"Make requests fail on purpose."`
	Requests      requestsCmd      `cmd:"" help:"Show or follow recorded requests."`
	Verify        verifyCmd        `cmd:"" help:"Verify recorded requests against expectations."`
	Outbox        outboxCmd        `cmd:"" help:"List the emails that production would have sent."`
	Accept        acceptCmd        `cmd:"" help:"Accept an invite as its recipient."`
	Pull          pullCmd          `cmd:"" help:"Write a seed from a real organization."`
	Version       versionCmd       `cmd:"" help:"Print version information."`
}

// process holds the program's I/O, clock and build.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	started        time.Time
	now            func() time.Time // real time, monotonic
	build          build
	ends           bool // the operating system's process ends with the command
}

// Main runs the program and exits. The linker sets version and commit; either
// may be empty.
func Main(version, commit string) {
	p := &process{os.Stdin, os.Stdout, os.Stderr, time.Now(), store.RealTime(), newBuild(version, commit), true}
	os.Exit(run(context.Background(), os.Args[1:], p))
}

// run executes the command that args name and returns the exit code. A server
// runs until ctx is done or a signal arrives.
func run(ctx context.Context, args []string, p *process) int {
	dropEmptyVariables()
	helped := false
	parsed, err := newParser(p, new(commandLine), func(int) { helped = true }).Parse(normalize(args))
	switch {
	case helped: // Parse continues after --help; its errors don't matter then
		return exitFine
	case err != nil:
		failShell(args, p)
		return p.fail(badArguments(err))
	}
	if err := refuseEmpty(parsed); err != nil {
		failShell(args, p)
		return p.fail(err)
	}
	if parsed.Selected() != parsed.Model.DefaultCmd { // serve logs them
		for _, v := range unknownVariables(parsed.Model) {
			p.note("unknown environment variable %s%s", v.name, v.suggestion())
		}
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return p.fail(nameSources(parsed, parsed.Run(p)))
}

// normalize rewrites common spellings, such as antechamber help serve, to ours.
func normalize(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch args[0] {
	case "help":
		return append(slices.Clone(args[1:]), "--help")
	case "--version", "-v":
		return append([]string{"version"}, args[1:]...)
	}
	if len(args) > 1 && synonyms[args[0]][args[1]] != "" {
		return append([]string{args[0], synonyms[args[0]][args[1]]}, args[2:]...)
	}
	return args
}

// synonyms maps other names of subcommands to ours.
var synonyms = map[string]map[string]string{
	"clock":         {"now": "show", "stop": "freeze", "start": "resume", "move": "advance"},
	"fault":         {"rm": "delete", "remove": "delete", "create": "add", "arm": "add", "ls": "list"},
	"organizations": {"new": "create", "add": "create", "rm": "delete", "remove": "delete", "ls": "list"},
	"snapshot":      {"create": "take", "save": "take", "rm": "delete", "remove": "delete", "ls": "list"},
}

// newParser returns a parser that fills in the command line. It calls exit
// after printing help.
func newParser(p *process, into *commandLine, exit func(int)) *kong.Kong {
	return kong.Must(into,
		kong.Name("antechamber"), kong.Description(description),
		kong.DefaultEnvars("ANTECHAMBER"),
		kong.Vars{"admin_key": defaultAdminKey, "max_id_seed": strconv.Itoa(maxIDSeed)},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.Writers(p.stdout, p.stderr), kong.Exit(exit))
}

// badValue refuses the value of a flag or argument. badArguments adds its name.
func badValue(value []byte, want string) error {
	return errors.New(text.Invalid(text.Quote(string(value)), "", want))
}

// badSecret is badValue for a value that must not be repeated.
func badSecret(want string) error {
	return errors.New("invalid: want " + want)
}

// refuseEmpty refuses an empty value of a flag on the command line, and an empty file
// name: it is usually an unset variable of a script, and no command has a use for it.
func refuseEmpty(parsed *kong.Context) error {
	for _, part := range parsed.Path {
		name, empty := "", false
		switch {
		case part.Flag != nil:
			name, empty = "--"+part.Flag.Name, isEmpty(part.Flag.Target)
		case part.Positional != nil && part.Positional.Name == "FILE":
			name, empty = "<FILE>", isEmpty(part.Positional.Target)
		}
		if empty {
			return badInput("%s (see %s --help)", text.Invalid(name, `""`, "a non-empty value"), parsed.Selected().FullPath())
		}
	}
	return nil
}

// isEmpty reports whether a value is an empty text, or a list without elements or with
// an empty text.
func isEmpty(target reflect.Value) bool {
	target = reflect.Indirect(target)
	switch target.Kind() {
	case reflect.String:
		return target.String() == ""
	case reflect.Slice:
		files, _ := target.Interface().([]string)
		return target.Len() == 0 || slices.Contains(files, "")
	}
	return false
}

// parseChoice reads one of a closed set of words.
func parseChoice[T ~string](into *T, value []byte, choices ...T) error {
	if !slices.Contains(choices, T(value)) {
		return badValue(value, text.OneOf(choices))
	}
	*into = T(value)
	return nil
}

// failure is an error with an exit code.
type failure struct {
	code int
	error
}

func (f *failure) Unwrap() error { return f.error }

func badInput(format string, args ...any) error {
	return &failure{exitBadInput, fmt.Errorf(format, args...)}
}

// fail prints an error, a line for each problem or fault of a seed, and returns
// the exit code.
func (p *process) fail(err error) int {
	if err == nil {
		return exitFine
	}
	if closedOutput(err) {
		return exitFailed
	}
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults)
		message := fmt.Errorf("%s in seed %s", text.Count(faults.Number(), "error"), faults[0].File)
		if e, ok := errors.AsType[*flagError](err); ok {
			message = &flagError{err: message, sources: e.sources}
		}
		err = &failure{exitBadInput, message}
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.stderr, "antechamber: %s\n", line)
	}
	if known, ok := errors.AsType[*failure](err); ok {
		return known.code
	}
	return exitFailed
}

// closedOutput reports whether err says that the reader of standard output is gone, as
// in antechamber requests | head. The process gets this error instead of a signal if
// its parent ignores SIGPIPE. A message would only be noise.
func closedOutput(err error) bool {
	failed, ok := errors.AsType[*fs.PathError](err)
	return ok && failed.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE)
}
