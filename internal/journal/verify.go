package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"antechamber/internal/text"
)

// Verification is what a test expects to find in the journal.
//
// A call and its retries count as one call, which has been answered with each
// status that one of its attempts was answered with. Every expectation counts
// all calls that it describes, so that one call may meet several of them. In
// order, a call meets at most one: each expectation takes the first calls after
// those that the one before it took.
type Verification struct {
	Expect   []Expectation `json:"expect"`
	InOrder  bool          `json:"in_order"`
	NoOthers bool          `json:"no_others"` // no call but those that an expectation describes
}

// Expectation describes calls. What it leaves out may be anything.
type Expectation struct {
	Operation string            `json:"operation,omitempty"`
	Method    string            `json:"method,omitempty"`
	Path      string            `json:"path,omitempty"` // as MatchPath takes it
	Query     map[string]Values `json:"query,omitempty"`
	// Body is what the request's body holds: of an object at least these
	// fields, of anything else exactly this. null is no body.
	Body   json.RawMessage `json:"body,omitempty"`
	Status *int            `json:"status,omitempty"` // 0 for a dropped connection
	Times  *int            `json:"times,omitempty"`  // at least once when it is left out
}

// Values are what a parameter of a query has: written as one value or a list,
// in any order. An empty list is a parameter that was not sent.
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
			return fmt.Errorf("a parameter of query is a value or a list of values, not %s", raw)
		default:
			s = string(raw) // as a URL writes it
		}
		*v = append(*v, s)
	}
	return nil
}

// Result says whether a verification is satisfied and, if not, why.
type Result struct {
	Satisfied  bool    `json:"satisfied"`
	Unmet      []Unmet `json:"unmet"`      // in the order of the expectations
	Unexpected []Entry `json:"unexpected"` // with no_others: the calls that nothing describes, each by its last attempt
}

// Unmet is an expectation that was not met.
type Unmet struct {
	Index         int         `json:"index"` // in expect
	Expectation   Expectation `json:"expectation"`
	Message       string      `json:"message"`   // without the index
	Matched       []uint64    `json:"matched"`   // the first attempts of the calls that counted
	TooEarly      []uint64    `json:"too_early"` // of those that came before their turn
	NearestMisses []Miss      `json:"nearest_misses"`
}

// Miss is a call that an expectation nearly describes.
type Miss struct {
	Entry       Entry    `json:"entry"`       // its last attempt
	Differences []string `json:"differences"` // at least one
}

// call is a request with its retries.
type call struct {
	seq      uint64  // of the first attempt
	attempts []Entry // at least one
	query    map[string][]string
	body     any
	sent     bool // it has a body
	cut      bool // of which only the beginning is known
}

func (c *call) last() Entry { return c.attempts[len(c.attempts)-1] }

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
	c := &call{seq: seq, query: parseQuery(e.Query), cut: wasCut(e.RequestBody)}
	c.body, c.sent = parseBody(e.RequestBody)
	return c
}

// parseBody also reports whether there is a body.
func parseBody(raw json.RawMessage) (body any, sent bool) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &body) != nil {
		return nil, false
	}
	return body, true
}

// Verify compares the entries, oldest first, with what is expected.
func (v Verification) Verify(entries []Entry) Result {
	calls := callsOf(entries)
	described := make([]bool, len(calls))
	judged := make([]*judgement, len(v.Expect))
	for i, e := range v.Expect {
		judged[i] = judge(e, calls)
		for _, k := range judged[i].matched {
			described[k] = true
		}
	}
	if v.InOrder {
		order(judged, len(calls))
	}
	r := Result{Unmet: []Unmet{}, Unexpected: []Entry{}}
	for i, j := range judged {
		if !j.met() {
			r.Unmet = append(r.Unmet, j.unmet(i, calls))
		}
	}
	for k, c := range calls {
		if v.NoOthers && !described[k] {
			r.Unexpected = append(r.Unexpected, c.last())
		}
	}
	r.Satisfied = len(r.Unmet)+len(r.Unexpected) == 0
	return r
}

// judgement is what was found of an expectation. Calls are named by their
// place among all.
type judgement struct {
	expectation Expectation
	wanted      wanted
	distances   []int // to each call
	matched     []int // the calls that count
	early       []int // in order: those that came before their turn
	spent       []int // in order: those that other expectations took
	before      int   // in order: the call that they should have followed
	beforeIndex int   // and the expectation which that one met
}

func judge(e Expectation, calls []*call) *judgement {
	j := &judgement{expectation: e, wanted: wantedOf(e), distances: make([]int, len(calls))}
	for k, c := range calls {
		if j.distances[k] = distance(j.wanted.compare(c)); j.distances[k] == 0 {
			j.matched = append(j.matched, k)
		}
	}
	return j
}

// needed is how many calls it takes to meet the expectation.
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

// order leaves each expectation the calls that are its own when they have to
// come one after another.
func order(judged []*judgement, calls int) {
	owner := make([]int, calls) // of each call: the expectation's index and one
	own := take(judged, owner)
	leave(judged, owner, own)
}

// take gives each expectation the first calls after those of the one before.
func take(judged []*judgement, owner []int) [][]int {
	own := make([][]int, len(judged))
	last, lastIndex := -1, -1
	for i, j := range judged {
		j.before, j.beforeIndex = last, lastIndex
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

// leave sorts the calls that no expectation took: they are more of the same
// where no number is given, one too many where one is, and too early where
// something is still missing.
func leave(judged []*judgement, owner []int, own [][]int) {
	for i := len(judged) - 1; i >= 0; i-- {
		j := judged[i]
		if j.expectation.Times != nil || len(own[i]) == 0 {
			continue
		}
		for _, k := range j.matched {
			if owner[k] == 0 && k > j.before && k < nextOwned(own[i+1:], len(owner)) {
				owner[k] = i + 1
				own[i] = append(own[i], k)
			}
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
				j.spent = append(j.spent, k)
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

// nextOwned is the first call that a later expectation has taken.
func nextOwned(later [][]int, none int) int {
	for _, own := range later {
		if len(own) > 0 {
			return slices.Min(own)
		}
	}
	return none
}

// mostMisses is how many near misses are shown.
const mostMisses = 3

func (j *judgement) unmet(index int, calls []*call) Unmet {
	u := Unmet{
		Index: index, Expectation: j.expectation, Matched: seqs(j.matched, calls), TooEarly: seqs(j.early, calls),
		Message: j.message(calls), NearestMisses: []Miss{},
	}
	if len(j.matched) >= j.expectation.needed() {
		return u // there are too many: nothing was missed
	}
	for _, k := range j.early {
		if len(u.NearestMisses) < mostMisses {
			what := fmt.Sprintf("order: request %d came before request %d, which meets the expectation with index %d", calls[k].seq, calls[j.before].seq, j.beforeIndex)
			u.NearestMisses = append(u.NearestMisses, Miss{calls[k].last(), []string{what}})
		}
	}
	for _, k := range j.nearest(mostMisses - len(u.NearestMisses)) {
		u.NearestMisses = append(u.NearestMisses, Miss{calls[k].last(), texts(j.wanted.compare(calls[k]))})
	}
	return u
}

// nearest returns the calls that the expectation almost describes, the nearest
// first, and of those that are equally near the newest.
func (j *judgement) nearest(n int) []int {
	var missed []int
	for k := len(j.distances) - 1; k >= 0; k-- {
		if j.distances[k] > 0 {
			missed = append(missed, k)
		}
	}
	slices.SortStableFunc(missed, func(a, b int) int { return j.distances[a] - j.distances[b] })
	return missed[:min(n, len(missed))]
}

func (j *judgement) message(calls []*call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s, found %s", j.expectation.number(), count(len(j.matched)))
	if len(j.matched) > 0 {
		fmt.Fprintf(&b, " (%s)", requests(seqs(j.matched, calls)))
	}
	if len(j.early) > 0 {
		fmt.Fprintf(&b, "; too early: %s", requests(seqs(j.early, calls)))
	}
	if len(j.spent) > 0 && len(j.matched) < j.expectation.needed() {
		fmt.Fprintf(&b, "; counted for another expectation: %s", requests(seqs(j.spent, calls)))
	}
	return b.String()
}

func (e Expectation) number() string {
	switch {
	case e.Times == nil:
		return "at least 1 call"
	case *e.Times == 0:
		return count(0)
	}
	return "exactly " + count(*e.Times)
}

func count(n int) string {
	if n == 0 {
		return "no call"
	}
	return text.Count(n, "call")
}

// mostNamed is how many requests a message names.
const mostNamed = 5

func requests(seqs []uint64) string {
	var names []string
	for _, s := range seqs[:min(mostNamed, len(seqs))] {
		names = append(names, strconv.FormatUint(s, 10))
	}
	if len(seqs) > mostNamed {
		names = append(names, "…")
	}
	if len(seqs) == 1 {
		return "request " + names[0]
	}
	return "requests " + strings.Join(names, ", ")
}

func seqs(places []int, calls []*call) []uint64 {
	out := []uint64{}
	for _, k := range places {
		out = append(out, calls[k].seq)
	}
	return out
}
