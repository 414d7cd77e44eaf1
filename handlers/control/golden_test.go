package control

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updating = flag.Bool("update", false, "write the responses to the transcripts")

// notShown are the operations whose response isn't a short JSON object.
var notShown = []string{"getOpenAPI", "streamRequests"}

// Transcripts show requests and responses of every operation. A file consists of
// blocks like
//
//	### what it shows
//	POST /clock
//	{"advance":"21d"}
//
//	200
//	{…}
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		srv := serve(t, acme)
		srv.record(threeRequests...)
		var b strings.Builder
		for _, block := range strings.Split(string(text), "### ")[1:] {
			request, _, _ := strings.Cut(block, "\n\n")
			lines := strings.SplitN(request, "\n", 3)
			method, path, _ := strings.Cut(lines[1], " ")
			body := strings.Join(lines[2:], "")
			got := srv.do(method, path, body)
			fmt.Fprintf(&b, "### %s\n%s %s\n", lines[0], method, path)
			if body != "" {
				fmt.Fprintln(&b, body)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, []byte(got.body), "", "  "); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "\n%d\n%s\n\n", got.status, strings.TrimSpace(indented.String()))
			if plain, _, _ := strings.Cut(path, "?"); got.status == 200 {
				route, _ := doc.Route(Base + plain)
				shown[method+" "+route] = true
			}
		}
		if *updating {
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		same(t, file, string(text), b.String())
	}
	for _, rt := range routes {
		if !shown[rt.Method+" "+rt.Path] && !slices.Contains(notShown, rt.ID) {
			t.Errorf("no transcript has a successful %s", rt.ID)
		}
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	same(t, "openapi.json", string(OpenAPI), serve(t, acme).do("GET", "/openapi.json", "").body)
}
