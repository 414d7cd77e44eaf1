package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"antechamber/internal/text"
)

type importCmd struct {
	File string `arg:"" name:"FILE" help:"A seed of one organization; - is standard input."`
	remoteFlags
}

func (importCmd) Help() string {
	return `The organization becomes what the seed says: all of it or, when the seed has a fault, nothing. Its faults and its journal stay.

Examples:

  antechamber import acme.json
  antechamber import - < acme.json`
}

// Run replaces the state of an organization.
func (c *importCmd) Run(ctx context.Context, p *process) error {
	name, state, err := readSeed(c.File, p.stdin)
	if err != nil {
		return err
	}
	r := request{method: http.MethodPut, path: "/state", body: state, file: name}
	return ask(ctx, &c.remoteFlags, p, r, func(w io.Writer, now present) {
		fmt.Fprintf(w, "%s is as %s says, at %s\n", text.Printable(now.Name), name, when(now.Now))
	})
}
