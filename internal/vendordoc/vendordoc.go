// Package vendordoc finds and reads the vendor's newest OpenAPI document, which its Go
// SDK contains. It is for generators and tests.
package vendordoc

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// SDK is the version of the SDK whose document counts.
const SDK = "github.com/anthropics/anthropic-sdk-go/v2@v2.15.0"

// Path returns the path of the document in the module cache. It downloads the SDK if
// the cache does not have it.
func Path() (string, error) {
	command := exec.Command("go", "mod", "download", "-json", SDK)
	out, err := command.Output() // with the reason in Error
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module) != nil || module.Dir == "" {
		return "", fmt.Errorf("%v: %v %s", command, err, module.Error)
	}
	return filepath.Join(module.Dir, "scripts", "mock-spec.json.gz"), nil
}

// Read returns the document in a file, which may be compressed by gzip.
func Read(path string) ([]byte, error) {
	doc, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(doc, []byte("\x1f\x8b")) {
		return doc, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	doc, err = io.ReadAll(unzipped)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return doc, nil
}
