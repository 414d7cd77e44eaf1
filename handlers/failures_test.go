package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"antechamber/api"
)

// failure is a request and the error that it must return.
type failure struct {
	method, path, body string
	headers            []string
	status             int
	message            string
	code               api.ErrorCode
}

func bad(method, path, body, message string) failure {
	return failure{method: method, path: path, body: body, status: 400, message: message}
}

func missing(method, path, body, message string) failure {
	return failure{method: method, path: path, body: body, status: 404, message: message}
}

func (f failure) with(headers ...string) failure {
	f.headers = headers
	return f
}

func (f failure) coded(code api.ErrorCode) failure {
	f.code = code
	return f
}

func (f failure) as(status int) failure {
	f.status = status
	return f
}

const (
	users      = "/organizations/users"
	invites    = "/organizations/invites"
	workspaces = "/organizations/workspaces"
	keys       = "/organizations/api_keys"
	live       = workspaces + "/wrkspc_live"
	members    = live + "/members"
)

var failures = map[string][]failure{
	"credential": {
		bad("GET", users, "", "x-api-key header is required").with("x-api-key:").as(401),
		bad("GET", users, "", "x-api-key header is required").with("x-api-key:", "authorization: Basic c2stYW50").as(401),
		bad("GET", users, "", "x-api-key header is required").with("x-api-key:", "authorization: Bearer").as(401),
		bad("GET", users, "", "invalid x-api-key").with("x-api-key: sk-ant-admin01-unknown").as(401),
		bad("GET", users, "", "invalid x-api-key").with("x-api-key: sk-ant-api03-R2D-igAA").as(401),
		bad("GET", users, "", "Invalid bearer token").with("x-api-key:", "authorization: Bearer sk-ant-admin01-unknown").as(401),
		bad("GET", users, "", "Invalid bearer token").with("x-api-key:", "authorization: bearer sk-ant-api03-R2D-igAA").as(401),
		bad("GET", users, "", "invalid x-api-key").with("x-api-key: sk-ant-admin01-unknown", "authorization: Bearer "+testKey).as(401),
		bad("GET", "/nothing", "", "x-api-key header is required").with("x-api-key:").as(401),
		bad("PATCH", users, "", "x-api-key header is required").with("x-api-key:").as(401),
		bad("GET", users, "", "x-api-key header is required").with("x-api-key:", "anthropic-version:").as(401),
	},
	"path and method": {
		missing("GET", "~/", "", "Not found"),
		missing("GET", "~/v2/organizations/me", "", "Not found").with("x-api-key:"),
		missing("GET", "~/v1x", "", "Not found").with("x-api-key:"),
		missing("GET", "/", "", "Not found"),
		missing("GET", "/organizations", "", "Not found"),
		missing("GET", "/organizations/you", "", "Not found"),
		missing("GET", users+"/", "", "Not found"),
		missing("GET", users+"/user_dev/", "", "Not found"),
		missing("GET", workspaces+"//members", "", "Not found"),
		missing("GET", live+"/archive/now", "", "Not found"),
		missing("PUT", users+"/a/b", "", "Not found"),
		missing("POST", invites+"/a/b", "", "Not found"),
		missing("DELETE", keys+"/a/b", "", "Not found"),
		missing("GET", workspaces+"//archive", "", "Not found"),
		missing("PUT", workspaces+"//members", "", "Not found"),
		missing("PUT", users+"/", "", "Not found"),
		missing("GET", "~/livez/", "", "Not found"),
		missing("GET", "/nothing", "", "Not found").with("anthropic-version:"),
		missing("GET", "/v1/organizations/me", "", "Not found"),
		missing("GET", "/organizations/rate_limits", "", "Not found"),
		missing("GET", "/organizations/usage_report/messages", "", "Not found"),
		missing("GET", live+"/rate_limits", "", "Not found"),
		missing("POST", "/messages", "{}", "Not found"),
		bad("POST", users, "{}", "Method POST is not allowed for this path.").as(405),
		bad("PUT", users+"/user_dev", "{}", "Method PUT is not allowed for this path.").as(405),
		bad("PATCH", live, "{}", "Method PATCH is not allowed for this path.").as(405),
		bad("DELETE", live, "", "Method DELETE is not allowed for this path.").as(405),
		bad("POST", keys, "{}", "Method POST is not allowed for this path.").as(405),
		bad("DELETE", keys+"/apikey_active", "", "Method DELETE is not allowed for this path.").as(405),
		bad("OPTIONS", users, "", "Method OPTIONS is not allowed for this path.").as(405),
		bad("POST", users, "{}", "Method POST is not allowed for this path.").with("anthropic-version:").as(405),
		bad(strings.Repeat("A", 201), users, "", "Method "+strings.Repeat("A", 200)+"… is not allowed for this path.").as(405),
	},
	"version": {
		bad("GET", users, "", "anthropic-version: header is required").with("anthropic-version:"),
		bad("GET", users, "", `anthropic-version: "2023-10-01" is not a valid version`).with("anthropic-version: 2023-10-01"),
		bad("GET", users+"/nobody", "", "anthropic-version: header is required").with("anthropic-version:"),
		bad("POST", invites, "{", "anthropic-version: header is required").with("anthropic-version:"),
	},
	"unknown ids": {
		missing("GET", users+"/user_x", "", "User `user_x` not found."),
		missing("POST", users+"/user_x", "{", "User `user_x` not found."),
		missing("DELETE", users+"/user_x", "", "User `user_x` not found."),
		missing("GET", users+"/user_gone", "", "User `user_gone` not found."),
		missing("GET", users+"/a%2Fb", "", "User `a/b` not found."),
		missing("GET", users+"/ü%20%60", "", "User `ü ``"+" not found."),
		missing("GET", users+"/%ff", "", "User `\xff` not found."),
		missing("GET", invites+"/invite_x", "", "Invite `invite_x` not found."),
		missing("DELETE", invites+"/invite_x", "", "Invite `invite_x` not found."),
		missing("GET", workspaces+"/wrkspc_x", "", "Workspace `wrkspc_x` not found."),
		missing("POST", workspaces+"/wrkspc_x", "{}", "Workspace `wrkspc_x` not found."),
		missing("POST", workspaces+"/wrkspc_x/archive", "", "Workspace `wrkspc_x` not found."),
		missing("GET", workspaces+"/wrkspc_x/members", "", "Workspace `wrkspc_x` not found."),
		missing("GET", workspaces+"/wrkspc_x/members?limit=0", "", "Workspace `wrkspc_x` not found."),
		missing("POST", workspaces+"/wrkspc_x/members", "", "Workspace `wrkspc_x` not found."),
		missing("GET", workspaces+"/wrkspc_x/members/user_dev", "", "Workspace `wrkspc_x` not found."),
		missing("POST", workspaces+"/wrkspc_x/members/user_dev", "", "Workspace `wrkspc_x` not found."),
		missing("DELETE", workspaces+"/wrkspc_x/members/user_dev", "", "Workspace `wrkspc_x` not found."),
		missing("GET", members+"/user_code", "", "Workspace member `user_code` not found."),
		missing("POST", members+"/user_code", "", "Workspace member `user_code` not found."),
		missing("DELETE", members+"/user_x", "", "Workspace member `user_x` not found."),
		missing("GET", workspaces+"/wrkspc_default/members/user_admin", "", "Workspace member `user_admin` not found."),
		missing("POST", members, `{"user_id":"user_x","workspace_role":"workspace_user"}`, "User `user_x` not found."),
		missing("GET", keys+"/apikey_x", "", "API key `apikey_x` not found."),
		missing("POST", keys+"/apikey_x", "[", "API key `apikey_x` not found."),
	},
	"lists": {
		bad("GET", users+"?limit=0", "", "limit: Input should be greater than or equal to 1"),
		bad("GET", users+"?limit=-3", "", "limit: Input should be greater than or equal to 1"),
		bad("GET", users+"?limit=1001", "", "limit: Input should be less than or equal to 1000"),
		bad("GET", users+"?limit=99999999999999999999", "", "limit: Input should be less than or equal to 1000"),
		bad("GET", users+"?limit=-99999999999999999999", "", "limit: Input should be greater than or equal to 1"),
		bad("GET", users+"?limit=ten", "", "limit: Input should be a valid integer"),
		bad("GET", users+"?limit=1.5", "", "limit: Input should be a valid integer"),
		bad("GET", users+"?limit=", "", "limit: Input should be a valid integer"),
		bad("GET", users+"?before_id=user_dev&after_id=user_user", "", "at most one of before_id and after_id is allowed"),
		bad("GET", users+"?limit=0&before_id=a&after_id=b", "", "limit: Input should be greater than or equal to 1; at most one of before_id and after_id is allowed"),
		bad("GET", users+"?after_id=%zz", "", "after_id: User `%zz` is not an object of this list."),
		bad("GET", users+"?after_id=a%", "", "after_id: User `a%` is not an object of this list."),
		bad("GET", users+"?after_id=a;limit=1", "", "after_id: User `a;limit=1` is not an object of this list."),
		bad("GET", users+"?roles[]=%zz", "", "roles[]: Input should be 'user', 'developer', 'billing', 'claude_code_user' or 'admin'"),
		bad("GET", workspaces+"?ids[]=", "", "ids[]: String should have at least 1 character"),
		bad("GET", users+"?after_id=user_x", "", "after_id: User `user_x` is not an object of this list."),
		bad("GET", users+"?before_id=invite_pending", "", "before_id: User `invite_pending` is not an object of this list."),
		bad("GET", invites+"?after_id=user_dev", "", "after_id: Invite `user_dev` is not an object of this list."),
		bad("GET", workspaces+"?after_id=x", "", "after_id: Workspace `x` is not an object of this list."),
		bad("GET", keys+"?before_id=x", "", "before_id: API key `x` is not an object of this list."),
		bad("GET", members+"?after_id=x", "", "after_id: User `x` is not an object of this list."),
		bad("GET", members+"?limit=0", "", "limit: Input should be greater than or equal to 1"),
		bad("GET", workspaces+"/wrkspc_default/members?after_id=x", "", "after_id: User `x` is not an object of this list."),
		bad("GET", users+"?roles[]=owner", "", "roles[]: Input should be 'user', 'developer', 'billing', 'claude_code_user' or 'admin'"),
		bad("GET", users+"?roles=owner", "", "roles: Input should be 'user', 'developer', 'billing', 'claude_code_user' or 'admin'"),
		bad("GET", users+"?email=a@127.0.0.1", "", "email: value is not a valid email address"),
		bad("GET", users+"?email=nobody", "", "email: value is not a valid email address"),
		bad("GET", invites+"?statuses[]=deleted", "", "statuses[]: Input should be 'accepted', 'expired' or 'pending'"),
		bad("GET", invites+"?statuses[]=pending&statuses[]=x&roles[]=", "", "roles[]: Input should be 'user', 'developer', 'billing', 'claude_code_user' or 'admin'; statuses[]: Input should be 'accepted', 'expired' or 'pending'"),
		bad("GET", keys+"?status=deleted", "", "status: Input should be 'active', 'inactive', 'archived' or 'expired'"),
		bad("GET", keys+"?status=", "", "status: Input should be 'active', 'inactive', 'archived' or 'expired'"),
		bad("GET", keys+"?workspace_id=", "", "workspace_id: String should have at least 1 character"),
		bad("GET", keys+"?created_by_user_id=", "", "created_by_user_id: String should have at least 1 character"),
		bad("GET", workspaces+"?include_archived=perhaps", "", "include_archived: Input should be a valid boolean, unable to interpret input"),
		bad("GET", workspaces+"?include_default=", "", "include_default: Input should be a valid boolean, unable to interpret input"),
		bad("GET", workspaces+"?"+strings.Repeat("ids[]=x&", 101), "", "ids[]: List should have at most 100 items after validation, not 101"),
	},
	"bodies": {
		bad("POST", invites, "", "The request body is not valid JSON: unexpected end of input (line 1 column 1)"),
		bad("POST", invites, "{", "The request body is not valid JSON: unexpected end of input (line 1 column 2)"),
		bad("POST", invites, "{\n  \"email\": nobody}", "The request body is not valid JSON: strings must be in double quotes (only true, false and null are unquoted) (line 2 column 13)"),
		bad("POST", invites, "{} {}", "The request body is not valid JSON: unexpected data after the top-level value (line 1 column 4)"),
		bad("POST", invites, "{\"email\":\"\xff\"}", "The request body is not valid JSON: invalid UTF-8 (line 1 column 11)"),
		bad("POST", workspaces, `{"name":"a\ud800"}`, "The request body is not valid JSON: invalid surrogate pair `\\ud800\"}` in string (line 1 column 11)"),
		bad("POST", workspaces, `{"name":"a\udc00\ud800"}`, "The request body is not valid JSON: invalid surrogate pair `\\udc00\\ud800` in string (line 1 column 11)"),
		bad("POST", workspaces, `{"name":"\\\ud800\u0041"}`, "The request body is not valid JSON: invalid surrogate pair `\\ud800\\u0041` in string (line 1 column 12)"),
		bad("POST", workspaces, `{"name":[0`+strings.Repeat(",0", maxValues)+`]}`, "The request body is not valid JSON: more than 10000 values and names (line 1 column 20004)"),
		bad("POST", workspaces, `{"name":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, "The request body is not valid JSON: more than 100 levels of nesting (line 1 column 108)"),
		bad("POST", invites, "[]", "body: Input should be a valid dictionary"),
		bad("POST", invites, "null", "body: Input should be a valid dictionary"),
		bad("POST", invites, `"x"`, "body: Input should be a valid dictionary"),
		bad("POST", invites, "{}", "email: Field required; role: Field required"),
		bad("POST", users+"/user_dev", "{}", "role: Field required"),
		bad("POST", users+"/user_dev", `{"role":"developer","foo":1,"bar":2}`, "bar: Extra inputs are not permitted; foo: Extra inputs are not permitted"),
		bad("POST", invites, `{"zoo":1,"role":"owner","email":"x"}`, "email: value is not a valid email address; role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'; zoo: Extra inputs are not permitted"),
		bad("POST", invites, `{"email":"a@127.0.0.1","role":"user"}`, "email: value is not a valid email address"),
		bad("POST", invites, `{"email":"a@xn--a.com","role":"user"}`, "email: value is not a valid email address"),
		bad("POST", invites, `{"email":7,"role":7}`, "email: Input should be a valid string; role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"),
		bad("POST", invites, `{"email":null,"role":null}`, "email: Input should be a valid string; role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"),
		bad("POST", invites, `{"email":"a@b.c","role":"user","rbac_group_ids":["g"]}`, "rbac_group_ids: RBAC groups are available to Claude Enterprise organizations only"),
		bad("POST", invites, `{"email":"a@b.c","role":"user","rbac_group_ids":"g"}`, "rbac_group_ids: Input should be a valid list"),
		bad("POST", workspaces, "{}", "name: Field required"),
		bad("POST", workspaces, `{"name":""}`, "name: String should have at least 1 character"),
		bad("POST", workspaces, `{"name":"`+strings.Repeat("é", 41)+`"}`, "name: String should have at most 40 characters"),
		bad("POST", workspaces, `{"name":"A","name":7}`, "name: Input should be a valid string"),
		bad("POST", workspaces, `{"name":null}`, "name: Input should be a valid string"),
		bad("POST", workspaces, `{"name":"A","display_color":"red"}`, "display_color: String should match pattern '^#[0-9A-Fa-f]{6}$'"),
		bad("POST", workspaces, `{"name":"A","display_color":7}`, "display_color: Input should be a valid string"),
		bad("POST", workspaces, `{"name":"A","external_key_id":""}`, "external_key_id: String should have at least 1 character"),
		bad("POST", workspaces, `{"name":"A","tags":[]}`, "tags: Input should be a valid dictionary"),
		bad("POST", workspaces, `{"name":"A","tags":["x"]}`, "tags: Input should be a valid dictionary"),
		bad("POST", workspaces, `{"name":"A","tags":{"anthropic:x":"y","n":1,"z":null}}`, "tags.anthropic:x: tag keys may not begin with 'anthropic'; tags.n: Input should be a valid string; tags.z: Input should be a valid string"),
		bad("POST", workspaces, `{"name":"A","tags":{"AnThropic":"y"}}`, "tags.AnThropic: tag keys may not begin with 'anthropic'"),
		bad("POST", live, `{"tags":{"ANTHROPIC-x":"y"}}`, "tags.ANTHROPIC-x: tag keys may not begin with 'anthropic'"),
		bad("POST", live, `{"tags":null}`, "tags: Input should be a valid dictionary"),
		bad("POST", live, `{"user_profile_id":null}`, "user_profile_id: Input should be a valid string"),
		bad("POST", workspaces, `{"name":"A","user_profile_id":7}`, "user_profile_id: Input should be a valid string"),
		bad("POST", workspaces, `{"name":"A","data_residency":"us"}`, "data_residency: Input should be a valid dictionary"),
		bad("POST", workspaces, `{"name":"A","data_residency":{"workspace_geo":"eu","default_inference_geo":"mars","allowed_inference_geos":["us","eu"],"x":1}}`,
			"data_residency.workspace_geo: Input should be 'us'; data_residency.allowed_inference_geos.1: Input should be 'global' or 'us'; data_residency.default_inference_geo: Input should be 'global' or 'us'; data_residency.x: Extra inputs are not permitted"),
		bad("POST", workspaces, `{"name":"A","data_residency":{"allowed_inference_geos":"all"}}`, "data_residency.allowed_inference_geos: Input should be 'unrestricted' or a valid list"),
		bad("POST", live, "{}", "name: Field required"),
		bad("POST", live, `{"name":null}`, "name: Input should be a valid string"),
		bad("POST", live, `{"tags":{"anthropic":null}}`, "tags.anthropic: tag keys may not begin with 'anthropic'"),
		bad("POST", live, `{"data_residency":{"workspace_geo":"us"}}`, "data_residency.workspace_geo: Extra inputs are not permitted"),
		bad("POST", live, `{"archived_at":null}`, "archived_at: Extra inputs are not permitted"),
		bad("POST", members, "{}", "user_id: Field required; workspace_role: Field required"),
		bad("POST", members, `{"user_id":1,"workspace_role":"workspace_billing"}`, "user_id: Input should be a valid string; workspace_role: Input should be 'workspace_user', 'workspace_developer', 'workspace_restricted_developer' or 'workspace_admin'"),
		bad("POST", members+"/user_dev", "{}", "workspace_role: Field required"),
		bad("POST", members+"/user_dev", `{"workspace_role":"billing"}`, "workspace_role: Input should be 'workspace_user', 'workspace_developer', 'workspace_restricted_developer', 'workspace_admin' or 'workspace_billing'"),
		bad("POST", keys+"/apikey_active", `{"name":""}`, "name: String should have at least 1 character"),
		bad("POST", keys+"/apikey_active", `{"name":"`+strings.Repeat("k", 501)+`"}`, "name: String should have at most 500 characters"),
		bad("POST", keys+"/apikey_active", `{"status":"expired"}`, "status: Input should be 'active', 'inactive' or 'archived'"),
		bad("POST", keys+"/apikey_active", `{"name":7,"status":8}`, "name: Input should be a valid string; status: Input should be 'active', 'inactive' or 'archived'"),
		bad("POST", invites, `{"email":"`+strings.Repeat("a", MaxBody)+`"}`, "The request body is larger than the 1048576 bytes that are allowed.").as(413),
	},
	"state": {
		bad("POST", users+"/user_dev", `{"role":"admin"}`, "role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"),
		bad("POST", users+"/user_admin", `{"role":"user"}`, "User `user_admin` is an admin of the organization: an admin's role cannot be changed through the API."),
		bad("DELETE", users+"/user_admin", "", "User `user_admin` is an admin of the organization: admins cannot be removed through the API."),
		bad("POST", invites, `{"email":"new@example.com","role":"admin"}`, "role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'"),
		bad("POST", invites, `{"email":"DEV@example.com","role":"user"}`, "email: DEV@example.com already belongs to User `user_dev` of the organization.").coded(api.AlreadyMember),
		bad("POST", invites, `{"email":"Pending@example.com","role":"user"}`, "email: Invite `invite_pending` to pending@example.com is pending already.").coded(api.InviteAlreadyExists),
		bad("DELETE", invites+"/invite_accepted", "", "Invite `invite_accepted` is accepted: only a pending invite can be deleted."),
		bad("DELETE", invites+"/invite_deleted", "", "Invite `invite_deleted` is deleted: only a pending invite can be deleted."),
		bad("DELETE", invites+"/invite_expired", "", "Invite `invite_expired` is expired: only a pending invite can be deleted."),
		bad("POST", workspaces, `{"name":"A","user_profile_id":"x"}`, "user_profile_id: User profile `x` not found.").coded(api.UserProfileNotFound),
		bad("POST", workspaces, `{"name":"A","user_profile_id":"`+strings.Repeat("x", 201)+`"}`, "user_profile_id: User profile `"+strings.Repeat("x", 200)+"…` not found.").coded(api.UserProfileNotFound),
		bad("POST", workspaces, `{"name":"A","user_profile_id":""}`, "user_profile_id: User profile `` not found.").coded(api.UserProfileNotFound),
		bad("POST", live, `{"user_profile_id":"x"}`, "user_profile_id: User profile `x` not found.").coded(api.UserProfileNotFound),
		bad("POST", workspaces+"/wrkspc_archived", `{"name":"B"}`, "Workspace `wrkspc_archived` is archived and cannot be changed."),
		bad("POST", workspaces+"/wrkspc_default", `{"name":"B"}`, "name: the Default Workspace cannot be renamed."),
		bad("POST", workspaces+"/wrkspc_default/archive", "", "The Default Workspace cannot be archived."),
		bad("POST", live, `{"external_key_id":"extkey_2"}`, "external_key_id: cannot be changed once it is set."),
		bad("POST", workspaces+"/wrkspc_us", `{"data_residency":{"default_inference_geo":"global"}}`, "data_residency.default_inference_geo: 'global' is not among the allowed inference geos."),
		bad("POST", workspaces, `{"name":"A","data_residency":{"allowed_inference_geos":["us"]}}`, "data_residency.default_inference_geo: 'global' is not among the allowed inference geos."),
		bad("POST", members, `{"user_id":"user_dev","workspace_role":"workspace_user"}`, "User `user_dev` is a member of Workspace `wrkspc_live` already."),
		bad("POST", members, `{"user_id":"user_admin","workspace_role":"workspace_user"}`, "User `user_admin` is a member of every workspace already, as admin of the organization."),
		bad("POST", members, `{"user_id":"user_billing","workspace_role":"workspace_user"}`, "User `user_billing` is a member of every workspace already, as billing of the organization."),
		bad("POST", members+"/user_admin", `{"workspace_role":"workspace_user"}`, "User `user_admin` has a place in every workspace as admin of the organization; it cannot be changed or removed here."),
		bad("DELETE", members+"/user_admin", "", "User `user_admin` has a place in every workspace as admin of the organization; it cannot be changed or removed here."),
		bad("POST", members+"/user_dev", `{"workspace_role":"workspace_billing"}`, "User `user_dev` cannot be workspace_billing: only billing users of the organization are."),
		bad("POST", members+"/user_admin", `{"workspace_role":"workspace_billing"}`, "User `user_admin` has a place in every workspace as admin of the organization; it cannot be changed or removed here."),
		bad("POST", members+"/user_billing", `{"workspace_role":"workspace_user"}`, "User `user_billing` has a place in every workspace as billing of the organization; it cannot be changed or removed here."),
		bad("DELETE", members+"/user_billing", "", "User `user_billing` has a place in every workspace as billing of the organization; it cannot be changed or removed here."),
		bad("POST", workspaces+"/wrkspc_archived/members", `{"user_id":"user_code","workspace_role":"workspace_user"}`, "Workspace `wrkspc_archived` is archived and cannot be changed."),
		bad("POST", workspaces+"/wrkspc_archived/members/user_dev", `{"workspace_role":"workspace_user"}`, "Workspace `wrkspc_archived` is archived and cannot be changed."),
		bad("DELETE", workspaces+"/wrkspc_archived/members/user_dev", "", "Workspace `wrkspc_archived` is archived and cannot be changed."),
		bad("POST", workspaces+"/wrkspc_default/members", `{"user_id":"user_dev","workspace_role":"workspace_user"}`, "The Default Workspace has no members that could be managed."),
		bad("POST", workspaces+"/wrkspc_default/members/user_dev", `{"workspace_role":"workspace_user"}`, "The Default Workspace has no members that could be managed."),
		bad("DELETE", workspaces+"/wrkspc_default/members/user_dev", "", "The Default Workspace has no members that could be managed."),
		bad("POST", keys+"/apikey_archived", `{"name":"B"}`, "API key `apikey_archived` is archived and cannot be changed."),
		bad("POST", keys+"/apikey_archived", `{"status":"active"}`, "API key `apikey_archived` is archived and cannot be changed."),
		bad("POST", keys+"/apikey_expired", `{"status":"active"}`, "API key `apikey_expired` is expired and can only be archived."),
		bad("POST", keys+"/apikey_expired", `{"name":"B","status":"archived"}`, "API key `apikey_expired` is expired and can only be archived."),
	},
}

// In both error formats. A rejected request changes nothing.
func TestRejectedRequests(t *testing.T) {
	for topic, all := range failures {
		t.Run(topic, func(t *testing.T) {
			both, prod := serve(t, acme), serve(t, acme, production)
			before := both.contents()
			for _, f := range all {
				t.Run(f.method+" "+f.path[:min(len(f.path), 60)], func(t *testing.T) {
					both.t, prod.t = t, t
					f.check(t, both)
					if strings.HasPrefix(f.message, "Not found") {
						f.message = "Not found"
					}
					f.checkProduction(t, prod)
				})
			}
			same(t, "the organization", before, both.contents())
			same(t, "the organization", before, prod.contents())
		})
	}
}

func (f failure) object() api.ErrorObject {
	o := api.ErrorObject{Type: api.ErrorTypeOf(f.status), Message: f.message}
	if f.code != "" {
		o.Details = &api.ErrorDetails{ErrorCode: f.code}
	}
	return o
}

func (f failure) check(t *testing.T, srv *testServer) {
	t.Helper()
	got := srv.do(f.method, f.path, f.body, f.headers...)
	id := f.common(t, got)
	want := api.Encode(api.Error{Type: f.object().Type, Message: f.message, Error: f.object(), RequestID: id})
	same(t, "body", want, got.body)
}

func (f failure) checkProduction(t *testing.T, srv *testServer) {
	t.Helper()
	got := srv.do(f.method, f.path, f.body, f.headers...)
	id := f.common(t, got)
	want := api.Encode(api.ProductionError{Type: "error", Error: f.object(), RequestID: id})
	same(t, "body", want, got.body)
}

// common checks what both error formats share and returns the request id.
func (f failure) common(t *testing.T, got result) string {
	t.Helper()
	same(t, "status", f.status, got.status)
	same(t, "content-type", "application/json", got.header.Get("content-type"))
	id := got.header.Get("request-id")
	if !strings.HasPrefix(id, "req_") {
		t.Errorf("request-id is %q", id)
	}
	inAPI := strings.HasPrefix(f.path, "/") || strings.HasPrefix(f.path, "~/v1/")
	if has := got.header.Get("anthropic-organization-id") != ""; has != (inAPI && f.status != http.StatusUnauthorized) {
		t.Errorf("anthropic-organization-id is %q", got.header.Get("anthropic-organization-id"))
	}
	return id
}

func TestLimitsOfSettings(t *testing.T) {
	with := func(settings string) *testServer {
		return serve(t, strings.Replace(acme, `"users": [`, `"settings": `+settings+`, "users": [`, 1))
	}
	for name, c := range map[string]struct {
		settings string
		failure
	}{
		"workspaces": {`{"workspace_limit": 2}`, bad("POST", workspaces, `{"name":"A"}`, "The organization has reached its limit of 2 workspaces that are not archived.")},
		"members, including pending invites": {`{"member_limit": 6}`, bad("POST", invites, `{"email":"new@example.com","role":"user"}`,
			"The organization has reached its limit of members; pending invites count.").coded(api.OrgMemberLimitExceeded)},
		"domains": {`{"allowed_invite_domains": ["example.com"]}`, bad("POST", invites, `{"email":"new@sub.example.com","role":"user"}`,
			"email: the organization does not allow invites to the domain of new@sub.example.com.").coded(api.EmailDomainNotAllowed)},
		"no domain": {`{"allowed_invite_domains": []}`, bad("POST", invites, `{"email":"new@example.com","role":"user"}`,
			"email: the organization does not allow invites to the domain of new@example.com.").coded(api.EmailDomainNotAllowed)},
		"workspace members": {`{"workspace_member_limit": 2}`, bad("POST", members, `{"user_id":"user_code","workspace_role":"workspace_user"}`,
			"Workspace `wrkspc_live` has reached its limit of members.").coded(api.WorkspaceMemberLimitExceeded)},
		"workspace members, by role change": {`{"workspace_member_limit": 2}`, bad("POST", members+"/user_billing", `{"workspace_role":"workspace_admin"}`,
			"Workspace `wrkspc_live` has reached its limit of members.").coded(api.WorkspaceMemberLimitExceeded)},
		"active keys": {`{"api_key_limit": 2}`, bad("POST", keys+"/apikey_inactive", `{"status":"active"}`,
			"The organization has reached its limit of active API keys.").coded(api.OrgAPIKeyLimitExceeded)},
		"active keys of a workspace": {`{"workspace_api_key_limit": 1}`, bad("POST", keys+"/apikey_inactive", `{"status":"active"}`,
			"Workspace `wrkspc_live` has reached its limit of active API keys.").coded(api.WorkspaceAPIKeyLimitExceeded)},
		"name length": {`{"workspace_name_max_length": 3}`, bad("POST", live, `{"name":"Four"}`, "name: String should have at most 3 characters")},
		"versions":    {`{"anthropic_versions": ["2026-10-21"]}`, bad("GET", live, "", `anthropic-version: "2023-06-01" is not a valid version`)},
	} {
		t.Run(name, func(t *testing.T) {
			srv := with(c.settings)
			srv.t = t
			before := srv.contents()
			c.check(t, srv)
			same(t, "the organization", before, srv.contents())
		})
	}
}

func TestTheLastMemberCannotBeRemoved(t *testing.T) {
	for _, role := range []string{"user", "admin"} {
		srv := serve(t, `{"name": "Lonely", "users": [{"id": "user_1", "email": "a@b.c", "role": "`+role+`"}]}`)
		f := bad("DELETE", users+"/user_1", "", "User `user_1` is the only member of the organization and cannot be removed.").coded(api.CannotRemoveLastMember)
		f.check(t, srv)
	}
}

// The response reveals nothing; the log has the value and the stack.
func TestPanicsAreInternalErrors(t *testing.T) {
	operations = append(operations, operation{"broken", "GET", "/broken", func(*call) error { panic("broken handler") }})
	t.Cleanup(func() { operations = operations[:len(operations)-1] })
	srv := serve(t, acme)
	failure{method: "GET", path: "/broken", status: 500, message: "Internal server error"}.check(t, srv)
	if log := srv.log.String(); !strings.Contains(log, "broken handler") || !strings.Contains(log, "failures_test.go") {
		t.Errorf("log: %s", log)
	}
}

// An error lists the first hundred problems, and repeats no more than the beginning of
// an input.
func TestErrorsAreBounded(t *testing.T) {
	srv := serveBuiltin(t, "contract")
	var fields strings.Builder
	for i := range 150 {
		fmt.Fprintf(&fields, `,"f%03d%s":1`, i, strings.Repeat("x", 1000))
	}
	long := strings.Repeat("x", 50_000)
	for name, got := range map[string]result{
		"unknown fields": srv.do("POST", "/organizations/invites", `{"email":"a@example.com","role":"user"`+fields.String()+"}"),
		"an id":          srv.do("GET", "/organizations/users/"+long, ""),
		"a cursor":       srv.do("GET", "/organizations/users?after_id="+long, ""),
		"a version":      srv.do("GET", "/organizations/users", "", "anthropic-version: "+long),
	} {
		if got.status < 400 || got.status >= 500 || len(got.body) > 2*100*300 || name != "unknown fields" && len(got.body) > 2000 {
			t.Errorf("%s: status %d, %d bytes", name, got.status, len(got.body))
		}
		if name == "unknown fields" && !strings.Contains(got.body, "; and 50 more") {
			t.Errorf("%s: %.200s", name, got.body)
		}
	}
}
