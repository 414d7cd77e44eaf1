package wholefile

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadIsBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(file, 5); string(got) != "12345" || err != nil {
		t.Errorf("at the bound: %q, %v", got, err)
	}
	if _, err := Read(file, 4); err == nil || err.Error() != "has more than 4 bytes" {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := Read("/dev/zero", 4); err == nil || err.Error() != "is a device" && !os.IsNotExist(err) {
		t.Errorf("a device: %v", err)
	}
	if _, err := Read(filepath.Dir(file), 4); err == nil {
		t.Error("a directory was read")
	}
}

func TestReadAllIsBounded(t *testing.T) {
	const most = 20 << 20
	whole := bytes.Repeat([]byte("12345678"), most/8)
	if got, err := ReadAll(bytes.NewReader(whole), most); !bytes.Equal(got, whole) || err != nil {
		t.Errorf("at the bound: %d bytes, %v", len(got), err)
	}
	if _, err := ReadAll(io.MultiReader(bytes.NewReader(whole), strings.NewReader("9")), most); err == nil {
		t.Error("one byte beyond the bound was read")
	}
	if _, err := ReadAll(endless{}, most); err == nil {
		t.Error("something endless was read")
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }
