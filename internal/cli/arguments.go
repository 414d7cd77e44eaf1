package cli

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"antechamber/internal/guess"
	"antechamber/internal/pull"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

// badArguments rewrites an error of kong to our grammar. Kong has no types for
// unknown flags and arguments, and loses the type of a bad environment variable's
// error, so its messages are recognized by their first words.
func badArguments(err error) error {
	parsed, _ := errors.AsType[*kong.ParseError](err) // Parse returns no other type
	a := arguments{parsed.Context.Args, parsed.Context.Model, cmp.Or(parsed.Context.Selected(), parsed.Context.Model.DefaultCmd)}
	message, source, _ := strings.Cut(err.Error(), " (from envar ") // NAME="value"
	variable, _, _ := strings.Cut(source, "=")

	help, hint := a.command.FullPath(), ""
	if flag, ok := strings.CutPrefix(message, "unknown flag "); ok {
		message, hint = a.unknownFlag(flag)
	} else if word, ok := strings.CutPrefix(message, "unexpected argument "); ok {
		message, hint = a.unexpected(word)
		if a.serving() && !a.contain(a.command.Name) {
			help = a.app.Name
		}
	} else if flag, ok := strings.CutPrefix(message, "flag "); ok {
		message, hint = a.misplacedFlag(flag)
	} else {
		message, hint = a.badValue(message)
	}
	if hint == "" {
		hint = "see " + help + " --help"
	}
	if variable != "" {
		hint = "from " + variable + "; " + hint
	}
	return badInput("%s (%s)", message, hint)
}

// arguments are what kong failed to parse.
type arguments struct {
	args    []string
	app     *kong.Application
	command *kong.Node // the one selected so far, serve by default
}

func (a arguments) serving() bool { return a.command == a.app.DefaultCmd }

func (a arguments) contain(arg string) bool { return slices.Contains(a.args, arg) }

// owner returns the name of a command other than serve that has a flag, preferably
// of one that was given, or "".
func (a arguments) owner(flag string) (owner string) {
	for _, node := range a.app.Children {
		if hasFlag(node, flag) && node != a.app.DefaultCmd && (owner == "" || a.contain(node.Name)) {
			owner = node.Name
		}
	}
	return owner
}

// unknownFlag returns the message for an unknown flag, which kong's suggestions
// follow, and a hint.
func (a arguments) unknownFlag(problem string) (message, hint string) {
	flag, hint := withSuggestions(problem)
	message = "unknown flag " + flag
	owner := a.owner(flag)
	switch {
	case isNegative(flag):
		return text.Invalid("argument", text.Quote(flagArgument(flag, a.args)), noHyphen), ""
	case a.command.Name == "pull" && strings.Contains(flag, "key"):
		hint = "set the key with the environment variable " + pull.KeyVariable
	case a.serving() && (flag == "--port" || flag == "-p"):
		hint = didYouMean("--addr HOST:PORT")
	case hasFlag(a.command, "--url") && (flag == "--addr" || flag == "--port" || flag == "-p"):
		hint = didYouMean("--url URL")
	case a.command.Name == "export" && (flag == "--out" || flag == "--output" || flag == "-o"):
		hint = didYouMean("antechamber export FILE")
	case len(flag) == 2: // kong's suggestion is always -h
		hint = ""
		if long := "-" + flagArgument(flag, a.args); hasFlag(a.command, long) {
			message, hint = "unknown flag "+long[1:], didYouMean(long)
		}
	case a.serving() && owner != "":
		hint = didYouMean("antechamber " + owner + " " + flag)
	}
	return message, hint
}

// unexpected returns the message for an unexpected argument, which kong's
// suggestions follow, and a hint.
func (a arguments) unexpected(problem string) (message, hint string) {
	word, hint := withSuggestions(problem)
	var commands []string
	for _, node := range a.app.Children {
		commands = append(commands, node.Name)
	}
	near := guess.Nearest(word, commands)
	switch {
	case a.command.Name == "pull" && strings.Contains(word, "://"):
		hint = didYouMean("--from " + word)
	case a.serving() && strings.HasSuffix(word, ".json"):
		hint = didYouMean("--seed " + word)
	case a.command.Name == "clock" && startsWithDigit(word) && strings.Contains(word, "-"):
		hint = didYouMean("clock set " + word)
	case a.command.Name == "clock" && startsWithDigit(word):
		hint = didYouMean("clock advance " + word)
	case a.command.FullPath() == "antechamber organizations create":
		hint = didYouMean("--name " + word)
	case a.command.FullPath() == "antechamber fault add" && startsWithDigit(word):
		hint = didYouMean("--status " + word)
	case !a.serving() && slices.Contains(commands, word), a.serving() && near != "" && a.contain(a.command.Name):
		hint = didYouMean("antechamber " + near)
	case a.serving() && near != "": // kong takes it for an argument of serve
		hint = didYouMean(near)
	}
	return "unexpected argument " + word, hint
}

// misplacedFlag returns the message for a flag of serve before another command, and
// a hint. Kong's reason follows the flag.
func (a arguments) misplacedFlag(problem string) (message, hint string) {
	flag, _, _ := strings.Cut(problem, " ")
	if owner := a.owner(flag); a.serving() && owner != "" && a.contain(owner) {
		return flag + " must follow the command", didYouMean("antechamber " + owner + " " + flag)
	}
	_, other, _ := strings.Cut(problem, ", not ")
	return flag + " is a flag of serve, not of " + strings.Trim(other, `"`), ""
}

// badValue returns the message for a missing or invalid value of a flag or argument,
// and a hint.
func (a arguments) badValue(problem string) (message, hint string) {
	name, reason, _ := strings.Cut(problem, ": ")
	hyphen := strings.Contains(reason, "flag); perhaps try") // the value begins with one
	_, got, _ := strings.Cut(reason, `but got "`)
	got, _, _ = strings.Cut(got, `" (`)
	if hyphen && isNegative(got) {
		reason = cmp.Or(typeError(a.command, name, got), reason)
	}
	switch {
	case strings.HasPrefix(reason, `invalid "`), strings.HasPrefix(reason, "invalid: "): // from badValue or badSecret of a flag's type
		return "invalid " + name + strings.TrimPrefix(reason, "invalid"), ""
	case strings.HasPrefix(reason, "bool value must be "):
		_, got, _ := strings.Cut(reason, " but got ")
		return text.Invalid(name, got, "true or false"), ""
	case name == "missing flags":
		flag, _, _ := strings.Cut(reason, "=")
		return flag + " is required", ""
	case strings.HasPrefix(problem, `expected "<`):
		argument, _, _ := strings.Cut(strings.TrimPrefix(problem, `expected "`), ">")
		return argument + "> is required", ""
	case len(a.args) > 0 && a.args[len(a.args)-1] == name: // kong's message calls the value "EOL"
		return "missing value for " + name, ""
	case hyphen && isNegative(got):
		return text.Invalid(name, text.Quote(got), noHyphen), ""
	case hyphen:
		return "missing value for " + name, text.Quote(got) + " looks like a flag"
	}
	return problem, ""
}

// didYouMean returns a suggestion.
func didYouMean(s string) string { return remedy.Meant(s).String() }

// withSuggestions returns what was misspelled, and a hint with kong's suggestions.
func withSuggestions(problem string) (typed, hint string) {
	typed, suggestions, ok := strings.Cut(problem, ", did you mean ")
	if ok {
		hint = nearOnly(typed, suggestions)
	}
	return typed, hint
}

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

// typeError returns the error of the flag's type for a value that kong took for
// another flag, or "" if the type accepts the value.
func typeError(command *kong.Node, name, value string) string {
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
