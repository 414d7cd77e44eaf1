// Command drift reports how the Admin API of the vendor's newest SDKs differs from ours:
//
//	make drift
//
// It looks up the newest versions of the SDKs for Go and TypeScript, and compares the
// OpenAPI document in the Go SDK with the one in the version that e2e/go.mod requires,
// and with api/openapi.yaml. It needs the network and npm. It exits with 1 if something
// differs that known.txt does not list, and with 2 if it cannot find out.
package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"antechamber/api"
	"antechamber/internal/vendordoc"
)

func main() {
	drifted, err := report(os.Stdout, registries{})
	if err != nil {
		fmt.Fprintln(os.Stderr, "drift:", err)
		os.Exit(2)
	}
	if drifted {
		os.Exit(1)
	}
}

// known has patterns of the intended differences between the vendor's document and ours.
//
//go:embed known.txt
var known string

// prefix is the prefix of the Admin API's paths.
const prefix = "/v1/organizations"

// lookup finds out about published SDKs.
type lookup interface {
	// newestGo returns the newest version of a Go module, or "" if there is no such module.
	newestGo(module string) (string, error)
	// newestNPM returns the newest version of an npm package.
	newestNPM(name string) (string, error)
	// document returns the OpenAPI document in a version of a Go module.
	document(module, version string) ([]byte, error)
}

// tested is a version of the SDKs that the end-to-end tests use.
type tested struct {
	goModule, goVersion string
	nextMajor           string // the path that the next major version of the Go module will have
	document            []byte // of the Go module
	npmName, npmVersion string
}

// report writes what differs, and reports whether anything does.
func report(w io.Writer, l lookup) (drifted bool, err error) {
	t, err := readTested()
	if err != nil {
		return false, err
	}
	newestGo, err := l.newestGo(t.goModule)
	if err != nil {
		return false, err
	}
	next, err := l.newestGo(t.nextMajor)
	if err != nil {
		return false, err
	}
	newestNPM, err := l.newestNPM(t.npmName)
	if err != nil {
		return false, err
	}
	version := func(name, have, newest string) {
		if have == newest {
			fmt.Fprintf(w, "%s %s is the newest version\n", name, have)
			return
		}
		fmt.Fprintf(w, "%s %s is tested, and %s is the newest version\n", name, have, newest)
		drifted = true
	}
	version(t.goModule, t.goVersion, newestGo)
	version(t.npmName, t.npmVersion, newestNPM)
	newestModule := t.goModule
	if next != "" {
		fmt.Fprintf(w, "%s %s is a new major version\n", t.nextMajor, next)
		newestModule, newestGo, drifted = t.nextMajor, next, true
	}

	newest := t.document
	if newestModule != t.goModule || newestGo != t.goVersion {
		if newest, err = l.document(newestModule, newestGo); err != nil {
			return drifted, err
		}
	}
	changed, err := compareVendors(t.document, newest)
	if err != nil {
		return drifted, err
	}
	unknown, err := compareOurs(newest)
	if err != nil {
		return drifted, err
	}
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		drifted = true
		fmt.Fprintf(w, "\n%s:\n", title)
		for _, line := range lines {
			fmt.Fprintln(w, " ", line)
		}
	}
	section("The vendor's document since "+t.goVersion, changed)
	section("The vendor's document against api/openapi.yaml, without what e2e/drift/known.txt lists", unknown)
	if !drifted {
		fmt.Fprintln(w, "no drift")
	}
	return drifted, nil
}

// compareVendors returns what changed between two documents of the vendor: operations
// of the Admin API, and everything about those of ours.
func compareVendors(before, after []byte) ([]string, error) {
	old, err := read(before)
	if err != nil {
		return nil, err
	}
	now, err := read(after)
	if err != nil {
		return nil, err
	}
	ours, err := ourOperations()
	if err != nil {
		return nil, err
	}
	lines := differences(old.operations(prefix), now.operations(prefix))
	for _, line := range differences(old.describe("", ours), now.describe("", ours)) {
		if strings.Contains(line, ": ") { // not the operation itself
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// compareOurs returns what a document of the vendor has (+) and lacks (-) in comparison
// with ours, unless a pattern of known.txt matches it, and the patterns that match
// nothing (?).
func compareOurs(vendor []byte) ([]string, error) {
	lines, err := ourDifferences(vendor)
	if err != nil {
		return nil, err
	}
	return withoutKnown(lines, known), nil
}

func withoutKnown(lines []string, known string) (unknown []string) {
	matched := map[string]bool{}
	for pattern := range strings.Lines(known) {
		pattern = strings.TrimSpace(pattern)
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		found := false
		expr := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		for _, line := range lines {
			if expr.MatchString(line) {
				matched[line], found = true, true
			}
		}
		if !found {
			unknown = append(unknown, "? known.txt lists what no longer differs: "+pattern)
		}
	}
	for _, line := range lines {
		if !matched[line] {
			unknown = append(unknown, line)
		}
	}
	return unknown
}

// ourDifferences returns what a document of the vendor has and lacks in comparison with
// ours. Ours has one list of error codes for all operations.
func ourDifferences(vendor []byte) ([]string, error) {
	theirs, err := read(vendor)
	if err != nil {
		return nil, err
	}
	own, err := read(api.OpenAPI)
	if err != nil {
		return nil, err
	}
	operations, err := ourOperations()
	if err != nil {
		return nil, err
	}
	return differences(withoutCodes(own.describe(api.BasePath, operations)), withoutCodes(theirs.describe("", operations))), nil
}

// withoutCodes replaces the error codes of operations by those of all.
func withoutCodes(f facts) facts {
	all := facts{}
	for fact := range f {
		if _, code, ok := strings.Cut(fact, ": error code "); ok {
			fact = "error code " + code
		}
		all[fact] = true
	}
	return all
}

// ourOperations returns the operations of api/openapi.yaml.
func ourOperations() (facts, error) {
	own, err := read(api.OpenAPI)
	if err != nil {
		return nil, err
	}
	all := facts{}
	for operation := range own.operations("") {
		method, path, _ := strings.Cut(operation, " ")
		all[method+" "+api.BasePath+path] = true
	}
	return all, nil
}

var (
	goRequirement = regexp.MustCompile(`(github\.com/anthropics/anthropic-sdk-go/v(\d+)) (v\S+)`)
	npmAlias      = regexp.MustCompile(`npm:(@anthropic-ai/sdk)@([^"]+)"`)
)

// readTested reads the versions that the module e2e requires.
func readTested() (t tested, err error) {
	root, err := vendordoc.Module()
	if err != nil {
		return t, err
	}
	mod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		return t, err
	}
	found := goRequirement.FindSubmatch(mod)
	if found == nil {
		return t, errors.New("e2e/go.mod requires no SDK")
	}
	major, err := strconv.Atoi(string(found[2]))
	if err != nil {
		return t, err
	}
	t.goModule, t.goVersion = string(found[1]), string(found[3])
	t.nextMajor = strings.TrimSuffix(t.goModule, string(found[2])) + strconv.Itoa(major+1)
	packages, err := os.ReadFile(root + "/ts/package.json")
	if err != nil {
		return t, err
	}
	all := npmAlias.FindAllSubmatch(packages, -1)
	if all == nil {
		return t, errors.New("e2e/ts/package.json requires no SDK")
	}
	newest := all[len(all)-1] // they are in the order of their versions
	t.npmName, t.npmVersion = string(newest[1]), string(newest[2])
	t.document, err = vendordoc.Read(vendordoc.Newest)
	return t, err
}

// registries looks up SDKs with the go command and npm.
type registries struct{}

func (registries) newestGo(module string) (string, error) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module+"@latest")
	list.Dir = os.TempDir() // outside the module, whose own requirements do not matter
	var stderr strings.Builder
	list.Stderr = &stderr
	// The repository of a path that no proxy knows need not be asked.
	list.Env = append(os.Environ(), "GOWORK=off", "GOPROXY="+proxies(), "GOFLAGS=-mod=mod")
	out, err := list.Output()
	if err != nil {
		if regexp.MustCompile(`404 Not Found|410 Gone|no matching versions`).MatchString(stderr.String()) {
			return "", nil
		}
		return "", fmt.Errorf("go list -m %s@latest: %w: %s", module, err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// proxies returns the module proxies of the go command, without direct.
func proxies() string {
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	list := strings.FieldsFunc(strings.TrimSpace(string(out)), func(r rune) bool { return r == ',' || r == '|' })
	var kept []string
	for _, proxy := range list {
		if proxy != "direct" {
			kept = append(kept, proxy)
		}
	}
	if err != nil || len(kept) == 0 {
		return "direct"
	}
	return strings.Join(kept, ",")
}

func (registries) newestNPM(name string) (string, error) {
	view := exec.Command("npm", "view", name, "version", "--json")
	var stderr strings.Builder
	view.Stderr = &stderr
	out, err := view.Output()
	if err != nil {
		return "", fmt.Errorf("npm view %s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	var version string
	if err := json.Unmarshal(out, &version); err != nil {
		return "", fmt.Errorf("npm view %s: %w", name, err)
	}
	return version, nil
}

func (registries) document(module, version string) ([]byte, error) {
	path, err := vendordoc.PathIn(os.TempDir(), module+"@"+version)
	if err != nil {
		return nil, err
	}
	return vendordoc.ReadFile(path)
}
