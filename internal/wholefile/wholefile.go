// Package wholefile writes files atomically, and reads files of a limited size.
package wholefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// TempPrefix returns the prefix of the names of temporary files for path.
func TempPrefix(path string) string { return "." + filepath.Base(path) + ".saving-" }

// ErrMountPoint is the error for a file that is itself mounted, such as a single file
// that is shared with a container. It can be written to, but not replaced.
var ErrMountPoint = errors.New("a mounted file cannot be replaced (mount its directory instead)")

// IsMountPoint reports whether a file is itself mounted. Where the system does not list
// its mounts, only Replace notices.
func IsMountPoint(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo") // empty on other systems than Linux
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == path {
			return true
		}
	}
	return false
}

// rename is os.Rename, except in tests.
var rename = os.Rename

// Replace creates or replaces a file atomically: at any moment, path names the
// complete old or the complete new file. Only the owner can read it. Replace does not
// follow symbolic links; see Resolve.
func Replace(path string, fill func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), TempPrefix(path)+"*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(fill(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := rename(f.Name(), path); err != nil {
		if errors.Is(err, syscall.EBUSY) {
			return ErrMountPoint
		}
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory makes a rename in a directory durable.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" { // cannot sync a directory
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Read returns the content of a file of at most a number of bytes. The file may be a
// pipe, whose size is not known, but not a device, which may have no end.
func Read(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeDevice != 0:
		return nil, errors.New("is a device")
	case info.Mode().IsRegular() && info.Size() > int64(most):
		return nil, tooLarge(most)
	}
	return ReadAll(f, most)
}

// ReadAll returns everything that r has, at most a number of bytes.
func ReadAll(r io.Reader, most int) ([]byte, error) {
	const chunk = 8 << 20 // growing one buffer would take several times the memory
	var chunks [][]byte
	for total := 0; ; {
		data, err := io.ReadAll(io.LimitReader(r, chunk))
		if err != nil {
			return nil, err
		}
		if total += len(data); total > most {
			return nil, tooLarge(most)
		}
		chunks = append(chunks, data)
		if len(data) < chunk {
			return bytes.Join(chunks, nil), nil
		}
	}
}

func tooLarge(most int) error { return fmt.Errorf("has more than %d bytes", most) }

// Reason returns the cause of a file system error without the file name: that of a
// temporary file is random and meaningless to users.
func Reason(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	if wrapped, ok := errors.AsType[*os.LinkError](err); ok {
		return wrapped.Err
	}
	return err
}
