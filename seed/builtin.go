package seed

import (
	"embed"
	"sync"
)

// Schema is the JSON Schema (2020-12) of seeds, for completion and validation in
// editors. A seed refers to it with $schema.
//
//go:embed schema.json
var Schema []byte

//go:embed demo.json contract.json empty.json
var builtin embed.FS

// BuiltinNames are the names of the built-in seeds.
var BuiltinNames = []string{"demo", "contract", "empty"}

var builtins = map[string]func() *Seed{
	"demo":     builtinSeed("demo.json"),
	"contract": builtinSeed("contract.json"),
	"empty":    builtinSeed("empty.json"),
}

// builtinSeed returns a function that parses an embedded seed on its first call.
func builtinSeed(file string) func() *Seed {
	return sync.OnceValue(func() *Seed {
		data, err := builtin.ReadFile(file)
		if err != nil {
			panic(err) // the file is embedded above
		}
		s, err := Parse(file, data)
		if err != nil {
			panic(err) // a test parses all of them
		}
		return s
	})
}

// Builtin returns a built-in seed: demo is a realistic organization, contract has
// exactly the objects of the examples in api/openapi.yaml, at the time of the example
// of archiving a workspace, and empty is an organization without members.
func Builtin(name string) (*Seed, bool) {
	get, ok := builtins[name]
	if !ok {
		return nil, false
	}
	return get(), true
}
