package control

import (
	"encoding"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/journal"
	"antechamber/seed"
	"antechamber/store"
)

// elsewhere is a response that openapi.json doesn't describe field by field, and
// says what does.
type elsewhere string

// settings are settings with all fields.
var settings = json.RawMessage(seed.ExportSettings(store.DefaultSettings()))

// responses has a value of the type of each operation's response. Only the types
// matter, and the contents of each json.RawMessage, which has no type.
var responses = map[string]any{
	"getManifest": manifest{Settings: settings},
	"getOpenAPI":  elsewhere("the OpenAPI specification"),

	"listOrganizations":  organizationPage{},
	"createOrganization": organization{},
	"deleteOrganization": deleted{},

	"reset":          present{},
	"getSettings":    settings,
	"updateSettings": settings,
	"getState":       elsewhere("the schema of seeds"),
	"replaceState":   present{},

	"listSnapshots":   list[store.Snapshot]{},
	"takeSnapshot":    store.Snapshot{},
	"deleteSnapshot":  deleted{},
	"restoreSnapshot": present{},

	"getClock":  clock{},
	"moveClock": moved{},

	"listFaults":  list[faults.Fault]{},
	"armFault":    faults.Fault{},
	"clearFaults": cleared{},
	"deleteFault": deleted{},

	"listRequests":   list[journal.Entry]{},
	"clearRequests":  cleared{},
	"streamRequests": elsewhere("its description, because it is not JSON"),
	"verify":         satisfied{},

	"acceptInvite": api.User{},
	"getOutbox":    list[store.Mail]{},
	"addUser":      api.User{},
	"createApiKey": keyWithSecret{},
	"useApiKey":    api.APIKey{},
}

// load parses an OpenAPI document and resolves its references.
func load(t *testing.T, doc string) *openapi3.T {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestOpenAPIDescribesTheRoutes(t *testing.T) {
	spec := load(t, string(OpenAPI))
	described, served := map[string]string{}, map[string]string{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			described[op.OperationID] = method + " " + path
		}
	}
	for _, rt := range routes {
		served[rt.ID] = rt.Method + " " + rt.Path
	}
	same(t, "operations", served, described)
	if t.Failed() {
		return
	}
	for _, rt := range routes {
		op := spec.Paths.Value(rt.Path).GetOperation(rt.Method)
		query, path := slices.Clone(rt.query), []string(nil)
		if !rt.global {
			query = append(query, "organization")
		}
		for _, parameter := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(rt.Path, -1) {
			path = append(path, parameter[1])
		}
		same(t, rt.ID+" has query parameters", sorted(query), parametersIn("query", op))
		same(t, rt.ID+" has path parameters", sorted(path), parametersIn("path", op))

		accepted := rt.fields
		switch rt.ID {
		case "updateSettings":
			accepted = namesOf(settings)
		case "replaceState": // described by the schema of seeds
			accepted = []string{"name", "organizations"}
		}
		var fields []string
		if op.RequestBody != nil {
			fields = slices.Collect(maps.Keys(op.RequestBody.Value.Content["application/json"].Schema.Value.Properties))
		}
		same(t, rt.ID+" accepts fields", sorted(accepted), sorted(fields))
	}
	expectation := slices.Collect(maps.Keys(jsonFields(reflect.TypeFor[journal.Expectation]())))
	same(t, "fields of an expectation", sorted(expectation), sorted(expectationFields))
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

func parametersIn(where string, op *openapi3.Operation) (names []string) {
	for _, p := range op.Parameters {
		if p.Value.In == where {
			names = append(names, p.Value.Name)
		}
	}
	return sorted(names)
}

// namesOf returns the names of an object's members.
func namesOf(object json.RawMessage) []string {
	var members map[string]any
	_ = json.Unmarshal(object, &members) // encoded by seed
	return slices.Collect(maps.Keys(members))
}

// Every response has exactly the fields that openapi.json describes. testServer.do
// checks the actual responses, so it would find a wrong type in responses.
func TestOpenAPIDescribesTheResponses(t *testing.T) {
	for _, difference := range compare(t, string(OpenAPI)) {
		t.Error(difference)
	}
}

// compare returns the differences between responses and an OpenAPI document.
func compare(t *testing.T, doc string) []string {
	t.Helper()
	spec := load(t, doc)
	var d differences
	for _, rt := range routes {
		response, known := responses[rt.ID]
		if !known {
			d.note(rt.ID, "has no entry in responses")
			continue
		}
		if _, ok := response.(elsewhere); ok {
			continue
		}
		op := spec.Paths.Value(rt.Path).GetOperation(rt.Method)
		body := op.Responses.Status(http.StatusOK).Value.Content["application/json"]
		if body == nil {
			d.note(rt.ID, "has no JSON response in openapi.json")
			continue
		}
		d.value(rt.ID, reflect.ValueOf(response), false, body.Schema.Value)
	}
	for id := range responses {
		if !slices.ContainsFunc(routes, func(rt route) bool { return rt.ID == id }) {
			d.note(id, "is in responses, but is not an operation")
		}
	}
	d.value("error", reflect.ValueOf(failure{}), false, spec.Components.Schemas["Error"].Value)
	return d
}

// differences are differences between Go types and schemas, each with the location
// of the field.
type differences []string

func (d *differences) note(at, what string, args ...any) {
	*d = append(*d, at+": "+fmt.Sprintf(what, args...))
}

var (
	rawMessage = reflect.TypeFor[json.RawMessage]()
	aTime      = reflect.TypeFor[api.Time]()
	nullable   = reflect.TypeFor[api.Nullable]()
	anActor    = reflect.TypeFor[api.Actor]() // null when zero
	ownJSON    = reflect.TypeFor[json.Marshaler]()
	ownParser  = reflect.TypeFor[json.Unmarshaler]()
	ownText    = reflect.TypeFor[encoding.TextMarshaler]()
)

// value compares a value of a Go type with a schema. omitted is whether JSON leaves
// it out when it is empty.
func (d *differences) value(at string, v reflect.Value, omitted bool, s *openapi3.Schema) {
	t := v.Type()
	switch {
	case t == rawMessage && v.Len() == 0: // any JSON
		return
	case t == rawMessage:
		var value any
		if err := json.Unmarshal(v.Bytes(), &value); err != nil {
			d.note(at, "%v", err)
			return
		}
		d.json(at, value, s)
		return
	case t.Kind() == reflect.Pointer && s.Type.Is("null"): // always null
		return
	}
	null, maybeNull := t.Kind() == reflect.Pointer || t == nullable || t == anActor, t == aTime || omitted
	switch {
	case null && !omitted && !s.Type.IncludesNull():
		d.note(at, "may be null, which openapi.json does not allow")
	case !null && !maybeNull && s.Type.IncludesNull():
		d.note(at, "may be null in openapi.json, but not in Go")
	}
	switch {
	case t.Kind() == reflect.Pointer:
		elem := v.Elem()
		if v.IsNil() {
			elem = reflect.Zero(t.Elem())
		}
		d.value(at, elem, true, s)
	case t == aTime || t == nullable || t.Implements(ownText):
		d.is(at, "string", s)
	case t == anActor:
		d.object(at, v, s)
	case t.Implements(ownJSON) || reflect.PointerTo(t).Implements(ownParser): // its fields say nothing
	default:
		d.kind(at, v, s)
	}
}

// kind compares a value with a schema by the kind of its type.
func (d *differences) kind(at string, v reflect.Value, s *openapi3.Schema) {
	t := v.Type()
	switch t.Kind() {
	case reflect.Struct:
		d.object(at, v, s)
	case reflect.Slice:
		if d.is(at, "array", s) {
			d.value(at+"[]", reflect.Zero(t.Elem()), false, s.Items.Value)
		}
	case reflect.Map:
		if d.is(at, "object", s) && s.AdditionalProperties.Schema != nil {
			d.value(at+"{}", reflect.Zero(t.Elem()), false, s.AdditionalProperties.Schema.Value)
		}
	case reflect.Bool:
		d.is(at, "boolean", s)
	case reflect.String:
		d.is(at, "string", s)
	case reflect.Float64:
		d.is(at, "number", s)
	case reflect.Int, reflect.Uint64:
		d.is(at, "integer", s)
	default:
		d.note(at, "has type %v, which this test does not know", t)
	}
}

// is notes a schema whose type is not want, and reports whether it is.
func (d *differences) is(at, want string, s *openapi3.Schema) bool {
	got := slices.DeleteFunc(slices.Clone(s.Type.Slice()), func(name string) bool { return name == "null" })
	if !slices.Equal(got, []string{want}) {
		d.note(at, "has type %s, but %v in openapi.json", want, got)
		return false
	}
	return true
}

// object compares the fields of a struct with the properties of a schema.
func (d *differences) object(at string, v reflect.Value, s *openapi3.Schema) {
	properties, required := d.properties(at, s)
	fields := jsonFields(v.Type())
	d.names(at, maps.Keys(fields), properties)
	for name, field := range fields {
		property := properties[name]
		if property == nil {
			continue
		}
		if optional := !slices.Contains(required, name); field.omitted != optional {
			d.note(at+"."+name, "is left out when empty: %t, but optional in openapi.json: %t", field.omitted, optional)
		}
		d.value(at+"."+name, v.FieldByIndex(field.index), field.omitted, property)
	}
}

// json compares the members of a JSON value with a schema. They must be required.
func (d *differences) json(at string, value any, s *openapi3.Schema) {
	switch value := value.(type) {
	case nil:
		if !s.Type.IncludesNull() {
			d.note(at, "may be null, which openapi.json does not allow")
		}
	case map[string]any:
		properties, required := d.properties(at, s)
		d.names(at, maps.Keys(value), properties)
		for name, member := range value {
			if properties[name] == nil {
				continue
			}
			if !slices.Contains(required, name) {
				d.note(at+"."+name, "is always present, but optional in openapi.json")
			}
			d.json(at+"."+name, member, properties[name])
		}
	case []any:
		if d.is(at, "array", s) && len(value) > 0 {
			d.json(at+"[]", value[0], s.Items.Value)
		}
	case string:
		d.is(at, "string", s)
	case bool:
		d.is(at, "boolean", s)
	case float64:
		if !s.Type.Includes("integer") {
			d.is(at, "number", s)
		}
	}
}

// properties returns the properties of an object's schema, and the required ones.
// For alternatives it returns the properties of all of them, and those that every
// alternative requires.
func (d *differences) properties(at string, s *openapi3.Schema) (map[string]*openapi3.Schema, []string) {
	alternatives := openapi3.SchemaRefs{{Value: s}}
	if s.OneOf != nil {
		alternatives = s.OneOf
	}
	all, required := map[string]*openapi3.Schema{}, slices.Clone(alternatives[0].Value.Required)
	for _, one := range alternatives {
		d.is(at, "object", one.Value)
		if open := one.Value.AdditionalProperties.Has; open == nil || *open {
			d.note(at, "may have other fields in openapi.json")
		}
		for name, property := range one.Value.Properties {
			all[name] = property.Value
		}
		required = slices.DeleteFunc(required, func(name string) bool { return !slices.Contains(one.Value.Required, name) })
	}
	return all, required
}

// names compares the names of an object's fields.
func (d *differences) names(at string, fields iter.Seq[string], properties map[string]*openapi3.Schema) {
	inGo := slices.Collect(fields)
	for _, name := range sorted(inGo) {
		if properties[name] == nil {
			d.note(at+"."+name, "is not in openapi.json")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(inGo, name) {
			d.note(at+"."+name, "is in openapi.json, but not in Go")
		}
	}
}

// jsonField is a field of a struct as encoding/json sees it.
type jsonField struct {
	index   []int
	omitted bool // when it is empty
}

// jsonFields returns the fields of a struct and its embedded structs, by their
// names in JSON.
func jsonFields(t reflect.Type) map[string]jsonField {
	fields := map[string]jsonField{}
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if !f.IsExported() || f.Anonymous && !tagged || tag == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = jsonField{f.Index, strings.Contains(options, "omit")}
	}
	return fields
}

// compare finds changes that were made in openapi.json or in Go only.
func TestCompareFindsDifferences(t *testing.T) {
	for _, change := range []struct{ schema, from, to, want string }{
		{"Snapshot", `"taken_at": {`, `"made_at": {`, "takeSnapshot.taken_at: is not in openapi.json"},
		{"Snapshot", `"taken_at": {`, `"made_at": {`, "listSnapshots.data[].made_at: is in openapi.json, but not in Go"},
		{"Effect", `"workspace_id": {`, `"workspace": {`, "listRequests.data[].effects[].workspace_id: is not in openapi.json"},
		{"Effect", `"id",`, `"workspace_id", "id",`, "moveClock.effects[].workspace_id: is left out when empty: true, but optional in openapi.json: false"},
		{"Mail", `"status",`, ``, "getOutbox.data[].status: is left out when empty: false, but optional in openapi.json: true"},
		{"Clock", `"boolean"`, `"string"`, "getManifest.clock.frozen: has type boolean, but [string] in openapi.json"},
		{"ApiKey", `"null"`, `"integer"`, "useApiKey.workspace_id: may be null, which openapi.json does not allow"},
		{"Cleared", `"integer"`, `["integer", "null"]`, "clearFaults.deleted: may be null in openapi.json, but not in Go"},
		{"Settings", `"api_key_limit": {`, `"key_limit": {`, "getSettings.api_key_limit: is not in openapi.json"},
		{"Settings", `"api_key_limit": {`, `"key_limit": {`, "getManifest.settings.key_limit: is in openapi.json, but not in Go"},
		{"FaultAction", `"sigma": {`, `"deviation": {`, "armFault.action.sigma: is not in openapi.json"},
		{"FaultMatch", `"path": {`, `"route": {`, "armFault.match.route: is in openapi.json, but not in Go"},
		{"Expectation", `"times": {`, `"count": {`, "error.error.unmet[].expectation.count: is in openapi.json, but not in Go"},
		{"Deleted", `"additionalProperties": false`, `"additionalProperties": true`, "deleteFault: may have other fields in openapi.json"},
	} {
		whole := string(OpenAPI)
		at := strings.Index(whole, "\n      "+strconv.Quote(change.schema)+": {\n")
		changed := whole[:at] + strings.Replace(whole[at:], change.from, change.to, 1)
		if got := compare(t, changed); !slices.Contains(got, change.want) {
			t.Errorf("%s with %s for %s: want %q in\n%s", change.schema, change.to, change.from, change.want, strings.Join(got, "\n"))
		}
	}
}
