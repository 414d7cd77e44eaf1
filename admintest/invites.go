package admintest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

// AcceptInvite makes the person who got an invite a user, with the invite's
// role. The invite is named by its id, or by the person's e-mail address: then
// it is the newest one that was sent there. It fails when the invite is not
// pending any more, or the member limit is reached. The Admin API has no
// operation for it.
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

// Mail is a mail that production would have sent: that of an invite. Its fields
// are To, SentAt, InviteID, Role, Status (of the invite, by now) and ExpiresAt.
type Mail = store.Mail

// Outbox returns the mails of the newest invites, newest first.
func (s *Server) Outbox() []Mail {
	s.t.Helper()
	var mails struct{ Data []Mail }
	s.call("Outbox", http.MethodGet, "/outbox", nil, &mails)
	return mails.Data
}
