package handlers_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"antechamber/handlers"
)

var updating = flag.Bool("update", false, "write the server's responses to the transcripts")

// exchange is a titled request in a transcript.
type exchange struct {
	title, method, path string
	headers             []string // that override the usual ones
	body                string
}

// header matches the headers of a request in a transcript.
var header = regexp.MustCompile(`^[a-z-]+: `)

// readTranscript returns the requests of a transcript, each in the form
//
//	### title
//	POST /organizations/invites
//	anthropic-version: 2026-10-21
//	{"email":"new@example.com","role":"user"}
//
//	200
//	request-id: req_…
//	{…}
func readTranscript(t *testing.T, text string) (all []exchange) {
	t.Helper()
	for _, block := range strings.Split(text, "### ")[1:] {
		request, _, _ := strings.Cut(block, "\n\n")
		lines := strings.Split(request, "\n")
		if len(lines) < 2 {
			t.Fatalf("no request: %s", block)
		}
		method, path, ok := strings.Cut(lines[1], " ")
		if !ok {
			t.Fatalf("no request line: %s", block)
		}
		e := exchange{title: lines[0], method: method, path: path}
		rest := lines[2:]
		for ; len(rest) > 0 && header.MatchString(rest[0]); rest = rest[1:] {
			e.headers = append(e.headers, rest[0])
		}
		e.body = strings.Join(rest, "\n")
		all = append(all, e)
	}
	return all
}

// write adds the exchange and its response to a transcript: the status, every header
// except Content-Length and Date, and the body, indented.
func (e exchange) write(b *strings.Builder, got result) {
	fmt.Fprintf(b, "### %s\n%s %s\n", e.title, e.method, e.path)
	for _, h := range e.headers {
		fmt.Fprintln(b, h)
	}
	if e.body != "" {
		fmt.Fprintln(b, strings.TrimSpace(e.body))
	}
	fmt.Fprintf(b, "\n%d\n", got.status)
	for _, name := range slices.Sorted(maps.Keys(got.header)) {
		if name == "Content-Length" || name == "Date" {
			continue // the date is real time
		}
		fmt.Fprintf(b, "%s: %s\n", strings.ToLower(name), strings.Join(got.header[name], ", "))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(got.body), "", "  "); err != nil {
		indented.WriteString(got.body)
	}
	fmt.Fprintf(b, "%s\n\n", indented.String())
}

// The transcripts show requests and responses of every operation, headers included.
// The same requests are sent to a server with production's error format, whose
// responses are checked against the vendor's document.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	succeeded := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			srv, prod := serve(t, acme), production(t, acme)
			var b strings.Builder
			for _, e := range readTranscript(t, string(text)) {
				got := srv.do(e.method, e.path, e.body, e.headers...)
				e.write(&b, got)
				same(t, e.title+" with production's errors", got.status, prod.do(e.method, e.path, e.body, e.headers...).status)
				if path, _, _ := strings.Cut(e.path, "?"); got.status == 200 {
					route := handlers.Route(t, path)
					succeeded[e.method+" "+route] = true
				}
			}
			if *updating {
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			same(t, file, string(text), b.String())
		})
	}
	for _, op := range handlers.Documented() {
		if !succeeded[op.Method+" "+op.Path] {
			t.Errorf("%s does not succeed in any transcript", op.ID)
		}
	}
}
