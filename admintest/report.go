package admintest

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

const (
	// shownRequests is how many requests a test that has failed shows.
	shownRequests = 20
	// shownCharacters is how much of each body it shows.
	shownCharacters = 200
)

// reportWhenFailed logs a report at the end of the test if it has failed: on
// the requests after the one with the given sequence number.
func (s *Server) reportWhenFailed(since uint64) {
	began, _ := s.org.counts()
	s.t.Cleanup(func() {
		if !s.t.Failed() {
			return
		}
		if resets, _ := s.org.counts(); resets > began { // the journal counts from 1 again
			since = 0
		}
		s.t.Log(s.report(since))
	})
}

// report returns the last requests after since, the armed faults, and how to
// run the test again. It never fails: the test has already.
func (s *Server) report(since uint64) string {
	var found struct{ Data []journal.Entry }
	err := s.plane.Call(context.Background(), http.MethodGet, fmt.Sprintf("/requests?limit=%d&since=%d", shownRequests, since), nil, &found)
	var lines []string
	switch n := len(found.Data); {
	case err != nil:
		lines = append(lines, "admintest: the requests cannot be told: "+err.Error())
	case n == 0:
		lines = append(lines, "admintest: no requests in the journal")
	case n == 1:
		lines = append(lines, "admintest: the last request")
	default:
		lines = append(lines, fmt.Sprintf("admintest: the last %d requests", n))
	}
	for i, e := range found.Data {
		if i == 0 || !e.Time.Equal(found.Data[i-1].Time) {
			lines = append(lines, "  at "+e.Time.String())
		}
		lines = append(lines, "  "+line(requestOf(e)))
	}
	armed, _ := s.faults() // if that fails, so have the requests
	for _, f := range armed {
		lines = append(lines, "  "+armedOf(f))
	}
	return strings.Join(append(lines,
		fmt.Sprintf("admintest: it began with %s; this test alone is go test %s", s.origin, alone(s.t.Name())),
		"admintest: "+s.keep()), "\n")
}

// newest returns the sequence number of the newest request in the journal, or 0.
func (s *Server) newest() uint64 {
	var found struct{ Data []journal.Entry }
	err := s.plane.Call(context.Background(), http.MethodGet, "/requests?limit=1", nil, &found)
	if err != nil || len(found.Data) == 0 { // where there is no journal, the report says so
		return 0
	}
	return found.Data[0].Seq
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

// alone returns the arguments with which go test runs one test.
func alone(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	pattern := "'" + strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`) + "'"
	if strings.HasPrefix(name, "Benchmark") {
		return "-run '^$' -bench " + pattern
	}
	return "-run " + pattern
}

// told says how a server began, in the words of the command line.
func (o *options) told(b seed.Options, first store.Contents) string {
	from := "the seed in the test,"
	if o.seedName != "" {
		from = "--seed " + o.seedName
	}
	words := fmt.Sprintf("%s --id-seed %d", from, b.IDSeed)
	if first.Clock.Frozen {
		words += " --clock " + first.Clock.At.Format(time.RFC3339Nano)
	}
	return strings.Join(append([]string{words}, o.flags...), " ")
}

// line is a request in a line.
func line(r Request) string {
	parts := []string{fmt.Sprintf("#%d", r.Seq), r.Method, r.Path}
	if len(r.Query) > 0 {
		parts[2] += "?" + r.Query.Encode()
	}
	if body := text.Shorten(string(r.Body), shownCharacters); body != "null" {
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
