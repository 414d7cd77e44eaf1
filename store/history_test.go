package store_test

import (
	"testing"

	"antechamber/api"
	"antechamber/store"
)

func TestStaleReads(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("jane", "user")}})
	set := func(role api.OrganizationRole) { must(o.UpdateOrganizationMember("user_jane", role, nil))(t) }
	role := func(writes int) api.OrganizationRole {
		return object(o.Stale(writes).GetOrganizationMember("user_jane"))(t).Role
	}
	set("developer")
	diff(t, "without history", api.RoleDeveloper, role(1))
	o.KeepHistory(2)
	set("billing")
	set("claude_code_user")
	set("user")
	diff(t, "current version", api.RoleUser, object(o.GetOrganizationMember("user_jane"))(t).Role)
	diff(t, "one write ago", api.RoleClaudeCodeUser, role(1))
	diff(t, "two writes ago", api.RoleBilling, role(2))
	diff(t, "beyond the history", api.RoleBilling, role(9))
	o.KeepHistory(0)
	diff(t, "history turned off", api.RoleUser, role(1))
}
