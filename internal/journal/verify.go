package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"antechamber/internal/text"
)

// Verification is what a test expects of the journal.
//
// A call and its retries count as one call, which has the statuses of all its
// attempts. Every expectation counts all calls that match it, so one call may meet
// several expectations. In order, a call meets at most one: each expectation takes
// the first matching calls after those of the previous expectation.
type Verification struct {
	Expect   []Expectation `json:"expect"`
	InOrder  bool          `json:"in_order"`
	NoOthers bool          `json:"no_others"` // every call must match an expectation
}

// Expectation describes calls. Omitted fields match anything.
type Expectation struct {
	Operation string            `json:"operation,omitempty"`
	Method    string            `json:"method,omitempty"`
	Path      string            `json:"path,omitempty"` // as MatchPath takes it
	Query     map[string]Values `json:"query,omitempty"`
	// Body must be contained in the request's body: an object may have more fields,
	// an array as many elements, each of which matches, and anything else must be
	// equal. null expects no body.
	Body   json.RawMessage `json:"body,omitempty"`
	Status *int            `json:"status,omitempty"` // 0 for a dropped connection
	Times  *int            `json:"times,omitempty"`  // nil for at least once
}

// Values are the values of a query parameter, in any order. In JSON they are one
// value or a list. An empty list expects that the parameter isn't sent.
type Values []string

// UnmarshalJSON reads a string, a number, true or false, or a list of them.
func (v *Values) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(b, &list) != nil || list == nil {
		list = []json.RawMessage{b}
	}
	*v = Values{}
	for _, raw := range list {
		var s string
		switch {
		case json.Unmarshal(raw, &s) == nil && raw[0] == '"':
		case raw[0] == '{' || raw[0] == '[' || string(raw) == "null":
			return fmt.Errorf("invalid query parameter: want a value or a list of values, got %s", raw)
		default:
			s = string(raw) // as in a URL
		}
		*v = append(*v, s)
	}
	return nil
}

// MaxExpectations is the maximum number of expectations of a verification.
const MaxExpectations = 1000

// MaxListed is the maximum length of each list of a Result.
const MaxListed = 100

// Result says whether a verification is satisfied, and why not.
type Result struct {
	Satisfied      bool    `json:"satisfied"`
	Unmet          []Unmet `json:"unmet"` // in the order of the expectations
	MoreUnmet      int     `json:"more_unmet,omitempty"`
	Unexpected     []Entry `json:"unexpected"` // with no_others: the last attempts of calls that match no expectation
	MoreUnexpected int     `json:"more_unexpected,omitempty"`
}

// Unmet is an expectation that was not met.
type Unmet struct {
	Index         int         `json:"index"` // in Expect
	Expectation   Expectation `json:"expectation"`
	Message       string      `json:"message"`   // without the index
	Matched       []uint64    `json:"matched"`   // the first attempts of the matching calls
	TooEarly      []uint64    `json:"too_early"` // the first attempts of calls that came too early
	NearestMisses []Miss      `json:"nearest_misses"`
}

// Miss is a call that almost matches an expectation.
type Miss struct {
	Entry       Entry    `json:"entry"`       // its last attempt
	Differences []string `json:"differences"` // at least one
}

// call is a request with its retries.
type call struct {
	seq      uint64  // of the first attempt
	attempts []Entry // at least one
	path     []string
	query    map[string][]string
	body     any
	sent     bool // it has a body
	cut      bool // only the beginning of the body is known
}

func (c *call) last() *Entry { return &c.attempts[len(c.attempts)-1] }

// callsOf groups entries into calls, in the order of their first attempts.
func callsOf(entries []Entry) []*call {
	var calls []*call
	bySeq := map[uint64]*call{}
	for _, e := range entries {
		seq := e.Seq
		if e.RetryOf != 0 {
			seq = e.RetryOf
		}
		c := bySeq[seq]
		if c == nil {
			c = newCall(seq, e)
			bySeq[seq] = c
			calls = append(calls, c)
		}
		c.attempts = append(c.attempts, e)
	}
	return calls
}

func newCall(seq uint64, e Entry) *call {
	c := &call{seq: seq, path: segments(e.Path), query: parseQuery(e.Query), cut: wasCut(e.RequestBody)}
	c.body, c.sent = parseBody(e.RequestBody)
	return c
}

// parseBody decodes a body, and reports whether there is one.
func parseBody(raw json.RawMessage) (body any, sent bool) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &body) != nil {
		return nil, false
	}
	return body, true
}

// Verify compares the entries, oldest first, with the expectations. Its error is that
// of ctx.
func (v Verification) Verify(ctx context.Context, entries []Entry) (Result, error) {
	calls := callsOf(entries)
	expected := make([]bool, len(calls))
	judged := make([]*judgement, len(v.Expect))
	for i, e := range v.Expect {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		judged[i] = judge(e, calls)
		for _, k := range judged[i].matched {
			expected[k] = true
		}
	}
	if v.InOrder {
		assignInOrder(judged, len(calls))
	}
	r := Result{Unmet: []Unmet{}, Unexpected: []Entry{}}
	for i, j := range judged {
		switch {
		case j.met():
		case len(r.Unmet) == MaxListed:
			r.MoreUnmet++
		default:
			r.Unmet = append(r.Unmet, j.unmet(i, calls))
		}
	}
	for k, c := range calls {
		switch {
		case !v.NoOthers || expected[k]:
		case len(r.Unexpected) == MaxListed:
			r.MoreUnexpected++
		default:
			r.Unexpected = append(r.Unexpected, *c.last())
		}
	}
	r.Satisfied = len(r.Unmet)+len(r.Unexpected) == 0
	return r, nil
}

// judgement is the outcome of an expectation. Calls are identified by their
// index.
type judgement struct {
	expectation Expectation
	wanted      wanted
	near        []near // the nearest calls that resemble it, the newest of equally near ones first
	matched     []int  // the matching calls

	// Only for verifications in order.
	early         []int // matching calls that came too early
	taken         []int // matching calls that other expectations took
	previous      int   // the call that they should have followed, or -1
	previousIndex int   // the index of the expectation that took it
}

// near is a call that doesn't match, and how far it is away.
type near struct{ call, distance int }

func judge(e Expectation, calls []*call) *judgement {
	j := &judgement{expectation: e, wanted: wantedOf(e)}
	for k, c := range calls {
		switch d := j.wanted.distance(c); {
		case d == 0:
			j.matched = append(j.matched, k)
		case j.wanted.resembles(c):
			j.missed(near{k, d})
		}
	}
	return j
}

// missed keeps a call if it is one of the nearest. It is newer than those before it.
func (j *judgement) missed(n near) {
	at := 0
	for at < len(j.near) && j.near[at].distance < n.distance {
		at++
	}
	if at < maxMisses {
		j.near = slices.Insert(j.near, at, n)
		j.near = j.near[:min(maxMisses, len(j.near))]
	}
}

// needed returns how many calls the expectation needs to be met.
func (e Expectation) needed() int {
	if e.Times == nil {
		return 1
	}
	return *e.Times
}

func (j *judgement) met() bool {
	n := len(j.matched)
	return n == j.expectation.needed() || j.expectation.Times == nil && n > 0
}

// assignInOrder assigns each call to at most one expectation, in the order of both.
func assignInOrder(judged []*judgement, calls int) {
	owner := make([]int, calls) // of each call: 1 + the index of its expectation, or 0
	own := takeNeeded(judged, owner)
	assignRest(judged, owner, own)
}

// takeNeeded assigns to each expectation the calls it needs: the first matching ones
// after those of the previous expectation.
func takeNeeded(judged []*judgement, owner []int) [][]int {
	own := make([][]int, len(judged))
	last, lastIndex := -1, -1
	for i, j := range judged {
		j.previous, j.previousIndex = last, lastIndex
		for _, k := range j.matched {
			if k > last && len(own[i]) < j.expectation.needed() {
				owner[k] = i + 1
				own[i] = append(own[i], k)
				last, lastIndex = k, i
			}
		}
	}
	return own
}

// assignRest assigns the remaining calls: they are more matches for an expectation
// without times, too many for one with times, and too early for one that is still
// short of calls.
func assignRest(judged []*judgement, owner []int, own [][]int) {
	next := len(owner) // the first call that a later expectation took
	for i := len(judged) - 1; i >= 0; i-- {
		j := judged[i]
		if j.expectation.Times == nil && len(own[i]) > 0 {
			for _, k := range j.matched {
				if owner[k] == 0 && k > j.previous && k < next {
					owner[k] = i + 1
					own[i] = append(own[i], k)
				}
			}
		}
		if len(own[i]) > 0 {
			next = slices.Min(own[i])
		}
	}
	for i, j := range judged {
		var free []int
		for _, k := range j.matched {
			switch owner[k] {
			case 0:
				free = append(free, k)
			case i + 1:
			default:
				j.taken = append(j.taken, k)
			}
		}
		j.matched = own[i]
		switch {
		case len(own[i]) < j.expectation.needed():
			j.early = free
		case j.expectation.Times != nil:
			j.matched = append(j.matched, free...)
		}
		slices.Sort(j.matched)
	}
}

// maxMisses is the maximum number of near misses that are reported.
const maxMisses = 3

func (j *judgement) unmet(index int, calls []*call) Unmet {
	u := Unmet{
		Index: index, Expectation: j.expectation, Matched: seqs(j.matched, calls), TooEarly: seqs(j.early, calls),
		Message: j.message(calls), NearestMisses: []Miss{},
	}
	if len(j.matched) >= j.expectation.needed() {
		return u // too many calls: there are no misses
	}
	for _, k := range j.early {
		if len(u.NearestMisses) < maxMisses {
			what := fmt.Sprintf("order: request %d came before request %d, which meets expect[%d]", calls[k].seq, calls[j.previous].seq, j.previousIndex)
			u.NearestMisses = append(u.NearestMisses, Miss{*calls[k].last(), []string{what}})
		}
	}
	for _, n := range j.near[:min(len(j.near), maxMisses-len(u.NearestMisses))] {
		c := calls[n.call]
		u.NearestMisses = append(u.NearestMisses, Miss{*c.last(), j.wanted.differences(c)})
	}
	return u
}

func (j *judgement) message(calls []*call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "want %s, got ", j.expectation.number())
	if n := len(j.matched); n == 0 {
		b.WriteString("none")
	} else {
		fmt.Fprintf(&b, "%s (%s)", text.Number(n), requests(seqs(j.matched, calls)))
	}
	if len(j.early) > 0 {
		fmt.Fprintf(&b, "; too early: %s", requests(seqs(j.early, calls)))
	}
	if len(j.taken) > 0 && len(j.matched) < j.expectation.needed() {
		fmt.Fprintf(&b, "; counted for another expectation: %s", requests(seqs(j.taken, calls)))
	}
	return b.String()
}

// number returns the expected number of calls, for messages.
func (e Expectation) number() string {
	switch {
	case e.Times == nil:
		return "at least 1 call"
	case *e.Times == 0:
		return "no calls"
	}
	return "exactly " + text.Count(*e.Times, "call")
}

// maxNamed is the maximum number of requests that a message names.
const maxNamed = 5

func requests(seqs []uint64) string {
	var names []string
	for _, s := range seqs[:min(maxNamed, len(seqs))] {
		names = append(names, strconv.FormatUint(s, 10))
	}
	if len(seqs) > maxNamed {
		names = append(names, "…")
	}
	if len(seqs) == 1 {
		return "request " + names[0]
	}
	return "requests " + strings.Join(names, ", ")
}

// seqs returns the numbers of the first attempts of calls.
func seqs(indexes []int, calls []*call) []uint64 {
	out := []uint64{}
	for _, k := range indexes {
		out = append(out, calls[k].seq)
	}
	return out
}
