//go:build unix

package statefile

import (
	"errors"
	"os"
	"syscall"

	"antechamber/internal/wholefile"
)

// lock keeps other processes from the file that path names, until the file that
// it gives is closed or the process ends. The lock is on a file beside it: the
// state file itself is another one after every save.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, wholefile.Reason(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errInUse
		}
		return nil, err
	}
	return f, nil
}
