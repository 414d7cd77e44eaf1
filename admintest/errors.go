package admintest

import (
	"errors"
	"fmt"
	"strings"

	"antechamber/internal/remedy"
	"antechamber/internal/remote"
)

// inGo returns an error in the words of this package, where it is one of the
// control plane.
func inGo(err error) string {
	refused, ok := errors.AsType[*remote.Error](err)
	if !ok {
		return err.Error()
	}
	return strings.Join(refused.Lines(
		func(p remedy.Problem) string { return p.Say(fieldInGo(p.Field)) },
		func(r *remedy.Remedy, otherwise string) string {
			if words, known := remedyInGo(r); known {
				return words
			}
			return otherwise
		},
	), "\n")
}

// fieldInGo returns the Go name of a field of a Fault, or of one of the calls of
// Verify: Action.RetryAfter for action.retry_after. Other fields have the names
// of parameters.
func fieldInGo(field string) string {
	if call, ok := strings.CutPrefix(field, "expect["); ok {
		i, name, _ := strings.Cut(call, "].")
		if name == "" {
			return "calls[" + i
		}
		name, within, _ := strings.Cut(name, ".")
		return strings.TrimSuffix("calls["+i+"]."+camelCase(name)+"."+within, ".")
	}
	object, name, _ := strings.Cut(field, ".")
	switch object {
	case "match":
		name, within, _ := strings.Cut(name, ".")
		return strings.TrimSuffix(camelCase(name)+"."+within, ".")
	case "action":
		return strings.TrimSuffix("Action."+camelCase(name), ".")
	case "times", "after", "probability":
		return camelCase(object)
	}
	return field
}

// camelCase returns RetryAfter for retry_after.
func camelCase(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// remedyInGo returns a remedy in the methods and options of this package, and
// whether it has words for it: the server's hint is as good for some types, and
// all there is for those of a newer server. Words are empty where a test can do
// nothing.
func remedyInGo(r *remedy.Remedy) (words string, known bool) {
	if r == nil {
		return "", false
	}
	switch r.Type {
	case remedy.AddUser:
		return "AddUser adds one", true
	case remedy.ListOutbox:
		return "Outbox returns the invites that were sent", true
	case remedy.NameOrganization: // the test's own one, so it was deleted
		return "", true
	case remedy.RemoveLimit:
		return fmt.Sprintf("UpdateSettings(map[string]any{%q: nil}) removes the limit", r.Limit), true
	case remedy.ReplaceOneByOne:
		return "Import takes a seed of one organization", true
	case remedy.ResetOrRestore:
		return "Reset and Restore return to an earlier time", true
	case remedy.SendControlToken:
		return "set it with ControlToken or the environment variable ANTECHAMBER_CONTROL_TOKEN", true
	}
	return "", false
}
