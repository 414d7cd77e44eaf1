package admintest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// What people do, in the Console or with a mail: the Admin API has no operation
// for it.

// AcceptInvite makes the person who got an invite a user, with the invite's
// role. The invite is named by its id, or by the person's e-mail address: then
// it is the newest one that was sent there. It fails when the invite is not
// pending any more, or the member limit is reached.
func (s *Server) AcceptInvite(idOrEmail string) api.User {
	s.t.Helper()
	s.named("AcceptInvite", "an invite, by its id or the address that it was sent to", idOrEmail)
	answer, err := s.plane.AcceptInvite(context.Background(), idOrEmail, "")
	var user api.User
	if err == nil {
		err = json.Unmarshal(answer, &user)
	}
	if err != nil {
		s.fatal(fmt.Sprintf("AcceptInvite(%q)", idOrEmail), err)
	}
	return user
}

// AddUser makes a person a user who joined some other way than by an invite: any
// role, admin too. A pending invite to the address is deleted.
func (s *Server) AddUser(email string, role api.OrganizationRole) api.User {
	s.t.Helper()
	return object[api.User](s, "AddUser", "/users", map[string]any{"email": email, "role": role})
}

// Mail is a mail that production would have sent: that of an invite. Its fields
// are To, SentAt, InviteID, Role, Status (of the invite, by now) and ExpiresAt.
type Mail = store.Mail

// Outbox gives the mails of the newest invites, newest first.
func (s *Server) Outbox() []Mail {
	s.t.Helper()
	var mails struct{ Data []Mail }
	s.call("Outbox", http.MethodGet, "/outbox", nil, &mails)
	return mails.Data
}

// NewKey is an API key that a person makes.
type NewKey struct {
	Name        string    // 1 to 500 characters
	WorkspaceID string    // the Default Workspace when empty
	CreatedBy   string    // the id of a user; the server's choice when empty
	ExpiresAt   time.Time // never when zero
}

// Key is an API key, with what nobody sees a second time.
type Key struct {
	api.APIKey
	Secret string `json:"secret"`
}

// CreateAPIKey makes an API key, as a person does in the Console.
func (s *Server) CreateAPIKey(in NewKey) Key {
	s.t.Helper()
	body := map[string]any{"name": in.Name}
	for name, value := range map[string]string{"workspace_id": in.WorkspaceID, "created_by": in.CreatedBy} {
		if value != "" {
			body[name] = value
		}
	}
	if !in.ExpiresAt.IsZero() {
		body["expires_at"] = timeOf(in.ExpiresAt)
	}
	return object[Key](s, "CreateAPIKey", "/api_keys", body)
}

// UseAPIKey marks a key as used now, as a call of the Messages API does.
func (s *Server) UseAPIKey(id string) api.APIKey {
	s.t.Helper()
	s.named("UseAPIKey", "the id of a key", id)
	return object[api.APIKey](s, "UseAPIKey", "/api_keys/"+url.PathEscape(id)+"/use", nil)
}

// named ends the test at a name that is empty.
func (s *Server) named(what, is, name string) {
	s.t.Helper()
	if name == "" {
		s.t.Fatalf("admintest: %s: expected %s, not nothing", what, is)
	}
}
