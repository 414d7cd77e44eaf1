package handlers

import (
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"antechamber/internal/hint"
)

// hinted is a request that fails for a reason that production would not give.
type hinted struct {
	name         string
	method, path string
	body         string
	headers      []string // as setHeaders takes them, and host
	status       int
	message      string
	hint         string // a part of it
}

var allHints = []hinted{
	{"an operation of production", "GET", "/organizations/rate_limits", "", nil, 404, "Not found", "production has GET /v1/organizations/rate_limits, but Antechamber does not emulate it"},
	{"one of messages", "POST", "/messages", "{}", nil, 404, "Not found", "production has POST /v1/messages,"},
	{"one below a workspace", "GET", live + "/rate_limits", "", nil, 404, "Not found", "/v1/organizations/workspaces/{workspace_id}/rate_limits,"},
	{"one of the newest", "POST", users + "/user_dev/sign_out", "", nil, 404, "Not found", "POST /v1/organizations/users/{user_id}/sign_out"},
	{"organizations is missing", "GET", "/users", "", nil, 404, "Not found", "did you mean /v1/organizations/users?"},
	{"/v1 is missing", "GET", "~/organizations/users/user_dev", "", nil, 404, "Not found", "did you mean /v1/organizations/users/{user_id}?"},
	{"/v1 twice", "GET", "/v1/organizations/me", "", nil, 404, "Not found", `the base URL must not include "/v1"`},
	{"a prefix", "GET", "~/proxy/v1/organizations/me", "", nil, 404, "Not found", `did you mean /v1/organizations/me? (the base URL must not include "/proxy")`},
	{"misspelled", "GET", "/organisations/me", "", nil, 404, "Not found", "did you mean /v1/organizations/me?"},
	{"alone", "GET", "/organizations", "", nil, 404, "Not found", "did you mean /v1/organizations/me?"},
	{"a hyphen", "GET", "/organizations/api-keys", "", nil, 404, "Not found", "did you mean /v1/organizations/api_keys?"},
	{"members", "GET", "/organizations/members", "", nil, 404, "Not found", "did you mean /v1/organizations/users?"},
	{"invitations", "POST", "/organizations/invitations", "{}", nil, 404, "Not found", "did you mean /v1/organizations/invites?"},
	{"a trailing slash", "GET", users + "/", "", nil, 404, "Not found", "did you mean /v1/organizations/users?"},
	{"a trailing slash after an id", "GET", users + "/user_dev/", "", nil, 404, "Not found", "did you mean /v1/organizations/users/{user_id}?"},
	{"a doubled slash", "GET", "~/v1//organizations/users", "", nil, 404, "Not found", "did you mean /v1/organizations/users?"},

	{"a workspace's key", "GET", users, "", []string{"x-api-key: sk-ant-api03-R2D-igAA"}, 401, "invalid x-api-key", "this is the API key of a workspace"},
	{"an OAuth token", "GET", users, "", []string{"x-api-key: sk-ant-oat01-abc"}, 401, "invalid x-api-key", "OAuth tokens are not emulated"},
	{"no prefix", "GET", users, "", []string{"x-api-key: admin01-test"}, 401, "invalid x-api-key", "does not start with sk-ant-admin"},
	{"the wrong form", "GET", users, "", []string{"x-api-key: sk-ant-admin-test"}, 401, "invalid x-api-key", "an admin key is sk-ant-admin, two digits"},
	{"quotes", "GET", users, "", []string{`x-api-key: "` + testKey + `"`}, 401, "invalid x-api-key", "other characters around it"},
	{"an invisible character", "GET", users, "", []string{"x-api-key: \u200b" + testKey}, 401, "invalid x-api-key", "other characters around it"},
	{"Bearer in x-api-key", "GET", users, "", []string{"x-api-key: Bearer " + testKey}, 401, "invalid x-api-key", "other characters around it"},
	{"an unknown key", "GET", users, "", []string{"x-api-key: sk-ant-admin01-unknown"}, 401, "invalid x-api-key", "a server with --unknown-keys fork"},
	{"two keys", "GET", users, "", []string{"x-api-key: sk-ant-admin01-unknown", "authorization: Bearer " + testKey}, 401, "invalid x-api-key", "x-api-key takes precedence"},
	{"no scheme", "GET", users, "", []string{"x-api-key:", "authorization: " + testKey}, 401, "x-api-key header is required", "without the scheme Bearer"},
	{"no token", "GET", users, "", []string{"x-api-key:", "authorization: Bearer "}, 401, "x-api-key header is required", "Bearer without a key"},
	{"another header", "GET", users, "", []string{"x-api-key:", "api-key: " + testKey}, 401, "x-api-key header is required", `the header "api-key" has a key`},
	{"no key", "GET", users, "", []string{"x-api-key:"}, 401, "x-api-key header is required", "send an admin key as x-api-key"},

	{"no version", "GET", users, "", []string{"anthropic-version:"}, 400, "anthropic-version: header is required", "add the header anthropic-version: 2023-01-01, 2023-06-01 or 2026-10-21"},
	{"an unknown version", "GET", users, "", []string{"anthropic-version: 2023-10-01"}, 400, `anthropic-version: "2023-10-01" is not a valid version`, "must be 2023-01-01, 2023-06-01 or 2026-10-21"},

	{"a compressed body", "POST", invites, "\x1f\x8b\x08\x00", []string{"content-encoding: gzip"}, 400, "The request body is not valid JSON: ", `content-encoding "gzip"`},
	{"a compressed body, undeclared", "POST", invites, "\x1f\x8b\x08\x00", nil, 400, "The request body is not valid JSON: ", "compressed with gzip"},
	{"a form", "POST", invites, "email=a%40b.c&role=user", []string{"content-type: application/x-www-form-urlencoded"}, 400, "The request body is not valid JSON: ", `content-type "application/x-www-form-urlencoded": send JSON`},
	{"text", "POST", invites, "hello", []string{"content-type: text/plain; charset=utf-8"}, 400, "The request body is not valid JSON: ", `content-type "text/plain"`},
	{"a byte order mark", "POST", invites, "\xef\xbb\xbf{}", nil, 400, "The request body is not valid JSON: ", "byte order mark"},

	{"a foreign host, from a page", "GET", users, "", []string{"host: evil.test:4020", "origin: http://evil.test:4020"}, 403, "Request not allowed", `the host "evil.test:4020": use 127.0.0.1 or localhost, or add its name with --allow-host`},
	{"a foreign host, from a page on HTTPS", "GET", users, "", []string{"host: evil.test", "sec-fetch-site: same-origin"}, 403, "Request not allowed", "--allow-host"},
	{"a foreign host, from a page that reads", "GET", users, "", []string{"host: evil.test:4020", "user-agent: Mozilla/5.0 (X11)"}, 403, "Request not allowed", "--allow-host"},
	{"a preflight", "OPTIONS", users, "", []string{"x-api-key:", "origin: http://localhost:3000", "access-control-request-method: GET"}, 401, "x-api-key header is required", `web pages from "http://localhost:3000" may not call the Admin API: add that origin with --cors`},
	{"a cross-origin request", "GET", users, "", []string{"x-api-key:", "origin: null"}, 401, "x-api-key header is required", `web pages from "null"`},
}

// In both error modes, the hint is in a header, in the journal and in the log, and the
// body is production's.
func TestHints(t *testing.T) {
	for mode, option := range map[string]func(*Options){"both": func(*Options) {}, "production": production} {
		for _, c := range allHints {
			t.Run(mode+"/"+c.name, func(t *testing.T) {
				srv := serve(t, acme, withJournal, option)
				before := srv.contents()
				got := srv.doAs(c)
				same(t, "status", c.status, got.status)
				message, _ := field(t, got.body, "error", "message").(string)
				if message != c.message && (!strings.HasSuffix(c.message, ": ") || !strings.HasPrefix(message, c.message)) {
					t.Errorf("message %q, want %q", message, c.message)
				}
				line := got.header.Get(hint.Header)
				if !strings.Contains(line, c.hint) || line != hint.Line(line) {
					t.Errorf("hint %q, want %q", line, c.hint)
				}
				if log := srv.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "hint=") {
					t.Errorf("log: %s", log)
				}
				entries := srv.entries()
				if len(entries) != 1 || entries[0].Hint != line || entries[0].Status != c.status {
					t.Errorf("journal: %+v", entries)
				}
				if all := srv.log.String() + line; strings.Contains(all, testKey) {
					t.Errorf("a key is in the hint or in the log: %s", all)
				}
				same(t, "the organization", before, srv.contents())
			})
		}
	}
}

// doAs is do for a request with its own Host, sent directly.
func (s *testServer) doAs(c hinted) result {
	target, outside := strings.CutPrefix(c.path, "~")
	if !outside {
		target = base + target
	}
	r := httptest.NewRequest(c.method, "http://127.0.0.1:4020/", strings.NewReader(c.body))
	parsed, err := url.Parse("http://127.0.0.1:4020" + target)
	if err != nil {
		s.t.Fatal(err)
	}
	r.URL = parsed
	setHeaders(r.Header, c.body, c.headers)
	if host := r.Header.Get("host"); host != "" {
		r.Host = host
		r.Header.Del("host")
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := result{w.Code, w.Header(), w.Body.String()}
	if !outside {
		conforms(s.t, s.errors, c.method, strings.TrimPrefix(parsed.Path, base), r.Header.Get(headerVersion), got)
	}
	return got
}

// Requests that fail as production says, and those that succeed, have no hint.
func TestNoHints(t *testing.T) {
	srv := serve(t, acme, withJournal)
	for _, c := range []hinted{
		{method: "GET", path: users},
		{method: "GET", path: users + "/nobody"},
		{method: "GET", path: "/nothing"},
		{method: "GET", path: "~/favicon.ico"},
		{method: "POST", path: users, body: "{}"},
		{method: "OPTIONS", path: users},
		{method: "HEAD", path: users},
		{method: "POST", path: invites, body: "{"},
		{method: "POST", path: invites, body: "{'email': 1}", headers: []string{"content-type: application/x-www-form-urlencoded"}},
		{method: "POST", path: invites, body: `{"email":"a@b.c","role":"x"}`},
		{method: "GET", path: users, headers: []string{"origin: http://localhost:3000"}}, // its key shows that it has passed a preflight elsewhere
		{method: "POST", path: users, headers: []string{"x-api-key: " + testKey, "origin: http://127.0.0.1:4020"}},
	} {
		if got := srv.doAs(c); got.header.Get(hint.Header) != "" {
			t.Errorf("%s %s: %q", c.method, c.path, got.header.Get(hint.Header))
		}
	}
	for _, e := range srv.entries() {
		same(t, e.Path, "", e.Hint)
	}
	same(t, "log", false, strings.Contains(srv.log.String(), "WARN"))
}

// Under --unknown-keys fork, too, a key of the wrong form is explained.
func TestKeysThatCannotFork(t *testing.T) {
	srv := serve(t, acme, func(o *Options) { o.ForkUnknownKeys = true })
	got := srv.do("GET", users, "", "x-api-key: sk-ant-admin1-test")
	same(t, "hint", true, strings.Contains(got.header.Get(hint.Header), "an admin key is sk-ant-admin, two digits"))
}

// A client in a loop does not flood the log.
func TestHintsAreLoggedOnceAMinute(t *testing.T) {
	srv := serve(t, acme)
	logged := func() int {
		for range 50 {
			srv.do("GET", "/users", "")
		}
		return strings.Count(srv.log.String(), "level=WARN")
	}
	same(t, "at once", 1, logged())
	srv.do("GET", "/invites", "")
	same(t, "another hint", 2, logged())
	srv.now = srv.now.Add(time.Minute)
	same(t, "a minute later", 3, logged())
}

// Whatever a request contains, its hint is one line of ASCII of bounded length.
func TestHintsAreSafeInHeaders(t *testing.T) {
	srv := serve(t, acme, withJournal)
	nasty := "é\u2028\x7f\u202e" + strings.Repeat("x", 5000)
	for _, c := range []hinted{
		{method: "GET", path: "~/" + url.PathEscape("a\r\nb: " + nasty)[:150] + "/v1/organizations/me"},
		{method: "GET", path: "~/%0d%0aSet-Cookie:%20a=b/v1/organizations/me"},
		{method: "GET", path: users, headers: []string{"host: " + nasty, "origin: null"}},
		{method: "OPTIONS", path: users, headers: []string{"origin: " + nasty, "access-control-request-method: GET"}},
		{method: "POST", path: invites, body: "x", headers: []string{"content-encoding: " + nasty}},
		{method: "GET", path: users, headers: []string{"x-api-key:", nasty[:2] + "x: " + testKey}},
	} {
		line := srv.doAs(c).header.Get(hint.Header)
		if line == "" || len(line) > 300 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s %.60s: %q", c.method, c.path, line)
		}
	}
}

// Only browsers are refused: proxies and clients in containers send other names.
func TestForeignHosts(t *testing.T) {
	get := func(srv *testServer, headers ...string) int {
		return srv.doAs(hinted{method: "GET", path: users, headers: headers}).status
	}
	srv := serve(t, acme, func(o *Options) { o.AllowedHosts = []string{"emulator.test"}; o.Origins = []string{"*"} })
	same(t, "a client", 200, get(srv, "host: antechamber:4020"))
	same(t, "Node", 200, get(srv, "host: antechamber:4020", "sec-fetch-mode: cors", "accept-language: *", "user-agent: node"))
	same(t, "a local page", 200, get(srv, "host: localhost:4020", "origin: http://localhost:3000", "sec-fetch-site: same-site"))
	same(t, "an allowed host", 200, get(srv, "host: Emulator.test:4020", "origin: http://emulator.test:4020"))
	same(t, "another address, on loopback", 403, get(srv, "host: 192.168.1.5:4020", "origin: http://192.168.1.5:4020"))
	same(t, "--cors does not allow hosts", 403, get(srv, "host: antechamber:4020", "origin: http://localhost:3000"))
	same(t, "probes", http.StatusOK, srv.doAs(hinted{method: "GET", path: "~/readyz", headers: []string{"host: evil.test", "origin: null"}}).status)
	exposed := serve(t, acme, func(o *Options) { o.Exposed = true })
	same(t, "an address, when exposed", 200, get(exposed, "host: 192.168.1.5:4020", "origin: http://192.168.1.5:4020"))
	same(t, "a name, when exposed", 403, get(exposed, "host: devbox:4020", "origin: http://devbox:4020"))
	forking := serve(t, acme, func(o *Options) { o.ForkUnknownKeys = true })
	same(t, "no fork for a rebound page", 403, get(forking, "host: evil.test", "origin: http://evil.test", "x-api-key: sk-ant-admin01-new"))
	same(t, "organizations", 1, len(forking.store.Organizations()))
}

// The guard costs an ordinary request nothing.
func TestGuardHostDoesNotAllocate(t *testing.T) {
	count := func(headers ...string) float64 {
		h := crowd(t, 10)
		r := request("GET", "/organizations/users/user_0000005", "")
		setHeaders(r.Header, "", headers)
		r.Host = "localhost:4020"
		w := &discard{header: http.Header{}}
		fewest := math.Inf(1)
		for range 10 { // the race detector empties pools at random
			fewest = min(fewest, testing.AllocsPerRun(10, func() { h.ServeHTTP(w, r) }))
		}
		return fewest
	}
	if plain, guarded := count(), count("user-agent: Mozilla/5.0", "sec-fetch-site: same-origin"); guarded > plain {
		t.Errorf("%v allocations, and %v from a browser", plain, guarded)
	}
}
