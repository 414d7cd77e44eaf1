package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"antechamber/internal/text"
)

type resetCmd struct{ remoteFlags }

func (resetCmd) Help() string {
	return `State, clock, ids, faults and the journal are as the seed has them again. Admin keys and snapshots stay.

Examples:

  antechamber reset
  antechamber reset --admin-key sk-ant-admin01-team`
}

// Run leads an organization back to its beginning.
func (c *resetCmd) Run(ctx context.Context, p *process) error {
	return ask(ctx, &c.remoteFlags, p, request{method: http.MethodPost, path: "/reset"}, func(w io.Writer, now present) {
		fmt.Fprintf(w, "%s is as it began, at %s\n", text.Printable(now.Name), when(now.Now))
	})
}
