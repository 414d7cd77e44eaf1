package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"antechamber/store"
)

// wrong is a seed with faults, and what is said of it.
type wrong struct {
	name string
	src  string
	want string // lines, without the file
}

// The clock of the tests shows 2026-02-03T04:05:06Z.
var wrongs = []wrong{
	// What is no JSON.
	{"empty file", "", `1:1: invalid JSON: unexpected end of text`},
	{"blank file", "\n  \n", `3:1: invalid JSON: unexpected end of text`},
	{"cut off", "{\n  \"name\": \"Acme\",\n", `3:1: invalid JSON: unexpected end of text`},
	{"cut off in a text", `{"name": "Ac`, `1:13: invalid JSON: unexpected end of text`},
	{"cut off after an escape", `{"name": "Ac\`, `1:14: invalid JSON: unexpected end of text`},
	{"cut off in a list", `{"name": "Acme", "users": [`, `1:28: invalid JSON: unexpected end of text`},
	{"cut off before a value", `{"name":`, `1:9: invalid JSON: unexpected end of text`},
	{"no field name", `{name: "Acme"}`, `1:2: invalid JSON: field name must be a string in double quotes`},
	{"comma at the end", `{"name": "Acme",}`, `1:16: invalid JSON: invalid character ',' at start of value`},
	{"comma at the end of a list", `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user"},]}`, `1:62: invalid JSON: invalid character ',' at start of value`},
	{"no colon", `{"name" "Acme"}`, `1:9: invalid JSON: invalid character '"' after object name (expecting ':')`},
	{"no comma", `{"name": "Acme" "users": []}`, `1:17: invalid JSON: invalid character '"' after object value (expecting ',' or '}')`},
	{"no comma in a list", `{"name": "Acme", "users": [{} {}]}`, `1:31: invalid JSON: invalid character '{' after array element (expecting ',' or ']')`},
	{"a word", `{"name": Acme}`, `1:10: invalid JSON: invalid character 'A' at start of value`},
	{"a word that is longer", `{"name": nullify}`, `1:14: invalid JSON: invalid character 'i' after object value (expecting ',' or '}')`},
	{"single quotes", `{"name": 'Acme'}`, `1:10: invalid JSON: invalid character '\'' at start of value`},
	{"comment", "{\n  // our organization\n  \"name\": \"Acme\"\n}", `2:3: invalid JSON: invalid character '/' at start of value`},
	{"trailing data", "{\"name\": \"Acme\"}\n{\"name\": \"Other\"}", `2:1: invalid JSON: unexpected text after the value`},
	{"line break in a text", "{\"name\": \"Ac\nme\"}", `1:13: invalid JSON: invalid character '\n' in string (expecting non-control character)`},
	{"unknown escape", `{"name": "Ac\me"}`, "1:13: invalid JSON: invalid escape sequence `\\m` in string"},
	{"escape with a sign", `{"name": "\u+123"}`, "1:11: invalid JSON: invalid escape sequence `\\u+123` in string"},
	{"half a surrogate pair", `{"name": "\ud834 Acme"}`, `1:11: invalid JSON: invalid surrogate pair "\\ud834 Acme\"" in string`},
	{"half a surrogate pair with another half", `{"name": "\udd1e\ud834"}`, "1:11: invalid JSON: invalid surrogate pair `\\udd1e\\ud834` in string"},
	{"number with leading zero", `{"name": "Acme", "ids": {"seed": 01}}`, `1:35: invalid JSON: invalid character '1' after object value (expecting ',' or '}')`},
	{"number with plus", `{"name": "Acme", "ids": {"seed": +1}}`, `1:34: invalid JSON: invalid character '+' at start of value`},
	{"number without fraction", `{"name": "Acme", "ids": {"seed": 1.}}`, `1:36: invalid JSON: invalid character '}' in number (expecting digit)`},
	{"number without exponent", `{"name": "Acme", "ids": {"seed": 1e}}`, `1:36: invalid JSON: invalid character '}' in number (expecting digit)`},
	{"minus", `{"name": "Acme", "ids": {"seed": -}}`, `1:35: invalid JSON: invalid character '}' in number (expecting digit)`},
	{"invalid UTF-8", "{\"name\": \"\u00e9\u00e9\xe9\"}", `1:13: invalid JSON: invalid UTF-8`},
	{"UTF-16", "\xff\xfe{\x00}\x00", `1:1: invalid JSON: invalid character '\xff' at start of value`},
	{"second byte order mark", "\ufeff\ufeff{\"name\": \"Acme\"}", `1:1: invalid JSON: invalid character '\ufeff' at start of value`},
	{"deep lists", strings.Repeat("[", 101) + strings.Repeat("]", 101), `1:101: invalid JSON: more than 100 levels of nesting`},
	{"deep objects", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), `1:497: invalid JSON: more than 100 levels of nesting`},
	{"field twice", "{\"name\": \"Acme\",\n \"name\": \"Other\"}", `2:2: /name: repeated field "name"`},
	{"unknown field twice", `{"name": "Acme", "x": 1, "x": 2}`, `
1:18: /x: unknown field "x" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:26: /x: repeated field "x"`},
	{"tag twice, the second no text", `{"name": "Acme", "workspaces": [{"name": "W", "tags": {"a": "1", "a": 2}}]}`, `1:66: /workspaces/0/tags/a: repeated field "a"`},
	{"clock field twice", `{"name": "Acme", "clock": {"offset": "1h", "offset": "2h"}}`, `1:44: /clock/offset: repeated field "offset"`},
	{"two clocks, neither of them a time", `{"name": "Acme", "clock": {"frozen_at": 5, "starts_at": 6}}`, `1:27: /clock: expected exactly one of frozen_at, starts_at, offset`},
	{"accepted before it was sent, and pending", `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "invited_at": "-1d", "accepted_at": "-2d"}]}`, `
1:101: /invites/0/accepted_at: expected no accepted_at, or null, unless the status is "accepted"
1:101: /invites/0/accepted_at: expected a time that is not before invited_at`},
	{"expired at no time, with a wrong history", `{"name": "Acme", "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d", "status": "expired", "expires_at": null, "status_history": [{"status": "active", "at": "-4d"}]}]}`, `
1:126: /api_keys/0/expires_at: expected a time in "expires_at" where the status is "expired"
1:162: /api_keys/0/status_history/0/status: expected the key's status, "expired", as the last one
1:178: /api_keys/0/status_history/0/at: expected created_at: the first change is how the key began`},
	{"field twice in two spellings", `{"name": "Acme", "n\u0061me": 5}`, `1:18: /name: repeated field "name"`},
	{"fields twice, and then no JSON", `{"name": "a", "name": "b", "users": [{"id": "a", "id": "b"}], "}`, `
1:15: /name: repeated field "name"
1:50: /users/0/id: repeated field "id"
1:65: invalid JSON: unexpected end of text`},
	{"positions count characters", "\ufeff{\"name\": \"𝄞é\u0301\",\t\"x\": 1}", `1:17: /x: unknown field "x" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},

	// What is no seed.
	{"null", "null", `1:1: expected a seed, which is an object, not null`},
	{"list", "[]", `1:1: expected a seed, which is an object, not a list`},
	{"text", `"Acme"`, `1:1: expected a seed, which is an object, not "Acme"`},
	{"number", "1e3", `1:1: expected a seed, which is an object, not 1e3`},
	{"no organizations", `{"organizations": []}`, `1:19: /organizations: expected at least one of the organizations`},
	{"organizations that are null", `{"organizations": null}`, `1:19: /organizations: expected a list of organizations, not null`},
	{"organization that is none", `{"organizations": [1, "x", [], null]}`, `
1:20: /organizations/0: expected an organization, not 1
1:23: /organizations/1: expected an organization, not "x"
1:28: /organizations/2: expected an organization, not a list
1:32: /organizations/3: expected an organization, not null`},
	{"both forms at once", `{"name": "Acme", "organizations": [{"name": "Other"}]}`, `1:2: /name: unknown field "name" (allowed: $schema, organizations)`},
	{"no name", `{}`, `1:1: missing required field "name"`},
	{"schema that is no text", `{"$schema": 1, "name": "Acme"}`, `1:13: /$schema: expected the address of a JSON Schema, not 1`},

	// Unknown fields.
	{"unknown field of a seed", `{"organizations": [{"name": "Acme"}], "version": 1}`, `1:39: /version: unknown field "version" (allowed: $schema, organizations)`},
	{"unknown field of an organization", `{"name": "Acme", "user": []}`, `1:18: /user: unknown field "user" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},
	{"schema of an organization in a list", `{"organizations": [{"$schema": "x", "name": "Acme"}]}`, `1:21: /organizations/0/$schema: unknown field "$schema" (allowed: id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},
	{"unknown field of settings", `{"name": "Acme", "settings": {"workspaceLimit": 1}}`, `1:31: /settings/workspaceLimit: unknown field "workspaceLimit" (allowed: workspace_limit, member_limit, workspace_member_limit, api_key_limit, workspace_api_key_limit, allowed_invite_domains, workspace_name_max_length, anthropic_versions)`},
	{"unknown field of a clock", `{"name": "Acme", "clock": {"frozen": "2024-10-30T23:58:27Z"}}`, `1:28: /clock/frozen: unknown field "frozen" (allowed: frozen_at, starts_at, offset)`},
	{"unknown field of ids", `{"name": "Acme", "ids": {"seed": 1, "count": 2}}`, `1:37: /ids/count: unknown field "count" (allowed: seed, drawn)`},
	{"unknown field of the Default Workspace", `{"name": "Acme", "default_workspace": {"name": "Default", "archived_at": null, "members": []}}`, `
1:40: /default_workspace/name: unknown field "name" (allowed: id, display_color, created_at, compartment_id, external_key_id, tags, data_residency)
1:59: /default_workspace/archived_at: unknown field "archived_at" (allowed: id, display_color, created_at, compartment_id, external_key_id, tags, data_residency)
1:80: /default_workspace/members: unknown field "members" (allowed: id, display_color, created_at, compartment_id, external_key_id, tags, data_residency)`},
	{"unknown field of a user", `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "type": "user"}]}`, `1:63: /users/0/type: unknown field "type" (allowed: id, email, name, role, added_at)`},
	{"unknown field of an invite", `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "type": "invite"}]}`, `1:65: /invites/0/type: unknown field "type" (allowed: id, email, role, status, invited_at, expires_at, accepted_at)`},
	{"unknown field of a workspace", `{"name": "Acme", "workspaces": [{"name": "Research", "colour": "#6C5BB9"}]}`, `1:54: /workspaces/0/colour: unknown field "colour" (allowed: id, name, display_color, created_at, archived_at, compartment_id, external_key_id, tags, data_residency, members)`},
	{"unknown field of a data residency", `{"name": "Acme", "workspaces": [{"name": "Research", "data_residency": {"geo": "us"}}]}`, `1:73: /workspaces/0/data_residency/geo: unknown field "geo" (allowed: workspace_geo, allowed_inference_geos, default_inference_geo)`},
	{"unknown field of a member", `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user"}], "workspaces": [{"name": "Research", "members": [{"user": "a@b.c", "workspace_role": "workspace_user", "role": "user"}]}]}`, `1:167: /workspaces/0/members/0/role: unknown field "role" (allowed: user, workspace_role)`},
	{"unknown field of an API key", `{"name": "Acme", "api_keys": [{"name": "CI", "created_by": "user_a", "workspace_id": null}]}`, `1:70: /api_keys/0/workspace_id: unknown field "workspace_id" (allowed: id, name, workspace, created_at, created_by, status, last_used_at, partial_key_hint, expires_at, status_history)`},
	{"unknown field of a change", `{"name": "Acme", "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d", "by": "user_a"}]}]}`, `1:144: /api_keys/0/status_history/0/by: unknown field "by" (allowed: status, at)`},
	{"unknown field of a removed user", `{"name": "Acme", "removed": [{"id": "a", "added_at": "-3d", "removed_at": "-1d"}]}`, `1:61: /removed/0/removed_at: unknown field "removed_at" (allowed: id, added_at)`},
	{"unknown fields that need escapes", `{"name": "Acme", "a/b~c": 1, "": 2, "x\ny": 3, "\"": 4}`, `
1:18: /a~1b~0c: unknown field "a/b~c" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:30: /: unknown field "" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:37: "/x\ny": unknown field "x\ny" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:48: /": unknown field "\"" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},

	// Values of the wrong form.
	{"fields that are needed", `{"organizations": [{"ids": {}, "users": [{}], "invites": [{}], "workspaces": [{"members": [{}]}, {}], "api_keys": [{"status_history": [{}]}], "removed": [{}]}]}`, `
1:20: /organizations/0: missing required field "name"
1:28: /organizations/0/ids: missing required field "seed"
1:42: /organizations/0/users/0: missing required field "email"
1:42: /organizations/0/users/0: missing required field "role"
1:59: /organizations/0/invites/0: missing required field "email"
1:59: /organizations/0/invites/0: missing required field "role"
1:79: /organizations/0/workspaces/0: missing required field "name"
1:92: /organizations/0/workspaces/0/members/0: missing required field "user"
1:92: /organizations/0/workspaces/0/members/0: missing required field "workspace_role"
1:98: /organizations/0/workspaces/1: missing required field "name"
1:116: /organizations/0/api_keys/0: missing required field "name"
1:116: /organizations/0/api_keys/0: missing required field "created_by"
1:136: /organizations/0/api_keys/0/status_history/0: missing required field "status"
1:136: /organizations/0/api_keys/0/status_history/0: missing required field "at"
1:155: /organizations/0/removed/0: missing required field "id"
1:155: /organizations/0/removed/0: missing required field "added_at"`},
	{"null for every object", `{"name": null, "id": null, "admin_keys": null, "settings": null, "clock": null, "ids": null, "default_workspace": null, "users": null, "invites": null, "workspaces": null, "api_keys": null, "removed": null}`, `
1:10: /name: expected a name of at least 1 character, not null
1:22: /id: expected a UUID, not null
1:42: /admin_keys: expected a list of admin keys, not null
1:60: /settings: expected settings, not null
1:75: /clock: expected a clock, not null
1:88: /ids: expected ids, not null
1:115: /default_workspace: expected the Default Workspace, not null
1:130: /users: expected a list of users, not null
1:147: /invites: expected a list of invites, not null
1:167: /workspaces: expected a list of workspaces, not null
1:185: /api_keys: expected a list of API keys, not null
1:202: /removed: expected a list of removed users, not null`},
	{"elements that are no objects", `{"name": "Acme", "users": [null], "invites": ["x"], "workspaces": [[]], "api_keys": [1], "removed": [false]}`, `
1:28: /users/0: expected a user, not null
1:47: /invites/0: expected an invite, not "x"
1:68: /workspaces/0: expected a workspace, not a list
1:86: /api_keys/0: expected an API key, not 1
1:102: /removed/0: expected a removed user, not false`},
	{"settings", `{"name": "Acme", "settings": {
  "workspace_limit": null, "member_limit": -1, "workspace_member_limit": 1.5, "api_key_limit": "5", "workspace_api_key_limit": 9007199254740992,
  "allowed_invite_domains": ["example", "@example.com", ""], "workspace_name_max_length": 256, "anthropic_versions": []}}`, `
2:22: /settings/workspace_limit: expected a whole number from 0 to 2^53-1, not null
2:44: /settings/member_limit: expected a whole number from 0 to 2^53-1, not -1
2:74: /settings/workspace_member_limit: expected a whole number from 0 to 2^53-1, not 1.5
2:96: /settings/api_key_limit: expected a whole number from 0 to 2^53-1, not "5"
2:128: /settings/workspace_api_key_limit: expected a whole number from 0 to 2^53-1, not 9007199254740992
3:30: /settings/allowed_invite_domains/0: expected a domain such as example.com, not "example"
3:41: /settings/allowed_invite_domains/1: expected a domain such as example.com, not "@example.com"
3:57: /settings/allowed_invite_domains/2: expected a domain such as example.com, not ""
3:91: /settings/workspace_name_max_length: expected a whole number from 1 to 255, not 256
3:118: /settings/anthropic_versions: expected at least one of the versions`},
	{"more settings", `{"name": "Acme", "settings": {"workspace_name_max_length": 0, "allowed_invite_domains": "example.com", "anthropic_versions": ["latest", null], "member_limit": 1e999, "api_key_limit": 1e99999999999}}`, `
1:60: /settings/workspace_name_max_length: expected a whole number from 1 to 255, not 0
1:89: /settings/allowed_invite_domains: expected a list of domains, not "example.com"
1:127: /settings/anthropic_versions/0: expected a version such as 2023-06-01, not "latest"
1:137: /settings/anthropic_versions/1: expected a version such as 2023-06-01, not null
1:160: /settings/member_limit: expected a whole number from 0 to 2^53-1, not 1e999
1:184: /settings/api_key_limit: expected a whole number from 0 to 2^53-1, not 1e99999999999`},
	{"clocks", `{"organizations": [
  {"name": "a", "admin_keys": ["sk-ant-admin01-a"], "clock": {}},
  {"name": "b", "admin_keys": ["sk-ant-admin01-b"], "clock": {"frozen_at": "2024-10-30T23:58:27Z", "offset": "1h"}},
  {"name": "c", "admin_keys": ["sk-ant-admin01-c"], "clock": {"frozen_at": "-3d"}},
  {"name": "d", "admin_keys": ["sk-ant-admin01-d"], "clock": {"starts_at": null}},
  {"name": "e", "admin_keys": ["sk-ant-admin01-e"], "clock": {"offset": "1d"}},
  {"name": "f", "admin_keys": ["sk-ant-admin01-f"], "clock": {"offset": 3600}},
  {"name": "g", "admin_keys": ["sk-ant-admin01-g"], "clock": "2024-10-30T23:58:27Z"},
  {"name": "h", "admin_keys": ["sk-ant-admin01-h"], "clock": {"frozen_at": "2023-02-29T00:00:00Z"}}
]}`, `
2:62: /organizations/0/clock: expected exactly one of frozen_at, starts_at, offset
3:62: /organizations/1/clock: expected exactly one of frozen_at, starts_at, offset
4:76: /organizations/2/clock/frozen_at: expected a time such as "2024-10-30T23:58:27Z", not "-3d"
5:76: /organizations/3/clock/starts_at: expected a time such as "2024-10-30T23:58:27Z", not null
6:73: /organizations/4/clock/offset: expected a duration such as "504h0m0s", not "1d"
7:73: /organizations/5/clock/offset: expected a duration such as "504h0m0s", not 3600
8:62: /organizations/6/clock: expected a clock, not "2024-10-30T23:58:27Z"
9:76: /organizations/7/clock/frozen_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "2023-02-29T00:00:00Z"`},
	{"clocks out of reach", `{"organizations": [
  {"name": "a", "admin_keys": ["sk-ant-admin01-a"], "clock": {"offset": "3000000h"}},
  {"name": "b", "admin_keys": ["sk-ant-admin01-b"], "clock": {"offset": "-500000h"}},
  {"name": "c", "admin_keys": ["sk-ant-admin01-c"], "clock": {"starts_at": "9999-01-01T00:00:00Z"}}
]}`, `
2:73: /organizations/0/clock/offset: expected a duration of at most 292 years, not "3000000h"
3:73: /organizations/1/clock/offset: expected a clock that shows a time from 1970 to 9998, not 1969-01-19T20:05:06.789012Z
4:76: /organizations/2/clock/starts_at: expected a time at most 292 years from now`},
	{"ids of the stream", `{"name": "Acme", "ids": {"seed": -1, "drawn": "7"}}`, `
1:34: /ids/seed: expected a whole number from 0 to 2^53-1, not -1
1:47: /ids/drawn: expected a whole number from 0 to 2^53-1, not "7"`},
	{"forms of texts", `{"id": "12345678", "name": "", "admin_keys": [""],
 "default_workspace": {"id": "", "display_color": "red", "compartment_id": "x", "external_key_id": ""},
 "users": [{"id": "a b", "email": "jane@example", "name": "", "role": "owner"}],
 "invites": [{"email": "jane doe@example.com", "role": null, "status": "canceled"}],
 "workspaces": [{"name": "", "members": [{"user": "", "workspace_role": "workspace_billing"}]}],
 "api_keys": [{"name": "", "workspace": "", "created_by": "", "status": "paused", "partial_key_hint": "R2D...igAA", "status_history": []}],
 "removed": [{"id": "/", "added_at": "-3d"}]}`, `
1:8: /id: expected a UUID, not "12345678"
1:28: /name: expected a name of at least 1 character, not 0 characters
1:47: /admin_keys/0: expected an admin key: sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -
2:30: /default_workspace/id: expected an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -, not ""
2:51: /default_workspace/display_color: expected a color such as #6C5BB9, not "red"
2:76: /default_workspace/compartment_id: expected a UUID, not "x"
2:100: /default_workspace/external_key_id: expected the id of an external key, or null, not 0 characters
3:19: /users/0/id: expected an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -, not "a b"
3:35: /users/0/email: expected an e-mail address, not "jane@example"
3:59: /users/0/name: expected a name of at least 1 character, not 0 characters
3:71: /users/0/role: expected "user" or "developer" or "billing" or "claude_code_user" or "admin", not "owner"
4:24: /invites/0/email: expected an e-mail address, not "jane doe@example.com"
4:56: /invites/0/role: expected "user" or "developer" or "billing" or "claude_code_user" or "admin", not null
4:72: /invites/0/status: expected "pending" or "accepted" or "expired" or "deleted", not "canceled"
5:26: /workspaces/0/name: expected a name of 1 to 255 characters, not 0 characters
5:51: /workspaces/0/members/0/user: expected a user's id, e-mail address or name, not 0 characters
5:73: /workspaces/0/members/0/workspace_role: expected "workspace_user" or "workspace_developer" or "workspace_restricted_developer" or "workspace_admin", not "workspace_billing"
6:24: /api_keys/0/name: expected a name of 1 to 500 characters, not 0 characters
6:41: /api_keys/0/workspace: expected a workspace's id or name, or null for the Default Workspace, not 0 characters
6:59: /api_keys/0/created_by: expected a user's id, e-mail address or name, not 0 characters
6:73: /api_keys/0/status: expected "active" or "inactive" or "archived" or "expired", not "paused"
6:103: /api_keys/0/partial_key_hint: expected the two ends of a key such as sk-ant-api03-R2D...igAA, or null, not "R2D...igAA"
6:135: /api_keys/0/status_history: expected at least one of the changes
7:21: /removed/0/id: expected an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -, not "/"`},
	{"texts that are too long", fmt.Sprintf(`{"name": "Acme", "workspaces": [{"name": %q}, {"name": %q}], "api_keys": [{"name": %q, "created_by": "user_a"}, {"name": %q, "created_by": "user_a"}], "users": [{"id": %q, "email": %q, "role": "user"}]}`,
		strings.Repeat("é", 255), strings.Repeat("é", 256), strings.Repeat("é", 500), strings.Repeat("é", 501), strings.Repeat("a", 129), "jane@"+strings.Repeat("é", 64)+".example.com"), `
1:311: /workspaces/1/name: expected a name of 1 to 255 characters, not 256 characters
1:1133: /api_keys/1/name: expected a name of 1 to 500 characters, not 501 characters
1:1681: /users/0/id: expected an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -, not "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"
1:1823: /users/0/email: expected an e-mail address, not "jane@ééééééééééééééééééééééééééééééééééééééééééééééééééééééé…"`},
	{"texts that are no texts", `{"name": 5, "users": [{"email": ["a@b.c"], "role": {}, "name": true, "added_at": 1730332707}]}`, `
1:10: /name: expected a name of at least 1 character, not 5
1:33: /users/0/email: expected an e-mail address, not a list
1:52: /users/0/role: expected "user" or "developer" or "billing" or "claude_code_user" or "admin", not an object
1:64: /users/0/name: expected a name of at least 1 character, not true
1:82: /users/0/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not 1730332707`},
	{"tags", `{"name": "Acme", "workspaces": [{"name": "Research", "tags": {"anthropic": "a", "anthropic-x": "b", "team": null, "cost": 5, "Anthropic": ""}}, {"name": "Sales", "tags": ["team"]}]}`, `
1:63: /workspaces/0/tags/anthropic: expected a tag that does not begin with "anthropic"
1:81: /workspaces/0/tags/anthropic-x: expected a tag that does not begin with "anthropic"
1:109: /workspaces/0/tags/team: expected a text, not null
1:123: /workspaces/0/tags/cost: expected a text, not 5
1:171: /workspaces/1/tags: expected tags, an object of texts, not a list`},
	{"data residency", `{"name": "Acme", "workspaces": [
 {"name": "a", "data_residency": {"workspace_geo": "eu", "allowed_inference_geos": "all", "default_inference_geo": null}},
 {"name": "b", "data_residency": {"allowed_inference_geos": []}},
 {"name": "c", "data_residency": {"allowed_inference_geos": ["us", "eu"]}},
 {"name": "d", "data_residency": {"allowed_inference_geos": ["us"]}},
 {"name": "e", "data_residency": {"allowed_inference_geos": ["global"], "default_inference_geo": "us"}},
 {"name": "f", "data_residency": "us"}]}`, `
2:52: /workspaces/0/data_residency/workspace_geo: expected "us", not "eu"
2:84: /workspaces/0/data_residency/allowed_inference_geos: expected a list of inference geos, or "unrestricted", not "all"
2:116: /workspaces/0/data_residency/default_inference_geo: expected "global" or "us", not null
3:61: /workspaces/1/data_residency/allowed_inference_geos: expected at least one of the inference geos
4:68: /workspaces/2/data_residency/allowed_inference_geos/1: expected "global" or "us", not "eu"
5:61: /workspaces/3/data_residency/allowed_inference_geos: expected default_inference_geo, "global", to be among allowed_inference_geos
6:98: /workspaces/4/data_residency/default_inference_geo: expected default_inference_geo, "us", to be among allowed_inference_geos
7:34: /workspaces/5/data_residency: expected a data residency, not "us"`},

	// Times.
	{"forms of times", `{"name": "Acme", "users": [
 {"email": "a@b.c", "role": "user", "added_at": "yesterday"},
 {"email": "b@b.c", "role": "user", "added_at": "3d"},
 {"email": "c@b.c", "role": "user", "added_at": "2024-10-30"},
 {"email": "d@b.c", "role": "user", "added_at": "2024-10-30T23:58:27"},
 {"email": "e@b.c", "role": "user", "added_at": null}]}`, `
2:49: /users/0/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not "yesterday"
3:49: /users/1/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not "3d"
4:49: /users/2/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not "2024-10-30"
5:49: /users/3/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not "2024-10-30T23:58:27"
6:49: /users/4/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not null`},
	{"times that are none", `{"name": "Acme", "users": [
 {"email": "a@b.c", "role": "user", "added_at": "2023-02-29T00:00:00Z"},
 {"email": "b@b.c", "role": "user", "added_at": "1969-12-31T23:59:59Z"},
 {"email": "c@b.c", "role": "user", "added_at": "1970-01-01T00:00:00+00:01"},
 {"email": "d@b.c", "role": "user", "added_at": "9999-12-31T23:59:59-00:01"},
 {"email": "e@b.c", "role": "user", "added_at": "-36500d1s"},
 {"email": "f@b.c", "role": "user", "added_at": "+99999999999999999999w"}]}`, `
2:49: /users/0/added_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "2023-02-29T00:00:00Z"
3:49: /users/1/added_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "1969-12-31T23:59:59Z"
4:49: /users/2/added_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "1970-01-01T00:00:00+00:01"
5:49: /users/3/added_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "9999-12-31T23:59:59-00:01"
6:49: /users/4/added_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "-36500d1s"
7:49: /users/5/added_at: expected a day that exists, from 1970 to 9999 or at most 36500 days from the clock, not "+99999999999999999999w"`},
	{"times that the clock takes out of range", `{"name": "Acme", "clock": {"frozen_at": "1970-01-02T00:00:00Z"},
 "default_workspace": {"created_at": "-2d"},
 "users": [{"email": "a@b.c", "role": "user", "added_at": "-1d"}, {"email": "b@b.c", "role": "user", "added_at": "-1d1s"}],
 "invites": [{"email": "c@b.c", "role": "user", "invited_at": "-2d", "expires_at": "-2d"}, {"email": "c@b.c", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-2d"}],
 "workspaces": [{"name": "Research", "created_at": "-3d", "archived_at": "-2d"}],
 "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d", "last_used_at": "-2d", "expires_at": "+1d", "status_history": [{"status": "active", "at": "-3d"}]}],
 "removed": [{"id": "a", "added_at": "-2d"}]}`, `
2:38: /default_workspace/created_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
3:114: /users/1/added_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
4:63: /invites/0/invited_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
4:84: /invites/0/expires_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
4:163: /invites/1/invited_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
4:185: /invites/1/accepted_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
5:52: /workspaces/0/created_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
5:74: /workspaces/0/archived_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
6:68: /api_keys/0/created_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
6:91: /api_keys/0/last_used_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
6:165: /api_keys/0/status_history/0/at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z
7:38: /removed/0/added_at: expected a time from 1970 to 9999: the clock shows 1970-01-02T00:00:00.000000Z`},
	{"clock that leaves no time for an invite", `{"name": "Acme", "clock": {"frozen_at": "9999-01-01T00:00:00Z"}}`, `1:41: /clock/frozen_at: expected a clock that shows a time from 1970 to 9998, not 9999-01-01T00:00:00.000000Z`},
	{"what has not happened yet", `{"name": "Acme", "clock": {"frozen_at": "2024-01-01T00:00:00Z"}, "default_workspace": {"created_at": "+1s"},
 "users": [{"email": "a@b.c", "role": "user", "added_at": "+5d"}, {"email": "b@b.c", "role": "user", "added_at": "2024-01-01T00:00:00.000001Z"}],
 "invites": [{"email": "c@b.c", "role": "user", "invited_at": "+1d"}, {"email": "d@b.c", "role": "user", "status": "accepted", "invited_at": "-1d", "accepted_at": "+3d"}],
 "workspaces": [{"name": "W", "created_at": "+1d", "archived_at": "+3d"}],
 "api_keys": [{"name": "K", "created_by": "user_gone", "created_at": "-1d", "status_history": [{"status": "active", "at": "-1d"}, {"status": "inactive", "at": "+5d"}]}],
 "removed": [{"id": "user_gone", "added_at": "+1s"}]}`, `
1:102: /default_workspace/created_at: expected a time that has come
2:59: /users/0/added_at: expected a time that has come
2:114: /users/1/added_at: expected a time that has come: the clock shows 2024-01-01T00:00:00.000000Z
3:63: /invites/0/invited_at: expected a time that has come
3:164: /invites/1/accepted_at: expected a time that has come
4:45: /workspaces/0/created_at: expected a time that has come
4:67: /workspaces/0/archived_at: expected a time that has come
5:160: /api_keys/0/status_history/1/at: expected a time that has come
6:46: /removed/0/added_at: expected a time that has come`},

	// What is there twice.
	{"organization ids", `{"organizations": [
 {"id": "abcdefab-0000-0000-0000-000000000000", "name": "a"},
 {"id": "ABCDEFAB-0000-0000-0000-000000000000", "name": "b", "admin_keys": ["sk-ant-admin01-b"]}]}`, `3:9: /organizations/1/id: duplicate id "ABCDEFAB-0000-0000-0000-000000000000" (first at /organizations/0/id)`},
	{"admin keys", `{"organizations": [
 {"name": "a", "admin_keys": ["sk-ant-admin01-a", "sk-ant-admin01-c", "sk-ant-admin01-a"]},
 {"name": "b", "admin_keys": ["sk-ant-admin01-b", "sk-ant-admin01-a"]},
 {"name": "c", "admin_keys": ["sk-ant-admin01-A"]}]}`, `
2:71: /organizations/0/admin_keys/2: duplicate admin key "sk-ant-…01-a" (first at /organizations/0/admin_keys/0)
3:51: /organizations/1/admin_keys/1: duplicate admin key "sk-ant-…01-a" (first at /organizations/0/admin_keys/0)`},
	{"no admin key", `{"organizations": [{"name": "a"}, {"name": "b", "admin_keys": []}, {"name": "c"}]}`, `
1:35: /organizations/1: expected "admin_keys" with at least one: without a key nothing selects an organization that is not the first
1:68: /organizations/2: expected "admin_keys" with at least one: without a key nothing selects an organization that is not the first`},
	{"user ids", `{"name": "Acme", "users": [
 {"id": "a", "email": "a@b.c", "role": "user"},
 {"id": "A", "email": "b@b.c", "role": "user"},
 {"id": "a", "email": "c@b.c", "role": "user"}],
 "removed": [{"id": "b", "added_at": "-1d"}, {"id": "a", "added_at": "-1d"}, {"id": "b", "added_at": "-1d"}]}`, `
4:9: /users/2/id: duplicate id "a" (first at /users/0/id)
5:53: /removed/1/id: duplicate id "a" (first at /users/0/id)
5:85: /removed/2/id: duplicate id "b" (first at /removed/0/id)`},
	{"invite ids", `{"name": "Acme", "invites": [{"id": "a", "email": "a@b.c", "role": "user"}, {"id": "a", "email": "b@b.c", "role": "user"}]}`, `1:84: /invites/1/id: duplicate id "a" (first at /invites/0/id)`},
	{"workspace ids", `{"name": "Acme", "default_workspace": {"id": "a"}, "workspaces": [{"id": "b", "name": "Research"}, {"id": "b", "name": "Sales"}, {"id": "a", "name": "Support"}]}`, `
1:107: /workspaces/1/id: duplicate id "b" (first at /workspaces/0/id)
1:137: /workspaces/2/id: duplicate id "a" (first at /default_workspace/id)`},
	{"API key ids", `{"name": "Acme", "api_keys": [{"id": "a", "name": "CI", "created_by": "user_a"}, {"id": "a", "name": "CD", "created_by": "user_a"}]}`, `1:89: /api_keys/1/id: duplicate id "a" (first at /api_keys/0/id)`},
	{"addresses of users", `{"name": "Acme", "users": [{"email": "Jane@Example.com", "role": "user"}, {"email": "jane@example.COM", "role": "user"}]}`, `1:85: /users/1/email: duplicate email "jane@example.COM" (first at /users/0/email)`},
	{"address of a user and an invite", `{"name": "Acme", "invites": [{"email": "JANE@example.com", "role": "user"}], "users": [{"email": "jane@example.com", "role": "user"}]}`, `1:40: /invites/0/email: expected an address that belongs to no user while the invite is pending: the user at /users/0 has it`},
	{"addresses of invites", `{"name": "Acme", "invites": [
 {"email": "Jane@example.com", "role": "user", "invited_at": "-20d"},
 {"email": "jane@example.com", "role": "user", "status": "pending", "invited_at": "2026-02-01T00:00:00Z"},
 {"email": "jane@EXAMPLE.com", "role": "user", "expires_at": "+1h"}]}`, `
3:12: /invites/1/email: expected an address with one pending invite: the one at /invites/0 is pending too
4:12: /invites/2/email: expected an address with one pending invite: the one at /invites/0 is pending too`},
	{"members", `{"name": "Acme", "users": [{"id": "u", "email": "jane@example.com", "name": "Jane", "role": "user"}], "workspaces": [
 {"name": "Research", "members": [
  {"user": "u", "workspace_role": "workspace_user"},
  {"user": "JANE@example.com", "workspace_role": "workspace_user"},
  {"user": "Jane", "workspace_role": "workspace_admin"}]},
 {"name": "Sales", "members": [{"user": "u", "workspace_role": "workspace_user"}]}]}`, `
4:12: /workspaces/0/members/1/user: duplicate member "JANE@example.com" (first at /workspaces/0/members/0/user)
5:12: /workspaces/0/members/2/user: duplicate member "Jane" (first at /workspaces/0/members/0/user)`},

	// References.
	{"references that lead nowhere", `{"name": "Acme", "users": [{"id": "u", "email": "jane@example.com", "role": "user"}], "workspaces": [
 {"id": "w", "name": "Research", "members": [
  {"user": "John Doe", "workspace_role": "workspace_user"},
  {"user": "john@example.com", "workspace_role": "workspace_user"},
  {"user": "user_gone", "workspace_role": "workspace_user"},
  {"user": "jane", "workspace_role": "workspace_user"},
  {"user": "gone", "workspace_role": "workspace_user"}]}],
 "api_keys": [
  {"name": "a", "created_by": "john@example.com"},
  {"name": "b", "created_by": "John Doe"},
  {"name": "c", "created_by": "u2"},
  {"name": "d", "created_by": "user_ with a blank"},
  {"name": "e", "created_by": "u", "workspace": "Sales"},
  {"name": "f", "created_by": "u", "workspace": "research"},
  {"name": "g", "created_by": "u", "workspace": "w2"}],
 "removed": [{"id": "gone", "added_at": "-3d"}]}`, `
3:12: /workspaces/0/members/0/user: expected the id, e-mail address or name of one of the users, not "John Doe"
4:12: /workspaces/0/members/1/user: expected the id, e-mail address or name of one of the users, not "john@example.com"
5:12: /workspaces/0/members/2/user: expected the id, e-mail address or name of one of the users, not "user_gone"
6:12: /workspaces/0/members/3/user: expected the id, e-mail address or name of one of the users, not "jane"
7:12: /workspaces/0/members/4/user: expected the id, e-mail address or name of one of the users, not "gone"
9:31: /api_keys/0/created_by: expected the id, e-mail address or name of one of the users, not "john@example.com"
10:31: /api_keys/1/created_by: expected the id, e-mail address or name of one of the users, not "John Doe"
11:31: /api_keys/2/created_by: expected the id, e-mail address or name of one of the users, not "u2"
12:31: /api_keys/3/created_by: expected the id, e-mail address or name of one of the users, not "user_ with a blank"
13:49: /api_keys/4/workspace: expected the id or name of one of the workspaces, not "Sales"
14:49: /api_keys/5/workspace: expected the id or name of one of the workspaces, not "research"
15:49: /api_keys/6/workspace: expected the id or name of one of the workspaces, not "w2"`},
	{"references that are ambiguous", `{"name": "Acme", "users": [
 {"email": "jane.doe@example.com", "role": "user"},
 {"email": "jane@example.com", "name": "Jane Doe", "role": "user"}],
 "workspaces": [{"name": "Research", "members": [{"user": "Jane Doe", "workspace_role": "workspace_user"}]}, {"name": "Research"}, {"name": "Default"}],
 "api_keys": [
  {"name": "a", "created_by": "Jane Doe"},
  {"name": "b", "created_by": "jane@example.com", "workspace": "Research"},
  {"name": "c", "created_by": "jane@example.com", "workspace": "Default"}]}`, `
4:59: /workspaces/0/members/0/user: expected an id or an e-mail address: 2 users are named "Jane Doe"
6:31: /api_keys/0/created_by: expected an id or an e-mail address: 2 users are named "Jane Doe"
7:64: /api_keys/1/workspace: expected an id: 2 workspaces are named "Research"
8:64: /api_keys/2/workspace: expected an id: 2 workspaces are named "Default"`},
	{"references to what is faulty itself", `{"name": "Acme",
 "users": [{"id": "a b", "email": "jane", "name": "Jane", "role": "owner"}, {"email": "x", "role": "user"}],
 "workspaces": [{"id": "/", "name": "Research", "archived_at": "soon", "members": [{"user": "a b", "workspace_role": "workspace_user"}, {"user": "x", "workspace_role": "workspace_user"}]}],
 "api_keys": [{"name": "CI", "created_by": "jane", "workspace": "/"}, {"name": "CD", "created_by": "Jane", "workspace": "Research"}]}`, `
2:19: /users/0/id: expected an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -, not "a b"
2:35: /users/0/email: expected an e-mail address, not "jane"
2:67: /users/0/role: expected "user" or "developer" or "billing" or "claude_code_user" or "admin", not "owner"
2:87: /users/1/email: expected an e-mail address, not "x"
3:24: /workspaces/0/id: expected an id of 1 to 128 of the characters A-Z a-z 0-9 _ . ~ -, not "/"
3:64: /workspaces/0/archived_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not "soon"`},
	{"references into lists that are none", `{"name": "Acme", "users": "jane", "workspaces": {}, "removed": 1,
 "api_keys": [{"name": "CI", "created_by": "jane", "workspace": "Research"}]}`, `
1:27: /users: expected a list of users, not "jane"
1:49: /workspaces: expected a list of workspaces, not an object
1:64: /removed: expected a list of removed users, not 1`},
	{"references to users who are no list", `{"name": "Acme", "users": null, "api_keys": [{"name": "CI", "created_by": "jane"}]}`, `1:27: /users: expected a list of users, not null`},
	{"references to removed users who are no list", `{"name": "Acme", "removed": null, "api_keys": [{"name": "CI", "created_by": "jane"}]}`, `1:29: /removed: expected a list of removed users, not null`},

	// States that the API could not have reached.
	{"invite that was accepted at no time", `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "status": "accepted"}, {"email": "a@b.c", "role": "user", "status": "accepted", "accepted_at": null}]}`, `
1:30: /invites/0: expected a time in "accepted_at" where the status is "accepted"
1:160: /invites/1/accepted_at: expected a time in "accepted_at" where the status is "accepted"`},
	{"invite that was accepted and is not", `{"name": "Acme", "invites": [
 {"email": "a@b.c", "role": "user", "accepted_at": "-1d", "invited_at": "-3d"},
 {"email": "b@b.c", "role": "user", "status": "deleted", "accepted_at": "-1d", "invited_at": "-3d"}]}`, `
2:52: /invites/0/accepted_at: expected no accepted_at, or null, unless the status is "accepted"
3:73: /invites/1/accepted_at: expected no accepted_at, or null, unless the status is "accepted"`},
	{"order of an invite's times", `{"name": "Acme", "invites": [
 {"email": "a@b.c", "role": "user", "expires_at": "-1s"},
 {"email": "b@b.c", "role": "user", "invited_at": "2026-02-01T00:00:00Z", "expires_at": "2026-01-31T23:59:59.999999Z"},
 {"email": "c@b.c", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-4d"},
 {"email": "d@b.c", "role": "user", "status": "accepted", "invited_at": "-30d", "accepted_at": "-8d"},
 {"email": "e@b.c", "role": "user", "status": "accepted", "invited_at": "-30d", "expires_at": "-20d", "accepted_at": "2026-02-01T00:00:00Z"}]}`, `
2:51: /invites/0/expires_at: expected a time that is not before invited_at
3:89: /invites/1/expires_at: expected a time that is not before invited_at
4:95: /invites/2/accepted_at: expected a time that is not before invited_at
5:96: /invites/3/accepted_at: expected a time that is not after expires_at
6:118: /invites/4/accepted_at: expected a time that is not after expires_at`},
	{"invite that has expired before its time", `{"name": "Acme", "invites": [
 {"email": "a@b.c", "role": "user", "status": "expired", "invited_at": "-3d"},
 {"email": "b@b.c", "role": "user", "status": "expired", "invited_at": "-3d", "expires_at": "2026-02-04T00:00:00Z"}]}`, `
2:47: /invites/0/status: expected a time in "expires_at" that has come, for the status is "expired"
3:93: /invites/1/expires_at: expected a time in "expires_at" that has come, for the status is "expired"`},
	{"workspace that was archived before it was made", `{"name": "Acme", "workspaces": [
 {"name": "a", "created_at": "-1d", "archived_at": "-2d"},
 {"name": "b", "archived_at": "-2d"},
 {"name": "c", "created_at": "2026-02-03T00:00:00Z", "archived_at": "-2d"}]}`, `
2:52: /workspaces/0/archived_at: expected a time that is not before created_at
3:31: /workspaces/1/archived_at: expected a time that is not before created_at
4:69: /workspaces/2/archived_at: expected a time that is not before created_at`},
	{"key that works in an archived workspace", `{"name": "Acme", "workspaces": [{"id": "w", "name": "Research", "created_at": "-9d", "archived_at": "-1d"}], "api_keys": [
 {"name": "a", "created_by": "user_a", "workspace": "Research", "created_at": "-3d", "status": "active"},
 {"name": "b", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status": "inactive"},
 {"name": "c", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status": "expired", "expires_at": "-2d"},
 {"name": "d", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}]},
 {"name": "e", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "archived", "at": "-1h"}]},
 {"name": "f", "created_by": "user_a", "workspace": "w"},
 {"name": "g", "created_by": "user_a", "workspace": "w", "created_at": "-1h"}]}`, `
2:96: /api_keys/0/status: expected "archived": the key's workspace is archived
3:89: /api_keys/1/status: expected "archived": the key's workspace is archived
4:89: /api_keys/2/status: expected "archived": the key's workspace is archived
5:109: /api_keys/3/status_history/0/status: expected "archived": the key's workspace is archived
6:162: /api_keys/4/status_history/1/at: expected a time that is not after the archiving of the key's workspace
7:2: /api_keys/5: expected a key that was created before its workspace was archived
8:72: /api_keys/6/created_at: expected a key that was created before its workspace was archived`},
	{"key that has expired before its time", `{"name": "Acme", "api_keys": [
 {"name": "a", "created_by": "user_a", "status": "expired"},
 {"name": "b", "created_by": "user_a", "status": "expired", "expires_at": null},
 {"name": "c", "created_by": "user_a", "status": "expired", "expires_at": "+1s"},
 {"name": "d", "created_by": "user_a", "expires_at": "2027-01-01T00:00:00Z", "created_at": "-1d", "status_history": [{"status": "active", "at": "-1d"}, {"status": "expired", "at": "2027-01-01T00:00:00Z"}]},
 {"name": "e", "created_by": "user_a", "created_at": "-1d", "expires_at": "-2d"}]}`, `
2:2: /api_keys/0: expected a time in "expires_at" where the status is "expired"
3:75: /api_keys/1/expires_at: expected a time in "expires_at" where the status is "expired"
4:75: /api_keys/2/expires_at: expected a time that has come, for the status is "expired"
5:54: /api_keys/3/expires_at: expected a time that has come, for the status is "expired"
5:181: /api_keys/3/status_history/1/at: expected a time that has come: the clock shows 2026-02-03T04:05:06.789012Z
6:75: /api_keys/4/expires_at: expected a time that is not before created_at`},
	{"histories", `{"name": "Acme", "api_keys": [
 {"name": "a", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-4d"}]},
 {"name": "b", "created_by": "user_a", "status_history": [{"status": "active", "at": "-1d"}]},
 {"name": "c", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "active", "at": "-2d"}]},
 {"name": "d", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "archived", "at": "-2d"}, {"status": "active", "at": "-1d"}]},
 {"name": "e", "created_by": "user_a", "created_at": "-5d", "expires_at": "-4d", "status_history": [{"status": "active", "at": "-5d"}, {"status": "expired", "at": "-4d"}, {"status": "inactive", "at": "-3d"}]},
 {"name": "f", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "inactive", "at": "-1d"}, {"status": "active", "at": "2026-02-01T00:00:00Z"}]},
 {"name": "g", "created_by": "user_a", "created_at": "-3d", "status": "active", "status_history": [{"status": "active", "at": "-3d"}, {"status": "inactive", "at": "-1d"}]},
 {"name": "h", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "expired", "at": "-1d"}]},
 {"name": "i", "created_by": "user_a", "created_at": "-3d", "expires_at": "-2d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "expired", "at": "-1d"}]},
 {"name": "j", "created_by": "user_a", "created_at": "-3d", "expires_at": "-2d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "archived", "at": "-1d"}]},
 {"name": "k", "created_by": "user_a", "created_at": "-3d", "expires_at": "-2d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "inactive", "at": "-1d"}]}]}`, `
2:107: /api_keys/0/status_history/0/at: expected created_at: the first change is how the key began
3:86: /api_keys/1/status_history/0/at: expected created_at: the first change is how the key began
4:126: /api_keys/2/status_history/1/status: expected a change: the status is "active" already
5:163: /api_keys/3/status_history/2/status: expected no change after archiving, which is final
6:183: /api_keys/4/status_history/2/status: expected "archived": nothing else can follow "expired"
6:201: /api_keys/4/status_history/2/at: expected a time that is not after expires_at
7:179: /api_keys/5/status_history/2/at: expected a time that is not before the change above
8:146: /api_keys/6/status_history/1/status: expected the key's status, "active", as the last one
9:126: /api_keys/7/status_history/1/status: expected a key that expires to have expires_at
10:164: /api_keys/8/status_history/1/at: expected expires_at, the instant from which a key is expired
11:136: /api_keys/9/status_history/1: expected a change to "expired" before this one: the key had passed expires_at
12:165: /api_keys/10/status_history/1/at: expected a time that is not after expires_at`},

	{"everything at once, in the order of the file", `{
  "name": "",
  "api_keys": [{"name": "CI", "workspace": "Nowhere", "created_by": "nobody"}],
  "users": [
    {"id": "u", "email": "jane@example.com", "role": "user", "added_at": "soon"},
    {"id": "u", "email": "JANE@example.com", "role": "user", "admin": true}
  ],
  "invites": [{"email": "jane@example.com", "role": "user", "role": "admin"}],
  "clock": {"offset": "x"}
}`, `
2:11: /name: expected a name of at least 1 character, not 0 characters
3:44: /api_keys/0/workspace: expected the id or name of one of the workspaces, not "Nowhere"
3:69: /api_keys/0/created_by: expected the id, e-mail address or name of one of the users, not "nobody"
5:74: /users/0/added_at: expected a time such as "2024-10-30T23:58:27Z", or one relative to the clock such as "-3d" or "+1d12h", not "soon"
6:12: /users/1/id: duplicate id "u" (first at /users/0/id)
6:26: /users/1/email: duplicate email "JANE@example.com" (first at /users/0/email)
6:62: /users/1/admin: unknown field "admin" (allowed: id, email, name, role, added_at)
8:25: /invites/0/email: expected an address that belongs to no user while the invite is pending: the user at /users/1 has it
8:61: /invites/0/role: repeated field "role"
9:23: /clock/offset: expected a duration such as "504h0m0s", not "x"`},
}

func TestFaults(t *testing.T) {
	for _, w := range wrongs {
		t.Run(w.name, func(t *testing.T) {
			var want []string
			for line := range strings.SplitSeq(strings.TrimPrefix(w.want, "\n"), "\n") {
				want = append(want, "seed.json:"+line)
			}
			err := Validate("seed.json", []byte(w.src), Options{Real: real})
			if err == nil {
				t.Fatal("nothing is wrong with it")
			}
			if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			placed(t, w.src, faultsOf([]byte(w.src)))
			if r := newReport(); r.parse([]byte(w.src)) != nil && r.faults == nil {
				agree(t, []byte(w.src))
			}
		})
	}
}

// placed fails unless every fault stands where it says, and in order.
func placed(t interface {
	Helper()
	Errorf(format string, args ...any)
}, src string, faults Faults,
) {
	t.Helper()
	src = strings.TrimPrefix(src, "\ufeff")
	starts := startsIn(src)
	last := 0
	for _, f := range faults {
		if f.File != "seed.json" || f.Message == "" || strings.ContainsAny(f.String(), "\n\r") || !utf8.ValidString(f.String()) {
			t.Errorf("a fault is %q", f)
		}
		if f.offset < last || f.offset > len(src) {
			t.Errorf("%s: at %d after %d, of %d bytes", f, f.offset, last, len(src))
			return
		}
		last = f.offset
		lines := strings.Split(src[:last], "\n")
		if column := utf8.RuneCountInString(lines[len(lines)-1]) + 1; f.Line != len(lines) || f.Column != column {
			t.Errorf("%s: stands at %d:%d", f, len(lines), column)
		}
		if f.Pointer != "" && !strings.Contains(f.Pointer, "sk-ant-") && !strings.HasSuffix(f.Pointer, "…") && !slices.Contains(starts[f.Pointer], last) {
			t.Errorf("%s: the pointer leads to %v, the place is %d", f, starts[f.Pointer], last)
		}
	}
}

// startsIn returns where the values of a JSON text begin, by JSON pointer: of a
// field its name, too. It goes as far as the text is JSON.
func startsIn(src string) map[string][]int {
	starts := map[string][]int{}
	d := json.NewDecoder(strings.NewReader(src))
	d.UseNumber()
	next := func(pointer string) (json.Token, error) {
		rest := strings.TrimLeft(src[d.InputOffset():], " \t\r\n,:")
		starts[pointer] = append(starts[pointer], len(src)-len(rest))
		return d.Token()
	}
	var value func(pointer string) error
	value = func(pointer string) error {
		token, err := next(pointer)
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'):
			for d.More() {
				before := d.InputOffset()
				key, err := d.Token()
				if err != nil {
					return err
				}
				field := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key.(string))
				rest := strings.TrimLeft(src[before:], " \t\r\n,")
				starts[field] = append(starts[field], len(src)-len(rest))
				if err := value(field); err != nil {
					return err
				}
			}
		case json.Delim('['):
			for i := 0; d.More(); i++ {
				if err := value(pointer + "/" + strconv.Itoa(i)); err != nil {
					return err
				}
			}
		default:
			return nil
		}
		_, err = d.Token()
		return err
	}
	// What is wrong with the text is not the question here.
	_ = value("")
	return starts
}

// What Parse finds without a clock, Validate finds too; and what Load finds
// is all that Parse left.
func TestParseAndLoadFindWhatValidateFinds(t *testing.T) {
	for _, w := range wrongs {
		all := faultsOf([]byte(w.src))
		s, err := Parse("seed.json", []byte(w.src))
		if err == nil {
			var contents []store.Contents
			contents, err = s.Load(Options{Real: real})
			if contents != nil {
				t.Errorf("%s: Load gives something", w.name)
			}
			if diff := cmp.Diff(all, asFaults(t, err), cmpopts.IgnoreUnexported(Fault{})); diff != "" {
				t.Errorf("%s: faults (-Validate +Load):\n%s", w.name, diff)
			}
			continue
		}
		if s != nil {
			t.Errorf("%s: Parse gives something", w.name)
		}
		for _, f := range asFaults(t, err) {
			if !slices.Contains(all, f) {
				t.Errorf("%s: Parse alone finds %s", w.name, f)
			}
		}
	}
}

func asFaults(t *testing.T, err error) Faults {
	t.Helper()
	faults, ok := errors.AsType[Faults](err)
	if !ok || len(faults) == 0 {
		t.Fatalf("the error is %#v", err)
	}
	return faults
}

func TestOnlyTheClockTells(t *testing.T) {
	const src = `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "status": "expired", "invited_at": "2026-01-20T00:00:00Z"}]}`
	s, err := Parse("seed.json", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	early, late := store.FrozenAt(real), store.FrozenAt(real.AddDate(0, 1, 0))
	if _, err := s.Load(Options{Real: real, Clock: &late}); err != nil {
		t.Errorf("after the invite expired: %v", err)
	}
	_, err = s.Load(Options{Real: real, Clock: &early})
	want := Faults{{
		File: "seed.json", Line: 1, Column: 75, Pointer: "/invites/0/status",
		Message: `expected a time in "expires_at" that has come, for the status is "expired"`,
	}}
	if diff := cmp.Diff(want, asFaults(t, err), cmpopts.IgnoreUnexported(Fault{})); diff != "" {
		t.Errorf("before the invite expired: faults (-want +got):\n%s", diff)
	}
}

// Nothing is wrong with these.
var rights = map[string]string{
	"the example":                 example,
	"byte order mark":             "\ufeff{\"name\": \"Acme\"}",
	"line breaks of Windows":      "\r\n{\r\n\t\"name\" : \"Acme\"\r\n}\r\n",
	"escapes":                     `{"n\u0061me": "\u0041\ud834\udd1e\"\\\/\b\f\n\r\t\u0000"}`,
	"schema":                      `{"$schema": "", "name": "Acme"}`,
	"schema of a list":            `{"$schema": "https://example.com/seed.schema.json", "organizations": [{"name": "Acme"}]}`,
	"numbers, however written":    `{"name": "Acme", "ids": {"seed": 1e2, "drawn": 10.0}, "settings": {"workspace_limit": 0.5e1, "member_limit": -0, "api_key_limit": 9007199254740991}}`,
	"nulls":                       `{"name": "Acme", "settings": {"member_limit": null, "workspace_member_limit": null, "api_key_limit": null, "workspace_api_key_limit": null, "allowed_invite_domains": null}, "default_workspace": {"external_key_id": null}, "workspaces": [{"name": "Research", "archived_at": null, "external_key_id": null}], "api_keys": [{"name": "CI", "created_by": "user_a", "workspace": null, "last_used_at": null, "partial_key_hint": null, "expires_at": null}]}`,
	"organization without a key":  `{"organizations": [{"name": "a"}, {"name": "b", "admin_keys": ["sk-ant-admin01-b"]}]}`,
	"same ids in organizations":   `{"organizations": [{"name": "a", "users": [{"id": "u", "email": "a@b.c", "role": "user"}]}, {"name": "b", "admin_keys": ["sk-ant-admin01-b"], "users": [{"id": "u", "email": "a@b.c", "role": "user"}]}]}`,
	"same ids of different kinds": `{"name": "Acme", "default_workspace": {"id": "w"}, "users": [{"id": "x", "email": "a@b.c", "role": "user"}], "invites": [{"id": "x", "email": "b@b.c", "role": "user"}], "workspaces": [{"id": "x", "name": "Research"}], "api_keys": [{"id": "x", "name": "CI", "created_by": "x"}]}`,
	"names more than once":        `{"name": "Acme", "users": [{"id": "a", "email": "a@b.c", "name": "Jane", "role": "user"}, {"id": "b", "email": "b@b.c", "name": "Jane", "role": "user"}], "workspaces": [{"id": "a", "name": "Default", "members": [{"user": "a", "workspace_role": "workspace_user"}, {"user": "b@b.c", "workspace_role": "workspace_user"}]}, {"id": "b", "name": "Default"}], "api_keys": [{"name": "CI", "created_by": "a", "workspace": "b"}, {"name": "CI", "created_by": "b@b.c"}]}`,
	"invites of users": `{"name": "Acme", "users": [{"email": "jane@example.com", "role": "user"}], "invites": [
 {"email": "jane@example.com", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-1d"},
 {"email": "Jane@example.com", "role": "user", "status": "deleted", "invited_at": "-3d"},
 {"email": "JANE@example.com", "role": "user", "status": "expired", "invited_at": "-21d"},
 {"email": "jane@example.com", "role": "user", "invited_at": "-21d"},
 {"email": "jane@example.com", "role": "user", "status": "pending", "invited_at": "2026-01-01T00:00:00Z"}]}`,
	"invites of one address": `{"name": "Acme", "invites": [
 {"email": "jane@example.com", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-1d"},
 {"email": "jane@example.com", "role": "user", "status": "deleted"},
 {"email": "jane@example.com", "role": "user"},
 {"email": "jane@example.com", "role": "user", "invited_at": "-21d"},
 {"email": "jane@example.com", "role": "user", "invited_at": "-30d"}]}`,
	"users who are gone": `{"name": "Acme", "users": [{"email": "jane@example.com", "name": "user_jane", "role": "user"}], "removed": [{"id": "john", "added_at": "-3d"}],
 "api_keys": [{"name": "a", "created_by": "user_gone"}, {"name": "b", "created_by": "john"}, {"name": "c", "created_by": "user_jane"}]}`,
	"user who is named like one who is gone": `{"name": "Acme", "users": [{"email": "jane@example.com", "name": "gone", "role": "user"}], "removed": [{"id": "gone", "added_at": "-3d"}],
 "workspaces": [{"name": "Research", "members": [{"user": "gone", "workspace_role": "workspace_user"}]}], "api_keys": [{"name": "a", "created_by": "gone"}]}`,
	"members by their role and by hand": `{"name": "Acme", "users": [{"email": "jane@example.com", "role": "admin"}, {"email": "john@example.com", "role": "billing"}], "workspaces": [{"name": "Research", "archived_at": "+0s", "members": [
 {"user": "Jane", "workspace_role": "workspace_user"}, {"user": "John", "workspace_role": "workspace_admin"}]}]}`,
	"keys of an archived workspace": `{"name": "Acme", "workspaces": [{"name": "Research", "created_at": "-3d", "archived_at": "-1d"}], "api_keys": [
 {"name": "a", "workspace": "Research", "created_by": "user_a", "created_at": "-2d"},
 {"name": "b", "workspace": "Research", "created_by": "user_a", "created_at": "-1d", "status": "archived"},
 {"name": "c", "workspace": "Research", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "inactive", "at": "-3d"}, {"status": "active", "at": "-2d"}, {"status": "archived", "at": "-2d"}]}]}`,
	"times that meet": `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "invited_at": "-1d", "expires_at": "-1d"}, {"email": "a@b.c", "role": "user", "status": "accepted", "accepted_at": "+0s"}],
 "workspaces": [{"name": "Research", "archived_at": "+0s"}], "api_keys": [{"name": "a", "created_by": "user_a", "expires_at": "+0s", "status": "expired"}]}`,
	"ends of time": `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "1970-01-01T00:00:00Z"}, {"email": "d@b.c", "role": "user", "added_at": "2024-02-29T23:59:59-23:59"}],
 "api_keys": [{"name": "K", "created_by": "user_gone", "last_used_at": "9999-12-31T23:59:59.999999999Z"}, {"name": "L", "created_by": "user_gone", "expires_at": "+36500d"}]}`,
	"the clock of another machine": `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "2026-02-03T05:05:06Z"}]}`,
}

func TestNothingIsWrong(t *testing.T) {
	for name, src := range rights {
		if faults := faultsOf([]byte(src)); faults != nil {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// Somebody puts an admin key into the wrong place, or a bad one into the right
// place, and the faults go to a log.
func TestFaultsKeepKeysSecret(t *testing.T) {
	seen := 0
	for _, key := range []string{"sk-ant-admin01-hunter2", "sk-ant-admin1-hunter2", "sk-ant-api03-hunter2", "my sk-ant-admin01-hunter2", strings.Repeat("x", 50) + "sk-ant-admin01-hunter2"} {
		v := string(encoded(key))
		for _, p := range parts {
			for _, field := range p.fields {
				for _, value := range []string{v, `[` + v + `]`, `{` + v + `: 1}`, `[{` + v + `: ` + v + `}]`} {
					o := decoded(p.example).(map[string]any)
					o[field] = json.RawMessage(value)
					for _, f := range faultsOf(fmt.Appendf(nil, p.within, encoded(o))) {
						seen++
						if strings.Contains(f.String(), "hunter2") {
							t.Errorf("%s", f)
						}
					}
				}
			}
		}
	}
	for _, src := range []string{
		`{"name": "Acme", "admin_keys": "sk-ant-admin01-hunter2"}`,
		`{"name": "Acme", "admin_keys": ["hunter2"]}`,
		`{"name": "Acme", "admin_keys": ["sk-ant-admin01-hunter2", "sk-ant-admin01-hunter2"]}`,
		`{"organizations": [{"name": "a", "admin_keys": ["sk-ant-admin01-hunter2"]}, {"name": "b", "admin_keys": ["sk-ant-admin01-hunter2"]}]}`,
		`{"sk-ant-admin01-hunter2": {"name": "Acme"}, "sk-ant-admin01-hunter2": {}}`,
	} {
		faults := faultsOf([]byte(src))
		if seen++; len(faults) == 0 || strings.Contains(faults.Error(), "hunter2") {
			t.Errorf("%s: %v", src, faults)
		}
	}
	if seen < 1000 {
		t.Errorf("%d faults were looked at", seen)
	}
}

func TestFaultsShortenWhatIsLong(t *testing.T) {
	src := fmt.Sprintf(`{"name": "Acme", "id": %q, "ids": {"seed": 1%s}}`, strings.Repeat("é", 70), strings.Repeat("0", 70))
	want := "seed.json:1:24: /id: expected a UUID, not \"" + strings.Repeat("é", 60) + "…\"\n" +
		"seed.json:1:114: /ids/seed: expected a whole number from 0 to 2^53-1, not 1" + strings.Repeat("0", 59) + "…"
	if diff := cmp.Diff(want, faultsOf([]byte(src)).Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestFaultsAreEncodedAsPeopleReadThem(t *testing.T) {
	const want = `[{"file":"seed.json","line":1,"column":1,"pointer":"","message":"missing required field \"name\""}]`
	if got := string(encoded(faultsOf([]byte(`{}`)))); got != want {
		t.Errorf("faults are %s", got)
	}
}

// A big seed is read as well as a small one, to its last line.
func TestFaultsOfABigSeed(t *testing.T) {
	const users = 5000
	var b strings.Builder
	b.WriteString("{\"name\": \"Bücher & Co\",\n\"users\": [\n")
	for i := range users {
		fmt.Fprintf(&b, "  {\"id\": \"user_%d\", \"email\": \"user.%d@bücher.example\", \"name\": \"Üser %d\", \"role\": \"user\", \"added_at\": \"-%dm\"},\n", i, i, i, i)
	}
	b.WriteString("  {\"id\": \"user_4999\", \"email\": \"USER.0@bücher.example\", \"role\": \"user\"}\n],\n\"workspaces\": [{\"name\": \"All\", \"members\": [\n")
	for i := range users {
		fmt.Fprintf(&b, "  {\"user\": \"Üser %d\", \"workspace_role\": \"workspace_user\"},\n", i)
	}
	b.WriteString("  {\"user\": \"Üser 5000\", \"workspace_role\": \"workspace_user\"}\n]}],\n\"api_keys\": [\n")
	for i := range users {
		fmt.Fprintf(&b, "  {\"name\": \"ü\", \"workspace\": \"All\", \"created_by\": \"user.%d@BÜCHER.example\"},\n", i)
	}
	b.WriteString("  {\"name\": \"ü\", \"workspace\": \"None\", \"created_by\": \"user_4999\"}\n]}")

	const want = `seed.json:5003:10: /users/5000/id: duplicate id "user_4999" (first at /users/4999/id)
seed.json:5003:32: /users/5000/email: duplicate email "USER.0@bücher.example" (first at /users/0/email)
seed.json:10006:12: /workspaces/0/members/5000/user: expected the id, e-mail address or name of one of the users, not "Üser 5000"
seed.json:15009:30: /api_keys/5000/workspace: expected the id or name of one of the workspaces, not "None"`
	began := time.Now()
	if diff := cmp.Diff(want, faultsOf([]byte(b.String())).Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	t.Logf("%d bytes took %s", b.Len(), time.Since(began))

	// As many faults as lines.
	faults := faultsOf([]byte(strings.ReplaceAll(b.String(), `"role": "user"`, `"role": "owner"`)))
	if len(faults) != users+1+4 {
		t.Fatalf("%d faults", len(faults))
	}
	if f := faults[users-1]; f.Line != users+2 || f.Pointer != "/users/4999/role" {
		t.Errorf("a fault is %s", f)
	}
}

// References are found in linear time, however many fields an organization has.
func TestReferencesAmongManyFields(t *testing.T) {
	const n = 20_000
	unknown := strings.Repeat(`,"x":1`, n)
	keys := `,"users":[{"id":"user_a","email":"a@b.c","role":"user"}],"workspaces":[{"id":"w","name":"W"}],"api_keys":[` +
		strings.Repeat(`{"name":"K","created_by":"a@b.c","workspace":"W"},`, n) + `{"name":"K","created_by":"user_a"}]`
	took := func(rest string) time.Duration {
		least := time.Hour
		for range 3 {
			began := time.Now()
			_ = Validate("seed.json", []byte(`{"name":"Acme"`+rest+`}`), Options{Real: real})
			least = min(least, time.Since(began))
		}
		return least
	}
	if apart, together := took(unknown)+took(keys), took(unknown+keys); together > 5*apart {
		t.Errorf("%d fields and %d keys take %s, and %s apart", n, n, together, apart)
	}
}

func TestBigSeedLoads(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"name": "Acme"`)
	counts := map[string]int{"users": 5000, "invites": 1000, "removed": 1000, "workspaces": 1000, "api_keys": 1000}
	for field, n := range counts {
		fmt.Fprintf(&b, ",\n%q: [", field)
		for i := range n {
			if i > 0 {
				b.WriteString(",\n")
			}
			switch field {
			case "users":
				fmt.Fprintf(&b, `{"email": "user%d@example.com", "role": "user"}`, i)
			case "invites":
				fmt.Fprintf(&b, `{"email": "invited%d@example.com", "role": "user"}`, i)
			case "removed":
				fmt.Fprintf(&b, `{"id": "removed%d", "added_at": "-1d"}`, i)
			case "workspaces":
				fmt.Fprintf(&b, `{"name": "w%d", "members": [{"user": "User%d", "workspace_role": "workspace_user"}]}`, i, i)
			case "api_keys":
				fmt.Fprintf(&b, `{"name": "CI", "workspace": "w%d", "created_by": "removed%d"}`, i, i)
			}
		}
		b.WriteString("]")
	}
	b.WriteString("}")
	c := loadOne(t, b.String())
	got := map[string]int{"users": len(c.Users), "invites": len(c.Invites), "removed": len(c.Removed), "workspaces": len(c.Workspaces), "api_keys": len(c.APIKeys)}
	if diff := cmp.Diff(counts, got); diff != "" || len(c.Members) != counts["workspaces"] {
		t.Errorf("%d members, objects (-want +got):\n%s", len(c.Members), diff)
	}
	if export := Export(c); !bytes.Equal(export, Export(loadOne(t, string(export)))) {
		t.Error("the export changed the contents")
	}
}
