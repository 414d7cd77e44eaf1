package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"antechamber/internal/text"
)

type importCmd struct {
	File string `arg:"" name:"FILE" help:"Seed of one organization; - is standard input."`
	remoteFlags
}

func (importCmd) Help() string {
	return `The seed replaces the whole state; if it is invalid, nothing changes. Admin keys and the clock are kept unless the seed sets them. Armed faults and the journal are kept.

Examples:

  antechamber import acme.json
  antechamber import - < acme.json`
}

// Run replaces an organization with a seed.
func (c *importCmd) Run(ctx context.Context, p *process) error {
	name, state, err := readSeedFile(c.File, p.stdin)
	if err != nil {
		return err
	}
	r := request{method: http.MethodPut, path: "/state", body: state, file: name}
	return do(ctx, &c.remoteFlags, p, r, func(w io.Writer, now orgState) {
		fmt.Fprintf(w, "imported %s from %s at %s\n", text.Printable(now.Name), name, formatTime(now.Now))
	})
}
