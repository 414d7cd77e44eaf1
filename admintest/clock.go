package admintest

import (
	"context"
	"net/http"
	"time"

	"antechamber/api"
)

// ServerClock is the clock of an organization. Ids, timestamps, expiry and rate
// limits follow it. It never goes backwards.
type ServerClock struct{ s *Server }

// clockState is a response about the clock from the control plane.
type clockState struct {
	Now     api.Time `json:"now"`
	Frozen  bool     `json:"frozen"`
	Effects []Effect `json:"effects"`
}

// Now returns the organization's time, truncated to microseconds.
func (c *ServerClock) Now() time.Time {
	c.s.t.Helper()
	var state clockState
	c.s.call("Clock.Now", http.MethodGet, "/clock", nil, &state)
	return state.Now.Time
}

// Advance moves the clock forward by d and returns the effects, oldest first: the
// invites and API keys that expired.
func (c *ServerClock) Advance(d time.Duration) []Effect {
	c.s.t.Helper()
	return c.mustMove("Clock.Advance", advanceBy(d))
}

// Set moves the clock forward to a time and returns the effects, as Advance does. A
// running clock continues from there.
func (c *ServerClock) Set(to time.Time) []Effect {
	c.s.t.Helper()
	return c.mustMove("Clock.Set", map[string]any{"set": formatTime(to)})
}

// Freeze stops the clock at its current time.
func (c *ServerClock) Freeze() {
	c.s.t.Helper()
	c.mustMove("Clock.Freeze", map[string]any{"freeze": true})
}

// Resume starts a frozen clock again from its current time.
func (c *ServerClock) Resume() {
	c.s.t.Helper()
	c.mustMove("Clock.Resume", map[string]any{"resume": true})
}

func (c *ServerClock) mustMove(method string, change map[string]any) []Effect {
	c.s.t.Helper()
	effects, err := c.move(change)
	if err != nil {
		c.s.fatal(method, err)
	}
	return effects
}

func (c *ServerClock) move(change map[string]any) ([]Effect, error) {
	var state clockState
	err := c.s.plane.Call(context.Background(), http.MethodPost, "/clock", change, &state)
	return state.Effects, err
}

// advanceBy returns the request body that moves the clock forward by d.
func advanceBy(d time.Duration) map[string]any { return map[string]any{"advance": d.String()} }
