package seed

import _ "embed"

// Starter is a seed to start from: a small organization with an example of
// everything that a seed can describe. Its $schema is ./seed.schema.json.
//
//go:embed starter.json
var Starter []byte
