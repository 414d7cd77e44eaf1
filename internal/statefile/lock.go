package statefile

import (
	"os"

	"antechamber/internal/wholefile"
)

// lock keeps other processes from the file that path names, until the file that
// it returns is closed or the process ends. The lock is on a file beside it: the
// state file itself is another one after every save.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, wholefile.Reason(err)
	}
	free, err := wholefile.Lock(f)
	if err == nil && free {
		return f, nil
	}
	f.Close()
	if err == nil {
		err = errInUse
	}
	return nil, err
}
