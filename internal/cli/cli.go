// Package cli is the command line: one file per command.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
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
	Serve    serveCmd    `cmd:"" default:"withargs" help:"Serve the Admin API until SIGINT or SIGTERM (the default)."`
	Wait     waitCmd     `cmd:"" help:"Wait until a server is ready."`
	Validate validateCmd `cmd:"" help:"Validate seed files."`
	Init     initCmd     `cmd:"" help:"Write a starter seed and its JSON Schema."`
	Env      envCmd      `cmd:"" help:"Print environment variables for connecting to a server."`
	Reset    resetCmd    `cmd:"" help:"Reset an organization to its seed."`
	Export   exportCmd   `cmd:"" help:"Export an organization as a seed."`
	Import   importCmd   `cmd:"" help:"Replace an organization with a seed."`
	Snapshot snapshotCmd `cmd:"" help:"Save and restore snapshots of an organization."`
	Clock    clockCmd    `cmd:"" help:"Show or change the time of an organization."`
	Fault    faultCmd    `cmd:"" help:"Make requests fail on purpose."`
	Requests requestsCmd `cmd:"" help:"Show or follow recorded requests."`
	Verify   verifyCmd   `cmd:"" help:"Verify recorded requests against expectations."`
	Accept   acceptCmd   `cmd:"" help:"Accept an invite as its recipient."`
	Pull     pullCmd     `cmd:"" help:"Write a seed from a real organization."`
	Version  versionCmd  `cmd:"" help:"Print version information."`
}

// process holds the program's I/O, clock and build.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	started        time.Time
	now            func() time.Time // real time, monotonic
	build          build
}

// Main runs the program and exits. The linker sets version and commit; either
// may be empty.
func Main(version, commit string) {
	p := &process{os.Stdin, os.Stdout, os.Stderr, time.Now(), store.RealTime(), newBuild(version, commit)}
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
		return p.fail(badArguments(err))
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return p.fail(parsed.Run(p))
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
	"clock":    {"now": "show", "stop": "freeze", "start": "resume", "move": "advance"},
	"fault":    {"rm": "delete", "remove": "delete", "create": "add", "arm": "add", "ls": "list"},
	"snapshot": {"create": "take", "save": "take", "rm": "delete", "remove": "delete", "ls": "list"},
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

// dropEmptyVariables unsets our empty environment variables: compose files write
// ${NAME:-} for variables that may be unset.
func dropEmptyVariables() {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" && strings.HasPrefix(name, "ANTECHAMBER_") {
			os.Unsetenv(name)
		}
	}
}

// badArguments rewrites an error of kong to our grammar. Kong has no types for
// unknown flags and arguments, and loses the type of a bad environment variable's
// error, so its messages are recognized by their first words.
func badArguments(err error) error {
	parsed, _ := errors.AsType[*kong.ParseError](err) // Parse returns no other type
	message, args, app := err.Error(), parsed.Context.Args, parsed.Context.Model
	command := cmp.Or(parsed.Context.Selected(), app.DefaultCmd)
	serving, help := command == app.DefaultCmd, command.FullPath()

	message, source, _ := strings.Cut(message, " (from envar ") // NAME="value"
	variable, _, _ := strings.Cut(source, "=")
	name, reason, _ := strings.Cut(message, ": ")
	flag, unknownFlag := strings.CutPrefix(message, "unknown flag ")
	flag, _, _ = strings.Cut(flag, ",") // and kong's suggestion
	word, unexpected := strings.CutPrefix(message, "unexpected argument ")
	word, _, _ = strings.Cut(word, ",")
	misplaced := false // a flag of serve before another command
	if early, ok := strings.CutPrefix(message, "flag "); ok {
		flag, _, _ = strings.Cut(early, " ")
		misplaced = true
	}
	var commands []string
	owner := "" // a command that has the flag, preferably one that was given
	for _, node := range app.Children {
		commands = append(commands, node.Name)
		if hasFlag(node, flag) && node != app.DefaultCmd && (owner == "" || slices.Contains(args, node.Name)) {
			owner = node.Name
		}
	}
	hint := ""
	if before, suggestions, ok := strings.Cut(message, ", did you mean "); ok && (unknownFlag || unexpected) {
		typed := strings.TrimPrefix(strings.TrimPrefix(before, "unknown flag "), "unexpected argument ")
		message, hint = before, nearOnly(typed, suggestions)
	}
	hyphen := strings.Contains(reason, "flag); perhaps try") // the value begins with one
	_, got, _ := strings.Cut(reason, `but got "`)
	got, _, _ = strings.Cut(got, `" (`)
	if hyphen && isNegative(got) {
		reason = cmp.Or(flagError(command, name, got), reason)
	}
	switch {
	case strings.HasPrefix(reason, `invalid "`): // from badValue
		message = "invalid " + name + strings.TrimPrefix(reason, "invalid")
	case strings.HasPrefix(reason, "bool value must be "):
		_, got, _ := strings.Cut(reason, " but got ")
		message = text.Invalid(name, got, "true or false")
	case strings.HasPrefix(message, "missing flags: "):
		flag, _, _ := strings.Cut(reason, "=")
		message = flag + " is required"
	case strings.HasPrefix(message, `expected "<`):
		argument, _, _ := strings.Cut(strings.TrimPrefix(message, `expected "`), ">")
		message = argument + "> is required"
	case len(args) > 0 && args[len(args)-1] == name: // kong's message calls the value "EOL"
		message = "missing value for " + name
	case hyphen && isNegative(got):
		message = text.Invalid(name, text.Quote(got), noHyphen)
	case hyphen:
		message, hint = "missing value for "+name, text.Quote(got)+" looks like a flag"
	case unknownFlag && isNegative(flag):
		message, hint = text.Invalid("argument", text.Quote(flagArgument(flag, args)), noHyphen), ""
	case unknownFlag && command.Name == "pull" && strings.Contains(flag, "key"):
		hint = "set the key with the environment variable " + pull.KeyVariable
	case unknownFlag && serving && (flag == "--port" || flag == "-p"):
		hint = didYouMean("--addr HOST:PORT")
	case unknownFlag && command.Name == "export" && (flag == "--out" || flag == "--output" || flag == "-o"):
		hint = didYouMean("antechamber export FILE")
	case unknownFlag && len(flag) == 2: // kong's suggestion is always -h
		hint = ""
		if long := "-" + flagArgument(flag, args); hasFlag(command, long) {
			message, hint = "unknown flag "+long[1:], didYouMean(long)
		}
	case serving && owner != "" && unknownFlag:
		hint = didYouMean("antechamber " + owner + " " + flag)
	case serving && owner != "" && slices.Contains(args, owner):
		message, hint = flag+" must follow the command", didYouMean("antechamber "+owner+" "+flag)
	case misplaced:
		_, other, _ := strings.Cut(message, ", not ")
		message = flag + " is a flag of serve, not of " + strings.Trim(other, `"`)
	case unexpected && command.Name == "pull" && strings.Contains(word, "://"):
		hint = didYouMean("--from " + word)
	case unexpected && serving && strings.HasSuffix(word, ".json"):
		hint = didYouMean("--seed " + word)
	case unexpected && command.Name == "clock" && startsWithDigit(word) && strings.Contains(word, "-"):
		hint = didYouMean("clock set " + word)
	case unexpected && command.Name == "clock" && startsWithDigit(word):
		hint = didYouMean("clock advance " + word)
	case unexpected && help == "antechamber fault add" && startsWithDigit(word):
		hint = didYouMean("--status " + word)
	case unexpected && !serving && slices.Contains(commands, word):
		hint = didYouMean("antechamber " + word)
	case unexpected && serving: // kong takes it for an argument of serve
		near := guess.Nearest(word, commands)
		switch {
		case near == "":
		case slices.Contains(args, command.Name):
			hint = didYouMean("antechamber " + near)
		default:
			hint = didYouMean(near)
		}
	}
	if unexpected && serving && !slices.Contains(args, command.Name) {
		help = app.Name
	}
	if hint == "" {
		hint = "see " + help + " --help"
	}
	if variable != "" {
		hint = "from " + variable + "; " + hint
	}
	return badInput("%s (%s)", message, hint)
}

// didYouMean returns a suggestion, as remedy.DidYouMean words it.
func didYouMean(s string) string { return fmt.Sprintf("did you mean %q?", s) }

// nearOnly returns kong's suggestions without those that only look near because
// they are short: it allows two edits in a word of any length. typed was misspelled.
func nearOnly(typed, suggestions string) string {
	list := strings.TrimSuffix(strings.TrimPrefix(suggestions, "one of "), "?")
	names := slices.DeleteFunc(strings.Split(list, ", "), func(name string) bool {
		name = strings.Trim(name, `"`)
		return !strings.HasPrefix(name, typed) && guess.Nearest(typed, []string{name}) == ""
	})
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "did you mean " + names[0] + "?"
	}
	return "did you mean one of " + strings.Join(names, ", ") + "?"
}

// flagError returns the error of the flag's type for a value that kong took for
// another flag, or "" if the type accepts the value.
func flagError(command *kong.Node, name, value string) string {
	for _, f := range slices.Concat(command.AllFlags(false)...) {
		if "--"+f.Name != name {
			continue
		}
		err := f.Parse(kong.ScanFromTokens(kong.Token{Value: value, Type: kong.FlagValueToken}), reflect.New(f.Target.Type()).Elem())
		if err != nil {
			return strings.TrimPrefix(err.Error(), name+": ")
		}
	}
	return ""
}

// hasFlag reports whether a command has a flag, such as --addr.
func hasFlag(command *kong.Node, flag string) bool {
	return slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool { return "--"+f.Name == flag })
}

// flagArgument returns the argument that kong split into short flags, without
// its value: -addr for -a.
func flagArgument(short string, args []string) string {
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); strings.HasPrefix(name, short) {
			return name
		}
	}
	return short
}

// noHyphen is what we want instead of a negative number that kong takes for a flag.
const noHyphen = `a value that does not start with "-"`

// isNegative reports whether an argument is, or begins with, a negative number.
func isNegative(arg string) bool { return strings.HasPrefix(arg, "-") && startsWithDigit(arg[1:]) }

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// badValue refuses the value of a flag or argument. badArguments adds its name.
func badValue(value []byte, want string) error {
	return errors.New(text.Invalid(text.Quote(string(value)), "", want))
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
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults)
		err = badInput("%s in seed %s", text.Count(len(faults), "error"), faults[0].File)
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.stderr, "antechamber: %s\n", line)
	}
	if known, ok := errors.AsType[*failure](err); ok {
		return known.code
	}
	return exitFailed
}
