// Package cli is the command line: one file per command.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/internal/guess"
	"antechamber/internal/pull"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// The codes that the program exits with.
const (
	exitFine     = 0
	exitFailed   = 1
	exitBadInput = 2
	exitNotReady = 3
)

const description = `An emulator of the Anthropic Admin API, offline and stateful.

Without a command it serves, so "antechamber --seed empty" is "antechamber serve --seed empty".

Examples:
  antechamber                             serve the demo organization on http://127.0.0.1:4020
  antechamber --addr 127.0.0.1:0          serve on any free port
  antechamber serve --help                what else can be set
  antechamber wait && npm test            test against it as soon as it is ready
  antechamber init                        write a seed of your own to begin with
  antechamber clock advance 21d           let the invites of a running server expire
  antechamber requests --follow           watch what it is asked`

// commandLine is what may be said on the command line.
type commandLine struct {
	Serve    serveCmd    `cmd:"" default:"withargs" help:"Serve the Admin API until SIGINT or SIGTERM (the default)."`
	Wait     waitCmd     `cmd:"" help:"Wait until a server is ready."`
	Validate validateCmd `cmd:"" help:"Report every fault of seed files."`
	Init     initCmd     `cmd:"" help:"Write a seed to begin with, and its schema."`
	Env      envCmd      `cmd:"" help:"Print what makes a shell's clients talk to a server."`
	Reset    resetCmd    `cmd:"" help:"Lead an organization back to its beginning."`
	Export   exportCmd   `cmd:"" help:"Write the state of an organization as a seed."`
	Import   importCmd   `cmd:"" help:"Replace the state of an organization."`
	Snapshot snapshotCmd `cmd:"" help:"Keep the state of an organization, and bring it back."`
	Clock    clockCmd    `cmd:"" help:"Show the time, and move it."`
	Fault    faultCmd    `cmd:"" help:"Make requests fail on purpose."`
	Requests requestsCmd `cmd:"" help:"Print the requests that came, and follow them."`
	Verify   verifyCmd   `cmd:"" help:"Compare the requests that came with what is expected."`
	Accept   acceptCmd   `cmd:"" help:"Accept an invite, as the person who got it."`
	Pull     pullCmd     `cmd:"" help:"Make a seed of a real organization: a copy to practise on."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// process holds the program's I/O, clock and build.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	started        time.Time
	now            func() time.Time // real time, which never goes back
	build          build
}

// Main runs the program and exits. The linker sets version and commit; either
// may be empty.
func Main(version, commit string) {
	p := &process{os.Stdin, os.Stdout, os.Stderr, time.Now(), store.RealTime(), newBuild(version, commit)}
	os.Exit(run(context.Background(), os.Args[1:], p))
}

// run does what the arguments and the environment ask for and gives the exit
// code. A server runs until ctx is done or a signal comes.
func run(ctx context.Context, args []string, p *process) int {
	dropEmptyVariables()
	helped := false
	parsed, err := newParser(p, new(commandLine), func(int) { helped = true }).Parse(familiar(args))
	switch {
	case helped: // Parse goes on after --help, and what it finds then is of no interest
		return exitFine
	case err != nil:
		return p.fail(badArguments(err))
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return p.fail(parsed.Run(p))
}

// familiar turns what people try first into what there is.
func familiar(args []string) []string {
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

// synonyms are other words for what a command can do.
var synonyms = map[string]map[string]string{
	"clock":    {"now": "show", "stop": "freeze", "start": "resume", "move": "advance"},
	"fault":    {"rm": "delete", "remove": "delete", "create": "add", "arm": "add", "ls": "list"},
	"snapshot": {"create": "take", "save": "take", "rm": "delete", "remove": "delete", "ls": "list"},
}

func newParser(p *process, into *commandLine, exit func(int)) *kong.Kong {
	return kong.Must(into,
		kong.Name("antechamber"), kong.Description(description),
		kong.DefaultEnvars("ANTECHAMBER"),
		kong.Vars{"admin_key": defaultAdminKey, "max_id_seed": strconv.Itoa(maxIDSeed)},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.Writers(p.stdout, p.stderr), kong.Exit(exit))
}

// dropEmptyVariables makes an empty variable as good as none: compose files
// write ${NAME:-} for what may not be set.
func dropEmptyVariables() {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" && strings.HasPrefix(name, "ANTECHAMBER_") {
			os.Unsetenv(name)
		}
	}
}

// badArguments returns what kong says about the arguments, with what only this
// program knows. Kong has no types for unknown flags and arguments, and drops
// that of a bad variable: these are told by how its messages begin.
func badArguments(err error) error {
	parsed, _ := errors.AsType[*kong.ParseError](err) // Parse returns no other
	text, args, app := err.Error(), parsed.Context.Args, parsed.Context.Model
	command := cmp.Or(parsed.Context.Selected(), app.DefaultCmd)
	serving, help := command == app.DefaultCmd, command.FullPath()

	what, value, _ := strings.Cut(text, ": ")
	flag, unknown := strings.CutPrefix(text, "unknown flag ")
	flag, _, _ = strings.Cut(flag, ",") // and kong's suggestion
	word, unexpected := strings.CutPrefix(text, "unexpected argument ")
	word, _, _ = strings.Cut(word, ",")
	if early, ok := strings.CutPrefix(text, "flag "); ok && !unknown { // it belongs to serve, and maybe to the command too
		flag, _, _ = strings.Cut(early, " ")
	}
	var commands []string
	other := "" // a command that has the flag, one of the arguments if possible
	for _, node := range app.Children {
		commands = append(commands, node.Name)
		if hasFlag(node, flag) && node != app.DefaultCmd && (other == "" || slices.Contains(args, node.Name)) {
			other = node.Name
		}
	}
	near, hint := guess.Nearest(word, commands), ""
	switch {
	case strings.HasPrefix(value, `invalid "`): // see badValue
		text = "invalid " + what + strings.TrimPrefix(value, "invalid")
	case len(args) > 0 && args[len(args)-1] == what: // for kong, "EOL" is its value
		text = "missing value for " + what
	case strings.Contains(value, "flag); perhaps try"): // a value that begins with a hyphen
		_, got, _ := strings.Cut(value, "but got ")
		got, _, _ = strings.Cut(got, " (")
		text = "missing value for " + what + ": " + got + " looks like a flag"
		if isNegative(strings.Trim(got, `"`)) {
			text = "invalid " + what + " " + got + ": no value may be negative"
		}
	case unknown && isNegative(flag):
		hint = "no value may be negative"
	case unknown && command.Name == "pull" && strings.Contains(flag, "key"):
		hint = "the key comes from the environment variable " + pull.KeyVariable
	case unknown && serving && (flag == "--port" || flag == "-p"):
		hint = "did you mean --addr HOST:PORT?"
	case unknown && len(flag) == 2: // for kong, every letter is near to -h
		hint = longFlag(command, flag, args)
		text = "unknown flag " + flag
	case serving && other != "" && (unknown || slices.Contains(args, other)):
		hint = "it belongs after its command, as in antechamber " + other + " " + flag
	case unexpected && command.Name == "pull" && strings.Contains(word, "://"):
		text += ", did you mean --from " + word + "?"
	case unexpected && serving && strings.HasSuffix(word, ".json"):
		text += ", did you mean --seed " + word + "?"
	case unexpected && !serving && slices.Contains(commands, word):
		text = fmt.Sprintf("unexpected argument %s, did you mean \"antechamber %s\"?", word, word)
	case unexpected && serving && near != "": // for kong it is an argument of serve
		text += fmt.Sprintf(", did you mean %q?", near)
	}
	if hint != "" {
		text = "flag " + flag + ": " + hint
		if unknown {
			text = "unknown " + text
		}
	}
	if unexpected && serving && !slices.Contains(args, command.Name) {
		help = app.Name
	}
	return badInput("%s (see %s --help)", text, help)
}

// hasFlag reports whether a command has a flag, such as --addr.
func hasFlag(command *kong.Node, flag string) bool {
	return slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool { return "--"+f.Name == flag })
}

// longFlag suggests --addr to who wrote -addr, which is -a for kong.
func longFlag(command *kong.Node, flag string, args []string) string {
	for _, arg := range args {
		name, _, _ := strings.Cut("-"+arg, "=")
		if strings.HasPrefix(arg, flag) && len(arg) > len(flag) && hasFlag(command, name) {
			return "did you mean " + name + "?"
		}
	}
	return ""
}

// isNegative reports whether an argument is a negative number, or begins like one.
func isNegative(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9'
}

// badValue refuses the value of a flag. badArguments writes the flag into it.
func badValue(value []byte, want string) error {
	return fmt.Errorf("invalid %q: want %s", value, want)
}

// failure is an error that ends the program with a certain code.
type failure struct {
	code int
	error
}

func (f *failure) Unwrap() error { return f.error }

func badInput(format string, args ...any) error {
	return &failure{exitBadInput, fmt.Errorf(format, args...)}
}

// fail says what went wrong, in a sentence for each error and a line for each
// fault of a seed, and returns the exit code.
func (p *process) fail(err error) int {
	if err == nil {
		return exitFine
	}
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults)
		err = badInput("%s in the seed %s", text.Count(len(faults), "fault"), faults[0].File)
	}
	for sentence := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.stderr, "antechamber: %s\n", sentence)
	}
	if known, ok := errors.AsType[*failure](err); ok {
		return known.code
	}
	return exitFailed
}
