package seed

import _ "embed"

// Starter is a seed for somebody to change: a small organization that shows
// every kind of thing that a seed can hold. It names its schema as
// ./seed.schema.json.
//
//go:embed starter.json
var Starter []byte
