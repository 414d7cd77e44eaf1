package seed

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"

	"antechamber/internal/jsontree"
	"antechamber/store"
)

// shapes returns the shapes of a seed and of settings, which keep hostile ones from
// taking much memory. They follow from the JSON Schema.
var shapes = sync.OnceValues(func() (file, settings *jsontree.Shape) {
	var root struct {
		Defs map[string]schema `json:"$defs"`
	}
	if err := json.Unmarshal(Schema, &root); err != nil {
		panic("seed: " + err.Error()) // the schema is embedded
	}
	known := map[string]*jsontree.Shape{}
	file = shapeOf(schema{Ref: "#/$defs/organization"}, root.Defs, known)
	// A list of organizations, or a single one.
	either := maps.Clone(file.Fields)
	maps.Copy(either, shapeOf(schema{Ref: "#/$defs/file"}, root.Defs, known).Fields)
	return &jsontree.Shape{Kinds: file.Kinds, Fields: either}, shapeOf(schema{Ref: "#/$defs/settings"}, root.Defs, known)
})

// schema is the part of a JSON Schema that determines a shape.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a type or a list of types
	Enum       []string          `json:"enum"`
	Const      *string           `json:"const"`
	AnyOf      []schema          `json:"anyOf"`
	Properties map[string]schema `json:"properties"`
	Additional json.RawMessage   `json:"additionalProperties"` // false or a schema
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	MaxItems   int               `json:"maxItems"`
}

// shapeOf returns the shape of a value with a schema. known holds the shapes of
// definitions.
func shapeOf(s schema, defs map[string]schema, known map[string]*jsontree.Shape) *jsontree.Shape {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		if known[name] == nil {
			known[name] = shapeOf(defs[name], defs, known)
		}
		return known[name]
	}
	shape := &jsontree.Shape{Kinds: kindsOf(s), Required: s.Required, MaxItems: s.MaxItems, Fields: map[string]*jsontree.Shape{}}
	for name, property := range s.Properties {
		shape.Fields[name] = shapeOf(property, defs, known)
	}
	if s.Items != nil {
		shape.Elements = shapeOf(*s.Items, defs, known)
	}
	var others schema
	if json.Unmarshal(s.Additional, &others) == nil && len(s.Additional) > 0 {
		shape.Others = shapeOf(others, defs, known)
		shape.MaxItems = maxMembers
	}
	for _, alternative := range s.AnyOf {
		a := shapeOf(alternative, defs, known)
		shape.Kinds += a.Kinds
		if a.Elements != nil {
			shape.Elements = a.Elements
		}
	}
	return shape
}

// maxMembers is more than the members of any name, such as tags, that an object of
// store.MaxObject bytes has room for.
const maxMembers = store.MaxObject / len(`"":"",`)

// kindsOf returns the kinds of values that a schema allows, or "" for any.
func kindsOf(s schema) (kinds string) {
	if len(s.Enum) > 0 || s.Const != nil {
		return string(jsontree.String)
	}
	types, isList := s.Type.([]any)
	if !isList && s.Type != nil {
		types = []any{s.Type}
	}
	for _, t := range types {
		kind, ok := map[any]jsontree.Kind{
			"null": jsontree.Null, "boolean": jsontree.Bool, "integer": jsontree.Number, "number": jsontree.Number,
			"string": jsontree.String, "array": jsontree.Array, "object": jsontree.Object,
		}[t]
		if !ok {
			panic(fmt.Sprintf("seed: unknown type %v in the schema", t)) // the schema is embedded
		}
		kinds += string(kind)
	}
	return kinds
}
