// Package conform checks requests and responses against an OpenAPI document: our own
// or the vendor's. It is for tests only.
package conform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"

	"antechamber/api"
	"antechamber/internal/vendordoc"
)

// ErrUndeclaredStatus is the error for a response status that an operation declares
// neither by number nor by a range such as 4XX.
var ErrUndeclaredStatus = errors.New("status not declared")

// Document is an OpenAPI document with compiled schemas. It is safe for concurrent
// use.
type Document struct {
	operations map[operationKey]operation
	list       []Operation
}

// Operation is an operation of a document. Its path is a template as in the
// contract, without a prefix such as /v1.
type Operation struct {
	ID     string
	Method string
	Path   string
}

// Violation is a single deviation from the document.
type Violation struct {
	Header  string // the header; empty for the body
	Pointer string // JSON pointer into the body; empty for the whole body
	Reason  string
}

func (v Violation) String() string {
	if v.Header != "" {
		return "header " + v.Header + ": " + v.Reason
	}
	return "body" + v.Pointer + ": " + v.Reason
}

// Violations are all violations of a request or response. It is the error that the
// checks return.
type Violations []Violation

func (v Violations) Error() string {
	lines := make([]string, len(v))
	for i, violation := range v {
		lines[i] = violation.String()
	}
	return strings.Join(lines, "\n")
}

type operationKey struct{ method, path string }

type operation struct {
	request      content // nil when the operation takes no body
	bodyRequired bool
	responses    map[string]response // by status as in the document: 200, 4XX, default
}

type response struct {
	headers []header
	content content
}

type header struct {
	name     string
	required bool
	integer  bool
	schema   *jsonschema.Schema
}

// content is the schemas by media type.
type content map[string]*jsonschema.Schema

// Load parses an OpenAPI document in YAML or JSON and validates it, including its
// examples. The error lists all problems.
func Load(doc []byte) (*Document, error) {
	var raw any
	if err := yaml.Unmarshal(doc, &raw); err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	encoded, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	spec, err := openapi3.NewLoader().LoadFromData(encoded)
	if err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	if err := spec.Validate(context.Background(), openapi3.EnableMultiError()); err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	return compile(spec, encoded, "")
}

// compile compiles a document, given parsed and as JSON. It removes prefix from all
// paths.
func compile(spec *openapi3.T, doc []byte, prefix string) (*Document, error) {
	c, err := newCompiler(doc)
	if err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	d := &Document{operations: map[operationKey]operation{}}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			compiled, err := c.operation(pointerTo("paths", path, strings.ToLower(method)), op)
			if err != nil {
				return nil, fmt.Errorf("conform: %s %s: %w", method, path, err)
			}
			route := strings.TrimPrefix(path, prefix)
			d.operations[operationKey{method, route}] = compiled
			d.list = append(d.list, Operation{ID: op.OperationID, Method: method, Path: route})
		}
	}
	slices.SortFunc(d.list, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return d, nil
}

// Operations returns the operations of the document, sorted by path and method.
func (d *Document) Operations() []Operation { return slices.Clone(d.list) }

// Route returns the path template that matches a concrete path. Literal segments take
// precedence over parameters.
func (d *Document) Route(path string) (string, bool) {
	segments := strings.Split(path, "/")
	best, found := "", false
	for _, op := range d.list {
		template := strings.Split(op.Path, "/")
		match := len(template) == len(segments)
		for i := 0; match && i < len(template); i++ {
			parameter := strings.HasPrefix(template[i], "{")
			match = parameter && segments[i] != "" || template[i] == segments[i]
		}
		if match && (!found || strings.Count(op.Path, "{") < strings.Count(best, "{")) {
			best, found = op.Path, true
		}
	}
	return best, found
}

// CheckResponse checks a response of the operation with a method and a path template.
// The error is of type Violations or wraps ErrUndeclaredStatus, unless the operation
// does not exist.
func (d *Document) CheckResponse(method, route string, status int, header http.Header, body []byte) error {
	op, ok := d.operations[operationKey{method, route}]
	if !ok {
		return fmt.Errorf("conform: no such operation %s %s", method, route)
	}
	res, ok := op.response(status)
	if !ok {
		return fmt.Errorf("conform: %s %s: %w: %d", method, route, ErrUndeclaredStatus, status)
	}
	var found Violations
	for _, h := range res.headers {
		found = h.check(found, header)
	}
	if len(res.content) == 0 {
		if len(body) > 0 {
			found = append(found, Violation{Reason: "not declared"})
		}
		return found.orNil()
	}
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	schema, ok := res.content[mediaType]
	if !ok {
		reason := fmt.Sprintf("%q is not declared", header.Get("Content-Type"))
		return append(found, Violation{Header: "content-type", Reason: reason})
	}
	return check(found, schema, body).orNil()
}

// CheckRequest checks the JSON body of a request to the operation with a method and a
// path template. An empty body means none. The error is of type Violations, unless the
// operation does not exist.
func (d *Document) CheckRequest(method, route string, body []byte) error {
	op, ok := d.operations[operationKey{method, route}]
	if !ok {
		return fmt.Errorf("conform: no such operation %s %s", method, route)
	}
	schema, takesBody := op.request["application/json"]
	switch {
	case len(body) == 0 && op.bodyRequired:
		return Violations{{Reason: "missing"}}
	case len(body) == 0:
		return nil
	case !takesBody:
		return Violations{{Reason: "not declared"}}
	}
	return check(nil, schema, body).orNil()
}

// response returns the declaration for a status: that of the status itself, of its
// range, or the default.
func (op operation) response(status int) (response, bool) {
	for _, key := range [...]string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX", "default"} {
		if res, ok := op.responses[key]; ok {
			return res, true
		}
	}
	return response{}, false
}

func (h header) check(found Violations, got http.Header) Violations {
	values := got.Values(h.name)
	if len(values) == 0 {
		if h.required {
			found = append(found, Violation{Header: h.name, Reason: "missing"})
		}
		return found
	}
	var value any = values[0]
	if _, err := strconv.ParseInt(values[0], 10, 64); err == nil && h.integer {
		value = json.Number(values[0])
	}
	for _, v := range violations(h.schema.Validate(value)) {
		found = append(found, Violation{Header: h.name, Reason: v.Reason})
	}
	return found
}

func check(found Violations, schema *jsonschema.Schema, body []byte) Violations {
	if !utf8.Valid(body) {
		return append(found, Violation{Reason: "not UTF-8"})
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return append(found, Violation{Reason: "not JSON: " + err.Error()})
	}
	return append(found, violations(schema.Validate(value))...)
}

func (v Violations) orNil() error {
	if len(v) == 0 {
		return nil
	}
	return v
}

// violations flattens a validation error to a list, sorted by pointer.
func violations(err error) Violations {
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return Violations{{Reason: err.Error()}}
	}
	found := flatten(nil, invalid)
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Reason, b.Reason))
	})
	return found
}

func flatten(found Violations, e *jsonschema.ValidationError) Violations {
	pointer := pointerTo(e.InstanceLocation...)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			found = append(found, Violation{Pointer: pointer + pointerTo(name), Reason: "missing"})
		}
		return found
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found = append(found, Violation{Pointer: pointer + pointerTo(name), Reason: "not in the schema"})
		}
		return found
	case *kind.AnyOf, *kind.OneOf:
		if len(e.Causes) > 0 {
			// The intended alternative is unknown, so list the violations of each.
			return append(found, Violation{Pointer: pointer, Reason: "matches no alternative: " + alternatives(e.Causes)})
		}
	}
	if len(e.Causes) == 0 {
		return append(found, Violation{Pointer: pointer, Reason: e.BasicOutput().Error.String()})
	}
	for _, cause := range e.Causes {
		found = flatten(found, cause)
	}
	return found
}

func alternatives(causes []*jsonschema.ValidationError) string {
	all := make([]string, len(causes))
	for i, cause := range causes {
		found := violations(cause)
		lines := make([]string, len(found))
		for j, v := range found {
			lines[j] = v.String()
		}
		all[i] = "(" + strings.Join(lines, "; ") + ")"
	}
	return strings.Join(all, " or ")
}

// pointerTo returns the JSON pointer with these reference tokens.
func pointerTo(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("/" + pointerEscape.Replace(name))
	}
	return b.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// compiler compiles the schemas of one document in place, so that references within
// the document resolve.
type compiler struct{ schemas *jsonschema.Compiler }

// base is the URL of the document for the schema compiler. It is never fetched.
const base = "https://openapi.invalid/document"

func newCompiler(doc []byte) (compiler, error) {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return compiler{}, err
	}
	schemas := jsonschema.NewCompiler()
	schemas.DefaultDraft(jsonschema.Draft2020)
	schemas.AssertFormat()
	schemas.RegisterFormat(&jsonschema.Format{Name: "email", Validate: checkEmail})
	return compiler{schemas}, schemas.AddResource(base, raw)
}

// checkEmail checks an email address like the format of JSON Schema, but accepts
// international ones too (RFC 6531).
func checkEmail(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	address, err := mail.ParseAddress(s)
	if err != nil {
		return err
	}
	if address.Address != s {
		return errors.New("not an address alone")
	}
	return nil
}

func (c compiler) operation(pointer string, op *openapi3.Operation) (operation, error) {
	out := operation{responses: map[string]response{}}
	if body := op.RequestBody; body != nil {
		request, err := c.content(target(pointer+"/requestBody", body.Ref), body.Value.Content)
		if err != nil {
			return operation{}, err
		}
		out.request, out.bodyRequired = request, body.Value.Required
	}
	for status, ref := range op.Responses.Map() {
		res, err := c.response(target(pointer+"/responses"+pointerTo(status), ref.Ref), ref.Value)
		if err != nil {
			return operation{}, fmt.Errorf("%s: %w", status, err)
		}
		out.responses[status] = res
	}
	return out, nil
}

func (c compiler) response(pointer string, declared *openapi3.Response) (response, error) {
	var out response
	for name, ref := range declared.Headers {
		schema, err := c.schemas.Compile(base + "#" + target(pointer+"/headers"+pointerTo(name), ref.Ref) + "/schema")
		if err != nil {
			return response{}, fmt.Errorf("header %s: %w", name, err)
		}
		integer := ref.Value.Schema.Value.Type.Is("integer")
		out.headers = append(out.headers, header{name: name, required: ref.Value.Required, integer: integer, schema: schema})
	}
	slices.SortFunc(out.headers, func(a, b header) int { return cmp.Compare(a.name, b.name) })
	var err error
	out.content, err = c.content(pointer, declared.Content)
	return out, err
}

func (c compiler) content(pointer string, declared openapi3.Content) (content, error) {
	out := content{}
	for mediaType := range declared {
		schema, err := c.schemas.Compile(base + "#" + pointer + "/content" + pointerTo(mediaType) + "/schema")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", mediaType, err)
		}
		out[mediaType] = schema
	}
	return out, nil
}

// target returns the JSON pointer of an object: its own, or that of its reference.
func target(pointer, ref string) string {
	if ref != "" {
		return strings.TrimPrefix(ref, "#")
	}
	return pointer
}

// LoadVendor returns the vendor's document for a version of the API, reduced to the
// operations of ours.
func LoadVendor(version string) (*Document, error) { return loadVendor(version, "") }

// loadVendor returns a vendor's document of our operations, in the variants that have
// the given suffixes of their paths.
func loadVendor(version string, variants ...string) (*Document, error) {
	var ours struct {
		Paths map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(api.OpenAPI, &ours); err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	doc, err := vendordoc.Read(version)
	if err != nil {
		return nil, fmt.Errorf("conform: the vendor's document %s: %w", version, err)
	}
	var routes []string
	for route := range ours.Paths {
		for _, variant := range variants {
			routes = append(routes, route+variant)
		}
	}
	reduced, err := reduce(doc, api.BasePath, routes)
	if err != nil {
		return nil, fmt.Errorf("conform: the vendor's document %s: %w", version, err)
	}
	spec, err := openapi3.NewLoader().LoadFromData(reduced)
	if err != nil {
		return nil, fmt.Errorf("conform: the vendor's document %s: %w", version, err)
	}
	return compile(spec, reduced, api.BasePath)
}

// reduce returns the part of a JSON document that describes the routes: their paths
// and all components that these refer to.
func reduce(doc []byte, prefix string, routes []string) ([]byte, error) {
	var whole struct {
		OpenAPI    json.RawMessage                       `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]json.RawMessage            `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(doc, &whole); err != nil {
		return nil, err
	}
	paths := map[string]json.RawMessage{}
	components := map[string]map[string]json.RawMessage{}
	var add func(raw json.RawMessage) error
	add = func(raw json.RawMessage) error {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return err
		}
		for _, ref := range references(nil, value) {
			section, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
			if !ok || !strings.HasPrefix(ref, "#/components/") || whole.Components[section][name] == nil {
				return fmt.Errorf("unresolved reference %s", ref)
			}
			if components[section][name] != nil {
				continue
			}
			if components[section] == nil {
				components[section] = map[string]json.RawMessage{}
			}
			components[section][name] = whole.Components[section][name]
			if err := add(whole.Components[section][name]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, route := range routes {
		path := prefix + route
		if whole.Paths[path] == nil {
			return nil, fmt.Errorf("no such path %s", path)
		}
		paths[path] = whole.Paths[path]
		if err := add(whole.Paths[path]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return json.Marshal(map[string]any{
		"openapi": whole.OpenAPI, "info": whole.Info, "paths": paths, "components": components,
	})
}

// references appends every $ref in a JSON value to found.
func references(found []string, value any) []string {
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			if ref, ok := v.(string); ok && key == "$ref" {
				found = append(found, ref)
				continue
			}
			found = references(found, v)
		}
	case []any:
		for _, v := range value {
			found = references(found, v)
		}
	}
	return found
}
