package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// facts are statements about an API, such as
//
//	GET /v1/organizations/users: parameter roles[]: value admin
//
// so that two documents are compared as sets.
type facts map[string]bool

// document is the part of an OpenAPI document that matters here, in plain values.
type document struct {
	paths      map[string]any
	components map[string]any
}

var methods = []string{"get", "put", "post", "delete", "patch"}

// read parses a document in YAML or JSON.
func read(doc []byte) (document, error) {
	var whole struct {
		Paths      map[string]any `yaml:"paths"`
		Components map[string]any `yaml:"components"`
	}
	// The vendor's document is JSON, which the parser of JSON reads much faster.
	parse := func() error { return yaml.Unmarshal(doc, &whole) }
	if json.Valid(doc) {
		parse = func() error { return json.Unmarshal(doc, &whole) }
	}
	if err := parse(); err != nil {
		return document{}, err
	}
	if len(whole.Paths) == 0 {
		return document{}, fmt.Errorf("the document has no paths")
	}
	return document{whole.Paths, whole.Components}, nil
}

// operations returns the operations whose paths start with prefix, such as
// "GET /v1/organizations/me". The vendor's document has some twice, the second time for
// beta=true; here, they are one.
func (d document) operations(prefix string) facts {
	found := facts{}
	for path, item := range d.paths {
		path, _, _ := strings.Cut(path, "?")
		for _, method := range methods {
			if object(item)[method] != nil && strings.HasPrefix(path, prefix) {
				found[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	return found
}

// describe returns the facts about some operations. It adds base to the paths of the
// document.
func (d document) describe(base string, operations facts) facts {
	found := facts{}
	for path, item := range d.paths {
		path, _, _ := strings.Cut(base+path, "?")
		for _, method := range methods {
			if name := strings.ToUpper(method) + " " + path; operations[name] && object(item)[method] != nil {
				d.operation(found, name, object(item), object(object(item)[method]))
			}
		}
	}
	return found
}

func (d document) operation(found facts, name string, item, op map[string]any) {
	found[name] = true
	for _, p := range slices.Concat(list(item["parameters"]), list(op["parameters"])) {
		parameter := d.resolve(p)
		if parameter["in"] != "query" {
			continue
		}
		about := fmt.Sprintf("%s: parameter %s", name, parameter["name"])
		found[about] = true
		d.schema(found, about, "", parameter["schema"], nil)
	}
	if body := d.resolve(op["requestBody"]); body != nil {
		d.schema(found, name+": request", "", jsonSchema(body), nil)
	}
	for status, r := range object(op["responses"]) {
		schema := jsonSchema(d.resolve(r))
		if status == "200" {
			d.schema(found, name+": response", "", schema, nil)
			continue
		}
		// Of errors, only the codes differ between operations.
		all := facts{}
		d.schema(all, "", "", schema, nil)
		for fact := range all {
			if code, ok := strings.CutPrefix(fact, " error.details.error_code: value "); ok {
				found[name+": error code "+code] = true
			}
		}
	}
}

// schema adds the facts about a schema: its fields, by their path, whether they are
// required in a request, their values if these are listed, and whether they may be
// null. Alternatives are combined. Parents are the references that lead to the schema,
// which may be recursive.
func (d document) schema(found facts, about, path string, schema any, parents []string) {
	s := object(schema)
	if ref, ok := s["$ref"].(string); ok {
		if slices.Contains(parents, ref) {
			return
		}
		parents = append(slices.Clone(parents), ref)
		s = d.resolve(s)
	}
	at := about
	if path != "" {
		at += " " + path
		found[at] = true
	}
	for _, value := range list(s["enum"]) {
		if value == nil {
			found[at+": may be null"] = true
			continue
		}
		found[fmt.Sprintf("%s: value %v", at, value)] = true
	}
	if value, ok := s["const"]; ok {
		found[fmt.Sprintf("%s: value %v", at, value)] = true
	}
	types := list(s["type"])
	if name, ok := s["type"].(string); ok {
		types = []any{name}
	}
	if slices.Contains(types, any("null")) || s["nullable"] == true {
		found[at+": may be null"] = true
	}
	for _, required := range list(s["required"]) {
		if strings.HasSuffix(about, ": request") {
			found[fmt.Sprintf("%s %s: required", about, join(path, fmt.Sprint(required)))] = true
		}
	}
	for name, field := range object(s["properties"]) {
		d.schema(found, about, join(path, name), field, parents)
	}
	if s["items"] != nil {
		items := path
		if path != "" { // a parameter's name has the brackets already
			items += "[]"
		}
		d.schema(found, about, items, s["items"], parents)
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for _, part := range list(s[key]) {
			d.schema(found, about, path, part, parents)
		}
	}
}

// resolve returns the object that a reference is to, or the object itself.
func (d document) resolve(value any) map[string]any {
	o := object(value)
	for range 20 { // references to references
		ref, ok := o["$ref"].(string)
		if !ok {
			break
		}
		section, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
		o = object(object(d.components[section])[name])
	}
	return o
}

func jsonSchema(o map[string]any) any {
	return object(object(o["content"])["application/json"])["schema"]
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func object(value any) map[string]any {
	o, _ := value.(map[string]any)
	return o
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

// differences returns what was added to a set of facts, with a plus sign, and what was
// removed, with a minus sign. Facts about something that was added or removed are
// implied.
func differences(before, after facts) []string {
	lines := append(missing("+ ", before, after), missing("- ", after, before)...)
	slices.SortFunc(lines, func(a, b string) int {
		if c := strings.Compare(a[2:], b[2:]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return lines
}

// missing returns the facts of after that are not in before, with a sign.
func missing(sign string, before, after facts) (lines []string) {
	for fact := range maps.Keys(after) {
		if !before[fact] && !implied(fact, before, after) {
			lines = append(lines, sign+fact)
		}
	}
	return lines
}

// implied reports whether a fact is about something that is missing itself: a field of
// an operation, a value of a field, or a field of an object.
func implied(fact string, before, after facts) bool {
	for i := range fact {
		if (fact[i] == ':' || fact[i] == '.' || fact[i] == '[') && after[fact[:i]] && !before[fact[:i]] {
			return true
		}
	}
	return false
}
