package control

import (
	"net/http"

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
	return rawObject(c.org.AcceptInvite(c.path["id"], name))
}

func getOutbox(c *call) (any, error) { return list[store.Mail]{c.org.Outbox()}, nil }
