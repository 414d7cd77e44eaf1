package cli

import (
	"context"
	"io"
	"net/http"
	"time"
)

type outboxCmd struct{ remoteFlags }

func (outboxCmd) Help() string {
	return `Lists the emails that production would have sent, newest first: one for each invite. Nothing is sent. ACCEPT WITH is the command that accepts an invite, as its recipient would.

Examples:

  antechamber outbox
  antechamber outbox --json`
}

// mail is an email in the JSON of the control plane.
type mail struct {
	To        string    `json:"to"`
	SentAt    time.Time `json:"sent_at"`
	InviteID  string    `json:"invite_id"`
	Role      string    `json:"role"`
	Status    string    `json:"status"` // of the invite
	ExpiresAt time.Time `json:"expires_at"`
}

// Run lists the emails.
func (c *outboxCmd) Run(ctx context.Context, p *process) error {
	return do(ctx, &c.remoteFlags, p, request{method: http.MethodGet, path: "/outbox"}, func(w io.Writer, response struct{ Data []mail }) {
		var rows [][]string
		for _, m := range response.Data {
			accept := ""
			if m.Status == "pending" {
				accept = "antechamber accept " + shellQuote(m.InviteID)
			}
			rows = append(rows, []string{formatTime(m.SentAt), m.To, "invite as " + m.Role, m.Status, formatTime(m.ExpiresAt), accept})
		}
		printTable(w, []string{"SENT AT", "TO", "SUBJECT", "INVITE", "EXPIRES AT", "ACCEPT WITH"}, rows)
		if len(rows) == 0 {
			p.note("no emails: no invites were created")
		}
	})
}
