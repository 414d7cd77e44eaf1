package cli

import (
	"context"
	"fmt"
	"io"

	"antechamber/internal/remote"
	"antechamber/internal/text"
)

type acceptCmd struct {
	Invite string `arg:"" name:"INVITE" help:"The id of an invite, or the address that it was sent to: then it is the newest one."`
	Name   string `env:"-" placeholder:"NAME" help:"What the person is called. By default made of the address."`
	remoteFlags
}

func (acceptCmd) Help() string {
	return `Nobody accepts an invite through the API: a person does, from the mail. This is that person.

Examples:

  antechamber accept ada@example.com
  antechamber accept ada@example.com --name Ada
  antechamber accept invite_015gWxCN9Hfg2QhZwTK7Mdeu`
}

// Run accepts an invite.
func (c *acceptCmd) Run(ctx context.Context, p *process) error {
	if c.Invite == "" {
		return badInput("expected the id of an invite, or an address, not nothing")
	}
	answer, err := c.with(ctx, p, inFlags(nil), func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		return plane.AcceptInvite(ctx, c.Invite, c.Name)
	})
	if err != nil {
		return err
	}
	return tell(&c.remoteFlags, p, answer, func(w io.Writer, u struct{ ID, Email, Name, Role string }) {
		fmt.Fprintf(w, "%s (%s) is a member now, with the role %s: %s\n", text.Printable(u.Name), text.Printable(u.Email), u.Role, u.ID)
	})
}
