package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

type clockCmd struct {
	remoteFlags
	Show    clockShowCmd    `cmd:"" default:"1" help:"Show the time (the default)."`
	Advance clockAdvanceCmd `cmd:"" help:"Move the clock forward."`
	Set     clockSetCmd     `cmd:"" help:"Move the clock to a time."`
	Freeze  clockFreezeCmd  `cmd:"" help:"Freeze the clock."`
	Resume  clockResumeCmd  `cmd:"" help:"Resume the clock."`
}

func (clockCmd) Help() string {
	return `Each organization has its own clock for timestamps, ids, expiry, the journal and rate limits. It never goes backwards; to return to an earlier time, use antechamber reset or antechamber snapshot restore. Commands that move the clock also list the effects, such as expired invites.

Examples:

  antechamber clock
  antechamber clock advance 21d
  antechamber clock set 2030-01-01T00:00:00Z --freeze
  antechamber clock resume`
}

type (
	clockShowCmd    struct{}
	clockAdvanceCmd struct {
		By string `arg:"" name:"DURATION" help:"How far to move the clock, such as 21d, 3w, 1d12h or 90s."`
	}
	clockSetCmd struct {
		To     string `arg:"" name:"TIME" help:"An RFC 3339 time, such as 2030-01-01T00:00:00Z."`
		Freeze bool   `env:"-" help:"Freeze the clock at that time."`
	}
	clockFreezeCmd struct{}
	clockResumeCmd struct{}
)

func (clockShowCmd) Help() string {
	return "Prints the time and whether the clock is running or frozen.\n\nExamples:\n\n  antechamber clock show"
}

func (clockAdvanceCmd) Help() string {
	return "A running clock keeps running; a frozen one stays frozen. Invites and keys that expire on the way are listed.\n\nExamples:\n\n  antechamber clock advance 21d\n  antechamber clock advance 90s"
}

func (clockSetCmd) Help() string {
	return "The time must not be before the time that the clock shows. Invites and keys that expire on the way are listed.\n\nExamples:\n\n  antechamber clock set 2030-01-01T00:00:00Z\n  antechamber clock set 2030-01-01T00:00:00Z --freeze"
}

func (clockFreezeCmd) Help() string {
	return "Time stands still until the clock is moved or resumed.\n\nExamples:\n\n  antechamber clock freeze"
}

func (clockResumeCmd) Help() string {
	return "The clock continues from the time that it shows, not from real time.\n\nExamples:\n\n  antechamber clock resume"
}

// clock is a response about the clock. Effects are those of moving it.
type clock struct {
	Now     api.Time       `json:"now"`
	Frozen  bool           `json:"frozen"`
	Effects []store.Effect `json:"effects"`
}

// print writes the time to the microsecond, as clock set takes it.
func (c clock) print(w io.Writer) {
	state := "running"
	if c.Frozen {
		state = "frozen"
	}
	fmt.Fprintf(w, "%s %s\n", c.Now, state)
	var rows [][]string
	for _, e := range c.Effects {
		rows = append(rows, []string{formatTime(e.At.Time), e.Type, e.ID})
	}
	printTable(w, []string{"AT", "EFFECT", "ID"}, rows)
}

// Run shows the time.
func (c *clockShowCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodGet, path: "/clock"}, func(w io.Writer, now clock) { now.print(w) })
}

// Run moves the clock forward.
func (c *clockAdvanceCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return all.move(ctx, p, map[string]any{"advance": c.By})
}

// Run moves the clock to a time.
func (c *clockSetCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	change := map[string]any{"set": c.To}
	if c.Freeze {
		change["freeze"] = true
	}
	return all.move(ctx, p, change)
}

// Run freezes the clock.
func (c *clockFreezeCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return all.move(ctx, p, map[string]any{"freeze": true})
}

// Run resumes the clock.
func (c *clockResumeCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return all.move(ctx, p, map[string]any{"resume": true})
}

func (c *clockCmd) move(ctx context.Context, p *process, change map[string]any) error {
	r := request{method: http.MethodPost, path: "/clock", body: encode(change), describe: inFlags(map[string]string{"advance": "<DURATION>", "set": "<TIME>"})}
	return do(ctx, &c.remoteFlags, p, r, func(w io.Writer, now clock) { now.print(w) })
}
