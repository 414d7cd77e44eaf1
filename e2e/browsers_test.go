package e2e

import (
	"net/http"
	"testing"
)

// TestBrowsers sends what browsers send to the binary: for a page that has made its
// name resolve to 127.0.0.1, and for one under an allowed name.
func TestBrowsers(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo", "--allow-host", "emulator.test", "--cors", "*")
	for _, c := range []struct {
		name, host    string
		browser       bool
		admin, clocks int // statuses of both APIs
	}{
		{"a page under its own name", "evil.test:4020", true, 403, 403},
		{"a page under an allowed name", "emulator.test:4020", true, 200, 200},
		{"a page on localhost", "localhost:3000", true, 200, 200},
		{"a proxy", "evil.test:4020", false, 200, 403},
	} {
		headers := []string{"host", c.host, "x-api-key", adminKey}
		if c.browser {
			headers = append(headers, "user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
		}
		got, err := send(t, s.http, http.MethodGet, s.URL+"/v1/organizations/users", "", headers...)
		noError(t, c.name, err)
		equal(t, "status of the Admin API, "+c.name, c.admin, got.Status)
		equal(t, "hint, "+c.name, c.admin == 403, got.Header.Get("x-emulate-hint") != "")
		got, err = send(t, s.http, http.MethodGet, s.URL+"/_emulate/clock", "", headers...)
		noError(t, c.name, err)
		equal(t, "status of the control plane, "+c.name, c.clocks, got.Status)
	}
}
