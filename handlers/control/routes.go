package control

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"antechamber/internal/remedy"
)

// route is one operation of the control plane. What is said of it here is
// checked before it is called.
type route struct {
	ID     string `json:"id"` // the operationId of openapi.json
	Method string `json:"method"`
	Path   string `json:"path"`

	query  []string // parameters besides organization
	global bool     // it is about no organization in particular
	fields []string // of the body
	seed   bool     // the body is read as a seed is, by the operation itself
	newKey bool     // the key of the request may be one that is about to be given
	handle func(*call) (any, error)
}

// routes is the list of what is served.
var routes = []route{
	{ID: "getManifest", Method: http.MethodGet, Path: Base, handle: getManifest},
	{ID: "getOpenAPI", Method: http.MethodGet, Path: Base + "/openapi.json", handle: getOpenAPI, global: true},

	{ID: "listOrganizations", Method: http.MethodGet, Path: Base + "/organizations", handle: listOrganizations, global: true},
	{ID: "createOrganization", Method: http.MethodPost, Path: Base + "/organizations", handle: createOrganization, fields: []string{"from", "name", "admin_key", "ttl"}, newKey: true},
	{ID: "deleteOrganization", Method: http.MethodDelete, Path: Base + "/organizations/{id}", handle: deleteOrganization, global: true},

	{ID: "reset", Method: http.MethodPost, Path: Base + "/reset", handle: reset},
	{ID: "getSettings", Method: http.MethodGet, Path: Base + "/settings", handle: getSettings},
	{ID: "updateSettings", Method: http.MethodPatch, Path: Base + "/settings", handle: updateSettings, seed: true},
	{ID: "getState", Method: http.MethodGet, Path: Base + "/state", handle: getState},
	{ID: "replaceState", Method: http.MethodPut, Path: Base + "/state", handle: replaceState, seed: true},

	{ID: "listSnapshots", Method: http.MethodGet, Path: Base + "/snapshots", handle: listSnapshots},
	{ID: "takeSnapshot", Method: http.MethodPost, Path: Base + "/snapshots", handle: takeSnapshot, fields: []string{"name"}},
	{ID: "deleteSnapshot", Method: http.MethodDelete, Path: Base + "/snapshots/{name}", handle: deleteSnapshot},
	{ID: "restoreSnapshot", Method: http.MethodPost, Path: Base + "/snapshots/{name}/restore", handle: restoreSnapshot},

	{ID: "getClock", Method: http.MethodGet, Path: Base + "/clock", handle: getClock},
	{ID: "moveClock", Method: http.MethodPost, Path: Base + "/clock", handle: moveClock, fields: []string{"advance", "set", "freeze", "resume"}},

	{ID: "listFaults", Method: http.MethodGet, Path: Base + "/faults", handle: listFaults},
	{ID: "armFault", Method: http.MethodPost, Path: Base + "/faults", handle: armFault, fields: []string{"match", "action", "times", "after", "probability"}},
	{ID: "clearFaults", Method: http.MethodDelete, Path: Base + "/faults", handle: clearFaults},
	{ID: "deleteFault", Method: http.MethodDelete, Path: Base + "/faults/{id}", handle: deleteFault},

	{ID: "listRequests", Method: http.MethodGet, Path: Base + "/requests", handle: listRequests, query: requestFilters},
	{ID: "clearRequests", Method: http.MethodDelete, Path: Base + "/requests", handle: clearRequests},
	{ID: "streamRequests", Method: http.MethodGet, Path: Base + "/requests/stream", handle: streamRequests},
	{ID: "verify", Method: http.MethodPost, Path: Base + "/verify", handle: verify, fields: []string{"expect", "in_order", "no_others"}},

	{ID: "acceptInvite", Method: http.MethodPost, Path: Base + "/invites/{id}/accept", handle: acceptInvite, fields: []string{"name"}},
	{ID: "getOutbox", Method: http.MethodGet, Path: Base + "/outbox", handle: getOutbox},
	{ID: "addUser", Method: http.MethodPost, Path: Base + "/users", handle: addUser, fields: []string{"email", "name", "role"}},
	{ID: "createApiKey", Method: http.MethodPost, Path: Base + "/api_keys", handle: createAPIKey, fields: []string{"name", "workspace_id", "created_by", "expires_at"}},
	{ID: "useApiKey", Method: http.MethodPost, Path: Base + "/api_keys/{id}/use", handle: useAPIKey},
}

// find gives the route of a request, and what stands for the parameters of its
// path.
func (s *plane) find(r *http.Request) (route, map[string]string, error) {
	path := r.URL.EscapedPath()
	if path == Base+"/" { // what a person types into a browser
		path = Base
	}
	var allowed []string
	for _, to := range s.routes {
		parameters, ok := match(to.Path, path)
		switch {
		case !ok:
		case to.Method == r.Method:
			return to, parameters, nil
		default:
			allowed = append(allowed, to.Method)
		}
	}
	if allowed == nil {
		return route{}, nil, refuse(http.StatusNotFound, codeNotFound, "Nothing is served at "+r.URL.Path+".", &remedy.Remedy{Type: remedy.ReadOpenAPI})
	}
	slices.Sort(allowed)
	return route{}, nil, &refusal{
		status: http.StatusMethodNotAllowed, code: "method_not_allowed", allow: strings.Join(allowed, ", "),
		message: "Method " + r.Method + " is not allowed for this path.", remedy: &remedy.Remedy{Type: remedy.UseOneOf, Values: allowed},
	}
}

// match holds an escaped path against a template. A parameter stands for one
// segment that is not empty.
func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	parameters := map[string]string{}
	for i, segment := range got {
		is, err := url.PathUnescape(segment)
		name, parameter := strings.CutPrefix(want[i], "{")
		switch {
		case err != nil || parameter && is == "" || !parameter && is != want[i]:
			return nil, false
		case parameter:
			parameters[strings.TrimSuffix(name, "}")] = is
		}
	}
	return parameters, true
}
