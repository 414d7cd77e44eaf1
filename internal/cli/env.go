package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"antechamber/internal/remote"
	"antechamber/internal/text"
)

type envCmd struct {
	Shell shell `env:"-" default:"sh" placeholder:"sh|bash|zsh|fish|powershell" help:"Shell syntax. Default: ${default}."`
	remoteFlags
}

func (envCmd) Help() string {
	return `The official SDKs read ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY; the key is --admin-key or else the organization's first admin key. Commands of antechamber read ANTECHAMBER_URL and, if you select an organization, ANTECHAMBER_ORGANIZATION. In sh, bash and zsh, run

  eval "$(antechamber env)"

In PowerShell, run antechamber env --shell powershell | Out-String | Invoke-Expression. If the server or the organization cannot be found, no variable is set and eval fails, so a command after && does not run with stale variables. --json prints the variables as an object.

Examples:

  antechamber env
  antechamber env --shell fish | source
  antechamber env --url http://127.0.0.1:4020 --json`
}

// shell is the name of a shell.
type shell string

// UnmarshalText reads one of the shells whose syntax is known.
func (s *shell) UnmarshalText(text []byte) error {
	return parseChoice(s, text, "sh", "bash", "zsh", "fish", "powershell")
}

// variable is an environment variable.
type variable struct{ name, value string }

// Run prints the variables. When it fails, a shell that evaluates its output fails
// too.
func (c *envCmd) Run(ctx context.Context, p *process, parsed *kong.Context) error {
	err := c.run(ctx, p, parsed)
	if err != nil && !c.JSON && c.Shell != "powershell" {
		writeFalse(p)
	}
	return err
}

// failShell is for arguments of env that cannot be parsed, so that neither shell nor
// form of the output are known.
func failShell(args []string, p *process) {
	if len(args) > 0 && args[0] == "env" && !slices.Contains(args, "--json") && !slices.Contains(args, "powershell") {
		writeFalse(p)
	}
}

// writeFalse writes a command that fails in a shell.
func writeFalse(p *process) {
	_, _ = io.WriteString(p.stdout, "false\n") // the exit code reports the failure anyway
}

func (c *envCmd) run(ctx context.Context, p *process, parsed *kong.Context) error {
	// ANTECHAMBER_JSON is meant for commands that print responses: a shell cannot
	// evaluate an object, so only the flag counts.
	c.JSON = c.JSON && slices.ContainsFunc(parsed.Path, func(part *kong.Path) bool { return part.Flag != nil && part.Flag.Name == "json" })
	flags := c.remoteFlags
	flags.JSON = false // a refusal is not printed as JSON
	server, err := serverURL(c.URL)
	if err != nil {
		return err
	}
	body, err := flags.with(ctx, p, inFlags(nil), func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		return plane.Do(ctx, http.MethodGet, "", nil)
	})
	if err != nil {
		return err
	}
	var m struct{ Organization selectedOrganization }
	if err := json.Unmarshal(body, &m); err != nil {
		return unexpectedResponse(err)
	}
	key, err := c.key(m.Organization)
	if err != nil {
		return err
	}
	url := strings.TrimRight(server.String(), "/")
	variables := []variable{{"ANTHROPIC_BASE_URL", url}, {"ANTHROPIC_API_KEY", key}, {"ANTECHAMBER_URL", url}}
	if c.AdminKey != nil || c.Organization != "" {
		variables = append(variables, variable{"ANTECHAMBER_ORGANIZATION", m.Organization.ID})
	}
	return c.print(p, variables)
}

// selectedOrganization is the organization that the variables select.
type selectedOrganization struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	AdminKey *string `json:"admin_key"`
}

// key returns the admin key for clients.
func (c *envCmd) key(o selectedOrganization) (string, error) {
	switch {
	case c.AdminKey != nil && c.Organization == "": // with both, the key may belong to another organization
		return *c.AdminKey, nil
	case o.AdminKey == nil:
		return "", fmt.Errorf("organization %s has no admin key", text.Quote(o.Name))
	}
	return *o.AdminKey, nil
}

func (c *envCmd) print(p *process, variables []variable) error {
	if c.JSON {
		object := map[string]string{}
		for _, v := range variables {
			object[v.name] = v.value
		}
		return printJSON(p.stdout, object)
	}
	var b bytes.Buffer
	for _, v := range variables {
		switch c.Shell {
		case "fish":
			fmt.Fprintf(&b, "set -gx %s '%s'\n", v.name, inFish.Replace(v.value))
		case "powershell":
			fmt.Fprintf(&b, "$env:%s = '%s'\n", v.name, inPowerShell.ReplaceAllString(v.value, "$0$0"))
		default:
			fmt.Fprintf(&b, "export %s=%s\n", v.name, shellQuote(v.value))
		}
	}
	_, err := p.stdout.Write(b.Bytes())
	return err
}

var (
	unquoted     = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)
	inFish       = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	inPowerShell = regexp.MustCompile(`['‘’‚‛]`) // each of them ends a quoted string
)

// shellQuote returns a word as a POSIX shell reads it.
func shellQuote(s string) string {
	if unquoted.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
