package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"antechamber/internal/journal"
	"antechamber/internal/remote"
	"antechamber/internal/text"
)

type requestsCmd struct {
	Since     *number `group:"Which requests:" env:"-" placeholder:"N" help:"Those after number N."`
	Operation *string `group:"Which requests:" env:"-" placeholder:"NAME" help:"Those of an operation, such as createWorkspace."`
	Method    *string `group:"Which requests:" env:"-" placeholder:"METHOD" help:"Those of a method."`
	Path      *string `group:"Which requests:" env:"-" placeholder:"PATH" help:"Those of a path, in which * stands for any part of a segment."`
	Status    *number `group:"Which requests:" env:"-" placeholder:"N" help:"Those answered with a status; 0 is a connection that was dropped."`
	Limit     *limit  `group:"Which requests:" env:"-" placeholder:"N|all" help:"The newest N. 20 by default."`
	Bodies    bool    `env:"-" help:"Print what was sent (>), what was answered (<) and what that changed (*) below each request."`
	Follow    bool    `short:"f" env:"-" help:"Print requests as they come, until Ctrl-C or the end of the server."`
	Clear     bool    `env:"-" help:"Forget all requests."`
	remoteFlags
}

func (requestsCmd) Help() string {
	return `The journal of an organization, the newest request last. Times are by its clock; MS is how long the answer took. A request with a key that nobody has is in the journal of the first organization.

Examples:

  antechamber requests
  antechamber requests --follow
  antechamber requests --status 404 --bodies
  antechamber requests --operation createWorkspace --limit all --json
  antechamber requests --path '/v1/organizations/workspaces/*/members'
  antechamber requests --clear

` + operationNames()
}

// defaultLimit is how many requests are printed when nobody says how many.
const defaultLimit = 20

// limit is a number of requests on the command line, 0 for all of them.
type limit int

// UnmarshalText reads a number, or all.
func (l *limit) UnmarshalText(text []byte) error {
	if string(text) == "all" {
		*l = 0
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 {
		return badValue(text, "a whole number or all")
	}
	*l = limit(n)
	return nil
}

// entry is a request of the journal.
type entry struct{ journal.Entry }

// Run prints the journal, follows it or clears it.
func (c *requestsCmd) Run(ctx context.Context, p *process) error {
	filters := c.filters()
	switch {
	case c.Clear && (len(filters) > 0 || c.Follow || c.Bodies || c.Limit != nil):
		return badInput("--clear forgets all requests: expected no other flag about requests beside it")
	case c.Clear:
		return ask(ctx, &c.remoteFlags, p, request{method: http.MethodDelete, path: "/requests"}, func(w io.Writer, gone cleared) {
			fmt.Fprintf(w, "forgot %s\n", text.Count(gone.Deleted, "request"))
		})
	case c.Follow && c.Limit != nil:
		return badInput("--follow prints what comes: expected no --limit beside it; --since N begins earlier")
	case c.Follow:
		return c.follow(ctx, p, filters)
	}
	return c.list(ctx, p, filters)
}

// filters are the parameters of the query that select requests.
func (c *requestsCmd) filters() url.Values {
	q := url.Values{}
	for name, value := range map[string]*string{"operation": c.Operation, "method": c.Method, "path": c.Path} {
		if value != nil {
			q.Set(name, *value)
		}
	}
	for name, value := range map[string]*number{"since": c.Since, "status": c.Status} {
		if value != nil {
			q.Set(name, strconv.Itoa(int(*value)))
		}
	}
	return q
}

func (c *requestsCmd) list(ctx context.Context, p *process, filters url.Values) error {
	most := defaultLimit
	if c.Limit != nil {
		most = int(*c.Limit)
	}
	if most > 0 {
		filters.Set("limit", strconv.Itoa(most))
	}
	return ask(ctx, &c.remoteFlags, p, request{method: http.MethodGet, path: withQuery("/requests", filters)}, func(w io.Writer, answer struct{ Data []entry }) {
		c.print(w, answer.Data)
		switch n := len(answer.Data); {
		case n == 0 && len(c.filters()) == 0:
			p.note("there is no request in the journal")
		case n == 0:
			p.note("there is no such request in the journal")
		case n == most && c.Limit == nil && answer.Data[0].Seq > 1:
			p.note("these are the newest %d; --limit all prints all of them", n)
		}
	})
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

var requestColumns = []string{"SEQ", "TIME", "STATUS", "METHOD", "PATH", "OPERATION", "ERROR", "FAULT", "MS"}

// columns are what is printed of a request in a line.
func (e entry) columns() []string {
	status, where := strconv.Itoa(e.Status), e.Path
	if e.Status == 0 {
		status = "dropped"
	}
	if e.Query != "" {
		where += "?" + e.Query
	}
	return []string{
		strconv.FormatUint(e.Seq, 10), when(e.Time.Time), status, e.Method, where, e.Operation, e.ErrorType, e.Fault,
		strconv.FormatFloat(e.DurationMS, 'f', 1, 64),
	}
}

// print prints requests as a table, each with its bodies below it.
func (c *requestsCmd) print(w io.Writer, all []entry) {
	rows := make([][]string, len(all))
	for i, e := range all {
		rows[i] = e.columns()
	}
	var b bytes.Buffer
	table(&b, requestColumns, rows)
	for i, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		if line == "" {
			continue
		}
		fmt.Fprintln(w, line)
		if i > 0 {
			c.printBodies(w, all[i-1])
		}
	}
}

func (c *requestsCmd) printBodies(w io.Writer, e entry) {
	if !c.Bodies {
		return
	}
	for _, part := range []struct {
		sign string
		body json.RawMessage
	}{{">", e.RequestBody}, {"<", e.ResponseBody}} {
		if len(part.body) > 0 && string(part.body) != "null" {
			fmt.Fprintf(w, "    %s %s\n", part.sign, text.Printable(string(part.body)))
		}
	}
	for _, f := range e.Effects {
		where := ""
		if f.WorkspaceID != "" {
			where = " in " + f.WorkspaceID
		}
		fmt.Fprintf(w, "    * %s %s%s\n", f.Type, f.ID, where)
	}
}

// follow prints requests as they come. It ends well when it is interrupted, and
// badly with the server.
func (c *requestsCmd) follow(ctx context.Context, p *process, filters url.Values) error {
	plane, err := c.plane()
	if err != nil {
		return err
	}
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	// The stream knows no filters: the server is asked whether they mean
	// anything, and they are applied here.
	filters.Set("limit", "1")
	if _, err := plane.Do(ctx, http.MethodGet, withQuery("/requests", filters), nil); err != nil {
		return c.failed(ctx, p, err, inFlags(nil))
	}
	from := ""
	if c.Since != nil {
		from = strconv.Itoa(int(*c.Since))
	}
	events, err := plane.Open(ctx, from)
	if err != nil {
		return c.failed(ctx, p, err, inFlags(nil))
	}
	p.note("waiting for requests to %s, until Ctrl-C", plane.Address())
	out := &follower{requestsCmd: c, p: p}
	for event, err := range events {
		if err == nil {
			err = out.take(event)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("the server at %s sends no more: it has ended, or the organization has", plane.Address())
		case err != nil:
			return c.failed(ctx, p, err, inFlags(nil))
		}
	}
	return nil
}

// follower prints the events of a stream.
type follower struct {
	*requestsCmd
	p      *process
	widths []int // of the columns so far
}

// take prints an event.
func (f *follower) take(event remote.Event) error {
	if event.Type == "missed" {
		var gap struct{ Missed int }
		_ = json.Unmarshal([]byte(event.Data), &gap)
		f.p.note("missed %s: they came faster than they could be told", text.Count(gap.Missed, "request"))
		return nil
	}
	var e entry
	if err := json.Unmarshal([]byte(event.Data), &e); err != nil {
		return fmt.Errorf("the server's answer is not what a control plane says: %w", err)
	}
	if !f.selects(e) {
		return nil
	}
	var b bytes.Buffer
	if f.JSON {
		fmt.Fprintln(&b, event.Data)
	} else {
		f.line(&b, e)
	}
	_, err := f.p.stdout.Write(b.Bytes())
	return err
}

// The columns of a stream are as wide as those of an ordinary request, until
// one is wider.
var ordinary = []string{"1000", "2026-01-01T00:00:00Z", "dropped", "DELETE", "/v1/organizations/workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", "createOrganizationInvite", "invalid_request_error", "fault_1", ""}

func (f *follower) line(w io.Writer, e entry) {
	if f.widths == nil {
		for _, text := range ordinary {
			f.widths = append(f.widths, len(text))
		}
		f.row(w, requestColumns)
	}
	f.row(w, e.columns())
	f.printBodies(w, e)
}

func (f *follower) row(w io.Writer, cells []string) {
	last := len(cells) - 1
	for i, text := range cells[:last] {
		text = cell(text)
		f.widths[i] = max(f.widths[i], len([]rune(text)))
		fmt.Fprintf(w, "%-*s  ", f.widths[i], text)
	}
	fmt.Fprintln(w, cell(cells[last]))
}

// selects reports whether the filters let a request through, as the server
// understands them.
func (c *requestsCmd) selects(e entry) bool {
	return (c.Operation == nil || *c.Operation == e.Operation) &&
		(c.Method == nil || strings.EqualFold(*c.Method, e.Method)) &&
		(c.Status == nil || int(*c.Status) == e.Status) &&
		(c.Path == nil || journal.MatchPath(*c.Path, e.Path))
}
