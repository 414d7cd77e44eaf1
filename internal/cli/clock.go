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
	Freeze  clockFreezeCmd  `cmd:"" help:"Make the clock stand still."`
	Resume  clockResumeCmd  `cmd:"" help:"Let the clock run on."`
}

func (clockCmd) Help() string {
	return `Every organization has one clock for everything in it: ids, times, expiry, journal, rate limit. It never goes backwards; antechamber reset and antechamber snapshot restore bring an earlier time back. A clock that is moved tells what that caused.

Examples:

  antechamber clock
  antechamber clock advance 21d
  antechamber clock set 2030-01-01T00:00:00Z --freeze
  antechamber clock resume`
}

type (
	clockShowCmd    struct{}
	clockAdvanceCmd struct {
		By string `arg:"" name:"DURATION" help:"How far, such as 21d, 3w, 1d12h or 90s."`
	}
	clockSetCmd struct {
		To     string `arg:"" name:"TIME" help:"An RFC 3339 time, such as 2030-01-01T00:00:00Z."`
		Freeze bool   `env:"-" help:"Make it stand still there."`
	}
	clockFreezeCmd struct{}
	clockResumeCmd struct{}
)

func (clockShowCmd) Help() string { return "Examples:\n\n  antechamber clock show" }

func (clockAdvanceCmd) Help() string {
	return "A clock that runs goes on running from there.\n\nExamples:\n\n  antechamber clock advance 21d\n  antechamber clock advance 90s"
}

func (clockSetCmd) Help() string {
	return "Examples:\n\n  antechamber clock set 2030-01-01T00:00:00Z\n  antechamber clock set 2030-01-01T00:00:00Z --freeze"
}

func (clockFreezeCmd) Help() string { return "Examples:\n\n  antechamber clock freeze" }

func (clockResumeCmd) Help() string {
	return "It runs on from the time that it shows.\n\nExamples:\n\n  antechamber clock resume"
}

// clock is what a clock shows, and what moving it caused.
type clock struct {
	Now     api.Time       `json:"now"`
	Frozen  bool           `json:"frozen"`
	Effects []store.Effect `json:"effects"`
}

// show prints the time, to the microsecond: it may be wanted again.
func (c clock) show(w io.Writer) {
	state := "running"
	if c.Frozen {
		state = "frozen"
	}
	fmt.Fprintf(w, "%s %s\n", c.Now, state)
	var rows [][]string
	for _, e := range c.Effects {
		rows = append(rows, []string{when(e.At.Time), e.Type, e.ID})
	}
	table(w, []string{"AT", "WHAT", "ID"}, rows)
}

// Run shows the time.
func (c *clockShowCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return ask(ctx, &all.remoteFlags, p, request{method: http.MethodGet, path: "/clock"}, func(w io.Writer, now clock) { now.show(w) })
}

// Run moves the clock forward.
func (c *clockAdvanceCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return all.move(ctx, p, map[string]any{"advance": c.By})
}

// Run moves the clock to a time.
func (c *clockSetCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	to := map[string]any{"set": c.To}
	if c.Freeze {
		to["freeze"] = true
	}
	return all.move(ctx, p, to)
}

// Run makes the clock stand still.
func (c *clockFreezeCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return all.move(ctx, p, map[string]any{"freeze": true})
}

// Run lets the clock run on.
func (c *clockResumeCmd) Run(ctx context.Context, p *process, all *clockCmd) error {
	return all.move(ctx, p, map[string]any{"resume": true})
}

func (c *clockCmd) move(ctx context.Context, p *process, how map[string]any) error {
	r := request{method: http.MethodPost, path: "/clock", body: bodyOf(how), say: inFlags(map[string]string{"advance": "DURATION", "set": "TIME"})}
	return ask(ctx, &c.remoteFlags, p, r, func(w io.Writer, now clock) { now.show(w) })
}
