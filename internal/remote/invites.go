package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"antechamber/api"
	"antechamber/internal/remedy"
)

// AcceptInvite makes the person who got an invite a user, and returns the answer
// as it came. The invite is named by its id, or by the address of the person:
// then it is the newest one that was sent there.
func (p *Plane) AcceptInvite(ctx context.Context, invite, name string) ([]byte, error) {
	id, err := p.inviteOf(ctx, invite)
	if err != nil {
		return nil, err
	}
	body := "{}"
	if name != "" {
		body = `{"name":` + api.Encode(name) + `}`
	}
	return p.Do(ctx, http.MethodPost, "/invites/"+url.PathEscape(id)+"/accept", []byte(body))
}

func (p *Plane) inviteOf(ctx context.Context, invite string) (id string, err error) {
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
	for _, mail := range mails.Data { // the newest first
		if strings.EqualFold(mail.To, invite) {
			return mail.InviteID, nil
		}
	}
	how := &remedy.Remedy{Type: remedy.ListOutbox}
	return "", &Error{
		Status: http.StatusNotFound, Code: "not_found", Message: fmt.Sprintf("no invite was sent to %s", invite),
		Hint: how.String(), Remedy: how,
	}
}
