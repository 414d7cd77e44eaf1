package handlers

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"antechamber/api"
	"antechamber/internal/vendordoc"
)

// The tests of this file compare what requests may contain with OpenAPI documents:
// enumerations, nullability, required fields, lengths, patterns and ranges. They send
// each value at a boundary to the server.

// specification is an OpenAPI document as plain values.
type specification struct {
	t    testing.TB
	root map[string]any
}

// ourDocument returns api/openapi.yaml, whose requests are those of the contract.
func ourDocument(t testing.TB) specification {
	t.Helper()
	var root map[string]any
	if err := yaml.Unmarshal(api.OpenAPI, &root); err != nil {
		t.Fatal(err)
	}
	return specification{t, root}
}

// vendorDocument returns the newest of the vendor's documents.
func vendorDocument(t testing.TB) specification {
	t.Helper()
	document, err := vendordoc.Read(vendordoc.Newest)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(document, &root); err != nil {
		t.Fatal(err)
	}
	return specification{t, root}
}

// resolve returns the object that v refers to, or v.
func (s specification) resolve(v any) map[string]any {
	object, _ := v.(map[string]any)
	ref, isRef := object["$ref"].(string)
	if !isRef {
		return object
	}
	var found any = s.root
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		found = found.(map[string]any)[name]
	}
	return s.resolve(found)
}

// operations returns the declarations of one of our operations: with and without
// ?beta=true, if the document distinguishes them.
func (s specification) operations(op operation) (found []map[string]any) {
	paths := s.root["paths"].(map[string]any)
	path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(op.Path, "{$1}")
	for _, name := range []string{path, base + path, base + path + "?beta=true"} {
		if item := s.resolve(paths[name]); item != nil {
			if declared := s.resolve(item[strings.ToLower(op.Method)]); declared != nil {
				found = append(found, declared)
			}
		}
	}
	return found
}

// value is what a schema says about a value: its alternatives other than null, and
// whether it may be null.
type value struct {
	alternatives []map[string]any
	nullable     bool
}

func (s specification) valueOf(schema any) (v value) {
	resolved := s.resolve(schema)
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if branches, ok := resolved[keyword].([]any); ok {
			for _, branch := range branches {
				b := s.valueOf(branch)
				v.nullable = v.nullable || b.nullable
				v.alternatives = append(v.alternatives, b.alternatives...)
			}
			return v
		}
	}
	types, _ := resolved["type"].([]any)
	v.nullable = resolved["type"] == "null" || slices.Contains(types, any("null")) || resolved["nullable"] == true
	if resolved["type"] != "null" {
		v.alternatives = []map[string]any{resolved}
	}
	return v
}

// enum returns the values of an enumeration, without null.
func enumOf(schema map[string]any) (values []string) {
	all, _ := schema["enum"].([]any)
	if c, ok := schema["const"]; ok {
		all = []any{c}
	}
	for _, v := range all {
		if v != nil {
			values = append(values, v.(string))
		}
	}
	return values
}

func number(schema map[string]any, keyword string) (int, bool) {
	switch n := schema[keyword].(type) {
	case float64:
		return int(n), true
	case int:
		return n, true
	}
	return 0, false
}

// departure is a value of a field that a document allows and the server refuses.
type departure struct{ operation, field, value string }

// departures are the only ones, with their reasons.
var departures = map[departure]string{
	{"createOrganizationInvite", "role", "managed"}:                               "a role of Enterprise organizations",
	{"updateOrganizationMember", "role", "managed"}:                               "a role of Enterprise organizations",
	{"updateWorkspace", "tags", "null"}:                                           "observed: production refuses it",
	{"createWorkspace", "inference_data_privacy", "{}"}:                           "a field of a beta, external storage, that is not emulated",
	{"createWorkspace", "inference_data_privacy", "null"}:                         "a field of a beta, external storage, that is not emulated",
	{"updateWorkspace", "inference_data_privacy", "{}"}:                           "a field of a beta, external storage, that is not emulated",
	{"updateWorkspace", "inference_data_privacy", "null"}:                         "a field of a beta, external storage, that is not emulated",
	{"listOrganizationMembers", "roles[]", `["x"]`}:                               "the schema allows any string, the contract lists the roles",
	{"listOrganizationInvites", "roles[]", `["x"]`}:                               "the schema allows any string, the contract lists the roles",
	{"createOrganizationInvite", "rbac_group_ids", "as many elements as allowed"}: "groups belong to Enterprise organizations",
}

// comparison compares one operation with its declaration in a document. Each request
// is sent to a fresh server.
type comparison struct {
	t        *testing.T
	spec     specification
	seed     string
	op       operation
	path     string
	values   *int // number of values compared
	departed map[departure]bool
}

// malformed matches what the server says about a value that no state would allow.
var malformed = regexp.MustCompile(`^(Input|String|List) should |^Field required|^Extra inputs |^value is not |^RBAC groups `)

// refused reports whether the server refuses the field of a request for what it is,
// and not because of the current state.
func (c comparison) refused(field, path, body string) bool {
	c.t.Helper()
	*c.values++
	got := serve(c.t, c.seed).do(c.op.Method, path, body)
	var e api.Error
	if err := json.Unmarshal([]byte(got.body), &e); got.status != 200 && (err != nil || got.status != 400) {
		c.t.Errorf("%s %s %s: %d %s", c.op.Method, path, body, got.status, got.body)
	}
	return slices.ContainsFunc(strings.Split(e.Message, "; "), func(problem string) bool {
		about, what, _ := strings.Cut(problem, ": ")
		return (about == field || strings.HasPrefix(about, field+".")) && malformed.MatchString(what)
	})
}

// agree reports an error unless the server refuses exactly what the document does not
// allow.
func (c comparison) agree(allowed bool, field, value string, refused bool) {
	c.t.Helper()
	d := departure{c.op.ID, field, value}
	switch {
	case allowed && refused && departures[d] != "":
		c.departed[d] = true
	case allowed == refused:
		c.t.Errorf("%s: %s is %s: allowed by the document: %t, refused by the server: %t", c.op.ID, field, value, allowed, refused)
	}
}

// object compares the fields of an object, of which given is a valid example. within
// returns the body of a request that contains an object.
func (c comparison) object(schema map[string]any, prefix string, given map[string]any, within func(map[string]any) any) {
	try := func(field string, change func(map[string]any)) bool {
		changed := maps.Clone(given)
		change(changed)
		return c.refused(field, c.path, api.Encode(within(changed)))
	}
	required, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		field := prefix + name
		c.agree(!slices.Contains(required, any(name)), field, "absent", try(field, func(o map[string]any) {
			if delete(o, name); len(o) == 0 && prefix == "" {
				o["display_color"] = "#000000" // a body that is not empty
			}
		}))
		c.field(properties[name], field, func(v any) any {
			changed := maps.Clone(given)
			changed[name] = v
			return within(changed)
		})
	}
	switch others := schema["additionalProperties"].(type) {
	case bool:
		field := prefix + "unheard_of"
		c.agree(others, field, "1", try(field, func(o map[string]any) { o["unheard_of"] = 1 }))
	case map[string]any:
		c.field(others, prefix+"key", func(v any) any { return within(map[string]any{"key": v}) })
	}
}

// field compares the values of a field. with returns the body of a request in which it
// has a value.
func (c comparison) field(schema any, field string, with func(any) any) {
	v := c.spec.valueOf(schema)
	try := func(allowed bool, what string, value any) {
		c.t.Helper()
		c.agree(allowed, field, what, c.refused(field, c.path, api.Encode(with(value))))
	}
	try(v.nullable, "null", nil)
	try(slices.ContainsFunc(v.alternatives, func(a map[string]any) bool { return a["type"] == "number" }), "a number", 7)
	for _, schema := range v.alternatives {
		kind, several := kindOf(schema), len(v.alternatives) > 1
		switch {
		case len(enumOf(schema)) > 0:
			for _, v := range enumOf(schema) {
				try(true, v, v)
			}
			try(false, "outside the enumeration", "unheard_of")
		case kind == "string":
			c.stringField(schema, try)
		case kind == "array":
			items := c.spec.valueOf(schema["items"])
			for _, item := range items.alternatives {
				for _, v := range enumOf(item) {
					try(true, "a list of "+v, []any{v})
				}
			}
			try(items.nullable, "a list of null", []any{nil})
			if n, ok := number(schema, "maxItems"); ok && n > 0 {
				try(true, "as many elements as allowed", slices.Repeat([]any{"x"}, n))
				try(false, "more elements than allowed", slices.Repeat([]any{"x"}, n+1))
			}
			try(true, "an empty list", []any{})
		case kind == "object":
			try(true, "{}", map[string]any{})
			if !several {
				try(false, "a list", []any{})
			}
			if departures[departure{c.op.ID, field, "{}"}] == "" {
				c.object(schema, field+".", map[string]any{}, func(o map[string]any) any { return with(o) })
			}
		default:
			c.t.Errorf("%s: unknown kind of schema: %v", field, schema)
		}
	}
}

func (c comparison) stringField(schema map[string]any, try func(bool, string, any)) {
	if n, ok := number(schema, "minLength"); ok {
		try(false, "shorter than allowed", strings.Repeat("é", n-1))
		try(true, "as short as allowed", strings.Repeat("é", n))
	}
	if n, ok := number(schema, "maxLength"); ok && schema["pattern"] == nil {
		try(true, "as long as allowed", strings.Repeat("é", n))
		try(false, "longer than allowed", strings.Repeat("é", n+1))
	}
	if pattern, ok := schema["pattern"].(string); ok {
		for _, s := range []string{"", "#", "#12345", "#1234567", "#12345g", "#aBcDeF", "#000000\n", "000000"} {
			try(regexp.MustCompile(pattern).MatchString(s), fmt.Sprintf("%q", s), s)
		}
	}
	if schema["format"] == "email" {
		try(false, "not an address", "nobody")
		try(true, "an address", "somebody.else@example.com")
	}
}

func kindOf(schema map[string]any) string {
	if kind, ok := schema["type"].(string); ok {
		return kind
	}
	kinds, _ := schema["type"].([]any)
	for _, kind := range kinds {
		if kind != "null" {
			return kind.(string)
		}
	}
	return ""
}

// query compares the values of a query parameter.
func (c comparison) query(parameter map[string]any) {
	name := parameter["name"].(string)
	try := func(allowed bool, values ...string) {
		c.t.Helper()
		path := c.path + "?" + url.Values{name: values}.Encode()
		c.agree(allowed, name, fmt.Sprintf("%.40q", values), c.refused(name, path, ""))
	}
	for _, schema := range c.spec.valueOf(parameter["schema"]).alternatives {
		kind := kindOf(schema)
		if n, ok := number(schema, "maxItems"); ok {
			try(true, slices.Repeat([]string{"x"}, n)...)
			try(false, slices.Repeat([]string{"x"}, n+1)...)
		}
		if kind == "array" {
			schema = c.spec.valueOf(schema["items"]).alternatives[0]
		}
		for _, v := range enumOf(schema) {
			try(true, v)
		}
		switch {
		case len(enumOf(schema)) > 0:
			try(false, "unheard_of")
		case kind == "boolean":
			try(true, "true")
			try(true, "false")
			try(false, "perhaps")
		case kind == "integer":
			least, _ := number(schema, "minimum")
			most, _ := number(schema, "maximum")
			try(false, strconv.Itoa(least-1))
			try(true, strconv.Itoa(least))
			try(true, strconv.Itoa(most))
			try(false, strconv.Itoa(most+1))
			try(false, "many")
		case schema["format"] == "email":
			try(true, "nobody@example.com")
			try(false, "nobody")
		default:
			try(true, "x")
		}
	}
}

// validBodies are the bodies into which the tests put each value.
var validBodies = map[string]map[string]any{
	"createOrganizationInvite": {"email": "new@example.com", "role": "user"},
	"updateOrganizationMember": {"role": "user"},
	"createWorkspace":          {"name": "A"},
	"updateWorkspace":          {"name": "A"},
	"addWorkspaceMember":       {"user_id": "user_code", "workspace_role": "workspace_user"},
	"updateWorkspaceMember":    {"workspace_role": "workspace_user"},
	"updateApiKey":             {"name": "A"},
}

// compareWith compares every operation with a document and returns the departures.
func compareWith(t *testing.T, spec specification, seed string) map[departure]bool {
	departed := map[departure]bool{}
	ids := strings.NewReplacer(":workspace_id", "wrkspc_live", ":user_id", "user_dev", ":invite_id", "invite_pending", ":api_key_id", "apikey_active")
	for _, op := range operations {
		declared := spec.operations(op)
		if len(declared) == 0 {
			t.Errorf("%s is not in the document", op.ID)
		}
		for _, d := range declared {
			t.Run(op.ID, func(t *testing.T) {
				values := 0
				c := comparison{t, spec, seed, op, ids.Replace(op.Path), &values, departed}
				parameters, _ := d["parameters"].([]any)
				for _, p := range parameters {
					if p := spec.resolve(p); p["in"] == "query" {
						c.query(p)
					}
				}
				if body := spec.resolve(d["requestBody"]); body != nil {
					content := body["content"].(map[string]any)["application/json"].(map[string]any)
					c.object(spec.resolve(content["schema"]), "", validBodies[op.ID], func(o map[string]any) any { return o })
				}
				if takesInput := validBodies[op.ID] != nil || strings.HasPrefix(op.ID, "list"); takesInput != (values > 0) {
					t.Errorf("compared %d values", values)
				}
			})
		}
	}
	return departed
}

// What a request may contain is what api/openapi.yaml says: the contract, with the rules
// that production has changed since.
func TestRequestsAreAsOurDocumentSays(t *testing.T) {
	if departed := compareWith(t, ourDocument(t), acme); len(departed) > 0 {
		t.Errorf("departures from our own document: %v", departed)
	}
}

// What a request may contain is what the vendor's newest document says, apart from the
// departures listed above.
func TestRequestsAreAsTheVendorsDocumentSays(t *testing.T) {
	seed := strings.Replace(acme, `"users": [`, `"settings": {"workspace_name_max_length": 255}, "users": [`, 1)
	departed := compareWith(t, vendorDocument(t), seed)
	for d, why := range departures {
		if !departed[d] {
			t.Errorf("no longer a departure (%s): %v", why, d)
		}
	}
}
