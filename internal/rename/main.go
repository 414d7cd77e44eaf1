// Command rename changes the path of the module, for owners who publish it under
// their own:
//
//	go run ./internal/rename example.com/acme/antechamber
//
// It rewrites every go.mod, and the import paths in every text file: in imports,
// strings and comments of Go, in Markdown and in build files. It imports no package
// of the module, so that it still builds if a run was interrupted: run it again.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/rename example.com/acme/antechamber")
		os.Exit(2)
	}
	if err := rename(".", os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(1)
	}
}

var (
	modulePath = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+(/[\w~-]+(\.[\w~-]+)*)*$`)
	badVersion = regexp.MustCompile(`/v(0\d*|1)$`) // major versions in paths begin with v2

	majorVersion = regexp.MustCompile(`/(v\d+)$`)
)

// rename changes the path of the module in the folder root, and reports how many
// files it changes.
func rename(root, path string, report io.Writer) error {
	if !modulePath.MatchString(path) || badVersion.MatchString(path) {
		return fmt.Errorf("invalid module path %q: want a host and a path, such as example.com/acme/antechamber", path)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil { // go mod edit would find a parent's
		return errors.New("no go.mod here: run it at the root of the repository")
	}
	if _, err := goCommand(root, "mod", "edit", "-print", "-module="+path).Output(); err != nil {
		return fmt.Errorf("go mod edit: %w", err)
	}
	out, err := goCommand(root, "list", "-m").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	old := strings.TrimSpace(string(out))
	if old == path {
		return fmt.Errorf("the module path is %s already", path)
	}
	folders, modules, err := foldersOf(root)
	if err != nil {
		return err
	}
	// Clones, images and User-Agents are named antechamber too. The module path is
	// what a folder with packages, a version or a replacement follows.
	uses := regexp.MustCompile(`(^|[^\w./-])` + regexp.QuoteMeta(old) + `(/(?:` + strings.Join(folders, "|") + `)\b|@v\d| v0\.0\.0\b|=[./~$]| =>)`)

	changed := 1 + len(modules) // go.mod files
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || entry.Name() == "go.mod":
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil || !uses.Match(content) || !utf8.Valid(content) { // a binary is not text
			return err
		}
		changed++
		return os.WriteFile(file, uses.ReplaceAll(content, []byte("${1}"+path+"${2}")), 0o644)
	})
	if err != nil {
		return err
	}
	version := "v0.0.0"
	if major := majorVersion.FindStringSubmatch(path); major != nil {
		version = major[1] + ".0.0" // a path that ends in /v2 requires a version of v2
	}
	for _, folder := range modules { // each requires the main module, from its folder
		back, err := filepath.Rel(filepath.Join(root, folder), root)
		if err != nil {
			return err
		}
		edit := goCommand(filepath.Join(root, folder), "mod", "edit", "-module="+path+"/"+filepath.ToSlash(folder),
			"-droprequire="+old, "-dropreplace="+old, "-require="+path+"@"+version, "-replace="+path+"="+filepath.ToSlash(back)+"/")
		if err := edit.Run(); err != nil {
			return fmt.Errorf("go mod edit in %s: %w", folder, err)
		}
	}
	if err := goCommand(root, "mod", "edit", "-module="+path).Run(); err != nil { // last: it has the old path
		return fmt.Errorf("go mod edit: %w", err)
	}
	fmt.Fprintf(report, "renamed %s to %s in %d files\n", old, path, changed)
	return nil
}

// foldersOf returns the folders of the root that have packages, and the folders of the
// modules inside the main one.
func foldersOf(root string) (folders, modules []string, err error) {
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		inside, err := filepath.Rel(root, file)
		if err != nil || !strings.ContainsRune(inside, filepath.Separator) {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
		if filepath.Ext(file) == ".go" && !slices.Contains(folders, top) {
			folders = append(folders, top)
		}
		if entry.Name() == "go.mod" {
			modules = append(modules, filepath.Dir(inside))
		}
		return nil
	})
	return folders, modules, err
}

// goCommand returns a go command that runs in root.
func goCommand(root string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	return cmd
}
