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
	fault  bool     // the body is read as a fault, and its fields are checked there
	seed   bool     // the body is read as a seed is, by the operation itself
	newKey bool     // the key of the request may be one that is about to be given
	handle func(*call) (any, error)
}

// routes is the list of what is served.
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

// find returns the route of a request, and what stands for the parameters of its
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
