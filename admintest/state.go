package admintest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"antechamber/api"
)

// Snapshot saves the organization under a name: state, settings, clock and the
// position of its id generator, but not the journal or faults. Its cost does not
// depend on the size of the organization.
func (s *Server) Snapshot(name string) {
	s.t.Helper()
	s.call("Snapshot", http.MethodPost, "/snapshots", map[string]string{"name": name}, nil)
}

// Restore returns the organization to a snapshot. A snapshot can be restored any
// number of times.
func (s *Server) Restore(name string) {
	s.t.Helper()
	s.require("Restore", "name", name)
	s.call("Restore", http.MethodPost, "/snapshots/"+url.PathEscape(name)+"/restore", nil, nil)
}

// Reset returns the organization to its initial state and clock, removes its faults
// and clears its journal. Ids and request numbers start again too.
func (s *Server) Reset() {
	s.t.Helper()
	s.call("Reset", http.MethodPost, "/reset", nil, nil)
	s.org.noteReset()
}

// Export returns the organization as a seed. The seed includes admin keys but not
// the secrets of API keys.
func (s *Server) Export() []byte {
	s.t.Helper()
	return s.do("Export", http.MethodGet, "/state", nil)
}

// Import replaces the organization with the one in a seed, but keeps its id and
// admin keys. If the seed is invalid, Import changes nothing and the test fails with
// every error in the seed.
func (s *Server) Import(text []byte) {
	s.t.Helper()
	s.do("Import", http.MethodPut, "/state", s.withIdentity(text))
}

// withIdentity returns a seed with the organization's own id and without admin keys,
// so that an import keeps both. Text that does not parse is returned unchanged: the
// server reports what is wrong with it.
func (s *Server) withIdentity(text []byte) []byte {
	var org map[string]json.RawMessage
	if json.Unmarshal(text, &org) != nil {
		return text
	}
	var list []json.RawMessage
	if json.Unmarshal(org["organizations"], &list) == nil && len(list) == 1 {
		return s.withIdentity(list[0])
	}
	if org["id"] == nil && org["admin_keys"] == nil {
		return text
	}
	delete(org, "admin_keys")
	org["id"] = json.RawMessage(api.Encode(s.OrganizationID))
	changed, err := json.Marshal(org)
	if err != nil {
		return text
	}
	return changed
}

// UpdateSettings changes settings of the organization. They are named as in a seed,
// such as "member_limit" and "allowed_invite_domains". A nil limit removes the
// limit.
func (s *Server) UpdateSettings(changes map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(changes)
	if err != nil {
		s.fatal("UpdateSettings", fmt.Errorf("invalid changes: want values that encode as JSON (%w)", err))
	}
	s.do("UpdateSettings", http.MethodPatch, "/settings", body)
}

// do sends a request to the control plane and returns the body of the response. It
// ends the test if the request fails.
func (s *Server) do(method, verb, path string, body []byte) []byte {
	s.t.Helper()
	response, err := s.plane.Do(context.Background(), verb, path, body)
	if err != nil {
		s.fatal(method, err)
	}
	return response
}
