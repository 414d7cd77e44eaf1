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
	// shownRequests is how many requests a failed test shows.
	shownRequests = 20
	// shownCharacters is how much of each request body it shows.
	shownCharacters = 200
)

// reportWhenFailed logs a report at the end of the test if it has failed. The report
// covers the requests after the given sequence number.
func (s *Server) reportWhenFailed(since uint64) {
	before, _ := s.org.counts()
	s.t.Cleanup(func() {
		if !s.t.Failed() {
			return
		}
		if resets, _ := s.org.counts(); resets > before { // a reset numbers requests from 1 again
			since = 0
		}
		s.t.Log(s.report(since))
	})
}

// report describes the last requests after the given sequence number, the armed
// faults, and how to run the test again. It never fails, since the test already has.
func (s *Server) report(since uint64) string {
	var found struct{ Data []journal.Entry }
	err := s.plane.Call(context.Background(), http.MethodGet, fmt.Sprintf("/requests?limit=%d&since=%d", shownRequests, since), nil, &found)
	var lines []string
	switch n := len(found.Data); {
	case err != nil:
		lines = append(lines, "admintest: cannot list requests: "+message("Requests", err))
	case n == 0:
		lines = append(lines, "admintest: no requests in the journal")
	case n == 1:
		lines = append(lines, "admintest: last request:")
	default:
		lines = append(lines, fmt.Sprintf("admintest: last %d requests:", n))
	}
	for i, e := range found.Data {
		if i == 0 || !e.Time.Equal(found.Data[i-1].Time) {
			lines = append(lines, "  at "+e.Time.String())
		}
		lines = append(lines, "  "+requestLine(newRequest(e)))
	}
	armed, _ := s.faults() // on failure, listing the requests has failed too
	for _, f := range armed {
		lines = append(lines, "  "+faultLine(f))
	}
	return strings.Join(append(lines,
		fmt.Sprintf("admintest: %s; to run this test alone: go test %s", s.origin, testFlags(s.t.Name())),
		"admintest: "+s.saveState()), "\n")
}

// newest returns the sequence number of the newest request in the journal, or 0.
func (s *Server) newest() uint64 {
	var found struct{ Data []journal.Entry }
	err := s.plane.Call(context.Background(), http.MethodGet, "/requests?limit=1", nil, &found)
	if err != nil || len(found.Data) == 0 { // if the server has no journal, the report says so
		return 0
	}
	return found.Data[0].Seq
}

// faultLine returns a fault and how many times it has fired, on one line.
func faultLine(f faults.Fault) string {
	line := f.ID + ": " + string(f.Action.Type)
	if f.Action.Status > 0 {
		line += " " + strconv.Itoa(f.Action.Status)
	}
	preposition := " on "
	for _, part := range []string{f.Match.Operation, f.Match.Method, f.Match.Path, string(f.Match.Body)} {
		if part != "" {
			line += preposition + part
			preposition = " "
		}
	}
	switch f.Hits {
	case 0:
		return line + ", never fired"
	case 1:
		return line + ", fired once"
	}
	return fmt.Sprintf("%s, fired %d times", line, f.Hits)
}

// saveState writes the organization to a file if test artifacts are kept, and
// returns how to use the file or how to get one.
func (s *Server) saveState() string {
	artifacts := flag.Lookup("test.artifacts")
	t, ok := s.t.(interface{ ArtifactDir() string })
	if artifacts == nil || artifacts.Value.String() != "true" || !ok {
		return "go test -artifacts saves the organization's final state as a seed"
	}
	file := filepath.Join(t.ArtifactDir(), "organization.json")
	if _, err := os.Stat(file); err == nil { // of another organization of the test
		file = filepath.Join(t.ArtifactDir(), s.OrganizationID+".json")
	}
	state, err := s.plane.Do(context.Background(), http.MethodGet, "/state", nil)
	if err == nil {
		err = os.WriteFile(file, state, 0o600) // it has admin keys
	}
	if err != nil {
		return "cannot save the organization's final state: " + message("Export", err)
	}
	return "to serve the organization's final state: antechamber serve --seed " + file
}

// testFlags returns the flags with which go test runs only the named test.
func testFlags(name string) string {
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

// describeStart describes how a server was started, in flags of the command line.
func (o *options) describeStart(b seed.Options, first store.Contents) string {
	source := "the seed in the test,"
	if o.seedName != "" {
		source = "--seed " + o.seedName
	}
	start := fmt.Sprintf("started with %s --id-seed %d", source, b.IDSeed)
	if first.Clock.Frozen {
		start += " --clock " + first.Clock.At.Format(time.RFC3339Nano)
	}
	return strings.Join(append([]string{start}, o.flags...), " ")
}

// requestLine returns a request and its outcome on one line.
func requestLine(r Request) string {
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
	if r.Status == http.StatusUnauthorized && r.Key != "" {
		parts = append(parts, "(key "+r.Key+")")
	}
	if r.Fault != "" {
		parts = append(parts, "("+r.Fault+")")
	}
	if r.Hint != "" {
		parts = append(parts, "(hint: "+r.Hint+")")
	}
	return strings.Join(parts, " ")
}

// outcome returns the status and error of a response.
func outcome(r Request) string {
	switch {
	case r.Status == 0:
		return "dropped"
	case r.ErrorType == "":
		return strconv.Itoa(r.Status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Status, r.ErrorType, r.ErrorCode))
}
