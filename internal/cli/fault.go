package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"antechamber/api"
	"antechamber/handlers"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

type faultCmd struct {
	remoteFlags
	List   faultListCmd   `cmd:"" default:"1" help:"List the faults and how often each has fired (the default)."`
	Add    faultAddCmd    `cmd:"" help:"Make requests fail on purpose."`
	Delete faultDeleteCmd `cmd:"" help:"Delete a fault."`
	Clear  faultClearCmd  `cmd:"" help:"Delete every fault."`
}

func (faultCmd) Help() string {
	return `A fault makes requests fail that match it. The official SDKs try 408, 409, 429, 5xx and broken connections again, twice, so that their users see nothing of a fault that fires once or twice.

Examples:

  antechamber fault add error --status 529 --times 3
  antechamber fault add drop_after_commit --operation createWorkspace
  antechamber fault
  antechamber fault clear`
}

type (
	faultListCmd   struct{}
	faultDeleteCmd struct {
		ID string `arg:"" name:"ID" help:"Its id, such as fault_1."`
	}
	faultClearCmd struct{}
)

func (faultListCmd) Help() string { return "Examples:\n\n  antechamber fault list" }

func (faultDeleteCmd) Help() string { return "Examples:\n\n  antechamber fault delete fault_1" }

func (faultClearCmd) Help() string { return "Examples:\n\n  antechamber fault clear" }

type faultAddCmd struct {
	Action string  `arg:"" optional:"" name:"ACTION" help:"What happens: error, delay, drop (the connection closes before the work), drop_after_commit (after it), truncate, malformed or stale_read; - reads the whole fault as JSON from standard input."`
	File   *string `env:"-" placeholder:"FILE" help:"Read the whole fault as JSON from a file."`

	Operation   *string  `group:"Which requests, all of them by default:" env:"-" placeholder:"NAME" help:"Those of an operation, such as createWorkspace."`
	Method      *string  `group:"Which requests, all of them by default:" env:"-" placeholder:"METHOD" help:"Those of a method."`
	Path        *string  `group:"Which requests, all of them by default:" env:"-" placeholder:"PATH" help:"Those of a path, in which * stands for any part of a segment."`
	Body        *string  `group:"Which requests, all of them by default:" env:"-" placeholder:"JSON" help:"Those whose body has these fields."`
	Times       *number  `group:"Which requests, all of them by default:" env:"-" placeholder:"N" help:"The first N that match. Every one by default."`
	After       *number  `group:"Which requests, all of them by default:" env:"-" placeholder:"N" help:"None of the first N that match."`
	Probability *decimal `group:"Which requests, all of them by default:" env:"-" placeholder:"P" help:"Each with a probability of more than 0 and at most 1."`

	Status       *number  `group:"What happens:" env:"-" placeholder:"N" help:"error: its status, 400 to 599."`
	Message      *string  `group:"What happens:" env:"-" placeholder:"TEXT" help:"error: its message."`
	ErrorCode    *string  `group:"What happens:" env:"-" placeholder:"CODE" help:"error: its code, such as invite_already_exists."`
	RetryAfter   *number  `group:"What happens:" env:"-" placeholder:"SECONDS" help:"error: its header retry-after."`
	Duration     *string  `group:"What happens:" env:"-" placeholder:"DURATION" help:"delay: how long, such as 250ms."`
	Distribution *string  `group:"What happens:" env:"-" placeholder:"uniform|lognormal" help:"delay: how its length is drawn, in the place of --duration."`
	Min          *string  `group:"What happens:" env:"-" placeholder:"DURATION" help:"delay, uniform: the shortest."`
	Max          *string  `group:"What happens:" env:"-" placeholder:"DURATION" help:"delay, uniform: the longest."`
	Median       *string  `group:"What happens:" env:"-" placeholder:"DURATION" help:"delay, lognormal: the median."`
	Sigma        *decimal `group:"What happens:" env:"-" placeholder:"N" help:"delay, lognormal: the spread, of the natural logarithm."`
	Bytes        *number  `group:"What happens:" env:"-" placeholder:"N" help:"truncate: how much of the answer's body is sent."`
	Writes       *number  `group:"What happens:" env:"-" placeholder:"N" help:"stale_read: from how many writes ago it answers."`
}

func (faultAddCmd) Help() string {
	return `Examples:

  antechamber fault add error --status 529 --times 3
  antechamber fault add error --status 429 --retry-after 2 --method POST
  antechamber fault add delay --duration 250ms --path '/v1/organizations/workspaces/*'
  antechamber fault add delay --distribution uniform --min 50ms --max 2s
  antechamber fault add drop_after_commit --operation createWorkspace
  antechamber fault add truncate --bytes 20 --probability 0.1
  antechamber fault add stale_read --writes 1 --operation getWorkspace
  antechamber fault add - < fault.json

` + operationNames()
}

// operationNames lists what --operation takes.
func operationNames() string {
	var names []string
	for _, op := range handlers.Operations() {
		names = append(names, op.ID)
	}
	return "Operations: " + strings.Join(names, ", ") + "."
}

// number is a whole number on the command line.
type number int

// UnmarshalText reads a number.
func (n *number) UnmarshalText(text []byte) error {
	i, err := strconv.Atoi(string(text))
	if err != nil {
		return badValue(text, "a whole number")
	}
	*n = number(i)
	return nil
}

// decimal is a number on the command line.
type decimal float64

// UnmarshalText reads a number that JSON can write.
func (d *decimal) UnmarshalText(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !json.Valid(fmt.Append(nil, f)) {
		return badValue(text, "a number")
	}
	*d = decimal(f)
	return nil
}

// fault is a fault as the control plane reads and answers it. Nothing is left
// out of it here but what nobody has said.
type fault struct {
	ID          string      `json:"id,omitempty"`
	Match       match       `json:"match"`
	Action      faultAction `json:"action"`
	Times       *int        `json:"times,omitempty"`
	After       *int        `json:"after,omitempty"`
	Probability *float64    `json:"probability,omitempty"`
	Hits        int         `json:"hits,omitempty"`
}

type match struct {
	Operation *string         `json:"operation,omitempty"`
	Method    *string         `json:"method,omitempty"`
	Path      *string         `json:"path,omitempty"`
	Body      json.RawMessage `json:"body,omitempty"`
}

type faultAction struct {
	Type         string   `json:"type"`
	Status       *int     `json:"status,omitempty"`
	Message      *string  `json:"message,omitempty"`
	ErrorCode    *string  `json:"error_code,omitempty"`
	RetryAfter   *int     `json:"retry_after,omitempty"`
	Duration     *string  `json:"duration,omitempty"`
	Distribution *string  `json:"distribution,omitempty"`
	Min          *string  `json:"min,omitempty"`
	Max          *string  `json:"max,omitempty"`
	Median       *string  `json:"median,omitempty"`
	Sigma        *float64 `json:"sigma,omitempty"`
	Bytes        *int     `json:"bytes,omitempty"`
	Writes       *int     `json:"writes,omitempty"`
}

// Run arms a fault.
func (c *faultAddCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	body, err := c.fault(p)
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: "/faults", body: body, say: c.say}
	switch {
	case c.File != nil:
		r.file = fileName(*c.File)
	case c.Action == "-":
		r.file = fileName("-")
	}
	answer, err := all.send(ctx, p, r)
	if err != nil {
		return err
	}
	var armed fault
	if json.Unmarshal(answer, &armed) == nil && armed.survived() {
		p.note("official SDKs try this again, twice: their users see nothing of it when it fires %s. With --times 3, or without --times, they do", times(*armed.Times))
	}
	return tell(&all.remoteFlags, p, answer, func(w io.Writer, f fault) {
		fmt.Fprintf(w, "armed %s: %s, on %s, %s\n", f.ID, f.Action, f.Match, f.often())
	})
}

// say words what is wrong with the flags. A field that is unknown in the action is
// a flag that belongs to others.
func (c *faultAddCmd) say(p remedy.Problem) string {
	if p.Type != remedy.Unknown {
		return inFlags(map[string]string{"action.type": "ACTION"})(p)
	}
	action := c.Action
	if c.Distribution != nil {
		action += " with --distribution " + *c.Distribution
	}
	var flags []string
	for _, name := range p.Allowed {
		if name != "type" {
			flags = append(flags, asFlag(name))
		}
	}
	return fmt.Sprintf("%s takes no %s (allowed: %s)", action, asFlag(p.Field), cmp.Or(strings.Join(flags, ", "), "none"))
}

// fault returns the fault that the flags, or a file, describe.
func (c *faultAddCmd) fault(p *process) ([]byte, error) {
	given := c.described()
	from := c.File
	if c.Action == "-" && from == nil {
		from = new("-")
		given.Action.Type = ""
	}
	switch {
	case from != nil && (c.Body != nil || !reflect.DeepEqual(given, fault{})):
		return nil, badInput("the JSON of a fault says all of it: expected no other argument beside it")
	case from != nil:
		return readJSON(*from, "fault", p.stdin)
	case c.Action == "":
		return nil, badInput("expected what is to happen: error, delay, drop, drop_after_commit, truncate, malformed or stale_read (see antechamber fault add --help)")
	case c.Body != nil && !json.Valid([]byte(*c.Body)):
		return nil, badInput(`--body: expected JSON, such as {"name":"Research"}, not %q`, *c.Body)
	}
	return bodyOf(given), nil
}

// described is what the flags say.
func (c *faultAddCmd) described() fault {
	f := fault{
		Match: match{Operation: c.Operation, Method: c.Method, Path: c.Path},
		Action: faultAction{
			Type: c.Action, Status: (*int)(c.Status), Message: c.Message, ErrorCode: c.ErrorCode, RetryAfter: (*int)(c.RetryAfter),
			Duration: c.Duration, Distribution: c.Distribution, Min: c.Min, Max: c.Max, Median: c.Median, Sigma: (*float64)(c.Sigma),
			Bytes: (*int)(c.Bytes), Writes: (*int)(c.Writes),
		},
		Times: (*int)(c.Times), After: (*int)(c.After), Probability: (*float64)(c.Probability),
	}
	if c.Method != nil {
		f.Match.Method = new(strings.ToUpper(*c.Method))
	}
	if c.Body != nil && json.Valid([]byte(*c.Body)) {
		f.Match.Body = json.RawMessage(*c.Body)
	}
	return f
}

// fileName returns the name of a file in messages.
func fileName(file string) string {
	if file == "-" {
		return "stdin"
	}
	return file
}

// readJSON returns what is in a file. The file - is standard input.
func readJSON(file, what string, stdin io.Reader) ([]byte, error) {
	file, content, err := readFile(file, stdin)
	if err != nil {
		return nil, badInput("cannot read the %s %s: %w", what, file, err)
	}
	if strings.TrimSpace(string(content)) == "" {
		return nil, badInput("there is nothing in %s: expected a %s in JSON", file, what)
	}
	var object map[string]json.RawMessage
	err = json.Unmarshal(content, &object)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, badInput("%s: expected a %s in JSON: %w (byte %d)", file, what, syntax, syntax.Offset)
	}
	if object == nil {
		return nil, badInput("%s: expected a %s, which is a JSON object", file, what)
	}
	return content, nil
}

// survived reports whether an SDK that tries twice more gets through.
func (f fault) survived() bool {
	if f.Times == nil || *f.Times > 2 {
		return false
	}
	if f.Action.Type == "drop" {
		return true
	}
	if f.Action.Type != "error" || f.Action.Status == nil {
		return false
	}
	switch status := *f.Action.Status; status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	default:
		return status >= http.StatusInternalServerError
	}
}

// often says how often it fires.
func (f fault) often() string {
	var b strings.Builder
	switch {
	case f.Times == nil:
		b.WriteString("every time")
	default:
		b.WriteString(times(*f.Times))
	}
	if f.After != nil && *f.After > 0 {
		fmt.Fprintf(&b, " after the first %d", *f.After)
	}
	if f.Probability != nil && *f.Probability < 1 {
		fmt.Fprintf(&b, " with a probability of %v", *f.Probability)
	}
	return b.String()
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

// String is the match in a few words.
func (m match) String() string {
	var all []string
	for _, part := range []*string{m.Operation, m.Method, m.Path} {
		if part != nil {
			all = append(all, text.Printable(*part))
		}
	}
	if m.Body != nil {
		all = append(all, "with "+text.Printable(string(m.Body)))
	}
	if all == nil {
		return "every request"
	}
	return strings.Join(all, " ")
}

// String is the action in a few words: its type, and what else it has in the
// words of the flags.
func (a faultAction) String() string {
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal([]byte(api.Encode(a)), &fields)
	all := []string{a.Type}
	for _, name := range []string{"status", "message", "error_code", "retry_after", "duration", "distribution", "min", "max", "median", "sigma", "bytes", "writes"} {
		if value, there := fields[name]; there {
			all = append(all, name+"="+text.Printable(strings.Trim(string(value), `"`)))
		}
	}
	return strings.Join(all, " ")
}

// Run lists the faults.
func (c *faultListCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	return ask(ctx, &all.remoteFlags, p, request{method: http.MethodGet, path: "/faults"}, func(w io.Writer, answer struct{ Data []fault }) {
		var rows [][]string
		for _, f := range answer.Data {
			rows = append(rows, []string{f.ID, strconv.Itoa(f.Hits), f.Action.String(), f.Match.String(), f.often()})
		}
		table(w, []string{"ID", "HITS", "ACTION", "ON", "HOW OFTEN"}, rows)
		if len(rows) == 0 {
			p.note("there is no fault; antechamber fault add arms one")
		}
	})
}

// Run deletes a fault.
func (c *faultDeleteCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	id, err := segment("the id of a fault", c.ID)
	if err != nil {
		return err
	}
	return ask(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/faults" + id}, func(w io.Writer, gone deleted) {
		fmt.Fprintf(w, "deleted %s\n", text.Printable(gone.Deleted))
	})
}

// cleared is how the deletion of all of something is answered.
type cleared struct {
	Deleted int `json:"deleted"`
}

// Run deletes every fault.
func (c *faultClearCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	return ask(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/faults"}, func(w io.Writer, gone cleared) {
		if gone.Deleted == 0 {
			fmt.Fprintln(w, "there was no fault")
			return
		}
		fmt.Fprintf(w, "deleted %s\n", text.Count(gone.Deleted, "fault"))
	})
}
