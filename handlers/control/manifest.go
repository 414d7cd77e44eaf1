package control

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

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

func getOpenAPI(*call) (any, error) { return document{"application/json", []byte(OpenAPI)}, nil }

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
	if !accepts(c.request, "text/html") {
		return m, nil
	}
	var b strings.Builder
	err := page.Execute(&b, m)
	return document{"text/html; charset=utf-8", []byte(b.String())}, err
}

// page is the manifest for browsers.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Antechamber</title>
<h1>Antechamber {{.Version}}</h1>
<ul>
{{- range .Organizations}}
<li>{{.Name}} ({{.ID}}):
  <a href="/_emulate/state?organization={{.ID}}">state</a>
  <a href="/_emulate/settings?organization={{.ID}}">settings</a>
  <a href="/_emulate/clock?organization={{.ID}}">clock</a>
  <a href="/_emulate/outbox?organization={{.ID}}">outbox</a>
  <a href="/_emulate/requests?organization={{.ID}}">requests</a>
  <a href="/_emulate/faults?organization={{.ID}}">faults</a>
{{- end}}
</ul>
<p>{{range $name, $path := .Links}}<a href="{{$path}}">{{$name}}</a> {{end}}</p>
</html>
`))
