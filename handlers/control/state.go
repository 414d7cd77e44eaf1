package control

import (
	"net/http"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/remedy"
	"antechamber/seed"
	"antechamber/store"
)

// present answers what put the organization into another state.
type present struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Now    api.Time `json:"now"`
	Frozen bool     `json:"frozen"`
}

func presentOf(o *store.Organization) present {
	return present{o.ID(), o.Name(), o.Now(), o.Clock().Frozen}
}

func reset(c *call) (any, error) {
	if err := c.org.Reset(); err != nil {
		return nil, err
	}
	c.changeFaults(func(*faults.Set) { c.tools().Reset() })
	return presentOf(c.org), nil
}

func getState(c *call) (any, error) {
	return document{"application/json", string(seed.Export(c.org.Contents()))}, nil
}

func replaceState(c *call) (any, error) {
	contents, err := c.contents()
	if err != nil {
		return nil, err
	}
	if err := c.org.Replace(contents); err != nil {
		return nil, err
	}
	c.tools().Limiter.Reset() // its windows are those of another time
	return presentOf(c.org), nil
}

// contents reads the body as a seed of a single organization.
func (c *call) contents() (none store.Contents, err error) {
	const file = "body"
	clock := c.org.Clock()
	opts := seed.Options{Real: c.Store.RealTime(), IDSeed: c.Seed.IDSeed, ID: c.org.ID(), NoClock: &clock}
	var all []store.Contents
	s, err := seed.Parse(file, c.body)
	if err == nil {
		all, err = s.Load(opts)
	}
	if err != nil {
		// Either stops at its own faults; whoever mends a seed wants all.
		return none, invalidSeed("invalid_seed", seed.Validate(file, c.body, opts))
	}
	if len(all) != 1 {
		return none, refuse(http.StatusBadRequest, "invalid_seed", "/organizations: expected one organization.", &remedy.Remedy{Type: remedy.ReplaceOneByOne})
	}
	return all[0], nil
}
