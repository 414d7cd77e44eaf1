package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms are the packages, each with those of ours that it may import.
// Imports run one way.
var rooms = map[string][]string{
	".":                  {"internal/cli"},
	"admintest":          {"api", "handlers", "internal/faults", "internal/inprocess", "internal/journal", "internal/limits", "internal/remedy", "internal/remote", "internal/server", "internal/text", "seed", "store"},
	"api":                {},
	"e2e":                {},
	"handlers":           {"api", "handlers/control", "internal/faults", "internal/journal", "internal/jsontree", "internal/limits", "internal/redact", "internal/server", "internal/text", "seed", "store"},
	"handlers/control":   {"api", "internal/duration", "internal/faults", "internal/journal", "internal/jsontree", "internal/limits", "internal/remedy", "internal/server", "internal/text", "seed", "store"},
	"internal/cli":       {"api", "handlers", "handlers/control", "internal/duration", "internal/guess", "internal/journal", "internal/jsontree", "internal/limits", "internal/pull", "internal/remedy", "internal/remote", "internal/server", "internal/statefile", "internal/text", "internal/wholefile", "seed", "store"},
	"internal/conform":   {"api"},
	"internal/duration":  {},
	"internal/faults":    {"api", "internal/duration", "internal/guess", "internal/jsontree", "internal/lists", "internal/pattern", "internal/remedy", "internal/text"},
	"internal/guess":     {},
	"internal/inprocess": {},
	"internal/journal":   {"api", "internal/guess", "internal/pattern", "internal/redact", "internal/remedy", "internal/text", "store"},
	"internal/jsontree":  {"internal/text"},
	"internal/limits":    {"api"},
	"internal/lists":     {},
	"internal/pattern":   {},
	"internal/pull":      {"api", "internal/redact", "internal/text", "seed"},
	"internal/redact":    {},
	"internal/remedy":    {"internal/guess", "internal/text"},
	"internal/remote":    {"api", "internal/remedy", "internal/text"},
	"internal/server":    {"internal/faults", "internal/journal", "internal/limits", "seed", "store"},
	"internal/statefile": {"api", "internal/jsontree", "internal/text", "internal/wholefile", "seed", "store"},
	"internal/text":      {"internal/redact"},
	"internal/wholefile": {},
	"seed":               {"api", "internal/duration", "internal/jsontree", "internal/lists", "internal/redact", "internal/text", "store"},
	"store":              {"api"},

	"admintest/samples/offboarding":  {},
	"admintest/samples/provisioning": {},
	"admintest/samples/reminder":     {},

	// Run by go generate.
	"internal/genoperations": {"api"},
}

// beyond are the libraries that a room may use. Tests may use more.
var beyond = map[string][]string{
	"handlers":          {"github.com/labstack/echo/v4"},
	"internal/cli":      {"github.com/alecthomas/kong"},
	"internal/conform":  {"github.com/getkin/kin-openapi/openapi3", "github.com/santhosh-tekuri/jsonschema/v6", "github.com/santhosh-tekuri/jsonschema/v6/kind", "go.yaml.in/yaml/v4"},
	"internal/jsontree": {"github.com/go-json-experiment/json/jsontext"},
	"store":             {"github.com/oklog/ulid/v2", "github.com/tidwall/btree"},

	"admintest/samples/offboarding":  {"github.com/anthropics/anthropic-sdk-go", "github.com/anthropics/anthropic-sdk-go/packages/pagination"},
	"admintest/samples/provisioning": {"github.com/anthropics/anthropic-sdk-go", "github.com/anthropics/anthropic-sdk-go/option", "github.com/anthropics/anthropic-sdk-go/packages/pagination"},
	"admintest/samples/reminder":     {"github.com/anthropics/anthropic-sdk-go"},
}

// eachFile calls f with every Go file of the module.
func eachFile(t *testing.T, f func(room, path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || path != "." && strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(filepath.Dir(path)), filepath.ToSlash(path), file, fset)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

func TestImportsRunOneWay(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(room, path string, file *ast.File, _ *token.FileSet) {
		seen[room] = true
		ours, known := rooms[room]
		if !known {
			t.Errorf("%s: package %s is not listed in rooms", path, room)
			return
		}
		if isTest(path) {
			return
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			inside, isOurs := strings.CutPrefix(imported, "antechamber/")
			first, _, _ := strings.Cut(imported, "/")
			switch {
			case inside == "internal/cli" && room != ".":
				t.Errorf("%s imports %s, which only main may", path, imported)
			case isOurs && !slices.Contains(ours, inside):
				t.Errorf("%s imports %s: %s may import %v", path, imported, room, ours)
			case !isOurs && strings.Contains(first, ".") && !slices.Contains(beyond[room], imported):
				t.Errorf("%s imports %s: %s may import %v", path, imported, room, beyond[room])
			}
		}
	})
	for room := range rooms {
		if !seen[room] {
			t.Errorf("there is no room %s", room)
		}
	}
}

// chance are the functions that make a run differ from the one before. The
// clock and id stream of an organization replace them. Only the files in
// realTime may call them.
var chance = map[string][]string{
	"time":         {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
	"math/rand":    nil, // all of it
	"math/rand/v2": nil,
	"crypto/rand":  nil,
}

// realTime are the files where real time enters, beside the command line, where
// the first id seed comes from too.
var realTime = []string{"store/clock.go", "internal/server/server.go"}

func TestTimeAndChanceComeFromTheStore(t *testing.T) {
	eachFile(t, func(room, path string, file *ast.File, fset *token.FileSet) {
		if room == "internal/cli" || slices.Contains(realTime, path) || isTest(path) {
			return
		}
		names := map[string]string{}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			functions, risky := chance[imported]
			switch {
			case !risky:
			case functions == nil:
				t.Errorf("%s imports %s", path, imported)
			case spec.Name != nil:
				names[spec.Name.Name] = imported
			default:
				names[filepath.Base(imported)] = imported
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(chance[names[x.Name]], s.Sel.Name) {
					t.Errorf("%s calls %s.%s", fset.Position(s.Pos()), x.Name, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// nouns are the objects of the Admin API, each with the rooms that have a file of
// its name: one place to go for whatever the room knows about it.
var nouns = map[string][]string{
	"organizations":     {"api", "store", "seed", "internal/pull", "handlers", "handlers/control"},
	"users":             {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "admintest"},
	"invites":           {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "admintest", "internal/remote"},
	"workspaces":        {"api", "store", "seed", "internal/pull", "handlers"},
	"workspace_members": {"api", "store", "seed", "internal/pull", "handlers"},
	"api_keys":          {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "admintest"},
}

func TestANounHasOneFileName(t *testing.T) {
	found := map[string][]string{}
	eachFile(t, func(room, path string, _ *ast.File, _ *token.FileSet) {
		noun := strings.TrimSuffix(filepath.Base(path), ".go")
		if _, ok := nouns[noun]; ok {
			found[noun] = append(found[noun], room)
		}
	})
	for noun, want := range nouns {
		if got := found[noun]; !slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))) {
			t.Errorf("%s.go is in %v, want %v", noun, got, want)
		}
	}
}

// What is served is listed beside the functions that serve it.
func TestRoutesAreBesideTheirHandlers(t *testing.T) {
	routes := 0
	eachFile(t, func(room, path string, file *ast.File, _ *token.FileSet) {
		if room != "handlers" && room != "handlers/control" || isTest(path) {
			return
		}
		functions := map[string]bool{}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				functions[f.Name.Name] = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			list, ok := n.(*ast.CompositeLit)
			if !ok || !isListOf(list.Type, "operation", "route") {
				return true
			}
			for _, route := range list.Elts {
				routes++
				if handler := handlerOf(route); !functions[handler] {
					t.Errorf("%s lists a route whose handler %q is not in that file", path, handler)
				}
			}
			return false
		})
	})
	if routes < 40 {
		t.Errorf("found only %d routes", routes)
	}
}

// isListOf reports whether an expression is the type of a slice of one of the
// types.
func isListOf(expr ast.Expr, types ...string) bool {
	list, ok := expr.(*ast.ArrayType)
	if !ok {
		return false
	}
	elem, ok := list.Elt.(*ast.Ident)
	return ok && slices.Contains(types, elem.Name)
}

// handlerOf returns the name of a route's handler: its field handle, which is
// the last one where fields are not named.
func handlerOf(route ast.Expr) string {
	fields := route.(*ast.CompositeLit).Elts
	handler := fields[len(fields)-1]
	for _, f := range fields {
		if named, ok := f.(*ast.KeyValueExpr); ok && named.Key.(*ast.Ident).Name == "handle" {
			handler = named.Value
		}
	}
	name, _ := handler.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

// The root holds no Go but the entry point: everything else has a package.
func TestTheRootIsEmpty(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"house_test.go", "main.go"}; !slices.Equal(files, want) {
		t.Errorf("the root holds %v, want %v", files, want)
	}
}

// The Dockerfile, the Makefile and TestBinary of internal/cli build alike.
func TestTheImageAndMakeBuildAlike(t *testing.T) {
	for _, name := range []string{"Dockerfile", "Makefile"} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`CGO_ENABLED=0[^"]* go build -trimpath -ldflags "-s -w -X main\.version=\S+ -X main\.commit=[^ "]+" -o`).Match(file) {
			t.Errorf("%s does not build as TestBinary does", name)
		}
	}
}
