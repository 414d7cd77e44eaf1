package seed

import (
	"embed"
	"sync"
)

// Schema is the JSON Schema (2020-12) of seeds. Editors complete and check by
// it when a seed names it as its $schema.
//
//go:embed schema.json
var Schema []byte

//go:embed demo.json contract.json empty.json
var builtin embed.FS

// BuiltinNames are the names of the seeds that are built in.
var BuiltinNames = []string{"demo", "contract", "empty"}

var builtins = map[string]func() *Seed{
	"demo":     builtinSeed("demo.json"),
	"contract": builtinSeed("contract.json"),
	"empty":    builtinSeed("empty.json"),
}

// builtinSeed reads an embedded seed when it is first asked for.
func builtinSeed(file string) func() *Seed {
	return sync.OnceValue(func() *Seed {
		data, err := builtin.ReadFile(file)
		if err != nil {
			panic(err) // the file is embedded above
		}
		s, err := Parse(file, data)
		if err != nil {
			panic(err) // a test reads every one of them
		}
		return s
	})
}

// Builtin returns a seed that is built in: demo is an organization that looks
// alive, contract holds exactly the objects of the contract's examples at the
// instant of its archive example, empty is an organization without anybody in
// it.
func Builtin(name string) (*Seed, bool) {
	get, ok := builtins[name]
	if !ok {
		return nil, false
	}
	return get(), true
}
