package handlers

import (
	"net/http"
	"testing"
)

// What tests that see this package from outside share with those within.
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
	Described  = described
	Field      = field
	Same       = same
	SetHeaders = setHeaders
)

// Conforms fails the test unless the answer is what the documents describe.
func Conforms(t testing.TB, errors Errors, method, path string, status int, header http.Header, body string) {
	t.Helper()
	conforms(t, errors, method, path, result{status, header, body})
}

// Route returns the route of a path as the documents write it, empty when they do
// not know it.
func Route(t testing.TB, path string) string {
	t.Helper()
	doc, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	route, _ := doc.Route(path)
	return route
}
