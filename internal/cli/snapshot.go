package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"antechamber/internal/text"
)

type snapshotCmd struct {
	remoteFlags
	List    snapshotListCmd    `cmd:"" default:"1" help:"List the snapshots (the default)."`
	Take    snapshotTakeCmd    `cmd:"" help:"Keep what the organization is now."`
	Restore snapshotRestoreCmd `cmd:"" help:"Make the organization what it was."`
	Delete  snapshotDeleteCmd  `cmd:"" help:"Forget a snapshot."`
}

func (snapshotCmd) Help() string {
	return `A snapshot holds the state of an organization, its settings, its clock and its ids; not its journal and its faults. Snapshots are kept in memory, until the server ends.

Examples:

  antechamber snapshot take before
  antechamber snapshot restore before
  antechamber snapshot`
}

type (
	snapshotListCmd struct{}
	snapshotTakeCmd struct {
		Name string `arg:"" name:"NAME" help:"What to call it. It replaces one of the same name."`
	}
	snapshotRestoreCmd struct {
		Name string `arg:"" name:"NAME" help:"The name it was taken under."`
	}
	snapshotDeleteCmd struct {
		Name string `arg:"" name:"NAME" help:"The name it was taken under."`
	}
)

func (snapshotListCmd) Help() string { return "Examples:\n\n  antechamber snapshot list" }

func (snapshotTakeCmd) Help() string { return "Examples:\n\n  antechamber snapshot take before" }

func (snapshotRestoreCmd) Help() string {
	return `A snapshot may be restored any number of times. Its ids follow again: the same requests make the same objects.

Examples:

  antechamber snapshot restore before`
}

func (snapshotDeleteCmd) Help() string { return "Examples:\n\n  antechamber snapshot delete before" }

// snapshot is a snapshot as the control plane answers it.
type snapshot struct {
	Name    string    `json:"name"`
	TakenAt time.Time `json:"taken_at"`
}

// Run lists the snapshots.
func (c *snapshotListCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	return ask(ctx, &all.remoteFlags, p, request{method: http.MethodGet, path: "/snapshots"}, func(w io.Writer, answer struct{ Data []snapshot }) {
		var rows [][]string
		for _, s := range answer.Data {
			rows = append(rows, []string{s.Name, when(s.TakenAt)})
		}
		table(w, []string{"NAME", "TAKEN AT"}, rows)
		if len(rows) == 0 {
			p.note("there is no snapshot; antechamber snapshot take NAME takes one")
		}
	})
}

// Run takes a snapshot.
func (c *snapshotTakeCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	r := request{method: http.MethodPost, path: "/snapshots", body: bodyOf(map[string]string{"name": c.Name}), say: inFlags(map[string]string{"name": "NAME"})}
	return ask(ctx, &all.remoteFlags, p, r, func(w io.Writer, s snapshot) {
		fmt.Fprintf(w, "took the snapshot %s, at %s\n", text.Printable(s.Name), when(s.TakenAt))
	})
}

// Run restores a snapshot.
func (c *snapshotRestoreCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	name, err := segment("the name of a snapshot", c.Name)
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: "/snapshots" + name + "/restore"}
	return ask(ctx, &all.remoteFlags, p, r, func(w io.Writer, now present) {
		fmt.Fprintf(w, "%s is as it was in the snapshot %s, at %s\n", text.Printable(now.Name), text.Printable(c.Name), when(now.Now))
	})
}

// Run deletes a snapshot.
func (c *snapshotDeleteCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	name, err := segment("the name of a snapshot", c.Name)
	if err != nil {
		return err
	}
	return ask(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/snapshots" + name}, func(w io.Writer, gone deleted) {
		fmt.Fprintf(w, "deleted the snapshot %s\n", text.Printable(gone.Deleted))
	})
}

// deleted is how the deletion of one thing is answered.
type deleted struct {
	Deleted string `json:"deleted"`
}
