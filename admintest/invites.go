package admintest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

// AcceptInvite accepts an invite on behalf of its recipient and returns the new
// user, who has the role of the invite. The invite is named by its id or by the
// recipient's email address, which selects the newest invite to that address.
// AcceptInvite fails if the invite is no longer pending or the member limit is
// reached. The Admin API has no such operation.
func (s *Server) AcceptInvite(idOrEmail string) api.User {
	s.t.Helper()
	s.require("AcceptInvite", "idOrEmail", idOrEmail)
	body, err := s.plane.AcceptInvite(context.Background(), idOrEmail, "")
	var user api.User
	if err == nil {
		err = json.Unmarshal(body, &user)
	}
	if err != nil {
		s.fatal(fmt.Sprintf("AcceptInvite(%q)", idOrEmail), err)
	}
	return user
}

// Mail is an invite email that production would have sent. Its fields are To,
// SentAt, InviteID, Role, Status (the current status of the invite) and ExpiresAt.
type Mail = store.Mail

// Outbox returns the emails of the most recent invites, newest first.
func (s *Server) Outbox() []Mail {
	s.t.Helper()
	var mails struct{ Data []Mail }
	s.call("Outbox", http.MethodGet, "/outbox", nil, &mails)
	return mails.Data
}
