package statefile

import (
	"os"

	"antechamber/internal/wholefile"
)

// lock locks the state file at path until the returned file is closed or the process
// ends. The lock is on a separate file, because every save replaces the state file.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, wholefile.Reason(err)
	}
	ok, err := wholefile.Lock(f)
	if err == nil && ok {
		return f, nil
	}
	f.Close()
	if err == nil {
		err = errLocked
	}
	return nil, err
}
