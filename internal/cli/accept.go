package cli

import (
	"context"
	"fmt"
	"io"

	"antechamber/internal/remote"
	"antechamber/internal/text"
)

type acceptCmd struct {
	Invite string `arg:"" name:"INVITE" help:"Id of the invite, or the recipient's email for their newest invite."`
	Name   string `env:"-" placeholder:"NAME" help:"Display name. Default: derived from the email."`
	remoteFlags
}

func (acceptCmd) Help() string {
	return `The Admin API cannot accept an invite: in production its recipient does so from the email. This command stands in for the recipient, who becomes a member.

Examples:

  antechamber accept ada@example.com
  antechamber accept ada@example.com --name Ada
  antechamber accept invite_015gWxCN9Hfg2QhZwTK7Mdeu`
}

// Run accepts an invite.
func (c *acceptCmd) Run(ctx context.Context, p *process) error {
	if c.Invite == "" {
		return badInput("%s", text.Invalid("<INVITE>", `""`, "the id of an invite or an email"))
	}
	body, err := c.with(ctx, p, inFlags(nil), func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		return plane.AcceptInvite(ctx, c.Invite, c.Name)
	})
	if err != nil {
		return err
	}
	return printResponse(&c.remoteFlags, p, body, func(w io.Writer, u struct{ ID, Email, Name, Role string }) {
		fmt.Fprintf(w, "%s (%s) joined with role %s: %s\n", text.Printable(u.Name), text.Printable(u.Email), u.Role, u.ID)
	})
}
