package admintest

import (
	"context"
	"net/http"
	"time"

	"antechamber/api"
)

// ServerClock is the clock of an organization: the one for ids, timestamps,
// expiry and rate limits. It never goes backwards.
type ServerClock struct{ s *Server }

// moved is what the control plane says of the clock.
type moved struct {
	Now     api.Time `json:"now"`
	Frozen  bool     `json:"frozen"`
	Effects []Effect `json:"effects"`
}

// Now is the organization's time, cut to the microsecond.
func (c *ServerClock) Now() time.Time {
	c.s.t.Helper()
	var now moved
	c.s.call("Clock.Now", http.MethodGet, "/clock", nil, &now)
	return now.Now.Time
}

// Advance moves the clock on, and tells what that caused, oldest first: the
// invites and keys that expired.
func (c *ServerClock) Advance(d time.Duration) []Effect {
	c.s.t.Helper()
	return c.move("Clock.Advance", by(d))
}

// Set moves the clock to a time that is not behind it, and tells what that
// caused. A clock that runs goes on from there.
func (c *ServerClock) Set(to time.Time) []Effect {
	c.s.t.Helper()
	return c.move("Clock.Set", map[string]any{"set": timeOf(to)})
}

// Freeze makes the clock stand still where it is.
func (c *ServerClock) Freeze() {
	c.s.t.Helper()
	c.move("Clock.Freeze", map[string]any{"freeze": true})
}

// Resume makes a clock that stands still go on from where it stands.
func (c *ServerClock) Resume() {
	c.s.t.Helper()
	c.move("Clock.Resume", map[string]any{"resume": true})
}

func (c *ServerClock) move(what string, how map[string]any) []Effect {
	c.s.t.Helper()
	effects, err := c.tryMove(how)
	if err != nil {
		c.s.fatal(what, err)
	}
	return effects
}

func (c *ServerClock) tryMove(how map[string]any) ([]Effect, error) {
	var now moved
	err := c.s.plane.Call(context.Background(), http.MethodPost, "/clock", how, &now)
	return now.Effects, err
}

// by is how the clock is told to go on.
func by(d time.Duration) map[string]any { return map[string]any{"advance": d.String()} }
