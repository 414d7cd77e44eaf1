package handlers

import (
	"net/http"
	"testing"
)

// Test helpers shared with package handlers_test.
const (
	Acme       = acme
	TestKey    = testKey
	Users      = users
	Invites    = invites
	Workspaces = workspaces
	Keys       = keys
	Live       = live
)

var (
	Documented = documented
	Field      = field
	Same       = same
	SetHeaders = setHeaders
)

// Conforms fails the test unless the response conforms to the OpenAPI documents.
func Conforms(t testing.TB, errors Errors, method, path, version string, status int, header http.Header, body string) {
	t.Helper()
	conforms(t, errors, method, path, version, result{status, header, body})
}

// Route returns the path template in the OpenAPI document that matches a path, or the
// empty string.
func Route(t testing.TB, path string) string {
	t.Helper()
	doc, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	route, _ := doc.Route(path)
	return route
}
