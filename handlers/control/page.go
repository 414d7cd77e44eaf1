package control

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// browserPage is the manifest for people with a browser: links to what programs read. With a
// Problem it says why it shows nothing.
type browserPage struct {
	Version       string
	URL           string
	Organizations []organization
	More          int // organizations that are not listed
	Problem, Hint string
}

// IsPage reports whether a browser asks for the page.
func IsPage(r *http.Request) bool {
	path := r.URL.Path
	return (path == "/" || path == Base || path == Base+"/") && (r.Method == http.MethodGet || r.Method == http.MethodHead) && accepts(r, "text/html")
}

// html returns the page as HTML that loads and runs nothing.
func (p browserPage) html() (document, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return document{"text/html; charset=utf-8", b.Bytes()}, err
}

// refusedPage returns the page of a refusal.
func (s *plane) refusedPage(refused refusal) (document, error) {
	return browserPage{Version: s.Version, Problem: refused.message, Hint: refused.hint()}.html()
}
