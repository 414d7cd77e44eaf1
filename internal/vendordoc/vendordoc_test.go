package vendordoc

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte("{}"))
	w.Close()
	path := filepath.Join(t.TempDir(), "document")
	for _, c := range []struct {
		content []byte
		want    string
		failed  bool
	}{
		{[]byte("{}"), "{}", false},
		{zipped.Bytes(), "{}", false},
		{zipped.Bytes()[:zipped.Len()-4], "", true},
		{[]byte("\x1f\x8b"), "", true},
	} {
		if err := os.WriteFile(path, c.content, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if string(got) != c.want || (err != nil) != c.failed || err != nil && !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: %q, %v", c.content, got, err)
		}
	}
}

func TestPathIsThatOfADocument(t *testing.T) {
	path, err := Path()
	if err != nil {
		t.Fatal(err)
	}
	if doc, err := Read(path); err != nil || !bytes.Contains(doc, []byte(`"openapi"`)) {
		t.Errorf("%s: %d bytes, %v", path, len(doc), err)
	}
}
