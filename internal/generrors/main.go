// Command generrors writes api/error_codes.go: the error codes that the vendor's OpenAPI
// document lists for our operations. go generate ./api runs it.
//
//	go run antechamber/internal/generrors [document]
//
// The document is in JSON, and may be compressed by gzip. By default it is the newest
// one. The working directory is api.
package main

import (
	"log"
	"os"

	"antechamber/internal/vendordoc"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("generrors: ")
	var path string
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	source, err := generate("openapi.yaml", path)
	if err == nil {
		err = os.WriteFile("error_codes.go", source, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// generate returns the Go source for the operations of our document and the errors in
// the vendor's: at path, or the newest one if path is empty.
func generate(ours, path string) ([]byte, error) {
	contract, err := os.ReadFile(ours)
	if err != nil {
		return nil, err
	}
	ids, err := operationIDs(contract)
	if err != nil {
		return nil, err
	}
	if path == "" {
		if path, err = vendordoc.Path(vendordoc.Newest); err != nil {
			return nil, err
		}
	}
	raw, err := vendordoc.ReadFile(path)
	if err != nil {
		return nil, err
	}
	codes, err := read(raw, ids)
	if err != nil {
		return nil, err
	}
	return source(codes)
}
