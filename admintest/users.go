package admintest

import "antechamber/api"

// AddUser adds a user who joined without an invite. Any role is allowed, including
// admin. Adding a user deletes a pending invite to the same address.
func (s *Server) AddUser(email string, role api.OrganizationRole) api.User {
	s.t.Helper()
	return post[api.User](s, "AddUser", "/users", map[string]any{"email": email, "role": role})
}
