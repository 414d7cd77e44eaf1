// Package cli is the command line: one file per command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/internal/guess"
	"antechamber/internal/pull"
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
		return p.fail(badInput("%s (see %s --help)", worded(err), verbOf(err)))
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

// worded says what is wrong with the command line.
func worded(err error) string {
	if wrong, is := strings.CutPrefix(err.Error(), "unexpected argument "); is && !strings.Contains(wrong, ", did you mean") {
		return err.Error() + instead(err, wrong)
	}
	if flag, is := strings.CutPrefix(err.Error(), "unknown flag "); is {
		verb := verbWith(strings.TrimPrefix(flag, "--"))
		switch of := verbOf(err); {
		case of == "antechamber pull" && strings.Contains(flag, "key"):
			return "unknown flag " + strings.Split(flag, ",")[0] + ": the key comes from the environment variable " + pull.KeyVariable
		case of == "antechamber serve" && verb != "":
			return err.Error() + ": it stands after the command, as in antechamber " + verb + " " + flag
		}
	}
	said := hyphen.ReplaceAllString(wording.Replace(err.Error()), `: expected a value, not "$2"`)
	return negative.ReplaceAllString(said, "expected a value that does not begin with a hyphen, as $1 does")
}

// apiNouns are what the Admin API is about, and no command.
var apiNouns = []string{"organization", "user", "member", "invite", "workspace", "api_key", "api-key", "key"}

// instead guesses what was meant by a command that there is not.
func instead(err error, word string) string {
	if verbOf(err) == "antechamber pull" && strings.Contains(word, "://") {
		return ", did you mean --from " + word + "?"
	}
	if verbOf(err) != "antechamber" {
		return ""
	}
	var verbs []string
	for _, verb := range newParser(&process{}, new(commandLine), nil).Model.Children {
		verbs = append(verbs, verb.Name)
	}
	switch near := guess.Nearest(strings.TrimSuffix(word, "s"), verbs); {
	case strings.HasSuffix(word, ".json"):
		return ", did you mean --seed " + word + "?"
	case slices.Contains(apiNouns, strings.TrimSuffix(word, "s")):
		return ": the Admin API has them, for curl and the SDKs; antechamber env tells those where it is"
	case word == "stop":
		return ": Ctrl-C stops a server, and so does SIGTERM"
	case near != "":
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// verbWith gives a command that has a flag, other than serve.
func verbWith(flag string) string {
	for _, verb := range newParser(&process{}, new(commandLine), nil).Model.Children {
		for _, f := range verb.Flags {
			if f.Name == flag && verb.Name != "serve" {
				return verb.FullPath()[len("antechamber "):]
			}
		}
	}
	return ""
}

// negative is what Kong says of an argument that is a negative number. It takes
// it for a flag.
var negative = regexp.MustCompile(`^unknown flag (-[0-9]).*`)

// hyphen is what Kong says of a value that begins like a flag. Its advice is
// of no use here: no value of ours may be negative.
var hyphen = regexp.MustCompile(`: expected (.*) value but got "(-[^"]*)" \(.*`)

// wording puts right what Kong says of a flag without its value and of a
// variable.
var wording = strings.NewReplacer(
	`but got "EOL" (<EOL>)`, "but got none", "value value", "a value", "string value", "a value",
	"from envar ", "from the environment: ")

// verbOf gives the command whose help tells what is right.
func verbOf(err error) string {
	verb := "antechamber serve"
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok && wrong.Context.Selected() != nil {
		verb = wrong.Context.Selected().FullPath()
	}
	if verb == "antechamber serve" && strings.HasPrefix(err.Error(), "unexpected argument") {
		return "antechamber" // a verb that there is not
	}
	return verb
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
// fault of a seed, and gives the exit code.
func (p *process) fail(err error) int {
	if err == nil {
		return exitFine
	}
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults)
		err = badInput("%s in the seed %s", count(len(faults), "fault"), faults[0].File)
	}
	for sentence := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.stderr, "antechamber: %s\n", sentence)
	}
	if known, ok := errors.AsType[*failure](err); ok {
		return known.code
	}
	return exitFailed
}

// count gives a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
