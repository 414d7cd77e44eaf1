package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/internal/jsontree"
	"antechamber/internal/pattern"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

var requestRoutes = []route{
	{ID: "listRequests", Method: http.MethodGet, Path: Base + "/requests", handle: listRequests, query: requestFilters},
	{ID: "clearRequests", Method: http.MethodDelete, Path: Base + "/requests", handle: clearRequests},
	{ID: "streamRequests", Method: http.MethodGet, Path: Base + "/requests/stream", handle: streamRequests, stream: true},
	{ID: "verify", Method: http.MethodPost, Path: Base + "/verify", handle: verify, fields: []string{"expect", "in_order", "no_others"}},
}

// requestFilters are the query parameters that select journal entries.
var requestFilters = []string{"since", "operation", "method", "path", "status", "limit"}

func listRequests(c *call) (any, error) {
	log, err := c.journal()
	if err != nil {
		return nil, err
	}
	f := c.filter()
	if len(c.problems) > 0 {
		return nil, refuseQuery(c.problems, c.more)
	}
	return list[journal.Entry]{log.Entries(f)}, nil
}

// filter reads the filter from the query, and notes invalid parameters.
func (c *call) filter() journal.Filter {
	f := journal.Filter{
		Since:     uint64(c.number("since", 0, math.MaxInt, "the seq of a request")),
		Operation: c.operation(),
		Method:    c.parameter("method", nonEmpty),
		Path:      c.pathFilter(),
		Limit:     c.number("limit", 1, math.MaxInt, "a whole number of at least 1"),
	}
	if c.query.Has("status") {
		const want = "a status from 100 to 599, or 0 for a dropped connection"
		f.Status = new(c.number("status", 0, 599, want))
		if 0 < *f.Status && *f.Status < 100 {
			c.note(remedy.Want("status", strconv.Itoa(*f.Status), want))
		}
	}
	return f
}

// pathFilter reads the parameter path.
func (c *call) pathFilter() string {
	path := c.parameter("path", form{want: "a path starting with a slash", valid: func(s string) bool { return strings.HasPrefix(s, "/") }})
	if len(path) > pattern.MaxPath {
		c.note(remedy.Want("path", text.Quote(path), fmt.Sprintf("at most %d bytes", pattern.MaxPath)))
	}
	return path
}

// operation reads the parameter operation.
func (c *call) operation() string {
	id := c.query.Get("operation")
	if all := c.operationIDs(); c.query.Has("operation") && !slices.Contains(all, id) {
		c.note(remedy.WantOperation("operation", id, all))
	}
	return id
}

// operationIDs returns the ids of the Admin API's operations.
func (c *call) operationIDs() []string {
	var ids []string
	for _, op := range c.operations {
		ids = append(ids, op.ID)
	}
	return ids
}

// parameter reads an optional query parameter.
func (c *call) parameter(name string, form form) string {
	s := c.query.Get(name)
	if c.query.Has(name) && !form.valid(s) {
		c.note(remedy.Want(name, text.Quote(s), form.want))
	}
	return s
}

// number reads an optional query parameter that is a whole number.
func (c *call) number(name string, least, most int, want string) int {
	if !c.query.Has(name) {
		return 0
	}
	s := c.query.Get(name)
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		c.note(remedy.Want(name, text.Quote(s), want))
		return 0
	case n < least || n > most:
		c.note(remedy.Want(name, strconv.Itoa(n), want))
		return 0
	}
	return n
}

func clearRequests(c *call) (any, error) {
	log, err := c.journal()
	if err != nil {
		return nil, err
	}
	n := len(log.Entries(journal.Filter{}))
	log.Clear()
	return cleared{n}, nil
}

// journal returns the journal of the organization, or a refusal if the server
// keeps none.
func (c *call) journal() (*journal.Journal, error) {
	if log := c.tools().Journal; log != nil {
		return log, nil
	}
	return nil, refuse(http.StatusConflict, "no_journal", "the server keeps no journal", &remedy.Remedy{Type: remedy.EnableJournal})
}

// satisfied is the response to met expectations. Unmet ones are an error.
type satisfied struct {
	Satisfied bool `json:"satisfied"`
}

func verify(c *call) (any, error) {
	log, err := c.journal()
	if err != nil {
		return nil, err
	}
	v := journal.Verification{
		Expect:   c.expectations(),
		InOrder:  value[bool](c.fields, "in_order", "true or false"),
		NoOthers: value[bool](c.fields, "no_others", "true or false"),
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	if problems := v.Check(c.operationIDs(), c.impossible); len(problems) > 0 {
		return nil, refuseAll(codeInvalidExpectation, problems, 0)
	}
	result, err := v.Verify(c.request.Context(), log.Entries(journal.Filter{}))
	if err != nil {
		return nil, err
	}
	if result.Satisfied {
		return satisfied{true}, nil
	}
	return nil, &refusal{
		status: http.StatusUnprocessableEntity, code: "not_satisfied", message: summarize(result),
		unmet: result.Unmet, moreUnmet: result.MoreUnmet, unexpected: result.Unexpected, moreUnexpected: result.MoreUnexpected,
	}
}

// impossible returns why no call of an expectation's operation could meet it, or
// nil. Otherwise "times": 0 would always be satisfied. Without an operation any
// path is possible: the journal also has requests for unknown paths.
func (c *call) impossible(e journal.Expectation) *remedy.Problem {
	if e.Operation == "" {
		return nil
	}
	p := faults.Impossible(faults.Match{Operation: e.Operation, Method: strings.ToUpper(e.Method), Path: e.Path}, c.operations)
	if p != nil && p.Field == "method" {
		p.Value = text.Quote(e.Method) // as sent
	}
	return p
}

// expectations reads the field expect.
func (c *call) expectations() []journal.Expectation {
	list := c.get("expect")
	if list == nil {
		return nil
	}
	if list.Kind != jsontree.Array {
		c.want(list, "a list of expectations")
		return nil
	}
	if n := len(list.Items); n > journal.MaxExpectations {
		c.want(list, fmt.Sprintf("at most %d expectations, not %d", journal.MaxExpectations, n))
		return nil
	}
	all := make([]journal.Expectation, len(list.Items))
	for i, item := range list.Items {
		if item.Kind != jsontree.Object {
			c.want(item, "an object")
			continue
		}
		f := fieldsIn(c.doc, item, expectationFields)
		all[i] = f.expectation()
		c.problems, c.more = append(c.problems, f.problems...), c.more+f.more
	}
	return all
}

var expectationFields = []string{"operation", "method", "path", "query", "body", "status", "times"}

func (f *fields) expectation() journal.Expectation {
	e := journal.Expectation{
		Operation: f.text("operation", nonEmpty),
		Method:    f.text("method", nonEmpty),
		Path:      f.text("path", nonEmpty),
		Query:     value[map[string]journal.Values](f, "query", "an object of values and lists of values"),
		Status:    value[*int](f, "status", "a whole number"),
		Times:     value[*int](f, "times", "a whole number"),
	}
	if body := f.object.Get("body"); body != nil { // null expects no body
		e.Body = f.doc.Raw(body)
	}
	return e
}

// summarize returns a result as one line, for the message of an error.
func summarize(r journal.Result) string {
	var all []string
	for _, u := range r.Unmet {
		all = append(all, fmt.Sprintf("expect[%d]: %s", u.Index, u.Message))
	}
	if r.MoreUnmet > 0 {
		all = append(all, text.AndMore(r.MoreUnmet))
	}
	if n := len(r.Unexpected) + r.MoreUnexpected; n > 0 {
		all = append(all, text.Count(n, "unexpected call"))
	}
	return strings.Join(all, "; ")
}

// keepAlive is how long a stream may be silent.
const keepAlive = 15 * time.Second

// stream writes the live journal as server-sent events.
type stream struct {
	*call
	log *journal.Journal
}

// maxFollowers is the maximum number of streams of a server.
const maxFollowers = 100

func streamRequests(c *call) (any, error) {
	log, err := c.journal()
	if err != nil {
		return nil, err
	}
	if c.followers.Add(1) > maxFollowers {
		c.followers.Add(-1)
		return nil, refuse(http.StatusTooManyRequests, "too_many_followers", fmt.Sprintf("the server has %d followers of its event streams, the maximum", maxFollowers), nil)
	}
	return stream{c, log}, nil
}

// ServeHTTP writes an event for each request until the client disconnects, the
// server stops or the organization is deleted. A client that is too slow is sent
// the number of events that it missed.
func (s stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.followers.Add(-1)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if s.Ending != nil {
		defer context.AfterFunc(s.Ending, cancel)()
	}
	sub := s.subscribe(r.Header.Get("Last-Event-ID"))
	defer sub.Close()
	flow := http.NewResponseController(w)
	// The server's deadlines are too short for a stream. Some writers have none,
	// which is fine too.
	_, _ = flow.SetReadDeadline(time.Time{}), flow.SetWriteDeadline(time.Time{})
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	err := flow.Flush() // the headers
	for err == nil {
		var (
			events []journal.Event
			missed int
		)
		if events, missed, err = nextEvents(ctx, sub); err == nil {
			err = writeEvents(ctx, w, events, missed)
		}
	}
}

// subscribe starts after the given event, or with the next request if none is
// given.
func (s stream) subscribe(lastEventID string) *journal.Subscription {
	if last, err := strconv.ParseUint(lastEventID, 10, 64); err == nil {
		return s.log.SubscribeAfter(last)
	}
	return s.log.Subscribe()
}

// longAgo is a deadline in the past.
var longAgo = time.Unix(1, 0)

// writeEvents writes events, or a comment if there are none. It waits for a slow
// client until ctx ends.
func writeEvents(ctx context.Context, w http.ResponseWriter, events []journal.Event, missed int) (err error) {
	flow := http.NewResponseController(w)
	defer context.AfterFunc(ctx, func() { _ = flow.SetWriteDeadline(longAgo) })()
	if missed > 0 {
		_, err = fmt.Fprintf(w, "event: missed\ndata: {\"missed\":%d}\n\n", missed)
	} else if len(events) == 0 {
		_, err = io.WriteString(w, ": nothing new\n\n")
	}
	for _, e := range events {
		// Not in one piece, which would be a copy for each client.
		for _, part := range []string{"id: ", strconv.FormatUint(e.Seq, 10), "\nevent: request\ndata: ", e.JSON, "\n\n"} {
			if err == nil {
				_, err = io.WriteString(w, part)
			}
		}
	}
	return cmp.Or(err, flow.Flush())
}

// nextEvents waits for entries, and returns none after keepAlive.
func nextEvents(ctx context.Context, sub *journal.Subscription) ([]journal.Event, int, error) {
	waiting, cancel := context.WithTimeout(ctx, keepAlive)
	defer cancel()
	events, missed, err := sub.Next(waiting)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = nil
	}
	return events, missed, err
}
