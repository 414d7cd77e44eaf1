package control

import (
	"encoding/json"

	"antechamber/seed"
	"antechamber/store"
)

func getSettings(c *call) (any, error) {
	return json.RawMessage(seed.ExportSettings(c.org.Settings())), nil
}

func updateSettings(c *call) (any, error) {
	changed, err := c.org.UpdateSettings(func(s store.Settings) (store.Settings, error) {
		return seed.ChangeSettings(s, c.body)
	})
	if err != nil {
		return nil, invalidSeed(codeInvalidBody, err)
	}
	return json.RawMessage(seed.ExportSettings(changed)), nil
}
