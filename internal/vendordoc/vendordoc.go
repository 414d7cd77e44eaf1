// Package vendordoc finds and reads the vendor's OpenAPI documents, which its Go SDKs
// contain. It is for generators and tests.
package vendordoc

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The versions of the API that the vendor has published a document for: those that the
// newest SDKs and their predecessors send.
const (
	Newest = "2026-10-21"
	Older  = "2023-06-01"
)

// modules maps a version of the API to the vendor's Go SDK that sends it.
var modules = map[string]string{
	Newest: "github.com/anthropics/anthropic-sdk-go/v2",
	Older:  "github.com/anthropics/anthropic-sdk-go",
}

// Path returns the path of the document for a version of the API. It is in the SDK that
// the module e2e requires and its go.sum verifies. The go command downloads the SDK
// unless it is in the module cache.
func Path(version string) (string, error) {
	module, ok := modules[version]
	if !ok {
		return "", fmt.Errorf("the vendor has no document for version %q", version)
	}
	root, err := Module()
	if err != nil {
		return "", err
	}
	return PathIn(root, module)
}

// Read returns the document for a version of the API, as JSON.
func Read(version string) ([]byte, error) {
	path, err := Path(version)
	if err != nil {
		return nil, err
	}
	return ReadFile(path)
}

// Module returns the folder of the module e2e, which requires the vendor's SDKs: the
// main module does not, so that it is not in the way of its users' own choice. It is
// found from the working directory, in which tests and go generate run.
func Module() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "e2e", "go.mod")); err == nil {
			return filepath.Join(dir, "e2e"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no module e2e, which requires the vendor's SDKs, in %s or above", start)
		}
	}
}

// PathIn returns the path of the document in an SDK. The module is named as for go mod
// download: without a version, it is the one that the module in root requires.
func PathIn(root, module string) (string, error) {
	download := exec.Command("go", "mod", "download", "-json", module)
	download.Dir = root
	download.Env = append(os.Environ(), "GOWORK=off")
	out, err := download.Output()
	var found struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &found); jsonErr == nil && found.Error != "" {
		return "", fmt.Errorf("go mod download: %s", found.Error)
	}
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return "", fmt.Errorf("go mod download: %w", err)
	}
	return filepath.Join(found.Dir, "scripts", "mock-spec.json.gz"), nil
}

// ReadFile returns the document in a file, which may be compressed by gzip.
func ReadFile(path string) ([]byte, error) {
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
