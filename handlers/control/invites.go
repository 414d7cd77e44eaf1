package control

import "antechamber/store"

func acceptInvite(c *call) (any, error) {
	name := c.text("name", aName)
	if err := c.refused(); err != nil {
		return nil, err
	}
	return object(c.org.AcceptInvite(c.path["id"], name))
}

func getOutbox(c *call) (any, error) { return list[store.Mail]{c.org.Outbox()}, nil }
