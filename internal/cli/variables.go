package cli

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"antechamber/internal/guess"
)

// variablePrefix is the prefix of the environment variables of flags.
const variablePrefix = "ANTECHAMBER_"

// dropEmptyVariables unsets our empty environment variables: compose files write
// ${NAME:-} for variables that may be unset. An empty ANTECHAMBER_STATE_FILE stays and is
// refused: without the file, all state would be lost without a word.
func dropEmptyVariables() {
	for name, value := range ourVariables() {
		if value == "" && name != "ANTECHAMBER_STATE_FILE" {
			os.Unsetenv(name)
		}
	}
}

func ourVariables() map[string]string {
	found := map[string]string{}
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, variablePrefix) {
			found[name] = value
		}
	}
	return found
}

// unknownVariable is an environment variable with our prefix that no command reads.
type unknownVariable struct {
	name    string
	nearest string // the similar name of a variable without the prefix, or empty
}

// unknownVariables returns the environment variables with our prefix that no command
// reads, in alphabetical order. They are probably misspelled.
func unknownVariables(app *kong.Application) (unknown []unknownVariable) {
	var known []string
	for _, node := range commandsOf(app.Node) {
		for _, flag := range node.Flags {
			for _, name := range flag.Envs {
				known = append(known, strings.TrimPrefix(name, variablePrefix)) // the prefix says nothing about similarity
			}
		}
	}
	for variable := range ourVariables() {
		if name := strings.TrimPrefix(variable, variablePrefix); !slices.Contains(known, name) {
			unknown = append(unknown, unknownVariable{variable, guess.Nearest(name, known)})
		}
	}
	slices.SortFunc(unknown, func(a, b unknownVariable) int { return strings.Compare(a.name, b.name) })
	return unknown
}

// suggestion returns a hint in parentheses, or nothing.
func (v unknownVariable) suggestion() string {
	if v.nearest == "" {
		return ""
	}
	return " (" + didYouMean(variablePrefix+v.nearest) + ")"
}

// commandsOf returns a command and its subcommands, at every depth.
func commandsOf(node *kong.Node) []*kong.Node {
	all := []*kong.Node{node}
	for _, child := range node.Children {
		all = append(all, commandsOf(child)...)
	}
	return all
}

// flagError is an error caused by the values of flags. It names the environment
// variables that the values come from.
type flagError struct {
	flags   []string // without --
	err     error
	hint    string   // without parentheses; may be empty
	sources []string // environment variables; set by nameSources
	after   string   // further lines; may be empty
}

func (e *flagError) Unwrap() error { return e.err }

func (e *flagError) Error() string {
	message, hint := e.err.Error(), e.hint
	if i := strings.LastIndex(message, " ("); hint == "" && i > 0 && strings.HasSuffix(message, ")") {
		message, hint = message[:i], message[i+len(" ("):len(message)-1] // the message brought its own
	}
	hints := slices.Clip(e.sources)
	if hint != "" {
		hints = append(hints, hint)
	}
	if len(hints) > 0 {
		message += " (" + strings.Join(hints, "; ") + ")"
	}
	if e.after != "" {
		message += "\n" + e.after
	}
	return message
}

// badFlag returns the failure for a bad value of a flag, given without --. The hint
// may be empty.
func badFlag(flag string, err error, hint string) error {
	return &failure{exitBadInput, &flagError{flags: []string{flag}, err: err, hint: hint}}
}

// nameSources adds to an error the environment variables that the flags to blame
// have their values from.
func nameSources(parsed *kong.Context, err error) error {
	if e, ok := errors.AsType[*flagError](err); ok {
		for _, flag := range parsed.Flags() {
			if slices.Contains(e.flags, flag.Name) && !onCommandLine(parsed, flag.Name) {
				e.sources = append(e.sources, fromVariables(flag)...)
			}
		}
	}
	return err
}

// fromVariables returns "from NAME" for each environment variable of the flag that is
// set.
func fromVariables(flag *kong.Flag) (sources []string) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			sources = append(sources, "from "+name)
		}
	}
	return sources
}
