package cli

import (
	"bytes"
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
	"antechamber/handlers/control"
	"antechamber/internal/jsontree"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

type faultCmd struct {
	remoteFlags
	List   faultListCmd   `cmd:"" default:"1" help:"List the armed faults and their hits (the default)."`
	Add    faultAddCmd    `cmd:"" help:"Arm a fault."`
	Delete faultDeleteCmd `cmd:"" help:"Delete a fault."`
	Clear  faultClearCmd  `cmd:"" help:"Delete all faults."`
}

func (faultCmd) Help() string {
	return `An armed fault makes matching requests fail, or delays their responses. Watch out: the official SDKs retry dropped connections and the statuses 408, 409, 429 and 5xx twice, so their users never see a fault that fires only once or twice.

Examples:

  antechamber fault add error --status 529 --times 3
  antechamber fault add drop_after_commit --operation createWorkspace
  antechamber fault
  antechamber fault clear`
}

type (
	faultListCmd   struct{}
	faultDeleteCmd struct {
		ID string `arg:"" name:"ID" help:"Id of the fault, such as fault_1."`
	}
	faultClearCmd struct{}
)

func (faultListCmd) Help() string {
	return "HITS counts how often a fault has fired.\n\nExamples:\n\n  antechamber fault list"
}

func (faultDeleteCmd) Help() string {
	return "antechamber fault lists the ids.\n\nExamples:\n\n  antechamber fault delete fault_1"
}

func (faultClearCmd) Help() string {
	return "Faults of other organizations are kept.\n\nExamples:\n\n  antechamber fault clear"
}

type faultAddCmd struct {
	Action string  `arg:"" optional:"" name:"ACTION" help:"error, delay, drop (close the connection before the request takes effect), drop_after_commit (close it afterwards), truncate, malformed or stale_read; - reads the whole fault as JSON from standard input."`
	File   *string `env:"-" placeholder:"FILE" help:"Read the whole fault as JSON from a file."`

	Operation   *string  `group:"Filters (default: all requests):" env:"-" placeholder:"NAME" help:"Only requests of this operation, such as createWorkspace."`
	Method      *string  `group:"Filters (default: all requests):" env:"-" placeholder:"METHOD" help:"Only requests with this method."`
	Path        *string  `group:"Filters (default: all requests):" env:"-" placeholder:"PATH" help:"Only requests to this path; * matches any part of a segment."`
	Body        *string  `group:"Filters (default: all requests):" env:"-" placeholder:"JSON" help:"Only requests whose body has at least these fields."`
	Times       *number  `group:"Frequency (default: every time):" env:"-" placeholder:"N" help:"Fire N times."`
	After       *number  `group:"Frequency (default: every time):" env:"-" placeholder:"N" help:"Skip the first N matching requests."`
	Probability *decimal `group:"Frequency (default: every time):" env:"-" placeholder:"P" help:"Probability of firing, more than 0 and at most 1."`

	Status       *number  `group:"Action:" env:"-" placeholder:"N" help:"error: HTTP status, 400 to 599. Default: that of the error code."`
	Message      *string  `group:"Action:" env:"-" placeholder:"TEXT" help:"error: message. Default: one that fits the status."`
	ErrorCode    *string  `group:"Action:" env:"-" placeholder:"CODE" help:"error: error code, such as invite_already_exists; the fault fires only on operations that document it."`
	Details      *string  `group:"Action:" env:"-" placeholder:"JSON" help:"error: further fields of the error's details, such as {\"field\":\"external_key_id\"}. Default: those that the error code requires."`
	RetryAfter   *number  `group:"Action:" env:"-" placeholder:"SECONDS" help:"error: retry-after header."`
	Duration     *string  `group:"Action:" env:"-" placeholder:"DURATION" help:"delay: fixed delay, such as 250ms."`
	Distribution *string  `group:"Action:" env:"-" placeholder:"uniform|lognormal" help:"delay: distribution of random delays, instead of --duration."`
	Min          *string  `group:"Action:" env:"-" placeholder:"DURATION" help:"delay, uniform: minimum."`
	Max          *string  `group:"Action:" env:"-" placeholder:"DURATION" help:"delay, uniform: maximum."`
	Median       *string  `group:"Action:" env:"-" placeholder:"DURATION" help:"delay, lognormal: median."`
	Sigma        *decimal `group:"Action:" env:"-" placeholder:"N" help:"delay, lognormal: standard deviation of the natural logarithm."`
	Bytes        *number  `group:"Action:" env:"-" placeholder:"N" help:"truncate: number of response body bytes to send."`
	Writes       *number  `group:"Action:" env:"-" placeholder:"N" help:"stale_read: number of writes by which the response is out of date."`
}

func (faultAddCmd) Help() string {
	return `Each action takes only the flags that are described with its name. A fault that could never fire is refused. --file reads a fault in the form of POST /_emulate/faults.

Examples:

  antechamber fault add error --status 529 --times 3
  antechamber fault add error --status 429 --retry-after 2 --method POST
  antechamber fault add error --error-code external_key_changed
  antechamber fault add error --error-code approval_required --details '{"field":"tags"}'
  antechamber fault add delay --duration 250ms --path '/v1/organizations/workspaces/*'
  antechamber fault add delay --distribution uniform --min 50ms --max 2s
  antechamber fault add drop_after_commit --operation createWorkspace
  antechamber fault add truncate --bytes 20 --probability 0.1
  antechamber fault add stale_read --writes 1 --operation getWorkspace
  antechamber fault add - < fault.json

` + operationNames()
}

// operationNames lists the values of --operation.
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

// fault is a fault in the JSON of the control plane. Its fields are pointers so
// that zero values of flags are sent and absent flags are not.
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
	Type         string          `json:"type"`
	Status       *int            `json:"status,omitempty"`
	Message      *string         `json:"message,omitempty"`
	ErrorCode    *string         `json:"error_code,omitempty"`
	Details      json.RawMessage `json:"details,omitempty"`
	RetryAfter   *int            `json:"retry_after,omitempty"`
	Duration     *string         `json:"duration,omitempty"`
	Distribution *string         `json:"distribution,omitempty"`
	Min          *string         `json:"min,omitempty"`
	Max          *string         `json:"max,omitempty"`
	Median       *string         `json:"median,omitempty"`
	Sigma        *float64        `json:"sigma,omitempty"`
	Bytes        *int            `json:"bytes,omitempty"`
	Writes       *int            `json:"writes,omitempty"`
}

// Run arms a fault.
func (c *faultAddCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	body, err := c.fault(p)
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: "/faults", body: body, describe: c.describe}
	switch {
	case c.File != nil:
		r.file = fileName(*c.File)
	case c.Action == "-":
		r.file = fileName("-")
	}
	response, err := all.send(ctx, p, r)
	if err != nil {
		return err
	}
	var armed fault
	if json.Unmarshal(response, &armed) == nil && armed.hiddenByRetries() {
		p.note("note: %s: official SDKs retry such a failure twice, so their users don't see it if it happens %s (use --times 3, or omit --times)", armed.ID, times(*armed.Times))
	}
	return printResponse(&all.remoteFlags, p, response, func(w io.Writer, f fault) {
		fmt.Fprintf(w, "armed %s: %s, on %s, %s\n", f.ID, f.Action, f.matches(), f.frequency())
	})
}

// describe describes problems of the flags. A field that is unknown to the server
// is the flag of another action, unless it is within the JSON of --details.
func (c *faultAddCmd) describe(p remedy.Problem) string {
	if p.Type != remedy.Unknown || strings.HasPrefix(p.Field, "action.details.") {
		return inFlags(map[string]string{"action.type": "<ACTION>"})(p)
	}
	action := c.Action
	if c.Distribution != nil {
		action += " --distribution " + *c.Distribution
	}
	var flags []string
	for _, name := range p.Allowed {
		if name != "type" {
			flags = append(flags, asFlag(name))
		}
	}
	return asFlag(p.Field) + " cannot be combined with " + action + " " + text.Allowed(flags)
}

// fault returns the fault that the flags describe, or that is in a file, as JSON.
func (c *faultAddCmd) fault(p *process) ([]byte, error) {
	flags := c.fromFlags()
	file, conflict := c.File, "--file cannot be combined with an action or flags that describe a fault"
	if c.Action == "-" && file == nil {
		file, conflict = new("-"), "- (standard input) cannot be combined with flags that describe a fault"
		flags.Action.Type = ""
	}
	switch {
	case file != nil && (c.Body != nil || c.Details != nil || !reflect.DeepEqual(flags, fault{})):
		return nil, badInput("%s", conflict)
	case file != nil:
		return readJSON(*file, "fault", p.stdin)
	case c.Action == "":
		return nil, badInput("missing fault action: want error, delay, drop, drop_after_commit, truncate, malformed or stale_read (see antechamber fault add --help)")
	case c.Body != nil && !json.Valid([]byte(*c.Body)):
		return nil, badBody(*c.Body, `{"name":"Research"}`)
	case c.Details != nil && !json.Valid([]byte(*c.Details)):
		return nil, badJSON("--details", *c.Details, `{"field":"external_key_id"}`)
	}
	return encode(flags), nil
}

// badBody refuses the value of --body.
func badBody(body, example string) error { return badJSON("--body", body, example) }

// badJSON refuses the value of a flag that must be JSON.
func badJSON(flag, value, example string) error {
	return badInput("%s", text.Invalid(flag, text.Quote(value), "JSON, such as "+example))
}

// fromFlags returns the fault that the flags describe.
func (c *faultAddCmd) fromFlags() fault {
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
	if c.Details != nil && json.Valid([]byte(*c.Details)) {
		f.Action.Details = json.RawMessage(*c.Details)
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

// readJSON returns the content of a file, which must be a JSON object. The file -
// is standard input.
func readJSON(file, what string, stdin io.Reader) ([]byte, error) {
	file, content, err := readFile(file, stdin, control.MaxBody)
	if err != nil {
		return nil, badInput("cannot read %s file %s: %w", what, file, err)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, badInput("%s is empty: want a %s as JSON", file, what)
	}
	doc, err := jsontree.ParseWithin(content, jsontree.Limits{Levels: 1})
	if syntax, ok := errors.AsType[*jsontree.SyntaxError](err); ok {
		return nil, badInput("%s:%d:%d: invalid JSON: %s", file, syntax.Line, syntax.Column, syntax.Message)
	}
	if doc.Root.Kind != jsontree.Object {
		line, column := jsontree.Position(content, doc.Root.Start)
		return nil, badInput("%s:%d:%d: %s", file, line, column, text.Invalid(what, "", "a JSON object"))
	}
	return content, nil
}

// hiddenByRetries reports whether an SDK that retries twice succeeds in spite of
// the fault.
func (f fault) hiddenByRetries() bool {
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

// frequency returns how often the fault fires, in words.
func (f fault) frequency() string {
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

// matches returns what a fault matches, in one line. One with an error code fires only
// on operations that document the code.
func (f fault) matches() string {
	if s := f.Match.String(); s != "" {
		return s
	}
	if f.Action.ErrorCode != nil {
		return "every operation with this code"
	}
	return "every request"
}

// String returns the match in one line, or "" if it matches every request.
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
	return strings.Join(all, " ")
}

// String returns the type of the action and its other fields.
func (a faultAction) String() string {
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal([]byte(api.Encode(a)), &fields)
	all := []string{a.Type}
	for _, name := range []string{"status", "message", "error_code", "details", "retry_after", "duration", "distribution", "min", "max", "median", "sigma", "bytes", "writes"} {
		if value, ok := fields[name]; ok {
			all = append(all, name+"="+text.Printable(strings.Trim(string(value), `"`)))
		}
	}
	return strings.Join(all, " ")
}

// Run lists the faults.
func (c *faultListCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodGet, path: "/faults"}, func(w io.Writer, response struct{ Data []fault }) {
		var rows [][]string
		for _, f := range response.Data {
			rows = append(rows, []string{f.ID, strconv.Itoa(f.Hits), f.Action.String(), f.matches(), f.frequency()})
		}
		printTable(w, []string{"ID", "HITS", "ACTION", "MATCH", "TIMES"}, rows)
		if len(rows) == 0 {
			p.note("no faults (antechamber fault add arms one)")
		}
	})
}

// Run deletes a fault.
func (c *faultDeleteCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	id, err := segment("<ID>", c.ID, "the id of a fault")
	if err != nil {
		return err
	}
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/faults" + id}, func(w io.Writer, d deleted) {
		fmt.Fprintf(w, "deleted %s\n", text.Printable(d.Deleted))
	})
}

// cleared is the response of a call that deletes all objects of a kind.
type cleared struct {
	Deleted int `json:"deleted"`
}

// Run deletes all faults.
func (c *faultClearCmd) Run(ctx context.Context, p *process, all *faultCmd) error {
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/faults"}, func(w io.Writer, d cleared) {
		if d.Deleted == 0 {
			fmt.Fprintln(w, "no faults")
			return
		}
		fmt.Fprintf(w, "deleted %s\n", text.Count(d.Deleted, "fault"))
	})
}
