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

// faultySeed is a seed with faults.
type faultySeed struct {
	name string
	src  string
	want string // lines of its error, without the file
}

// The clock of the tests shows 2026-02-03T04:05:06Z.
var faultySeeds = []faultySeed{
	// Syntax errors and repeated fields.
	{"empty file", "", `1:1: invalid JSON: unexpected end of input`},
	{"blank file", "\n  \n", `3:1: invalid JSON: unexpected end of input`},
	{"cut off", "{\n  \"name\": \"Acme\",\n", `3:1: invalid JSON: unexpected end of input`},
	{"cut off in a string", `{"name": "Ac`, `1:13: invalid JSON: unexpected end of input`},
	{"cut off after an escape", `{"name": "Ac\`, `1:14: invalid JSON: unexpected end of input`},
	{"cut off in a list", `{"name": "Acme", "users": [`, `1:28: invalid JSON: unexpected end of input`},
	{"cut off before a value", `{"name":`, `1:9: invalid JSON: unexpected end of input`},
	{"unquoted field name", `{name: "Acme"}`, `1:2: invalid JSON: field names must be in double quotes`},
	{"trailing comma", `{"name": "Acme",}`, `1:16: invalid JSON: trailing commas are not allowed`},
	{"trailing comma in a list", `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user"},]}`, `1:62: invalid JSON: trailing commas are not allowed`},
	{"missing colon", `{"name" "Acme"}`, `1:9: invalid JSON: unexpected '"' after field name (want ':')`},
	{"missing comma", `{"name": "Acme" "users": []}`, `1:17: invalid JSON: unexpected '"' after field value (want ',' or '}')`},
	{"missing comma in a list", `{"name": "Acme", "users": [{} {}]}`, `1:31: invalid JSON: unexpected '{' after list element (want ',' or ']')`},
	{"unquoted text", `{"name": Acme}`, `1:10: invalid JSON: strings must be in double quotes (only true, false and null are unquoted)`},
	{"literal with extra letters", `{"name": nullify}`, `1:14: invalid JSON: strings must be in double quotes (only true, false and null are unquoted)`},
	{"single quotes", `{"name": 'Acme'}`, `1:10: invalid JSON: strings must be in double quotes`},
	{"comment", "{\n  // our organization\n  \"name\": \"Acme\"\n}", `2:3: invalid JSON: comments are not allowed`},
	{"trailing data", "{\"name\": \"Acme\"}\n{\"name\": \"Other\"}", `2:1: invalid JSON: unexpected data after the top-level value`},
	{"line break in a string", "{\"name\": \"Ac\nme\"}", `1:13: invalid JSON: unexpected '\n' in string (must be escaped)`},
	{"unknown escape", `{"name": "Ac\me"}`, "1:13: invalid JSON: invalid escape sequence `\\m` in string"},
	{"escape with a sign", `{"name": "\u+123"}`, "1:11: invalid JSON: invalid escape sequence `\\u+123` in string"},
	{"unpaired surrogate", `{"name": "\ud834 Acme"}`, `1:11: invalid JSON: invalid surrogate pair "\\ud834 Acme\"" in string`},
	{"swapped surrogates", `{"name": "\udd1e\ud834"}`, "1:11: invalid JSON: invalid surrogate pair `\\udd1e\\ud834` in string"},
	{"number with leading zero", `{"name": "Acme", "ids": {"seed": 01}}`, `1:35: invalid JSON: numbers must not have leading zeros`},
	{"number with plus", `{"name": "Acme", "ids": {"seed": +1}}`, `1:34: invalid JSON: unexpected '+' at start of value`},
	{"number with an empty fraction", `{"name": "Acme", "ids": {"seed": 1.}}`, `1:36: invalid JSON: unexpected '}' in number (want a digit)`},
	{"number with an empty exponent", `{"name": "Acme", "ids": {"seed": 1e}}`, `1:36: invalid JSON: unexpected '}' in number (want a digit)`},
	{"minus sign only", `{"name": "Acme", "ids": {"seed": -}}`, `1:35: invalid JSON: unexpected '}' in number (want a digit)`},
	{"invalid UTF-8", "{\"name\": \"\u00e9\u00e9\xe9\"}", `1:13: invalid JSON: invalid UTF-8`},
	{"UTF-16", "\xff\xfe{\x00}\x00", `1:1: invalid JSON: invalid UTF-8`},
	{"second byte order mark", "\ufeff\ufeff{\"name\": \"Acme\"}", `1:1: invalid JSON: unexpected '\ufeff' at start of value`},
	{"deeply nested lists", strings.Repeat("[", 101) + strings.Repeat("]", 101), `1:1: invalid seed: want an object (got a list)`},
	{"deeply nested objects", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), `
1:1: missing required field "name"
1:2: /a: unknown field "a" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},
	{"repeated field", "{\"name\": \"Acme\",\n \"name\": \"Other\"}", `2:2: /name: repeated field "name"`},
	{"repeated unknown field", `{"name": "Acme", "x": 1, "x": 2}`, `
1:18: /x: unknown field "x" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:26: /x: repeated field "x"`},
	{"repeated tag, the second not a string", `{"name": "Acme", "workspaces": [{"name": "W", "tags": {"a": "1", "a": 2}}]}`, `1:66: /workspaces/0/tags/a: repeated field "a"`},
	{"repeated field of a clock", `{"name": "Acme", "clock": {"offset": "1h", "offset": "2h"}}`, `1:44: /clock/offset: repeated field "offset"`},
	{"two clock fields, neither a time", `{"name": "Acme", "clock": {"frozen_at": 5, "starts_at": 6}}`, `1:27: /clock: clock must have exactly one of frozen_at, starts_at and offset`},
	{"accepted before it was sent, but pending", `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "invited_at": "-1d", "accepted_at": "-2d"}]}`, `
1:101: /invites/0/accepted_at: accepted_at must not be set unless status is accepted
1:101: /invites/0/accepted_at: accepted_at must not be before invited_at`},
	{"expired without a time, with an invalid history", `{"name": "Acme", "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d", "status": "expired", "expires_at": null, "status_history": [{"status": "active", "at": "-4d"}]}]}`, `
1:126: /api_keys/0/expires_at: expires_at must be set when status is expired
1:162: /api_keys/0/status_history/0/status: last change must be to the key's status, expired
1:178: /api_keys/0/status_history/0/at: first change must be at created_at`},
	{"repeated field in two spellings", `{"name": "Acme", "n\u0061me": 5}`, `1:18: /name: repeated field "name"`},
	{"repeated fields, then a syntax error", `{"name": "a", "name": "b", "users": [{"id": "a", "id": "b"}], "}`, `
1:15: /name: repeated field "name"
1:50: /users/0/id: repeated field "id"
1:65: invalid JSON: unexpected end of input`},
	{"positions count characters", "\ufeff{\"name\": \"𝄞é\u0301\",\t\"x\": 1}", `1:17: /x: unknown field "x" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},

	// Not a seed.
	{"null", "null", `1:1: invalid seed null: want an object`},
	{"list", "[]", `1:1: invalid seed: want an object (got a list)`},
	{"string", `"Acme"`, `1:1: invalid seed "Acme": want an object`},
	{"number", "1e3", `1:1: invalid seed 1e3: want an object`},
	{"no organizations", `{"organizations": []}`, `1:19: /organizations: organizations must not be empty`},
	{"null organizations", `{"organizations": null}`, `1:19: /organizations: invalid organizations null: want a list of organizations`},
	{"organizations that are not objects", `{"organizations": [1, "x", [], null]}`, `
1:20: /organizations/0: invalid value 1: want an object
1:23: /organizations/1: invalid value "x": want an object
1:28: /organizations/2: invalid value: want an object (got a list)
1:32: /organizations/3: invalid value null: want an object`},
	{"both forms at once", `{"name": "Acme", "organizations": [{"name": "Other"}]}`, `1:2: /name: unknown field "name" (allowed: $schema, organizations)`},
	{"no name", `{}`, `1:1: missing required field "name"`},
	{"$schema that is not a string", `{"$schema": 1, "name": "Acme"}`, `1:13: /$schema: invalid $schema 1: want the URL or path of a JSON Schema`},

	// Unknown fields.
	{"unknown field of a seed", `{"organizations": [{"name": "Acme"}], "version": 1}`, `1:39: /version: unknown field "version" (allowed: $schema, organizations)`},
	{"unknown field of an organization", `{"name": "Acme", "user": []}`, `1:18: /user: unknown field "user" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},
	{"$schema of an organization in a list", `{"organizations": [{"$schema": "x", "name": "Acme"}]}`, `1:21: /organizations/0/$schema: unknown field "$schema" (allowed: id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},
	{"unknown field of settings", `{"name": "Acme", "settings": {"workspaceLimit": 1}}`, `1:31: /settings/workspaceLimit: unknown field "workspaceLimit" (allowed: workspace_limit, member_limit, workspace_member_limit, api_key_limit, workspace_api_key_limit, allowed_invite_domains, workspace_name_max_length, anthropic_versions, deleted_invites)`},
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
	{"unknown field of an API key", `{"name": "Acme", "api_keys": [{"name": "CI", "created_by": "user_a", "workspace_id": null}]}`, `1:70: /api_keys/0/workspace_id: unknown field "workspace_id" (allowed: id, name, workspace, created_at, created_by, principal, status, last_used_at, partial_key_hint, expires_at, status_history)`},
	{"unknown field of a status change", `{"name": "Acme", "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d", "by": "user_a"}]}]}`, `1:144: /api_keys/0/status_history/0/by: unknown field "by" (allowed: status, at)`},
	{"unknown field of a removed user", `{"name": "Acme", "removed": [{"id": "a", "added_at": "-3d", "removed_at": "-1d"}]}`, `1:61: /removed/0/removed_at: unknown field "removed_at" (allowed: id, added_at)`},
	{"unknown fields that need escapes", `{"name": "Acme", "a/b~c": 1, "": 2, "x\ny": 3, "\"": 4}`, `
1:18: /a~1b~0c: unknown field "a/b~c" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:30: /: unknown field "" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:37: "/x\ny": unknown field "x\ny" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
1:48: /": unknown field "\"" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)`},

	// Missing fields and invalid values.
	{"missing fields", `{"organizations": [{"ids": {}, "users": [{}], "invites": [{}], "workspaces": [{"members": [{}]}, {}], "api_keys": [{"status_history": [{}]}], "removed": [{}]}]}`, `
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
1:10: /name: invalid name null: want a string of 1 to 255 characters
1:22: /id: invalid id null: want a UUID
1:42: /admin_keys: invalid admin_keys null: want a list of admin keys
1:60: /settings: invalid settings null: want an object
1:75: /clock: invalid clock null: want an object
1:88: /ids: invalid ids null: want an object
1:115: /default_workspace: invalid default_workspace null: want an object
1:130: /users: invalid users null: want a list of users
1:147: /invites: invalid invites null: want a list of invites
1:167: /workspaces: invalid workspaces null: want a list of workspaces
1:185: /api_keys: invalid api_keys null: want a list of API keys
1:202: /removed: invalid removed null: want a list of removed users`},
	{"elements that are not objects", `{"name": "Acme", "users": [null], "invites": ["x"], "workspaces": [[]], "api_keys": [1], "removed": [false]}`, `
1:28: /users/0: invalid value null: want an object
1:47: /invites/0: invalid value "x": want an object
1:68: /workspaces/0: invalid value: want an object (got a list)
1:86: /api_keys/0: invalid value 1: want an object
1:102: /removed/0: invalid value false: want an object`},
	{"settings", `{"name": "Acme", "settings": {
  "workspace_limit": null, "member_limit": -1, "workspace_member_limit": 1.5, "api_key_limit": "5", "workspace_api_key_limit": 9007199254740992,
  "allowed_invite_domains": ["example", "@example.com", ""], "workspace_name_max_length": 256, "anthropic_versions": []}}`, `
2:22: /settings/workspace_limit: invalid workspace_limit null: want a whole number from 0 to 2^53-1
2:44: /settings/member_limit: invalid member_limit -1: want a whole number from 0 to 2^53-1, or null for no limit
2:74: /settings/workspace_member_limit: invalid workspace_member_limit 1.5: want a whole number from 0 to 2^53-1, or null for no limit
2:96: /settings/api_key_limit: invalid api_key_limit "5": want a whole number from 0 to 2^53-1, or null for no limit
2:128: /settings/workspace_api_key_limit: invalid workspace_api_key_limit 9007199254740992: want a whole number from 0 to 2^53-1, or null for no limit
3:30: /settings/allowed_invite_domains/0: invalid value "example": want a domain, such as example.com
3:41: /settings/allowed_invite_domains/1: invalid value "@example.com": want a domain, such as example.com
3:57: /settings/allowed_invite_domains/2: invalid value "": want a domain, such as example.com
3:91: /settings/workspace_name_max_length: invalid workspace_name_max_length 256: want a whole number from 1 to 255
3:118: /settings/anthropic_versions: anthropic_versions must not be empty`},
	{"more settings", `{"name": "Acme", "settings": {"workspace_name_max_length": 0, "allowed_invite_domains": "example.com", "anthropic_versions": ["latest", null], "member_limit": 1e999, "api_key_limit": 1e99999999999}}`, `
1:60: /settings/workspace_name_max_length: invalid workspace_name_max_length 0: want a whole number from 1 to 255
1:89: /settings/allowed_invite_domains: invalid allowed_invite_domains: want a list of domains (got a string)
1:127: /settings/anthropic_versions/0: invalid value "latest": want a version, such as 2023-06-01
1:137: /settings/anthropic_versions/1: invalid value null: want a version, such as 2023-06-01
1:160: /settings/member_limit: invalid member_limit 1e999: want a whole number from 0 to 2^53-1, or null for no limit
1:184: /settings/api_key_limit: invalid api_key_limit 1e99999999999: want a whole number from 0 to 2^53-1, or null for no limit`},
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
2:62: /organizations/0/clock: clock must have exactly one of frozen_at, starts_at and offset
3:62: /organizations/1/clock: clock must have exactly one of frozen_at, starts_at and offset
4:76: /organizations/2/clock/frozen_at: invalid frozen_at "-3d": want an RFC 3339 time, such as 2026-01-01T00:00:00Z
5:76: /organizations/3/clock/starts_at: invalid starts_at null: want an RFC 3339 time, such as 2026-01-01T00:00:00Z
6:73: /organizations/4/clock/offset: invalid offset "1d": want a duration in hours, minutes and seconds, such as 504h0m0s
7:73: /organizations/5/clock/offset: invalid offset 3600: want a duration in hours, minutes and seconds, such as 504h0m0s
8:62: /organizations/6/clock: invalid clock "2024-10-30T23:58:27Z": want an object
9:76: /organizations/7/clock/frozen_at: invalid frozen_at "2023-02-29T00:00:00Z": want an existing date from 1970 to 9999`},
	{"clocks out of range", `{"organizations": [
  {"name": "a", "admin_keys": ["sk-ant-admin01-a"], "clock": {"offset": "3000000h"}},
  {"name": "b", "admin_keys": ["sk-ant-admin01-b"], "clock": {"offset": "-500000h"}},
  {"name": "c", "admin_keys": ["sk-ant-admin01-c"], "clock": {"starts_at": "9999-01-01T00:00:00Z"}}
]}`, `
2:73: /organizations/0/clock/offset: invalid offset "3000000h": want a duration of at most 292 years
3:73: /organizations/1/clock/offset: clock must be from 1970 to 9998 (it would show 1969-01-19T20:05:06.789012Z)
4:76: /organizations/2/clock/starts_at: starts_at must be at most 292 years from now`},
	{"ids", `{"name": "Acme", "ids": {"seed": -1, "drawn": "7"}}`, `
1:34: /ids/seed: invalid seed -1: want a whole number from 0 to 2^53-1
1:47: /ids/drawn: invalid drawn "7": want a whole number from 0 to 2^53-1`},
	{"invalid strings", `{"id": "12345678", "name": "", "admin_keys": [""],
 "default_workspace": {"id": "", "display_color": "red", "compartment_id": "x", "external_key_id": ""},
 "users": [{"id": "a b", "email": "jane@example", "name": "", "role": "owner"}],
 "invites": [{"email": "jane doe@example.com", "role": null, "status": "canceled"}],
 "workspaces": [{"name": "", "members": [{"user": "", "workspace_role": "workspace_billing"}]}],
 "api_keys": [{"name": "", "workspace": "", "created_by": "", "status": "paused", "partial_key_hint": "R2D...igAA", "status_history": []}],
 "removed": [{"id": "/", "added_at": "-3d"}]}`, `
1:8: /id: invalid id "12345678": want a UUID
1:28: /name: invalid name "": want a string of 1 to 255 characters
1:47: /admin_keys/0: invalid value: want an admin key (sk-ant-admin, two digits, a hyphen, and 1 to 128 of A-Z a-z 0-9 _ -)
2:30: /default_workspace/id: invalid id "": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
2:51: /default_workspace/display_color: invalid display_color "red": want a color, such as #6C5BB9
2:76: /default_workspace/compartment_id: invalid compartment_id "x": want a UUID
2:100: /default_workspace/external_key_id: invalid external_key_id "": want the id of an external key, or null
3:19: /users/0/id: invalid id "a b": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
3:35: /users/0/email: invalid email "jane@example": want an email address
3:59: /users/0/name: invalid name "": want a string of 1 to 1000 characters
3:71: /users/0/role: invalid role "owner": want user, developer, billing, claude_code_user or admin
4:24: /invites/0/email: invalid email "jane doe@example.com": want an email address
4:56: /invites/0/role: invalid role null: want user, developer, billing, claude_code_user or admin
4:72: /invites/0/status: invalid status "canceled": want pending, accepted, expired or deleted
5:26: /workspaces/0/name: invalid name "": want a string of 1 to 255 characters
5:51: /workspaces/0/members/0/user: invalid user "": want the id, email or name of a user
5:73: /workspaces/0/members/0/workspace_role: invalid workspace_role "workspace_billing": want workspace_user, workspace_developer, workspace_restricted_developer or workspace_admin
6:24: /api_keys/0/name: invalid name "": want a string of 1 to 500 characters
6:41: /api_keys/0/workspace: invalid workspace "": want the id or name of a workspace, or null for the Default Workspace
6:59: /api_keys/0/created_by: invalid created_by "": want the id, email or name of a user, a service account, or null
6:73: /api_keys/0/status: invalid status "paused": want active, inactive, archived or expired
6:103: /api_keys/0/partial_key_hint: invalid partial_key_hint "R2D...igAA": want both ends of a key, such as sk-ant-api03-R2D...igAA, or null
6:135: /api_keys/0/status_history: status_history must not be empty
7:21: /removed/0/id: invalid id "/": want 1 to 128 of A-Z a-z 0-9 _ . ~ -`},
	{"strings that are too long", fmt.Sprintf(`{"name": "Acme", "workspaces": [{"name": %q}, {"name": %q}], "api_keys": [{"name": %q, "created_by": "user_a"}, {"name": %q, "created_by": "user_a"}], "users": [{"id": %q, "email": %q, "role": "user"}]}`,
		strings.Repeat("é", 255), strings.Repeat("é", 256), strings.Repeat("é", 500), strings.Repeat("é", 501), strings.Repeat("a", 129), "jane@"+strings.Repeat("é", 64)+".example.com"), `
1:311: /workspaces/1/name: invalid name "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…": want a string of 1 to 255 characters (got 256)
1:1133: /api_keys/1/name: invalid name "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…": want a string of 1 to 500 characters (got 501)
1:1681: /users/0/id: invalid id "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
1:1823: /users/0/email: invalid email "jane@ééééééééééééééééééééééééééééééééééééééééééééééééééééééé…": want an email address`},
	{"values that are not strings", `{"name": 5, "users": [{"email": ["a@b.c"], "role": {}, "name": true, "added_at": 1730332707}]}`, `
1:10: /name: invalid name 5: want a string of 1 to 255 characters
1:33: /users/0/email: invalid email: want an email address (got a list)
1:52: /users/0/role: invalid role: want user, developer, billing, claude_code_user or admin (got an object)
1:64: /users/0/name: invalid name true: want a string of 1 to 1000 characters
1:82: /users/0/added_at: invalid added_at 1730332707: want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h`},
	{"tags", `{"name": "Acme", "workspaces": [{"name": "Research", "tags": {"anthropic": "a", "anthropic-x": "b", "team": null, "cost": 5, "Anthropic": ""}}, {"name": "Sales", "tags": ["team"]}]}`, `
1:63: /workspaces/0/tags/anthropic: tag names must not start with "anthropic", in any case
1:81: /workspaces/0/tags/anthropic-x: tag names must not start with "anthropic", in any case
1:109: /workspaces/0/tags/team: invalid value null: want a string
1:123: /workspaces/0/tags/cost: invalid value 5: want a string
1:126: /workspaces/0/tags/Anthropic: tag names must not start with "anthropic", in any case
1:171: /workspaces/1/tags: invalid tags: want an object with string values (got a list)`},
	{"data residency", `{"name": "Acme", "workspaces": [
 {"name": "a", "data_residency": {"workspace_geo": "eu", "allowed_inference_geos": "all", "default_inference_geo": null}},
 {"name": "b", "data_residency": {"allowed_inference_geos": []}},
 {"name": "c", "data_residency": {"allowed_inference_geos": ["us", "eu"]}},
 {"name": "d", "data_residency": {"allowed_inference_geos": ["us"]}},
 {"name": "e", "data_residency": {"allowed_inference_geos": ["global"], "default_inference_geo": "us"}},
 {"name": "f", "data_residency": "us"}]}`, `
2:52: /workspaces/0/data_residency/workspace_geo: invalid workspace_geo "eu": want us
2:84: /workspaces/0/data_residency/allowed_inference_geos: invalid allowed_inference_geos "all": want a list of inference geos, or "unrestricted"
2:116: /workspaces/0/data_residency/default_inference_geo: invalid default_inference_geo null: want global or us
3:61: /workspaces/1/data_residency/allowed_inference_geos: allowed_inference_geos must not be empty
4:68: /workspaces/2/data_residency/allowed_inference_geos/1: invalid value "eu": want global or us
5:61: /workspaces/3/data_residency/allowed_inference_geos: default_inference_geo "global" must be one of allowed_inference_geos
6:98: /workspaces/4/data_residency/default_inference_geo: default_inference_geo "us" must be one of allowed_inference_geos
7:34: /workspaces/5/data_residency: invalid data_residency "us": want an object`},

	// Times.
	{"invalid times", `{"name": "Acme", "users": [
 {"email": "a@b.c", "role": "user", "added_at": "yesterday"},
 {"email": "b@b.c", "role": "user", "added_at": "3d"},
 {"email": "c@b.c", "role": "user", "added_at": "2024-10-30"},
 {"email": "d@b.c", "role": "user", "added_at": "2024-10-30T23:58:27"},
 {"email": "e@b.c", "role": "user", "added_at": null}]}`, `
2:49: /users/0/added_at: invalid added_at "yesterday": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
3:49: /users/1/added_at: invalid added_at "3d": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
4:49: /users/2/added_at: invalid added_at "2024-10-30": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
5:49: /users/3/added_at: invalid added_at "2024-10-30T23:58:27": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
6:49: /users/4/added_at: invalid added_at null: want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h`},
	{"times that do not exist or are out of range", `{"name": "Acme", "users": [
 {"email": "a@b.c", "role": "user", "added_at": "2023-02-29T00:00:00Z"},
 {"email": "b@b.c", "role": "user", "added_at": "1969-12-31T23:59:59Z"},
 {"email": "c@b.c", "role": "user", "added_at": "1970-01-01T00:00:00+00:01"},
 {"email": "d@b.c", "role": "user", "added_at": "9999-12-31T23:59:59-00:01"},
 {"email": "e@b.c", "role": "user", "added_at": "-36500d1s"},
 {"email": "f@b.c", "role": "user", "added_at": "+99999999999999999999w"}]}`, `
2:49: /users/0/added_at: invalid added_at "2023-02-29T00:00:00Z": want an existing date from 1970 to 9999
3:49: /users/1/added_at: invalid added_at "1969-12-31T23:59:59Z": want an existing date from 1970 to 9999
4:49: /users/2/added_at: invalid added_at "1970-01-01T00:00:00+00:01": want an existing date from 1970 to 9999
5:49: /users/3/added_at: invalid added_at "9999-12-31T23:59:59-00:01": want an existing date from 1970 to 9999
6:49: /users/4/added_at: invalid added_at "-36500d1s": want a time at most 36500 days from the clock
7:49: /users/5/added_at: invalid added_at "+99999999999999999999w": want a time at most 36500 days from the clock`},
	{"times that are out of range for the clock", `{"name": "Acme", "clock": {"frozen_at": "1970-01-02T00:00:00Z"},
 "default_workspace": {"created_at": "-2d"},
 "users": [{"email": "a@b.c", "role": "user", "added_at": "-1d"}, {"email": "b@b.c", "role": "user", "added_at": "-1d1s"}],
 "invites": [{"email": "c@b.c", "role": "user", "invited_at": "-2d", "expires_at": "-2d"}, {"email": "c@b.c", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-2d"}],
 "workspaces": [{"name": "Research", "created_at": "-3d", "archived_at": "-2d"}],
 "api_keys": [{"name": "CI", "created_by": "user_a", "created_at": "-3d", "last_used_at": "-2d", "expires_at": "+1d", "status_history": [{"status": "active", "at": "-3d"}]}],
 "removed": [{"id": "a", "added_at": "-2d"}]}`, `
2:38: /default_workspace/created_at: created_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
3:114: /users/1/added_at: added_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
4:63: /invites/0/invited_at: invited_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
4:84: /invites/0/expires_at: expires_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
4:163: /invites/1/invited_at: invited_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
4:185: /invites/1/accepted_at: accepted_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
5:52: /workspaces/0/created_at: created_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
5:74: /workspaces/0/archived_at: archived_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
6:68: /api_keys/0/created_at: created_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
6:91: /api_keys/0/last_used_at: last_used_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
6:165: /api_keys/0/status_history/0/at: at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)
7:38: /removed/0/added_at: added_at must be from 1970 to 9999 (the clock shows 1970-01-02T00:00:00.000000Z)`},
	{"clock too late for an invite", `{"name": "Acme", "clock": {"frozen_at": "9999-01-01T00:00:00Z"}}`, `1:41: /clock/frozen_at: clock must be from 1970 to 9998 (it would show 9999-01-01T00:00:00.000000Z)`},
	{"times in the future", `{"name": "Acme", "clock": {"frozen_at": "2024-01-01T00:00:00Z"}, "default_workspace": {"created_at": "+1s"},
 "users": [{"email": "a@b.c", "role": "user", "added_at": "+5d"}, {"email": "b@b.c", "role": "user", "added_at": "2024-01-01T00:00:00.000001Z"}],
 "invites": [{"email": "c@b.c", "role": "user", "invited_at": "+1d"}, {"email": "d@b.c", "role": "user", "status": "accepted", "invited_at": "-1d", "accepted_at": "+3d"}],
 "workspaces": [{"name": "W", "created_at": "+1d", "archived_at": "+3d"}],
 "api_keys": [{"name": "K", "created_by": "user_gone", "created_at": "-1d", "status_history": [{"status": "active", "at": "-1d"}, {"status": "inactive", "at": "+5d"}]}],
 "removed": [{"id": "user_gone", "added_at": "+1s"}]}`, `
1:102: /default_workspace/created_at: created_at must not be in the future
2:59: /users/0/added_at: added_at must not be in the future
2:114: /users/1/added_at: added_at must not be in the future (the clock shows 2024-01-01T00:00:00.000000Z)
3:63: /invites/0/invited_at: invited_at must not be in the future
3:164: /invites/1/accepted_at: accepted_at must not be in the future
4:45: /workspaces/0/created_at: created_at must not be in the future
4:67: /workspaces/0/archived_at: archived_at must not be in the future
5:160: /api_keys/0/status_history/1/at: at must not be in the future
6:46: /removed/0/added_at: added_at must not be in the future`},

	// Duplicates.
	{"duplicate organization ids", `{"organizations": [
 {"id": "abcdefab-0000-0000-0000-000000000000", "name": "a"},
 {"id": "ABCDEFAB-0000-0000-0000-000000000000", "name": "b", "admin_keys": ["sk-ant-admin01-b"]}]}`, `3:9: /organizations/1/id: duplicate id "ABCDEFAB-0000-0000-0000-000000000000" (first at /organizations/0/id)`},
	{"duplicate admin keys", `{"organizations": [
 {"name": "a", "admin_keys": ["sk-ant-admin01-a", "sk-ant-admin01-c", "sk-ant-admin01-a"]},
 {"name": "b", "admin_keys": ["sk-ant-admin01-b", "sk-ant-admin01-a"]},
 {"name": "c", "admin_keys": ["sk-ant-admin01-A"]}]}`, `
2:71: /organizations/0/admin_keys/2: duplicate admin key "sk-ant-…01-a" (first at /organizations/0/admin_keys/0)
3:51: /organizations/1/admin_keys/1: duplicate admin key "sk-ant-…01-a" (first at /organizations/0/admin_keys/0)`},
	{"missing admin key", `{"organizations": [{"name": "a"}, {"name": "b", "admin_keys": []}, {"name": "c"}]}`, `
1:35: /organizations/1: admin_keys must not be empty (only the first organization has a default)
1:68: /organizations/2: admin_keys must not be empty (only the first organization has a default)`},
	{"duplicate user ids", `{"name": "Acme", "users": [
 {"id": "a", "email": "a@b.c", "role": "user"},
 {"id": "A", "email": "b@b.c", "role": "user"},
 {"id": "a", "email": "c@b.c", "role": "user"}],
 "removed": [{"id": "b", "added_at": "-1d"}, {"id": "a", "added_at": "-1d"}, {"id": "b", "added_at": "-1d"}]}`, `
4:9: /users/2/id: duplicate id "a" (first at /users/0/id)
5:53: /removed/1/id: duplicate id "a" (first at /users/0/id)
5:85: /removed/2/id: duplicate id "b" (first at /removed/0/id)`},
	{"duplicate invite ids", `{"name": "Acme", "invites": [{"id": "a", "email": "a@b.c", "role": "user"}, {"id": "a", "email": "b@b.c", "role": "user"}]}`, `1:84: /invites/1/id: duplicate id "a" (first at /invites/0/id)`},
	{"duplicate workspace ids", `{"name": "Acme", "default_workspace": {"id": "a"}, "workspaces": [{"id": "b", "name": "Research"}, {"id": "b", "name": "Sales"}, {"id": "a", "name": "Support"}]}`, `
1:107: /workspaces/1/id: duplicate id "b" (first at /workspaces/0/id)
1:137: /workspaces/2/id: duplicate id "a" (first at /default_workspace/id)`},
	{"duplicate API key ids", `{"name": "Acme", "api_keys": [{"id": "a", "name": "CI", "created_by": "user_a"}, {"id": "a", "name": "CD", "created_by": "user_a"}]}`, `1:89: /api_keys/1/id: duplicate id "a" (first at /api_keys/0/id)`},
	{"spellings of one email", `{"name": "Acme", "users": [{"email": "jörg@exämple.com", "role": "user"}, {"email": "JÖRG@xn--exmple-cua.com", "role": "user"}],
"invites": [{"email": "jo\u0308rg@EXÄMPLE.com", "role": "user"}]}`, `
1:85: /users/1/email: duplicate email "JÖRG@xn--exmple-cua.com" (first at /users/0/email)
2:23: /invites/0/email: email "jörg@EXÄMPLE.com" of a pending invite belongs to a user (at /users/1/email)`},
	{"domains that are none", `{"name": "Acme", "settings": {"allowed_invite_domains": ["127.0.0.1", "xn--a.com"], "deleted_invites": "hidden"},
"users": [{"email": "a@127.0.0.1", "role": "user"}, {"email": "a@xn--a.com", "role": "user"}]}`, `
1:58: /settings/allowed_invite_domains/0: invalid value "127.0.0.1": want a domain, such as example.com
1:71: /settings/allowed_invite_domains/1: invalid value "xn--a.com": want a domain, such as example.com
1:104: /settings/deleted_invites: invalid deleted_invites "hidden": want readable or gone
2:21: /users/0/email: invalid email "a@127.0.0.1": want an email address
2:63: /users/1/email: invalid email "a@xn--a.com": want an email address`},
	{"invites whose status is not known, since a field is invalid", `{"name": "Acme", "users": [{"email": "jane@example.com", "role": "user"}], "invites": [
{"email": "jane@example.com", "role": "user", "invited_at": "yesterday"},
{"email": "jane@example.com", "role": "user", "expires_at": "tomorrow"},
{"email": "jane@example.com", "role": "user", "status": "open"}]}`, `
2:61: /invites/0/invited_at: invalid invited_at "yesterday": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
3:61: /invites/1/expires_at: invalid expires_at "tomorrow": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
4:57: /invites/2/status: invalid status "open": want pending, accepted, expired or deleted`},
	{"duplicate emails of users", `{"name": "Acme", "users": [{"email": "Jane@Example.com", "role": "user"}, {"email": "jane@example.COM", "role": "user"}]}`, `1:85: /users/1/email: duplicate email "jane@example.COM" (first at /users/0/email)`},
	{"user and pending invite with the same email", `{"name": "Acme", "invites": [{"email": "JANE@example.com", "role": "user"}], "users": [{"email": "jane@example.com", "role": "user"}]}`, `1:40: /invites/0/email: email "JANE@example.com" of a pending invite belongs to a user (at /users/0/email)`},
	{"pending invites with the same email", `{"name": "Acme", "invites": [
 {"email": "Jane@example.com", "role": "user", "invited_at": "-20d"},
 {"email": "jane@example.com", "role": "user", "status": "pending", "invited_at": "2026-02-01T00:00:00Z"},
 {"email": "jane@EXAMPLE.com", "role": "user", "expires_at": "+1h"}]}`, `
3:12: /invites/1/email: duplicate email "jane@example.com" of a pending invite (first at /invites/0/email)
4:12: /invites/2/email: duplicate email "jane@EXAMPLE.com" of a pending invite (first at /invites/0/email)`},
	{"duplicate members", `{"name": "Acme", "users": [{"id": "u", "email": "jane@example.com", "name": "Jane", "role": "user"}], "workspaces": [
 {"name": "Research", "members": [
  {"user": "u", "workspace_role": "workspace_user"},
  {"user": "JANE@example.com", "workspace_role": "workspace_user"},
  {"user": "Jane", "workspace_role": "workspace_admin"}]},
 {"name": "Sales", "members": [{"user": "u", "workspace_role": "workspace_user"}]}]}`, `
4:12: /workspaces/0/members/1/user: duplicate member "JANE@example.com" (first at /workspaces/0/members/0/user)
5:12: /workspaces/0/members/2/user: duplicate member "Jane" (first at /workspaces/0/members/0/user)`},

	// References.
	{"dangling references", `{"name": "Acme", "users": [{"id": "u", "email": "jane@example.com", "role": "user"}], "workspaces": [
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
3:12: /workspaces/0/members/0/user: no such user "John Doe"
4:12: /workspaces/0/members/1/user: no such user "john@example.com"
5:12: /workspaces/0/members/2/user: no such user "user_gone"
6:12: /workspaces/0/members/3/user: no such user "jane"
7:12: /workspaces/0/members/4/user: no such user "gone"
9:31: /api_keys/0/created_by: no such user "john@example.com"
10:31: /api_keys/1/created_by: no such user "John Doe"
11:31: /api_keys/2/created_by: no such user "u2"
12:31: /api_keys/3/created_by: no such user "user_ with a blank"
13:49: /api_keys/4/workspace: no such workspace "Sales"
14:49: /api_keys/5/workspace: no such workspace "research"
15:49: /api_keys/6/workspace: no such workspace "w2"`},
	{"ambiguous references", `{"name": "Acme", "users": [
 {"email": "jane.doe@example.com", "role": "user"},
 {"email": "jane@example.com", "name": "Jane Doe", "role": "user"}],
 "workspaces": [{"name": "Research", "members": [{"user": "Jane Doe", "workspace_role": "workspace_user"}]}, {"name": "Research"}, {"name": "Default"}],
 "api_keys": [
  {"name": "a", "created_by": "Jane Doe"},
  {"name": "b", "created_by": "jane@example.com", "workspace": "Research"},
  {"name": "c", "created_by": "jane@example.com", "workspace": "Default"}]}`, `
4:59: /workspaces/0/members/0/user: ambiguous user "Jane Doe": 2 users have that name; use an id or email
6:31: /api_keys/0/created_by: ambiguous user "Jane Doe": 2 users have that name; use an id or email
7:64: /api_keys/1/workspace: ambiguous workspace "Research": 2 workspaces have that name; use an id
8:64: /api_keys/2/workspace: ambiguous workspace "Default": 2 workspaces have that name; use an id`},
	{"references to faulty objects", `{"name": "Acme",
 "users": [{"id": "a b", "email": "jane", "name": "Jane", "role": "owner"}, {"email": "x", "role": "user"}],
 "workspaces": [{"id": "/", "name": "Research", "archived_at": "soon", "members": [{"user": "a b", "workspace_role": "workspace_user"}, {"user": "x", "workspace_role": "workspace_user"}]}],
 "api_keys": [{"name": "CI", "created_by": "jane", "workspace": "/"}, {"name": "CD", "created_by": "Jane", "workspace": "Research"}]}`, `
2:19: /users/0/id: invalid id "a b": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
2:35: /users/0/email: invalid email "jane": want an email address
2:67: /users/0/role: invalid role "owner": want user, developer, billing, claude_code_user or admin
2:87: /users/1/email: invalid email "x": want an email address
3:24: /workspaces/0/id: invalid id "/": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
3:64: /workspaces/0/archived_at: invalid archived_at "soon": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h`},
	{"references into invalid lists", `{"name": "Acme", "users": "jane", "workspaces": {}, "removed": 1,
 "api_keys": [{"name": "CI", "created_by": "jane", "workspace": "Research"}]}`, `
1:27: /users: invalid users: want a list of users (got a string)
1:49: /workspaces: invalid workspaces: want a list of workspaces (got an object)
1:64: /removed: invalid removed 1: want a list of removed users`},
	{"principals of API keys", `{"name": "Acme", "removed": [{"id": "gone", "added_at": "-9d"}], "users": [{"id": "u", "email": "jane@example.com", "role": "user"}], "workspaces": [{"name": "Research"}], "api_keys": [
  {"name": "a", "created_by": null, "principal": {"type": "user_actor", "user_id": "john@example.com"}},
  {"name": "b", "created_by": null, "principal": {"type": "user_actor", "user_id": "user_unknown"}},
  {"name": "c", "created_by": null, "principal": {"type": "user_actor", "user_id": "gone"}, "status": "inactive"},
  {"name": "d", "created_by": null, "created_at": "-1d", "principal": {"type": "user_actor", "user_id": "gone"}, "status_history": [{"status": "active", "at": "-1d"}]},
  {"name": "e", "created_by": null, "principal": {"type": "user_actor", "user_id": "u"}, "workspace": "Research"},
  {"name": "f", "created_by": null, "principal": {"type": "user_actor", "user_id": "u"}, "workspace": "Default"},
  {"name": "g", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "svac_1"}, "workspace": "Sales"},
  {"name": "h", "created_by": null, "principal": {"type": "user_actor"}},
  {"name": "i", "created_by": null, "principal": {"type": "user_actor", "service_account_id": "svac_1", "user_id": "u"}},
  {"name": "j", "created_by": null, "principal": {"type": "service_account_actor", "service_account_id": "a b"}},
  {"name": "k", "created_by": null, "principal": {"type": "user", "user_id": "u"}},
  {"name": "l", "created_by": null, "principal": {"user_id": "u"}},
  {"name": "m", "created_by": null, "principal": "u"},
  {"name": "n", "created_by": null, "principal": {"type": "user_actor", "user_id": "gone"}, "status": "paused"}]}`, `
2:84: /api_keys/0/principal/user_id: no such user "john@example.com"
3:84: /api_keys/1/principal/user_id: no such user "user_unknown" (a personal API key of a former user must be archived)
4:84: /api_keys/2/principal/user_id: no such user "gone" (a personal API key of a former user must be archived)
5:105: /api_keys/3/principal/user_id: no such user "gone" (a personal API key of a former user must be archived)
6:103: /api_keys/4/workspace: workspace must be null for a personal API key
7:103: /api_keys/5/workspace: workspace must be null for a personal API key
8:130: /api_keys/6/workspace: no such workspace "Sales"
9:50: /api_keys/7/principal: missing required field "user_id"
10:73: /api_keys/8/principal/service_account_id: unknown field "service_account_id" (allowed: type, user_id)
11:106: /api_keys/9/principal/service_account_id: invalid service_account_id "a b": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
12:59: /api_keys/10/principal/type: invalid type "user": want user_actor or service_account_actor
13:50: /api_keys/11/principal: missing required field "type"
14:50: /api_keys/12/principal: invalid principal "u": want an object
15:103: /api_keys/13/status: invalid status "paused": want active, inactive, archived or expired`},
	{"creators of API keys", `{"name": "Acme", "api_keys": [
  {"name": "a", "created_by": {"type": "user", "id": "user_a"}},
  {"name": "b", "created_by": {"id": "svac_1"}},
  {"name": "c", "created_by": {"type": "service_account", "id": "", "name": "Bot"}},
  {"name": "d", "created_by": 7},
  {"name": "e", "created_by": ["user_a"]}]}`, `
2:40: /api_keys/0/created_by/type: invalid type "user": want service_account
3:31: /api_keys/1/created_by: missing required field "type"
4:65: /api_keys/2/created_by/id: invalid id "": want 1 to 128 of A-Z a-z 0-9 _ . ~ -
4:69: /api_keys/2/created_by/name: unknown field "name" (allowed: type, id)
5:31: /api_keys/3/created_by: invalid created_by 7: want the id, email or name of a user, a service account, or null
6:31: /api_keys/4/created_by: invalid created_by: want the id, email or name of a user, a service account, or null (got a list)`},
	{"references into an invalid list of users", `{"name": "Acme", "users": null, "api_keys": [{"name": "CI", "created_by": "jane", "principal": {"type": "user_actor", "user_id": "user_a"}}]}`, `1:27: /users: invalid users null: want a list of users`},
	{"references into an invalid list of removed users", `{"name": "Acme", "removed": null, "api_keys": [{"name": "CI", "created_by": "jane"}]}`, `1:29: /removed: invalid removed null: want a list of removed users`},

	// States that the API could not have reached.
	{"accepted invite without a time", `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "status": "accepted"}, {"email": "a@b.c", "role": "user", "status": "accepted", "accepted_at": null}]}`, `
1:30: /invites/0: accepted_at must be set when status is accepted
1:160: /invites/1/accepted_at: accepted_at must be set when status is accepted`},
	{"accepted_at of an invite that is not accepted", `{"name": "Acme", "invites": [
 {"email": "a@b.c", "role": "user", "accepted_at": "-1d", "invited_at": "-3d"},
 {"email": "b@b.c", "role": "user", "status": "deleted", "accepted_at": "-1d", "invited_at": "-3d"}]}`, `
2:52: /invites/0/accepted_at: accepted_at must not be set unless status is accepted
3:73: /invites/1/accepted_at: accepted_at must not be set unless status is accepted`},
	{"order of the times of an invite", `{"name": "Acme", "invites": [
 {"email": "a@b.c", "role": "user", "expires_at": "-1s"},
 {"email": "b@b.c", "role": "user", "invited_at": "2026-02-01T00:00:00Z", "expires_at": "2026-01-31T23:59:59.999999Z"},
 {"email": "c@b.c", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-4d"},
 {"email": "d@b.c", "role": "user", "status": "accepted", "invited_at": "-30d", "accepted_at": "-8d"},
 {"email": "e@b.c", "role": "user", "status": "accepted", "invited_at": "-30d", "expires_at": "-20d", "accepted_at": "2026-02-01T00:00:00Z"}]}`, `
2:51: /invites/0/expires_at: expires_at must not be before invited_at (now, since it is not set)
3:89: /invites/1/expires_at: expires_at must not be before invited_at
4:95: /invites/2/accepted_at: accepted_at must not be before invited_at
5:96: /invites/3/accepted_at: accepted_at must not be after expires_at
6:118: /invites/4/accepted_at: accepted_at must not be after expires_at`},
	{"expired invite with expires_at in the future", `{"name": "Acme", "invites": [
 {"email": "a@b.c", "role": "user", "status": "expired", "invited_at": "-3d"},
 {"email": "b@b.c", "role": "user", "status": "expired", "invited_at": "-3d", "expires_at": "2026-02-04T00:00:00Z"}]}`, `
2:47: /invites/0/status: expires_at must not be in the future when status is expired
3:93: /invites/1/expires_at: expires_at must not be in the future when status is expired`},
	{"workspace archived before it was created", `{"name": "Acme", "workspaces": [
 {"name": "a", "created_at": "-1d", "archived_at": "-2d"},
 {"name": "b", "archived_at": "-2d"},
 {"name": "c", "created_at": "2026-02-03T00:00:00Z", "archived_at": "-2d"}]}`, `
2:52: /workspaces/0/archived_at: archived_at must not be before created_at
3:31: /workspaces/1/archived_at: archived_at must not be before created_at (now, since it is not set)
4:69: /workspaces/2/archived_at: archived_at must not be before created_at`},
	{"unarchived key in an archived workspace", `{"name": "Acme", "workspaces": [{"id": "w", "name": "Research", "created_at": "-9d", "archived_at": "-1d"}], "api_keys": [
 {"name": "a", "created_by": "user_a", "workspace": "Research", "created_at": "-3d", "status": "active"},
 {"name": "b", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status": "inactive"},
 {"name": "c", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status": "expired", "expires_at": "-2d"},
 {"name": "d", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}]},
 {"name": "e", "created_by": "user_a", "workspace": "w", "created_at": "-3d", "status_history": [{"status": "active", "at": "-3d"}, {"status": "archived", "at": "-1h"}]},
 {"name": "f", "created_by": "user_a", "workspace": "w"},
 {"name": "g", "created_by": "user_a", "workspace": "w", "created_at": "-1h"}]}`, `
2:96: /api_keys/0/status: status must be archived in an archived workspace
3:89: /api_keys/1/status: status must be archived in an archived workspace
4:89: /api_keys/2/status: status must be archived in an archived workspace
5:109: /api_keys/3/status_history/0/status: status must be archived in an archived workspace
6:162: /api_keys/4/status_history/1/at: change must not be after the workspace's archived_at
7:2: /api_keys/5: created_at (now, since it is not set) must not be after the workspace's archived_at
8:72: /api_keys/6/created_at: created_at must not be after the workspace's archived_at`},
	{"expired key with expires_at in the future", `{"name": "Acme", "api_keys": [
 {"name": "a", "created_by": "user_a", "status": "expired"},
 {"name": "b", "created_by": "user_a", "status": "expired", "expires_at": null},
 {"name": "c", "created_by": "user_a", "status": "expired", "expires_at": "+1s"},
 {"name": "d", "created_by": "user_a", "expires_at": "2027-01-01T00:00:00Z", "created_at": "-1d", "status_history": [{"status": "active", "at": "-1d"}, {"status": "expired", "at": "2027-01-01T00:00:00Z"}]},
 {"name": "e", "created_by": "user_a", "created_at": "-1d", "expires_at": "-2d"}]}`, `
2:2: /api_keys/0: expires_at must be set when status is expired
3:75: /api_keys/1/expires_at: expires_at must be set when status is expired
4:75: /api_keys/2/expires_at: expires_at must not be in the future when status is expired
5:54: /api_keys/3/expires_at: expires_at must not be in the future when status is expired
5:181: /api_keys/3/status_history/1/at: at must not be in the future (the clock shows 2026-02-03T04:05:06.789012Z)
6:75: /api_keys/4/expires_at: expires_at must not be before created_at`},
	{"invalid histories", `{"name": "Acme", "api_keys": [
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
2:107: /api_keys/0/status_history/0/at: first change must be at created_at
3:86: /api_keys/1/status_history/0/at: first change must be at created_at
4:126: /api_keys/2/status_history/1/status: status must not be active twice in a row
5:163: /api_keys/3/status_history/2/status: status must not change after archived
6:183: /api_keys/4/status_history/2/status: status must not change after expired, except to archived
6:201: /api_keys/4/status_history/2/at: change must not be after expires_at
7:179: /api_keys/5/status_history/2/at: change must not be before the previous one
8:146: /api_keys/6/status_history/1/status: last change must be to the key's status, active
9:126: /api_keys/7/status_history/1/status: expires_at must be set for a change to expired
10:164: /api_keys/8/status_history/1/at: change to expired must be at expires_at
11:136: /api_keys/9/status_history/1: change to archived after expires_at must follow a change to expired
12:165: /api_keys/10/status_history/1/at: change must not be after expires_at`},

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
2:11: /name: invalid name "": want a string of 1 to 255 characters
3:44: /api_keys/0/workspace: no such workspace "Nowhere"
3:69: /api_keys/0/created_by: no such user "nobody"
5:74: /users/0/added_at: invalid added_at "soon": want an RFC 3339 time, such as 2026-01-01T00:00:00Z, or a time relative to the clock, such as -3d or +1d12h
6:12: /users/1/id: duplicate id "u" (first at /users/0/id)
6:26: /users/1/email: duplicate email "JANE@example.com" (first at /users/0/email)
6:62: /users/1/admin: unknown field "admin" (allowed: id, email, name, role, added_at)
8:25: /invites/0/email: email "jane@example.com" of a pending invite belongs to a user (at /users/1/email)
8:61: /invites/0/role: repeated field "role"
9:23: /clock/offset: invalid offset "x": want a duration in hours, minutes and seconds, such as 504h0m0s`},
}

func TestFaults(t *testing.T) {
	for _, w := range faultySeeds {
		t.Run(w.name, func(t *testing.T) {
			var want []string
			for line := range strings.SplitSeq(strings.TrimPrefix(w.want, "\n"), "\n") {
				want = append(want, "seed.json:"+line)
			}
			err := Validate("seed.json", []byte(w.src), Options{Real: real})
			if err == nil {
				t.Fatal("the seed is valid")
			}
			if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			checkPositions(t, w.src, faultsOf([]byte(w.src)))
			if r := new(report); r.parse([]byte(w.src), nil) != nil && r.faults == nil {
				agree(t, []byte(w.src))
			}
		})
	}
}

// checkPositions fails unless faults are in order and their positions are right.
func checkPositions(t interface {
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
			t.Errorf("invalid fault %q", f)
		}
		if f.offset < last || f.offset > len(src) {
			t.Errorf("%s: offset %d after %d, of %d bytes", f, f.offset, last, len(src))
			return
		}
		last = f.offset
		lines := strings.Split(src[:last], "\n")
		if column := utf8.RuneCountInString(lines[len(lines)-1]) + 1; f.Line != len(lines) || f.Column != column {
			t.Errorf("%s: its position is %d:%d", f, len(lines), column)
		}
		if f.Pointer != "" && !strings.Contains(f.Pointer, "sk-ant-") && !strings.HasSuffix(f.Pointer, "…") && !slices.Contains(starts[f.Pointer], last) {
			t.Errorf("%s: the pointer is of offsets %v, want %d", f, starts[f.Pointer], last)
		}
	}
}

// startsIn returns the offsets of values by JSON pointer, and for fields also those
// of their names. It stops at a syntax error.
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
	_ = value("") // a syntax error is not of interest here
	return starts
}

// Validate reports every fault that Parse reports without a clock. If there are
// none, Load reports the same faults as Validate.
func TestValidateAgreesWithParseAndLoad(t *testing.T) {
	for _, w := range faultySeeds {
		all := faultsOf([]byte(w.src))
		s, err := Parse("seed.json", []byte(w.src))
		if err == nil {
			var contents []store.Contents
			contents, err = s.Load(Options{Real: real})
			if contents != nil {
				t.Errorf("%s: Load returned contents with an error", w.name)
			}
			if diff := cmp.Diff(all, asFaults(t, err), cmpopts.IgnoreUnexported(Fault{})); diff != "" {
				t.Errorf("%s: faults (-Validate +Load):\n%s", w.name, diff)
			}
			continue
		}
		if s != nil {
			t.Errorf("%s: Parse returned a seed with an error", w.name)
		}
		for _, f := range asFaults(t, err) {
			if !slices.Contains(all, f) {
				t.Errorf("%s: only Parse reports %s", w.name, f)
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

func TestSomeFaultsDependOnTheClock(t *testing.T) {
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
		Message: "expires_at must not be in the future when status is expired",
	}}
	if diff := cmp.Diff(want, asFaults(t, err), cmpopts.IgnoreUnexported(Fault{})); diff != "" {
		t.Errorf("before the invite expired: faults (-want +got):\n%s", diff)
	}
}

var validSeeds = map[string]string{
	"the example":                         example,
	"byte order mark":                     "\ufeff{\"name\": \"Acme\"}",
	"Windows line breaks":                 "\r\n{\r\n\t\"name\" : \"Acme\"\r\n}\r\n",
	"escapes":                             `{"n\u0061me": "\u0041\ud834\udd1e\"\\\/\b\f\n\r\t\u0000"}`,
	"$schema":                             `{"$schema": "", "name": "Acme"}`,
	"$schema of a list":                   `{"$schema": "https://example.com/seed.schema.json", "organizations": [{"name": "Acme"}]}`,
	"number notations":                    `{"name": "Acme", "ids": {"seed": 1e2, "drawn": 10.0}, "settings": {"workspace_limit": 0.5e1, "member_limit": -0, "api_key_limit": 9007199254740991}}`,
	"nulls":                               `{"name": "Acme", "settings": {"member_limit": null, "workspace_member_limit": null, "api_key_limit": null, "workspace_api_key_limit": null, "allowed_invite_domains": null}, "default_workspace": {"external_key_id": null}, "workspaces": [{"name": "Research", "archived_at": null, "external_key_id": null}], "api_keys": [{"name": "CI", "created_by": "user_a", "workspace": null, "last_used_at": null, "partial_key_hint": null, "expires_at": null}]}`,
	"organization without a key":          `{"organizations": [{"name": "a"}, {"name": "b", "admin_keys": ["sk-ant-admin01-b"]}]}`,
	"same ids in different organizations": `{"organizations": [{"name": "a", "users": [{"id": "u", "email": "a@b.c", "role": "user"}]}, {"name": "b", "admin_keys": ["sk-ant-admin01-b"], "users": [{"id": "u", "email": "a@b.c", "role": "user"}]}]}`,
	"same ids of different kinds":         `{"name": "Acme", "default_workspace": {"id": "w"}, "users": [{"id": "x", "email": "a@b.c", "role": "user"}], "invites": [{"id": "x", "email": "b@b.c", "role": "user"}], "workspaces": [{"id": "x", "name": "Research"}], "api_keys": [{"id": "x", "name": "CI", "created_by": "x"}]}`,
	"duplicate names":                     `{"name": "Acme", "users": [{"id": "a", "email": "a@b.c", "name": "Jane", "role": "user"}, {"id": "b", "email": "b@b.c", "name": "Jane", "role": "user"}], "workspaces": [{"id": "a", "name": "Default", "members": [{"user": "a", "workspace_role": "workspace_user"}, {"user": "b@b.c", "workspace_role": "workspace_user"}]}, {"id": "b", "name": "Default"}], "api_keys": [{"name": "CI", "created_by": "a", "workspace": "b"}, {"name": "CI", "created_by": "b@b.c"}]}`,
	"invites of users": `{"name": "Acme", "users": [{"email": "jane@example.com", "role": "user"}], "invites": [
 {"email": "jane@example.com", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-1d"},
 {"email": "Jane@example.com", "role": "user", "status": "deleted", "invited_at": "-3d"},
 {"email": "JANE@example.com", "role": "user", "status": "expired", "invited_at": "-21d"},
 {"email": "jane@example.com", "role": "user", "invited_at": "-21d"},
 {"email": "jane@example.com", "role": "user", "status": "pending", "invited_at": "2026-01-01T00:00:00Z"}]}`,
	"invites of one email": `{"name": "Acme", "invites": [
 {"email": "jane@example.com", "role": "user", "status": "accepted", "invited_at": "-3d", "accepted_at": "-1d"},
 {"email": "jane@example.com", "role": "user", "status": "deleted"},
 {"email": "jane@example.com", "role": "user"},
 {"email": "jane@example.com", "role": "user", "invited_at": "-21d"},
 {"email": "jane@example.com", "role": "user", "invited_at": "-30d"}]}`,
	"former users": `{"name": "Acme", "users": [{"email": "jane@example.com", "name": "user_jane", "role": "user"}], "removed": [{"id": "john", "added_at": "-3d"}],
 "api_keys": [{"name": "a", "created_by": "user_gone"}, {"name": "b", "created_by": "john"}, {"name": "c", "created_by": "user_jane"}]}`,
	"user whose name is the id of a former user": `{"name": "Acme", "users": [{"email": "jane@example.com", "name": "gone", "role": "user"}], "removed": [{"id": "gone", "added_at": "-3d"}],
 "workspaces": [{"name": "Research", "members": [{"user": "gone", "workspace_role": "workspace_user"}]}], "api_keys": [{"name": "a", "created_by": "gone"}]}`,
	"inherited and assigned members": `{"name": "Acme", "users": [{"email": "jane@example.com", "role": "admin"}, {"email": "john@example.com", "role": "billing"}], "workspaces": [{"name": "Research", "archived_at": "+0s", "members": [
 {"user": "Jane", "workspace_role": "workspace_user"}, {"user": "John", "workspace_role": "workspace_admin"}]}]}`,
	"keys of an archived workspace": `{"name": "Acme", "workspaces": [{"name": "Research", "created_at": "-3d", "archived_at": "-1d"}], "api_keys": [
 {"name": "a", "workspace": "Research", "created_by": "user_a", "created_at": "-2d"},
 {"name": "b", "workspace": "Research", "created_by": "user_a", "created_at": "-1d", "status": "archived"},
 {"name": "c", "workspace": "Research", "created_by": "user_a", "created_at": "-3d", "status_history": [{"status": "inactive", "at": "-3d"}, {"status": "active", "at": "-2d"}, {"status": "archived", "at": "-2d"}]}]}`,
	"equal times": `{"name": "Acme", "invites": [{"email": "a@b.c", "role": "user", "invited_at": "-1d", "expires_at": "-1d"}, {"email": "a@b.c", "role": "user", "status": "accepted", "accepted_at": "+0s"}],
 "workspaces": [{"name": "Research", "archived_at": "+0s"}], "api_keys": [{"name": "a", "created_by": "user_a", "expires_at": "+0s", "status": "expired"}]}`,
	"earliest and latest times": `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "1970-01-01T00:00:00Z"}, {"email": "d@b.c", "role": "user", "added_at": "2024-02-29T23:59:59-23:59"}],
 "api_keys": [{"name": "K", "created_by": "user_gone", "last_used_at": "9999-12-31T23:59:59.999999999Z"}, {"name": "L", "created_by": "user_gone", "expires_at": "+36500d"}]}`,
	"the clock of another machine": `{"name": "Acme", "users": [{"email": "a@b.c", "role": "user", "added_at": "2026-02-03T05:05:06Z"}]}`,
}

func TestValidSeeds(t *testing.T) {
	for name, src := range validSeeds {
		if faults := faultsOf([]byte(src)); faults != nil {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// An admin key in the wrong field, or an invalid one in the right field, must not
// appear in logs.
func TestFaultsRedactKeys(t *testing.T) {
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
		t.Errorf("only %d faults were checked", seen)
	}
}

func TestFaultsShortenLongValues(t *testing.T) {
	src := fmt.Sprintf(`{"name": "Acme", "id": %q, "ids": {"seed": 1%s}}`, strings.Repeat("é", 70), strings.Repeat("0", 70))
	want := "seed.json:1:24: /id: invalid id \"" + strings.Repeat("é", 60) + "…\": want a UUID\n" +
		"seed.json:1:114: /ids/seed: invalid seed 1" + strings.Repeat("0", 59) + "…: want a whole number from 0 to 2^53-1"
	if diff := cmp.Diff(want, faultsOf([]byte(src)).Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestFaultsAsJSON(t *testing.T) {
	const want = `[{"file":"seed.json","line":1,"column":1,"pointer":"","message":"missing required field \"name\""}]`
	if got := string(encoded(faultsOf([]byte(`{}`)))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFaultsOfALargeSeed(t *testing.T) {
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
seed.json:10006:12: /workspaces/0/members/5000/user: no such user "Üser 5000"
seed.json:15009:30: /api_keys/5000/workspace: no such workspace "None"`
	start := time.Now()
	if diff := cmp.Diff(want, faultsOf([]byte(b.String())).Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	t.Logf("%d bytes took %s", b.Len(), time.Since(start))

	// One fault per user, of which the first hundred are listed.
	faults := faultsOf([]byte(strings.ReplaceAll(b.String(), `"role": "user"`, `"role": "owner"`)))
	if len(faults) != 100 || faults.Number() != users+1+4 {
		t.Fatalf("%d faults of %d", len(faults), faults.Number())
	}
	if f := faults[99]; f.Line != 102 || f.Pointer != "/users/99/role" {
		t.Errorf("the last fault is %s", f)
	}
	if lines := strings.Split(faults.Error(), "\n"); lines[100] != "and 4,905 more" {
		t.Errorf("the last line is %q", lines[100])
	}
}

func TestReferencesAreResolvedInLinearTime(t *testing.T) {
	const n = 20_000
	unknown := strings.Repeat(`,"x":1`, n)
	keys := `,"users":[{"id":"user_a","email":"a@b.c","role":"user"}],"workspaces":[{"id":"w","name":"W"}],"api_keys":[` +
		strings.Repeat(`{"name":"K","created_by":"a@b.c","workspace":"W"},`, n) + `{"name":"K","created_by":"user_a"}]`
	took := func(rest string) time.Duration {
		shortest := time.Hour
		for range 3 {
			start := time.Now()
			_ = Validate("seed.json", []byte(`{"name":"Acme"`+rest+`}`), Options{Real: real})
			shortest = min(shortest, time.Since(start))
		}
		return shortest
	}
	if apart, together := took(unknown)+took(keys), took(unknown+keys); together > 5*apart {
		t.Errorf("%d fields and %d keys take %s together, %s separately", n, n, together, apart)
	}
}

func TestLoadLargeSeed(t *testing.T) {
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
