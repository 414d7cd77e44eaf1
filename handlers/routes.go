package handlers

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"antechamber/api"
	"antechamber/internal/faults"
)

// base is the path under which the Admin API is served.
const base = api.BasePath

// operation is one operation of the API.
type operation struct {
	ID     string // the contract's operationId
	Method string
	Path   string // below base, with parameters in Echo's form, :id
	handle func(*call) error
}

// parameter matches a path parameter in Echo's form.
var parameter = regexp.MustCompile(`:(\w+)`)

// route returns the operation's path with parameters as in the contract: {id}.
func (op operation) route() string { return parameter.ReplaceAllString(op.Path, "{$1}") }

// Operations returns the operations in the form that faults match.
func Operations() []faults.Operation {
	var all []faults.Operation
	for _, op := range operations {
		body := op.Method == http.MethodPost && !strings.HasSuffix(op.Path, "/archive")
		all = append(all, faults.Operation{ID: op.ID, Method: op.Method, Path: op.route(), Body: body})
	}
	return all
}

// operations are all operations of the API, in the order of the reference.
var operations = slices.Concat(
	organizationOperations,
	userOperations,
	inviteOperations,
	workspaceOperations,
	workspaceMemberOperations,
	apiKeyOperations,
)

// probe is a path outside the API, which needs no key.
type probe struct {
	path   string
	handle echo.HandlerFunc
}

var probes = []probe{
	{"/livez", plainText("alive")},
	{"/readyz", plainText("ready")},
	{"/openapi.yaml", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/yaml", api.OpenAPI)
	}},
}

// probeMethods are the methods of every probe. Monitors often send HEAD.
var probeMethods = []string{http.MethodGet, http.MethodHead}

func plainText(s string) echo.HandlerFunc {
	return func(c echo.Context) error { return c.String(http.StatusOK, s+"\n") }
}

// paths returns the served paths, without duplicates.
func paths() []string {
	var all []string
	for _, op := range operations {
		all = append(all, base+op.Path)
	}
	for _, p := range probes {
		all = append(all, p.path)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// methods returns the methods of a path.
func methods(path string) (all []string) {
	for _, op := range operations {
		if base+op.Path == path {
			all = append(all, op.Method)
		}
	}
	for _, p := range probes {
		if p.path == path {
			all = append(all, probeMethods...)
		}
	}
	return all
}
