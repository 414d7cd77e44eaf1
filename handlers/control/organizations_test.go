package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"antechamber/internal/server"
	"antechamber/seed"
	"antechamber/store"
)

// crowd returns a seed with n users.
func crowd(n int) string {
	users := make([]string, n)
	for i := range users {
		users[i] = fmt.Sprintf(`{"email":"user%d@example.com","role":"user","added_at":"-%dm"}`, i, i+1)
	}
	return `{"name":"Crowd","admin_keys":["` + firstKey + `"],"clock":{"frozen_at":"2026-03-01T12:00:00Z"},"users":[` + strings.Join(users, ",") + `]}`
}

// An export is complete, and importing it restores the organization.
func TestExportOfManyUsersCanBeImported(t *testing.T) {
	srv := serve(t, crowd(5000))
	exported := srv.do("GET", "/state", "")
	var state struct {
		Users []struct{ Email string } `json:"users"`
	}
	if err := json.Unmarshal([]byte(exported.body), &state); err != nil {
		t.Fatal(err)
	}
	same(t, "users", 5000, len(state.Users))
	same(t, "the newest", "user0@example.com", state.Users[0].Email)

	srv.must("POST", "/users", `{"email":"late@example.com","role":"admin"}`)
	srv.must("POST", "/clock", `{"advance":"1h"}`)
	srv.must("PATCH", "/settings", `{"member_limit":9000}`)
	srv.must("PUT", "/state", exported.body)
	same(t, "state", exported.body, srv.do("GET", "/state", "").body)
}

// A seed without an id or keys keeps those of the organization.
func TestReplaceKeepsIDAndKeys(t *testing.T) {
	srv := serve(t, acme)
	got := srv.must("PUT", "/state", `{"name":"Other","users":[{"email":"a@b.cd","role":"user","added_at":"-1d"}]}`)
	same(t, "present", map[string]any{"id": firstID, "name": "Other", "now": "2026-03-01T12:00:00.000000Z", "frozen": true}, got)
	same(t, "keys", []string{firstKey}, srv.store.First().AdminKeys())

	srv.must("PUT", "/state", `{"organizations":[{"name":"Again","admin_keys":["sk-ant-admin01-new"]}]}`)
	same(t, "the old key", 404, srv.do("GET", "/clock", "", "x-api-key: "+firstKey).status)
	srv.must("GET", "/clock", "", "x-api-key: sk-ant-admin01-new")

	srv.must("POST", "/reset", "")
	same(t, "name", "First", srv.store.First().Name())
}

func TestOrganizationsAreCreatedFromTheirSource(t *testing.T) {
	srv := serve(t, acme)
	srv.must("POST", "/users", `{"email":"first@example.com","role":"user"}`)
	srv.must("POST", "/snapshots", `{"name":"a/b"}`)
	srv.must("POST", "/users", `{"email":"later@example.com","role":"user"}`)
	srv.must("POST", "/users?organization="+secondID, `{"email":"second@example.com","role":"user"}`)
	users := func(id string) (n int) {
		var state struct{ Users []any }
		if err := json.Unmarshal([]byte(srv.do("GET", "/state?organization="+id, "").body), &state); err != nil {
			t.Fatal(err)
		}
		return len(state.Users)
	}
	for _, c := range []struct {
		body, name string
		users      int
	}{
		{``, "First", 1},
		{`{"from":"seed"}`, "First", 1},
		{`{"from":null,"name":"Own"}`, "Own", 1},
		{`{"from":"empty"}`, "Empty", 0},
		{`{"from":"` + firstID + `"}`, "First", 3},
		{`{"from":"` + secondID + `","name":"Own"}`, "Own", 2},
		{`{"from":"a/b"}`, "First", 2},
	} {
		made := srv.must("POST", "/organizations", c.body)
		same(t, c.body, any(c.name), made["name"])
		id := made["id"].(string)
		same(t, c.body, c.users, users(id))
		srv.must("POST", "/users", `{"email":"more@example.com","role":"user"}`, "x-api-key: "+made["admin_key"].(string))
		srv.must("POST", "/reset?organization="+id, "")
		same(t, c.body+", reset", c.users, users(id))
		same(t, c.body+", reset", c.name, srv.store.Organization(id).Name())
		same(t, "delete", map[string]any{"deleted": id}, srv.must("DELETE", "/organizations/"+id, ""))
		same(t, "deleted", 404, srv.do("GET", "/clock?organization="+id, "").status)
	}
	// A snapshot belongs to one organization.
	same(t, "a snapshot of another organization", 400, srv.do("POST", "/organizations?organization="+secondID, `{"from":"a/b"}`).status)
	same(t, "first", 3, users(firstID))
	srv.must("DELETE", "/snapshots/a%2Fb", "")
}

func TestOrganizationsExpire(t *testing.T) {
	srv := serve(t, acme)
	made := srv.must("POST", "/organizations", `{"admin_key":"sk-ant-admin01-short","ttl":"1d10m"}`)
	same(t, "expires_at", any("2026-03-02T12:10:00.000000Z"), made["expires_at"])
	srv.must("POST", "/clock", `{"advance":"100d"}`, "x-api-key: sk-ant-admin01-short") // real time counts
	srv.now = instant.Add(24*time.Hour + 10*time.Minute - time.Nanosecond)
	srv.must("GET", "/clock", "", "x-api-key: sk-ant-admin01-short")
	srv.now = instant.Add(24*time.Hour + 10*time.Minute)
	same(t, "expired", 404, srv.do("GET", "/clock", "", "x-api-key: sk-ant-admin01-short").status)
	same(t, "listed", 2, len(srv.must("GET", "/organizations", "")["data"].([]any)))
}

// --clock also applies to empty organizations.
func TestEmptyOrganizationHasTheServersClock(t *testing.T) {
	frozen := store.FrozenAt(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	srv := serve(t, acme, func(o *server.Options) { o.Seed.Clock = &frozen })
	made := srv.must("POST", "/organizations", `{"from":"empty"}`)
	same(t, "clock", map[string]any{"now": "2030-01-01T00:00:00.000000Z", "frozen": true}, srv.must("GET", "/clock?organization="+made["id"].(string), ""))
}

// With a frozen clock, an organization returns the same bytes after a reset or after
// a snapshot is restored: clock and ids repeat.
func TestRunsRepeatAfterResetAndRestore(t *testing.T) {
	srv := serve(t, acme)
	script := func() string {
		var b strings.Builder
		for _, c := range [][3]string{
			{"POST", "/users", `{"email":"a@example.com","role":"user"}`},
			{"POST", "/invites/invite_pending/accept", ""},
			{"POST", "/api_keys", `{"name":"K"}`},
			{"POST", "/clock", `{"advance":"21d"}`},
			{"PATCH", "/settings", `{"member_limit":7}`},
			{"POST", "/users", `{"email":"b@example.com","role":"user"}`},
			{"GET", "/state", ""},
		} {
			got := srv.do(c[0], c[1], c[2])
			same(t, c[1], 200, got.status)
			b.WriteString(got.body)
		}
		return b.String()
	}
	srv.must("POST", "/snapshots", `{"name":"before"}`)
	want := script()
	for _, path := range []string{"/reset", "/snapshots/before/restore", "/reset"} {
		got := srv.must("POST", path, "")
		same(t, path, map[string]any{"id": firstID, "name": "First", "now": "2026-03-01T12:00:00.000000Z", "frozen": true}, got)
		same(t, path, want, script())
	}
	same(t, "snapshots", 1, len(srv.must("GET", "/snapshots", "")["data"].([]any)))
}

func TestClock(t *testing.T) {
	srv := serve(t, acme)
	moved := func(now string, frozen bool, effects ...any) map[string]any {
		return map[string]any{"now": now, "frozen": frozen, "effects": append([]any{}, effects...)}
	}
	at := func(what, id, at string) any { return map[string]any{"type": what, "id": id, "at": at} }
	second := "x-api-key: " + secondKey
	for _, c := range []struct {
		body string
		want map[string]any
		of   []string // headers that select the organization
	}{
		{`{"advance":"0s"}`, moved("2026-03-01T12:00:00.000000Z", true), nil},
		{`{"advance":"7d"}`, moved("2026-03-08T12:00:00.000000Z", true, at("api_key.expired", "apikey_live", "2026-03-08T12:00:00.000000Z")), nil},
		{`{"advance":"30d1h0.5s"}`, moved("2026-04-07T13:00:00.500000Z", true, at("invite.expired", "invite_pending", "2026-03-21T12:00:00.000000Z")), nil},
		{`{"resume":true}`, moved("2026-04-07T13:00:00.500000Z", false), nil},
		{`{"set":"2027-01-01T01:00:00+01:00","freeze":true}`, moved("2027-01-01T00:00:00.000000Z", true), nil},
		{`{"freeze":true}`, moved("2026-03-01T12:00:00.000000Z", true), []string{second}},
		{`{"set":"2026-03-01T12:00:01Z"}`, moved("2026-03-01T12:00:01.000000Z", true), []string{second}},
	} {
		same(t, c.body, c.want, srv.must("POST", "/clock", c.body, c.of...))
	}
	srv.now = srv.now.Add(time.Hour)
	same(t, "the first", map[string]any{"now": "2027-01-01T00:00:00.000000Z", "frozen": true}, srv.must("GET", "/clock", ""))
}

// Only the response that creates a key contains its secret.
func TestSecretIsReturnedOnce(t *testing.T) {
	srv := serve(t, acme)
	made := srv.must("POST", "/api_keys", `{"name":"K","workspace_id":"wrkspc_live","created_by":"user_admin","expires_at":"2027-01-01T00:00:00Z"}`)
	secret, hint := made["secret"].(string), made["partial_key_hint"].(string)
	front, back, _ := strings.Cut(hint, "...")
	if !strings.HasPrefix(secret, front) || !strings.HasSuffix(secret, back) || len(secret) < 64 {
		t.Errorf("secret %s, hint %s", secret, hint)
	}
	used := srv.do("POST", "/api_keys/"+made["id"].(string)+"/use", "")
	if all := used.body + srv.do("GET", "/state", "").body; strings.Contains(all, secret[20:40]) {
		t.Errorf("the secret is in\n%s", all)
	}
}

// Concurrent tests in many organizations don't affect each other.
func TestOrganizationsAreIsolated(t *testing.T) {
	srv := serve(t, acme)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			key := fmt.Sprintf("sk-ant-admin01-%d", i)
			header := "x-api-key: " + key
			id := srv.must("POST", "/organizations", `{"admin_key":"`+key+`"}`)["id"].(string)
			srv.must("POST", "/clock", fmt.Sprintf(`{"advance":"%dh"}`, i), header)
			for range 5 {
				srv.must("POST", "/snapshots", `{"name":"s"}`, header)
				srv.must("POST", "/users", fmt.Sprintf(`{"email":"u%d@example.com","role":"user"}`, i), header)
				got := srv.do("GET", "/state?organization="+id, "").body
				if n := strings.Count(got, "@example.com"); n != 4 || !strings.Contains(got, fmt.Sprintf("u%d@example.com", i)) {
					t.Errorf("%d addresses in\n%s", n, got)
				}
				srv.must("POST", "/snapshots/s/restore", "", header)
			}
			want := instant.Add(time.Duration(i) * time.Hour).Format("2006-01-02T15:04:05.000000Z")
			same(t, "now", any(want), srv.must("POST", "/clock", `{"resume":true}`, header)["now"])
			srv.must("DELETE", "/organizations/"+id, "")
		})
	}
	wg.Wait()
	same(t, "organizations", 2, len(srv.store.Organizations()))
	fresh := serve(t, acme)
	same(t, "contents", fresh.contents(), srv.contents())
}

// Forks, snapshots and restores take the same time for any size of organization.
func TestCostDoesNotDependOnSize(t *testing.T) {
	allocations := func(n int, method, path, body string) float64 {
		srv := serve(t, crowd(n))
		if _, err := srv.store.First().TakeSnapshot("s"); err != nil {
			t.Fatal(err)
		}
		body = strings.ReplaceAll(body, "ID", srv.store.First().ID())
		return testing.AllocsPerRun(100, func() {
			r := httptest.NewRequest(method, "http://localhost"+Base+path, strings.NewReader(body))
			w := httptest.NewRecorder()
			srv.handler.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Fatal(w.Body)
			}
		})
	}
	for _, c := range [][3]string{
		{"POST", "/organizations", `{"from":"ID"}`},
		{"POST", "/organizations", `{"from":"seed"}`},
		{"POST", "/organizations", `{"from":"s"}`},
		{"POST", "/snapshots", `{"name":"s"}`},
		{"POST", "/snapshots/s/restore", ``},
		{"POST", "/reset", ``},
	} {
		few, many := allocations(10, c[0], c[1], c[2]), allocations(5000, c[0], c[1], c[2])
		if many > few+5 {
			t.Errorf("%s %s: %v allocations with 10 users, %v with 5000", c[1], c[2], few, many)
		}
	}
}

func TestInternalErrorsAreLogged(t *testing.T) {
	srv := serve(t, acme)
	c, err := seed.Parse("x.json", []byte(`{"name":"Broken","admin_keys":["sk-ant-admin01-broken"]}`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.Load(seed.Options{Real: instant})
	if err != nil {
		t.Fatal(err)
	}
	_, err = srv.store.AddSeeded(all[0], store.Seeded{Reload: func(time.Time) (store.Contents, error) {
		return store.Contents{}, fmt.Errorf("the seed is gone")
	}})
	if err != nil {
		t.Fatal(err)
	}
	srv.now = srv.now.Add(time.Hour)
	got := srv.do("POST", "/reset", "", "x-api-key: sk-ant-admin01-broken")
	same(t, "status", 500, got.status)
	same(t, "code", "internal", failed(t, got).Code)
	if !strings.Contains(srv.log.String(), "the seed is gone") {
		t.Errorf("log: %s", srv.log)
	}
}

// page returns the names on a page of organizations, and its next_page.
func (s *testServer) page(query string) (names string, next string) {
	s.t.Helper()
	got := s.must("GET", "/organizations?"+query, "")
	for _, row := range got["data"].([]any) {
		names += strings.TrimPrefix(row.(map[string]any)["name"].(string), "Test ") + " "
	}
	next, _ = got["next_page"].(string)
	same(s.t, "has_more", got["has_more"], any(next != ""))
	return names, next
}

func TestListOfOrganizations(t *testing.T) {
	srv := serve(t, acme)
	for i := range 30 {
		srv.now = srv.now.Add(time.Second)
		srv.must("POST", "/organizations", fmt.Sprintf(`{"name":"Test %d","admin_key":"sk-ant-admin01-key-%d"}`, i, i))
	}
	first, next := srv.page("")
	same(t, "first page", "29 28 27 26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 ", first)
	second, next := srv.page("page=" + next)
	same(t, "second page", "9 8 7 6 5 4 3 2 1 0 First Second ", second)
	same(t, "the end", "", next)
	srv.now = srv.now.Add(time.Second)
	srv.must("GET", "/clock", "", "x-api-key: sk-ant-admin01-key-5")
	srv.must("GET", "/clock", "") // names no organization
	srv.must("GET", "/clock?organization="+secondID, "")
	names, next := srv.page("limit=2&q=test%201")
	same(t, "search", "19 18 ", names)
	names, _ = srv.page("limit=2&q=test%201&page=" + next)
	same(t, "search", "17 16 ", names)
	names, _ = srv.page("q=y-7")
	same(t, "search by the end of a key", "7 ", names)
	names, _ = srv.page("limit=3")
	same(t, "after a use", "Second 5 29 ", names)
	same(t, "manifest", any(32.0), srv.must("GET", "", "")["organizations"].(map[string]any)["total"])

	for query, field := range map[string]string{"limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "q=": "q", "q=" + strings.Repeat("x", 256): "q", "page=": "page", "page=x": "page", "page=1_": "page", "page=x_y": "page"} {
		got := srv.do("GET", "/organizations?"+query, "")
		same(t, query+" is refused", "400 invalid_query "+field, fmt.Sprint(got.status, " ", failed(t, got).Code, " ", failed(t, got).Field))
	}
}

// A client that is gone gets no response, and leaves no error in the log.
func TestListOfOrganizationsForNobody(t *testing.T) {
	srv := serve(t, acme)
	for range 600 {
		srv.must("POST", "/organizations", "")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	srv.handler.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+Base+"/organizations?q=none", nil).WithContext(ctx))
	same(t, "response", "", w.Body.String())
	same(t, "log", "", srv.log.String())
}

// The manifest has the operations that faults and expectations name.
func TestOperationsOfTheManifest(t *testing.T) {
	srv := serve(t, acme)
	m := srv.must("GET", "", "")
	for _, op := range m["operations"].([]any) {
		o := op.(map[string]any)
		srv.must("POST", "/faults", fmt.Sprintf(`{"match":{"operation":%q,"method":%q,"path":%q},"action":{"type":"drop"}}`, o["id"], o["method"], o["path"]))
	}
	same(t, "operations", len(someOperations), len(m["operations"].([]any)))
	same(t, "calls", len(routes), len(m["calls"].([]any)))
}

// A follower of its requests keeps a fork, as does a request that takes long.
func TestFollowedForksAreKept(t *testing.T) {
	srv := serve(t, acme, func(o *server.Options) { o.ForkUnknownKeys = true })
	srv.store.SetForkTTL(time.Hour)
	const key = "sk-ant-admin01-followed"
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequest("GET", "http://localhost"+Base+"/requests/stream", nil).WithContext(ctx)
	r.Header.Set("x-api-key", key)
	done := make(chan bool)
	w := &flushed{httptest.NewRecorder(), make(chan bool, 1)}
	go func() {
		defer close(done)
		srv.handler.ServeHTTP(w, r)
	}()
	<-w.first
	followed := srv.store.Authenticate(key)
	srv.now = srv.now.Add(100 * time.Hour)
	srv.store.RemoveExpired()
	same(t, "followed", true, srv.store.Authenticate(key) == followed && followed != nil)
	cancel()
	<-done
	srv.now = srv.now.Add(time.Hour)
	same(t, "followed no longer", true, srv.store.Authenticate(key) == nil)
	same(t, "by its id", 404, srv.do("GET", "/clock?organization="+followed.ID(), "").status)
	srv.must("GET", "/clock", "", "x-api-key: "+key)
	same(t, "a fresh fork", false, srv.store.Authenticate(key) == followed)
}

// flushed reports the first Flush.
type flushed struct {
	*httptest.ResponseRecorder
	first chan bool
}

func (f *flushed) Flush() {
	select {
	case f.first <- true:
	default:
	}
}

func TestSuggestionsForUnknownSnapshotsAndInvites(t *testing.T) {
	srv := serve(t, acme)
	hint := func(method, path, body string) string { return failed(t, srv.do(method, path, body)).Hint }
	same(t, "none", "GET /_emulate/snapshots lists the snapshots", hint("POST", "/snapshots/befor/restore", ""))
	srv.must("POST", "/snapshots", `{"name":"before"}`)
	same(t, "restore", `did you mean "before"?`, hint("POST", "/snapshots/befor/restore", ""))
	same(t, "delete", `did you mean "before"?`, hint("DELETE", "/snapshots/Befor", ""))
	same(t, "create", `did you mean "before"?`, hint("POST", "/organizations", `{"from":"befor"}`))

	same(t, "invite", "use invite_pending", hint("POST", "/invites/invite_x/accept", ""))
	same(t, "address", `did you mean "invite_pending"?`, hint("POST", "/invites/NEW@example.com/accept", ""))
	same(t, "domain in other letters", `did you mean "invite_pending"?`, hint("POST", "/invites/new@"+url.PathEscape("ｅｘａｍｐｌｅ.com")+"/accept", ""))
	srv.must("POST", "/invites/invite_pending/accept", "")
	same(t, "without pending ones", "GET /_emulate/outbox lists the invites that were sent", hint("POST", "/invites/new@example.com/accept", ""))
}
