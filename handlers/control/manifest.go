package control

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"antechamber/api"
	"antechamber/seed"
	"antechamber/store"
)

var manifestRoutes = []route{
	{ID: "getManifest", Method: http.MethodGet, Path: Base, handle: getManifest},
	{ID: "getOpenAPI", Method: http.MethodGet, Path: Base + "/openapi.json", handle: getOpenAPI, global: true},
}

// OpenAPI describes the control plane. It must not be changed.
//
//go:embed openapi.json
var OpenAPI []byte

func getOpenAPI(*call) (any, error) { return document{"application/json", OpenAPI}, nil }

// manifest describes the server to programs. Organization, Clock and Settings
// belong to the organization that the request selects.
type manifest struct {
	Name          string             `json:"name"`
	Version       string             `json:"version"`
	Organization  organization       `json:"organization"`
	Clock         clock              `json:"clock"`
	Settings      json.RawMessage    `json:"settings"`
	Organizations firstOrganizations `json:"organizations"`
	Operations    []operation        `json:"operations"` // of the Admin API
	Calls         []route            `json:"calls"`      // of the control plane
	Links         map[string]string  `json:"links"`
}

// firstOrganizations is the first page of organizations, and how many there are.
type firstOrganizations struct {
	Total int `json:"total"`
	organizationPage
}

// operation is an operation of the Admin API, which faults and expectations name.
type operation struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
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
	page, err := c.organizations(store.OrganizationFilter{Limit: defaultPageSize})
	if err != nil {
		return nil, err
	}
	m := manifest{
		Name: "antechamber", Version: c.Version,
		Organization: organizationOf(c.org), Clock: clockOf(c.org), Settings: seed.ExportSettings(c.org.Settings()),
		Organizations: firstOrganizations{c.Store.Len(), page}, Calls: c.routes, Links: links,
	}
	for _, op := range c.operations {
		m.Operations = append(m.Operations, operation{op.ID, op.Method, api.BasePath + op.Path})
	}
	if !IsPage(c.request) {
		return m, nil
	}
	return browserPage{
		Version: c.Version, URL: "http://" + c.request.Host,
		Organizations: m.Organizations.Data, More: m.Organizations.Total - len(m.Organizations.Data),
	}.html()
}
