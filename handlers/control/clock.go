package control

import (
	"net/http"

	"antechamber/api"
	"antechamber/internal/journal"
	"antechamber/internal/remedy"
	"antechamber/store"
)

var clockRoutes = []route{
	{ID: "getClock", Method: http.MethodGet, Path: Base + "/clock", handle: getClock},
	{ID: "moveClock", Method: http.MethodPost, Path: Base + "/clock", handle: moveClock, fields: []string{"advance", "set", "freeze", "resume"}},
}

// clock is the state of an organization's clock.
type clock struct {
	Now    api.Time `json:"now"`
	Frozen bool     `json:"frozen"`
}

func clockOf(o *store.Organization) clock { return clock{o.Now(), o.Clock().Frozen} }

func getClock(c *call) (any, error) { return clockOf(c.org), nil }

// moved is a clock after a change, and the effects of the change.
type moved struct {
	Now     api.Time       `json:"now"`
	Frozen  bool           `json:"frozen"`
	Effects []store.Effect `json:"effects"`                // the first journal.MaxEffects
	More    int            `json:"more_effects,omitempty"` // the number of further ones
}

func moveClock(c *call) (any, error) {
	by, to := c.duration("advance"), c.time("set", store.LatestClock.Year())
	set, freeze, resume := c.given("set"), c.flag("freeze"), c.flag("resume")
	if countTrue(c.given("advance"), set || freeze, resume) != 1 {
		c.note(remedy.Want("", "", "exactly one of advance, set, freeze and resume (set and freeze can be combined)"))
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	switch {
	case set && freeze:
		return c.moved(c.org.FreezeClockAt(to))
	case set:
		return c.moved(c.org.SetClock(to))
	case freeze:
		return c.moved(c.org.FreezeClock())
	case resume:
		return c.moved(c.org.ResumeClock())
	}
	return c.moved(c.org.Advance(by))
}

func (c *call) moved(now api.Time, caused []store.Effect, err error) (any, error) {
	shown := caused[:min(journal.MaxEffects, len(caused))]
	return moved{now, c.org.Clock().Frozen, append([]store.Effect{}, shown...), len(caused) - len(shown)}, err
}

func countTrue(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}
