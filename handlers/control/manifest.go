package control

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"antechamber/api"
	"antechamber/seed"
	"antechamber/store"
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
	if !accepts(c.request, "text/html") {
		return m, nil
	}
	var b strings.Builder
	err = manifestPage.Execute(&b, m)
	return document{"text/html; charset=utf-8", b.String()}, err
}

// manifestPage is the manifest for browsers.
var manifestPage = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Antechamber</title>
<h1>Antechamber {{.Version}}</h1>
<ul>
{{- range .Organizations.Data}}
<li>{{.Name}} ({{.ID}}):
  <a href="/_emulate/state?organization={{.ID}}">state</a>
  <a href="/_emulate/settings?organization={{.ID}}">settings</a>
  <a href="/_emulate/clock?organization={{.ID}}">clock</a>
  <a href="/_emulate/outbox?organization={{.ID}}">outbox</a>
  <a href="/_emulate/requests?organization={{.ID}}">requests</a>
  <a href="/_emulate/faults?organization={{.ID}}">faults</a>
{{- end}}
</ul>
{{- if .Organizations.HasMore}}
<p><a href="/_emulate/organizations?limit=1000">all {{.Organizations.Total}} organizations</a></p>
{{- end}}
<p>{{range $name, $path := .Links}}<a href="{{$path}}">{{$name}}</a> {{end}}</p>
</html>
`))
