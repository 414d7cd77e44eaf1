package api

import _ "embed"

// OpenAPI is the OpenAPI 3.1 document of the operations that Antechamber
// answers, in YAML. It is for reading only.
//
//go:embed openapi.yaml
var OpenAPI []byte
