package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"antechamber/internal/remote"
)

type envCmd struct {
	Shell string `env:"-" enum:"sh,fish,powershell" default:"sh" placeholder:"sh|fish|powershell" help:"Whose words to use. Default ${default}."`
	remoteFlags
}

func (envCmd) Help() string {
	return `The official SDKs read ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY. The key is that of --admin-key or, without one, the first of the organization. Nothing is printed unless the server is there and knows the organization, so that a shell changes nothing then. Most often it is used as

  eval "$(antechamber env)"

and in PowerShell as antechamber env --shell powershell | Out-String | Invoke-Expression. With --json it is an object of both.

Examples:

  antechamber env
  antechamber env --shell fish | source
  antechamber env --url http://127.0.0.1:4020 --json`
}

// variable is one that a client of the API reads.
type variable struct{ name, value string }

// Run prints what makes a shell's clients talk to the server.
func (c *envCmd) Run(ctx context.Context, p *process, parsed *kong.Context) error {
	// The variable is for verbs that print what a server answered. What a shell
	// evaluates would be no object.
	c.JSON = c.JSON && slices.ContainsFunc(parsed.Path, func(part *kong.Path) bool { return part.Flag != nil && part.Flag.Name == "json" })
	asked := c.remoteFlags
	asked.JSON = false // the answer is not what is printed
	where, err := serverURL(c.URL)
	if err != nil {
		return err
	}
	answer, err := asked.with(ctx, p, func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		return plane.Do(ctx, http.MethodGet, "", nil)
	})
	if err != nil {
		return err
	}
	key, err := c.key(answer)
	if err != nil {
		return err
	}
	return c.print(p, []variable{{"ANTHROPIC_BASE_URL", strings.TrimRight(where.String(), "/")}, {"ANTHROPIC_API_KEY", key}})
}

// key gives the admin key that clients are to send.
func (c *envCmd) key(manifest []byte) (string, error) {
	var m struct {
		Organization struct {
			Name     string  `json:"name"`
			AdminKey *string `json:"admin_key"`
		} `json:"organization"`
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		return "", fmt.Errorf("the server's answer is not what a control plane says: %w", err)
	}
	switch {
	case c.AdminKey != nil && c.Organization == "": // or else it may be another one's
		return *c.AdminKey, nil
	case m.Organization.AdminKey == nil:
		return "", errors.New("the organization " + plain(m.Organization.Name) + " has no admin key")
	}
	return *m.Organization.AdminKey, nil
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
