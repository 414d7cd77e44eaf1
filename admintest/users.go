package admintest

import "antechamber/api"

// AddUser makes a person a user who joined some other way than by an invite: any
// role, admin too. A pending invite to the address is deleted.
func (s *Server) AddUser(email string, role api.OrganizationRole) api.User {
	s.t.Helper()
	return object[api.User](s, "AddUser", "/users", map[string]any{"email": email, "role": role})
}
