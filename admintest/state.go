package admintest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"antechamber/api"
)

// Snapshot keeps the organization as it is under a name: state, settings, clock
// and ids, not the journal and the faults. It costs the same however much there
// is.
func (s *Server) Snapshot(name string) {
	s.t.Helper()
	s.call("Snapshot", http.MethodPost, "/snapshots", map[string]string{"name": name}, nil)
}

// Restore brings a snapshot back. It can be restored any number of times.
func (s *Server) Restore(name string) {
	s.t.Helper()
	s.call("Restore", http.MethodPost, "/snapshots/"+url.PathEscape(name)+"/restore", nil, nil)
}

// Reset leads back to what the organization was made from: state, clock, ids,
// faults and journal.
func (s *Server) Reset() {
	s.t.Helper()
	s.call("Reset", http.MethodPost, "/reset", nil, nil)
	s.org.noteReset()
}

// Export returns the organization as a seed that leaves nothing out but the
// secrets of API keys. Its admin keys are in it.
func (s *Server) Export() []byte {
	s.t.Helper()
	return s.raw("Export", http.MethodGet, "/state", nil)
}

// Import replaces the organization by a seed of a single one. Its id and its
// admin keys stay. It fails with every fault of the seed.
func (s *Server) Import(text []byte) {
	s.t.Helper()
	s.raw("Import", http.MethodPut, "/state", s.own(text))
}

// own returns a seed the id and the admin keys of the organization. What cannot be
// read is left for the server to refuse.
func (s *Server) own(text []byte) []byte {
	var one map[string]json.RawMessage
	if json.Unmarshal(text, &one) != nil {
		return text
	}
	var several []json.RawMessage
	if json.Unmarshal(one["organizations"], &several) == nil && len(several) == 1 {
		return s.own(several[0])
	}
	if one["id"] == nil && one["admin_keys"] == nil {
		return text
	}
	delete(one, "admin_keys")
	one["id"] = json.RawMessage(api.Encode(s.OrganizationID))
	mine, err := json.Marshal(one)
	if err != nil {
		return text
	}
	return mine
}

// UpdateSettings changes settings of the organization, named as in a seed:
// "member_limit", "allowed_invite_domains" and the others. A null limit is no
// limit.
func (s *Server) UpdateSettings(changes map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(changes)
	if err != nil {
		s.fatal("UpdateSettings", err)
	}
	s.raw("UpdateSettings", http.MethodPatch, "/settings", body)
}

func (s *Server) raw(what, method, path string, body []byte) []byte {
	s.t.Helper()
	answer, err := s.plane.Do(context.Background(), method, path, body)
	if err != nil {
		s.fatal(what, err)
	}
	return answer
}
