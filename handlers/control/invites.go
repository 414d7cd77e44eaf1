package control

import (
	"errors"
	"net/http"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/internal/remedy"
	"antechamber/store"
)

var inviteRoutes = []route{
	{ID: "acceptInvite", Method: http.MethodPost, Path: Base + "/invites/{id}/accept", handle: acceptInvite, fields: []string{"name"}},
	{ID: "getOutbox", Method: http.MethodGet, Path: Base + "/outbox", handle: getOutbox},
}

func acceptInvite(c *call) (any, error) {
	name := c.text("name", aName)
	if err := c.refused(); err != nil {
		return nil, err
	}
	user, err := c.org.AcceptInvite(c.path["id"], name)
	if refused, ok := errors.AsType[*store.Error](err); ok && refused.Kind == store.NotFound {
		return nil, refuse(http.StatusNotFound, codeNotFound, refused.Message, c.pendingInvites(c.path["id"]))
	}
	return rawObject(user, err)
}

// maxSuggestedInvites is the number of invites up to which an error names them.
const maxSuggestedInvites = 5

// pendingInvites suggests which invites can be accepted instead of an unknown one: the
// newest one of an address, or all if there are few.
func (c *call) pendingInvites(unknown string) *remedy.Remedy {
	var ids []string
	for _, m := range c.org.Outbox() {
		switch {
		case m.Status != api.InvitePending:
		case email.Canonical(m.To) == email.Canonical(unknown):
			return remedy.Meant(m.InviteID)
		default:
			ids = append(ids, m.InviteID)
		}
	}
	if len(ids) == 0 || len(ids) > maxSuggestedInvites {
		return &remedy.Remedy{Type: remedy.ListOutbox}
	}
	return &remedy.Remedy{Type: remedy.UseOneOf, Values: ids}
}

func getOutbox(c *call) (any, error) { return list[store.Mail]{c.org.Outbox()}, nil }
