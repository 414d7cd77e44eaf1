package cli

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"antechamber/api"
)

// badValues has a bad value of each flag with an environment variable.
var badValues = map[string]string{
	"addr": "localhost", "expose": "perhaps", "seed": "none.json", "admin-key": "sk-ant-api03-x", "state-file": "none/state.json",
	"unknown-keys": "x", "clock": "x", "id-seed": "x", "errors": "x", "rate-limit": "x", "control-token": "a b", "cors": "x",
	"journal-size": "x", "log": "x", "log-level": "x", "json": "x", "url": "localhost:4020", "timeout": "x", "from": "x",
	"organization": "00000000-0000-4000-8000-000000000009", "fork-ttl": "x", "allow-host": "a b",
}

// TestErrorsNameTheVariable sets each variable to a bad value.
func TestErrorsNameTheVariable(t *testing.T) {
	s := startServer(t, "", "--seed", "empty")
	nodes := map[string]*kong.Node{}
	for _, node := range commands() {
		nodes[strings.TrimPrefix(node.FullPath(), "antechamber ")] = node
	}
	for name, args := range map[string]string{
		"serve": "", "wait": "", "validate": "file.json", "clock show": "", "pull": "--out -", "version": "",
	} {
		for _, flag := range nodes[name].Flags {
			if len(flag.Envs) == 0 {
				continue
			}
			t.Run(name+" "+flag.Envs[0], func(t *testing.T) {
				args := strings.Fields(name + " " + args)
				switch {
				case name == "serve" && flag.Name != "addr":
					t.Setenv("ANTECHAMBER_ADDR", "127.0.0.1:0")
				case name == "clock show" && flag.Name != "url":
					t.Setenv("ANTECHAMBER_URL", s.url)
				}
				if badValues[flag.Name] == "" {
					t.Fatalf("no bad value of --%s is known", flag.Name)
				}
				t.Setenv(flag.Envs[0], badValues[flag.Name])
				code, _, stderr := execute(t, "", args...)
				if code == exitFine || !strings.Contains(stderr, "(from "+flag.Envs[0]) {
					t.Errorf("exit code %d: %s", code, stderr)
				}
			})
		}
	}
}

// The flag wins over the variable, so an error of its value has nothing to do with
// the variable.
func TestErrorsOfFlagsDoNotNameTheVariable(t *testing.T) {
	t.Setenv("ANTECHAMBER_SEED", "empty")
	if _, _, stderr := execute(t, "", "--seed", "none.json"); strings.Contains(stderr, "ANTECHAMBER") {
		t.Error(stderr)
	}
}

// A server that does not answer may be the wrong one.
func TestUnreachableNamesTheVariable(t *testing.T) {
	for _, variable := range []string{"ANTECHAMBER_ADDR", "ANTECHAMBER_URL"} {
		value := strings.TrimPrefix("http://127.0.0.1:1", map[string]string{"ANTECHAMBER_ADDR": "http://"}[variable])
		for _, command := range []string{"clock", "wait --timeout 0"} {
			t.Run(variable+" "+command, func(t *testing.T) {
				t.Setenv(variable, value)
				if _, _, stderr := execute(t, "", strings.Fields(command)...); !strings.Contains(strings.Split(stderr, "\n")[0], "(from "+variable) {
					t.Error(stderr)
				}
			})
		}
	}
}

func TestUnknownVariablesAreReported(t *testing.T) {
	t.Setenv("ANTECHAMBER_SEEED", "demo")
	t.Setenv("ANTECHAMBER_FOO", "x") // not similar, although most of it is the prefix
	t.Setenv("ANTECHAMBER_SOMETHING_ELSE", "x")
	_, _, stderr := execute(t, "", "version")
	want := "antechamber: unknown environment variable ANTECHAMBER_FOO\n" +
		`antechamber: unknown environment variable ANTECHAMBER_SEEED (did you mean "ANTECHAMBER_SEED"?)` + "\n" +
		"antechamber: unknown environment variable ANTECHAMBER_SOMETHING_ELSE\n"
	if stderr != want {
		t.Errorf("got %q, want %q", stderr, want)
	}
	s := startServer(t, "", "--seed", "empty", "--log", "json")
	for _, part := range []string{`"level":"WARN","msg":"unknown environment variable (did you mean \"ANTECHAMBER_SEED\"?)","name":"ANTECHAMBER_SEEED"`, `"name":"ANTECHAMBER_SOMETHING_ELSE"`} {
		if !strings.Contains(s.stderr.String(), part) {
			t.Errorf("the log has no %s: %s", part, s.stderr)
		}
	}
}

// No flag takes an empty string: it is the value of an unset variable of a script.
func TestEmptyValuesAreRefused(t *testing.T) {
	tested := 0
	for _, node := range commands() {
		if len(node.Children) > 0 {
			continue
		}
		args := strings.Fields(node.FullPath())[1:]
		for _, argument := range node.Positional {
			if argument.Required {
				args = append(args, "1h")
			}
		}
		for _, flag := range node.Flags {
			target := flag.Target.Type()
			if target.Kind() == reflect.Pointer {
				target = target.Elem()
			}
			if target.Kind() != reflect.String && target.Kind() != reflect.Slice {
				continue
			}
			tested++
			// --from comes first, as kong reports required flags after bad values.
			code, _, stderr := execute(t, "", append(slices.Clone(args), "--"+flag.Name+"=")...)
			if code != exitBadInput || !strings.Contains(stderr, "--"+flag.Name) && !strings.Contains(stderr, "is required") {
				t.Errorf("%v --%s=: exit code %d: %s", args, flag.Name, code, stderr)
			}
		}
	}
	if tested < 50 {
		t.Errorf("%d flags were tested", tested)
	}
}

// The same goes for files: export "$FILE" must not print the keys, for example.
func TestEmptyFilesAreRefused(t *testing.T) {
	for _, node := range commands() {
		for _, argument := range node.Positional {
			if argument.Name == "FILE" {
				want := "antechamber: invalid <FILE> \"\": want a non-empty value (see " + node.FullPath() + " --help)\n"
				wantRefusal(t, exitBadInput, want, append(strings.Fields(node.FullPath())[1:], "")...)
			}
		}
	}
}

func TestControlTokensPassOneCheck(t *testing.T) {
	for _, token := range []string{"a b", "tok\n", "tok\r", "\x00", "t\x7f", "schlüssel", strings.Repeat("x", 257)} {
		want := "antechamber: invalid --control-token: want " + api.TokenForm
		for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"clock"}} {
			code, _, stderr := execute(t, "", append(args, "--control-token", token)...)
			if code != exitBadInput || !strings.HasPrefix(stderr, want) || strings.Contains(stderr, token) {
				t.Errorf("%v with the token %q: exit code %d: %s", args, token, code, stderr)
			}
		}
	}
}

func TestGivenControlTokenIsNotPrinted(t *testing.T) {
	token := strings.Repeat("s~!", 85) + "s" // 256 characters
	for _, form := range []string{"text", "json"} {
		s := startServer(t, "", "--addr", ":0", "--expose", "--seed", "empty", "--log", form, "--control-token", token)
		if strings.Contains(s.startLine+s.stderr.String(), token) {
			t.Errorf("--log %s prints the token: %s", form, s.startLine)
		}
		if code, _, stderr := execute(t, "", "clock", "--url", s.url, "--control-token", token); code != exitFine {
			t.Errorf("the token is refused: %s", stderr)
		}
	}
}
