package admintest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"antechamber/emulator"
	"antechamber/handlers/faults"
	"antechamber/handlers/journal"
	"antechamber/store"
)

const (
	// shownRequests is how many requests a test that has failed shows.
	shownRequests = 20
	// shownBytes is how much of each body it shows.
	shownBytes = 200
)

// log is what the report of a test that fails has beside the journal.
type log struct {
	forked atomic.Bool // other organizations were made from this one

	mu       sync.Mutex
	restarts int                     // of the journal
	told     uint64                  // the last request that a report has told
	faults   map[string]faults.Fault // that were armed, by id, as they were last seen
	before   []journal.Entry         // what was cleared
}

func (l *log) arm(f faults.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.faults == nil {
		l.faults = map[string]faults.Fault{}
	}
	l.faults[f.ID] = f
}

// keep keeps what is about to be cleared.
func (l *log) keep(entries []journal.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = append(l.before, entries...)
	l.before = l.before[max(0, len(l.before)-shownRequests):]
}

// restart is for a journal that counts from 1 again.
func (l *log) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.restarts++
	l.told, l.before = 0, nil
}

// begin gives where the part of a test begins.
func (l *log) begin(entries []journal.Entry) place {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
	p := place{restarts: l.restarts}
	if len(entries) > 0 {
		p.after = entries[len(entries)-1].Seq
	}
	return p
}

// place is a place in the journal.
type place struct {
	restarts int
	after    uint64
}

// newest gives the newest requests, none when they cannot be told.
func (s *Server) newest() []journal.Entry {
	var found struct{ Data []journal.Entry }
	path := "/requests?limit=" + strconv.Itoa(shownRequests)
	_ = s.plane.Call(context.Background(), http.MethodGet, path, nil, &found) // whoever asks has something else to say
	return found.Data
}

// reportWhenFailed lets a test that has failed say what was asked of the server
// from now on, and how to see it again.
func (s *Server) reportWhenFailed() {
	begun := s.log.begin(s.newest())
	s.t.Cleanup(func() {
		if !s.t.Failed() {
			return
		}
		if report := s.report(begun); report != "" {
			s.t.Log(report)
		}
	})
}

// report says what was asked and is not told yet: a subtest that has failed has
// told its part. It never fails: the test has, already.
func (s *Server) report(begun place) string {
	newest := s.newest()
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	after := s.log.told
	if begun.restarts == s.log.restarts {
		after = max(after, begun.after)
	}
	var entries []journal.Entry
	for _, e := range append(s.log.before, newest...) {
		if e.Seq > after {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 && (s.log.told > 0 || s.log.forked.Load()) {
		return ""
	}
	entries = entries[max(0, len(entries)-shownRequests):]
	var lines []string
	switch n := len(entries); n {
	case 0:
		lines = append(lines, "admintest: no request was made")
	case 1:
		lines = append(lines, "admintest: the last request")
	default:
		lines = append(lines, fmt.Sprintf("admintest: the last %d requests", n))
	}
	for i, e := range entries {
		if i == 0 || !e.Time.Equal(entries[i-1].Time) {
			lines = append(lines, "  at "+e.Time.String())
		}
		lines = append(lines, "  "+line(requestOf(e)))
		s.log.told, s.log.before = e.Seq, nil
	}
	for _, id := range slices.Sorted(maps.Keys(s.log.faults)) {
		lines = append(lines, "  "+armedOf(s.log.faults[id]))
	}
	s.log.faults = nil
	return strings.Join(append(lines,
		fmt.Sprintf("admintest: it began with %s; this test alone is go test -run '%s'", s.begun, pattern(s.t.Name())),
		"admintest: "+s.keep()), "\n")
}

// armedOf words a fault.
func armedOf(f faults.Fault) string {
	words := f.ID + " is " + string(f.Action.Type)
	if f.Action.Status > 0 {
		words += " " + strconv.Itoa(f.Action.Status)
	}
	for _, part := range []string{f.Match.Operation, f.Match.Method, f.Match.Path, string(f.Match.Body)} {
		if part != "" {
			words += " on " + part
		}
	}
	switch f.Hits {
	case 0:
		return words + ", which never happened"
	case 1:
		return words + ", which happened once"
	}
	return fmt.Sprintf("%s, which happened %d times", words, f.Hits)
}

// keep keeps the organization as it is, where the outcome of tests is kept.
func (s *Server) keep() string {
	kept := flag.Lookup("test.artifacts")
	keeper, ok := s.t.(interface{ ArtifactDir() string })
	if kept == nil || kept.Value.String() != "true" || !ok {
		return "go test -artifacts keeps the organization as the test left it, as a seed"
	}
	file := filepath.Join(keeper.ArtifactDir(), "organization.json")
	if _, err := os.Stat(file); err == nil { // of another one of the test
		file = filepath.Join(keeper.ArtifactDir(), s.OrganizationID+".json")
	}
	state, err := s.plane.Do(context.Background(), http.MethodGet, "/state", nil)
	if err == nil {
		err = os.WriteFile(file, state, 0o600) // admin keys are in it
	}
	if err != nil {
		return fmt.Sprintf("the organization as the test left it cannot be kept: %v", err)
	}
	return "the organization as the test left it: antechamber serve --seed " + file
}

// pattern is what go test -run takes for one test.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// told says how a server began, in the words of the command line.
func (o *options) told(b emulator.Beginning, first store.Contents) string {
	from := "the test's SeedJSON,"
	if o.seedName != "" {
		from = "--seed " + o.seedName
	}
	words := fmt.Sprintf("%s --id-seed %d", from, b.IDSeed)
	if first.Clock.Frozen {
		words += " --clock " + first.Clock.At.Format(time.RFC3339Nano)
	}
	return words
}

// line is a request in a line.
func line(r Request) string {
	parts := []string{fmt.Sprintf("#%d", r.Seq), r.Method, r.Path}
	if len(r.Query) > 0 {
		parts[2] += "?" + r.Query.Encode()
	}
	if body := short(r.Body); body != "null" {
		parts = append(parts, body)
	}
	parts = append(parts, "→", outcome(r))
	if r.RetryCount > 0 {
		parts = append(parts, fmt.Sprintf("(retry %d)", r.RetryCount))
	}
	if r.Fault != "" {
		parts = append(parts, "("+r.Fault+")")
	}
	return strings.Join(parts, " ")
}

// outcome is how a request was answered.
func outcome(r Request) string {
	switch {
	case r.Status == 0:
		return "dropped"
	case r.ErrorType == "":
		return strconv.Itoa(r.Status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Status, r.ErrorType, r.ErrorCode))
}

func short(body []byte) string {
	text := string(body)
	if len(text) > shownBytes {
		return strings.ToValidUTF8(text[:shownBytes], "") + "…"
	}
	return text
}

// inOrder puts requests that were asked for by operation into the order in which
// they came.
func inOrder(all []Request) []Request {
	slices.SortFunc(all, func(a, b Request) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}
