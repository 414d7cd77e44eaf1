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
	Since     *number `group:"Filters (default: the newest 20 requests):" env:"-" placeholder:"N" help:"Only requests after number N (SEQ)."`
	Operation *string `group:"Filters (default: the newest 20 requests):" env:"-" placeholder:"NAME" help:"Only requests of this operation, such as createWorkspace."`
	Method    *string `group:"Filters (default: the newest 20 requests):" env:"-" placeholder:"METHOD" help:"Only requests with this method."`
	Path      *string `group:"Filters (default: the newest 20 requests):" env:"-" placeholder:"PATH" help:"Only requests to this path; * matches any part of a segment."`
	Status    *number `group:"Filters (default: the newest 20 requests):" env:"-" placeholder:"N" help:"Only responses with this status; 0 is a dropped connection."`
	Limit     *limit  `group:"Filters (default: the newest 20 requests):" env:"-" placeholder:"N|all" help:"Only the newest N. Default: 20."`
	Bodies    bool    `env:"-" help:"Print request bodies (>), response bodies (<) and effects (*). A body is cut after 200 characters."`
	Full      bool    `env:"-" help:"Like --bodies, with bodies as long as the journal has them."`
	Follow    bool    `short:"f" env:"-" help:"Print requests as they arrive, until Ctrl-C."`
	Clear     bool    `env:"-" help:"Delete all recorded requests."`
	remoteFlags
}

func (requestsCmd) Help() string {
	return `Prints the journal of an organization, newest request last. TIME is the time on the organization's clock, MS the duration in milliseconds. Requests with an unknown key are in the journal of the first organization. A line with ! explains why a request failed, where the response does not.

Examples:

  antechamber requests
  antechamber requests --follow
  antechamber requests --follow --organization 12345678-1234-5678-1234-567812345678
  antechamber requests --status 404 --bodies
  antechamber requests --operation createWorkspace --limit all --json
  antechamber requests --path '/v1/organizations/workspaces/*/members'
  antechamber requests --clear

` + operationNames()
}

// defaultLimit is the number of requests printed without --limit.
const defaultLimit = 20

// limit is a number of requests on the command line, or all as 0.
type limit int

// UnmarshalText reads a number, or all.
func (l *limit) UnmarshalText(text []byte) error {
	if string(text) == "all" {
		*l = 0
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return badValue(text, "a whole number of at least 1, or all")
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
	case c.Clear && (len(filters) > 0 || c.Follow || c.Bodies || c.Full || c.Limit != nil):
		return badInput("--clear cannot be combined with filters, --bodies, --full or --follow")
	case c.Clear:
		return do(ctx, &c.remoteFlags, p, request{method: http.MethodDelete, path: "/requests"}, func(w io.Writer, d cleared) {
			fmt.Fprintf(w, "deleted %s\n", text.Count(d.Deleted, "request"))
		})
	case c.Follow && c.Limit != nil:
		return badInput("--follow and --limit cannot be combined (use --since N to start earlier)")
	case c.Follow:
		return c.follow(ctx, p, filters)
	}
	return c.list(ctx, p, filters)
}

// filters returns the query parameters that select requests.
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
	limit := defaultLimit
	if c.Limit != nil {
		limit = int(*c.Limit)
	}
	if limit > 0 {
		filters.Set("limit", strconv.Itoa(limit))
	}
	return do(ctx, &c.remoteFlags, p, request{method: http.MethodGet, path: withQuery("/requests", filters)}, func(w io.Writer, response struct{ Data []entry }) {
		c.print(w, response.Data)
		switch n := len(response.Data); {
		case n == 0 && len(c.filters()) == 0:
			p.note("no requests in the journal")
		case n == 0:
			p.note("no matching requests in the journal")
		case n == limit && c.Limit == nil && response.Data[0].Seq > 1:
			p.note("showing the newest %d (--limit all shows all)", n)
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

// columns returns the cells of a request in the table.
func (e entry) columns() []string {
	status, path := strconv.Itoa(e.Status), e.Path
	if e.Status == 0 {
		status = "dropped"
	}
	if e.Query != "" {
		path += "?" + e.Query
	}
	return []string{
		strconv.FormatUint(e.Seq, 10), formatTime(e.Time.Time), status, e.Method, path, e.Operation, e.ErrorType, e.Fault,
		strconv.FormatFloat(e.DurationMS, 'f', 1, 64),
	}
}

// print prints requests as a table, with bodies below each row.
func (c *requestsCmd) print(w io.Writer, all []entry) {
	rows := make([][]string, len(all))
	for i, e := range all {
		rows[i] = e.columns()
	}
	var b bytes.Buffer
	printTable(&b, requestColumns, rows)
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

// printBodies prints what follows the row of a request: why it failed, if the
// response does not say, and the bodies.
func (c *requestsCmd) printBodies(w io.Writer, e entry) {
	if e.Hint != "" {
		fmt.Fprintf(w, "    ! %s\n", text.Printable(e.Hint))
	}
	if !c.Bodies && !c.Full {
		return
	}
	for _, part := range []struct {
		sign string
		body json.RawMessage
	}{{">", e.RequestBody}, {"<", e.ResponseBody}} {
		if len(part.body) > 0 && string(part.body) != "null" {
			fmt.Fprintf(w, "    %s %s\n", part.sign, c.cut(text.Printable(string(part.body))))
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

// maxShown is the number of characters of a body that are printed without --full.
const maxShown = 200

// cut returns a body as it is printed.
func (c *requestsCmd) cut(body string) string {
	if shown := []rune(body); len(shown) > maxShown && !c.Full {
		return fmt.Sprintf("%s… (%s; --full prints all)", string(shown[:maxShown]), text.Count(len(body), "byte"))
	}
	return body
}

// follow prints requests as they arrive. Ctrl-C ends it without an error, the end
// of the server with one.
func (c *requestsCmd) follow(ctx context.Context, p *process, filters url.Values) error {
	plane, err := c.plane()
	if err != nil {
		return err
	}
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	// The stream takes no filters, so they are applied here. This request lets the
	// server check them.
	filters.Set("limit", "1")
	if _, err := plane.Do(ctx, http.MethodGet, withQuery("/requests", filters), nil); err != nil {
		return c.failed(ctx, p, err, inFlags(nil))
	}
	name, err := organizationName(ctx, plane)
	if err != nil {
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
	if name != "" {
		name = ", organization " + text.Printable(name)
	}
	p.note("waiting for requests to %s%s (stop with Ctrl-C; --admin-key or --organization selects another)", plane.Address(), name)
	out := &follower{requestsCmd: c, p: p}
	for event, err := range events {
		if err == nil {
			err = out.take(event)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("connection to %s closed: the server stopped or the organization was deleted", plane.Address())
		case err != nil:
			return c.failed(ctx, p, err, inFlags(nil))
		}
	}
	return nil
}

// organizationName returns the name of the organization that a control plane selects.
func organizationName(ctx context.Context, plane *remote.Plane) (string, error) {
	var manifest struct{ Organization organization }
	err := plane.Call(ctx, http.MethodGet, "", nil, &manifest)
	return manifest.Organization.Name, err
}

// follower prints the events of a stream.
type follower struct {
	*requestsCmd
	p      *process
	widths []int // of the columns; they only grow
}

// take prints an event.
func (f *follower) take(event remote.Event) error {
	if event.Type == "missed" {
		var gap struct{ Missed int }
		_ = json.Unmarshal([]byte(event.Data), &gap)
		f.p.note("missed %s: they arrived faster than they could be sent", text.Count(gap.Missed, "request"))
		return nil
	}
	var e entry
	if err := json.Unmarshal([]byte(event.Data), &e); err != nil {
		return unexpectedResponse(err)
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

// typicalRow sets the initial widths of the columns of a stream.
var typicalRow = []string{"1000", "2026-01-01T00:00:00Z", "dropped", "DELETE", "/v1/organizations/workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", "createOrganizationInvite", "invalid_request_error", "fault_1", ""}

func (f *follower) line(w io.Writer, e entry) {
	if f.widths == nil {
		for _, text := range typicalRow {
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

// selects reports whether a request passes the filters. It follows the rules of
// the server.
func (c *requestsCmd) selects(e entry) bool {
	return (c.Operation == nil || *c.Operation == e.Operation) &&
		(c.Method == nil || strings.EqualFold(*c.Method, e.Method)) &&
		(c.Status == nil || int(*c.Status) == e.Status) &&
		(c.Path == nil || journal.MatchPath(*c.Path, e.Path))
}
