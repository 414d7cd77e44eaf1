package api

import _ "embed"

// OpenAPI is the OpenAPI 3.1 document of the operations that Antechamber
// implements, in YAML. It must not be modified.
//
//go:embed openapi.yaml
var OpenAPI []byte
