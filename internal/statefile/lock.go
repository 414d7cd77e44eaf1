package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"antechamber/internal/text"
	"antechamber/internal/wholefile"
)

// Lock is the right to read and write a state file. Only one process has it.
type Lock struct {
	path string // of the state file, without symbolic links
	// file is a separate file, because every save replaces the state file.
	file *os.File
}

var errLocked = errors.New("locked by another process (stop that process or choose another file)")

// Open locks the state file at path, which need not exist, and checks that it can be
// one: a regular file with a single name. Symbolic links are followed, because a save
// would replace a link; by any other second name, two processes could share the file
// without noticing.
func Open(path string) (*Lock, error) {
	resolved, err := wholefile.Resolve(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	if err := checkKind(resolved); err != nil {
		return nil, unusable(path, err)
	}
	l := &Lock{path: resolved}
	if err := l.acquire(); err != nil {
		return nil, unusable(path, err)
	}
	return l, nil
}

// unusable returns the error for a file that cannot be a state file.
func unusable(path string, err error) error {
	return fmt.Errorf("cannot use state file %s: %w", path, wholefile.Reason(err))
}

// checkKind returns an error if there is something at path that cannot be a state
// file.
func checkKind(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("is a directory (choose a file in it, such as %s)", text.Quote("state.json"))
	case !info.Mode().IsRegular():
		return errors.New("not a regular file (choose a regular or a new file)")
	case wholefile.IsMountPoint(path):
		return wholefile.ErrMountPoint
	case wholefile.HasOtherNames(info):
		return errors.New("has more than one hard link (remove the others, or use a copy)")
	}
	return nil
}

// Path returns the path of the state file, without symbolic links.
func (l *Lock) Path() string { return l.path }

// acquire takes the lock.
func (l *Lock) acquire() error {
	for {
		f, err := os.OpenFile(l.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		ok, err := wholefile.Lock(f)
		if err == nil && !ok {
			err = errLocked
		}
		if err != nil {
			f.Close()
			return err
		}
		// A process that refused the state file may have removed the file that is
		// locked now.
		if l.file = f; l.isCurrent() {
			return nil
		}
		f.Close()
	}
}

// isCurrent reports whether the locked file is the one that other processes would
// lock.
func (l *Lock) isCurrent() bool {
	mine, err := l.file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(l.path + ".lock")
	return err == nil && os.SameFile(mine, current)
}

// confirm takes the lock again if its file was removed, for example with all other
// files of the directory.
func (l *Lock) confirm() error {
	if l.isCurrent() {
		return nil
	}
	old := l.file
	if err := l.acquire(); err != nil {
		l.file = old
		return err
	}
	return old.Close()
}

// Close releases the lock.
func (l *Lock) Close() error { return l.file.Close() }

// Discard releases the lock of a file that the process did not use, and removes all
// traces of it.
func (l *Lock) Discard() {
	_ = os.Remove(l.path + ".lock") // harmless if it stays
	l.file.Close()
}
