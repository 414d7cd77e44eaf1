package control

import (
	"encoding/json"
	"net/http"

	"antechamber/seed"
	"antechamber/store"
)

var settingsRoutes = []route{
	{ID: "getSettings", Method: http.MethodGet, Path: Base + "/settings", handle: getSettings},
	{ID: "updateSettings", Method: http.MethodPatch, Path: Base + "/settings", handle: updateSettings, seed: true},
}

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
