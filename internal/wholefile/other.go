//go:build !unix

package wholefile

import (
	"io/fs"
	"os"
)

// Lock does nothing on systems without advisory locks that end with the process.
// There, two processes can overwrite each other's file.
func Lock(*os.File) (bool, error) { return true, nil }

// HasOtherNames is always false on systems whose FileInfo does not count names.
func HasOtherNames(fs.FileInfo) bool { return false }
