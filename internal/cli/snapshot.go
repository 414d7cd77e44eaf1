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
	Take    snapshotTakeCmd    `cmd:"" help:"Save a snapshot."`
	Restore snapshotRestoreCmd `cmd:"" help:"Restore a snapshot."`
	Delete  snapshotDeleteCmd  `cmd:"" help:"Delete a snapshot."`
}

func (snapshotCmd) Help() string {
	return `A snapshot holds the state of an organization, its settings, its clock and its id stream, but not its journal and faults. Snapshots are kept in memory until the server stops.

Examples:

  antechamber snapshot take before
  antechamber snapshot restore before
  antechamber snapshot`
}

type (
	snapshotListCmd struct{}
	snapshotTakeCmd struct {
		Name string `arg:"" name:"NAME" help:"Name of the snapshot. An existing snapshot of that name is replaced."`
	}
	snapshotRestoreCmd struct {
		Name string `arg:"" name:"NAME" help:"Name of the snapshot."`
	}
	snapshotDeleteCmd struct {
		Name string `arg:"" name:"NAME" help:"Name of the snapshot."`
	}
)

func (snapshotListCmd) Help() string {
	return "TAKEN AT is the time on the organization's clock.\n\nExamples:\n\n  antechamber snapshot list"
}

func (snapshotTakeCmd) Help() string {
	return "A snapshot shares its data with the organization, so saving is instant at any size.\n\nExamples:\n\n  antechamber snapshot take before"
}

func (snapshotRestoreCmd) Help() string {
	return `A snapshot can be restored any number of times. ID generation resumes from the snapshot, so the same requests create objects with the same ids.

Examples:

  antechamber snapshot restore before`
}

func (snapshotDeleteCmd) Help() string {
	return "Organizations that were created from the snapshot are kept.\n\nExamples:\n\n  antechamber snapshot delete before"
}

// snapshot is a snapshot in the JSON of the control plane.
type snapshot struct {
	Name    string    `json:"name"`
	TakenAt time.Time `json:"taken_at"`
}

// Run lists the snapshots.
func (c *snapshotListCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodGet, path: "/snapshots"}, func(w io.Writer, response struct{ Data []snapshot }) {
		var rows [][]string
		for _, s := range response.Data {
			rows = append(rows, []string{s.Name, formatTime(s.TakenAt)})
		}
		printTable(w, []string{"NAME", "TAKEN AT"}, rows)
		if len(rows) == 0 {
			p.note("no snapshots (antechamber snapshot take NAME saves one)")
		}
	})
}

// Run saves a snapshot.
func (c *snapshotTakeCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	r := request{method: http.MethodPost, path: "/snapshots", body: encode(map[string]string{"name": c.Name}), describe: inFlags(map[string]string{"name": "<NAME>"})}
	return do(ctx, &all.remoteFlags, p, r, func(w io.Writer, s snapshot) {
		fmt.Fprintf(w, "saved snapshot %s at %s\n", text.Printable(s.Name), formatTime(s.TakenAt))
	})
}

// Run restores a snapshot.
func (c *snapshotRestoreCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	name, err := segment("<NAME>", c.Name, "the name of a snapshot")
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: "/snapshots" + name + "/restore"}
	return do(ctx, &all.remoteFlags, p, r, func(w io.Writer, now orgState) {
		fmt.Fprintf(w, "restored %s from snapshot %s at %s\n", text.Printable(now.Name), text.Printable(c.Name), formatTime(now.Now))
	})
}

// Run deletes a snapshot.
func (c *snapshotDeleteCmd) Run(ctx context.Context, p *process, all *snapshotCmd) error {
	name, err := segment("<NAME>", c.Name, "the name of a snapshot")
	if err != nil {
		return err
	}
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/snapshots" + name}, func(w io.Writer, d deleted) {
		fmt.Fprintf(w, "deleted snapshot %s\n", text.Printable(d.Deleted))
	})
}

// deleted is the response of a call that deletes one object.
type deleted struct {
	Deleted string `json:"deleted"`
}
