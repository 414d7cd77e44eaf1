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

// elsewhere is for an answer that openapi.json does not describe field by field.
// It says what does.
type elsewhere string

// settings has all fields of settings.
var settings = json.RawMessage(seed.ExportSettings(store.DefaultSettings()))

// answers holds a value of the type of each operation's answer. Only what it has
// in a json.RawMessage matters: there the type says nothing.
var answers = map[string]any{
	"getManifest": manifest{Settings: settings},
	"getOpenAPI":  elsewhere("the OpenAPI specification"),

	"listOrganizations":  list[organization]{},
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
	"streamRequests": elsewhere("its description: it is no JSON"),
	"verify":         satisfied{},

	"acceptInvite": api.User{},
	"getOutbox":    list[store.Mail]{},
	"addUser":      api.User{},
	"createApiKey": keyWithSecret{},
	"useApiKey":    api.APIKey{},
}

// describe loads a description with its references resolved.
func describe(t *testing.T, doc string) *openapi3.T {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestTheDescriptionIsThatOfTheRoutes(t *testing.T) {
	spec := describe(t, OpenAPI)
	described, served := map[string]string{}, map[string]string{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			described[op.OperationID] = method + " " + path
		}
	}
	for _, to := range routes {
		served[to.ID] = to.Method + " " + to.Path
	}
	same(t, "operations", served, described)
	if t.Failed() {
		return
	}
	for _, to := range routes {
		op := spec.Paths.Value(to.Path).GetOperation(to.Method)
		query, path := slices.Clone(to.query), []string(nil)
		if !to.global {
			query = append(query, "organization")
		}
		for _, parameter := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(to.Path, -1) {
			path = append(path, parameter[1])
		}
		same(t, to.ID+" has parameters in its query", sorted(query), parametersIn("query", op))
		same(t, to.ID+" has parameters in its path", sorted(path), parametersIn("path", op))

		takes := to.fields
		switch to.ID {
		case "updateSettings":
			takes = namesOf(settings)
		case "replaceState": // the schema of seeds describes it
			takes = []string{"name", "organizations"}
		}
		var fields []string
		if op.RequestBody != nil {
			fields = slices.Collect(maps.Keys(op.RequestBody.Value.Content["application/json"].Schema.Value.Properties))
		}
		same(t, to.ID+" takes", sorted(takes), sorted(fields))
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
	_ = json.Unmarshal(object, &members) // as it was encoded
	return slices.Collect(maps.Keys(members))
}

// Every answer has the fields that openapi.json describes, and no others. Where
// a test calls a handler, what it returns is checked against openapi.json, so a
// type in answers that is not the handler's is found there.
func TestTheDescriptionIsThatOfTheAnswers(t *testing.T) {
	for _, difference := range compare(t, OpenAPI) {
		t.Error(difference)
	}
}

// compare returns what is different in the answers and in a description.
func compare(t *testing.T, doc string) []string {
	t.Helper()
	spec := describe(t, doc)
	var d differences
	for _, to := range routes {
		answer, known := answers[to.ID]
		if !known {
			d.note(to.ID, "has no entry in answers")
			continue
		}
		if _, ok := answer.(elsewhere); ok {
			continue
		}
		op := spec.Paths.Value(to.Path).GetOperation(to.Method)
		body := op.Responses.Status(http.StatusOK).Value.Content["application/json"]
		if body == nil {
			d.note(to.ID, "answers no JSON in openapi.json")
			continue
		}
		d.value(to.ID, reflect.ValueOf(answer), false, body.Schema.Value)
	}
	for id := range answers {
		if !slices.ContainsFunc(routes, func(to route) bool { return to.ID == id }) {
			d.note(id, "is in answers, but is no operation")
		}
	}
	d.value("error", reflect.ValueOf(failure{}), false, spec.Components.Schemas["Error"].Value)
	return d
}

// differences are those of Go types and schemas, each with the place of the
// field.
type differences []string

func (d *differences) note(at, what string, args ...any) {
	*d = append(*d, at+": "+fmt.Sprintf(what, args...))
}

var (
	rawMessage = reflect.TypeFor[json.RawMessage]()
	aTime      = reflect.TypeFor[api.Time]()
	nullable   = reflect.TypeFor[api.Nullable]()
	ownJSON    = reflect.TypeFor[json.Marshaler]()
	ownParser  = reflect.TypeFor[json.Unmarshaler]()
	ownText    = reflect.TypeFor[encoding.TextMarshaler]()
)

// value compares a value of a Go type with a schema. omitted is whether it is
// left out when it is empty.
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
	null, may := t.Kind() == reflect.Pointer || t == nullable, t == aTime || omitted
	switch {
	case null && !omitted && !s.Type.IncludesNull():
		d.note(at, "may be null, which openapi.json does not allow")
	case !null && !may && s.Type.IncludesNull():
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
	case t.Implements(ownJSON) || reflect.PointerTo(t).Implements(ownParser): // not by its fields
	default:
		d.kind(at, v, s)
	}
}

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
		d.note(at, "is of type %v, which this test does not know", t)
	}
}

// is notes a schema of another type, and reports whether it is of this one.
func (d *differences) is(at, want string, s *openapi3.Schema) bool {
	got := slices.DeleteFunc(slices.Clone(s.Type.Slice()), func(name string) bool { return name == "null" })
	if !slices.Equal(got, []string{want}) {
		d.note(at, "is of type %s, but %v in openapi.json", want, got)
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

// json compares the members of a JSON value with a schema. All of them are
// always there.
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
				d.note(at+"."+name, "is always there, but optional in openapi.json")
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

// properties returns the properties of an object's schema, and which of them
// are required. Of alternatives it returns the properties of all, and those
// that all require.
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
	in := slices.Collect(fields)
	for _, name := range sorted(in) {
		if properties[name] == nil {
			d.note(at+"."+name, "is not in openapi.json")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(in, name) {
			d.note(at+"."+name, "is in openapi.json, but not in Go")
		}
	}
}

// jsonField is a field of a struct as encoding/json writes it.
type jsonField struct {
	index   []int
	omitted bool // when it is empty
}

// jsonFields returns the fields of a struct, and of those that it embeds, by
// their names in JSON.
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

// What is added, taken away or changed in openapi.json alone is a difference, and
// so, the other way round, is what is in Go alone.
func TestDifferencesAreFound(t *testing.T) {
	for _, change := range []struct{ schema, from, to, want string }{
		{"Snapshot", `"taken_at": {`, `"made_at": {`, "takeSnapshot.taken_at: is not in openapi.json"},
		{"Snapshot", `"taken_at": {`, `"made_at": {`, "listSnapshots.data[].made_at: is in openapi.json, but not in Go"},
		{"Effect", `"workspace_id": {`, `"workspace": {`, "listRequests.data[].effects[].workspace_id: is not in openapi.json"},
		{"Effect", `"id",`, `"workspace_id", "id",`, "moveClock.effects[].workspace_id: is left out when empty: true, but optional in openapi.json: false"},
		{"Mail", `"status",`, ``, "getOutbox.data[].status: is left out when empty: false, but optional in openapi.json: true"},
		{"Clock", `"boolean"`, `"string"`, "getManifest.clock.frozen: is of type boolean, but [string] in openapi.json"},
		{"ApiKey", `"null"`, `"integer"`, "useApiKey.workspace_id: may be null, which openapi.json does not allow"},
		{"Cleared", `"integer"`, `["integer", "null"]`, "clearFaults.deleted: may be null in openapi.json, but not in Go"},
		{"Settings", `"api_key_limit": {`, `"key_limit": {`, "getSettings.api_key_limit: is not in openapi.json"},
		{"Settings", `"api_key_limit": {`, `"key_limit": {`, "getManifest.settings.key_limit: is in openapi.json, but not in Go"},
		{"FaultAction", `"sigma": {`, `"deviation": {`, "armFault.action.sigma: is not in openapi.json"},
		{"FaultMatch", `"path": {`, `"route": {`, "armFault.match.route: is in openapi.json, but not in Go"},
		{"Expectation", `"times": {`, `"count": {`, "error.error.unmet[].expectation.count: is in openapi.json, but not in Go"},
		{"Deleted", `"additionalProperties": false`, `"additionalProperties": true`, "deleteFault: may have other fields in openapi.json"},
	} {
		at := strings.Index(OpenAPI, "\n      "+strconv.Quote(change.schema)+": {\n")
		changed := OpenAPI[:at] + strings.Replace(OpenAPI[at:], change.from, change.to, 1)
		if got := compare(t, changed); !slices.Contains(got, change.want) {
			t.Errorf("%s with %s for %s: no %q in\n%s", change.schema, change.to, change.from, change.want, strings.Join(got, "\n"))
		}
	}
}
