package control

import (
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

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/internal/jsontree"
	"antechamber/internal/remedy"
)

var requestRoutes = []route{
	{ID: "listRequests", Method: http.MethodGet, Path: Base + "/requests", handle: listRequests, query: requestFilters},
	{ID: "clearRequests", Method: http.MethodDelete, Path: Base + "/requests", handle: clearRequests},
	{ID: "streamRequests", Method: http.MethodGet, Path: Base + "/requests/stream", handle: streamRequests},
	{ID: "verify", Method: http.MethodPost, Path: Base + "/verify", handle: verify, fields: []string{"expect", "in_order", "no_others"}},
}

// requestFilters are the parameters that select entries of the journal.
var requestFilters = []string{"since", "operation", "method", "path", "status", "limit"}

func listRequests(c *call) (any, error) {
	log, err := c.journal()
	if err != nil {
		return nil, err
	}
	f := c.filter()
	if len(c.problems) > 0 {
		return nil, refuseAll(codeInvalidQuery, c.problems)
	}
	return list[journal.Entry]{log.Entries(f)}, nil
}

// filter reads which entries are asked for, and notes what could be none.
func (c *call) filter() journal.Filter {
	f := journal.Filter{
		Since:     uint64(c.number("since", 0, math.MaxInt, "the number of an entry")),
		Operation: c.operation(),
		Method:    c.parameter("method", aText),
		Path:      c.parameter("path", form{"a path, beginning with a slash", func(s string) bool { return strings.HasPrefix(s, "/") }}),
		Limit:     c.number("limit", 1, math.MaxInt, "a whole number of at least 1"),
	}
	if c.query.Has("status") {
		const is = "a status from 100 to 599, or 0 for a dropped connection"
		f.Status = new(c.number("status", 0, 599, is))
		if 0 < *f.Status && *f.Status < 100 {
			c.want("status", is)
		}
	}
	return f
}

// operation reads the name of an operation.
func (c *call) operation() string {
	id := c.query.Get("operation")
	if all := c.operationIDs(); c.query.Has("operation") && !slices.Contains(all, id) {
		c.note(remedy.WantOperation("operation", id, all))
	}
	return id
}

// operationIDs are the names of the operations of the Admin API.
func (c *call) operationIDs() []string {
	var ids []string
	for _, op := range c.operations {
		ids = append(ids, op.ID)
	}
	return ids
}

// parameter reads a parameter of the query that may be left out.
func (c *call) parameter(name string, form form) string {
	s := c.query.Get(name)
	if c.query.Has(name) && !form.valid(s) {
		c.want(name, form.is)
	}
	return s
}

// number reads a parameter that counts.
func (c *call) number(name string, least, most int, is string) int {
	if !c.query.Has(name) {
		return 0
	}
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil || n < least || n > most {
		c.want(name, is)
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

// journal returns the journal of the organization, if there is one.
func (c *call) journal() (*journal.Journal, error) {
	if log := c.tools().Journal; log != nil {
		return log, nil
	}
	return nil, refuse(http.StatusConflict, "no_journal", "There is no journal.", &remedy.Remedy{Type: remedy.EnableJournal})
}

// satisfied is how expectations are answered that are met. Those that are not
// are a failure that says why.
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
		return nil, refuseAll(codeInvalidExpectation, problems)
	}
	result := v.Verify(log.Entries(journal.Filter{}))
	if result.Satisfied {
		return satisfied{true}, nil
	}
	return nil, &refusal{
		status: http.StatusUnprocessableEntity, code: "not_satisfied", message: said(result),
		unmet: result.Unmet, unexpected: result.Unexpected,
	}
}

// impossible returns why no call of the operation could be what is expected: of
// such a call "never" would always be true. A path alone may be any, the journal
// has calls that no operation answers, too.
func (c *call) impossible(e journal.Expectation) *remedy.Problem {
	if e.Operation == "" {
		return nil
	}
	return faults.Impossible(faults.Match{Operation: e.Operation, Method: strings.ToUpper(e.Method), Path: e.Path}, c.operations)
}

// expectations reads the field expect.
func (c *call) expectations() []journal.Expectation {
	list := c.get("expect")
	if list == nil {
		return nil
	}
	if list.Kind != jsontree.Array {
		c.want("expect", "a list of expectations")
		return nil
	}
	all := make([]journal.Expectation, len(list.Items))
	for i, item := range list.Items {
		if item.Kind != jsontree.Object {
			c.want(item.Path(), "an object")
			continue
		}
		f := fieldsIn(c.doc, item, expectationFields)
		all[i] = f.expectation()
		c.problems = append(c.problems, f.problems...)
	}
	return all
}

var expectationFields = []string{"operation", "method", "path", "query", "body", "status", "times"}

func (f *fields) expectation() journal.Expectation {
	e := journal.Expectation{
		Operation: f.text("operation", aText),
		Method:    f.text("method", aText),
		Path:      f.text("path", aText),
		Query:     value[map[string]journal.Values](f, "query", "an object of values and lists of values"),
		Status:    value[*int](f, "status", "a whole number"),
		Times:     value[*int](f, "times", "a whole number"),
	}
	if body := f.object.Get("body"); body != nil { // null is an expectation too
		e.Body = f.doc.Raw(body)
	}
	return e
}

// said words a result for people who see nothing else of it.
func said(r journal.Result) string {
	var all []string
	for _, u := range r.Unmet {
		all = append(all, fmt.Sprintf("expect[%d]: %s", u.Index, u.Message))
	}
	if n := len(r.Unexpected); n > 0 {
		all = append(all, fmt.Sprintf("calls that nothing expected: %d", n))
	}
	return strings.Join(all, "; ")
}

// keepAlive is how long a stream is silent at most.
const keepAlive = 15 * time.Second

// stream is the live journal, as server-sent events.
type stream struct {
	*call
	log *journal.Journal
}

func streamRequests(c *call) (any, error) {
	log, err := c.journal()
	return stream{c, log}, err
}

// ServeHTTP writes an event for each request, until the client, the server or
// the organization goes. A reader who is too slow is told how many it has
// missed.
func (s stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if s.Ending != nil {
		defer context.AfterFunc(s.Ending, cancel)()
	}
	sub := s.subscribe(r.Header.Get("Last-Event-ID"))
	defer sub.Close()
	flow := http.NewResponseController(w)
	// A stream is longer than a request and its answer may take. Some writers
	// know no end.
	_, _ = flow.SetReadDeadline(time.Time{}), flow.SetWriteDeadline(time.Time{})
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	err := flow.Flush() // the headers
	for err == nil {
		var events string
		if events, err = next(ctx, sub); err == nil {
			err = send(ctx, w, events)
		}
	}
}

// subscribe begins after the event that the reader saw last, and with the
// present when it names none.
func (s stream) subscribe(lastEventID string) *journal.Subscription {
	if last, err := strconv.ParseUint(lastEventID, 10, 64); err == nil {
		return s.log.SubscribeAfter(last)
	}
	return s.log.Subscribe()
}

// longAgo is a deadline that has passed on every clock.
var longAgo = time.Unix(1, 0)

// send writes events, for as long as the reader takes and ctx lasts.
func send(ctx context.Context, w http.ResponseWriter, events string) error {
	flow := http.NewResponseController(w)
	defer context.AfterFunc(ctx, func() { _ = flow.SetWriteDeadline(longAgo) })()
	if _, err := io.WriteString(w, events); err != nil {
		return err
	}
	return flow.Flush()
}

// next waits for what there is to tell, and words it as events.
func next(ctx context.Context, sub *journal.Subscription) (string, error) {
	patient, cancel := context.WithTimeout(ctx, keepAlive)
	defer cancel()
	entries, missed, err := sub.Next(patient)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return ": nothing new\n\n", nil
	}
	var b strings.Builder
	if missed > 0 {
		fmt.Fprintf(&b, "event: missed\ndata: {\"missed\":%d}\n\n", missed)
	}
	for _, e := range entries {
		fmt.Fprintf(&b, "id: %d\nevent: request\ndata: %s\n\n", e.Seq, api.Encode(e))
	}
	return b.String(), err
}
