package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"antechamber/seed"
)

// Seeds: a valid one, one that is invalid at any time, and one that is invalid
// only by the clock.
const (
	validSeed = `{"name": "Acme",
  "users": [{"email": "jane@example.com", "role": "admin"}],
  "workspaces": [{"name": "One"}, {"name": "Two"}]}`
	invalidSeed = `{"name": "Acme", "user": [],
  "users": [{"email": "jane", "role": "admin"}]}`
	futureSeed = `{"name": "Acme",
  "users": [{"email": "jane@example.com", "role": "admin"}],
  "api_keys": [{"name": "CI", "created_by": "jane@example.com", "status": "expired",
   "created_at": "2020-01-01T00:00:00Z", "expires_at": "9000-01-01T00:00:00Z"}]}`
)

// files writes files into a new directory and changes to it.
func files(t *testing.T, contents map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

func TestValidate(t *testing.T) {
	files(t, map[string]string{"valid.json": validSeed, "invalid.json": invalidSeed, "future.json": futureSeed})
	const (
		validLine    = ": ok, 1 organization, 1 user, 0 invites, 2 workspaces, 0 API keys\n"
		invalidLines = `:1:18: /user: unknown field "user" (allowed: $schema, id, name, admin_keys, settings, clock, ids, default_workspace, users, invites, workspaces, api_keys, removed)
invalid.json:2:23: /users/0/email: invalid email "jane": want an email address
`
	)
	for _, test := range []struct {
		name           string
		stdin          string
		files          []string
		code           int
		stdout, stderr string
	}{
		{
			name: "valid", files: []string{"valid.json"},
			code: exitFine, stdout: "valid.json" + validLine,
		},
		{
			name: "standard input", stdin: validSeed, files: []string{"-", "valid.json"},
			code: exitFine, stdout: "stdin" + validLine + "valid.json" + validLine,
		},
		{
			name: "invalid", files: []string{"invalid.json"},
			code: exitBadInput, stderr: "invalid.json" + invalidLines + "antechamber: 2 errors in 1 of 1 file\n",
		},
		{
			name: "several", files: []string{"invalid.json", "valid.json", "none.json", "-"},
			code: exitBadInput, stdout: "valid.json" + validLine,
			stderr: "invalid.json" + invalidLines + "stdin:1:1: invalid JSON: unexpected end of input\n" +
				"antechamber: cannot read seed none.json: no such file or directory\nantechamber: 3 errors in 2 of 4 files\n",
		},
		{
			name: "unreadable", files: []string{"none.json", "."},
			code: exitBadInput, stderr: "antechamber: cannot read seed none.json: no such file or directory\n" +
				"antechamber: cannot read seed .: is a directory\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, test.stdin, append([]string{"validate"}, test.files...)...)
			if code != test.code {
				t.Errorf("the exit code is %d, want %d", code, test.code)
			}
			if diff := cmp.Diff(test.stdout, stdout); diff != "" {
				t.Errorf("standard output (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.stderr, stderr); diff != "" {
				t.Errorf("standard error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateKnowsTheTime(t *testing.T) {
	files(t, map[string]string{"future.json": futureSeed})
	if code, _, stderr := execute(t, "", "validate", "future.json"); code != exitBadInput {
		t.Errorf("with a key that expired in the year 9000, exit code %d: %s", code, stderr)
	}
}

func TestValidateAsJSON(t *testing.T) {
	files(t, map[string]string{"valid.json": validSeed, "invalid.json": invalidSeed})
	code, stdout, _ := execute(t, "", "validate", "--json", "valid.json", "invalid.json")
	var got []seed.Fault
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitBadInput {
		t.Fatalf("exit code %d, %v:\n%s", code, err, stdout)
	}
	want := []seed.Fault{
		{File: "invalid.json", Line: 1, Column: 18, Pointer: "/user"},
		{File: "invalid.json", Line: 2, Column: 23, Pointer: "/users/0/email", Message: `invalid email "jane": want an email address`},
	}
	want[0].Message = got[0].Message // checked above
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(seed.Fault{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if code, stdout, stderr := execute(t, "", "validate", "--json", "valid.json"); code != exitFine || stdout != "[]\n" || stderr != "" {
		t.Errorf("without faults: exit code %d: %s%s", code, stdout, stderr)
	}
}

// The schema that init writes matches *.json, too.
func TestValidateSkipsTheSchema(t *testing.T) {
	files(t, nil)
	if code, _, stderr := execute(t, "", "init", "seeds/"); code != exitFine {
		t.Fatal(stderr)
	}
	wantOutput(t, "seeds/seed.json: ok, 1 organization, 6 users, 4 invites, 3 workspaces, 5 API keys\n",
		"antechamber: seeds/seed.schema.json: skipped (the JSON Schema of seeds)\n", "validate", "seeds/seed.json", "seeds/seed.schema.json")
}
