package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/handlers"
)

func TestBothKeyHeadersAreAccepted(t *testing.T) {
	srv := serve(t, acme)
	for _, headers := range [][]string{
		{"x-api-key: " + handlers.TestKey},
		{"x-api-key:", "authorization: Bearer " + handlers.TestKey},
		{"x-api-key:", "authorization: bearer " + handlers.TestKey},
		{"x-api-key: " + handlers.TestKey, "authorization: Bearer something-else"}, // SDKs send both if both are set
	} {
		if got := srv.do("GET", "/organizations/me", "", headers...); got.status != 200 {
			t.Errorf("%v: %d %s", headers, got.status, got.body)
		}
	}
}

func TestKnownVersionsAreAccepted(t *testing.T) {
	srv := serve(t, acme)
	for _, version := range []string{"2023-01-01", "2023-06-01", "2026-10-21"} {
		if got := srv.do("GET", "/organizations/me", "", "anthropic-version: "+version); got.status != 200 {
			t.Errorf("%s: %d %s", version, got.status, got.body)
		}
	}
}

// The version selects the shape of API keys in each operation that returns them.
func TestVersionSelectsTheShape(t *testing.T) {
	srv := serve(t, acme)
	srv.must("PATCH", "~/_emulate/settings", `{"anthropic_versions": ["2023-01-01", "2023-06-01", "2026-10-21", "2024-01-01", "2027-01-01", "2027-02-30"]}`)
	const key = "/organizations/api_keys/apikey_default"
	for version, want := range map[string]string{
		"2023-01-01": `"workspace_id":null,`, "2023-06-01": `"workspace_id":null,`, "2026-10-21": "",
		// Added by the setting. The last one is not a date.
		"2024-01-01": `"workspace_id":null,`, "2027-01-01": "", "2027-02-30": `"workspace_id":null,`,
	} {
		header := "anthropic-version: " + version
		name := "Of " + version
		for what, body := range map[string]string{
			"update": srv.do("POST", key, `{"name":"`+name+`"}`, header).body,
			"get":    srv.do("GET", key, "", header).body,
			"list":   srv.do("GET", "/organizations/api_keys?workspace_id=wrkspc_default", "", header).body,
		} {
			_, got, _ := strings.Cut(body, `"name":"`+name+`",`)
			got, _, found := strings.Cut(got, `"created_at"`)
			if !found || got != want || !strings.Contains(body, `"last_used_at":null`) {
				t.Errorf("%s under %s: %s", what, version, body)
			}
		}
	}
}

// Each key selects its organization, and nothing crosses over.
func TestOrganizationsAreIsolated(t *testing.T) {
	srv := serve(t, `{"organizations": [
		{"name": "First", "admin_keys": ["sk-ant-admin01-test", "sk-ant-admin02-test"], "clock": {"frozen_at": "2026-01-01T00:00:00Z"}, "users": [{"id": "user_1", "email": "a@b.c", "role": "user"}]},
		{"name": "Second", "admin_keys": ["sk-ant-admin01-second"], "clock": {"frozen_at": "2030-01-01T00:00:00Z"}, "users": [{"id": "user_1", "email": "a@b.c", "role": "developer"}, {"id": "user_2", "email": "b@b.c", "role": "user"}]}
	]}`)
	second := "x-api-key: sk-ant-admin01-second"
	same(t, "name", any("First"), field(t, srv.get("/organizations/me"), "name"))
	same(t, "name", any("First"), field(t, srv.do("GET", "/organizations/me", "", "x-api-key: sk-ant-admin02-test").body, "name"))
	same(t, "name", any("Second"), field(t, srv.do("GET", "/organizations/me", "", second).body, "name"))

	created := srv.do("POST", invites, `{"email":"new@b.c","role":"user"}`, second)
	same(t, "invited_at", any("2030-01-01T00:00:00.000000Z"), field(t, created.body, "invited_at"))
	id := field(t, created.body, "id").(string)
	if got := srv.do("GET", invites+"/"+id, ""); got.status != 404 {
		t.Errorf("the first organization has an invite of the second: %d", got.status)
	}
	srv.do("DELETE", users+"/user_1", "", second)
	same(t, "role", any("user"), field(t, srv.get(users+"/user_1"), "role"))

	first, other := srv.do("GET", "/organizations/me", ""), srv.do("GET", "/organizations/me", "", second)
	if a, b := first.header.Get("anthropic-organization-id"), other.header.Get("anthropic-organization-id"); a == b || a != field(t, first.body, "id") || b != field(t, other.body, "id") {
		t.Errorf("anthropic-organization-id is %q and %q", a, b)
	}
}

// A test invents a key and gets its own organization.
func TestUnknownKeysFork(t *testing.T) {
	srv := serve(t, acme, admintest.ForkUnknownKeys())
	key := "x-api-key: sk-ant-admin01-invented"
	if got := srv.do("DELETE", users+"/user_dev", "", key); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	srv.get(users + "/user_dev")
	if got := srv.do("GET", users+"/user_dev", "", key); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := srv.do("GET", users, "", "x-api-key: sk-ant-api03-x"); got.status != 401 {
		t.Errorf("malformed key: %d %s", got.status, got.body)
	}
}

func TestRequestIDsAreUnique(t *testing.T) {
	srv := serve(t, acme)
	seen := map[string]bool{}
	for range 50 {
		for _, got := range []result{srv.do("GET", users, ""), srv.do("GET", "/nothing", ""), srv.do("GET", users, "", "x-api-key:"), srv.do("GET", "~/nothing", "")} {
			id := got.header.Get("request-id")
			if seen[id] || !strings.HasPrefix(id, "req_") {
				t.Fatalf("request id %q", id)
			}
			seen[id] = true
			if got.status != 200 {
				same(t, "request_id", any(id), field(t, got.body, "request_id"))
			}
		}
	}
}

// Clients send content types without a body, and bodies that no operation reads.
func TestUnneededBodiesAndContentTypesAreIgnored(t *testing.T) {
	for _, kind := range []string{"", "application/json", "text/plain", "nonsense"} {
		srv := serve(t, acme)
		header := "content-type: " + kind
		for _, c := range []struct{ method, path, body string }{
			{"GET", users, ""},
			{"GET", users, "{"},
			{"POST", live + "/archive", ""},
			{"POST", live + "/archive", "{}"},
			{"POST", live + "/archive", "not JSON"},
			{"POST", invites, `{"email":"a@b.c","role":"user"}`},
			{"DELETE", users + "/user_dev", ""},
			{"DELETE", users + "/user_code", "{}"},
		} {
			if got := srv.do(c.method, c.path, c.body, header); got.status != 200 {
				t.Errorf("%s %s %q with %q: %d %s", c.method, c.path, c.body, kind, got.status, got.body)
			}
		}
	}
}

func TestEscapedCharactersInBodies(t *testing.T) {
	srv := serve(t, acme)
	for body, want := range map[string]string{
		`{"name":"\ud83d\ude00"}`:                 "😀",
		`{"name":"\\ud83d \u00e9\/\ud83D\uDE00"}`: `\ud83d é/😀`,
	} {
		same(t, body, any(want), field(t, srv.must("POST", workspaces, body), "name"))
	}
}

// As in production's framework, at any depth.
func TestTheLastOfRepeatedFieldsWins(t *testing.T) {
	srv := serve(t, acme)
	got := srv.must("POST", workspaces, `{"name":7,"tags":{"a":1,"a":"x"},"name":"Last"}`)
	same(t, "name", any("Last"), field(t, got, "name"))
	same(t, "tag", any("x"), field(t, got, "tags", "a"))
}

// Status is a function of the clock: an invite and a key are expired from expires_at
// on, in every read.
func TestExpiryFollowsTheClock(t *testing.T) {
	srv := serve(t, `{"name": "Acme",
		"users": [{"id": "user_1", "email": "a@b.c", "role": "user"}],
		"api_keys": [{"id": "apikey_1", "name": "K", "created_by": "user_1", "expires_at": "+21d"}]}`)
	start := srv.Clock.Now()
	id := field(t, srv.must("POST", invites, `{"email":"new@b.c","role":"user"}`), "id").(string)
	ids := func(body string) (all []string) {
		for _, o := range field(t, body, "data").([]any) {
			all = append(all, o.(map[string]any)["id"].(string))
		}
		return all
	}
	for _, c := range []struct {
		at               time.Duration
		invite, key      string
		pending, expired []string
	}{
		{21*24*time.Hour - time.Microsecond, "pending", "active", []string{id}, nil},
		{21 * 24 * time.Hour, "expired", "expired", nil, []string{id}},
	} {
		srv.Clock.Set(start.Add(c.at))
		same(t, "invite", any(c.invite), field(t, srv.get(invites+"/"+id), "status"))
		same(t, "key", any(c.key), field(t, srv.get(keys+"/apikey_1"), "status"))
		same(t, "pending", c.pending, ids(srv.get(invites+"?statuses[]=pending")))
		same(t, "expired", c.expired, ids(srv.get(invites+"?statuses[]=expired")))
	}
	srv.must("POST", invites, `{"email":"new@b.c","role":"user"}`) // the address is free again
}

// If many clients invite the same address at once, exactly one succeeds. Every client
// can read what it wrote.
func TestConcurrentClients(t *testing.T) {
	srv := serve(t, acme, admintest.Listen())
	send := func(method, path, body string) (int, string) {
		got := srv.do(method, path, body)
		return got.status, got.body
	}
	for round := range 5 {
		var wg sync.WaitGroup
		statuses := make([]int, 20)
		codes := make([]string, len(statuses))
		for i := range statuses {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var body string
				statuses[i], body = send("POST", invites, fmt.Sprintf(`{"email":"racer%d@example.com","role":"user"}`, round))
				var e api.Error
				if json.Unmarshal([]byte(body), &e) == nil && e.Error.Details != nil {
					codes[i] = string(e.Error.Details.ErrorCode)
				}
				status, created := send("POST", workspaces, fmt.Sprintf(`{"name":"R%d-%d"}`, round, i))
				if status != 200 {
					if !strings.Contains(created, "limit") {
						t.Errorf("%d %s", status, created)
					}
					return
				}
				id, _ := field(t, created, "id").(string)
				if status, read := send("GET", workspaces+"/"+id, ""); status != 200 || read != created {
					t.Errorf("created %s, read %s", created, read)
				}
				if _, list := send("GET", workspaces+"?limit=1000", ""); !strings.Contains(list, id) {
					t.Errorf("%s was created but is not listed", id)
				}
			}()
		}
		wg.Wait()
		slices.Sort(statuses)
		if statuses[0] != 200 || statuses[1] != 400 {
			t.Errorf("statuses %v, want exactly one 200", statuses)
		}
		slices.Sort(codes)
		if codes[0] != "" || codes[1] != string(api.InviteAlreadyExists) {
			t.Errorf("error codes %q", codes)
		}
	}
}

// Responses are complete before they are sent, so they are not chunked.
func TestResponsesHaveAContentLength(t *testing.T) {
	srv := admintest.Run(t, admintest.Seed("demo"), admintest.Listen())
	for _, path := range []string{"/v1/organizations/me", "/v1/organizations/users?limit=1000", "/v1/nothing"} {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", srv.URL+path, nil)
		r.Header.Set("x-api-key", srv.AdminKey)
		r.Header.Set("anthropic-version", "2023-06-01")
		res, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.ContentLength != int64(len(raw)) {
			t.Errorf("%s: content-length %d, %d bytes", path, res.ContentLength, len(raw))
		}
	}
}

// A browser at the root gets a page, a program what the API answers to unknown paths.
func TestRootIsAPageForBrowsers(t *testing.T) {
	srv := serve(t, acme)
	page := srv.do("GET", "~/", "", "accept: text/html")
	same(t, "status", 200, page.status)
	same(t, "type", "text/html; charset=utf-8", page.header.Get("content-type"))
	same(t, "for a program", 404, srv.do("GET", "~/", "", "accept: */*").status)
	same(t, "POST", 404, srv.do("POST", "~/", "", "accept: text/html").status)
	same(t, "another path", 404, srv.do("GET", "~/favicon.ico", "", "accept: text/html").status)
}
