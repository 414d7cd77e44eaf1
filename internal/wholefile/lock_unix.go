//go:build unix

package wholefile

import (
	"errors"
	"os"
	"syscall"
)

// Lock keeps other processes from a file until it is closed or the process
// ends. It gives false where another one has it.
func Lock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
