//go:build !unix

package statefile

import "os"

// lock locks nothing where there is no advisory lock that ends with its
// process: two servers with one state file overwrite each other's there.
func lock(path string) (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }
