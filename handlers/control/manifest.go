package control

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"antechamber/api"
	"antechamber/seed"
)

var manifestRoutes = []route{
	{ID: "getManifest", Method: http.MethodGet, Path: Base, handle: getManifest},
	{ID: "getOpenAPI", Method: http.MethodGet, Path: Base + "/openapi.json", handle: getOpenAPI, global: true},
}

// OpenAPI describes the control plane.
//
//go:embed openapi.json
var OpenAPI string

func getOpenAPI(*call) (any, error) { return document{"application/json", OpenAPI}, nil }

// manifest describes the server to programs. Organization, Clock and Settings
// belong to the organization that the request selects.
type manifest struct {
	Name          string            `json:"name"`
	Version       string            `json:"version"`
	Organization  organization      `json:"organization"`
	Clock         clock             `json:"clock"`
	Settings      json.RawMessage   `json:"settings"`
	Organizations []organization    `json:"organizations"`
	Operations    []route           `json:"operations"`
	Links         map[string]string `json:"links"`
}

var links = map[string]string{
	"admin_api":           api.BasePath,
	"admin_api_openapi":   "/openapi.yaml",
	"control_api":         Base,
	"control_api_openapi": Base + "/openapi.json",
	"live":                "/livez",
	"ready":               "/readyz",
}

func getManifest(c *call) (any, error) {
	m := manifest{
		Name: "antechamber", Version: c.Version,
		Organization: organizationOf(c.org), Clock: clockOf(c.org), Settings: seed.ExportSettings(c.org.Settings()),
		Organizations: c.organizations(), Operations: c.routes, Links: links,
	}
	if !IsPage(c.request) {
		return m, nil
	}
	return page{Version: c.Version, URL: "http://" + c.request.Host, Organizations: m.Organizations}.html()
}
