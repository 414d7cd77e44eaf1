// Command generrors writes api/error_codes.go: the error codes that the vendor's OpenAPI
// document lists for our operations. go generate ./api runs it.
// Its working directory is api.
package main

import (
	"log"
	"os"

	"antechamber/internal/vendordoc"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("generrors: ")
	source, err := generate("openapi.yaml")
	if err == nil {
		err = os.WriteFile("error_codes.go", source, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// generate returns the Go source for the operations of our document and the errors in
// the vendor's newest one.
func generate(ours string) ([]byte, error) {
	contract, err := os.ReadFile(ours)
	if err != nil {
		return nil, err
	}
	ids, err := operationIDs(contract)
	if err != nil {
		return nil, err
	}
	doc, err := vendordoc.Read(vendordoc.Newest)
	if err != nil {
		return nil, err
	}
	codes, err := read(doc, ids)
	if err != nil {
		return nil, err
	}
	return source(codes)
}
