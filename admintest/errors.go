package admintest

import (
	"errors"
	"fmt"
	"strings"

	"antechamber/internal/remedy"
	"antechamber/internal/remote"
)

// message returns the text of an error. Errors of the control plane name JSON fields
// and HTTP calls; message names the Go fields, parameters and methods instead.
func message(method string, err error) string {
	refused, ok := errors.AsType[*remote.Error](err)
	if !ok {
		return err.Error()
	}
	e := *refused
	e.Message = inGo(method, fragment(e.Message))
	return strings.Join(e.Lines(
		func(p remedy.Problem) string {
			field := goField(method, p.Field)
			if p.Type == remedy.Missing {
				return field + " is required"
			}
			return p.Say(field)
		},
		func(r *remedy.Remedy, hint string) string {
			if own, known := goRemedy(r); known {
				return own
			}
			return fragment(hint)
		},
	), "\n")
}

// fragment returns a sentence without its full stop. A text that ends in dots may
// end with a name such as "..".
func fragment(sentence string) string {
	if strings.HasSuffix(sentence, "..") {
		return sentence
	}
	return strings.TrimSuffix(sentence, ".")
}

// goNames are the Go names of JSON fields, by method: its parameters, or the fields
// of a parameter.
var goNames = map[string]map[string]string{
	"Clock.Advance": {"advance": "d"},
	"Clock.Set":     {"set": "to"},
	"CreateAPIKey": {
		"name": "Name", "workspace_id": "WorkspaceID", "created_by": "CreatedBy", "expires_at": "ExpiresAt",
		"principal.type": "Principal.Type", "principal.user_id": "Principal.UserID", "principal.service_account_id": "Principal.ServiceAccountID",
	},
}

// inGo returns a message with the Go name of the field that it begins with.
func inGo(method, message string) string {
	if end := strings.IndexAny(message, ": "); end > 0 {
		if name := goNames[method][message[:end]]; name != "" {
			return name + message[end:]
		}
	}
	return message
}

// goField returns the Go name of a JSON field: a field of a Fault, such as
// Action.RetryAfter for action.retry_after; of one of the calls passed to Verify,
// such as calls[0].Path for expect[0].path; or one of goNames. Fields without
// a Go name are returned unchanged.
func goField(method, field string) string {
	if call, ok := strings.CutPrefix(field, "expect["); ok {
		i, name, _ := strings.Cut(call, "].")
		if name == "" {
			return "calls[" + i
		}
		return "calls[" + i + "]." + exportFirst(name)
	}
	object, name, _ := strings.Cut(field, ".")
	switch {
	case object == "match":
		return exportFirst(name)
	case field == "action.type": // in Go, the action's type is the action
		return "Action"
	case object == "action":
		path := "Action"
		for part := range strings.SplitSeq(name, ".") {
			path += "." + camelCase(part)
		}
		return strings.TrimSuffix(path, ".")
	case object == "times", object == "after", object == "probability":
		return camelCase(object)
	case goNames[method][field] != "":
		return goNames[method][field]
	}
	return field
}

// exportFirst returns a path with the Go name of its first field: Body.user_id for
// body.user_id. The others are within the JSON that the user wrote.
func exportFirst(path string) string {
	first, rest, _ := strings.Cut(path, ".")
	return strings.TrimSuffix(camelCase(first)+"."+rest, ".")
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

// goRemedy returns a remedy in terms of this package's methods and options, and
// reports whether it has one. Where it has none, the server's hint is used: it suits
// some types, and is all there is for the types of a newer server. A known remedy is
// empty if a test can do nothing about the error.
func goRemedy(r *remedy.Remedy) (text string, known bool) {
	if r == nil {
		return "", false
	}
	switch r.Type {
	case remedy.AddUser:
		return "AddUser adds one", true
	case remedy.ListOutbox:
		return "Outbox lists the invites that were sent", true
	case remedy.FixAdminKey:
		return "", r.Key == remedy.KeyUnknown // as NameOrganization
	case remedy.ListSnapshots: // there is no method that does
		return "Snapshot takes one", true
	case remedy.NameOrganization: // it is the test's organization, which was deleted
		return "", true
	case remedy.RemoveLimit:
		return fmt.Sprintf("UpdateSettings(map[string]any{%q: nil}) removes the limit", r.Limit), true
	case remedy.ReplaceOneByOne:
		return "Import takes a seed with one organization", true
	case remedy.ResetOrRestore:
		return "Reset and Restore return to an earlier time", true
	case remedy.SendControlToken:
		return "set it with ControlToken or the environment variable ANTECHAMBER_CONTROL_TOKEN", true
	}
	return "", false
}
