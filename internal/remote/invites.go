package remote

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/remedy"
)

// AcceptInvite accepts an invite as its recipient and returns the body of the
// response. invite is an id, or an email for the newest invite sent to it.
func (p *Plane) AcceptInvite(ctx context.Context, invite, name string) ([]byte, error) {
	id, err := p.inviteID(ctx, invite)
	if err != nil {
		return nil, err
	}
	body := "{}"
	if name != "" {
		body = `{"name":` + api.Encode(name) + `}`
	}
	return p.Do(ctx, http.MethodPost, "/invites/"+url.PathEscape(id)+"/accept", []byte(body))
}

// inviteID returns the id of an invite that is given by id or email.
func (p *Plane) inviteID(ctx context.Context, invite string) (id string, err error) {
	if !strings.Contains(invite, "@") {
		return invite, nil
	}
	var mails struct {
		Data []struct {
			To       string `json:"to"`
			InviteID string `json:"invite_id"`
		} `json:"data"`
	}
	if err := p.Call(ctx, http.MethodGet, "/outbox", nil, &mails); err != nil {
		return "", err
	}
	for _, mail := range mails.Data { // newest first
		if email.Canonical(mail.To) == email.Canonical(invite) {
			return mail.InviteID, nil
		}
	}
	outbox := &remedy.Remedy{Type: remedy.ListOutbox}
	return "", &Error{
		Status: http.StatusNotFound, Code: "not_found", Message: "no invite was sent to " + invite,
		Hint: outbox.String(), Remedy: outbox,
	}
}
