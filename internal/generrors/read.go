package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// codedError is an api.CodedError. This program doesn't import api, because it writes a
// file of that package.
type codedError struct {
	code       string
	status     int
	errorType  string
	operations []string
	details    []field
}

// field is an api.DetailField.
type field struct {
	name               string
	optional, nullable bool
	values             []string
	example            string
	items              []field
}

// examples are our own, for fields that must be sent and have none in the document.
var examples = map[string]string{
	"storage_profile_mismatch.field":                    "inference_data_privacy.safeguards_storage",
	"storage_verification_failed.failed_checks.message": "The check failed.",
}

// operationIDs returns the operationIds of our document, in YAML, by method and path,
// such as "GET /organizations/me".
func operationIDs(doc []byte) (map[string]string, error) {
	var ours struct{ Paths map[string]map[string]any }
	if err := yaml.Unmarshal(doc, &ours); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for path, item := range ours.Paths {
		for method, value := range item {
			op, _ := value.(map[string]any) // or the parameters of the path
			if id, ok := op["operationId"].(string); ok {
				ids[strings.ToUpper(method)+" "+path] = id
			}
		}
	}
	return ids, nil
}

// schema is the part of a JSON Schema that describes errors.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Const      string            `json:"const"`
	Enum       []string          `json:"enum"`
	Examples   []any             `json:"examples"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	AnyOf      []schema          `json:"anyOf"`
	OneOf      []schema          `json:"oneOf"`
}

// reader collects the errors of the vendor's document.
type reader struct {
	components map[string]json.RawMessage
	found      map[string]codedError
}

// read returns the errors with a code that the vendor's document lists for operations
// of ours, sorted by code. A path may occur twice, with and without ?beta=true; both
// count.
func read(doc []byte, ids map[string]string) ([]codedError, error) {
	var whole struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema schema }
			}
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(doc, &whole); err != nil {
		return nil, err
	}
	r := reader{whole.Components.Schemas, map[string]codedError{}}
	seen := map[string]bool{}
	for path, item := range whole.Paths {
		path, _, _ = strings.Cut(strings.TrimPrefix(path, "/v1"), "?")
		for method, op := range item {
			key := strings.ToUpper(method) + " " + path
			id, ours := ids[key]
			if !ours {
				continue
			}
			seen[key] = true
			for status, response := range op.Responses {
				if status == "200" {
					continue
				}
				if err := r.response(id, status, response.Content["application/json"].Schema); err != nil {
					return nil, fmt.Errorf("%s, %s: %w", key, status, err)
				}
			}
		}
	}
	for key := range ids {
		if !seen[key] {
			return nil, fmt.Errorf("the vendor's document has no %s", key)
		}
	}
	all := slices.Collect(maps.Values(r.found))
	slices.SortFunc(all, func(a, b codedError) int { return cmp.Compare(a.code, b.code) })
	return all, nil
}

// resolve follows references.
func (r reader) resolve(s schema) (schema, error) {
	for s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, "#/components/schemas/")
		var target schema
		if err := json.Unmarshal(r.components[name], &target); err != nil {
			return schema{}, fmt.Errorf("%s: %w", s.Ref, err)
		}
		if target.Examples == nil {
			target.Examples = s.Examples
		}
		s = target
	}
	return s, nil
}

// alternatives returns the resolved alternatives of a schema, without null, and whether
// null is one.
func (r reader) alternatives(s schema) (all []schema, null bool, err error) {
	s, err = r.resolve(s)
	if err != nil {
		return nil, false, err
	}
	if s.Type == "null" {
		return nil, true, nil
	}
	nested := slices.Concat(s.AnyOf, s.OneOf)
	if nested == nil {
		return []schema{s}, false, nil
	}
	for _, alternative := range nested {
		more, isNull, err := r.alternatives(alternative)
		if err != nil {
			return nil, false, err
		}
		all, null = append(all, more...), null || isNull
	}
	return all, null, nil
}

// response notes the errors with a code in a response.
func (r reader) response(id, status string, s schema) error {
	code, err := strconv.Atoi(status)
	if err != nil {
		return errors.New("want a status, not a range")
	}
	s, err = r.resolve(s)
	if err != nil {
		return err
	}
	kinds, _, err := r.alternatives(s.Properties["error"])
	if err != nil {
		return err
	}
	coded := false
	for _, kind := range kinds {
		details, ok := kind.Properties["details"]
		if !ok {
			continue
		}
		all, _, err := r.alternatives(details)
		if err != nil {
			return err
		}
		for _, d := range all {
			if err := r.note(id, code, kind.Properties["type"].Const, d); err != nil {
				return err
			}
			coded = true
		}
	}
	if len(kinds) == 1 && !coded {
		// api.ErrorTypeIn finds the type of a status by its codes.
		return errors.New("has a type of its own, but no code")
	}
	return nil
}

// note adds the error that a schema of details describes, or an operation to it.
func (r reader) note(id string, status int, errorType string, details schema) error {
	code := details.Properties["error_code"].Const
	if code == "" || errorType == "" {
		return errors.New("an error without a code or type")
	}
	fields, err := r.fields(code, details)
	if err != nil {
		return err
	}
	e := codedError{code: code, status: status, errorType: errorType, details: fields}
	if known, ok := r.found[code]; ok {
		e.operations = known.operations
		if !reflect.DeepEqual(e, known) {
			return fmt.Errorf("%s differs from the same code elsewhere:\n%v\n%v", code, e, known)
		}
	}
	if !slices.Contains(e.operations, id) {
		e.operations = slices.Sorted(slices.Values(append(slices.Clone(e.operations), id)))
	}
	r.found[code] = e
	return nil
}

// fields returns the fields of an object other than error_code, sorted by name.
func (r reader) fields(at string, object schema) (all []field, err error) {
	for _, name := range slices.Sorted(maps.Keys(object.Properties)) {
		if name == "error_code" {
			continue
		}
		f, err := r.field(at+"."+name, name, object.Properties[name])
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", at, name, err)
		}
		f.optional = !slices.Contains(object.Required, name)
		if f.optional || f.nullable || f.items != nil {
			f.example = ""
		} else if f.example == "" {
			return nil, fmt.Errorf("%s.%s: no example", at, name)
		}
		all = append(all, f)
	}
	return all, nil
}

func (r reader) field(at, name string, s schema) (field, error) {
	f := field{name: name, example: examples[at]}
	listed := s.Examples
	all, null, err := r.alternatives(s)
	if err != nil {
		return f, err
	}
	f.nullable = null
	if len(all) != 1 {
		return f, fmt.Errorf("%d alternatives, want one and null", len(all))
	}
	switch s := all[0]; s.Type {
	case "string":
		f.values = s.Enum
		if len(s.Enum) > 0 {
			f.example = s.Enum[0]
		}
		if listed == nil {
			listed = s.Examples
		}
		if len(listed) > 0 {
			f.example, _ = listed[0].(string)
		}
		return f, nil
	case "array":
		if s.Items == nil {
			return f, errors.New("a list of anything")
		}
		item, err := r.resolve(*s.Items)
		if err != nil {
			return f, err
		}
		if item.Type != "object" {
			return f, fmt.Errorf("a list of type %s, want object", item.Type)
		}
		f.items, err = r.fields(at, item)
		return f, err
	default:
		return f, fmt.Errorf("type %s, want string or array", s.Type)
	}
}
