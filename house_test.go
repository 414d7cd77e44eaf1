package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// packages lists the packages of the module, each with those that it may import.
// Imports run one way.
var packages = map[string][]string{
	".":                  {"internal/cli"},
	"admintest":          {"api", "handlers", "internal/faults", "internal/guess", "internal/inprocess", "internal/journal", "internal/limits", "internal/lists", "internal/remedy", "internal/remote", "internal/server", "internal/text", "internal/wholefile", "seed", "store"},
	"api":                {},
	"handlers":           {"api", "handlers/control", "internal/email", "internal/faults", "internal/hint", "internal/journal", "internal/jsontree", "internal/limits", "internal/redact", "internal/server", "internal/text", "seed", "store"},
	"handlers/control":   {"api", "internal/duration", "internal/email", "internal/faults", "internal/journal", "internal/jsontree", "internal/limits", "internal/pattern", "internal/remedy", "internal/server", "internal/text", "seed", "store"},
	"internal/cli":       {"api", "handlers", "handlers/control", "internal/duration", "internal/guess", "internal/journal", "internal/jsontree", "internal/limits", "internal/lists", "internal/pull", "internal/remedy", "internal/remote", "internal/server", "internal/statefile", "internal/text", "internal/wholefile", "seed", "store"},
	"internal/conform":   {"api", "internal/vendordoc"},
	"internal/duration":  {},
	"internal/email":     {},
	"internal/faults":    {"api", "internal/duration", "internal/guess", "internal/jsontree", "internal/lists", "internal/pattern", "internal/remedy", "internal/text"},
	"internal/guess":     {},
	"internal/hint":      {"api", "internal/guess", "internal/pattern", "internal/remedy", "internal/text"},
	"internal/inprocess": {},
	"internal/journal":   {"api", "internal/guess", "internal/pattern", "internal/redact", "internal/remedy", "internal/text", "store"},
	"internal/jsontree":  {"internal/text"},
	"internal/limits":    {"api", "internal/text"},
	"internal/lists":     {},
	"internal/pattern":   {},
	"internal/pull":      {"api", "internal/email", "internal/redact", "internal/text", "seed"},
	"internal/redact":    {},
	"internal/remedy":    {"internal/guess", "internal/text", "store"},
	"internal/remote":    {"api", "internal/email", "internal/remedy", "internal/text"},
	"internal/rename":    {},
	"internal/server":    {"internal/faults", "internal/journal", "internal/limits", "seed", "store"},
	"internal/statefile": {"api", "internal/jsontree", "internal/text", "internal/wholefile", "seed", "store"},
	"internal/text":      {"internal/redact"},
	"internal/wholefile": {},
	"seed":               {"api", "internal/duration", "internal/email", "internal/jsontree", "internal/lists", "internal/redact", "internal/text", "store"},
	"store":              {"api", "internal/email", "internal/lists", "internal/text"},

	// The module e2e.
	"e2e":                      {},
	"e2e/drift":                {"api", "internal/vendordoc"},
	"e2e/samples/offboarding":  {},
	"e2e/samples/provisioning": {},
	"e2e/samples/reminder":     {},

	// Run by go generate.
	"internal/generrors":     {"internal/vendordoc"},
	"internal/genoperations": {"api"},
	"internal/vendordoc":     {},
	"internal/genproduction": {"internal/vendordoc"},
}

// libraries lists the libraries that a package may import. Tests may import more.
var libraries = map[string][]string{
	"handlers":           {"github.com/labstack/echo/v4"},
	"internal/cli":       {"github.com/alecthomas/kong"},
	"internal/conform":   {"github.com/getkin/kin-openapi/openapi3", "github.com/santhosh-tekuri/jsonschema/v6", "github.com/santhosh-tekuri/jsonschema/v6/kind", "go.yaml.in/yaml/v4"},
	"internal/generrors": {"go.yaml.in/yaml/v4"},
	"internal/jsontree":  {"github.com/go-json-experiment/json/jsontext"},
	"store":              {"github.com/oklog/ulid/v2", "github.com/tidwall/btree"},
	"internal/email":     {"golang.org/x/net/idna", "golang.org/x/text/unicode/norm"},

	"e2e/drift":                {"go.yaml.in/yaml/v4"},
	"e2e/samples/offboarding":  {"github.com/anthropics/anthropic-sdk-go/v2", "github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"},
	"e2e/samples/provisioning": {"github.com/anthropics/anthropic-sdk-go/v2", "github.com/anthropics/anthropic-sdk-go/v2/option", "github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"},
	"e2e/samples/reminder":     {"github.com/anthropics/anthropic-sdk-go/v2"},
}

// testLibraries lists the libraries that tests of the main module may import, besides
// those in libraries. The go.sum of every module that uses admintest lists them, so
// they are few. Tests that need others, such as the official SDKs, are in the module
// e2e.
var testLibraries = []string{
	"github.com/getkin/kin-openapi/openapi3", "github.com/google/go-cmp/cmp", "github.com/google/go-cmp/cmp/cmpopts",
	"github.com/santhosh-tekuri/jsonschema/v6", "go.uber.org/goleak", "go.yaml.in/yaml/v4", "pgregory.net/rapid",
}

// modules lists the folders of the modules.
var modules = []string{".", "e2e"}

// moduleOf returns the folder of the module that a folder belongs to.
func moduleOf(folder string) string {
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil || folder == "." {
			return folder
		}
		folder = path.Dir(folder)
	}
}

// make check covers every Go file of the repository: each belongs to a module of the
// Makefile, and no go command passes over its folder.
func TestEveryFileIsInACheckedModule(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nMODULES = " + strings.Join(modules, " ") + "\n"; !strings.Contains(string(makefile), want) {
		t.Errorf("the Makefile has no line %q", want)
	}
	for _, target := range []string{"lint", "test"} {
		recipe := regexp.MustCompile(`(?m)^` + target + `:.*\n(\t.*\n)+`).Find(makefile)
		if !strings.Contains(string(recipe), "for module in $(MODULES)") {
			t.Errorf("make %s does not cover all modules:\n%s", target, recipe)
		}
	}
	listed := map[string]bool{}
	for _, module := range modules {
		list := exec.Command("go", "list", "-e", "-find", "-f", "{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}\n{{end}}"+
			"{{range .TestGoFiles}}{{$dir}}/{{.}}\n{{end}}{{range .XTestGoFiles}}{{$dir}}/{{.}}\n{{end}}{{range .IgnoredGoFiles}}{{$dir}}/{{.}}\n{{end}}", "./...")
		list.Dir = module
		out, err := list.CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		for file := range strings.FieldsSeq(string(out)) {
			listed[filepath.ToSlash(file)] = true
		}
	}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range filesOf(t, ".go") {
		if !listed[filepath.ToSlash(filepath.Join(root, file))] {
			t.Errorf("make check passes over %s", file)
		}
	}
	for _, file := range filesOf(t, ".mod") {
		if !slices.Contains(modules, path.Dir(file)) {
			t.Errorf("modules does not list %s", file)
		}
	}
}

// filesOf returns the files of the repository with the extension.
func filesOf(t *testing.T, extension string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || path != "." && strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case filepath.Ext(path) == extension:
			files = append(files, filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// eachFile calls f with every Go file of the module.
func eachFile(t *testing.T, f func(pkg, path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	for _, name := range filesOf(t, ".go") {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		f(path.Dir(name), name, file, fset)
	}
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

func TestImportsRunOneWay(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	module := string(regexp.MustCompile(`(?m)^module (\S+)$`).FindSubmatch(mod)[1])
	seen := map[string]bool{}
	eachFile(t, func(pkg, path string, file *ast.File, _ *token.FileSet) {
		seen[pkg] = true
		ours, known := packages[pkg]
		if !known {
			t.Errorf("%s: packages does not list %s", path, pkg)
			return
		}
		if isTest(path) {
			for _, spec := range file.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				first, _, _ := strings.Cut(imported, "/")
				if moduleOf(pkg) == "." && strings.Contains(first, ".") && !strings.HasPrefix(imported, module+"/") &&
					!slices.Contains(testLibraries, imported) && !slices.Contains(slices.Concat(slices.Collect(maps.Values(libraries))...), imported) {
					t.Errorf("%s imports %s: tests of the main module may import %v", path, imported, testLibraries)
				}
			}
			return
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			inside, isOurs := strings.CutPrefix(imported, module+"/")
			first, _, _ := strings.Cut(imported, "/")
			switch {
			case inside == "internal/cli" && pkg != ".":
				t.Errorf("%s imports %s, which only main may import", path, imported)
			case isOurs && !slices.Contains(ours, inside):
				t.Errorf("%s imports %s: %s may import %v", path, imported, pkg, ours)
			case !isOurs && strings.Contains(first, ".") && !slices.Contains(libraries[pkg], imported):
				t.Errorf("%s imports %s: %s may import %v", path, imported, pkg, libraries[pkg])
			}
		}
	})
	for pkg := range packages {
		if !seen[pkg] {
			t.Errorf("packages lists %s, which does not exist", pkg)
		}
	}
}

// nondeterministic lists the functions whose results differ from one run to the
// next. An organization's clock and id stream replace them; only the files in
// realTime may call them.
var nondeterministic = map[string][]string{
	"time":         {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
	"math/rand":    nil, // the whole package
	"math/rand/v2": nil,
	"crypto/rand":  nil,
}

// realTime lists the files that read the real time. So may internal/cli, which
// also draws the random id seed.
var realTime = []string{"store/clock.go", "internal/server/server.go"}

func TestTimeAndRandomnessComeFromTheStore(t *testing.T) {
	eachFile(t, func(pkg, path string, file *ast.File, fset *token.FileSet) {
		if pkg == "internal/cli" || slices.Contains(realTime, path) || isTest(path) {
			return
		}
		names := map[string]string{}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			functions, listed := nondeterministic[imported]
			switch {
			case !listed:
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
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(nondeterministic[names[x.Name]], s.Sel.Name) {
					t.Errorf("%s calls %s.%s", fset.Position(s.Pos()), x.Name, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// nouns lists the objects of the Admin API, each with the packages that have a
// file with its name.
var nouns = map[string][]string{
	"organizations":     {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "internal/cli"},
	"users":             {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "admintest"},
	"invites":           {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "admintest", "internal/remote"},
	"workspaces":        {"api", "store", "seed", "internal/pull", "handlers"},
	"workspace_members": {"api", "store", "seed", "internal/pull", "handlers"},
	"api_keys":          {"api", "store", "seed", "internal/pull", "handlers", "handlers/control", "admintest"},
}

func TestNounsHaveOneFileName(t *testing.T) {
	found := map[string][]string{}
	eachFile(t, func(pkg, path string, _ *ast.File, _ *token.FileSet) {
		noun := strings.TrimSuffix(filepath.Base(path), ".go")
		if _, ok := nouns[noun]; ok {
			found[noun] = append(found[noun], pkg)
		}
	})
	for noun, want := range nouns {
		if got := found[noun]; !slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))) {
			t.Errorf("%s.go is in %v, want %v", noun, got, want)
		}
	}
}

// Routes are listed in the file of their handlers.
func TestRoutesAreInTheFilesOfTheirHandlers(t *testing.T) {
	routes := 0
	eachFile(t, func(pkg, path string, file *ast.File, _ *token.FileSet) {
		if pkg != "handlers" && pkg != "handlers/control" || isTest(path) {
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
					t.Errorf("%s lists a route with the handler %q, which another file has", path, handler)
				}
			}
			return false
		})
	})
	if routes < 40 {
		t.Errorf("found only %d routes", routes)
	}
}

// isListOf reports whether expr is the type of a slice of one of types.
func isListOf(expr ast.Expr, types ...string) bool {
	list, ok := expr.(*ast.ArrayType)
	if !ok {
		return false
	}
	elem, ok := list.Elt.(*ast.Ident)
	return ok && slices.Contains(types, elem.Name)
}

// handlerOf returns the name of a route's handler: the field handle, or the last
// field if fields have no names.
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

// Everything but the entry point belongs to a package.
func TestTheRootHoldsOnlyMain(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"house_test.go", "main.go"}; !slices.Equal(files, want) {
		t.Errorf("the root holds %v, want %v", files, want)
	}
}

// The Dockerfile, the Makefile and TestBinary of internal/cli use the same flags.
func TestImageAndMakefileBuildAlike(t *testing.T) {
	for _, name := range []string{"Dockerfile", "Makefile"} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`CGO_ENABLED=0[^"]* go build -trimpath -ldflags "-s -w -X main\.version=\S+ -X main\.commit=[^ "]+" -o`).Match(file) {
			t.Errorf("%s does not build with the flags of TestBinary", name)
		}
	}
}

// translated matches words that a translation leaves behind, where plain English
// has "returns", "anyone who", "instead", "started" and "reports whether".
var translated = regexp.MustCompile(`(?i)\b(gives|whoever|stead|begun|thereof|anew|hands on|leads back|shall|tells(\s|//)+whether)\b`)

func TestTextIsPlainEnglish(t *testing.T) {
	check := func(path string, line int, text string) {
		for _, found := range translated.FindAllStringIndex(text, -1) {
			t.Errorf("%s:%d: %q is not plain English", path, line+strings.Count(text[:found[0]], "\n"), text[found[0]:found[1]])
		}
	}
	eachFile(t, func(_, path string, file *ast.File, fset *token.FileSet) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkNode := func(n ast.Node) {
			from, to := fset.Position(n.Pos()), fset.Position(n.End())
			check(path, from.Line, string(source[from.Offset:to.Offset]))
		}
		for _, group := range file.Comments {
			checkNode(group)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				return n.Names[0].Name != "translated"
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					checkNode(n)
				}
			}
			return true
		})
	})
	for _, path := range filesOf(t, ".md") {
		if path == "CHANGELOG.md" { // may name texts of the past
			continue
		}
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check(path, 1, string(page))
	}
}
