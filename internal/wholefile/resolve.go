package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLinks is the number of symbolic links that Resolve follows, as Linux does.
const maxLinks = 40

var errTooManyLinks = errors.New("too many symbolic links")

// Resolve returns the file that a path names, after following all symbolic links. The
// file need not exist, but its directory must. Replace needs it: a rename replaces the
// link itself.
func Resolve(path string) (string, error) {
	for range maxLinks {
		// Not filepath.Dir, which would drop link/.. without following the link.
		dir, name := filepath.Split(path)
		if name == "" || name == "." || name == ".." {
			return filepath.EvalSymlinks(path)
		}
		if dir == "" {
			dir = "."
		}
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode().Type() != fs.ModeSymlink {
			return path, nil
		}
		target, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			target = dir + string(filepath.Separator) + target
		}
		path = target
	}
	return "", errTooManyLinks
}
