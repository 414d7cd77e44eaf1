package control

import (
	"strings"
	"testing"

	"antechamber/internal/remedy"
)

// Every refusal has a status, a code and a message that names the cause. Nothing
// changes.
func TestRefusals(t *testing.T) {
	srv := serve(t, acme)
	srv.must("POST", "/snapshots", `{"name":"kept"}`)
	before := srv.contents()
	for _, c := range []struct {
		method, path, body string
		status             int
		code, names        string
	}{
		{"POST", "/organizations", `{"from":"nowhere"}`, 400, "invalid_body", `invalid from "nowhere": want seed, empty`},
		{"POST", "/organizations", `{"from":1,"name":"","admin_key":"sk-ant-admin1-short","ttl":"soon"}`, 400, "invalid_body", "invalid from 1: "},
		{"POST", "/organizations", `{"from":1,"name":"","admin_key":"sk-ant-admin1-short","ttl":"soon"}`, 400, "invalid_body", `; invalid ttl "soon": want a duration`},
		{"POST", "/organizations", `{"admin_key":"sk-ant-admin1-short"}`, 400, "invalid_body", "invalid admin_key: want sk-ant-admin, two digits"},
		{"POST", "/organizations", `{"from":"sk-ant-admin01-first"}`, 400, "invalid_body", `invalid from "sk-ant-…irst": want`},
		{"POST", "/organizations", `{"ttl":"0s"}`, 400, "invalid_body", `invalid ttl "0s": want a duration greater than 0s`},
		{"POST", "/organizations", `{"ttl":"-1d"}`, 400, "invalid_body", "ttl"},
		{"POST", "/organizations", `{"ttl":600}`, 400, "invalid_body", "ttl"},
		{"POST", "/organizations", `{"admin_key":"` + secondKey + `"}`, 409, "admin_key_taken", ""},
		{"DELETE", "/organizations/" + firstID, "", 400, "first_organization", ""},
		{"DELETE", "/organizations/unknown", "", 404, "organization_not_found", `no such organization "unknown"`},

		{"PATCH", "/settings", `{"member_limit":-1,"workspace_limit":null,"limit":5}`, 400, "invalid_body", "/member_limit: invalid member_limit -1: want"},
		{"PATCH", "/settings", `{"member_limit":-1,"workspace_limit":null,"limit":5}`, 400, "invalid_body", `/limit: unknown field "limit"`},
		{"PATCH", "/settings", `{"member_limit":1e400}`, 400, "invalid_body", "/member_limit"},
		{"PATCH", "/settings", ``, 400, "invalid_body", "unexpected end of input"},

		{"PUT", "/state", `{"name":"A","admin_keys":["` + secondKey + `"]}`, 409, "admin_key_taken", ""},
		{"PUT", "/state", `{"name":"A","id":"` + secondID + `"}`, 409, "organization_exists", secondID},
		{"PUT", "/state", `{"organizations":[{"name":"A"},{"name":"B","admin_keys":["sk-ant-admin01-b"]}]}`, 400, "invalid_seed", "/organizations: want exactly one"},
		{"PUT", "/state", ``, 400, "invalid_seed", "unexpected end of input"},
		{"PUT", "/state", `{"name":"A"`, 400, "invalid_seed", "expected"},
		{"PUT", "/state", `{"name":"A","api_keys":[{"secret":"sk-ant-api03-x"}]}`, 400, "invalid_seed", "/api_keys/0/secret"},

		{"POST", "/snapshots", `{}`, 400, "invalid_body", "name"},
		{"POST", "/snapshots", `{"name":null}`, 400, "invalid_body", "name"},
		{"POST", "/snapshots", `{"name":"seed"}`, 400, "invalid_body", "name"},
		{"POST", "/snapshots", `{"name":".."}`, 400, "invalid_body", "name"},
		{"POST", "/snapshots", `{"name":"a\nb"}`, 400, "invalid_body", "name"},
		{"POST", "/snapshots", `{"name":"` + strings.Repeat("é", 256) + `"}`, 400, "invalid_body", "name"},
		{"DELETE", "/snapshots/none", "", 404, "not_found", "none"},
		{"POST", "/snapshots/none/restore", "", 404, "not_found", "none"},

		{"POST", "/clock", ``, 400, "invalid_body", "exactly one"},
		{"POST", "/clock", `{"advance":"1h","set":"2027-01-01T00:00:00Z"}`, 400, "invalid_body", "exactly one"},
		{"POST", "/clock", `{"freeze":true,"resume":true}`, 400, "invalid_body", "exactly one"},
		{"POST", "/clock", `{"advance":"1h","freeze":true}`, 400, "invalid_body", "exactly one"},
		{"POST", "/clock", `{"freeze":false}`, 400, "invalid_body", "invalid freeze false: want true"},
		{"POST", "/clock", `{"advance":"tomorrow"}`, 400, "invalid_body", `invalid advance "tomorrow": want a duration`},
		{"POST", "/clock", `{"advance":"999999d"}`, 400, "invalid_body", `invalid advance "999999d": want a duration of at most 106751d, about 292 years`},
		{"POST", "/clock", `{"advance":"-1s"}`, 400, "clock_backwards", "2026-03-01"},
		{"POST", "/clock", `{"advance":"-1d"}`, 400, "clock_backwards", ""},
		{"POST", "/clock", `{"set":"2026-03-01T11:59:59.999999Z"}`, 400, "clock_backwards", ""},
		{"POST", "/clock", `{"set":"2026-03-01T11:59:59Z","freeze":true}`, 400, "clock_backwards", ""},
		{"POST", "/clock", `{"set":"9999-01-01T00:00:00Z"}`, 400, "clock_out_of_range", ""},
		{"POST", "/clock", `{"set":"tomorrow"}`, 400, "invalid_body", `invalid set "tomorrow": want an RFC 3339 time`},
		{"POST", "/clock", `{"set":"1969-01-01T00:00:00Z"}`, 400, "invalid_body", "set"},

		{"POST", "/invites/invite_unknown/accept", "", 404, "not_found", "invite_unknown"},
		{"POST", "/invites/invite_expired/accept", "", 400, "invite_not_pending", "expired"},
		{"POST", "/invites/invite_pending/accept", `{"name":""}`, 400, "invalid_body", "name"},
		{"POST", "/users", `{}`, 400, "invalid_body", `missing required field "email": want an email address; missing required field "role": want user, developer, billing, claude_code_user or admin`},
		{"POST", "/users", `{"email":"nobody","role":"owner","name":7}`, 400, "invalid_body", "invalid name 7: want"},
		{"POST", "/users", `{"email":"ADMIN@example.com","role":"user"}`, 400, "already_member", ""},
		{"POST", "/api_keys", `{}`, 400, "invalid_body", "name"},
		{"POST", "/api_keys", `{"name":"` + strings.Repeat("x", 501) + `","expires_at":"never"}`, 400, "invalid_body", `; invalid expires_at "never"`},
		{"POST", "/api_keys", `{"name":"K","workspace_id":"wrkspc_nowhere"}`, 404, "not_found", "wrkspc_nowhere"},
		{"POST", "/api_keys", `{"name":"K","created_by":"user_unknown"}`, 404, "not_found", "user_unknown"},
		{"POST", "/api_keys", `{"name":"K","workspace_id":"wrkspc_gone"}`, 400, "invalid", "archived"},
		{"POST", "/api_keys", `{"name":"K","expires_at":"2026-03-01T12:00:00Z"}`, 400, "invalid_expiry", ""},
		{"POST", "/api_keys", `{"name":"K","principal":"user_admin"}`, 400, "invalid_body", `invalid principal "user_admin": want an object`},
		{"POST", "/api_keys", `{"name":"K","principal":{}}`, 400, "invalid_body", `missing required field "principal.type": want user_actor or service_account_actor`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"user","user_id":"user_admin"}}`, 400, "invalid_body", `invalid principal.type "user": want user_actor or service_account_actor`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":7}}`, 400, "invalid_body", `invalid principal.type 7`},
		{"POST", "/api_keys", `{"name":"","principal":{"type":"user_actor"}}`, 400, "invalid_body", `missing required field "principal.user_id"`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"user_actor","user_id":""}}`, 400, "invalid_body", `invalid principal.user_id ""`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"user_actor","user_id":"user_admin","service_account_id":"svac_1"}}`, 400, "invalid_body", `unknown field "principal.service_account_id" (allowed: type, user_id)`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"service_account_actor","user_id":"user_admin"}}`, 400, "invalid_body", `missing required field "principal.service_account_id"`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"service_account_actor","service_account_id":"a b"}}`, 400, "invalid_body", `invalid principal.service_account_id "a b": want 1 to 128 of`},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"user_actor","user_id":"user_unknown"}}`, 404, "not_found", "user_unknown"},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"user_actor","user_id":"user_admin"},"workspace_id":"wrkspc_live"}`, 400, "personal_key_in_workspace", "personal"},
		{"POST", "/api_keys", `{"name":"K","principal":{"type":"service_account_actor","service_account_id":"svac_1"},"workspace_id":"wrkspc_gone"}`, 400, "invalid", "archived"},
		{"POST", "/api_keys/apikey_unknown/use", "", 404, "not_found", "apikey_unknown"},
		{"POST", "/api_keys/apikey_off/use", "", 400, "api_key_not_active", "inactive"},
	} {
		got := srv.do(c.method, c.path, c.body)
		failure := failed(t, got)
		if got.status != c.status || failure.Code != c.code || !strings.Contains(failure.Message, c.names) {
			t.Errorf("%s %s %.80s\n%d %s, want %d %s and %q", c.method, c.path, c.body, got.status, got.body, c.status, c.code, c.names)
		}
		if strings.Contains(got.body, "sk-ant-a") && c.code != "invalid_body" {
			t.Errorf("a key in %s", got.body)
		}
	}
	same(t, "contents", before, srv.contents())
	same(t, "log", "", srv.log.String())
}

func TestCreateAPIKeyNeedsAUser(t *testing.T) {
	srv := serve(t, `{"name":"Empty","admin_keys":["`+firstKey+`"]}`)
	got := srv.do("POST", "/api_keys", `{"name":"K"}`)
	same(t, "status", 400, got.status)
	same(t, "refusal", failureObject{Code: "nobody", Message: "the organization has no user to create the key", Hint: "POST /_emulate/users adds one", Remedy: &remedy.Remedy{Type: remedy.AddUser}}, failed(t, got))
}

// The limits of the settings also apply to what people do.
func TestLimits(t *testing.T) {
	srv := serve(t, acme)
	srv.must("PATCH", "/settings", `{"member_limit":1,"api_key_limit":1}`)
	before := srv.contents()
	same(t, "accept", "org_member_limit_exceeded", failed(t, srv.do("POST", "/invites/invite_pending/accept", "")).Code)
	same(t, "a user", "org_member_limit_exceeded", failed(t, srv.do("POST", "/users", `{"email":"a@b.cd","role":"user"}`)).Code)
	same(t, "a key", "org_api_key_limit_exceeded", failed(t, srv.do("POST", "/api_keys", `{"name":"K"}`)).Code)
	same(t, "contents", before, srv.contents())
	srv.must("PATCH", "/settings", `{"api_key_limit":null,"workspace_api_key_limit":0}`)
	same(t, "a key", "workspace_api_key_limit_exceeded", failed(t, srv.do("POST", "/api_keys", `{"name":"K"}`)).Code)
}

func TestTooManySnapshots(t *testing.T) {
	srv := serve(t, acme)
	for i := range 1000 {
		if _, err := srv.store.First().TakeSnapshot(strings.Repeat("x", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "one more", "too_many_snapshots", failed(t, srv.do("POST", "/snapshots", `{"name":"y"}`)).Code)
	srv.must("POST", "/snapshots", `{"name":"x"}`)
}

// A refused freeze leaves the clock running.
func TestRefusedFreezeDoesNotFreeze(t *testing.T) {
	srv := serve(t, acme)
	second := "?organization=" + secondID
	same(t, "backwards", 400, srv.do("POST", "/clock"+second, `{"set":"2000-01-01T00:00:00Z","freeze":true}`).status)
	same(t, "clock", map[string]any{"now": "2026-03-01T12:00:00.000000Z", "frozen": false}, srv.must("GET", "/clock"+second, ""))
}

// All faults of a seed are reported at once: those of its form, its references and
// its times.
func TestAllFaultsOfASeedAreReported(t *testing.T) {
	srv := serve(t, acme)
	got := failed(t, srv.do("PUT", "/state", `{"name": "A",
  "nonsense": 1,
  "users": [{"email": "a@b.cd", "role": "user", "added_at": "2030-01-01T00:00:00Z"}, {"email": "A@b.cd", "role": "owner"}],
  "api_keys": [{"name": "K", "created_by": "nobody"}]}`))
	same(t, "code", "invalid_seed", got.Code)
	var pointers []string
	for _, f := range got.Faults {
		pointers = append(pointers, f.Pointer)
	}
	same(t, "faults", []string{"/nonsense", "/users/0/added_at", "/users/1/email", "/users/1/role", "/api_keys/0/created_by"}, pointers)
	same(t, "position", fault{Line: 2, Column: 3, Pointer: "/nonsense", Message: got.Faults[0].Message}, got.Faults[0])
}
