package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	Shell string `env:"-" enum:"sh,bash,zsh,fish,powershell" default:"sh" placeholder:"sh|bash|zsh|fish|powershell" help:"Whose words to use. Default ${default}."`
	remoteFlags
}

func (envCmd) Help() string {
	return `The official SDKs read ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY. The key is that of --admin-key or, without one, the first of the organization. The commands of antechamber read ANTECHAMBER_URL and, where you chose an organization, ANTECHAMBER_ORGANIZATION. Most often it is used as

  eval "$(antechamber env)"

When the server is not there, or does not know the organization, that changes nothing and fails, so that what follows && does not run with variables of before. In PowerShell it is antechamber env --shell powershell | Out-String | Invoke-Expression. With --json it is an object of all.

Examples:

  antechamber env
  antechamber env --shell fish | source
  antechamber env --url http://127.0.0.1:4020 --json`
}

// variable is one that a client of the API reads.
type variable struct{ name, value string }

// Run prints what makes a shell's clients talk to the server, or fails and makes
// a shell that evaluates it fail.
func (c *envCmd) Run(ctx context.Context, p *process, parsed *kong.Context) error {
	err := c.run(ctx, p, parsed)
	if err != nil && !c.JSON && c.Shell != "powershell" {
		_, _ = io.WriteString(p.stdout, "false\n") // the exit code tells of it, too
	}
	return err
}

func (c *envCmd) run(ctx context.Context, p *process, parsed *kong.Context) error {
	// The variable is for verbs that print what a server answered. What a shell
	// evaluates would be no object.
	c.JSON = c.JSON && slices.ContainsFunc(parsed.Path, func(part *kong.Path) bool { return part.Flag != nil && part.Flag.Name == "json" })
	asked := c.remoteFlags
	asked.JSON = false // the answer is not what is printed
	where, err := serverURL(c.URL)
	if err != nil {
		return err
	}
	answer, err := asked.with(ctx, p, inFlags(nil), func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		return plane.Do(ctx, http.MethodGet, "", nil)
	})
	if err != nil {
		return err
	}
	var m struct{ Organization clientsOrganization }
	if err := json.Unmarshal(answer, &m); err != nil {
		return fmt.Errorf("the server's answer is not what a control plane says: %w", err)
	}
	key, err := c.key(m.Organization)
	if err != nil {
		return err
	}
	at := strings.TrimRight(where.String(), "/")
	variables := []variable{{"ANTHROPIC_BASE_URL", at}, {"ANTHROPIC_API_KEY", key}, {"ANTECHAMBER_URL", at}}
	if c.AdminKey != nil || c.Organization != "" {
		variables = append(variables, variable{"ANTECHAMBER_ORGANIZATION", m.Organization.ID})
	}
	return c.print(p, variables)
}

// clientsOrganization is the organization that clients are to talk to.
type clientsOrganization struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	AdminKey *string `json:"admin_key"`
}

// key returns the admin key that clients are to send.
func (c *envCmd) key(o clientsOrganization) (string, error) {
	switch {
	case c.AdminKey != nil && c.Organization == "": // or else it may be another one's
		return *c.AdminKey, nil
	case o.AdminKey == nil:
		return "", errors.New("the organization " + text.Printable(o.Name) + " has no admin key")
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
			fmt.Fprintf(&b, "export %s=%s\n", v.name, quoted(v.value))
		}
	}
	_, err := p.stdout.Write(b.Bytes())
	return err
}

var (
	harmless     = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)
	inFish       = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	inPowerShell = regexp.MustCompile(`['‘’‚‛]`) // it takes all of them for the end of a text
)

// quoted is a word as a shell reads it.
func quoted(s string) string {
	if harmless.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
