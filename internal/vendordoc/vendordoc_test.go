package vendordoc

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadFile(t *testing.T) {
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
		got, err := ReadFile(path)
		if string(got) != c.want || (err != nil) != c.failed || err != nil && !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: %q, %v", c.content, got, err)
		}
	}
}

func TestDocumentsOfBothVersions(t *testing.T) {
	for _, version := range []string{Newest, Older} {
		if doc, err := Read(version); err != nil || !bytes.Contains(doc, []byte(`"openapi"`)) {
			t.Errorf("%s: %d bytes, %v", version, len(doc), err)
		}
	}
}

func TestPathOutsideTheRepository(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Path(Newest); err == nil || !strings.Contains(err.Error(), "no module e2e") {
		t.Errorf("got %v, want an error that names the module", err)
	}
}

func TestPathOfAnUnknownVersion(t *testing.T) {
	if _, err := Path("2023-01-01"); err == nil || !strings.Contains(err.Error(), `"2023-01-01"`) {
		t.Errorf("got %v, want an error that names the version", err)
	}
}
