package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"antechamber/seed"
)

// written returns the files in the working directory and one level below.
func written(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*", "*/*"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			if content, err := os.ReadFile(name); err == nil {
				all[name] = string(content)
			}
		}
	}
	return all
}

func TestInit(t *testing.T) {
	t.Chdir(t.TempDir())
	wantOutput(t, "wrote seed.json, a small organization to edit\nwrote seed.schema.json, for editor completion and validation\nserve it with: antechamber --seed seed.json\n", "", "init")
	want := map[string]string{"seed.json": string(seed.Starter), "seed.schema.json": string(seed.Schema)}
	if diff := cmp.Diff(want, written(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantOutput(t, "seed.json: ok, 1 organization, 6 users, 4 invites, 3 workspaces, 5 API keys\n", "", "validate", "seed.json")
	if got := startServer(t, "", "--seed", "seed.json").organization(defaultAdminKey); got != "Blue Heron Books" {
		t.Errorf("it serves %q", got)
	}
	wantOutput(t, "wrote seeds/acme.json, a small organization to edit\nwrote seeds/seed.schema.json, for editor completion and validation\nserve it with: antechamber --seed seeds/acme.json\n", "", "init", "seeds/acme.json")
	wantOutput(t, "wrote demo, a small organization to edit\nwrote seed.schema.json, for editor completion and validation\nserve it with: antechamber --seed ./demo\n", "", "init", "demo")
	wantOutput(t, "wrote it's.json, a small organization to edit\nwrote seed.schema.json, for editor completion and validation\nserve it with: antechamber --seed 'it'\\''s.json'\n", "", "init", "it's.json")
}

func TestStarterMatchesItsSchema(t *testing.T) {
	var schema, starter any
	for content, into := range map[string]*any{string(seed.Schema): &schema, string(seed.Starter): &starter} {
		if err := json.Unmarshal([]byte(content), into); err != nil {
			t.Fatal(err)
		}
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://seed.invalid/schema.json", schema); err != nil {
		t.Fatal(err)
	}
	if err := c.MustCompile("https://seed.invalid/schema.json").Validate(starter); err != nil {
		t.Error(err)
	}
	if got := starter.(map[string]any)["$schema"]; got != "./"+schemaFile {
		t.Errorf("its schema is %v", got)
	}
}

func TestInitDoesNotOverwrite(t *testing.T) {
	for _, existing := range []string{"seed.json", "seed.schema.json"} {
		before := map[string]string{existing: "mine"}
		files(t, before)
		wantRefusal(t, exitBadInput, "antechamber: "+existing+" already exists (use --force to overwrite it; nothing was written)\n", "init")
		if diff := cmp.Diff(before, written(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if code, _, stderr := execute(t, "", "init", "--force"); code != exitFine {
			t.Errorf("with --force: exit code %d: %s", code, stderr)
		}
		if got := written(t)[existing]; got == "mine" {
			t.Errorf("--force did not overwrite %s", existing)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	files(t, map[string]string{"file": "mine"})
	if err := os.Symlink(os.DevNull, "device.json"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "device.json"}, {"init", "device.json", "--force"}} {
		wantRefusal(t, exitBadInput, "antechamber: cannot write device.json: not a regular file (nothing was written)\n", args...)
	}
	os.Remove("device.json")
	wantRefusal(t, exitBadInput, "antechamber: cannot write file/a.json: not a directory\n", "init", "file/a.json")
	for _, file := range []string{"", "-", "seed.schema.json"} {
		code, stdout, stderr := execute(t, "", "init", file)
		if code != exitBadInput || stdout != "" || stderr == "" {
			t.Errorf("init %q exits with %d: %s%s", file, code, stdout, stderr)
		}
	}
	if got := written(t); len(got) > 1 {
		t.Errorf("left behind: %v", got)
	}
}

func TestInitWritesIntoADirectory(t *testing.T) {
	files(t, nil)
	if err := os.Mkdir("existing", 0o700); err != nil {
		t.Fatal(err)
	}
	for directory, file := range map[string]string{"seeds/": "seeds/seed.json", "a/b/": "a/b/seed.json", "existing": "existing/seed.json", ".": "seed.json"} {
		code, stdout, stderr := execute(t, "", "init", directory)
		if code != exitFine || !strings.Contains(stdout, "antechamber --seed "+file+"\n") {
			t.Errorf("init %s exits with %d: %s%s", directory, code, stdout, stderr)
		}
		for _, name := range []string{file, filepath.Join(filepath.Dir(file), schemaFile)} {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
		}
	}
}
