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
	return `Restores the state, clock and id stream of the seed, and clears faults and the journal. Admin keys and snapshots are kept. An organization that was created from a snapshot, or from another organization, resets to that state.

Examples:

  antechamber reset
  antechamber reset --admin-key sk-ant-admin01-team`
}

// Run resets an organization.
func (c *resetCmd) Run(ctx context.Context, p *process) error {
	return do(ctx, &c.remoteFlags, p, request{method: http.MethodPost, path: "/reset"}, func(w io.Writer, now orgState) {
		fmt.Fprintf(w, "reset %s to its initial state at %s\n", text.Printable(now.Name), formatTime(now.Now))
	})
}
