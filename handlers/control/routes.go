package control

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

// route is one operation of the control plane. find, organizationOf and
// parseFields check a request against it before handle is called.
type route struct {
	ID     string `json:"id"` // the operationId of openapi.json
	Method string `json:"method"`
	Path   string `json:"path"`

	query  []string // query parameters other than organization
	global bool     // doesn't belong to one organization
	fields []string // of the body
	fault  bool     // faults.Parse checks the fields of the body
	seed   bool     // handle parses the body, with package seed
	stream bool     // the response does not end, so HEAD is not allowed
	newKey bool     // the request's key may be the one that handle assigns
	handle func(*call) (any, error)
}

// routes lists every operation.
var routes = slices.Concat(
	manifestRoutes,
	organizationRoutes,
	settingsRoutes,
	stateRoutes,
	snapshotRoutes,
	clockRoutes,
	faultRoutes,
	requestRoutes,
	inviteRoutes,
	userRoutes,
	apiKeyRoutes,
)

// find returns the route of a request and its path parameters.
func (s *plane) find(r *http.Request) (route, map[string]string, error) {
	path := r.URL.EscapedPath()
	if path == "/" || path == Base+"/" { // as people type it into a browser
		path = Base
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http leaves out the body
	}
	var allowed []string
	for _, rt := range s.routes {
		parameters, ok := match(rt.Path, path)
		switch {
		case !ok:
		case rt.Method == method && !(rt.stream && r.Method == http.MethodHead):
			return rt, parameters, nil
		case rt.Method == http.MethodGet && !rt.stream:
			allowed = append(allowed, rt.Method, http.MethodHead)
		default:
			allowed = append(allowed, rt.Method)
		}
	}
	if allowed == nil {
		return route{}, nil, refuse(http.StatusNotFound, codeNotFound, "no such endpoint "+text.Quote(r.Method+" "+r.URL.Path), &remedy.Remedy{Type: remedy.ReadOpenAPI})
	}
	slices.Sort(allowed)
	return route{}, nil, &refusal{
		status: http.StatusMethodNotAllowed, code: "method_not_allowed", allow: strings.Join(allowed, ", "),
		message: "method " + text.Quote(r.Method) + " is not allowed for " + text.Quote(r.URL.Path), remedy: &remedy.Remedy{Type: remedy.UseOneOf, Values: allowed},
	}
}

// match matches an escaped path against a template, and returns the values of
// the template's parameters. A parameter matches one non-empty segment.
func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	parameters := map[string]string{}
	for i, segment := range got {
		value, err := url.PathUnescape(segment)
		name, parameter := strings.CutPrefix(want[i], "{")
		switch {
		case err != nil || parameter && value == "" || !parameter && value != want[i]:
			return nil, false
		case parameter:
			parameters[strings.TrimSuffix(name, "}")] = value
		}
	}
	return parameters, true
}
